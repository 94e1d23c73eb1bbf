//! Nothing that was typed is ever lost: what interrupts a form at a real terminal, and what is there afterwards.

use asif_proto::local::draft::Keeping;
use asif_proto::local::{Draft, DraftAsk, Reply, Request};
use rustix::process::Signal;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::harness::{Home, eventually, freeze, signal};
use crate::pty::AtTerminal;
use crate::socket::Socket;

mod ahead;
mod beside;

const SIZES: [(u16, u16); 2] = [(80, 24), (40, 12)];
const END: &[u8] = b"\x04";
const INTERRUPT: &[u8] = b"\x03";

/// The drafts, newest first.
fn drafts(home: &Home) -> Vec<Value> {
    home.json(&["draft", "list"]).as_array().unwrap().clone()
}

/// Waits until the only draft is `wanted`.
fn await_draft(home: &Home, what: &str, wanted: impl Fn(&Value) -> bool) -> Value {
    eventually(what, || match drafts(home).as_slice() {
        [one] if wanted(one) => Some(one.clone()),
        _ => None,
    })
}

/// A bare log, answered up to a half-typed feeling after.
fn half_a_log(home: &Home, size: (u16, u16)) -> AtTerminal {
    let mut asif = AtTerminal::start_at(&home.command(&["log"]), size);
    asif.await_text("Which did you do?");
    asif.type_in(b"1\n");
    asif.await_text("feel before");
    asif.type_in(b"30\n");
    asif.await_text("And after");
    asif.await_text("? ");
    asif.type_in(b"4");
    asif.await_text("4");
    asif
}

fn is_half_a_log(draft: &Value) -> bool {
    draft["answers"] == json!({ "practice": "lunch", "before": "30" }) && draft["typing"] == json!({ "field": "after", "text": "4" })
}

/// Goes on with the only draft, which is half a log.
fn finish_the_log(home: &Home, size: (u16, u16)) {
    let mut asif = AtTerminal::start_at(&home.command(&["draft", "resume"]), size);
    asif.await_text("? 4");
    asif.type_in(b"5\n");
    asif.await_text("More? [y/N]");
    asif.type_in(b"\n");
    let (code, shown) = asif.end();
    assert_eq!(code, Some(0), "{shown}");
    assert!(shown.contains("logged lunch") && shown.contains("feeling 30 -> 45"), "{shown}");
    assert!(drafts(home).is_empty(), "what is done is no draft");
}

#[test]
fn an_interrupted_form_is_gone_on_with() {
    for size in SIZES {
        let home = Home::robin();
        for end in [INTERRUPT, b"\x04\x04"] {
            let mut asif = half_a_log(&home, size);
            asif.type_in(end);
            asif.await_text("what you typed is kept");
            assert!(asif.is_as_it_was());
            assert_eq!(asif.end().0, Some(130));
            let kept = drafts(&home);
            assert!(kept.len() == 1 && is_half_a_log(&kept[0]), "{kept:?}");
            finish_the_log(&home, size);
        }
        assert_eq!(home.list().len(), 2);
    }
}

#[test]
fn a_closed_terminal_loses_nothing() {
    for size in SIZES {
        let home = Home::robin();
        assert_eq!(half_a_log(&home, size).hang_up(), Some(130));
        let kept = drafts(&home);
        assert!(kept.len() == 1 && is_half_a_log(&kept[0]), "{kept:?}");
        finish_the_log(&home, size);

        let mut asif = AtTerminal::start_at(&home.command(&["note"]), size);
        asif.await_text("Ctrl-D");
        asif.type_in(b"first line\nhalf a");
        asif.await_text("half a");
        assert_eq!(asif.hang_up(), Some(130), "a closed terminal is no end of the text");
        assert_eq!(home.list().len(), 1, "half a note was stored");
        let mut asif = AtTerminal::start_at(&home.command(&["draft", "resume"]), size);
        asif.await_text("first line\r\nhalf a");
        asif.type_in(b" note\n");
        asif.type_in(END);
        assert_eq!(asif.end().0, Some(0));
        assert_eq!(home.list()[0]["note"], "first line\nhalf a note");
    }
}

#[test]
fn a_command_that_is_killed_has_kept_each_answer_and_the_line_after_a_pause() {
    let home = Home::robin();
    let asif = half_a_log(&home, (80, 24));
    await_draft(&home, "the answers and the line are kept while the person thinks", is_half_a_log);
    signal(asif.child.id(), Signal::KILL);
    finish_the_log(&home, (80, 24));
}

