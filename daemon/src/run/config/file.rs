//! The settings file: read whole, and changed in one place only, so that whatever else a person wrote into it stays as it is.

use std::io::{self, Read, Write};
use std::ops::Range;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use asif_proto::local::{ErrorKind, Failure};
use toml_edit::{Document, Item, Table, Value};

use crate::process::private::sync_dir;

/// The longest file that is read.
const MAX_FILE: u64 = 64 << 10;

/// The file as it was read.
pub(super) struct File {
    path: PathBuf,
    document: Document<String>,
    owner: Option<(u32, u32)>,
}

/// What stands behind a key.
pub(super) struct Entry<'f> {
    /// The key.
    pub(super) key: &'f str,
    /// The line on which it stands, from 1.
    pub(super) line: usize,
    /// Its value, where it is text.
    pub(super) text: Option<&'f str>,
}

impl File {
    /// Reads it; one that is not there is empty.
    pub(super) fn read(path: &Path) -> Result<Self, Failure> {
        let (text, owner) = match read_text(path) {
            Ok((text, owner)) => (text, Some(owner)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => (String::new(), None),
            Err(error) => return Err(Failure::new(ErrorKind::Failure, format!("cannot read {}: {error}", path.display()))),
        };
        Ok(Self { document: parse(text, path)?, path: path.to_owned(), owner })
    }

    /// What stands in it, in its order.
    pub(super) fn entries(&self) -> impl Iterator<Item = Entry<'_>> {
        self.table().iter().map(|(key, item)| {
            let at = self.key_span(key).map_or(0, |span| span.start);
            let before = self.document.raw().get(..at).unwrap_or_default();
            Entry { key, line: before.matches('\n').count() + 1, text: item.as_str() }
        })
    }

    /// What stands behind one key.
    pub(super) fn entry(&self, key: &str) -> Option<Entry<'_>> {
        self.entries().find(|entry| entry.key == key)
    }

    /// Somebody else may write into it: everybody, or another user whose it is.
    pub(super) fn others_may_write(&self) -> bool {
        let us = rustix::process::geteuid().as_raw();
        self.owner.is_some_and(|(uid, mode)| mode & 0o002 != 0 || (uid != us && uid != 0))
    }

    /// Somebody else may read it.
    pub(super) fn others_may_read(&self) -> bool {
        self.owner.is_some_and(|(_, mode)| mode & 0o044 != 0)
    }

    /// Puts a value behind a key, or takes the key out, and leaves every other letter as it is.
    pub(super) fn change(&self, key: &str, value: Option<&str>) -> Result<(), Failure> {
        let text = match (self.table().get(key), value) {
            (None, None) => return Ok(()),
            (Some(Item::Value(_)), Some(value)) => self.value_span(key).and_then(|span| self.replaced(span, &literal(value))),
            (Some(Item::Value(_)), None) => self.line_span(key).and_then(|span| self.replaced(span, "")),
            (Some(_), _) => {
                let message = format!("in {} {key:?} is a section and not a value", self.path.display());
                return Err(Failure::new(ErrorKind::Failure, message).hint("take that section out of the file first"));
            }
            (None, Some(value)) => self.added(key, value),
        };
        let failed = |why: String| Failure::new(ErrorKind::Failure, format!("cannot write {}: {why}", self.path.display()));
        let text = text.ok_or_else(|| failed("it is not understood".into()))?;
        let changed = parse(text, &self.path)?;
        if changed.as_table().get(key).and_then(Item::as_str) != value || !same_but(key, self.table(), changed.as_table()) {
            return Err(failed("the change would have touched something else".into()));
        }
        replace(&self.path, changed.raw()).map_err(|error| failed(error.to_string()))
    }

    fn table(&self) -> &Table {
        self.document.as_table()
    }

    fn key_span(&self, key: &str) -> Option<Range<usize>> {
        let (own, item) = self.table().get_key_value(key)?;
        own.span().or_else(|| item.span())
    }

    fn value_span(&self, key: &str) -> Option<Range<usize>> {
        self.table().get(key)?.span()
    }

    /// The whole line, or lines, of a key and its value, with what is remarked behind it.
    fn line_span(&self, key: &str) -> Option<Range<usize>> {
        let text = self.document.raw();
        let (from, to) = (self.key_span(key)?.start, self.value_span(key)?.end);
        let start = text.get(..from)?.rfind('\n').map_or(0, |at| at + 1);
        let end = text.get(to..)?.find('\n').map_or(text.len(), |at| to + at + 1);
        Some(start..end)
    }

    /// With one line more, after the last value at the top: what follows a section's head belongs to the section.
    fn added(&self, key: &str, value: &str) -> Option<String> {
        let text = self.document.raw();
        let ends = self.table().iter().filter(|(_, item)| item.is_value()).filter_map(|(key, _)| self.line_span(key));
        let at = match ends.map(|span| span.end).max() {
            Some(end) => end,
            None if self.table().is_empty() => text.len(),
            None => 0,
        };
        let (before, after) = (text.get(..at)?, text.get(at..)?);
        let gap = if before.is_empty() || before.ends_with('\n') { "" } else { "\n" };
        Some(format!("{before}{gap}{key} = {}\n{after}", literal(value)))
    }

    fn replaced(&self, span: Range<usize>, with: &str) -> Option<String> {
        let text = self.document.raw();
        Some([text.get(..span.start)?, with, text.get(span.end..)?].concat())
    }
}

