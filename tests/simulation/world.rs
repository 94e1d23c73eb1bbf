//! Machines, a network between them that delays, breaks, duplicates and reorders, and virtual time. Everything follows from one seed.

mod asking;
mod machines;
pub(crate) mod mailboxes;
mod nearby;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use asif_daemon::Rng;
use asif_daemon::replica::Keeping;
use asif_daemon::replica::effect::{Beacon, Exporter, Input, LinkId};
use asif_proto::id::LinkKey;
use asif_proto::peer::Message;
use rand_core::{Rng as _, SeedableRng};

use crate::node::{Node, Wish};

/// So many happenings at one moment are a machine that never comes to rest.
const STILL: u32 = 10_000;

/// How bad the network is.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Weather {
    /// Of a thousand messages so many break their connection, with everything on its way.
    pub(crate) breaks: u64,
    /// Of a thousand messages so many come twice.
    pub(crate) twice: u64,
    /// Of a thousand runs of entries so many are overtaken by later messages.
    pub(crate) late: u64,
    /// The longest delay, in milliseconds.
    pub(crate) delay_ms: u64,
}

impl Weather {
    pub(crate) const CALM: Weather = Weather { breaks: 0, twice: 0, late: 0, delay_ms: 5 };
    pub(crate) const STORM: Weather = Weather { breaks: 15, twice: 60, late: 60, delay_ms: 400 };
}

/// Something that will happen.
enum Happening {
    Dialled { node: usize, link: LinkId, peer: Option<LinkKey>, addresses: Vec<std::net::SocketAddr>, shows: Option<LinkKey> },
    MailboxTick { number: usize },
    StoreAnswers { number: usize, start: u64, input: Box<asif_daemon::mailbox::effect::Input> },
    Arrives { to: usize, link: LinkId, message: Message },
    Closes { node: usize, link: LinkId, refused: bool },
    Wakes { node: usize },
    Heard { node: usize, beacon: Beacon, address: std::net::SocketAddr },
    Tick { node: usize },
}

/// One end of a live connection.
#[derive(Clone, Copy)]
struct End {
    node: usize,
    link: LinkId,
}

pub(crate) struct World {
    pub(crate) seed: u64,
    pub(crate) time: Duration,
    pub(crate) nodes: Vec<Node>,
    mailboxes: Vec<mailboxes::Process>,
    pub(crate) weather: Weather,
    /// Connections that came about so far.
    pub(crate) connected: usize,
    /// Questions after another branch of a log so far.
    pub(crate) disputes: usize,
    /// Machines know where they lie.
    pub(crate) places: bool,
    /// When machines make checkpoints.
    pub(crate) keeping: Keeping,
    rng: Rng,
    queue: BTreeMap<(Duration, u64), Happening>,
    order: u64,
    conns: BTreeMap<(usize, LinkId), End>,
    in_order: BTreeMap<(usize, LinkId, bool), Duration>,
    cut: BTreeSet<(usize, usize)>,
    /// Gone without a word: their links look alive and carry nothing.
    pub(crate) silent: BTreeSet<usize>,
    next_incoming: u64,
    /// Every address that was ever dialled.
    pub(crate) tried: BTreeSet<std::net::SocketAddr>,
    /// What is said, from whom and to whom, while somebody listens.
    pub(crate) recorded: Option<Vec<(usize, usize, Message)>>,
    ticks: Vec<Option<Duration>>,
    /// What was said on the local network, by whom and to whom.
    overheard: BTreeMap<(usize, usize), Beacon>,
    /// Some disk was damaged, or lied, on purpose.
    pub(crate) expects_damage: bool,
    /// Happenings since time went on.
    still: u32,
}

/// When machines make checkpoints: as the program does, or with `ASIF_SIM_CHECKPOINTS` set as often as it gets; they look whether anything is to be
/// let go every 20 seconds, or every so many as it says, for stories of weeks.
fn keeping() -> Keeping {
    match std::env::var_os("ASIF_SIM_CHECKPOINTS") {
        None => Keeping::default(),
        Some(look) => {
            let look = look.to_str().and_then(|look| look.parse().ok()).filter(|look| *look > 1).unwrap_or(20);
            Keeping { worth: 8, beside: Duration::from_secs(30), look: Duration::from_secs(look) }
        }
    }
}

