//! What lies in a share log and is not sent to the helper: they get a stub of it.
//!
//! An older text that is about to become a stub is nothing to send any more. And while a grant is paused, what was not sent before is not sent: it is
//! put once more when the pause is over.

use std::collections::BTreeSet;

use asif_proto::id::{LogId, PersonId};

use super::super::{Cx, Replica};
use crate::journal::record::grant_record;
use crate::people::space::Space;
use crate::share::item;
use crate::sync::link::Audience;

impl Replica {
    /// The entries of a log, from `from` on, of which a person gets a stub.
    pub(in crate::replica) fn left_out(&mut self, cx: &mut Cx<'_>, log: LogId, from: u64, of: Audience) -> BTreeSet<u64> {
        let space = self.logs.get(&log).and_then(|log| self.registry.epoch(&log.head.queue)).map(|epoch| epoch.space);
        let is_own = of == self.person().map_or(of, Audience::Person);
        let (Some(space @ Space::Share { owner, grant }), false) = (space, is_own) else { return BTreeSet::new() };
        if self.person() != Some(owner) {
            return BTreeSet::new();
        }
        let mut left: BTreeSet<u64> = self.outdated.get(&log).into_iter().flat_map(|seqs| seqs.range(from..)).copied().collect();
        let waits = self.waits_to_go_on(grant);
        let is_paused = waits || self.view.grant(&grant_record(grant)).is_some_and(|row| row.value.paused);
        if left.is_empty() && !is_paused {
            return left;
        }
        let delivered = match of {
            Audience::Person(person) => self.delivered(log, person),
            // What lies there may have been read.
            Audience::Queue(_) => self.deposited(log),
        };
        let board = self.boards.get(&space.id()).into_iter().flat_map(|board| board.items());
        let mut unsent = BTreeSet::new();
        for (_, held) in board.filter(|(_, held)| held.entry.0 == log && held.entry.1 >= from) {
            left.remove(&held.entry.1);
            if is_paused && (waits || !item::ABOUT_THE_SHARE.contains(&held.kind)) && held.entry.1 > delivered {
                unsent.insert(held.entry.1);
            }
        }
        if !unsent.is_empty() {
            self.withheld.leave_out(unsent.iter().map(|seq| (log, *seq)));
            self.save_withheld(cx);
        }
        left.extend(unsent);
        left
    }

    /// The last entry of a log that some device of a person has, as far as is known.
    pub(in crate::replica) fn delivered(&self, log: LogId, person: PersonId) -> u64 {
        let roster = self.registry.roster(&person);
        let noted = roster.devices().filter_map(|device| self.peers.notes.get(&device.link)?.acked.get(&log)).copied();
        let live = self.links.values().filter(|link| link.person() == Some(person)).filter_map(|link| link.acked.get(&log)).copied();
        noted.chain(live).max().unwrap_or(0)
    }
}
