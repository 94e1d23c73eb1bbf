//! A device is removed. Properties:
//!
//! 1. What the others had of it when they heard so stays, on all of them; what it writes after is on none of them.
//! 2. It is let in nowhere any more, neither by own devices nor by helpers, and no key of what is written from then on is sealed for it.
//! 3. Two that remove each other are both out, whoever hears of which first; who is left has all that either had given away.

use std::time::Duration;

use asif_daemon::people::epoch;
use asif_daemon::people::registry::Registry;
use asif_daemon::people::space::Space;
use asif_daemon::people::statement::{Remove, Said, Statement};
use asif_daemon::replica::Keeping;
use asif_daemon::replica::effect::{Effect, FoundLog, Input, Purpose, Run};
use asif_daemon::run::shelf::{Done, Shelf};
use asif_daemon::store::Fault;
use asif_proto::id::Link;
use asif_proto::local::{Reply, Request};
use asif_proto::peer::{Blob, Entries, Message, Sealed};
use asif_proto::share::Scope;

use crate::apart::noted;
use crate::hostile::steal;
use crate::seeds;
use crate::shared::{log, notes};
use crate::story::{self, Story, invitation};
use crate::world::{A_MONTH, Weather, World};

/// One machine removes another, and this one hears of it.
fn removes(world: &mut World, by: usize, of: usize, heard_by: usize) {
    let (by_it, of_it) = (steal(world, by), steal(world, of).device());
    let person = by_it.vault.person.unwrap();
    let seen = by_it.registry.roster(&person).statements().to_vec();
    let removal = Said::Remove(Remove { person, device: of_it, at_ms: 0, tips: Vec::new(), seen });
    let removal = Statement::by_device(&by_it.vault.signing, &removal);
    // It came from an own device, whichever is there.
    let own = |node: &usize| world.is_linked(*node, heard_by) && steal(world, *node).vault.person == Some(person);
    let from = (0..world.nodes.len()).filter(own).min_by_key(|node| *node == of).unwrap();
    world.inject(from, heard_by, &Message::Roster(vec![Blob(removal.bytes().to_vec())]));
}

/// Every log that a machine holds, as it would send it.
pub(crate) fn whole_logs(world: &World, node: usize) -> Vec<Message> {
    let (mut shelf, found) = Shelf::open(world.nodes[node].disk.clone(), std::path::Path::new("/data")).unwrap();
    let run = |log: &FoundLog| {
        let runs = vec![Run { log: log.head.log, from: 1, to: log.seq }];
        let Ok(Done::Input(Input::Read { entries, .. })) = shelf.perform(Effect::Read { purpose: Purpose::Merge, runs }) else { panic!() };
        let entries = entries.iter().map(|stored| Sealed::from(&stored.wire)).collect();
        Message::Entries(Entries { queue: log.head.queue, key: log.head.key, log: log.head.log, before: Link::ZERO, entries })
    };
    found.logs.iter().map(run).collect()
}

/// Whether a machine could open what another writes now in a space of this kind.
fn could_read(world: &World, thief: usize, writer: usize, kind: impl Fn(&Space) -> bool) -> bool {
    let (thief, registry): (_, Registry) = (steal(world, thief), steal(world, writer).registry);
    let epoch = registry.all_epochs().find(|epoch| kind(&epoch.space)).unwrap();
    let fit = registry.fit(epoch.space.id()).next().unwrap();
    epoch::read_box(fit, thief.device(), &thief.vault.sealing).is_some()
}

fn is_journal(space: &Space) -> bool {
    matches!(space, Space::Journal { .. })
}

fn is_share(space: &Space) -> bool {
    matches!(space, Space::Share { .. })
}

