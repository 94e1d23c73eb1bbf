//! Devices on the loopback interface, each test on a port of its own; and packets made by hand, for what ours would never tell.

mod packet;

use std::net::{Ipv4Addr, SocketAddr, UdpSocket};
use std::time::Duration;

use rustix::net::{AddressFamily, SocketFlags, SocketType, bind, socket_with, sockopt};
use tokio::sync::mpsc;
use tokio::time::timeout;

use super::beacon::label;
use super::engine::SERVICE;
use super::*;
use packet::{A, PTR, Packet, SRV, TXT, name};

const HERE: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);
const GROUP: Ipv4Addr = Ipv4Addr::new(224, 0, 0, 251);
const DEADLINE: Duration = Duration::from_secs(20);

/// A port that nobody has just now.
fn port() -> u16 {
    UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0)).unwrap().local_addr().unwrap().port()
}

struct Device {
    nearby: Nearby,
    events: mpsc::Receiver<NearbyEvent>,
}

impl Device {
    fn start(mdns_port: u16) -> Self {
        let (heard, events) = mpsc::channel(16);
        Self { nearby: Nearby::start(HERE, mdns_port, heard).unwrap(), events }
    }

    async fn next(&mut self) -> NearbyEvent {
        timeout(DEADLINE, self.events.recv()).await.expect("an event in time").expect("a task that runs")
    }

    /// The next beacon with these tags.
    async fn hears(&mut self, tags: &[[u8; 8]]) -> Heard {
        loop {
            match self.next().await {
                NearbyEvent::Heard(heard) if heard.tags == tags => return heard,
                NearbyEvent::Heard(_) => {}
                NearbyEvent::Failed(why) => panic!("{why}"),
            }
        }
    }
}

fn beacon(name: u8) -> Beacon {
    Beacon { port: 4000 + u16::from(name), instance: [name; 10], tags: vec![[name; 8], [name + 1; 8]], invitations: vec![u16::from(name)] }
}

/// A socket that hears and says what is said to everybody.
fn ear(mdns_port: u16) -> tokio::net::UdpSocket {
    let socket = socket_with(AddressFamily::INET, SocketType::DGRAM, SocketFlags::NONBLOCK | SocketFlags::CLOEXEC, None).unwrap();
    sockopt::set_socket_reuseaddr(&socket, true).unwrap();
    sockopt::set_socket_reuseport(&socket, true).unwrap();
    sockopt::set_ip_multicast_if(&socket, &Ipv4Addr::LOCALHOST).unwrap();
    bind(&socket, &SocketAddr::from((Ipv4Addr::UNSPECIFIED, mdns_port))).unwrap();
    let socket = UdpSocket::from(socket);
    socket.join_multicast_v4(&GROUP, &Ipv4Addr::LOCALHOST).unwrap();
    tokio::net::UdpSocket::from_std(socket).unwrap()
}

async fn overhear(ear: &tokio::net::UdpSocket) -> Vec<u8> {
    let mut bytes = vec![0; 9000];
    let len = timeout(DEADLINE, ear.recv(&mut bytes)).await.expect("a packet in time").unwrap();
    bytes.truncate(len);
    bytes
}

fn contains(bytes: &[u8], what: &[u8]) -> bool {
    bytes.windows(what.len()).any(|window| window.eq_ignore_ascii_case(what))
}

#[tokio::test]
async fn two_devices_find_each_other_and_neither_finds_itself() {
    let port = port();
    let (mut a, mut b) = (Device::start(port), Device::start(port));
    for (device, name) in [(&mut a, 1), (&mut b, 3)] {
        device.nearby.announce(Some(beacon(name)));
        device.nearby.look(true);
    }
    for (device, other) in [(&mut a, beacon(3)), (&mut b, beacon(1))] {
        let NearbyEvent::Heard(heard) = device.next().await else { panic!("it does not work") };
        assert_eq!(heard, Heard { tags: other.tags, invitations: other.invitations, addresses: vec![SocketAddr::new(HERE, other.port)] });
    }
    for device in [a, b] {
        timeout(DEADLINE, device.nearby.shutdown()).await.unwrap();
    }
}

