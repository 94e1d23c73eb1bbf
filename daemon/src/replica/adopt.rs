//! Taking a checkpoint that another own device made, instead of the entries that it stands for.
//!
//! ```text
//! offered   opened, its maker and the signatures of what it covers checked, nothing of it contradicts what is held
//! pieces    asked for a few at a time; each is on stable storage before the next are: whatever breaks off, the rest is asked for later
//! judged    each bundle is loaded in another process with limits, and its documents have the heads that were said
//! compared  of documents that are here too, every covered change that is held is in what came
//! adopted   the checkpoint is kept and the logs go on behind what it covers, in one go; what was held of them is kept aside
//! ```
//!
//! Nothing here takes anything away: what documents are built on only grows.

mod compare;
mod showing;
mod swap;

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use asif_proto::id::{CheckpointId, DeviceId, Link, LogId, PieceId};
use asif_proto::peer::{Message, OTHERWISE, Offered};

use super::base::{Base, Reads, tip_of};
use super::deeds::Deeds;
use super::effect::{Effect, Jump, LinkId, LogHead, Opaque};
use super::logs::Log;
use super::snapshot::SAVE_SOON;
use super::{Cx, Replica};
use crate::journal::bundle::Judged;
use crate::journal::erased::Erased;
use crate::journal::view::View;
use crate::people::space::Space;
use crate::seal::body::{Body, DocId};
use crate::seal::checkpoint::Covered;
use crate::seal::entry::{self, Place};
use crate::seal::wire::Wire;

/// Pieces that are asked for at one time.
const WINDOW: usize = 8;

/// Bundles that are judged at one time, each in a process of its own.
const JUDGED_AT_ONCE: usize = 2;

/// A checkpoint that is being taken.
#[derive(Debug)]
pub(super) struct Adopting {
    pub(super) base: Base,
    jumps: Jumps,
    /// Who gives the pieces.
    from: LinkId,
    /// Pieces that are not here, in the order in which they are wanted.
    missing: VecDeque<PieceId>,
    /// Those that were asked for.
    asked: BTreeSet<PieceId>,
    /// Bundles that are not judged, and those that are being judged now.
    unjudged: VecDeque<usize>,
    at_judge: BTreeSet<usize>,
    /// Those whose pieces are being read for that.
    unpacking: BTreeSet<usize>,
    /// What the judged ones say.
    reads: Reads,
    /// The same as it is shown where there is nothing else to show.
    shown: View,
    /// Something is being read, to be compared.
    judging: bool,
    /// Documents in which what is held is still to be looked for.
    uncompared: Option<VecDeque<DocId>>,
    /// Up to where each log was held when that was begun.
    held: BTreeMap<LogId, u64>,
    /// Logs that are longer here than it covers go through the entries that it names, as far as those are here.
    goes_through: bool,
    /// Of each log, the first entry whose change is held here and is not in what came.
    lacking: BTreeMap<LogId, u64>,
    /// It is known to stand for another branch of a log than what is here.
    parted: bool,
    /// Whoever gives it holds the same and makes something else of it.
    otherwise: bool,
    /// What is written again where it takes the place of what is here.
    swap: Option<swap::Swap>,
    /// It is being put on stable storage.
    keeping: bool,
}

impl Adopting {
    /// Whether this document is the next that is looked at to be written again.
    pub(super) fn swaps(&self, doc: DocId) -> bool {
        self.swap.as_ref().is_some_and(|swap| swap.is_at(doc))
    }
}

