//! Removing it: the keys first, then everything else, the lock last. A second time it goes on where the first one stopped.

use std::fs::{File, TryLockError};
use std::io::{self, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use asif_proto::home::Home;
use rustix::fs::OFlags;

use super::own::Own;

/// How long a daemon that just ends, or just finds the lock taken, is waited for.
const WAIT: Duration = Duration::from_secs(1);
const PAUSE: Duration = Duration::from_millis(5);

/// The lock of a home, held so that no daemon starts. None where the home has no data folder, and so nothing that one could hold.
pub(super) fn hold(home: &Home) -> io::Result<Option<File>> {
    let mut options = File::options();
    options.read(true).write(true).create(true).truncate(false).mode(0o600).custom_flags(nofollow());
    let file = match options.open(home.lock()) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        opened => opened?,
    };
    let until = Instant::now() + WAIT;
    loop {
        match file.try_lock() {
            Ok(()) => return Ok(Some(file)),
            Err(TryLockError::WouldBlock) if Instant::now() < until => std::thread::sleep(PAUSE),
            Err(TryLockError::WouldBlock) => return Err(io::Error::new(io::ErrorKind::WouldBlock, "a daemon of it runs")),
            Err(TryLockError::Error(error)) => return Err(error),
        }
    }
}

/// What could not be removed, and why.
#[derive(Debug, Default)]
pub(super) struct Left {
    pub(super) paths: Vec<(PathBuf, io::Error)>,
}

/// Removes `own`. Where a key cannot be removed nothing else is: what is left then opens as before.
///
/// `step` comes before each removal; its error is that removal's.
pub(super) fn remove(own: &Own, home: &Home, step: &mut dyn FnMut(&Path) -> io::Result<()>) -> Left {
    let mut left = Left::default();
    for key in &own.keys {
        left.note(key, step(key).and_then(|()| remove_key(key)));
    }
    if !own.keys.is_empty() && left.paths.is_empty() {
        left.note(&home.data, File::open(&home.data).and_then(|folder| folder.sync_all()));
    }
    if !left.paths.is_empty() {
        return left;
    }
    for file in own.files.iter().chain(&own.lock) {
        left.note(file, step(file).and_then(|()| gone(std::fs::remove_file(file))));
    }
    for folder in &own.folders {
        left.note(folder, step(folder).and_then(|()| empty_folder(folder)));
    }
    left
}

impl Left {
    fn note(&mut self, path: &Path, removed: io::Result<()>) {
        if let Err(error) = removed {
            self.paths.push((path.to_owned(), error));
        }
    }
}

/// Writes zeros over the key and removes it. One that has a second name, as in a backup made of links, is only removed here.
fn remove_key(path: &Path) -> io::Result<()> {
    let mut options = File::options();
    if let Ok(mut file) = options.write(true).custom_flags(nofollow()).open(path)
        && let Ok(meta) = file.metadata()
        && meta.nlink() == 1
    {
        // Whether this reaches the old sectors is the disk's to say; that it could not be tried keeps nothing from being removed.
        let zeros = vec![0; usize::try_from(meta.len().min(1 << 20)).unwrap_or_default()];
        let _ = file.write_all(&zeros).and_then(|()| file.sync_all());
    }
    gone(std::fs::remove_file(path))
}

fn empty_folder(path: &Path) -> io::Result<()> {
    match std::fs::remove_dir(path) {
        // Something else lies in it, and was told.
        Err(error) if error.kind() == io::ErrorKind::DirectoryNotEmpty => Ok(()),
        removed => gone(removed),
    }
}

fn gone(removed: io::Result<()>) -> io::Result<()> {
    removed.or_else(|error| if error.kind() == io::ErrorKind::NotFound { Ok(()) } else { Err(error) })
}

