//! A router of a few lines, on an address of loopback that nobody else has: what it was asked can be read, and what it answers be chosen.

use std::net::{Ipv4Addr, UdpSocket};
use std::sync::atomic::{AtomicU16, Ordering};
use std::sync::{Arc, Mutex};

use tokio::sync::mpsc;
use tokio::time::timeout;

use super::DEADLINE;

static NEXT: AtomicU16 = AtomicU16::new(0);

const PCP: u8 = 2;
const NAT_PMP: u8 = 0;
const ANSWER: u8 = 0x80;

/// What it was asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Asked {
    /// To map a UDP port.
    Map {
        by_pcp: bool,
        port: u16,
        /// The outer port that is wished for.
        wished: u16,
        lifetime: u32,
        /// Empty where the protocol has none.
        nonce: Vec<u8>,
    },
    /// Where it is itself on the internet.
    Address,
}

/// How it answers.
#[derive(Debug, Clone)]
pub(super) enum Manner {
    /// As it should; the outer port is the inner one and 1000 more.
    Grants { outside: Ipv4Addr, lifetime: u32 },
    /// With this code of the protocol that it is asked by.
    Refuses(u8),
    /// With these bytes, whatever it is asked.
    Says(Vec<u8>),
    /// With its own answer, of which this byte is another one.
    Spoils(usize),
    /// Not at all.
    Silent,
}

/// A router, until it is dropped.
pub(super) struct StandIn {
    pub(super) address: Ipv4Addr,
    manner: Arc<Mutex<Manner>>,
    asked: mpsc::UnboundedReceiver<Asked>,
    task: tokio::task::JoinHandle<()>,
}

impl Drop for StandIn {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl StandIn {
    /// Of several tests at once, in several processes, each finds an address of its own.
    pub(super) fn begin(knows_pcp: bool, manner: Manner) -> Self {
        let free = (0u16..=u16::MAX).find_map(|_| {
            // None is taken twice: somebody may still ask the one who was there before.
            let start = u16::try_from(std::process::id() % 60_000).unwrap();
            let [high, low] = start.wrapping_add(NEXT.fetch_add(1, Ordering::Relaxed)).to_be_bytes();
            let address = Ipv4Addr::new(127, 77, high, low);
            Some((address, UdpSocket::bind((address, crab_nat::GATEWAY_PORT)).ok()?))
        });
        let (address, socket) = free.expect("no address of loopback is free");
        Self::over(address, socket, knows_pcp, manner)
    }

    /// On this socket.
    pub(super) fn over(address: Ipv4Addr, socket: UdpSocket, knows_pcp: bool, manner: Manner) -> Self {
        socket.set_nonblocking(true).unwrap();
        let socket = tokio::net::UdpSocket::from_std(socket).unwrap();
        let manner = Arc::new(Mutex::new(manner));
        let (log, asked) = mpsc::unbounded_channel();
        let task = tokio::spawn(serve(socket, knows_pcp, Arc::clone(&manner), log));
        Self { address, manner, asked, task }
    }

    /// Answers otherwise from now on.
    pub(super) fn becomes(&self, manner: Manner) {
        *self.manner.lock().unwrap() = manner;
    }

    /// What it was asked next.
    pub(super) async fn asked(&mut self) -> Asked {
        timeout(DEADLINE, self.asked.recv()).await.expect("the router is asked").unwrap()
    }

    /// The next request for a mapping: nothing else comes between but the question for its address.
    pub(super) async fn asked_to_map(&mut self) -> Asked {
        loop {
            match self.asked().await {
                Asked::Address => {}
                asked => return asked,
            }
        }
    }

