//! Looking at every record of a grant: a part in each step, so that whoever asks something meanwhile is answered.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use asif_proto::id::{GrantId, RecordId};

/// The most records of one grant that are looked at in a step.
const SLICE: usize = 500;

/// What is still to be looked at.
#[derive(Default)]
pub(in crate::replica) struct Sweeps(BTreeMap<GrantId, VecDeque<RecordId>>);

impl Sweeps {
    /// All these are looked at from now on; where that had begun it begins anew.
    pub(super) fn begin(&mut self, grant: GrantId, records: impl Iterator<Item = RecordId>) {
        self.0.insert(grant, records.collect());
    }

    /// The next ones; nothing where none is left to look at.
    pub(super) fn next(&mut self, grant: GrantId) -> Option<BTreeSet<RecordId>> {
        let left = self.0.get_mut(&grant)?;
        let some = left.drain(..left.len().min(SLICE)).collect();
        if left.is_empty() {
            self.0.remove(&grant);
        }
        Some(some)
    }

    /// Only what is looked at under these grants is gone on with.
    pub(super) fn keep(&mut self, grants: &BTreeSet<GrantId>) {
        self.0.retain(|grant, _| grants.contains(grant));
    }

    /// Nothing is left to look at.
    pub(in crate::replica) fn is_done(&self) -> bool {
        self.0.is_empty()
    }
}
