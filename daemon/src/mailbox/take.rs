//! What somebody brings: checked, counted against the room of the queue's owner, put into the store, and only then acknowledged.

use std::collections::{BTreeMap, BTreeSet};

use asif_proto::id::{Link, LogId, QueueId};
use asif_proto::peer::{Entries, GetEntries, Have, MAX_SLIP, Message, Sealed, Slip, Why};

use super::effect::{Ask, Effect, VisitorId};
use super::give::Wanted;
use super::held::{At, Held};
use super::names::{self, Head, Object, Run};
use super::queue::{Beyond, Fitting, Log, MAX_LOGS, MAX_SLIPS, OBJECT_BYTES, Portion};
use super::records::Record;
use super::{Asked, Cx, Mailbox};
use crate::seal::proof;
use crate::seal::wire::Wire;

/// The most entries in one message.
const MAX_RUN: usize = 8192;

impl Mailbox {
    /// Somebody says something about a queue that they look at.
    pub(super) fn within(&mut self, cx: &mut Cx, id: VisitorId, queue: QueueId, message: Message) {
        let visit = self.visitors.get(&id).and_then(|(_, visitor)| Some((visitor.account, visitor.visits.get(&queue)?)));
        let Some((account, visit)) = visit else {
            return self.refuse(cx, id, Some(queue), Why::Unknown);
        };
        let (may, known) = (visit.may, self.queues.get(&queue));
        let is_closed = known.is_some_and(|queue| queue.closed.is_some());
        let is_own = known.is_some_and(|queue| account == Some(queue.account));
        let writes = matches!(
            message,
            Message::Entries(_)
                | Message::Slips(_)
                | Message::Stubs(_)
                | Message::Deposit(_)
                | Message::Checkpoint(_)
                | Message::Piece(_)
                | Message::DropEntries(_)
                | Message::CloseQueue
        );
        // Statements are said by whoever signed them: somebody who came back with nothing but a kit adds theirs in their own room.
        if writes && !may.write && !(is_own && matches!(message, Message::Slips(_))) {
            return self.refuse(cx, id, Some(queue), Why::Proof);
        }
        // The statements of what came after it may still be added.
        if is_closed && writes && !matches!(message, Message::Slips(_) | Message::CloseQueue) {
            return self.refuse(cx, id, Some(queue), Why::Closed);
        }
        match message {
            Message::Have(have) => self.their_have(cx, id, queue, have),
            Message::Entries(run) => self.entries(cx, id, queue, run),
            Message::Slips(slips) => self.slips(cx, id, queue, slips),
            Message::GetEntries(want) => self.asked_for(cx, id, queue, want),
            Message::Deposit(deposit) => self.deposit(cx, id, queue, deposit),
            Message::Checkpoint(offered) => self.deposit_came(cx, id, queue, offered),
            Message::Piece(piece) => self.piece_came(cx, id, queue, piece.0),
            Message::GetPieces(wanted) => self.asked_for_pieces(cx, id, queue, wanted),
            Message::NoCheckpoint(refused) => {
                if let Some(visit) = self.visitors.get_mut(&id).and_then(|(_, visitor)| visitor.visits.get_mut(&queue))
                    && let Some(given) = visit.link.offered.as_mut().filter(|given| given.id == refused)
                {
                    given.declined = true;
                    self.stirred.insert((id, queue));
                }
            }
            Message::Stubs(run) => self.stubs(cx, id, queue, run),
            Message::DropEntries(drop) => self.drop_entries(cx, queue, drop),
            Message::CloseQueue => self.close(cx, id, queue),
            _ => self.dismiss(cx, id, None),
        }
    }

    fn their_have(&mut self, cx: &mut Cx, id: VisitorId, queue_id: QueueId, theirs: Have) {
        let Some(visit) = self.visitors.get_mut(&id).and_then(|(_, visitor)| visitor.visits.get_mut(&queue_id)) else { return };
        let Some(queue) = self.queues.get(&queue_id) else { return };
        if theirs.full {
            visit.link.acked.clear();
            visit.link.theirs.clear();
            visit.link.start_again();
            visit.link.compared = true;
            visit.slips = theirs.statements.iter().take(MAX_SLIPS).copied().collect();
        }
        let listed = theirs.queues.iter().flat_map(|one| one.logs.iter().map(|log| (one.queue, *log)));
        for (of, (log, seq, short)) in listed.take(MAX_LOGS) {
            let Some(known) = queue.logs.get(&log).filter(|known| known.held.head.queue == of) else { continue };
            let on = known.held.branch_at(seq, short);
            if theirs.full {
                match on {
                    Some(branch) => drop(visit.on.insert(log, branch)),
                    None => drop(visit.on.remove(&log)),
                }
            }
            visit.link.theirs.insert(log, (seq, short));
            visit.link.acknowledge(log, seq, cx.now.mono);
        }
        self.stirred.insert((id, queue_id));
    }

