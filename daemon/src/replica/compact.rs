//! Compaction: a checkpoint is made when it is worth it, and what it covers is let go when that is safe.
//!
//! ```text
//! lay    one document after another is saved as it stands       only while nobody asks for anything
//! pack   a year of them is packed together, beside all else     years that did not change are taken over as they are
//! judge  another process loads what was packed                  it is what was laid, or no checkpoint is made
//! keep   its pieces are sealed and put on stable storage
//! cover  the births and the last covered entries are read       what is covered was decided before the first document was laid
//! seal   the checkpoint is signed, sealed and kept              from then on documents are built on it
//! prune  covered entries are let go                             a month later, and once another device has them, if there is one
//! ```
//!
//! Whatever ends it in the middle leaves the journal as it was; what was kept for nothing is let go with the next one.

mod groups;
mod letting_go;

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use asif_proto::id::{KeyId, LogId, PieceId, RecordId};
use asif_proto::peer::Blob;

use super::base::{Base, tip_of};
use super::effect::{Effect, Opaque, Purpose, Run, Stored};
use super::{Cx, Replica};
use crate::journal::bundle::{self, Judged, Laid};
use crate::seal::body::DocId;
use crate::seal::checkpoint::{self, Bundle, Checkpoint, Covered, Snapshot};
use crate::seal::entry::{self, Place};
use crate::seal::piece;
use crate::seal::wire::Wire;

/// When a checkpoint is made, and how long what it replaces is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Keeping {
    /// So many entries that no checkpoint covers are worth one.
    pub worth: u64,
    /// What a checkpoint stands for is kept so long beside it.
    pub beside: Duration,
    /// How often is looked for something to let go of.
    pub look: Duration,
}

impl Default for Keeping {
    fn default() -> Self {
        Self { worth: 1000, beside: Duration::from_secs(30 * 24 * 60 * 60), look: Duration::from_secs(6 * 60 * 60) }
    }
}

/// The most bytes of documents that are packed together.
const GROUP: usize = bundle::MAX_BUNDLE / 2;
/// How many of the last deeds a checkpoint tells.
const DEEDS: usize = 128;
/// After something stood in the way it is tried again.
const AGAIN: Duration = Duration::from_secs(60 * 60);
/// What waits for something may have it by then.
const AGAIN_SOON: Duration = Duration::from_secs(60);

/// What is under way.
#[derive(Debug, Default)]
pub(super) struct Compacting {
    making: Option<Making>,
    /// Not before then is another one begun.
    not_before: Option<Duration>,
    /// When is looked for something to let go of.
    look_at: Option<Duration>,
    pruning: bool,
}

impl Compacting {
    /// What was laid may not be what the journal says any more.
    pub(super) fn abort(&mut self) {
        self.making = None;
    }

    /// Whether this document is the next to be laid.
    pub(super) fn lays(&self, doc: DocId) -> bool {
        self.making.as_ref().and_then(|making| making.groups.front()?.front()) == Some(&doc)
    }
}

/// A checkpoint in the making.
#[derive(Debug)]
struct Making {
    /// Up to where it covers each log.
    tips: BTreeMap<LogId, u64>,
    /// Up to where each was held when it was begun.
    held: BTreeMap<LogId, u64>,
    /// What is still to be packed, each together.
    groups: VecDeque<VecDeque<DocId>>,
    /// What is laid of the present group.
    laid: Vec<Document>,
    bundles: Vec<Bundle>,
    step: Step,
}

/// A document as it was laid.
#[derive(Debug)]
struct Document {
    snapshot: Snapshot,
    names: Vec<[u8; 32]>,
    touches: Vec<(RecordId, u64)>,
    bytes: Opaque,
}

/// What is awaited.
#[derive(Debug)]
enum Step {
    /// A moment in which nobody asks for anything.
    Lay,
    /// That these are packed.
    Pack(Vec<Snapshot>, u32),
    /// That these, packed, were loaded in another process.
    Judge(Vec<Snapshot>, u32, Opaque),
    /// That the pieces of this one are kept.
    Keep(Bundle),
    /// That the entries were read.
    Cover,
    /// That this is kept.
    Seal(Box<Base>),
}

impl Replica {
    /// Goes on with whatever is under way, or begins.
    pub(super) fn compact(&mut self, cx: &mut Cx<'_>) {
        if !cx.idle || !self.may_compact() {
            return;
        }
        if self.compacting.making.is_none() && self.needs_checkpoint() {
            self.begin_checkpoint(cx);
        }
        match self.compacting.making.as_ref().map(|making| &making.step) {
            Some(Step::Lay) => self.lay_next(cx),
            Some(_) => {}
            None => {
                self.go_on_erasing(cx);
                self.let_go(cx);
            }
        }
    }

