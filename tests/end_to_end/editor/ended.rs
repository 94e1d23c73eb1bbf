//! Nothing that was written in an editor is lost, however the editor, asif, the daemon or the text end.

use rustix::process::Signal;
use serde_json::json;

use super::{Desk, is_on_no_disk};
use crate::harness::{eventually, freeze, signal};

/// Marked words, which lie in the clear in no file afterwards.
const WORDS: &str = "zanzibar-editor-5561 it rained";

/// An editor that saves the marked words and then does `more`.
fn saves(more: &str) -> String {
    format!("printf '{WORDS}\\n' > \"$1\"; {more}")
}

/// The only draft holds the words; gone on with, they are opened again and stored.
#[track_caller]
fn goes_on(desk: &Desk, id: &str) {
    let drafts = desk.drafts();
    let answers = &drafts[0]["answers"];
    let text = if answers["text"].is_null() { &answers["also found 1"] } else { &answers["text"] };
    assert_eq!((drafts.len(), text), (1, &json!(WORDS)), "{drafts:?}");
    is_on_no_disk(desk, WORDS);
    desk.becomes("cp \"$1\" $B/again");
    desk.done(&["draft", "resume"]);
    assert_eq!(desk.seen("again"), format!("{WORDS}\n"));
    assert_eq!(desk.note(id), json!(WORDS));
    assert!(desk.drafts().is_empty());
    desk.is_cleared();
    is_on_no_disk(desk, WORDS);
}

#[test]
fn an_editor_that_fails_or_is_killed_keeps_the_words_as_a_draft() {
    for (more, code, said) in [
        ("exit 3", 1, "the editor ended with exit code 3"),
        ("kill -KILL $$", 1, "was ended by signal 9"),
        ("kill -INT $$", 130, "stopped here"),
    ] {
        let desk = Desk::with(&saves(more));
        let id = desk.noted("one");
        let (ended, shown) = desk.edit(&["edit", &id]);
        assert!(ended == Some(code) && shown.contains(said) && shown.contains("asif draft resume"), "{shown}");
        assert_eq!(desk.note(&id), json!("one"));
        desk.is_cleared();
        goes_on(&desk, &id);
    }
}

#[test]
fn an_editor_that_fails_with_nothing_written_leaves_nothing() {
    let desk = Desk::with("exit 3");
    let id = desk.noted("one");
    let (code, shown) = desk.edit(&["edit", &id]);
    assert!(code == Some(1) && !shown.contains("draft"), "{shown}");
    assert!(desk.drafts().is_empty());
    desk.is_cleared();
}

#[test]
fn what_an_editor_kept_beside_the_text_when_it_was_killed_is_what_was_not_saved() {
    let desk = Desk::with("printf 'saved\\n' > \"$1\"; sync; printf 'saved, and then more\\n' > \"$1.save\"; exit 1");
    let id = desk.noted("one");
    assert_eq!(desk.edit(&["edit", &id]).0, Some(1));
    let answers = desk.drafts()[0]["answers"].clone();
    assert_eq!((&answers["text"], &answers["also found 1"]), (&json!("saved, and then more"), &json!("saved")));
    desk.is_cleared();

    // Gone on with, both are opened, and one text is made of them. Until then both are in the draft.
    desk.becomes("cp \"$1\" $B/again");
    let mut asif = desk.at_terminal(&["draft", "resume"]);
    asif.await_text("line that parts two texts is still in it");
    asif.await_text("[y/N]");
    asif.type_in(b"n\n");
    assert_eq!(asif.end().0, Some(7));
    let again = desk.seen("again");
    assert!(again.starts_with("saved, and then more\n\n=====") && again.ends_with("=====\n\nsaved\n"), "{again}");
    let kept = desk.home.ok(&["draft", "show"]).stdout;
    assert!(kept.starts_with("saved, and then more\n") && kept.ends_with("\nsaved\n"), "{kept}");
    desk.becomes("sed -i '/=====/d;/^$/d' \"$1\"");
    desk.done(&["draft", "resume"]);
    assert_eq!(desk.note(&id), json!("saved, and then more\nsaved"));
    assert!(desk.drafts().is_empty());
    desk.is_cleared();
}

