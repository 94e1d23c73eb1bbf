//! Erasing for good. An entry tells every own device which records are gone; each takes them out of all that it holds, by itself.
//!
//! ```text
//! learnt      the documents are written anew without them, views forget them, helpers are told to forget them
//! searched    every entry of the journal that is here whole is looked through, and so is what is kept aside
//! covered     a checkpoint is made of the documents as they are now: nothing is built on those entries any more
//! let go      entries that said something of it become stubs, what older checkpoints held goes, damaged pieces go
//! noted       that all of it is done; what comes later from a device that had not heard of it is let go in the same way
//! ```
//!
//! Whatever ends it in the middle, it is gone on with at the next start: what is done is noted last.

mod letting_go;
mod search;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use asif_proto::id::{LogId, RecordId};
use asif_proto::local::{ErrorKind, Failure, Reply};

use super::base::Base;
use super::effect::{ClientId, Effect, Opaque, Run};
use super::{Cx, Replica};
use crate::seal::body::{Body, DocId, Erase};
use crate::seal::checkpoint::Bundle;

/// What was erased, and taken out of all that is held here: the digest of it, 32 bytes; else it is not there.
pub(super) const FILE: &str = "erased";
/// After something stood in the way it is tried again.
const AGAIN: Duration = Duration::from_secs(10 * 60);

/// How far this device is with what it has to let go of.
#[derive(Debug, Default)]
pub(super) struct Erasing {
    /// Entries that say something that was erased.
    touched: BTreeMap<LogId, BTreeSet<u64>>,
    /// What is still to be looked through; none: not begun.
    unsearched: Option<VecDeque<Run>>,
    /// Up to what was erased all was looked through.
    searched: Option<[u8; 32]>,
    /// What the file says.
    done: Option<[u8; 32]>,
    /// What was erased by then, and the documents that later erasures concern, as far as both are known.
    since: Option<(Erase, BTreeSet<DocId>)>,
    /// Something is being read, or let go of.
    busy: bool,
    not_before: Option<Duration>,
    /// Whoever waits until it is done, and what they are told then.
    asks: Vec<(ClientId, Reply)>,
}

impl Erasing {
    /// As it was left.
    pub(super) fn found(file: Option<Vec<u8>>) -> Self {
        let done = file.and_then(|bytes| bytes.try_into().ok());
        Self { done, searched: done, ..Self::default() }
    }

    /// Somebody waits until it is done here.
    pub(super) fn wait(&mut self, client: ClientId, reply: Reply) {
        self.asks.push((client, reply));
    }

    /// Somebody who waited is gone.
    pub(super) fn forget(&mut self, client: ClientId) {
        self.asks.retain(|(one, _)| *one != client);
    }
}

impl Replica {
    /// Erases on all devices; `reply` is told once it is done on this one.
    pub(super) fn erase(&mut self, cx: &mut Cx<'_>, client: ClientId, erase: &Erase, reply: Reply) -> Result<(), Failure> {
        let journal = self.journal().ok_or_else(super::no_journal)?;
        self.write_body(cx, journal, &Body::Erase(erase.clone()))?;
        self.learn_erased(cx, erase);
        self.erasing.not_before = None;
        self.erasing.wait(client, reply);
        Ok(())
    }

    /// Somebody erased this.
    pub(super) fn learn_erased(&mut self, cx: &mut Cx<'_>, erase: &Erase) {
        let then = self.erased.told();
        if !Arc::make_mut(&mut self.erased).add(erase) {
            return;
        }
        if then.records.is_empty() && then.drafts.is_empty() {
            self.erasing.since = Some((then, BTreeSet::new()));
        }
        self.compacting.abort();
        // What was looked through was not looked through for this.
        self.erasing.unsearched = None;
        self.note_concerned(erase);
        for (doc, document) in std::mem::take(&mut self.documents) {
            match document.without(&self.erased) {
                Ok(document) => drop(self.documents.insert(doc, document)),
                // It is built again of what is on the disk.
                Err(error) => tracing::error!(%error, "a document could not be written anew"),
            }
        }
        self.recent.retain(|doc| self.documents.contains_key(doc));
        let gone: BTreeSet<RecordId> = erase.records.iter().copied().collect();
        for record in &gone {
            self.view.erase(record);
            self.show_without(record);
        }
        let erased = self.erased.clone();
        self.deeds.forget(|deed| deed.records.iter().any(|record| erased.takes(&automerge::ChangeHash(deed.hash), &record.key())));
        self.forget_drafts_of(cx, &gone);
        self.touched_here.extend(&gone);
        self.reminding.stale = true;
        cx.touched_elsewhere = true;
        // What is saved of the view says it still.
        self.unsaved_entries = usize::MAX / 2;
        self.saved_at = None;
    }

    /// Which documents this concerns.
    fn note_concerned(&mut self, erase: &Erase) {
        let records = erase.records.iter().chain(erase.drafts.iter().map(|(record, _)| record));
        let docs: Option<BTreeSet<DocId>> = records.map(|record| self.view.doc_of(record)).collect();
        let since = self.erasing.since.take().zip(docs);
        self.erasing.since = since.map(|((then, concerned), docs)| (then, &concerned | &docs));
    }

