//! What the core wants done with checkpoints, their pieces, and what they stand for.

use asif_proto::id::{CheckpointId, Link, LogId, PieceId};
use asif_proto::peer::Blob;

use super::{Shelf, ShelfError, VIEW};
use crate::replica::effect::{Aside, Erasure, Jump, Stored};
use crate::seal::wire::Wire;
use crate::store;

impl Shelf {
    /// Pieces of a checkpoint; none where one is not there, or not what was written.
    pub(super) fn pieces(&self, ids: &[PieceId]) -> Vec<Option<Vec<u8>>> {
        let piece = |id: &PieceId| self.store.piece(*id).map_err(|error| tracing::error!(%error, "a piece of a checkpoint")).ok();
        ids.iter().map(piece).collect()
    }

    /// Takes a checkpoint with all that goes with it. The view knows nothing of it.
    pub(super) fn take_over(&mut self, takeover: &store::Takeover) -> Result<Result<(), String>, ShelfError> {
        self.store.save(VIEW, &[])?;
        match self.store.take_over(takeover) {
            Err(error) if self.store.is_poisoned() => Err(error.into()),
            taken => Ok(taken.map_err(|error| error.to_string())),
        }
    }

    /// Lets go for good of what was erased; tells what is kept aside of logs.
    pub(super) fn erase(
        &mut self,
        erasures: &[Erasure],
        checkpoints: &[CheckpointId],
        pieces: &[PieceId],
        at_s: i64,
    ) -> Result<Result<Vec<Aside>, String>, ShelfError> {
        for one in erasures {
            match self.store.erase(one.log, one.from, &one.seqs, at_s) {
                Err(error) if self.store.is_poisoned() => return Err(ShelfError::Prune(error)),
                Err(error) => return Ok(Err(error.to_string())),
                Ok(()) => {}
            }
        }
        let rest = self.store.drop_sealed(checkpoints, pieces).and_then(|()| Ok(self.store.drop_damaged()?));
        if let Err(reason) = unless_poisoned(rest.map(drop))? {
            return Ok(Err(reason));
        }
        let stored = |entries: Vec<(Link, Wire)>| entries.into_iter().map(|(previous, wire)| Stored { previous, wire }).collect();
        Ok(Ok(self.store.asides().into_iter().map(|one| Aside { file: one.file, entries: stored(one.entries) }).collect()))
    }

    /// Lets go of what is covered, once every piece of what covers it was read and is what was written.
    pub(super) fn prune(&mut self, pieces: &[PieceId], logs: &[(LogId, u64)]) -> Result<Result<(), String>, ShelfError> {
        if let Some(error) = pieces.iter().find_map(|id| self.store.piece(*id).err()) {
            return Ok(Err(error.to_string()));
        }
        for (log, from) in logs {
            match self.store.prune(*log, *from) {
                Err(store::StubError::Poisoned) => return Err(ShelfError::Prune(store::StubError::Poisoned)),
                Err(error) => return Ok(Err(error.to_string())),
                Ok(()) => {}
            }
        }
        Ok(Ok(()))
    }
}

/// What only costs time when it fails is told; after a poisoned write the store has to be opened again.
pub(super) fn unless_poisoned(outcome: Result<(), store::SealedError>) -> Result<Result<(), String>, ShelfError> {
    match outcome {
        Err(error @ store::SealedError::Poisoned) => Err(error.into()),
        outcome => Ok(outcome.map_err(|error| error.to_string())),
    }
}

pub(super) fn store_jump(jump: &Jump) -> store::Jump {
    store::Jump {
        queue: jump.head.queue,
        key: jump.head.key,
        birth: Blob(jump.birth.bytes().to_vec()),
        previous: jump.previous,
        tip: Blob(jump.tip.bytes().to_vec()),
        ends_there: jump.ends_there,
    }
}
