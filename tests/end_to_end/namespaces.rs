//! Machines on a local network, as people have them: nobody types an address, and networks change.
//!
//! 1. Two machines pair by a code that is read aloud, and a helper joins by one; where they are found is told.
//! 2. Cables are pulled, machines stand still, addresses change, everybody moves to another network: they meet again by themselves.
//! 3. A stranger on the same network learns no name, and no key that signs anything but handshakes; what they repeat or make up is of no use to them.

use std::net::{Ipv4Addr, SocketAddr, UdpSocket};
use std::time::{Duration, Instant};

use asif_daemon::net::nearby::{Beacon, MDNS_PORT, Nearby};
use asif_daemon::seal::keys::LinkSeed;
use rustix::process::Signal;
use serde_json::{Value, json};
use tokio::sync::mpsc;

use crate::harness::{Running, eventually, freeze, signal};
use crate::lan::{Lan, Machine, apart};
use crate::liar::{self, Taken};

/// Robin's laptop, with a practice, on a network.
fn laptop(lan: &Lan) -> Machine {
    lan.network("home");
    let laptop = lan.machine("laptop", "home", "10.77.0.1");
    laptop.ok(&["init", "--no-input", "--name", "Robin", "--device", "laptop"]);
    laptop.ok(&["practice", "add", "Lunch away from the desk", "--slug", "lunch"]);
    laptop
}

/// The code that is shown on a machine, and the command that waits there.
fn code(machine: &Machine, args: &[&str]) -> (Running, String) {
    let waiting = machine.start(&[args, &["--yes", "--json"]].concat());
    let line: Value = serde_json::from_str(&waiting.line().unwrap()).unwrap();
    let code = line["data"]["code"].as_str().unwrap().to_owned();
    (waiting, code)
}

/// A second machine of Robin's, having joined by a code.
fn desktop(lan: &Lan, laptop: &Machine) -> Machine {
    let desktop = lan.machine("desktop", "home", "10.77.0.2");
    let (pairing, code) = code(laptop, &["device", "pair"]);
    let began = Instant::now();
    desktop.ok(&["device", "join", &code, "--name", "desktop"]);
    eprintln!("paired by a code in {:?}, the start of the daemon included", began.elapsed());
    assert_eq!(pairing.end().0, Some(0));
    desktop
}

/// Waits until every machine has what each logs now.
fn meet(machines: &[&Machine], what: &str) {
    for machine in machines {
        machine.ok(&["log", "lunch", "--note", &format!("{what} on {}", machine.json(&["status"])["devices"][0]["name"])]);
    }
    arrives(machines, what);
}

fn arrives(machines: &[&Machine], what: &str) {
    let began = Instant::now();
    eventually(what, || machines.windows(2).all(|two| two[0].notes() == two[1].notes()).then_some(()));
    eprintln!("{what}: in sync after {:?}", began.elapsed());
}

fn reached(machine: &Machine, name: &str) -> Value {
    let devices = machine.json(&["device", "list"]);
    devices.as_array().unwrap().iter().find(|one| one["name"] == name).unwrap()["reached"].clone()
}

#[test]
fn a_code_is_read_aloud_and_nobody_types_an_address() {
    apart("namespaces::a_code_is_read_aloud_and_nobody_types_an_address", |lan| {
        let laptop = laptop(lan);
        let desktop = desktop(lan, &laptop);
        meet(&[&laptop, &desktop], "paired");
        assert_eq!(
            (&reached(&desktop, "laptop")["over"], &reached(&laptop, "desktop")["over"]),
            (&json!("local_network"), &json!("local_network"))
        );
        assert!(desktop.ok(&["status"]).stdout.contains("laptop: connected over the local network (10.77.0.1)"));
        assert!(desktop.ok(&["doctor"]).stdout.contains("looks for your devices"));

        let dana = lan.machine("dana", "home", "10.77.0.3");
        let (inviting, code) = code(&laptop, &["share", "invite", "--name", "Dana", "--role", "therapist", "--since", "2020-01-01"]);
        dana.ok(&["helper", "join", &code, "--name", "Dana"]);
        assert_eq!(inviting.end().0, Some(0));
        eventually("Dana sees what is shared", || {
            let shown = dana.json(&["caseload", "open", "Robin"]);
            (shown["sessions"].as_array().unwrap().len() == 2).then_some(())
        });

        // Who keeps the local network quiet is not found there, and is told so.
        let other = lan.machine("other", "home", "10.77.0.4");
        other.ok(&["config", "set", "discovery", "off"]);
        let (_pairing, code) = self::code(&laptop, &["device", "pair"]);
        other.run(&["device", "join", &code]).exits(2).says(&["discovery is off", "--at HOST:PORT"]);
        other.ok(&["config", "set", "discovery", "on"]);
        other.ok(&["device", "join", &code]);
    });
}

