//! The parts of the saved view: sealed files that never change, each called by the hash of its bytes. They can be made anew from the log, so nothing is
//! synced: one that a crash left half written is not what its name says, and goes.

use std::collections::BTreeSet;
use std::io;

use asif_proto::id::PartId;

use super::open::failed;
use super::rewrite::UNFINISHED;
use super::{DiskError, SmallFileError, Store};

impl Store {
    /// Keeps parts; those that are here already are not written again.
    pub fn keep_parts<'a>(&mut self, parts: impl IntoIterator<Item = (PartId, &'a [u8])>) -> Result<(), SmallFileError> {
        let here = self.part_names()?;
        let folder = self.places.parts.clone();
        self.disk.create_dir(&folder).map_err(failed("use the folder", &folder))?;
        for (id, bytes) in parts.into_iter().filter(|(id, _)| !here.contains(id)) {
            let path = folder.join(id.to_string());
            let new = folder.join(format!("{id}{UNFINISHED}"));
            match self.disk.remove(&new) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(failed("remove", &new)(error).into()),
                _ => {}
            }
            self.disk.create(&new).map_err(failed("make", &new))?;
            self.disk.append(&new, bytes).map_err(failed("write", &new))?;
            self.disk.rename(&new, &path).map_err(failed("replace", &path))?;
        }
        Ok(())
    }

    /// The parts that are what was written. Others go.
    pub fn parts(&self) -> Result<Vec<(PartId, Vec<u8>)>, DiskError> {
        let mut found = Vec::new();
        for id in self.part_names()? {
            let path = self.places.parts.join(id.to_string());
            let bytes = self.disk.read(&path).map_err(failed("read", &path))?;
            if PartId::of(&bytes) == id {
                found.push((id, bytes));
            } else {
                self.disk.remove(&path).map_err(failed("remove", &path))?;
            }
        }
        Ok(found)
    }

    /// Lets go of all parts but these, durably.
    pub fn drop_parts_but(&mut self, kept: &BTreeSet<PartId>) -> Result<(), SmallFileError> {
        let folder = self.places.parts.clone();
        let mut removed = false;
        for id in self.part_names()?.difference(kept) {
            let path = folder.join(id.to_string());
            self.disk.remove(&path).map_err(failed("remove", &path))?;
            removed = true;
        }
        if removed {
            self.disk.sync_dir(&folder).map_err(failed("sync", &folder))?;
        }
        Ok(())
    }

    fn part_names(&self) -> Result<BTreeSet<PartId>, DiskError> {
        match self.disk.list(&self.places.parts) {
            Ok(names) => Ok(names.iter().filter_map(|name| name.parse().ok()).collect()),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(BTreeSet::new()),
            Err(error) => Err(failed("list", &self.places.parts)(error)),
        }
    }
}
