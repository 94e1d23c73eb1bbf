//! The queues of a mailbox: which are asked for, what lies in them, and when one is closed.

use std::collections::BTreeSet;

use asif_proto::id::{CheckpointId, GrantId, LogId, PersonId, QueueId};
use asif_proto::peer::{Entries, Message, QueueKind, QueueOpen, QueueState, Sealed, Unwilling, Why};

use super::super::effect::{Effect, Leave, LinkId};
use super::super::{Cx, Replica};
use super::{OfQueue, Station};
use crate::journal::record::record_grant;
use crate::people::space::Space;
use crate::people::statement::Epoch;
use crate::seal::keys::{Capability, WriteKey};
use crate::seal::proof;
use crate::seal::wire::Wire;
use crate::sync::link::Audience;

/// A queue that is wanted.
struct Wanted {
    queue: QueueId,
    kind: QueueKind,
    read: Option<Capability>,
    write: Option<Capability>,
    /// It is made if it is not there.
    make: bool,
}

impl Replica {
    /// Asks for queues that were not asked for on this link, and closes those that a later one stands for.
    pub(super) fn tend_queues(&mut self, cx: &mut Cx<'_>, stations: &[Station]) {
        let live: Vec<(LinkId, &Station)> =
            self.mail.live.iter().filter_map(|(id, live)| Some((*id, stations.iter().find(|one| one.key == live.key)?))).collect();
        for (id, station) in live {
            for wanted in self.wanted_queues(station) {
                let asked = self.asked(id, &wanted.queue);
                // One that is not there is asked for again once it is to be made.
                if asked.is_none() || (asked == Some(Some(QueueState::Absent)) && wanted.make) {
                    self.ask_for_queue(cx, id, &wanted);
                }
            }
        }
        self.close_queues(cx);
        self.tend_leaving_out(cx);
    }

    fn ask_for_queue(&mut self, cx: &mut Cx<'_>, id: LinkId, wanted: &Wanted) {
        let Some(link) = self.links.get(&id) else { return };
        let asked = proof::open_queue(wanted.kind, wanted.read.as_ref(), wanted.write.as_ref(), wanted.make, &link.exporter);
        cx.rest.push(Effect::Send { link: id, message: Message::OpenQueue(asked) });
        if let Some(live) = self.mail.live.get_mut(&id) {
            live.asked.insert(wanted.queue, None);
        }
    }

    /// The spaces that are kept at a station: at one's own the journal, and all that is shared; at another person's what is shared with them.
    pub(super) fn spaces_at(&self, station: &Station) -> Vec<Space> {
        let Some(me) = self.person() else { return Vec::new() };
        let is_own = station.of == me;
        let journal = is_own.then_some(Space::Journal { owner: me });
        let grants = self.view.grants().filter_map(|(id, row)| Some((record_grant(*id), me, row.value.helper?)));
        let clients = self.view.clients().map(|(id, row)| (record_grant(*id), row.value.person, me));
        let both = |(grant, client, helper): (GrantId, PersonId, PersonId)| {
            let is_concerned = is_own || station.of == client || station.of == helper;
            let spaces = [Space::Share { owner: client, grant }, Space::Feedback { owner: helper, grant }];
            is_concerned.then_some(spaces).into_iter().flatten()
        };
        journal.into_iter().chain(grants.chain(clients).flat_map(both)).collect()
    }

    fn wanted_queues(&self, station: &Station) -> Vec<Wanted> {
        let is_own = Some(station.of) == self.person();
        let mut wanted = Vec::new();
        for space in self.spaces_at(station) {
            let current = self.current_queue(space);
            for epoch in self.registry.epochs(space.id()) {
                let queue = epoch.queue();
                let is_done = self.mail.notes.get(&queue).is_some_and(|note| note.done);
                if let Some(keys) = self.keys.get(&queue).filter(|_| !is_done) {
                    let kind = QueueKind::Space { reading: epoch.read_capability, writing: epoch.write_capability };
                    let write = keys.write.as_ref().map(WriteKey::writing);
                    wanted.push(Wanted { queue, kind, read: Some(keys.read.reading()), write, make: is_own && current == Some(queue) });
                }
            }
        }
        // What lets a machine back in that has nothing but the words. Nobody else reads it.
        if let Some(kit) = self.person().and_then(|me| self.registry.kit(&me)).filter(|_| is_own && station.seed.is_some()) {
            let kind = QueueKind::Recovery { reading: kit.recovery };
            wanted.push(Wanted { queue: proof::queue_of(&kind), kind, read: None, write: None, make: true });
        }
        wanted
    }

    /// The queue of the epoch that a space is written under, as far as is known here.
    fn current_queue(&self, space: Space) -> Option<QueueId> {
        self.registry.fit(space.id()).map(Epoch::queue).find(|queue| self.keys.contains_key(queue))
    }

    /// Whether its space is written under this queue's epoch, as far as is known here.
    pub(super) fn is_current(&self, queue: QueueId) -> bool {
        self.registry.epoch(&queue).is_some_and(|epoch| self.current_queue(epoch.space) == Some(queue))
    }

