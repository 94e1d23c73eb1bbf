//! What replaces a whole file: stubs in a log, another branch of a log, damage set aside. Always a new file, synced, then renamed over
//! the old one.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use asif_proto::id::{Link, LogId};

use super::open::failed;
use super::{DiskError, List, ListState, LogHead, LogState, ReadError, Store, log_file, record_file};
use crate::seal::wire::Wire;

/// The end of a file's name while its new version is written; opening removes what is left of one.
pub(super) const UNFINISHED: &str = ".new";

/// Why no stubs were made.
#[derive(Debug, thiserror::Error)]
pub enum StubError {
    /// An earlier write failed.
    #[error("an earlier write to the store failed; nothing more is written until it is opened again")]
    Poisoned,
    /// The log must be set aside first.
    #[error("log {0} is damaged and takes no change until the damage is set aside")]
    Damaged(LogId),
    /// No such entry is held.
    #[error("log {log} has no entry {seq} here")]
    NoEntry {
        /// The log.
        log: LogId,
        /// The entry.
        seq: u64,
    },
    /// The log cannot be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// It failed on the way: the log is whole, with these stubs or without.
    #[error(transparent)]
    Disk(#[from] DiskError),
}

/// Why a log was not grafted.
#[derive(Debug, thiserror::Error)]
pub enum GraftError {
    /// An earlier write failed.
    #[error("an earlier write to the store failed; nothing more is written until it is opened again")]
    Poisoned,
    /// The log must be set aside first.
    #[error("log {0} is damaged and takes no change until the damage is set aside")]
    Damaged(LogId),
    /// The branch does not grow out of what is held.
    #[error("entry {seq} does not grow out of log {log} as it is held here")]
    Chain {
        /// The log.
        log: LogId,
        /// The entry.
        seq: u64,
    },
    /// The log cannot be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// It failed on the way: the log is whole, with one branch or the other.
    #[error(transparent)]
    Disk(#[from] DiskError),
}

/// Why damage was not set aside.
#[derive(Debug, thiserror::Error)]
pub enum SetAsideError {
    /// An earlier write failed.
    #[error("an earlier write to the store failed; nothing more is written until it is opened again")]
    Poisoned,
    /// It failed on the way; the damaged bytes are still there.
    #[error(transparent)]
    Disk(#[from] DiskError),
}

impl Store {
    /// Takes the sealed bytes of these entries away for good and keeps their place in the chain. Every link stays as it is.
    ///
    /// What is a stub already stays one. The old file's sectors are freed, not wiped.
    pub fn stub(&mut self, log: LogId, seqs: &[u64]) -> Result<(), StubError> {
        let (head, state) = self.unharmed(log)?;
        if let Some(&seq) = seqs.iter().find(|seq| !(1..=state.seq()).contains(*seq)) {
            return Err(StubError::NoEntry { log, seq });
        }
        let from = state.from;
        let seqs: BTreeSet<u64> = seqs.iter().copied().collect();
        let mut changed = false;
        let mut records = self.all(log)?;
        for (_, wire) in &mut records {
            if matches!(wire, Wire::Entry(_)) && seqs.contains(&wire.seq()) {
                *wire = wire.to_stub();
                changed = true;
            }
        }
        if changed { Ok(self.replace_log(&head, from, &records)?) } else { Ok(()) }
    }

    /// Puts another branch, or nothing, in the place of everything from entry `first` on. What was there is gone from this file.
    pub fn graft(&mut self, log: LogId, first: u64, branch: &[Wire]) -> Result<(), GraftError> {
        if self.poisoned {
            return Err(GraftError::Poisoned);
        }
        let state = self.logs.get(&log).ok_or(ReadError::NoLog(log))?;
        if state.damaged_at.is_some() {
            return Err(GraftError::Damaged(log));
        }
        let head = state.head.ok_or(GraftError::Damaged(log))?;
        let (from, place) = (state.from, state.place(first));
        let Some(place) = place.filter(|place| *place > 0 && first <= state.seq()) else {
            return Err(GraftError::Chain { log, seq: first });
        };
        let mut records = self.all(log)?;
        records.truncate(place);
        let mut tip = records.last().map_or(Link::ZERO, |(link, _)| *link);
        if let Some(from) = from.filter(|from| from.seq == first) {
            tip = from.before;
        }
        for (wire, seq) in branch.iter().zip(first..) {
            if wire.log() != log || wire.seq() != seq {
                return Err(GraftError::Chain { log, seq });
            }
            tip = wire.link(&tip);
            records.push((tip, wire.clone()));
        }
        Ok(self.replace_log(&head, from, &records)?)
    }