#[test]
fn what_a_removed_device_had_given_away_stays_and_what_it_writes_after_reaches_nobody() {
    let mut world = World::keeping_entries(3);
    let devices = story::family(&mut world, 3);
    let [laptop, desktop, phone] = devices[..] else { panic!() };
    for (node, note) in [(laptop, "a"), (desktop, "b"), (phone, "c")] {
        log(&mut world, node, noted(note));
    }
    world.run_for(Duration::from_secs(30));
    // This one only the desktop has, and this one nobody.
    world.cut(phone, laptop);
    log(&mut world, phone, noted("d"));
    world.run_for(Duration::from_secs(30));
    world.cut(phone, desktop);
    log(&mut world, phone, noted("e"));
    assert!(could_read(&world, phone, laptop, is_journal));
    removes(&mut world, laptop, phone, laptop);
    world.run_for(Duration::from_secs(30));
    log(&mut world, laptop, noted("f"));
    log(&mut world, desktop, noted("g"));
    world.heal();
    log(&mut world, phone, noted("h"));
    world.run_for(Duration::from_secs(600));
    for node in [laptop, desktop] {
        world.must(node, Request::Sync { wait_ms: Some(10_000) });
        assert_eq!(notes(&mut world, node), ["a", "b", "c", "d", "f", "g"]);
        assert!(!world.is_linked(phone, node) && !could_read(&world, phone, node, is_journal));
    }
    assert_eq!(notes(&mut world, phone), ["a", "b", "c", "d", "e", "h"], "what it holds is its own");
    // Whoever brings it: it does not count.
    for run in whole_logs(&world, phone) {
        world.inject(desktop, laptop, &run);
    }
    assert!(world.doctor(laptop).contains("an entry of a removed device that nobody who stays had"));
    assert_eq!(notes(&mut world, laptop), ["a", "b", "c", "d", "f", "g"]);
    // It is so after a start, and whoever joins then has all of it.
    for node in [laptop, desktop] {
        world.stop(node);
        world.start(node);
    }
    let tablet = story::joins(&mut world, desktop, "tablet");
    world.run_for(Duration::from_secs(60));
    assert_eq!(notes(&mut world, tablet), ["a", "b", "c", "d", "f", "g"]);
    log(&mut world, tablet, noted("i"));
    world.run_for(Duration::from_secs(60));
    assert_eq!(notes(&mut world, laptop), ["a", "b", "c", "d", "f", "g", "i"]);
}

#[test]
fn two_that_remove_each_other_are_both_out_and_who_is_left_has_all_that_they_had_given_away() {
    for first in [true, false] {
        let mut world = World::new(4);
        let devices = story::family(&mut world, 4);
        let [laptop, desktop, phone, tablet] = devices[..] else { panic!() };
        for (node, note) in [(laptop, "a"), (desktop, "b"), (phone, "c")] {
            log(&mut world, node, noted(note));
        }
        world.run_for(Duration::from_secs(30));
        // The laptop is with the phone, the desktop with the tablet; they do not hear of each other.
        for (a, b) in [(laptop, desktop), (laptop, tablet), (phone, desktop), (phone, tablet)] {
            world.cut(a, b);
        }
        log(&mut world, laptop, noted("d"));
        log(&mut world, desktop, noted("e"));
        world.run_for(Duration::from_secs(30));
        removes(&mut world, laptop, desktop, if first { laptop } else { phone });
        removes(&mut world, desktop, laptop, if first { desktop } else { tablet });
        world.run_for(Duration::from_secs(30));
        world.heal();
        world.run_for(Duration::from_secs(600));
        for node in [phone, tablet] {
            assert_eq!(notes(&mut world, node), ["a", "b", "c", "d", "e"]);
            assert!(!world.is_linked(laptop, node) && !world.is_linked(desktop, node));
            assert!(!could_read(&world, laptop, node, is_journal) && !could_read(&world, desktop, node, is_journal));
        }
        assert!(world.is_linked(phone, tablet) && !world.is_linked(laptop, desktop));
    }
}

#[test]
fn what_a_removed_device_had_packed_is_packed_anew_so_that_others_can_start_from_it() {
    let mut world = World::new(7);
    world.keeping = Keeping::default();
    let devices = story::family(&mut world, 2);
    let [phone, laptop] = devices[..] else { panic!() };
    world.nodes[phone].keeping = Keeping { worth: 12, beside: Duration::ZERO, look: Duration::from_secs(20) };
    world.stop(phone);
    world.cut(phone, laptop);
    for n in 10..30 {
        log(&mut world, phone, noted(&n.to_string()));
    }
    world.run_for(Duration::from_secs(100));
    world.heal();
    world.must(laptop, Request::Sync { wait_ms: Some(30_000) });
    let all = notes(&mut world, laptop);
    assert_eq!(all.len(), 20);
    removes(&mut world, laptop, phone, laptop);
    world.run_for(Duration::from_secs(100));
    world.stop(phone);
    let tablet = story::joins(&mut world, laptop, "tablet");
    world.run_for(Duration::from_secs(100));
    assert_eq!(notes(&mut world, tablet), all);
}

