//! What is stored goes to whoever reads a queue, as one device gives it to another.

use std::collections::{BTreeMap, BTreeSet};

use asif_proto::id::{CheckpointId, LogId, PieceId, QueueId};
use asif_proto::peer::{Blob, Deposit, ENTRIES_BYTES, Entries, MAX_PIECES, Message, Offered, Sealed, Slip};

use super::effect::VisitorId;
use super::held::At;
use super::names::{self, Head, Object, Run};
use super::queue::{Log, Portion};
use super::records::{Deposited, Record};
use super::take::{links, read, sealed_len};
use super::{Asked, Cx, Mailbox};
use crate::seal::wire::Wire;
use crate::sync::link::{Given, WINDOW};

/// Entries that are shown at once to whoever asks for them.
const SHOWN: usize = 257;
/// Slips that are being read for somebody at one time.
const SLIPS_AT_ONCE: usize = 16;

/// What somebody is to be given of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wanted {
    /// All from an entry on: they lack it.
    From(u64),
    /// The same, and not counted: they asked for it.
    Shown(u64),
}

impl Mailbox {
    /// What is due to somebody who looks at a queue: a full Have, acknowledgements, what they lack.
    pub(super) fn tend_visit(&mut self, cx: &mut Cx, id: VisitorId, queue_id: QueueId) {
        let Some(visit) = self.visitors.get_mut(&id).and_then(|(_, visitor)| visitor.visits.get_mut(&queue_id)) else { return };
        let Some(queue) = self.queues.get(&queue_id) else { return };
        if visit.link.again_at().is_some_and(|at| cx.now.mono >= at) {
            visit.link.send_again();
        }
        let (full, owed) = (std::mem::take(&mut visit.link.compare), std::mem::take(&mut visit.link.owed));
        if full || !owed.is_empty() {
            let have = queue.have(visit, (!full).then_some(&owed));
            cx.within(id, queue_id, Message::Have(have), false);
            if full && !queue.deposits.is_empty() {
                cx.within(id, queue_id, Message::Holds(queue.deposits.keys().copied().collect()), false);
            }
        }
        if visit.may.read && visit.link.compared {
            self.give_slips(cx, id, queue_id);
            self.give_entries(cx, id, queue_id);
        }
    }

    fn give_slips(&mut self, cx: &mut Cx, id: VisitorId, queue_id: QueueId) {
        let Some(visit) = self.visitors.get_mut(&id).and_then(|(_, visitor)| visitor.visits.get_mut(&queue_id)) else { return };
        let Some(queue) = self.queues.get(&queue_id) else { return };
        let missing: Vec<[u8; 16]> = queue.slips.iter().filter(|slip| !visit.slips.contains(*slip)).take(SLIPS_AT_ONCE).copied().collect();
        visit.slips.extend(&missing);
        for slip in missing {
            self.get(cx, names::object(&queue_id, &Object::Slip(slip)), Asked::GiveSlip(id, queue_id, slip));
        }
    }

    pub(super) fn slip_got(&mut self, cx: &mut Cx, id: VisitorId, queue: QueueId, slip: [u8; 16], bytes: Option<&[u8]>) {
        if let Some(bytes) = bytes.filter(|_| self.visitors.contains_key(&id)) {
            let slips = vec![Slip { id: slip, sealed: Blob(bytes.to_vec()) }];
            cx.within(id, queue, Message::Slips(slips), false);
        }
        // There may be more.
        self.stirred.insert((id, queue));
    }

