//! What is told about sharing is so: what was opened, what is seen now, what waits, and what is over.

use serde_json::{Value, json};

use crate::harness::{Home, eventually, finish, shell};
use crate::helper::{await_end, opened};

const ALL: &[&str] = &["--scope", "ratings,practices,experiments,notes", "--since", "2020-01-01"];

/// What Dana's devices are said to have opened: the first words of each record, and whether it was changed.
fn told(robin: &Home) -> Vec<Vec<(String, bool)>> {
    let rows = robin.json(&["share", "log"]);
    let record = |one: &Value| (one["what"].as_str().unwrap().to_owned(), one["changed"] == true);
    let mut rows: Vec<Vec<_>> =
        rows.as_array().unwrap().iter().map(|row| row["records"].as_array().unwrap().iter().map(record).collect()).collect();
    rows.iter_mut().for_each(|row: &mut Vec<(String, bool)>| row.sort());
    rows.reverse();
    rows
}

#[test]
fn what_was_opened_stays_told_whatever_is_taken_back_or_changed_afterwards() {
    let robin = Home::robin();
    let session = robin.log(&["-b", "30", "-a", "45"]);
    let tried = robin.json(&["try", "lunch", "--prediction", "20"])["id"].as_str().unwrap().to_owned();
    let dana = robin.share_with_dana(ALL);
    opened(&dana);
    dana.sync();
    let first = eventually("it is reported", || Some(told(&robin)).filter(|rows| rows.len() == 1));
    let plain = |what: &str| (what.to_owned(), false);
    assert_eq!(first, [[plain("experiment"), plain("lunch"), plain("practice lunch")]]);
    // It goes on, is opened again, and then taken back in three ways.
    robin.ok(&["outcome", &tried, "--after", "60"]);
    robin.sync();
    eventually("the outcome is there", || opened(&dana)["experiments"][0]["outcome"].is_object().then_some(()));
    dana.sync();
    let second = eventually("that too is reported", || Some(told(&robin)).filter(|rows| rows.len() == 2));
    assert_eq!((&second[0], &second[1]), (&first[0], &vec![("experiment".to_owned(), true), plain("lunch")]));
    robin.ok(&["share", "hold", &session]);
    robin.ok(&["share", "edit", "Dana", "--remove", "experiments", "--yes"]);
    robin.sync();
    assert_eq!(told(&robin), second);
    robin.ok(&["share", "revoke", "Dana", "--yes"]);
    await_end(&dana);
    assert_eq!(told(&robin), second);
}

#[test]
fn what_is_let_go_and_private_is_not_said_to_be_shared() {
    let robin = Home::robin();
    let session = robin.log(&["-b", "30", "-a", "45"]);
    robin.ok(&["edit", &session, "--private"]);
    robin.ok(&["share", "hold", &session]);
    assert_eq!(robin.json(&["share", "hold", &session, "--off"])["private"], json!(true));
    let let_go = || robin.ok(&["share", "hold", &session, "--off"]).stdout;
    assert!(let_go().starts_with("Let go; nobody sees"));
    robin.ok(&["edit", &session, "--clear", "private"]);
    assert!(let_go().contains("is shared as the rest is"));
}

#[test]
fn a_helper_has_a_name_that_can_be_shown_whole() {
    let robin = Home::robin();
    for (name, why) in
        [("x".repeat(101), "101 bytes; it may have 100"), ("Da\tna".into(), "cannot be shown"), ("  ".into(), "needs a name")]
    {
        robin.refuses(2, &["share", "invite", "--name", &name, "--yes"]).says(&[why]);
    }
    assert_eq!(robin.json(&["share", "list"]), json!([]));
}

#[test]
fn once_it_is_over_nothing_is_said_to_be_seen_or_asked_back() {
    let robin = Home::robin();
    let session = robin.log(&["-b", "30", "-a", "45"]);
    let dana = robin.share_with_dana(ALL);
    let words = dana.json(&["understood", "Robin", "--text", "It is hardest on Sundays."])["id"].as_str().unwrap().to_owned();
    let suggested = dana.json(&["suggest", "Robin", "--title", "Answer the mirror kindly"])["id"].as_str().unwrap().to_owned();
    dana.sync();
    eventually("both are there", || robin.json(&["inbox", "list", "--all"])[1]["id"].is_string().then_some(()));
    robin.ok(&["inbox", "answer", &words, "partly"]);
    robin.sync();
    robin.ok(&["share", "revoke", "Dana", "--yes"]);
    await_end(&dana);
    robin.refuses(7, &["share", "preview", "Dana"]).says(&["has ended", "asif share receipts"]);
    assert_eq!(robin.json(&["share", "hold", &session])["was_shared_with"], json!([]));
    let page = eventually("it is deleted", || {
        Some(dana.ok(&["caseload", "open", "Robin"])).filter(|page| page.stdout.contains("what they said to it, if they did, is deleted"))
    });
    assert!(!page.stdout.contains("not answered yet"), "{}", page.stdout);
    let declined = robin.ok(&["inbox", "decline", &suggested]).stdout.replace('\n', " ");
    assert!(declined.contains("Sharing with Dana has ended, so it stays with you") && !declined.contains("sees"), "{declined}");
}