    /// Whether nothing of what was erased is in the bytes of a bundle.
    pub(super) fn is_clean(&self, base: &Base, bundle: &Bundle) -> bool {
        if base.said.erased == self.erased.told() {
            return true;
        }
        let since = self.erasing.since.as_ref().filter(|(then, _)| *then == base.said.erased);
        since.is_some_and(|(_, concerned)| !bundle.packed.iter().any(|doc| concerned.contains(doc)))
    }

    /// An entry that was taken in says something that was erased: it is let go too.
    pub(super) fn note_touched(&mut self, cx: &mut Cx<'_>, (log, seq): (LogId, u64)) {
        if self.erasing.touched.entry(log).or_default().insert(seq) && self.erasing.done.take().is_some() {
            cx.rest.push(Effect::Remove { name: FILE });
        }
    }

    /// What was erased so far, in short.
    fn erased_digest(&self) -> [u8; 32] {
        *blake3::hash(&asif_proto::frame::encode(&self.erased.told())).as_bytes()
    }

    /// Whether there is something that this device has still to let go of.
    pub(super) fn has_to_erase(&self) -> bool {
        !self.erased.is_empty() && (!self.letting().is_empty() || self.erasing.done != Some(self.erased_digest()))
    }

    /// Entries to be let go of that are taken in, so that a checkpoint can stand for them.
    fn letting(&self) -> BTreeMap<LogId, BTreeSet<u64>> {
        if self.erasing.touched.is_empty() {
            return BTreeMap::new();
        }
        let tips = self.coverable();
        let upto = |log: &LogId| tips.get(log).copied().unwrap_or(0);
        let touched = self.erasing.touched.iter();
        let letting = touched.map(|(log, seqs)| (*log, seqs.range(..=upto(log)).copied().collect::<BTreeSet<u64>>()));
        letting.filter(|(_, seqs)| !seqs.is_empty()).collect()
    }

    /// The checkpoint that holds nothing of what was erased and stands for whatever is to be let go of.
    fn base_without(&self) -> Option<&Base> {
        let told = self.erased.told();
        let mut current = self.bases.current();
        let base = current.next().filter(|base| base.said.erased == told)?;
        let stands = self.letting().iter().all(|(log, seqs)| base.tips.get(log).map(|(tip, _)| tip) >= seqs.last());
        (current.next().is_none() && stands).then_some(base)
    }

    /// Whether it is known which entries say something that was erased.
    fn is_searched(&self) -> bool {
        self.erased.is_empty() || self.erasing.searched == Some(self.erased_digest())
    }

    /// Whether a checkpoint has to be made so that it can be let go.
    pub(super) fn needs_checkpoint_to_erase(&self) -> bool {
        self.has_to_erase() && self.is_searched() && !self.waits_to_erase() && self.base_without().is_none()
    }

    fn waits_to_erase(&self) -> bool {
        self.erasing.not_before.is_some_and(|at| self.now.mono < at)
    }

    /// When [`Input::Tick`](super::Input::Tick) is due for this.
    pub(super) fn erase_due(&self) -> Option<Duration> {
        if self.erasing.busy || !self.has_to_erase() || self.is_compacting() {
            return None;
        }
        Some(self.erasing.not_before.unwrap_or_default().max(self.now.mono))
    }

    /// Goes on with it, while nobody asks for anything.
    pub(super) fn go_on_erasing(&mut self, cx: &mut Cx<'_>) {
        if self.erasing.busy || self.waits_to_erase() || !self.has_to_erase() {
            return;
        }
        if !self.is_searched() {
            return self.search_on(cx);
        }
        if self.base_without().is_some() {
            self.let_go_of_erased(cx);
        }
    }

    /// It could not be done now.
    pub(super) fn stand_off_erasing(&mut self, cx: &mut Cx<'_>, reason: &str) {
        self.erasing.busy = false;
        self.erasing.not_before = Some(self.now.mono + AGAIN);
        for (client, _) in std::mem::take(&mut self.erasing.asks) {
            let what = format!("it is erased for every device, and hidden here, but its bytes are still on this disk: {reason}");
            cx.answer(
                client,
                Err(Failure::new(ErrorKind::Failure, what).hint("nothing needs to be said again: it is tried again by itself")),
            );
        }
    }

    /// All of it is done here.
    fn note_erased(&mut self, cx: &mut Cx<'_>) {
        let digest = self.erased_digest();
        self.erasing.done = Some(digest);
        self.erasing.since = Some((self.erased.told(), BTreeSet::new()));
        cx.rest.push(Effect::Save { name: FILE, bytes: Opaque::new(digest.to_vec()) });
        for (client, reply) in std::mem::take(&mut self.erasing.asks) {
            cx.answer(client, Ok(reply));
        }
    }
}
