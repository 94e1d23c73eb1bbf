//! Somebody who came: what they have proven, how fast they are, and which queues they look at.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::time::Duration;

use asif_proto::id::{LinkKey, LogId, QueueId};
use asif_proto::peer::OpenQueue;

use super::names::AccountId;
use crate::seal::proof::May;
use crate::sync::link::{Link, Peer};

/// The most queues that one connection may look at.
pub(super) const MAX_QUEUES: usize = 1024;
/// Bytes that may come at once, and each second from then on.
const BYTES: (f64, f64) = (64e6, 8e6);
/// The same of messages.
const MESSAGES: (f64, f64) = (20e3, 1e3);

/// As above.
pub(super) struct Visitor {
    pub(super) exporter: [u8; 32],
    pub(super) opened: Duration,
    /// Their Hello came.
    pub(super) up: bool,
    /// Whose room they may use.
    pub(super) account: Option<AccountId>,
    /// By which key.
    pub(super) enrolled_as: Option<[u8; 32]>,
    /// What they said of that is being looked at.
    pub(super) enrolling: bool,
    /// What they ask for meanwhile.
    pub(super) waiting: Vec<OpenQueue>,
    pub(super) visits: BTreeMap<QueueId, Visit>,
    pace: [Bucket; 2],
}

/// One queue that somebody looks at.
pub(super) struct Visit {
    pub(super) may: May,
    /// What they have of it, and what is on its way to them.
    pub(super) link: Link,
    /// They are shown a branch of these logs.
    pub(super) on: BTreeMap<LogId, usize>,
    /// Branches that they were shown.
    pub(super) shown: BTreeSet<(LogId, usize)>,
    /// Slips that were sent, or that they have.
    pub(super) slips: BTreeSet<[u8; 16]>,
    /// Something is being read for them.
    pub(super) reading: bool,
}

impl Visit {
    pub(super) fn new(may: May, key: LinkKey, now: Duration) -> Self {
        let nowhere = SocketAddr::from(([0, 0, 0, 0], 0));
        let link = Link::new(key, Peer::Stranger, nowhere, true, [0; 32], now);
        Self { may, link, on: BTreeMap::new(), shown: BTreeSet::new(), slips: BTreeSet::new(), reading: false }
    }
}

impl Visitor {
    pub(super) fn new(exporter: [u8; 32], now: Duration) -> Self {
        Self {
            exporter,
            opened: now,
            up: false,
            account: None,
            enrolled_as: None,
            enrolling: false,
            waiting: Vec::new(),
            visits: BTreeMap::new(),
            pace: [Bucket::new(BYTES, now), Bucket::new(MESSAGES, now)],
        }
    }

    /// Whether they have proven anything.
    pub(super) fn is_known(&self) -> bool {
        self.account.is_some() || !self.visits.is_empty()
    }

    /// A message of so many bytes came; whether that is still slow enough.
    pub(super) fn keeps_pace(&mut self, bytes: usize, now: Duration) -> bool {
        #[expect(clippy::cast_precision_loss, reason = "a pace is no exact thing")]
        let bytes = bytes as f64;
        let [all, messages] = &mut self.pace;
        let (all, messages) = (all.take(bytes, now), messages.take(1.0, now));
        all && messages
    }
}

/// What may come at once, filled again as time goes by.
struct Bucket {
    most: f64,
    each_second: f64,
    left: f64,
    at: Duration,
}

impl Bucket {
    fn new((most, each_second): (f64, f64), at: Duration) -> Self {
        Self { most, each_second, left: most, at }
    }

    fn take(&mut self, amount: f64, now: Duration) -> bool {
        self.left = (self.left + now.saturating_sub(self.at).as_secs_f64() * self.each_second).min(self.most);
        self.at = now;
        self.left -= amount;
        self.left >= 0.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_comes_too_fast_is_told_and_who_waits_may_go_on() {
        let mut visitor = Visitor::new([0; 32], Duration::ZERO);
        assert!(visitor.keeps_pace(60_000_000, Duration::ZERO));
        assert!(!visitor.keeps_pace(8_000_000, Duration::ZERO));
        assert!(visitor.keeps_pace(8_000_000, Duration::from_secs(2)));
        let mut chatty = Visitor::new([0; 32], Duration::ZERO);
        assert!((0..20_000).all(|_| chatty.keeps_pace(1, Duration::ZERO)));
        assert!(!chatty.keeps_pace(1, Duration::ZERO));
    }
}