#[test]
fn what_was_sent_is_told_on_the_page_of_the_day_until_it_is_looked_at() {
    let robin = Home::robin();
    let dana = robin.share_with_dana(ALL);
    assert_eq!(robin.json(&["today"])["inbox"], json!(0));
    dana.json(&["suggest", "Robin", "--title", "Answer the mirror kindly"]);
    dana.sync();
    eventually("today tells", || (robin.json(&["today"])["inbox"] == 1).then_some(()));
    assert!(robin.ok(&["today"]).stdout.contains("Something was sent to you: asif inbox"));
    robin.ok(&["inbox"]);
    assert_eq!(robin.json(&["today"])["inbox"], json!(0));
}

#[test]
fn a_pause_is_no_version_of_what_both_signed() {
    let robin = Home::robin();
    let dana = robin.share_with_dana(ALL);
    let version = |home: &Home, command: &str| home.json(&[command, "receipts"])[0]["terms"]["version"].clone();
    for command in ["pause", "resume", "pause", "resume"] {
        robin.ok(&["share", command, "Dana"]);
    }
    robin.ok(&["share", "edit", "Dana", "--remove", "notes", "--yes"]);
    robin.sync();
    eventually("the second is signed by both", || {
        let receipt = robin.json(&["share", "receipts"])[0].clone();
        (receipt["helper_signature"].is_object() && receipt["terms"]["version"] == 2).then_some(())
    });
    assert_eq!((version(&robin, "share"), version(&dana, "client")), (json!(2), json!(2)));
}

#[test]
fn an_invitation_with_a_delay_tells_what_waits_and_until_when_it_is() {
    let robin = Home::robin();
    robin.log(&["-b", "30", "-a", "45"]);
    let delayed = ["share", "invite", "--name", "Dana", "--scope", "ratings", "--since", "7d", "--until", "2099-01-01", "--delay", "24h"];
    let shown = robin.ok(&[&delayed[..], &["--purpose", "Before the summer", "--dry-run"]].concat()).stdout;
    let shown = shown.split_whitespace().collect::<Vec<_>>().join(" ");
    for words in ["wait now)", "1 Jan 2099; then it ends by itself", "What for: Before the summer", "(helper)"] {
        assert!(shown.contains(words), "{words}: {shown}");
    }
    assert_eq!(robin.json(&[&delayed[..], &["--dry-run"]].concat())["waiting"], json!(1));
}

#[test]
fn an_end_that_lies_behind_is_refused_and_one_that_has_come_is_told_at_once() {
    let robin = Home::robin();
    robin.log(&["-b", "30", "-a", "45"]);
    let dana = robin.share_with_dana(&["--scope", "ratings,practices", "--since", "2020-01-01"]);
    robin.refuses(2, &["share", "edit", "Dana", "--until", "2024-01-01", "--yes"]).says(&["over already", "asif share revoke"]);
    robin.refuses(2, &["share", "edit", "Dana", "--until", "1h ago", "--yes"]);
    assert_eq!(robin.json(&["share", "list"])[0]["until"], Value::Null);
    let soon = jiff::Timestamp::now() + std::time::Duration::from_secs(2);
    robin.ok(&["share", "edit", "Dana", "--until", &soon.to_string(), "--yes"]);
    eventually("it is told to be over", || robin.json(&["share", "list"])[0]["ended"].is_string().then_some(()));
    robin.refuses(7, &["share", "preview", "Dana"]);
    await_end(&dana);
}

#[test]
fn what_waits_is_counted_whether_or_not_this_device_has_looked_at_it() {
    let robin = Home::robin();
    let desktop = robin.pair();
    let delayed = ["--scope", "ratings", "--since", "2020-01-01", "--delay", "24h"];
    let ticket = robin.helper_ticket(&delayed);
    robin.log(&["-b", "30"]);
    assert_eq!(robin.json(&["share", "preview", "Dana"])["waiting"], json!(1), "also before anybody has joined");
    let dana = Home::new();
    dana.ok(&["helper", "join", &ticket, "--name", "Dana"]);
    robin.log(&["-b", "31"]);
    robin.sync();
    desktop.sync();
    for home in [&robin, &desktop] {
        eventually("both wait", || (home.json(&["share", "preview", "Dana"])["waiting"] == 2).then_some(()));
    }
    assert_eq!(opened(&dana)["sessions"], json!([]));
}

