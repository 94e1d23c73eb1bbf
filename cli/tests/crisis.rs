//! In a crisis: the numbers stand on the screen before anything else is tried, and nothing that a daemon does or does not do keeps them back.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test ends where something is not as it must be")]

mod support;

use std::sync::mpsc;
use std::time::Duration;

use asif_proto::local::{ErrorKind, Failure, Reply, Request, SafetyPlanAsk};
use asif_proto::record::{Conflict, SafetyPlan, SafetyPlanView};
use serde_json::json;
use support::{Cli, Ran, Talk, TestHome, listening, refuse, reply};

/// More than any test takes.
const LONG: Duration = Duration::from_secs(60);

fn plan() -> SafetyPlanView {
    let plan = SafetyPlan {
        warning_signs: Some("I stop answering\nI don't eat".into()),
        who_i_can_ask: Some("Sam".into()),
        ..SafetyPlan::default()
    };
    SafetyPlanView { plan, conflicts: Vec::new(), readable: false }
}

/// A home with a journal, whose daemon is not there unless the test plays it.
fn home() -> TestHome {
    let home = TestHome::new();
    std::fs::write(home.home.data.join("vault"), "sealed").unwrap();
    home
}

fn write_copy(home: &TestHome) {
    std::fs::write(home.home.data.join("crisis-plan"), plan().to_copy()).unwrap();
}

fn with_patience(home: &TestHome, crisis: Duration) -> Cli<'_> {
    let mut cli = Cli::new(home);
    cli.patience.crisis = crisis;
    cli
}

#[track_caller]
fn has_numbers(ran: &Ran) {
    assert_eq!(ran.code, 0, "{ran:?}");
    for number in ["116 123", "988", "13 11 14", "1737", "999", "112", "911", "000", "111", "findahelpline.com"] {
        assert!(ran.stdout.contains(number), "{number}: {ran:?}");
    }
}