    /// When [`Input::Tick`](super::Input::Tick) is due for this.
    pub(super) fn compact_due(&self) -> Option<Duration> {
        if !self.may_compact() {
            return None;
        }
        match &self.compacting.making {
            Some(making) => matches!(making.step, Step::Lay).then_some(self.now.mono),
            None if self.needs_checkpoint() => Some(self.now.mono),
            None => self.compacting.look_at.filter(|_| self.bases.all().next().is_some()),
        }
    }

    fn may_compact(&self) -> bool {
        self.is_ready()
            && self.is_whole()
            && self.writes_of_itself()
            && !self.salvaging
            && self.rest_until.is_none()
            && self.losses.is_empty()
            && !self.is_adopting()
    }

    /// Whether one is to be made, now.
    fn needs_checkpoint(&self) -> bool {
        let may = self.compacting.not_before.is_none_or(|at| self.now.mono >= at);
        let wanted = || self.is_worth_it() || self.needs_checkpoint_to_compare() || self.rests_on_a_removed_device();
        (may && wanted()) || self.needs_checkpoint_to_erase()
    }

    fn is_worth_it(&self) -> bool {
        let new: u64 = self.coverable().iter().map(|(log, seq)| seq.saturating_sub(self.bases.covered(log))).sum();
        new >= self.about.keeping.worth
    }

    /// Up to where the entries of each log of the journal are in its documents, and all of it makes sense here.
    pub(super) fn coverable(&self) -> BTreeMap<LogId, u64> {
        let Some(journal) = self.journal() else { return BTreeMap::new() };
        let mut tips: BTreeMap<LogId, u64> =
            self.logs.values().filter(|log| log.space == journal.id()).map(|log| (log.head.log, log.merged.min(log.seq))).collect();
        let pending = self.pending.values().flatten().map(|one| (one.log, one.seq));
        let quarantined = self.quarantine.iter().map(|(log, (from, _))| (*log, *from));
        for (log, seq) in pending.chain(self.newer.iter().copied()).chain(quarantined) {
            tips.entry(log).and_modify(|tip| *tip = (*tip).min(seq.saturating_sub(1)));
        }
        tips.retain(|_, tip| *tip > 0);
        tips
    }

    /// Whether one is being made.
    pub(super) fn is_compacting(&self) -> bool {
        self.compacting.making.is_some()
    }

    fn begin_checkpoint(&mut self, cx: &mut Cx<'_>) {
        let Some((_, key)) = self.write_key() else { return self.stand_off(cx, "there is no key to seal it with") };
        let tips = self.coverable();
        let is_beyond = |(log, seqs): (&LogId, &Vec<u64>)| seqs.iter().any(|seq| tips.get(log).is_none_or(|tip| seq > tip));
        let must = self.needs_checkpoint_to_erase() || self.needs_checkpoint_to_compare();
        if !must && self.index.values().flatten().any(is_beyond) {
            // Something waits, and what came after it in its log does not.
            self.compacting.not_before = Some(self.now.mono + AGAIN_SOON);
            return;
        }
        let (bundles, groups) = self.group(key);
        tracing::info!(groups = groups.len(), taken_over = bundles.len(), "a checkpoint is made");
        let held = self.logs.values().map(|log| (log.head.log, log.seq)).collect();
        self.compacting.making = Some(Making { tips, held, groups, laid: Vec::new(), bundles, step: Step::Lay });
    }

    /// The queue and the key that a checkpoint is sealed with.
    fn write_key(&self) -> Option<(asif_proto::id::QueueId, KeyId)> {
        let journal = self.journal()?;
        let writable = |queue: &asif_proto::id::QueueId| self.keys.get(queue).is_some_and(|keys| keys.write.is_some());
        self.registry.epochs(journal.id()).map(|epoch| (epoch.queue(), epoch.key)).find(|(queue, _)| writable(queue))
    }

    /// Lays one document, or has a group packed whose documents are all laid.
    fn lay_next(&mut self, cx: &mut Cx<'_>) {
        let Some(making) = &self.compacting.making else { return };
        let room = making.laid.iter().map(|one| one.bytes.as_slice().len()).sum::<usize>() < GROUP;
        match making.groups.front().map(|group| group.front().copied().filter(|_| room)) {
            Some(Some(doc)) => self.lay(cx, doc),
            Some(None) => self.pack_laid(cx),
            None => self.read_covers(cx),
        }
    }

