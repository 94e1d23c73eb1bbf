//! What was changed while the editor was open.

use serde_json::json;

use super::Desk;
use crate::harness::Home;

/// The editor waits for Enter with its work done.
const WAITS: &str = "cp \"$1\" $B/text; sed -i \"$(cat $B/sed)\" \"$1\"; echo at work; read line";

fn desk(sed: &str) -> Desk {
    let desk = Desk::with(WAITS);
    std::fs::write(desk.beside("sed"), sed).unwrap();
    desk
}

#[test]
fn two_changes_that_go_together_are_both_in_it_and_that_is_said() {
    let desk = desk("s/bit/lot/");
    let id = desk.noted("I cried a bit. Then I ate at home.");
    let mut asif = desk.at_terminal(&["edit", &id]);
    asif.await_text("at work");
    desk.home.ok(&["edit", &id, "--note", "I cried a bit. Then I ate at home with M."]);
    asif.type_in(b"\n");
    let (code, shown) = asif.end();
    assert!(code == Some(0) && shown.contains("It had been changed meanwhile: both changes are in it now."), "{shown}");
    assert_eq!(desk.note(&id), json!("I cried a lot. Then I ate at home with M."));
    assert!(desk.drafts().is_empty());
    desk.is_cleared();
}

#[test]
fn two_changes_that_meet_are_opened_together_and_one_text_is_made_of_them() {
    let desk = desk("s/bit/lot/");
    let id = desk.noted("I cried a bit.");
    let mut asif = desk.at_terminal(&["edit", &id]);
    asif.await_text("at work");
    desk.home.ok(&["edit", &id, "--note", "I cried a little."]);
    asif.type_in(b"\n");
    asif.await_text("do not go together by themselves");
    asif.await_text("Open the editor on both");
    assert_eq!(desk.note(&id), json!("I cried a little."), "nothing was changed");
    // First nothing is done about the line that parts them.
    std::fs::write(desk.beside("sed"), "s/cried/wept/").unwrap();
    asif.type_in(b"y\n");
    asif.await_text("at work");
    assert!(desk.seen("text").starts_with("I cried a lot.\n\n=====") && desk.seen("text").ends_with("=====\n\nI cried a little.\n"));
    asif.type_in(b"\n");
    asif.await_text("line that parts two texts is still in it");
    asif.await_text("editor again on it? [y/N]");
    std::fs::write(desk.beside("sed"), "1!d;s/lot/lot, or a little/").unwrap();
    asif.type_in(b"y\n");
    asif.await_text("at work");
    asif.type_in(b"\n");
    let (code, shown) = asif.end();
    assert_eq!(code, Some(0), "{shown}");
    assert_eq!(desk.note(&id), json!("I wept a lot, or a little."));
    assert!(desk.drafts().is_empty());
    desk.is_cleared();
}

#[test]
fn two_changes_that_meet_write_nothing_and_both_are_kept_where_the_person_says_no() {
    let desk = desk("s/bit/lot/");
    let id = desk.noted("I cried a bit.");
    let mut asif = desk.at_terminal(&["edit", &id]);
    asif.await_text("at work");
    desk.home.ok(&["edit", &id, "--note", "I cried a little."]);
    asif.type_in(b"\n");
    asif.await_text("Open the editor on both");
    asif.type_in(b"n\n");
    let (code, shown) = asif.end();
    assert!(code == Some(7) && shown.contains("what you typed is kept: asif draft resume"), "{shown}");
    assert_eq!(desk.note(&id), json!("I cried a little."));
    assert_eq!(desk.drafts()[0]["answers"]["text"], "I cried a lot.");
    let printed = desk.home.ok(&["draft", "show"]).stdout;
    assert_eq!(printed, "I cried a lot.\n", "what the editor was opened on is not what was written");
    desk.is_cleared();

    // Gone on with, it still builds on what it built on.
    std::fs::write(desk.beside("sed"), "s/x/x/").unwrap();
    let mut asif = desk.at_terminal(&["draft", "resume"]);
    asif.await_text("at work");
    asif.type_in(b"\n");
    asif.await_text("Open the editor on both");
    std::fs::write(desk.beside("sed"), "1!d").unwrap();
    asif.type_in(b"y\n");
    asif.await_text("at work");
    asif.type_in(b"\n");
    assert_eq!(asif.end().0, Some(0));
    assert_eq!(desk.note(&id), json!("I cried a lot."));
    assert!(desk.drafts().is_empty());
}

