//! Appending: what a step wants stored, each file written once and synced once.

use std::path::PathBuf;

use asif_proto::id::{Link, LogId};

use super::log_state::LogState;
use super::{Append, AppendError, DiskError, LogHead, MAX_STATEMENT, StatementState, Store, log_file, statement_file};
use crate::seal::wire::Wire;

/// The bytes that one append adds to one file.
struct Addition {
    to: Option<LogId>,
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
    fn new(to: Option<LogId>, path: PathBuf, before: Option<u64>, bytes: Vec<u8>) -> Self {
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
                Append::Statement(bytes) => self.plan_statement(&mut additions, bytes)?,
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
        let at = match additions.iter().position(|addition| addition.to == Some(log)) {
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
        let (to, path) = (Some(head.log), self.places.log(head.log));
        match self.logs.get(&head.log) {
            Some(LogState { damaged_at: Some(_), .. }) => Err(AppendError::Damaged { log: to }),
            Some(state) => {
                let addition = Addition::new(to, path, Some(state.len()), Vec::new());
                Ok(Addition { head: state.head, seq: state.seq(), tip: state.tip, ..addition })
            }
            None => Ok(Addition { head: Some(*head), ..Addition::new(to, path, None, log_file::header(head, None)) }),
        }
    }

    fn plan_statement(&self, additions: &mut Vec<Addition>, bytes: &[u8]) -> Result<(), AppendError> {
        if bytes.is_empty() || bytes.len() > MAX_STATEMENT {
            return Err(AppendError::Statement(bytes.len()));
        }
        if self.statements.damaged_at.is_some() {
            return Err(AppendError::Damaged { log: None });
        }
        if let Some(addition) = additions.iter_mut().find(|addition| addition.to.is_none()) {
            statement_file::write_record(&mut addition.bytes, bytes);
            return Ok(());
        }
        let before = self.statements.exists.then_some(self.statements.len);
        let mut added = if before.is_none() { statement_file::MAGIC.to_vec() } else { Vec::new() };
        statement_file::write_record(&mut added, bytes);
        additions.push(Addition::new(None, self.places.statements(), before, added));
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
            let folder = if addition.to.is_some() { &self.places.logs } else { &self.places.store };
            self.disk.sync_dir(folder).map_err(|source| DiskError { doing: "sync", path: folder.clone(), source })?;
        }
        Ok(())
    }

    fn acknowledge(&mut self, addition: Addition) {
        let len = addition.before.unwrap_or(0) + addition.bytes.len() as u64;
        match addition.to {
            Some(log) => {
                let state = self.logs.entry(log).or_insert_with(LogState::new);
                state.head = addition.head;
                state.ends.extend(addition.new_ends);
                state.tip = addition.tip;
            }
            None => self.statements = StatementState { exists: true, len, damaged_at: None },
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