#[test]
fn a_daemon_that_is_killed_in_the_middle_makes_nobody_wait_and_loses_nothing() {
    for size in SIZES {
        let home = Home::robin();
        for finished in [false, true] {
            let mut asif = AtTerminal::start_at(&home.command(&["note"]), size);
            asif.await_text("Ctrl-D");
            asif.type_in(b"one\n");
            await_draft(&home, "a line is kept when it ends", |draft| draft["typing"] == json!({ "field": "text", "text": "one\n" }));
            home.kill();
            asif.type_in(b"two\nthree");
            asif.await_text("three");
            if finished {
                asif.type_in(b"\n");
                asif.type_in(END);
                assert_eq!(asif.end().0, Some(0));
                assert_eq!(home.list()[0]["note"], "one\ntwo\nthree");
                assert!(drafts(&home).is_empty());
            } else {
                asif.type_in(INTERRUPT);
                asif.await_text("what you typed is kept");
                assert_eq!(asif.end().0, Some(130));
                await_draft(&home, "everything is kept", |draft| draft["typing"] == json!({ "field": "text", "text": "one\ntwo\nthree" }));
                home.ok(&["draft", "drop", "--yes"]);
            }
        }
    }
}

#[test]
fn a_daemon_that_hangs_makes_nobody_wait_and_what_it_cannot_keep_is_given_back() {
    let home = Home::robin();
    let mut asif = AtTerminal::start(&home.command(&["log"]));
    asif.await_text("Which did you do?");
    freeze(home.pid());
    asif.type_in(b"lunch\n");
    asif.await_text("feel before");
    asif.type_in(b"35\n");
    asif.await_text("And after");
    asif.type_in(b"4");
    asif.await_text("4");
    asif.type_in(INTERRUPT);
    asif.await_text("This is NOT kept. What you typed:");
    asif.await_text("Which did you do?\r\nlunch\r\nHow did you feel before");
    asif.await_text("\r\n35\r\n");
    asif.await_text("And after");
    asif.await_text("\r\n4\r\n");
    let (code, shown) = asif.end();
    assert!(code == Some(130) && shown.contains("what you typed is NOT kept"), "{shown}");
    signal(home.pid(), Signal::CONT);
}

#[test]
fn after_a_stop_the_question_and_what_was_typed_are_there_again() {
    let home = Home::robin();
    let mut asif = half_a_log(&home, (80, 24));
    signal(asif.child.id(), Signal::STOP);
    signal(asif.child.id(), Signal::CONT);
    asif.await_text("And after");
    asif.await_text("? 4");
    asif.type_in(b"5\n");
    asif.await_text("More?");
    asif.type_in(b"\n");
    assert_eq!(asif.end().0, Some(0));
    assert_eq!(home.list()[0]["after"], 45);
}

#[test]
fn a_deed_that_was_done_before_its_draft_was_dropped_is_done_once() {
    let home = Home::robin();
    half_a_log(&home, (80, 24)).hang_up();
    let kept = Socket::open(&home).reply(Uuid::now_v7(), Request::Draft(DraftAsk::Show { id: None }));
    let Reply::Draft(draft) = kept else { panic!("{kept:?}") };
    finish_the_log(&home, (80, 24));
    // As it lies there after a crash between the two.
    let answers = [("practice", "lunch"), ("before", "30"), ("after", "45"), ("more", "")];
    let answers = answers.map(|(name, text)| (name.to_owned(), text.to_owned())).into();
    let draft = Draft { answers, typing: None, ..draft };
    Socket::open(&home).reply(Uuid::now_v7(), Request::Draft(DraftAsk::Keep(Box::new(Keeping::new(draft.clone())))));
    let (code, shown) = AtTerminal::start(&home.command(&["draft", "resume"])).end();
    assert_eq!(code, Some(0), "{shown}");
    let sessions = home.list();
    assert_eq!((sessions.len(), &sessions[0]["id"]), (1, &json!(draft.id.to_string())));
    assert!(drafts(&home).is_empty());
}

#[test]
fn drafts_that_do_not_open_are_set_aside_and_told_of_and_the_journal_goes_on() {
    let home = Home::robin();
    let mut asif = half_a_log(&home, SIZES[0]);
    asif.type_in(INTERRUPT);
    assert_eq!(asif.end().0, Some(130));
    await_draft(&home, "half a log", is_half_a_log);
    home.stop();
    let (file, aside) = (home.data().join("drafts"), home.data().join("drafts.damaged"));
    let good = std::fs::read(&file).unwrap();
    let mut bytes = good.clone();
    bytes[40] ^= 1;
    std::fs::write(&file, &bytes).unwrap();
    home.log(&["-b", "30"]);
    assert!(drafts(&home).is_empty());
    assert_eq!(std::fs::read(&aside).unwrap(), bytes, "whole, for whoever can mend it");
    let told = |home: &Home| {
        home.run(&["doctor", "--json"]).data()["checks"]
            .as_array()
            .unwrap()
            .iter()
            .any(|check| check["kind"] == "drafts" && check["ok"] == false)
    };
    assert!(told(&home));
    home.stop();
    assert!(told(&home), "also after the next start");
    // As the doctor says.
    home.stop();
    std::fs::write(&file, good).unwrap();
    std::fs::remove_file(aside).unwrap();
    assert!(is_half_a_log(&drafts(&home)[0]) && !told(&home));
}

