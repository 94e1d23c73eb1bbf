//! Two devices of one person and a helper.

use serde_json::Value;

use super::contract::{Contract, Held};
use crate::harness::{Home, Running, eventually};
use crate::mailbox::Node;

/// A laptop, a desktop and Dana.
pub(super) fn live(contract: &Contract) {
    let (laptop, desktop, dana) = (Home::robin(), Home::new(), Home::new());
    let [robin, second, helper] = [&laptop, &desktop, &dana].map(|home| Held { home, contract });
    join(robin, second);
    two_devices_change_the_same(robin, second);
    something_no_longer_stands(robin, second);
    share(robin, helper);
    a_mailbox_is_used(robin, helper);
    alone_after_a_start(robin, second);
    part(robin, helper);
    one_is_removed(robin, second, contract);
}

/// With one that hears of it, and one that is away.
fn one_is_removed(robin: Held<'_>, second: Held<'_>, contract: &Contract) {
    let shown = robin.ok(&["recovery-kit", "show"]);
    let words = shown["words"].as_array().unwrap().iter().map(|word| word.as_str().unwrap()).collect::<Vec<_>>().join(" ");
    assert_eq!(second.ok(&["status"])["kit"]["on"], "laptop");
    second.refuses(7, &["recovery-kit", "show"]);
    second.refuses(2, &["recovery-kit", "confirm"]);
    robin.reads(&["recovery-kit", "confirm", "--fd", "0"], &words);
    robin.ok(&["status"]);
    let (tablet, phone) = (Home::new(), Home::new());
    for (home, name) in [(&tablet, "tablet"), (&phone, "phone")] {
        Held { home, contract }.ok(&["device", "join", &second.home.device_ticket(), "--name", name]);
    }
    phone.stop();
    second.typed(&["device", "remove", "laptop"], 0, &[("for good?", "n\n")]);
    second.refuses(2, &["device", "remove", "laptop"]);
    second.refuses(7, &["device", "remove", "desktop", "--yes"]);
    let removed = second.ok(&["device", "remove", "laptop", "--yes"]);
    assert_eq!((&removed["untold"], &removed["removed_by"]), (&serde_json::json!(["phone"]), &serde_json::json!("desktop")));
    second.ok(&["doctor"]);
    robin.home.stop();
    let file = second.home.beside().join("backup").to_str().unwrap().to_owned();
    second.refuses(2, &["backup", "create", &file]);
    second.reads(&["backup", "create", &file, "--fd", "0"], "long enough");
    second.refused(
        7,
        &["backup", "create", &file],
        second.home.run_with(&["backup", "create", &file, "--json", "--fd", "0"], b"long enough"),
    );
    second.reads(&["backup", "verify", &file, "--fd", "0"], "long enough");
    second.refuses(2, &["backup", "verify", &file]);
    second.ok(&["config", "set", "lock-after", "1h"]);
    second.refuses(7, &["lock", "now"]);
    second.ok(&["lock", "passphrase", "--remove"]);
    second.ok(&["lock", "keychain", "--remove"]);
    second.refuses(7, &["lock", "keychain"]);
    second.refuses(2, &["lock", "passphrase"]);
    second.reads(&["lock", "passphrase", "--fd", "0"], "long enough");
    second.ok(&["lock", "now"]);
    second.reads(&["note", "-"], "written while it is locked");
    second.reads(&["log", "no-such-practice", "--note", "-"], "and this");
    second.ok(&["status"]);
    second.ok(&["lock", "now"]);
    second.refuses(5, &["list"]);
    second.ok(&["status"]);
    second.refuses(2, &["unlock"]);
    second.refused(5, &["unlock"], second.home.run_with(&["unlock", "--json", "--fd", "0"], b"not that one"));
    second.reads(&["unlock", "--fd", "0"], "long enough");
    let look = second.home.beside().join("look").to_str().unwrap().to_owned();
    second.reads(&["backup", "restore", &file, "--fd", "0", "--into", &look], "long enough");
    second.refuses(2, &["backup", "restore", &file]);
    let fresh = Home::new();
    let new = Held { home: &fresh, contract };
    new.refuses(2, &["recovery-kit", "restore"]);
    let at = second.home.address().to_string();
    new.reads(&["recovery-kit", "restore", "--fd", "0", "--at", &at, "--name", "new", "--remove", "tablet"], &words);
}

