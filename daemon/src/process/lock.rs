//! The one lock of a home: whoever holds it is the daemon of this journal.
//!
//! `<data>/lock` is locked with `flock` for the daemon's whole life, so that the system frees it however the daemon ends.
//! Its text says who holds it and where that one listens ([`asif_proto::home::Lock`]), from the moment it is taken until a clean stop.

use std::fs::File;
use std::io;
use std::os::unix::fs::{FileExt, MetadataExt};
use std::path::{Path, PathBuf};
use std::time::Duration;

use asif_proto::home::Lock;
use rustix::fs::{FlockOperation, OFlags, flock};

use super::private::{NotPrivate, open_private};

/// How often a held lock is tried again, and the time between.
const TRIES: u32 = 20;
const BETWEEN: Duration = Duration::from_millis(5);

/// Why the lock was not taken.
#[derive(Debug, thiserror::Error)]
pub enum LockError {
    /// Another daemon holds it.
    #[error("asifd is already running{}", .pid.map(|pid| format!(" (process {pid})")).unwrap_or_default())]
    AlreadyRunning {
        /// Its process id; none where it could not be written down.
        pid: Option<u32>,
    },
    /// The lock file is not ours alone.
    #[error(transparent)]
    NotPrivate(#[from] NotPrivate),
    /// It cannot be locked or written.
    #[error("cannot {doing} the lock file {}", .path.display())]
    Io {
        /// What was attempted.
        doing: &'static str,
        /// The lock file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

/// Proof that this process is the one daemon of its home. Dropping it lets the next one start.
#[derive(Debug)]
pub struct Held {
    file: File,
    path: PathBuf,
}

/// Takes the lock at `path`. The folder must be there.
///
/// Whoever only looks whether it is held holds it for a moment, so one that is held is tried again for a little while.
pub fn acquire(path: &Path) -> Result<Held, LockError> {
    let mut tries = TRIES;
    loop {
        let file = open_private(path, OFlags::CREATE | OFlags::RDWR)?;
        match flock(&file, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => match held(file, path)? {
                Some(held) => return Ok(held),
                None => continue,
            },
            Err(rustix::io::Errno::WOULDBLOCK) if tries > 0 => {
                tries -= 1;
                std::thread::sleep(BETWEEN);
            }
            Err(rustix::io::Errno::WOULDBLOCK) => return Err(LockError::AlreadyRunning { pid: holder(&file) }),
            Err(source) => return Err(LockError::Io { doing: "lock", path: path.into(), source: source.into() }),
        }
    }
}

/// The proof, once the file is locked. None where whoever held it before removed it, with its home: the lock is then another file.
fn held(file: File, path: &Path) -> Result<Option<Held>, LockError> {
    let id = |meta: std::fs::Metadata| (meta.dev(), meta.ino());
    let ours = file.metadata().map(id).ok();
    if ours.is_none() || ours != path.symlink_metadata().map(id).ok() {
        return Ok(None);
    }
    let held = Held { file, path: path.into() };
    held.empty()?;
    Ok(Some(held))
}

impl Held {
    /// Tells clients who the daemon is and where it listens.
    pub fn publish(&self, lock: &Lock) -> Result<(), LockError> {
        self.empty()?;
        self.file.write_all_at(lock.to_text().as_bytes(), 0).map_err(|source| self.error("write", source))
    }

    /// As [`Held::publish`]; a lock file that cannot be written keeps nothing from being served.
    ///
    /// Clients then try the home's own socket, which is this one. On a full disk what is stored can still be read.
    pub fn announce(&self, lock: &Lock) {
        if let Err(error) = self.publish(lock) {
            tracing::warn!(%error, "the lock file could not be written");
        }
    }

    /// Empties the lock file and lets it go: a clean stop.
    pub fn release(self) -> Result<(), LockError> {
        self.empty()
    }

    fn empty(&self) -> Result<(), LockError> {
        self.file.set_len(0).map_err(|source| self.error("empty", source))
    }

    fn error(&self, doing: &'static str, source: io::Error) -> LockError {
        LockError::Io { doing, path: self.path.clone(), source }
    }
}

impl Drop for Held {
    /// Unlocks in so many words: a child that is just being started has a copy of the descriptor, and closing ours would not free the lock
    /// before the child has closed its own.
    fn drop(&mut self) {
        if let Err(error) = flock(&self.file, FlockOperation::Unlock) {
            tracing::debug!(%error, "the lock was not let go; it ends with this process");
        }
    }
}

/// What the lock file says of its holder, at most one page of it.
fn holder(file: &File) -> Option<u32> {
    let mut text = vec![0; 4096];
    let len = file.read_at(&mut text, 0).ok()?;
    text.truncate(len);
    Lock::parse(&String::from_utf8(text).ok()?).map(|lock| lock.pid)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    fn told() -> Lock {
        Lock { pid: 4711, socket: "/run/x/asifd.sock".into() }
    }

    #[test]
    fn whoever_only_looks_keeps_no_daemon_from_starting() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("lock");
        drop(acquire(&path).unwrap());
        let over = std::sync::atomic::AtomicBool::new(false);
        std::thread::scope(|scope| {
            scope.spawn(|| {
                while !over.load(std::sync::atomic::Ordering::Relaxed) {
                    let looking = fs::File::open(&path).unwrap();
                    let _ = looking.try_lock_shared();
                    // Nobody who looks waits with the lock in hand.
                    drop(looking);
                    std::thread::yield_now();
                }
            });
            let tried: Vec<_> = (0..200).map(|_| acquire(&path).map(drop)).collect();
            over.store(true, std::sync::atomic::Ordering::Relaxed);
            assert!(tried.iter().all(Result::is_ok), "{tried:?}");
        });
    }

    #[test]
    fn a_second_daemon_is_refused_and_told_who_runs() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("lock");
        let held = acquire(&path).unwrap();
        assert!(matches!(acquire(&path), Err(LockError::AlreadyRunning { pid: None })));
        held.publish(&told()).unwrap();
        let error = acquire(&path).unwrap_err();
        assert_eq!(error.to_string(), "asifd is already running (process 4711)");
        assert_eq!(Lock::parse(&fs::read_to_string(&path).unwrap()), Some(told()), "a refused start changes nothing");
    }

    #[test]
    fn a_clean_stop_leaves_it_empty_and_free() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("lock");
        let held = acquire(&path).unwrap();
        held.publish(&told()).unwrap();
        held.release().unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"");
        acquire(&path).unwrap();
    }

    #[test]
    fn a_lock_that_was_removed_while_it_was_waited_for_is_none() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("lock");
        let waiting = open_private(&path, OFlags::CREATE | OFlags::RDWR).unwrap();
        fs::remove_file(&path).unwrap();
        assert!(held(waiting.try_clone().unwrap(), &path).unwrap().is_none(), "nobody else would see it");
        let _next = acquire(&path).unwrap();
        assert!(held(waiting, &path).unwrap().is_none(), "another has the name now");
    }

    #[test]
    fn a_copy_of_the_descriptor_does_not_hold_it() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("lock");
        let held = acquire(&path).unwrap();
        let _copy_of_a_starting_child = held.file.try_clone().unwrap();
        held.release().unwrap();
        acquire(&path).unwrap();
    }

    #[test]
    fn what_a_killed_daemon_left_is_wiped_by_the_next() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("lock");
        let held = acquire(&path).unwrap();
        held.publish(&told()).unwrap();
        drop(held);
        assert!(!fs::read(&path).unwrap().is_empty());
        let _next = acquire(&path).unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"");
    }
}
