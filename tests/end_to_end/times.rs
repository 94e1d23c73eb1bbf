//! Times as a person means them, with the machine's zone changing between commands.
//!
//! - A session stays on the day on which it was lived, wherever the person is when they look.
//! - A time that a change of the clocks leaves open is asked about at a terminal and refused with both readings elsewhere; each reading, said
//!   again, is taken as it stands; no word that was typed is lost by the question.
//! - What was written down later, and what is still to come, is said.
//! - A machine that does not say its zone, or says nonsense, still tells times, and says what it took.

use serde_json::Value;

use crate::harness::{Home, Ran, finish};
use crate::pty::AtTerminal;

/// The question after what was typed for a note.
const READING: &str = "end with Ctrl-D on an empty line";

/// A command of a person who is in `zone`.
#[track_caller]
fn within(zone: &str, home: &Home, args: &[&str]) -> Ran {
    let mut command = home.command(args);
    command.env("TZ", zone);
    finish(command, None).exits(0)
}

/// The sessions that a list finds there, newest first, by the moment at which they happened.
#[track_caller]
fn found(zone: &str, home: &Home, bounds: &[&str]) -> Vec<String> {
    let list = within(zone, home, &[&["list", "--json"], bounds].concat()).data();
    let moment = |session: &Value| session["occurred_at"].as_str().unwrap().to_owned();
    list.as_array().unwrap().iter().map(moment).collect()
}

#[test]
fn a_session_stays_on_its_day_after_a_flight() {
    let home = Home::robin();
    let id = within("Asia/Tokyo", &home, &["log", "lunch", "--at", "2024-11-21T00:30", "--json"]).data()["id"].as_str().unwrap().to_owned();
    let told = "2024-11-21T00:30:00+09:00[Asia/Tokyo]";
    for zone in ["Asia/Tokyo", "America/Los_Angeles", "Pacific/Kiritimati", "UTC0"] {
        for (bounds, is_there) in [
            (&["--since", "2024-11-21"][..], true),
            (&["--since", "2024-11-21", "--until", "2024-11-22"], true),
            (&["--until", "2024-11-21"], false),
            (&["--since", "2024-11-22"], false),
        ] {
            assert_eq!(found(zone, &home, bounds), if is_there { vec![told] } else { vec![] }, "{zone} {bounds:?}");
        }
        let shown = within(zone, &home, &["show", &id, "--json"]).data();
        assert_eq!(shown["occurred_at"], told);
    }
    // With a time of day it is the instant that counts: in Los Angeles it was the morning of the day before.
    assert_eq!(found("America/Los_Angeles", &home, &["--since", "2024-11-21T00:00"]), Vec::<String>::new());
    assert_eq!(found("America/Los_Angeles", &home, &["--since", "2024-11-20T07:30", "--until", "2024-11-20T07:31"]), [told]);
    let list = within("America/Los_Angeles", &home, &["list"]).stdout;
    assert!(list.contains("Thu 21 Nov 2024 00:30 (Tokyo)"), "{list}");
    let list = within("Asia/Seoul", &home, &["list"]).stdout;
    assert!(list.contains("Thu 21 Nov 2024 00:30  lunch"), "where the clocks agree no place is told: {list}");
    let show = within("Asia/Seoul", &home, &["show", &id]).stdout;
    assert!(show.contains("time zone: Asia/Tokyo"), "{show}");
    let show = within("Asia/Tokyo", &home, &["show", &id]).stdout;
    assert!(show.contains("00:30") && !show.contains("time zone"), "{show}");
    home.stop();
    assert_eq!(found("America/Los_Angeles", &home, &["--since", "2024-11-21"]), [told], "and after a restart");
}

#[test]
fn a_session_late_in_the_evening_stays_on_its_day_when_the_clocks_change() {
    let home = Home::robin();
    // The clocks go back in the night after it, and forward in that of the other.
    for at in ["2024-10-26T23:58", "2024-03-30T23:58"] {
        home.log(&["--at", at]);
        let (day, _) = at.split_once('T').unwrap();
        for zone in ["Europe/London", "America/New_York", "Pacific/Auckland"] {
            assert!(found(zone, &home, &["--since", day]).iter().any(|told| told.starts_with(at)), "{zone}");
            assert!(!found(zone, &home, &["--until", day]).iter().any(|told| told.starts_with(at)), "{zone}");
        }
    }
    let list = within("Europe/London", &home, &["list"]).stdout;
    assert!(list.contains("Sat 26 Oct 2024 23:58  lunch") && list.contains("Sat 30 Mar 2024 23:58  lunch"), "{list}");
}