#[test]
fn what_was_saved_under_another_name_beside_the_text_is_kept_and_writes_over_nothing() {
    let desk = Desk::with(&format!("printf '{WORDS}\\n' > mine.txt; echo '(defun)' > $TMPDIR/made-by-a-program"));
    let id = desk.noted("one");
    let shown = desk.done(&["edit", &id]);
    assert!(shown.contains("You had typed more than went into it"), "{shown}");
    assert_eq!(desk.note(&id), json!("one"));
    desk.is_cleared();
    // Gone on with, it is what the editor is opened on.
    goes_on(&desk, &id);
    desk.becomes("mv \"$1\" moved; echo more >> moved");
    desk.done(&["edit", &id]);
    assert_eq!(desk.note(&id), json!(format!("{WORDS}\nmore")), "it was renamed");

    for name in ["mine.txt", "text.txt2", "text.txt.new"] {
        desk.becomes(&format!("echo two > \"$1\"; echo three > {name}"));
        let shown = desk.done(&["edit", &id]);
        assert!(shown.contains("You had typed more than went into it"), "{shown}");
        assert_eq!(desk.note(&id), json!("two"));
        assert_eq!(desk.drafts()[0]["answers"]["also found 1"], "three");
        desk.home.ok(&["draft", "drop", "--yes"]);
        desk.home.ok(&["undo"]);
        desk.is_cleared();
    }
}

#[test]
fn what_was_saved_under_another_name_after_asif_was_killed_is_kept_too() {
    let desk = Desk::with("trap '' HUP; kill -KILL $PPID; echo 'after all' > mine.txt; echo so > $B/done");
    let id = desk.noted("one");
    let _asif = desk.at_terminal(&["edit", &id]);
    eventually("the end of the editor", || (!desk.seen("done").is_empty()).then_some(()));
    let drafts = eventually("a draft", || Some(desk.drafts()).filter(|drafts| !drafts.is_empty()));
    assert_eq!(drafts[0]["answers"]["also found 1"], "after all");
    assert_eq!(desk.note(&id), json!("one"));
    desk.is_cleared();
}

#[test]
fn a_text_that_is_taken_up_takes_nothing_from_the_draft_that_was_gone_on_with_meanwhile() {
    let desk = Desk::with(&saves("trap '' HUP; mkfifo $B/never; echo $$ > $B/pid; echo at work; read line < $B/never"));
    let id = desk.noted("one");
    let mut asif = desk.at_terminal(&["edit", &id]);
    asif.await_text("at work");
    eventually("what was saved is kept", || desk.drafts().first().map(|draft| assert_eq!(draft["answers"]["text"], WORDS)));
    signal(asif.child.id(), Signal::KILL);
    asif.child.wait().unwrap();
    let left = desk.in_memory().unwrap();
    desk.becomes("echo another > \"$1\"; exit 1");
    assert_eq!(desk.edit(&["draft", "resume"]).0, Some(1));
    std::fs::write(left, "a third").unwrap();
    signal(desk.seen("pid").trim().parse().unwrap(), Signal::KILL);
    eventually("nobody is at it any more", || (desk.drafts().len() == 2).then_some(()));
    let mut texts: Vec<_> = desk.drafts().iter().map(|draft| draft["answers"]["text"].as_str().unwrap().to_owned()).collect();
    texts.sort();
    assert_eq!(texts, ["a third", "another"]);
    desk.is_cleared();
}

