//! A mailbox: always on, it keeps queues for people whose devices are never on together. It holds no key: it cannot read what it keeps, and learns no name
//! and no device. What it does see is which enrolments, addresses and queues belong together.
//!
//! Like the other core it takes the time and an [`Input`], and returns [`Effect`]s. Whatever matters is in the store: any number of processes may serve the
//! same people from one store, and each may end at any moment.
//!
//! ```text
//! visitor      proves that it is enrolled, and which queues it may read or write        (`accounts`, `doors`)
//! queue        a listing tells how it stands: logs, statements, checkpoints             (`queue`, `held`, `names`)
//! taken        chained, counted against the room of its owner, put: then acknowledged   (`take`, `deposit`)
//! given        what is stored goes to whoever reads the queue                           (`give`)
//! ```
//!
//! Nobody's signature is checked here but that of a capability: what an entry says, and whether its writer may say it, is for whoever can open it. So of
//! two entries for one place both are kept, and shown.

mod accounts;
mod deposit;
mod doors;
pub mod effect;
mod give;
mod held;
pub mod names;
mod queue;
pub mod records;
mod take;
mod visitor;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use asif_proto::id::{CheckpointId, LogId, QueueId};
use asif_proto::peer::{Deposit, Message, OpenQueue, Unwilling, Why};

use effect::{Ask, Effect, Input, Now, VisitorId};
use names::AccountId;
use queue::Queue;
use records::Owned;
use visitor::Visitor;

/// A visitor has so long to prove something.
const STRANGER_LIMIT: Duration = Duration::from_secs(20);
/// Where others may write to the store too, a queue that somebody looks at is listed so often.
const LOOK_AGAIN: Duration = Duration::from_secs(5);
/// As above: so many objects would have to be read one by one.
const MANY: u64 = 256;
/// So long a closed queue is kept.
const CLOSED_FOR_S: i64 = 180 * 86_400;

/// What was asked of the store.
enum Asked {
    /// Whose an enrolment is.
    Enrolment(VisitorId),
    /// A ticket that somebody came with.
    Invitation(VisitorId, asif_proto::peer::Enrol),
    /// What comes of an enrolment: these are put one after the other.
    Enrolling(VisitorId, AccountId, Vec<(String, Vec<u8>)>),
    /// An enrolment that is to have another key.
    Rekeying(VisitorId, asif_proto::peer::Enrol),
    Rekeyed(VisitorId, AccountId, asif_proto::peer::Enrol),
    /// What somebody may keep.
    About(AccountId),
    /// Which queues take their room, and how much each.
    Rooms(AccountId),
    Room(AccountId),
    /// Somebody goes, with all that is kept for them.
    Leaving(VisitorId, AccountId, [u8; 32]),
    LeavingRoom(VisitorId, Vec<QueueId>, Vec<String>),
    Left(VisitorId),
    /// What is in a queue, whose it is, and its checkpoints.
    Contents(QueueId),
    Owned(QueueId, Vec<(String, u64)>),
    Deposit(QueueId),
    /// A queue is being made.
    Making(QueueId, Owned, Option<Vec<u8>>),
    /// Entries.
    Put(QueueId, LogId),
    /// To be given to somebody, or to be shown to them from an entry on.
    Give(VisitorId, QueueId, LogId, names::Run, give::Wanted),
    /// To tell whether what somebody brings is another branch.
    Tell(VisitorId, QueueId, Box<asif_proto::peer::Entries>, names::Run),
    /// A slip that somebody brings, or is to be given.
    PutSlip(QueueId, [u8; 16], VisitorId, u64),
    GiveSlip(VisitorId, QueueId, [u8; 16]),
    /// Parts of checkpoints.
    PutPiece(QueueId, asif_proto::id::PieceId, u64),
    GivePiece(VisitorId, QueueId, asif_proto::id::PieceId),
    PutDeposit(QueueId, CheckpointId, u64),
    GiveDeposit(VisitorId, QueueId, CheckpointId),
    /// Entries that become stubs, or go.
    Rewrite(QueueId, LogId, names::Run, deposit::Change),
    Rewritten(QueueId, LogId, names::Run, names::Run, Vec<u64>),
    Closing(QueueId, u64, BTreeMap<LogId, asif_proto::id::Link>),
}

