//! What documents are built on: the checkpoints that are held here, and behind what they cover the entries of the logs.
//!
//! ```text
//! log       birth . . . . . . . . . . . o o o o o        a checkpoint covers the dots, whether they are still here or not
//! document  the snapshot in the checkpoint + the changes of the entries behind it
//! ```
//!
//! A checkpoint that was made here holds all that those before it held: it replaces them. One that came from another device stands beside them, and a
//! document is then built on both.

use std::collections::{BTreeMap, BTreeSet};

use asif_proto::id::{CheckpointId, KeyId, Link, LogId, PieceId, RecordId};
use zeroize::Zeroizing;

use super::deeds::Deeds;
use super::effect::{Effect, LogHead, Stored};
use super::{Cx, Replica};
use crate::journal::bundle;
use crate::journal::document::Document;
use crate::journal::erased::Erased;
use crate::journal::guard::Checked;
use crate::journal::view::Read;
use crate::seal::body::{Body, DocId, Erase, Keys};
use crate::seal::checkpoint::{self, Bundle, Checkpoint, Covered};
use crate::seal::entry::{self, Place};
use crate::seal::piece;
use crate::seal::wire::Wire;

/// One checkpoint that is held.
#[derive(Debug, Clone)]
pub(super) struct Base {
    pub(super) id: CheckpointId,
    /// The key it is sealed with.
    key: KeyId,
    /// Itself, sealed, to be passed on.
    pub(super) sealed: Vec<u8>,
    pub(super) said: Checkpoint,
    /// Up to where it covers each log.
    pub(super) tips: BTreeMap<LogId, (u64, Link)>,
}

impl Base {
    pub(super) fn new(key: KeyId, sealed: Vec<u8>, said: Checkpoint) -> Option<Self> {
        let tips = said.covers.iter().map(tip_of).collect::<Option<_>>()?;
        Some(Self { id: CheckpointId::of(&sealed), key, sealed, said, tips })
    }

    /// The head of a log that it covers.
    pub(super) fn head(&self, log: &LogId) -> Option<LogHead> {
        let covered = self.said.covers.iter().find(|covered| tip_of(covered).is_some_and(|(one, _)| one == *log))?;
        Some(LogHead { queue: covered.queue, key: covered.key, log: *log })
    }

    /// The place of the bundle in which a document lies.
    pub(super) fn bundle_of(&self, doc: DocId) -> Option<usize> {
        self.said.bundles.iter().position(|bundle| bundle.documents.iter().any(|one| one.doc == doc))
    }

    /// Whether it is sealed with this key.
    pub(super) fn is_sealed_with(&self, key: KeyId) -> bool {
        self.key == key
    }

    /// The pieces of all its bundles.
    pub(super) fn pieces(&self) -> impl Iterator<Item = PieceId> {
        self.said.bundles.iter().flat_map(|bundle| bundle.pieces.iter().copied())
    }
}

/// Every checkpoint that is held.
#[derive(Debug, Default)]
pub(super) struct Bases {
    all: Vec<Base>,
    /// Those of which another one here holds everything.
    replaced: BTreeSet<CheckpointId>,
    /// Pieces that are on the disk.
    pub(super) pieces: BTreeSet<PieceId>,
    /// Bundles that are still to be read into the view.
    unread: usize,
    /// Documents whose rows in the view are to be made anew once they are here.
    stale: BTreeSet<DocId>,
}

impl Bases {
    /// All of them.
    pub(super) fn all(&self) -> impl Iterator<Item = &Base> {
        self.all.iter()
    }

    /// Those that no other one replaces: documents are built on them.
    pub(super) fn current(&self) -> impl Iterator<Item = &Base> {
        self.all.iter().filter(|one| !self.replaced.contains(&one.id))
    }

    /// To be said whenever `all` has changed.
    fn changed(&mut self) {
        self.replaced = self.all.iter().flat_map(|base| base.said.replaces.iter().copied()).collect();
    }

