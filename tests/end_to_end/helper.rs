//! A client and a helper: what is granted arrives, what is not never does, and nothing new after the end.

use serde_json::{Value, json};

use crate::harness::{Home, eventually};

/// What Dana sees of Robin.
#[track_caller]
pub(crate) fn opened(dana: &Home) -> Value {
    dana.json(&["caseload", "open", "Robin"])
}

/// How many sessions Dana sees of Robin.
#[track_caller]
pub(crate) fn sessions(dana: &Home) -> usize {
    opened(dana)["sessions"].as_array().unwrap().len()
}

/// Waits until Dana has heard that Robin ended it.
#[track_caller]
pub(crate) fn await_end(dana: &Home) {
    eventually("Dana hears of the end", || opened(dana)["ended"].is_string().then_some(()));
}

pub(crate) const RATINGS: &[&str] = &["--scope", "ratings", "--since", "2020-01-01"];

#[test]
fn a_helper_sees_the_sessions_that_were_granted() {
    let robin = Home::robin();
    robin.log(&["-b", "30", "-a", "45", "--acted", "80", "--at", "2024-05-01T12:00"]);
    let dana = Home::new();
    let joined = dana.json(&["helper", "join", &robin.helper_ticket(RATINGS), "--name", "Dana"]);
    assert_eq!((&joined["name"], &joined["sessions"]), (&json!("Robin"), &json!(1)));
    robin.log(&["-b", "20", "--worse"]);
    robin.sync();

    let caseload = dana.json(&["caseload"]);
    assert_eq!(caseload.as_array().unwrap().len(), 1);
    let row = &caseload[0];
    assert_eq!((&row["client"], &row["new"], &row["to_discuss"]), (&json!("Robin"), &json!(2), &json!(1)));
    assert_eq!((&row["until"], &row["ended"]), (&Value::Null, &Value::Null));
    assert!(row["last_synced"].is_string(), "{row}");

    let open = opened(&dana);
    assert_eq!((&open["client"], &open["ended"]), (&json!("Robin"), &Value::Null));
    assert_eq!(open["experiments"], json!([]));
    assert_eq!((&open["sessions"][0]["before"], &open["sessions"][0]["felt_worse"]), (&json!(20), &json!(true)), "newest first");
    let older = &open["sessions"][1];
    assert_eq!((&older["before"], &older["after"], &older["acted_as_if"]), (&json!(30), &json!(45), &json!(80)));
    assert_eq!((&older["practice"], &older["basis"]), (&json!("lunch"), &json!("own")));
    assert_eq!((&older["occurred_at"], &older["backfilled"]), (&json!("2024-05-01T12:00:00+01:00[Europe/London]"), &json!(true)));
    assert_eq!(open["practices"], json!([]), "practices are a scope of their own");
    assert_eq!(dana.json(&["caseload"])[0]["new"], json!(0), "opened is no longer new");
    assert!(dana.ok(&["caseload", "open", "Robin"]).stdout.contains("30 -> 45"));
    assert_eq!(dana.list().len(), 0, "it is not Dana's own journal");
    dana.refuses(4, &["caseload", "open", "Nobody"]);
}

