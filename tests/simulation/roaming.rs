//! Laptops that sleep, move and lose their network, on real QUIC and TLS and on virtual time: the core, the store and the net edge are those of
//! the program; the datagrams are carried in memory, and a machine that sleeps has a clock that stands still. The seed decides what happens and
//! what becomes of each datagram; keys and connection ids are drawn by the system, so a seed plays nearly, not exactly, the same way again.
//!
//! Properties:
//!
//! 1. *It arrives.* Whatever is logged on one machine is on another within [`SOON`] of both being reachable again, whatever came before; and within
//!    [`AT_ONCE`] where the one that moved or woke is told so by its system.
//! 2. *A link stays where it can.* The address of the end that dialled changes, and no handshake is made: what is logged goes on by the same link.
//! 3. *A bad way is a slow way.* With one datagram in twenty lost, and all of them overtaking each other, everything arrives, by the links there are.
//! 4. *Nobody breaks a rule.* No link ends since one end thinks that the other did what it may not do.
//!
//! Ten virtual days are played by default. A month of each of twenty seeds, in an hour or so:
//!
//! ```text
//! ASIF_SIM_ROAMING_DAYS=30 ASIF_SIM_SEEDS=20 cargo test --release --test simulation roaming -- --nocapture
//! ```

mod clock;
mod machine;
mod wire;

use std::collections::BTreeSet;
use std::future::poll_fn;
use std::net::SocketAddr;
use std::task::Poll;
use std::time::Duration;

use asif_daemon::Rng;
use asif_proto::id::RecordId;
use asif_proto::local::{Answer, Event, ListFilter, Reply, Request};
use asif_proto::record::SessionFields;
use rand_core::{Rng as _, SeedableRng};
use tokio::time::{Instant, sleep_until};

use crate::{seeds, story};
use machine::Machine;
use wire::{Path, Wire};

/// Where a machine knows that it moved or woke: a second until a link is doubted, and a handshake.
const AT_ONCE: Duration = Duration::from_secs(4);
/// Where it does not: half a minute until a link is known to be dead, one and a half between two tries to find each other, and a handshake.
const SOON: Duration = Duration::from_secs(150);
/// So many steps at one moment are a machine that never comes to rest.
const STILL: u32 = 10_000;
const MINUTE: u64 = 60;
const HOUR: u64 = 60 * MINUTE;

/// The machines of one person: the first stays at home, the others move.
struct Family {
    seed: u64,
    rng: Rng,
    wire: Wire,
    machines: Vec<Machine>,
    /// Since when each can be reached; none: it cannot.
    reachable: Vec<Option<Instant>>,
    /// What was logged, where and when.
    logged: Vec<(RecordId, usize, Instant)>,
    /// When it is time to look whether something has arrived.
    looks: BTreeSet<Instant>,
    moves: u16,
}

impl Family {
    async fn new(seed: u64, count: usize) -> Self {
        let mut family = Self {
            seed,
            rng: Rng::seed_from_u64(seed),
            wire: Wire::new(seed),
            machines: Vec::new(),
            reachable: Vec::new(),
            logged: Vec::new(),
            looks: BTreeSet::new(),
            moves: 0,
        };
        for number in 0..count {
            let name = format!("device {number}");
            family.machines.push(Machine::start(&family.wire, &name, seed).await);
            family.reachable.push(Some(Instant::now()));
            if number == 0 {
                family.must(0, Request::Init { name: Some("Robin".into()), device: Some(name), wish: None, goal: None }).await;
                family.must(0, Request::PracticeAdd(story::practice("lunch", "At lunch"))).await;
            } else {
                let ticket = family.ticket().await;
                family.must(number, Request::DeviceJoin { ticket, name: Some(name), at: None }).await;
            }
        }
        family.run_for(Duration::from_secs(60)).await;
        family
    }

    async fn ticket(&mut self) -> String {
        let client = self.machines[0].ask(Request::DevicePair { yes: true, no_wait: true }).await;
        self.answer(0, client).await;
        match self.machines[0].node.events.remove(&client).unwrap().first() {
            Some(Event::Invited { ticket, .. }) => ticket.clone(),
            other => panic!("seed {}: {other:?}", self.seed),
        }
    }