#[test]
fn a_device_that_hears_that_it_was_removed_keeps_what_it_has_and_can_be_written_in() {
    let mut world = World::new(6);
    let devices = story::family(&mut world, 2);
    let [laptop, phone] = devices[..] else { panic!() };
    log(&mut world, phone, noted("a"));
    world.run_for(Duration::from_secs(30));
    removes(&mut world, laptop, phone, phone);
    let statements = |world: &World| steal(world, phone).registry.statements().count();
    let before = statements(&world);
    world.stop(phone);
    for note in ["b", "c"] {
        log(&mut world, phone, noted(note));
    }
    assert_eq!((notes(&mut world, phone), statements(&world)), (vec!["a".into(), "b".into(), "c".into()], before));
}

#[test]
fn what_a_removed_device_wrote_since_comes_with_it_when_it_joins_again_as_another() {
    for knows in [true, false] {
        let mut world = World::keeping_entries(9);
        let devices = story::family(&mut world, 3);
        let [laptop, desktop, phone] = devices[..] else { panic!() };
        log(&mut world, phone, noted("a"));
        world.run_for(Duration::from_secs(30));
        world.cut(phone, laptop);
        world.cut(phone, desktop);
        log(&mut world, phone, noted("b"));
        let Reply::Removed(removed) = world.must(laptop, Request::DeviceRemove { device: "device 2".into() }) else { panic!() };
        assert_eq!((removed.told, removed.untold.len()), (vec!["device 1".to_owned()], 0));
        log(&mut world, phone, noted("c"));
        world.run_for(Duration::from_secs(1));
        if knows {
            world.heal();
            world.run_for(Duration::from_secs(600));
            assert!(world.doctor(phone).contains("does not know this device any more"));
        }
        world.heal();
        let before = steal(&world, phone).device();
        let ticket = world.ticket(desktop, Request::DevicePair { yes: true, no_wait: true });
        world.must(phone, Request::DeviceJoin { ticket, name: Some("phone again".into()), at: None });
        assert_ne!(steal(&world, phone).device(), before);
        log(&mut world, phone, noted("d"));
        log(&mut world, laptop, noted("e"));
        world.run_for(Duration::from_secs(60));
        for node in [laptop, desktop, phone] {
            world.must(node, Request::Sync { wait_ms: Some(10_000) });
            assert_eq!(notes(&mut world, node), ["a", "b", "c", "d", "e"], "{node}");
            let told = world.doctor(node);
            assert!(told.contains("device 2 was removed from your devices on") && !told.contains("asif doctor --rebuild"), "{told}");
        }
        let Reply::Devices(all) = world.must(laptop, Request::DeviceList) else { panic!() };
        assert_eq!(all.iter().filter(|one| one.connected).map(|one| one.name.as_str()).collect::<Vec<_>>(), ["device 1", "phone again"]);
    }
}

#[test]
fn whoever_has_the_root_key_still_cannot_be_taken_out_by_the_device_that_it_removes() {
    let mut world = World::new(10);
    let devices = story::family(&mut world, 3);
    let [laptop, desktop, phone] = devices[..] else { panic!() };
    log(&mut world, laptop, noted("a"));
    world.run_for(Duration::from_secs(30));
    // Whoever has the phone was first, and the desktop has heard of neither yet.
    world.cut(desktop, laptop);
    world.cut(desktop, phone);
    removes(&mut world, phone, laptop, laptop);
    removes(&mut world, phone, laptop, phone);
    world.run_for(Duration::from_secs(30));
    assert!(world.doctor(laptop).contains("this device was removed from your devices"));
    world.must(laptop, Request::DeviceRemove { device: "device 2".into() });
    log(&mut world, laptop, noted("b"));
    world.stop(phone);
    world.heal();
    world.run_for(Duration::from_secs(600));
    world.start(phone);
    world.run_for(Duration::from_secs(600));
    assert!(world.is_linked(laptop, desktop) && !world.is_linked(laptop, phone) && !world.is_linked(desktop, phone));
    assert_eq!(notes(&mut world, desktop), ["a", "b"]);
    assert!(!world.doctor(laptop).contains("this device was removed"));
    // The desktop has not got it.
    let Some(Err(failure)) = world.ask(desktop, Request::DeviceRemove { device: "device 1".into() }) else { panic!() };
    assert!(failure.message.contains("this is the device that you are using"), "{failure}");
    world.must(desktop, Request::DeviceRemove { device: "device 2".into() });
}