#[test]
fn a_preview_shows_what_would_be_seen_and_invites_nobody() {
    let robin = Home::robin();
    robin.log(&["-b", "30", "-a", "45", "--note", "not for Dana"]);
    robin.log(&["-b", "1", "--private"]);
    robin.log(&["-b", "2", "--at", "2019-06-01T12:00"]);
    let args = ["share", "invite", "--name", "Dana", "--role", "therapist", "--scope", "ratings", "--since", "2020-01-01", "--dry-run"];
    let preview = robin.json(&args);
    assert_eq!((&preview["sessions"], &preview["notes"], &preview["client"]), (&json!(1), &json!(0), &json!("Robin")));
    let withheld = &preview["withheld"];
    let counted = |name: &str| withheld[name].as_u64().unwrap();
    assert_eq!(["notes", "private", "before_since", "practices"].map(counted), [1, 1, 1, 1], "{withheld}");
    assert_eq!(["after_until", "bare_notes", "held", "experiments", "phrases", "beliefs", "goals", "anchors"].map(counted), [0; 8]);
    assert_eq!((&preview["examples"][0]["before"], &preview["examples"][0]["note"]), (&json!(30), &Value::Null));
    let words = robin.ok(&args).stdout;
    assert!(words.contains("30") && !words.contains("not for Dana"), "{words}");
    assert_eq!(robin.json(&["share", "list"]), json!([]));
    assert_eq!(robin.json(&["status"])["listen"], json!([]), "a preview opens no network");

    // The same once Dana has joined, and then it is what Dana sees.
    let dana = robin.share_with_dana(RATINGS);
    let standing = robin.json(&["share", "preview", "Dana"]);
    assert_eq!((&standing["sessions"], &standing["withheld"]), (&preview["sessions"], &preview["withheld"]));
    let seen: Vec<Value> = opened(&dana)["sessions"].as_array().unwrap().iter().map(without_id).collect();
    assert_eq!(standing["examples"], json!(seen));
}

/// A preview has no items yet: their ids are made when they are shared.
fn without_id(session: &Value) -> Value {
    let mut session = session.clone();
    session["id"] = json!("0".repeat(session["id"].as_str().unwrap().len()));
    session
}

#[test]
fn private_sessions_and_fields_out_of_scope_never_reach_the_helper() {
    let robin = Home::robin();
    robin.ok(&["practice", "add", "MARK-title-private", "--slug", "mark-private", "--private"]);
    let add =
        ["practice", "add", "MARK-title", "--slug", "shown", "--cue", "MARK-cue", "--where", "MARK-place", "--description", "MARK-text"];
    robin.ok(&add);
    robin.ok(&["log", "shown", "-b", "11", "--note", "MARK-note", "--where", "MARK-chest", "--tag", "MARK-tag", "--felt-state", "numb"]);
    robin.ok(&["log", "shown", "-b", "12", "--expectancy", "77", "--willingness", "78", "--repetitions", "79", "--duration", "76"]);
    robin.ok(&["log", "mark-private", "-b", "13"]);
    robin.ok(&["log", "shown", "-b", "14", "--private"]);
    robin.run_with(&["note", "-"], b"MARK-bare").exits(0);
    robin.ok(&["log", "shown", "-b", "15", "--at", "2019-12-31T23:59:59"]);
    let later = robin.log(&["-b", "16"]);
    let dana = robin.share_with_dana(RATINGS);
    // What is written later is held back in the same way; what becomes private is taken away again.
    robin.ok(&["log", "shown", "-b", "17", "--note", "MARK-later", "--private"]);
    robin.ok(&["edit", &later, "--note", "MARK-edited", "--where", "MARK-where"]);
    robin.sync();
    let seen = opened(&dana);
    let befores = |seen: &Value| {
        let mut all: Vec<u64> = seen["sessions"].as_array().unwrap().iter().map(|one| one["before"].as_u64().unwrap()).collect();
        all.sort_unstable();
        all
    };
    // The session of a private practice is not itself private; nothing but its ratings could be told.
    assert!(!seen.to_string().contains("MARK") && !seen.to_string().contains("mark-private"), "{seen}");
    for field in ["expectancy", "willingness", "repetitions", "duration_s", "felt_state", "note", "where_felt", "tags"] {
        assert!(seen["sessions"].as_array().unwrap().iter().all(|one| one[field].is_null()), "{field}: {seen}");
    }
    for secret in ["numb", "77", "78", "79", "76"] {
        let text = seen["sessions"].to_string();
        assert!(!text.contains(&format!(":{secret},")) && !text.contains(&format!("\"{secret}\"")), "{secret}: {text}");
    }
    let all = befores(&seen);
    assert!([11, 12, 16].iter().all(|one| all.contains(one)) && ![14, 15, 17].iter().any(|one| all.contains(one)), "{all:?}");

    robin.ok(&["edit", &later, "--private"]);
    robin.sync();
    assert!(!befores(&opened(&dana)).contains(&16), "what became private is taken away");
    robin.ok(&["edit", &later, "--clear", "private"]);
    robin.sync();
    assert!(befores(&opened(&dana)).contains(&16));
    robin.ok(&["delete", &later, "--yes"]);
    robin.sync();
    assert!(!befores(&opened(&dana)).contains(&16), "what is deleted is taken away");
    // In words too.
    let words = dana.ok(&["caseload", "open", "Robin"]).stdout;
    assert!(!words.contains("MARK"), "{words}");
}

