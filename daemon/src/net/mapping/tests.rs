//! The router is asked by PCP or by NAT-PMP, what it grants is renewed and taken back, and what it says is not believed as it comes.

mod stand_in;

use std::net::{Ipv4Addr, UdpSocket};
use std::sync::{Arc, Mutex};

use crab_nat::TimeoutConfig;
use tokio::time::{Instant, timeout};

use super::super::apart::{in_a_network_of_its_own, ip};
use super::*;
use stand_in::{Asked, Manner, StandIn};

const DEADLINE: Duration = Duration::from_secs(20);
/// Longer than any test.
const NEVER: Duration = Duration::from_secs(10_000);
const PORT: u16 = 4433;
/// An address that is given out; nothing is sent there.
const OUTSIDE: Ipv4Addr = Ipv4Addr::new(20, 30, 40, 50);

const GRANTS: Manner = Manner::Grants { outside: OUTSIDE, lifetime: 7200 };
const BY_PCP: bool = true;
const BY_NAT_PMP: bool = false;

/// Nothing is tried or renewed again within a test.
const ONCE: Pace = Pace {
    first: NEVER,
    most: NEVER,
    soonest: NEVER,
    patience: TimeoutConfig { initial_timeout: Duration::from_secs(10), max_retries: 0, max_retry_timeout: None },
    patience_at_the_end: Pace::REAL.patience_at_the_end,
};
/// As soon as can be.
const OFTEN: Pace = Pace { first: Duration::from_millis(1), most: Duration::from_millis(1), soonest: Duration::from_millis(1), ..ONCE };
const IMPATIENT: TimeoutConfig = TimeoutConfig { initial_timeout: Duration::from_millis(20), max_retries: 1, max_retry_timeout: None };

struct Asking {
    mapping: Mapping,
    events: mpsc::Receiver<MappingEvent>,
}

impl Asking {
    fn of(router: &StandIn, pace: Pace) -> Self {
        let address = router.address;
        Self::found(move || Way::to(address), pace)
    }

    fn found<F: Fn() -> Result<Way, NotMapped> + Clone + Send + 'static>(find: F, pace: Pace) -> Self {
        let (sender, events) = mpsc::channel(1);
        Self { mapping: Mapping::begin(PORT, sender, find, pace), events }
    }

    async fn event(&mut self) -> MappingEvent {
        timeout(DEADLINE, self.events.recv()).await.expect("something comes of it").unwrap()
    }

    async fn is_mapped(&mut self) {
        assert_eq!(self.event().await, mapped());
    }

    async fn fails(&mut self, why: &str) {
        assert_eq!(self.event().await, MappingEvent::Failed(why.to_owned()));
    }
}

fn mapped() -> MappingEvent {
    MappingEvent::Mapped((OUTSIDE, PORT + 1000).into())
}

/// The parts of a request: protocol, port, wished port, lifetime.
fn parts(asked: &Asked) -> (bool, u16, u16, u32) {
    match asked {
        Asked::Map { by_pcp, port, wished, lifetime, .. } => (*by_pcp, *port, *wished, *lifetime),
        Asked::Address => panic!("no request for a mapping"),
    }
}

fn nonce(asked: &Asked) -> &[u8] {
    match asked {
        Asked::Map { nonce, .. } => nonce,
        Asked::Address => panic!("no request for a mapping"),
    }
}

#[tokio::test]
async fn what_a_router_grants_is_told_once_renewed_under_the_same_nonce_and_taken_back() {
    // A second is the shortest that can be granted: half of it is waited for.
    let mut router = StandIn::begin(BY_PCP, Manner::Grants { outside: OUTSIDE, lifetime: 1 });
    let mut asking = Asking::of(&router, OFTEN);
    asking.is_mapped().await;
    let first = router.asked().await;
    assert_eq!(parts(&first), (BY_PCP, PORT, PORT, 7200));
    let began = Instant::now();
    let second = router.asked().await;
    assert!(began.elapsed() >= Duration::from_millis(400), "half of a second");
    assert_eq!(parts(&second), (BY_PCP, PORT, PORT + 1000, 7200), "what was granted is wished for again, for as long as ever");
    asking.mapping.shutdown().await;
    let mut asked = router.rest();
    let last = asked.pop().unwrap();
    assert_eq!(parts(&last), (BY_PCP, PORT, 0, 0), "it is taken back");
    assert!([&second, &last].iter().all(|asked| nonce(asked) == nonce(&first)) && nonce(&first) != [0; 12]);
    assert_eq!(asking.events.recv().await, None, "what is as before is not told again");
}

