//! Strangers who come in crowds, and what they are answered before they have shown that they can be reached.

use std::net::{SocketAddr, UdpSocket};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use asif_daemon::Rng;
use asif_daemon::seal::keys::LinkSeed;
use quinn::Endpoint;
use rand_core::SeedableRng;

use crate::harness::{Home, eventually};
use crate::liar::client;

/// From the word at one device until it shows at the other.
fn arrival(from: &Home, to: &Home) -> Duration {
    let id = from.log(&[]);
    let began = Instant::now();
    eventually("the entry arrives", || to.list().iter().any(|session| session["id"] == *id).then_some(()));
    began.elapsed()
}

/// Strangers who dial again and again until they are told to stop.
struct Crowd {
    stop: Arc<AtomicBool>,
    tried: Arc<AtomicUsize>,
    runtime: tokio::runtime::Runtime,
}

impl Crowd {
    fn gather(strangers: u64, address: SocketAddr) -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let (stop, tried) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
        for n in 0..strangers {
            let (stop, tried) = (Arc::clone(&stop), Arc::clone(&tried));
            runtime.spawn(async move {
                let config = client(&LinkSeed::random(&mut Rng::seed_from_u64(n)));
                let endpoint = Endpoint::client("127.0.0.1:0".parse().unwrap()).unwrap();
                while !stop.load(Ordering::Relaxed) {
                    let Ok(connecting) = endpoint.connect_with(config.clone(), address, "peer") else { return };
                    // One that is let in is held until the other end ends it.
                    if let Ok(connection) = connecting.await {
                        connection.closed().await;
                    }
                    tried.fetch_add(1, Ordering::Relaxed);
                }
            });
        }
        Self { stop, tried, runtime }
    }

    fn tried(&self) -> usize {
        self.tried.load(Ordering::Relaxed)
    }

    fn leave(self) -> usize {
        self.stop.store(true, Ordering::Relaxed);
        let tried = self.tried();
        self.runtime.shutdown_background();
        tried
    }
}

#[test]
fn a_flood_of_strangers_does_not_hold_up_an_entry_of_a_known_device() {
    let heavy = std::env::var_os("ASIF_HEAVY").is_some();
    let laptop = Home::robin();
    let desktop = laptop.pair();
    let quiet = (0..3).map(|_| arrival(&desktop, &laptop)).max().unwrap();
    // Strangers without a ticket; then with an invitation open, which lets them finish a handshake.
    for open in [false, true] {
        if open {
            laptop.device_ticket();
        }
        let crowd = Crowd::gather(if heavy { 200 } else { 40 }, laptop.address());
        eventually("the crowd is there", || (crowd.tried() > 0).then_some(()));
        let flooded = (0..3).map(|_| arrival(&desktop, &laptop)).max().unwrap();
        let status = laptop.json(&["status"]);
        assert_eq!(status["initialised"], true);
        let tried = crowd.leave();
        println!("open to strangers: {open}: {tried} handshakes; an entry took {flooded:?}, and {quiet:?} without them");
        // Within a second on a machine that does nothing else; the machine that tests may be busy.
        let most = if heavy { Duration::from_secs(1) } else { Duration::from_secs(5) + 10 * quiet };
        assert!(flooded < most, "an entry took {flooded:?}, and {quiet:?} without the flood");
    }
    laptop.sync();
    assert_eq!(desktop.list(), laptop.list());
}

/// The first packets of a real handshake, as a stranger sends them.
fn first_packets(seed: u64) -> Vec<Vec<u8>> {
    let nobody = UdpSocket::bind("127.0.0.1:0").unwrap();
    nobody.set_read_timeout(Some(Duration::from_millis(200))).unwrap();
    let address = nobody.local_addr().unwrap();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let _entered = runtime.enter();
    let endpoint = Endpoint::client("127.0.0.1:0".parse().unwrap()).unwrap();
    let connecting = endpoint.connect_with(client(&LinkSeed::random(&mut Rng::seed_from_u64(seed))), address, "peer").unwrap();
    let dialling = runtime.spawn(connecting.into_future());
    let mut packets = Vec::new();
    let mut buffer = [0; 2048];
    while let Ok(len) = nobody.recv(&mut buffer) {
        packets.push(buffer[..len].to_vec());
    }
    dialling.abort();
    drop(_entered);
    runtime.shutdown_background();
    assert!(packets.len() >= 2 && packets[0].len() >= 1200, "a first flight with the hybrid key: {} packets", packets.len());
    packets
}

#[test]
fn before_an_address_is_validated_at_most_three_times_what_came_goes_out() {
    let laptop = Home::robin();
    let _desktop = laptop.pair();
    // While an invitation stands a stranger's handshake goes furthest.
    laptop.device_ticket();
    let address = laptop.address();
    // Three send their first packet and no more, three the whole first flight; of the crowd that comes then, most are asked to show first that
    // they can be reached.
    let mut all = Vec::new();
    for (strangers, packets) in [(3u64, 1), (3, usize::MAX), (10, usize::MAX)] {
        let flights: Vec<_> = (0..strangers).map(first_packets).collect();
        let begin = |flight: &Vec<Vec<u8>>| {
            let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
            socket.set_read_timeout(Some(Duration::from_millis(400))).unwrap();
            let sent: usize = flight.iter().take(packets).map(|packet| socket.send_to(packet, address).unwrap()).sum();
            (socket, sent)
        };
        let begun: Vec<_> = flights.iter().map(begin).collect();
        for (socket, sent) in begun {
            let (mut answered, mut buffer) = (0, [0; 2048]);
            // Until it is silent, with every repetition that it sends of itself. Nothing is ever said to what came back.
            while let Ok(len) = socket.recv(&mut buffer) {
                answered += len;
            }
            assert!(answered <= 3 * sent, "{answered} bytes for {sent}");
            all.push((sent, answered));
        }
    }
    println!("in and out: {all:?}");
    assert!(all.iter().any(|(sent, answered)| *answered > *sent), "nobody was answered: this shows nothing");
}
