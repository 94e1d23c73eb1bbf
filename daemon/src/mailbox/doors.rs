//! Who comes in: versions, and the queues that somebody may look at.

use std::collections::btree_map::Entry;

use asif_proto::frame::Frame;
use asif_proto::id::QueueId;
use asif_proto::peer::{self, Hello, Message, OpenQueue, QueueKind, QueueOpen, QueueState, Refused, Why};

use super::effect::{Ask, Effect, VisitorId};
use super::names::{self, Object};
use super::queue::Queue;
use super::records::{Deposited, Owned, Record};
use super::visitor::{MAX_QUEUES, Visit};
use super::{Account, Asked, CLOSED_FOR_S, Cx, Loading, Mailbox};
use crate::seal::proof;

impl Mailbox {
    pub(super) fn frame(&mut self, cx: &mut Cx, id: VisitorId, frame: &Frame) {
        let Some((_, visitor)) = self.visitors.get_mut(&id) else { return };
        if !visitor.keeps_pace(frame.bytes.len(), cx.now.mono) {
            return self.dismiss(cx, id, Some(Why::Pace));
        }
        let up = visitor.up;
        match Message::from_frame(frame) {
            Err(_) => self.dismiss(cx, id, None),
            Ok(None) => {}
            Ok(Some(Message::Hello(hello))) => self.hello(cx, id, &hello),
            Ok(Some(Message::Enrol(enrol))) if up => self.enrol(cx, id, &enrol),
            Ok(Some(Message::Enrolled(enrolled))) if up => self.enrolled(cx, id, &enrolled),
            Ok(Some(Message::OpenQueue(asked))) if up => self.open(cx, id, asked),
            Ok(Some(Message::Within(queue, message))) if up => self.within(cx, id, queue, *message),
            Ok(Some(Message::Leave)) if up => self.leave(cx, id),
            Ok(Some(Message::Ping(number))) if up => cx.send(id, Message::Pong(number)),
            Ok(Some(_)) => self.dismiss(cx, id, None),
        }
    }

    fn hello(&mut self, cx: &mut Cx, id: VisitorId, hello: &Hello) {
        let (min, max) = peer::VERSIONS;
        if hello.min > max || hello.max < min {
            cx.send(id, Message::Refused(Refused::Version));
            return self.dismiss(cx, id, None);
        }
        if let Some((_, visitor)) = self.visitors.get_mut(&id) {
            visitor.up = true;
            cx.send(id, Message::Hello(Hello { min, max, start: self.start, digest: [0; 16], listen: Vec::new() }));
        }
    }

    /// Somebody asks for a queue.
    pub(super) fn open(&mut self, cx: &mut Cx, id: VisitorId, asked: OpenQueue) {
        let Some((_, visitor)) = self.visitors.get_mut(&id) else { return };
        if visitor.enrolling {
            if visitor.waiting.len() < MAX_QUEUES {
                visitor.waiting.push(asked);
            }
            return;
        }
        if visitor.visits.len() >= MAX_QUEUES {
            return self.dismiss(cx, id, Some(Why::Limit));
        }
        let queue = proof::queue_of(&asked.kind);
        match proof::check_queue(&asked, &visitor.exporter) {
            Ok(may) if may.read || may.write || (asked.make && visitor.account.is_some()) => {}
            Ok(_) => return self.refuse(cx, id, Some(queue), Why::Unknown),
            Err(_) => return self.dismiss(cx, id, Some(Why::Proof)),
        }
        if self.queues.contains_key(&queue) && !self.loading.contains_key(&queue) {
            return self.opened(cx, id, asked);
        }
        let loading = self.loading.entry(queue).or_default();
        loading.waiting.push((id, asked));
        if loading.waiting.len() == 1 {
            self.list(cx, names::contents(&queue), Asked::Contents(queue));
        }
    }

    /// A queue that is looked at is listed again: others may have written to it.
    pub(super) fn look_again(&mut self, cx: &mut Cx, queue: QueueId) {
        if let Some(known) = self.queues.get_mut(&queue) {
            known.listed = cx.now.mono;
        }
        if let Entry::Vacant(vacant) = self.loading.entry(queue) {
            vacant.insert(Loading { again: true, ..Loading::default() });
            self.list(cx, names::contents(&queue), Asked::Contents(queue));
        }
    }

    pub(super) fn contents_listed(&mut self, cx: &mut Cx, queue: QueueId, listed: Vec<(String, u64)>) {
        let owned = names::owned(&queue);
        if listed.iter().any(|(name, _)| *name == owned) {
            self.get(cx, owned, Asked::Owned(queue, listed));
        } else {
            self.is_absent(cx, queue);
        }
    }