fn join(robin: Held<'_>, second: Held<'_>) {
    robin.ok(&["sync"]);
    let pairing = Running::start(robin.home.command(&["device", "pair", "--yes", "--json"]));
    let invited = pairing.line().unwrap();
    let invited = robin.contract.hold(&["device", "pair"], &invited)[0]["data"].clone();
    let (ticket, code) = (invited["ticket"].as_str().unwrap().to_owned(), invited["code"].as_str().unwrap());
    let wrong = format!("{}-lantern-orbit-maple", code.split('-').next().unwrap());
    let at = robin.home.address().to_string();
    second.refuses(7, &["device", "join", &wrong, "--at", &at]);
    for _ in ["it was wrong", "here is another"] {
        robin.contract.hold(&["device", "pair"], &pairing.line().unwrap());
    }
    second.refuses(2, &["device", "join", "asif1nonsense"]);
    second.ok(&["device", "join", &ticket, "--name", "desktop"]);
    robin.contract.hold(&["device", "pair"], &pairing.line().unwrap());
    assert_eq!(pairing.end().0, Some(0));
    second.refuses(7, &["device", "join", &ticket]);
    robin.ok(&["sync", "--wait"]);
    robin.ok(&["device", "list"]);
    robin.ok(&["device", "rename", "laptop", "lap"]);
    robin.ok(&["device", "rename", "lap", "laptop"]);
}

/// Robin uses a mailbox, Dana is told where it is, and Robin leaves it again.
fn a_mailbox_is_used(robin: Held<'_>, helper: Held<'_>) {
    let node = Node::new();
    robin.refuses(2, &["mailbox", "use", "asifbox1nonsense"]);
    robin.refuses(7, &["mailbox", "leave"]);
    robin.ok(&["mailbox", "use", &node.ticket("Robin")]);
    robin.ok(&["sync", "--wait", "--timeout", "20s"]);
    robin.ok(&["mailbox", "status"]);
    robin.ok(&["status"]);
    eventually("Dana is told", || helper.ok(&["mailbox", "status"])["others"][0]["of"].is_string().then_some(()));
    robin.ok(&["mailbox", "leave"]);
}

/// The same field of a session, a practice's record and a belief, changed while the two do not hear each other.
fn two_devices_change_the_same(robin: Held<'_>, second: Held<'_>) {
    let session = robin.id(&["log", "lunch", "-a", "10"]);
    let records = [
        robin.id(&["goal", "add", "treating myself kindly"]),
        robin.id(&["belief", "add", "I am worth it"]),
        robin.id(&["belief", "add", "I am a burden", "--old"]),
        robin.id(&["phrase", "add", "lunch", "May I be safe."]),
        robin.id(&["try", "lunch", "--prediction", "20"]),
        robin.id(&["demo", "politeness", "--did", "greeted"]),
        robin.id(&["sketch", "--text", "somebody"]),
        robin.id(&["remind", "add", "8:00", "--on", "2199-01-01"]),
    ];
    robin.ok(&["edit", &session, "--note", "One. Two."]);
    robin.ok(&["sync", "--wait"]);
    second.home.stop();
    let change = |asif: Held<'_>, word: &str, number: &str| {
        let note = if word == "one" { "Much more. Two." } else { "One. Two and more." };
        asif.ok(&["edit", &session, "--after", number, "--note", note]);
        asif.ok(&["practice", "edit", "lunch", "--title", word]);
        asif.ok(&["goal", "close", &records[0], "--reason", word]);
        asif.ok(&["belief", "pair", &records[1], &asif.id(&["belief", "add", word, "--old"])]);
        asif.ok(&["phrase", "edit", &records[3], "--line", word]);
        asif.ok(&["edit", &records[4], "--if-then", word]);
        asif.ok(&["edit", &records[5], "--text", word]);
        asif.ok(&["edit", &records[6], "--text", word]);
        asif.ok(&["edit", &records[7], "--text", word]);
        asif.ok(&["crisis", "edit", "--helps-alone", word]);
        asif.ok(&["goal", "wish", word]);
    };
    change(robin, "one", "20");
    robin.home.stop();
    change(second, "two", "30");
    robin.home.start();
    robin.ok(&["sync", "--wait", "--timeout", "20s"]);
    for id in records.iter().filter(|id| **id != records[2]).chain([&session]) {
        assert!(robin.ok(&["show", id])["conflicts"].is_array(), "{id}");
    }
    assert!(robin.ok(&["show", "lunch"])["conflicts"].is_array());
    for id in records.iter().chain([&session]).map(String::as_str).chain(["lunch", "crisis", "wish"]) {
        robin.ok(&["history", id]);
    }
    assert_eq!(robin.ok(&["goal", "wish"])["conflicts"][0]["field"], "wish");
    let plan = &robin.ok(&["crisis"])["plan"];
    assert_eq!(plan["conflicts"][0]["field"], "helps_alone", "{plan}");
    assert!(robin.ok(&["undo"])["device"].is_string(), "the last that was done was done on the other");
    assert!(robin.ok(&["redo"])["device"].is_string());
    second.home.stop();
    robin.refuses(8, &["sync", "--wait", "--timeout", "200ms"]);
    robin.ok(&["sync"]);
    second.home.start();
}