#[test]
fn each_scope_adds_its_own_fields() {
    let robin = Home::robin();
    robin.ok(&["practice", "add", "Speak kindly", "--slug", "speak", "--cue", "toothbrush", "--description", "the words"]);
    let fields = ["-b", "11", "--note", "a note", "--where", "chest", "--tag", "work", "--felt-state", "numb", "--willingness", "78"];
    robin.ok(&[&["log", "speak"], &fields[..]].concat());
    let seen = |scopes: &str| {
        let args = ["share", "invite", "--name", "Dana", "--scope", scopes, "--since", "2020-01-01", "--dry-run"];
        robin.json(&args)["examples"][0].clone()
    };
    let none = seen("ratings");
    assert_eq!((&none["before"], &none["willingness"], &none["note"]), (&json!(11), &Value::Null, &Value::Null));
    let practices = seen("ratings,practices");
    assert_eq!((&practices["willingness"], &practices["felt_state"]), (&json!(78), &Value::Null));
    assert_eq!((&seen("ratings,phrases")["felt_state"], &seen("ratings,phrases")["note"]), (&json!("numb"), &Value::Null));
    let notes = seen("ratings,notes");
    assert_eq!((&notes["note"], &notes["where_felt"], &notes["tags"]), (&json!("a note"), &json!("chest"), &json!(["work"])));
    let dana = robin.share_with_dana(&["--scope", "ratings,practices", "--since", "2020-01-01"]);
    let practice = opened(&dana)["practices"].as_array().unwrap().iter().find(|one| one["slug"] == "speak").unwrap().clone();
    assert_eq!(
        (&practice["title"], &practice["cue"], &practice["description"]),
        (&json!("Speak kindly"), &json!("toothbrush"), &Value::Null)
    );
}

#[test]
fn a_full_note_of_nothing_but_line_ends_is_shared_and_one_of_control_characters_stays_here() {
    let robin = Home::robin();
    let dana = robin.share_with_dana(&["--scope", "ratings,notes", "--since", "2020-01-01"]);
    let full = |letter: &str| letter.repeat(128 * 1024 - 2) + ".\n";
    for letter in ["\n", "\u{1}"] {
        robin.run_with(&["log", "lunch", "-b", "1", "--note", "-"], full(letter).as_bytes()).exits(0);
    }
    robin.log(&["-b", "2"]);
    robin.sync();
    let seen = opened(&dana)["sessions"].clone();
    let notes: Vec<_> = seen.as_array().unwrap().iter().map(|one| one["note"].as_str().map_or(0, str::len)).collect();
    assert_eq!(notes, [0, 0, 128 * 1024 - 1]);
    dana.ok(&["doctor"]);
    assert_eq!(robin.json(&["share", "preview", "Dana"])["withheld"]["notes"], 1);
}

#[test]
fn a_friend_sees_ratings_unless_more_is_said_and_a_grant_begins_today() {
    let robin = Home::robin();
    robin.log(&["-b", "1", "--at", "yesterday 12:00"]);
    robin.log(&["-b", "2"]);
    let scopes = |role: &str| robin.json(&["share", "invite", "--name", "Dana", "--role", role, "--dry-run"])["scopes"].clone();
    assert_eq!(scopes("friend"), json!(["ratings"]));
    assert_eq!(scopes("family"), json!(["ratings"]));
    assert_eq!(scopes("therapist"), json!(["ratings", "practices", "experiments"]));
    assert_eq!(robin.json(&["share", "invite", "--name", "Dana", "--dry-run"])["sessions"], json!(1));
}