/// Whatever else was added meanwhile, what was rated is rated of the belief that it was rated of, and an outcome is told of its experiment.
#[test]
fn what_is_gone_on_with_is_about_what_it_was_about() {
    let home = Home::robin();
    home.ok(&["belief", "add", "I may rest", "--head", "10", "--heart", "0"]);
    home.ok(&["try", "lunch", "--prediction", "20", "--no-input"]);
    let half = |args: &[&str], asked: &[(&str, &str)]| {
        let mut asif = AtTerminal::start(&home.command(args));
        for (question, answer) in asked {
            asif.await_text(question);
            asif.await_text("? ");
            asif.type_in(answer.as_bytes());
        }
        asif.await_text("5");
        asif.type_in(INTERRUPT);
        assert_eq!(asif.end().0, Some(130), "{args:?}");
    };
    let resume = |typed: &str| {
        let mut asif = AtTerminal::start(&home.command(&["draft", "resume"]));
        for line in typed.split_inclusive('\n') {
            asif.type_in(line.as_bytes());
        }
        let (code, shown) = asif.end();
        assert_eq!(code, Some(0), "{shown}");
    };
    half(&["belief", "rate"], &[("(I know it)", "25\n"), ("(I feel it)", "5")]);
    home.ok(&["belief", "add", "I deserve kindness", "--head", "90"]);
    // Of the new one, which is asked about first, nothing is said.
    resume("\n\n\n");
    let ratings = |words: &str| {
        home.json(&["belief", "list"]).as_array().unwrap().iter().find(|one| one["statement"] == words).unwrap()["ratings"].clone()
    };
    let last = ratings("I may rest").as_array().unwrap().last().unwrap().clone();
    assert_eq!((last["head"].clone(), last["heart"].clone()), (json!(25), json!(5)));
    assert_eq!(ratings("I deserve kindness").as_array().unwrap().len(), 1);

    half(&["outcome"], &[("Feeling after", "35")]);
    home.ok(&["try", "lunch", "--prediction", "80", "--no-input"]);
    resume("\n\n\n\n\n\n\n");
    let experiments = home.json(&["experiment", "list"]);
    let told: Vec<_> =
        experiments.as_array().unwrap().iter().map(|one| (one["prediction"]["rating"].clone(), one["outcome"]["rating"].clone())).collect();
    assert_eq!(told, [(json!(80), json!(null)), (json!(20), json!(35))]);
}

/// Ctrl-C throws away what was typed and not read: whoever had seen it coming must not wait for it.
#[test]
fn ctrl_c_right_after_a_letter_is_heard() {
    let home = Home::robin();
    for _ in 0..40 {
        let mut asif = AtTerminal::start(&home.command(&["goal", "add"]));
        asif.await_text("Which?");
        asif.type_in(b"x");
        asif.type_in(INTERRUPT);
        assert_eq!(asif.end().0, Some(130));
    }
}

#[test]
fn a_form_that_nobody_touched_keeps_nothing() {
    let home = Home::robin();
    for args in [&["log"][..], &["note"], &["draft", "resume"]] {
        let mut asif = AtTerminal::start(&home.command(args));
        if args[0] != "draft" {
            asif.await_text(if args[0] == "log" { "Which did you do?" } else { "Ctrl-D" });
            asif.type_in(b"\x1b[A");
            asif.type_in(INTERRUPT);
        }
        assert_ne!(asif.end().0, Some(0));
        assert!(drafts(&home).is_empty(), "{args:?}");
    }
}

