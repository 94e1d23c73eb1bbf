//! Runs of entries from a peer: bounded, chained, opened, signed by a device that may write, then stored.

use std::collections::BTreeSet;
use std::time::Duration;

use asif_proto::id::{DeviceId, Link, LogId, PersonId, SpaceId};
use asif_proto::peer::Entries;

use super::effect::{Append, Effect, LinkId, LogHead};
use super::logs::{Fresh, Log, MAX_LOGS, MAX_OWN_LOGS};
use super::{Cx, Replica};
use crate::people::space::Space;
use crate::seal::body::{Body, BodyError};
use crate::seal::entry::{self, Opened, Place};
use crate::seal::keys::ReadKey;
use crate::seal::wire::Wire;
use crate::share::board::MAX_WEIGHT;
use crate::sync::link::Audience;

/// The most entries in one message.
const MAX_RUN: usize = 8192;
/// Sealed bytes of all links that may wait for the item that allows a stub before them.
const ROOM: usize = 8 << 20;

/// A run that waits until a stub in it is allowed.
#[derive(Debug, Clone)]
pub(super) struct Room {
    head: LogHead,
    before: Link,
    wires: Vec<Wire>,
}

impl Room {
    /// Nothing but stubs waits here, up to this one.
    pub(super) fn ends_in_stubs_at(&self, seq: u64) -> bool {
        self.wires.last().is_some_and(|last| last.seq() == seq) && self.wires.iter().all(|wire| matches!(wire, Wire::Stub(_)))
    }
}

/// An entry or stub of a run with what is around it.
pub(super) struct Chained {
    pub(super) wire: Wire,
    previous: Link,
    link: Link,
    /// None for a stub.
    pub(super) opened: Option<Opened>,
}

/// Opens the entries of a run, up to the first that does not open; stubs have nothing to open.
pub(super) fn open_chain(key: &ReadKey, space: SpaceId, log: LogId, before: Link, wires: Vec<Wire>) -> Vec<Chained> {
    let mut chain = Vec::with_capacity(wires.len());
    let mut link = before;
    for wire in wires {
        let place = Place { space, log, seq: wire.seq(), previous: link };
        let opened = match &wire {
            Wire::Stub(_) => None,
            Wire::Entry(_) => match entry::open(key, &place, &wire) {
                Ok(opened) => Some(opened),
                Err(_) => break,
            },
        };
        let previous = link;
        link = wire.link(&previous);
        chain.push(Chained { wire, previous, link, opened });
    }
    chain
}

/// The entries of a message, with where they belong; none where one is malformed.
pub(super) fn read(message: Entries) -> Option<(LogHead, Vec<Wire>)> {
    let Entries { queue, key, log, entries, .. } = message;
    let wires: Result<Vec<Wire>, _> = entries.into_iter().take(MAX_RUN).map(Wire::try_from).collect();
    Some((LogHead { queue, key, log }, wires.ok()?))
}

/// Who brings a run.
#[derive(Clone, Copy)]
struct By {
    /// A device of one's own.
    own: bool,
    /// A device of the space's owner.
    owner: bool,
}

/// A run that continues a log: what comes after its tip.
pub(super) struct Tail {
    pub(super) head: LogHead,
    pub(super) space: Space,
    pub(super) before: Link,
    pub(super) wires: Vec<Wire>,
}

impl Replica {
    /// A run came. What is good of it is stored; what is not leaves the tip where it was.
    pub(super) fn entries(&mut self, cx: &mut Cx<'_>, from: LinkId, message: Entries) {
        let before = message.before;
        self.note_left(from, &message);
        match read(message) {
            Some((head, wires)) => self.run(cx, from, head, before, wires),
            None => self.refuse("a malformed entry"),
        }
    }

    /// Runs that waited for an item are tried again.
    pub(super) fn open_rooms(&mut self, cx: &mut Cx<'_>) {
        if !cx.fresh.is_empty() {
            let rooms: Vec<_> = self.rooms.drain().collect();
            for ((link, _), room) in rooms {
                self.run(cx, link, room.head, room.before, room.wires);
            }
        }
    }

    fn run(&mut self, cx: &mut Cx<'_>, from: LinkId, head: LogHead, before: Link, mut wires: Vec<Wire>) {
        let (mut head, mut start) = (head, before);
        if let Some(mut room) = self.rooms.remove(&(from, head.log)) {
            let end = room.wires.iter().fold(room.before, |link, wire| wire.link(&link));
            if room.head == head && end == before {
                room.wires.append(&mut wires);
                (head, start, wires) = (room.head, room.before, room.wires);
            }
        }
        if self.logs.contains_key(&head.log)
            && let Some(link) = self.links.get_mut(&from)
        {
            // Also what came by another way is acknowledged to whoever sends it.
            link.owed.insert(head.log);
        }
        let Some(tail) = self.tail(cx, from, head, start, wires) else { return };
        self.accept(cx, from, tail);
    }

