//! The place of a text while an editor has it: a folder of our own, on a memory file system and nowhere else.
//!
//! ```text
//! /run/user/1000/.tmp5f0c…/        0700, a random name
//!     text.txt                     0600, what is edited
//!     made/                        0700, what the editor makes for itself
//!     about                        0600, locked (shared) by asif and by the editor as long as one of them lives
//! ```
//!
//! A lock that nobody holds tells that both were killed: what lies there then is found by the next asif of the same home.

use std::collections::BTreeMap;
use std::fs::{DirBuilder, File, Permissions};
use std::io::{self, Read, Seek, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::time::Duration;

use asif_proto::local::{ErrorKind, Failure};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::program::folder;
use crate::context::Context;
use crate::keyboard::signals::Signals;

/// What the name of such a folder begins with; what follows says nothing.
const BEGINS: &str = ".tmp";
const TEXT: &str = "text.txt";
const ABOUT: &str = "about";
/// Where an editor makes what is none of the person's.
pub const TEMPORARY: &str = "made";
/// The variable that names the only folder to be taken.
const NAMED: &str = "ASIF_MEMORY";
/// The most bytes that are read of what tells about a text: it holds the text that was opened, and the one it builds on.
const MAX_ABOUT: u64 = 4 << 20;

/// A folder with a text in it. It goes with everything in it when this goes, however that comes.
pub struct Place {
    folder: PathBuf,
    about: File,
    stays: bool,
    /// Heard from before the folder is made: none of them ends this program with the folder there.
    signals: Option<Signals>,
}

/// What tells about the text, for the asif that finds it when this one was killed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct About {
    /// The home whose text it is.
    pub home: String,
    /// The draft that its words become.
    pub draft: Uuid,
    /// The command it was opened for.
    pub words: Vec<String>,
    /// What else was answered for that command.
    pub answers: BTreeMap<String, String>,
    /// The answer that the text is.
    pub field: String,
    /// The text that the editor was opened on.
    pub opened: String,
    /// That text is the person's own, and stands nowhere else.
    #[serde(default)]
    pub unsaid: bool,
    /// A window that nobody knows of may have it open: it is not removed as long as it may.
    #[serde(default)]
    pub may_be_open: bool,
    /// What was found there and is kept elsewhere: digests of texts.
    #[serde(default)]
    pub taken: Vec<u64>,
    /// The editor, where it can be asked for what was not saved.
    pub recovers: Option<PathBuf>,
}

/// Why there is no place.
#[derive(Debug, thiserror::Error)]
pub enum PlaceError {
    /// None of the folders will do.
    #[error("the editor needs a folder that no disk holds, and there is none here ({0})")]
    NoMemory(String),
    /// It cannot be written.
    #[error("cannot put the text into {}: {source}", .folder.display())]
    Unwritable {
        /// The folder.
        folder: PathBuf,
        /// Why.
        source: io::Error,
    },
}

impl From<PlaceError> for Failure {
    fn from(error: PlaceError) -> Self {
        let message = error.to_string();
        match error {
            PlaceError::NoMemory(_) => Self::new(ErrorKind::Precondition, message).hint(format!(
                "nothing was written; --note - or --text - asks at a prompt, and {NAMED}=DIR names a folder on a tmpfs of your own"
            )),
            PlaceError::Unwritable { .. } => {
                Self::new(ErrorKind::Failure, message).hint("--note - or --text - asks at a prompt, without an editor")
            }
        }
    }
}

/// Where a text may lie, the best first.
pub fn candidates(context: &Context<'_, '_>) -> Vec<PathBuf> {
    let variable = context.world.variable;
    if let Some(named) = folder(variable(NAMED)) {
        return vec![named];
    }
    let mut all: Vec<PathBuf> = folder(variable("XDG_RUNTIME_DIR")).into_iter().collect();
    all.push(format!("/run/user/{}", rustix::process::geteuid().as_raw()).into());
    all.push("/dev/shm".into());
    all.dedup();
    all
}