impl Replica {
    /// An own device offers a checkpoint.
    pub(super) fn offered_checkpoint(&mut self, cx: &mut Cx<'_>, from: LinkId, offered: Offered) {
        let sealed = offered.sealed.0;
        let id = CheckpointId::of(&sealed);
        match &mut self.adopting {
            Some(adopting) if adopting.base.id == id => {
                adopting.from = from;
                adopting.asked.clear();
                return self.ask_for_pieces(cx);
            }
            // Whoever gave it offers another one, or is gone.
            Some(adopting) if !adopting.keeping && (adopting.from == from || !self.links.contains_key(&adopting.from)) => {
                self.adopting = None;
            }
            Some(_) => return self.decline(cx, from, id, None),
            None => {}
        }
        if self.locked || self.person().is_none() || !self.writes_of_itself() {
            return self.decline(cx, from, id, None);
        }
        let Some(base) = self.open_base(id, &sealed) else { return self.decline(cx, from, id, Some("a checkpoint that does not open")) };
        let Some(jumps) = self.jumps(&base) else {
            return self.decline(cx, from, id, Some("a checkpoint that covers what its devices did not sign"));
        };
        if base.tips.keys().any(|log| self.logs.get(log).is_some_and(|held| Some(held.head) != base.head(log))) {
            return self.decline(cx, from, id, Some("a checkpoint that names another key for a log than it has here"));
        }
        let disputed = self.links.get(&from).map(|link| &link.disputed);
        let is_news = |(log, (tip, link)): (&LogId, &(u64, Link))| {
            let otherwise = disputed.is_some_and(|disputed| disputed.contains_key(log));
            self.logs.get(log).is_none_or(|held| held.seq < *tip || (held.seq == *tip && held.link != *link) || otherwise)
        };
        let parted = offered.instead_of.is_some_and(|ours| ours == OTHERWISE || self.bases.current().any(|base| base.id == ours));
        if !parted && (self.bases.all().any(|one| one.id == id) || !base.tips.iter().any(is_news)) {
            return self.decline(cx, from, id, None);
        }
        // What this device wrote and no longer has comes back with it: nothing may be written under those numbers meanwhile.
        for (log, (tip, _)) in &base.tips {
            if self.logs.get(log).is_some_and(|held| held.seq < *tip) {
                self.retire(cx, *log);
            }
        }
        // The newest first: they are shown while the rest arrives.
        let mut order: Vec<usize> = (0..base.said.bundles.len()).collect();
        let newest = |at: &usize| base.said.bundles.get(*at).and_then(|bundle| bundle.documents.iter().map(|one| rank(one.doc)).max());
        order.sort_by_key(|at| std::cmp::Reverse(newest(at)));
        let pieces = order.iter().filter_map(|at| base.said.bundles.get(*at)).flat_map(|bundle| bundle.pieces.iter().copied());
        let missing = pieces.filter(|piece| !self.bases.pieces.contains(piece)).collect();
        let mut erased = Erased::of(&self.erased.told());
        erased.add(&base.said.erased);
        let reads = Reads { without: erased.told(), ..Reads::default() };
        self.adopting = Some(Adopting {
            base,
            jumps,
            from,
            missing,
            asked: BTreeSet::new(),
            unjudged: order.into(),
            at_judge: BTreeSet::new(),
            unpacking: BTreeSet::new(),
            reads,
            shown: View::default(),
            judging: false,
            uncompared: None,
            held: BTreeMap::new(),
            goes_through: false,
            lacking: BTreeMap::new(),
            parted,
            otherwise: offered.instead_of == Some(OTHERWISE),
            swap: None,
            keeping: false,
        });
        self.ask_for_pieces(cx);
        self.go_on_adopting(cx);
    }

    /// What is held agrees with a checkpoint of a peer: as far as that stands for logs, they went on in one way.
    fn settle_disputes(&mut self, from: LinkId, base: &Base) {
        if let Some(link) = self.links.get_mut(&from) {
            link.disputed.retain(|log, _| !base.tips.contains_key(log));
            link.compare |= link.compared;
        }
    }

    fn decline(&mut self, cx: &mut Cx<'_>, from: LinkId, id: CheckpointId, why: Option<&str>) {
        if let Some(why) = why {
            self.refuse(why);
        }
        // They may not know what is here by now.
        if let Some(link) = self.links.get_mut(&from) {
            link.compare |= link.compared;
        }
        cx.rest.push(Effect::Send { link: from, message: Message::NoCheckpoint(id) });
    }

    /// It is not taken after all.
    pub(super) fn not_taken(&mut self, cx: &mut Cx<'_>, why: &str) {
        if let Some(adopting) = self.adopting.take() {
            self.decline(cx, adopting.from, adopting.base.id, Some(why));
        }
    }