    /// What of a run continues the log, if this peer may bring it.
    pub(super) fn tail(&mut self, cx: &mut Cx<'_>, from: LinkId, head: LogHead, before: Link, wires: Vec<Wire>) -> Option<Tail> {
        let now = cx.now.mono;
        let Some(epoch) = self.registry.epoch(&head.queue) else {
            self.refuse("an entry for a queue that is not known");
            self.complain(from, now);
            return None;
        };
        let space = epoch.space;
        let readers = epoch.readers.clone();
        let key_fits = epoch.key == head.key;
        let peer = self.bringer(from)?;
        if !key_fits || !self.may_bring(peer, &space, &readers) {
            self.refuse("an entry for a space that the two do not share");
            return None;
        }
        if !wires.windows(2).all(|pair| matches!(pair, [a, b] if a.seq().checked_add(1) == Some(b.seq())))
            || wires.iter().any(|wire| wire.log() != head.log)
        {
            self.refuse("a run with a gap or of several logs");
            return None;
        }
        if self.damage.iter().any(|(log, _)| *log == Some(head.log)) {
            self.refuse("an entry of a log that is damaged here");
            return None;
        }
        if self.losses.contains_key(&head.log) {
            return None;
        }
        let disputed = self.links.get(&from).is_some_and(|link| link.disputed.contains_key(&head.log));
        if disputed && wires.first().is_some_and(|first| self.logs.get(&head.log).is_some_and(|log| first.seq() <= log.seq)) {
            self.their_branch(cx, from, head, before, wires);
            return None;
        }
        let (tip, tip_link) = match self.logs.get(&head.log) {
            None if self.orphans.iter().any(|orphan| orphan.head.log == head.log) => {
                self.refuse("an entry of a log that is here and cannot be opened yet");
                return None;
            }
            Some(log) if log.head != head => {
                self.refuse("a log under another queue");
                if self.person().map(Audience::Person) == Some(peer) && self.give_back_number(cx, &space, head.log) {
                    self.complain(from, now);
                }
                return None;
            }
            Some(log) => (log.seq, log.link),
            None => (0, Link::ZERO),
        };
        let first = wires.first()?.seq();
        if first > tip + 1 {
            self.refuse("a run that begins beyond a gap");
            if !self.links.get(&from).is_some_and(|link| link.full.contains(&head.log)) {
                self.complain(from, now);
            }
            return None;
        }
        let mut link = before;
        let mut fits = first == tip + 1 && before == tip_link;
        let mut rest = Vec::new();
        for wire in wires {
            let seq = wire.seq();
            link = wire.link(&link);
            if seq == tip {
                fits = link == tip_link;
            } else if seq > tip {
                rest.push(wire);
            }
        }
        if rest.is_empty() {
            return None;
        }
        if !fits {
            self.refuse("a run that does not fit the chain");
            self.dispute(cx, from, head.log);
            return None;
        }
        Some(Tail { head, space, before: tip_link, wires: rest })
    }

    /// Another person gave a log of theirs the number of one of this person's own: theirs goes. Says whether it did.
    fn give_back_number(&mut self, cx: &mut Cx<'_>, space: &Space, id: LogId) -> bool {
        let of = |log: &Log| self.registry.epoch(&log.head.queue).map(|epoch| epoch.space);
        let Some(held) = self.logs.get(&id).and_then(of) else { return false };
        if self.person() != Some(space.owner()) || self.person() == Some(held.owner()) || !self.is_ready() {
            return false;
        }
        self.logs.remove(&id);
        self.boards.remove(&held.id());
        self.reread(cx, held.id());
        // The view forgets it before the file goes: else it would be missed at the next start.
        self.save_snapshot(cx);
        cx.rest.push(Effect::SetAside(id));
        true
    }

    pub(super) fn complain(&mut self, id: LinkId, now: Duration) {
        if let Some(link) = self.links.get_mut(&id) {
            link.complain(now);
        }
    }

    /// Whose device brings a run.
    fn bringer(&self, from: LinkId) -> Option<Audience> {
        if from == LinkId::HELD { self.person().map(Audience::Person) } else { self.links.get(&from)?.audience() }
    }