    pub(super) fn owned_got(&mut self, cx: &mut Cx, queue: QueueId, listed: Vec<(String, u64)>, bytes: Option<&[u8]>) {
        let Some(owned) = bytes.and_then(Owned::from_bytes) else { return self.is_absent(cx, queue) };
        let checkpoints = listed.iter().map(|(name, _)| name).filter(|name| matches!(names::parse(name), Some(Object::Checkpoint(_))));
        let checkpoints: Vec<String> = checkpoints.cloned().collect();
        let Some(loading) = self.loading.get_mut(&queue) else { return };
        loading.found = Some((owned, listed));
        loading.missing = checkpoints.len();
        for name in &checkpoints {
            self.get(cx, name.clone(), Asked::Deposit(queue));
        }
        if checkpoints.is_empty() {
            self.is_there(cx, queue);
        }
    }

    pub(super) fn deposit_got(&mut self, cx: &mut Cx, queue: QueueId, bytes: Option<&[u8]>) {
        let Some(loading) = self.loading.get_mut(&queue) else { return };
        loading.missing = loading.missing.saturating_sub(1);
        if let Some(deposited) = bytes.and_then(Deposited::from_bytes) {
            loading.deposits.insert(deposited.about.id, deposited.about);
        }
        if loading.missing == 0 {
            self.is_there(cx, queue);
        }
    }

    /// All is known of a queue.
    fn is_there(&mut self, cx: &mut Cx, id: QueueId) {
        let Some(Loading { waiting, found: Some((owned, listed)), deposits, again, .. }) = self.loading.remove(&id) else { return };
        let writing = match owned.kind {
            QueueKind::Space { writing, .. } => Some(writing),
            QueueKind::Recovery { .. } => None,
        };
        let mut queue = Queue::of(owned.account(), writing, &listed, deposits, cx.now.mono);
        let is_over = queue.closed.is_some_and(|at| i64::try_from(at).is_ok_and(|at| at + CLOSED_FOR_S < cx.now.wall_s));
        if is_over {
            cx.effects.push(Effect::Delete {
                ask: None,
                names: listed.into_iter().map(|(name, _)| name).chain([names::room(&queue.account, &id)]).collect(),
            });
            self.queues.remove(&id);
            return self.answer_absent(cx, id, waiting);
        }
        if let Some(before) = self.queues.remove(&id) {
            queue.go_on_from(before);
        }
        if !again || self.visitors.values().any(|(_, one)| one.visits.contains_key(&id)) {
            self.queues.insert(id, queue);
        }
        if again {
            self.stir(id);
        }
        for (visitor, asked) in waiting {
            self.opened(cx, visitor, asked);
        }
    }

    /// There is no such queue: it is made where somebody may.
    fn is_absent(&mut self, cx: &mut Cx, queue: QueueId) {
        let Some(Loading { waiting, again, .. }) = self.loading.get_mut(&queue) else { return };
        let maker = waiting.iter().find_map(|(id, asked)| {
            let (_, visitor) = self.visitors.get(id).filter(|_| asked.make)?;
            Some(Owned { account: visitor.account?.0, kind: asked.kind })
        });
        if *again {
            self.queues.remove(&queue);
            self.visitors.values_mut().for_each(|(_, visitor)| drop(visitor.visits.remove(&queue)));
        }
        match maker {
            Some(owned) => {
                let room = names::room(&owned.account(), &queue);
                self.put(cx, room, Vec::new(), Asked::Making(queue, owned, Some(owned.to_bytes())));
            }
            None => {
                let waiting = self.loading.remove(&queue).map(|loading| loading.waiting).unwrap_or_default();
                self.answer_absent(cx, queue, waiting);
            }
        }
    }

    fn answer_absent(&self, cx: &mut Cx, queue: QueueId, waiting: Vec<(VisitorId, OpenQueue)>) {
        for (visitor, _) in waiting {
            cx.send(visitor, Message::QueueOpen(QueueOpen { queue, state: QueueState::Absent }));
        }
    }

    /// One of the two that make a queue is put.
    pub(super) fn making(&mut self, cx: &mut Cx, queue: QueueId, owned: Owned, next: Option<Vec<u8>>) {
        match next {
            Some(bytes) => self.put(cx, names::owned(&queue), bytes, Asked::Making(queue, owned, None)),
            None => {
                if let Some(loading) = self.loading.get_mut(&queue) {
                    loading.found = Some((owned, Vec::new()));
                }
                self.is_there(cx, queue);
            }
        }
    }

