//! Checkpoints that are kept, and entries that become stubs or go because of them.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use asif_proto::id::{CheckpointId, Link, LogId, PieceId, QueueId};
use asif_proto::peer::{Blob, Deposit, DropEntries, Entries, MAX_PIECES, Message, Offered, Sealed, Why};

use super::effect::{Effect, VisitorId};
use super::held::Held;
use super::names::{self, Head, Object, Run};
use super::queue::{Log, MAX_LOGS, MAX_PIECES as MAX_KEPT};
use super::records::{Deposited, Record};
use super::take::{links, read};
use super::{Asked, Cx, Mailbox};
use crate::seal::checkpoint::MAX_CHECKPOINT;
use crate::seal::piece::MAX_PIECE;
use crate::seal::proof;

/// The most checkpoints of one queue.
const MAX_DEPOSITS: usize = 16;

/// A checkpoint that somebody brings.
pub(super) struct Depositing {
    pub(super) by: VisitorId,
    about: Deposit,
    sealed: Option<Blob>,
    /// Pieces that are not here, and those that were asked for.
    missing: VecDeque<PieceId>,
    asked: BTreeSet<PieceId>,
}

/// What becomes of a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Change {
    /// These are stubs from now on.
    Stubs(BTreeMap<u64, Sealed>),
    /// It begins with this entry from now on.
    From(u64),
}

impl Mailbox {
    /// Somebody is about to bring a checkpoint.
    pub(super) fn deposit(&mut self, cx: &mut Cx, id: VisitorId, queue_id: QueueId, about: Deposit) {
        let Some(queue) = self.queues.get(&queue_id) else { return };
        if queue.deposits.contains_key(&about.id) {
            return self.compare(cx, id, queue_id);
        }
        let new: VecDeque<PieceId> = about.pieces.iter().filter(|piece| !queue.pieces.contains(piece)).copied().collect();
        let too_many = about.covers.len() > MAX_LOGS || queue.pieces.len().saturating_add(new.len()) > MAX_KEPT;
        if too_many || queue.deposits.len() >= MAX_DEPOSITS {
            return self.refuse(cx, id, Some(queue_id), Why::Limit);
        }
        let known = Depositing { by: id, about, sealed: None, missing: new, asked: BTreeSet::new() };
        // Whoever brings it may have come back.
        self.depositing.insert((queue_id, known.about.id), known);
    }

    /// The checkpoint itself.
    pub(super) fn deposit_came(&mut self, cx: &mut Cx, id: VisitorId, queue: QueueId, offered: Offered) {
        let checkpoint = CheckpointId::of(&offered.sealed.0);
        let Some(known) = self.depositing.get_mut(&(queue, checkpoint)).filter(|known| known.by == id) else {
            return cx.within(id, queue, Message::NoCheckpoint(checkpoint), false);
        };
        if offered.sealed.0.len() > MAX_CHECKPOINT {
            return self.dismiss(cx, id, Some(Why::Limit));
        }
        known.sealed = Some(offered.sealed);
        self.go_on_depositing(cx, queue, checkpoint);
    }

    fn go_on_depositing(&mut self, cx: &mut Cx, queue: QueueId, checkpoint: CheckpointId) {
        let Some(known) = self.depositing.get_mut(&(queue, checkpoint)) else { return };
        if known.missing.is_empty() && known.asked.is_empty() {
            let Some(sealed) = known.sealed.clone() else { return };
            let bytes = Deposited { about: known.about.clone(), sealed }.to_bytes();
            let len = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
            self.put(cx, names::object(&queue, &Object::Checkpoint(checkpoint)), bytes, Asked::PutDeposit(queue, checkpoint, len));
        } else if known.asked.is_empty() {
            let wanted: Vec<PieceId> = known.missing.drain(..known.missing.len().min(MAX_PIECES)).collect();
            known.asked.extend(&wanted);
            cx.within(known.by, queue, Message::GetPieces(wanted), false);
        }
    }

    pub(super) fn piece_came(&mut self, cx: &mut Cx, id: VisitorId, queue_id: QueueId, bytes: Vec<u8>) {
        let piece = PieceId::of(&bytes);
        let wanted = self.depositing.iter().any(|((queue, _), known)| *queue == queue_id && known.by == id && known.asked.contains(&piece));
        if !wanted || bytes.len() > MAX_PIECE {
            return self.refuse(cx, id, Some(queue_id), Why::Limit);
        }
        let len = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
        let account = self.queues.get(&queue_id).map(|queue| queue.account);
        if account.is_none_or(|account| !self.has_room(&account, len)) {
            self.depositing.retain(|(queue, _), known| *queue != queue_id || known.by != id);
            return self.refuse(cx, id, Some(queue_id), Why::Quota);
        }
        self.put(cx, names::object(&queue_id, &Object::Piece(piece)), bytes, Asked::PutPiece(queue_id, piece, len));
    }

