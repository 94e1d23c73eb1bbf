//! A machine of the simulation on the real network edge: core and net are joined as the daemon joins them.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use asif_daemon::net::{CloseReason, Closed, Command, DialError, Event, Gate, LinkId as NetLink, LinkSecret, Net};
use asif_daemon::replica::effect::{ClientId, Exporter, Input, LinkId};
use asif_proto::local::{Answer, Request};
use tokio::sync::mpsc;
use tokio::time::Instant;

use super::clock::{Clock, OnClock};
use super::wire::Wire;
use crate::node::{Node, Wish};

/// Events that may wait for the core, as in the daemon.
const QUEUE: usize = 256;

pub(crate) struct Machine {
    pub(crate) node: Node,
    pub(crate) at: usize,
    pub(crate) clock: Arc<Clock>,
    wire: Wire,
    gate: Gate,
    net: Option<Net>,
    sender: mpsc::Sender<Event>,
    events: mpsc::Receiver<Event>,
    /// Links that are open, and whether the other end dialled.
    pub(crate) open: BTreeMap<NetLink, bool>,
    /// Handshakes that were done so far.
    pub(crate) handshakes: usize,
    /// Links whose other end was heard from elsewhere, so far.
    pub(crate) moves: Vec<SocketAddr>,
}

impl Machine {
    pub(crate) async fn start(wire: &Wire, name: &str, seed: u64) -> Self {
        let address = SocketAddr::from(([10, 0, 0, 1], 4433));
        let at = wire.plug(address);
        let mut node = Node::new(at as u8 + 1, name, seed);
        wire.move_to(at, node.address);
        let clock = Clock::start();
        let (sender, events) = mpsc::channel(QUEUE);
        let wishes = node.start(clock.elapsed());
        let mut machine = Self {
            node,
            at,
            clock,
            wire: wire.clone(),
            gate: Gate::default(),
            net: None,
            sender,
            events,
            open: BTreeMap::new(),
            handshakes: 0,
            moves: Vec::new(),
        };
        machine.grant(wishes).await;
        machine
    }

    /// Another network: another address. The socket stays, since it is bound to none. The system tells, unless the machine sleeps.
    pub(crate) async fn move_to(&mut self, address: SocketAddr) {
        self.node.address = address;
        self.wire.move_to(self.at, address);
        if !self.clock.is_asleep() {
            self.input(Input::Network { addresses: vec![address] }).await;
        }
    }

    pub(crate) fn sleep(&mut self) {
        self.clock.sleep();
        self.wire.set_there(self.at, false);
    }

    /// It wakes up, and learns where it is.
    pub(crate) async fn wake(&mut self) {
        let slept = self.clock.wake();
        self.wire.set_there(self.at, true);
        // The wall clock went on.
        self.node.skew_s += i64::try_from(slept.as_secs()).unwrap();
        self.input(Input::Woke).await;
        self.input(Input::Network { addresses: vec![self.node.address] }).await;
    }

    pub(crate) async fn ask(&mut self, request: Request) -> ClientId {
        let time = self.clock.elapsed();
        let id = self.node.uuid(time);
        let (client, wishes) = self.node.ask(time, id, request);
        self.grant(wishes).await;
        client
    }

    pub(crate) fn answer(&mut self, client: ClientId) -> Option<Answer> {
        self.node.answers.remove(&client)
    }

    /// Carries out what has come in and what is due; whether there was anything.
    pub(crate) async fn work(&mut self) -> bool {
        let mut any = false;
        while let Ok(event) = self.events.try_recv() {
            self.take(event).await;
            any = true;
        }
        if self.node.next_deadline().is_some_and(|at| at <= self.clock.elapsed()) {
            self.input(Input::Tick).await;
            any = true;
        }
        any
    }

    /// Whether something waits to be carried out; who asks is told when there is.
    pub(crate) fn poll_event(&mut self, cx: &mut Context<'_>) -> Poll<Event> {
        match self.events.poll_recv(cx) {
            Poll::Ready(Some(event)) => Poll::Ready(event),
            // It holds a sender itself.
            Poll::Ready(None) | Poll::Pending => Poll::Pending,
        }
    }