    /// What it was asked and nobody looked at.
    pub(super) fn rest(&mut self) -> Vec<Asked> {
        std::iter::from_fn(|| self.asked.try_recv().ok()).collect()
    }
}

async fn serve(socket: tokio::net::UdpSocket, knows_pcp: bool, manner: Arc<Mutex<Manner>>, log: mpsc::UnboundedSender<Asked>) {
    let mut bytes = [0; 1500];
    while let Ok((length, from)) = socket.recv_from(&mut bytes).await {
        let question = &bytes[..length];
        let manner = manner.lock().unwrap().clone();
        let answer = match question[0] {
            PCP if knows_pcp => by_pcp(question, &manner, &log),
            // RFC 6886, section 3.5: its own version, and that the other is not known.
            PCP if !matches!(manner, Manner::Silent) => Some(vec![NAT_PMP, ANSWER | question[1], 0, 1, 0, 0, 0, 9]),
            NAT_PMP => by_nat_pmp(question, &manner, &log),
            _ => None,
        };
        let answer = match (manner, answer) {
            (Manner::Silent, _) => None,
            (Manner::Says(bytes), _) => Some(bytes),
            (Manner::Spoils(at), Some(mut bytes)) => {
                bytes[at] ^= 0x55;
                Some(bytes)
            }
            (_, answer) => answer,
        };
        if let Some(answer) = answer {
            socket.send_to(&answer, from).await.unwrap();
        }
    }
}

fn word(bytes: &[u8]) -> u32 {
    u32::from_be_bytes(bytes.try_into().unwrap())
}

fn half(bytes: &[u8]) -> u16 {
    u16::from_be_bytes(bytes.try_into().unwrap())
}

/// What is granted where nothing else is to be seen.
fn grants(manner: &Manner) -> (Ipv4Addr, u32) {
    match manner {
        Manner::Grants { outside, lifetime } => (*outside, *lifetime),
        _ => (super::OUTSIDE, 7200),
    }
}

/// RFC 6887, sections 7 and 11.
fn by_pcp(question: &[u8], manner: &Manner, log: &mpsc::UnboundedSender<Asked>) -> Option<Vec<u8>> {
    assert_eq!((question.len(), question[1], question[36]), (60, 1, 17), "a request to map a UDP port");
    let (port, lifetime) = (half(&question[40..42]), word(&question[4..8]));
    let (nonce, wished) = (question[24..36].to_vec(), half(&question[42..44]));
    log.send(Asked::Map { by_pcp: true, port, wished, lifetime, nonce }).unwrap();
    let code = if let Manner::Refuses(code) = manner { *code } else { 0 };
    let (outside, granted) = grants(manner);
    let mut answer = vec![PCP, ANSWER | 1, 0, code];
    answer.extend(granted.min(lifetime).to_be_bytes());
    answer.extend([0; 16]);
    answer.extend(&question[24..42]);
    answer.extend(if lifetime == 0 { 0 } else { port + 1000 }.to_be_bytes());
    answer.extend(outside.to_ipv6_mapped().octets());
    Some(answer)
}

/// RFC 6886, sections 3.2 and 3.3.
fn by_nat_pmp(question: &[u8], manner: &Manner, log: &mpsc::UnboundedSender<Asked>) -> Option<Vec<u8>> {
    let code = if let Manner::Refuses(code) = manner { *code } else { 0 };
    let (outside, granted) = grants(manner);
    let mut answer = vec![NAT_PMP, ANSWER | question[1], 0, code, 0, 0, 0, 9];
    match (question[1], question.len()) {
        (0, 2) => {
            log.send(Asked::Address).unwrap();
            answer.extend(outside.octets());
        }
        (1, 12) => {
            let (port, wished, lifetime) = (half(&question[4..6]), half(&question[6..8]), word(&question[8..12]));
            log.send(Asked::Map { by_pcp: false, port, wished, lifetime, nonce: Vec::new() }).unwrap();
            answer.extend(port.to_be_bytes());
            answer.extend(if lifetime == 0 { 0 } else { port + 1000 }.to_be_bytes());
            answer.extend(granted.min(lifetime).to_be_bytes());
        }
        other => panic!("no request of NAT-PMP: {other:?}"),
    }
    Some(answer)
}