    fn lay(&mut self, cx: &mut Cx<'_>, doc: DocId) {
        if !self.want(cx, doc) {
            return;
        }
        if self.is_ahead(doc) {
            tracing::debug!("something was written meanwhile: the checkpoint is begun anew");
            return self.compacting.abort();
        }
        // One that does not come back goes no further: it is built again without what makes it so.
        self.prove(cx, doc);
        let Some(document) = self.documents.get(&doc) else { return };
        let heads = document.heads().iter().map(|hash| hash.0).collect();
        let touches = document.records().map(|record| (record, self.view.touches(&record))).collect();
        let laid = Document {
            snapshot: Snapshot { doc, heads },
            names: document.names(),
            touches: bundle::touched_again(&touches),
            bytes: Opaque::new(document.save()),
        };
        if let Some(making) = &mut self.compacting.making {
            making.laid.push(laid);
            making.groups.front_mut().and_then(VecDeque::pop_front);
        }
    }

    /// Whether a document holds what came after the checkpoint was begun: whoever takes back what the checkpoint does not stand for must not find
    /// it there.
    fn is_ahead(&self, doc: DocId) -> bool {
        let held = self.compacting.making.as_ref().map(|making| &making.held);
        let came_later =
            |log: &LogId, seqs: &[u64]| seqs.iter().any(|seq| held.and_then(|held| held.get(log)).is_none_or(|held| seq > held));
        self.index.get(&doc).is_some_and(|logs| logs.iter().any(|(log, seqs)| came_later(log, seqs)))
    }

    fn pack_laid(&mut self, cx: &mut Cx<'_>) {
        let Some(making) = &mut self.compacting.making else { return };
        if making.groups.front().is_some_and(VecDeque::is_empty) {
            making.groups.pop_front();
        }
        let documents = std::mem::take(&mut making.laid);
        if documents.is_empty() {
            return;
        }
        let laid: Vec<Laid<'_>> = documents
            .iter()
            .map(|one| Laid { doc: one.snapshot.doc, names: one.names.clone(), touches: one.touches.clone(), bytes: one.bytes.as_slice() })
            .collect();
        let folded = Opaque::new(bundle::fold(&laid));
        match u32::try_from(folded.as_slice().len()).ok().filter(|_| folded.as_slice().len() <= bundle::MAX_BUNDLE) {
            Some(unfolded) => {
                making.step = Step::Pack(documents.iter().map(|one| one.snapshot.clone()).collect(), unfolded);
                cx.rest.push(Effect::Pack { folded });
            }
            None => self.stand_off(cx, "a document is too large for a checkpoint"),
        }
    }

    /// A group is packed: another process looks whether all of it is there.
    pub(super) fn packed(&mut self, cx: &mut Cx<'_>, packed: Result<Opaque, String>) {
        let packed = match packed {
            Ok(packed) => packed,
            Err(reason) => return self.stand_off(cx, &reason),
        };
        let Some(making) = &mut self.compacting.making else { return };
        let Step::Pack(documents, unfolded) = std::mem::replace(&mut making.step, Step::Lay) else { return };
        cx.rest.push(Effect::Judge { of: None, packed: packed.clone(), unfolded, erased: None });
        making.step = Step::Judge(documents, unfolded, packed);
    }

    /// It is: the pieces are sealed and kept.
    pub(super) fn judged_own(&mut self, cx: &mut Cx<'_>, judged: Result<Vec<Judged>, String>) {
        let judged = match judged {
            Ok(judged) => judged,
            Err(reason) => return self.stand_off(cx, &reason),
        };
        let (Some((queue, key)), Some(journal)) = (self.write_key(), self.journal()) else { return self.compacting.abort() };
        let (Some(keys), Some(making)) = (self.keys.get(&queue), &mut self.compacting.making) else { return };
        let Step::Judge(documents, unfolded, packed) = std::mem::replace(&mut making.step, Step::Lay) else { return };
        if !documents.iter().map(|one| (one.doc, &one.heads)).eq(judged.iter().map(|one| (one.doc, &one.heads))) {
            return self.stand_off(cx, "what was packed for a checkpoint is not what was laid");
        }
        let pieces: Vec<Vec<u8>> =
            packed.as_slice().chunks(piece::PIECE_BYTES).map(|part| piece::seal(&keys.read, journal.id(), key, part, cx.rng)).collect();
        let packed = documents.iter().map(|one| one.doc).collect();
        let bundle = Bundle { documents, packed, unfolded, pieces: pieces.iter().map(|piece| PieceId::of(piece)).collect() };
        making.step = Step::Keep(bundle);
        cx.rest.push(Effect::KeepPieces(pieces));
    }

