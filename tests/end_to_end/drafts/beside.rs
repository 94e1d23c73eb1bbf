//! What a form does not take, and what others do with its draft meanwhile: words beside the answers are words all the same.

use serde_json::json;

use super::{INTERRUPT, await_draft, drafts};
use crate::harness::{Home, eventually};
use crate::pty::AtTerminal;

#[test]
fn what_was_typed_in_one_burst_with_ctrl_c_is_kept_and_no_shell_reads_it() {
    let home = Home::robin();
    for burst in [&b"they rest on Sundays\x03"[..], b"they rest on Sundays\x03and never more"] {
        let mut asif = AtTerminal::start(&home.command(&["note"]));
        asif.await_text("Ctrl-D");
        asif.type_in(burst);
        assert_eq!(asif.end().0, Some(130));
        let kept = drafts(&home);
        let text = kept[0]["typing"]["text"].as_str().unwrap();
        assert!(text.starts_with("they rest on Sundays"), "{kept:?}");
        home.ok(&["draft", "drop", "--yes"]);
    }
}

#[test]
fn a_draft_that_was_gone_on_with_in_two_terminals_at_once_becomes_two_and_none_is_lost() {
    let home = Home::robin();
    let mut first = AtTerminal::start(&home.command(&["note"]));
    first.await_text("Ctrl-D");
    first.type_in(b"a bad evening");
    await_draft(&home, "what was typed", |draft| draft["typing"]["text"] == "a bad evening");
    // It is still open when it is gone on with elsewhere, twice, in other words.
    let mut others: Vec<AtTerminal> = (0..2).map(|_| AtTerminal::start(&home.command(&["draft", "resume"]))).collect();
    others.iter_mut().for_each(|asif| drop(asif.await_text("a bad evening")));
    first.type_in(b", and then tea\x03");
    let (code, shown) = first.end();
    assert!(code == Some(130) && shown.contains("what you typed is kept"), "{shown}");
    others[0].type_in(b", and then soup\n\x04");
    assert_eq!(others[0].end().0, Some(0));
    others[1].type_in(b", and then none\x03");
    let (code, shown) = others[1].end();
    assert!(code == Some(130) && shown.contains("what you typed is kept"), "{shown}");
    let mut kept: Vec<String> = drafts(&home).iter().map(|draft| draft["typing"]["text"].as_str().unwrap().to_owned()).collect();
    kept.sort();
    assert_eq!(kept, ["a bad evening, and then none", "a bad evening, and then tea"]);
    assert_eq!(home.list()[0]["note"], "a bad evening, and then soup");
    for draft in drafts(&home) {
        let mut asif = AtTerminal::start(&home.command(&["draft", "resume", draft["id"].as_str().unwrap()]));
        asif.await_text("a bad evening, and then");
        asif.type_in(b"\n\x04");
        let (code, shown) = asif.end();
        // One of them goes on under an id under which something else was stored meanwhile.
        if code == Some(7) {
            assert!(shown.contains("yours is not stored"), "{shown}");
            assert_eq!(AtTerminal::start(&home.command(&["draft", "resume"])).end().0, Some(0));
        } else {
            assert_eq!(code, Some(0), "{shown}");
        }
    }
    assert_eq!((home.list().len(), drafts(&home).len()), (3, 0));
}