/// A queue that is being looked up.
#[derive(Default)]
struct Loading {
    waiting: Vec<(VisitorId, OpenQueue)>,
    found: Option<(Owned, Vec<(String, u64)>)>,
    deposits: BTreeMap<CheckpointId, Deposit>,
    missing: usize,
    /// It is known already, and looked up anew.
    again: bool,
}

/// Somebody's room.
struct Account {
    quota: u64,
    used: u64,
    /// It was counted before; until then nobody can be told that there is no more room.
    is_known: bool,
    /// What is still being counted, and what has been so far.
    counting: usize,
    counted: u64,
    waiting: Vec<VisitorId>,
}

impl Account {
    /// One that is about to be counted.
    fn new() -> Self {
        Self { quota: 0, used: 0, is_known: false, counting: 1, counted: 0, waiting: Vec::new() }
    }
}

/// What a mailbox has done since it started, for whoever runs it. It counts, and names nobody.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// Entries that were stored.
    pub entries: u64,
    /// Bytes of objects that were stored.
    pub bytes: u64,
    /// Entries that were given.
    pub given: u64,
    /// Connections that came.
    pub visitors: u64,
    /// What was not done, for whatever reason.
    pub unwilling: u64,
    /// What the store did not do.
    pub failures: u64,
}

/// The core of a mailbox.
pub struct Mailbox {
    start: [u8; 8],
    /// Others may write to the store too.
    is_shared: bool,
    /// Whoever lacks more entries than this is given a checkpoint that stands for them, if there is one.
    many: u64,
    visitors: BTreeMap<VisitorId, (asif_proto::id::LinkKey, Visitor)>,
    queues: BTreeMap<QueueId, Queue>,
    loading: BTreeMap<QueueId, Loading>,
    accounts: BTreeMap<AccountId, Account>,
    depositing: BTreeMap<(QueueId, CheckpointId), deposit::Depositing>,
    /// Who is to be looked after in this step.
    stirred: BTreeSet<(VisitorId, QueueId)>,
    asked: BTreeMap<Ask, Asked>,
    next_ask: u64,
    counts: Counts,
}

/// What one step is given and gives.
struct Cx {
    now: Now,
    /// Nothing happened.
    is_idle: bool,
    effects: Vec<Effect>,
}

impl Cx {
    fn send(&mut self, visitor: VisitorId, message: Message) {
        self.effects.push(Effect::Send { visitor, message, bulk: false });
    }

    fn within(&mut self, visitor: VisitorId, queue: QueueId, message: Message, bulk: bool) {
        self.effects.push(Effect::Send { visitor, message: Message::Within(queue, Box::new(message)), bulk });
    }
}

impl Mailbox {
    /// One that knows nobody; `start`: random, so that others tell this start from another.
    pub fn new(is_shared: bool, start: [u8; 8]) -> Self {
        Self::with(is_shared, start, MANY)
    }

    /// The same, where more than so many entries are many.
    pub fn with(is_shared: bool, start: [u8; 8], many: u64) -> Self {
        Self {
            start,
            is_shared,
            many,
            visitors: BTreeMap::new(),
            queues: BTreeMap::new(),
            loading: BTreeMap::new(),
            accounts: BTreeMap::new(),
            depositing: BTreeMap::new(),
            stirred: BTreeSet::new(),
            asked: BTreeMap::new(),
            next_ask: 0,
            counts: Counts::default(),
        }
    }

    /// What it has done since it started.
    pub fn counts(&self) -> Counts {
        self.counts
    }

    /// How many are connected now, and how many queues they look at.
    pub fn looks(&self) -> (usize, usize) {
        (self.visitors.len(), self.queues.len())
    }

    /// Carries out one input.
    pub fn handle(&mut self, now: Now, input: Input) -> Vec<Effect> {
        let mut cx = Cx { now, is_idle: matches!(input, Input::Tick), effects: Vec::new() };
        match input {
            Input::Opened { visitor, key, exporter } => {
                self.counts.visitors += 1;
                self.visitors.insert(visitor, (key, Visitor::new(exporter, now.mono)));
            }
            Input::Frame { visitor, frame } => self.frame(&mut cx, visitor, &frame),
            Input::Closed { visitor } => self.forget(visitor),
            Input::Listed { ask, outcome } => self.listed(&mut cx, ask, outcome),
            Input::Got { ask, outcome } => self.got(&mut cx, ask, outcome),
            Input::Put { ask, outcome } => self.put_done(&mut cx, ask, outcome),
            Input::Tick => {}
        }
        self.tend(&mut cx);
        cx.effects
    }

