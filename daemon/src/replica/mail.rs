//! Mailboxes: stations that are always on and hold what this device's person writes and reads, sealed. The journal and what is shared lie in queues there,
//! one for each epoch of a space; each queue is talked to as a device is, over the one link to its station.
//!
//! ```text
//! station    dialled like a peer, under a link key that is thrown away afterwards; told nothing but proofs of capabilities
//! queue      a link of its own here (`Peer::Queue`), whose messages travel within the station's
//! current    of the epoch that is written under: holds all of its space; the others are read to their end, and then closed (`queues`)
//! slips      statements, sealed for who reads the queue (`slips`)
//! ```
//!
//! A person's own station is in their journal, with the seed that they are enrolled by. Where others keep theirs they say in what they share.

mod enrol;
mod leave;
mod leave_out;
mod queues;
mod slips;
mod stations;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use asif_proto::id::{CheckpointId, LinkKey, LogId, QueueId, StatementId};
use asif_proto::peer::{Allowance, QueueState};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::Replica;
use super::effect::{Effect, LinkId};

pub(super) use stations::Station;

/// Links of queues have numbers from here on.
const OF_QUEUES: u64 = 1 << 62;

/// As above.
#[derive(Default)]
pub(super) struct Mail {
    /// By the link to it.
    live: BTreeMap<LinkId, Live>,
    /// By the number of the link that stands for it.
    queues: BTreeMap<LinkId, OfQueue>,
    next: u64,
    /// Somebody waits to be enrolled.
    enrolling: Option<enrol::Enrolling>,
    /// Somebody waits to be let go.
    leaving: Option<leave::Leaving>,
    /// How queues name the statements that belong there, worked out when there were so many statements.
    slip_ids: BTreeMap<QueueId, (usize, BTreeMap<[u8; 16], StatementId>)>,
    /// What was last heard of each station.
    known: BTreeMap<LinkKey, Known>,
    /// What is remembered of queues between starts.
    pub(super) notes: Notes,
    /// Where this home came back from, until the journal says where the mailbox is.
    pub(super) found: Option<stations::Told>,
}

/// A station that there is a link to.
struct Live {
    key: LinkKey,
    /// Queues that were asked for, and how they are.
    asked: BTreeMap<QueueId, Option<QueueState>>,
    /// It was told who keeps something there.
    said: bool,
    /// It said what this person may keep.
    enrolled: bool,
}

/// A queue that is talked to.
struct OfQueue {
    station: LinkId,
    queue: QueueId,
    /// This device may put something into it, and does.
    gives: bool,
    /// It may add statements.
    may_write: bool,
    closed: bool,
    /// Statements that it holds, by their slips.
    slips: BTreeSet<[u8; 16]>,
    /// Those that were sent, and those that came.
    sent: BTreeSet<[u8; 16]>,
    came: BTreeSet<[u8; 16]>,
    /// Checkpoints that it keeps.
    deposits: BTreeSet<CheckpointId>,
    /// Up to where it was asked to drop entries.
    dropped: BTreeMap<LogId, u64>,
    /// It was asked to leave something out, and has not said that it did.
    leaving: bool,
    /// It was asked to close.
    closing: bool,
}

impl OfQueue {
    fn new(station: LinkId, queue: QueueId, may_write: bool, closed: bool) -> Self {
        let (slips, sent, came) = (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
        Self {
            station,
            queue,
            gives: false,
            may_write,
            closed,
            slips,
            sent,
            came,
            deposits: BTreeSet::new(),
            dropped: BTreeMap::new(),
            leaving: false,
            closing: false,
        }
    }
}

/// What was last heard of a station.
#[derive(Debug, Clone, Default)]
pub(super) struct Known {
    pub(super) allowance: Option<Allowance>,
    /// What it last did not do.
    pub(super) unwilling: Option<String>,
}

/// What is remembered of queues.
pub(super) type Notes = BTreeMap<QueueId, Note>;

/// Of one of them.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Note {
    /// What it acknowledged.
    acked: BTreeMap<LogId, u64>,
    /// When both had the same last.
    last_sync: Option<Timestamp>,
    /// It is closed, and was read to its end.
    done: bool,
    /// Entries that it is to leave out and has not yet.
    leave: BTreeMap<LogId, BTreeSet<u64>>,
}

impl Mail {
    /// What goes out on the link of a queue goes out on that of its station.
    pub(super) fn route(&self, effects: Vec<Effect>) -> Vec<Effect> {
        let route = |effect: Effect| match effect {
            Effect::Send { link, message } => match self.queues.get(&link) {
                Some(of) => {
                    let message = asif_proto::peer::Message::Within(of.queue, Box::new(message));
                    Some(Effect::Send { link: of.station, message })
                }
                // It is gone.
                None if link.0 >= OF_QUEUES => None,
                None => Some(Effect::Send { link, message }),
            },
            Effect::Close { link } if link.0 >= OF_QUEUES => None,
            other => Some(other),
        };
        if effects.iter().any(|effect| matches!(effect, Effect::Send { link, .. } | Effect::Close { link } if link.0 >= OF_QUEUES)) {
            effects.into_iter().filter_map(route).collect()
        } else {
            effects
        }
    }

    fn deadlines(&self) -> impl Iterator<Item = Duration> {
        self.enrolling.iter().map(|one| one.deadline).chain(self.leaving.iter().map(|one| one.deadline))
    }
}

impl Replica {
    /// What was last heard of a station.
    pub(super) fn station_known(&self, key: &LinkKey) -> Option<&Known> {
        self.mail.known.get(key)
    }

    /// The link to a station.
    pub(super) fn station_link(&self, key: &LinkKey) -> Option<LinkId> {
        self.mail.live.iter().find(|(_, live)| live.key == *key).map(|(id, _)| *id)
    }

    /// Whether a station holds all that this device has, and this device all that it holds.
    pub(super) fn is_station_settled(&self, key: &LinkKey) -> bool {
        let Some((station, live)) = self.mail.live.iter().find(|(_, live)| live.key == *key) else { return false };
        let is_pinged = self.links.get(station).is_none_or(|link| link.pinged.is_some());
        let of_it = || self.mail.queues.iter().filter(|(_, of)| of.station == *station);
        // What this device would write has no place there.
        let is_shut = |of: &OfQueue| of.closed && of.may_write && self.is_current(of.queue);
        let all_asked = live.asked.values().all(Option::is_some) && !live.asked.is_empty();
        !is_pinged && all_asked && of_it().next().is_some() && of_it().all(|(id, of)| self.is_settled(*id) && !is_shut(of))
    }

    /// When both last had the same of something.
    pub(super) fn station_last_sync(&self, station: &Station) -> Option<Timestamp> {
        let spaces = self.spaces_at(station);
        let queues = spaces.iter().flat_map(|space| self.registry.epochs(space.id())).map(crate::people::statement::Epoch::queue);
        queues.filter_map(|queue| self.mail.notes.get(&queue)?.last_sync).max()
    }
}