#[test]
fn whatever_becomes_of_their_network_they_meet_again_by_themselves() {
    apart("namespaces::whatever_becomes_of_their_network_they_meet_again_by_themselves", |lan| {
        let laptop = laptop(lan);
        let desktop = desktop(lan, &laptop);
        let both = [&laptop, &desktop];
        meet(&both, "paired");

        for machine in both {
            machine.loses_network();
        }
        for (number, machine) in both.into_iter().enumerate() {
            machine.ok(&["log", "lunch", "--note", &format!("alone {number}")]);
        }
        assert_ne!(laptop.notes(), desktop.notes());
        laptop.moves_to("home", "10.77.0.1");
        desktop.moves_to("home", "10.77.0.2");
        arrives(&both, "the network is back");

        desktop.moves_to("home", "10.77.0.77");
        meet(&both, "one has another address");

        lan.network("cafe");
        laptop.moves_to("cafe", "10.88.0.9");
        desktop.moves_to("cafe", "10.88.0.8");
        meet(&both, "both are in another network");

        // A machine that sleeps stands still, and wakes up somewhere else.
        freeze(desktop.home.pid());
        laptop.ok(&["log", "lunch", "--note", "while the other slept"]);
        laptop.moves_to("home", "10.77.0.5");
        desktop.moves_to("home", "10.77.0.6");
        signal(desktop.home.pid(), Signal::CONT);
        arrives(&both, "one has slept meanwhile");

        // Both are off, and come up in a network where neither was.
        lan.network("train");
        for machine in both {
            machine.ok(&["daemon", "stop"]);
        }
        laptop.moves_to("train", "10.99.0.9");
        desktop.moves_to("train", "10.99.0.8");
        for machine in [&desktop, &laptop] {
            machine.ok(&["daemon", "start"]);
        }
        meet(&both, "both start in a third network");
        let found = [reached(&desktop, "laptop"), reached(&laptop, "desktop")];
        assert!(found.iter().any(|reached| reached["by"] == "discovery"), "{found:?}");
    });
}

/// Every packet that is said to all on this network, as whoever is there hears it.
fn everything_said() -> UdpSocket {
    let socket = rustix::net::socket(rustix::net::AddressFamily::INET, rustix::net::SocketType::DGRAM, None).unwrap();
    rustix::net::sockopt::set_socket_reuseaddr(&socket, true).unwrap();
    rustix::net::sockopt::set_socket_reuseport(&socket, true).unwrap();
    rustix::net::bind(&socket, &SocketAddr::from((Ipv4Addr::UNSPECIFIED, MDNS_PORT))).unwrap();
    let socket = UdpSocket::from(socket);
    socket.join_multicast_v4(&Ipv4Addr::new(224, 0, 0, 251), &Ipv4Addr::new(10, 77, 0, 9)).unwrap();
    socket.set_read_timeout(Some(Duration::from_millis(500))).unwrap();
    socket
}

fn holds(packets: &[Vec<u8>], what: &[u8]) -> bool {
    let low = |bytes: &[u8]| bytes.to_ascii_lowercase();
    packets.iter().any(|packet| low(packet).windows(what.len()).any(|window| window == low(what)))
}

#[test]
fn a_stranger_on_the_same_network_learns_no_name_and_no_key_that_signs_anything() {
    apart("namespaces::a_stranger_on_the_same_network_learns_no_name_and_no_key_that_signs_anything", |lan| {
        let laptop = laptop(lan);
        let stranger = lan.machine("stranger", "home", "10.77.0.9");
        let ears = stranger.does(everything_said);
        let desktop = desktop(lan, &laptop);
        meet(&[&laptop, &desktop], "paired");
        let mut packets = Vec::new();
        let mut packet = [0; 9000];
        while let Ok((length, _)) = ears.recv_from(&mut packet) {
            packets.push(packet[..length].to_vec());
        }
        assert!(holds(&packets, b"_peer") && packets.len() >= 4, "nothing was heard: the test hears nothing");

        // The same devices say something else in another hour; here it is enough that nothing of them is in it.
        let laptop_at: SocketAddr = laptop.json(&["status"])["listen"][0].as_str().unwrap().parse().unwrap();
        let shown = stranger.does(|| dialled(laptop_at));
        for machine in [&laptop, &desktop] {
            machine.ok(&["daemon", "stop"]);
        }
        let machine = rustix::system::uname();
        let (host, system) = (machine.nodename().to_str().unwrap().to_owned(), machine.sysname().to_str().unwrap().to_owned());
        for name in ["asif", "robin", "laptop", "desktop", "lunch", "paired", &host, &system] {
            assert!(!holds(&packets, name.as_bytes()), "{name:?} is said to all");
        }
        for home in [&laptop.home, &desktop.home] {
            let taken = Taken::from(home);
            let (device, person, link) = (taken.vault.device(), taken.vault.person.unwrap(), taken.vault.link_key());
            let hex = [device.to_string(), person.to_string()];
            let raw = [&device.as_bytes()[..], person.as_bytes(), link.as_bytes()];
            assert!(hex.iter().map(|text| text.as_bytes()).chain(raw).all(|key| !holds(&packets, key)), "a key is said to all");
            assert!(shown != Some(device.0) && shown != Some(person.0));
        }
        // What whoever dials is shown names nobody, and signs nothing but handshakes.
        assert_eq!(shown, Some(Taken::from(&laptop.home).vault.link_key().0));
    });
}

