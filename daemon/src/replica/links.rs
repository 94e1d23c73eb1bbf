//! Links to peers: how one begins, what both say they hold, how one ends.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::time::Duration;

use asif_proto::frame::Frame;
use asif_proto::id::{LinkKey, LogId, PersonId};
use asif_proto::peer::{self, Have, Hello, Message, Refused};

use super::effect::{Effect, LinkId};
use super::{Cx, Replica};
use crate::people::space::Space;
use crate::people::statement::Epoch;
use crate::sync::have::{self, Tip, short_id, short_link};
use crate::sync::link::{Audience, Link, Peer, STRANGER_LIMIT};

/// Two links of the same pair that opened so close together were dialled by both at once.
const SAME_MOMENT: Duration = Duration::from_secs(5);
/// A link that was up so long had no reason to end in itself.
const LASTING: Duration = Duration::from_secs(10);
/// The most logs that one Have may list.
const MAX_LOGS_TOLD: usize = 8192;

impl Replica {
    pub(super) fn opened(&mut self, cx: &mut Cx<'_>, id: LinkId, key: LinkKey, address: SocketAddr, incoming: bool, exporter: [u8; 32]) {
        self.dialling.remove(&id);
        let is_giver = !incoming && self.joining.as_ref().is_some_and(|joining| joining.link == Some(id));
        let peer = match self.registry.holder(&key) {
            // Also of somebody who is known already: a new invitation is another grant.
            _ if is_giver => Peer::Giver,
            _ if !incoming && self.is_station(&key) => Peer::Mailbox,
            _ if self.introductions.contains(&id) => Peer::Unaware,
            Some((person, device)) if self.is_welcome(&person, &key) => Peer::Known { person, device },
            _ => self.herald(&key).filter(|_| incoming).map_or(Peer::Stranger, Peer::Herald),
        };
        self.links.insert(id, Link::new(key, peer, address, incoming, exporter, cx.now.mono));
        match peer {
            Peer::Known { .. } => self.say_hello(cx, id),
            Peer::Giver => self.ask_to_join(cx, id),
            Peer::Unaware => self.introduce(cx, id),
            Peer::Mailbox => self.greet_station(cx, id),
            Peer::Herald(_) | Peer::Queue(_) => {}
            Peer::Stranger if incoming && self.registry.is_gone(&key) => {
                // Before a ticket is bound to keys that never return: it comes again with others.
                cx.rest.push(Effect::Send { link: id, message: Message::Refused(Refused::Removed) });
                self.drop_link(cx, id);
            }
            Peer::Stranger if incoming => {}
            Peer::Stranger => self.drop_link(cx, id),
        }
    }

    pub(super) fn say_hello(&mut self, cx: &mut Cx<'_>, id: LinkId) {
        let Some(Peer::Known { person, .. }) = self.links.get(&id).map(|link| link.peer) else { return };
        let (min, max) = peer::VERSIONS;
        let digest = self.digest(person);
        let listen = self.listening.clone().unwrap_or_default();
        cx.rest.push(Effect::Send { link: id, message: Message::Hello(Hello { min, max, start: self.start, digest, listen }) });
    }

