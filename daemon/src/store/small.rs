//! Small files beside the store that are replaced as a whole: the vault, its key, the view.

use std::io;
use std::path::PathBuf;

use super::open::failed;
use super::rewrite::{Replace, UNFINISHED};
use super::{DiskError, Store};

/// Why a small file was not read, written or removed.
#[derive(Debug, thiserror::Error)]
pub enum SmallFileError {
    /// A name has lower-case letters, digits, `.` and `-`, and is not one that the data folder uses otherwise.
    #[error("{0:?} cannot be the name of a small file")]
    Name(String),
    /// The disk did not do what it was asked. After a failed save the file is what it was, or wholly new.
    #[error(transparent)]
    Disk(#[from] DiskError),
}

impl Store {
    /// The bytes last saved under `name`; none where there are none.
    pub fn load(&self, name: &str) -> Result<Option<Vec<u8>>, SmallFileError> {
        let path = self.small(name)?;
        match self.disk.read(&path) {
            Ok(bytes) => Ok(Some(bytes)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(source) => Err(failed("read", &path)(source).into()),
        }
    }

    /// Puts `bytes` under `name`, durably: after any crash either what was there or all of these.
    pub fn save(&mut self, name: &str, bytes: &[u8]) -> Result<(), SmallFileError> {
        let (path, folder) = (self.small(name)?, self.places.data.clone());
        Ok(self.replace(&folder, &path, bytes).map_err(Replace::into_error)?)
    }

    /// Takes `name` away, durably; it may be absent. Its sectors are freed, not wiped.
    pub fn remove(&mut self, name: &str) -> Result<(), SmallFileError> {
        let path = self.small(name)?;
        match self.disk.remove(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(failed("remove", &path)(error).into()),
            _ => Ok(self.disk.sync_dir(&self.places.data).map_err(failed("sync", &self.places.data))?),
        }
    }

    fn small(&self, name: &str) -> Result<PathBuf, SmallFileError> {
        let plain = name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b".-".contains(&byte));
        if !plain || name.is_empty() || name.starts_with('.') || name.ends_with(UNFINISHED) || ["lock", "store"].contains(&name) {
            return Err(SmallFileError::Name(name.into()));
        }
        Ok(self.places.data.join(name))
    }
}