/// Whichever of two values shows, the other is passed over once both were replaced and that was taken back.
fn something_no_longer_stands(robin: Held<'_>, second: Held<'_>) {
    let session = robin.id(&["log", "lunch", "-a", "10"]);
    let after = |asif: Held<'_>, value: &str| drop(asif.ok(&["edit", &session, "--after", value]));
    robin.ok(&["sync", "--wait", "--timeout", "20s"]);
    second.home.stop();
    after(robin, "15");
    after(robin, "20");
    robin.home.stop();
    after(second, "25");
    after(second, "30");
    robin.home.start();
    robin.ok(&["sync", "--wait", "--timeout", "20s"]);
    after(robin, "40");
    let passed_over = (0..6).find_map(|_| robin.ok(&["undo"])["passed_over"].as_array().filter(|all| !all.is_empty()).cloned());
    assert!(passed_over.is_some_and(|all| all.iter().all(|one| one["id"] == *session)));
    // What both say stands where one of the two is taken back.
    let session = robin.id(&["log", "lunch"]);
    robin.ok(&["sync", "--wait", "--timeout", "20s"]);
    second.home.stop();
    robin.ok(&["delete", &session, "--yes"]);
    robin.home.stop();
    second.ok(&["delete", &session, "--yes"]);
    robin.home.start();
    robin.ok(&["sync", "--wait", "--timeout", "20s"]);
    assert_eq!(robin.ok(&["undo"])["stays"], true);
}

fn share(robin: Held<'_>, helper: Held<'_>) {
    let log = ["log", "lunch", "-b", "1", "-a", "2", "--acted", "3", "--felt-real", "4", "--felt-state", "warm", "--expectancy", "5"];
    let more = ["--willingness", "6", "--where", "chest", "--worse", "--stopped-early", "--repetitions", "7", "--duration", "8m"];
    robin.ok(&[&log[..], &more, &["--tag", "sun", "--note", "a note", "--at", "yesterday 12:00"]].concat());
    robin.ok(&["log", "lunch", "--at", "2024-01-01T10:00"]);
    robin.ok(&["log", "lunch", "--private"]);
    robin.reads(&["note", "-"], "Alone.\n");
    let particulars = ["--when", "noon", "--where", "bench", "--how-long", "20 min", "--cue", "bell", "--frequency", "daily"];
    robin.ok(&[&["practice", "edit", "lunch", "--description", "Outside."][..], &particulars].concat());
    something_of_everything(robin);
    let all = "ratings,practices,experiments,phrases,beliefs,goals,anchor,safety-plan,notes";
    let scopes = ["--scope", all, "--since", "2d", "--until", "2199-01-01", "--purpose", "our sessions"];
    let invite = [&["share", "invite", "--name", "Dana", "--role", "therapist"][..], &scopes].concat();
    robin.ok(&[&invite[..], &["--dry-run"]].concat());
    robin.ok(&["share", "list"]);
    let inviting = Running::start(robin.home.command(&[&invite[..], &["--yes", "--json"]].concat()));
    let invited = robin.contract.hold(&["share", "invite"], &inviting.line().unwrap());
    robin.ok(&["share", "list"]);
    helper.ok(&["helper", "join", invited[0]["data"]["ticket"].as_str().unwrap(), "--name", "Dana"]);
    robin.contract.hold(&["share", "invite"], &inviting.line().unwrap());
    assert_eq!(inviting.end().0, Some(0));
    robin.ok(&["sync", "--wait"]);
    robin.ok(&["share", "preview", "Dana"]);
    robin.ok(&["share", "list"]);
    terms_change(robin);
    helper.ok(&["caseload"]);
    helper.ok(&["status"]);
    let lend = ["lend", "Robin", "lunch", "--strength", "85", "--until", "2198-01-01", "--text", "-"];
    helper.reads(&lend, "I have seen you do this.\n");
    helper.ok(&["caseload", "open", "Robin"]);
    helper.ok(&["sync", "--wait"]);
    let loan = robin.ok(&["borrow", "list"])[0]["id"].as_str().unwrap().to_owned();
    robin.ok(&["show", &loan]);
    robin.refuses(6, &["delete", &loan, "--yes"]);
    robin.ok(&["log", "lunch", "--borrowed", &loan]);
    robin.ok(&["try", "lunch", "--borrowed", &loan]);
    robin.ok(&["status"]);
    robin.ok(&["wipe", "--dry-run"]);
    give_back(robin, helper);
    each_for_themself(robin, helper);
}