fn nofollow() -> i32 {
    i32::try_from(OFlags::NOFOLLOW.bits()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A home with a file of every kind.
    fn home(root: &Path) -> Home {
        let home = Home::resolve(|name| (name == "ASIF_HOME").then(|| root.join("h").into()), Path::new("/"), 0, |_| false).unwrap();
        let log = "0123456789abcdef0123456789abcdef";
        let data = ["vault.key", "vault", "vault.new", "crisis-plan", "view", "peers", "lock", "store/statements"].map(str::to_owned);
        let sealed = [format!("store/checkpoints/{log}{log}"), format!("store/pieces/{log}{log}"), format!("store/replaced/{log}-3-7")];
        let data = data.into_iter().chain([format!("store/logs/{log}"), format!("store/damaged/{log}-7")]).chain(sealed);
        let rest = ["state/asifd.log", "state/port", "config.toml"].map(str::to_owned);
        for file in data.map(|name| format!("data/{name}")).chain(rest) {
            let path = root.join("h").join(file);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, "x").unwrap();
        }
        home
    }

    fn own(home: &Home) -> Own {
        Own::of(home).unwrap()
    }

    #[test]
    fn wherever_it_is_interrupted_the_keys_went_first_and_the_next_time_finishes() {
        for stop_at in 0.. {
            let root = tempfile::tempdir().unwrap();
            let home = home(root.path());
            let (mut steps, mut removed) = (0, Vec::new());
            let left = remove(&own(&home), &home, &mut |path| {
                steps += 1;
                if steps > stop_at {
                    return Err(io::ErrorKind::Interrupted.into());
                }
                removed.push(path.to_owned());
                Ok(())
            });
            let first_other = removed.iter().position(|path| !path.to_string_lossy().contains("vault"));
            if first_other.is_some() {
                assert!(!home.data.join("vault.key").exists() && !home.data.join("vault").exists(), "{removed:?}");
            }
            if left.paths.is_empty() {
                assert!(stop_at > 10 && !root.path().join("h").exists());
                return;
            }
            assert!(home.lock().exists() || removed.contains(&home.lock()));
            assert!(remove(&own(&home), &home, &mut |_| Ok(())).paths.is_empty());
            assert!(!root.path().join("h").exists(), "{stop_at}");
        }
    }

    #[test]
    fn what_is_not_asifs_stays_and_no_link_is_followed() {
        let root = tempfile::tempdir().unwrap();
        let home = home(root.path());
        let theirs = root.path().join("theirs");
        std::fs::create_dir(&theirs).unwrap();
        std::fs::write(theirs.join("vault.key"), "mine").unwrap();
        let strange = ["data/notes.txt", "data/store/logs/readme", "keep"].map(|name| root.path().join("h").join(name));
        strange.iter().for_each(|path| std::fs::write(path, "mine").unwrap());
        std::fs::remove_file(home.data.join("peers")).unwrap();
        std::os::unix::fs::symlink(theirs.join("vault.key"), home.data.join("peers")).unwrap();
        std::fs::remove_dir_all(&home.state).unwrap();
        std::os::unix::fs::symlink(&theirs, &home.state).unwrap();

        let found = own(&home);
        for path in strange.iter().chain([&home.data.join("peers"), &home.state]) {
            assert!(found.strange.contains(path), "{path:?} is not told: {found:?}");
        }
        assert!(remove(&found, &home, &mut |_| Ok(())).paths.is_empty());
        assert_eq!(std::fs::read(theirs.join("vault.key")).unwrap(), b"mine");
        assert!(strange.iter().all(|path| path.exists()) && home.state.symlink_metadata().is_ok());
        assert!(own(&home).is_empty());
    }

    #[test]
    fn a_second_name_of_the_key_keeps_its_bytes() {
        let root = tempfile::tempdir().unwrap();
        let home = home(root.path());
        let (link, only) = (root.path().join("backup.key"), home.data.join("vault"));
        std::fs::hard_link(home.data.join("vault.key"), &link).unwrap();
        let open = File::open(&only).unwrap();
        assert!(remove(&own(&home), &home, &mut |_| Ok(())).paths.is_empty());
        assert_eq!(std::fs::read(link).unwrap(), b"x");
        assert_eq!(io::read_to_string(open).unwrap(), "\0", "the only name: it was written over");
    }
}