#[tokio::test]
async fn a_router_that_knows_no_pcp_is_asked_by_nat_pmp() {
    let mut router = StandIn::begin(BY_NAT_PMP, Manner::Grants { outside: OUTSIDE, lifetime: 1 });
    let mut asking = Asking::of(&router, OFTEN);
    asking.is_mapped().await;
    assert_eq!(router.asked().await, Asked::Address, "where it is itself comes first");
    assert_eq!(parts(&router.asked_to_map().await), (BY_NAT_PMP, PORT, PORT, 7200));
    assert_eq!(parts(&router.asked_to_map().await), (BY_NAT_PMP, PORT, PORT + 1000, 7200));
    asking.mapping.shutdown().await;
    assert_eq!(parts(&router.rest().pop().unwrap()), (BY_NAT_PMP, PORT, 0, 0), "it is taken back");
}

#[tokio::test]
async fn a_router_that_refuses_is_understood_asked_again_and_owes_nothing_at_the_end() {
    let pcp =
        [(2, "passing on ports is not allowed there"), (3, "it does not know how to"), (7, "it is not connected to the internet itself")];
    let more = [(8, "it passes on as many ports as it can already"), (12, "there is another router between it and this machine")];
    let nat_pmp = [(2, "passing on ports is not allowed there"), (3, "it is not connected to the internet itself")];
    let by_pcp = pcp.into_iter().chain(more).map(|(code, why)| (BY_PCP, code, why));
    for (protocol, code, why) in by_pcp.chain(nat_pmp.map(|(code, why)| (BY_NAT_PMP, code, why))) {
        let why = format!("the router refuses: {why}");
        let mut router = StandIn::begin(protocol, Manner::Refuses(code));
        let mut asking = Asking::of(&router, OFTEN);
        asking.fails(&why).await;
        for _ in 0..3 {
            router.asked().await;
        }
        asking.mapping.shutdown().await;
        assert_eq!(asking.events.recv().await, None, "the same is not told again");

        let mut router = StandIn::begin(protocol, Manner::Refuses(code));
        let mut asking = Asking::of(&router, ONCE);
        asking.fails(&why).await;
        asking.mapping.shutdown().await;
        assert_eq!(router.rest().len(), 1, "nothing is taken back");
    }
}

#[tokio::test]
async fn what_nobody_understands_is_no_mapping() {
    let mut odd: Vec<Vec<u8>> = vec![vec![], vec![2], vec![2, 0x81, 0, 0], vec![0xff; 60], vec![2; 1500], vec![0; 61]];
    odd.push([&[2, 0x81, 0, 0][..], &[0; 20]].concat());
    odd.push([&[2, 0x81, 0, 200][..], &[0; 56]].concat());
    for answer in odd {
        // Some of this says that only the older protocol is known, and is then asked by it.
        let router = StandIn::begin(BY_PCP, Manner::Says(answer.clone()));
        let mut asking = Asking::of(&router, ONCE);
        match asking.event().await {
            MappingEvent::Failed(why) if why == "the router answers what nobody understands" => {}
            other => panic!("{answer:?}: {other:?}"),
        }
        asking.mapping.shutdown().await;
    }
}

#[tokio::test]
async fn an_answer_to_another_question_is_no_mapping() {
    // Version, kind, code, the last byte of the nonce, protocol, port.
    for at in [0, 1, 3, 35, 36, 40] {
        let router = StandIn::begin(BY_PCP, Manner::Spoils(at));
        let mut asking = Asking::of(&router, ONCE);
        asking.fails("the router answers what nobody understands").await;
        asking.mapping.shutdown().await;
    }
    for at in [0, 1, 3] {
        let router = StandIn::begin(BY_NAT_PMP, Manner::Spoils(at));
        let mut asking = Asking::of(&router, ONCE);
        asking.fails("the router answers what nobody understands").await;
        asking.mapping.shutdown().await;
    }
}

#[tokio::test]
async fn a_grant_for_no_time_is_none() {
    for protocol in [BY_PCP, BY_NAT_PMP] {
        let router = StandIn::begin(protocol, Manner::Grants { outside: OUTSIDE, lifetime: 0 });
        let mut asking = Asking::of(&router, ONCE);
        asking.fails("the router answers what nobody understands").await;
        asking.mapping.shutdown().await;
    }
}

#[tokio::test]
async fn a_router_that_never_answers_is_told_and_asked_again_and_the_end_does_not_wait_for_it() {
    let mut router = StandIn::begin(BY_PCP, Manner::Silent);
    let mut asking = Asking::of(&router, Pace { patience: IMPATIENT, ..OFTEN });
    asking.fails("the router does not answer").await;
    for _ in 0..5 {
        router.asked().await;
    }
    router.becomes(GRANTS);
    asking.is_mapped().await;
    router.becomes(Manner::Silent);
    let began = Instant::now();
    asking.mapping.shutdown().await;
    assert!(began.elapsed() <= END_LIMIT + Duration::from_millis(500), "{:?}", began.elapsed());
    assert_eq!(parts(&router.rest().pop().unwrap()).3, 0, "it was told all the same");
}