/// The key that is shown to somebody who dials.
fn dialled(to: SocketAddr) -> Option<[u8; 32]> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let endpoint = quinn::Endpoint::client((Ipv4Addr::UNSPECIFIED, 0).into()).unwrap();
        let connecting = endpoint.connect_with(liar::client(&LinkSeed::from_bytes([7; 32])), to, "peer").unwrap();
        // The client's end is done before the other one refuses.
        let connection = tokio::time::timeout(Duration::from_secs(5), connecting).await.unwrap().unwrap();
        let chain = connection.peer_identity()?.downcast::<Vec<rustls::pki_types::CertificateDer<'static>>>().ok()?;
        chain.first()?.last_chunk::<32>().copied()
    })
}

#[test]
fn who_repeats_what_a_device_says_is_dialled_and_learns_nothing() {
    apart("namespaces::who_repeats_what_a_device_says_is_dialled_and_learns_nothing", |lan| {
        let laptop = laptop(lan);
        let desktop = desktop(lan, &laptop);
        meet(&[&laptop, &desktop], "paired");
        let stranger = lan.machine("stranger", "home", "10.77.0.9");
        // The stranger hears the laptop, which goes, and says the same from their own place.
        let heard = stranger.does(|| overheard("10.77.0.1".parse().unwrap()));
        assert!(!heard.is_empty());
        laptop.loses_network();
        let dialled = stranger.does(move || repeated(heard));
        assert!(dialled, "nobody followed the hint: the test shows nothing");
        laptop.moves_to("home", "10.77.0.1");
        meet(&[&laptop, &desktop], "the laptop is back");
        // A stranger who listens there gets no further than the handshake, which is the other end's to refuse.
        let status = desktop.json(&["status"]);
        assert_eq!(status["devices"].as_array().unwrap().len(), 2);
        assert_ne!(reached(&desktop, "laptop")["address"].as_str().unwrap().split(':').next(), Some("10.77.0.9"));
    });
}

/// The tags that somebody at this address says.
fn overheard(at: std::net::IpAddr) -> Vec<[u8; 8]> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let (hears, mut heard) = mpsc::channel(64);
        let mut nearby = Nearby::start(Ipv4Addr::UNSPECIFIED.into(), MDNS_PORT, hears).unwrap();
        nearby.look(true);
        let found = async {
            while let Some(event) = heard.recv().await {
                if let asif_daemon::net::nearby::NearbyEvent::Heard(one) = event
                    && one.addresses.iter().any(|address| address.ip() == at)
                {
                    return one.tags;
                }
            }
            Vec::new()
        };
        let tags = tokio::time::timeout(Duration::from_secs(20), found).await.unwrap();
        nearby.shutdown().await;
        tags
    })
}

/// Says these tags from here; whether anybody dials.
fn repeated(tags: Vec<[u8; 8]>) -> bool {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let socket = tokio::net::UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0)).await.unwrap();
        let (hears, _heard) = mpsc::channel(64);
        let mut nearby = Nearby::start(Ipv4Addr::UNSPECIFIED.into(), MDNS_PORT, hears).unwrap();
        let port = socket.local_addr().unwrap().port();
        let mut dialled = false;
        // Under one name after the other: what is said once on such a network may not be heard.
        for name in 0..12 {
            nearby.announce(Some(Beacon { port, instance: [name; 10], tags: tags.clone(), invitations: Vec::new() }));
            dialled |= tokio::time::timeout(Duration::from_secs(5), socket.recv_from(&mut [0; 2000])).await.is_ok();
            if dialled {
                break;
            }
        }
        nearby.shutdown().await;
        dialled
    })
}