impl Place {
    /// A fresh folder in the first of `candidates` that is on a memory file system and can be written to.
    pub fn make(candidates: &[PathBuf]) -> Result<Self, PlaceError> {
        let mut why = Vec::new();
        let signals = Signals::listen_beside_another();
        for candidate in candidates {
            match in_memory(candidate).and_then(|()| Self::below(candidate).map_err(|error| error.to_string())) {
                Ok(mut place) => {
                    place.signals = signals.ok();
                    return Ok(place);
                }
                Err(reason) => why.push(format!("{}: {reason}", candidate.display())),
            }
        }
        Err(PlaceError::NoMemory(why.join("; ")))
    }

    fn below(candidate: &Path) -> io::Result<Self> {
        let id = crate::fresh::id().simple().to_string();
        // Its end is random.
        let folder = candidate.join(format!("{BEGINS}{}", id.get(16..).unwrap_or_default()));
        DirBuilder::new().mode(0o700).create(&folder)?;
        DirBuilder::new().mode(0o700).create(folder.join(TEMPORARY))?;
        let about = File::options().read(true).write(true).create_new(true).mode(0o600).open(folder.join(ABOUT));
        // Whoever looks through what was left holds a lock for a moment.
        match about.and_then(|about| about.lock_shared().map(|()| about)) {
            Ok(about) => Ok(Self { folder, about, stays: false, signals: None }),
            Err(error) => {
                // There is nothing of anybody's in it.
                let _ = std::fs::remove_dir_all(&folder);
                Err(error)
            }
        }
    }

    /// The folder.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The text that is edited.
    pub fn text(&self) -> PathBuf {
        self.folder.join(TEXT)
    }

    /// The signals of this program, as long as somebody is at the text.
    pub(crate) fn signals(&mut self) -> Option<&mut Signals> {
        self.signals.as_mut()
    }

    /// From here on signals do what they always did. What is left there then is found by the next asif.
    pub fn hears_no_more(&mut self) {
        self.signals = None;
    }

    /// The file whose lock says that somebody is at it.
    pub fn lock(&self) -> &File {
        &self.about
    }

    /// Puts a text there, in the place of an earlier one and of whatever came to lie beside it.
    pub fn put(&mut self, about: &About, text: &[u8]) -> Result<(), PlaceError> {
        let unwritable = |source| PlaceError::Unwritable { folder: self.folder.clone(), source };
        for beside in self.beside() {
            std::fs::remove_file(beside).map_err(unwritable)?;
        }
        let write = || {
            self.note(about)?;
            let mut file = File::options().write(true).create(true).truncate(true).mode(0o600).open(self.text())?;
            file.set_permissions(Permissions::from_mode(0o600))?;
            file.write_all(text)
        };
        write().map_err(unwritable)
    }

    /// What it says about its text.
    pub fn about(&self) -> Option<About> {
        let mut bytes = Vec::new();
        let mut file = &self.about;
        file.rewind().ok()?;
        file.take(MAX_ABOUT).read_to_end(&mut bytes).ok()?;
        serde_json::from_slice(&bytes).ok()
    }

    /// The files beside the text, also in folders that the editor made.
    pub fn beside(&self) -> Vec<PathBuf> {
        let own = [self.text(), self.folder.join(ABOUT)];
        let mut found = files(&self.folder, 4);
        found.retain(|file| !own.contains(file));
        found.sort();
        found
    }

    /// Lets its files be read, whatever an editor has done to the mode of the folder.
    pub fn open(&self) {
        // What cannot be read then is told by whoever reads it.
        let _ = std::fs::set_permissions(&self.folder, Permissions::from_mode(0o700));
    }

    /// Whether another program has its lock too: one that an editor which came back has started.
    pub fn is_with_another(&mut self) -> bool {
        let Ok(about) = File::options().read(true).write(true).open(self.folder.join(ABOUT)) else { return false };
        // A lock of its own first: at no moment is there none. The one that the editor was given goes here.
        if about.lock_shared().is_err() {
            return false;
        }
        self.about = about;
        let is_with_another = self.about.try_lock().is_err();
        // Whether it could be had alone or not: it is held with others again.
        let _ = self.about.lock_shared();
        is_with_another
    }

