//! What cannot be meant is refused in words, with exit code 2 (4 for what is not there), and nothing is stored.

use std::process::Stdio;

use crate::harness::{Home, finish, shell};

/// Nothing was stored by what `with` did to a home with one session.
fn nothing_is_stored(with: impl FnOnce(&Home)) {
    let home = Home::robin();
    home.log(&["-b", "30"]);
    let before = (home.list(), home.json(&["practice", "list"]), home.json(&["doctor"]));
    with(&home);
    assert_eq!((home.list(), home.json(&["practice", "list"]), home.json(&["doctor"])), before);
}

#[test]
fn a_rating_beyond_the_scale_or_in_letters_is_refused() {
    nothing_is_stored(|home| {
        for bad in ["101", "-1", "ten", "", "50.5", "+5", "1e1", "٣"] {
            home.refuses(2, &["log", "lunch", "--before", bad]).says(&["0", "100"]);
            home.refuses(2, &["log", "lunch", "-a", bad]);
            home.refuses(2, &["practice", "add", "New", "--difficulty", bad]);
        }
    });
}

#[test]
fn an_unknown_practice_is_answered_with_the_nearest_names() {
    nothing_is_stored(|home| {
        home.refuses(4, &["log", "lucnh", "-b", "1"]).says(&["lunch"]);
        let error = home.run(&["log", "lucnh", "--json"]).envelope();
        assert_eq!(error["error"]["kind"], "not_found");
        assert!(error["error"]["hint"].as_str().unwrap().contains("lunch"), "{error}");
        home.refuses(4, &["practice", "show", "x"]);
    });
}

#[test]
fn a_note_of_two_megabytes_is_refused() {
    nothing_is_stored(|home| {
        let note = vec![b'x'; 2 << 20];
        let json = home.run_with(&["log", "lunch", "--note", "-", "--json"], &note).exits(2).envelope();
        assert_eq!(json["error"]["kind"], "usage");
        home.run_with(&["log", "lunch", "--note", "-"], &note).exits(2).says(&["128 KiB", "nothing was stored"]);
        home.run_with(&["note", "-"], &note).exits(2).says(&["nothing was stored"]);
        let id = home.list()[0]["id"].as_str().unwrap().to_owned();
        home.run_with(&["edit", &id, "--note", "-"], &note).exits(2).says(&["nothing was stored"]);
    });
}

#[test]
fn a_note_at_the_limit_is_stored_whole_and_one_byte_more_is_refused() {
    let home = Home::robin();
    // What JSON makes six times as long is no longer for that.
    for byte in [b'x', 0x01] {
        let note = vec![byte; 128 * 1024];
        let logged = home.run_with(&["log", "lunch", "--note", "-", "--json"], &note).exits(0).data();
        assert_eq!(logged["note"].as_str().unwrap().as_bytes(), note);
        assert_eq!(home.json(&["show", logged["id"].as_str().unwrap()])["note"], logged["note"]);
        let line = home.run_with(&["log", "lunch", "--note", "-", "--json"], &[&note[..], b"\n"].concat()).exits(0).data();
        assert_eq!(line["note"], logged["note"], "the line break at its end does not count");
        home.run_with(&["log", "lunch", "--note", "-"], &[&note[..], b"x"].concat()).exits(2);
    }
    assert_eq!(home.list().len(), 4);
}

#[test]
fn a_note_that_is_no_text_is_refused() {
    nothing_is_stored(|home| {
        for bad in [&b"caf\xe9"[..], b"\xff\xfe", b"\xed\xa0\x80", b"ok \xf0\x9f\x8c"] {
            home.run_with(&["log", "lunch", "--note", "-"], bad).exits(2).says(&["UTF-8", "nothing was stored"]);
            home.run_with(&["note", "-"], bad).exits(2).says(&["UTF-8"]);
        }
    });
}

#[test]
fn an_empty_standard_input_is_no_note_and_that_is_said() {
    let home = Home::robin();
    for empty in [&b""[..], b"\n"] {
        let ran = home.run_with(&["log", "lunch", "-b", "1", "--note", "-", "--json"], empty).exits(0);
        assert!(ran.stderr.contains("the note was empty: logged without one"), "{ran:?}");
        assert_eq!(ran.data()["note"], serde_json::Value::Null);
    }
    let mut closed = shell("exec \"$@\" <&-", &[]);
    closed.arg(env!("CARGO_BIN_EXE_asif")).args(["log", "lunch", "--note", "-"]).env("ASIF_HOME", home.path()).stdin(Stdio::null());
    finish(closed, None).exits(0).says(&["the note was empty"]);
    assert_eq!(home.list().len(), 3);
}

#[test]
fn a_time_that_never_was_is_refused_with_what_it_may_have_been() {
    nothing_is_stored(|home| {
        for bad in ["2024-02-30T10:00", "2023-02-29T10:00", "2024-13-01T10:00", "25:00", "soon", "", "2024-11-20", "1969-12-31T10:00"] {
            home.refuses(2, &["log", "lunch", "--at", bad]);
        }
        // In London the clocks went from 01:00 to 02:00.
        let gap = home.refuses(2, &["log", "lunch", "--at", "2024-03-31T01:30"]);
        gap.says(&["the clocks went forward", "00:30", "02:30", "Europe/London"]);
        home.refuses(2, &["log", "lunch", "--at", "2024-10-27T01:30"]).says(&["came twice", "+01:00", "+00:00"]);
        let id = home.list()[0]["id"].as_str().unwrap().to_owned();
        home.refuses(2, &["edit", &id, "--at", "2024-03-31T01:30"]);
    });
}

