//! A router that passes packets on when it is asked, and refuses when it is told to: what a machine behind it does, and tells of that.

use std::net::{Ipv4Addr, UdpSocket};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use crate::harness::eventually;
use crate::lan::{Machine, apart};

/// Where the router is on the internet, and the port on which packets for the machine come in there. Nothing is sent there.
const OUTSIDE: (Ipv4Addr, u16) = (Ipv4Addr::new(20, 30, 40, 50), 5555);

#[derive(Default)]
struct Router {
    refuses: AtomicBool,
    /// For how many seconds it was asked to pass packets on, each time.
    asked_for: Mutex<Vec<u32>>,
}

impl Router {
    /// Answers by PCP (RFC 6887, sections 7 and 11), whoever asks.
    fn answer(&self, socket: &UdpSocket) {
        let mut question = [0; 1100];
        while let Ok((length, from)) = socket.recv_from(&mut question) {
            assert_eq!((length, question[0], question[1], question[36]), (60, 2, 1, 17), "a request of PCP to pass on a UDP port");
            let code = if self.refuses.load(Ordering::SeqCst) { 2 } else { 0 };
            let mut answer = vec![2, 0x81, 0, code];
            answer.extend(&question[4..8]);
            answer.extend([0; 16]);
            answer.extend(&question[24..42]);
            answer.extend(OUTSIDE.1.to_be_bytes());
            answer.extend(OUTSIDE.0.to_ipv6_mapped().octets());
            self.asked_for.lock().unwrap().push(u32::from_be_bytes(question[4..8].try_into().unwrap()));
            socket.send_to(&answer, from).unwrap();
        }
    }

    /// For how long it was asked, each time since this was looked at last; awaited until this is the last.
    fn asked_for(&self, last: u32) -> Vec<u32> {
        eventually("the router is asked", || {
            let mut asked = self.asked_for.lock().unwrap();
            (asked.last() == Some(&last)).then(|| std::mem::take(&mut *asked))
        })
    }
}

fn told_outside(laptop: &Machine) -> bool {
    laptop.run(&["doctor"]).stdout.contains(&format!("{}:{}", OUTSIDE.0, OUTSIDE.1))
}

#[test]
fn the_router_is_asked_as_long_as_the_person_wants_it_and_what_it_says_is_told() {
    apart("routers::the_router_is_asked_as_long_as_the_person_wants_it_and_what_it_says_is_told", |lan| {
        lan.network("home");
        let gateway = lan.machine("gateway", "home", "10.77.0.253");
        gateway.has_too("10.77.0.254");
        let socket = gateway.does(|| UdpSocket::bind("10.77.0.254:5351").unwrap());
        let router = Arc::new(Router::default());
        let answering = Arc::clone(&router);
        std::thread::spawn(move || answering.answer(&socket));

        let laptop = lan.machine("laptop", "home", "10.77.0.1");
        laptop.ok(&["init", "--no-input", "--name", "Robin", "--device", "laptop"]);
        let pairing = laptop.start(&["device", "pair", "--yes", "--json"]);
        pairing.line().unwrap();
        assert!(!told_outside(&laptop) && router.asked_for.lock().unwrap().is_empty(), "nobody is asked unless it is wanted");

        laptop.ok(&["config", "set", "port-mapping", "on"]);
        eventually("the place outside is told", || told_outside(&laptop).then_some(()));
        assert_eq!(router.asked_for(7200), [7200]);
        laptop.ok(&["config", "set", "port-mapping", "off"]);
        assert_eq!(router.asked_for(0), [0], "it is taken back");
        assert!(!told_outside(&laptop));

        router.refuses.store(true, Ordering::SeqCst);
        laptop.ok(&["config", "set", "port-mapping", "on"]);
        eventually("the doctor says why not", || {
            let doctor = laptop.run(&["doctor"]);
            let why = "the router passes nothing on to this device: the router refuses: passing on ports is not allowed there";
            (doctor.code == Some(9) && doctor.stdout.contains(why)).then_some(())
        });
        laptop.ok(&["config", "set", "port-mapping", "off"]);
        laptop.ok(&["doctor"]);

        router.refuses.store(false, Ordering::SeqCst);
        router.asked_for.lock().unwrap().clear();
        laptop.ok(&["config", "set", "port-mapping", "on"]);
        eventually("the place outside is told again", || told_outside(&laptop).then_some(()));
        laptop.ok(&["daemon", "stop"]);
        assert_eq!(router.asked_for(0), [7200, 0], "it is taken back when the daemon ends");
    });
}
