//! Room for entries that wait for what they build on. It is bounded: what finds none is not stored, so that Have stops before it and whoever sent
//! it sends it again. Nothing that was stored is dropped.

use std::collections::BTreeSet;

use asif_proto::id::LogId;
use automerge::ChangeHash;

use super::effect::LinkId;
use super::{Cx, Replica};
use crate::journal::guard::{self, Checked};
use crate::seal::body::Body;

/// The most entries that wait, of all documents together.
const MAX_WAITING: usize = 4096;
/// The most bytes that they take in memory, about.
const MAX_BYTES: usize = 16 << 20;

/// There is no more room to wait.
pub(super) struct NoRoom;

/// How much waits, and what of a run can be merged in this step.
pub(super) struct Waiting {
    entries: usize,
    bytes: usize,
    coming: BTreeSet<ChangeHash>,
}

impl Replica {
    /// What waits now.
    pub(super) fn waiting(&self) -> Waiting {
        let all = || self.pending.values().flatten();
        Waiting { entries: all().count(), bytes: all().flat_map(|one| &one.checked).map(Checked::weight).sum(), coming: BTreeSet::new() }
    }

    /// The changes of an entry of a run, judged, if it holds any; an error where it can neither be merged at once nor wait.
    pub(super) fn room_for(
        &mut self,
        cx: &mut Cx<'_>,
        from: LinkId,
        log: LogId,
        body: &Body,
        waiting: &mut Waiting,
    ) -> Result<Option<Vec<Checked>>, NoRoom> {
        let Body::Changes(changes) = body else { return Ok(None) };
        // What is not sane does not wait: it quarantines its log.
        let Ok(checked) = guard::check(log, changes) else { return Ok(None) };
        waiting.entries += 1;
        waiting.bytes += checked.iter().map(Checked::weight).sum::<usize>();
        if waiting.entries <= MAX_WAITING && waiting.bytes <= MAX_BYTES {
            return Ok(Some(checked));
        }
        if !self.want(cx, changes.doc) {
            self.complain(from, cx.now.mono);
            return Err(NoRoom);
        }
        let Some(document) = self.documents.get(&changes.doc) else { return Err(NoRoom) };
        for one in &checked {
            if !one.deps().iter().all(|dep| waiting.coming.contains(dep) || document.contains(dep)) {
                self.refuse("an entry that waits for others, and there is no more room to wait");
                return Err(NoRoom);
            }
            waiting.coming.insert(one.hash());
        }
        Ok(Some(checked))
    }
}
