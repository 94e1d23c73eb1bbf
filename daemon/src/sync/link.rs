//! What is known about one live link: who is at the other end, what they hold, what is on its way.

use std::collections::{BTreeSet, HashMap, VecDeque};
use std::net::SocketAddr;
use std::time::Duration;

use asif_proto::id::{CheckpointId, DeviceId, LinkKey, LogId, PersonId, QueueId};

/// Sealed bytes that may be on their way to one peer before it acknowledged them.
pub const WINDOW: usize = 4 << 20;
/// After so long without an acknowledgement everything is compared again.
const PATIENCE: Duration = Duration::from_secs(5);
/// So often it becomes twice as long.
const MAX_DOUBLED: u32 = 4;
/// A checkpoint of which nothing more is heard is not offered again for so long.
const OFFERED_FOR: Duration = Duration::from_secs(60);
/// A stranger has so long to prove a ticket.
pub const STRANGER_LIMIT: Duration = Duration::from_secs(20);

/// Where the network may have changed, a link is waited for so long before another one is dialled beside it.
const DOUBT: Duration = Duration::from_secs(1);

/// Who is at the other end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Peer {
    /// A device of a known person.
    Known {
        /// Whose.
        person: PersonId,
        /// Which.
        device: DeviceId,
    },
    /// Somebody who may hold a ticket.
    Stranger,
    /// The giver of a ticket that this device holds, or who is to give back what the recovery kit opens.
    Giver,
    /// Somebody who holds this person's recovery kit, or what was left of it, and comes with what the root says.
    Herald(PersonId),
    /// Somebody who did not know this device, and is told what the root says of it.
    Unaware,
    /// A mailbox.
    Mailbox,
    /// A queue at a mailbox: it is talked to over the link to that.
    Queue(QueueId),
}

/// Whom something is for: what they are told depends on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Audience {
    /// A person's devices.
    Person(PersonId),
    /// Whoever reads a queue.
    Queue(QueueId),
}

/// A checkpoint that somebody was offered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Given {
    /// Which.
    pub id: CheckpointId,
    /// They do not take it, or not now.
    pub declined: bool,
    /// When it was offered, or they last said anything of it.
    pub heard: Duration,
}

/// A live link.
#[derive(Clone)]
pub struct Link {
    /// The key at the other end.
    pub key: LinkKey,
    /// Who that is.
    pub peer: Peer,
    /// Where the other end is.
    pub address: SocketAddr,
    /// They dialled.
    pub incoming: bool,
    /// Binds what is proven to this very connection.
    pub exporter: [u8; 32],
    /// When it opened, on the monotonic clock.
    pub opened: Duration,
    /// The number that their core drew when it started.
    pub start: [u8; 8],
    /// Their Hello came: only then the link counts.
    pub up: bool,
    /// Their full Have came, or the digests were equal.
    pub compared: bool,
    /// What they acknowledged.
    pub acked: HashMap<LogId, u64>,
    /// What was sent to them.
    pub sent: HashMap<LogId, u64>,
    /// What they said they hold: seq and the first 8 bytes of its link.
    pub theirs: HashMap<LogId, (u64, [u8; 8])>,
    /// Up to where a log was last sent in bulk, on a stream of its own.
    pub bulk: HashMap<LogId, u64>,
    /// When a full Have was last asked for because something did not fit.
    pub complained: Option<Duration>,
    /// The most that they ever acknowledged of each log.
    reached: HashMap<LogId, u64>,
    /// How often it was sent again since something new was acknowledged.
    tries: u32,
    /// Logs of which no more is taken in: what comes of them beyond a gap is not asked for again.
    pub full: BTreeSet<LogId>,
    /// What is on its way: log, up to, bytes.
    pub in_flight: VecDeque<(LogId, u64, usize)>,
    /// When something was last sent that is not yet acknowledged.
    pub waiting_since: Option<Duration>,
    /// Logs being read for them now.
    pub serving: Option<LogId>,
    /// Logs of which they hold something that does not fit what is here, and from where on their branch was asked for.
    pub disputed: HashMap<LogId, u64>,
    /// How often they asked for a branch.
    pub asked: u32,
    /// What the two held of a log, here and there, when they were last asked back, and when that was.
    pub asked_back: HashMap<LogId, (Held, Duration)>,
    /// When each log was last read for them, counted.
    pub turns: HashMap<LogId, u64>,
    /// Logs of which something was stored that is not yet acknowledged to them.
    pub owed: BTreeSet<LogId>,
    /// They were sent a full Have.
    pub told: bool,
    /// A full Have is due to them: something new is shared.
    pub compare: bool,
    /// A ping that they have not answered.
    pub pinged: Option<u64>,
    /// Since when it is not known whether anything still carries it.
    pub doubted: Option<Duration>,
    /// Where they say that they listen.
    pub listen: Vec<SocketAddr>,
    /// The checkpoint that they were offered.
    pub offered: Option<Given>,
    /// They were told what this device makes of what the two hold.
    pub same: bool,
    /// They hold the same and make something else of it.
    pub otherwise: bool,
    /// How often each was offered.
    pub given: HashMap<CheckpointId, u32>,
    /// Stubs that whoever may write there says are to be: of a mailbox, that cannot say so itself.
    pub left: BTreeSet<(LogId, u64)>,
    /// The link is to be closed then, or when everything is acknowledged.
    pub closing: Option<Duration>,
}

/// How far a log is held here, and there, with the first 8 bytes of its link.
type Held = (u64, Option<(u64, [u8; 8])>);