    pub(super) fn piece_is_put(&mut self, cx: &mut Cx, queue_id: QueueId, piece: PieceId, len: u64) {
        let Some(queue) = self.queues.get_mut(&queue_id) else { return };
        queue.pieces.insert(piece);
        queue.bytes = queue.bytes.saturating_add(len);
        let account = queue.account;
        self.count(&account, len);
        self.counts.bytes += len;
        let mut going_on = Vec::new();
        for ((queue, checkpoint), known) in &mut self.depositing {
            if *queue == queue_id && known.asked.remove(&piece) {
                going_on.push(*checkpoint);
            }
        }
        going_on.into_iter().for_each(|checkpoint| self.go_on_depositing(cx, queue_id, checkpoint));
    }

    /// A checkpoint is where power cannot take it, with all its pieces: it stands for entries from now on.
    pub(super) fn deposit_is_put(&mut self, cx: &mut Cx, queue_id: QueueId, checkpoint: CheckpointId, len: u64) {
        let Some(Depositing { about, .. }) = self.depositing.remove(&(queue_id, checkpoint)) else { return };
        let Some(queue) = self.queues.get_mut(&queue_id) else { return };
        for stand in &about.covers {
            let head = Head { queue: stand.queue, key: stand.key };
            let log = queue.logs.entry(stand.log).or_insert_with(|| Log::of(Held::new(head)));
            if log.held.head == head {
                log.held.stand_for((stand.seq, stand.link));
            }
        }
        let (mut gone, mut unneeded) = (Vec::new(), BTreeSet::new());
        for old in &about.replaces {
            if let Some(old) = queue.deposits.remove(old) {
                gone.push(names::object(&queue_id, &Object::Checkpoint(old.id)));
                unneeded.extend(old.pieces);
            }
        }
        queue.deposits.insert(checkpoint, about);
        let needed: BTreeSet<PieceId> = queue.deposits.values().flat_map(|one| one.pieces.iter().copied()).collect();
        // Pieces of none are of one that somebody is still bringing, perhaps by way of another process.
        for piece in unneeded.difference(&needed) {
            queue.pieces.remove(piece);
            gone.push(names::object(&queue_id, &Object::Piece(*piece)));
        }
        let account = queue.account;
        self.count(&account, len);
        cx.effects.push(Effect::Delete { ask: None, names: gone });
        for (_, visitor) in self.visitors.values_mut() {
            if let Some(visit) = visitor.visits.get_mut(&queue_id) {
                visit.link.compare = true;
            }
        }
        self.stir(queue_id);
    }

    /// A piece that a checkpoint names is gone, as where two processes took two checkpoints at once: it stands for nothing any more, and is brought again.
    pub(super) fn lacks_piece(&mut self, cx: &mut Cx, queue_id: QueueId, piece: PieceId) {
        let Some(queue) = self.queues.get_mut(&queue_id) else { return };
        queue.pieces.remove(&piece);
        let broken: Vec<CheckpointId> = queue.deposits.values().filter(|one| one.pieces.contains(&piece)).map(|one| one.id).collect();
        if !broken.is_empty() {
            tracing::error!(%queue_id, "a piece of a checkpoint is not there; it is asked for again");
            broken.iter().for_each(|id| drop(queue.deposits.remove(id)));
            cx.effects.push(Effect::Delete {
                ask: None,
                names: broken.iter().map(|id| names::object(&queue_id, &Object::Checkpoint(*id))).collect(),
            });
            self.look_again(cx, queue_id);
        }
    }

    pub(super) fn not_deposited(&mut self, cx: &mut Cx, queue_id: QueueId) {
        let by: BTreeSet<VisitorId> =
            self.depositing.iter().filter(|((queue, _), _)| *queue == queue_id).map(|(_, known)| known.by).collect();
        self.depositing.retain(|(queue, _), _| *queue != queue_id);
        by.into_iter().for_each(|id| self.refuse(cx, id, Some(queue_id), Why::Store));
    }

    /// Entries that are held are to be stubs.
    pub(super) fn stubs(&mut self, cx: &mut Cx, id: VisitorId, queue_id: QueueId, run: Entries) {
        let Some(queue) = self.queues.get(&queue_id) else { return };
        let (Some(wires), Some(known)) = (read(&run), queue.logs.get(&run.log)) else { return };
        let head = known.held.head;
        let mut link = run.before;
        let mut stubs = BTreeMap::new();
        for (sealed, wire) in wires {
            link = wire.link(&link);
            let Sealed::Left { leave, .. } = &sealed else { continue };
            let is_good =
                queue.writing.is_some_and(|writing| proof::check_leave(&writing, queue_id, (run.log, wire.seq()), &link, leave).is_ok());
            if !is_good {
                return self.dismiss(cx, id, Some(Why::Proof));
            }
            stubs.insert(wire.seq(), (sealed, link));
        }
        let runs: Vec<Run> = known.held.runs().copied().collect();
        let is_held = |seq: &u64| runs.iter().any(|one| (one.from..=one.to).contains(seq));
        let gone: Vec<u64> = stubs.keys().copied().filter(|seq| !is_held(seq)).collect();
        if !gone.is_empty() {
            cx.within(id, queue_id, Message::Stubbed(run.log, gone), false);
        }
        for one in runs {
            let within: BTreeMap<u64, Sealed> = stubs.range(one.from..=one.to).map(|(seq, (sealed, _))| (*seq, sealed.clone())).collect();
            if !within.is_empty() {
                let name = names::object(&queue_id, &Object::Run(head, run.log, one));
                self.get(cx, name, Asked::Rewrite(queue_id, run.log, one, Change::Stubs(within)));
            }
        }
    }