#[test]
fn today_is_the_day_of_the_place_where_it_was_done() {
    let home = Home::robin();
    // These two are never on the same day.
    let (east, west) = ("Pacific/Kiritimati", "Etc/GMT+12");
    within(east, &home, &["log", "lunch"]);
    let today = |zone: &str| within(zone, &home, &["today", "--json"]).data()["practices"][0]["today"].clone();
    assert_eq!((today(east), today(west)), (1.into(), 0.into()));
    assert_eq!(found(west, &home, &["--since", "today"]).len(), 1, "a day that has not come here lies after today");
    assert_eq!(found(east, &home, &["--since", "today"]).len(), 1);
    within(west, &home, &["log", "lunch"]);
    assert_eq!((today(east), today(west)), (1.into(), 1.into()));
    assert_eq!(found(east, &home, &["--since", "today"]).len(), 1, "a day that is over here lies before it");
}

#[test]
fn both_readings_of_a_time_that_the_clocks_leave_open_are_named_and_taken() {
    let home = Home::robin();
    for (typed, why, readings) in [
        ("2024-03-31T01:30", "the clocks went forward from 01:00 to 02:00", ["2024-03-31T00:30:00+00:00", "2024-03-31T02:30:00+01:00"]),
        ("2024-10-27T01:30", "came twice in Europe/London", ["2024-10-27T01:30:00+01:00", "2024-10-27T01:30:00+00:00"]),
        (
            "2024-11-03T01:30[America/New_York]",
            "came twice in America/New_York",
            ["2024-11-03T01:30:00-04:00[America/New_York]", "2024-11-03T01:30:00-05:00[America/New_York]"],
        ),
    ] {
        let id = home.log(&[]);
        let outcome = ["outcome", "lunch", "--after", "40"];
        for args in [&["log", "lunch"][..], &["note", "-"], &["edit", &id], &["sit", "lunch"], &outcome] {
            home.refuses(2, &[args, &["--at", typed]].concat()).says(&[why, readings[0], readings[1]]);
        }
        for reading in readings {
            let taken = home.json(&["log", "lunch", "--at", reading])["occurred_at"].as_str().unwrap().to_owned();
            assert!(taken.starts_with(reading), "{taken}");
        }
    }
}

#[test]
fn at_a_terminal_the_reading_is_asked_for_and_then_the_words() {
    let home = Home::robin();
    for (typed, answer, told) in [
        ("2024-10-27T01:30", "2", "2024-10-27T01:30:00+00:00[Europe/London]"),
        ("2024-10-27T01:30", "1", "2024-10-27T01:30:00+01:00[Europe/London]"),
        ("2024-03-31T01:30", "1", "2024-03-31T00:30:00+00:00[Europe/London]"),
    ] {
        let mut asif = AtTerminal::start(&home.command(&["note", "--at", typed]));
        let told_before = asif.await_text("1 or 2?");
        assert!(
            told_before.contains("+00:00") && told_before.contains("+01:00") && told_before.contains("before they went"),
            "{told_before}"
        );
        asif.type_in(b"first\n");
        asif.await_text("1 or 2?");
        asif.type_in(format!("{answer}\n").as_bytes());
        asif.await_text(READING);
        asif.type_in(b"a bad night\n\x04");
        assert_eq!(asif.end().0, Some(0));
        let newest = home.json(&["list"]);
        let stored = newest.as_array().unwrap().iter().find(|session| session["occurred_at"] == told);
        assert_eq!(stored.unwrap()["note"], "a bad night");
    }
    // Stopped at the question: nothing was typed, nothing is kept.
    let mut asif = AtTerminal::start(&home.command(&["log", "lunch", "--at", "2024-10-27T01:30", "--note", "-"]));
    asif.await_text("1 or 2?");
    asif.type_in(b"\x03");
    asif.end();
    assert_eq!(home.json(&["draft", "list"]), Value::Array(Vec::new()));
    // Answered, and stopped while the words were typed: gone on with, the time is what was answered.
    let mut asif = AtTerminal::start(&home.command(&["note", "--at", "2024-10-27T01:30"]));
    asif.await_text("1 or 2?");
    asif.type_in(b"2\n");
    asif.await_text(READING);
    asif.type_in(b"half a sen");
    asif.await_text("half a sen");
    asif.type_in(b"\x03");
    asif.await_text("asif draft resume");
    asif.end();
    let mut asif = AtTerminal::start(&home.command(&["draft", "resume"]));
    asif.await_text("half a sen");
    asif.type_in(b"tence\n\x04");
    let (code, shown) = asif.end();
    assert!(code == Some(0) && !shown.contains("1 or 2?"), "{shown}");
    let list = home.list();
    let resumed = list.iter().find(|session| session["note"] == "half a sentence").unwrap();
    assert_eq!(resumed["occurred_at"], "2024-10-27T01:30:00+00:00[Europe/London]");
}

