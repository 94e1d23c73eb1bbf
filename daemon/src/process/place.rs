//! Where a home lies, and whether it is the one that was left there: which machine, which folder, and a mark in it that no copy has.
//!
//! A mark is a file of no content that counts. What counts is its number on the file system and when it was made, which nobody can choose: a file that
//! is copied, unpacked or put back has others. There are two, made anew by turns, so that one counts whenever the machine stops.

use std::fs::{File, Metadata, OpenOptions};
use std::io;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

/// Where Linux tells which installation this is (machine-id(5)).
const MACHINE: [&str; 2] = ["/etc/machine-id", "/var/lib/dbus/machine-id"];
/// The marks.
const MARKS: [&str; 2] = ["mark.a", "mark.b"];

/// Whether a home is not the one that was left in this folder, by what was noted when it was.
pub fn is_other(folder: &Path, left: &[u8]) -> bool {
    let marks = || MARKS.iter().map(|mark| folder.join(mark));
    let here = marks().chain(marks().all(|mark| !mark.exists()).then(PathBuf::new));
    let here: Vec<_> = here.filter_map(|mark| of(folder, &mark)).collect();
    // What cannot be asked tells nothing.
    std::fs::metadata(folder).is_ok() && here.iter().all(|here| here.as_slice() != left)
}

/// Makes a mark anew and gives what is to be noted: a digest that tells nothing. The mark that counted goes on counting until that is noted.
///
/// # Errors
///
/// If the mark cannot be made.
pub fn mark(folder: &Path, left: Option<&[u8]>) -> io::Result<[u8; 32]> {
    let counts = |mark: &&str| left.is_some() && of(folder, &folder.join(mark)).as_ref().map(<[u8; 32]>::as_slice) == left;
    let [first, second] = MARKS;
    let mark = folder.join(if counts(&first) { second } else { first });
    match std::fs::remove_file(&mark) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    OpenOptions::new().write(true).create_new(true).mode(0o600).open(&mark)?.sync_all()?;
    File::open(folder)?.sync_all()?;
    of(folder, &mark).ok_or_else(|| io::Error::other("the mark cannot be asked"))
}

/// The mark that counted before goes: what is laid over this folder from an older copy must make it anew, and then has another number.
pub fn only(folder: &Path, left: &[u8]) {
    let marks = MARKS.iter().map(|mark| folder.join(mark));
    for old in marks.filter(|mark| of(folder, mark).is_some_and(|here| here.as_slice() != left)) {
        if let Err(error) = std::fs::remove_file(&old) {
            tracing::warn!(%error, "an old mark could not be removed");
        }
    }
}

/// A digest of the machine, of the folder's number on its file system and of the mark. Not of the device number, which may change with every boot.
fn of(folder: &Path, mark: &Path) -> Option<[u8; 32]> {
    let mut hasher = blake3::Hasher::new_derive_key("asif place v1");
    hasher.update(&std::fs::metadata(folder).ok()?.ino().to_be_bytes());
    hasher.update(MACHINE.iter().find_map(|path| std::fs::read(path).ok()).unwrap_or_default().trim_ascii());
    if !mark.as_os_str().is_empty() {
        let mark = std::fs::symlink_metadata(mark).ok()?;
        hasher.update(&mark.ino().to_be_bytes());
        hasher.update(&born(&mark).to_be_bytes());
    }
    Some(*hasher.finalize().as_bytes())
}

/// When a file was made, in nanoseconds. Where the file system does not know, when it was written: a mark is so once.
fn born(file: &Metadata) -> u128 {
    let at = file.created().or_else(|_| file.modified()).unwrap_or(SystemTime::UNIX_EPOCH);
    at.duration_since(UNIX_EPOCH).unwrap_or_default().as_nanos()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A home, and what was noted when it was left.
    fn left() -> (tempfile::TempDir, PathBuf, [u8; 32]) {
        let folder = tempfile::tempdir().unwrap();
        let home = folder.path().join("home");
        std::fs::create_dir(&home).unwrap();
        let left = mark(&home, None).unwrap();
        (folder, home, left)
    }

    fn copy(from: &Path, to: &Path) {
        for name in MARKS {
            drop(std::fs::copy(from.join(name), to.join(name)));
        }
    }

    #[test]
    fn a_copy_lies_somewhere_else_and_a_renamed_home_does_not() {
        let (folder, home, left) = left();
        let (other, renamed) = (folder.path().join("copy"), folder.path().join("renamed"));
        std::fs::create_dir(&other).unwrap();
        copy(&home, &other);
        assert!(!is_other(&home, &left));
        assert!(is_other(&other, &left));
        std::fs::rename(&home, &renamed).unwrap();
        assert!(!is_other(&renamed, &left));
        assert!(!is_other(&home, &left), "what cannot be asked tells nothing");
    }

    #[test]
    fn what_is_put_back_into_the_same_folder_is_noticed() {
        let (folder, home, old) = left();
        let backup = folder.path().join("backup");
        std::fs::create_dir(&backup).unwrap();
        copy(&home, &backup);
        let new = mark(&home, Some(&old)).unwrap();
        // Until the new one is noted the old one counts.
        assert!(!is_other(&home, &old) && !is_other(&home, &new));
        only(&home, &new);
        assert!(is_other(&home, &old) && !is_other(&home, &new));
        // Laid over it, where a file that is there is written into.
        copy(&backup, &home);
        assert!(is_other(&home, &old));
    }

    #[test]
    fn a_home_that_was_left_before_there_were_marks_is_the_same() {
        let folder = tempfile::tempdir().unwrap();
        let left = of(folder.path(), Path::new("")).unwrap();
        assert!(!is_other(folder.path(), &left));
        mark(folder.path(), Some(&left)).unwrap();
        assert!(is_other(folder.path(), &left));
    }
}
