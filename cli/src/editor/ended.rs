//! What the person wrote, once the editor is gone: what they saved, or what the editor kept of what they had not saved.

use std::ffi::OsStr;
use std::fs::{File, Permissions};
use std::io::Read;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant, SystemTime};

use super::known;
use super::place::{About, Place, TEMPORARY};

/// More than any text that could be kept.
const MAX_READ: u64 = 4 << 20;
/// The file into which unsaved words are recovered: its name is that of the text with an ending, as with other editors.
const RECOVERED: &str = "text.txt.recovered";
/// So long a recovery may take.
const PATIENCE: Duration = Duration::from_secs(5);
const PAUSE: Duration = Duration::from_millis(5);
/// So often it is tried.
const TRIES: u32 = 2;

/// What the person wrote.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ended {
    /// What was there before.
    Same,
    /// Nothing.
    Empty,
    /// A text.
    Text {
        /// What they wrote last.
        text: String,
        /// What else lies there, of theirs.
        more: Vec<String>,
    },
    /// Bytes that are no text (UTF-8), or more of it than anybody types.
    NotText,
}

/// What they saved, of an editor that ended as they meant it to.
pub fn saved(place: &Place, about: &About) -> Ended {
    place.open();
    match read(&place.text()) {
        None => Ended::NotText,
        Some(text) if text == about.opened => Ended::Same,
        Some(text) if text.trim().is_empty() => Ended::Empty,
        Some(text) => Ended::Text { text, more: Vec::new() },
    }
}

/// What lies beside the text under another name, the oldest first: perhaps they saved it, perhaps another program did. It goes with the folder.
pub fn beside(place: &Place, about: &About, ended: &Ended) -> Vec<String> {
    let (text, more): (&str, &[String]) = match ended {
        Ended::Text { text, more } => (text, more),
        Ended::Same | Ended::Empty | Ended::NotText => ("", &[]),
    };
    let is_known = |other: &String| *other == about.opened || other == text || more.contains(other);
    // Where nothing was saved as the text, also what looks like a copy that an editor makes.
    let is_wanted = |path: &Path| if text.is_empty() { is_not_made(path) } else { is_saved_beside(path) };
    let others = texts(place, is_wanted).into_iter().map(|(_, other)| other);
    others.filter(|other| !other.trim().is_empty() && !is_known(other)).collect()
}

/// The texts in files beside the text whose name `wanted` takes, the oldest first.
fn texts(place: &Place, wanted: impl Fn(&Path) -> bool) -> Vec<(SystemTime, String)> {
    let beside = place.beside();
    let wanted = beside.iter().filter(|path| wanted(path));
    // What lies deeper is an editor's own, and need not be text at all.
    let is_theirs = |path: &Path| path.parent() == Some(place.folder());
    let plain = |path: &PathBuf| read(path).filter(|text| !text.contains('\0'));
    let text = |path: &PathBuf| plain(path).or_else(|| if is_theirs(path) { in_other_letters(path) } else { None });
    let mut all: Vec<(SystemTime, String)> = wanted.filter_map(|path| Some((modified(path), text(path)?))).collect();
    all.sort_by_key(|(time, _)| *time);
    all
}

fn modified(path: &Path) -> SystemTime {
    path.metadata().and_then(|meta| meta.modified()).unwrap_or(SystemTime::UNIX_EPOCH)
}

/// Everything that can be found, of an editor that did not: what it keeps beside the text is what was not saved.
pub fn found(place: &Place, about: &About) -> Ended {
    if let Some(program) = &about.recovers {
        (0..TRIES).any(|_| recover(program, place));
    }
    place.open();
    let saved = read(&place.text());
    let mut all: Vec<(SystemTime, String)> = Vec::new();
    let gone = !place.text().exists();
    let beside = texts(place, |path| (path.file_name().is_some_and(is_of_the_text) && !is_swap(path)) || (gone && is_saved_beside(path)));
    for (time, text) in saved.clone().map(|text| (modified(&place.text()), text)).into_iter().chain(beside) {
        if text != about.opened && !text.trim().is_empty() && all.iter().all(|(_, other)| *other != text) {
            all.push((time, text));
        }
    }
    all.sort_by_key(|(time, _)| *time);
    match (all.pop(), saved) {
        (Some((_, text)), _) => Ended::Text { text, more: all.into_iter().map(|(_, text)| text).collect() },
        (None, None) => Ended::NotText,
        (None, Some(text)) if text == about.opened => Ended::Same,
        (None, Some(_)) => Ended::Empty,
    }
}