    pub(super) fn frame(&mut self, cx: &mut Cx<'_>, id: LinkId, frame: &Frame) {
        let Some(link) = self.links.get(&id) else { return };
        let (peer, up) = (link.peer, link.up);
        let message = match Message::from_frame(frame) {
            Ok(Some(message)) => message,
            Ok(None) => return,
            Err(_) => {
                self.refuse("a malformed message");
                return self.drop_link(cx, id);
            }
        };
        match (peer, message) {
            (Peer::Mailbox, message) => self.station_says(cx, id, message),
            (Peer::Known { person, .. }, Message::Hello(hello)) => self.hello(cx, id, person, hello),
            (Peer::Known { person, .. }, Message::Have(theirs)) if up => self.their_have(cx, id, Audience::Person(person), theirs),
            (Peer::Known { person, .. }, Message::Roster(blobs) | Message::Epochs(blobs)) if up => self.statements(cx, id, person, blobs),
            (Peer::Known { .. }, Message::Entries(entries)) if up => self.entries(cx, id, entries),
            (Peer::Known { .. }, Message::GetEntries(want)) if up => self.asked_for_branch(cx, id, want),
            (Peer::Known { .. }, Message::Ping(number)) if up => cx.rest.push(Effect::Send { link: id, message: Message::Pong(number) }),
            (Peer::Known { .. }, Message::Pong(number)) if up => self.answered_ping(id, number),
            (Peer::Known { person, .. }, Message::Addresses(told)) if up && self.person() == Some(person) => self.told_addresses(cx, told),
            (Peer::Stranger | Peer::Known { .. }, Message::Join(join)) => self.asked_to_join(cx, id, join),
            (Peer::Stranger | Peer::Known { .. }, Message::ByCode(asked)) => self.asked_by_code(cx, id, &asked),
            (Peer::Stranger | Peer::Known { .. }, Message::Refused(Refused::Code)) => self.code_was_wrong(cx, id),
            (Peer::Known { person, .. }, Message::Same(same)) if up && self.person() == Some(person) => self.told_same(id, person, same),
            (Peer::Known { person, .. }, message) if up && self.person() == Some(person) && is_of_checkpoints(&message) => {
                self.of_checkpoints(cx, id, message);
            }
            (
                Peer::Giver,
                message @ (Message::Hello(_) | Message::CodeAnswer(_) | Message::For(_) | Message::Welcome(_) | Message::Refused(_)),
            ) => self.giver_says(cx, id, message),
            (Peer::Herald(person), Message::Introduce(blobs)) => self.introduced(cx, id, person, &blobs),
            (Peer::Unaware, Message::Welcome(_) | Message::For(_)) => self.is_introduced(cx, id),
            (_, Message::Refused(refused)) => {
                if let Some(key) = self.links.get(&id).map(|link| link.key) {
                    self.last_error.insert(key, refused.to_string());
                    self.note_forgotten(key, matches!(refused, Refused::Unknown | Refused::Removed));
                }
                self.drop_link(cx, id);
            }
            (Peer::Stranger, _) => {
                self.refuse("a stranger without a ticket");
                cx.rest.push(Effect::Send { link: id, message: Message::Refused(Refused::Unknown) });
                self.drop_link(cx, id);
            }
            _ => self.refuse("a message out of turn"),
        }
    }

    fn hello(&mut self, cx: &mut Cx<'_>, id: LinkId, person: PersonId, hello: Hello) {
        let (min, max) = peer::VERSIONS;
        if hello.min > max || hello.max < min {
            self.refuse("a peer of another version");
            if let Some(link) = self.links.get(&id) {
                self.last_error.insert(link.key, Refused::Version.to_string());
            }
            cx.rest.push(Effect::Send { link: id, message: Message::Refused(Refused::Version) });
            return self.drop_link(cx, id);
        }
        let Some(link) = self.links.get_mut(&id) else { return };
        link.up = true;
        link.start = hello.start;
        link.listen.clone_from(&hello.listen);
        let (key, address) = (link.key, link.address);
        self.last_error.remove(&key);
        self.forgotten.remove(&key);
        self.learn_addresses(cx, key, address, &hello.listen);
        self.was_reached(cx, id);
        self.tell_addresses(cx, id);
        self.one_link_each(cx, id);
        self.was_welcomed(cx, key);
        if hello.digest == self.digest(person) {
            let tips: Vec<_> = self.common_tips(Audience::Person(person)).iter().map(|tip| (tip.log, tip.seq)).collect();
            if let Some(link) = self.links.get_mut(&id) {
                tips.into_iter().for_each(|(log, seq)| link.acknowledge(log, seq, cx.now.mono));
                link.compared = true;
            }
        } else if let Some(link) = self.links.get_mut(&id) {
            link.compare = true;
        }
    }