#[test]
fn a_line_that_no_question_took_is_kept_and_told() {
    let home = Home::robin();
    // Typed ahead of the questions, and stopped at once.
    let mut asif = AtTerminal::start(&home.command(&["demo", "politeness"]));
    asif.await_text("Who was it?");
    asif.type_in(b"the man upstairs\nheld the door\nasked how he is\x03");
    assert_eq!(asif.end().0, Some(130));
    let kept = drafts(&home)[0].to_string();
    for words in ["the man upstairs", "held the door", "asked how he is"] {
        assert!(kept.contains(words), "{kept}");
    }
    home.ok(&["draft", "drop", "--yes"]);

    // Pasted at the last question.
    let mut asif = AtTerminal::start(&home.command(&["goal", "add"]));
    asif.await_text("Which?");
    asif.type_in(b"3\nrest\n50\n10\nand more than that\nmuch more\n");
    let (code, shown) = asif.end();
    assert!(code == Some(0) && shown.contains("You had typed more than went into it"), "{shown}");
    let kept = drafts(&home)[0].to_string();
    assert!(kept.contains("and more than that") && kept.contains("much more"), "{kept}");
    home.ok(&["draft", "drop", "--yes"]);

    // More than one reading takes.
    let mut asif = AtTerminal::start(&home.command(&["remind", "add"]));
    asif.await_text("At what time of day?");
    let lines: String = (0..60).map(|n| format!("line {n} of a longer paste, with some words in it for the length\n")).collect();
    asif.type_in(format!("8:00\n\nput the kettle on\n{lines}").as_bytes());
    let (code, shown) = asif.end();
    assert!(code == Some(0) && shown.contains("You had typed more than went into it"), "{shown}");
    let kept = drafts(&home)[0].to_string();
    assert!((0..60).all(|n| kept.contains(&format!("line {n} of"))), "{kept}");
}

#[test]
fn what_was_begun_at_a_question_is_there_when_it_comes_again_and_else_kept() {
    let home = Home::robin();
    home.ok(&["practice", "add", "Walk slowly", "--slug", "walk"]);
    let begun = || {
        let mut asif = AtTerminal::start(&home.command(&["log", "--note", "-"]));
        for (question, answer) in [("Which did you do?", &b"lunch\n"[..]), ("before", b"\n"), ("after", b"\n"), ("More?", b"\n")] {
            asif.await_text(question);
            asif.type_in(answer);
        }
        asif.await_text("Type the note here");
        asif.type_in(b"it rained");
        asif.type_in(INTERRUPT);
        assert_eq!(asif.end().0, Some(130));
        home.ok(&["practice", "archive", "lunch"]);
        home.ok(&["delete", "lunch", "--yes"]);
        let mut asif = AtTerminal::start(&home.command(&["draft", "resume"]));
        asif.await_text("there is no practice called");
        asif.await_text("Which did you do? lunch");
        asif.type_in(INTERRUPT);
        assert_eq!(asif.end().0, Some(130));
        home.ok(&["restore", "lunch"]);
    };
    begun();
    home.ok(&["delete", "lunch", "--yes"]);
    let mut asif = AtTerminal::start(&home.command(&["draft", "resume"]));
    asif.await_text("Which did you do?");
    asif.type_in(b"\x15walk\n");
    asif.await_text("it rained");
    asif.type_in(b" all day\n\x04");
    let (code, shown) = asif.end();
    assert_eq!(code, Some(0), "{shown}");
    assert_eq!((&home.list()[0]["note"], &home.list()[0]["practice"]), (&json!("it rained all day"), &json!("walk")));
    assert!(drafts(&home).is_empty());
}

#[test]
fn what_was_typed_before_the_key_that_stops_the_program_is_no_command_of_the_shell() {
    let home = Home::robin();
    let mut shell = home.command(&[]);
    let program = shell.get_program().to_owned();
    shell = {
        let mut new = std::process::Command::new("/bin/bash");
        new.args(["--norc", "--noprofile", "-i"]).env_clear().envs(shell.get_envs().filter_map(|(name, value)| Some((name, value?))));
        new.env("PS1", "ready> ").current_dir(home.beside());
        new
    };
    let mut terminal = AtTerminal::start(&shell);
    terminal.await_text("ready>");
    terminal.type_in(format!("{} note\n", program.to_str().unwrap()).as_bytes());
    terminal.await_text("Ctrl-D");
    terminal.type_in(b"touch secret-words\x1a");
    terminal.await_text("ready>");
    await_draft(&home, "what was typed", |draft| draft["typing"]["text"] == "touch secret-words");
    terminal.type_in(b"\nfg\n");
    terminal.await_text("touch secret-words");
    terminal.type_in(b" and more\n\x04");
    terminal.await_text("noted");
    terminal.type_in(b"exit\n");
    terminal.end();
    assert!(!home.beside().join("secret-words").exists());
    assert_eq!(home.list()[0]["note"], "touch secret-words and more");
}