    /// What a checkpoint says of each log: its birth is of a device that may write here, and that one signed the last covered entry.
    fn jumps(&self, base: &Base) -> Option<Jumps> {
        let journal = self.journal()?;
        self.registry.roster(&journal.owner()).device(&base.said.by)?;
        base.said.covers.iter().map(|covered| self.jump(journal, covered)).collect()
    }

    fn jump(&self, journal: Space, covered: &Covered) -> Option<(LogId, (DeviceId, Jump))> {
        let (log, (seq, _)) = tip_of(covered)?;
        let epoch = self.registry.epoch(&covered.queue).filter(|epoch| epoch.space == journal && epoch.key == covered.key)?;
        let keys = self.keys.get(&epoch.queue())?;
        let (birth, tip) = (Wire::entry(covered.birth.0.clone()).ok()?, Wire::stub(covered.tip.0.clone()).ok()?);
        let place = |seq, previous| Place { space: journal.id(), log, seq, previous };
        let born = entry::open(&keys.read, &place(1, Link::ZERO), &birth).ok()?;
        let Ok(Body::Birth(said)) = Body::from_bytes(born.bodies()) else { return None };
        let device = said.device;
        self.registry.roster(&journal.owner()).member(&device).filter(|_| said.space == journal.id() && said.key == covered.key)?;
        covered.proof.verify(&place(seq, covered.previous), &tip, &device).ok()?;
        let head = LogHead { queue: covered.queue, key: covered.key, log };
        Some((log, (device, Jump { head, birth, previous: covered.previous, tip, ends_there: false })))
    }

    /// Up to where the checkpoint that is being taken covers a log, and the link there.
    pub(super) fn adopting_tip(&self, log: &LogId) -> Option<(u64, Link)> {
        self.adopting.as_ref()?.base.tips.get(log).copied()
    }

    fn ask_for_pieces(&mut self, cx: &mut Cx<'_>) {
        let Some(adopting) = &mut self.adopting else { return };
        let room = WINDOW.saturating_sub(adopting.asked.len());
        let wanted: Vec<PieceId> = adopting.missing.iter().filter(|piece| !adopting.asked.contains(piece)).take(room).copied().collect();
        if !wanted.is_empty() && self.links.contains_key(&adopting.from) {
            adopting.asked.extend(&wanted);
            cx.rest.push(Effect::Send { link: adopting.from, message: Message::GetPieces(wanted) });
        }
    }

    /// A piece came: it is kept if it was asked for.
    pub(super) fn piece_came(&mut self, cx: &mut Cx<'_>, bytes: Vec<u8>) {
        let id = PieceId::of(&bytes);
        let Some(adopting) = self.adopting.as_mut().filter(|adopting| adopting.asked.contains(&id)) else {
            return self.refuse("a piece of a checkpoint that was not asked for");
        };
        adopting.asked.remove(&id);
        adopting.missing.retain(|one| *one != id);
        cx.rest.push(Effect::TakePiece(bytes));
        self.bases.pieces.insert(id);
        self.tell_arriving(cx);
        self.ask_for_pieces(cx);
        self.go_on_adopting(cx);
    }

    /// Has the next bundle judged whose pieces are all here; once all are, compares, and then takes it.
    pub(super) fn go_on_adopting(&mut self, cx: &mut Cx<'_>) {
        let Some(adopting) = self.adopting.as_mut().filter(|adopting| !adopting.judging && !adopting.keeping) else { return };
        if !adopting.unjudged.is_empty() {
            let missing: BTreeSet<&PieceId> = adopting.missing.iter().collect();
            let waiting = adopting.unjudged.iter().filter(|at| !adopting.at_judge.contains(at));
            let with_pieces = waiting.filter_map(|at| Some((*at, &adopting.base.said.bundles.get(*at)?.pieces)));
            let here = with_pieces.filter(|(_, pieces)| !pieces.iter().any(|piece| missing.contains(piece)));
            let next: Vec<(usize, Vec<PieceId>)> =
                here.take(JUDGED_AT_ONCE.saturating_sub(adopting.at_judge.len())).map(|(at, pieces)| (at, pieces.clone())).collect();
            for (bundle, pieces) in next {
                adopting.at_judge.insert(bundle);
                adopting.unpacking.insert(bundle);
                cx.rest.push(Effect::Unpack { of: adopting.base.id, bundle, pieces });
            }
            return;
        }
        let swaps = adopting.swap.is_some();
        // What is here must be in the views, and what gives way to it must have given way.
        if !self.is_ready() || !self.losses.is_empty() {
            return;
        }
        if swaps {
            return self.swap_next(cx);
        }
        if self.adopting.as_mut().is_some_and(|adopting| std::mem::take(&mut adopting.parted)) {
            return self.swap_or_not(cx);
        }
        self.compare_or_keep(cx);
    }