/// Long enough that nothing that is covered is let go.
pub(crate) const A_MONTH: Duration = Duration::from_secs(30 * 86_400);

impl World {
    /// One whose machines let go of no entry.
    pub(crate) fn keeping_entries(seed: u64) -> Self {
        let mut world = Self::new(seed);
        world.keeping.beside = A_MONTH;
        world
    }

    pub(crate) fn new(seed: u64) -> Self {
        Self {
            seed,
            time: Duration::from_secs(1),
            nodes: Vec::new(),
            mailboxes: Vec::new(),
            weather: Weather::CALM,
            connected: 0,
            disputes: 0,
            places: false,
            keeping: keeping(),
            rng: Rng::seed_from_u64(seed),
            queue: BTreeMap::new(),
            order: 0,
            conns: BTreeMap::new(),
            in_order: BTreeMap::new(),
            cut: BTreeSet::new(),
            silent: BTreeSet::new(),
            next_incoming: 1,
            tried: BTreeSet::new(),
            recorded: None,
            ticks: Vec::new(),
            overheard: BTreeMap::new(),
            expects_damage: false,
            still: 0,
        }
    }

    pub(crate) fn add(&mut self, name: &str) -> usize {
        let number = self.join(name);
        self.start(number);
        number
    }

    /// A machine that is still off.
    pub(crate) fn join(&mut self, name: &str) -> usize {
        let number = self.nodes.len();
        self.place(Node::new(number as u8 + 1, name, self.seed));
        number
    }

    fn place(&mut self, mut node: Node) {
        let number = self.nodes.len();
        node.place = self.places.then_some([number as u8; 32]);
        node.keeping = self.keeping;
        self.nodes.push(node);
        self.ticks.push(None);
    }

    pub(crate) fn below(&mut self, bound: u64) -> u64 {
        self.rng.next_u64() % bound
    }

    fn chance(&mut self, of_thousand: u64) -> bool {
        self.below(1000) < of_thousand
    }

    fn at(&mut self, when: Duration, happening: Happening) {
        self.order += 1;
        self.queue.insert((when, self.order), happening);
    }

    fn delay(&mut self) -> Duration {
        let longest = self.weather.delay_ms.max(1);
        Duration::from_micros(200 + self.below(longest * 1000))
    }

    pub(crate) fn start(&mut self, node: usize) {
        if !self.nodes[node].is_up() {
            let wishes = self.nodes[node].start(self.time);
            let damage = &self.nodes[node].damage;
            assert!(damage.is_empty() || self.expects_damage, "seed {}: {}: {damage:?}", self.seed, self.nodes[node].name);
            self.grant(node, wishes);
        }
    }

    /// A machine stops in the ordinary way.
    pub(crate) fn stop(&mut self, node: usize) {
        let time = self.time;
        self.nodes[node].stop(time);
        self.forget_node(node);
    }

    /// Carries out what a machine wants of the network, and takes note where it went down or started again.
    fn tend(&mut self, node: usize, wishes: Vec<Wish>) {
        if std::mem::take(&mut self.nodes[node].restarted) {
            self.forget_node(node);
        }
        self.grant(node, wishes);
        if !self.nodes[node].is_up() {
            self.forget_node(node);
            self.at(self.time + Duration::from_secs(1), Happening::Wakes { node });
        }
        self.overhear();
    }

    /// The power goes at one machine; it comes back later.
    pub(crate) fn crash(&mut self, node: usize, back_after: Duration) {
        self.nodes[node].crash();
        self.forget_node(node);
        self.at(self.time + back_after, Happening::Wakes { node });
    }

    /// Nothing passes between two machines any more.
    pub(crate) fn cut(&mut self, a: usize, b: usize) {
        self.cut.insert((a.min(b), a.max(b)));
        let broken: Vec<_> = self
            .conns
            .iter()
            .filter(|((node, _), end)| (*node == a && end.node == b) || (*node == b && end.node == a))
            .map(|(key, _)| *key)
            .collect();
        for (node, link) in broken {
            self.break_conn(node, link);
        }
    }

    pub(crate) fn heal(&mut self) {
        self.cut.clear();
        self.weather = Weather::CALM;
    }