    /// Up to where the entries of a log are covered; 0: none is.
    pub(super) fn covered(&self, log: &LogId) -> u64 {
        self.current().filter_map(|base| base.tips.get(log)).map(|(seq, _)| *seq).max().unwrap_or(0)
    }

    /// Where a document lies: the checkpoints and the places of its bundles in them.
    pub(super) fn bundles_of(&self, doc: DocId) -> Vec<(&Base, usize)> {
        self.current().filter_map(|base| Some((base, base.bundle_of(doc)?))).collect()
    }

    /// Holds one more.
    pub(super) fn push(&mut self, base: Base) {
        self.pieces.extend(base.pieces());
        self.all.retain(|one| one.id != base.id);
        self.all.push(base);
        self.changed();
    }

    /// Lets go of some; returns the pieces that neither another one nor one that is `coming` needs.
    fn drop(&mut self, ids: &[CheckpointId], coming: Option<&Base>) -> Vec<PieceId> {
        self.all.retain(|base| !ids.contains(&base.id));
        self.changed();
        let needed: BTreeSet<PieceId> = self.all.iter().chain(coming).flat_map(Base::pieces).collect();
        let (kept, unneeded): (BTreeSet<PieceId>, BTreeSet<PieceId>) = self.pieces.iter().partition(|id| needed.contains(id));
        self.pieces = kept;
        unneeded.into_iter().collect()
    }
}

impl Replica {
    /// Opens the checkpoints that were found.
    pub(super) fn load_bases(&mut self, found: Vec<(CheckpointId, Vec<u8>)>, pieces: BTreeSet<PieceId>) {
        self.bases = Bases { pieces, ..Bases::default() };
        for (id, bytes) in found {
            match self.open_base(id, &bytes) {
                Some(base) => self.bases.all.push(base),
                None => {
                    let why = checkpoint::key_of(&bytes).err().map_or_else(|| "it does not open".to_owned(), |error| error.to_string());
                    self.damage.push((None, format!("checkpoint {id} is here, and {why}")));
                }
            }
        }
        self.bases.all.sort_by_key(|base| (base.said.at_ms, base.id));
        self.bases.changed();
        let covered: Vec<(LogId, u64)> = self.logs.values().map(|log| (log.head.log, log.from)).filter(|(_, from)| *from > 2).collect();
        for (log, from) in covered {
            if self.bases.covered(&log) + 1 < from {
                let what = format!("entries 2 to {} of log {log} are covered by a checkpoint that is not here", from - 1);
                self.damage.push((Some(log), what));
            }
        }
    }

    /// Lets go of some checkpoints here; returns the pieces that nothing needs any more.
    pub(super) fn drop_bases(&mut self, ids: &[CheckpointId]) -> Vec<PieceId> {
        let coming = self.adopting.as_ref().map(|adopting| &adopting.base);
        self.bases.drop(ids, coming)
    }

    /// Lets go of the checkpoints of a journal that is not gone on with.
    pub(super) fn let_go_of_all_bases(&mut self, cx: &mut Cx<'_>) {
        let checkpoints: Vec<CheckpointId> = self.bases.all().map(|base| base.id).collect();
        let pieces = self.drop_bases(&checkpoints);
        if !checkpoints.is_empty() {
            cx.rest.push(Effect::DropSealed { checkpoints, pieces });
        }
    }

    /// A sealed checkpoint of the own journal, opened.
    pub(super) fn open_base(&self, id: CheckpointId, bytes: &[u8]) -> Option<Base> {
        let key = checkpoint::key_of(bytes).ok()?;
        let journal = self.journal()?;
        let queue = self.registry.epochs(journal.id()).find(|epoch| epoch.key == key)?.queue();
        let said = checkpoint::open(&self.keys.get(&queue)?.read, journal.id(), bytes).ok()?;
        Base::new(key, bytes.to_vec(), said).filter(|base| base.id == id)
    }

