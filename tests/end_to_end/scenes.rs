//! What the scenes of a first week print, word for word, kept in `tests/end_to_end/scenes`.
//!
//! A scene is a list of commands in one home, with no terminal. Beneath each stands what it said (`2| `, standard error), what it printed, and
//! its exit code where that is not 0. Ids, times, days and folders have names in their place. `ASIF_WRITE_EXPECTED=1` writes the scenes anew.

use std::path::Path;

use crate::harness::{Home, Ran};

#[test]
fn the_scenes_are_what_they_were() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/end_to_end/scenes");
    let mut scenes: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    scenes.sort();
    let played: Vec<_> = std::thread::scope(|scope| {
        let playing: Vec<_> = scenes.iter().map(|scene| scope.spawn(move || play(&std::fs::read_to_string(scene).unwrap()))).collect();
        playing.into_iter().map(|one| one.join().unwrap()).collect()
    });
    for (scene, (told, before)) in scenes.iter().zip(played) {
        if told == before {
            continue;
        }
        if std::env::var_os("ASIF_WRITE_EXPECTED").is_some() {
            std::fs::write(scene, told).unwrap();
            continue;
        }
        let first = told.lines().zip(before.lines()).find(|(now, then)| now != then);
        panic!("{} tells otherwise (ASIF_WRITE_EXPECTED=1 writes it anew): {first:#?}\n{told}", scene.display());
    }
}

/// Plays the commands of a scene; what it tells now, and what it told.
fn play(scene: &str) -> (String, String) {
    let home = Home::new();
    let mut told = String::new();
    for line in scene.lines() {
        if let Some(command) = line.strip_prefix("$ ") {
            if !told.is_empty() {
                told.push('\n');
            }
            told.push_str(&format!("{line}\n{}", as_told(&run(&home, command), &home)));
        } else if line.starts_with("# ") {
            told.push_str(&format!("{}{line}\n", if told.is_empty() { "" } else { "\n" }));
        }
    }
    (told, scene.to_owned())
}

/// Runs `asif ...`, or `printf '%s' "..." | asif ...`.
fn run(home: &Home, command: &str) -> Ran {
    let (input, command) = match command.split_once(" | ") {
        Some((printf, command)) => (words(printf).pop(), command),
        None => (None, command),
    };
    let words = words(command);
    let args: Vec<&str> = words.iter().skip(1).map(String::as_str).collect();
    assert_eq!(words[0], "asif", "{command}");
    match input {
        Some(input) => home.run_with(&args, input.as_bytes()),
        None => home.run(&args),
    }
}

/// The words of a command, as a shell takes them apart; within quotes nothing is special.
fn words(command: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut quote = None;
    for letter in command.chars() {
        match (quote, letter) {
            (Some(open), _) if open == letter => quote = None,
            (None, '"' | '\'') => quote = Some(letter),
            (None, ' ') => words.push(String::new()),
            _ => words.last_mut().unwrap().push(letter),
        }
    }
    words
}

fn as_told(ran: &Ran, home: &Home) -> String {
    let talk = ran.stderr.lines().map(|line| format!("2| {line}"));
    let lines = talk
        .chain(ran.stdout.lines().map(str::to_owned))
        .map(|line| timeless(&line.replace(&home.path().display().to_string(), "HOME")) + "\n");
    let exit = ran.code.filter(|code| *code != 0).map(|code| format!("[exit {code}]\n")).unwrap_or_default();
    lines.collect::<String>() + &exit
}

/// The line with names for ids, times and days, and two spaces where columns depend on these.
fn timeless(line: &str) -> String {
    let indent = line.len() - line.trim_start().len();
    let parts: Vec<String> = line
        .trim_start()
        .split("  ")
        .map(str::trim)
        .filter(|part| !part.is_empty())
        .map(|part| days(&part.split(' ').map(word).collect::<Vec<_>>()))
        .collect();
    format!("{}{}", " ".repeat(indent), parts.join("  "))
}

/// A word without what stands around it, named if it is an id, a time or a day.
fn word(word: &str) -> String {
    let inside = word.trim_matches(|letter: char| !letter.is_ascii_alphanumeric());
    let is_all = |wanted: fn(&u8) -> bool| inside.bytes().all(|byte| wanted(&byte));
    let digits = |from: usize, to: usize| inside.get(from..to).is_some_and(|part| part.bytes().all(|byte| byte.is_ascii_digit()));
    let name = match inside.len() {
        36 if inside.matches('-').count() == 4 => "UUID",
        10 if digits(0, 4) && digits(5, 7) && digits(8, 10) && inside.as_bytes()[4] == b'-' => "DATE",
        5 if digits(0, 2) && digits(3, 5) && inside.as_bytes()[2] == b':' => "TIME",
        4..=8
            if is_all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
                && !["added", "face", "faded", "feed", "fade"].contains(&inside) =>
        {
            "ID"
        }
        _ => return word.to_owned(),
    };
    word.replace(inside, name)
}

/// `Mon 23 Nov`, with or without its year, as one name.
fn days(words: &[String]) -> String {
    const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    const WEEK: [&str; 7] = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];
    let mut out: Vec<String> = Vec::new();
    for (at, word) in words.iter().enumerate() {
        let before = |back: usize| at.checked_sub(back).and_then(|at| words.get(at)).map(String::as_str).unwrap_or_default();
        if MONTHS.contains(&word.as_str()) && before(1).parse::<u8>().is_ok() {
            out.pop();
            if WEEK.contains(&before(2)) {
                out.pop();
            }
            out.push("DAY".to_owned());
        } else {
            out.push(word.clone());
        }
    }
    out.join(" ")
}