fn parse(text: String, path: &Path) -> Result<Document<String>, Failure> {
    Document::parse(text.clone()).map_err(|error| {
        let at = error.span().map_or(0, |span| span.start);
        let line = text.get(..at).unwrap_or_default().matches('\n').count() + 1;
        let why = error.message().replace('\n', ", ");
        Failure::new(ErrorKind::Failure, format!("line {line} of {} cannot be read: {why}", path.display()))
            .hint("mend that line, or remove the file; nothing was changed")
    })
}

/// Two tables hold the same but for one key.
fn same_but(key: &str, one: &Table, other: &Table) -> bool {
    let rest = |table: &Table| -> Vec<(String, String)> {
        table.iter().filter(|(name, _)| *name != key).map(|(name, item)| (name.to_owned(), item.to_string())).collect()
    };
    rest(one) == rest(other)
}

fn literal(value: &str) -> String {
    Value::from(value).to_string()
}

/// The text, and whose the file is with its mode. A pipe would be waited for, and is none.
fn read_text(path: &Path) -> io::Result<(String, (u32, u32))> {
    let meta = std::fs::metadata(path)?;
    if !meta.is_file() {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "it is not a plain file"));
    }
    let mut bytes = Vec::new();
    std::fs::File::open(path)?.take(MAX_FILE + 1).read_to_end(&mut bytes)?;
    if u64::try_from(bytes.len()).is_ok_and(|len| len > MAX_FILE) {
        return Err(io::Error::new(io::ErrorKind::InvalidData, format!("it has more than {} KiB", MAX_FILE / 1024)));
    }
    let text = String::from_utf8(bytes).map_err(|_| io::Error::new(io::ErrorKind::InvalidData, "it is not text (not UTF-8)"))?;
    Ok((text, (meta.uid(), meta.mode() & 0o777)))
}

