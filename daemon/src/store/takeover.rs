//! Taking a checkpoint with all that goes with it, in one go: what is to be done is written down first, and an opening finishes it.
//!
//! ```text
//! <data>/store/takeover    postcard of Takeover; there while it is being done, and gone once it is
//! ```
//!
//! Each step may be done twice. What was held of a log that is put otherwise is copied to the folder `replaced` before.

use std::io;

use asif_proto::frame;
use asif_proto::id::{CheckpointId, KeyId, Link, LogId, PieceId, QueueId};
use asif_proto::peer::Blob;
use serde::{Deserialize, Serialize};

use super::open::failed;
use super::rewrite::Replace;
use super::{Append, AppendError, DiskError, GraftError, LogHead, SealedError, Store, log_file};
use crate::seal::wire::Wire;

/// What is done in one go.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Takeover {
    /// A checkpoint to keep, whose pieces are kept.
    pub checkpoint: Blob,
    /// The logs that go on behind it.
    pub logs: Vec<Jump>,
    /// Logs to let go of.
    pub aside: Vec<LogId>,
    /// Checkpoints to let go of.
    pub checkpoints: Vec<CheckpointId>,
    /// Pieces to let go of.
    pub pieces: Vec<PieceId>,
    /// When, in seconds since 1970: what is kept aside tells since when.
    pub at_s: i64,
}

/// A log that goes on behind its last covered entry.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Jump {
    /// Its queue.
    pub queue: QueueId,
    /// Its key.
    pub key: KeyId,
    /// Its first entry.
    pub birth: Blob,
    /// The link before the last covered entry.
    pub previous: Link,
    /// A stub of the last covered entry; where it is the first, of that.
    pub tip: Blob,
    /// What is held behind it goes: it may be of another branch.
    pub ends_there: bool,
}

impl Jump {
    /// The head of its log, its birth and its last covered entry.
    fn parts(&self) -> Option<(LogHead, Wire, Wire)> {
        let (birth, tip) = (Wire::entry(self.birth.0.clone()).ok()?, Wire::stub(self.tip.0.clone()).ok()?);
        let head = LogHead { queue: self.queue, key: self.key, log: birth.log() };
        (birth.seq() == 1 && tip.log() == head.log).then_some((head, birth, tip))
    }
}

/// Why a checkpoint was not taken.
#[derive(Debug, thiserror::Error)]
pub enum TakeoverError {
    /// A log is damaged or is another one here.
    #[error(transparent)]
    Log(#[from] GraftError),
    /// Its last covered entry does not fit.
    #[error(transparent)]
    Append(#[from] AppendError),
    /// The checkpoint was not kept.
    #[error(transparent)]
    Sealed(#[from] SealedError),
    /// The disk did not do what it was asked.
    #[error(transparent)]
    Disk(#[from] DiskError),
}

impl Store {
    /// Takes a checkpoint. Once this returned all of it is done; where it fails in the middle the next opening does the rest.
    ///
    /// A log that holds as much and goes on from there stays as it is; one that holds anything else is put behind what is covered.
    pub fn take_over(&mut self, takeover: &Takeover) -> Result<(), TakeoverError> {
        if self.poisoned {
            return Err(SealedError::Poisoned.into());
        }
        self.check_takeover(takeover)?;
        let (folder, path) = (self.places.store.clone(), self.places.takeover());
        self.replace(&folder, &path, &frame::encode(takeover)).map_err(Replace::into_error)?;
        // Whatever fails from here on leaves it half done: nothing more is written until an opening has done the rest.
        let done = self.do_takeover(takeover);
        self.poisoned |= done.is_err();
        done
    }

    /// Does what an earlier process was about to do; says whether there was anything.
    pub(super) fn finish_takeover(&mut self) -> Result<bool, TakeoverError> {
        let path = self.places.takeover();
        let bytes = match self.disk.read(&path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
            Err(error) => return Err(failed("read", &path)(error).into()),
        };
        match frame::decode::<Takeover>(&bytes) {
            Some(takeover) => self.do_takeover(&takeover).map(|()| true),
            None => {
                tracing::error!("what was about to be done with a checkpoint does not read, and is left");
                Ok(false)
            }
        }
    }

    /// Refuses before anything is touched.
    fn check_takeover(&self, takeover: &Takeover) -> Result<(), GraftError> {
        for jump in &takeover.logs {
            let Some((head, birth, _)) = jump.parts() else { return Err(GraftError::Chain { log: LogId([0; 16]), seq: 1 }) };
            let Some(state) = self.logs.get(&head.log) else { continue };
            if state.damaged_at.is_some() {
                return Err(GraftError::Damaged(head.log));
            }
            let born = self.read(head.log, 1, usize::MAX, 1)?;
            if state.head != Some(head) || born.first().map(|(_, wire)| wire) != Some(&birth) {
                return Err(GraftError::Chain { log: head.log, seq: 1 });
            }
        }
        Ok(())
    }

    fn do_takeover(&mut self, takeover: &Takeover) -> Result<(), TakeoverError> {
        if !takeover.checkpoint.0.is_empty() {
            self.keep_checkpoint(&takeover.checkpoint.0)?;
        }
        for jump in &takeover.logs {
            self.jump(jump, takeover.at_s)?;
        }
        for log in &takeover.aside {
            if let Some(seq) = self.logs.get(log).map(|state| state.seq()) {
                self.keep_replaced(*log, seq, takeover.at_s)?;
                let path = self.places.log(*log);
                self.disk.remove(&path).map_err(failed("remove", &path))?;
                self.disk.sync_dir(&self.places.logs).map_err(failed("sync", &self.places.logs))?;
                self.logs.remove(log);
            }
        }
        self.drop_sealed(&takeover.checkpoints, &takeover.pieces)?;
        let path = self.places.takeover();
        self.disk.remove(&path).map_err(failed("remove", &path))?;
        Ok(self.disk.sync_dir(&self.places.store).map_err(failed("sync", &self.places.store))?)
    }

    fn jump(&mut self, jump: &Jump, at_s: i64) -> Result<(), TakeoverError> {
        let Some((head, birth, tip)) = jump.parts() else { return Ok(()) };
        let (log, seq, link) = (head.log, tip.seq(), tip.link(&jump.previous));
        let born = (birth.link(&Link::ZERO), birth);
        if let Some(state) = self.logs.get(&log) {
            let held = (state.seq(), state.tip);
            // It is there already, perhaps with more behind it.
            if held == (seq, link) || (!jump.ends_there && held.0 >= seq && self.may_go_through(log, seq, link)?) {
                return Ok(());
            }
            if held == (seq - 1, jump.previous) {
                return Ok(self.append(&[Append::Entry { head, link, wire: tip }])?);
            }
            self.keep_replaced(log, held.0, at_s)?;
        }
        let (from, records) = match seq {
            1 => (None, vec![born]),
            2 => (None, vec![born, (link, tip)]),
            _ => (Some(log_file::From { seq, before: jump.previous }), vec![born, (link, tip)]),
        };
        Ok(self.replace_log(&head, from, &records)?)
    }

    /// Whether a log holds an entry with this link, as far as it is held: what was let go of was compared by who knows the documents.
    fn may_go_through(&self, log: LogId, seq: u64, link: Link) -> Result<bool, GraftError> {
        match self.read(log, seq, usize::MAX, 1) {
            Ok(found) => Ok(found.first().is_some_and(|(held, _)| *held == link)),
            Err(super::ReadError::Covered { .. }) => Ok(true),
            Err(error) => Err(error.into()),
        }
    }
}
