//! Many machines on a seeded network with virtual time. A failure prints its seed; `ASIF_SIM_SEED=n` plays that one alone,
//! `ASIF_SIM_SEEDS=n` plays more.
//!
//! Properties:
//!
//! 1. *Convergence.* Whatever the network did (delay, loss of connections with all on their way, duplication, reordering, partition),
//!    whichever machine lost power at whatever moment, however wrong the clocks are: once it is quiet, every device of a person shows
//!    the same journal, field by field.
//! 2. *Said means saved.* A session that was answered is there in the end, on every device, with the values that were last
//!    answered for a field that only one device ever wrote.
//! 3. *Only the projection.* A helper holds exactly what the projection of the client's final journal shows, and never held a private
//!    session, a field outside the scopes, or anything from before the grant's start; after the end nothing new.
//! 4. *Foreign and forged entries are refused*, and change nothing.
//! 5. *A copied home loses nothing.* Where a copy runs beside the original, or an old copy is put back, and both are written in, every
//!    session of both is there in the end, once.
//! 6. *Nothing in the clear.* A marked sentence is on no disk.
//! 7. *A prediction never changes.* Whatever any device does, what was locked is shown as it was locked.
//! 8. *A draft that was kept is there* after any loss of power, on its own device alone, until it is dropped.
//! 9. *A reminder comes once* on each device, whatever sleep, power and quiet hours do; put off or removed on one, it is so on all.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test that cannot go on says why by panicking")]

mod again;
mod apart;
mod backups;
mod checkpoints;
mod codes;
mod copies;
mod doors;
mod edits;
mod erasing;
mod faults;
mod hostile;
mod kit;
mod knows;
mod lies;
mod locking;
mod mail;
mod meeting;
mod node;
mod plan;
mod reminders;
mod removals;
mod roaming;
mod shared;
mod sharing;
mod story;
mod taken_back;
mod walls;
mod world;

use std::time::Duration;

use asif_daemon::replica::Keeping;
use asif_proto::local::{ListFilter, Reply, Request};
use world::{Weather, World};

/// Seeds played by default: in CI within five minutes.
const SEEDS: u64 = 200;

fn seeds(count: u64) -> impl Iterator<Item = u64> {
    let one = std::env::var("ASIF_SIM_SEED").ok().and_then(|text| text.parse().ok());
    let count = std::env::var("ASIF_SIM_SEEDS").ok().and_then(|text| text.parse().ok()).unwrap_or(count);
    match one {
        Some(seed) => seed..seed + 1,
        None => 0..count,
    }
}

#[test]
fn three_devices_always_end_with_the_same_journal() {
    for seed in seeds(SEEDS) {
        let mut world = World::new(seed);
        let devices = story::family(&mut world, 3);
        let mut story = story::Story::new(&devices);
        world.weather = Weather::STORM;
        for _ in 0..40 {
            story.something_happens(&mut world);
        }
        story.settle(&mut world);
        story.check(&mut world);
    }
}

#[test]
fn a_helper_holds_the_projection_and_nothing_else() {
    for seed in seeds(SEEDS / 2) {
        let mut world = World::new(seed);
        // The files are watched.
        world.keeping = Keeping::default();
        let devices = story::family(&mut world, 2);
        let mut story = story::Story::new(&devices);
        for _ in 0..5 {
            story.something_happens(&mut world);
        }
        let helper = story.invite_helper(&mut world);
        world.weather = Weather::STORM;
        for _ in 0..30 {
            story.something_happens(&mut world);
            story.check_helper_never_sees_too_much(&mut world, helper);
        }
        story.settle(&mut world);
        story.check(&mut world);
        story.check_helper_sees_the_projection(&mut world, helper);
        story.revoke(&mut world, helper);
    }
}

#[test]
fn a_seed_plays_the_same_way_twice() {
    let play = |seed| {
        let mut world = World::new(seed);
        let devices = story::family(&mut world, 2);
        let mut story = story::Story::new(&devices);
        world.weather = Weather::STORM;
        for _ in 0..15 {
            story.something_happens(&mut world);
        }
        story.settle(&mut world);
        let Reply::Sessions(list) = world.must(devices[0], Request::List(ListFilter::default())) else { panic!() };
        (format!("{list:?}"), world.time)
    };
    assert_eq!(play(7), play(7));
}

#[test]
fn nothing_that_was_typed_is_on_a_disk_in_the_clear() {
    let mut world = World::new(1);
    let devices = story::family(&mut world, 2);
    let mut story = story::Story::new(&devices);
    let helper = story.invite_helper(&mut world);
    story.log_marked(&mut world);
    story.settle(&mut world);
    world.run_for(Duration::from_secs(120));
    for node in devices.iter().chain([&helper]) {
        // What is only saved at a stop is there too.
        world.must(*node, Request::Stop);
        let files = world.nodes[*node].bytes_on_disk();
        assert!(files.keys().any(|path| path.ends_with("view")), "the view was not saved");
        for (path, bytes) in world.nodes[*node].bytes_on_disk() {
            for mark in story::MARKS {
                assert!(!bytes.windows(mark.len()).any(|window| window == mark.as_bytes()), "{mark} is in {}", path.display());
            }
        }
    }
}
