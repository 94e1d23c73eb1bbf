//! Two ends on the loopback interface; and raw QUIC ends, for what ours would never do.
//!
//! - `dialling`: several addresses, of which one answers, or none;
//! - `trust`: who may talk to whom, and how little of it shows;
//! - `life`: frames, bulk, closing, moving, shutting down;
//! - `hostile`: what a peer may not do, and what a slow one costs.

mod dialling;
mod hostile;
mod life;
mod trust;

use std::collections::HashSet;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use asif_proto::frame::Frame;
use asif_proto::id::LinkKey;
use quinn::crypto::rustls::QuicClientConfig;
use quinn::{Connection, Endpoint};
use tokio::sync::mpsc;
use tokio::time::timeout;

use super::tls::{Identity, SERVER_NAME};
use super::{CloseReason, Closed, Command, DialError, Event, Exporter, Gate, LinkId, LinkSecret, Net, transport};

/// Longer than anything here takes, shorter than the idle timeout.
const DEADLINE: Duration = Duration::from_secs(8);

const ANYWHERE: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::LOCALHOST), 0);

/// One end, named by the byte that its seed repeats.
struct End {
    net: Net,
    gate: Gate,
    events: mpsc::Receiver<Event>,
    key: LinkKey,
}

fn secret(name: u8) -> LinkSecret {
    LinkSecret::from_seed([name; 32])
}

fn key(name: u8) -> LinkKey {
    secret(name).link_key()
}

fn keys(names: &[u8]) -> HashSet<LinkKey> {
    names.iter().map(|name| key(*name)).collect()
}

fn frame(kind: u16, text: &str) -> Frame {
    Frame::new(kind, text.as_bytes().to_vec())
}

async fn end(name: u8, known: &[u8]) -> End {
    end_with_room(name, known, 256).await
}

async fn end_with_room(name: u8, known: &[u8], room: usize) -> End {
    let gate = Gate::default();
    gate.set(keys(known), false);
    let (tx, events) = mpsc::channel(room);
    let net = Net::bind(ANYWHERE, &secret(name), gate.clone(), tx).await.unwrap();
    End { net, gate, events, key: key(name) }
}

impl End {
    fn address(&self) -> SocketAddr {
        self.net.local_addr()
    }

    fn dial(&self, n: u64, to: &End) -> LinkId {
        let link = LinkId::dialled(n);
        self.net.command(Command::Dial { link, peer: Some(to.key), addresses: vec![to.address()], names: Vec::new(), shows: None });
        link
    }

    fn send(&self, link: LinkId, frame: Frame) {
        self.net.command(Command::Send { link, frame });
    }

    fn send_bulk(&self, link: LinkId, frames: Vec<Frame>) {
        self.net.command(Command::SendBulk { link, frames });
    }

    fn close(&self, link: LinkId, reason: CloseReason) {
        self.net.command(Command::Close { link, reason });
    }

    async fn next(&mut self) -> Event {
        timeout(DEADLINE, self.events.recv()).await.expect("an event in time").expect("a net that lives")
    }

    async fn opened(&mut self) -> (LinkId, LinkKey, bool, Exporter) {
        match self.next().await {
            Event::Opened { link, peer, known, exporter, .. } => (link, peer, known, exporter),
            other => panic!("not opened: {other:?}"),
        }
    }

    async fn framed(&mut self) -> (LinkId, Frame) {
        match self.next().await {
            Event::Frame { link, frame, .. } => (link, frame),
            other => panic!("no frame: {other:?}"),
        }
    }

    async fn not_opened(&mut self) -> (LinkId, DialError) {
        dial_failed(self.next().await)
    }

    async fn closed(&mut self) -> (LinkId, Closed) {
        match self.next().await {
            Event::Closed { link, reason } => (link, reason),
            other => panic!("not closed: {other:?}"),
        }
    }
}

fn dial_failed(event: Event) -> (LinkId, DialError) {
    match event {
        Event::DialFailed { link, error, .. } => (link, error),
        other => panic!("not a failed dial: {other:?}"),
    }
}

/// Dials from `a` to `b` and says the first word; returns the link's number at each end.
async fn link(a: &mut End, n: u64, b: &mut End) -> (LinkId, LinkId) {
    let here = a.dial(n, b);
    a.send(here, frame(1, "hello"));
    assert_eq!(a.opened().await.0, here);
    let there = b.opened().await.0;
    assert_eq!(b.framed().await, (there, frame(1, "hello")));
    (here, there)
}

/// A QUIC client that holds the key `name` but does not follow our rules.
async fn raw_client(name: u8, to: &End) -> (Endpoint, Connection) {
    let tls = Identity::new(&secret(name)).unwrap().client_tls(Some(to.key), None).unwrap();
    let (endpoint, connection) = raw_dial(tls, to.address()).await;
    (endpoint, connection.unwrap())
}

async fn raw_dial(tls: rustls::ClientConfig, to: SocketAddr) -> (Endpoint, Result<Connection, quinn::ConnectionError>) {
    let endpoint = Endpoint::client(ANYWHERE).unwrap();
    let config = transport::client_config(QuicClientConfig::try_from(tls).unwrap());
    let connecting = endpoint.connect_with(config, to, SERVER_NAME).unwrap();
    let connection = timeout(DEADLINE, connecting).await.expect("an answer in time");
    (endpoint, connection)
}

/// A QUIC server with this identity that lets in the keys `known`.
fn raw_server(identity: &Identity, known: &[u8]) -> Endpoint {
    let gate = Gate::default();
    gate.set(keys(known), false);
    Endpoint::server(transport::server_config(identity.server(gate).unwrap(), transport::FEW), ANYWHERE).unwrap()
}
