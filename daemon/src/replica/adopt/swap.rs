//! Taking a checkpoint in the place of what is held, where a log went on in two ways and neither end has the entries to give way any more.
//!
//! ```text
//! which     of the two checkpoints the one with the lower id stays, so both ends say the same
//! again     whatever is in the documents here and not in those that came is written again in a new log, document by document
//! swapped   that log is appended; then in one go the checkpoint that came is kept, the logs go on behind it, and the one that was here is let go
//! ```
//!
//! Nothing is lost: what was only here is in the new log. Whoever else has this end's checkpoint does the same, and what is written twice says it once.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use asif_proto::id::{CheckpointId, LogId, QueueId};
use asif_proto::local::Failure;
use rand_core::Rng as _;

use super::super::base::Base;
use super::super::effect::{Effect, Jump};
use super::super::fork::{HASHES, packed_again};
use super::super::{Cx, Replica};
use crate::journal::document::Document;
use crate::seal::body::{Body, Branch, Changes, DocId};

/// What is written again, so far.
#[derive(Debug)]
pub(super) struct Swap {
    /// The log in which it is written.
    log: LogId,
    /// Documents that are still to be looked at.
    docs: VecDeque<DocId>,
    /// Up to where each log of the journal was held when that was begun.
    held: BTreeMap<LogId, u64>,
    again: Vec<Changes>,
    /// Changes that it stands for.
    replaced: BTreeSet<[u8; 32]>,
    /// Logs that are known to have gone on in two ways.
    parted: BTreeSet<LogId>,
}

impl Swap {
    /// Whether this document is looked at next.
    pub(super) fn is_at(&self, doc: DocId) -> bool {
        self.docs.front() == Some(&doc)
    }
}

impl Replica {
    /// A checkpoint that came and one that is here stand for two ways in which a log went on. The one with the lower id stays, at both ends; of one
    /// that it replaces what came holds everything. What is here gives way as entries, as far as those are here.
    pub(super) fn swap_or_not(&mut self, cx: &mut Cx<'_>) {
        let Some((theirs, from)) = self.adopting.as_ref().map(|adopting| (adopting.base.clone(), adopting.from)) else { return };
        let stays = |ours: &&Base| ours.id < theirs.id && !theirs.said.replaces.contains(&ours.id);
        let ours = self.bases.current().filter(stays).min_by_key(|base| base.id).cloned();
        let theirs = theirs.id;
        if let Some(ours) = ours {
            self.not_taken(cx, "a checkpoint of a log that went on in two ways; what is here stays");
            return self.give_checkpoint(cx, from, &ours, Some(theirs));
        }
        // What others gave is not in the entries alone: it would go on to be something else.
        let otherwise = self.adopting.as_ref().is_some_and(|adopting| adopting.otherwise);
        let me = self.vault.as_ref().map(|vault| vault.device());
        let stays_otherwise = otherwise && self.bases.all().any(|base| Some(base.said.by) != me);
        if !stays_otherwise && self.go_back_to_entries(cx) {
            return self.compare_anew();
        }
        tracing::warn!(id = %theirs, "a log was continued in two ways; a checkpoint takes the place of what is here");
        self.begin_swap(cx);
    }

    fn begin_swap(&mut self, cx: &mut Cx<'_>) {
        let based = self.bases.current().flat_map(|base| &base.said.bundles).flat_map(|bundle| &bundle.documents).map(|one| one.doc);
        let docs: BTreeSet<DocId> = self.index.keys().copied().chain(based).collect();
        let mut id = [0; 16];
        cx.rng.fill_bytes(&mut id);
        let held = self.held_of_journal();
        let Some(adopting) = &self.adopting else { return };
        let parted = self.parted(&adopting.base, &adopting.lacking);
        let Some(adopting) = &mut self.adopting else { return };
        let (docs, again, replaced) = (docs.into_iter().collect(), Vec::new(), BTreeSet::new());
        adopting.swap = Some(Swap { log: LogId(id), docs, held, again, replaced, parted });
        self.swap_next(cx);
    }

    fn held_of_journal(&self) -> BTreeMap<LogId, u64> {
        let journal = self.journal().map(|space| space.id());
        self.logs.values().filter(|log| Some(log.space) == journal).map(|log| (log.head.log, log.seq)).collect()
    }

    /// Has the next document read as it came; once all were looked at, swaps.
    pub(super) fn swap_next(&mut self, cx: &mut Cx<'_>) {
        let Some(swap) = self.adopting.as_ref().and_then(|adopting| adopting.swap.as_ref()) else { return };
        let Some(doc) = swap.docs.front().copied() else { return self.swap(cx) };
        if !self.want(cx, doc) {
            return;
        }
        let Some(adopting) = &mut self.adopting else { return };
        let base = &adopting.base;
        let pieces = base.bundle_of(doc).and_then(|at| base.said.bundles.get(at)).map(|bundle| bundle.pieces.clone());
        cx.rest.push(Effect::Compare { of: base.id, doc, pieces: pieces.unwrap_or_default(), runs: Vec::new() });
        adopting.judging = true;
    }