/// Replaces the file in one step by one that is for us alone. A link stays a link: what it points to is replaced.
fn replace(path: &Path, text: &str) -> io::Result<()> {
    let real = match path.symlink_metadata() {
        Ok(meta) if meta.is_symlink() => path.canonicalize().map_err(|_| {
            let to = std::fs::read_link(path).map(|to| to.display().to_string()).unwrap_or_default();
            io::Error::new(io::ErrorKind::NotFound, format!("it is a link to {to}, which is not there"))
        })?,
        _ => path.to_owned(),
    };
    let folder = real.parent().unwrap_or(Path::new("."));
    std::fs::create_dir_all(folder)?;
    let mut name = real.file_name().unwrap_or_default().to_owned();
    name.push(".new");
    let unfinished = folder.join(name);
    // One that a crash left behind may be anybody's to read.
    match std::fs::remove_file(&unfinished) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let written = (|| {
        let mut file = std::fs::File::options().write(true).create_new(true).mode(0o600).open(&unfinished)?;
        file.write_all(text.as_bytes())?;
        file.sync_all()?;
        std::fs::rename(&unfinished, &real)
    })();
    if written.is_err() {
        let _ = std::fs::remove_file(&unfinished);
    }
    written?;
    sync_dir(folder)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    struct Place(tempfile::TempDir);

    impl Place {
        fn with(text: &str) -> Self {
            let place = Self(tempfile::tempdir().unwrap());
            std::fs::write(place.path(), text).unwrap();
            place
        }

        fn path(&self) -> PathBuf {
            self.0.path().join("config.toml")
        }

        fn change(&self, key: &str, value: Option<&str>) -> Result<String, Failure> {
            File::read(&self.path())?.change(key, value)?;
            Ok(std::fs::read_to_string(self.path()).unwrap())
        }
    }

    #[test]
    fn whatever_else_stands_in_the_file_stays_letter_by_letter() {
        let text = "# mine\n\n# above it\n  \"listen\"  =  '127.0.0.1:7'   # behind it\nb = [1,\n 2] # odd\r\n\n[own]\nlisten = 1\n# last";
        let place = Place::with(text);
        assert_eq!(place.change("listen", Some("[::]:1")).unwrap(), text.replace("'127.0.0.1:7'", "\"[::]:1\""));
        let without = text.replace("  \"listen\"  =  '127.0.0.1:7'   # behind it\n", "");
        assert_eq!(place.change("listen", None).unwrap(), without, "what is remarked above it stays");
        let more = place.change("country", Some("GB")).unwrap();
        assert!(more.starts_with("# mine\n\n# above it\nb = [1,\n 2] # odd\r\n"), "{more}");
        assert!(more.contains("country = \"GB\"\n") && more.ends_with("[own]\nlisten = 1\n# last"), "{more}");
        assert_eq!(place.change("nothing", None).unwrap(), more);
        assert!(place.change("own", Some("x")).unwrap_err().message.contains("section"));
        let several = Place::with("listen = \"\"\"\na\nb\"\"\"\nlast = 1");
        assert_eq!(several.change("listen", None).unwrap(), "last = 1");
    }

    #[test]
    fn a_value_of_any_letters_comes_back() {
        let place = Place::with("");
        for value in ["", "a \"b\" 'c' \\d", "é\u{1f600}", "''' \"\"\"", "# no remark"] {
            place.change("k", Some(value)).unwrap();
            assert_eq!(File::read(&place.path()).unwrap().entry("k").unwrap().text, Some(value));
        }
    }

    #[test]
    fn each_entry_is_told_with_its_line() {
        let place = Place::with("a = 1\n\n# x\nb = \"t\"\n[c]\nd = 1\n");
        let file = File::read(&place.path()).unwrap();
        let told: Vec<_> = file.entries().map(|entry| (entry.key, entry.line, entry.text)).collect();
        assert_eq!((told[0], told[1]), (("a", 1, None), ("b", 4, Some("t"))));
        assert_eq!((told[2].0, told[2].1), ("c", 5));
    }

    #[test]
    fn what_cannot_be_read_is_told_with_its_line_and_changed_by_nothing() {
        let text = "a = 1\nb = \nc = 2\n";
        let place = Place::with(text);
        let failure = place.change("c", Some("x")).unwrap_err();
        assert!(failure.message.contains("line 2 of") && !failure.message.contains('\n'), "{failure:?}");
        assert_eq!(std::fs::read_to_string(place.path()).unwrap(), text);
        std::fs::write(place.path(), b"a = \"\xff\"").unwrap();
        assert!(place.change("c", Some("x")).unwrap_err().message.contains("UTF-8"));
        std::fs::write(place.path(), "#".repeat(70_000)).unwrap();
        assert!(place.change("c", Some("x")).unwrap_err().message.contains("64 KiB"));
        let pipe = place.0.path().join("pipe");
        rustix::fs::mknodat(rustix::fs::CWD, &pipe, rustix::fs::FileType::Fifo, rustix::fs::Mode::RWXU, 0).unwrap();
        for odd in [pipe, place.0.path().to_owned()] {
            assert!(File::read(&odd).err().unwrap().message.contains("not a plain file"), "it is not waited for");
        }
    }

    #[test]
    fn it_is_replaced_by_one_for_us_alone_and_a_link_stays_a_link() {
        let place = Place::with("a = 1\n");
        std::fs::set_permissions(place.path(), std::fs::Permissions::from_mode(0o666)).unwrap();
        std::fs::write(place.0.path().join("config.toml.new"), "left by a crash").unwrap();
        let file = File::read(&place.path()).unwrap();
        assert!(file.others_may_write() && file.others_may_read());
        let before = place.path().metadata().unwrap().ino();
        place.change("k", Some("v")).unwrap();
        let after = place.path().metadata().unwrap();
        assert_eq!(after.mode() & 0o777, 0o600);
        assert_ne!(after.ino(), before, "another file in its place, whole");
        assert_eq!(std::fs::read_dir(place.0.path()).unwrap().count(), 1, "nothing is left beside it");

        let link = place.0.path().join("link.toml");
        std::os::unix::fs::symlink("config.toml", &link).unwrap();
        File::read(&link).unwrap().change("k", Some("w")).unwrap();
        assert!(link.symlink_metadata().unwrap().is_symlink());
        assert_eq!(File::read(&place.path()).unwrap().entry("k").unwrap().text, Some("w"));
        let dangling = place.0.path().join("dangling.toml");
        std::os::unix::fs::symlink("nowhere/x.toml", &dangling).unwrap();
        let failure = File::read(&dangling).unwrap().change("k", Some("w")).unwrap_err();
        assert!(failure.message.contains("a link to nowhere/x.toml"), "{failure:?}");
    }
}
