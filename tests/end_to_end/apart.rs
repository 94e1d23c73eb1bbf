//! What two devices wrote apart, and what is taken back: as a person is told it.
//!
//! - `show` says in one line that a field was changed apart; prose shows what both wrote.
//! - `history` tells every change of every kind of record, with its device, and what does not show.
//! - `undo` and `redo` go back and forth over the last changes, also of another device, and say what they did.

use serde_json::{Value, json};

use crate::harness::Home;

/// Both edit the same session while they do not hear of each other; then they meet.
fn changed_apart(first: &[&str], second: &[&str]) -> (Home, Home, String) {
    let laptop = Home::robin();
    let id = laptop.log(&["-b", "30", "-a", "45", "--note", "I cried a bit. Then I ate."]);
    let desktop = laptop.pair();
    desktop.stop();
    laptop.ok(&[&["edit", &id], first].concat());
    laptop.stop();
    desktop.ok(&[&["edit", &id], second].concat());
    laptop.start();
    laptop.sync();
    desktop.sync();
    (laptop, desktop, id)
}

#[test]
fn show_says_in_a_line_what_was_changed_apart() {
    let (laptop, desktop, id) =
        changed_apart(&["--note", "I cried a lot. Then I ate.", "-a", "50"], &["--note", "I cried a bit. Then I ate soup.", "-a", "60"]);
    for home in [&laptop, &desktop] {
        let shown = home.ok(&["show", &id]).stdout;
        assert!(shown.contains("  I cried a lot. Then I ate soup.\n"), "{shown}");
        let told: Vec<_> = shown.lines().filter(|line| line.contains("apart")).collect();
        let short = &id[id.len() - 4..];
        let other = 110 - home.json(&["show", &id])["after"].as_u64().unwrap();
        assert!(
            told.contains(&format!("  two devices changed \"note\" apart; what both wrote is in it (asif history {short})").as_str()),
            "{shown}"
        );
        let after = format!("  two devices changed \"feeling after\" apart; also written, and kept: {other} (asif history {short})");
        assert!(told.contains(&after.as_str()) && told.len() == 2, "{shown}");
    }
}

#[test]
fn history_tells_who_wrote_what_and_what_became_of_it() {
    let (laptop, _desktop, id) = changed_apart(&["-a", "50"], &["-a", "60", "--clear", "note"]);
    let told = laptop.json(&["history", &id]);
    assert_eq!((&told["kind"], &told["title"]), (&json!("session"), &json!("lunch")));
    let steps = told["steps"].as_array().unwrap();
    assert_eq!(steps.len(), 3, "{told}");
    let of = |device: &str, field: &str| -> Vec<Value> {
        let steps = steps.iter().filter(|step| step["device"] == device);
        steps.flat_map(|step| step["changes"].as_array().unwrap()).filter(|change| change["field"] == field).cloned().collect()
    };
    assert_eq!(of("laptop", "after").len(), 2);
    let (mine, theirs) = (&of("laptop", "after")[1], &of("desktop", "after")[0]);
    assert_eq!((&mine["from"], &mine["to"], &theirs["from"], &theirs["to"]), (&json!(45), &json!(50), &json!(45), &json!(60)));
    let mut became = [mine["now"].as_str().unwrap(), theirs["now"].as_str().unwrap()];
    became.sort_unstable();
    assert_eq!(became, ["kept", "shown"]);
    assert_eq!(of("desktop", "note")[0]["to"], Value::Null);
    assert!(steps.iter().all(|step| step["at"].is_string()), "{told}");
    // The same for people: what was emptied is still there to be read.
    let read = laptop.ok(&["history", &id]).stdout;
    assert!(read.starts_with("lunch  ") && read.contains("I cried a bit. Then I ate.") && read.contains("note: emptied"), "{read}");
    assert!(read.contains("on desktop  edit") && read.contains("feeling after: 45 -> 60"), "{read}");
    laptop.refuses(4, &["history", "zzzz"]);
}

