//! A UDP relay between whoever sends to it and one target: it notes when and how much, and keeps nothing of what it passes.

use std::collections::HashMap;
use std::net::{SocketAddr, UdpSocket};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::packet::{Parts, parts};
use crate::{Refusal, home};

/// Bytes of the IPv4 and UDP headers of one datagram.
pub(crate) const HEADERS: usize = 28;

/// One datagram that passed.
#[derive(Clone, Copy)]
pub(crate) struct Passed {
    /// When it was there.
    pub(crate) at: Instant,
    /// Towards the target, or back.
    pub(crate) forth: bool,
    /// What it was.
    pub(crate) parts: Parts,
}

/// Datagrams, added up.
#[derive(Clone, Copy, Default)]
pub(crate) struct Sum {
    /// How many.
    pub(crate) datagrams: usize,
    /// UDP payload in packets of the handshake.
    pub(crate) handshake: usize,
    /// UDP payload in packets after it.
    pub(crate) after: usize,
}

impl Sum {
    /// UDP payload.
    pub(crate) fn payload(&self) -> usize {
        self.handshake + self.after
    }

    /// Everything, with the headers of UDP and IP.
    pub(crate) fn whole(&self) -> usize {
        self.payload() + HEADERS * self.datagrams
    }
}

/// The relay. It ends when it goes.
pub(crate) struct Relay {
    /// Where it listens.
    pub(crate) address: SocketAddr,
    passed: Arc<Mutex<Vec<Passed>>>,
    over: Arc<AtomicBool>,
}

impl Relay {
    /// A relay to `target`; each sender gets a socket of its own towards it, so that answers find back.
    pub(crate) fn to(target: SocketAddr) -> Result<Self, Refusal> {
        let front = Arc::new(UdpSocket::bind("127.0.0.1:0")?);
        let relay = Self { address: front.local_addr()?, passed: Arc::default(), over: Arc::default() };
        let (passed, over) = (Arc::clone(&relay.passed), Arc::clone(&relay.over));
        std::thread::spawn(move || {
            let mut backs: HashMap<SocketAddr, Arc<UdpSocket>> = HashMap::new();
            receive(&front, &over, |packet, from| {
                note(&passed, true, packet);
                let Some(back) = backs.get(&from).cloned().or_else(|| UdpSocket::bind("127.0.0.1:0").ok().map(Arc::new)) else { return };
                if backs.insert(from, Arc::clone(&back)).is_none() {
                    let (one, front) = (Arc::clone(&back), Arc::clone(&front));
                    let (passed, over) = (Arc::clone(&passed), Arc::clone(&over));
                    std::thread::spawn(move || {
                        receive(&one, &over, |packet, _| {
                            note(&passed, false, packet);
                            // As on any network, a packet may be lost.
                            let _ = front.send_to(packet, from);
                        });
                    });
                }
                let _ = back.send_to(packet, target);
            });
        });
        Ok(relay)
    }

    /// Forgets what passed.
    pub(crate) fn forget(&self) {
        self.passed.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }

    /// What passed since it forgot.
    pub(crate) fn passed(&self) -> Vec<Passed> {
        self.passed.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// What passed since it forgot, added up, forth and back.
    pub(crate) fn sums(&self) -> (Sum, Sum) {
        let mut sums = (Sum::default(), Sum::default());
        for one in self.passed() {
            let sum = if one.forth { &mut sums.0 } else { &mut sums.1 };
            sum.datagrams += 1;
            sum.handshake += one.parts.handshake;
            sum.after += one.parts.after;
        }
        sums
    }

    /// Waits until nothing has passed for `quiet`.
    pub(crate) fn rest(&self, quiet: Duration) -> Result<(), Refusal> {
        let start = Instant::now();
        home::eventually("the network is quiet", || {
            std::thread::sleep(quiet / 10);
            let last = self.passed().last().map_or(start, |one| one.at.max(start));
            (last.elapsed() >= quiet).then_some(())
        })
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        self.over.store(true, Ordering::Relaxed);
    }
}

fn note(passed: &Mutex<Vec<Passed>>, forth: bool, packet: &[u8]) {
    let one = Passed { at: Instant::now(), forth, parts: parts(packet) };
    passed.lock().unwrap_or_else(PoisonError::into_inner).push(one);
}

/// Hands on what comes to `socket` until it is over.
fn receive(socket: &UdpSocket, over: &AtomicBool, mut take: impl FnMut(&[u8], SocketAddr)) {
    if socket.set_read_timeout(Some(Duration::from_millis(200))).is_err() {
        return;
    }
    let mut packet = vec![0; 65536];
    while !over.load(Ordering::Relaxed) {
        // A timeout, or word that an earlier packet did not arrive: neither is an end.
        if let Ok((len, from)) = socket.recv_from(&mut packet) {
            take(packet.get(..len).unwrap_or_default(), from);
        }
    }
}
