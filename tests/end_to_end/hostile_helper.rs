//! A helper's device that was taken over, or a helper who lies, on a real socket, against the client's real daemon. Memory stays within 64 MiB of what
//! it was, commands are answered, what others write arrives, and no word of theirs steers a terminal.

use asif_daemon::seal::body::{Body, Put, Revision, Seen};
use asif_daemon::share::feedback::{self, LoanItem, PredictionItem, ReplyItem, SuggestionItem, UnderstoodItem};
use asif_daemon::share::item;
use asif_proto::id::{ItemId, LogId};
use asif_proto::record::{PracticeKind, Specificity};
use serde_json::{Value, json};

use crate::attacks::{MAX_GROWTH_KIB, memory};
use crate::harness::{Home, eventually};
use crate::helper::opened;
use crate::liar::{Liar, Taken};
use crate::texts::steers_nothing;

/// Clears the screen, sets its title, turns what follows around, and ends lines in its own ways.
const STEERS: &str = "calm \u{1b}[2J\u{1b}]0;owned\u{7}\u{9b}31m \u{202e}txet\u{2028}\r\u{8}end";

fn put(n: u8, kind: u16, payload: Vec<u8>) -> Body {
    put_as(ItemId([n; 32]), kind, payload)
}

fn put_as(item: ItemId, kind: u16, payload: Vec<u8>) -> Body {
    Body::Put(Put { item, revision: Revision { grant: 1, touches: 1 }, kind, payload, replaces: vec![] })
}

/// Robin with a second device, and Dana, whose keys somebody has.
fn stage() -> (Home, Home, Home, Taken) {
    let robin = Home::robin();
    robin.log(&["-b", "30", "-a", "45"]);
    robin.ok(&["try", "lunch", "--prediction", "20"]);
    let desktop = robin.pair();
    let dana = robin.share_with_dana(&["--scope", "ratings,practices,experiments", "--since", "2020-01-01"]);
    desktop.sync();
    robin.sync();
    dana.stop();
    let taken = Taken::from(&dana);
    (robin, desktop, dana, taken)
}

#[test]
fn a_helper_who_sends_without_end_costs_no_more_than_their_room() {
    let (robin, desktop, dana, taken) = stage();
    let began = memory(&robin, "VmRSS:");
    let mut liar = Liar::hello(&taken.vault.link, robin.address());
    // Small ones, each of which names many others.
    let small: Vec<Body> = (0..500u64)
        .map(|n| {
            let replaces = (0..64).map(|k| (LogId([k; 16]), n + 2)).collect();
            let payload = n.to_be_bytes().to_vec();
            Body::Put(Put { item: ItemId([99; 32]), revision: Revision { grant: 1, touches: n }, kind: item::LOAN, payload, replaces })
        })
        .collect();
    for message in taken.runs_in(taken.feedback(), LogId([2; 16]), &small, 400) {
        liar.say(&message);
    }
    // Large ones.
    let large: Vec<Body> = (0..30).map(|n| put(n, item::UNDERSTOOD, vec![b'x'; 400 << 10])).collect();
    for message in taken.runs_in(taken.feedback(), LogId([1; 16]), &large, 1) {
        liar.say(&message);
    }
    let nothing = vec![Body::Seen(Seen { have: vec![] }); 3000];
    liar.say(&taken.run_in(taken.feedback(), LogId([3; 16]), &nothing, 0));
    eventually("it is refused by its name", || {
        robin.run(&["doctor"]).stdout.contains("an entry of what a helper gives, and there is no more room for that").then_some(())
    });
    robin.ok(&["inbox", "list", "--all"]);
    robin.ok(&["status"]);
    let there = desktop.log(&["-b", "11"]);
    eventually("what the other device wrote arrives", || robin.list().iter().any(|one| one["id"] == *there).then_some(()));
    let grown = memory(&robin, "VmHWM:").saturating_sub(began);
    println!("grown by at most {grown} KiB");
    assert!(grown < MAX_GROWTH_KIB, "grown by {grown} KiB");
    let told = std::fs::read_to_string(robin.path().join("state/asifd.log")).unwrap_or_default();
    assert!(!told.contains("panicked"), "{told}");
    // Over a restart it is the same, and what is shared still goes out.
    robin.stop();
    robin.log(&["-b", "12"]);
    dana.start();
    let arrives = || opened(&dana)["sessions"].as_array().unwrap().iter().any(|one| one["before"] == 12).then_some(());
    eventually("what is shared still goes out", arrives);
}