    /// Whether somebody may bring what belongs to a space: they share it with this person, or it is the one of their queue.
    fn may_bring(&self, by: Audience, space: &Space, readers: &[PersonId]) -> bool {
        match by {
            Audience::Person(person) => self.is_common(space, readers, person),
            Audience::Queue(queue) => self.registry.epoch(&queue).is_some_and(|epoch| epoch.space == *space),
        }
    }

    fn accept(&mut self, cx: &mut Cx<'_>, from: LinkId, tail: Tail) {
        if self.locked {
            return self.hold_run(cx, from, tail);
        }
        let Tail { head, space, before, wires } = tail;
        let Some(keys) = self.keys.get(&head.queue).cloned() else {
            self.complain(from, cx.now.mono);
            return self.refuse("an entry whose key is not here yet");
        };
        let count = wires.len();
        let mut chain = open_chain(&keys.read, space.id(), head.log, before, wires);
        if chain.len() < count {
            self.refuse("an entry that does not open");
        }
        let Some(device) = self.writer(head, space, chain.first().and_then(|one| Some((one.wire.seq(), one.opened.as_ref()?)))) else {
            return;
        };
        let counts = self.registry.roster(&space.owner()).counts(&device, &head.log).unwrap_or(0);
        if chain.last().is_some_and(|last| last.wire.seq() > counts) {
            self.refuse("an entry of a removed device that nobody who stays had");
            chain.retain(|one| one.wire.seq() <= counts);
        }
        // The last good signature covers what stands before it.
        let good = chain.iter().rposition(|one| one.opened.as_ref().is_some_and(|opened| opened.verify(&device).is_ok()));
        let mut signed = good.map_or(0, |at| at + 1);
        let bringer = self.bringer(from);
        let is_of = |person: PersonId| bringer == Some(Audience::Person(person));
        let by = By { own: self.person().is_some_and(is_of), owner: is_of(space.owner()) };
        let left = self.links.get(&from).map(|link| link.left.clone()).unwrap_or_default();
        // A stub at the end says nothing that would need a signature.
        let may_end = |one: &Chained| one.opened.is_none() && (by.own || by.owner || left.contains(&(head.log, one.wire.seq())));
        while chain.get(signed).is_some_and(may_end) {
            signed += 1;
        }
        if signed < chain.len() && chain.get(signed..).is_some_and(|rest| rest.iter().any(|one| one.opened.is_some())) {
            self.refuse("an entry without a good signature");
        }
        let keep = self.allowed(&space, head.log, (by, &left), chain.get(..signed).unwrap_or_default());
        let mut waiting = Vec::new();
        let mut room = self.waiting();
        for (at, Chained { wire, previous, link, opened }) in chain.into_iter().enumerate() {
            if at >= keep {
                waiting.push((previous, wire));
                continue;
            }
            let body = opened.map(|opened| Body::from_bytes(opened.bodies()));
            let judged = match &body {
                Some(Ok(body)) => self.room_for(cx, from, head.log, body, &mut room),
                _ => Ok(None),
            };
            let Ok(judged) = judged else { return };
            if !self.has_room(&space, by.own, body.as_ref(), wire.bytes().len()) {
                if let Some(link) = self.links.get_mut(&from) {
                    link.full.insert(head.log);
                }
                return self.refuse("an entry of what a helper gives, and there is no more room for that");
            }
            let seq = wire.seq();
            self.store(cx, from, head, space, device, (previous, link), wire);
            if let Some(body) = body {
                self.take_judged(cx, (head.log, seq), body, judged);
            }
        }
        if let Some((before, _)) = waiting.first().filter(|(_, wire)| matches!(wire, Wire::Stub(_))) {
            if matches!(space, Space::Journal { .. }) {
                return self.refuse("a stub in a journal, where no item can allow it");
            }
            let before = *before;
            let wires: Vec<Wire> = waiting.into_iter().map(|(_, wire)| wire).collect();
            let others = self.rooms.values().flat_map(|room| &room.wires);
            if wires.iter().chain(others).map(|wire| wire.bytes().len()).sum::<usize>() <= ROOM {
                self.rooms.insert((from, head.log), Room { head, before, wires });
            } else {
                self.refuse("a stub that no item allows yet, and there is no more room to wait");
            }
        }
    }