    pub(super) fn queue_opened(&mut self, cx: &mut Cx<'_>, station: LinkId, open: QueueOpen) {
        if self.recovery_opened(cx, station, open.queue, open.state) {
            return;
        }
        let Some(asked) = self.mail.live.get_mut(&station).and_then(|live| live.asked.get_mut(&open.queue)) else {
            return self.refuse("a queue that was not asked for");
        };
        *asked = Some(open.state);
        let known = self.mail.queues.iter().find(|(_, of)| of.station == station && of.queue == open.queue).map(|(id, _)| *id);
        match (open.state, known) {
            (QueueState::Absent, _) => {}
            (state, Some(id)) => self.is_closed(id, state == QueueState::Closed),
            (state, None) => {
                let Some(id) = self.link_queue(station, open.queue, cx.now.mono) else { return };
                let may_write = self.keys.get(&open.queue).is_some_and(|keys| keys.write.is_some());
                let closed = state == QueueState::Closed;
                self.mail.queues.insert(id, OfQueue::new(station, open.queue, may_write, closed));
            }
        }
        self.look_who_gives();
    }

    /// A queue is closed: what was in it is somewhere else now.
    fn is_closed(&mut self, id: LinkId, closed: bool) {
        let Some(of) = self.mail.queues.get_mut(&id).filter(|of| closed && !of.closed) else { return };
        of.closed = true;
        if let Some(link) = self.links.get_mut(&id) {
            link.acked.clear();
            link.theirs.clear();
            link.start_again();
            link.compare = true;
        }
    }

    /// This device puts something into the queues of the epochs that it writes under, and into no other.
    fn look_who_gives(&mut self) {
        let of = |queue: &QueueId| self.registry.epoch(queue).map(|epoch| epoch.space);
        let spaces = self.mail.queues.values().filter_map(|one| of(&one.queue));
        let current: BTreeSet<QueueId> = spaces.filter_map(|space| self.current_queue(space)).collect();
        for of in self.mail.queues.values_mut() {
            of.gives = of.may_write && !of.closed && current.contains(&of.queue);
        }
    }

    /// Whether anything is given on a link: to a queue only where this device writes.
    pub(in crate::replica) fn may_give(&self, id: LinkId) -> bool {
        self.mail.queues.get(&id).is_none_or(|of| of.gives)
    }

    /// Whether a log lies in a queue: all of its space do, also of older epochs. Of a share that has ended only the end itself.
    pub(in crate::replica) fn is_in_queue(&self, log: LogId, epoch: &Epoch, queue: QueueId) -> bool {
        let Some(space) = self.registry.epoch(&queue).map(|of| of.space) else { return false };
        let over = space.grant().is_some_and(|grant| matches!(space, Space::Share { .. }) && self.has_ended(grant));
        let is_end = || self.boards.get(&space.id()).and_then(|board| board.end_log()) == Some(log);
        epoch.space == space && (!over || is_end())
    }

    /// The last entry of a log that a queue acknowledged.
    pub(in crate::replica) fn deposited(&self, log: LogId) -> u64 {
        let noted = self.mail.notes.values().filter_map(|note| note.acked.get(&log));
        let live = self.mail.queues.keys().filter_map(|id| self.links.get(id)?.acked.get(&log));
        noted.chain(live).max().copied().unwrap_or(0)
    }

    /// A message about a queue came.
    pub(super) fn queue_says(&mut self, cx: &mut Cx<'_>, station: LinkId, queue: QueueId, message: Message) {
        if self.recovery_says(cx, station, queue, &message) {
            return;
        }
        let Some(id) = self.mail.queues.iter().find(|(_, of)| of.station == station && of.queue == queue).map(|(id, _)| *id) else {
            return self.refuse("a message about a queue that was not asked for");
        };
        match message {
            Message::Have(theirs) => self.their_have(cx, id, Audience::Queue(queue), theirs),
            Message::Entries(run) => self.entries(cx, id, run),
            Message::Holds(deposits) => self.holds(id, deposits),
            Message::Stubbed(log, seqs) => self.were_stubbed(cx, id, log, &seqs),
            Message::Slips(slips) => self.slips_came(cx, id, queue, &slips),
            Message::Checkpoint(_) | Message::GetPieces(_) | Message::Piece(_) | Message::NoCheckpoint(_) if self.is_of_journal(queue) => {
                self.of_checkpoints(cx, id, message);
            }
            _ => self.refuse("a message that no queue sends"),
        }
    }

    fn is_of_journal(&self, queue: QueueId) -> bool {
        self.registry.epoch(&queue).is_some_and(|epoch| Some(epoch.space) == self.journal())
    }

    /// A queue keeps these checkpoints.
    fn holds(&mut self, id: LinkId, deposits: Vec<CheckpointId>) {
        if let Some(of) = self.mail.queues.get_mut(&id) {
            of.deposits = deposits.into_iter().collect();
        }
    }

    /// Whether a queue keeps a checkpoint.
    pub(in crate::replica) fn is_deposited(&self, id: LinkId, checkpoint: CheckpointId) -> bool {
        self.mail.queues.get(&id).is_some_and(|of| of.deposits.contains(&checkpoint))
    }