#[test]
fn since_and_until_are_about_when_it_happened() {
    let robin = Home::robin();
    for (before, at) in
        [("1", "2024-01-31T23:59:59"), ("2", "2024-02-01T00:00:00"), ("3", "2024-02-29T23:59:59"), ("4", "2024-03-01T00:00:00")]
    {
        robin.log(&["-b", before, "--at", at]);
    }
    let dana = robin.share_with_dana(&["--scope", "ratings", "--since", "2024-02-01", "--until", "2024-03-01"]);
    let befores = |dana: &Home| opened(dana)["sessions"].as_array().unwrap().iter().map(|one| one["before"].clone()).collect::<Vec<_>>();
    assert_eq!(befores(&dana), [json!(3), json!(2)]);
    assert_eq!(dana.json(&["caseload"])[0]["until"], "2024-03-01T00:00:00+00:00[Europe/London]");
    // What is written down later about that time is shown; what is moved out of it is taken away.
    let late = robin.log(&["-b", "5", "--at", "2024-02-10T12:00"]);
    robin.log(&["-b", "6"]);
    robin.sync();
    assert_eq!(befores(&dana), [json!(3), json!(5), json!(2)]);
    robin.ok(&["edit", &late, "--at", "2024-03-10T12:00"]);
    robin.sync();
    assert_eq!(befores(&dana), [json!(3), json!(2)]);
}

#[test]
fn a_belief_is_lent_listed_leaned_on_and_ends_with_the_share() {
    let robin = Home::robin();
    robin.log(&[]);
    let dana = robin.share_with_dana(&["--scope", "ratings,practices", "--since", "2020-01-01"]);
    let words = "I have seen you do this for M.\nI think it will land.";
    let lent = dana.run_with(&["lend", "Robin", "lunch", "--strength", "85", "--text", "-", "--json"], words.as_bytes()).exits(0).data();
    dana.sync();
    let loans = robin.json(&["borrow", "list"]);
    let loan = &loans[0];
    assert_eq!(loans.as_array().unwrap().len(), 1);
    assert_eq!((&loan["lender"], &loan["practice"], &loan["strength"]), (&json!("Dana"), &json!("lunch"), &json!(85)));
    assert_eq!((&loan["statement"], &loan["id"], &loan["ended"]), (&json!(words), &lent["id"], &json!(false)));
    let id = loan["id"].as_str().unwrap();
    let logged = robin.json(&["log", "lunch", "--basis", "borrowed", "--borrowed", &id[id.len() - 6..]]);
    assert_eq!((&logged["basis"], &logged["borrowed_belief"]), (&json!("borrowed"), &loan["id"]));
    assert_eq!(robin.json(&["log", "lunch", "--basis", "borrowed"])["borrowed_belief"], loan["id"], "the only one need not be named");
    robin.refuses(2, &["log", "lunch", "--basis", "leap", "--borrowed", id]);
    let named = robin.json(&["log", "lunch", "--borrowed", id]);
    assert_eq!(named["basis"], "borrowed", "naming a loan says that it was borrowed");
    let cleared = robin.json(&["edit", named["id"].as_str().unwrap(), "--clear", "borrowed"]);
    assert_eq!((&cleared["basis"], &cleared["borrowed_belief"]), (&json!("own"), &Value::Null));
    robin.ok(&["delete", named["id"].as_str().unwrap(), "--yes"]);
    robin.ok(&["practice", "add", "Walk", "--slug", "walk"]);
    robin.refuses(7, &["log", "walk", "--borrowed", id]).says(&["another practice"]);
    assert_eq!(robin.json(&["show", id])["statement"], json!(words));
    robin.sync();
    assert_eq!(opened(&dana)["sessions"][0]["basis"], "borrowed");
    assert_eq!(opened(&dana)["loans"][0]["statement"], json!(words));

    dana.refuses(4, &["lend", "Robin", "sit", "--strength", "85", "--text", "x"]).says(&["lunch"]);
    dana.refuses(4, &["lend", "Nobody", "lunch", "--strength", "85", "--text", "x"]);
    dana.refuses(2, &["lend", "Robin", "lunch", "--strength", "850", "--text", "x"]);
    dana.run_with(&["lend", "Robin", "lunch", "--strength", "85", "--text", "-"], b"").exits(2);

    robin.ok(&["share", "revoke", "Dana", "--yes"]);
    assert_eq!(robin.json(&["borrow", "list"])[0]["ended"], json!(true));
    await_end(&dana);
    dana.refuses(7, &["lend", "Robin", "lunch", "--strength", "85", "--text", "x"]);
    robin.refuses(7, &["log", "lunch", "--basis", "borrowed"]);
    robin.refuses(7, &["log", "lunch", "--borrowed", id]).says(&["ended"]);
    assert_eq!(robin.list().iter().filter(|one| one["borrowed_belief"] == loan["id"]).count(), 2, "what rested on it stays");
}

