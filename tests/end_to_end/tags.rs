//! Tags: what there is, adding and taking away, another name for one, on one device and on two.

use serde_json::{Value, json};

use crate::harness::Home;

fn tags(home: &Home) -> Vec<(String, u64)> {
    let all = home.json(&["tag"]);
    let one = |tag: &Value| (tag["tag"].as_str().unwrap().to_owned(), tag["sessions"].as_u64().unwrap());
    all.as_array().unwrap().iter().map(one).collect()
}

fn of(home: &Home, id: &str) -> Value {
    home.json(&["show", id])["tags"].clone()
}

#[test]
fn tags_are_added_and_taken_away_and_taken_back_whole() {
    let home = Home::robin();
    home.ok(&["tag"]).says(&["There are no tags yet"]);
    let id = home.log(&["--tag", "work", "--tag", "#rain"]);
    assert_eq!(of(&home, &id), json!(["rain", "work"]), "a # is how a tag is shown, and no part of it");
    let told = home.ok(&["tag", &id, " #sun ", "long walk", "--remove", "#rain", "--remove", "never there"]).stdout;
    assert!(told.starts_with("tagged lunch  ") && told.contains("#long walk #sun #work"), "{told}");
    assert_eq!(of(&home, &id), json!(["long walk", "sun", "work"]));
    home.ok(&["undo"]);
    assert_eq!(of(&home, &id), json!(["rain", "work"]), "one undo takes back what one command did");
    assert_eq!(home.json(&["tag", &id, "work"])["unchanged"], json!(true));
    for again in [&["tag", &id, "work"][..], &["edit", &id, "--tag", "work"], &["edit", &id, "--tag", "rain", "--clear", "private"]] {
        let told = home.ok(again).stdout;
        assert!(told.contains("(it stood so already)") && !told.contains("asif undo"), "{told}");
    }
    assert_eq!(home.json(&["undo"])["what"], "log", "what changed nothing is nothing to take back");
    home.ok(&["restore", &id]);
    let found = home.json(&["list", "--tag", "#work"]);
    assert_eq!(found.as_array().unwrap().len(), 1, "with the sign and without");
    for args in
        [&["tag", &id][..], &["tag", "--remove", "work"], &["tag", &id, " # "], &["tag", &id, "a", "--remove", "a"], &["tag", "lunch", "a"]]
    {
        home.refuses(if args[1] == "lunch" { 4 } else { 2 }, args);
    }
    home.refuses(2, &["log", "lunch", "--tag", "#"]);
    home.ok(&["delete", &id, "--yes"]);
    home.refuses(7, &["tag", &id, "late"]);
    assert_eq!(tags(&home), [], "a deleted session has no tags in use");
}

#[test]
fn a_tag_is_renamed_wherever_it_is_and_back_by_one_undo() {
    let home = Home::robin();
    let mut ids: Vec<String> = Vec::new();
    for at in [
        "2023-01-05T10:00",
        "2023-02-05T10:00",
        "2023-03-05T10:00",
        "2023-04-05T10:00",
        "2024-05-05T10:00",
        "2024-06-05T10:00",
        "2024-06-06T10:00",
    ] {
        ids.push(home.log(&["--at", at, "--tag", "wrok"]));
    }
    let both = home.log(&["--at", "2023-02-06T10:00", "--tag", "wrok", "--tag", "work"]);
    let other = home.log(&["--tag", "other"]);
    home.ok(&["delete", &ids[0], "--yes"]);
    // Months that are not in memory are read for it.
    home.stop();
    let told = home.ok(&["tag", "--rename", "#wrok", "work"]).stdout;
    assert_eq!(told, "renamed #wrok to #work  in 8 sessions  (undo: asif undo)\n");
    assert_eq!(tags(&home), [("other".to_owned(), 1), ("work".to_owned(), 7)]);
    home.ok(&["restore", &ids[0]]);
    assert_eq!(of(&home, &ids[0]), json!(["work"]), "a deleted session, too");
    assert_eq!((of(&home, &both), of(&home, &other)), (json!(["work"]), json!(["other"])));
    home.refuses(4, &["tag", "--rename", "wrko", "other one"]);
    home.refuses(2, &["tag", "--rename", "work", "#work"]);
    home.refuses(2, &["tag", "--rename", "work"]);
    home.ok(&["undo"]);
    home.stop();
    assert_eq!(home.json(&["undo"])["what"], "tag rename");
    for id in &ids[1..] {
        assert_eq!(of(&home, id), json!(["wrok"]));
    }
    assert_eq!(of(&home, &both), json!(["work", "wrok"]));
    assert_eq!(tags(&home), [("other".to_owned(), 1), ("work".to_owned(), 1), ("wrok".to_owned(), 7)]);
}

#[test]
fn tags_that_two_devices_give_apart_are_both_kept() {
    let laptop = Home::robin();
    let desktop = laptop.pair();
    let id = laptop.log(&["--tag", "begun"]);
    laptop.sync();
    laptop.stop();
    desktop.ok(&["tag", &id, "desk", "--remove", "begun"]);
    desktop.stop();
    laptop.ok(&["tag", &id, "lap"]);
    desktop.start();
    laptop.sync();
    desktop.sync();
    for home in [&laptop, &desktop] {
        assert_eq!(of(home, &id), json!(["desk", "lap"]));
        assert_eq!(home.json(&["show", &id])["conflicts"], Value::Null);
    }
}
