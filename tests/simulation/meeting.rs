//! Who finds whom, and who is said to have been reached. Properties:
//!
//! 1. The devices of two people find each other, whichever of them met first, also when those are off and all were restarted meanwhile.
//! 2. Where somebody is, is told to own devices alone.
//! 3. Nobody is said to have been reached who has not answered since it was asked.
//! 4. Two that hold the same say little when they meet, however much that is.
//! 5. On the local network a device says something to those it talks to, and nothing more to who is talked to no more.

use std::time::Duration;

use asif_proto::local::{ErrorKind, Reply, Request};
use asif_proto::peer::{Message, Whereabouts};

use crate::story::{self, Story};
use crate::world::World;

fn sync(world: &mut World, node: usize) -> Result<Vec<String>, String> {
    match world.ask(node, Request::Sync { wait_ms: Some(20_000) }) {
        Some(Ok(Reply::Synced(synced))) => Ok(synced.peers),
        Some(Err(failure)) => {
            assert_eq!(failure.kind, ErrorKind::PeerUnreachable);
            Err(failure.message)
        }
        other => panic!("{other:?}"),
    }
}

/// Robin's two devices and Dana's two, of which only the first ones have met.
fn two_and_two() -> (World, [usize; 2], [usize; 2]) {
    let mut world = World::new(5);
    // The second ones are away while the first meet.
    let robin = story::family(&mut world, 2);
    let dana = world.add("dana");
    world.cut(robin[1], dana);
    let ticket = world.ticket(robin[0], Request::ShareInvite { invite: story::invitation(), yes: true, no_wait: true });
    world.must(dana, Request::HelperJoin { ticket, name: Some("Dana".into()), at: None });
    let second = world.add("dana at home");
    for node in &robin {
        world.cut(*node, second);
    }
    let ticket = world.ticket(dana, Request::DevicePair { yes: true, no_wait: true });
    world.must(second, Request::DeviceJoin { ticket, name: None, at: None });
    world.run_for(Duration::from_secs(20));
    (world, [robin[0], robin[1]], [dana, second])
}

#[test]
fn devices_that_never_met_find_each_other_by_what_the_others_knew() {
    let (mut world, robin, dana) = two_and_two();
    // Robin's second knows of Dana's first by Robin's first, and Dana's second of Robin's second by Dana's first.
    world.stop(robin[0]);
    world.heal();
    world.cut(robin[1], dana[1]);
    assert_eq!(sync(&mut world, robin[1]), Ok(vec!["Dana".into()]));
    world.run_for(Duration::from_secs(10));
    world.stop(dana[0]);
    // Also where both come up anew, in either order.
    for order in [[robin[1], dana[1]], [dana[1], robin[1]]] {
        order.iter().for_each(|node| world.stop(*node));
        world.heal();
        order.iter().for_each(|node| world.start(*node));
        world.run_for(Duration::from_secs(30));
        assert!(world.is_linked(robin[1], dana[1]));
    }
}

#[test]
fn where_somebody_is_is_told_to_own_devices_alone() {
    let (mut world, robin, dana) = two_and_two();
    world.heal();
    world.recorded = Some(Vec::new());
    for node in robin.into_iter().chain(dana) {
        world.stop(node);
    }
    for node in robin.into_iter().chain(dana) {
        world.start(node);
    }
    world.run_for(Duration::from_secs(60));
    let told: Vec<(usize, usize)> = world
        .recorded
        .take()
        .unwrap()
        .into_iter()
        .filter(|(_, _, message)| matches!(message, Message::Addresses(_)))
        .map(|(from, to, _)| (from, to))
        .collect();
    assert!(!told.is_empty());
    assert!(told.iter().all(|(from, to)| robin.contains(from) == robin.contains(to)), "{told:?}");

    // What a helper says of one's own devices is not followed; what an own device says is.
    let key = world.nodes[robin[1]].link_key().unwrap();
    let [wrong, right] = [77, 78].map(|host| std::net::SocketAddr::from(([10, 0, 0, host], 4433)));
    world.inject(dana[0], robin[0], &Message::Addresses(vec![Whereabouts { key, addresses: vec![wrong] }]));
    world.inject(robin[1], robin[0], &Message::Addresses(vec![Whereabouts { key, addresses: vec![right] }]));
    world.stop(robin[1]);
    world.run_for(Duration::from_secs(60));
    assert!(world.tried.contains(&right) && !world.tried.contains(&wrong), "{:?}", world.tried);
}

