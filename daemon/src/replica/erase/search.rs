//! Looking for entries that say something that was erased.

use std::collections::{BTreeSet, VecDeque};

use asif_proto::id::{Link, LogId};
use automerge::ChangeHash;

use super::super::effect::{Effect, Purpose, Run, Stored};
use super::super::{Cx, Replica};
use crate::journal::guard::{self, Checked};
use crate::seal::body::{Body, Branch};
use crate::seal::wire::Wire;

/// Entries looked through at one time.
const AT_ONCE: u64 = 512;
/// A branch that lost may lie in a branch that lost.
const DEEP: u8 = 4;

impl Replica {
    /// Has the next entries read.
    pub(super) fn search_on(&mut self, cx: &mut Cx<'_>) {
        if self.erasing.unsearched.is_none() {
            let Some(journal) = self.journal() else { return };
            let logs = self.logs.values().filter(|log| log.space == journal.id());
            let runs = logs.flat_map(|log| {
                let (log, first, last) = (log.head.log, log.from.max(2), log.seq);
                let starts = (first..=last).step_by(usize::try_from(AT_ONCE).unwrap_or(1));
                starts.map(move |from| Run { log, from, to: last.min(from + AT_ONCE - 1) })
            });
            self.erasing.unsearched = Some(runs.collect());
        }
        match self.erasing.unsearched.as_mut().and_then(VecDeque::pop_front) {
            Some(run) => {
                self.erasing.busy = true;
                self.reading += 1;
                cx.rest.push(Effect::Read { purpose: Purpose::Search, runs: vec![run] });
            }
            None => {
                self.erasing.unsearched = None;
                self.erasing.searched = Some(self.erased_digest());
            }
        }
    }

    /// They came.
    pub(in crate::replica) fn searched(&mut self, cx: &mut Cx<'_>, entries: &[Stored]) {
        self.erasing.busy = false;
        for stored in entries {
            if self.open_stored(stored).is_some_and(|body| self.says_erased(stored.wire.log(), &body, DEEP)) {
                self.note_touched(cx, (stored.wire.log(), stored.wire.seq()));
            }
        }
    }

    fn says_erased(&self, log: LogId, body: &Body, deep: u8) -> bool {
        match body {
            Body::Changes(changes) => guard::check(log, changes).is_ok_and(|checked| self.are_erased(&checked)),
            Body::Branch(branch) => self.carries(branch, deep),
            _ => false,
        }
    }

    /// Whether any of these changes does.
    pub(in crate::replica) fn are_erased(&self, checked: &[Checked]) -> bool {
        checked.iter().any(|one| one.keys().iter().any(|key| self.erased.takes(&ChangeHash(one.hash().0), key)))
    }

    /// Whether a branch that lost and travels in an entry does.
    pub(in crate::replica) fn carries_erased(&self, branch: &Branch) -> bool {
        self.carries(branch, DEEP)
    }

    fn carries(&self, branch: &Branch, deep: u8) -> bool {
        let mut link: Link = branch.before;
        branch.entries.iter().any(|sealed| {
            let Ok(wire) = Wire::try_from(sealed.clone()) else { return false };
            let stored = Stored { previous: link, wire };
            link = stored.wire.link(&stored.previous);
            let body = self.open_stored(&stored);
            deep > 0 && body.is_some_and(|body| self.says_erased(branch.log, &body, deep - 1))
        })
    }

    /// Of entries that are kept aside, those that do.
    pub(super) fn erased_among(&self, entries: &[Stored]) -> BTreeSet<u64> {
        let says = |stored: &&Stored| self.open_stored(stored).is_some_and(|body| self.says_erased(stored.wire.log(), &body, DEEP));
        entries.iter().filter(says).map(|stored| stored.wire.seq()).collect()
    }
}