#[test]
fn after_a_revocation_nothing_new_arrives_and_what_was_shared_is_deleted_and_that_is_answered() {
    let robin = Home::robin();
    robin.log(&["-b", "1"]);
    let dana = robin.share_with_dana(RATINGS);
    assert_eq!(sessions(&dana), 1);
    let revoked = robin.json(&["share", "revoke", "Dana", "--yes"]);
    assert!(revoked["ended"].is_string(), "{revoked}");
    let edited = robin.log(&["-b", "2"]);
    robin.ok(&["edit", &edited, "-b", "3"]);
    await_end(&dana);
    eventually("Robin knows that Dana heard", || (robin.json(&["share", "list"])[0]["end_reached"] == json!(true)).then_some(()));
    let answered = eventually("Dana's device answers", || {
        let grant = robin.json(&["share", "list"])[0].clone();
        grant["deletions"][0]["items"].as_u64().map(|items| (items, grant))
    });
    assert_eq!(answered.0, 1, "{}", answered.1);
    assert!(answered.1["deletions"][0]["signature"]["signature"].is_string());
    robin.refuses(7, &["share", "revoke", "Dana", "--yes"]).says(&["already ended"]);
    assert_eq!(robin.json(&["status"])["helpers"], json!([]));

    // Dana's daemon is no longer let in, whoever starts again.
    for home in [&dana, &robin, &dana] {
        home.ok(&["daemon", "restart"]);
        robin.log(&["-b", "4"]);
        robin.ok(&["sync", "--wait"]);
        let state = robin.json(&["sync"]);
        assert_eq!((&state["peers"], &state["unreached"]), (&json!([]), &json!({})), "there is nobody to reach");
        dana.ok(&["sync", "--wait"]);
        let open = dana.ok(&["caseload", "open", "Robin", "--json"]).data();
        assert_eq!(open["sessions"], json!([]));
        assert!(open["ended"].is_string());
    }
    assert!(dana.json(&["caseload"])[0]["ended"].is_string());
    assert!(dana.ok(&["caseload", "open", "Robin"]).stdout.contains("ended the sharing"));
}

#[test]
fn a_helper_who_was_off_learns_of_the_end_and_nothing_else() {
    let robin = Home::robin();
    robin.log(&["-b", "1"]);
    let dana = robin.share_with_dana(RATINGS);
    dana.stop();
    robin.log(&["-b", "2"]);
    let revoked = robin.ok(&["share", "revoke", "Dana", "--yes"]);
    assert!(revoked.stdout.contains("not reached yet"), "{revoked:?}");
    assert_eq!(robin.json(&["share", "list"])[0]["end_reached"], json!(false));
    robin.log(&["-b", "3"]);
    robin.ok(&["daemon", "restart"]);
    dana.start();
    await_end(&dana);
    eventually("Robin knows that Dana heard", || (robin.json(&["share", "list"])[0]["end_reached"] == json!(true)).then_some(()));
    assert_eq!(opened(&dana)["sessions"], json!([]));
    eventually("Dana's device answers", || {
        robin.json(&["share", "receipts"])[0]["deletions"][0]["items"].as_u64().filter(|items| *items == 1).map(drop)
    });
}