/// What a helper sends, and what is said to it.
fn give_back(robin: Held<'_>, helper: Held<'_>) {
    let eventually = |what: &str, seen: &dyn Fn() -> bool| crate::harness::eventually(what, || seen().then_some(()));
    let suggest = ["suggest", "Robin", "--title", "Answer the mirror", "--kind", "self-talk", "--difficulty", "30", "--why", "-"];
    let more = ["--when", "mornings", "--where", "mirror", "--how-long", "1 min", "--cue", "toothbrush", "--frequency", "daily"];
    let suggested = helper.reads(&[&suggest[..], &more].concat(), "You said it to M.\n")["id"].as_str().unwrap().to_owned();
    let other = helper.ok(&["suggest", "Robin", "--title", "Walk"])["id"].as_str().unwrap().to_owned();
    let understood = helper.reads(&["understood", "Robin", "--text", "-"], "Lunch is hard.\n")["id"].as_str().unwrap().to_owned();
    let open = helper.ok(&["caseload", "open", "Robin"]);
    let session = open["sessions"][0]["id"].as_str().unwrap().to_owned();
    let planned =
        open["experiments"].as_array().unwrap().iter().find(|one| one["outcome"].is_null()).unwrap()["id"].as_str().unwrap().to_owned();
    helper.ok(&["predict", "Robin", &planned, "--rating", "45", "--text", "Quieter."]);
    helper.refuses(7, &["predict", "Robin", &planned, "--rating", "46"]);
    helper.reads(&["reply", "Robin", &session, "--text", "-"], "That was a lot.\n");
    helper.ok(&["sync", "--wait"]);
    robin.ok(&["inbox"]);
    robin.ok(&["inbox", "list", "--all"]);
    let all = robin.ok(&["inbox", "list", "--all"]);
    let reply = all.as_array().unwrap().iter().find(|one| one["type"] == "reply").unwrap()["id"].as_str().unwrap().to_owned();
    for id in [&suggested, &understood, &reply] {
        robin.ok(&["show", id]);
    }
    robin.ok(&["inbox", "accept", &suggested]);
    robin.ok(&["inbox", "later", &other]);
    robin.ok(&["inbox", "decline", &other]);
    robin.ok(&["inbox", "answer", &understood, "partly", "--text", "The evening is."]);
    robin.ok(&["inbox", "list", "--all"]);
    let due = robin.ok(&["experiment", "list"]);
    let due: Vec<&Value> = due.as_array().unwrap().iter().filter(|one| one["status"] == "planned").collect();
    for one in due {
        let id = one["id"].as_str().unwrap();
        robin.ok(&["outcome", id, "--after", "90"]);
        robin.ok(&["show", id]);
    }
    robin.ok(&["log", "lunch", "--tag", "question"]);
    robin.ok(&["log", "lunch", "--felt-state", "numb", "--worse"]);
    robin.ok(&["log", "lunch", "--stopped-early"]);
    robin.ok(&["rapport", "rate", "Dana", "--understood", "70", "--trust", "60", "--agreement", "50"]);
    robin.ok(&["share", "edit", "Dana", "--add", "rapport", "--yes"]);
    robin.ok(&["share", "preview", "Dana"]);
    robin.ok(&["sync", "--wait"]);
    eventually("the answers arrive", &|| {
        helper.ok(&["caseload", "open", "Robin"])["sent"].as_array().unwrap().iter().any(|one| one["words"].is_string())
    });
    helper.ok(&["caseload"]);
    let loan = robin.ok(&["borrow", "list"])[0]["id"].as_str().unwrap().to_owned();
    let lend = ["lend", "Robin", "lunch", "--strength", "50", "--reasons", "I saw it.", "--text", "Once more."];
    let second = helper.ok(&lend)["id"].as_str().unwrap().to_owned();
    eventually("the loan arrives", &|| robin.ok(&["borrow", "list"]).as_array().unwrap().len() == 2);
    robin.ok(&["inbox", "list"]);
    robin.ok(&["borrow", "show", &loan]);
    robin.ok(&["borrow", "return", &loan]);
    helper.ok(&["withdraw", "Robin", &second]);
    eventually("it is taken back", &|| robin.ok(&["borrow", "show", &second])["withdrawn_at"].is_string());
    robin.ok(&["inbox", "list", "--all"]);
}