#[test]
fn no_word_of_a_helper_steers_the_clients_terminal() {
    let (robin, _, dana, taken) = stage();
    let shared = {
        dana.start();
        opened(&dana)
    };
    dana.stop();
    let item = |value: &Value| -> ItemId { serde_json::from_value(value["id"].clone()).unwrap() };
    let (session, experiment) = (item(&shared["sessions"][0]), item(&shared["experiments"][0]));
    let (words, at) = (STEERS.to_owned(), jiff::Timestamp::now());
    let line = Some(words.clone());
    let loan = LoanItem {
        practice: words.clone(),
        statement: words.clone(),
        strength: 85.try_into().unwrap(),
        reasons: line.clone(),
        lent_at: at,
        until: None,
        withdrawn_at: None,
    };
    let suggestion = SuggestionItem {
        title: words.replace('\r', ""),
        kind: PracticeKind::SelfTalk,
        why: line.clone(),
        cue: line.clone(),
        frequency: line.clone(),
        specificity: Specificity { when: line.clone(), place: line.clone(), how_long: line.clone() },
        difficulty: None,
        sent_at: at,
    };
    let of_lunch = LoanItem { practice: "lunch".into(), ..loan.clone() };
    let prediction = PredictionItem { experiment, text: line, rating: None, locked_at: at };
    let bodies = [
        put(1, item::LOAN, item::pack(&loan)),
        put(2, item::LOAN, item::pack(&of_lunch)),
        put(3, item::SUGGESTION, item::pack(&suggestion)),
        put(4, item::UNDERSTOOD, item::pack(&UnderstoodItem { text: words.clone(), sent_at: at })),
        put(5, item::REPLY, item::pack(&ReplyItem { to: session, text: words.clone(), sent_at: at })),
        put_as(feedback::prediction(&experiment, &taken.vault.device()), item::PREDICTION, item::pack(&prediction)),
        put(7, item::RECEIPT, words.clone().into_bytes()),
        put(8, item::DELETED, words.into_bytes()),
    ];
    let mut liar = Liar::hello(&taken.vault.link, robin.address());
    liar.say(&taken.run_in(taken.feedback(), LogId([1; 16]), &bodies, 0));
    let sent = eventually("it is there", || {
        let sent = robin.json(&["inbox", "list", "--all"]);
        (sent.as_array().unwrap().len() == 5).then_some(sent)
    });
    let id = |kind: &str| sent.as_array().unwrap().iter().find(|one| one["type"] == kind).unwrap()["id"].as_str().unwrap().to_owned();
    let (loan, suggestion, understood) = (id("loan"), id("suggestion"), id("understood"));
    let tried = robin.json(&["experiment", "list"])[0]["id"].as_str().unwrap().to_owned();
    for command in [
        &["inbox"][..],
        &["inbox", "list", "--all"],
        &["borrow", "list"],
        &["borrow", "show", &loan],
        &["today"],
        &["share", "list"],
        &["share", "log"],
        &["share", "receipts"],
        &["status"],
        &["doctor"],
        &["show", &understood],
        &["show", &tried],
        &["outcome", &tried, "--after", "40"],
        &["show", &tried],
        &["inbox", "accept", &suggestion],
        &["practice", "list"],
        &["today"],
        &["borrow", "return", &loan],
        &["inbox", "answer", &understood, "partly"],
        &["inbox", "list", "--all"],
        &["inbox", "list", "--all", "--plain"],
    ] {
        steers_nothing(&robin.run(command));
        let mut coloured = robin.command(command);
        coloured.args(["--color", "always"]);
        let shown = crate::harness::finish(coloured, None);
        for bad in ["\u{1b}[2J", "\u{1b}]0", "\u{9b}", "\u{202e}", "\u{7}"] {
            assert!(!shown.stdout.contains(bad) && !shown.stderr.contains(bad), "{command:?}: {bad:?}");
        }
    }
}

#[test]
fn nothing_of_a_clients_steers_the_helpers_terminal() {
    let robin = Home::robin();
    robin.run_with(&["log", "lunch", "-b", "30", "--tag", "work", "--where", STEERS, "--note", "-"], STEERS.as_bytes());
    robin.ok(&["practice", "edit", "lunch", "--description", STEERS]);
    let all = ["--scope", "ratings,practices,notes", "--since", "2020-01-01"];
    let dana = Home::new();
    let named = [&all[..], &["--as", "Robin\u{202e}nibor"]].concat();
    dana.ok(&["helper", "join", &robin.helper_ticket(&named), "--name", STEERS]);
    robin.sync();
    let name = dana.json(&["caseload"])[0]["client"].as_str().unwrap().to_owned();
    eventually("it is there", || (!dana.json(&["caseload", "open", &name])["sessions"].as_array().unwrap().is_empty()).then_some(()));
    for command in [&["caseload"][..], &["caseload", "open", &name], &["caseload", "prep", &name], &["client", "receipts"], &["status"]] {
        steers_nothing(&dana.run(command));
    }
    for command in [&["share", "list"][..], &["share", "receipts"], &["status"], &["share", "preview", "Dana"]] {
        steers_nothing(&robin.run(command));
    }
}

#[test]
fn of_a_stolen_ticket_the_first_use_is_seen_and_the_second_refused_with_what_to_do() {
    let robin = Home::robin();
    let ticket = robin.helper_ticket(&["--scope", "ratings"]);
    let (thief, dana) = (Home::new(), Home::new());
    thief.ok(&["helper", "join", &ticket, "--name", "Dana"]);
    let seen = robin.json(&["share", "list"])[0].clone();
    assert_eq!((&seen["name"], &seen["devices"]), (&json!("Dana"), &json!(1)));
    assert_eq!(seen["joined"], json!(true));
    dana.refuses(7, &["helper", "join", &ticket, "--name", "Dana"]).says(&[
        "was used, taken back, or has expired",
        "somebody else may have come in",
        "asif share revoke",
    ]);
    assert_eq!(robin.json(&["share", "list"])[0]["devices"], json!(1), "nobody else came in");
    robin.ok(&["share", "revoke", "Dana", "--yes"]);
    eventually("the thief is shut out", || thief.json(&["caseload"])[0]["ended"].is_string().then_some(()));
}
