//! Checkpoints and their pieces: sealed files that never change, each called by the hash of its bytes.

use std::io;
use std::path::{Path, PathBuf};

use asif_proto::id::{CheckpointId, PieceId};

use super::open::failed;
use super::rewrite::{Replace, UNFINISHED};
use super::{DiskError, Store};

/// Why such a file was not read or written.
#[derive(Debug, thiserror::Error)]
pub enum SealedError {
    /// An earlier write failed.
    #[error("an earlier write to the store failed; nothing more is written until it is opened again")]
    Poisoned,
    /// No such file is held.
    #[error("{0} is not here")]
    Absent(String),
    /// It is not what was written.
    #[error("{0} is no longer what was written")]
    Changed(String),
    /// The disk did not do what it was asked.
    #[error(transparent)]
    Disk(#[from] DiskError),
}

impl Store {
    /// Keeps pieces, durably: after any crash each is there whole or not at all.
    pub fn keep_pieces<'a>(&mut self, pieces: impl IntoIterator<Item = &'a [u8]>) -> Result<(), SealedError> {
        let folder = self.places.pieces.clone();
        for bytes in pieces {
            self.keep(&folder, &PieceId::of(bytes).to_string(), bytes)?;
        }
        Ok(())
    }

    /// Keeps a checkpoint, durably, once its pieces are.
    pub fn keep_checkpoint(&mut self, bytes: &[u8]) -> Result<(), SealedError> {
        let folder = self.places.checkpoints.clone();
        self.keep(&folder, &CheckpointId::of(bytes).to_string(), bytes)
    }

    /// The bytes of a piece.
    pub fn piece(&self, id: PieceId) -> Result<Vec<u8>, SealedError> {
        let bytes = self.kept(&self.places.pieces, &id.to_string())?;
        if PieceId::of(&bytes) == id { Ok(bytes) } else { Err(SealedError::Changed(format!("piece {id}"))) }
    }

    /// The checkpoints that are held and are what was written.
    pub fn checkpoints(&self) -> Result<Vec<(CheckpointId, Vec<u8>)>, SealedError> {
        let mut found = Vec::new();
        for id in names::<CheckpointId>(self, &self.places.checkpoints)? {
            let bytes = self.kept(&self.places.checkpoints, &id.to_string())?;
            if CheckpointId::of(&bytes) == id {
                found.push((id, bytes));
            }
        }
        Ok(found)
    }

    /// The pieces that are held, by name. Whether one is what was written shows when it is read.
    pub fn pieces(&self) -> Result<Vec<PieceId>, SealedError> {
        names(self, &self.places.pieces)
    }

    /// Lets go of checkpoints and pieces, in this order, so that no checkpoint is there without its pieces. Those that are not here are not missed.
    pub fn drop_sealed(&mut self, checkpoints: &[CheckpointId], pieces: &[PieceId]) -> Result<(), SealedError> {
        if self.poisoned {
            return Err(SealedError::Poisoned);
        }
        let (of_checkpoints, of_pieces) = (self.places.checkpoints.clone(), self.places.pieces.clone());
        self.remove_all(&of_checkpoints, checkpoints.iter().map(ToString::to_string))?;
        self.remove_all(&of_pieces, pieces.iter().map(ToString::to_string))
    }

    fn remove_all(&self, folder: &Path, names: impl Iterator<Item = String>) -> Result<(), SealedError> {
        let mut removed = false;
        for name in names {
            let path = folder.join(name);
            match self.disk.remove(&path) {
                Ok(()) => removed = true,
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => return Err(failed("remove", &path)(error).into()),
            }
        }
        if removed {
            self.disk.sync_dir(folder).map_err(failed("sync", folder))?;
        }
        Ok(())
    }

    fn keep(&mut self, folder: &Path, name: &str, bytes: &[u8]) -> Result<(), SealedError> {
        if self.poisoned {
            return Err(SealedError::Poisoned);
        }
        self.disk.create_dir(folder).map_err(failed("use the folder", folder))?;
        Ok(self.replace(folder, &folder.join(name), bytes).map_err(Replace::into_error)?)
    }

    fn kept(&self, folder: &Path, name: &str) -> Result<Vec<u8>, SealedError> {
        let path: PathBuf = folder.join(name);
        match self.disk.read(&path) {
            Ok(bytes) => Ok(bytes),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Err(SealedError::Absent(path.display().to_string())),
            Err(error) => Err(failed("read", &path)(error).into()),
        }
    }
}

fn names<T: std::str::FromStr>(store: &Store, folder: &Path) -> Result<Vec<T>, SealedError> {
    match store.disk.list(folder) {
        Ok(names) => Ok(names.iter().filter(|name| !name.ends_with(UNFINISHED)).filter_map(|name| name.parse().ok()).collect()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
        Err(error) => Err(failed("list", folder)(error).into()),
    }
}