    async fn must(&mut self, at: usize, request: Request) -> Reply {
        let client = self.machines[at].ask(request).await;
        self.answer(at, client).await
    }

    async fn answer(&mut self, at: usize, client: asif_daemon::replica::effect::ClientId) -> Reply {
        let until = Instant::now() + Duration::from_secs(60);
        loop {
            match self.machines[at].answer(client) {
                Some(Answer::Reply(reply)) => return *reply,
                Some(Answer::Error(failure)) => panic!("seed {}: {failure}", self.seed),
                None => assert!(self.step(until).await, "seed {}: no answer of {}", self.seed, self.machines[at].describe()),
            }
        }
    }

    /// Lets the next thing happen; `false` where that is `until`.
    async fn step(&mut self, until: Instant) -> bool {
        let mut next = until;
        for machine in self.machines.iter_mut().filter(|machine| !machine.clock.is_asleep()) {
            if machine.work().await {
                return true;
            }
            next = next.min(machine.next_work().unwrap_or(until));
        }
        if Instant::now() >= until {
            return false;
        }
        let event = poll_fn(|cx| {
            let mut awake = self.machines.iter_mut().filter(|machine| !machine.clock.is_asleep());
            let event = awake.find_map(|machine| match machine.poll_event(cx) {
                Poll::Ready(event) => Some((machine.at, event)),
                Poll::Pending => None,
            });
            event.map_or(Poll::Pending, Poll::Ready)
        });
        let event = tokio::select! {
            biased;
            event = event => Some(event),
            () = sleep_until(next) => None,
        };
        if let Some((at, event)) = event {
            self.machines[at].take(event).await;
        }
        true
    }

    async fn run_until(&mut self, until: Instant) {
        let (mut still, mut last) = (0, Instant::now());
        while self.step(until).await {
            still = if Instant::now() > last { 0 } else { still + 1 };
            last = Instant::now();
            assert!(still < STILL, "seed {}: things happen for ever and time stands still", self.seed);
        }
    }

    async fn run_for(&mut self, time: Duration) {
        self.run_until(Instant::now() + time).await;
    }

    fn below(&mut self, bound: u64) -> u64 {
        self.rng.next_u64() % bound
    }

    async fn log(&mut self, at: usize) {
        let note = Some(format!("{} on {at}", self.logged.len()));
        let fields = Box::new(SessionFields { note, ..SessionFields::default() });
        let Reply::Session(session) = self.must(at, Request::Log { practice: Some("lunch".into()), fields }).await else { panic!() };
        self.logged.push((session.id, at, Instant::now()));
        self.looks.insert(Instant::now() + SOON);
    }

    async fn has(&mut self, at: usize) -> BTreeSet<RecordId> {
        let Reply::Sessions(sessions) = self.must(at, Request::List(ListFilter { limit: Some(usize::MAX), ..ListFilter::default() })).await
        else {
            panic!()
        };
        sessions.into_iter().map(|session| session.id).collect()
    }

    /// An address that nobody ever had.
    fn elsewhere(&mut self, at: usize) -> SocketAddr {
        self.moves += 1;
        let [high, low] = self.moves.to_be_bytes();
        SocketAddr::from(([10, 1 + at as u8, high, low], 4433))
    }

    async fn moves(&mut self, at: usize) {
        let address = self.elsewhere(at);
        self.machines[at].move_to(address).await;
        if self.reachable[at].is_some() {
            self.is_reachable(at);
        }
    }

    fn is_reachable(&mut self, at: usize) {
        self.reachable[at] = Some(Instant::now());
        self.looks.insert(Instant::now() + SOON);
    }

    /// What should have arrived by now has.
    async fn check(&mut self) {
        let now = Instant::now();
        let due = |since: Option<Instant>| since.is_some_and(|since| now - since >= SOON);
        for at in (0..self.machines.len()).filter(|at| due(self.reachable[*at])).collect::<Vec<_>>() {
            let has = self.has(at).await;
            for (id, by, when) in &self.logged {
                let is_due = due(self.reachable[*by]) && now - *when >= SOON;
                if is_due && !has.contains(id) {
                    let machines: Vec<String> = self.machines.iter().map(Machine::describe).collect();
                    panic!("seed {}: what was logged on {by} is not on {at}\n{}", self.seed, machines.join("\n"));
                }
            }
        }
    }