    pub(super) fn entries(&mut self, cx: &mut Cx, id: VisitorId, queue_id: QueueId, run: Entries) {
        let Some(queue) = self.queues.get(&queue_id) else { return };
        let (head, log, before) = (Head { queue: run.queue, key: run.key }, run.log, run.before);
        let Some(wires) = read(&run) else { return self.dismiss(cx, id, Some(Why::Limit)) };
        match queue.logs.get(&log) {
            Some(known) if known.held.head != head => return self.refuse(cx, id, Some(queue_id), Why::Limit),
            None if queue.logs.len() >= MAX_LOGS => return self.refuse(cx, id, Some(queue_id), Why::Limit),
            _ => {}
        }
        let writing = queue.writing;
        match queue.fit(&log, before, wires) {
            Fitting::New(at, beyond) => {
                if !is_left(writing.as_ref(), queue_id, log, &beyond) {
                    return self.dismiss(cx, id, Some(Why::Proof));
                }
                self.accept(cx, id, queue_id, (head, log), at, beyond);
            }
            Fitting::Known => self.owe(id, queue_id, log),
            // They are told what is here, and begin again from there; another process may have taken what lies between.
            Fitting::Gap if self.is_shared => self.look_again(cx, queue_id),
            Fitting::Gap => self.compare(cx, id, queue_id),
            Fitting::Unclear(in_run) => {
                let name = names::object(&queue_id, &Object::Run(head, log, in_run));
                self.get(cx, name, Asked::Tell(id, queue_id, Box::new(run), in_run));
            }
        }
    }

    /// An acknowledgement is due.
    fn owe(&mut self, id: VisitorId, queue: QueueId, log: LogId) {
        if let Some(visit) = self.visitors.get_mut(&id).and_then(|(_, visitor)| visitor.visits.get_mut(&queue)) {
            visit.link.owed.insert(log);
            self.stirred.insert((id, queue));
        }
    }

    /// A full Have is due.
    pub(super) fn compare(&mut self, cx: &mut Cx, id: VisitorId, queue: QueueId) {
        if let Some(visit) = self.visitors.get_mut(&id).and_then(|(_, visitor)| visitor.visits.get_mut(&queue)) {
            visit.link.complain(cx.now.mono);
            self.stirred.insert((id, queue));
        }
    }

    fn accept(&mut self, cx: &mut Cx, id: VisitorId, queue_id: QueueId, (head, log): (Head, LogId), at: At, beyond: Beyond) {
        let Some(run) = beyond.run() else { return };
        let bytes: usize = beyond.entries.iter().map(|(sealed, _, _)| sealed_len(sealed)).sum();
        let account = self.queues.get(&queue_id).map(|queue| queue.account);
        let len = u64::try_from(bytes).unwrap_or(u64::MAX);
        if account.is_none_or(|account| !self.has_room(&account, len)) {
            return self.refuse(cx, id, Some(queue_id), Why::Quota);
        }
        let Some(queue) = self.queues.get_mut(&queue_id) else { return };
        let known = queue.logs.entry(log).or_insert_with(|| Log::of(Held::new(head)));
        let entries = beyond.entries.into_iter().map(|(sealed, _, _)| sealed);
        match &mut known.coming {
            Some(coming) if coming.bytes < OBJECT_BYTES => {
                (coming.run.to, coming.run.after) = (run.to, run.after);
                coming.entries.extend(entries);
                coming.bytes += bytes;
                coming.by.insert(id);
            }
            // It comes again.
            Some(_) => {}
            None => known.coming = Some(Portion { at, run, entries: entries.collect(), bytes, by: BTreeSet::from([id]) }),
        }
        self.put_next(cx, queue_id, log);
    }

    /// Puts what came of a log, unless something of it is on its way already.
    fn put_next(&mut self, cx: &mut Cx, queue_id: QueueId, log: LogId) {
        let Some(known) = self.queues.get_mut(&queue_id).and_then(|queue| queue.logs.get_mut(&log)) else { return };
        if known.putting.is_some() {
            return;
        }
        let Some(portion) = known.coming.take() else { return };
        let Head { queue, key } = known.held.head;
        let bytes = Entries { queue, key, log, before: portion.run.before, entries: portion.entries.clone() }.to_bytes();
        let name = names::object(&queue_id, &Object::Run(known.held.head, log, portion.run));
        known.putting = Some(portion);
        self.put(cx, name, bytes, Asked::Put(queue_id, log));
    }