#[test]
fn what_was_saved_before_the_text_was_emptied_or_went_is_kept_as_a_draft() {
    for then in [": > \"$1\"", "rm \"$1\""] {
        let desk = Desk::with(&saves(&format!("echo at work; read line; {then}")));
        let id = desk.noted("one");
        let mut asif = desk.at_terminal(&["edit", &id]);
        asif.await_text("at work");
        eventually("what was saved is kept", || desk.drafts().first().map(|draft| assert_eq!(draft["answers"]["text"], WORDS)));
        asif.type_in(b"\n");
        let (code, shown) = asif.end();
        assert!(code == Some(130) && shown.contains("the text was empty at the end") && shown.contains("draft resume"), "{shown}");
        assert_eq!(desk.note(&id), json!("one"));
        goes_on(&desk, &id);

        // A new note begins with nothing: that it is empty at the end is no other case.
        desk.becomes(&saves(&format!("echo at work; read line; {then}")));
        let mut asif = desk.at_terminal(&["note", "-e"]);
        asif.await_text("at work");
        eventually("what was saved is kept", || desk.drafts().first().map(|draft| assert_eq!(draft["answers"]["text"], WORDS)));
        asif.type_in(b"\n");
        assert_eq!(asif.end().0, Some(130));
        assert_eq!(desk.drafts()[0]["answers"]["text"], WORDS);
    }
}

#[test]
fn ctrl_c_is_the_editors_own_affair() {
    let desk = Desk::with(&format!("trap : INT; echo at work; read line; read line; {}", saves("true")));
    let id = desk.noted("one");
    let mut asif = desk.at_terminal(&["edit", &id]);
    asif.await_text("at work");
    for _ in 0..2 {
        asif.type_in(b"\x03");
        asif.await_text("^C");
    }
    asif.type_in(b"\n\n\n");
    assert_eq!(asif.end().0, Some(0));
    assert_eq!(desk.note(&id), json!(WORDS));
    desk.is_cleared();
}

#[test]
fn asif_that_is_told_to_end_ends_the_editor_and_keeps_what_was_saved() {
    for how in [Signal::TERM, Signal::HUP] {
        let desk = Desk::with(&saves("echo at work; read line; read line"));
        let id = desk.noted("one");
        let mut asif = desk.at_terminal(&["edit", &id]);
        asif.await_text("at work");
        signal(asif.child.id(), how);
        let (code, shown) = asif.end();
        assert!(code == Some(130) && shown.contains("what you typed is kept"), "{shown}");
        desk.is_cleared();
        goes_on(&desk, &id);
    }
}

#[test]
fn a_closed_terminal_loses_nothing_that_was_saved() {
    let desk = Desk::with(&saves("echo at work; read line"));
    let id = desk.noted("one");
    let mut asif = desk.at_terminal(&["edit", &id]);
    asif.await_text("at work");
    assert_eq!(asif.hang_up(), Some(130));
    desk.is_cleared();
    goes_on(&desk, &id);
}

#[test]
fn an_editor_that_does_not_end_is_left_with_its_text_and_what_it_saves_later_is_found() {
    let desk = Desk::with(&format!(
        "trap '' HUP TERM; {}",
        saves("echo at work; read line; printf ', later' >> \"$1\"; echo ended > $B/ended; read line")
    ));
    let id = desk.noted("one");
    let mut asif = desk.at_terminal(&["edit", &id]);
    asif.await_text("at work");
    signal(asif.child.id(), Signal::TERM);
    asif.await_text("the editor is still open on");
    assert_eq!(desk.drafts()[0]["answers"]["text"], WORDS);
    assert!(desk.in_memory().is_some(), "the editor is still at it");
    asif.type_in(b"\n");
    eventually("it saves", || (desk.seen("ended") == "ended\n").then_some(()));
    assert_eq!(desk.drafts()[0]["answers"]["text"], WORDS, "somebody is still at it");
    asif.type_in(b"\n");
    let wanted = format!("{WORDS}\n, later");
    eventually("what it saved is found", || (desk.drafts()[0]["answers"]["text"] == wanted.as_str()).then_some(()));
    desk.is_cleared();
}

