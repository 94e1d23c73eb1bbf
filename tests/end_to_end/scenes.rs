//! What the scenes of a first week print, word for word, kept in `tests/end_to_end/scenes`.
//!
//! A scene is a list of commands in one home, or in several (`dana $ asif ...`), which are brought up to date after each, with no terminal. `TICKET` is
//! the last one that was printed, `@loan` the newest of its kind, `~ deleted` waits for every answer to an end. Beneath each stands what it said (`2| `, standard error), what it printed, and
//! its exit code where that is not 0. Ids, times, days and folders have names in their place. `ASIF_WRITE_EXPECTED=1` writes the scenes anew.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::Value;

use crate::harness::{Home, Ran, eventually};

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
    let mut homes: BTreeMap<&str, Home> = BTreeMap::new();
    let (mut told, mut ticket) = (String::new(), String::new());
    for line in scene.lines() {
        if let Some((who, command)) = asked(line) {
            if !told.is_empty() {
                told.push('\n');
            }
            let home = homes.entry(who).or_insert_with(Home::new);
            let ran = run(home, &named(home, who, &command.replace("TICKET", &ticket)));
            let mut words = ran.stdout.split_whitespace().chain(ran.stderr.split_whitespace());
            ticket = words.rfind(|word| word.starts_with("asif1")).unwrap_or(&ticket).to_owned();
            told.push_str(&format!("{line}\n{}", as_told(&ran, home)));
            if homes.len() > 1 && command != "asif daemon stop" {
                // What one gives, the other's daemon may answer.
                [1, 2].iter().for_each(|_| {
                    homes.values().filter(|home| home.running().is_some()).for_each(|home| drop(home.run(&["sync", "--wait"])))
                });
            }
        } else if line == "~ deleted" {
            let is_answered = |grant: &Value| grant["deletions"].as_array().unwrap().iter().all(|one| one["items"].is_u64());
            eventually("each device answers", || is_answered(&homes["robin"].json(&["share", "list"])[0]).then_some(()));
            told.push_str("\n~ deleted\n");
        } else if line.starts_with("# ") {
            told.push_str(&format!("{}{line}\n", if told.is_empty() { "" } else { "\n" }));
        }
    }
    (told, scene.to_owned())
}

/// Whose command a line is, and what they type.
fn asked(line: &str) -> Option<(&str, &str)> {
    let (who, command) = line.strip_prefix("$ ").map(|command| ("", command)).or_else(|| line.split_once(" $ "))?;
    who.chars().all(|letter| letter.is_ascii_lowercase()).then_some((who, command))
}

/// The command with ids in the place of `@session`, `@experiment`, `@loan`, `@suggestion`, `@understood`.
fn named(home: &Home, who: &str, command: &str) -> String {
    let Some((before, rest)) = command.split_once('@') else { return command.to_owned() };
    let (what, after) = rest.split_at(rest.find(' ').unwrap_or(rest.len()));
    let newest = |all: &Value| all[0]["id"].as_str().unwrap().to_owned();
    let id = match (who, what) {
        ("dana", "loan") => newest(&home.json(&["caseload", "open", "Robin"])["loans"]),
        ("dana", what) => newest(&home.json(&["caseload", "open", "Robin"])[format!("{what}s")]),
        (_, "session") => newest(&home.json(&["list"])),
        (_, "experiment") => newest(&home.json(&["experiment", "list"])),
        (_, kind) => {
            let all = home.json(&["inbox", "list", "--all"]);
            all.as_array().unwrap().iter().find(|one| one["type"] == kind).unwrap()["id"].as_str().unwrap().to_owned()
        }
    };
    format!("{before}{id}{after}")
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
    let line = &unnumbered(line);
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

/// The line with a name for the number of a process, however short that is.
fn unnumbered(line: &str) -> String {
    let Some((before, after)) = line.split_once("(process ") else { return line.to_owned() };
    format!("{before}(process ID{}", after.trim_start_matches(|letter: char| letter.is_ascii_digit()))
}

/// A word without what stands around it, named if it is an id, a time or a day.
fn word(word: &str) -> String {
    let inside = word.trim_matches(|letter: char| !letter.is_ascii_alphanumeric());
    let is_all = |wanted: fn(&u8) -> bool| inside.bytes().all(|byte| wanted(&byte));
    let digits = |from: usize, to: usize| inside.get(from..to).is_some_and(|part| part.bytes().all(|byte| byte.is_ascii_digit()));
    let name = match inside.len() {
        36 if inside.matches('-').count() == 4 => "UUID",
        10 if digits(0, 4) && digits(5, 7) && digits(8, 10) && inside.as_bytes()[4] == b'-' => "DATE",
        64 if is_all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f')) => "ITEM",
        59.. if inside.starts_with("asif1") => "TICKET",
        6 if inside.starts_with("r-") => "RECEIPT",
        5 if digits(0, 2) && digits(3, 5) && inside.as_bytes()[2] == b':' => "TIME",
        4..=8
            if is_all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
                && !["added", "face", "faded", "feed", "fade"].contains(&inside) =>
        {
            "ID"
        }
        _ if inside.parse::<asif_proto::code::Code>().is_ok() => "CODE",
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
        let (month, mark) = word.split_at(word.trim_end_matches([',', ';', '.']).len());
        if MONTHS.contains(&month) && before(1).parse::<u8>().is_ok() {
            out.pop();
            if WEEK.contains(&before(2)) {
                out.pop();
            }
            out.push(format!("DAY{mark}"));
        } else {
            out.push(word.clone());
        }
    }
    out.join(" ")
}