/// `text.txt.save`, `#text.txt#`, `.text.txt.kak.x`, `%dev%shm%text.txt`, and what two editors name otherwise.
fn is_of_the_text(name: &OsStr) -> bool {
    let name = name.to_string_lossy();
    let beside = ["text.txt", ".text.txt", "#text.txt", ".#text.txt"].iter().any(|begin| name.starts_with(begin));
    beside || (name.starts_with('%') && name.contains("text.txt")) || ["DEADJOE", "ed.hup"].contains(&&*name)
}

/// Not what programs make of their own, whatever its name.
fn is_not_made(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let is_temporary = path.components().any(|one| one.as_os_str() == TEMPORARY);
    !is_temporary && !is_swap(path) && !["settings.json", "bindings.json"].contains(&&*name)
}

/// A name that a person may have saved under, and none of what editors write of their own.
fn is_saved_beside(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    // A copy from before is one of something.
    let is_backup = name.strip_suffix('~').is_some_and(|of| path.with_file_name(of).exists());
    let is_kept = (name.starts_with('#') && name.ends_with('#')) || name.starts_with(".#") || name.starts_with(".text.txt.");
    let is_elsewhere = name.starts_with('%') && name.contains("text.txt");
    is_not_made(path) && !is_backup && !is_kept && !is_elsewhere && !["DEADJOE", "ed.hup"].contains(&&*name)
}

fn is_swap(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    name.starts_with('.') && [".swp", ".swo", ".swn"].iter().any(|end| name.ends_with(end))
}

/// Bytes that are no UTF-8, letter by letter, so that none is lost: two bytes a letter where they say so or every other is zero, else one. None
/// where they are no text at all.
fn in_other_letters(path: &Path) -> Option<String> {
    let bytes = std::fs::read(path).ok().filter(|bytes| u64::try_from(bytes.len()).is_ok_and(|len| len <= MAX_READ))?;
    let zeros = |from: usize| bytes.iter().skip(from).step_by(2).filter(|byte| **byte == 0).count();
    let pairs = |read: fn([u8; 2]) -> u16| {
        let units = bytes.chunks_exact(2).filter_map(|pair| Some(read(pair.try_into().ok()?)));
        char::decode_utf16(units).collect::<Result<String, _>>().ok()
    };
    let text = match bytes.get(..2) {
        Some([0xff, 0xfe]) => pairs(u16::from_le_bytes)?,
        Some([0xfe, 0xff]) => pairs(u16::from_be_bytes)?,
        _ if !bytes.contains(&0) => bytes.iter().copied().map(char::from).collect(),
        _ if zeros(1) * 4 > bytes.len() => pairs(u16::from_le_bytes)?,
        _ if zeros(0) * 4 > bytes.len() => pairs(u16::from_be_bytes)?,
        _ => return None,
    };
    Some(text.trim_start_matches('\u{feff}').trim_end_matches('\n').to_owned())
        .filter(|text| !text.contains(|letter: char| letter < ' ' && !"\n\r\t".contains(letter)))
}

/// A text without the line break that an editor puts at its end; empty where there is no file, none where it is no text or cannot be read.
fn read(path: &Path) -> Option<String> {
    let mut bytes = Vec::new();
    // A pipe would keep whoever opens it waiting.
    if path.metadata().is_ok_and(|meta| meta.is_file()) {
        let file = File::open(path).or_else(|_| {
            // It is ours, whatever its mode was set to.
            std::fs::set_permissions(path, Permissions::from_mode(0o600)).and_then(|()| File::open(path))
        });
        file.ok()?.take(MAX_READ + 1).read_to_end(&mut bytes).ok()?;
    }
    if u64::try_from(bytes.len()).is_ok_and(|len| len > MAX_READ) {
        return None;
    }
    let mut text = String::from_utf8(bytes).ok()?;
    if text.ends_with('\n') {
        text.pop();
    }
    Some(text)
}