    /// Entries are where power cannot take them.
    fn is_put(&mut self, cx: &mut Cx, queue_id: QueueId, log: LogId) {
        let Some(queue) = self.queues.get_mut(&queue_id) else { return };
        let account = queue.account;
        let Some(known) = queue.logs.get_mut(&log) else { return };
        let Some(portion) = known.putting.take() else { return };
        // Another process may have put the same meanwhile.
        if known.held.runs().all(|run| *run != portion.run) {
            known.held.add(portion.at, portion.run);
        }
        let head = known.held.head;
        let bytes = u64::try_from(portion.bytes).unwrap_or(u64::MAX);
        queue.bytes = queue.bytes.saturating_add(bytes);
        self.counts.entries += portion.run.to - portion.run.from + 1;
        self.counts.bytes += bytes;
        self.count(&account, bytes);
        for id in &portion.by {
            if let Some(visit) = self.visitors.get_mut(id).and_then(|(_, visitor)| visitor.visits.get_mut(&queue_id)) {
                visit.link.acknowledge(log, portion.run.to, cx.now.mono);
                visit.link.owed.insert(log);
                if let At::Branch(at) = portion.at {
                    visit.on.insert(log, at);
                }
            }
        }
        self.push(cx, queue_id, (head, log), &portion);
        self.stir(queue_id);
        self.put_next(cx, queue_id, log);
        self.let_go();
    }

    /// Entries could not be put: nothing of them is acknowledged.
    pub(super) fn not_put(&mut self, cx: &mut Cx, queue_id: QueueId, log: LogId) {
        let Some(known) = self.queues.get_mut(&queue_id).and_then(|queue| queue.logs.get_mut(&log)) else { return };
        let by: BTreeSet<VisitorId> =
            [known.putting.take(), known.coming.take()].into_iter().flatten().flat_map(|portion| portion.by).collect();
        by.into_iter().for_each(|id| self.refuse(cx, id, Some(queue_id), Why::Store));
        // It may have been put all the same: the store says.
        self.look_again(cx, queue_id);
    }

    fn slips(&mut self, cx: &mut Cx, id: VisitorId, queue_id: QueueId, slips: Vec<Slip>) {
        for slip in slips {
            let Some(queue) = self.queues.get(&queue_id) else { return };
            let len = u64::try_from(slip.sealed.0.len()).unwrap_or(u64::MAX);
            if queue.slips.contains(&slip.id) {
                self.tell_slips(cx, id, queue_id, vec![slip.id]);
            } else if slip.sealed.0.len() > MAX_SLIP || queue.slips.len() >= MAX_SLIPS {
                self.refuse(cx, id, Some(queue_id), Why::Limit);
            } else if !self.has_room(&queue.account, len) {
                self.refuse(cx, id, Some(queue_id), Why::Quota);
            } else {
                let name = names::object(&queue_id, &Object::Slip(slip.id));
                self.put(cx, name, slip.sealed.0, Asked::PutSlip(queue_id, slip.id, id, len));
            }
        }
    }

    fn slip_is_put(&mut self, cx: &mut Cx, queue_id: QueueId, slip: [u8; 16], by: VisitorId, len: u64) {
        let Some(queue) = self.queues.get_mut(&queue_id) else { return };
        queue.slips.insert(slip);
        queue.bytes = queue.bytes.saturating_add(len);
        let account = queue.account;
        self.count(&account, len);
        self.counts.bytes += len;
        if let Some(visit) = self.visitors.get_mut(&by).and_then(|(_, visitor)| visitor.visits.get_mut(&queue_id)) {
            visit.slips.insert(slip);
        }
        self.tell_slips(cx, by, queue_id, vec![slip]);
        self.stir(queue_id);
    }

    /// Slips that are stored: saying so is the acknowledgement.
    fn tell_slips(&self, cx: &mut Cx, id: VisitorId, queue: QueueId, statements: Vec<[u8; 16]>) {
        cx.within(id, queue, Message::Have(Have { full: false, statements, queues: Vec::new() }), false);
    }