#[tokio::test]
async fn a_router_that_is_itself_behind_another_maps_nothing_and_keeps_nothing_open() {
    let inside = [[192, 168, 0, 2], [100, 64, 0, 9], [127, 0, 0, 1], [224, 0, 0, 1], [203, 0, 113, 5], [0, 0, 0, 0]];
    for outside in inside.map(Ipv4Addr::from) {
        let mut router = StandIn::begin(BY_PCP, Manner::Grants { outside, lifetime: 7200 });
        let mut asking = Asking::of(&router, ONCE);
        asking.fails("the router has no address of its own on the internet").await;
        assert_eq!([router.asked().await, router.asked().await].each_ref().map(|asked| parts(asked).3), [7200, 0], "{outside}");
        asking.mapping.shutdown().await;

        let mut router = StandIn::begin(BY_NAT_PMP, Manner::Grants { outside, lifetime: 7200 });
        let mut asking = Asking::of(&router, ONCE);
        asking.fails("the router has no address of its own on the internet").await;
        asking.mapping.shutdown().await;
        assert_eq!(router.rest().iter().filter(|asked| **asked != Asked::Address).count(), 0, "{outside}");
    }
}

#[tokio::test]
async fn after_a_change_the_router_that_is_there_is_asked_at_once_under_another_nonce() {
    let mut here = StandIn::begin(BY_PCP, Manner::Refuses(2));
    let mut there = StandIn::begin(BY_PCP, GRANTS);
    let way = Arc::new(Mutex::new(Way::to(here.address)));
    let find = {
        let way = Arc::clone(&way);
        move || way.lock().unwrap().clone()
    };
    let mut asking = Asking::found(find, ONCE);
    asking.fails("the router refuses: passing on ports is not allowed there").await;
    *way.lock().unwrap() = Way::to(there.address);
    asking.mapping.changed();
    asking.is_mapped().await;
    assert_ne!(nonce(&here.asked().await), nonce(&there.asked().await));
    *way.lock().unwrap() = Err(NotMapped::NoRouter);
    asking.mapping.changed();
    asking.fails("this machine has no router towards the internet").await;
    asking.mapping.shutdown().await;
}

#[tokio::test]
async fn a_machine_where_nobody_listens_for_such_questions_says_so_and_port_0_is_no_port() {
    // No stand-in is ever there.
    let address = Ipv4Addr::new(127, 78, 0, 1);
    let mut asking = Asking::found(move || Way::to(address), Pace { patience: IMPATIENT, ..OFTEN });
    asking.fails("the router passes no ports on when it is asked: neither PCP nor NAT-PMP is switched on there").await;
    asking.mapping.shutdown().await;

    let (sender, mut events) = mpsc::channel(1);
    let mapping = Mapping::start(0, sender);
    assert_eq!(timeout(DEADLINE, events.recv()).await.unwrap(), Some(MappingEvent::Failed("there is no port to pass on".into())));
    mapping.shutdown().await;
}

#[tokio::test]
async fn dropped_or_with_nobody_listening_it_still_takes_back_what_was_granted() {
    let mut router = StandIn::begin(BY_PCP, GRANTS);
    let mut asking = Asking::of(&router, ONCE);
    asking.is_mapped().await;
    drop(asking);
    assert_eq!([router.asked().await, router.asked().await].each_ref().map(|asked| parts(asked).3), [7200, 0]);

    // The channel is full before anything could be told.
    let (sender, events) = mpsc::channel(1);
    sender.send(MappingEvent::Failed(String::new())).await.unwrap();
    let address = router.address;
    let mapping = Mapping::begin(PORT, sender, move || Way::to(address), ONCE);
    assert_eq!(parts(&router.asked().await).3, 7200);
    mapping.shutdown().await;
    assert_eq!(parts(&router.asked().await).3, 0);
    drop(events);
}

#[tokio::test]
async fn the_gateway_of_this_machine_is_found_and_asked() {
    if !in_a_network_of_its_own("net::mapping::tests::the_gateway_of_this_machine_is_found_and_asked") {
        return;
    }
    let (sender, mut events) = mpsc::channel(1);
    let mut mapping = Mapping::start(PORT, sender);
    let none = MappingEvent::Failed("this machine has no router towards the internet".into());
    assert_eq!(timeout(DEADLINE, events.recv()).await.unwrap(), Some(none));

    for command in
        ["link set lo up", "link add v0 type veth peer name v1", "addr add 10.9.8.2/24 dev v0", "link set v1 up", "link set v0 up"]
    {
        ip(command);
    }
    ip("route add default via 10.9.8.1 dev v0");
    // With the route there, the router's address may be on this machine too: it is its own router.
    ip("addr add 10.9.8.1/32 dev lo");
    let address = Ipv4Addr::new(10, 9, 8, 1);
    let mut router = StandIn::over(address, UdpSocket::bind((address, crab_nat::GATEWAY_PORT)).unwrap(), BY_PCP, GRANTS);
    mapping.changed();
    assert_eq!(timeout(DEADLINE, events.recv()).await.unwrap(), Some(mapped()));
    mapping.shutdown().await;
    assert_eq!([router.asked().await, router.asked().await].each_ref().map(|asked| parts(asked).3), [7200, 0]);
}
