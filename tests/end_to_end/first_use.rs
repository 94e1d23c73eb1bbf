//! One person, one machine: what they write down is what they read.

use asif_proto::local::{Reply, Request};
use asif_proto::record::SessionFields;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::harness::Home;
use crate::socket::Socket;

#[test]
fn a_journal_begins_without_a_question() {
    let home = Home::new();
    let ran = home.ok(&["init", "--no-input", "--name", "Robin", "--device", "laptop"]);
    assert!(ran.stderr.contains("Your journal stays on this machine. Nothing is sent anywhere"), "{ran:?}");
    let status = home.json(&["status"]);
    assert_eq!((&status["name"], &status["initialised"]), (&json!("Robin"), &json!(true)));
    home.refuses(7, &["init", "--no-input"]);
    assert_eq!(home.json(&["status"])["name"], "Robin");
}

#[test]
fn the_daemon_has_no_network_socket_before_it_is_needed() {
    let home = Home::robin();
    assert_eq!(home.json(&["status"])["listen"], json!([]));
    assert!(!home.path().join("state/port").exists());
    home.device_ticket();
    assert_eq!(home.json(&["status"])["listen"].as_array().unwrap().len(), 1);
}

#[test]
fn before_init_a_command_says_what_to_do() {
    let home = Home::new();
    for args in [&["list"][..], &["log", "lunch"], &["undo"], &["practice", "list"], &["device", "pair", "--yes"], &["caseload"]] {
        home.refuses(7, args).says(&["asif init"]);
    }
    assert_eq!(home.json(&["status"])["initialised"], json!(false));
}

#[test]
fn the_status_has_the_shape_that_scripts_use() {
    let home = Home::robin();
    home.log(&["-b", "30", "-a", "45"]);
    let status = home.json(&["status"]);
    assert_eq!(status["daemon"]["pid"], json!(home.pid()));
    assert_eq!(status["daemon"]["version"], env!("CARGO_PKG_VERSION"));
    assert_eq!(status["locked"], json!(false));
    assert_eq!(status["journal"], json!({ "sessions": 1, "practices": 1 }));
    assert_eq!(status["devices"].as_array().unwrap().len(), 1);
    assert_eq!(status["devices"][0]["name"], "laptop");
    assert_eq!(status["devices"][0]["this"], json!(true));
    assert_eq!(status["devices"][0]["last_sync"], Value::Null);
    assert_eq!(status["helpers"], json!([]));
    assert_eq!(status["safely_stored_on"], json!(1));
    assert_eq!(status["listen"], json!([]));

    let paths = home.json(&["status", "--paths"]);
    for (name, below) in [("data", "data"), ("state", "state"), ("config", "config.toml"), ("socket", "run/asifd.sock")] {
        assert_eq!(paths[name], json!(home.path().join(below)));
    }
    assert!(home.ok(&["status"]).stdout.contains("laptop") || home.ok(&["status"]).stdout.contains("1 device"), "plain");
}

#[test]
fn what_is_logged_is_told_and_listed_newest_first() {
    let home = Home::robin();
    let plain = home.ok(&["log", "lunch", "-b", "30", "-a", "45"]).stdout;
    assert!(plain.starts_with("logged lunch  ") && plain.contains("feeling 30 -> 45  (undo: asif undo)"), "{plain}");
    let older = home.log(&["-b", "1", "--at", "2024-11-20T21:30"]);
    let list = home.list();
    assert_eq!(list.len(), 2);
    assert_eq!(list[1]["id"], json!(older));
    assert_eq!(list[1]["occurred_at"], "2024-11-20T21:30:00+00:00[Europe/London]");
    assert_eq!(list[1]["backfilled"], json!(true));
    assert_eq!(list[0]["backfilled"], json!(false));
    assert_eq!(list[0]["before"], json!(30));
    assert_eq!(list[0]["acted_as_if"], Value::Null, "absent is null, never 0");
    assert_eq!(home.ok(&["list"]).stdout.lines().count(), 3, "a head and two lines");
}