    /// Asks for what a document is built of.
    pub(super) fn read_document(&mut self, cx: &mut Cx<'_>, doc: DocId) {
        let lies = self.bases.bundles_of(doc);
        let pieces =
            lies.iter().filter_map(|(base, at)| base.said.bundles.get(*at)).flat_map(|bundle| bundle.pieces.iter().copied()).collect();
        let runs = self.index.get(&doc).map(super::documents::runs).unwrap_or_default();
        self.reading += 1;
        cx.rest.push(Effect::Build { doc, pieces, runs });
    }

    /// Whether there is anything that a document is built of.
    pub(super) fn has_begun(&self, doc: DocId) -> bool {
        self.index.contains_key(&doc) || !self.bases.bundles_of(doc).is_empty()
    }

    /// What a document is built of came.
    pub(super) fn build(&mut self, cx: &mut Cx<'_>, doc: DocId, pieces: &[Option<Vec<u8>>], entries: Vec<Stored>) {
        self.reading = self.reading.saturating_sub(1);
        let mut pieces = pieces;
        let mut document: Option<Document> = None;
        let mut touches: Touches = BTreeMap::new();
        let lies: Vec<(Base, usize)> = self.bases.bundles_of(doc).into_iter().map(|(base, at)| (base.clone(), at)).collect();
        for (base, at) in lies {
            let count = base.said.bundles.get(at).map_or(0, |bundle| bundle.pieces.len());
            let (of, rest) = pieces.split_at_checked(count).unwrap_or((pieces, &[]));
            pieces = rest;
            let Some((loaded, of_loaded)) = self.load_from(&base, at, of, doc) else {
                let what = format!("a document of the journal could not be read from checkpoint {}", base.id);
                self.damage.push((None, what));
                continue;
            };
            document = Some(match document {
                None => {
                    touches = loaded.records().map(|record| (record, of_loaded.get(&record).copied().unwrap_or(1))).collect();
                    loaded
                }
                Some(mut so_far) => {
                    for keys in so_far.absorb(loaded).unwrap_or_default() {
                        count_touches(&mut touches, &keys);
                    }
                    so_far
                }
            });
        }
        let mut document = document.unwrap_or_else(|| Document::new(self.erased.clone()));
        let is_stale = self.bases.stale.remove(&doc);
        self.load_entries(doc, &mut document, entries, |checked: &Checked| count_touches(&mut touches, checked.keys()));
        if is_stale {
            self.view.take_over(doc, &document, &touches);
            self.reminding.stale |= doc == DocId::Plan;
        }
        self.documents.insert(doc, document);
        self.recent.push_back(doc);
        if is_stale {
            self.based(cx);
        }
    }

    /// One document of a bundle, and how many changes touched its records where it was more than one.
    pub(super) fn load_from(&self, base: &Base, at: usize, pieces: &[Option<Vec<u8>>], doc: DocId) -> Option<(Document, Touches)> {
        let folded = self.open_bundle(base, at, pieces)?;
        let laid = bundle::unfold(&folded).ok()?.into_iter().find(|laid| laid.doc == doc)?;
        Some((laid.load().and_then(|document| document.without(&self.erased)).ok()?, laid.touches()))
    }

    /// The documents of a bundle, one after another, as they were folded.
    pub(super) fn open_bundle(&self, base: &Base, at: usize, pieces: &[Option<Vec<u8>>]) -> Option<Zeroizing<Vec<u8>>> {
        let packed = self.packed_bundle(base, at, pieces)?;
        bundle::unpack(&packed, base.said.bundles.get(at)?.unfolded).ok().map(Zeroizing::new)
    }

    /// The same, still packed.
    pub(super) fn packed_bundle(&self, base: &Base, at: usize, pieces: &[Option<Vec<u8>>]) -> Option<Zeroizing<Vec<u8>>> {
        if pieces.len() != base.said.bundles.get(at)?.pieces.len() {
            return None;
        }
        let journal = self.journal()?;
        let queue = self.registry.epochs(journal.id()).find(|epoch| epoch.key == base.key)?.queue();
        let keys = self.keys.get(&queue)?;
        let mut packed = Zeroizing::new(Vec::new());
        for sealed in pieces {
            packed.extend_from_slice(&piece::open(&keys.read, journal.id(), base.key, sealed.as_ref()?).ok()?);
        }
        Some(packed)
    }

