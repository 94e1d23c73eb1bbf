//! From stored to merged: bodies taken into documents, boards and keys. What cannot be taken in yet waits.

use std::collections::BTreeSet;

use asif_proto::id::{LogId, SpaceId};
use automerge::ChangeHash;

use super::deeds::Deed;
use super::effect::{Purpose, Run, Stored};
use super::publish::delay::Writer;
use super::{Cx, Replica};
use crate::journal::document::{Document, MergeError};
use crate::journal::guard::{self, Checked};
use crate::journal::schema;
use crate::people::space::Space;
use crate::seal::body::{Body, BodyError, DocId, Ended};
use crate::seal::entry::{self, Place};
use crate::share::board::Taken;

/// How long a document may stay unproven after a merge.
const PROVE_WITHIN: std::time::Duration = std::time::Duration::from_secs(1);
/// How long entries may stay whole after a newer item outdated them.
const STUB_WITHIN: std::time::Duration = std::time::Duration::from_secs(2);
/// How long another device may take to publish what it wrote.
pub(super) const PUBLISH_FOR_OTHERS_AFTER: std::time::Duration = std::time::Duration::from_secs(60);

/// The changes of one entry, checked, waiting for their document or their dependencies.
#[derive(Debug, Clone)]
pub(super) struct Pending {
    pub(super) log: LogId,
    pub(super) seq: u64,
    pub(super) checked: Vec<Checked>,
}

impl Replica {
    /// Opens an entry that was stored.
    pub(super) fn open_stored(&self, stored: &Stored) -> Option<Body> {
        let log = self.logs.get(&stored.wire.log())?;
        let keys = self.keys.get(&log.head.queue)?;
        let place = Place { space: log.space, log: log.head.log, seq: stored.wire.seq(), previous: stored.previous };
        Body::from_bytes(entry::open(&keys.read, &place, &stored.wire).ok()?.bodies()).ok()
    }

    /// Takes in one stored entry, opened. Bytes that a good signature covers and that make no sense quarantine the log.
    pub(super) fn take(&mut self, cx: &mut Cx<'_>, at: (LogId, u64), body: Result<Body, BodyError>) {
        self.take_judged(cx, at, body, None);
    }

    /// As [`Replica::take`], where the changes in it were judged already.
    pub(super) fn take_judged(&mut self, cx: &mut Cx<'_>, at: (LogId, u64), body: Result<Body, BodyError>, judged: Option<Vec<Checked>>) {
        let Some(log) = self.logs.get_mut(&at.0) else { return };
        log.merged = log.merged.max(at.1);
        let space_id = log.space;
        let queue = log.head.queue;
        if self.is_quarantined(at) {
            return;
        }
        let Some(space) = self.registry.epoch(&queue).map(|epoch| epoch.space) else { return };
        let body = match body {
            Ok(body) => body,
            Err(BodyError::Unknown(_)) => {
                self.newer.insert(at);
                return;
            }
            Err(error) => return self.quarantine(at, &error.to_string()),
        };
        let in_journal = matches!(space, Space::Journal { .. });
        if in_journal && self.journal() != Some(space) {
            return;
        }
        match body {
            Body::Birth(_) if at.1 == 1 => {}
            Body::Seen(_) => {}
            Body::Changes(changes) if in_journal => match judged.map_or_else(|| guard::check(at.0, &changes), Ok) {
                Ok(checked) => {
                    if self.are_erased(&checked) {
                        self.note_touched(cx, at);
                    }
                    self.pending.entry(changes.doc).or_default().push(Pending { log: at.0, seq: at.1, checked });
                }
                Err(guard::GuardError::Codec(_) | guard::GuardError::Generation) => {
                    self.newer.insert(at);
                }
                Err(error) => self.quarantine(at, &error.to_string()),
            },
            Body::Keys(keys) if in_journal => {
                self.given.read.extend(keys.read);
                self.given.items.extend(keys.items);
                self.refresh_keys();
                // What could not be opened before is asked for again.
                self.links.values_mut().for_each(|link| link.compare |= link.compared);
            }
            Body::Put(put) if put.payload.len() > crate::share::item::MAX_PAYLOAD => {
                self.quarantine(at, &format!("an item of {} bytes", put.payload.len()));
            }
            Body::Put(put) if !in_journal => {
                if let Some(grant) = space.grant().filter(|_| self.person() == Some(space.owner())) {
                    self.came_back = true;
                    self.put_there.insert((grant, put.item));
                }
                let item = put.item;
                let taken = self.boards.entry(space_id).or_default().put(at, put);
                if let Some(grant) = space.grant().filter(|_| self.person() == Some(space.owner()) && !taken.changed) {
                    self.overruled.insert((grant, item));
                }
                self.outdate(cx, space_id, taken);
            }
            Body::Retract(retract) if !in_journal => {
                // It may be taken back by a device that had not heard what this one did meanwhile.
                if let Some(grant) = space.grant().filter(|_| self.person() == Some(space.owner())) {
                    self.taken_back.insert((grant, retract.item));
                }
                let taken = self.boards.entry(space_id).or_default().retract(at, retract);
                self.outdate(cx, space_id, taken);
            }
            Body::Erase(erase) if in_journal => self.learn_erased(cx, &erase),
            Body::Branch(branch) if in_journal => {
                if self.carries_erased(&branch) {
                    self.note_touched(cx, at);
                }
                self.forks.insert(branch.log);
                self.replaced.extend(branch.replaced);
            }
            Body::Ended(ended) if matches!(space, Space::Share { .. }) => self.take_end(cx, at, space, ended),
            _ => self.quarantine(at, "it holds a body that does not belong there"),
        }
    }