    /// Pieces or the checkpoint are kept, or are not.
    pub(super) fn kept_sealed(&mut self, cx: &mut Cx<'_>, outcome: Result<(), String>) {
        if let Err(reason) = outcome {
            return self.stand_off(cx, &reason);
        }
        let Some(mut making) = self.compacting.making.take() else { return };
        match making.step {
            Step::Keep(bundle) => {
                self.bases.pieces.extend(&bundle.pieces);
                making.bundles.push(bundle);
                making.step = Step::Lay;
                self.compacting.making = Some(making);
            }
            Step::Seal(base) => self.stand_on(cx, *base),
            step => self.compacting.making = Some(Making { step, ..making }),
        }
    }

    /// Asks for the births and the last covered entries.
    fn read_covers(&mut self, cx: &mut Cx<'_>) {
        let Some(making) = &mut self.compacting.making else { return };
        making.step = Step::Cover;
        let one = |log: LogId, seq: u64| Run { log, from: seq, to: seq };
        let runs = making.tips.iter().flat_map(|(log, tip)| [one(*log, 1), one(*log, *tip)]).collect();
        self.reading += 1;
        cx.rest.push(Effect::Read { purpose: Purpose::Cover, runs });
    }

    /// They came: the checkpoint is signed and sealed.
    pub(super) fn covers_came(&mut self, cx: &mut Cx<'_>, entries: &[Stored]) {
        let Some(making) = self.compacting.making.take_if(|making| matches!(making.step, Step::Cover)) else { return };
        let mut covers = Vec::new();
        for (log, tip) in &making.tips {
            let find = |seq: u64| entries.iter().find(|one| one.wire.log() == *log && one.wire.seq() == seq);
            let covered = find(1).zip(find(*tip)).and_then(|(birth, last)| self.cover(log, birth, last));
            let Some(covered) = covered else { return self.stand_off(cx, "an entry is gone") };
            covers.push(covered);
        }
        let (Some((queue, key)), Some(journal), Some(vault)) = (self.write_key(), self.journal(), &self.vault) else { return };
        let Some(keys) = self.keys.get(&queue) else { return };
        let said = Checkpoint {
            by: vault.device(),
            at_ms: cx.now.wall.as_millisecond(),
            covers,
            bundles: making.bundles.clone(),
            erased: self.erased.told(),
            keys: self.given.clone(),
            forks: self.forks.iter().copied().collect(),
            replaced: self.replaced.iter().copied().collect(),
            deeds: self.deeds.last(DEEDS),
            replaces: self.bases.all().map(|base| base.id).collect(),
        };
        let sealed = checkpoint::seal(&keys.read, &vault.signing, journal.id(), key, &said, cx.rng);
        let Some(base) = sealed.ok().and_then(|bytes| Base::new(key, bytes, said)) else {
            return self.stand_off(cx, "the checkpoint is too long");
        };
        cx.rest.push(Effect::KeepCheckpoint(base.sealed.clone()));
        self.compacting.making = Some(Making { step: Step::Seal(Box::new(base)), ..making });
    }

    /// A log up to an entry. One that is a stub already was the last that an earlier checkpoint covered: that has its proof.
    fn cover(&self, log: &LogId, birth: &Stored, last: &Stored) -> Option<Covered> {
        let known = self.logs.get(log)?;
        let Wire::Entry(born) = &birth.wire else { return None };
        if matches!(last.wire, Wire::Stub(_)) {
            let tip = (last.wire.seq(), last.wire.link(&last.previous));
            let is_same = |covered: &&Covered| tip_of(covered) == Some((*log, tip));
            return self.bases.all().flat_map(|base| &base.said.covers).find(is_same).cloned();
        }
        let keys = self.keys.get(&known.head.queue)?;
        let place = Place { space: known.space, log: *log, seq: last.wire.seq(), previous: last.previous };
        let proof = entry::open(&keys.read, &place, &last.wire).ok()?.proof();
        let tip = Blob(last.wire.to_stub().bytes().to_vec());
        Some(Covered { queue: known.head.queue, key: known.head.key, birth: Blob(born.clone()), previous: last.previous, tip, proof })
    }

    /// From now on documents are built on this one.
    fn stand_on(&mut self, cx: &mut Cx<'_>, base: Base) {
        tracing::info!(id = %base.id, "a checkpoint is kept");
        self.forget_covered(&base);
        self.bases.push(base);
        self.compacting.look_at = Some(cx.now.mono);
        // One that was saved before knows nothing of it.
        self.save_snapshot(cx);
    }

    /// Something stood in the way: the journal is as it was, and it is tried again later.
    fn stand_off(&mut self, cx: &mut Cx<'_>, reason: &str) {
        tracing::warn!(reason, "no checkpoint was made");
        self.compacting.making = None;
        self.compacting.not_before = Some(self.now.mono + AGAIN);
        if self.has_to_erase() {
            self.stand_off_erasing(cx, reason);
        }
    }
}