    pub(crate) fn next_work(&self) -> Option<Instant> {
        Some(self.clock.when(self.node.next_deadline()?))
    }

    pub(crate) async fn take(&mut self, event: Event) {
        match event {
            Event::Opened { link, peer, address, incoming, exporter, .. } => {
                self.handshakes += 1;
                self.open.insert(link, incoming);
                self.input(Input::Opened { link: LinkId(link.0), peer, address, incoming, exporter: Exporter(exporter.0) }).await;
            }
            Event::Frame { link, frame, .. } => self.input(Input::Frame { link: LinkId(link.0), frame }).await,
            Event::Closed { link, reason } => {
                self.open.remove(&link);
                assert!(!is_breach(reason), "{}: {reason:?}", self.node.name);
                let refused = reason == Closed::Refused;
                self.input(Input::Closed { link: LinkId(link.0), reason: reason.to_string(), refused, busy: false }).await;
            }
            Event::DialFailed { link, error, tried } => {
                let tried = tried.iter().map(|(address, error)| (*address, error.to_string())).collect();
                self.input(Input::NotReached { link: LinkId(link.0), tried }).await;
                let (refused, busy) = (error == DialError::Refused, error == DialError::Busy);
                self.input(Input::Closed { link: LinkId(link.0), reason: error.to_string(), refused, busy }).await;
            }
            Event::Moved { link, address } => {
                self.moves.push(address);
                self.input(Input::Moved { link: LinkId(link.0), address }).await;
            }
        }
    }

    async fn input(&mut self, input: Input) {
        let wishes = self.node.handle(self.clock.elapsed(), input);
        self.grant(wishes).await;
    }

    async fn grant(&mut self, wishes: Vec<Wish>) {
        self.gate.set(self.node.known.iter().copied().collect(), self.node.strangers);
        if self.node.listens && self.net.is_none() {
            let secret = LinkSecret::from_seed(self.node.link_secret().unwrap());
            let runtime = Arc::new(OnClock(Arc::clone(&self.clock)));
            let net = Net::over(self.wire.socket(self.at), runtime, &secret, self.gate.clone(), self.sender.clone());
            self.net = Some(net.unwrap());
        }
        let Some(net) = &self.net else { return assert!(wishes.is_empty(), "{wishes:?}") };
        for wish in wishes {
            net.command(match wish {
                Wish::Dial { link, peer, addresses, shows } => {
                    assert!(shows.is_none(), "nobody joins by their kit here");
                    Command::Dial { link: NetLink(link.0), peer, addresses, names: Vec::new(), shows: None }
                }
                Wish::Send { link, message, bulk: false } => Command::Send { link: NetLink(link.0), frame: message.to_frame() },
                Wish::Send { link, message, bulk: true } => Command::SendBulk { link: NetLink(link.0), frames: vec![message.to_frame()] },
                Wish::Close { link } => Command::Close { link: NetLink(link.0), reason: CloseReason::Done },
            });
        }
    }

    /// So that a test ends with every task ended.
    pub(crate) async fn stop(self) {
        if let Some(net) = self.net {
            net.shutdown().await;
        }
    }

    /// How long until something is surely known to be gone: for messages.
    pub(crate) fn describe(&self) -> String {
        let wait = self.node.next_deadline().map(|at| at.saturating_sub(self.clock.elapsed()));
        format!("{}: asleep {}, links {:?}, next in {:?}", self.node.name, self.clock.is_asleep(), self.open, wait.unwrap_or(Duration::MAX))
    }
}

/// What one of two that both keep to the rules never does to the other.
fn is_breach(reason: Closed) -> bool {
    match reason {
        Closed::Here(reason) | Closed::There(reason) => match reason {
            CloseReason::Malformed | CloseReason::TooLong | CloseReason::Streams | CloseReason::Backlog | CloseReason::Protocol => true,
            CloseReason::Slow => true,
            CloseReason::Done | CloseReason::Refused | CloseReason::Busy | CloseReason::Replaced | CloseReason::GoingAway => false,
            CloseReason::Other => false,
        },
        Closed::Refused | Closed::TimedOut | Closed::Lost => false,
    }
}
