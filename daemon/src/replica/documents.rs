//! Documents: loaded when a step needs one, written, proven, let go.

use std::collections::BTreeMap;

use asif_proto::id::{LogId, RecordId};
use asif_proto::local::{ErrorKind, Failure};
use automerge::ScalarValue;
use jiff::Timestamp;

use super::deeds::Deed;
use super::effect::{Run, Stored};
use super::merge::Pending;
use super::publish::delay::Writer;
use super::{Cx, Replica};
use crate::journal::document::{Document, Put, keys_of};
use crate::journal::guard::Checked;
use crate::journal::history::{REDO, UNDO};
use crate::journal::{guard, schema};
use crate::seal::body::{Body, Changes, DocId};

/// What the name of a change ends with that only says once more what was said already: there is nothing to take back.
pub(super) const AGAIN: &str = " again";
/// Documents kept in memory, beside the plan.
const KEPT: usize = 4;

impl Replica {
    /// Whether a document is here; if not, it is being read.
    pub(super) fn want(&mut self, cx: &mut Cx<'_>, doc: DocId) -> bool {
        if self.documents.contains_key(&doc) {
            self.recent.retain(|one| *one != doc);
            self.recent.push_back(doc);
            return true;
        }
        if !self.has_begun(doc) {
            self.documents.insert(doc, Document::new(self.erased.clone()));
            self.recent.push_back(doc);
            return true;
        }
        if self.loading.insert(doc) {
            self.read_document(cx, doc);
        }
        false
    }

    /// The entries of a wanted document came: what they say goes into it. `added` is told of each change that was not there.
    pub(super) fn load_entries(&mut self, doc: DocId, document: &mut Document, entries: Vec<Stored>, mut added: impl FnMut(&Checked)) {
        self.loading.remove(&doc);
        let mut waiting: Vec<Pending> = Vec::with_capacity(entries.len());
        for stored in entries {
            match self.reopen(&stored) {
                Some(pending) => waiting.push(pending),
                None => self.damage.push((None, format!("entry {} of a log no longer reads", stored.wire.seq()))),
            }
        }
        let suspect = self.suspect.remove(&doc);
        while let Some(batch) = super::merge::ready(document, &mut waiting) {
            if suspect {
                self.build_each(document, batch, &mut waiting);
                continue;
            }
            let changes: Vec<Checked> = batch.into_iter().flat_map(|one| one.checked).collect();
            changes.iter().for_each(&mut added);
            if let Err(error) = document.merge(changes) {
                tracing::error!(%error, "a stored document could not be built");
                self.damage.push((None, format!("a document of the journal could not be built from its entries: {error}")));
                break;
            }
        }
        if suspect {
            let left: Vec<_> = self.quarantine.iter().map(|(log, (from, _))| (*log, *from)).collect();
            for (log, from) in left {
                if let Some(seqs) = self.index.get_mut(&doc).and_then(|index| index.get_mut(&log)) {
                    seqs.retain(|seq| *seq < from);
                }
            }
        }
        // What builds on a log that was left out waits with it.
        for one in waiting {
            if let Some(seqs) = self.index.get_mut(&doc).and_then(|index| index.get_mut(&one.log)) {
                seqs.retain(|seq| *seq != one.seq);
            }
            self.pending.entry(doc).or_default().push(one);
        }
        if suspect {
            let keys: Vec<_> = document.keys().collect();
            self.view.refresh(doc, document, keys.iter());
            self.reminding.stale |= doc == DocId::Plan;
        }
    }

    /// Merges and proves entries of a suspect document one by one. The first of a log that does not go is where its quarantine begins.
    fn build_each(&mut self, document: &mut Document, batch: Vec<Pending>, waiting: &mut Vec<Pending>) {
        let mut rest = batch.into_iter();
        for one in rest.by_ref() {
            if self.is_quarantined((one.log, one.seq)) {
                continue;
            }
            let before = document.clone();
            let keys: Vec<_> = one.checked.iter().map(|checked| checked.keys().clone()).collect();
            if document.merge(one.checked).and_then(|()| document.prove()).is_ok() {
                keys.iter().for_each(|keys| self.view.touch(keys));
                continue;
            }
            *document = before;
            self.quarantine((one.log, one.seq), "a change of it makes a document that cannot be loaded again");
            break;
        }
        // What comes after it may build on it.
        waiting.extend(rest);
        waiting.retain(|one| !self.is_quarantined((one.log, one.seq)));
    }

    pub(super) fn reopen(&self, stored: &Stored) -> Option<Pending> {
        let (log, seq) = (stored.wire.log(), stored.wire.seq());
        match self.open_stored(stored)? {
            Body::Changes(changes) => Some(Pending { log, seq, checked: guard::check(log, &changes).ok()? }),
            _ => None,
        }
    }

    /// Writes to a document that is here; the records it touched are in the context. Says whether anything changed.
    ///
    /// What only says once more that something is private or deleted has a name of its own: there is nothing to take back.
    pub(super) fn write(&mut self, cx: &mut Cx<'_>, doc: DocId, puts: &[Put], message: &str) -> Result<bool, Failure> {
        self.write_at(cx, doc, puts, message, Some(cx.now.wall))
    }