    /// Reads the next run that somebody lacks; the statements that it may need come before it.
    fn give_entries(&mut self, cx: &mut Cx, id: VisitorId, queue_id: QueueId) {
        let Some(visit) = self.visitors.get_mut(&id).and_then(|(_, visitor)| visitor.visits.get_mut(&queue_id)) else { return };
        let Some(queue) = self.queues.get(&queue_id) else { return };
        if visit.reading || visit.link.unacknowledged() > WINDOW {
            return;
        }
        let sent = |log: &LogId| visit.link.sent.get(log).copied().unwrap_or(0);
        // Where a checkpoint spares many entries, that is offered; what it stands for is not given as entries meanwhile.
        let spares = |one: &Deposit| one.covers.iter().map(|stand| stand.seq.saturating_sub(sent(&stand.log))).sum::<u64>();
        let spared = queue
            .deposits
            .values()
            .map(|one| (spares(one), one))
            .max_by_key(|(spares, _)| *spares)
            .filter(|(spares, _)| *spares > self.many);
        let declined = |id| visit.link.offered.is_some_and(|given| given.id == id && given.declined);
        let spared = spared.map(|(_, one)| one).filter(|one| !declined(one.id));
        let stood: BTreeMap<LogId, u64> = spared.iter().flat_map(|one| one.covers.iter().map(|stand| (stand.log, stand.seq))).collect();
        if let Some(log) = spared.and_then(|one| one.covers.iter().find(|stand| stand.seq > sent(&stand.log))).map(|stand| stand.log) {
            self.give_checkpoint(cx, id, queue_id, &log);
        }
        let Some(visit) = self.visitors.get_mut(&id).and_then(|(_, visitor)| visitor.visits.get_mut(&queue_id)) else { return };
        let Some(queue) = self.queues.get(&queue_id) else { return };
        let sent = |log: &LogId| visit.link.sent.get(log).copied().unwrap_or(0);
        let is_next = |log: &LogId, known: &Log| {
            let sent = sent(log);
            sent < known.held.tip_of(visit.on.get(log).copied()).0 && sent >= stood.get(log).copied().unwrap_or(0)
        };
        let behind = queue.logs.iter().filter(|(log, known)| is_next(log, known));
        // In turns: what one log waits for may be in another.
        let next = behind.min_by_key(|(log, _)| visit.link.turns.get(log).copied());
        let Some((log, known)) = next else { return self.show_branches(cx, id, queue_id) };
        let (log, head, from) = (*log, known.held.head, sent(log) + 1);
        let turn = visit.link.turns.values().max().copied().unwrap_or(0) + 1;
        visit.link.turns.insert(log, turn);
        match known.held.run_with(visit.on.get(&log).copied(), from) {
            Some(run) => {
                visit.reading = true;
                let name = names::object(&queue_id, &Object::Run(head, log, run));
                self.get(cx, name, Asked::Give(id, queue_id, log, run, Wanted::From(from)));
            }
            // A checkpoint stands for it.
            None => self.give_checkpoint(cx, id, queue_id, &log),
        }
    }

    /// A run was read for somebody.
    pub(super) fn run_got(
        &mut self,
        cx: &mut Cx,
        id: VisitorId,
        queue_id: QueueId,
        (log, run): (LogId, Run),
        wanted: Wanted,
        bytes: Option<&[u8]>,
    ) {
        if let Some(visit) = self.visitors.get_mut(&id).and_then(|(_, visitor)| visitor.visits.get_mut(&queue_id)) {
            visit.reading = false;
        }
        let held = bytes
            .and_then(Entries::from_bytes)
            .filter(|held| held.log == log && held.before == run.before && links(held).last() == Some(&(run.to, run.after)));
        let Some(held) = held else {
            // Another process packed it meanwhile, or it is damaged: the store says.
            if bytes.is_some() {
                tracing::error!(%queue_id, ?log, from = run.from, "what the store gave is not what was put there");
            }
            return self.look_again(cx, queue_id);
        };
        let (from, counted) = match wanted {
            Wanted::From(from) => (from, true),
            Wanted::Shown(from) => (from, false),
        };
        let mut before = held.before;
        let wires = read(&held).unwrap_or_default();
        let mut wires = wires.into_iter().peekable();
        while let Some((_, wire)) = wires.next_if(|(_, wire)| wire.seq() < from) {
            before = wire.link(&before);
        }
        let covered = self.queues.get(&queue_id).map_or(0, |queue| queue.covered(&log));
        let is_gone = |sealed: &Sealed, wire: &Wire| wire.seq() <= covered && matches!(sealed, Sealed::Left { .. });
        let mut wires: Vec<(Sealed, Wire)> = wires.collect();
        if let Some(at) = wires.iter().position(|(sealed, wire)| is_gone(sealed, wire)) {
            // Of a journal nobody takes a stub: the checkpoint that stands for it comes instead.
            wires.truncate(at);
        }
        if wires.is_empty() {
            return self.give_checkpoint(cx, id, queue_id, &log);
        }
        let mut wires = wires.into_iter().peekable();
        let Some((_, visitor)) = self.visitors.get_mut(&id) else { return };
        let Some(visit) = visitor.visits.get_mut(&queue_id) else { return };
        if counted && visit.link.sent.get(&log).copied().unwrap_or(0).saturating_add(1) != from {
            // They said something else meanwhile.
            self.stirred.insert((id, queue_id));
            return;
        }
        while wires.peek().is_some() && (!counted || visit.link.unacknowledged() <= WINDOW) {
            let (mut size, mut entries, mut upto, first) = (0, Vec::new(), 0, before);
            while let Some((sealed, wire)) = wires.next_if(|(one, _)| entries.is_empty() || size + sealed_len(one) <= ENTRIES_BYTES) {
                size += sealed_len(&sealed);
                before = wire.link(&before);
                upto = wire.seq();
                entries.push(sealed);
                if entries.len() >= SHOWN && !counted {
                    break;
                }
            }
            self.counts.given += u64::try_from(entries.len()).unwrap_or(0);
            let message = Message::Entries(Entries { queue: held.queue, key: held.key, log, before: first, entries });
            cx.within(id, queue_id, message, counted);
            if !counted {
                return;
            }
            visit.link.bulk.insert(log, upto);
            visit.link.sent(log, upto, size, cx.now.mono);
        }
        self.stirred.insert((id, queue_id));
    }