    /// Says about the text from now on what `about` says.
    pub fn note(&self, about: &About) -> io::Result<()> {
        let bytes = serde_json::to_vec(about)?;
        let mut file = &self.about;
        file.rewind()?;
        file.set_len(0)?;
        file.write_all(&bytes)
    }

    /// How long ago anything was written there.
    pub fn still_for(&self) -> Duration {
        let times = std::iter::once(self.text()).chain(self.beside()).filter_map(|path| path.metadata().ok()?.modified().ok());
        times.max().and_then(|last| last.elapsed().ok()).unwrap_or_default()
    }

    /// Leaves everything where it is, for whoever looks for it there; where that is.
    pub fn leave(mut self) -> PathBuf {
        self.stays = true;
        self.text()
    }

    /// Folders of this home below `candidates` whose asif and whose editor are gone.
    pub fn left(candidates: &[PathBuf], home: &str) -> Vec<(Self, About)> {
        let entries = candidates.iter().filter_map(|candidate| std::fs::read_dir(candidate).ok()).flatten().filter_map(Result::ok);
        let named = entries.filter(|entry| entry.file_name().to_str().is_some_and(|name| name.starts_with(BEGINS)));
        let ours = named.filter_map(|entry| Self::of_nobody(entry.path()));
        ours.filter_map(|place| {
            let about = place.about().filter(|about| about.home == home);
            match about {
                Some(about) => Some((place, about)),
                None => {
                    place.leave();
                    None
                }
            }
        })
        .collect()
    }

    /// The folder at `folder`, if it is ours alone and nobody is at it.
    fn of_nobody(folder: PathBuf) -> Option<Self> {
        let meta = folder.symlink_metadata().ok()?;
        let uid = rustix::process::geteuid().as_raw();
        if !meta.is_dir() || meta.uid() != uid || meta.mode() & 0o777 != 0o700 {
            return None;
        }
        let about = File::options().read(true).write(true).open(folder.join(ABOUT)).ok()?;
        about.try_lock().ok()?;
        // It may have gone between the look and the lock.
        folder.join(ABOUT).exists().then_some(Self { folder, about, stays: false, signals: None })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        // In the middle of a panic it is not known what became of the words: they are found by the next asif.
        if !self.stays && !std::thread::panicking() {
            // What cannot be removed is found by the next asif.
            let _ = std::fs::remove_dir_all(&self.folder);
        }
    }
}

fn files(folder: &Path, depth: usize) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().filter_map(Result::ok);
    let mut found = Vec::new();
    for entry in entries {
        match entry.file_type() {
            Ok(kind) if kind.is_dir() && depth > 0 => found.extend(files(&entry.path(), depth - 1)),
            Ok(kind) if kind.is_file() => found.push(entry.path()),
            _ => {}
        }
    }
    found
}

/// Whether a folder is on a memory file system, or why not.
#[cfg(target_os = "linux")]
fn in_memory(folder: &Path) -> Result<(), String> {
    /// `TMPFS_MAGIC` and `RAMFS_MAGIC` of `linux/magic.h`.
    const MEMORY: [u64; 2] = [0x0102_1994, 0x8584_58f6];
    let stat = rustix::fs::statfs(folder).map_err(|error| io::Error::from(error).to_string())?;
    // The width and sign of the number differ between machines; its lower 32 bits do not.
    let kind = u64::try_from(i128::from(stat.f_type) & 0xffff_ffff).unwrap_or_default();
    if MEMORY.contains(&kind) { Ok(()) } else { Err("it is on a disk".to_owned()) }
}