#[test]
fn an_answer_whose_question_does_not_come_again_is_kept_and_told() {
    let home = Home::robin();
    home.ok(&["belief", "add", "I may rest"]);
    home.ok(&["belief", "add", "I deserve kindness"]);
    let mut asif = AtTerminal::start(&home.command(&["belief", "rate"]));
    for (question, answer) in [("I know it", "71\n"), ("I feel it", "72\n")] {
        asif.await_text(question);
        asif.type_in(answer.as_bytes());
    }
    asif.await_text("I know it");
    asif.type_in(INTERRUPT);
    assert_eq!(asif.end().0, Some(130));
    // The newest is asked about first.
    home.ok(&["belief", "retire", "I deserve kindness"]);
    let mut asif = AtTerminal::start(&home.command(&["draft", "resume"]));
    asif.await_text("I know it");
    asif.type_in(b"5\n6\n");
    let (code, shown) = asif.end();
    assert!(code == Some(0) && shown.contains("You had typed more than went into it"), "{shown}");
    let kept = drafts(&home)[0]["answers"].to_string();
    assert!(kept.contains("71") && kept.contains("72"), "{kept}");
}

#[test]
fn a_label_without_a_deed_stays_as_a_draft() {
    let home = Home::robin();
    let mut asif = AtTerminal::start(&home.command(&["demo", "politeness"]));
    asif.await_text("Who was it?");
    asif.type_in(b"the man from the third floor\n");
    asif.await_text("What did you do?");
    asif.type_in(b"\n");
    let (code, shown) = asif.end();
    assert!(code == Some(130) && shown.contains("what you typed is kept"), "{shown}");
    assert_eq!(drafts(&home)[0]["answers"]["who"], "the man from the third floor");
    // Nothing said at all is nothing kept.
    home.ok(&["draft", "drop", "--yes"]);
    let mut asif = AtTerminal::start(&home.command(&["demo", "politeness"]));
    for question in ["Who was it?", "What did you do?"] {
        asif.await_text(question);
        asif.type_in(b"\n");
    }
    let (code, shown) = asif.end();
    assert!(code == Some(0) && shown.contains("Nothing was said"), "{shown}");
    assert!(drafts(&home).is_empty());
}

#[test]
fn who_types_without_a_pause_is_kept_all_the_same() {
    let home = Home::robin();
    let mut asif = AtTerminal::start(&home.command(&["note"]));
    asif.await_text("Ctrl-D");
    let kept = eventually("a draft of what is being typed", || {
        asif.type_in(b"on ");
        drafts(&home).pop()
    });
    assert!(kept["typing"]["text"].as_str().unwrap().starts_with("on on"), "{kept}");
}

#[test]
fn the_keys_that_hold_up_a_screen_hold_up_nothing_and_are_no_letters() {
    let home = Home::robin();
    let mut asif = AtTerminal::start(&home.command(&["note"]));
    asif.await_text("Ctrl-D");
    asif.type_in(b"one \x13two");
    asif.await_text("two");
    asif.type_in(b"\x11\n\x04");
    assert_eq!(asif.end().0, Some(0));
    assert_eq!(home.list()[0]["note"], "one two");
}

#[test]
fn a_line_that_is_no_text_is_kept_while_nobody_has_mended_it_yet() {
    let home = Home::robin();
    let mut asif = AtTerminal::start(&home.command(&["belief", "add"]));
    asif.await_text("?");
    asif.type_in(b"I am not b\xf6se to anybody\n");
    asif.await_text("could not be read as text");
    await_draft(&home, "the line", |draft| draft["typing"]["text"] == "I am not b\u{fffd}se to anybody");
    asif.child.kill().unwrap();
    asif.child.wait().unwrap();
    assert_eq!(drafts(&home).len(), 1);
}
