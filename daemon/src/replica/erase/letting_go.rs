//! Letting go of whatever says something that was erased, once a checkpoint stands for the rest of it.

use std::collections::BTreeSet;

use super::super::effect::{Aside, Effect, Erasure};
use super::super::{Cx, Replica};

impl Replica {
    /// Entries become stubs, older checkpoints go, and what is kept aside is looked through.
    pub(super) fn let_go_of_erased(&mut self, cx: &mut Cx<'_>) {
        let Some((id, tips)) = self.base_without().map(|base| (base.id, base.tips.clone())) else { return };
        let letting = self.letting();
        let erasures = letting.into_iter().filter_map(|(log, seqs)| Some(Erasure { log, from: tips.get(&log)?.0, seqs })).collect();
        let checkpoints: Vec<_> = self.bases.all().map(|base| base.id).filter(|one| *one != id).collect();
        let pieces = self.drop_bases(&checkpoints);
        self.erasing.busy = true;
        // What was shared of it was taken back: that goes now, too.
        self.stub_at = self.stub_at.map(|_| cx.now.mono);
        self.stub_due(cx);
        self.save_snapshot(cx);
        cx.rest.push(Effect::Erase { erasures, checkpoints, pieces, at_s: cx.now.wall.as_second() });
    }

    /// They are, or not. What is kept aside is looked through next.
    pub(in crate::replica) fn let_go_of(&mut self, cx: &mut Cx<'_>, erasures: &[Erasure], outcome: Result<Vec<Aside>, String>) {
        self.erasing.busy = false;
        let asides = match outcome {
            Ok(asides) => asides,
            Err(reason) => return self.stand_off_erasing(cx, &reason),
        };
        for one in erasures {
            if let Some(log) = self.logs.get_mut(&one.log) {
                log.from = log.from.max(one.from);
            }
            if let Some(seqs) = self.erasing.touched.get_mut(&one.log) {
                seqs.retain(|seq| !one.seqs.contains(seq));
            }
        }
        self.erasing.touched.retain(|_, seqs| !seqs.is_empty());
        let among = asides.into_iter().map(|aside| (aside.file, self.erased_among(&aside.entries)));
        let among: Vec<(String, BTreeSet<u64>)> = among.filter(|(_, seqs)| !seqs.is_empty()).collect();
        if among.is_empty() {
            return self.note_erased(cx);
        }
        self.erasing.busy = true;
        cx.rest.push(Effect::EraseAside(among));
    }

    /// What was kept aside says nothing of it any more, or does still.
    pub(in crate::replica) fn let_go_aside(&mut self, cx: &mut Cx<'_>, outcome: Result<(), String>) {
        self.erasing.busy = false;
        match outcome {
            Ok(()) => self.note_erased(cx),
            Err(reason) => self.stand_off_erasing(cx, &reason),
        }
    }
}
