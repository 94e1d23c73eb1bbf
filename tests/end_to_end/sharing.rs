//! What a client and a helper do with each other: terms that change, what is given back and answered, receipts, and parting.

use serde_json::{Value, json};

use crate::harness::{Home, eventually};
use crate::helper::{await_end, opened, sessions};

const ALL: &[&str] = &["--scope", "ratings,practices,experiments,phrases,notes", "--since", "2020-01-01"];

fn pair() -> (Home, Home) {
    let robin = Home::robin();
    robin.log(&["-b", "30", "-a", "45"]);
    let dana = robin.share_with_dana(ALL);
    (robin, dana)
}

/// What waits in Robin's inbox, once something of this type does.
#[track_caller]
fn waits(robin: &Home, kind: &str) -> Value {
    eventually(kind, || robin.json(&["inbox", "list", "--all"]).as_array().unwrap().iter().find(|one| one["type"] == kind).cloned())
}

fn sent(dana: &Home, id: &Value) -> Value {
    opened(dana)["sent"].as_array().unwrap().iter().find(|one| one["id"] == *id).cloned().unwrap()
}

fn id(value: &Value) -> &str {
    value["id"].as_str().unwrap()
}

#[test]
fn a_suggestion_is_taken_on_changed_left_or_declined_and_only_which_is_told() {
    let (robin, dana) = pair();
    let suggest = |title: &str| {
        let args = ["suggest", "Robin", "--kind", "self-talk", "--title", title, "--difficulty", "30", "--why", "-"];
        dana.run_with(&[&args[..], &["--json"]].concat(), b"You said it to M.").exits(0).data()
    };
    let sent_as = suggest("Answer the mirror kindly");
    assert_eq!((&sent_as["type"], &sent_as["state"]), (&json!("suggestion"), &json!("sent")));
    let waiting = waits(&robin, "suggestion");
    assert_eq!((&waiting["from"], &waiting["why"], &waiting["state"]), (&json!("Dana"), &json!("You said it to M."), &json!("sent")));
    let listed = robin.json(&["inbox", "list"]);
    assert_eq!(listed[0]["state"], "seen", "listing it again says that it was looked at");
    robin.sync();
    assert_eq!(sent(&dana, &waiting["id"])["state"], "sent", "that Robin looked is not told");

    let taken = robin.json(&["inbox", "accept", id(&waiting)]);
    assert_eq!((&taken["state"], taken["practice"].is_string()), (&json!("accepted"), true));
    let slug = taken["practice"].as_str().unwrap();
    let practice = robin.json(&["practice", "show", slug]);
    assert_eq!((&practice["proposed_by"], &practice["difficulty"], &practice["kind"]), (&json!("Dana"), &json!(30), &json!("self_talk")));
    robin.refuses(7, &["inbox", "accept", id(&waiting)]).says(&["taken on already"]);
    robin.refuses(7, &["inbox", "decline", id(&waiting)]);
    eventually("Dana sees which", || (sent(&dana, &waiting["id"])["state"] == "accepted").then_some(()));
    robin.ok(&["undo"]);
    robin.refuses(4, &["practice", "show", slug]);
    eventually("and that it is open again", || (sent(&dana, &waiting["id"])["state"] == "sent").then_some(()));

    let changed = robin.json(&["inbox", "accept", id(&waiting), "--title", "Answer the mirror, not unkindly", "--private"]);
    assert_eq!(changed["state"], "changed");
    eventually("Dana sees which", || (sent(&dana, &waiting["id"])["state"] == "changed").then_some(()));
    assert!(!opened(&dana).to_string().contains("not unkindly"), "only which: the wording is Robin's, and private");
    for (title, word, state) in [("One more", "later", "later"), ("And one", "decline", "declined")] {
        let id = suggest(title)["id"].clone();
        eventually("it arrives", || robin.run(&["inbox", word, id.as_str().unwrap()]).code.eq(&Some(0)).then_some(()));
        eventually("Dana sees which", || (sent(&dana, &id)["state"] == state).then_some(()));
    }
    robin.refuses(4, &["inbox", "accept", "0000000"]);
    dana.refuses(2, &["suggest", "Robin", "--title", "two\nlines"]);
    dana.refuses(4, &["suggest", "Nobody", "--title", "x"]);
}