#[test]
fn wherever_the_power_goes_while_a_device_is_removed_it_is_out_where_that_was_said_and_nothing_is_lost() {
    for at in 0..24 {
        let mut world = World::keeping_entries(11);
        let devices = story::family(&mut world, 3);
        let [laptop, desktop, phone] = devices[..] else { panic!() };
        for (node, note) in [(laptop, "a"), (desktop, "b"), (phone, "c")] {
            log(&mut world, node, noted(note));
        }
        world.run_for(Duration::from_secs(30));
        // On one that removes it, and on one that hears of that.
        for node in [laptop, desktop] {
            let disk = world.nodes[node].disk.clone();
            let last = disk.calls() + at;
            disk.plan(move |call| (call.number >= last).then_some(Fault::PowerOff));
        }
        let answer = world.ask(laptop, Request::DeviceRemove { device: "device 2".into() });
        let is_said = matches!(answer, Some(Ok(Reply::Removed(_))));
        world.run_for(Duration::from_secs(30));
        for node in [laptop, desktop] {
            world.nodes[node].disk.heal();
            world.start(node);
        }
        world.run_for(Duration::from_secs(60));
        let Reply::Devices(all) = world.must(laptop, Request::DeviceList) else { panic!() };
        assert!(!is_said || all.len() == 2, "at {at}: it was said, and is not so");
        world.must(laptop, Request::DeviceRemove { device: "device 2".into() });
        log(&mut world, laptop, noted("d"));
        log(&mut world, desktop, noted("e"));
        world.run_for(Duration::from_secs(60));
        for node in [laptop, desktop] {
            assert_eq!(notes(&mut world, node), ["a", "b", "c", "d", "e"], "at {at}");
            assert!(!world.is_linked(phone, node) && !could_read(&world, phone, node, is_journal), "at {at}");
        }
    }
}

#[test]
fn where_many_hear_of_a_removal_one_gives_the_spaces_other_keys_and_the_others_only_if_it_does_not() {
    for is_there in [true, false] {
        let mut world = World::keeping_entries(12);
        let devices = story::family(&mut world, 6);
        let [laptop, phone] = [devices[0], devices[5]];
        let ticket = world.ticket(laptop, Request::ShareInvite { invite: invitation(), yes: true, no_wait: true });
        let dana = world.add("dana");
        world.must(dana, Request::HelperJoin { ticket, name: Some("Dana".into()), at: None });
        world.run_for(Duration::from_secs(60));
        let epochs = |world: &World| {
            steal(world, devices[1]).registry.all_epochs().filter(|epoch| is_journal(&epoch.space) || is_share(&epoch.space)).count()
        };
        let before = epochs(&world);
        if is_there {
            world.must(laptop, Request::DeviceRemove { device: "device 5".into() });
        } else {
            // It went down before it had told the new keys, and only one has heard.
            removes(&mut world, laptop, phone, devices[1]);
            world.stop(laptop);
        }
        world.run_for(Duration::from_secs(300));
        // One for each space; whoever had to write meanwhile did not wait.
        let after = epochs(&world);
        assert!((before + 2..=before + 3).contains(&after), "{before} to {after}");
        for node in &devices[1..5] {
            assert!(!could_read(&world, phone, *node, is_journal) && !could_read(&world, phone, *node, is_share));
            log(&mut world, *node, noted(&node.to_string()));
        }
        world.run_for(Duration::from_secs(60));
        assert_eq!(epochs(&world), after, "who writes then finds one");
        assert_eq!(notes(&mut world, devices[1]).len(), 4);
    }
}

