//! What a checkpoint stands for is let go: a month later, and once another device has it, if there is one.

use std::collections::BTreeMap;

use asif_proto::id::LogId;

use super::super::base::Base;
use super::super::effect::Effect;
use super::super::{Cx, Replica};

impl Replica {
    /// Lets go of what a checkpoint stands for, once it has stood long enough.
    pub(super) fn let_go(&mut self, cx: &mut Cx<'_>) {
        if self.compacting.look_at.is_some_and(|at| cx.now.mono < at) || self.compacting.pruning {
            return;
        }
        self.compacting.look_at = Some(cx.now.mono + self.about.keeping.look);
        let kept = i64::try_from(self.about.keeping.beside.as_secs()).unwrap_or(i64::MAX);
        cx.rest.push(Effect::DropAsides(cx.now.wall.as_second().saturating_sub(kept)));
        let current: Vec<Base> = self.bases.current().cloned().collect();
        let [base] = current.as_slice() else { return };
        let beside_ms = i64::try_from(self.about.keeping.beside.as_millis()).unwrap_or(i64::MAX);
        let stands_long = base.said.at_ms.saturating_add(beside_ms) <= cx.now.wall.as_millisecond();
        if Some(base.said.by) != self.vault.as_ref().map(|vault| vault.device()) || !stands_long {
            return;
        }
        let id = base.id;
        let older: Vec<_> = self.bases.all().map(|one| one.id).filter(|one| *one != id).collect();
        let logs: Vec<(LogId, u64)> = base
            .tips
            .iter()
            .map(|(log, (tip, _))| (*log, *tip))
            .filter(|(log, tip)| *tip > 2 && self.logs.get(log).is_some_and(|log| log.from < *tip))
            .collect();
        let pieces: Vec<_> = base.pieces().collect();
        if !logs.is_empty() && self.is_held_elsewhere(&base.tips.iter().map(|(log, (tip, _))| (*log, *tip)).collect()) {
            self.compacting.pruning = true;
            cx.rest.push(Effect::Prune { pieces, logs });
        }
        if !older.is_empty() {
            let pieces = self.drop_bases(&older);
            cx.rest.push(Effect::DropSealed { checkpoints: older, pieces });
        }
    }

    /// Another device of this person's holds all this, or there is none.
    fn is_held_elsewhere(&self, tips: &BTreeMap<LogId, u64>) -> bool {
        let (Some(me), Some(vault)) = (self.person(), &self.vault) else { return false };
        let ours = vault.link_key();
        let holds = |key| self.peers.notes.get(key).is_some_and(|note| tips.iter().all(|(log, seq)| note.acked.get(log) >= Some(seq)));
        self.has_no_other_device() || self.registry.roster(&me).devices().any(|device| device.link != ours && holds(&device.link))
    }

    /// Covered entries were let go, or were not.
    pub(in crate::replica) fn pruned(&mut self, logs: &[(LogId, u64)], outcome: Result<(), String>) {
        self.compacting.pruning = false;
        match outcome {
            Ok(()) => {
                for (log, from) in logs {
                    if let Some(log) = self.logs.get_mut(log) {
                        log.from = log.from.max(*from);
                    }
                }
            }
            Err(reason) => tracing::warn!(reason, "what a checkpoint covers was not let go"),
        }
    }
}