#[test]
fn what_was_understood_is_answered_and_a_reply_is_about_something() {
    let (robin, dana) = pair();
    dana.run_with(&["understood", "Robin", "--text", "-"], b"Lunch is the hard part.").exits(0);
    let understood = waits(&robin, "understood");
    assert_eq!((&understood["text"], &understood["reply"]), (&json!("Lunch is the hard part."), &Value::Null));
    robin.refuses(2, &["inbox", "answer", id(&understood), "well"]);
    let answered = robin.json(&["inbox", "answer", id(&understood), "partly", "--text", "The evening is."]);
    assert_eq!((&answered["reply"], &answered["words"]), (&json!("partly"), &json!("The evening is.")));
    eventually("Dana sees it", || (sent(&dana, &understood["id"])["words"] == "The evening is.").then_some(()));
    assert!(robin.json(&["inbox", "list"]).as_array().unwrap().is_empty(), "nothing waits");

    let session = opened(&dana)["sessions"][0].clone();
    dana.run_with(&["reply", "Robin", id(&session), "--text", "-"], b"That was a lot for a Monday.").exits(0);
    let reply = waits(&robin, "reply");
    assert_eq!((&reply["text"], &reply["about"]), (&json!("That was a lot for a Monday."), &robin.list()[0]["id"]));
    assert_eq!(robin.json(&["show", id(&reply)])["what"], "lunch");
    robin.refuses(6, &["delete", id(&reply), "--yes"]);
    dana.refuses(4, &["reply", "Robin", "00000000", "--text", "x"]);
    dana.run_with(&["reply", "Robin", id(&session), "--text", "-"], b" ").exits(2);
}

#[test]
fn a_helpers_prediction_is_locked_and_shown_beside_the_outcome_and_not_before() {
    let (robin, dana) = pair();
    let tried = robin.json(&["try", "lunch", "--prediction", "20"]);
    robin.sync();
    let experiment = eventually("the experiment arrives", || opened(&dana)["experiments"].as_array().unwrap().first().cloned());
    let locked = dana.json(&["predict", "Robin", id(&experiment), "--rating", "45", "--text", "Quieter than you think."]);
    assert_eq!(locked["rating"], 45);
    assert_eq!(
        dana.json(&["predict", "Robin", id(&experiment), "--rating", "45", "--text", "Quieter than you think."])["id"],
        locked["id"]
    );
    dana.refuses(7, &["predict", "Robin", id(&experiment), "--rating", "60"]).says(&["does not change"]);
    dana.refuses(2, &["predict", "Robin", id(&experiment)]);
    dana.sync();
    assert_eq!(robin.json(&["show", id(&tried)])["helper_predictions"], json!([]), "not before the outcome");
    assert!(!robin.ok(&["inbox", "list", "--all"]).stdout.contains("Quieter"));
    robin.ok(&["outcome", id(&tried), "--after", "40"]);
    let told = robin.json(&["show", id(&tried)]);
    let beside = &told["helper_predictions"][0];
    assert_eq!((&beside["rating"], &beside["from"], &beside["before_outcome"]), (&json!(45), &json!("Dana"), &json!(true)), "{told}");
    robin.sync();
    let both = eventually("Dana sees both", || Some(opened(&dana)).filter(|open| open["experiments"][0]["outcome"]["rating"] == 40));
    assert_eq!((&both["experiments"][0]["prediction"]["rating"], &both["predictions"][0]["rating"]), (&json!(20), &json!(45)));

    let second = robin.json(&["try", "lunch", "--prediction", "30"]);
    robin.ok(&["outcome", id(&second), "--after", "10"]);
    robin.sync();
    let is_done = |one: &&Value| one["surprise"] == -20;
    let late = eventually("it arrives", || opened(&dana)["experiments"].as_array().unwrap().iter().find(is_done).cloned());
    dana.refuses(7, &["predict", "Robin", id(&late), "--rating", "45"]).says(&["outcome is here already"]);
}