impl Link {
    /// A link that just opened.
    pub fn new(key: LinkKey, peer: Peer, address: SocketAddr, incoming: bool, exporter: [u8; 32], now: Duration) -> Self {
        Self {
            key,
            peer,
            address,
            incoming,
            exporter,
            opened: now,
            start: [0; 8],
            up: false,
            compared: false,
            acked: HashMap::new(),
            sent: HashMap::new(),
            theirs: HashMap::new(),
            bulk: HashMap::new(),
            complained: None,
            reached: HashMap::new(),
            tries: 0,
            full: BTreeSet::new(),
            in_flight: VecDeque::new(),
            waiting_since: None,
            serving: None,
            disputed: HashMap::new(),
            asked: 0,
            asked_back: HashMap::new(),
            turns: HashMap::new(),
            owed: BTreeSet::new(),
            told: false,
            compare: false,
            offered: None,
            same: false,
            otherwise: false,
            given: HashMap::new(),
            pinged: None,
            doubted: None,
            listen: Vec::new(),
            left: BTreeSet::new(),
            closing: None,
        }
    }

    /// The person at the other end, where known and their Hello came.
    pub fn person(&self) -> Option<PersonId> {
        match self.peer {
            Peer::Known { person, .. } if self.up => Some(person),
            _ => None,
        }
    }

    /// For whom what is said here is, where their Hello came.
    pub fn audience(&self) -> Option<Audience> {
        match self.peer {
            Peer::Known { person, .. } if self.up => Some(Audience::Person(person)),
            Peer::Queue(queue) => Some(Audience::Queue(queue)),
            _ => None,
        }
    }

    /// It may be dead, and somebody says where another one would lead: that is dialled without waiting for an answer on this one.
    pub fn doubt_at_once(&mut self, now: Duration) {
        self.doubted = Some(now.saturating_sub(DOUBT));
    }

    /// Whether it is taken for dead: they were asked whether they are there, and have not answered for too long.
    pub fn is_doubtful(&self, now: Duration) -> bool {
        self.doubtful_at().is_some_and(|at| now >= at)
    }

    /// When it is, unless they answer.
    pub fn doubtful_at(&self) -> Option<Duration> {
        self.doubted.map(|since| since + DOUBT)
    }

    /// Bytes on their way.
    pub fn unacknowledged(&self) -> usize {
        self.in_flight.iter().map(|(_, _, bytes)| bytes).sum()
    }

    /// The checkpoint that they were offered and have not declined.
    pub fn taking(&self) -> Option<CheckpointId> {
        self.offered.filter(|given| !given.declined).map(|given| given.id)
    }

    /// When it may be offered anew: they may not have been able to take it, or were not heard to have it.
    pub fn offered_anew_at(&self) -> Option<Duration> {
        self.offered.map(|given| given.heard + OFFERED_FOR)
    }

    /// They hold `log` up to `seq`.
    pub fn acknowledge(&mut self, log: LogId, seq: u64, now: Duration) {
        let reached = self.reached.entry(log).or_insert(0);
        if seq > *reached {
            (*reached, self.tries) = (seq, 0);
        }
        // An older acknowledgement may come after a newer one.
        let acked = self.acked.entry(log).or_insert(seq);
        *acked = (*acked).max(seq);
        let sent = self.sent.entry(log).or_insert(seq);
        *sent = (*sent).max(seq);
        let before = self.in_flight.len();
        self.in_flight.retain(|(one, upto, _)| *one != log || *upto > seq);
        if self.in_flight.is_empty() {
            self.waiting_since = None;
        } else if self.in_flight.len() != before {
            self.waiting_since = Some(now);
        }
    }

    /// Something was sent to them.
    pub fn sent(&mut self, log: LogId, upto: u64, bytes: usize, now: Duration) {
        self.sent.insert(log, upto);
        self.in_flight.push_back((log, upto, bytes));
        self.waiting_since.get_or_insert(now);
    }

    /// Whether what is sent now on the control stream cannot overtake what was sent in bulk.
    pub fn is_in_order(&self, log: &LogId) -> bool {
        let acked = self.acked.get(log).copied().unwrap_or(0);
        self.serving != Some(*log) && self.bulk.get(log).is_none_or(|upto| acked >= *upto)
    }

    /// Something came that does not fit: everything is compared again, not more often than every 200 ms.
    pub fn complain(&mut self, now: Duration) {
        if self.complained.is_none_or(|last| now >= last + Duration::from_millis(200)) {
            self.complained = Some(now);
            self.compare = true;
        }
    }

    /// When what was sent is sent again: twice as late each time, where nothing new is acknowledged. They may have no room for it.
    pub fn again_at(&self) -> Option<Duration> {
        self.waiting_since.map(|since| since + PATIENCE * 2_u32.pow(self.tries.min(MAX_DOUBLED)))
    }

    /// What was sent and not acknowledged for long is sent again.
    pub fn send_again(&mut self) {
        self.tries = self.tries.saturating_add(1);
        self.start_again();
        self.compare = true;
    }

    /// Forgets everything about a log that is another now. Only a new offer tells whether they hold what a checkpoint stands for.
    pub fn forget(&mut self, log: &LogId) {
        self.reached.remove(log);
        self.acked.remove(log);
        self.sent.remove(log);
        self.theirs.remove(log);
        self.bulk.remove(log);
        self.disputed.remove(log);
        self.offered = None;
        self.in_flight.retain(|(one, _, _)| one != log);
        if self.serving == Some(*log) {
            self.serving = None;
        }
        if self.in_flight.is_empty() {
            self.waiting_since = None;
        }
    }

    /// Forgets what was sent and not acknowledged, so that it is sent again.
    pub fn start_again(&mut self) {
        self.sent = self.acked.clone();
        self.in_flight.clear();
        self.bulk.clear();
        self.waiting_since = None;
        self.serving = None;
    }
}
