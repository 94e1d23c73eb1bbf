//! Appending: what a step wants stored, each file written once and synced once.

use std::path::PathBuf;

use asif_proto::id::{Link, LogId};

use super::log_state::LogState;
use super::{Append, AppendError, DiskError, List, ListState, LogHead, Store, log_file, record_file};
use crate::seal::wire::Wire;

/// A file that is added to.
#[derive(Clone, Copy, PartialEq, Eq)]
enum To {
    Log(LogId),
    List(List),
}

/// The bytes that one append adds to one file.
struct Addition {
    to: To,
    path: PathBuf,
    /// Length before; none where the file is new.
    before: Option<u64>,
    bytes: Vec<u8>,
    /// The file may have been changed.
    touched: bool,
    /// For a log: what it is afterwards.
    head: Option<LogHead>,
    new_ends: Vec<u64>,
    seq: u64,
    tip: Link,
}

impl Addition {
    fn new(to: To, path: PathBuf, before: Option<u64>, bytes: Vec<u8>) -> Self {
        Self { to, path, before, bytes, touched: false, head: None, new_ends: Vec::new(), seq: 0, tip: Link::ZERO }
    }
}

impl Store {
    /// Makes all of `batch` durable, in its order within each file. On an error nothing of it is acknowledged.
    ///
    /// Each file is written once and synced once; a new file's name is synced too. Everything is checked before anything is written.
    pub fn append(&mut self, batch: &[Append]) -> Result<(), AppendError> {
        if self.poisoned {
            return Err(AppendError::Poisoned);
        }
        let mut additions: Vec<Addition> = Vec::new();
        for append in batch {
            match append {
                Append::Entry { head, link, wire } => self.plan_entry(&mut additions, head, link, wire)?,
                Append::Record(list, bytes) => self.plan_record(&mut additions, *list, bytes)?,
            }
        }
        if let Err(error) = additions.iter_mut().try_for_each(|addition| self.write(addition)) {
            self.poison(&additions);
            return Err(error.into());
        }
        additions.into_iter().for_each(|addition| self.acknowledge(addition));
        Ok(())
    }

    fn plan_entry(&self, additions: &mut Vec<Addition>, head: &LogHead, link: &Link, wire: &Wire) -> Result<(), AppendError> {
        let log = head.log;
        let at = match additions.iter().position(|addition| addition.to == To::Log(log)) {
            Some(at) => at,
            None => {
                additions.push(self.addition_to(head)?);
                additions.len() - 1
            }
        };
        let Some(addition) = additions.get_mut(at) else { return Err(AppendError::Head { log }) };
        if addition.head != Some(*head) || wire.log() != log {
            return Err(AppendError::Head { log });
        }
        if wire.seq() != addition.seq + 1 {
            return Err(AppendError::Seq { log, expected: addition.seq + 1, got: wire.seq() });
        }
        if wire.link(&addition.tip) != *link {
            return Err(AppendError::Link { log, seq: wire.seq() });
        }
        log_file::write_record(&mut addition.bytes, link, wire);
        addition.seq += 1;
        addition.tip = *link;
        addition.new_ends.push(addition.before.unwrap_or(0) + addition.bytes.len() as u64);
        Ok(())
    }

    fn addition_to(&self, head: &LogHead) -> Result<Addition, AppendError> {
        let (to, path) = (To::Log(head.log), self.places.log(head.log));
        match self.logs.get(&head.log) {
            Some(LogState { damaged_at: Some(_), .. }) => Err(AppendError::Damaged { log: Some(head.log) }),
            Some(state) => {
                let addition = Addition::new(to, path, Some(state.len()), Vec::new());
                Ok(Addition { head: state.head, seq: state.seq(), tip: state.tip, ..addition })
            }
            None => Ok(Addition { head: Some(*head), ..Addition::new(to, path, None, log_file::header(head, None)) }),
        }
    }

    fn plan_record(&self, additions: &mut Vec<Addition>, list: List, bytes: &[u8]) -> Result<(), AppendError> {
        if bytes.is_empty() || bytes.len() > list.longest() {
            return Err(AppendError::Record(bytes.len()));
        }
        let state = self.lists.get(&list);
        if state.is_some_and(|state| state.damaged_at.is_some()) {
            return Err(AppendError::Damaged { log: None });
        }
        if let Some(addition) = additions.iter_mut().find(|addition| addition.to == To::List(list)) {
            record_file::write_record(&mut addition.bytes, bytes);
            return Ok(());
        }
        let mut added = if state.is_none() { list.magic().to_vec() } else { Vec::new() };
        record_file::write_record(&mut added, bytes);
        additions.push(Addition::new(To::List(list), self.places.list(list), state.map(|state| state.len), added));
        Ok(())
    }

    fn write(&self, addition: &mut Addition) -> Result<(), DiskError> {
        let path = &addition.path;
        let failed = |doing| move |source| DiskError { doing, path: path.clone(), source };
        if addition.before.is_none() {
            self.disk.create(path).map_err(failed("make"))?;
        }
        addition.touched = true;
        self.disk.append(path, &addition.bytes).map_err(failed("append to"))?;
        self.disk.sync(path).map_err(failed("sync"))?;
        if addition.before.is_none() {
            let folder = if matches!(addition.to, To::Log(_)) { &self.places.logs } else { &self.places.store };
            self.disk.sync_dir(folder).map_err(|source| DiskError { doing: "sync", path: folder.clone(), source })?;
        }
        Ok(())
    }

    fn acknowledge(&mut self, addition: Addition) {
        let len = addition.before.unwrap_or(0) + addition.bytes.len() as u64;
        match addition.to {
            To::Log(log) => {
                let state = self.logs.entry(log).or_insert_with(LogState::new);
                state.head = addition.head;
                state.ends.extend(addition.new_ends);
                state.tip = addition.tip;
            }
            To::List(list) => drop(self.lists.insert(list, ListState { len, damaged_at: None })),
        }
    }

    /// Takes nothing more, and tries to take back what was written but not acknowledged.
    ///
    /// After a failed sync the system may show bytes that it will never write. Cut off, they cannot be mistaken for stored ones
    /// when the store is opened again. Where that fails too, opening finds them torn or whole.
    fn poison(&mut self, additions: &[Addition]) {
        self.poisoned = true;
        for addition in additions.iter().filter(|addition| addition.touched) {
            let path = &addition.path;
            let taken_back = match addition.before {
                Some(len) => self.disk.truncate(path, len).and_then(|()| self.disk.sync(path)),
                None => self.disk.remove(path),
            };
            if let Err(error) = taken_back {
                tracing::debug!(%error, "what was not acknowledged could not be taken back");
            }
        }
        tracing::error!("a write to the store failed; it takes nothing more until it is opened again");
    }
}
