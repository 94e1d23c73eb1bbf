//! A home that was copied, or put back from an old copy, and written in beside what it was copied from. Property 5.

mod both;
mod lent;

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use asif_daemon::Rng;
use asif_daemon::people::space::Space;
use asif_daemon::replica::effect::{Effect, Input, Purpose, Run};
use asif_daemon::run::shelf::{Done, Shelf};
use asif_daemon::seal::body::{Body, Keys};
use asif_daemon::seal::entry::{self, Place};
use asif_daemon::seal::keys::SigningSeed;
use asif_daemon::sync::have::short_link;
use asif_proto::id::Link;
use asif_proto::local::{Reply, Request};
use asif_proto::peer::{GetEntries, Have, Message, QueueHave};
use rand_core::SeedableRng;

use crate::hostile;
use crate::seeds;
use crate::story::{self, Story};
use crate::world::{Weather, World};

/// A laptop and a desktop that know each other, and some sessions.
fn family(seed: u64, places: bool) -> (World, Story, Vec<usize>) {
    let mut world = World::keeping_entries(seed);
    world.places = places;
    let devices = story::family(&mut world, 2);
    let mut story = Story::new(&devices);
    for _ in 0..3 {
        story.log(&mut world, devices[0]);
    }
    world.run_for(Duration::from_secs(10));
    (world, story, devices)
}

fn write(world: &mut World, story: &mut Story, device: usize, count: usize) {
    for _ in 0..count {
        story.log(world, device);
        // No two sessions are of the same second.
        world.run_for(Duration::from_secs(1));
        story.edit(world, device);
    }
}

/// A laptop is copied; the laptop, its copy and the desktop are apart.
fn apart(seed: u64, places: bool) -> (World, Story, [usize; 3]) {
    let (mut world, mut story, devices) = family(seed, places);
    let (laptop, desktop) = (devices[0], devices[1]);
    world.cut(laptop, desktop);
    let copy = world.copy(laptop, "copy");
    world.cut(copy, desktop);
    story.also_on(copy);
    (world, story, [laptop, copy, desktop])
}

/// They write, and meet. Returns how often a branch was asked for.
fn copied(seed: u64, places: bool) -> usize {
    let (mut world, mut story, devices) = apart(seed, places);
    for device in devices {
        let count = 1 + world.below(4) as usize;
        write(&mut world, &mut story, device, count);
    }
    story.settle(&mut world);
    story.check(&mut world);
    world.disputes
}

#[test]
fn what_was_written_in_a_copied_home_and_beside_it_is_there_once() {
    for seed in seeds(20) {
        // With checkpoints all the time one of them may tell of it first.
        let asked = copied(seed, false);
        assert!(asked > 0 || std::env::var_os("ASIF_SIM_CHECKPOINTS").is_some(), "seed {seed}: nothing went on in two ways");
    }
}

#[test]
fn a_copy_that_finds_itself_somewhere_else_writes_in_logs_of_its_own() {
    for seed in seeds(10) {
        assert_eq!(copied(seed, true), 0, "seed {seed}: a log went on in two ways");
    }
}

#[test]
fn a_copy_and_its_original_do_not_push_each_other_off_all_the_time() {
    let (mut world, mut story, devices) = family(1, false);
    let copy = world.copy(devices[0], "copy");
    story.also_on(copy);
    world.run_for(Duration::from_secs(600));
    let before = world.connected;
    world.run_for(Duration::from_secs(600));
    let often = world.connected - before;
    assert!((2..40).contains(&often), "{often} connections in ten minutes");
    write(&mut world, &mut story, copy, 1);
    story.settle(&mut world);
    story.check(&mut world);
}

#[test]
fn an_old_copy_that_was_put_back_and_written_in_loses_nothing() {
    for seed in seeds(20) {
        let (mut world, mut story, devices) = family(seed, false);
        let (laptop, desktop) = (devices[0], devices[1]);
        let old = world.nodes[laptop].disk.copy();
        write(&mut world, &mut story, laptop, 3);
        world.must(laptop, Request::Sync { wait_ms: Some(30_000) });
        write(&mut world, &mut story, desktop, 2);
        world.cut(laptop, desktop);
        world.put_back(laptop, old);
        story.forgets(laptop);
        let count = 1 + world.below(6) as usize;
        write(&mut world, &mut story, laptop, count);
        story.settle(&mut world);
        story.check(&mut world);
    }
}