    /// Of two live links of one pair one goes: of two dialled at the same moment the one that the higher key dialled,
    /// else the older, which is dead if the other end has started anew.
    fn one_link_each(&mut self, cx: &mut Cx<'_>, id: LinkId) {
        let Some(new) = self.links.get(&id).cloned() else { return };
        let Some(ours) = self.link_key() else { return };
        let dialler = |link: &Link| if link.incoming { link.key } else { ours };
        let others: Vec<_> = self
            .links
            .iter()
            .filter(|(other, link)| **other != id && link.key == new.key && link.up)
            .map(|(other, link)| (*other, link.clone()))
            .collect();
        for (other, old) in others {
            let together = new.start == old.start && new.opened.saturating_sub(old.opened) < SAME_MOMENT && new.incoming != old.incoming;
            let loser = if together && dialler(&new) > dialler(&old) { id } else { other };
            self.drop_link(cx, loser);
        }
    }

    pub(super) fn their_have(&mut self, cx: &mut Cx<'_>, id: LinkId, of: Audience, theirs: Have) {
        let common: BTreeMap<LogId, Tip> = self.common_tips(of).into_iter().map(|tip| (tip.log, tip)).collect();
        let listed: BTreeMap<LogId, (u64, [u8; 8])> = theirs
            .queues
            .iter()
            .flat_map(|queue| queue.logs.iter().map(|one| (queue.queue, *one)))
            .take(MAX_LOGS_TOLD)
            // A log is that of its queue: another person may have given one of theirs the same number.
            .filter(|(queue, (log, _, _))| self.logs.get(log).is_none_or(|known| known.head.queue == *queue))
            .map(|(_, (log, seq, short))| (log, (seq, short)))
            .collect();
        let lacking = match of {
            Audience::Person(person) => self.statements_told(cx, id, person, &theirs),
            Audience::Queue(_) => {
                self.slips_told(cx, id, &theirs);
                false
            }
        };
        let Some(link) = self.links.get_mut(&id) else { return };
        if link.theirs.len() + listed.len() > 2 * MAX_LOGS_TOLD {
            self.refuse("a peer that lists logs without end");
            return self.drop_link(cx, id);
        }
        if theirs.full {
            // They cannot know what this device lacks before it has told them all, be it that it took the digests for equal.
            link.compare |= !link.told || lacking;
            link.acked.clear();
            link.theirs.clear();
            link.disputed.clear();
            link.start_again();
            link.compared = true;
        }
        let mut parted = Vec::new();
        for (log, (seq, short)) in listed {
            link.theirs.insert(log, (seq, short));
            link.acknowledge(log, seq, cx.now.mono);
            if common.get(&log).is_some_and(|tip| tip.seq == seq && short_link(&tip.link) != short) {
                parted.push(log);
            }
        }
        parted.into_iter().for_each(|log| self.dispute(cx, id, log));
    }

    /// Full Haves that are due, and acknowledgements.
    pub(super) fn tend_links(&mut self, cx: &mut Cx<'_>) {
        for id in self.links.keys().copied().collect::<Vec<_>>() {
            let Some(link) = self.links.get_mut(&id) else { continue };
            let now = cx.now.mono;
            if matches!(link.peer, Peer::Stranger | Peer::Giver) {
                if now >= link.opened + STRANGER_LIMIT && !self.is_awaited(id) {
                    self.drop_link(cx, id);
                }
                continue;
            }
            if link.again_at().is_some_and(|at| now >= at) {
                link.send_again();
            }
            let Some(of) = link.audience() else { continue };
            let (full, owed) = (std::mem::take(&mut link.compare), std::mem::take(&mut link.owed));
            link.told |= full;
            if full || !owed.is_empty() {
                let have = self.our_have(of, full, &owed);
                cx.rest.push(Effect::Send { link: id, message: Message::Have(have) });
            }
            self.serve(cx, id, of);
            let Audience::Person(person) = of else {
                self.note_queue(cx, id);
                continue;
            };
            self.note_sync(cx, id, person);
            self.tell_same(cx, id, person);
            self.offer_instead(cx, id);
            let over = self.links.get(&id).is_some_and(|link| link.closing.is_some_and(|at| now >= at || self.is_told(person, link)));
            if over {
                self.drop_link(cx, id);
            }
        }
        self.dial_due(cx);
        self.tend_stations(cx);
    }

