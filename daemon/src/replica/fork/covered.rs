//! Where a checkpoint stands for one of the two ways in which a log goes on.
//!
//! Whoever still has every entry that their checkpoints stand for can let go of them, and gives way as if there were none. Else the branch stays
//! that a checkpoint stands for, whichever link is lower: its entries are gone, and what is in documents is not taken out of them. The other end
//! is told so with the checkpoint, and writes its own branch again. Where neither can, both keep what they have, and `asif doctor` says so.

use std::collections::{BTreeMap, BTreeSet};

use asif_proto::id::{CheckpointId, LogId, PieceId};

use super::super::base::Base;
use super::super::effect::{Effect, LinkId, Purpose, Run, Stored};
use super::super::{Cx, Replica};
use super::Loss;

/// Why what is here does not give way to a checkpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::replica) enum Parting {
    /// It leaves out what it says it stands for.
    Lacks,
    /// The entries that would be needed are not here any more.
    Neither,
}

impl Replica {
    /// Whether everything can be made anew without the entries of a log from one on.
    pub(in crate::replica) fn can_give_way(&self, log: &LogId, from: u64) -> bool {
        self.has_entries_without(&self.bases_of(log, from))
    }

    /// The checkpoints that stand for the entries of a log from one on.
    fn bases_of(&self, log: &LogId, from: u64) -> Vec<CheckpointId> {
        let stands = |base: &&Base| base.tips.get(log).is_some_and(|(tip, _)| *tip >= from);
        self.bases.all().filter(stands).map(|base| base.id).collect()
    }

    /// Whether every entry is here that only these checkpoints stand for.
    fn has_entries_without(&self, gone: &[CheckpointId]) -> bool {
        let left = || self.bases.all().filter(|base| !gone.contains(&base.id));
        let covered = |log: &LogId| left().filter_map(|base| base.tips.get(log)).map(|(tip, _)| *tip).max().unwrap_or(1);
        gone.is_empty() || self.logs.values().all(|log| log.from <= 2 || log.from <= covered(&log.head.log) + 1)
    }

    /// Goes back to the entries behind what others gave, where all of them are here, and makes everything anew; says whether they are.
    pub(in crate::replica) fn go_back_to_entries(&mut self, cx: &mut Cx<'_>) -> bool {
        let me = self.vault.as_ref().map(|vault| vault.device());
        let own: Vec<CheckpointId> = self.bases.all().filter(|base| Some(base.said.by) == me).map(|base| base.id).collect();
        if own.is_empty() || !self.has_entries_without(&own) {
            return false;
        }
        self.compacting.abort();
        let pieces = self.drop_bases(&own);
        cx.rest.push(Effect::DropSealed { checkpoints: own, pieces });
        self.rebuild(cx);
        true
    }

    /// The checkpoints to be let go of so that a log can lose its entries from one on, and the pieces that nothing else needs.
    pub(super) fn let_go_of_bases(&mut self, log: &LogId, from: u64) -> (Vec<CheckpointId>, Vec<PieceId>) {
        let gone = self.bases_of(log, from);
        if gone.is_empty() {
            return (Vec::new(), Vec::new());
        }
        self.compacting.abort();
        let pieces = self.drop_bases(&gone);
        (gone, pieces)
    }

    /// Shows a peer the checkpoint that stands for a log, where its entries cannot be shown.
    pub(super) fn show_checkpoint(&mut self, cx: &mut Cx<'_>, id: LinkId, log: &LogId) {
        let standing = self.bases.current().filter_map(|base| Some((base.tips.get(log)?.0, base))).max_by_key(|(tip, _)| *tip);
        if let Some(base) = standing.map(|(_, base)| base.clone()) {
            self.give_checkpoint(cx, id, &base, None);
        }
    }

    /// Logs that are not here as a checkpoint that is being taken has them: `lacking` is the first entry of each whose change is not in its documents.
    /// What is here gives way, if that can be; says why not.
    pub(in crate::replica) fn part_from(&mut self, cx: &mut Cx<'_>, base: &Base, lacking: &BTreeMap<LogId, u64>) -> Result<(), Parting> {
        let mut runs = Vec::new();
        let parted = self.parted(base, lacking);
        if parted.iter().any(|log| self.bases.covered(log) > 0) && self.go_back_to_entries(cx) {
            // And is compared anew.
            return Ok(());
        }
        for log in parted {
            let Some(held) = self.logs.get(&log) else { continue };
            let Some((tip, link)) = base.tips.get(&log) else { continue };
            if held.seq == *tip && held.link == *link {
                return Err(Parting::Lacks);
            }
            // What is not a change cannot be looked for: all behind the last one that is there counts as parted.
            let first = lacking.get(&log).copied().unwrap_or(u64::MAX);
            let seqs = self.index.values().filter_map(|logs| logs.get(&log)).flatten();
            let last = seqs.copied().filter(|seq| seq < &first && seq <= tip).max().unwrap_or(1).max(self.bases.covered(&log));
            if last >= held.seq || !self.can_give_way(&log, last + 1) {
                return Err(Parting::Neither);
            }
            runs.push(Run { log, from: last + 1, to: held.seq });
        }
        for run in runs {
            tracing::warn!(log = ?run.log, from = run.from, "a log was continued in two ways, and a checkpoint stands for the other");
            self.retire(cx, run.log);
            self.losses.insert(run.log, Loss { before: asif_proto::id::Link::ZERO, branch: Vec::new(), ours: Vec::new() });
            self.reading += 1;
            cx.rest.push(Effect::Read { purpose: Purpose::Lose(run.log), runs: vec![run] });
        }
        Ok(())
    }

    /// Logs of which it is known that they went on otherwise than a checkpoint says.
    pub(in crate::replica) fn parted(&self, base: &Base, lacking: &BTreeMap<LogId, u64>) -> BTreeSet<LogId> {
        let otherwise = |(log, (tip, link)): (&LogId, &(u64, asif_proto::id::Link))| {
            self.logs.get(log).is_some_and(|held| held.seq == *tip && held.link != *link)
        };
        base.tips.iter().filter(|one| otherwise(*one)).map(|(log, _)| *log).chain(lacking.keys().copied()).collect()
    }

    /// What is to give way to a checkpoint was read. Where the very entry is among it that the checkpoint names, nothing parted: the checkpoint leaves
    /// out what it says it stands for, and is not taken.
    pub(super) fn check_loss(&mut self, cx: &mut Cx<'_>, log: LogId) {
        let Some(loss) = self.losses.get(&log).filter(|loss| loss.branch.is_empty()) else { return };
        let named = self.adopting_tip(&log);
        let is_named = |one: &Stored| named == Some((one.wire.seq(), one.wire.link(&one.previous)));
        // Nothing gives way to what is no longer being taken.
        if named.is_none() || loss.ours.iter().any(is_named) {
            self.losses.retain(|_, loss| !loss.branch.is_empty());
            self.not_taken(cx, "a checkpoint that lacks an entry that is held here");
        }
    }
}