#[test]
fn an_old_copy_that_is_put_back_again_and_again_loses_nothing() {
    let (mut world, mut story, devices) = family(1, false);
    let laptop = devices[0];
    let old = world.nodes[laptop].disk.copy();
    // Each time is one log more.
    for _ in 0..70 {
        write(&mut world, &mut story, laptop, 1);
        world.must(laptop, Request::Sync { wait_ms: Some(30_000) });
        world.put_back(laptop, old.copy());
        story.forgets(laptop);
    }
    write(&mut world, &mut story, laptop, 1);
    story.settle(&mut world);
    story.check(&mut world);
}

#[test]
fn an_old_copy_that_was_copied_over_newer_files_loses_nothing() {
    for seed in seeds(30) {
        let (mut world, mut story, devices) = family(seed, false);
        let laptop = devices[0];
        let old = world.nodes[laptop].disk.copy();
        write(&mut world, &mut story, laptop, 2);
        world.must(laptop, Request::Sync { wait_ms: Some(30_000) });
        // What gives way begins a log that the old copy knows nothing of.
        world.put_back(laptop, old.copy());
        story.forgets(laptop);
        write(&mut world, &mut story, laptop, 1);
        story.settle(&mut world);
        write(&mut world, &mut story, laptop, 2);
        world.must(laptop, Request::Sync { wait_ms: Some(30_000) });
        world.cut(laptop, devices[1]);
        let over = world.nodes[laptop].disk.copied_over(&old);
        world.put_back(laptop, over);
        story.forgets(laptop);
        let count = 1 + world.below(4) as usize;
        write(&mut world, &mut story, laptop, count);
        // Files of two times look like damage: what is missing comes back from the desktop.
        world.must(laptop, Request::Doctor { rebuild: true });
        story.settle(&mut world);
        story.check(&mut world);
    }
}

#[test]
fn whatever_happens_beside_a_copied_home_everything_is_there_once() {
    for seed in seeds(15) {
        let mut world = World::keeping_entries(seed);
        let devices = story::family(&mut world, 3);
        let mut story = Story::new(&devices);
        world.weather = Weather::STORM;
        for _ in 0..10 {
            story.something_happens(&mut world);
        }
        for device in &devices {
            world.nodes[*device].disk.heal();
        }
        let original = devices[world.below(3) as usize];
        let copy = world.copy(original, "copy");
        story.also_on(copy);
        for _ in 0..25 {
            story.something_happens(&mut world);
        }
        story.settle(&mut world);
        story.check(&mut world);
    }
}

#[test]
fn a_helper_of_a_copied_home_holds_the_projection() {
    for seed in seeds(8) {
        let (mut world, mut story, devices) = family(seed, false);
        let helper = story.invite_helper(&mut world);
        write(&mut world, &mut story, devices[0], 2);
        world.run_for(Duration::from_secs(90));
        let copy = world.copy(devices[0], "copy");
        story.also_on(copy);
        for _ in 0..3 {
            for device in [devices[0], copy, devices[1]] {
                world.cut(device, helper);
            }
            write(&mut world, &mut story, devices[0], 2);
            write(&mut world, &mut story, copy, 2);
            world.heal();
            world.run_for(Duration::from_secs(20));
            story.check_helper_never_sees_too_much(&mut world, helper);
        }
        story.settle(&mut world);
        while story.goes_on(&mut world) {
            story.settle(&mut world);
        }
        story.check(&mut world);
        story.check_helper_sees_the_projection(&mut world, helper);
    }
}