    /// Lets go of the entries behind the birth and before `from`, which a checkpoint covers. Every link stays as it is.
    ///
    /// What is not here already stays so. The old file's sectors are freed, not wiped.
    pub fn prune(&mut self, log: LogId, from: u64) -> Result<(), StubError> {
        let (head, state) = self.unharmed(log)?;
        if from < 3 || state.from.is_some_and(|here| here.seq >= from) {
            return Ok(());
        }
        if from > state.seq() {
            return Err(StubError::NoEntry { log, seq: from });
        }
        let mut records = self.all(log)?;
        let place = records.iter().position(|(_, wire)| wire.seq() == from).ok_or(StubError::NoEntry { log, seq: from })?;
        let before = match place.checked_sub(1).and_then(|before| records.get(before)) {
            Some((link, _)) if place > 1 => *link,
            _ => state.known_before(from).ok_or(StubError::NoEntry { log, seq: from })?,
        };
        records.drain(1..place);
        Ok(self.replace_log(&head, Some(log_file::From { seq: from, before }), &records)?)
    }

    /// A log that may be written anew.
    pub(super) fn unharmed(&self, log: LogId) -> Result<(LogHead, &LogState), StubError> {
        if self.poisoned {
            return Err(StubError::Poisoned);
        }
        let state = self.logs.get(&log).ok_or(ReadError::NoLog(log))?;
        let head = state.head.filter(|_| state.damaged_at.is_none()).ok_or(StubError::Damaged(log))?;
        Ok((head, state))
    }

    /// Every record of a log.
    pub(super) fn all(&self, log: LogId) -> Result<Vec<(Link, Wire)>, ReadError> {
        let mut records = self.read(log, 1, usize::MAX, usize::MAX)?;
        if let Some(from) = self.logs.get(&log).and_then(|state| state.from) {
            records.extend(self.read(log, from.seq, usize::MAX, usize::MAX)?);
        }
        Ok(records)
    }

    /// Puts a file with these records in the place of a log's.
    pub(super) fn replace_log(&mut self, head: &LogHead, from: Option<log_file::From>, records: &[(Link, Wire)]) -> Result<(), DiskError> {
        let mut bytes = log_file::header(head, from.as_ref());
        let mut ends = Vec::with_capacity(records.len());
        for (link, wire) in records {
            log_file::write_record(&mut bytes, link, wire);
            ends.push(bytes.len() as u64);
        }
        let tip = match (from, records) {
            (Some(from), [_]) => from.before,
            _ => records.last().map_or(Link::ZERO, |(link, _)| *link),
        };
        let (folder, path) = (self.places.logs.clone(), self.places.log(head.log));
        let replaced = self.replace(&folder, &path, &bytes);
        if !matches!(replaced, Err(Replace::Untouched(_))) {
            let state = LogState { head: Some(*head), from, ends, tip, damaged_at: None };
            self.logs.insert(head.log, state);
        }
        replaced.map_err(Replace::into_error)
    }

    /// Copies the file of a log, of so many entries, to the folder `replaced`.
    pub(super) fn keep_replaced(&mut self, log: LogId, entries: u64, at_s: i64) -> Result<(), DiskError> {
        let path = self.places.log(log);
        let bytes = self.disk.read(&path).map_err(failed("read", &path))?;
        self.keep_aside(log, entries, at_s, &bytes)
    }

    /// Moves what is damaged in `log` to the folder `damaged`, so that the log goes on behind its last good record. Returns the new file.
    ///
    /// What was good stays; peers that have the rest can give it again. A log of one's own must not be written on from here, since
    /// peers may hold other entries under the next numbers: open a new one.
    pub fn set_aside(&mut self, log: LogId) -> Result<Option<PathBuf>, SetAsideError> {
        if self.poisoned {
            return Err(SetAsideError::Poisoned);
        }
        let Some(LogState { damaged_at: Some(at), ends, .. }) = self.logs.get(&log) else { return Ok(None) };
        let (at, is_empty, path) = (*at, ends.is_empty(), self.places.log(log));
        let Ok(bytes) = self.disk.read(&path) else { return self.set_aside_whole(log).map(Some) };
        let kept = if is_empty { 0 } else { log_file::usize_of(at) };
        let aside = self.keep_damaged(&format!("{log}-{at}"), bytes.get(kept..).unwrap_or_default())?;
        let cut = if is_empty {
            self.disk.remove(&path).and_then(|()| self.disk.sync_dir(&self.places.logs)).map_err(failed("remove", &path))
        } else {
            self.disk.truncate(&path, at).and_then(|()| self.disk.sync(&path)).map_err(failed("cut", &path))
        };
        if let Err(error) = cut {
            self.poisoned = true;
            return Err(error.into());
        }
        if is_empty {
            self.logs.remove(&log);
        } else {
            self.logs.entry(log).and_modify(|state| state.damaged_at = None);
        }
        Ok(Some(aside))
    }

