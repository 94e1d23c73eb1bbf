//! The home as a whole: its files, where it lies, what it was made of.

use super::{PLACE, RESTORED, Shelf, ShelfError, VAULT};
use crate::store;

impl Shelf {
    /// All files that make this home what it is.
    pub fn files(&self) -> Result<Vec<(String, Vec<u8>)>, ShelfError> {
        Ok(store::files(&*self.disk, &self.data).map_err(store::OpenError::Disk)?)
    }

    /// Whether there is a vault here at all.
    pub fn has_vault(&self) -> bool {
        !matches!(self.store.load(VAULT), Ok(None))
    }

    /// Of what this home was made, where it was made of a backup.
    pub fn restored(&self) -> Option<Vec<u8>> {
        self.cache(RESTORED)
    }

    /// Makes this home of these files; it is opened anew after.
    pub fn become_of(&self, files: &[(String, Vec<u8>)]) -> Result<(), ShelfError> {
        Ok(store::place(&*self.disk, &self.data, files).map_err(store::OpenError::Disk)?)
    }

    /// What was noted of the place where this home was left.
    pub fn place(&self) -> Option<Vec<u8>> {
        self.cache(PLACE)
    }

    /// Notes where this home is.
    pub fn note_place(&mut self, here: &[u8]) -> Result<(), ShelfError> {
        Ok(self.store.save(PLACE, here)?)
    }
}