    /// The pieces of a bundle of a checkpoint that is being taken; says whether it was that.
    pub(super) fn unpacked_to_adopt(&mut self, cx: &mut Cx<'_>, of: CheckpointId, at: usize, pieces: &[Option<Vec<u8>>]) -> bool {
        let Some(adopting) = self.adopting.as_mut().filter(|adopting| adopting.base.id == of) else { return false };
        // The same checkpoint may be read into the view, too.
        if !adopting.unpacking.remove(&at) {
            return false;
        }
        let (base, erased) = (adopting.base.clone(), Some(adopting.reads.without.clone()));
        match (self.packed_bundle(&base, at, pieces), base.said.bundles.get(at)) {
            (Some(packed), Some(bundle)) => {
                let (of, packed, unfolded) = (Some((of, at)), Opaque::new(packed.to_vec()), bundle.unfolded);
                cx.rest.push(Effect::Judge { of, packed, unfolded, erased });
            }
            _ => self.not_taken(cx, "a checkpoint of which a piece does not open"),
        }
        true
    }

    /// A bundle was judged in another process: which documents it holds, and their heads.
    pub(super) fn judged(&mut self, cx: &mut Cx<'_>, of: CheckpointId, at: usize, judged: Result<Vec<Judged>, String>) {
        let Some(adopting) = self.adopting.as_mut().filter(|adopting| adopting.base.id == of) else { return };
        adopting.at_judge.remove(&at);
        let mut found: BTreeMap<DocId, Judged> = match judged {
            Ok(found) => found.into_iter().map(|one| (one.doc, one)).collect(),
            Err(reason) => {
                tracing::warn!(reason, "a bundle of a checkpoint does not load");
                return self.not_taken(cx, "a checkpoint whose documents do not load");
            }
        };
        let said = adopting.base.said.bundles.get(at).map(|bundle| bundle.documents.clone()).unwrap_or_default();
        if said.iter().any(|one| found.get(&one.doc).is_none_or(|found| found.heads != one.heads)) {
            return self.not_taken(cx, "a checkpoint whose documents are others than it says");
        }
        let reads = said.iter().filter_map(|one| Some((one.doc, found.remove(&one.doc)?.read?))).collect();
        adopting.unjudged.retain(|one| *one != at);
        self.keep_reads(cx, reads);
        self.tell_arriving(cx);
        self.go_on_adopting(cx);
    }

    /// Whether somebody is giving a checkpoint.
    pub(super) fn is_adopting(&self) -> bool {
        self.adopting.as_ref().is_some_and(|adopting| self.links.contains_key(&adopting.from))
    }

    /// It is on stable storage, and the logs go on behind what it covers.
    pub(super) fn adopted(&mut self, cx: &mut Cx<'_>, outcome: Result<(), String>) {
        if let Err(reason) = outcome {
            tracing::warn!(reason, "a checkpoint could not be kept");
            self.jumping.clear();
            return self.not_taken(cx, "a checkpoint for which there was no room");
        }
        let jumping = std::mem::take(&mut self.jumping);
        if !jumping.is_empty() {
            return self.take_jumps(cx, &jumping, None);
        }
        let Some(Adopting { base, jumps, from, reads, .. }) = self.adopting.take() else { return };
        tracing::info!(id = %base.id, "a checkpoint of another device is taken");
        self.take_jumps(cx, &jumps, Some(from));
        self.settle_disputes(from, &base);
        self.stand_beside(cx, base, reads);
    }