    /// The queue is only read from now on.
    fn close(&mut self, cx: &mut Cx, id: VisitorId, queue_id: QueueId) {
        let Some(queue) = self.queues.get(&queue_id).filter(|queue| queue.closed.is_none() && queue.writing.is_some()) else { return };
        let Some(visit) = self.visitors.get(&id).and_then(|(_, visitor)| visitor.visits.get(&queue_id)) else { return };
        // Whoever closes it has all that it holds, and has put it where it is from now on.
        let has_all = |(log, known): (&LogId, &Log)| {
            let rests = known.putting.is_none() && known.coming.is_none();
            rests && known.held.branches.is_empty() && visit.link.acked.get(log) == Some(&known.held.tip().0)
        };
        if !queue.logs.iter().all(has_all) {
            return self.compare(cx, id, queue_id);
        }
        let tips = queue.logs.iter().map(|(log, known)| (*log, known.held.tip().1)).collect();
        let at = u64::try_from(cx.now.wall_s).unwrap_or(0);
        self.put(cx, names::object(&queue_id, &Object::Closed(at)), Vec::new(), Asked::Closing(queue_id, at, tips));
    }

    /// What it held is in the queue of a later epoch: what stays are the statements, by which whoever was away finds that one.
    fn is_closed(&mut self, cx: &mut Cx, queue_id: QueueId, at: u64, tips: &BTreeMap<LogId, Link>) {
        let Some(queue) = self.queues.get_mut(&queue_id) else { return };
        queue.closed = Some(at);
        let mut gone = Vec::new();
        // What came while it closed, perhaps by way of another process, stays to be read.
        for (log, known) in queue.logs.extract_if(.., |log, known| tips.get(log) == Some(&known.held.tip().1)) {
            gone.extend(known.held.runs().map(|run| names::object(&queue_id, &Object::Run(known.held.head, log, *run))));
        }
        gone.extend(std::mem::take(&mut queue.deposits).into_keys().map(|id| names::object(&queue_id, &Object::Checkpoint(id))));
        gone.extend(std::mem::take(&mut queue.pieces).into_iter().map(|id| names::object(&queue_id, &Object::Piece(id))));
        cx.effects.push(Effect::Delete { ask: None, names: gone });
        let looks: Vec<VisitorId> =
            self.visitors.iter().filter(|(_, (_, one))| one.visits.contains_key(&queue_id)).map(|(id, _)| *id).collect();
        for id in looks {
            let state = asif_proto::peer::QueueState::Closed;
            cx.send(id, Message::QueueOpen(asif_proto::peer::QueueOpen { queue: queue_id, state }));
        }
    }

    /// Somebody asks what is held of a log from an entry on.
    fn asked_for(&mut self, cx: &mut Cx, id: VisitorId, queue_id: QueueId, want: GetEntries) {
        let Some(visit) =
            self.visitors.get_mut(&id).and_then(|(_, visitor)| visitor.visits.get_mut(&queue_id)).filter(|visit| visit.may.read)
        else {
            return;
        };
        visit.link.asked += 1;
        if visit.link.asked > MAX_ASKED {
            return self.dismiss(cx, id, Some(Why::Limit));
        }
        let on = visit.on.get(&want.log).copied();
        let Some(known) = self.queues.get(&queue_id).and_then(|queue| queue.logs.get(&want.log)) else { return };
        let head = known.held.head;
        match known.held.run_with(on, want.from.max(1)).filter(|_| want.from > 0) {
            Some(run) => {
                let name = names::object(&queue_id, &Object::Run(head, want.log, run));
                self.get(cx, name, Asked::Give(id, queue_id, want.log, run, Wanted::Shown(want.from)));
            }
            None => self.give_checkpoint(cx, id, queue_id, &want.log),
        }
    }

    pub(super) fn got(&mut self, cx: &mut Cx, ask: Ask, outcome: Result<Option<Vec<u8>>, String>) {
        let Some(asked) = self.asked.remove(&ask) else { return };
        let bytes = match outcome {
            Ok(bytes) => bytes,
            Err(reason) => return self.trouble(cx, asked, &reason),
        };
        let bytes = bytes.as_deref();
        match asked {
            Asked::Invitation(id, enrol) => self.invitation_got(cx, id, &enrol, bytes),
            Asked::Enrolment(id) => self.enrolment_got(cx, id, bytes),
            Asked::Rekeying(id, enrol) => self.rekeying(cx, id, &enrol, bytes),
            Asked::About(account) => self.about_got(cx, account, bytes),
            Asked::Owned(queue, listed) => self.owned_got(cx, queue, listed, bytes),
            Asked::Deposit(queue) => self.deposit_got(cx, queue, bytes),
            Asked::Give(id, queue, log, run, wanted) => self.run_got(cx, id, queue, (log, run), wanted, bytes),
            Asked::Tell(id, queue, entries, run) => self.tell(cx, id, queue, *entries, run, bytes),
            Asked::GiveSlip(id, queue, slip) => self.slip_got(cx, id, queue, slip, bytes),
            Asked::GivePiece(id, queue, piece) => self.piece_got(cx, id, queue, piece, bytes),
            Asked::GiveDeposit(id, queue, checkpoint) => self.checkpoint_got(cx, id, queue, checkpoint, bytes),
            Asked::Rewrite(queue, log, run, change) => self.rewrite(cx, queue, (log, run), &change, bytes),
            _ => {}
        }
    }