    /// Entries that a checkpoint stands for are to be gone.
    pub(super) fn drop_entries(&mut self, cx: &mut Cx, queue_id: QueueId, wanted: DropEntries) {
        let Some(queue) = self.queues.get(&queue_id) else { return };
        let before = wanted.before.min(queue.covered(&wanted.log) + 1);
        let Some(known) = queue.logs.get(&wanted.log) else { return };
        let head = known.held.head;
        let runs: Vec<Run> = known.held.runs().filter(|run| run.from < before).copied().collect();
        let mut gone = Vec::new();
        for run in runs {
            let name = names::object(&queue_id, &Object::Run(head, wanted.log, run));
            if run.to < before {
                gone.push((name, run));
            } else {
                self.get(cx, name, Asked::Rewrite(queue_id, wanted.log, run, Change::From(before)));
            }
        }
        let Some(known) = self.queues.get_mut(&queue_id).and_then(|queue| queue.logs.get_mut(&wanted.log)) else { return };
        gone.iter().for_each(|(_, run)| known.held.remove(run));
        if !gone.is_empty() {
            cx.effects.push(Effect::Delete { ask: None, names: gone.into_iter().map(|(name, _)| name).collect() });
        }
    }

    /// A run was read that is to be another.
    pub(super) fn rewrite(&mut self, cx: &mut Cx, queue_id: QueueId, (log, run): (LogId, Run), change: &Change, bytes: Option<&[u8]>) {
        let Some(held) = bytes.and_then(Entries::from_bytes) else { return self.look_again(cx, queue_id) };
        let Some(head) = self.queues.get(&queue_id).and_then(|queue| queue.logs.get(&log)).map(|known| known.held.head) else { return };
        let all: BTreeMap<u64, Link> = links(&held).into_iter().collect();
        let mut entries = Vec::new();
        let mut new = run;
        for (sealed, wire) in read(&held).unwrap_or_default() {
            let seq = wire.seq();
            match change {
                Change::Stubs(stubs) => {
                    // Of another branch it is another entry.
                    let same = stubs.get(&seq).filter(|stub| is_stub_of(stub, &wire));
                    entries.push(same.cloned().unwrap_or(sealed));
                }
                Change::From(first) if seq < *first => {
                    (new.from, new.before) = (seq + 1, all.get(&seq).copied().unwrap_or(run.before));
                }
                Change::From(_) => entries.push(sealed),
            }
        }
        let stubs = match change {
            Change::Stubs(stubs) => stubs.keys().copied().collect(),
            Change::From(_) => Vec::new(),
        };
        let bytes = Entries { before: new.before, entries, ..held }.to_bytes();
        self.put(cx, names::object(&queue_id, &Object::Run(head, log, new)), bytes, Asked::Rewritten(queue_id, log, run, new, stubs));
    }

    /// A run is another now. That entries are stubs is told: whoever wants them to be does not ask again.
    pub(super) fn rewritten(&mut self, cx: &mut Cx, queue_id: QueueId, log: LogId, (before, after): (Run, Run), stubs: &[u64]) {
        if !stubs.is_empty() {
            let writes = self.visitors.iter().filter(|(_, (_, one))| one.visits.get(&queue_id).is_some_and(|visit| visit.may.write));
            for id in writes.map(|(id, _)| *id).collect::<Vec<_>>() {
                cx.within(id, queue_id, Message::Stubbed(log, stubs.to_vec()), false);
            }
        }
        let Some(known) = self.queues.get_mut(&queue_id).and_then(|queue| queue.logs.get_mut(&log)) else { return };
        if before != after {
            let head = known.held.head;
            known.held.replace(&before, after);
            cx.effects.push(Effect::Delete { ask: None, names: vec![names::object(&queue_id, &Object::Run(head, log, before))] });
        }
    }
}

/// Whether a stub takes the place of an entry.
fn is_stub_of(stub: &Sealed, wire: &crate::seal::wire::Wire) -> bool {
    match stub {
        Sealed::Left { stub, .. } | Sealed::Stub(stub) => stub.0 == wire.to_stub().bytes(),
        Sealed::Entry(_) => false,
    }
}
