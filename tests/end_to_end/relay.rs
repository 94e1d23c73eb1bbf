//! A UDP relay that records: between whoever sends to it and one target.

use std::collections::HashMap;
use std::net::{SocketAddr, UdpSocket};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// The relay. It ends when it goes.
pub(crate) struct Relay {
    /// Where it listens.
    pub(crate) address: SocketAddr,
    seen: Arc<Mutex<Vec<Vec<u8>>>>,
    over: Arc<AtomicBool>,
}

impl Relay {
    /// A relay to `target`; each sender gets a socket of its own towards it, so that answers find back.
    pub(crate) fn to(target: SocketAddr) -> Self {
        let front = Arc::new(UdpSocket::bind("127.0.0.1:0").unwrap());
        let relay =
            Self { address: front.local_addr().unwrap(), seen: Arc::new(Mutex::new(Vec::new())), over: Arc::new(AtomicBool::new(false)) };
        let (seen, over) = (Arc::clone(&relay.seen), Arc::clone(&relay.over));
        std::thread::spawn(move || {
            let mut backs: HashMap<SocketAddr, Arc<UdpSocket>> = HashMap::new();
            receive(&front, &over, |packet, from| {
                seen.lock().unwrap().push(packet.to_vec());
                let back = backs.entry(from).or_insert_with(|| {
                    let back = Arc::new(UdpSocket::bind("127.0.0.1:0").unwrap());
                    let (one, front) = (Arc::clone(&back), Arc::clone(&front));
                    let (seen, over) = (Arc::clone(&seen), Arc::clone(&over));
                    std::thread::spawn(move || {
                        receive(&one, &over, |packet, _| {
                            seen.lock().unwrap().push(packet.to_vec());
                            // As on any network, a packet may be lost.
                            let _ = front.send_to(packet, from);
                        });
                    });
                    back
                });
                let _ = back.send_to(packet, target);
            });
        });
        relay
    }

    /// Every packet that passed, one after the other.
    pub(crate) fn seen(&self) -> Vec<u8> {
        self.seen.lock().unwrap().concat()
    }

    /// How many packets passed.
    pub(crate) fn packets(&self) -> usize {
        self.seen.lock().unwrap().len()
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        self.over.store(true, Ordering::Relaxed);
    }
}

/// Hands on what comes to `socket` until it is over.
fn receive(socket: &UdpSocket, over: &AtomicBool, mut take: impl FnMut(&[u8], SocketAddr)) {
    socket.set_read_timeout(Some(Duration::from_millis(200))).unwrap();
    let mut packet = vec![0; 65536];
    while !over.load(Ordering::Relaxed) {
        // A timeout, or word that an earlier packet did not arrive: neither is an end.
        if let Ok((len, from)) = socket.recv_from(&mut packet) {
            take(&packet[..len], from);
        }
    }
}