/// Notes, names, receipts.
fn each_for_themself(robin: Held<'_>, helper: Held<'_>) {
    let note = helper.reads(&["caseload", "notes", "Robin", "-"], "Ask about the evenings.\n")["id"].as_str().unwrap().to_owned();
    helper.ok(&["caseload", "notes", "Robin"]);
    helper.ok(&["show", &note]);
    helper.ok(&["edit", &note, "--text", "Ask about the mornings."]);
    helper.ok(&["search", "mornings"]);
    helper.ok(&["delete", &note, "--yes"]);
    helper.ok(&["restore"]);
    helper.ok(&["restore", &note]);
    helper.ok(&["caseload", "list"]);
    helper.ok(&["caseload", "prep", "Robin"]);
    helper.ok(&["client", "rename", "Robin", "Robin M."]);
    helper.ok(&["client", "rename", "Robin M.", "Robin"]);
    helper.ok(&["client", "receipts"]);
    helper.ok(&["sync", "--wait"]);
    robin.ok(&["share", "log"]);
    robin.ok(&["share", "receipts"]);
    let rapport = robin.ok(&["rapport", "chart"])[0]["id"].as_str().unwrap().to_owned();
    robin.ok(&["show", &rapport]);
    robin.ok(&["edit", &rapport, "--private"]);
    robin.ok(&["delete", &rapport, "--yes"]);
    robin.ok(&["restore", &rapport]);
    let shared = robin.ok(&["list"]).as_array().unwrap().iter().find(|one| one["visibility"] == "inherit").unwrap()["id"].clone();
    robin.ok(&["erase", shared.as_str().unwrap(), "--yes"]);
    robin.typed(&["rapport", "rate", "Dana"], 0, &[("How understood", "\n"), ("How far do you trust", "\n"), ("agree on", "\n")]);
    robin.ok(&["search", "Dana"]);
    let preview = ["share", "invite", "--name", "Sam", "--role", "friend", "--dry-run"];
    robin.ok(&preview);
}

/// Whatever can be shared, with every field of it.
fn something_of_everything(robin: Held<'_>) {
    let plan = ["try", "lunch", "--prediction", "20", "--prediction-text", "Awkward.", "--obstacles", "rain", "--if-then", "then inside"];
    let tried = robin.id(&plan);
    robin.ok(&["outcome", &tried, "--after", "40", "--happened", "It was dry.", "--learning", "No harm.", "--supports", "new"]);
    robin.ok(&["phrase", "add", "lunch", "May I be safe.", "--old", "No.", "--form", "wish", "--voice", "my aunt"]);
    let old = robin.id(&["belief", "add", "I must earn it", "--old", "--block", "habit", "--head", "80", "--heart", "90"]);
    let new = robin.id(&["belief", "add", "I need not earn it", "--head", "20", "--heart", "0"]);
    robin.ok(&["belief", "pair", &old, &new]);
    robin.ok(&["belief", "retire", &old]);
    robin.ok(&["goal", "add", "--template", "worthwhile", "--agree", "70"]);
    robin.ok(&["goal", "close", "worthwhile", "--reason", "another one now"]);
    robin.ok(&["demo", "politeness", "--did", "I said good morning.", "--deserved", "10", "--polite", "80"]);
    let parts = ["--helps-alone", "walking", "--people-places", "the library", "--who-i-can-ask", "M.", "--professionals", "Dana"];
    robin.ok(&[&["crisis", "edit", "--making-it-safer", "not alone", "--warning-signs", "no sleep"][..], &parts].concat());
    robin.ok(&["sit", "lunch", "--no-input", "--duration", "8m", "--mark", "4m12s:landed"]);
}