    /// Whether what somebody else writes still has room, and takes note of what holds no item. What an own device has taken in is taken from it.
    fn has_room(&mut self, space: &Space, own: bool, body: Option<&Result<Body, BodyError>>, len: usize) -> bool {
        if !matches!(space, Space::Feedback { .. }) || self.person() == Some(space.owner()) {
            return true;
        }
        let board = self.boards.entry(space.id()).or_default();
        if !own && board.weight().saturating_add(len) > MAX_WEIGHT {
            return false;
        }
        match body {
            Some(Ok(Body::Put(_) | Body::Retract(_))) => {}
            Some(_) => board.pass(len),
            None => board.pass(0),
        }
        true
    }

    /// Who writes this log: its birth says so, and the roster of the space's owner must know them.
    fn writer(&mut self, head: LogHead, space: Space, first: Option<(u64, &Opened)>) -> Option<DeviceId> {
        let device = match self.logs.get(&head.log) {
            Some(log) => log.device?,
            None => {
                let (seq, opened) = first?;
                match Body::from_bytes(opened.bodies()) {
                    Ok(Body::Birth(birth)) if seq == 1 && birth.space == space.id() && birth.key == head.key => birth.device,
                    _ => {
                        self.refuse("a log without a birth");
                        return None;
                    }
                }
            }
        };
        if self.registry.roster(&space.owner()).member(&device).is_none() {
            self.refuse("an entry by a device that may not write there");
            return None;
        }
        let siblings = self.logs.values().filter(|log| log.space == space.id() && log.head.key == head.key && log.device == Some(device));
        let most = if matches!(space, Space::Journal { .. }) { MAX_OWN_LOGS } else { MAX_LOGS };
        if !self.logs.contains_key(&head.log) && siblings.count() >= most {
            self.refuse("more logs than a device may have");
            return None;
        }
        Some(device)
    }

    /// How much of a signed run may be stored: up to the first stub that nothing allows, or the end of the space.
    fn allowed(&self, space: &Space, log: LogId, (by, left): (By, &BTreeSet<(LogId, u64)>), chain: &[Chained]) -> usize {
        let board = self.boards.get(&space.id());
        // What is shared is its owner's to leave out: from them a stub needs no item that allows it, nor from an own device that got it so.
        let may_leave_out = (by.owner || by.own) && !matches!(space, Space::Journal { .. });
        let permits: BTreeSet<(LogId, u64)> = chain
            .iter()
            .filter_map(|one| Body::from_bytes(one.opened.as_ref()?.bodies()).ok())
            .flat_map(|body| match body {
                Body::Put(put) => put.replaces,
                Body::Retract(retract) => retract.replaces,
                _ => Vec::new(),
            })
            .collect();
        let allowed = |one: &Chained| {
            let at = (log, one.wire.seq());
            match &one.opened {
                None => may_leave_out || left.contains(&at) || permits.contains(&at) || board.is_some_and(|board| board.permits(at)),
                // Own devices keep what was published beyond the end, so that they hold the same; it does not count.
                Some(opened) => board.is_none_or(|board| {
                    by.own
                        || board.ended_ms().is_none()
                        || board.counts(at)
                        || matches!(Body::from_bytes(opened.bodies()), Ok(Body::Birth(_) | Body::Ended(_)) | Err(BodyError::Unknown(_)))
                }),
            }
        };
        chain.iter().position(|one| !allowed(one)).unwrap_or(chain.len())
    }

    #[expect(clippy::too_many_arguments, reason = "the parts of one stored entry")]
    fn store(
        &mut self,
        cx: &mut Cx<'_>,
        from: LinkId,
        head: LogHead,
        space: Space,
        device: DeviceId,
        (previous, link): (Link, Link),
        wire: Wire,
    ) {
        let seq = wire.seq();
        let log = self.logs.entry(head.log).or_insert_with(|| Log::new(head, space.id(), device));
        (log.seq, log.link) = (seq, link);
        log.merged = log.merged.max(seq);
        self.note_given_back(cx, from, head.log);
        // A peer had more of an own log than this device: it comes back, and is not written on.
        if let Some(vault) = self.vault.as_ref().filter(|vault| vault.device() == device) {
            // One that this device knows nothing of was begun by a copy of it.
            if seq == 1 && !vault.retired.contains(&head.log) {
                self.forks.insert(head.log);
            }
            self.retire(cx, head.log);
        }
        if let Some(link) = self.links.get_mut(&from) {
            link.acknowledge(head.log, seq, cx.now.mono);
            link.owed.insert(head.log);
        }
        cx.appends.push(Append::Entry { head, link, wire: wire.clone() });
        cx.fresh.push(Fresh { head, previous, wire });
        self.unsaved_entries += 1;
    }
}