    /// When it wants to be called again without anything happening.
    pub fn next_deadline(&self) -> Option<Duration> {
        let strangers = self.visitors.values().filter(|(_, one)| !one.is_known()).map(|(_, one)| one.opened + STRANGER_LIMIT);
        let again = self.visitors.values().flat_map(|(_, one)| one.visits.values()).filter_map(|visit| visit.link.again_at());
        let look = self.queues.values().filter(|_| self.is_shared).map(|queue| queue.listed + LOOK_AGAIN);
        strangers.chain(again).chain(look).min()
    }

    fn ask(&mut self, asked: Asked) -> Ask {
        self.next_ask += 1;
        self.asked.insert(Ask(self.next_ask), asked);
        Ask(self.next_ask)
    }

    fn get(&mut self, cx: &mut Cx, name: String, asked: Asked) {
        let ask = self.ask(asked);
        cx.effects.push(Effect::Get { ask, name });
    }

    fn put(&mut self, cx: &mut Cx, name: String, bytes: Vec<u8>, asked: Asked) {
        let ask = self.ask(asked);
        cx.effects.push(Effect::Put { ask, name, bytes });
    }

    fn list(&mut self, cx: &mut Cx, prefix: String, asked: Asked) {
        let ask = self.ask(asked);
        cx.effects.push(Effect::List { ask, prefix });
    }

    fn refuse(&mut self, cx: &mut Cx, visitor: VisitorId, queue: Option<QueueId>, why: Why) {
        self.counts.unwilling += 1;
        cx.send(visitor, Message::Unwilling(Unwilling { queue, why }));
    }

    /// Says why, and ends the connection.
    fn dismiss(&mut self, cx: &mut Cx, visitor: VisitorId, why: Option<Why>) {
        if let Some(why) = why {
            self.refuse(cx, visitor, None, why);
        }
        if self.visitors.contains_key(&visitor) {
            cx.effects.push(Effect::Close { visitor });
        }
        self.forget(visitor);
    }

    fn forget(&mut self, visitor: VisitorId) {
        self.visitors.remove(&visitor);
        self.stirred.retain(|(one, _)| *one != visitor);
        for loading in self.loading.values_mut() {
            loading.waiting.retain(|(one, _)| *one != visitor);
        }
        self.depositing.retain(|_, one| one.by != visitor);
        self.let_go();
    }

    /// Nobody looks at these any more, and nothing of them is on its way.
    fn let_go(&mut self) {
        let looked_at = |queue: &QueueId| self.visitors.values().any(|(_, visitor)| visitor.visits.contains_key(queue));
        let busy = |queue: &Queue| queue.logs.values().any(|log| log.putting.is_some() || log.coming.is_some());
        self.queues.retain(|id, queue| looked_at(id) || busy(queue));
    }

    /// What follows from any step.
    fn tend(&mut self, cx: &mut Cx) {
        let late = |(_, one): &(asif_proto::id::LinkKey, Visitor)| !one.is_known() && cx.now.mono >= one.opened + STRANGER_LIMIT;
        let late: Vec<VisitorId> = self.visitors.iter().filter(|(_, one)| late(one)).map(|(id, _)| *id).collect();
        late.into_iter().for_each(|id| self.dismiss(cx, id, None));
        if self.is_shared {
            let due = |queue: &Queue| cx.now.mono >= queue.listed + LOOK_AGAIN;
            let due: Vec<QueueId> = self.queues.iter().filter(|(_, queue)| due(queue)).map(|(id, _)| *id).collect();
            due.into_iter().for_each(|id| self.look_again(cx, id));
        }
        let again = |visit: &visitor::Visit| visit.link.again_at().is_some_and(|at| cx.now.mono >= at);
        if cx.is_idle {
            for (id, (_, one)) in &self.visitors {
                self.stirred.extend(one.visits.iter().filter(|(_, visit)| again(visit)).map(|(queue, _)| (*id, *queue)));
            }
        }
        for (visitor, queue) in std::mem::take(&mut self.stirred) {
            self.tend_visit(cx, visitor, queue);
        }
    }

    /// Something of a queue changed for everybody who looks at it.
    fn stir(&mut self, queue: QueueId) {
        let looks = self.visitors.iter().filter(|(_, (_, one))| one.visits.contains_key(&queue));
        self.stirred.extend(looks.map(|(id, _)| (*id, queue)));
    }
}
