//! What is on stable storage: the sealed logs, the signed statements, a few small files.
//!
//! ```text
//! <data>/store/logs/<log id>     one file per log, append-only             format: log_file
//! <data>/store/statements        signed statements, append-only            format: record_file
//! <data>/store/held              what came while the journal was locked    the same
//! <data>/store/dropped           what was written meanwhile, sealed        the same
//! <data>/store/checkpoints/<id>  sealed checkpoints, each a file that its name is the hash of
//! <data>/store/pieces/<id>       sealed pieces of them, the same
//! <data>/store/takeover          what is being done with a checkpoint, until it is done                       format: takeover
//! <data>/store/replaced/         logs as they were before a checkpoint took the place of entries that were not here
//! <data>/store/damaged/          bytes that did not check, kept for whoever wants to look
//! <data>/vault, vault.key, ...   small files, replaced as a whole
//! ```
//!
//! Folders are 0700, files 0600. Everything is sealed or public before it comes here; the store holds no key and opens nothing.
//! It checks the chain of each log, because the chain is also its checksum.
//!
//! # What it promises
//!
//! 1. What [`Store::append`] acknowledged is there after any crash, and in its order.
//! 2. What a crash cut off was never acknowledged: opening cuts the rest of it off and says so ([`Torn`]).
//! 3. Anything else that does not check is [`Damage`]: told, kept, never skipped in silence. Its log takes nothing more until
//!    [`Store::set_aside`]; all others go on.
//! 4. After a failed write or sync nobody knows what the disk holds. The store is then *poisoned*: it still reads, but takes nothing
//!    until it is opened again.
//! 5. What [`Store::open`] reports is on stable storage, also where an earlier process wrote it and was killed before its sync.
//!
//! Blocking; for one thread. The seam to the disk is [`Disk`]: [`RealDisk`], or [`MemDisk`] for simulations.

mod append;
mod disk;
mod erase;
mod format;
mod log_file;
mod log_state;
mod mem;
mod open;
mod parts;
mod real;
mod record_file;
mod rewrite;
mod salvage;
mod sealed;
mod small;
mod takeover;
#[cfg(test)]
mod tests;
mod whole;

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use asif_proto::id::{KeyId, Link, LogId, QueueId};

pub use disk::Disk;
pub use erase::Aside;
pub use mem::{Call, Choose, Fault, MemDisk, Moment, Op};
pub use open::{Damage, Found, FoundLog, OpenError, Torn};
pub use real::RealDisk;
pub use record_file::List;
pub use rewrite::{GraftError, SetAsideError, StubError};
pub use salvage::Salvaged;
pub use sealed::SealedError;
pub use small::SmallFileError;
pub use takeover::{Jump, Takeover, TakeoverError};
pub use whole::{files, place};

use crate::seal::wire::Wire;
use log_state::LogState;

/// What a log is for: written once, at the head of its file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct LogHead {
    /// The queue that serves its space and epoch.
    pub queue: QueueId,
    /// The key it is sealed with.
    pub key: KeyId,
    /// The log.
    pub log: LogId,
}

/// One thing to make durable.
#[derive(Debug, Clone)]
pub enum Append {
    /// The next entry or stub of a log; the first one makes the log.
    Entry {
        /// The log.
        head: LogHead,
        /// The link after this entry.
        link: Link,
        /// The entry.
        wire: Wire,
    },
    /// A record of a list, 1 to [`List::longest`] bytes.
    Record(List, Vec<u8>),
}

/// The disk did not do what it was asked.
#[derive(Debug, thiserror::Error)]
#[error("cannot {doing} {}", .path.display())]
pub struct DiskError {
    /// What was attempted.
    pub doing: &'static str,
    /// On which file or folder.
    pub path: PathBuf,
    /// What the system said. A path that others may open is a `PermissionDenied` that spells out what to do.
    pub source: io::Error,
}

