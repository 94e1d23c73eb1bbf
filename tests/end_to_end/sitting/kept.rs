//! However a sitting ends, the terminal is as it was, and what was marked is kept and logged once.

use rustix::process::Signal;
use serde_json::json;

use super::{AFTER, await_marks, home, kept, marked, sitting};
use crate::harness::{Home, freeze, holds, signal};
use crate::window::Window;

#[test]
fn whatever_ends_it_the_terminal_is_as_it_was_and_the_marks_are_kept() {
    let home = home();
    for (times, end) in (1..).zip(["Ctrl-C", "SIGTERM", "SIGHUP", "SIGQUIT"]) {
        let mut window = sitting(&home, &[], 80, 24);
        window.press(b" nf");
        window.await_text("landed, ");
        assert!(!window.is_as_it_was() && window.is_second_screen());
        match end {
            "Ctrl-C" => window.press(b"\x03"),
            "SIGTERM" => signal(window.child.id(), Signal::TERM),
            "SIGHUP" => signal(window.child.id(), Signal::HUP),
            _ => signal(window.child.id(), Signal::QUIT),
        }
        window.await_text("asif draft resume");
        assert_eq!(window.end(), Some(130), "{end}");
        assert!(window.is_as_it_was(), "{end}");
        assert_eq!(home.list().len(), times - 1, "{end}: it is not logged yet");
        await_marks(&home, &["numb", "landed"]);
        finish_draft(&home);
        assert_eq!((home.list().len(), kept(&home)), (times, None), "{end}: it is logged once");
        assert_eq!((marked(&home.list()[0]), &home.list()[0]["after"]), (vec!["numb", "landed"], &json!(45)));
    }
}

/// Goes on with the only draft, and answers what is asked.
fn finish_draft(home: &Home) {
    let mut window = Window::open(&home.command(&["draft", "resume"]), 80, 24);
    window.await_text("So far: sat ");
    window.await_text(AFTER);
    assert!(!window.is_second_screen(), "the timer does not start again");
    window.press(b"45\r\r\r");
    window.await_text("logged kindness");
    assert_eq!(window.end(), Some(0));
}

#[test]
fn a_killed_terminal_keeps_what_was_marked() {
    let home = home();
    let mut window = sitting(&home, &[], 80, 24);
    window.press(b"n");
    window.await_text("numb, ");
    await_marks(&home, &["numb"]);
    signal(window.child.id(), Signal::KILL);
    window.end();
    assert_eq!(kept(&home).unwrap()["repetitions"], "1");
    finish_draft(&home);
    assert_eq!((home.list().len(), marked(&home.list()[0]), kept(&home)), (1, vec!["numb"], None));

    let mut window = sitting(&home, &[], 80, 24);
    window.press(b"f");
    window.await_text("landed, ");
    window.close();
    await_marks(&home, &["landed"]);
    finish_draft(&home);
    assert_eq!((home.list().len(), marked(&home.list()[0]), kept(&home)), (2, vec!["landed"], None));
}

#[test]
fn a_killed_daemon_stops_no_sitting_and_the_next_mark_is_kept_again() {
    let home = home();
    let mut window = sitting(&home, &[], 80, 24);
    window.press(b"n");
    await_marks(&home, &["numb"]);
    home.kill();
    window.press(b" f");
    window.await_text("landed, ");
    await_marks(&home, &["numb", "landed"]);
    home.kill();
    window.press(b"q");
    window.await_text(AFTER);
    window.press(b"\r\r\r");
    window.await_text("logged kindness");
    assert_eq!((window.end(), home.list().len(), kept(&home)), (Some(0), 1, None));
}

#[test]
fn a_question_after_it_that_is_interrupted_loses_nothing() {
    let home = home();
    let mut window = sitting(&home, &[], 80, 24);
    window.press(b"nq");
    window.await_text(AFTER);
    window.press(b"\x03");
    window.await_text("asif draft resume");
    assert_eq!(window.end(), Some(130));
    finish_draft(&home);
    assert_eq!((home.list().len(), marked(&home.list()[0])), (1, vec!["numb"]));
}

#[test]
fn a_daemon_that_hangs_holds_no_key_up() {
    let home = home();
    let mut window = sitting(&home, &[], 80, 24);
    let daemon = home.pid();
    freeze(daemon);
    window.press(b"n");
    window.await_text("numb, ");
    window.press(b" ");
    window.await_text("May I be well.");
    signal(daemon, Signal::CONT);
    window.press(b"f");
    await_marks(&home, &["numb", "landed"]);
}

#[test]
fn what_was_stopped_at_the_question_before_it_begins_there() {
    let home = home();
    let mut window = Window::open(&home.command(&["sit", "kindness"]), 80, 24);
    window.await_text("Feeling before");
    window.press(b"2");
    window.await_text("(Enter to skip)? 2");
    window.press(b"\x03");
    window.await_text("asif draft resume");
    assert_eq!(window.end(), Some(130));
    let mut window = Window::open(&home.command(&["draft", "resume", "--json"]), 80, 24);
    window.await_text("(Enter to skip)? 2");
    window.press(b"5\r");
    window.await_text("May I be safe.");
    window.press(b"q");
    window.await_text(AFTER);
    window.press(b"\r\r\r");
    assert_eq!(window.end(), Some(0));
    assert!(holds(&window.written, b"{\"schema\":\"asif/1\",\"data\":{\"type\":\"session\""), "{:#?}", window.rows());
    assert_eq!((&home.list()[0]["before"], kept(&home)), (&json!(25), None));
}