    fn take_end(&mut self, cx: &mut Cx<'_>, at: (LogId, u64), space: Space, mut ended: Ended) {
        // The end itself counts, and so does every end that another device wrote at the same time.
        ended.have.retain(|(log, _, _)| *log != at.0);
        ended.have.push((at.0, at.1, asif_proto::id::Link::ZERO));
        let board = self.boards.entry(space.id()).or_default();
        if board.end(at.0, ended) {
            // An item beyond the end had replaced one that counts: the space is read anew, and now stops there.
            self.reread(cx, space.id());
        }
        cx.touched_elsewhere = true;
    }

    /// Reads every log of a space again.
    pub(super) fn reread(&mut self, cx: &mut Cx<'_>, space: asif_proto::id::SpaceId) {
        let logs = self.logs.values().filter(|log| log.space == space && log.merged > 1);
        for run in logs.map(|log| Run { log: log.head.log, from: 2, to: log.merged }) {
            self.reading += 1;
            cx.rest.push(super::Effect::Read { purpose: Purpose::Merge, runs: vec![run] });
        }
    }

    /// From this entry on a log says nothing any more; what stood before it counts. Its sealed entries are kept.
    pub(super) fn quarantine(&mut self, (log, seq): (LogId, u64), why: &str) {
        tracing::warn!(?log, seq, why, "a log is quarantined");
        if self.quarantine.get(&log).is_none_or(|(from, _)| seq < *from) {
            self.quarantine.insert(log, (seq, why.to_owned()));
        }
        for waiting in self.pending.values_mut() {
            waiting.retain(|one| one.log != log || one.seq < seq);
        }
        self.pending.retain(|_, waiting| !waiting.is_empty());
    }

    pub(super) fn is_quarantined(&self, (log, seq): (LogId, u64)) -> bool {
        self.quarantine.get(&log).is_some_and(|(from, _)| seq >= *from)
    }

    /// Merges what waits, where its document and dependencies are here.
    pub(super) fn merge_pending(&mut self, cx: &mut Cx<'_>) {
        let docs: Vec<DocId> = self.pending.keys().copied().collect();
        for doc in docs {
            if self.want(cx, doc) {
                self.merge_into(cx, doc);
            }
        }
    }

    fn merge_into(&mut self, cx: &mut Cx<'_>, doc: DocId) {
        let Some(mut waiting) = self.pending.remove(&doc) else { return };
        while let Some(batch) = self.documents.get(&doc).and_then(|document| ready(document, &mut waiting)) {
            if self.merge_batch(cx, doc, &batch).is_err() {
                self.merge_each(cx, doc, batch, &mut waiting);
            }
        }
        if !waiting.is_empty() {
            self.pending.insert(doc, waiting);
        }
    }

    /// Everything that is stored is merged, as far as it can be here.
    pub(super) fn is_merged(&self) -> bool {
        self.is_ready() && self.losses.is_empty() && self.awaited().all(|one| self.waits_for_its_writer(one))
    }

    /// What waits and was not written again since. That other keeps waiting too, for it is only said to be here.
    pub(super) fn awaited(&self) -> impl Iterator<Item = &Pending> {
        let again = |one: &Pending| one.checked.iter().all(|checked| self.replaced.contains(&checked.hash().0));
        self.pending.values().flatten().filter(move |one| !again(one))
    }

    /// Whether an entry waits for what was written again since: its own device will write it again when it hears of that.
    pub(super) fn waits_for_its_writer(&self, pending: &Pending) -> bool {
        pending.checked.iter().flat_map(Checked::deps).any(|dep| self.replaced.contains(&dep.0))
    }

    fn merge_batch(&mut self, cx: &mut Cx<'_>, doc: DocId, batch: &[Pending]) -> Result<(), MergeError> {
        let changes: Vec<Checked> = batch.iter().flat_map(|one| one.checked.iter().cloned()).collect();
        self.documents.get_mut(&doc).map_or(Ok(()), |document| document.merge(changes))?;
        self.merged(cx, doc, batch);
        Ok(())
    }