    /// The same, as of a time.
    pub(super) fn write_at(
        &mut self,
        cx: &mut Cx<'_>,
        doc: DocId,
        puts: &[Put],
        message: &str,
        at: Option<Timestamp>,
    ) -> Result<bool, Failure> {
        let journal = self.journal().ok_or_else(super::no_journal)?;
        self.prove(cx, doc);
        if !self.want(cx, doc) {
            return Err(Failure::new(ErrorKind::Failure, "the journal is being read; nothing was written").hint("try again"));
        }
        // The log must exist before the change: its id is the actor.
        let (log, keys) = self.own_or_new_log(cx, journal)?;
        let document = self.documents.entry(doc).or_insert_with(|| Document::new(self.erased.clone()));
        // What takes something back says what it says, also where that shows already.
        let takes_back = [UNDO, REDO].iter().any(|prefix| message.starts_with(prefix));
        let is_new = |(key, value): &Put| if takes_back { document.would_change(key, value) } else { document.is_news(key, value) };
        let is_news = puts.iter().any(is_new);
        let message = if is_news { message.to_owned() } else { format!("{message}{AGAIN}") };
        let change = document
            .write_at(log, puts, Some(&message), at)
            .map_err(|error| Failure::new(ErrorKind::Failure, format!("the change could not be written: {error}")))?;
        let Some(change) = change else { return Ok(false) };
        let (codec, bytes) = guard::pack(change.raw_bytes());
        let changes = Changes { doc, generation: [0; 32], codec, bytes };
        // What other devices would not take is not written either.
        let judged = guard::check(log, &changes).map_err(|error| Failure::new(ErrorKind::Usage, format!("{error}; nothing was stored")));
        let written = judged.and_then(|_| self.append_merged(cx, journal, log, &keys, &Body::Changes(changes)));
        let seq = match written {
            Ok(written) => written,
            Err(failure) => {
                // The document has a change that no entry holds: it is read again from the log.
                self.documents.remove(&doc);
                return Err(failure);
            }
        };
        let keys = keys_of(&change);
        self.view.touch(&keys);
        self.note_said(puts.iter().filter(|(key, _)| keys.contains(key)).map(|(key, value)| (key.as_str(), value.clone())), Writer::This);
        let touched = self.documents.get(&doc).map(|document| self.view.refresh(doc, document, keys.iter())).unwrap_or_default();
        self.index.entry(doc).or_default().entry(log).or_default().push(seq);
        let records = keys.iter().filter_map(|key| schema::record_of(key)).collect();
        let deed = Deed { log, seq, doc, hash: change.hash().0, at: 0, message, records };
        self.deeds.remember_new(deed, cx.now.wall);
        self.touched_here.extend(touched);
        self.reminding.stale |= doc == DocId::Plan;
        Ok(is_news)
    }

    /// Saves, loads and compares a document that took in changes from elsewhere.
    pub(super) fn prove(&mut self, cx: &mut Cx<'_>, doc: DocId) {
        let Some(document) = self.documents.get_mut(&doc) else { return };
        if document.prove().is_ok() {
            return;
        }
        // Something that was merged makes a document that does not come back: it is built again, entry by entry, without it.
        self.compacting.abort();
        self.documents.remove(&doc);
        self.view.forget(doc);
        self.reminding.stale |= doc == DocId::Plan;
        self.suspect.insert(doc);
        self.want(cx, doc);
    }

    pub(super) fn prove_due(&mut self, cx: &mut Cx<'_>) {
        if self.prove_at.is_some_and(|at| cx.now.mono >= at) {
            self.prove_at = None;
            let unproven: Vec<_> = self.documents.iter().filter(|(_, document)| document.is_unproven()).map(|(doc, _)| *doc).collect();
            for doc in unproven {
                self.prove(cx, doc);
            }
        }
    }

    /// Lets documents go that were not used lately.
    pub(super) fn evict(&mut self) {
        // What waits may need several at once.
        while self.recent.len() > KEPT + 1 && self.parked.is_empty() && self.losses.is_empty() {
            let unneeded = |doc: &DocId| {
                *doc != DocId::Plan
                    && !self.pending.contains_key(doc)
                    && !self.compacting.lays(*doc)
                    && !self.adopting.as_ref().is_some_and(|adopting| adopting.swaps(*doc))
                    && self.documents.get(doc).is_none_or(|document| !document.is_unproven())
            };
            let Some(at) = self.recent.iter().position(unneeded) else { return };
            // The last one that came is what somebody waits for.
            if self.recent.iter().skip(at + 1).all(|doc| *doc == DocId::Plan) {
                return;
            }
            if let Some(doc) = self.recent.remove(at) {
                self.documents.remove(&doc);
            }
        }
    }

    /// Puts for the fields of a record that shall have these values.
    pub(super) fn field_puts(record: RecordId, fields: Vec<(&str, serde_json::Value)>) -> Vec<Put> {
        fields.into_iter().map(|(field, value)| (schema::field(record, field), schema::scalar(&value))).collect()
    }

    /// A put for a name.
    pub(super) fn name_put(key: String, name: &str) -> Put {
        (key, ScalarValue::Str(name.into()))
    }
}

/// The entries of a document as runs that can be read in one go each.
pub(super) fn runs(index: &BTreeMap<LogId, Vec<u64>>) -> Vec<Run> {
    let mut runs: Vec<Run> = Vec::new();
    for (log, seqs) in index {
        for seq in seqs {
            match runs.last_mut() {
                Some(run) if run.log == *log && run.to + 1 == *seq => run.to = *seq,
                _ => runs.push(Run { log: *log, from: *seq, to: *seq }),
            }
        }
    }
    runs
}