    /// Somebody looks at a queue from now on.
    fn opened(&mut self, cx: &mut Cx, id: VisitorId, asked: OpenQueue) {
        let queue_id = proof::queue_of(&asked.kind);
        let Some((key, visitor)) = self.visitors.get_mut(&id) else { return };
        let Some(queue) = self.queues.get(&queue_id) else { return };
        let Ok(mut may) = proof::check_queue(&asked, &visitor.exporter) else { return };
        // A recovery queue is added to by whoever is enrolled.
        may.write |= queue.writing.is_none() && visitor.account == Some(queue.account);
        let state = if queue.closed.is_some() { QueueState::Closed } else { QueueState::Open };
        cx.send(id, Message::QueueOpen(QueueOpen { queue: queue_id, state }));
        let mut visit = Visit::new(may, *key, cx.now.mono);
        visit.link.compare = true;
        visitor.visits.insert(queue_id, visit);
        if !self.accounts.contains_key(&queue.account) {
            let account = queue.account;
            self.accounts.insert(account, Account::new());
            self.get(cx, names::about(&account), Asked::About(account));
        }
        self.stirred.insert((id, queue_id));
    }

    /// The store did not do what it was asked.
    pub(super) fn trouble(&mut self, cx: &mut Cx, asked: Asked, reason: &str) {
        tracing::error!(reason, "the store did not do what it was asked");
        self.counts.failures += 1;
        match asked {
            Asked::Enrolment(id)
            | Asked::Invitation(id, _)
            | Asked::Rekeying(id, _)
            | Asked::Rekeyed(id, ..)
            | Asked::Leaving(id, ..)
            | Asked::LeavingRoom(id, ..)
            | Asked::Left(id)
            | Asked::Enrolling(id, ..) => self.dismiss(cx, id, Some(Why::Store)),
            Asked::About(account) | Asked::Rooms(account) | Asked::Room(account) => {
                let waiting = self.accounts.remove(&account).map(|known| known.waiting).unwrap_or_default();
                waiting.into_iter().for_each(|id| self.dismiss(cx, id, Some(Why::Store)));
            }
            Asked::Contents(queue) | Asked::Owned(queue, _) | Asked::Deposit(queue) | Asked::Making(queue, _, _) => {
                let waiting = self.loading.remove(&queue).map(|loading| loading.waiting).unwrap_or_default();
                waiting.into_iter().for_each(|(id, _)| self.dismiss(cx, id, Some(Why::Store)));
            }
            Asked::Put(queue, log) => self.not_put(cx, queue, log),
            Asked::PutSlip(queue, _, id, _) => self.refuse(cx, id, Some(queue), Why::Store),
            Asked::Give(id, queue, ..)
            | Asked::GiveSlip(id, queue, _)
            | Asked::GivePiece(id, queue, _)
            | Asked::GiveDeposit(id, queue, _) => {
                self.dismiss_from(cx, id, queue);
            }
            Asked::Tell(id, queue, ..) => self.refuse(cx, id, Some(queue), Why::Store),
            Asked::PutPiece(queue, _, _) | Asked::PutDeposit(queue, _, _) => self.not_deposited(cx, queue),
            Asked::Rewrite(queue, ..) | Asked::Rewritten(queue, ..) | Asked::Closing(queue, ..) => self.refuse_all(cx, queue, Why::Store),
        }
    }

    /// Something that is asked for cannot be read: whoever waits for it comes again.
    fn dismiss_from(&mut self, cx: &mut Cx, id: VisitorId, queue: QueueId) {
        self.refuse(cx, id, Some(queue), Why::Store);
        self.dismiss(cx, id, None);
    }

    /// Tells all who may write to a queue.
    fn refuse_all(&mut self, cx: &mut Cx, queue: QueueId, why: Why) {
        let writes = self.visitors.iter().filter(|(_, (_, one))| one.visits.get(&queue).is_some_and(|visit| visit.may.write));
        for id in writes.map(|(id, _)| *id).collect::<Vec<_>>() {
            self.refuse(cx, id, Some(queue), why);
        }
    }

    pub(super) fn listed(&mut self, cx: &mut Cx, ask: Ask, outcome: Result<Vec<(String, u64)>, String>) {
        let Some(asked) = self.asked.remove(&ask) else { return };
        match (asked, outcome) {
            (asked, Err(reason)) => self.trouble(cx, asked, &reason),
            (Asked::Rooms(account), Ok(listed)) => self.rooms_listed(cx, account, &listed),
            (Asked::Room(account), Ok(listed)) => self.room_listed(cx, account, &listed),
            (Asked::Leaving(id, account, key), Ok(listed)) => self.leaving_listed(cx, id, (account, key), &listed),
            (Asked::LeavingRoom(id, queues, mut gone), Ok(listed)) => {
                gone.extend(listed.into_iter().map(|(name, _)| name));
                self.leave_room(cx, id, queues, gone);
            }
            (Asked::Contents(queue), Ok(listed)) => self.contents_listed(cx, queue, listed),
            _ => {}
        }
    }
}