    fn our_have(&self, of: Audience, full: bool, owed: &BTreeSet<LogId>) -> Have {
        let statements = match of {
            _ if !full => Vec::new(),
            Audience::Person(person) => self.audience(person).map(|statement| short_id(&statement.id())).collect(),
            Audience::Queue(queue) => self.slip_ids(queue).keys().copied().collect(),
        };
        let tips = self.common_tips(of).into_iter().filter(|tip| full || owed.contains(&tip.log)).collect();
        have::have(full, statements, tips)
    }

    pub(super) fn closed(&mut self, cx: &mut Cx<'_>, id: LinkId, reason: Option<&str>, refused: bool) {
        let was_dialled = self.dialling.remove(&id);
        let link = self.links.remove(&id);
        self.rooms.retain(|(link, _), _| *link != id);
        self.introductions.remove(&id);
        self.station_closed(&id);
        self.join_link_closed(cx, id, reason.unwrap_or("the other end takes nobody just now"), refused);
        let Some(key) = was_dialled.or(link.as_ref().map(|link| link.key)) else { return };
        self.forget_told(&key);
        let lasted = link.as_ref().filter(|link| link.up).map(|link| cx.now.mono.saturating_sub(link.opened));
        if lasted.is_none() && (self.registry.holder(&key).is_some() || self.is_station(&key)) {
            // Whoever takes nobody just now is asked again soon, and waited for.
            if let Some(reason) = reason {
                self.last_error.entry(key).or_insert_with(|| reason.to_owned());
            }
            self.note_forgotten(key, refused);
        }
        self.try_again(cx, key, lasted);
    }

    pub(super) fn drop_link(&mut self, cx: &mut Cx<'_>, id: LinkId) {
        // A queue that lies is of a mailbox that does.
        let id = self.over(id).map_or(id, |(station, _)| station);
        self.introductions.remove(&id);
        self.station_closed(&id);
        if let Some(link) = self.links.remove(&id) {
            self.rooms.retain(|(link, _), _| *link != id);
            cx.rest.push(Effect::Close { link: id });
            self.forget_told(&link.key);
            let lasted = link.up.then(|| cx.now.mono.saturating_sub(link.opened));
            self.try_again(cx, link.key, lasted);
        }
    }

    /// A link that held for a while is dialled again at once, any other ever more rarely.
    fn try_again(&mut self, cx: &mut Cx<'_>, key: LinkKey, lasted: Option<Duration>) {
        if self.registry.holder(&key).is_none() && !self.is_station(&key) {
            return;
        }
        let backoff = self.backoff.entry(key).or_default();
        match lasted {
            Some(lasted) if lasted >= LASTING => backoff.reset(),
            _ => backoff.failed(cx.now.mono, cx.rng),
        }
    }

    pub(super) fn digest(&self, person: PersonId) -> [u8; 16] {
        let statements: Vec<_> = self.audience(person).map(|statement| short_id(&statement.id())).collect();
        have::digest(&statements, self.common_tips(Audience::Person(person)))
    }

    /// The tips of every log of the spaces that are shared with a person, or of the space of a queue.
    pub(super) fn common_tips(&self, of: Audience) -> Vec<Tip> {
        let tip = |log: &super::logs::Log| {
            let epoch = self.registry.epoch(&log.head.queue)?;
            let shared = log.seq > 0 && self.is_for(log.head.log, epoch, of);
            shared.then_some(Tip { queue: log.head.queue, key: log.head.key, log: log.head.log, seq: log.seq, link: log.link })
        };
        self.logs.values().filter_map(tip).collect()
    }

