//! What is kept aside of logs for a while, and letting go of entries for good, wherever they lie: in the logs, aside, in damaged pieces.
//!
//! ```text
//! <data>/store/replaced/<log>-<entries>-<seconds since 1970>    a log as it lay in its file then
//! ```
//!
//! Files are written anew without them, synced, and put in the place of the old ones. The old sectors are freed, not wiped.

use std::collections::BTreeSet;

use asif_proto::id::{Link, LogId};

use super::open::failed;
use super::rewrite::Replace;
use super::{DiskError, LogHead, Store, StubError, log_file};
use crate::seal::wire::Wire;

/// What is kept aside of a log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Aside {
    /// The file in the folder `replaced`, by name.
    pub file: String,
    /// The log's head.
    pub head: LogHead,
    /// Its entries, each with the link before it.
    pub entries: Vec<(Link, Wire)>,
}

impl Store {
    /// Makes stubs of these entries of a log, of which a checkpoint stands for all before `from`: that is kept aside, with stubs in it, and the log goes
    /// on from there. Every link stays as it is.
    pub fn erase(&mut self, log: LogId, from: u64, seqs: &BTreeSet<u64>, at_s: i64) -> Result<(), StubError> {
        let (head, here) = self.unharmed(log).map(|(head, state)| (head, state.from))?;
        let mut records = self.all(log)?;
        stub(&mut records, seqs);
        let before = records.iter().filter(|(_, wire)| (2..from).contains(&wire.seq())).count();
        if before == 0 {
            return Ok(self.replace_log(&head, here, &records)?);
        }
        self.keep_aside(log, from, at_s, &file(&head, here, &records))?;
        let at = before + 1;
        let link = records.get(at - 1).map_or(Link::ZERO, |(link, _)| *link);
        if records.get(at).is_none_or(|(_, wire)| wire.seq() != from) {
            return Err(StubError::NoEntry { log, seq: from });
        }
        records.drain(1..at);
        Ok(self.replace_log(&head, Some(log_file::From { seq: from, before: link }), &records)?)
    }

    /// Keeps what a log's file held in the folder `replaced`.
    pub(super) fn keep_aside(&mut self, log: LogId, entries: u64, at_s: i64, bytes: &[u8]) -> Result<(), DiskError> {
        let folder = self.places.replaced.clone();
        self.disk.create_dir(&folder).map_err(failed("use the folder", &folder))?;
        self.replace(&folder, &folder.join(format!("{log}-{entries}-{at_s}")), bytes).map_err(Replace::into_error)
    }

    /// Removes what was kept aside before a time, in seconds since 1970; a file that is none is passed over.
    pub fn drop_asides(&mut self, before_s: i64) -> Result<(), DiskError> {
        let folder = self.places.replaced.clone();
        let is_old = |name: &String| name.rsplit('-').next().and_then(|at| at.parse::<i64>().ok()).is_some_and(|at| at < before_s);
        let old: Vec<String> = self.disk.list(&folder).unwrap_or_default().into_iter().filter(is_old).collect();
        for name in &old {
            let path = folder.join(name);
            self.disk.remove(&path).map_err(failed("remove", &path))?;
        }
        if old.is_empty() { Ok(()) } else { self.disk.sync_dir(&folder).map_err(failed("sync", &folder)) }
    }

    /// What is kept aside of logs; a file that is none is passed over.
    pub fn asides(&self) -> Vec<Aside> {
        let folder = &self.places.replaced;
        let read = |file: String| {
            let log = file.split('-').next()?.parse().ok()?;
            let bytes = self.disk.read(&folder.join(&file)).ok()?;
            let (head, _, records) = records_of(log, &bytes)?;
            Some(Aside { file, head, entries: with_links_before(&records, log_file::scan(log, &bytes).from.as_ref()) })
        };
        self.disk.list(folder).unwrap_or_default().into_iter().filter_map(read).collect()
    }

    /// Makes stubs of these entries of what is kept aside.
    pub fn erase_aside(&mut self, name: &str, seqs: &BTreeSet<u64>) -> Result<(), DiskError> {
        let (folder, path) = (self.places.replaced.clone(), self.places.replaced.join(name));
        let bytes = self.disk.read(&path).map_err(failed("read", &path))?;
        let log = name.split('-').next().and_then(|log| log.parse().ok());
        let Some((head, from, mut records)) = log.and_then(|log| records_of(log, &bytes)) else { return Ok(()) };
        stub(&mut records, seqs);
        self.replace(&folder, &path, &file(&head, from, &records)).map_err(Replace::into_error)
    }

    /// Removes what was set aside because it was damaged: nobody can tell what it says.
    pub fn drop_damaged(&mut self) -> Result<usize, DiskError> {
        let (folder, files) = (self.places.damaged.clone(), self.set_aside_files());
        for name in &files {
            let path = folder.join(name);
            self.disk.remove(&path).map_err(failed("remove", &path))?;
        }
        if !files.is_empty() {
            self.disk.sync_dir(&folder).map_err(failed("sync", &folder))?;
        }
        Ok(files.len())
    }
}

fn stub(records: &mut [(Link, Wire)], seqs: &BTreeSet<u64>) {
    for (_, wire) in records.iter_mut().filter(|(_, wire)| seqs.contains(&wire.seq())) {
        *wire = wire.to_stub();
    }
}

fn file(head: &LogHead, from: Option<log_file::From>, records: &[(Link, Wire)]) -> Vec<u8> {
    let mut bytes = log_file::header(head, from.as_ref());
    records.iter().for_each(|(link, wire)| log_file::write_record(&mut bytes, link, wire));
    bytes
}

/// A log as it lies in a file, as far as it is good.
type Records = (LogHead, Option<log_file::From>, Vec<(Link, Wire)>);

fn records_of(log: LogId, bytes: &[u8]) -> Option<Records> {
    let scan = log_file::scan(log, bytes);
    let (first, end) = (log_file::header_len(scan.from.as_ref()), scan.ends.last().copied().map_or(0, log_file::usize_of));
    let records = match (&scan.from, scan.ends.first()) {
        (Some(from), Some(birth)) => {
            let birth = log_file::usize_of(*birth);
            let mut records = log_file::records(bytes.get(first..birth)?, log, 1, Link::ZERO).ok()?;
            records.extend(log_file::records(bytes.get(birth..end)?, log, from.seq, from.before).ok()?);
            records
        }
        _ => log_file::records(bytes.get(first..end.max(first))?, log, 1, Link::ZERO).ok()?,
    };
    Some((scan.head?, scan.from, records))
}

fn with_links_before(records: &[(Link, Wire)], from: Option<&log_file::From>) -> Vec<(Link, Wire)> {
    let mut previous = Link::ZERO;
    let before = |(link, wire): &(Link, Wire)| {
        let known = from.filter(|from| from.seq == wire.seq()).map_or(previous, |from| from.before);
        previous = *link;
        (known, wire.clone())
    };
    records.iter().map(before).collect()
}