#[test]
fn a_loan_is_given_back_or_taken_back_and_is_leaned_on_no_more() {
    let (robin, dana) = pair();
    let lend = |words: &str| {
        let args = ["lend", "Robin", "lunch", "--strength", "85", "--reasons", "I saw it", "--text", words];
        dana.json(&args)["id"].as_str().unwrap().to_owned()
    };
    let (one, other) = (lend("It will land."), lend("By the fourth go."));
    let loan = eventually("the loans arrive", || {
        let loans = robin.json(&["borrow", "list"]);
        (loans.as_array().unwrap().len() == 2).then(|| robin.json(&["borrow", "show", &one]))
    });
    assert_eq!((&loan["reasons"], &loan["ended"]), (&json!("I saw it"), &json!(false)));
    let returned = robin.json(&["borrow", "return", &one]);
    assert!(returned["returned_at"].is_string() && returned["ended"] == true, "{returned}");
    robin.refuses(7, &["log", "lunch", "--borrowed", &one]);
    let loans = |dana: &Home| opened(dana)["loans"].as_array().unwrap().clone();
    eventually("Dana sees that", || loans(&dana).iter().any(|loan| loan["id"] == *one && loan["returned_at"].is_string()).then_some(()));
    dana.json(&["withdraw", "Robin", &other]);
    eventually("Robin sees that", || robin.json(&["borrow", "show", &other])["withdrawn_at"].is_string().then_some(()));
    robin.refuses(7, &["log", "lunch", "--basis", "borrowed"]);
    dana.refuses(4, &["withdraw", "Robin", "00000000"]);
}

#[test]
fn what_was_opened_is_reported_and_both_hold_what_both_signed() {
    let (robin, dana) = pair();
    assert_eq!(robin.json(&["share", "log"]), json!([]), "nothing was opened yet");
    assert_eq!(sessions(&dana), 1);
    let log = eventually("it is reported", || Some(robin.json(&["share", "log"])).filter(|log| !log.as_array().unwrap().is_empty()));
    let records = log[0]["records"].as_array().unwrap();
    assert!(records.iter().any(|record| record["id"] == robin.list()[0]["id"]), "{log}");
    assert_eq!(sessions(&dana), 1);
    dana.sync();
    assert_eq!(robin.json(&["share", "log"]).as_array().unwrap().len(), 1, "what is opened again is not reported again");
    assert!(robin.ok(&["share", "log"]).stdout.contains("Reported by the helper's device"));

    let receipt = eventually("Dana has signed", || {
        Some(robin.json(&["share", "receipts"])[0].clone()).filter(|receipt| receipt["helper_signature"].is_object())
    });
    let theirs = dana.json(&["client", "receipts"])[0].clone();
    assert_eq!((&receipt["signed"], &receipt["client_signature"]), (&theirs["signed"], &theirs["client_signature"]));
    assert_eq!(receipt["helper_signature"], theirs["helper_signature"]);
    let file = robin.beside().join("receipt.json");
    robin.ok(&["share", "receipts", receipt["receipt"].as_str().unwrap(), "--export", file.to_str().unwrap()]);
    let exported: Value = serde_json::from_slice(&std::fs::read(&file).unwrap()).unwrap();
    assert_eq!(exported[0]["signed"], receipt["signed"]);
    robin.refuses(1, &["share", "receipts", "--export", file.to_str().unwrap()]).says(&["not there yet"]);
    robin.refuses(4, &["share", "receipts", "Nobody"]);

    robin.ok(&["share", "edit", "Dana", "--remove", "notes", "--yes"]);
    let again = eventually("Dana signs what changed", || {
        let receipt = robin.json(&["share", "receipts"])[0].clone();
        (receipt["terms"]["version"] == 2 && receipt["helper_signature"].is_object()).then_some(receipt)
    });
    assert!(!again["terms"]["scopes"].as_array().unwrap().contains(&json!("notes")), "{again}");
}