fn terms_change(robin: Held<'_>) {
    robin.ok(&["share", "edit", "Dana", "--remove", "safety-plan,anchor,goals,beliefs,phrases,experiments,practices", "--dry-run"]);
    robin.typed(&["share", "edit", "Dana", "--remove", "safety-plan"], 0, &[("Change it so?", "n\n")]);
    robin.refuses(2, &["share", "edit", "Dana", "--remove", "safety-plan"]);
    robin.refuses(2, &["share", "edit", "Dana", "--yes"]);
    robin.ok(&["share", "edit", "Dana", "--delay", "24h", "--as", "Robin M.", "--yes"]);
    let session = robin.id(&["log", "lunch", "-a", "3"]);
    let waiting = &robin.ok(&["share", "preview", "Dana"])["waiting"];
    assert_eq!(*waiting, 1);
    robin.ok(&["share", "edit", "Dana", "--delay", "0", "--yes"]);
    robin.ok(&["share", "hold", &session]);
    robin.ok(&["show", &session]);
    assert_eq!(robin.ok(&["share", "preview", "Dana"])["withheld"]["held"], 1);
    robin.ok(&["share", "hold", &session, "--off"]);
    let tried = robin.id(&["try", "lunch"]);
    robin.ok(&["share", "hold", &tried, "--until", "2198-01-01"]);
    robin.ok(&["show", &tried]);
    robin.ok(&["share", "pause", "Dana"]);
    robin.ok(&["share", "preview", "Dana"]);
    robin.ok(&["share", "resume", "Dana"]);
    robin.ok(&["sync", "--wait"]);
}

/// Nothing is published before another own device was heard from.
fn alone_after_a_start(robin: Held<'_>, second: Held<'_>) {
    second.home.stop();
    assert_eq!(robin.ok(&["share", "pause", "Dana"])["unheard"].as_array().unwrap().len(), 1);
    let session = robin.id(&["log", "lunch", "-a", "3"]);
    assert_eq!(robin.ok(&["share", "hold", &session])["unheard"].as_array().unwrap().len(), 1);
    robin.ok(&["share", "resume", "Dana"]);
    robin.home.stop();
    assert!(robin.ok(&["share", "list"])[0]["waiting"].is_string());
    second.home.start();
    robin.ok(&["sync", "--wait"]);
}

fn part(robin: Held<'_>, helper: Held<'_>) {
    robin.refuses(2, &["share", "revoke", "Dana"]);
    robin.ok(&["share", "revoke", "Dana", "--yes"]);
    robin.ok(&["sync", "--wait"]);
    robin.ok(&["borrow", "list"]);
    crate::harness::eventually("Dana's device has heard of the end", || {
        robin.ok(&["share", "list"]).as_array().unwrap().iter().any(|grant| grant["end_reached"] == Value::Bool(true)).then_some(())
    });
    crate::harness::eventually("Dana's device has answered", || {
        robin.ok(&["share", "list"])[0]["deletions"][0]["items"].is_u64().then_some(())
    });
    robin.ok(&["share", "receipts"]);
    helper.ok(&["caseload"]);
    helper.ok(&["caseload", "open", "Robin"]);
    helper.refuses(7, &["lend", "Robin", "lunch", "--strength", "1", "--text", "no"]);
    helper.typed(&["client", "purge", "Robin"], 0, &[("Put away", "n\n")]);
    helper.ok(&["client", "purge", "Robin", "--notes", "--yes"]);
    // Once more, and this time it is Dana who goes.
    let invite = ["share", "invite", "--name", "Dana", "--yes", "--no-wait"];
    let ticket = robin.ok(&invite)["ticket"].as_str().unwrap().to_owned();
    helper.ok(&["helper", "join", &ticket]);
    helper.typed(&["client", "leave", "Robin"], 0, &[("Stop helping", "n\n")]);
    helper.ok(&["client", "leave", "Robin", "--yes"]);
    helper.ok(&["caseload", "open", "Robin"]);
    helper.ok(&["caseload"]);
    crate::harness::eventually("Robin hears of it", || {
        robin.ok(&["share", "list"]).as_array().unwrap().iter().any(|grant| grant["left"].is_string()).then_some(())
    });
}

/// The tour plays a story of its own.
pub(super) fn tour(contract: &Contract) {
    let home = Home::new();
    Held { home: &home, contract }.ok(&["tour"]);
}