#[test]
fn undo_goes_past_a_change_of_what_is_shared_only_where_that_is_asked_for() {
    let robin = Home::robin();
    let [hidden, other] = ["41", "42"].map(|after| robin.log(&["-a", after]));
    let dana = robin.share_with_dana(ALL);
    let seen = || opened(&dana)["sessions"].as_array().unwrap().len();
    assert_eq!(seen(), 2);
    robin.ok(&["edit", &hidden, "--private"]);
    for change in [&["share", "hold", &other][..], &["share", "pause", "Dana"], &["share", "edit", "Dana", "--add", "goals", "--yes"]] {
        robin.ok(change);
        robin.refuses(7, &["undo"]).says(&["the last thing done was", "asif undo --past-sharing"]);
        assert_eq!(robin.json(&["show", &hidden])["visibility"], "private");
    }
    robin.ok(&["share", "resume", "Dana"]);
    robin.ok(&["share", "hold", &other, "--off"]);
    robin.sync();
    eventually("the other one is back", || (seen() == 1).then_some(()));
    robin.ok(&["undo", "--past-sharing"]);
    eventually("and so is what was hidden", || (seen() == 2).then_some(()));
}

#[test]
fn words_that_were_said_apart_are_all_in_the_history_of_what_was_answered() {
    let robin = Home::robin();
    let dana = robin.share_with_dana(ALL);
    let desktop = robin.pair();
    let words = dana.json(&["understood", "Robin", "--text", "It is hardest on Sundays."])["id"].as_str().unwrap().to_owned();
    dana.sync();
    for home in [&robin, &desktop] {
        eventually("it is there", || home.json(&["inbox", "list", "--all"])[0]["id"].is_string().then_some(()));
        home.ok(&["daemon", "stop"]);
    }
    for (home, fit, text) in [(&robin, "fits", "said on the laptop"), (&desktop, "partly", "said on the desktop")] {
        home.ok(&["inbox", "answer", &words, fit, "--text", text]);
        home.ok(&["daemon", "stop"]);
    }
    desktop.ok(&["status"]);
    robin.sync();
    for home in [&robin, &desktop] {
        let history = home.ok(&["history", &words]).stdout;
        assert!(history.contains("said on the laptop") && history.contains("said on the desktop"), "{history}");
        assert_eq!(home.json(&["inbox", "list", "--all"])[0]["apart"], true);
        assert!(home.ok(&["inbox", "list", "--all"]).stdout.contains("answered apart; all that was said is in: asif history"));
    }
}

#[test]
fn what_did_not_reach_the_screen_does_not_count_as_looked_at() {
    let robin = Home::robin();
    let session = robin.log(&["-a", "45"]);
    let dana = robin.share_with_dana(ALL);
    let shown = opened(&dana)["sessions"][0]["id"].as_str().unwrap().to_owned();
    dana.ok(&["reply", "Robin", &shown, "--text", "I am glad you told me."]);
    dana.sync();
    eventually("it is there", || (robin.json(&["today"])["inbox"] == 1).then_some(()));
    let mut command = shell("\"$1\" inbox list > /dev/full; echo $?", &[]);
    command.arg(env!("CARGO_BIN_EXE_asif")).env("ASIF_HOME", robin.path());
    assert_eq!(finish(command, None).exits(0).stdout, "1\n");
    assert_eq!(robin.json(&["today"])["inbox"], 1);
    assert!(robin.ok(&["inbox", "list"]).stdout.contains("I am glad you told me."));
    assert_eq!((robin.json(&["today"])["inbox"].clone(), robin.json(&["inbox", "list"])), (json!(0), json!([])), "{session}");
}

#[test]
fn a_pause_is_told_with_what_a_helper_will_hear_after_it() {
    let robin = Home::robin();
    let dana = robin.share_with_dana(ALL);
    for title in ["Answer the mirror kindly", "Say no once"] {
        dana.json(&["suggest", "Robin", "--title", title]);
    }
    dana.sync();
    let ids = eventually("both are there", || {
        let all = robin.json(&["inbox", "list", "--all"]);
        Some([all[0]["id"].as_str()?.to_owned(), all[1]["id"].as_str()?.to_owned()])
    });
    robin.ok(&["share", "pause", "Dana"]);
    let said = |args: &[&str]| robin.ok(args).stdout.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(said(&["inbox", "decline", &ids[0]]).contains("is paused: once you resume it, Dana sees only \"declined\"."));
    robin.ok(&["share", "resume", "Dana"]);
    let accepted = said(&["inbox", "accept", &ids[1], "--private"]);
    assert!(accepted.contains("Dana sees only \"accepted\". To practise") && !accepted.contains("new practice too"), "{accepted}");
}