    /// What another object holds is known now: is what somebody brings another branch?
    fn tell(&mut self, cx: &mut Cx, id: VisitorId, queue: QueueId, entries: Entries, run: Run, bytes: Option<&[u8]>) {
        let links = bytes.and_then(Entries::from_bytes).map(|held| links(&held)).unwrap_or_default();
        let Some(known) = self.queues.get_mut(&queue).and_then(|queue| queue.logs.get_mut(&entries.log)) else { return };
        if links.last() != Some(&(run.to, run.after)) {
            return self.look_again(cx, queue);
        }
        known.held.read(links.into_iter());
        self.entries(cx, id, queue, entries);
    }

    pub(super) fn put_done(&mut self, cx: &mut Cx, ask: Ask, outcome: Result<(), String>) {
        let Some(asked) = self.asked.remove(&ask) else { return };
        if let Err(reason) = outcome {
            return self.trouble(cx, asked, &reason);
        }
        match asked {
            Asked::Enrolling(id, account, puts) => self.enrol_on(cx, id, account, puts),
            Asked::Rekeyed(id, account, enrol) => self.rekeyed(cx, id, account, &enrol),
            Asked::Left(id) => self.gone(cx, id),
            Asked::Making(queue, owned, next) => self.making(cx, queue, owned, next),
            Asked::Put(queue, log) => self.is_put(cx, queue, log),
            Asked::PutSlip(queue, slip, id, len) => self.slip_is_put(cx, queue, slip, id, len),
            Asked::PutPiece(queue, piece, len) => self.piece_is_put(cx, queue, piece, len),
            Asked::PutDeposit(queue, checkpoint, len) => self.deposit_is_put(cx, queue, checkpoint, len),
            Asked::Rewritten(queue, log, before, after, stubs) => self.rewritten(cx, queue, log, (before, after), &stubs),
            Asked::Closing(queue, at, tips) => self.is_closed(cx, queue, at, &tips),
            _ => {}
        }
    }
}

/// How often one connection may ask for what is held of a log.
const MAX_ASKED: u32 = 2048;

/// The entries of a message, as they travel and as they are; none where they are not a run of one log.
pub(super) fn read(run: &Entries) -> Option<Vec<(Sealed, Wire)>> {
    if run.entries.is_empty() || run.entries.len() > MAX_RUN {
        return None;
    }
    let wires: Result<Vec<_>, _> = run.entries.iter().map(|sealed| Ok((sealed.clone(), Wire::try_from(sealed.clone())?))).collect();
    let wires: Vec<(Sealed, Wire)> = wires.map_err(|_: crate::seal::wire::WireError| ()).ok()?;
    let hangs = wires.windows(2).all(|pair| matches!(pair, [(_, a), (_, b)] if a.seq().checked_add(1) == Some(b.seq())));
    (hangs && wires.iter().all(|(_, wire)| wire.log() == run.log && wire.seq() < u64::MAX)).then_some(wires)
}

/// The links of a run.
pub(super) fn links(run: &Entries) -> Vec<(u64, Link)> {
    let mut link = run.before;
    let wires = read(run).unwrap_or_default();
    let links = wires.into_iter().map(|(_, wire)| {
        link = wire.link(&link);
        (wire.seq(), link)
    });
    links.collect()
}

/// Whether each stub that is said to be one is said to be so by whoever may write.
fn is_left(writing: Option<&[u8; 32]>, queue: QueueId, log: LogId, beyond: &Beyond) -> bool {
    beyond.entries.iter().all(|(sealed, seq, link)| match sealed {
        Sealed::Left { leave, .. } => writing.is_some_and(|writing| proof::check_leave(writing, queue, (log, *seq), link, leave).is_ok()),
        Sealed::Entry(_) | Sealed::Stub(_) => true,
    })
}

/// Bytes of an entry as it travels.
pub(super) fn sealed_len(sealed: &Sealed) -> usize {
    match sealed {
        Sealed::Entry(bytes) | Sealed::Stub(bytes) => bytes.0.len(),
        Sealed::Left { stub, .. } => stub.0.len() + 64,
    }
}