#[test]
fn every_field_of_log_comes_back_in_show() {
    let home = Home::robin();
    let note = "First line.\nSecond, mit Umlaut: äöü, and \u{1f331}.";
    let args = [
        "log",
        "lunch",
        "--before",
        "30",
        "--after",
        "45",
        "--acted",
        "80",
        "--felt-real",
        "0",
        "--felt-state",
        "numb",
        "--basis",
        "leap",
        "--expectancy",
        "20",
        "--willingness",
        "60",
        "--where",
        "chest",
        "--worse",
        "--stopped-early",
        "--repetitions",
        "31",
        "--duration",
        "8m",
        "--at",
        "2024-06-20T21:30",
        "--tag",
        "work",
        "--tag",
        "canal",
        "--private",
        "--note",
        "-",
        "--json",
    ];
    let logged = home.run_with(&args, note.as_bytes()).exits(0).data();
    let shown = home.json(&["show", logged["id"].as_str().unwrap()]);
    assert_eq!(shown, logged);
    let said = json!({
        "type": "session", "practice": "lunch", "occurred_at": "2024-06-20T21:30:00+01:00[Europe/London]", "backfilled": true,
        "before": 30, "after": 45, "acted_as_if": 80, "felt_real": 0, "felt_state": "numb", "basis": "leap", "borrowed_belief": null,
        "expectancy": 20, "willingness": 60, "repetitions": 31, "duration_s": 480, "where_felt": "chest", "felt_worse": true,
        "stopped_early": true, "note": note, "tags": ["canal", "work"], "visibility": "private", "deleted": false, "device": "laptop",
    });
    for (field, value) in said.as_object().unwrap() {
        assert_eq!(&shown[field], value, "{field}");
    }
    // Also by the short end of its id, in words, and after the daemon was started again.
    let short = &logged["id"].as_str().unwrap()[32..];
    let words = home.ok(&["show", short]).stdout;
    assert!(words.contains("First line.") && words.contains("äöü"), "{words}");
    home.stop();
    assert_eq!(home.json(&["show", short]), logged);
}

#[test]
fn an_edit_changes_what_it_names_and_clear_empties_it() {
    let home = Home::robin();
    let id =
        home.log(&["-b", "30", "-a", "45", "--acted", "80", "--tag", "work", "--note", "one", "--private", "--worse", "--basis", "leap"]);
    let edited = home.json(&["edit", &id, "--felt-real", "30", "--where", "chest", "--tag", "late", "--note", "two", "--before", "0"]);
    assert_eq!((&edited["felt_real"], &edited["where_felt"], &edited["before"]), (&json!(30), &json!("chest"), &json!(0)));
    assert_eq!((&edited["note"], &edited["tags"]), (&json!("two"), &json!(["late", "work"])));
    assert_eq!(edited["after"], json!(45), "what was not named stays");
    let fields = [
        "before",
        "after",
        "acted",
        "felt-real",
        "felt-state",
        "borrowed",
        "expectancy",
        "willingness",
        "where",
        "worse",
        "stopped-early",
        "repetitions",
        "duration",
        "tags",
        "note",
        "private",
    ];
    let clear: Vec<&str> = fields.iter().flat_map(|field| ["--clear", field]).collect();
    let cleared = home.json(&[&["edit", id.as_str()], &clear[..]].concat());
    for field in ["before", "after", "acted_as_if", "felt_real", "where_felt", "note", "felt_state", "expectancy", "repetitions"] {
        assert_eq!(cleared[field], Value::Null, "{field}");
    }
    assert_eq!((&cleared["felt_worse"], &cleared["tags"], &cleared["visibility"]), (&json!(false), &json!([]), &json!("inherit")));
    assert_eq!((&cleared["practice"], &cleared["basis"]), (&json!("lunch"), &json!("leap")));
    assert_eq!(home.json(&["show", &id]), cleared);
    home.refuses(2, &["edit", &id]);
    home.refuses(2, &["edit", &id, "--clear", "everything"]);
    home.refuses(4, &["edit", "ffffffff", "-b", "1"]);
}

#[test]
fn a_deleted_session_is_hidden_and_comes_back() {
    let home = Home::robin();
    let id = home.log(&["-b", "30"]);
    home.refuses(2, &["delete", &id]).says(&["--yes"]);
    assert_eq!(home.list().len(), 1, "nothing is deleted unasked");
    home.ok(&["delete", &id, "--yes"]);
    assert_eq!(home.list().len(), 0);
    assert_eq!(home.json(&["list", "--deleted"]).as_array().unwrap().len(), 1);
    assert_eq!(home.json(&["status"])["journal"]["sessions"], json!(0));
    home.refuses(7, &["edit", &id, "-b", "1"]).says(&["asif restore"]);
    home.ok(&["restore", &id]);
    assert_eq!(home.list()[0]["before"], json!(30));
}

#[test]
fn a_deleted_practice_comes_back_under_its_name() {
    let home = Home::robin();
    home.ok(&["delete", "lunch", "--yes"]);
    assert_eq!(home.json(&["practice", "list"]), json!([]));
    home.ok(&["restore", "lunch"]);
    assert_eq!(home.json(&["practice", "list"])[0]["slug"], "lunch");
}

