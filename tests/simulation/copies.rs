//! A home that was copied, or put back from an old copy, and written in beside what it was copied from. Property 5.

use std::time::Duration;

use asif_proto::local::Request;

use crate::seeds;
use crate::story::{self, Story};
use crate::world::{Weather, World};

/// A laptop and a desktop that know each other, and some sessions.
fn family(seed: u64, places: bool) -> (World, Story, Vec<usize>) {
    let mut world = World::new(seed);
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

/// A laptop is copied; the laptop, its copy and the desktop are apart, and write. Returns how often a branch was asked for.
fn copied(seed: u64, places: bool) -> usize {
    let (mut world, mut story, devices) = family(seed, places);
    let (laptop, desktop) = (devices[0], devices[1]);
    world.cut(laptop, desktop);
    let copy = world.copy(laptop, "copy");
    world.cut(copy, desktop);
    story.also_on(copy);
    for device in [laptop, copy, desktop] {
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
        assert!(copied(seed, false) > 0, "seed {seed}: nothing went on in two ways");
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
fn whatever_happens_beside_a_copied_home_everything_is_there_once() {
    for seed in seeds(15) {
        let mut world = World::new(seed);
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
        story.check(&mut world);
        story.check_helper_sees_the_projection(&mut world, helper);
    }
}