    /// What was just stored goes at once to everybody who has all before it.
    pub(super) fn push(&mut self, cx: &mut Cx, queue_id: QueueId, (head, log): (Head, LogId), portion: &Portion) {
        let Head { queue, key } = head;
        let on = match portion.at {
            At::Chain => None,
            At::Branch(at) => Some(at),
            At::Apart => return,
        };
        if portion.bytes > ENTRIES_BYTES {
            return;
        }
        let message = Message::Entries(Entries { queue, key, log, before: portion.run.before, entries: portion.entries.clone() });
        for (id, (_, visitor)) in &mut self.visitors {
            let Some(visit) = visitor.visits.get_mut(&queue_id) else { continue };
            let link = &mut visit.link;
            let is_next = link.sent.get(&log).copied().unwrap_or(0) + 1 == portion.run.from && visit.on.get(&log).copied() == on;
            if visit.may.read && link.compared && is_next && link.is_in_order(&log) && !visit.reading && link.unacknowledged() <= WINDOW {
                self.counts.given += portion.run.to - portion.run.from + 1;
                cx.within(*id, queue_id, message.clone(), false);
                link.sent(log, portion.run.to, portion.bytes, cx.now.mono);
            }
        }
    }

    /// Whoever has all of a log as one branch tells it is shown the others.
    fn show_branches(&mut self, cx: &mut Cx, id: VisitorId, queue_id: QueueId) {
        let Some(visit) = self.visitors.get_mut(&id).and_then(|(_, visitor)| visitor.visits.get_mut(&queue_id)) else { return };
        let Some(queue) = self.queues.get(&queue_id) else { return };
        if !visit.link.in_flight.is_empty() {
            return;
        }
        for (log, known) in queue.logs.iter().filter(|(_, known)| !known.held.branches.is_empty()) {
            let on = visit.on.get(log).copied();
            let mut others = (0..known.held.branches.len()).filter(|at| Some(*at) != on);
            let Some(other) = others.find(|at| !visit.shown.contains(&(*log, *at))) else { continue };
            visit.shown.insert((*log, other));
            visit.on.insert(*log, other);
            let have = queue.have(visit, Some(&BTreeSet::from([*log])));
            cx.within(id, queue_id, Message::Have(have), false);
            return;
        }
    }

    /// Offers the newest checkpoint that stands for what somebody lacks.
    pub(super) fn give_checkpoint(&mut self, cx: &mut Cx, id: VisitorId, queue_id: QueueId, log: &LogId) {
        let Some(visit) = self.visitors.get_mut(&id).and_then(|(_, visitor)| visitor.visits.get_mut(&queue_id)) else { return };
        let Some(queue) = self.queues.get(&queue_id) else { return };
        let covering = queue.deposits.values().filter_map(|one| Some((one.covers.iter().find(|stand| stand.log == *log)?.seq, one.id)));
        let Some((_, checkpoint)) = covering.max() else { return };
        let again = visit.link.offered_anew_at().is_none_or(|at| cx.now.mono >= at);
        if visit.link.offered.is_some_and(|given| given.id == checkpoint) && !again {
            return;
        }
        visit.link.offered = Some(Given { id: checkpoint, declined: false, heard: cx.now.mono });
        self.get(cx, names::object(&queue_id, &Object::Checkpoint(checkpoint)), Asked::GiveDeposit(id, queue_id, checkpoint));
    }

    pub(super) fn checkpoint_got(&mut self, cx: &mut Cx, id: VisitorId, queue: QueueId, checkpoint: CheckpointId, bytes: Option<&[u8]>) {
        match bytes.and_then(Deposited::from_bytes) {
            Some(deposited) => {
                let offered = Offered { sealed: deposited.sealed, instead_of: None };
                cx.within(id, queue, Message::Checkpoint(offered), true);
            }
            None => {
                tracing::error!(%queue, ?checkpoint, "a checkpoint is not what was put there");
                self.look_again(cx, queue);
            }
        }
    }

    pub(super) fn asked_for_pieces(&mut self, cx: &mut Cx, id: VisitorId, queue: QueueId, wanted: Vec<PieceId>) {
        let reads = self.visitors.get(&id).and_then(|(_, visitor)| visitor.visits.get(&queue)).is_some_and(|visit| visit.may.read);
        for piece in wanted.into_iter().take(MAX_PIECES).filter(|_| reads) {
            self.get(cx, names::object(&queue, &Object::Piece(piece)), Asked::GivePiece(id, queue, piece));
        }
    }

    pub(super) fn piece_got(&mut self, cx: &mut Cx, id: VisitorId, queue: QueueId, piece: PieceId, bytes: Option<&[u8]>) {
        match bytes {
            Some(bytes) if PieceId::of(bytes) == piece => cx.within(id, queue, Message::Piece(Blob(bytes.to_vec())), true),
            _ => self.lacks_piece(cx, queue, piece),
        }
    }
}
