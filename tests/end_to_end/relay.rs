//! A UDP relay between whoever sends to it and one target: it records, and can be a bad network, and one that changes.

use std::collections::{BinaryHeap, HashMap};
use std::net::{SocketAddr, UdpSocket};
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use rand_chacha::ChaCha8Rng;
use rand_core::{Rng, SeedableRng};

/// What the network does to packets.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Weather {
    /// Of a thousand so many are lost.
    pub(crate) lost: u32,
    /// Of a thousand so many are held up, and overtaken by those behind.
    pub(crate) late: u32,
    /// The longest that one is held up, in milliseconds.
    pub(crate) longest_ms: u32,
}

/// The relay. It ends when it goes.
pub(crate) struct Relay {
    /// Where it listens.
    pub(crate) address: SocketAddr,
    shared: Arc<Shared>,
}

#[derive(Default)]
struct Shared {
    seen: Mutex<Vec<Vec<u8>>>,
    weather: Mutex<Weather>,
    /// How often what it passes on has come from another address since the start.
    moves: AtomicU32,
    over: AtomicBool,
}

impl Relay {
    /// A relay to `target`; each sender gets a socket of its own towards it, so that answers find back.
    pub(crate) fn to(target: SocketAddr) -> Self {
        let front = Arc::new(UdpSocket::bind("127.0.0.1:0").unwrap());
        let relay = Self { address: front.local_addr().unwrap(), shared: Arc::default() };
        let shared = Arc::clone(&relay.shared);
        std::thread::spawn(move || {
            let mut backs: HashMap<(SocketAddr, u32), Arc<UdpSocket>> = HashMap::new();
            pass(&front, &shared, 1, |from| {
                let back = backs.entry((from, shared.moves.load(Ordering::Relaxed))).or_insert_with(|| {
                    let back = Arc::new(UdpSocket::bind("127.0.0.1:0").unwrap());
                    let (one, front, shared) = (Arc::clone(&back), Arc::clone(&front), Arc::clone(&shared));
                    std::thread::spawn(move || pass(&one, &shared, 2, |_| (Arc::clone(&front), from)));
                    back
                });
                (Arc::clone(back), target)
            });
        });
        relay
    }

    /// From now on the network does this.
    pub(crate) fn weather(&self, weather: Weather) {
        *self.shared.weather.lock().unwrap() = weather;
    }

    /// Whoever sends by it is somewhere else from now on, as the target sees it.
    pub(crate) fn moves(&self) {
        self.shared.moves.fetch_add(1, Ordering::Relaxed);
    }

    /// Every packet that came, one after the other.
    pub(crate) fn seen(&self) -> Vec<u8> {
        self.shared.seen.lock().unwrap().concat()
    }

    /// How many packets came.
    pub(crate) fn packets(&self) -> usize {
        self.shared.seen.lock().unwrap().len()
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        self.shared.over.store(true, Ordering::Relaxed);
    }
}

/// A packet that is held up: the earliest is the greatest.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Held(std::cmp::Reverse<Instant>, Vec<u8>, SocketAddr);

/// Hands on what comes to `socket`, through the weather, until it is over. `on` tells by which socket and where to.
fn pass(socket: &UdpSocket, shared: &Shared, seed: u64, mut on: impl FnMut(SocketAddr) -> (Arc<UdpSocket>, SocketAddr)) {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let mut held: BinaryHeap<Held> = BinaryHeap::new();
    let mut packet = vec![0; 65536];
    while !shared.over.load(Ordering::Relaxed) {
        let next = held.peek().map(|held| held.0.0.saturating_duration_since(Instant::now()));
        let wait = next.unwrap_or(Duration::from_millis(200)).max(Duration::from_millis(1));
        socket.set_read_timeout(Some(wait)).unwrap();
        // A timeout, or word that an earlier packet did not arrive: neither is an end.
        if let Ok((len, from)) = socket.recv_from(&mut packet) {
            shared.seen.lock().unwrap().push(packet[..len].to_vec());
            let weather = *shared.weather.lock().unwrap();
            let late = if rng.next_u32() % 1000 < weather.late { 1 + rng.next_u32() % weather.longest_ms.max(1) } else { 0 };
            if rng.next_u32() % 1000 >= weather.lost {
                let due = Instant::now() + Duration::from_millis(late.into());
                held.push(Held(std::cmp::Reverse(due), packet[..len].to_vec(), from));
            }
        }
        while held.peek().is_some_and(|held| held.0.0 <= Instant::now()) {
            let Some(Held(_, packet, from)) = held.pop() else { break };
            let (by, to) = on(from);
            // As on any network, a packet may be lost.
            let _ = by.send_to(&packet, to);
        }
    }
}