/// Has the editor write what it kept in its own way, and says whether it did. Where it cannot, what was saved is all there is.
///
/// It is of no job of the terminal: that may just be closing, and end all that is.
fn recover(program: &Path, place: &Place) -> bool {
    let mut command = Command::new(program);
    command.args(known::recovery(&place.text(), RECOVERED)).current_dir(place.folder()).env("TMPDIR", place.folder());
    let child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).process_group(0).spawn();
    let Ok(mut child) = child else { return false };
    let deadline = Instant::now() + PATIENCE;
    while matches!(child.try_wait(), Ok(None)) && Instant::now() < deadline {
        std::thread::sleep(PAUSE);
    }
    // One that has ended needs no ending.
    let _ = child.kill();
    let _ = child.wait();
    place.folder().join(RECOVERED).exists()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    /// A place with a text that was opened as `one`, where this machine has memory for it.
    fn place() -> Option<(tempfile::TempDir, Place, About)> {
        let memory = tempfile::tempdir_in("/dev/shm").ok()?;
        let mut place = Place::make(&[memory.path().to_owned()]).ok()?;
        let (words, answers) = (Vec::new(), BTreeMap::new());
        let about = About {
            unsaid: false,
            may_be_open: false,
            taken: Vec::new(),
            home: "h".into(),
            draft: uuid::Uuid::nil(),
            words,
            answers,
            field: "text".into(),
            opened: "one".into(),
            recovers: None,
        };
        place.put(&about, b"one\n").unwrap();
        Some((memory, place, about))
    }

    fn text(text: &str, more: &[&str]) -> Ended {
        Ended::Text { text: text.into(), more: more.iter().map(|one| (*one).to_owned()).collect() }
    }

    #[test]
    fn what_was_saved_is_the_text_without_the_last_line_break() {
        let Some((_memory, place, about)) = place() else { return println!("skipped: no memory file system") };
        assert_eq!(saved(&place, &about), Ended::Same);
        for (bytes, ended) in [
            (&b"one"[..], Ended::Same),
            (b"one\n\n", text("one\n", &[])),
            (b"two", text("two", &[])),
            (b" \n\n", Ended::Empty),
            (b"", Ended::Empty),
            (b"\xff\xfe", Ended::NotText),
        ] {
            std::fs::write(place.text(), bytes).unwrap();
            assert_eq!(saved(&place, &about), ended, "{bytes:?}");
        }
        std::fs::remove_file(place.text()).unwrap();
        assert_eq!(saved(&place, &about), Ended::Empty);
    }

    #[test]
    fn a_recovery_is_of_no_job_of_the_terminal_and_is_tried_once_more() {
        let Some((_memory, place, about)) = place() else { return println!("skipped: no memory file system") };
        let program = place.folder().join("recovers");
        std::fs::write(&program, "#!/bin/sh\ntest -e made/first || { : > made/first; exit 1; }\nread stat < /proc/$$/stat\nset -- $stat\necho $5 > text.txt.recovered\n")
            .unwrap();
        std::fs::set_permissions(&program, Permissions::from_mode(0o700)).unwrap();
        let about = About { recovers: Some(program), ..about };
        let Ended::Text { text, .. } = found(&place, &about) else { panic!("nothing was recovered") };
        let own = rustix::process::getpgrp().as_raw_nonzero().to_string();
        assert!(text.parse::<i32>().is_ok() && text != own, "{text}: what ends the job of {own} ends it too");
    }

    #[test]
    fn what_was_saved_under_another_name_is_found_and_what_editors_write_is_not() {
        let Some((_memory, place, about)) = place() else { return println!("skipped: no memory file system") };
        let put = |name: &str, text: &str| std::fs::write(place.folder().join(name), text).unwrap();
        let beside = || beside(&place, &about, &saved(&place, &about));
        for (name, text) in [("settings.json", "{}"), (".mine.txt.swp", "x"), ("text.txt~", "one"), ("copy", "one\n")] {
            put(name, text);
        }
        put(&format!("{TEMPORARY}/made-by-a-program"), "(defun)");
        assert_eq!((saved(&place, &about), beside()), (Ended::Same, vec![]));
        let names =
            ["context.txt", "mine.json", ".mine", "mine.txt", "text.txt2", "text.txt.new", "mine~", "DEADJOE", "#2", "%mine", "#mine.txt#"];
        for name in names {
            put(name, "two\n");
            assert_eq!((saved(&place, &about), beside()), (Ended::Same, vec!["two".to_owned()]), "{name}: no record is written over by it");
            std::fs::remove_file(place.folder().join(name)).unwrap();
        }
        put("mine.txt", "two\n");
        put("text.txt", "three\n");
        assert_eq!((saved(&place, &about), beside()), (text("three", &[]), vec!["two".to_owned()]));
        let names = [("text.txt2", true), ("#2", true), ("%mine", true), (".text.txt2", true), ("other~", true)];
        let of_editors =
            [("text.txt~", false), ("mine.txt~", false), ("DEADJOE", false), (".text.txt.kak.x", false), ("#text.txt#", false)];
        for (name, is_theirs) in names.into_iter().chain(of_editors) {
            put(name, "of another time\n");
            let expected = if is_theirs { vec!["two".to_owned(), "of another time".to_owned()] } else { vec!["two".to_owned()] };
            assert_eq!(beside(), expected, "{name}, where the text was saved too");
            std::fs::remove_file(place.folder().join(name)).unwrap();
        }
        std::fs::write(place.folder().join("latin"), b"caf\xe9\n").unwrap();
        assert_eq!(beside(), ["two", "caf\u{e9}"]);
        std::fs::remove_file(place.folder().join("latin")).unwrap();
        let wide: Vec<u8> = "\u{feff}schön\n".encode_utf16().flat_map(u16::to_le_bytes).collect();
        for bytes in [&wide[..], &wide[2..]] {
            std::fs::write(place.folder().join("wide"), bytes).unwrap();
            assert_eq!(beside(), ["two", "sch\u{f6}n"]);
        }
        std::fs::write(place.folder().join("wide"), b"\x7fELF\x02\x01\x01\0\0\0\0").unwrap();
        assert_eq!(beside(), ["two"], "what is no text");
        std::fs::remove_file(place.folder().join("wide")).unwrap();
        std::fs::set_permissions(place.text(), Permissions::from_mode(0o000)).unwrap();
        assert_eq!(saved(&place, &about), text("three", &[]), "its mode was changed");
        std::fs::remove_file(place.text()).unwrap();
        assert_eq!(found(&place, &about), text("two", &[]), "it was renamed");
    }

    #[test]
    fn of_an_editor_that_was_killed_everything_that_it_kept_is_found_the_newest_first() {
        let Some((_memory, place, about)) = place() else { return println!("skipped: no memory file system") };
        let beside = |name: &str, text: &[u8], age: u64| {
            let path = place.folder().join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(&path, text).unwrap();
            File::options().write(true).open(path).unwrap().set_modified(SystemTime::now() - Duration::from_secs(age)).unwrap();
        };
        beside("text.txt~", b"one\n", 9);
        beside("settings.json", b"{}", 0);
        beside(".text.txt.swp", b"\xff\0", 0);
        assert_eq!(found(&place, &about), Ended::Same);
        beside("text.txt.save", b"one two\n", 5);
        assert_eq!(found(&place, &about), text("one two", &[]));
        beside("text.txt", b"one tw\n", 7);
        beside("settings/backups/%m%text.txt", b"one two three\n", 3);
        assert_eq!(found(&place, &about), text("one two three", &["one tw", "one two"]));
        assert_eq!(saved(&place, &about), text("one tw", &[]), "whoever ended it themselves meant what they saved");
    }
}