#[test]
fn a_device_that_has_met_no_other_since_its_start_says_in_a_preview_that_what_is_new_waits() {
    let robin = Home::robin();
    let dana = robin.share_with_dana(ALL);
    let desktop = robin.pair();
    let preview = || robin.json(&["share", "preview", "Dana"])["waits_for_device"].clone();
    assert_eq!(preview(), false);
    desktop.stop();
    robin.stop();
    robin.start();
    assert_eq!(preview(), true);
    assert!(robin.ok(&["share", "preview", "Dana"]).stdout.contains("what is new waits here until"));
    // That holds back what a client shows, and nothing that a helper says.
    let second = dana.pair();
    second.stop();
    dana.stop();
    dana.start();
    dana.json(&["understood", "Robin", "--text", "It is hardest on Sundays."]);
    dana.sync();
    desktop.start();
    eventually("they have met", || (preview() == false).then_some(()));
}

#[test]
fn an_experiment_that_is_kept_back_keeps_its_outcome_back_and_can_be_made_public_again() {
    let robin = Home::robin();
    let tried = robin.json(&["try", "lunch", "--prediction", "20"])["id"].as_str().unwrap().to_owned();
    let dana = robin.share_with_dana(ALL);
    robin.ok(&["share", "hold", &tried]);
    robin.ok(&["outcome", &tried, "-a", "72"]);
    robin.ok(&["log", "lunch", "-a", "41"]);
    robin.sync();
    let afters = || -> Vec<Value> { opened(&dana)["sessions"].as_array().unwrap().iter().map(|one| one["after"].clone()).collect() };
    eventually("the other one came", || (afters() == [json!(41)]).then_some(()));
    robin.ok(&["share", "hold", &tried, "--off"]);
    eventually("and then the outcome", || (afters().len() == 2).then_some(()));
    robin.ok(&["edit", &tried, "--private"]);
    robin.ok(&["edit", &tried, "--clear", "private"]);
    assert_eq!(robin.json(&["show", &tried])["visibility"], "inherit");
    robin.refuses(2, &["edit", &tried, "--clear", "note"]);
}

#[test]
fn whoever_hides_something_is_told_who_had_it_and_who_may_still_send_it() {
    let robin = Home::robin();
    let session = robin.log(&["-b", "30", "-a", "45"]);
    let other = robin.log(&["-b", "31", "-a", "46"]);
    let told = robin.ok(&["edit", &other, "--private"]).stdout;
    assert_eq!(told.lines().count(), 1, "nobody sees anything: {told}");
    let desktop = robin.pair();
    let dana = robin.share_with_dana(ALL);
    robin.sync();
    desktop.sync();
    desktop.stop();
    for command in [&["edit", &session, "--private"][..], &["delete", &session, "--yes"], &["practice", "edit", "lunch", "--private"]] {
        let told = robin.ok(command).stdout.replace('\n', " ");
        assert!(told.contains("has not heard yet, and may still send it until it does."), "{told}");
        assert!(told.contains("Dana had it already: it is asked back."), "{told}");
        assert!(robin.json(command).is_object());
    }
    desktop.start();
    desktop.sync();
    let told = robin.ok(&["edit", &other, "--private"]).stdout;
    assert!(!told.contains("has not heard yet"), "{told}");
    drop(dana);
}

#[test]
fn an_experiment_says_that_it_is_kept_back_and_that_its_session_is_another_record() {
    let robin = Home::robin();
    let tried = robin.json(&["try", "lunch", "--prediction", "20"])["id"].as_str().unwrap().to_owned();
    robin.ok(&["outcome", &tried, "-a", "61", "--no-input"]);
    assert!(!robin.ok(&["show", &tried]).stdout.contains("kept back"));
    robin.ok(&["share", "hold", &tried]);
    let shown = robin.ok(&["show", &tried]).stdout;
    assert!(shown.contains("kept back, and its session with it: until you let it go"), "{shown}");
    let list = robin.ok(&["experiment", "list"]).stdout;
    assert!(list.contains("kept back"), "{list}");
    let told = robin.ok(&["delete", &tried, "--yes"]);
    assert!(
        format!("{}{}", told.stdout, told.stderr).replace('\n', " ").contains("The session in which it was tried is another record"),
        "{told:?}"
    );
}