#[test]
fn a_helper_lets_a_removed_device_in_no_more_and_goes_on_with_the_others() {
    let mut world = World::new(5);
    let devices = story::family(&mut world, 2);
    let [laptop, phone] = devices[..] else { panic!() };
    let invite = asif_proto::local::Invite { scopes: vec![Scope::Ratings, Scope::Notes], delay_s: 0, until: None, ..invitation() };
    let ticket = world.ticket(laptop, Request::ShareInvite { invite, yes: true, no_wait: true });
    let dana = world.add("dana");
    world.must(dana, Request::HelperJoin { ticket, name: Some("Dana".into()), at: None });
    log(&mut world, phone, noted("alpha"));
    world.run_for(Duration::from_secs(120));
    assert!(world.is_linked(phone, dana) && could_read(&world, phone, laptop, is_share));
    removes(&mut world, laptop, phone, laptop);
    world.run_for(Duration::from_secs(120));
    assert!(!world.is_linked(phone, dana) && world.is_linked(laptop, dana));
    log(&mut world, laptop, noted("bravo"));
    log(&mut world, phone, noted("charlie"));
    world.run_for(Duration::from_secs(600));
    let held = crate::shared::held(&world, dana).concat();
    assert!(held.contains("alpha") && held.contains("bravo") && !held.contains("charlie"), "{held}");
    assert!(!could_read(&world, phone, laptop, is_share) && !world.is_linked(phone, dana));
    // What Dana says to Robin from then on is sealed for the laptop alone, too.
    let feedback = |space: &Space| matches!(space, Space::Feedback { .. });
    assert!(!could_read(&world, phone, dana, feedback));
    world.must(laptop, Request::Sync { wait_ms: Some(10_000) });
}

#[test]
fn a_helper_hears_of_two_that_removed_each_other_and_lets_neither_in() {
    let mut world = World::new(8);
    let devices = story::family(&mut world, 4);
    let [laptop, desktop, phone, tablet] = devices[..] else { panic!() };
    let ticket = world.ticket(laptop, Request::ShareInvite { invite: invitation(), yes: true, no_wait: true });
    let dana = world.add("dana");
    world.must(dana, Request::HelperJoin { ticket, name: Some("Dana".into()), at: None });
    world.run_for(Duration::from_secs(120));
    for (a, b) in [(laptop, desktop), (laptop, tablet), (phone, desktop), (phone, tablet)] {
        world.cut(a, b);
    }
    devices.iter().for_each(|device| world.cut(*device, dana));
    world.run_for(Duration::from_secs(30));
    removes(&mut world, laptop, desktop, laptop);
    removes(&mut world, desktop, laptop, desktop);
    world.run_for(Duration::from_secs(30));
    world.heal();
    world.run_for(Duration::from_secs(600));
    assert!(world.is_linked(phone, dana) && world.is_linked(tablet, dana));
    assert!(!world.is_linked(laptop, dana) && !world.is_linked(desktop, dana));
}

#[test]
fn in_whatever_weather_a_device_is_removed_those_that_stay_end_with_one_journal() {
    for seed in seeds(8) {
        let mut world = World::new(seed);
        let worth = if seed % 2 == 0 { 8 } else { 1000 };
        world.keeping = Keeping { worth, beside: A_MONTH, look: Duration::from_secs(20) };
        let devices = story::family(&mut world, 4);
        let [laptop, desktop, tablet, phone] = devices[..] else { panic!() };
        let mut story = Story::new(&[laptop, desktop, tablet]);
        world.weather = Weather::STORM;
        let when = world.below(30);
        for step in 0..40 {
            story.something_happens(&mut world);
            if world.below(3) == 0 {
                world.start(phone);
                let fields = Box::new(noted(&format!("of the phone {step}")));
                drop(world.ask(phone, Request::Log { practice: None, fields }));
            }
            if step == when {
                is_removed(&mut world, laptop, phone);
            }
        }
        world.weather = Weather::CALM;
        world.heal();
        is_removed(&mut world, laptop, phone);
        world.run_for(Duration::from_secs(30));
        is_removed(&mut world, laptop, phone);
        story.settle(&mut world);
        story.check(&mut world);
        for node in [laptop, desktop, tablet] {
            let stolen = steal(&world, node);
            let gone = stolen.registry.roster(&stolen.vault.person.unwrap()).gone().len();
            assert_eq!(gone, 1, "seed {seed}: {node} has not heard of it");
            assert!(!world.is_linked(phone, node), "seed {seed}: {node} lets it in");
            assert!(!could_read(&world, phone, node, is_journal), "seed {seed}: it could read what {node} writes");
        }
    }
}

/// The laptop removes the phone, unless it has, or is with nobody who could bring it word of that.
fn is_removed(world: &mut World, laptop: usize, phone: usize) {
    for node in 0..world.nodes.len() {
        world.nodes[node].disk.heal();
        world.start(node);
    }
    let person = steal(world, laptop).vault.person.unwrap();
    let has = !steal(world, laptop).registry.roster(&person).gone().is_empty();
    if !has && (0..4).any(|node| world.is_linked(node, laptop)) {
        removes(world, laptop, phone, laptop);
    }
}