    /// A start finds less of a log than a checkpoint here stands for, as where an old copy was copied over newer files: it goes on behind that.
    pub(super) fn catch_up_with_bases(&mut self, cx: &mut Cx<'_>) {
        let bases: Vec<Base> = self.bases.current().cloned().collect();
        for base in bases {
            let lacks = |log: &LogId| self.logs.get(log).map_or(0, |log| log.seq) < base.tips.get(log).map_or(0, |(tip, _)| *tip);
            let jumps = self.jumps(&base).unwrap_or_default();
            let is_damaged = |log: &LogId| self.damage.iter().any(|(damaged, _)| *damaged == Some(*log));
            let jumps: Vec<_> = jumps.into_iter().filter(|(log, _)| lacks(log) && !is_damaged(log)).collect();
            // Nothing is written meanwhile under numbers that are taken.
            jumps.iter().for_each(|(log, _)| self.retire(cx, *log));
            self.jumping.extend(jumps);
        }
        if !self.jumping.is_empty() {
            let jumps = self.jumping.values().map(|(_, jump)| jump.clone()).collect();
            cx.rest.push(Effect::Adopt { checkpoint: Vec::new(), jumps, at_s: cx.now.wall.as_second() });
        }
    }

    /// Logs go on behind what a checkpoint covers.
    pub(super) fn take_jumps(&mut self, cx: &mut Cx<'_>, jumps: &Jumps, from: Option<LinkId>) {
        let Some(journal) = self.journal() else { return };
        let me = self.vault.as_ref().map(|vault| vault.device());
        // What is here by now is told everybody, also where it came by another way meanwhile.
        self.links.values_mut().for_each(|link| link.compare |= link.compared);
        for (id, (device, jump)) in jumps {
            let seq = jump.tip.seq();
            let log = self.logs.entry(*id).or_insert_with(|| Log::new(jump.head, journal.id(), *device));
            if log.seq >= seq {
                continue;
            }
            if log.seq + 1 < seq && seq > 2 {
                log.from = seq;
            }
            (log.seq, log.link, log.device) = (seq, jump.tip.link(&jump.previous), Some(*device));
            log.merged = log.merged.max(seq);
            if me == Some(*device) {
                // It comes back, and is not written on.
                self.retire(cx, *id);
            }
            if let Some(link) = from.and_then(|from| self.links.get_mut(&from)) {
                link.acknowledge(*id, seq, cx.now.mono);
            }
        }
    }

    /// Documents are built on this one too.
    fn stand_beside(&mut self, cx: &mut Cx<'_>, base: Base, reads: Reads) {
        self.forget_covered(&base);
        let deeds = base.said.deeds.clone();
        self.bases.push(base.clone());
        for doc in base.said.bundles.iter().flat_map(|bundle| bundle.documents.iter().map(|one| one.doc)) {
            self.documents.remove(&doc);
            self.recent.retain(|one| *one != doc);
        }
        if self.deeds.newest().next().is_none() {
            self.deeds = Deeds::of(deeds);
        } else {
            for deed in deeds {
                let at = jiff::Timestamp::from_second(deed.at).ok();
                self.deeds.remember(deed, at, cx.now.wall, |_| false);
            }
        }
        self.take_in(cx, &base, reads);
        self.rest_delays();
        cx.touched_elsewhere = true;
        (self.unsaved_entries, self.save_view_at) = (usize::MAX / 2, Some(cx.now.mono + SAVE_SOON));
        self.based(cx);
    }
}

/// Logs, by whose they are, that go on behind what a checkpoint covers.
pub(super) type Jumps = BTreeMap<LogId, (DeviceId, Jump)>;

/// The plan, then the newest months.
fn rank(doc: DocId) -> (u16, u8) {
    match doc {
        DocId::Plan => (u16::MAX, 0),
        DocId::Month { year, month } => (year, month),
    }
}
