//! What a person types at a terminal: it is not asked for in vain, not cut, not lost, and not taken for an answer to another question.

use rustix::process::Signal;
use serde_json::json;

use crate::harness::{Home, Running, signal};
use crate::pty::AtTerminal;

const END: &[u8] = b"\x04";
const READING: &str = "(end with Ctrl-D on an empty line)";

#[test]
fn a_line_longer_than_a_terminal_hands_over_is_stored_whole() {
    let home = Home::robin();
    for args in [&["note"][..], &["log", "lunch", "--note", "-"]] {
        let mut asif = AtTerminal::start(&home.command(args));
        asif.await_text(READING);
        let line = "all of it ".repeat(900);
        asif.type_in(format!("{line}\nand more\n").as_bytes());
        asif.await_text("and more");
        asif.type_in(END);
        let (code, shown) = asif.end();
        assert_eq!(code, Some(0), "{shown}");
        assert_eq!(home.list()[0]["note"], json!(format!("{line}\nand more")));
    }
}

#[test]
fn the_keys_of_a_terminal_still_correct_what_is_typed() {
    let home = Home::robin();
    let mut asif = AtTerminal::start(&home.command(&["note"]));
    asif.await_text(READING);
    asif.type_in("never\x15It raimed\x7f\x7f\x7fned, gr\u{fc}\u{df}\x7fn wrong\x17words".as_bytes());
    asif.await_text("words");
    asif.type_in(b"\x04\x04");
    let (code, shown) = asif.end();
    assert_eq!(code, Some(0), "{shown}");
    assert_eq!(home.list()[0]["note"], "It rained, gr\u{fc}n words");
}

#[test]
fn whatever_ends_the_typing_the_terminal_is_as_it_was_and_what_was_typed_is_kept() {
    let home = Home::robin();
    for end in ["Ctrl-C", "SIGTERM", "SIGHUP"] {
        let mut asif = AtTerminal::start(&home.command(&["note"]));
        asif.await_text(READING);
        asif.type_in(b"half a");
        asif.await_text("half a");
        assert!(!asif.is_as_it_was(), "it reads letter by letter");
        match end {
            "Ctrl-C" => asif.type_in(b"\x03"),
            "SIGTERM" => signal(asif.child.id(), Signal::TERM),
            _ => signal(asif.child.id(), Signal::HUP),
        }
        asif.await_text("what you typed is kept");
        assert!(asif.is_as_it_was(), "{end}");
        assert_eq!(asif.end().0, Some(130), "{end}");
        let draft = home.json(&["draft", "show"]);
        assert_eq!((&draft["typing"], &draft["words"]), (&json!({ "field": "text", "text": "half a" }), &json!(["note"])), "{end}");
        home.ok(&["draft", "drop", "--yes"]);
    }
    assert_eq!(home.list().len(), 0);
}

#[test]
fn after_a_stop_the_line_is_shown_again_and_goes_on() {
    let home = Home::robin();
    let mut asif = AtTerminal::start(&home.command(&["note"]));
    asif.await_text(READING);
    asif.type_in(b"half a");
    asif.await_text("half a");
    signal(asif.child.id(), Signal::STOP);
    signal(asif.child.id(), Signal::CONT);
    asif.await_text("half a");
    asif.type_in(b" note\n\x04");
    assert_eq!(asif.end().0, Some(0));
    assert_eq!(home.list()[0]["note"], "half a note");
}

#[test]
fn what_would_be_refused_is_refused_before_anybody_types() {
    let fresh = Home::new();
    for args in [&["note"][..], &["note", "-"], &["log", "lunch", "--note", "-"], &["practice", "add", "Sit", "--description", "-"]] {
        let (code, shown) = AtTerminal::start(&fresh.command(args)).end();
        assert!(code == Some(7) && shown.contains("asif init") && !shown.contains(READING), "{args:?}: {shown}");
    }
    let home = Home::robin();
    let gone = home.log(&[]);
    home.ok(&["delete", &gone, "--yes"]);
    for (code, args) in [
        (4, &["log", "lnuch", "--note", "-"][..]),
        (4, &["edit", "ffffffff", "--note", "-"]),
        (7, &["edit", &gone, "--note", "-"]),
        (4, &["lend", "Robin", "lunch", "--strength", "85"]),
    ] {
        let (told, shown) = AtTerminal::start(&home.command(args)).end();
        assert!(told == Some(code) && !shown.contains(READING), "{args:?}: {told:?} {shown}");
    }
}

#[test]
fn a_practice_that_is_not_shared_is_refused_before_words_are_lent_for_it() {
    let home = Home::robin();
    home.log(&["-b", "30"]);
    let dana = home.share_with_dana(&["--scope", "ratings,practices"]);
    let lend = |practice: &str| AtTerminal::start(&dana.command(&["lend", "Robin", practice, "--strength", "85"]));
    let (code, shown) = lend("lnuch").end();
    assert!(code == Some(4) && shown.contains("shares no practice called") && !shown.contains(READING), "{shown}");
    let mut asif = lend("lunch");
    asif.await_text(READING);
    asif.type_in(b"It will land.\n\x04");
    assert_eq!(asif.end().0, Some(0));
}

#[test]
fn what_was_typed_and_could_not_be_stored_is_kept() {
    let home = Home::robin();
    let long = "x".repeat(257);
    for (args, code) in [(&["note", "--tag", &long][..], 2), (&["log", "lunch", "--borrowed", "ffff", "--note", "-"], 4)] {
        let mut asif = AtTerminal::start(&home.command(args));
        asif.await_text(READING);
        asif.type_in(b"first words\nlast words\n");
        asif.await_text("last words");
        asif.type_in(END);
        asif.await_text("what you typed is kept: asif draft resume");
        assert_eq!(asif.end().0, Some(code));
        assert_eq!(home.ok(&["draft", "show"]).stdout, "first words\nlast words\n");
        home.ok(&["draft", "drop", "--yes"]);
    }
    let mut asif = AtTerminal::start(&home.command(&["note"]));
    asif.await_text(READING);
    for _ in 0..130 {
        asif.type_in("x".repeat(1023).as_bytes());
        asif.type_in(b"\n");
        asif.await_text("\n");
    }
    asif.type_in(END);
    asif.await_text("longer than 128 KiB");
    asif.await_text("what you typed is kept");
    assert_eq!(asif.end().0, Some(2));
    assert_eq!(home.ok(&["draft", "show"]).stdout.matches('x').count(), 130 * 1023);
    assert_eq!(home.list().len(), 0);
}

#[test]
fn what_was_typed_before_somebody_asks_to_come_in_lets_nobody_in() {
    let home = Home::robin();
    let desktop = Home::new();
    let mut asif = AtTerminal::start(&home.command(&["device", "pair"]));
    asif.await_text("Ticket  ");
    let ticket = asif.await_text("\r\n");
    asif.await_text("works once");
    asif.await_text("\r\n");
    asif.type_in(b"y\n");
    // The terminal shows it, and nobody has read it yet.
    asif.await_text("y\r\n");
    let joining = Running::start(desktop.command(&["device", "join", &ticket, "--name", "desktop"]));
    asif.await_text("Let it in? [y/N]");
    asif.type_in(b"n\n");
    assert_ne!(asif.end().0, Some(0));
    assert_ne!(joining.end().0, Some(0));
    assert_eq!(home.json(&["device", "list"]).as_array().unwrap().len(), 1);
}