fn state(home: &TestHome, patience: Duration) -> serde_json::Value {
    let ran = with_patience(home, patience).run(&["crisis", "--json"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    let data = ran.json()["data"].clone();
    assert_eq!(data["numbers"].as_array().unwrap().len(), 5, "{data}");
    data
}

#[test]
fn the_numbers_stand_on_the_screen_before_the_daemon_is_waited_for() {
    let home = home();
    home.lock(&home.home.socket);
    let (flushed, screen) = mpsc::channel::<String>();
    // This daemon says nothing before it knows that the numbers are there to be read.
    home.serve(move |mut talk| {
        let Ok(shown) = screen.recv_timeout(Duration::from_secs(10)) else { return };
        assert!(shown.contains("116 123") && shown.contains("findahelpline.com") && !shown.contains("I stop answering"), "{shown}");
        talk.hello();
        assert_eq!(talk.ask().unwrap().request, Request::SafetyPlan(SafetyPlanAsk::Show));
        talk.answer(&reply(Reply::SafetyPlan(plan())));
    });
    let mut cli = with_patience(&home, LONG);
    cli.flushed = Some(flushed);
    let ran = cli.run(&["crisis"]);
    has_numbers(&ran);
    assert!(
        ran.stdout.contains("Your plan\n  Warning signs:\n    I stop answering\n    I don't eat\n  Who I can ask:\n    Sam\n"),
        "{ran:?}"
    );
    assert!(ran.stdout.trim_end().lines().last().unwrap().contains("111."), "the numbers come once more at the end: {ran:?}");
}

#[test]
fn a_daemon_that_hangs_keeps_no_number_back_and_is_not_waited_for() {
    let home = home();
    home.lock(&home.home.socket);
    home.serve(Talk::fall_silent);
    // The daemon never answers: that the command ends at all shows that it has stopped waiting.
    let ran = with_patience(&home, Duration::from_millis(50)).run(&["crisis", "show"]);
    has_numbers(&ran);
    assert!(ran.stdout.contains("asif daemon restart") && ran.stdout.contains("sealed in your journal"), "{ran:?}");
    assert_eq!(state(&home, Duration::from_millis(50))["plan_state"], "sealed");
}

#[test]
fn a_daemon_that_says_hello_and_then_hangs_is_not_waited_for_either() {
    let home = home();
    home.lock(&home.home.socket);
    home.serve(|mut talk| {
        talk.hello();
        talk.fall_silent();
    });
    let data = state(&home, Duration::from_millis(50));
    assert_eq!((&data["plan_state"], &data["plan"]), (&json!("sealed"), &json!(null)));
}

#[test]
fn without_patience_there_are_the_numbers_all_the_same() {
    let home = home();
    home.lock(&home.home.socket);
    home.serve(Talk::fall_silent);
    has_numbers(&with_patience(&home, Duration::ZERO).run(&["crisis"]));
    has_numbers(&with_patience(&home, Duration::ZERO).run(&["crisis", "--plain"]));
}

#[test]
fn a_daemon_that_refuses_is_told_of_after_the_numbers() {
    let home = home();
    home.lock(&home.home.socket);
    home.serve(|mut talk| {
        talk.hello();
        while talk.ask().is_some() {
            talk.answer(&refuse(
                Failure::new(ErrorKind::Integrity, "bytes on disk are not what was written").hint("asif doctor tells more"),
            ));
        }
    });
    let ran = with_patience(&home, LONG).run(&["crisis"]);
    has_numbers(&ran);
    assert!(ran.stdout.contains("bytes on disk are not what was written; asif doctor tells more"), "{ran:?}");
    assert_eq!(state(&home, LONG)["plan_state"], "sealed");
}

#[test]
fn a_daemon_of_another_version_is_left_alone() {
    let home = home();
    home.lock(&home.home.socket);
    let (tx, asked) = mpsc::channel();
    home.serve(move |mut talk| {
        talk.hello_as(1, 1, "0.0.1");
        tx.send(talk.ask().is_some()).unwrap();
    });
    let data = state(&home, LONG);
    assert_eq!(asked.recv_timeout(Duration::from_secs(10)), Ok(false), "it is neither asked nor told to stop");
    assert_eq!(data["plan_state"], "sealed");
    assert!(data["plan_note"].as_str().unwrap().contains("version 0.0.1"), "{data}");
}

#[test]
fn a_daemon_that_does_not_run_is_started_and_has_the_plan() {
    let home = home();
    home.serve_at(&support::hidden(&home), |mut talk| {
        talk.hello();
        while talk.ask().is_some() {
            talk.answer(&reply(Reply::SafetyPlan(plan())));
        }
    });
    let ready = json!({ "ready": { "pid": std::process::id(), "socket": home.home.socket } });
    home.program("asifd", &format!("mv \"$here/run/hidden.sock\" \"$here/run/asifd.sock\"\necho '{ready}'\n"));
    let data = state(&home, LONG);
    assert_eq!((&data["plan_state"], &data["plan_from"]), (&json!("shown"), &json!("journal")));
    assert_eq!(data["plan"]["warning_signs"], json!(["I stop answering", "I don't eat"]));
}

#[test]
fn a_daemon_that_is_slow_to_start_goes_on_starting_and_is_not_waited_for() {
    let home = home();
    rustix::fs::mkfifoat(rustix::fs::CWD, home.folder.path().join("fifo"), rustix::fs::Mode::from_raw_mode(0o600)).unwrap();
    home.program("asifd", "read a_word < \"$here/fifo\"; echo \"$a_word\" > \"$here/went_on\"");
    let ran = with_patience(&home, Duration::from_millis(50)).run(&["crisis"]);
    has_numbers(&ran);
    assert!(ran.stdout.contains("which is being opened. In a moment: asif crisis"), "{ran:?}");
    // It waits here for the one that was started, which was not ended with the command.
    std::fs::write(home.folder.path().join("fifo"), "word\n").unwrap();
    let deadline = std::time::Instant::now() + LONG;
    while std::fs::read_to_string(home.folder.path().join("went_on")).unwrap_or_default() != "word\n" {
        assert!(std::time::Instant::now() < deadline, "it did not go on");
    }
}

#[test]
fn where_there_is_no_daemon_at_all_that_is_what_is_said() {
    let home = home();
    let ran = with_patience(&home, LONG).run(&["crisis"]);
    has_numbers(&ran);
    assert!(ran.stdout.contains("cannot find the daemon's program, asifd"), "{ran:?}");
}

#[test]
fn where_there_is_no_journal_nothing_is_started_and_nothing_is_made() {
    let home = TestHome::new();
    home.program("asifd", "echo started > \"$here/started\"");
    let before = std::fs::read_dir(home.folder.path()).unwrap().count();
    assert_eq!(state(&home, LONG)["plan_state"], "no_journal");
    assert_eq!(std::fs::read_dir(home.folder.path()).unwrap().count(), before);
}

#[test]
fn the_readable_copy_is_shown_where_the_journal_does_not_open() {
    let home = home();
    write_copy(&home);
    home.lock(&home.home.socket);
    home.serve(Talk::fall_silent);
    let ran = with_patience(&home, Duration::from_millis(50)).run(&["crisis"]);
    has_numbers(&ran);
    assert!(ran.stdout.contains("    I stop answering\n") && ran.stdout.contains("readable copy on this device"), "{ran:?}");
    assert_eq!(state(&home, Duration::from_millis(50))["plan_from"], "copy");
}

#[test]
fn where_the_journal_answers_its_plan_counts_and_not_the_copy() {
    let home = home();
    write_copy(&home);
    home.lock(&home.home.socket);
    home.serve(|mut talk| {
        talk.hello();
        while talk.ask().is_some() {
            talk.answer(&reply(Reply::SafetyPlan(SafetyPlanView::default())));
        }
    });
    let data = state(&home, LONG);
    assert_eq!((&data["plan_state"], &data["plan"]), (&json!("none"), &json!(null)));
}

#[test]
fn a_torn_copy_is_none() {
    let home = home();
    std::fs::write(home.home.data.join("crisis-plan"), &plan().to_copy()[..40]).unwrap();
    assert_eq!(state(&home, LONG)["plan_state"], "sealed");
}

#[test]
fn ones_own_number_comes_first_and_the_country_is_that_of_the_settings_or_the_command() {
    let home = TestHome::new();
    std::fs::write(&home.home.config, "country = \"NZ\"\nown-number = \"Sam, 07700 900123\"\n").unwrap();
    let ran = home.run(&["crisis", "numbers"]);
    assert!(ran.stdout.starts_with("Yours\n  Sam, 07700 900123\nSomebody to talk to\n  1737  "), "{ran:?}");
    assert!(!ran.stdout.contains("116 123"), "{ran:?}");
    let data = home.run(&["crisis", "numbers", "--country", "gb", "--json"]).json()["data"].clone();
    assert_eq!((&data["country"], &data["own_number"]), (&json!("GB"), &json!("Sam, 07700 900123")));
    assert_eq!(data["numbers"][0]["number"], "116 123");
    assert_eq!((data["emergency"][0]["number"].as_str(), data["fallback"].as_str()), (Some("999"), Some("findahelpline.com")));
    assert!(data.get("plan").is_none() && data.get("plan_state").is_none(), "{data}");
    for (typed, said) in [("all", false), ("Britain", true)] {
        let ran = home.run(&["crisis", "--country", typed]);
        has_numbers(&ran);
        assert_eq!(ran.stderr.contains("two letters"), said, "{ran:?}");
    }
}

#[test]
fn a_mistyped_word_after_crisis_still_gives_the_numbers() {
    let home = TestHome::new();
    for args in [&["crisis", "numbrs"][..], &["crisis", "--contry", "GB"], &["--plain", "crisis", "now", "please"]] {
        let ran = home.run(args);
        assert_eq!(ran.code, 2, "{ran:?}");
        assert!(ran.stdout.contains("116 123") && ran.stdout.contains("findahelpline.com") && !ran.stderr.is_empty(), "{ran:?}");
    }
    for args in [&["crisis", "edit", "--clear", "hope"][..], &["lst", "crisis"], &["crisis", "--help"]] {
        assert!(!home.run(args).stdout.contains("116 123"), "{args:?}");
    }
}

#[test]
fn settings_that_cannot_be_read_keep_no_number_back() {
    let home = TestHome::new();
    std::fs::create_dir(&home.home.config).unwrap();
    let ran = home.run(&["crisis"]);
    has_numbers(&ran);
    assert!(ran.stderr.contains("cannot be read"), "{ran:?}");
    std::fs::remove_dir(&home.home.config).unwrap();
    // Whoever opens this waits for ever.
    rustix::fs::mkfifoat(rustix::fs::CWD, &home.home.config, rustix::fs::Mode::from_raw_mode(0o600)).unwrap();
    has_numbers(&home.run(&["crisis"]));
}

fn edits() -> (TestHome, mpsc::Receiver<Request>) {
    listening(|_| reply(Reply::SafetyPlan(plan())))
}

#[test]
fn every_part_has_its_flag_and_what_is_not_named_is_not_sent() {
    let (home, requests) = edits();
    let args = ["--warning-signs", "a", "--helps-alone", "b", "--people-places", "c", "--who-i-can-ask", "d", "--professionals", "-"];
    let ran =
        Cli::new(&home).stdin("e\nf\n").run(&[&["crisis", "edit"], &args[..], &["--clear", "making-it-safer", "--readable"]].concat());
    assert_eq!(ran.code, 0, "{ran:?}");
    let [a, b, c, d] = ["a", "b", "c", "d"].map(|text| Some(text.to_owned()));
    let parts = SafetyPlan {
        warning_signs: a,
        helps_alone: b,
        people_places: c,
        who_i_can_ask: d,
        professionals: Some("e\nf".into()),
        making_it_safer: Some(String::new()),
    };
    let edit = |parts, readable| Request::SafetyPlan(SafetyPlanAsk::Edit { parts, readable });
    assert_eq!(requests.try_recv().unwrap(), edit(parts, Some(true)));
    let ran = home.run(&["crisis", "edit", "--sealed", "--json"]);
    assert_eq!(requests.try_recv().unwrap(), edit(SafetyPlan::default(), Some(false)));
    let data = &ran.json()["data"];
    assert_eq!((&data["type"], &data["who_i_can_ask"], &data["readable"]), (&json!("safety_plan"), &json!(["Sam"]), &json!(false)));
}

#[test]
fn an_edit_that_cannot_be_meant_is_exit_2_and_nothing_is_asked() {
    let (home, requests) = edits();
    for (args, said) in [
        (&["crisis", "edit"][..], "--warning-signs"),
        (&["crisis", "edit", "--helps-alone", "-", "--professionals", "-"], "one part only"),
        (&["crisis", "edit", "--helps-alone", "x", "--clear", "helps-alone"], "both written and emptied"),
        (&["crisis", "edit", "--helps-alone", "-"], "--clear helps-alone"),
        (&["crisis", "edit", "--clear", "hope"], "warning-signs"),
        (&["crisis", "edit", "--readable", "--sealed"], "--sealed"),
    ] {
        let ran = home.run(args);
        assert_eq!(ran.code, 2, "{ran:?}");
        assert!(ran.stderr.contains(said), "{said}: {ran:?}");
    }
    assert!(requests.try_recv().is_err(), "something was asked");
}

#[test]
fn on_a_terminal_enter_keeps_and_what_is_typed_takes_the_place() {
    let others = vec![json!("Alex")];
    let view = SafetyPlanView { conflicts: vec![Conflict { field: "who_i_can_ask".into(), others, merged: false }], ..plan() };
    let (home, requests) = listening(move |_| reply(Reply::SafetyPlan(view.clone())));
    let ran = Cli::with_person(&home, "\nwalk\ncall Jo\n\n\n\n\n\n").run(&["crisis", "edit"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    let parts = SafetyPlan { helps_alone: Some("walk\ncall Jo".into()), ..SafetyPlan::default() };
    let edit = Request::SafetyPlan(SafetyPlanAsk::Edit { parts, readable: None });
    assert!(requests.try_iter().any(|request| request == edit), "{ran:?}");
    for said in [
        "    I stop answering\n",
        "as another device of yours has it:\n    Alex\n",
        "Enter keeps it",
        "Enter leaves both",
        "Nobody is alerted",
    ] {
        assert!(ran.stderr.contains(said), "{said}: {ran:?}");
    }
}

#[test]
fn who_can_read_the_plan_is_said_plainly() {
    let answer = |readable| move |_: &Request| reply(Reply::SafetyPlan(SafetyPlanView { readable, ..plan() }));
    let (home, _requests) = listening(answer(true));
    let ran = home.run(&["crisis", "edit", "--readable", "--plain"]);
    assert!(ran.stdout.contains("whoever can read your files can read it") && ran.stdout.contains("--sealed"), "{ran:?}");
    let (home, _requests) = listening(answer(false));
    assert!(home.run(&["crisis", "edit", "--sealed", "--plain"]).stdout.contains("removed from this device"));
    let ran = home.run(&["crisis", "edit", "--helps-alone", "walk", "--plain"]);
    assert!(ran.stdout.contains("sealed with the rest of your journal") && ran.stdout.contains("Nobody is alerted"), "{ran:?}");
}