#[tokio::test]
async fn what_is_told_anew_is_heard_anew_and_what_is_taken_back_is_said_goodbye_to() {
    let port = port();
    let (mut a, mut b) = (Device::start(port), Device::start(port));
    a.nearby.announce(Some(beacon(1)));
    b.nearby.look(true);
    b.hears(&beacon(1).tags).await;
    // Under the same name, and then under another.
    let changed = Beacon { tags: vec![[9; 8]], ..beacon(1) };
    a.nearby.announce(Some(changed.clone()));
    b.hears(&changed.tags).await;
    a.nearby.announce(Some(beacon(5)));
    b.hears(&beacon(5).tags).await;

    let ear = ear(port);
    a.nearby.announce(None);
    loop {
        let packet = overhear(&ear).await;
        if contains(&packet, label(&[5; 10]).as_bytes()) && packet::says_goodbye(&packet) {
            break;
        }
    }
}

#[tokio::test]
async fn after_a_change_of_the_network_all_is_told_and_asked_anew() {
    let port = port();
    let (mut a, mut b) = (Device::start(port), Device::start(port));
    a.nearby.announce(Some(beacon(1)));
    b.nearby.look(true);
    for _ in 0..2 {
        b.hears(&beacon(1).tags).await;
        b.nearby.changed();
    }
    b.hears(&beacon(1).tags).await;
    b.nearby.shutdown().await;
    let ear = ear(port);
    a.nearby.changed();
    while !packet::says_goodbye(&overhear(&ear).await) {}
    while packet::says_goodbye(&overhear(&ear).await) {}
}

#[tokio::test]
async fn a_device_that_ends_says_goodbye() {
    let port = port();
    let ear = ear(port);
    let mut a = Device::start(port);
    a.nearby.announce(Some(beacon(1)));
    overhear(&ear).await;
    timeout(DEADLINE, a.nearby.shutdown()).await.unwrap();
    while !packet::says_goodbye(&overhear(&ear).await) {}
}

#[tokio::test]
async fn where_there_is_no_such_interface_it_is_told_why_nothing_is_heard() {
    let nowhere = "192.0.2.77".parse().unwrap();
    for looks in [true, false] {
        let (heard, mut events) = mpsc::channel(16);
        let mut nearby = Nearby::start(nowhere, port(), heard).unwrap();
        if looks {
            nearby.look(true)
        } else {
            nearby.announce(Some(beacon(1)))
        }
        let told = timeout(DEADLINE, events.recv()).await.unwrap().unwrap();
        assert!(matches!(told, NearbyEvent::Failed(_)), "{told:?}");
    }
    let group = IpAddr::V4(GROUP);
    assert!(matches!(Nearby::start(group, port(), mpsc::channel(1).0), Err(NearbyError::Address(address)) if address == group));
}

/// What a device with this TXT record would tell.
fn hostile(instance: &str, port: u16, txt: &[&[u8]], addresses: &[Ipv4Addr]) -> Vec<u8> {
    let (service, host) = (format!("{instance}.{SERVICE}"), format!("{instance}.local."));
    let mut packet = Packet::response();
    packet.record(SERVICE, PTR, 4500, &name(&service));
    packet.record(&service, SRV, 120, &[&[0, 0, 0, 0], port.to_be_bytes().as_slice(), &name(&host)].concat());
    let strings: Vec<u8> = txt.iter().flat_map(|string| [&[string.len() as u8], *string].concat()).collect();
    packet.record(&service, TXT, 4500, &strings);
    for address in addresses {
        packet.record(&host, A, 120, &address.octets());
    }
    packet.bytes()
}