    /// One by one the entries tell which of them it is; what builds on it waits.
    fn merge_each(&mut self, cx: &mut Cx<'_>, doc: DocId, batch: Vec<Pending>, waiting: &mut Vec<Pending>) {
        for one in batch.into_iter() {
            let at = (one.log, one.seq);
            if self.is_quarantined(at) {
                continue;
            }
            let mut part = vec![one];
            match self.documents.get(&doc).and_then(|document| ready(document, &mut part)) {
                Some(now) => {
                    if let Err(error) = self.merge_batch(cx, doc, &now) {
                        self.quarantine(at, &format!("a change of it cannot be merged: {error}"));
                    }
                }
                None => waiting.append(&mut part),
            }
        }
        waiting.retain(|one| !self.is_quarantined((one.log, one.seq)));
    }

    fn merged(&mut self, cx: &mut Cx<'_>, doc: DocId, batch: &[Pending]) {
        let (mut keys, mut said) = (BTreeSet::new(), BTreeSet::new());
        for one in batch {
            self.index.entry(doc).or_default().entry(one.log).or_default().push(one.seq);
            for checked in &one.checked {
                self.view.touch(checked.keys());
                if !self.was_noted((one.log, one.seq)) {
                    said.extend(checked.keys().iter().cloned());
                }
                let records: BTreeSet<_> = checked.keys().iter().filter_map(|key| schema::record_of(key)).collect();
                // What this device took back may be let go by this.
                self.came_back |= records.iter().any(|record| self.withheld.has(record));
                self.narrowing.extend(&records);
                let message = checked.message().unwrap_or_default().to_owned();
                let deed = Deed { log: one.log, seq: one.seq, doc, hash: checked.hash().0, at: 0, message, records };
                let document = self.documents.get(&doc);
                let builds_on = |on: &Deed| document.is_some_and(|document| document.builds_on(checked.hash(), ChangeHash(on.hash)));
                self.deeds.remember(deed, checked.made_at(), cx.now.wall, builds_on);
                keys.extend(checked.keys().iter().cloned());
            }
        }
        if let Some(document) = self.documents.get(&doc) {
            self.view.refresh(doc, document, keys.iter());
            self.reminding.stale |= doc == DocId::Plan;
            let said: Vec<_> = said.iter().filter_map(|key| Some((key.as_str(), document.scalar(key)?))).collect();
            self.note_said(said, Writer::Another);
        }
        self.unsaved_entries += batch.len();
        self.prove_at.get_or_insert(cx.now.mono + PROVE_WITHIN);
        self.sweep_at.get_or_insert(cx.now.mono + PUBLISH_FOR_OTHERS_AFTER);
        cx.touched_elsewhere = true;
    }

    /// Entries of this space, and of no other, that a newer item outdated will become stubs.
    pub(super) fn outdate(&mut self, cx: &mut Cx<'_>, space: SpaceId, taken: Taken) {
        self.unsaved_entries += 1;
        for (log, seq) in taken.outdated {
            if self.logs.get(&log).is_some_and(|log| log.space == space && seq <= log.seq && seq > 1) {
                self.outdated.entry(log).or_default().insert(seq);
                self.stub_at.get_or_insert(cx.now.mono + STUB_WITHIN);
            }
        }
    }

    pub(super) fn stub_due(&mut self, cx: &mut Cx<'_>) {
        if self.stub_at.is_some_and(|at| cx.now.mono >= at) {
            self.stub_at = None;
            // Where a log went on in another way, an entry may be meant that is another now.
            let stands: BTreeSet<_> = self.boards.values().flat_map(|board| board.items().map(|(_, held)| held.entry)).collect();
            for (log, mut seqs) in std::mem::take(&mut self.outdated) {
                seqs.retain(|seq| !stands.contains(&(log, *seq)));
                if seqs.is_empty() || self.damage.iter().any(|(damaged, _)| *damaged == Some(log)) {
                    continue;
                }
                self.leave_out_in_queues(cx, log, &seqs);
                cx.rest.push(super::Effect::Stub { log, seqs: seqs.into_iter().collect() });
            }
        }
    }
}

/// Takes from `waiting` what can be merged into a document now, in an order that works; `None` if nothing can.
///
/// Changes that are already there count as merged.
pub(super) fn ready(document: &Document, waiting: &mut Vec<Pending>) -> Option<Vec<Pending>> {
    let mut here: BTreeSet<ChangeHash> = BTreeSet::new();
    let mut max_op = document.max_op();
    let mut batch: Vec<Pending> = Vec::new();
    loop {
        let before = waiting.len();
        let mut rest = Vec::with_capacity(before);
        for mut one in waiting.drain(..) {
            let is_here = |hash: &ChangeHash| here.contains(hash) || document.contains(hash);
            let mut added = BTreeSet::new();
            let fits = one.checked.iter().all(|checked| {
                let fits = checked.deps().iter().all(|dep| is_here(dep) || added.contains(dep));
                added.insert(checked.hash());
                fits && guard::counter_fits(checked, max_op)
            });
            if fits {
                one.checked.retain(|checked| !is_here(&checked.hash()));
                max_op = one.checked.iter().map(Checked::max_op).fold(max_op, u64::max);
                here.append(&mut added);
                batch.push(one);
            } else {
                rest.push(one);
            }
        }
        *waiting = rest;
        if waiting.len() == before {
            break;
        }
    }
    (!batch.is_empty()).then_some(batch)
}