    /// A station did not do something.
    pub(super) fn unwilling(&mut self, cx: &mut Cx<'_>, station: LinkId, unwilling: Unwilling) {
        let Some(key) = self.links.get(&station).map(|link| link.key) else { return };
        tracing::warn!(why = %unwilling.why, "a mailbox did not do what it was asked");
        let known = self.mail.known.entry(key).or_default();
        if unwilling.why != Why::Unknown || unwilling.queue.is_none() {
            known.unwilling = Some(unwilling.why.to_string());
        }
        if self.not_enrolled(cx, station, unwilling.why) {
            return;
        }
        let of = |queue| self.mail.queues.iter().find(|(_, of)| of.station == station && of.queue == queue);
        let id = unwilling.queue.and_then(of).map(|(id, _)| *id);
        match (unwilling.why, id) {
            (Why::Closed, Some(id)) => self.is_closed(id, true),
            // What was not taken is sent again, ever more rarely.
            (_, Some(_)) | (Why::Quota | Why::Store | Why::Limit | Why::Pace | Why::Unknown, None) => {}
            (Why::Closed | Why::Used | Why::Expired | Why::Proof, None) => self.drop_link(cx, station),
        }
    }

    /// Closes queues of older epochs, once what they held is known and is in the queue of the present one.
    fn close_queues(&mut self, cx: &mut Cx<'_>) {
        self.look_who_gives();
        let mut closing = Vec::new();
        for (id, of) in self.mail.queues.iter().filter(|(_, of)| of.may_write && !of.gives && !of.closed && !of.closing) {
            let Some(space) = self.registry.epoch(&of.queue).map(|epoch| epoch.space) else { continue };
            let Some(current) = self.current_queue(space) else { continue };
            let newer = self.mail.queues.iter().find(|(_, one)| one.station == of.station && one.queue == current && one.gives);
            if newer.is_some_and(|(newer, _)| self.is_settled(*newer)) && self.is_settled(*id) {
                closing.push(*id);
            }
        }
        for id in closing {
            tracing::info!("a queue of an older epoch is closed: the present one holds all");
            cx.rest.push(Effect::Send { link: id, message: Message::CloseQueue });
            if let Some(of) = self.mail.queues.get_mut(&id) {
                of.closing = true;
            }
        }
    }

    /// After each step: remembers what a queue acknowledged, and that this device has all that is there.
    pub(in crate::replica) fn note_queue(&mut self, cx: &mut Cx<'_>, id: LinkId) {
        let settled = self.is_settled(id);
        // That the present one is closed only a later one can show: it is asked for until that is known.
        let is_current = self.mail.queues.get(&id).is_some_and(|of| self.is_current(of.queue));
        let (Some(of), Some(link)) = (self.mail.queues.get_mut(&id), self.links.get(&id)) else { return };
        let (queue, closed) = (of.queue, of.closed);
        // Something came meanwhile, and it was not closed: it is asked again once that is known, too.
        of.closing &= settled;
        let note = self.mail.notes.entry(queue).or_default();
        let before = note.clone();
        note.acked.extend(link.acked.iter().map(|(log, seq)| (*log, *seq)));
        if settled {
            note.done = closed && !is_current;
            let stale = note.last_sync.is_none_or(|last| cx.now.wall.as_second() - last.as_second() >= 1 || last > cx.now.wall);
            if stale || note.acked != before.acked {
                note.last_sync = Some(cx.now.wall);
            }
        }
        if *note != before {
            self.save_peers_soon(cx);
        }
        if settled && !self.heard && self.is_of_journal(queue) {
            self.heard = true;
            self.sweep_at = Some(cx.now.mono);
        }
    }

    /// By what stubs are said to be stubs on a link.
    pub(in crate::replica) fn leaves_out(&self, id: LinkId) -> Option<Leave> {
        let queue = self.mail.queues.get(&id)?.queue;
        let by = self.keys.get(&queue)?.write.as_ref()?.writing();
        Some(Leave { by, queue })
    }

    /// Takes note of stubs that whoever may write to a queue says are to be.
    pub(in crate::replica) fn note_left(&mut self, id: LinkId, run: &Entries) {
        let Some(of) = self.mail.queues.get(&id) else { return };
        let Some(writing) = self.registry.epoch(&of.queue).map(|epoch| epoch.write_capability) else { return };
        // Of a journal no stub counts: a checkpoint comes instead.
        let is_journal = self.is_of_journal(of.queue);
        let (queue, mut link) = (of.queue, run.before);
        let mut left = Vec::new();
        for sealed in &run.entries {
            let Ok(wire) = Wire::try_from(sealed.clone()) else { return };
            link = wire.link(&link);
            if let Sealed::Left { leave, .. } = sealed
                && !is_journal
                && proof::check_leave(&writing, queue, (wire.log(), wire.seq()), &link, leave).is_ok()
            {
                left.push((wire.log(), wire.seq()));
            }
        }
        if let Some(link) = self.links.get_mut(&id) {
            link.left.extend(left);
        }
    }
}