    /// Whether a log is for somebody.
    pub(super) fn is_for(&self, log: LogId, epoch: &Epoch, of: Audience) -> bool {
        match of {
            Audience::Person(person) => self.is_shared(log, epoch, person),
            Audience::Queue(queue) => self.is_in_queue(log, epoch, queue),
        }
    }

    /// Whether a log is shared with a person: of a share that has ended only the end itself.
    pub(super) fn is_shared(&self, log: LogId, epoch: &Epoch, person: PersonId) -> bool {
        let Space::Share { grant, .. } = epoch.space else { return self.is_common(&epoch.space, &epoch.readers, person) };
        let over = self.person() != Some(person) && self.has_ended(grant);
        let is_end = || self.boards.get(&epoch.space.id()).and_then(|board| board.end_log()) == Some(log);
        self.is_common(&epoch.space, &epoch.readers, person) && (!over || is_end())
    }

    /// Whether a space is shared with a person: own devices share all, others what both read and what has not ended.
    pub(super) fn is_common(&self, space: &Space, readers: &[PersonId], person: PersonId) -> bool {
        let Some(me) = self.person() else { return false };
        if !readers.contains(&me) || !readers.contains(&person) {
            return false;
        }
        person == me
            || match space {
                Space::Journal { .. } => false,
                // Also after the end: that what was shared is deleted is told in it.
                Space::Share { .. } | Space::Feedback { .. } => true,
            }
    }

    pub(super) fn link_deadlines(&self) -> impl Iterator<Item = Duration> {
        let patience = self.links.values().flat_map(|link| link.again_at().into_iter().chain(link.offered_anew_at()));
        let strangers = self
            .links
            .iter()
            .filter(|(id, link)| !matches!(link.peer, Peer::Known { .. } | Peer::Mailbox | Peer::Queue(_)) && !self.is_awaited(**id))
            .map(|(_, link)| link.opened + STRANGER_LIMIT);
        let closing = self.links.values().filter_map(|link| link.closing);
        let doubts = self.links.values().filter_map(Link::doubtful_at).filter(|at| *at > self.now.mono);
        patience.chain(strangers).chain(closing).chain(doubts).chain(self.dial_deadlines()).chain(self.station_deadlines())
    }

    /// Whether both ends of a link hold the same.
    pub(super) fn is_settled(&self, id: LinkId) -> bool {
        let Some(link) = self.links.get(&id) else { return false };
        let Some(of) = link.audience() else { return false };
        let gives = self.may_give(id);
        let tips: BTreeMap<LogId, u64> = self.common_tips(of).into_iter().map(|tip| (tip.log, tip.seq)).collect();
        // Stubs that nobody signed any more, as where a copy left out what it wrote last and was never seen again.
        let says_nothing = |log: &LogId, seq: &u64| self.rooms.get(&(id, *log)).is_some_and(|room| room.ends_in_stubs_at(*seq));
        let has_come = |log: &LogId, seq: &u64| {
            link.acked.get(log).is_some_and(|acked| acked == seq || says_nothing(log, acked) || (acked > seq && self.is_over(log)))
        };
        link.compared
            && !link.compare
            && link.disputed.is_empty()
            && (!gives || tips.iter().all(|(log, seq)| has_come(log, seq)))
            && self.has_slips(id)
            && link.acked.iter().all(|(log, seq)| {
                let no_more = self.logs.contains_key(log) && !tips.contains_key(log);
                no_more || tips.get(log) == Some(seq) || says_nothing(log, seq) || self.is_over(log)
            })
    }
}

/// Whether a message is about checkpoints.
fn is_of_checkpoints(message: &Message) -> bool {
    matches!(message, Message::Checkpoint(_) | Message::GetPieces(_) | Message::Piece(_) | Message::NoCheckpoint(_))
}
