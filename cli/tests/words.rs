//! What the words of a command become, and what comes back: exit codes, envelopes, prompts, bad input, safe output.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test ends where something is not as it must be")]

mod support;

use asif_proto::local::{Check, Doctor, DraftAsk, ErrorKind, Failure, ListFilter, Reply, Request, ShareAsk, Status, Synced};
use asif_proto::record::{ClearField, Visibility};
use serde_json::json;
use support::{Cli, TestHome, listening, refuse, reply, session};

fn lunch(_: &Request) -> asif_proto::local::Answer {
    reply(Reply::Session(session(json!({}))))
}

#[test]
fn every_kind_of_error_has_its_exit_code() {
    for (kind, code, word) in [
        (ErrorKind::Failure, 1, "failure"),
        (ErrorKind::Usage, 2, "usage"),
        (ErrorKind::DaemonUnreachable, 3, "daemon_unreachable"),
        (ErrorKind::NotFound, 4, "not_found"),
        (ErrorKind::Locked, 5, "locked"),
        (ErrorKind::NotPermitted, 6, "not_permitted"),
        (ErrorKind::Precondition, 7, "precondition"),
        (ErrorKind::PeerUnreachable, 8, "peer_unreachable"),
        (ErrorKind::Integrity, 9, "integrity"),
        (ErrorKind::Interrupted, 130, "interrupted"),
    ] {
        let home = TestHome::with_daemon(move |_| refuse(Failure::new(kind, "it was not done").hint("do this")));
        let ran = home.run(&["undo"]);
        assert_eq!((ran.code, ran.stdout.as_str(), ran.stderr.as_str()), (code, "", "asif: it was not done\n  do this\n"));
        let ran = home.run(&["undo", "--json"]);
        assert_eq!((ran.code, ran.stderr.as_str()), (code, ""));
        assert_eq!(ran.json()["error"], json!({ "kind": word, "message": "it was not done", "hint": "do this" }));
    }
}