#[tokio::test]
async fn what_is_hostile_is_dropped_and_what_comes_after_it_is_heard() {
    let port = port();
    let mut device = Device::start(port);
    device.nearby.look(true);
    let ear = ear(port);
    // It listens once it asks.
    overhear(&ear).await;
    let tag = b"t0=aeaqcaibaeaqc".as_slice();
    let here = [Ipv4Addr::LOCALHOST];
    let too_many: Vec<Vec<u8>> = (0..4).map(|n| [format!("t{n}=").as_bytes(), "a".repeat(244).as_bytes()].concat()).collect();
    let too_many: Vec<&[u8]> = too_many.iter().map(Vec::as_slice).collect();
    let bad = [
        hostile("nothing", 1, &[], &here),
        hostile("no-value", 1, &[b"t0"], &here),
        hostile("no-base32", 1, &[b"t0=01890189"], &here),
        hostile("no-text", 1, &[b"t0=\xff\xfe\xff\xfe"], &here),
        hostile("cut-short", 1, &[b"t0=aeaqcaibaea"], &here),
        hostile("too-many", 1, &too_many, &here),
        hostile("numbers", 1, &[tag, b"n=1,2,3,4,5,6,7,8,9"], &here),
        hostile("no-number", 1, &[tag, b"n=-1"], &here),
        hostile("port", 0, &[tag], &here),
        hostile("elsewhere", 1, &[tag], &[Ipv4Addr::new(10, 0, 0, 1), Ipv4Addr::UNSPECIFIED, GROUP, Ipv4Addr::BROADCAST]),
        // A string that says it is longer than the record, a name that points at itself, and no packet at all.
        hostile("longer", 1, &[tag], &here).iter().map(|byte| if *byte == tag.len() as u8 { 0xff } else { *byte }).collect(),
        [Packet::response().bytes().as_slice(), &[0xc0, 12, 0, 12, 0, 1, 0, 0, 0, 9, 0, 2, 0xc0, 12]].concat(),
        vec![0xff; 1200],
        Vec::new(),
    ];
    let to_all = SocketAddr::from((GROUP, port));
    for packet in bad {
        ear.send_to(&packet, to_all).await.unwrap();
    }
    ear.send_to(&hostile("a.name\u{e9}", 7, &[tag, b"n=1,2", b"later=what"], &here), to_all).await.unwrap();
    let heard = Heard { tags: vec![[1; 8]], invitations: vec![1, 2], addresses: vec![SocketAddr::new(HERE, 7)] };
    assert_eq!(device.next().await, NearbyEvent::Heard(heard));
}

#[tokio::test]
async fn no_packet_names_the_machine_the_user_or_the_product() {
    let port = port();
    let ear = ear(port);
    let (mut a, mut b) = (Device::start(port), Device::start(port));
    a.nearby.announce(Some(beacon(1)));
    a.nearby.look(true);
    b.nearby.announce(Some(beacon(3)));
    b.nearby.look(true);
    a.hears(&beacon(3).tags).await;
    b.hears(&beacon(1).tags).await;
    // Whoever asks after all services that there are hears of the type, and of nothing else.
    let mut question = Packet::query();
    question.question("_services._dns-sd._udp.local.", PTR);
    ear.send_to(&question.bytes(), SocketAddr::from((GROUP, port))).await.unwrap();
    let mut overheard = vec![overhear(&ear).await];
    while !overheard.last().is_some_and(|last| packet::is_answer(last) && contains(last, b"_services")) {
        overheard.push(overhear(&ear).await);
    }
    a.nearby.shutdown().await;
    b.nearby.shutdown().await;
    let mut goodbyes = 0;
    while goodbyes < 2 {
        let packet = overhear(&ear).await;
        goodbyes += usize::from(packet::says_goodbye(&packet));
        overheard.push(packet);
    }

    let uname = rustix::system::uname();
    let machine = uname.nodename().to_str().unwrap().to_owned();
    let users = ["USER", "LOGNAME"].into_iter().filter_map(|key| std::env::var(key).ok());
    let words = users.chain([machine, "asif".into(), env!("CARGO_PKG_NAME").into(), "root".into(), "linux".into(), "mdns".into()]);
    let words: Vec<String> = words.filter(|word| word.len() > 1).collect();
    for packet in overheard {
        for word in &words {
            assert!(!contains(&packet, word.as_bytes()), "{word} in {:?}", String::from_utf8_lossy(&packet));
        }
    }
}
