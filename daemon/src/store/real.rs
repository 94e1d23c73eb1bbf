//! The disk of this machine.

use std::collections::HashMap;
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rustix::fs::OFlags;

use super::disk::Disk;
use crate::process::private::{NotPrivate, create_private_dir, open_private, sync_dir};

/// The most files held open.
const MAX_OPEN: usize = 128;

/// Plain files, opened without following symlinks, for the owner alone. The ones used last are held open.
#[derive(Debug, Default)]
pub struct RealDisk {
    open: Mutex<Open>,
}

#[derive(Debug, Default)]
struct Open {
    files: HashMap<PathBuf, (u64, Arc<File>)>,
    uses: u64,
}

impl RealDisk {
    /// With no file open.
    pub fn new() -> Self {
        Self::default()
    }

    fn open(&self) -> MutexGuard<'_, Open> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The file at `path`, opened to read and append.
    ///
    /// A failed `fdatasync` is told to the handle that wrote, so that handle is the one to sync: the store writes and syncs one
    /// file before it turns to the next, and the handle used last is closed last.
    fn file(&self, path: &Path) -> io::Result<Arc<File>> {
        let mut open = self.open();
        open.uses += 1;
        let now = open.uses;
        if let Some((used, file)) = open.files.get_mut(path) {
            *used = now;
            return Ok(file.clone());
        }
        if open.files.len() >= MAX_OPEN {
            let oldest = open.files.iter().min_by_key(|(_, (used, _))| *used).map(|(path, _)| path.clone());
            oldest.and_then(|path| open.files.remove(&path));
        }
        let file = Arc::new(open_private(path, OFlags::RDWR | OFlags::APPEND).map_err(NotPrivate::into_io)?);
        open.files.insert(path.into(), (now, file.clone()));
        Ok(file)
    }

    fn forget(&self, path: &Path) {
        self.open().files.remove(path);
    }
}

impl Disk for RealDisk {
    fn create_dir(&self, path: &Path) -> io::Result<()> {
        create_private_dir(path).map(drop).map_err(NotPrivate::into_io)
    }

    fn list(&self, path: &Path) -> io::Result<Vec<String>> {
        let names = std::fs::read_dir(path)?.map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned()));
        let mut names = names.collect::<io::Result<Vec<String>>>()?;
        names.sort();
        Ok(names)
    }

    fn sync_dir(&self, path: &Path) -> io::Result<()> {
        sync_dir(path)
    }

    fn create(&self, path: &Path) -> io::Result<()> {
        self.forget(path);
        open_private(path, OFlags::CREATE | OFlags::EXCL | OFlags::RDWR).map(drop).map_err(NotPrivate::into_io)
    }

    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        let mut bytes = Vec::new();
        open_private(path, OFlags::RDONLY).map_err(NotPrivate::into_io)?.read_to_end(&mut bytes)?;
        Ok(bytes)
    }

    fn read_at(&self, path: &Path, offset: u64, len: usize) -> io::Result<Vec<u8>> {
        let mut bytes = vec![0; len];
        self.file(path)?.read_exact_at(&mut bytes, offset)?;
        Ok(bytes)
    }

    fn append(&self, path: &Path, bytes: &[u8]) -> io::Result<()> {
        (&*self.file(path)?).write_all(bytes)
    }

    fn truncate(&self, path: &Path, len: u64) -> io::Result<()> {
        self.file(path)?.set_len(len)
    }

    fn sync(&self, path: &Path) -> io::Result<()> {
        self.file(path)?.sync_data()
    }

    fn sync_again(&self, path: &Path, offset: u64) -> io::Result<()> {
        // Not the handle that appends: whatever it writes goes to the end.
        let mut file = open_private(path, OFlags::RDWR).map_err(NotPrivate::into_io)?;
        let mut bytes = Vec::new();
        file.seek(SeekFrom::Start(offset))?;
        file.read_to_end(&mut bytes)?;
        match file.write_all_at(&bytes, offset) {
            // Where nothing can be written, what is stored can still be read.
            Err(error) if error.kind() == io::ErrorKind::FileTooLarge => {}
            written => written?,
        }
        file.sync_data()
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.forget(from);
        self.forget(to);
        std::fs::rename(from, to)
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        self.forget(path);
        std::fs::remove_file(path)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_more_files_are_held_open_than_allowed() {
        let home = tempfile::tempdir().unwrap();
        let disk = RealDisk::new();
        let path = |n: usize| home.path().join(n.to_string());
        for n in 0..MAX_OPEN + 20 {
            disk.create(&path(n)).unwrap();
            disk.append(&path(n), b"one").unwrap();
            disk.append(&path(0), b"+").unwrap();
        }
        assert_eq!(disk.open().files.len(), MAX_OPEN);
        assert!(disk.open().files.contains_key(&path(0)), "the one used all the time stays");
        disk.append(&path(1), b"two").unwrap();
        assert_eq!(disk.read(&path(1)).unwrap(), b"onetwo");
    }

    #[test]
    fn a_renamed_file_is_not_written_under_its_old_name() {
        let home = tempfile::tempdir().unwrap();
        let disk = RealDisk::new();
        let (old, new) = (home.path().join("old"), home.path().join("new"));
        for path in [&old, &new] {
            disk.create(path).unwrap();
            disk.append(path, b"x").unwrap();
        }
        disk.rename(&new, &old).unwrap();
        disk.append(&old, b"y").unwrap();
        assert_eq!(disk.read(&old).unwrap(), b"xy");
        assert_eq!(disk.append(&new, b"z").unwrap_err().kind(), io::ErrorKind::NotFound);
    }
}
