//! What is typed or pasted before its question stands there.

use rustix::process::Signal;
use serde_json::json;

use super::{INTERRUPT, drafts};
use crate::harness::{Home, freeze, signal};
use crate::pty::AtTerminal;

#[test]
fn a_paste_that_answers_several_questions_loses_none_of_its_long_lines() {
    let home = Home::robin();
    let practice = home.json(&["practice", "list"])[0]["id"].as_str().unwrap().to_owned();
    for _ in 0..4 {
        let words: Vec<String> = (0..2500).map(|number| format!("word{number}")).collect();
        let words = words.join(" ");
        let mut asif = AtTerminal::start(&home.command(&["log"]));
        asif.await_text("Which did you do?");
        asif.type_in(format!("{practice}\n\n\ny\n\n\n\n\n\n{words}\n\x04").as_bytes());
        let (code, shown) = asif.end();
        assert_eq!(code, Some(0), "{shown}");
        assert!(home.list()[0]["note"] == words, "of {} bytes {} are there", words.len(), home.list()[0]["note"].to_string().len());
        assert!(drafts(&home).is_empty());
    }
}

#[test]
fn a_line_that_the_terminal_may_have_cut_is_said_to_be_that_and_waits_for_a_second_look() {
    let home = Home::robin();
    let asif = home.command(&["note"]);
    let mut shell = std::process::Command::new("/bin/sh");
    let script = format!("echo waits; while [ ! -e go ]; do :; done; exec '{}' note", asif.get_program().to_str().unwrap());
    shell.args(["-c", &script]).env_clear().envs(asif.get_envs().filter_map(|(name, value)| Some((name, value?))));
    shell.current_dir(home.beside());
    let mut terminal = AtTerminal::start(&shell);
    terminal.await_text("waits");
    terminal.type_in(format!("{}\n", "rain ".repeat(1600)).as_bytes());
    std::fs::write(home.beside().join("go"), "").unwrap();
    terminal.await_text("Ctrl-D");
    terminal.type_in(b"\x04");
    terminal.await_text("more of it may be lost. Mend it, or press Ctrl-D");
    assert!(home.list().is_empty(), "nothing is stored that nobody looked at");
    terminal.type_in(b"and so on\n\x04");
    assert_eq!(terminal.end().0, Some(0));
    let note = home.list()[0]["note"].as_str().unwrap().to_owned();
    assert!(note.starts_with("rain rain") && note.ends_with("and so on") && note.len() > 4000, "{note}");
}

#[test]
fn the_words_about_one_experiment_are_not_gone_on_with_as_those_of_another() {
    let home = Home::robin();
    let first = home.json(&["try", "lunch", "--prediction", "20"])["id"].as_str().unwrap().to_owned();
    let mut asif = AtTerminal::start(&home.command(&["outcome", "lunch"]));
    asif.await_text("Feeling after");
    asif.type_in(b"30\n");
    asif.await_text("What happened?");
    asif.type_in(b"I sat outside");
    asif.await_text("outside");
    asif.type_in(INTERRUPT);
    assert_eq!(asif.end().0, Some(130));
    home.ok(&["outcome", &first, "--left"]);
    let second = home.json(&["try", "lunch", "--prediction", "60"])["id"].as_str().unwrap().to_owned();
    let mut asif = AtTerminal::start(&home.command(&["draft", "resume"]));
    asif.await_text("lunch (predicted 20)");
    asif.await_text("I sat outside");
    asif.type_in(INTERRUPT);
    assert_eq!(asif.end().0, Some(130));
    assert_eq!(home.json(&["show", &second])["outcome"], json!(null));
    assert_eq!(drafts(&home)[0]["typing"]["text"], "I sat outside");
}

#[test]
fn a_key_pressed_twice_in_a_hurry_ends_nothing_and_whoever_waits_is_told_what_for() {
    let home = Home::robin();
    let mut asif = AtTerminal::start(&home.command(&["note"]));
    asif.await_text("Ctrl-D");
    asif.type_in(b"half a thought");
    asif.await_text("thought");
    let daemon = home.pid();
    freeze(daemon);
    for _ in 0..2 {
        asif.type_in(INTERRUPT);
    }
    asif.await_text("Still keeping what you typed");
    signal(daemon, Signal::CONT);
    asif.await_text("asif draft resume");
    assert_eq!(asif.end().0, Some(130));
    assert_eq!(drafts(&home)[0]["typing"]["text"], "half a thought");
}