/// Why nothing was appended.
#[derive(Debug, thiserror::Error)]
pub enum AppendError {
    /// An earlier write failed.
    #[error("an earlier write to the store failed; nothing more is written until it is opened again")]
    Poisoned,
    /// The log, or the statements where no log is named, must be set aside first.
    #[error("{} is damaged and takes nothing more until the damage is set aside", .log.map_or("the statement file".into(), |log| format!("log {log}")))]
    Damaged {
        /// The log.
        log: Option<LogId>,
    },
    /// The entry names another log than its head, or the head differs from the one in the file.
    #[error("the entry does not belong to log {log} as it is known here")]
    Head {
        /// The log.
        log: LogId,
    },
    /// A gap, or an entry that is there already.
    #[error("log {log} needs entry {expected} next, not {got}")]
    Seq {
        /// The log.
        log: LogId,
        /// What follows its tip.
        expected: u64,
        /// What was given.
        got: u64,
    },
    /// The link is not what follows from the tip and the entry.
    #[error("entry {seq} does not follow the chain of log {log}")]
    Link {
        /// The log.
        log: LogId,
        /// The entry.
        seq: u64,
    },
    /// An empty or too long record.
    #[error("a record of {0} bytes cannot be stored")]
    Record(usize),
    /// It failed on the way; the store is now poisoned.
    #[error(transparent)]
    Disk(#[from] DiskError),
}

/// Why nothing was read.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// No such log is held.
    #[error("log {0} is not here")]
    NoLog(LogId),
    /// A checkpoint stands for it.
    #[error("entry {seq} of log {log} is covered by a checkpoint and no longer here")]
    Covered {
        /// The log.
        log: LogId,
        /// The entry.
        seq: u64,
    },
    /// It was good when the store was opened and is not what was written now.
    #[error("entry {seq} of log {log} is no longer what was written")]
    Changed {
        /// The log.
        log: LogId,
        /// The first entry that does not check.
        seq: u64,
    },
    /// It cannot be read.
    #[error(transparent)]
    Disk(#[from] DiskError),
}

/// The opened store of one home.
#[derive(Debug)]
pub struct Store {
    disk: Arc<dyn Disk>,
    places: Places,
    logs: BTreeMap<LogId, LogState>,
    lists: BTreeMap<List, ListState>,
    poisoned: bool,
}

/// The folders of a store.
#[derive(Debug)]
struct Places {
    data: PathBuf,
    store: PathBuf,
    logs: PathBuf,
    damaged: PathBuf,
    replaced: PathBuf,
    checkpoints: PathBuf,
    pieces: PathBuf,
    parts: PathBuf,
}

/// The file of a list, where there is one.
#[derive(Debug, Clone, Copy)]
struct ListState {
    /// Length of the file where it is whole.
    len: u64,
    damaged_at: Option<u64>,
}

impl Store {
    /// Entries of `log` from `from_seq` on with the link after each: at most `max_count`, at most `max_bytes` of entries, but one at least.
    ///
    /// Empty past the tip. What a checkpoint covers ends a run, and none begins there. The chain is checked again on the way out.
    pub fn read(&self, log: LogId, from_seq: u64, max_bytes: usize, max_count: usize) -> Result<Vec<(Link, Wire)>, ReadError> {
        let state = self.logs.get(&log).filter(|state| state.head.is_some()).ok_or(ReadError::NoLog(log))?;
        let first = from_seq.max(1);
        if first > state.seq() {
            return Ok(Vec::new());
        }
        let (Some(start), Some(place)) = (state.start(first), state.place(first)) else {
            return Err(ReadError::Covered { log, seq: first });
        };
        let max_count = if first == 1 && state.from.is_some() { 1 } else { max_count };
        let mut end = start;
        let mut room = max_bytes;
        for (count, next) in state.ends.iter().copied().skip(place).enumerate() {
            let len = log_file::wire_len(end, next);
            if count > 0 && (count >= max_count || len > room) {
                break;
            }
            room = room.saturating_sub(len);
            end = next;
        }
        let path = self.places.log(log);
        let failed = |source| DiskError { doing: "read", path: path.clone(), source };
        let previous = match (state.known_before(first), state.start(first - 1)) {
            (Some(known), _) => known,
            (None, Some(before)) => log_file::parse_link(&self.disk.read_at(&path, before + 4, 32).map_err(failed)?),
            (None, None) => return Err(ReadError::Covered { log, seq: first }),
        };
        let bytes = self.disk.read_at(&path, start, log_file::usize_of(end - start)).map_err(failed)?;
        log_file::records(&bytes, log, first, previous).map_err(|seq| ReadError::Changed { log, seq })
    }

    /// The link before an entry of a log, which need not be there itself.
    pub fn link_before(&self, log: LogId, seq: u64) -> Result<Link, ReadError> {
        let state = self.logs.get(&log).ok_or(ReadError::NoLog(log))?;
        if let Some(known) = state.known_before(seq) {
            return Ok(known);
        }
        let before = seq.checked_sub(1).map_or(Ok(Vec::new()), |before| self.read(log, before, 0, 1))?;
        Ok(before.first().map_or(Link::ZERO, |(link, _)| *link))
    }

    /// Whether a write failed, so that nothing more is written until it is opened again.
    pub fn is_poisoned(&self) -> bool {
        self.poisoned
    }

    /// The last entry of a log that is held, or that a checkpoint stands for; 0: nothing is.
    pub fn tip(&self, log: LogId) -> u64 {
        self.logs.get(&log).map_or(0, LogState::seq)
    }

    /// The first entry of a log behind its birth that may be here: what lies between is covered by a checkpoint.
    pub fn goes_on(&self, log: LogId) -> u64 {
        self.logs.get(&log).and_then(|state| state.from).map_or(2, |from| from.seq)
    }
}

impl Places {
    fn new(data: &Path) -> Self {
        let store = data.join("store");
        Self {
            data: data.into(),
            logs: store.join("logs"),
            damaged: store.join("damaged"),
            replaced: store.join("replaced"),
            checkpoints: store.join("checkpoints"),
            pieces: store.join("pieces"),
            parts: store.join("parts"),
            store,
        }
    }

    fn log(&self, log: LogId) -> PathBuf {
        self.logs.join(log.to_string())
    }

    fn takeover(&self) -> PathBuf {
        self.store.join("takeover")
    }

    fn list(&self, list: List) -> PathBuf {
        self.store.join(list.name())
    }
}