#[test]
fn a_session_in_json_is_the_record_itself() {
    let (home, _) = listening(lunch);
    let ran = home.run(&["log", "lunch", "--json"]);
    assert_eq!(ran.stdout.lines().count(), 1);
    assert!(ran.stdout.starts_with(r#"{"schema":"asif/1","data":{"type":"session","id":"019a"#), "{ran:?}");
    assert_eq!(ran.json()["data"]["acted_as_if"], json!(null));
}

#[test]
fn every_field_of_log_reaches_the_daemon() {
    let (home, asked) = listening(lunch);
    let words = "log lunch -b 30 -a 45 --acted 80 --felt-real 0 --felt-state numb --basis borrowed --borrowed 91c2 --expectancy 10 \
                 --willingness 60 --where chest --worse --stopped-early --repetitions 3 --duration 1h5m --at 21:30 --tag work --tag sun \
                 --private --note -";
    let ran = Cli::new(&home).stdin("it rained\nall day\n").run(&words.split_whitespace().collect::<Vec<_>>());
    assert_eq!(ran.code, 0, "{ran:?}");
    let Request::Log { practice, fields } = asked.try_recv().unwrap() else { panic!("not a log") };
    assert_eq!(practice.as_deref(), Some("lunch"));
    assert_eq!(
        serde_json::to_value(&fields).unwrap(),
        json!({
            "before": 30, "after": 45, "acted_as_if": 80, "felt_real": 0, "felt_state": "numb", "basis": "borrowed", "borrowed": "91c2",
            "expectancy": 10, "willingness": 60, "where_felt": "chest", "felt_worse": true, "stopped_early": true, "repetitions": 3,
            "duration_s": 3900, "at": "2026-11-23T21:30:00+00:00[Europe/London]", "tags": ["work", "sun"], "visibility": "private", "note": "it rained\nall day",
            "marks": []
        })
    );
}

#[test]
fn what_is_not_said_is_not_sent() {
    let (home, asked) = listening(lunch);
    home.run(&["edit", "7f3a", "--clear", "felt-real", "--clear", "note"]);
    let Request::Edit { id, fields, clear, base: None } = asked.try_recv().unwrap() else { panic!("not an edit") };
    assert_eq!((id.as_str(), *fields), ("7f3a", Default::default()));
    assert_eq!(clear, [ClearField::FeltReal, ClearField::Note]);

    assert_eq!(home.run(&["edit", "7f3a"]).code, 2);
    assert!(asked.try_iter().all(|request| matches!(request, Request::Show { .. })), "an edit of nothing was asked for");
}

#[test]
fn a_rating_that_is_none_is_exit_2_before_the_daemon_is_asked() {
    let home = TestHome::new();
    for bad in ["101", "-1", "ten", "5.5", ""] {
        let ran = home.run(&["log", "lunch", "-b", bad]);
        assert_eq!(ran.code, 2, "{bad}: {ran:?}");
        assert!(ran.stderr.contains("whole number from 0 to 100"), "{ran:?}");
        let ran = home.run(&["log", "lunch", "--after", bad, "--json"]);
        assert_eq!((ran.code, &ran.json()["error"]["kind"]), (2, &json!("usage")), "{ran:?}");
    }
}

#[test]
fn mistaken_words_are_exit_2_and_json_where_it_was_asked_for() {
    let home = TestHome::new();
    assert_eq!(home.run(&["lgo", "lunch", "--json"]).json()["error"]["kind"], "usage");
    assert_eq!(home.run(&["--json", "log"]).code, 2);
    assert_eq!(home.run(&["log", "lunch", "--basis", "mine"]).code, 2);
    assert_eq!(home.run(&["log", "lunch", "--duration", "long"]).code, 2);
    std::fs::remove_dir(&home.home.data).unwrap();
    let ran = home.run(&[]);
    assert_eq!(ran.code, 0, "where nothing was begun, the help");
    assert!(ran.stdout.contains("asif tour") && ran.stderr.is_empty(), "{ran:?}");
    assert_eq!(home.run(&["--version"]).stdout, format!("asif {}\n", env!("CARGO_PKG_VERSION")));
}

#[test]
fn a_note_that_cannot_be_kept_is_exit_2_and_nothing_is_asked_for() {
    let (home, asked) = listening(lunch);
    for words in [&["log", "lunch", "--note", "-"][..], &["note", "-"], &["edit", "7f3a", "--note", "-"]] {
        let ran = Cli::new(&home).stdin(vec![b'x'; 2 << 20]).run(words);
        assert_eq!(ran.code, 2, "{ran:?}");
        assert!(ran.stderr.contains("128 KiB"), "{ran:?}");
        let ran = Cli::new(&home).stdin([b'a', 0xff, b'b']).run(words);
        assert_eq!(ran.code, 2, "{ran:?}");
        assert!(ran.stderr.contains("UTF-8"), "{ran:?}");
    }
    assert!(asked.try_iter().all(|request| matches!(request, Request::Show { .. })), "something was asked");
}

#[test]
fn the_longest_note_fits_even_where_every_byte_is_escaped() {
    let (home, asked) = listening(lunch);
    let ran = Cli::new(&home).stdin(vec![1; 128 * 1024]).run(&["log", "lunch", "--note", "-"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    let Request::Log { fields, .. } = asked.try_recv().unwrap() else { panic!("not a log") };
    assert_eq!(fields.note.unwrap().len(), 128 * 1024);
}

#[test]
fn an_empty_note_is_logged_without_one_and_said() {
    let (home, asked) = listening(lunch);
    let ran = home.run(&["log", "lunch", "--note", "-"]);
    assert_eq!(ran.code, 0);
    assert!(ran.stderr.contains("logged without one"), "{ran:?}");
    let Request::Log { fields, .. } = asked.try_recv().unwrap() else { panic!("not a log") };
    assert_eq!(fields.note, None);

    let ran = home.run(&["note", "-"]);
    assert!(ran.stderr.contains("nothing was stored"), "{ran:?}");
    assert!(asked.try_recv().is_err(), "an empty note was stored");
}

#[test]
fn a_note_is_asked_for_on_a_terminal_and_nowhere_else() {
    let (home, asked) = listening(|request| match request {
        Request::Draft(DraftAsk::Keep(keeping)) => reply(Reply::Draft(keeping.draft.clone())),
        other => lunch(other),
    });
    let ran = home.run(&["note"]);
    assert_eq!(ran.code, 2);
    assert!(ran.stderr.contains("asif note -"), "{ran:?}");
    assert_eq!(Cli::with_person(&home, "no\n").run(&["note", "--no-input"]).code, 2);
    assert_eq!(home.run(&["note", "words", "--json"]).code, 2);
    assert!(asked.try_recv().is_err());

    let ran = Cli::with_person(&home, "one\ntwo\n").run(&["note", "--private"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    assert_eq!(asked.try_recv().unwrap(), Request::PracticeList { all: false }, "whether there is a journal is asked before they type");
    let Request::Draft(DraftAsk::Keep(keeping)) = asked.try_recv().unwrap() else { panic!("nothing was kept") };
    let draft = keeping.draft;
    assert_eq!((draft.words.as_slice(), draft.answers["text"].as_str()), (&["note".to_owned(), "--private".to_owned()][..], "one\ntwo\n"));
    // A slow machine keeps the draft once more.
    let log = asked.try_iter().find(|request| !matches!(request, Request::Draft(DraftAsk::Keep(_))));
    let Some(Request::Log { practice: None, fields }) = log else { panic!("not a note: {log:?}") };
    let Request::Draft(DraftAsk::Drop { id, after: Some(_) }) = asked.try_recv().unwrap() else { panic!("not forgotten") };
    assert_eq!(id, Some(draft.id.to_string()));
    assert_eq!((fields.note.as_deref(), fields.visibility), (Some("one\ntwo"), Some(Visibility::Private)));
}

#[test]
fn nothing_in_a_record_steers_the_terminal() {
    let nasty = json!({
        "note": "\u{1b}]0;owned\u{7}\n\u{9b}31mred\rover\u{202e}gnp", "practice": "\u{1b}[2Jlunch", "where_felt": "\u{1b}[5m",
        "tags": ["\u{8}\u{7f}"], "device": "\u{1b}c", "conflicts": [{ "field": "no\u{1b}te", "others": ["\u{1b}[8m"] }]
    });
    let (home, _) = listening(move |request| match request {
        Request::List(_) => reply(Reply::Sessions(vec![session(nasty.clone())])),
        Request::Undo => refuse(Failure::new(ErrorKind::NotFound, "no \u{1b}[2J").hint("\u{9b}2J")),
        _ => reply(Reply::Session(session(nasty.clone()))),
    });
    let steering = |letter: char| (letter.is_control() && letter != '\n') || letter == '\u{202e}';
    for words in [&["list"][..], &["list", "--plain"], &["show", "7f3a"], &["log", "lunch"], &["delete", "7f3a", "--yes"], &["undo"]] {
        let ran = home.run(words);
        let text = format!("{}{}", ran.stdout, ran.stderr);
        assert!(!text.contains(steering), "{words:?}: {text:?}");
    }
    let ran = Cli::with_person(&home, "n\n").run(&["delete", "7f3a"]);
    assert!(!ran.stderr.contains('\u{1b}'), "{ran:?}");

    let ran = home.run(&["show", "7f3a", "--json"]);
    assert_eq!(ran.json()["data"]["note"], "\u{1b}]0;owned\u{7}\n\u{9b}31mred\rover\u{202e}gnp");
    assert!(!ran.stdout.contains(steering), "{ran:?}");
}

#[test]
fn a_terminal_shows_twenty_and_says_that_there_are_more() {
    let many = |limit: Option<usize>| (0..limit.unwrap_or(50).min(50)).map(|_| session(json!({}))).collect();
    let (home, asked) = listening(move |request| match request {
        Request::List(filter) => reply(Reply::Sessions(many(filter.limit))),
        other => panic!("{other:?}"),
    });
    let ran = Cli::with_person(&home, "").run(&["list"]);
    assert_eq!(ran.stdout.lines().count(), 21, "{ran:?}");
    assert!(ran.stderr.contains("There are older ones"), "{ran:?}");
    assert_eq!(home.run(&["list", "--json"]).json()["data"].as_array().unwrap().len(), 50);
    assert_eq!(home.run(&["list"]).stdout.lines().count(), 51);
    asked.try_iter().for_each(drop);

    home.run(&["list", "--since", "2026-11-01", "--until", "7d", "--practice", "lunch", "--tag", "work", "--limit", "10", "--deleted"]);
    let wanted = ListFilter {
        since: Some("2026-11-01".into()),
        until: Some("7d".into()),
        practice: Some("lunch".into()),
        tags: vec!["work".into()],
        limit: Some(10),
        deleted: true,
    };
    assert_eq!(asked.try_recv().unwrap(), Request::List(wanted));
}

#[test]
fn what_destroys_asks_first_or_takes_yes() {
    let (home, asked) = listening(lunch);
    for words in [&["delete", "7f3a"][..], &["share", "revoke", "Dana"]] {
        let ran = home.run(words);
        assert_eq!(ran.code, 2);
        assert!(ran.stderr.contains("--yes"), "{ran:?}");
    }
    assert!(asked.try_recv().is_err());

    let ran = Cli::with_person(&home, "\n").run(&["delete", "7f3a"]);
    assert!(ran.code == 0 && ran.stderr.contains("lunch 7f3a of Mon 23 Nov 12:41") && ran.stderr.contains("Nothing was deleted"));
    assert_eq!(asked.try_iter().collect::<Vec<_>>(), [Request::Show { id: "7f3a".into() }]);
    // Once it is gone, who had it is asked too, by its whole name; a program is told nothing that it did not ask for.
    let (delete, who_had_it) = (Request::Delete { id: "7f3a".into() }, Request::Share(ShareAsk::Hidden { id: session(json!({})).id }));
    Cli::with_person(&home, "y\n").run(&["delete", "7f3a"]);
    assert_eq!(asked.try_iter().skip(1).collect::<Vec<_>>(), [delete.clone(), who_had_it.clone()]);
    home.run(&["delete", "7f3a", "--yes"]);
    assert_eq!(asked.try_iter().collect::<Vec<_>>(), [delete.clone(), who_had_it]);
    home.run(&["delete", "7f3a", "--yes", "--json"]);
    assert_eq!(asked.try_iter().collect::<Vec<_>>(), [delete]);
}

#[test]
fn a_peer_that_is_not_reached_is_exit_8_with_the_reason() {
    let away = Synced { peers: vec![], unreached: [("Dana".to_owned(), "no route".to_owned())].into(), reached: [].into() };
    let (home, asked) = listening(move |_| reply(Reply::Synced(away.clone())));
    let ran = home.run(&["sync", "--wait", "--timeout", "3s"]);
    assert_eq!(ran.code, 8);
    assert!(ran.stderr.contains("Dana: no route"), "{ran:?}");
    assert_eq!(asked.try_recv().unwrap(), Request::Sync { wait_ms: Some(3000) });
    assert_eq!(home.run(&["sync"]).code, 0);
    assert_eq!(asked.try_recv().unwrap(), Request::Sync { wait_ms: None });
}

#[test]
fn the_doctor_tells_each_check_and_9_where_something_is_wrong() {
    let found = |ok| Doctor {
        checks: vec![
            Check { ok: true, kind: "journal".into(), text: "the vault opens".into(), hint: None },
            Check { ok, kind: "damage".into(), text: "the log of November".into(), hint: Some("asif doctor --rebuild".into()) },
        ],
        rebuilt: false,
    };
    let home = TestHome::with_daemon(move |request| reply(Reply::Doctor(found(request == Request::Doctor { rebuild: true }))));
    let ran = home.run(&["doctor"]);
    assert_eq!(ran.code, 9);
    assert!(ran.stdout.contains("ok         the vault opens\nlook here  the log of November\n"), "{ran:?}");
    assert!(ran.stdout.contains("asif doctor --rebuild"), "{ran:?}");
    let ran = home.run(&["doctor", "--rebuild", "--json"]);
    assert_eq!((ran.code, &ran.json()["data"]["checks"][1]["ok"]), (0, &json!(true)));
}

fn status(initialised: bool, home: &asif_proto::home::Home) -> Status {
    serde_json::from_value(json!({
        "daemon": { "pid": 7, "version": "0.1.0" }, "initialised": initialised, "locked": false, "name": "Robin",
        "journal": { "sessions": 412, "practices": 3 }, "clients": 0, "safely_stored_on": 2, "listen": ["127.0.0.1:4433"],
        "devices": [
            { "name": "laptop", "id": "aa", "this": true, "last_sync": null, "connected": false },
            { "name": "desktop", "id": "bb", "this": false, "last_sync": "2026-11-23T12:38:00Z", "connected": true }
        ],
        "helpers": [
            { "name": "Dana", "role": "therapist", "until": "2027-02-21T00:00:00+00:00[Europe/London]", "joined": true, "last_sync": null }
        ],
        "vault": "key file", "problems": 0, "paths": home
    }))
    .unwrap()
}

#[test]
fn status_is_told_in_a_few_words() {
    let paths = TestHome::new().home.clone();
    let home = TestHome::with_daemon(move |_| reply(Reply::Status(status(true, &paths))));
    let ran = home.run(&["status"]);
    let text = ran.stdout.replace('\n', " ");
    for part in [
        "daemon ok · unlocked (key file; a passphrase is not set)",
        "2 devices, last sync 3 min ago",
        "1 helper (Dana, until 21 Feb 2027)",
        "safely stored on 2 devices",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
    let plain = home.run(&["status", "--plain"]).stdout;
    assert!(plain.starts_with("daemon ok\nunlocked") && !plain.contains('·'), "{plain}");
    let data = home.run(&["status", "--json"]).json()["data"].clone();
    assert_eq!((&data["daemon"]["pid"], &data["journal"]["sessions"], &data["locked"]), (&json!(7), &json!(412), &json!(false)));
}

#[test]
fn a_journal_begins_without_questions_where_nobody_can_be_asked() {
    let paths = TestHome::new().home.clone();
    let (home, asked) = listening(move |request| reply(Reply::Status(status(!matches!(request, Request::Status), &paths))));
    let ran = home.run(&["init", "--no-input", "--name", "Robin", "--device", "laptop"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    assert!(ran.stderr.contains("stays on this machine") && ran.stdout.contains("Next: asif demo politeness"), "{ran:?}");
    let plain = Request::Init { name: Some("Robin".into()), device: Some("laptop".into()), wish: None, goal: None };
    assert_eq!(asked.try_iter().collect::<Vec<_>>(), [plain]);
}