#[test]
fn nobody_is_said_to_have_been_reached_who_does_not_answer() {
    let mut world = World::new(5);
    let devices = story::family(&mut world, 2);
    assert_eq!(sync(&mut world, devices[0]), Ok(vec!["device 1".into()]));
    world.silent.insert(devices[1]);
    assert!(world.is_linked(devices[0], devices[1]), "the link must look alive");
    let failed = sync(&mut world, devices[0]).unwrap_err();
    assert!(failed.contains("device 1: connected before, and no answer now"), "{failed}");
    // Whoever is back is reached again.
    world.silent.clear();
    world.crash(devices[1], Duration::from_secs(1));
    world.run_for(Duration::from_secs(60));
    assert_eq!(sync(&mut world, devices[0]), Ok(vec!["device 1".into()]));
}

#[test]
fn two_that_hold_the_same_say_no_more_than_256_bytes_to_each_other() {
    let (mut world, robin, _) = two_and_two();
    let mut story = Story::new(&robin);
    let mut said = Vec::new();
    for _ in 0..3 {
        for _ in 0..10 {
            story.log(&mut world, robin[0]);
        }
        world.run_for(Duration::from_secs(60));
        world.cut(robin[0], robin[1]);
        world.recorded = Some(Vec::new());
        world.heal();
        world.run_for(Duration::from_secs(60));
        assert!(world.is_linked(robin[0], robin[1]));
        let messages = world.recorded.take().unwrap();
        let between = messages.into_iter().filter(|(from, to, _)| [*from, *to].iter().all(|node| robin.contains(node)));
        said.push(between.map(|(_, _, message)| message).collect::<Vec<_>>());
    }
    // In the first round each of them meets the helper's devices, and tells the other where those are.
    for messages in &said[1..] {
        let longest =
            |is_one: fn(&Message) -> bool| messages.iter().filter(|one| is_one(one)).map(|one| one.to_frame().to_bytes().len()).max();
        let (hello, same) = (longest(|one| matches!(one, Message::Hello(_))), longest(|one| matches!(one, Message::Same(_))));
        assert!(messages.iter().all(|one| matches!(one, Message::Hello(_) | Message::Same(_))), "{messages:?}");
        // Each end says each once; where both dial at one moment there are two links, of which one goes.
        let bytes = 2 * (hello.unwrap() + same.unwrap());
        assert_eq!(bytes, 156, "both ways");
    }
}

#[test]
fn who_is_talked_to_no_more_is_said_nothing_more_on_the_local_network() {
    let mut world = World::new(5);
    let laptop = world.join("laptop");
    world.nodes[laptop].discovery = true;
    world.start(laptop);
    story::begin(&mut world, laptop);
    let dana = world.add("dana");
    let ticket = world.ticket(laptop, Request::ShareInvite { invite: story::invitation(), yes: true, no_wait: true });
    world.must(dana, Request::HelperJoin { ticket, name: Some("Dana".into()), at: None });
    world.run_for(Duration::from_secs(20));
    let tags = |world: &World| world.nodes[laptop].beacon.as_ref().map(|beacon| beacon.tags.clone()).unwrap_or_default();
    assert!(!tags(&world).is_empty());
    world.must(laptop, Request::ShareRevoke { name: "Dana".into() });
    world.run_for(Duration::from_secs(60));
    assert_eq!(tags(&world), Vec::<[u8; 8]>::new());
}