#[test]
fn a_pause_and_a_hold_keep_back_and_say_so() {
    let (robin, dana) = pair();
    assert_eq!(sessions(&dana), 1);
    robin.ok(&["share", "pause", "Dana"]);
    let kept = robin.log(&["-b", "31"]);
    robin.sync();
    assert_eq!(sessions(&dana), 1);
    assert!(robin.ok(&["share", "list"]).stdout.contains("paused"));
    assert!(robin.ok(&["share", "hold", &kept]).stdout.contains("goes to nobody until you let it go"));
    robin.ok(&["share", "resume", "Dana"]);
    robin.log(&["-b", "32"]);
    eventually("what is new arrives", || (sessions(&dana) == 2).then_some(()));
    robin.ok(&["share", "hold", &kept, "--off"]);
    eventually("what was let go arrives", || (sessions(&dana) == 3).then_some(()));
    robin
        .refuses(2, &["share", "edit", "Dana", "--remove", "ratings,practices,experiments,phrases,notes", "--yes"])
        .says(&["nothing would be left"]);
    robin.refuses(2, &["share", "edit", "Dana", "--delay", "40d", "--yes"]);
    robin.refuses(4, &["share", "pause", "Nobody"]);
    robin.refuses(2, &["share", "hold", &kept, "--until", "yesterday"]);
}

#[test]
fn rapport_is_ones_own_unless_it_is_shared_and_then_that_helpers_alone() {
    let (robin, dana) = pair();
    let rated = robin.json(&["rapport", "rate", "Dana", "--understood", "70", "--trust", "0"]);
    assert_eq!((&rated["helper"], &rated["trust"], &rated["agreement"]), (&json!("Dana"), &json!(0), &Value::Null));
    robin.ok(&["rapport", "rate", "Sam", "--trust", "90"]);
    robin.refuses(2, &["rapport", "rate", "Dana"]);
    robin.sync();
    assert_eq!(opened(&dana)["rapport"], json!([]));
    robin.ok(&["share", "edit", "Dana", "--add", "rapport", "--yes"]);
    let shared = eventually("it is shared", || Some(opened(&dana)["rapport"].clone()).filter(|shared| *shared != json!([])));
    assert_eq!((shared.as_array().unwrap().len(), &shared[0]["understood"]), (1, &json!(70)), "nothing of Sam");
    assert_eq!(robin.json(&["rapport", "chart"]).as_array().unwrap().len(), 2);
    assert_eq!(robin.json(&["rapport", "chart", "dana"]).as_array().unwrap().len(), 1);
}

#[test]
fn a_page_before_a_meeting_has_what_stands_out_and_the_helpers_own_notes_stay_with_them() {
    let (robin, dana) = pair();
    robin.ok(&["log", "lunch", "-b", "40", "-a", "20", "--worse", "--felt-state", "numb"]);
    robin.run_with(&["note", "-", "--tag", "question"], b"Is it meant to feel like this?").exits(0);
    let tried = robin.json(&["try", "lunch", "--prediction", "20"]);
    robin.ok(&["outcome", id(&tried), "--after", "60"]);
    robin.sync();
    let row =
        eventually("it is new", || Some(dana.json(&["caseload"])[0].clone()).filter(|row| row["discuss"]["surprises"] == json!([40])));
    assert_eq!((&row["discuss"]["felt_worse"], &row["to_discuss"]), (&json!(1), &json!(2)));
    assert!(dana.ok(&["caseload"]).stdout.contains("1 felt worse, 1 surprise +40"));
    dana.run_with(&["caseload", "notes", "Robin", "-"], b"Ask about the evenings.").exits(0);
    let page = dana.json(&["caseload", "prep", "Robin"]);
    assert_eq!(page["experiments"][0]["surprise"], 40);
    assert_eq!(page["hard"][0]["why"], json!(["felt worse", "numb"]));
    assert_eq!(page["questions"][0]["note"], "Is it meant to feel like this?");
    assert_eq!(page["notes"][0]["text"], "Ask about the evenings.");
    assert_eq!(dana.json(&["caseload"])[0]["new"], 0, "what the page told is opened");
    let note = dana.json(&["caseload", "notes", "Robin"])[0].clone();
    dana.ok(&["edit", id(&note), "--text", "Ask about the mornings."]);
    assert_eq!(dana.json(&["search", "mornings"])["hits"][0]["type"], "helper_note");
    dana.sync();
    assert!(!robin.ok(&["inbox", "list", "--all", "--json"]).stdout.contains("mornings"));
    dana.run_with(&["caseload", "notes", "Robin", "-"], b"").exits(2);
}