#[test]
fn a_wrong_answer_is_mended_where_it_stands() {
    for size in SIZES {
        let home = Home::robin();
        let mut asif = AtTerminal::start_at(&home.command(&["log"]), size);
        asif.await_text("Which did you do?");
        asif.type_in(b"lnuch\n");
        asif.await_text("lunch");
        asif.await_text("Which did you do? lnuch");
        asif.type_in(b"\x7f\x7f\x7f\x7funch\n");
        asif.await_text("feel before");
        asif.type_in(b"300\n");
        asif.await_text("is not a rating");
        asif.await_text("? 300");
        asif.type_in(b"\x7f\n");
        asif.await_text("And after");
        asif.type_in(b"4\xc3\xa9\x7f5\n");
        asif.await_text("More?");
        asif.type_in(b"\n");
        assert_eq!(asif.end().0, Some(0));
        let session = &home.list()[0];
        assert_eq!((&session["practice"], &session["before"], &session["after"]), (&json!("lunch"), &json!(30), &json!(45)));
    }
}

#[test]
fn keys_that_move_about_are_no_text() {
    let home = Home::robin();
    let mut asif = AtTerminal::start(&home.command(&["note"]));
    asif.await_text("Ctrl-D");
    let pid = asif.child.id();
    let read = || {
        let io = std::fs::read_to_string(format!("/proc/{pid}/io")).unwrap();
        io.lines().find_map(|line| line.strip_prefix("rchar: ")).unwrap().parse::<u64>().unwrap()
    };
    for key in [&b"\x1b[A"[..], b"\x1b[1;5D", b"\x1b[3~", b"\x1bOH"] {
        let before = read();
        asif.type_in(key);
        eventually("the key is read", || (read() > before).then_some(()));
    }
    asif.type_in(b"plain\n");
    asif.await_text("plain");
    asif.type_in(END);
    let (code, shown) = asif.end();
    assert_eq!(code, Some(0), "{shown}");
    assert_eq!(home.list()[0]["note"], "plain");
}

#[test]
fn a_long_pasted_note_comes_back_byte_for_byte_and_steers_nothing() {
    let strange = "\u{1f469}\u{200d}\u{1f52c} \u{5e9}\u{5dc}\u{5d5}\u{5dd} \u{627}\u{644} e\u{301}\u{323} \u{200b}\u{feff}\u{2060} \u{202e}abc\u{202c} \u{2067}x\u{2069} \u{1b}[2Jy \u{9b}31m z\n";
    let long = format!("{}\nall of it in one line {}\n", strange.repeat(1100), "\u{65e5}\u{672c} ".repeat(3000));
    assert!(long.len() > 100_000 && long.len() < 128 * 1024, "{}", long.len());
    let home = Home::robin();
    let mut asif = AtTerminal::start_at(&home.command(&["note"]), (40, 12));
    asif.await_text("Ctrl-D");
    asif.type_in(long.as_bytes());
    let shown = asif.await_text("all of it in one line");
    assert!(!shown.contains(['\u{1b}', '\u{9b}', '\u{202e}', '\u{2067}']), "something steers the terminal");
    asif.type_in(END);
    let (code, shown) = asif.end();
    assert_eq!(code, Some(0), "{shown}");
    let id = home.list()[0]["id"].as_str().unwrap().to_owned();
    let note = home.json(&["show", &id])["note"].clone();
    assert!(note == json!(long.strip_suffix('\n').unwrap()), "it came back changed");
}

#[test]
fn the_questions_of_init_go_on_where_they_were_left() {
    for size in SIZES {
        let home = Home::new();
        let mut asif = AtTerminal::start_at(&home.command(&["init", "--name", "Robin", "--device", "laptop"]), size);
        asif.await_text("different?");
        asif.type_in("feel less like a burden, \u{5e9}\u{5dc}\n".as_bytes());
        let shown = asif.await_text("Which? [1]");
        let columns = usize::from(size.0);
        let fits = |line: &str| line.starts_with("  > feel") || line.chars().count() <= columns;
        assert!(shown.split("\r\n").skip(1).all(fits), "{shown}");
        asif.type_in(b"3\n");
        asif.await_text("In your words:");
        asif.type_in(b"be less h");
        asif.await_text("less h");
        asif.type_in(INTERRUPT);
        asif.await_text("what you typed is kept");
        assert_eq!(asif.end().0, Some(130));
        assert_eq!(home.json(&["status"])["name"], "Robin", "the journal is begun");

        let mut asif = AtTerminal::start_at(&home.command(&["init"]), size);
        asif.await_text("be less h");
        asif.type_in(b"ard on myself\n");
        asif.await_text("worth");
        asif.type_in(b"70\n");
        asif.await_text("deserve");
        asif.type_in(b"0\n");
        let (code, shown) = asif.end();
        assert!(code == Some(0) && shown.contains("0 is fine. It isn't needed for this."), "{shown}");
        assert!(shown.contains("Next: asif demo politeness"), "{shown}");
        assert!(drafts(&home).is_empty());
        home.refuses(7, &["init", "--no-input"]);
    }
}