#[test]
fn undo_takes_back_the_last_change_and_then_the_one_before() {
    let home = Home::robin();
    let id = home.log(&["-b", "30"]);
    home.ok(&["edit", &id, "-b", "60"]);
    home.ok(&["delete", &id, "--yes"]);
    assert_eq!(home.json(&["undo"])["what"], "delete");
    assert_eq!(home.list()[0]["before"], json!(60));
    home.stop();
    assert_eq!(home.json(&["undo"])["what"], "edit");
    assert_eq!(home.list()[0]["before"], json!(30));
    assert_eq!(home.json(&["undo"])["what"], "log");
    assert_eq!(home.list().len(), 0);
    assert_eq!(home.json(&["undo"])["what"], "practice add");
    assert_eq!(home.json(&["practice", "list"]), json!([]));
    home.refuses(7, &["undo"]);
}

#[test]
fn practices_are_added_shown_listed_and_put_away() {
    let home = Home::robin();
    let args = [
        "practice",
        "add",
        "Speak to myself as I would to M.",
        "--slug",
        "speak-as-m",
        "--kind",
        "self-talk",
        "--difficulty",
        "25",
        "--when",
        "mornings",
        "--where",
        "mirror",
        "--how-long",
        "2 min",
        "--cue",
        "toothbrush",
        "--frequency",
        "daily",
        "--description",
        "-",
        "--private",
        "--json",
    ];
    let added = home.run_with(&args, b"More words.\n").exits(0).data();
    assert_eq!(home.json(&["practice", "show", "speak-as-m"]), added);
    let said = json!({
        "type": "practice", "slug": "speak-as-m", "kind": "self_talk", "difficulty": 25, "cue": "toothbrush", "frequency": "daily",
        "specificity": { "when": "mornings", "where": "mirror", "how_long": "2 min" }, "description": "More words.", "status": "active",
        "visibility": "private", "sessions": 0,
    });
    for (field, value) in said.as_object().unwrap() {
        assert_eq!(&added[field], value, "{field}");
    }
    home.refuses(7, &["practice", "add", "Another", "--slug", "lunch"]);
    home.ok(&["log", "speak-as-m", "-b", "1"]);
    home.ok(&["practice", "archive", "speak-as-m"]);
    let slugs = |args: &[&str]| -> Vec<String> {
        home.json(args).as_array().unwrap().iter().map(|practice| practice["slug"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(slugs(&["practice", "list"]), ["lunch"]);
    assert_eq!(slugs(&["practice", "list", "--all"]), ["lunch", "speak-as-m"]);
    assert_eq!(home.list()[0]["practice"], "speak-as-m", "its sessions stay");
}

#[test]
fn a_note_needs_no_practice() {
    let home = Home::robin();
    let note = home.run_with(&["note", "-", "--tag", "rain", "--json"], b"It rained.\n").exits(0).data();
    assert_eq!((&note["practice"], &note["note"], &note["tags"]), (&Value::Null, &json!("It rained."), &json!(["rain"])));
    assert_eq!(home.list()[0], note);
    home.run_with(&["note", "-"], b"").exits(0).says(&["nothing was stored"]);
    home.refuses(2, &["note", "in the shell's history"]);
    assert_eq!(home.list().len(), 1);
}

#[test]
fn list_finds_by_day_practice_tag_and_number() {
    let home = Home::robin();
    home.ok(&["practice", "add", "Sit", "--slug", "sit"]);
    home.log(&["--at", "2024-11-20T23:59:59", "--tag", "work"]);
    home.log(&["--at", "2024-11-21T00:00:00", "--tag", "work", "--tag", "late"]);
    home.ok(&["log", "sit", "--at", "2024-11-22T12:00"]);
    let count = |args: &[&str]| home.json(&[&["list"], args].concat()).as_array().unwrap().len();
    assert_eq!(count(&[]), 3);
    assert_eq!(count(&["--since", "2024-11-21"]), 2);
    assert_eq!(count(&["--until", "2024-11-21"]), 1);
    assert_eq!(count(&["--practice", "sit"]), 1);
    assert_eq!(count(&["--tag", "work"]), 2);
    assert_eq!(count(&["--tag", "work", "--tag", "late"]), 1);
    assert_eq!(count(&["--limit", "2"]), 2);
    home.refuses(2, &["list", "--since", "2024-02-30"]);
    home.refuses(4, &["list", "--practice", "lunhc"]).says(&["lunch"]);
}

#[test]
fn an_id_is_known_by_a_unique_end_and_an_ambiguous_end_is_told_with_the_matches() {
    let home = Home::robin();
    let mut socket = Socket::open(&home);
    let ids = ["01a20963-0144-7096-b9d9-32871aaa1234", "01a20963-0144-7096-b9d9-32871bbb1234"];
    for id in ids {
        socket.reply(id.parse().unwrap(), Request::Log { practice: Some("lunch".into()), fields: Box::default() });
    }
    assert_eq!(home.json(&["show", "aaa1234"])["id"], ids[0]);
    home.refuses(2, &["show", "1234"]).says(&["aaa1234", "bbb1234"]);
    home.refuses(4, &["show", "9999"]);
}

#[test]
fn settings_are_kept_and_the_environment_beats_them() {
    let mut home = Home::robin();
    assert_eq!(home.json(&["config", "get", "listen"])["source"], "environment");
    home.env.retain(|(name, _)| *name != "ASIF_LISTEN");
    home.stop();
    assert_eq!(home.json(&["config", "get", "listen"])["source"], "default");
    home.ok(&["config", "set", "listen", "127.0.0.1:0"]);
    home.stop();
    let listen = home.json(&["config", "get", "listen"]);
    assert_eq!((&listen["value"], &listen["source"]), (&json!("127.0.0.1:0"), &json!("config")));
    home.refuses(2, &["config", "set", "listen", "lunch"]);
    home.refuses(2, &["config", "get", "lisen"]).says(&["listen"]);
    home.ok(&["config", "set", "listen", "--default"]);
    assert_eq!(home.json(&["config", "list"])[0]["source"], "default");
}

#[test]
fn a_rebuild_from_the_log_shows_the_same() {
    let home = Home::robin();
    let id = home.log(&["-b", "30", "--note", "kept"]);
    home.log(&["--at", "2023-01-01T10:00"]);
    let gone = home.log(&["-a", "1"]);
    home.ok(&["edit", &id, "--clear", "before", "--tag", "work"]);
    home.ok(&["delete", &gone, "--yes"]);
    let (list, practices) = (home.list(), home.json(&["practice", "list"]));
    assert!(home.json(&["doctor"])["checks"].as_array().unwrap().iter().all(|check| check["ok"] == json!(true)));
    assert_eq!(home.json(&["doctor", "--rebuild"])["rebuilt"], json!(true));
    assert_eq!((home.list(), home.json(&["practice", "list"])), (list.clone(), practices));
    home.stop();
    std::fs::remove_file(home.data().join("view")).unwrap();
    assert_eq!(home.list(), list, "the view is only a view");
    assert_eq!(home.json(&["undo"])["what"], "delete");
}

#[test]
fn a_request_sent_twice_is_carried_out_once() {
    let home = Home::robin();
    let (id, log) = (Uuid::now_v7(), Request::Log { practice: Some("lunch".into()), fields: Box::default() });
    let first = Socket::open(&home).reply(id, log.clone());
    assert_eq!(Socket::open(&home).reply(id, log.clone()), first);
    home.kill();
    home.start();
    assert_eq!(Socket::open(&home).reply(id, log), first, "also by a daemon that was killed in between");
    assert_eq!(home.list().len(), 1);

    let kept = home.log(&["-b", "7"]);
    let (id, delete) = (Uuid::now_v7(), Request::Delete { id: home.list()[1]["id"].as_str().unwrap().to_owned() });
    Socket::open(&home).reply(id, delete.clone());
    Socket::open(&home).reply(id, delete);
    let undo = Uuid::now_v7();
    let first = Socket::open(&home).reply(undo, Request::Undo);
    home.kill();
    home.start();
    assert_eq!(Socket::open(&home).reply(undo, Request::Undo), first, "the one before is not undone too");
    assert_eq!(home.list().len(), 2);
    assert_eq!(home.json(&["show", &kept])["deleted"], json!(false));
}

#[test]
fn an_answer_that_was_lost_to_a_kill_is_not_logged_twice() {
    let home = Home::robin();
    for round in 0..8u8 {
        let id = Uuid::now_v7();
        let fields = SessionFields { before: Some(round.try_into().unwrap()), ..SessionFields::default() };
        let log = Request::Log { practice: Some("lunch".into()), fields: Box::new(fields) };
        Socket::open(&home).send(id, log.clone());
        home.kill();
        home.start();
        assert!(matches!(Socket::open(&home).reply(id, log), Reply::Session(session) if session.id.0 == id));
    }
    assert_eq!(home.list().len(), 8);
}

#[test]
fn a_list_longer_than_one_message_arrives_whole() {
    let home = Home::robin();
    let note = "a line of a long note\n".repeat(5900);
    for _ in 0..12 {
        home.run_with(&["log", "lunch", "--note", "-"], note.as_bytes()).exits(0);
    }
    let list = home.list();
    assert!(serde_json::to_string(&list).unwrap().len() > 1 << 20);
    assert!(list.len() == 12 && list.iter().all(|one| one["note"].as_str() == Some(note.trim_end_matches('\n'))));
}

#[test]
fn an_init_whose_answer_was_lost_is_answered_again() {
    let home = Home::new();
    home.start();
    let (id, init) = (Uuid::now_v7(), Request::Init { name: None, device: None, wish: None, goal: None });
    Socket::open(&home).reply(id, init.clone());
    Socket::open(&home).reply(id, init);
}