#[test]
fn yesterday_stays_that_day_in_a_draft() {
    let home = Home::robin();
    let mut asif = AtTerminal::start(&home.command(&["note", "--at", "yesterday 21:30"]));
    asif.await_text(READING);
    asif.type_in(b"it was late");
    asif.await_text("it was late");
    asif.type_in(b"\x03");
    asif.await_text("asif draft resume");
    asif.end();
    let drafts = home.json(&["draft", "list"]);
    let words: Vec<&str> = drafts[0]["words"].as_array().unwrap().iter().map(|word| word.as_str().unwrap()).collect();
    assert!(words[2].ends_with("[Europe/London]") && words[2].contains("T21:30:00"), "{words:?}");
}

#[test]
fn what_was_written_down_later_is_said() {
    let home = Home::robin();
    let now = home.ok(&["log", "lunch"]);
    assert!(!now.stdout.contains("written down later"), "{now:?}");
    let later = home.ok(&["log", "lunch", "--at", "2024-11-20T21:30"]);
    assert!(later.stdout.contains("written down later"), "{later:?}");
    let list = home.ok(&["list"]).stdout;
    let lines: Vec<&str> = list.lines().filter(|line| line.contains("written down later")).collect();
    assert!(matches!(&lines[..], [line] if line.contains("20 Nov 2024")), "{list}");
    let sessions = home.list();
    assert_eq!((&sessions[0]["backfilled"], &sessions[1]["backfilled"]), (&false.into(), &true.into()));
    let (new, old) = (sessions[0]["id"].as_str().unwrap(), sessions[1]["id"].as_str().unwrap());
    assert!(home.ok(&["show", old]).stdout.contains("written down later: yes"));
    // It follows the time that it is said to have happened.
    let at = sessions[0]["occurred_at"].as_str().unwrap();
    assert_eq!(home.json(&["edit", old, "--at", at])["backfilled"], false);
    assert_eq!(home.json(&["edit", new, "--at", "2024-11-20T21:30"])["backfilled"], true);
    home.ok(&["undo"]);
    assert_eq!(home.json(&["show", new])["backfilled"], false);
}

#[test]
fn a_time_that_is_still_to_come_is_said_and_one_far_ahead_refused() {
    let home = Home::robin();
    for args in [&["log", "lunch"][..], &["note", "-"], &["sit", "lunch", "--no-input"]] {
        home.refuses(2, &[args, &["--at", "2199-01-01T10:00"]].concat()).says(&["is still to come", "yesterday 21:30"]);
    }
    assert_eq!(home.list().len(), 0);
    // Another zone's clock may be hours ahead of this one's: said, and taken.
    let ahead = jiff::Timestamp::now() + jiff::SignedDuration::from_hours(3);
    let ran = home.ok(&["log", "lunch", "--at", &ahead.to_string()]).says(&["is still to come", "--at \"yesterday 21:30\""]);
    assert!(ran.stdout.starts_with("logged lunch"), "{ran:?}");
    assert_eq!(home.list()[0]["backfilled"], false);
}

#[test]
fn a_machine_that_says_no_zone_or_nonsense_still_tells_times() {
    let home = Home::robin();
    let log = |zone: Option<&str>| {
        let mut command = home.command(&["log", "lunch", "--at", "2024-07-01T10:00", "--json"]);
        match zone {
            Some(zone) => command.env("TZ", zone),
            None => command.env_remove("TZ"),
        };
        let ran = finish(command, None).exits(0);
        (ran.data()["occurred_at"].as_str().unwrap().to_owned(), ran.stderr)
    };
    let machine = log(None).0;
    assert!(machine.starts_with("2024-07-01T10:00:00"), "{machine}");
    assert_eq!(log(Some("")).0, "2024-07-01T10:00:00+00:00[UTC]");
    assert_eq!(log(Some(":/etc/localtime")).0, machine, "the machine's own file");
    for nonsense in ["nonsense", "Mars/Olympus", ":/nowhere", "Europe/Lodnon"] {
        let (told, talk) = log(Some(nonsense));
        assert_eq!(told, "2024-07-01T10:00:00+00:00[UTC]", "{nonsense}");
        assert!(talk.contains("names no time zone: UTC is used") && talk.contains(nonsense), "{nonsense}: {talk}");
    }
    for (fixed, offset) in [("<+0530>-5:30", "+05:30[+05:30]"), ("XYZ4", "-04:00[-04:00]"), ("UTC0", "+00:00[UTC]")] {
        let (told, talk) = log(Some(fixed));
        assert_eq!(told, format!("2024-07-01T10:00:00{offset}"), "{fixed}: {talk}");
    }
    for (named, offset) in [(":Europe/London", "+01:00[Europe/London]"), ("Asia/Kathmandu", "+05:45[Asia/Kathmandu]")] {
        let (told, talk) = log(Some(named));
        assert_eq!((told, talk), (format!("2024-07-01T10:00:00{offset}"), String::new()), "{named}");
    }
}