#[test]
fn what_a_killed_asif_has_left_is_found_once_its_editor_is_gone() {
    let desk = Desk::with(&saves("trap '' HUP; mkfifo $B/never; echo $$ > $B/pid; echo at work; read line < $B/never"));
    let id = desk.noted("one");
    let mut asif = desk.at_terminal(&["edit", &id]);
    asif.await_text("at work");
    // Saved is kept, also before anything ends.
    eventually("what was saved is kept", || desk.drafts().first().map(|draft| assert_eq!(draft["answers"]["text"], WORDS)));
    desk.home.ok(&["draft", "drop", "--yes"]);
    signal(asif.child.id(), Signal::KILL);
    asif.child.wait().unwrap();
    assert!(desk.drafts().is_empty() && desk.in_memory().is_some(), "its editor is still at it");
    signal(desk.seen("pid").trim().parse().unwrap(), Signal::KILL);
    eventually("nobody is at it any more", || (!desk.drafts().is_empty()).then_some(()));
    desk.is_cleared();
    goes_on(&desk, &id);
}

#[test]
fn two_editors_at_once_are_two_texts() {
    let desk = Desk::with("cp \"$1\" $B/$(cat \"$1\"); printf ' later' >> \"$1\"; echo at work; read line");
    let (one, two) = (desk.noted("one"), desk.noted("two"));
    let mut first = desk.at_terminal(&["edit", &one]);
    first.await_text("at work");
    let mut second = desk.at_terminal(&["edit", &two]);
    second.await_text("at work");
    for asif in [&mut first, &mut second] {
        asif.type_in(b"\n");
        assert_eq!(asif.end().0, Some(0));
    }
    assert_eq!((desk.note(&one), desk.note(&two)), (json!("one\n later"), json!("two\n later")));
    desk.is_cleared();
}

#[test]
fn a_text_that_is_too_long_is_opened_again_or_kept_whole() {
    let desk = Desk::with("head -c 140000 /dev/zero | tr '\\0' x > \"$1\"");
    let id = desk.noted("one");
    let mut asif = desk.at_terminal(&["edit", &id]);
    asif.await_text("longer than 128 KiB");
    asif.await_text("[y/N]");
    asif.type_in(b"n\n");
    let (code, shown) = asif.end();
    assert!(code == Some(2) && shown.contains("asif draft resume"), "{shown}");
    assert_eq!(desk.drafts()[0]["answers"]["text"].as_str().unwrap().len(), 140_000);
    assert_eq!(desk.note(&id), json!("one"));
    desk.is_cleared();
    desk.becomes("test $(wc -c < \"$1\") = 140001 && printf 'short\\n' > \"$1\"");
    desk.done(&["draft", "resume"]);
    assert_eq!(desk.note(&id), json!("short"));
}

#[test]
fn bytes_that_are_no_text_are_opened_again_or_stay_where_they_are_and_are_named() {
    let desk = Desk::with("printf 'caf\\351 zanzibar\\n' > \"$1\"");
    let id = desk.noted("one");
    let mut asif = desk.at_terminal(&["edit", &id]);
    asif.await_text("not text (not UTF-8)");
    asif.await_text("[y/N]");
    asif.type_in(b"n\n");
    let (code, shown) = asif.end();
    let path = desk.in_memory().expect("it stays");
    assert!(code == Some(2) && shown.replace("\r\n", "").contains(path.to_str().unwrap()), "{shown}");
    assert_eq!(std::fs::read(&path).unwrap(), b"caf\xe9 zanzibar\n");
    // It is named until somebody has mended it.
    let told = desk.home.ok(&["draft", "list"]);
    assert!(told.stderr.contains(path.to_str().unwrap()), "{told:?}");
    std::fs::write(&path, "caf\u{e9}\n").unwrap();
    assert_eq!(desk.drafts()[0]["answers"]["text"], "caf\u{e9}");
    desk.is_cleared();

    let mut asif = desk.at_terminal(&["edit", &id]);
    asif.await_text("[y/N]");
    desk.becomes("iconv -f latin1 -t UTF-8 \"$1\" > $B/t; cat $B/t > \"$1\"");
    asif.type_in(b"y\n");
    assert_eq!(asif.end().0, Some(0));
    assert_eq!(desk.note(&id), json!("caf\u{e9} zanzibar"));
    desk.is_cleared();
}