/// Other systems have no such folder that can be told from a disk.
#[cfg(not(target_os = "linux"))]
fn in_memory(_: &Path) -> Result<(), String> {
    Err("whether it is on a disk cannot be told on this system".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A folder in memory; nothing where this machine has none.
    fn memory() -> Option<tempfile::TempDir> {
        let there = tempfile::tempdir_in("/dev/shm").ok().filter(|folder| in_memory(folder.path()).is_ok());
        if there.is_none() {
            println!("skipped: /dev/shm is no memory file system here");
        }
        there
    }

    fn about(home: &str) -> About {
        let words = vec!["edit".into(), "7f3a".into()];
        About {
            home: home.into(),
            draft: Uuid::nil(),
            words,
            answers: BTreeMap::new(),
            field: "text".into(),
            opened: "one".into(),
            unsaid: false,
            may_be_open: false,
            taken: Vec::new(),
            recovers: None,
        }
    }

    #[test]
    fn a_disk_is_no_place_and_the_reason_is_told() {
        let disk = Path::new(env!("CARGO_MANIFEST_DIR"));
        let Err(error) = Place::make(&[disk.to_owned(), "/nowhere/at/all".into()]) else { panic!("a place on a disk") };
        let error = error.to_string();
        assert!(error.contains("it is on a disk") && error.contains("/nowhere/at/all: No such file"), "{error}");
        assert!(std::fs::read_dir(disk).unwrap().all(|entry| !entry.unwrap().file_name().to_string_lossy().starts_with(BEGINS)));
    }

    #[test]
    fn a_place_is_ours_alone_says_nothing_and_goes_with_everything_in_it() {
        let Some(memory) = memory() else { return };
        let mut place = Place::make(&["/nowhere".into(), memory.path().to_owned()]).unwrap();
        place.put(&about("h"), b"one").unwrap();
        let mode = |path: &Path| path.metadata().unwrap().mode() & 0o777;
        assert_eq!((mode(place.folder()), mode(&place.text()), mode(&place.folder().join(ABOUT))), (0o700, 0o600, 0o600));
        assert!(!place.folder().to_string_lossy().replace(&memory.path().to_string_lossy().into_owned(), "").contains("asif"));
        std::fs::create_dir(place.folder().join("settings")).unwrap();
        std::fs::write(place.folder().join("settings/copy"), "one").unwrap();
        assert_eq!(place.beside(), [place.folder().join("settings/copy")]);
        let other = Place::make(&[memory.path().to_owned()]).unwrap();
        assert_ne!(other.folder(), place.folder());
        drop((place, other));
        assert_eq!(std::fs::read_dir(memory.path()).unwrap().count(), 0);
    }

    #[test]
    fn only_what_nobody_is_at_and_only_of_this_home_is_found() {
        let Some(memory) = memory() else { return };
        let here = [memory.path().to_owned()];
        let mut place = Place::make(&here).unwrap();
        place.put(&about("mine"), b"two").unwrap();
        assert!(Place::left(&here, "mine").is_empty(), "somebody is at it");
        // The lock goes with whoever held it, as when it is killed.
        let text = place.leave();
        assert!(Place::left(&here, "another").is_empty());
        assert!(text.exists(), "another home's is left alone");
        let left = Place::left(&here, "mine");
        assert_eq!((left.len(), &left[0].1), (1, &about("mine")));
        drop(left);
        assert!(!text.exists());
    }

    #[test]
    fn a_folder_that_others_may_enter_is_nobodys_of_ours() {
        let Some(memory) = memory() else { return };
        let here = [memory.path().to_owned()];
        let mut place = Place::make(&here).unwrap();
        place.put(&about("h"), b"two").unwrap();
        let folder = place.leave().parent().unwrap().to_owned();
        std::fs::set_permissions(&folder, Permissions::from_mode(0o755)).unwrap();
        assert!(Place::left(&here, "h").is_empty());
        assert!(folder.exists());
    }

    #[test]
    fn words_that_a_panic_interrupts_stay_for_the_next_asif() {
        let Some(memory) = memory() else { return };
        let here = [memory.path().to_owned()];
        let panicked = std::panic::catch_unwind(|| {
            let mut place = Place::make(&here).unwrap();
            place.put(&about("h"), b"two").unwrap();
            panic!("in the middle");
        });
        assert!(panicked.is_err());
        assert_eq!(Place::left(&here, "h").len(), 1);
        assert_eq!(std::fs::read_dir(memory.path()).unwrap().count(), 0, "and then they go");
    }
}