    /// It came: what is here and not there is to be written again.
    pub(super) fn swap_compared(&mut self, cx: &mut Cx<'_>, doc: DocId, pieces: &[Option<Vec<u8>>]) {
        let Some(base) = self.adopting.as_ref().map(|adopting| adopting.base.clone()) else { return };
        let theirs = match base.bundle_of(doc) {
            Some(at) => self.load_from(&base, at, pieces, doc).map(|(document, _)| document),
            None => Some(Document::new(self.erased.clone())),
        };
        let Some(theirs) = theirs else { return self.not_taken(cx, "a checkpoint whose documents do not load") };
        let (Some(ours), Some(swap)) = (self.documents.get(&doc), self.adopting.as_mut().and_then(|adopting| adopting.swap.as_mut()))
        else {
            return;
        };
        if swap.docs.front() != Some(&doc) {
            return;
        }
        let lost = theirs.lacks(ours);
        match packed_again(ours, doc, swap.log, &lost) {
            Ok((again, replaced)) => {
                swap.again.extend(again);
                swap.replaced.extend(replaced.iter().chain(&lost).map(|hash| hash.0));
                swap.docs.pop_front();
            }
            Err(reason) => {
                tracing::error!(reason, "what is here could not be written again; it stays");
                return self.not_taken(cx, "a checkpoint of a log that went on in two ways; what is here stays");
            }
        }
        self.swap_next(cx);
    }

    fn swap(&mut self, cx: &mut Cx<'_>) {
        let held = self.held_of_journal();
        let Some(adopting) = &mut self.adopting else { return };
        if adopting.swap.as_ref().is_some_and(|swap| swap.held != held) {
            // Something was written or came meanwhile.
            return self.begin_swap(cx);
        }
        let (Some(swap), base) = (adopting.swap.take(), adopting.base.clone()) else { return };
        if let Err(failure) = self.write_swapped(cx, &base, swap) {
            tracing::error!(reason = %failure, "what is here could not be written again; it stays");
            return self.not_taken(cx, "a checkpoint of a log that went on in two ways; what is here stays");
        }
        let Some(adopting) = self.adopting.take() else { return };
        self.stand_instead(cx, adopting.base, adopting.jumps);
    }

    fn write_swapped(&mut self, cx: &mut Cx<'_>, base: &Base, swap: Swap) -> Result<(), Failure> {
        let Some(space) = self.journal() else { return Ok(()) };
        let (queue, keys) = self.write_epoch(cx, space)?;
        let me = self.vault.as_ref().map(|vault| vault.device());
        let mine: Vec<LogId> =
            self.logs.values().filter(|one| one.space == space.id() && one.device == me).map(|one| one.head.log).collect();
        mine.into_iter().for_each(|one| self.retire(cx, one));
        self.bear_as(cx, swap.log, space, queue, &keys, None)?;
        let mut bodies: Vec<Body> = swap.again.into_iter().map(Body::Changes).collect();
        if !self.given.read.is_empty() || !self.given.items.is_empty() {
            bodies.push(Body::Keys(self.given.clone()));
        }
        let part =
            |queue, log, replaced| Body::Branch(Branch { queue, log, before: asif_proto::id::Link::ZERO, entries: Vec::new(), replaced });
        let disputed = self.links.values().flat_map(|link| link.disputed.keys());
        let told: BTreeSet<LogId> = self.forks.iter().chain(&swap.parted).chain(disputed).copied().collect();
        let told = told.iter().filter(|log| !base.said.forks.contains(log));
        bodies.extend(told.filter_map(|log| Some(part(self.logs.get(log)?.head.queue, *log, Vec::new()))));
        let replaced: Vec<[u8; 32]> =
            swap.replaced.union(&self.replaced).filter(|hash| !base.said.replaced.contains(hash)).copied().collect();
        bodies.extend(replaced.chunks(HASHES).map(|hashes| part(QueueId([0; 32]), LogId([0; 16]), hashes.to_vec())));
        bodies.iter().try_for_each(|body| self.append_sealed(cx, space, swap.log, &keys, body).map(|_| ()))
    }

    /// The journal stands on this one, and on what was just written; on nothing that was here before.
    fn stand_instead(&mut self, cx: &mut Cx<'_>, base: Base, jumps: super::Jumps) {
        let gone: Vec<CheckpointId> = self.bases.all().map(|one| one.id).filter(|one| *one != base.id).collect();
        let journal = self.journal().map(|space| space.id());
        let me = self.vault.as_ref().map(|vault| vault.device());
        let writes = |log: &LogId| me.is_some() && self.writes(*log);
        // What it does not name and is not whole without the checkpoint that goes.
        let pruned = self.logs.values().filter(|log| Some(log.space) == journal && log.from > 2 && !jumps.contains_key(&log.head.log));
        let aside: Vec<LogId> = pruned.map(|log| log.head.log).filter(|log| !writes(log)).collect();
        let stays = |log: &LogId, jump: &Jump| {
            let tip = jump.tip.seq();
            self.logs.get(log).is_some_and(|held| held.seq == tip && held.link == jump.tip.link(&jump.previous))
        };
        let changed: super::Jumps = jumps.into_iter().filter(|(log, (_, jump))| !stays(log, jump)).collect();
        let of_store = changed.values().map(|(_, jump)| Jump { ends_there: true, ..jump.clone() }).collect();
        self.bases.push(base.clone());
        let pieces = self.drop_bases(&gone);
        let at_s = cx.now.wall.as_second();
        cx.rest.push(Effect::Swap {
            checkpoint: base.sealed.clone(),
            jumps: of_store,
            aside: aside.clone(),
            checkpoints: gone,
            pieces,
            at_s,
        });
        for log in aside.iter().chain(changed.keys()) {
            self.logs.remove(log);
            self.rooms.retain(|(_, one), _| one != log);
            self.links.values_mut().for_each(|link| link.forget(log));
            for note in self.peers.notes.values_mut() {
                note.acked.remove(log);
            }
        }
        self.take_jumps(cx, &changed, None);
        self.losses.clear();
        self.links.values_mut().for_each(|link| link.compare = true);
        self.rest_delays();
        self.sweep_at = Some(cx.now.mono);
        self.rebuild(cx);
    }
}