    /// Begins the view with what the checkpoints say; the entries behind them are read once that is there. Says whether there are any.
    pub(super) fn begin_with_bases(&mut self, cx: &mut Cx<'_>) -> bool {
        let current: Vec<Base> = self.bases.current().cloned().collect();
        self.bases.stale.clear();
        self.bases.unread = 0;
        for base in &current {
            for (log, (seq, _)) in &base.tips {
                if let Some(log) = self.logs.get_mut(log) {
                    log.merged = log.merged.max(*seq);
                }
            }
            self.take_in(cx, base, Reads::default());
        }
        if let Some(last) = current.last() {
            // What it took to make the view is not to be taken again at the next start.
            self.unsaved_entries = usize::MAX / 2;
            self.deeds = Deeds::of(last.said.deeds.clone());
            self.based(cx);
        }
        !current.is_empty()
    }

    /// Takes in what a checkpoint says, and has its documents read into the view, as far as they were not read yet.
    pub(super) fn take_in(&mut self, cx: &mut Cx<'_>, base: &Base, mut reads: Reads) {
        for covered in &base.said.covers {
            self.know_birth(covered);
        }
        let Keys { read, items } = base.said.keys.clone();
        self.given.read.extend(read.into_iter().filter(|one| !self.given.read.contains(one)).collect::<Vec<_>>());
        self.given.items.extend(items.into_iter().filter(|one| !self.given.items.contains(one)).collect::<Vec<_>>());
        self.learn_erased(cx, &base.said.erased);
        self.forks.extend(&base.said.forks);
        self.replaced.extend(&base.said.replaced);
        self.refresh_keys();
        let docs = base.said.bundles.iter().flat_map(|bundle| bundle.documents.iter().map(|one| one.doc));
        // What else is known of a document counts too.
        let more: Vec<DocId> = docs.filter(|doc| self.index.contains_key(doc) || self.bases.bundles_of(*doc).len() > 1).collect();
        self.bases.stale.extend(more);
        if reads.without != self.erased.told() {
            reads.of.clear();
        }
        for (at, bundle) in base.said.bundles.iter().enumerate() {
            if self.take_reads(cx, bundle, &mut reads) {
                continue;
            }
            self.bases.unread += 1;
            self.reading += 1;
            cx.rest.push(Effect::Unpack { of: base.id, bundle: at, pieces: bundle.pieces.clone() });
        }
    }

    /// Takes over what was read of the documents of a bundle. Says whether that is all there is to read of it.
    fn take_reads(&mut self, cx: &mut Cx<'_>, bundle: &Bundle, reads: &mut Reads) -> bool {
        let docs: Vec<DocId> = bundle.documents.iter().map(|one| one.doc).filter(|doc| !self.bases.stale.contains(doc)).collect();
        let Some(vault) = self.vault.as_ref().filter(|_| docs.iter().all(|doc| reads.of.contains_key(doc))) else { return false };
        let mut read = docs.iter().filter_map(|doc| reads.of.remove(doc));
        read.try_for_each(|read| self.view.take_read(read, &vault.cache, cx.rng)).is_ok()
    }

    /// Entries that a checkpoint covers are in its documents.
    pub(super) fn forget_covered(&mut self, base: &Base) {
        for logs in self.index.values_mut() {
            for (log, seqs) in logs.iter_mut() {
                let covered = base.tips.get(log).map_or(0, |(seq, _)| *seq);
                seqs.retain(|seq| *seq > covered);
            }
            logs.retain(|_, seqs| !seqs.is_empty());
        }
        self.index.retain(|_, logs| !logs.is_empty());
    }