    /// What was on its way to a machine that went down finds nobody: after a start its links are numbered anew.
    fn forget_node(&mut self, gone: usize) {
        self.forget_conns(|end| end.node == gone);
        self.queue.retain(|_, happening| match happening {
            Happening::Dialled { node, .. } | Happening::Closes { node, .. } | Happening::Heard { node, .. } => *node != gone,
            Happening::Arrives { to, .. } => *to != gone,
            Happening::Wakes { .. } | Happening::Tick { .. } | Happening::MailboxTick { .. } | Happening::StoreAnswers { .. } => true,
        });
    }

    fn forget_conns(&mut self, gone: impl Fn(&End) -> bool) {
        let broken: Vec<_> = self
            .conns
            .iter()
            .filter(|((node, link), end)| gone(end) || gone(&End { node: *node, link: *link }))
            .map(|(key, _)| *key)
            .collect();
        for (node, link) in broken {
            self.break_conn(node, link);
        }
    }

    fn break_conn(&mut self, node: usize, link: LinkId) {
        if let Some(end) = self.conns.remove(&(node, link)) {
            self.conns.remove(&(end.node, end.link));
            for end in [End { node, link }, end] {
                let delay = self.delay();
                self.at(self.time + delay, Happening::Closes { node: end.node, link: end.link, refused: false });
            }
        }
    }

    fn grant(&mut self, node: usize, wishes: Vec<Wish>) {
        for wish in wishes {
            match wish {
                Wish::Dial { link, peer, addresses, shows } => {
                    let delay = self.delay();
                    self.at(self.time + delay, Happening::Dialled { node, link, peer, addresses, shows });
                }
                Wish::Send { link, message, bulk } => self.send(node, link, message, bulk),
                Wish::Close { link } => self.close_conn(node, link),
            }
        }
    }

    fn close_conn(&mut self, node: usize, link: LinkId) {
        if let Some(end) = self.conns.remove(&(node, link)) {
            // What was sent before is flushed; then the other end hears of it.
            self.conns.remove(&(end.node, end.link));
            let last = [false, true].into_iter().filter_map(|bulk| self.in_order.get(&(node, link, bulk)).copied()).max();
            let when = last.unwrap_or(self.time).max(self.time) + Duration::from_millis(1);
            self.at(when, Happening::Closes { node: end.node, link: end.link, refused: false });
            self.at(when, Happening::Closes { node, link, refused: false });
        }
    }

    fn send(&mut self, node: usize, link: LinkId, message: Message, bulk: bool) {
        let Some(end) = self.conns.get(&(node, link)).copied() else { return };
        if self.silent.contains(&node) || self.silent.contains(&end.node) {
            return;
        }
        if let Some(recorded) = &mut self.recorded {
            recorded.push((node, end.node, message.clone()));
        }
        let (breaks, twice, late) = (self.weather.breaks, self.weather.twice, self.weather.late);
        if self.chance(breaks) {
            return self.break_conn(node, link);
        }
        self.disputes += usize::from(matches!(message, Message::GetEntries(_)));
        let delay = self.delay();
        let mut when = self.time + delay;
        // Entries travel on streams of their own and may overtake or be overtaken; all else is on one stream, in order.
        if matches!(message, Message::Entries(_)) && self.chance(late) {
            when += Duration::from_millis(1 + self.below(2000));
        } else {
            // Each stream is in order.
            let last = self.in_order.entry((node, link, bulk)).or_default();
            when = when.max(*last + Duration::from_micros(1));
            *last = when;
        }
        if self.chance(twice) {
            let again = when + Duration::from_millis(1 + self.below(1000));
            self.at(again, Happening::Arrives { to: end.node, link: end.link, message: message.clone() });
        }
        self.at(when, Happening::Arrives { to: end.node, link: end.link, message });
    }

