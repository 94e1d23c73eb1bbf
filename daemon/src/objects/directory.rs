//! A folder that keeps objects: what is to be done around the library so that its word can be taken for the disk's.
//!
//! The library writes an object beside its name (`name#1`), syncs it, renames it and syncs the folder; folders that it made it syncs up to the first that
//! was there. That leaves this to do:
//!
//! - A put into a folder that another put made this moment returns before that one has synced what lies above. So each put syncs the folders above.
//! - A deletion is not synced by the library. It takes away folders that became empty, and one taken away under a put would fail it. So deletions have
//!   the place to themselves, and the nearest folder left is synced.
//! - A process that ended between a rename and its sync left an object that is there to see and may not be after a power cut. So all folders are synced
//!   at opening; what stands beside a name is then taken away.
//! - A folder that vanished, as that of a disk which was unplugged, looks empty, and would be made anew. So it is looked at before it is believed.

use std::fs::{File, Metadata};
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use object_store::local::LocalFileSystem;
use object_store::path::Path as Key;
use rustix::fs::{FlockOperation, OFlags, flock};
use rustix::io::Errno;
use tokio::sync::{RwLock, RwLockReadGuard, RwLockWriteGuard};
use tokio::task::spawn_blocking;

use super::{OpenError, name, reason};
use crate::process::private::{create_private_dir, sync_dir};

/// An open folder.
pub(super) struct Directory {
    root: PathBuf,
    /// The folder itself, whatever has its path by now; locked until it is dropped.
    opened: File,
    /// Held by puts together and by a deletion alone.
    deletion: RwLock<()>,
}

impl Directory {
    /// Opens the folder and gives the library's view of it; where this is the process that serves from it, locks and tidies it before.
    pub(super) fn open(path: &Path, serves: bool) -> Result<(Self, LocalFileSystem), OpenError> {
        create_private_dir(path).map_err(|source| OpenError::Folder { path: path.into(), source })?;
        let failed = |doing| move |source: io::Error| OpenError::Disk { doing, path: path.into(), source };
        let root = path.canonicalize().map_err(failed("open"))?;
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let opened =
            rustix::fs::open(&root, flags, rustix::fs::Mode::empty()).map(File::from).map_err(|error| failed("open")(error.into()))?;
        if serves {
            match flock(&opened, FlockOperation::NonBlockingLockExclusive) {
                Ok(()) => {}
                Err(Errno::WOULDBLOCK) => return Err(OpenError::InUse(path.into())),
                // A disk of another machine may have no locks; that alone is no reason not to keep anything there.
                Err(error) => tracing::debug!(%error, "the folder of objects cannot be locked"),
            }
            tidy(&root)?;
        }
        let store = LocalFileSystem::new_with_prefix(&root).map_err(|error| failed("open")(reason::words(&error)))?;
        Ok((Self { root, opened, deletion: RwLock::new(()) }, store.with_fsync(true).with_automatic_cleanup(true)))
    }

    /// Whether the folder is still the one that was opened.
    pub(super) fn check(&self) -> io::Result<()> {
        let which = |meta: Metadata| (meta.dev(), meta.ino());
        let now = self.root.metadata().map(which);
        match now {
            Ok(now) if now == which(self.opened.metadata()?) => Ok(()),
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Err(io::Error::new(io::ErrorKind::NotFound, format!("{} is not the folder that it was", self.root.display()))),
        }
    }

    /// Keeps deletions away until what is returned is dropped.
    pub(super) async fn before_a_put(&self) -> io::Result<RwLockReadGuard<'_, ()>> {
        let settled = self.deletion.read().await;
        self.check()?;
        Ok(settled)
    }

    /// Makes the folders above that of an object durable; its own is.
    pub(super) async fn after_a_put(&self, key: &Key) -> io::Result<()> {
        let Some(folder) = self.root.join(key.as_ref()).parent().filter(|folder| *folder != self.root).map(Path::to_path_buf) else {
            return Ok(());
        };
        let root = self.root.clone();
        blocking(move || folder.ancestors().skip(1).take_while(|above| above.starts_with(&root)).try_for_each(sync_dir)).await
    }

    /// Waits for the puts that are under way, and keeps others away until what is returned is dropped.
    pub(super) async fn before_a_deletion(&self) -> io::Result<RwLockWriteGuard<'_, ()>> {
        let alone = self.deletion.write().await;
        self.check()?;
        Ok(alone)
    }

    /// Makes durable that `keys` are gone, and the folders with them that had nothing else.
    pub(super) async fn after_a_deletion(&self, keys: Vec<Key>) -> io::Result<()> {
        let root = self.root.clone();
        blocking(move || {
            let left = |key: &Key| root.join(key.as_ref()).ancestors().skip(1).find(|above| above.is_dir()).map(Path::to_path_buf);
            let mut folders: Vec<_> = keys.iter().filter_map(left).filter(|folder| folder.starts_with(&root)).collect();
            folders.sort();
            folders.dedup();
            folders.iter().try_for_each(|folder| sync_dir(folder))
        })
        .await
    }
}

impl Drop for Directory {
    /// Unlocks it at once. Closing alone does not, while a process that is about to start another has a copy of what was open.
    fn drop(&mut self) {
        let _ = flock(&self.opened, FlockOperation::Unlock);
    }
}

async fn blocking(work: impl FnOnce() -> io::Result<()> + Send + 'static) -> io::Result<()> {
    spawn_blocking(work).await.unwrap_or_else(|_| Err(io::Error::other("the program is stopping")))
}

/// Takes away unfinished objects and empty folders below `folder`, and syncs what is left. Files and folders of other names are left alone.
fn tidy(folder: &Path) -> Result<(), OpenError> {
    let failed = |doing, path: &Path| {
        let path = path.to_path_buf();
        move |source| OpenError::Disk { doing, path, source }
    };
    for entry in folder.read_dir().map_err(failed("read", folder))? {
        let entry = entry.map_err(failed("read", folder))?;
        let path = entry.path();
        let kind = entry.file_type().map_err(failed("look at", &path))?;
        let Ok(name) = entry.file_name().into_string() else { continue };
        if kind.is_dir() && name::is_part(&name) {
            tidy(&path)?;
            match std::fs::remove_dir(&path) {
                Err(error) if error.kind() != io::ErrorKind::DirectoryNotEmpty => return Err(failed("remove", &path)(error)),
                _ => {}
            }
        } else if kind.is_file() && is_unfinished(&name) {
            std::fs::remove_file(&path).map_err(failed("remove", &path))?;
        }
    }
    sync_dir(folder).map_err(failed("sync", folder))
}

/// Whether a file is what the library writes beside `name`: `name#1`, `name#2`.
fn is_unfinished(file: &str) -> bool {
    file.split_once('#')
        .is_some_and(|(name, number)| name::is_part(name) && !number.is_empty() && number.bytes().all(|digit| digit.is_ascii_digit()))
}