#[test]
fn bytes_that_are_no_text_stay_where_they_are_however_the_question_about_them_ends() {
    let desk = Desk::with("printf 'caf\\351 zanzibar\\n' > \"$1\"");
    let id = desk.noted("one");
    for (keys, draft) in [(&b"\x03"[..], false), (b"\x04", false), (b"a sentence\n\x03", true), (b"", false)] {
        let mut asif = desk.at_terminal(&["edit", &id]);
        asif.await_text("[y/N]");
        let shown = if keys.is_empty() {
            asif.hang_up();
            String::new()
        } else {
            asif.type_in(keys);
            let (code, shown) = asif.end();
            assert_eq!(code, Some(130), "{shown}");
            shown
        };
        let path = desk.in_memory().expect("it stays");
        assert_eq!(std::fs::read(&path).unwrap(), b"caf\xe9 zanzibar\n", "{keys:?}");
        let told = desk.home.ok(&["draft", "list"]).stderr;
        assert!(keys.is_empty() || shown.replace("\r\n", "").contains(path.to_str().unwrap()), "{keys:?}: {shown}");
        assert!(told.contains(path.to_str().unwrap()), "it is told of until somebody has mended it: {told}");
        assert_eq!(desk.drafts().len(), usize::from(draft), "{keys:?}");
        if draft {
            desk.home.ok(&["draft", "drop", "--yes"]);
        }
        std::fs::remove_dir_all(path.parent().unwrap()).unwrap();
    }
}

#[test]
fn a_daemon_that_is_killed_meanwhile_is_started_again_and_one_that_hangs_leaves_the_words_where_they_are() {
    let desk = Desk::with(&saves("echo at work; read line"));
    let id = desk.noted("one");
    let mut asif = desk.at_terminal(&["edit", &id]);
    asif.await_text("at work");
    desk.home.kill();
    asif.type_in(b"\n");
    assert_eq!(asif.end().0, Some(0));
    assert_eq!(desk.note(&id), json!(WORDS));
    desk.is_cleared();

    let id = desk.noted("two");
    let mut asif = desk.at_terminal(&["edit", &id]);
    asif.await_text("at work");
    freeze(desk.home.pid());
    asif.type_in(b"\n");
    let (code, shown) = asif.end();
    let path = desk.in_memory().expect("it stays");
    assert!(code == Some(3) && shown.replace("\r\n", "").contains(path.to_str().unwrap()), "{shown}");
    signal(desk.home.pid(), Signal::CONT);
    eventually("what lies there is taken up", || (!desk.drafts().is_empty()).then_some(()));
    desk.is_cleared();
    goes_on(&desk, &id);
}

#[test]
fn a_draft_that_was_written_in_an_editor_goes_on_at_a_prompt_where_there_is_no_editor() {
    let mut desk = Desk::with(&saves("exit 1"));
    let id = desk.noted("one");
    assert_eq!(desk.edit(&["edit", &id]).0, Some(1));
    desk.home.env.push(("ASIF_MEMORY", env!("CARGO_TARGET_TMPDIR").to_owned()));
    let mut asif = desk.at_terminal(&["draft", "resume"]);
    asif.await_text("here it is at a prompt");
    asif.await_text(WORDS);
    asif.type_in(b" all day\n\x04");
    let (code, shown) = asif.end();
    assert_eq!(code, Some(0), "{shown}");
    assert_eq!(desk.note(&id), json!(format!("{WORDS} all day")));
    assert!(desk.drafts().is_empty());
}

#[test]
fn a_wipe_takes_along_what_lies_in_memory() {
    let desk = Desk::with("printf '\\351\\n' > \"$1\"");
    let id = desk.noted("one");
    let mut asif = desk.at_terminal(&["edit", &id]);
    asif.await_text("[y/N]");
    asif.type_in(b"n\n");
    assert_eq!(asif.end().0, Some(2));
    assert!(desk.in_memory().is_some());
    desk.home.ok(&["wipe", "--yes"]);
    desk.is_cleared();
}