#[test]
fn the_same_time_is_there_in_another_zone() {
    let mut home = Home::robin();
    home.env.retain(|(name, _)| *name != "TZ");
    home.env.push(("TZ", "America/New_York".to_owned()));
    let logged = home.json(&["log", "lunch", "--at", "2024-03-31T01:30"]);
    assert_eq!(logged["occurred_at"], "2024-03-31T01:30:00-04:00[America/New_York]");
    let twice = home.json(&["log", "lunch", "--at", "2024-10-27T01:30:00+01:00[Europe/London]"]);
    assert_eq!(twice["occurred_at"], "2024-10-27T01:30:00+01:00[Europe/London]");
}

#[test]
fn a_zone_without_a_name_keeps_its_offset() {
    let mut home = Home::robin();
    home.env.retain(|(name, _)| *name != "TZ");
    // The clocks do not change where this is now.
    home.env.push(("TZ", "ABC-3:30".to_owned()));
    let ran = home.run(&["log", "lunch", "--at", "2024-03-31T01:30", "--json"]).exits(0).says(&["has no name", "+03:30"]);
    assert_eq!(ran.data()["occurred_at"], "2024-03-31T01:30:00+03:30[+03:30]");
    home.ok(&["daemon", "restart"]);
    assert_eq!(home.list()[0]["occurred_at"], "2024-03-31T01:30:00+03:30[+03:30]");
}

#[test]
fn words_that_are_not_known_are_refused() {
    nothing_is_stored(|home| {
        for args in [
            &["log", "lunch", "--felt-state", "fine"][..],
            &["log", "lunch", "--basis", "hope"],
            &["log", "lunch", "--duration", "8 minutes"],
            &["log", "lunch", "--repetitions", "-1"],
            &["log", "lunch", "--tag", ""],
            &["log", "lunch", "--unknown"],
            &["log"],
            &["practice", "add", ""],
            &["practice", "add", "Sit", "--slug", "Sit Down"],
            &["practice", "add", "Sit", "--kind", "sitting"],
            &["share", "invite", "--name", "Dana", "--scope", "everything", "--dry-run"],
            &["share", "invite", "--name", "Dana", "--role", "doctor", "--dry-run"],
            &["share", "invite", "--name", " ", "--dry-run"],
            &["share", "invite", "--name", "Dana", "--since", "2024-02-30", "--dry-run"],
            &["share", "invite", "--name", "Dana", "--since", "2024-02-02", "--until", "2024-02-01", "--dry-run"],
            &["device", "pair", "--no-wait"],
            &["device", "pair"],
            &["share", "invite", "--name", "Dana", "--no-wait"],
            &["share", "revoke", "Dana"],
            &["nothing"],
        ] {
            home.refuses(2, args);
        }
        home.refuses(7, &["log", "lunch", "--basis", "borrowed"]).says(&["asif borrow list"]);
        home.refuses(4, &["log", "lunch", "--borrowed", "ffff"]);
    });
}

#[test]
fn words_of_one_kind_of_record_beside_those_of_another_are_refused_and_nothing_is_stored() {
    let home = Home::robin();
    let note = home.log(&["--note", "as it was"]);
    let goal = home.json(&["goal", "add", "rest"])["id"].as_str().unwrap().to_owned();
    let before = (home.json(&["show", &note]), home.json(&["show", &goal]));
    let words: [&[&str]; 7] = [
        &["--text", "WORDS", "--tag", "work"],
        &["--learning", "WORDS", "--tag", "later"],
        &["--happened", "WORDS", "-b", "30"],
        &["--obstacles", "WORDS", "--where", "chest"],
        &["--amend", "45", "--amend-text", "WORDS", "--acted", "3"],
        &["--if-then", "WORDS", "--note", "other"],
        &["--supports", "new", "--worse"],
    ];
    for id in [&note, &goal] {
        for words in words {
            home.refuses(2, &[&["edit", id], words].concat()).says(&["another kind of record"]);
        }
        home.run_with(&["edit", id, "--text", "-", "--tag", "work"], b"WORDS").exits(2);
    }
    assert_eq!((home.json(&["show", &note]), home.json(&["show", &goal])), before);
}

#[test]
fn a_belief_that_an_experiment_does_not_test_is_not_rated_in_silence() {
    let home = Home::robin();
    let tried = home.json(&["try", "lunch", "--prediction", "20"])["id"].as_str().unwrap().to_owned();
    home.refuses(2, &["outcome", &tried, "--after", "30", "--head", "77"]).says(&["tests no belief", "asif belief rate"]);
    assert_eq!(home.json(&["show", &tried])["status"], "planned");
    let belief = home.json(&["belief", "add", "I deserve kindness", "--head", "1"])["id"].as_str().unwrap().to_owned();
    let tried = home.json(&["try", "lunch", "--prediction", "20", "--belief", &belief])["id"].as_str().unwrap().to_owned();
    home.ok(&["belief", "retire", &belief]);
    home.ok(&["outcome", &tried, "--after", "30", "--head", "77", "--heart", "66"]);
    let ratings = home.json(&["show", &belief])["ratings"].clone();
    assert!(ratings.as_array().unwrap().iter().any(|one| one["head"] == 77 && one["heart"] == 66), "{ratings}");
}

#[test]
fn a_reader_that_goes_away_is_no_error() {
    let home = Home::robin();
    home.log(&[]);
    let mut command = shell("\"$1\" list --json | true; \"$1\" list --json > /dev/full; echo $?", &[]);
    command.arg(env!("CARGO_BIN_EXE_asif")).env("ASIF_HOME", home.path());
    let ran = finish(command, None).exits(0);
    assert_eq!(ran.stdout, "1\n", "{ran:?}");
    assert!(!ran.stderr.contains("panicked"), "{ran:?}");
}