#[test]
fn client_and_helper_meet_again_whichever_starts_first() {
    let robin = Home::robin();
    let dana = robin.share_with_dana(RATINGS);
    for (first, second) in [(&robin, &dana), (&dana, &robin)] {
        robin.stop();
        dana.stop();
        first.start();
        second.start();
        let before = sessions(&dana);
        robin.log(&[]);
        robin.sync();
        assert_eq!(sessions(&dana), before + 1);
        dana.sync();
    }
    robin.kill();
    robin.log(&[]);
    eventually("the session arrives by itself", || (sessions(&dana) == 3).then_some(()));
}

#[test]
fn one_person_may_keep_a_journal_and_help_another() {
    let robin = Home::robin();
    robin.log(&["-b", "1"]);
    let dana = Home::new();
    dana.ok(&["init", "--no-input", "--name", "Dana", "--device", "office"]);
    dana.ok(&["practice", "add", "Rest", "--slug", "rest"]);
    dana.ok(&["log", "rest", "-b", "50"]);
    dana.ok(&["helper", "join", &robin.helper_ticket(RATINGS)]);
    robin.sync();
    assert_eq!((dana.list().len(), sessions(&dana)), (1, 1));
    assert_eq!(robin.list().len(), 1, "nothing of Dana's came to Robin");
    assert_eq!(robin.json(&["practice", "list"]).as_array().unwrap().len(), 1);
    // And on Dana's second device as well.
    let home = Home::new();
    home.ok(&["device", "join", &dana.device_ticket(), "--name", "home"]);
    dana.sync();
    assert_eq!((home.list().len(), sessions(&home)), (1, 1));
}

#[test]
fn what_the_client_logs_on_another_device_reaches_the_helper() {
    let laptop = Home::robin();
    let dana = laptop.share_with_dana(RATINGS);
    let desktop = laptop.pair();
    desktop.log(&["-b", "7"]);
    desktop.log(&["-b", "8", "--private"]);
    desktop.run(&["sync", "--wait", "--timeout", "20s"]).exits(0);
    eventually("Dana sees it", || (sessions(&dana) == 1).then_some(()));
    assert_eq!(opened(&dana)["sessions"][0]["before"], json!(7));
    // A revocation on one device holds on the other.
    desktop.ok(&["share", "revoke", "Dana", "--yes"]);
    desktop.sync();
    laptop.log(&["-b", "9"]);
    await_end(&dana);
    desktop.log(&["-b", "10"]);
    laptop.ok(&["sync", "--wait"]);
    assert_eq!(sessions(&dana), 0);
}

#[test]
fn a_helper_writes_nothing_into_the_clients_journal() {
    let robin = Home::robin();
    robin.log(&["-b", "1"]);
    let dana = robin.share_with_dana(&["--scope", "ratings,practices,notes", "--since", "2020-01-01"]);
    dana.refuses(4, &["log", "lunch"]);
    dana.refuses(4, &["edit", opened(&dana)["sessions"][0]["id"].as_str().unwrap(), "-b", "9"]);
    dana.refuses(4, &["delete", opened(&dana)["sessions"][0]["id"].as_str().unwrap(), "--yes"]);
    dana.refuses(7, &["device", "join", &robin.device_ticket()]);
    dana.sync();
    assert_eq!((robin.list().len(), robin.list()[0]["before"].clone()), (1, json!(1)));
    assert_eq!(robin.json(&["device", "list"]).as_array().unwrap().len(), 1);
}