#[test]
fn wherever_the_power_goes_while_a_branch_gives_way_nothing_is_lost() {
    for cut in (1..60).step_by(2) {
        let (mut world, mut story, devices) = apart(cut, false);
        for device in devices {
            write(&mut world, &mut story, device, 1);
        }
        for device in devices {
            // The view on disk took in what will be lost.
            world.must(device, Request::Stop);
            world.crash(device, Duration::from_millis(1));
        }
        world.run_for(Duration::from_secs(1));
        for device in devices {
            let disk = world.nodes[device].disk.clone();
            let last = disk.calls() + usize::try_from(cut).unwrap();
            disk.plan(move |call| (call.number >= last).then_some(asif_daemon::store::Fault::PowerOff));
        }
        world.heal();
        world.run_for(Duration::from_secs(20));
        story.settle(&mut world);
        story.check(&mut world);
    }
}

/// A branch of the laptop's log as only its own device may write it, and who brings it.
fn forged(world: &World, laptop: usize, desktop: usize, signer: &SigningSeed) -> Vec<Message> {
    let stolen = hostile::steal(world, desktop);
    let (epoch, key) = stolen.epoch(|space| matches!(space, Space::Journal { .. }));
    let me = hostile::steal(world, laptop).device();
    let (mut shelf, found) = Shelf::open(Arc::new(world.nodes[laptop].disk.copy()), Path::new("/data")).unwrap();
    let (log, wires) = found
        .logs
        .iter()
        .filter(|log| log.head.queue == epoch.queue())
        .map(|log| {
            let runs = vec![Run { log: log.head.log, from: 1, to: log.seq }];
            let Ok(Done::Input(Input::Read { entries, .. })) = shelf.perform(Effect::Read { purpose: Purpose::Merge, runs }) else {
                panic!()
            };
            (log.head.log, entries.into_iter().map(|stored| stored.wire).collect::<Vec<_>>())
        })
        .find(|(log, wires)| {
            let place = Place { space: epoch.space.id(), log: *log, seq: 1, previous: Link::ZERO };
            let birth = entry::open(&key, &place, &wires[0]).unwrap();
            wires.len() > 2 && birth.verify(&me).is_ok()
        })
        .unwrap();
    let before = wires[..wires.len() - 1].iter().fold(Link::ZERO, |link, wire| wire.link(&link));
    let own = wires.last().unwrap().link(&before);
    let place = Place { space: epoch.space.id(), log, seq: wires.len() as u64, previous: before };
    let body = Body::Keys(Keys { read: vec![], items: vec![] }).to_frame().to_bytes();
    // Drawn until it would win.
    let wire = (0..)
        .map(|n| entry::seal(&key, signer, &place, &body, &mut Rng::seed_from_u64(n)).unwrap())
        .find(|wire| wire.link(&before) < own)
        .unwrap();
    let queue = QueueHave { queue: epoch.queue(), key: epoch.key, logs: vec![(log, place.seq, short_link(&wire.link(&before)))] };
    vec![
        Message::Have(Have { full: false, statements: vec![], queues: vec![queue] }),
        Message::Entries(hostile::entries(&epoch, log, before, &[wire])),
    ]
}

fn bring_branch(signer: impl Fn(&World, usize, usize) -> SigningSeed) -> String {
    let (mut world, mut story, devices) = family(1, false);
    write(&mut world, &mut story, devices[0], 2);
    world.run_for(Duration::from_secs(5));
    let signer = signer(&world, devices[0], devices[1]);
    for message in forged(&world, devices[0], devices[1], &signer) {
        world.inject(devices[1], devices[0], &message);
    }
    let told = world.doctor(devices[0]);
    story.settle(&mut world);
    story.check(&mut world);
    told
}

#[test]
fn a_branch_that_its_device_did_not_sign_takes_nobodys_place() {
    let told = bring_branch(|world, _, desktop| hostile::steal(world, desktop).vault.signing);
    assert!(told.contains("a branch without a good signature"), "{told}");
    // The same branch, signed by the laptop's own key, would win.
    let told = bring_branch(|world, laptop, _| hostile::steal(world, laptop).vault.signing);
    assert!(told.contains("written in two places"), "{told}");
}