#[test]
fn what_undo_passes_over_is_told_and_it_goes_on() {
    let laptop = Home::robin();
    let id = laptop.log(&["-a", "45"]);
    let desktop = laptop.pair();
    desktop.stop();
    let edits = |home: &Home, values: [&str; 2]| values.iter().for_each(|value| drop(home.ok(&["edit", &id, "-a", value])));
    edits(&laptop, ["50", "51"]);
    laptop.stop();
    edits(&desktop, ["60", "61"]);
    laptop.start();
    laptop.sync();
    // Both are replaced; when that is taken back only the one that showed stands again.
    laptop.ok(&["edit", &id, "-a", "70"]);
    let mut told = String::new();
    while !told.contains("took back: log") {
        told += &laptop.ok(&["undo"]).stdout;
    }
    let short = &id[id.len() - 4..];
    let passed_over = format!("passed over: edit  {short}  (nothing that shows is its alone: asif history {short})");
    assert!(told.lines().any(|line| line == passed_over), "{told}");
    assert_eq!(laptop.json(&["show", &id])["after"], json!(45));
}

#[test]
fn every_kind_of_record_has_a_history() {
    let home = Home::robin();
    let id = |args: &[&str]| home.json(args)["id"].as_str().unwrap().to_owned();
    let belief = id(&["belief", "add", "I deserve kindness", "--heart", "5"]);
    home.ok(&["belief", "rate", &belief, "--heart", "10"]);
    let goal = id(&["goal", "add", "treating myself kindly"]);
    home.ok(&["edit", &goal, "--text", "treating myself more kindly"]);
    home.ok(&["practice", "edit", "lunch", "--cue", "the bell"]);
    let tried = id(&["try", "lunch", "--prediction", "20"]);
    home.ok(&["outcome", &tried, "--after", "30", "--learning", "it was fine"]);
    home.ok(&["crisis", "edit", "--helps-alone", "walking"]);
    for (typed, kind, words) in [
        (belief.as_str(), "belief", "heart 10"),
        (&goal, "goal", "treating myself more kindly"),
        ("lunch", "practice", "cue: the bell"),
        (&tried, "experiment", "it was fine"),
        ("crisis", "safety_plan", "walking"),
    ] {
        let told = home.json(&["history", typed]);
        assert_eq!(told["kind"], kind);
        let read = home.ok(&["history", typed]).stdout;
        assert!(read.contains(words), "{typed}: {read}");
    }
}

#[test]
fn the_last_changes_are_taken_back_one_by_one_also_those_of_another_device_and_put_back() {
    let laptop = Home::robin();
    let id = laptop.log(&["-a", "45"]);
    let desktop = laptop.pair();
    desktop.ok(&["edit", &id, "-a", "60"]);
    desktop.ok(&["edit", &id, "--note", "more"]);
    desktop.sync();
    let undone = laptop.json(&["undo"]);
    assert_eq!((&undone["what"], &undone["device"], &undone["id"]), (&json!("edit"), &json!("desktop"), &json!(id)));
    let told = laptop.ok(&["undo"]).stdout;
    assert!(told.starts_with("took back: edit  ") && told.ends_with("  (made on desktop)  (put back: asif redo)\n"), "{told}");
    let now = |home: &Home| {
        let shown = home.json(&["show", &id]);
        (shown["after"].clone(), shown["note"].clone())
    };
    assert_eq!(now(&laptop), (json!(45), Value::Null));
    laptop.sync();
    assert_eq!(now(&desktop), (json!(45), Value::Null));
    assert!(desktop.ok(&["redo"]).stdout.starts_with("put back: edit  "));
    assert_eq!(now(&desktop), (json!(60), Value::Null));
    desktop.ok(&["redo"]);
    assert_eq!(now(&desktop), (json!(60), json!("more")));
    desktop.refuses(7, &["redo"]);
    desktop.sync();
    assert_eq!(now(&laptop), (json!(60), json!("more")));
}