    /// Moves the file of a log to the folder `damaged`, as it is. Returns the new file.
    pub fn set_aside_whole(&mut self, log: LogId) -> Result<PathBuf, SetAsideError> {
        if self.poisoned {
            return Err(SetAsideError::Poisoned);
        }
        let (path, aside) = (self.places.log(log), self.free_place(&log.to_string())?);
        let moved = self.disk.rename(&path, &aside).and_then(|()| self.disk.sync_dir(&self.places.damaged));
        if let Err(source) = moved.and_then(|()| self.disk.sync_dir(&self.places.logs)) {
            self.poisoned = true;
            return Err(failed("move away", &path)(source).into());
        }
        self.logs.remove(&log);
        Ok(aside)
    }

    /// Copies lists that are damaged to the folder `damaged` and keeps their good records alone. Returns the new files.
    pub fn set_aside_lists(&mut self) -> Result<Vec<PathBuf>, SetAsideError> {
        if self.poisoned {
            return Err(SetAsideError::Poisoned);
        }
        let damaged: Vec<_> = self.lists.iter().filter_map(|(list, state)| Some((*list, state.damaged_at?))).collect();
        let mut aside = Vec::new();
        for (list, at) in damaged {
            let path = self.places.list(list);
            let bytes = self.disk.read(&path).map_err(failed("read", &path))?;
            aside.push(self.keep_damaged(&format!("{}-{at}", list.name()), &bytes)?);
            self.keep_records(list, &record_file::scan(list, &bytes).good)?;
        }
        Ok(aside)
    }

    /// Keeps these records of a list alone, durably: after any crash it is what it was, or they.
    pub fn keep_records(&mut self, list: List, records: &[&[u8]]) -> Result<(), DiskError> {
        let (folder, path) = (self.places.store.clone(), self.places.list(list));
        if !self.lists.contains_key(&list) && records.is_empty() {
            return Ok(());
        }
        let bytes = record_file::file(list, records.iter().copied());
        self.replace(&folder, &path, &bytes).map_err(Replace::into_error)?;
        self.lists.insert(list, ListState { len: bytes.len() as u64, damaged_at: None });
        Ok(())
    }

    /// Writes `bytes` to a new file in the folder `damaged`.
    pub(super) fn keep_damaged(&mut self, name: &str, bytes: &[u8]) -> Result<PathBuf, DiskError> {
        let path = self.free_place(name)?;
        self.replace(&self.places.damaged.clone(), &path, bytes).map_err(Replace::into_error)?;
        Ok(path)
    }

    /// A path in the folder `damaged` where nothing lies yet.
    fn free_place(&self, name: &str) -> Result<PathBuf, DiskError> {
        let folder = self.places.damaged.clone();
        self.disk.create_dir(&folder).map_err(failed("use the folder", &folder))?;
        let taken = self.disk.list(&folder).map_err(failed("list", &folder))?;
        // The same place may be damaged twice.
        let free =
            (0..=taken.len()).map(|n| if n == 0 { name.to_owned() } else { format!("{name}.{n}") }).find(|name| !taken.contains(name));
        Ok(folder.join(free.as_deref().unwrap_or(name)))
    }

    /// Puts a file of `bytes` at `path`, in `folder`: after any crash it is either what it was or all of `bytes`.
    pub(super) fn replace(&mut self, folder: &Path, path: &Path, bytes: &[u8]) -> Result<(), Replace> {
        let mut new = path.as_os_str().to_owned();
        new.push(UNFINISHED);
        let new = PathBuf::from(new);
        self.write_new(&new, bytes).map_err(|error| {
            // What is left of it is removed by the next try or the next opening, should this fail too.
            let _ = self.disk.remove(&new);
            Replace::Untouched(error)
        })?;
        self.disk.rename(&new, path).map_err(failed("replace", path)).map_err(Replace::Untouched)?;
        self.disk.sync_dir(folder).map_err(failed("sync", folder)).map_err(|error| {
            self.poisoned = true;
            Replace::Unsure(error)
        })
    }

    fn write_new(&self, new: &Path, bytes: &[u8]) -> Result<(), DiskError> {
        match self.disk.remove(new) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(failed("remove", new)(error)),
            _ => {}
        }
        self.disk.create(new).map_err(failed("make", new))?;
        self.disk.append(new, bytes).map_err(failed("write", new))?;
        self.disk.sync(new).map_err(failed("sync", new))
    }
}

/// How far a replacement got.
pub(super) enum Replace {
    /// The old file stands.
    Untouched(DiskError),
    /// The new file is seen, but a crash may bring the old one back; the store is poisoned.
    Unsure(DiskError),
}

impl Replace {
    pub(super) fn into_error(self) -> DiskError {
        match self {
            Replace::Untouched(error) | Replace::Unsure(error) => error,
        }
    }
}