#[test]
fn a_log_that_is_not_shared_is_shown_to_nobody() {
    let (mut world, laptop, desktop, dana) = hostile::robin_and_dana();
    let (epoch, _) = hostile::steal(&world, desktop).epoch(|space| matches!(space, Space::Journal { .. }));
    let (_, found) = Shelf::open(Arc::new(world.nodes[laptop].disk.copy()), Path::new("/data")).unwrap();
    let log = found.logs.iter().find(|log| log.head.queue == epoch.queue()).unwrap().head.log;
    let want = Message::GetEntries(GetEntries { queue: epoch.queue(), log, from: 1 });
    world.inject(dana, laptop, &want);
    let told = world.doctor(laptop);
    assert!(told.contains("a question about a log that the two do not share"), "{told}");
    // A device of one's own is shown it, until it asks without end.
    for _ in 0..600 {
        if world.is_linked(desktop, laptop) {
            world.inject(desktop, laptop, &want);
        }
    }
    let told = world.doctor(laptop);
    assert!(told.contains("a peer that asks for branches without end"), "{told}");
}

#[test]
fn a_copy_of_the_only_device_joins_it_as_a_device_of_its_own() {
    for seed in seeds(12) {
        let mut world = World::keeping_entries(seed);
        world.places = seed % 2 == 0;
        let devices = story::family(&mut world, 1);
        let mut story = Story::new(&devices);
        write(&mut world, &mut story, devices[0], 2);
        let copy = world.copy(devices[0], "copy");
        story.also_on(copy);
        write(&mut world, &mut story, devices[0], 2);
        write(&mut world, &mut story, copy, 3);
        let ticket = world.ticket(devices[0], Request::DevicePair { yes: true, no_wait: true });
        let here = world.ask(devices[0], Request::DeviceJoin { ticket: ticket.clone(), name: None, at: None });
        assert!(matches!(here, Some(Err(failure)) if failure.message.contains("made here")), "seed {seed}");
        world.must(copy, Request::DeviceJoin { ticket, name: Some("second".into()), at: None });
        write(&mut world, &mut story, copy, 1);
        story.settle(&mut world);
        story.check(&mut world);
        let Reply::Devices(all) = world.must(devices[0], Request::DeviceList) else { panic!() };
        assert_eq!(all.len(), 2, "seed {seed}");
    }
}

#[test]
fn a_device_that_was_forgotten_by_an_old_copy_says_so_and_is_let_in_again() {
    for seed in seeds(8) {
        let mut world = World::keeping_entries(seed);
        let laptop = story::family(&mut world, 1)[0];
        let mut story = Story::new(&[laptop]);
        write(&mut world, &mut story, laptop, 1);
        let old = world.nodes[laptop].disk.copy();
        let desktop = world.add("desktop");
        let pair = Request::DevicePair { yes: true, no_wait: true };
        let ticket = world.ticket(laptop, pair.clone());
        let join = |ticket: String| Request::DeviceJoin { ticket, name: Some("desktop".into()), at: None };
        world.must(desktop, join(ticket.clone()));
        story.also_on(desktop);
        write(&mut world, &mut story, laptop, 2);
        write(&mut world, &mut story, desktop, 2);
        world.must(desktop, Request::Sync { wait_ms: Some(30_000) });
        let again = world.ticket(laptop, pair.clone());
        let refused = world.ask(desktop, join(again));
        assert!(matches!(refused, Some(Err(failure)) if failure.message.contains("already paired")), "seed {seed}");
        world.put_back(laptop, old);
        story.forgets(laptop);
        write(&mut world, &mut story, laptop, 2);
        world.run_for(Duration::from_secs(100));
        let ticket = world.ticket(laptop, pair);
        world.run_for(Duration::from_secs(100));
        let told = world.doctor(desktop);
        assert!(told.contains("does not know this device any more"), "seed {seed}: {told}");
        world.must(desktop, join(ticket));
        story.settle(&mut world);
        story.check(&mut world);
        let Reply::Devices(all) = world.must(laptop, Request::DeviceList) else { panic!() };
        assert_eq!(all.len(), 2, "seed {seed}: it is the device it was");
    }
}