    /// A bundle came: its documents go into the view.
    pub(super) fn unpacked(&mut self, cx: &mut Cx<'_>, of: CheckpointId, at: usize, pieces: &[Option<Vec<u8>>]) {
        if self.unpacked_to_adopt(cx, of, at, pieces) {
            return;
        }
        self.reading = self.reading.saturating_sub(1);
        self.bases.unread = self.bases.unread.saturating_sub(1);
        let base = self.bases.current().find(|base| base.id == of).cloned();
        let Some(base) = base else { return self.based(cx) };
        let wanted: BTreeSet<DocId> =
            base.said.bundles.get(at).into_iter().flat_map(|bundle| bundle.documents.iter().map(|one| one.doc)).collect();
        let folded = self.open_bundle(&base, at, pieces);
        let laid = folded.as_ref().and_then(|folded| bundle::unfold(folded).ok());
        let mut read = BTreeSet::new();
        for laid in laid.into_iter().flatten().filter(|laid| wanted.contains(&laid.doc) && !self.bases.stale.contains(&laid.doc)) {
            if let Ok(document) = laid.load().and_then(|document| document.without(&self.erased)) {
                let again = laid.touches();
                let touches = document.records().map(|record| (record, again.get(&record).copied().unwrap_or(1))).collect();
                self.view.take_over(laid.doc, &document, &touches);
                read.insert(laid.doc);
            }
        }
        if wanted.iter().any(|doc| !read.contains(doc) && !self.bases.stale.contains(doc)) {
            self.damage.push((None, format!("documents of the journal could not be read from checkpoint {of}")));
        }
        self.seal_view(cx);
        self.based(cx);
    }

    /// Once every bundle is in the view, what was written behind them follows.
    pub(super) fn based(&mut self, cx: &mut Cx<'_>) {
        if self.bases.unread > 0 {
            return;
        }
        if let Some(doc) = self.bases.stale.first().copied() {
            // One that is here may be older than what came.
            self.documents.remove(&doc);
            if self.loading.insert(doc) {
                self.read_document(cx, doc);
            }
            return;
        }
        self.reminding.stale = true;
        self.read_tails(cx, Vec::new());
    }

    /// The device whose log this is, from its birth.
    fn know_birth(&mut self, covered: &Covered) {
        let (Some(journal), Some(keys)) = (self.journal(), self.keys.get(&covered.queue)) else { return };
        let Ok(birth) = Wire::entry(covered.birth.0.clone()) else { return };
        let place = Place { space: journal.id(), log: birth.log(), seq: 1, previous: Link::ZERO };
        let opened = entry::open(&keys.read, &place, &birth).ok().and_then(|opened| Body::from_bytes(opened.bodies()).ok());
        if let (Some(Body::Birth(said)), Some(log)) = (opened, self.logs.get_mut(&birth.log())) {
            log.device = Some(said.device);
        }
    }
}

/// Up to where a log is covered.
pub(super) fn tip_of(covered: &Covered) -> Option<(LogId, (u64, Link))> {
    let (birth, tip) = (Wire::entry(covered.birth.0.clone()).ok()?, Wire::stub(covered.tip.0.clone()).ok()?);
    let is_birth = tip == birth.to_stub() && covered.previous == Link::ZERO;
    let is_one = birth.seq() == 1 && birth.log() == tip.log() && (tip.seq() > 1 || is_birth);
    is_one.then(|| (tip.log(), (tip.seq(), tip.link(&covered.previous))))
}

/// What documents say, as it was read in the process that judged them.
#[derive(Debug)]
pub(super) struct Reads {
    pub(super) of: BTreeMap<DocId, Read>,
    /// What was erased by then, and is not in it.
    pub(super) without: Erase,
}

impl Default for Reads {
    fn default() -> Self {
        Self { of: BTreeMap::new(), without: Erased::default().told() }
    }
}

/// How many changes ever touched each record.
type Touches = BTreeMap<RecordId, u64>;

/// Counts one change with these keys.
fn count_touches(touches: &mut Touches, keys: &BTreeSet<String>) {
    let records: BTreeSet<_> = keys.iter().filter_map(|key| crate::journal::schema::record_of(key)).collect();
    for record in records {
        *touches.entry(record).or_default() += 1;
    }
}
