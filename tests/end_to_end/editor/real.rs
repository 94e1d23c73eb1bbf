//! Editors that are known: what they are given, and what the real ones on this machine leave behind.

use std::path::Path;

use rustix::process::Signal;
use serde_json::json;

use super::{Desk, is_on_no_disk};
use crate::harness::signal;

const WORDS: &str = "zanzibar-real-5571";

#[test]
fn an_editor_that_is_known_is_told_to_keep_nothing_elsewhere() {
    for (name, wanted) in [
        ("vim", "-n|-i|NONE|-c|silent! set nobackup nowritebackup noundofile viminfo=|-c|silent! set directory=. updatecount=20 swapfile|"),
        ("nano", "--ignorercfiles|"),
        ("joe", "-nobackups|--joe_state|-nolocks|"),
    ] {
        let mut desk = Desk::with("for last in \"$@\"; do :; done; printf '%s|' \"$@\" > $B/args; printf 'two\\n' > \"$last\"");
        desk.is_called(name);
        let id = desk.noted("one");
        let shown = desk.done(&["edit", &id]);
        assert!(!shown.contains("does not know"), "{shown}");
        let args = desk.seen("args");
        let text = args.strip_prefix(wanted).unwrap_or_else(|| panic!("{name} was given {args}"));
        assert!(text.ends_with("/text.txt|"), "{text}");
        assert_eq!(desk.note(&id), json!("two"));
    }
}

/// A desk with an editor of this machine, and settings of its owner that would have it keep copies.
fn desk(name: &str) -> Option<Desk> {
    let program = format!("/usr/bin/{name}");
    if !Path::new(&program).exists() {
        println!("skipped: there is no {program} here");
        return None;
    }
    let mut desk = Desk::with("");
    let home = desk.home.beside().join("of-the-person");
    for folder in ["b", "u", "s"] {
        std::fs::create_dir_all(home.join(folder)).unwrap();
    }
    let vim = "set backup writebackup undofile swapfile updatecount=1 backupdir=~/b undodir=~/u directory=~/s viminfo=!,'100,<50,h";
    std::fs::write(home.join(".vimrc"), vim).unwrap();
    std::fs::write(home.join(".nanorc"), "set backup\nset historylog\nset positionlog\nset locking\n").unwrap();
    desk.home.env.extend([("HOME", home.display().to_string()), ("EDITOR", program)]);
    Some(desk)
}

/// Types into the editor, which shows the word that stands in the text first.
fn write(desk: &Desk, id: &str, keys: &[&[u8]]) -> crate::pty::AtTerminal {
    let mut asif = desk.at_terminal(&["edit", id]);
    asif.await_text("beginning");
    for key in keys {
        asif.type_in(key);
    }
    asif
}

#[track_caller]
fn left_nothing(desk: &Desk) {
    is_on_no_disk(desk, WORDS);
    for (path, bytes) in crate::harness::files_below(desk.home.beside()) {
        assert!(!crate::harness::holds(&bytes, WORDS.as_bytes()), "{} holds it in the clear", path.display());
    }
    desk.is_cleared();
}

#[test]
fn the_real_vim_leaves_nothing_behind_and_what_was_not_saved_is_recovered() {
    for name in ["vim", "vim.tiny", "nvim"] {
        let Some(desk) = desk(name) else { continue };
        let id = desk.noted("beginning");
        let mut asif = write(&desk, &id, &[b"o", WORDS.as_bytes(), b"\x1b", b":wq\r"]);
        let (code, shown) = asif.end();
        assert_eq!(code, Some(0), "{name}: {shown}");
        assert_eq!(desk.note(&id), json!(format!("beginning\n{WORDS}")), "{name}");
        left_nothing(&desk);

        let mut asif = write(&desk, &id, &[b"o", b"and more"]);
        asif.await_text("and more");
        signal(asif.child.id(), Signal::TERM);
        let (code, shown) = asif.end();
        assert_eq!(code, Some(130), "{name}: {shown}");
        assert_eq!(desk.drafts()[0]["answers"]["text"], format!("beginning\nand more\n{WORDS}"), "{name}");
        left_nothing(&desk);

        let mut asif = write(&desk, &id, &[b"dd", b":q!\r"]);
        let (code, shown) = asif.end();
        assert!(code == Some(0) && shown.contains("nothing was changed"), "{name}: {shown}");
    }
}

#[test]
fn the_real_nano_leaves_nothing_behind_and_what_was_not_saved_is_found() {
    let Some(desk) = desk("nano") else { return };
    let id = desk.noted("beginning");
    let mut asif = write(&desk, &id, &[WORDS.as_bytes(), b" ", b"\x0f", b"\r", b"\x18"]);
    let (code, shown) = asif.end();
    assert_eq!(code, Some(0), "{shown}");
    assert_eq!(desk.note(&id), json!(format!("{WORDS} beginning")));
    left_nothing(&desk);

    let mut asif = desk.at_terminal(&["edit", &id]);
    asif.await_text("beginning");
    asif.type_in(b"more ");
    asif.await_text("more ");
    assert_eq!(asif.hang_up(), Some(130));
    assert_eq!(desk.drafts()[0]["answers"]["text"], format!("more {WORDS} beginning"));
    left_nothing(&desk);
}