    async fn end(self) {
        for machine in self.machines {
            machine.stop().await;
        }
    }
}

/// What happens to the machines that move, minute by minute, by the seed.
struct Plan {
    family: Family,
    /// When a machine that sleeps or has no network is back.
    back: Vec<Option<Instant>>,
}

impl Plan {
    async fn play(seed: u64, days: u64) -> Family {
        let family = Family::new(seed, 3).await;
        let mut plan = Self { back: vec![None; family.machines.len()], family };
        let end = Instant::now() + Duration::from_secs(days * 24 * HOUR);
        while Instant::now() < end {
            let pause = Duration::from_secs(10 + plan.family.below(50 * MINUTE));
            plan.live_until(Instant::now() + pause).await;
            plan.something_happens().await;
        }
        // In the end everybody is back, and everything is everywhere.
        plan.family.wire.set_path(Path::CALM);
        plan.family.wire.set_cut(1, 2, false);
        for at in 1..plan.back.len() {
            plan.comes_back(at).await;
        }
        plan.family.run_for(SOON).await;
        plan.family.check().await;
        plan.family
    }

    async fn live_until(&mut self, until: Instant) {
        loop {
            let back = (1..self.back.len()).filter_map(|at| Some((self.back[at]?, Some(at)))).min();
            let look = self.family.looks.first().map(|look| (*look, None));
            // Of two at one moment the look: by then it must have arrived.
            let first = look.into_iter().chain(back).min().filter(|(time, _)| *time < until);
            self.family.run_until(first.map_or(until, |(time, _)| time)).await;
            match first {
                Some((_, Some(at))) => self.comes_back(at).await,
                Some((look, None)) => {
                    self.family.looks.remove(&look);
                    self.family.check().await;
                }
                None => return,
            }
        }
    }

    async fn comes_back(&mut self, at: usize) {
        if self.back[at].take().is_some() {
            let machine = &mut self.family.machines[at];
            if machine.clock.is_asleep() {
                machine.wake().await
            } else {
                self.family.wire.set_there(at, true)
            }
            self.family.is_reachable(at);
        }
    }

    async fn something_happens(&mut self) {
        let at = 1 + self.family.below(self.back.len() as u64 - 1) as usize;
        let is_here = self.back[at].is_none();
        match self.family.below(12) {
            0..4 => {
                let by = self.family.below(self.back.len() as u64) as usize;
                if !self.family.machines[by].clock.is_asleep() {
                    self.family.log(by).await;
                }
            }
            4..7 if is_here => {
                let longest = if self.family.below(3) == 0 { 9 * HOUR } else { 40 * MINUTE };
                self.goes(at, longest);
                self.family.machines[at].sleep();
                if self.family.below(2) == 0 {
                    self.family.moves(at).await;
                }
            }
            7 if is_here => {
                self.goes(at, HOUR);
                self.family.wire.set_there(at, false);
            }
            8 => self.family.moves(at).await,
            9 => {
                let is_cut = self.family.below(2) == 0;
                self.family.wire.set_cut(1, 2, is_cut);
            }
            10 => self.family.wire.set_path(Path::BAD),
            11 => self.family.wire.set_path(Path::CALM),
            _ => {}
        }
    }