#[test]
fn a_helper_who_leaves_deletes_and_is_gone_and_their_own_notes_stay() {
    let (robin, dana) = pair();
    dana.run_with(&["caseload", "notes", "Robin", "-"], b"Ask about the evenings.").exits(0);
    dana.refuses(7, &["client", "purge", "Robin", "--yes"]).says(&["leave first"]);
    dana.refuses(2, &["client", "leave", "Robin"]);
    assert!(dana.json(&["client", "leave", "Robin", "--yes"])["left"].is_string());
    let grant = eventually("Robin hears of it", || {
        Some(robin.json(&["share", "list"])[0].clone()).filter(|grant| grant["left"].is_string() && grant["ended"].is_string())
    });
    assert!(grant["left"].is_string());
    eventually("and that it is deleted", || robin.json(&["share", "list"])[0]["deletions"][0]["items"].as_u64().map(drop));
    assert_eq!(opened(&dana)["sessions"], json!([]));
    dana.refuses(7, &["suggest", "Robin", "--title", "x"]);
    assert_eq!(dana.json(&["client", "purge", "Robin", "--yes"])["notes_left"], 1);
    assert_eq!(dana.json(&["caseload"]), json!([]));
    dana.refuses(4, &["caseload", "open", "Robin"]);
    assert_eq!(dana.json(&["search", "evenings"])["hits"].as_array().unwrap().len(), 1);
    assert_eq!(dana.json(&["client", "receipts"]).as_array().unwrap().len(), 1, "the receipt stays");
}

#[test]
fn two_clients_of_one_name_are_told_apart_and_can_be_called_otherwise() {
    let (robin, dana) = pair();
    let other = Home::robin();
    other.log(&["-b", "99"]);
    let ticket = other.helper_ticket(ALL);
    assert_eq!(dana.json(&["helper", "join", &ticket])["name"], "Robin-2");
    let names = |dana: &Home| dana.json(&["caseload"]).as_array().unwrap().iter().map(|row| row["client"].clone()).collect::<Vec<_>>();
    assert_eq!(names(&dana), ["Robin", "Robin-2"]);
    dana.refuses(7, &["client", "rename", "Robin-2", "robin"]);
    dana.ok(&["client", "rename", "Robin-2", "Robin the younger"]);
    assert_eq!(dana.json(&["caseload", "open", "Robin the younger"])["sessions"][0]["before"], 99);
    assert_eq!(opened(&dana)["sessions"][0]["before"], 30);
    robin.ok(&["share", "revoke", "Dana", "--yes"]);
    await_end(&dana);
    assert_eq!(dana.json(&["caseload", "open", "Robin the younger"])["ended"], Value::Null, "the one ended, not the other");
}

#[test]
fn several_devices_of_a_helper_see_the_same_and_each_answers_for_itself() {
    let (robin, dana) = pair();
    let home = Home::new();
    home.ok(&["device", "join", &dana.device_ticket(), "--name", "home"]);
    dana.sync();
    eventually("both see it", || (sessions(&home) == 1).then_some(()));
    dana.sync();
    assert_eq!(dana.json(&["caseload"])[0]["new"], 0, "opened on one is opened on both");
    eventually("Robin sees both", || (robin.json(&["share", "list"])[0]["devices"] == 2).then_some(()));
    assert!(robin.ok(&["share", "list"]).stdout.contains("Dana (2 devices)"));
    robin.sync();
    robin.ok(&["share", "revoke", "Dana", "--yes"]);
    await_end(&dana);
    await_end(&home);
    let answers = eventually("each device answers", || {
        let grant = robin.json(&["share", "list"])[0].clone();
        let all = grant["deletions"].as_array().unwrap().clone();
        all.iter().all(|one| one["items"].is_u64()).then_some(all)
    });
    assert_eq!(answers.len(), 2);
    assert_eq!((opened(&dana)["sessions"].clone(), opened(&home)["sessions"].clone()), (json!([]), json!([])));
}