    fn dialled(
        &mut self,
        node: usize,
        link: LinkId,
        (peer, shows): (Option<LinkKey>, Option<LinkKey>),
        addresses: &[std::net::SocketAddr],
    ) {
        self.tried.extend(addresses);
        let ours = shows.or_else(|| self.nodes[node].link_key());
        if let (Some(number), Some(ours)) = (self.mailbox_dialled(node, peer, addresses), ours) {
            return self.visits(node, link, number, ours);
        }
        let target = (0..self.nodes.len()).find(|other| {
            let there = &self.nodes[*other];
            let blocked = self.cut.contains(&(node.min(*other), node.max(*other)));
            *other != node
                && addresses.contains(&there.address)
                && there.is_up()
                && there.listens
                && !blocked
                && peer.is_none_or(|peer| there.link_key() == Some(peer))
        });
        let admitted = target.filter(|other| {
            let there = &self.nodes[*other];
            ours.is_some_and(|ours| there.known.contains(&ours)) || there.strangers
        });
        let (Some(other), Some(ours)) = (admitted, ours) else {
            return self.at(self.time + Duration::from_millis(50), Happening::Closes { node, link, refused: target.is_some() });
        };
        self.connected += 1;
        self.next_incoming += 2;
        let incoming = LinkId(self.next_incoming);
        let mut exporter = [0; 32];
        self.rng.fill_bytes(&mut exporter);
        let exporter = Exporter(exporter);
        self.conns.insert((node, link), End { node: other, link: incoming });
        self.conns.insert((other, incoming), End { node, link });
        let address = self.nodes[node].address;
        let there = self.nodes[other].address;
        self.input(other, Input::Opened { link: incoming, peer: ours, address, incoming: true, exporter });
        let Some(peer) = self.nodes[other].link_key() else { return };
        self.input(node, Input::Opened { link, peer, address: there, incoming: false, exporter });
    }

    /// Nobody asks a machine for anything.
    pub(crate) fn tick(&mut self, node: usize) {
        self.input(node, Input::Tick);
    }

    fn input(&mut self, node: usize, input: Input) {
        let time = self.time;
        let wishes = self.nodes[node].handle(time, input);
        self.tend(node, wishes);
    }

    /// Carries the next thing out; `false` when nothing is left before `until`.
    pub(crate) fn step(&mut self, until: Duration) -> bool {
        for node in 0..self.nodes.len() {
            let deadline = self.nodes[node].next_deadline().map(|at| at.max(self.time));
            if deadline != self.ticks[node] {
                self.ticks[node] = deadline;
                if let Some(at) = deadline {
                    self.at(at, Happening::Tick { node });
                }
            }
        }
        let Some(entry) = self.queue.first_entry() else { return false };
        if entry.key().0 > until {
            return false;
        }
        let ((when, _), happening) = entry.remove_entry();
        self.still = if when > self.time { 0 } else { self.still + 1 };
        assert!(self.still < STILL, "seed {}: things happen for ever and time stands still", self.seed);
        self.time = self.time.max(when);
        match happening {
            Happening::Dialled { node, link, peer, addresses, shows } => self.dialled(node, link, (peer, shows), &addresses),
            Happening::MailboxTick { number } => self.mailbox_tick(number),
            Happening::StoreAnswers { number, start, input } => self.store_answered(number, start, *input),
            Happening::Arrives { to, link, message } if to >= mailboxes::MAILBOXES => self.arrives_at_mailbox(to, link, &message),
            Happening::Closes { node, link, .. } if node >= mailboxes::MAILBOXES => {
                self.conns.remove(&(node, link));
                self.left_mailbox(node, link);
            }
            Happening::Arrives { to, link, message } => {
                if self.nodes[to].is_up() {
                    // Through the wire format, as the network carries it.
                    let frame = asif_proto::frame::Frame::from_bytes(&message.to_frame().to_bytes()).unwrap();
                    self.input(to, Input::Frame { link, frame });
                }
            }
            Happening::Closes { node, link, refused } => {
                self.conns.remove(&(node, link));
                self.input(node, Input::Closed { link, reason: "the network broke it".into(), refused, busy: false });
            }
            Happening::Wakes { node } => self.start(node),
            Happening::Heard { node, beacon, address } => {
                let Beacon { tags, invitations, .. } = beacon;
                if self.nodes[node].is_up() {
                    self.input(node, Input::Nearby { tags, invitations, addresses: vec![address] });
                }
            }
            Happening::Tick { node } => {
                self.ticks[node] = None;
                if self.nodes[node].next_deadline().is_some_and(|at| at <= self.time) {
                    self.input(node, Input::Tick);
                }
            }
        }
        true
    }

    /// Lets time pass.
    pub(crate) fn run_for(&mut self, time: Duration) {
        let until = self.time + time;
        while self.step(until) {}
        self.time = until;
    }
}