    fn goes(&mut self, at: usize, longest: u64) {
        let time = Duration::from_secs(1 + self.family.below(longest));
        self.back[at] = Some(Instant::now() + time);
        self.family.reachable[at] = None;
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_logged_arrives_soon_after_both_can_be_reached_again() {
    let days = std::env::var("ASIF_SIM_ROAMING_DAYS").ok().and_then(|days| days.parse().ok()).unwrap_or(10);
    for seed in seeds(1) {
        let began = std::time::Instant::now();
        let family = Plan::play(seed, days).await;
        let (carried, lost) = family.wire.counts();
        let handshakes: usize = family.machines.iter().map(|machine| machine.handshakes).sum();
        let moved: usize = family.machines.iter().map(|machine| machine.moves.len()).sum();
        eprintln!(
            "seed {seed}: {days} days in {:?}: {carried} datagrams carried, {lost} lost, {} sessions, {handshakes} handshakes, {moved} moves heard",
            began.elapsed(),
            family.logged.len(),
        );
        family.end().await;
    }
}

/// Two machines, and which of them dialled the link between them.
async fn two(seed: u64) -> (Family, usize) {
    let family = Family::new(seed, 2).await;
    let dialled: Vec<usize> = (0..2).filter(|at| family.machines[*at].open.values().any(|incoming| !incoming)).collect();
    assert!(family.machines.iter().all(|machine| machine.open.len() == 1), "seed {seed}: not one link");
    (family, dialled[0])
}

#[tokio::test(start_paused = true)]
async fn a_link_stays_where_the_end_that_dialled_moves() {
    for seed in seeds(5) {
        let (mut family, mover) = two(seed).await;
        let other = 1 - mover;
        let handshakes = family.machines[other].handshakes;
        for number in 1..=3 {
            family.moves(mover).await;
            let address = family.machines[mover].node.address;
            // Also where nothing is said for a long time.
            family.run_for(Duration::from_secs(100 * number)).await;
            family.log(mover).await;
            family.run_for(Duration::from_secs(5)).await;
            assert_eq!(family.has(other).await.len(), family.logged.len(), "seed {seed}");
            assert_eq!(family.machines[other].moves.last(), Some(&address), "seed {seed}");
            family.log(other).await;
            family.run_for(Duration::from_secs(5)).await;
            assert_eq!(family.has(mover).await.len(), family.logged.len(), "seed {seed}");
        }
        assert_eq!(family.machines[other].handshakes, handshakes, "seed {seed}: the link did not stay");
        family.end().await;
    }
}

#[tokio::test(start_paused = true)]
async fn the_end_that_was_dialled_moves_and_finds_the_other_again() {
    for seed in seeds(5) {
        let (mut family, dialler) = two(seed).await;
        let mover = 1 - dialler;
        family.moves(mover).await;
        family.log(mover).await;
        family.run_for(AT_ONCE).await;
        assert_eq!(family.has(dialler).await.len(), 1, "seed {seed}");
        family.end().await;
    }
}

#[tokio::test(start_paused = true)]
async fn after_a_night_elsewhere_it_is_found_again_soon() {
    let mut longest = Duration::ZERO;
    for seed in seeds(10) {
        let mut family = Family::new(seed, 2).await;
        let evening = Duration::from_millis(family.below(60_000));
        family.run_for(evening).await;
        family.machines[1].sleep();
        family.log(0).await;
        let night = Duration::from_secs(HOUR + family.below(8 * HOUR));
        family.run_for(night).await;
        family.moves(1).await;
        family.machines[1].wake().await;
        let woke = Instant::now();
        while family.has(1).await.is_empty() {
            assert!(woke.elapsed() < AT_ONCE, "seed {seed}: {}", family.machines[1].describe());
            family.run_for(Duration::from_millis(100)).await;
        }
        longest = longest.max(woke.elapsed());
        family.end().await;
    }
    eprintln!("found again within {longest:?}");
}

#[tokio::test(start_paused = true)]
async fn a_bad_way_loses_no_link_and_nothing_that_was_logged() {
    for seed in seeds(3) {
        let mut family = Family::new(seed, 3).await;
        let handshakes: Vec<usize> = family.machines.iter().map(|machine| machine.handshakes).collect();
        family.wire.set_path(Path::BAD);
        for _ in 0..60 {
            let at = family.below(3) as usize;
            family.log(at).await;
            let pause = Duration::from_millis(family.below(20_000));
            family.run_for(pause).await;
        }
        family.run_for(Duration::from_secs(20)).await;
        for at in 0..3 {
            assert_eq!(family.has(at).await.len(), family.logged.len(), "seed {seed}: {}", family.machines[at].describe());
        }
        let after: Vec<usize> = family.machines.iter().map(|machine| machine.handshakes).collect();
        assert_eq!(after, handshakes, "seed {seed}: a link was lost");
        let (carried, lost) = family.wire.counts();
        assert!(lost * 100 > carried, "{lost} of {carried} lost");
        family.end().await;
    }
}