#[test]
fn what_another_device_changed_meanwhile_is_merged_too() {
    let desk = desk("s/bit/lot/");
    let id = desk.noted("I cried a bit. Then I ate at home.");
    let desktop: Home = desk.home.pair();
    let mut asif = desk.at_terminal(&["edit", &id]);
    asif.await_text("at work");
    desktop.ok(&["edit", &id, "--note", "I cried a bit. Then I ate at home with M."]);
    desktop.sync();
    asif.type_in(b"\n");
    assert_eq!(asif.end().0, Some(0));
    desk.home.sync();
    for home in [&desk.home, &desktop] {
        assert_eq!(home.json(&["show", &id])["note"], json!("I cried a lot. Then I ate at home with M."));
    }
}

#[test]
fn words_of_a_plan_that_were_changed_meanwhile_are_not_written_over() {
    let desk = desk("s/less/more/");
    desk.home.ok(&["goal", "add", "feel less alone"]);
    let id = desk.home.json(&["goal", "list"])[0]["id"].as_str().unwrap().to_owned();
    let mut asif = desk.at_terminal(&["edit", &id]);
    asif.await_text("at work");
    desk.home.ok(&["edit", &id, "--text", "feel at home"]);
    asif.type_in(b"\n");
    asif.await_text("Open the editor on both");
    asif.type_in(b"\n");
    assert_eq!(asif.end().0, Some(7));
    assert_eq!(desk.home.json(&["show", &id])["text"], json!("feel at home"));
    assert_eq!(desk.drafts()[0]["answers"]["text"], "feel more alone");
}

#[test]
fn what_was_deleted_meanwhile_keeps_the_words_as_a_draft_and_comes_back_with_them() {
    let desk = desk("s/bit/lot/");
    let id = desk.noted("I cried a bit.");
    let mut asif = desk.at_terminal(&["edit", &id]);
    asif.await_text("at work");
    desk.home.ok(&["delete", &id, "--yes"]);
    asif.type_in(b"\n");
    let (code, shown) = asif.end();
    assert!(code == Some(7) && shown.contains("deleted") && shown.contains("asif draft resume"), "{shown}");
    desk.is_cleared();
    let (code, shown) = desk.edit(&["draft", "resume"]);
    assert!(code == Some(7) && shown.contains("asif restore"), "{shown}");
    assert_eq!(desk.drafts()[0]["answers"]["text"], "I cried a lot.", "a try that could not be keeps it");
    desk.home.ok(&["restore", &id]);
    let mut asif = desk.at_terminal(&["draft", "resume"]);
    asif.await_text("at work");
    asif.type_in(b"\n");
    assert_eq!(asif.end().0, Some(0));
    assert_eq!(desk.note(&id), json!("I cried a lot."));
    assert!(desk.drafts().is_empty());
}

#[test]
fn words_that_cannot_be_said_are_mended_in_the_editor() {
    let desk = desk("s/$/\\nand rest/");
    desk.home.ok(&["goal", "add", "feel less alone"]);
    let id = desk.home.json(&["goal", "list"])[0]["id"].as_str().unwrap().to_owned();
    let mut asif = desk.at_terminal(&["edit", &id]);
    asif.await_text("at work");
    asif.type_in(b"\n");
    asif.await_text("must be one line");
    asif.await_text("Open the editor again on it? [y/N]");
    std::fs::write(desk.beside("sed"), "2d").unwrap();
    asif.type_in(b"y\n");
    asif.await_text("at work");
    assert_eq!(desk.seen("text"), "feel less alone\nand rest\n");
    std::fs::write(desk.beside("sed"), "s/x/x/").unwrap();
    asif.type_in(b"\n");
    let (code, shown) = asif.end();
    assert_eq!(code, Some(0), "{shown}");
    assert_eq!(desk.home.json(&["show", &id])["text"], json!("feel less alone"));
}