#[test]
fn two_people_lend_for_one_practice_and_each_sees_only_what_is_theirs() {
    let (robin, dana) = pair();
    let sam = Home::new();
    let invited = robin.json(&["share", "invite", "--name", "Sam", "--role", "friend", "--since", "2020-01-01", "--yes", "--no-wait"]);
    sam.ok(&["helper", "join", invited["ticket"].as_str().unwrap(), "--name", "Sam"]);
    robin.sync();
    for (helper, words) in [(&dana, "You do this for M. every week."), (&sam, "You did it in spring.")] {
        helper.run_with(&["lend", "Robin", "lunch", "--strength", "80", "--text", "-"], words.as_bytes()).exits(0);
        helper.sync();
    }
    let loans = eventually("both are here", || Some(robin.json(&["borrow", "list"])).filter(|loans| loans.as_array().unwrap().len() == 2));
    let of = |name: &str| loans.as_array().unwrap().iter().find(|loan| loan["lender"] == name).unwrap().clone();
    // On whose: one of two is named.
    robin.refuses(2, &["log", "lunch", "-b", "30", "--basis", "borrowed"]).says(&["--borrowed"]);
    let logged = robin.json(&["log", "lunch", "-b", "31", "-a", "50", "--borrowed", id(&of("Sam"))]);
    assert_eq!((&logged["basis"], &logged["borrowed_belief"]), (&json!("borrowed"), &of("Sam")["id"]));
    robin.ok(&["borrow", "return", id(&of("Dana"))]);
    robin.sync();
    for (helper, name, scopes) in [(&dana, "Dana", 5), (&sam, "Sam", 1)] {
        let open = eventually("the session is there", || {
            Some(opened(helper)).filter(|open| open["sessions"].as_array().unwrap().iter().any(|one| one["before"] == 31))
        });
        let own: Vec<_> = open["loans"].as_array().unwrap().iter().map(|loan| loan["id"].clone()).collect();
        assert_eq!(own, [of(name)["id"].clone()]);
        assert_eq!(open["scopes"].as_array().unwrap().len(), scopes);
        let other = if name == "Dana" { "Sam" } else { "Dana" };
        assert!(!open.to_string().contains(other) && !helper.ok(&["status", "--json"]).stdout.contains(other));
    }
    eventually("Dana hears that it came back", || opened(&dana)["loans"][0]["returned_at"].is_string().then_some(()));
    assert!(opened(&sam)["loans"][0]["returned_at"].is_null());
}

#[test]
fn what_a_preview_tells_is_what_a_helper_then_has() {
    let robin = Home::robin();
    robin.ok(&["practice", "edit", "lunch", "--when", "half past twelve"]);
    robin.log(&["-b", "30", "-a", "45", "--at", "2024-05-01T12:00"]);
    robin.log(&["-b", "31", "--private"]);
    robin.log(&["-b", "32", "--at", "2019-05-01T12:00"]);
    let tried = robin.json(&["try", "lunch", "--prediction", "20"]);
    robin.ok(&["outcome", id(&tried), "--after", "60"]);
    robin.run_with(&["note", "-"], b"Words of the evening.").exits(0);
    robin.ok(&["phrase", "add", "lunch", "May I be safe."]);
    robin.ok(&["belief", "add", "I am a burden", "--old"]);
    let scopes = ["ratings", "practices", "experiments", "phrases", "beliefs", "goals", "anchor", "rapport", "safety-plan", "notes"];
    let dana = robin.share_with_dana(&["--scope", "ratings", "--since", "2020-01-01"]);
    for upto in 1..=scopes.len() {
        let scope = scopes[..upto].join(",");
        robin.ok(&["share", "edit", "Dana", "--scope", &scope, "--yes"]);
        let preview = robin.json(&["share", "preview", "Dana"]);
        let counts = |of: &Value| {
            let list = |name: &str| match &of[name] {
                Value::Array(all) => json!(all.len()),
                other => other.clone(),
            };
            ["sessions", "practices", "experiments", "phrases", "beliefs", "goals", "anchors", "rapport"].map(|name| (name, list(name)))
        };
        let last = std::cell::RefCell::new(Value::Null);
        eventually("Dana has what the preview tells", || {
            *last.borrow_mut() = opened(&dana);
            (counts(&last.borrow()) == counts(&preview)).then_some(())
        });
    }
}
