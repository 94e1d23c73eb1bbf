//! Two homes of one person, both copied, that all meet again.

use asif_daemon::replica::Keeping;

use super::*;
use crate::world::A_MONTH;

/// A laptop, a desktop and a tablet; the first two are copied at once. All write, and each pair of a copy and the other's copy meets and builds on
/// each other, before all meet all.
fn two_copied_homes(mut world: World) {
    let devices = story::family(&mut world, 3);
    let mut story = Story::new(&devices);
    story.is_written_again = true;
    write(&mut world, &mut story, devices[0], 2);
    write(&mut world, &mut story, devices[1], 2);
    world.must(devices[1], Request::Sync { wait_ms: Some(30_000) });
    let copies = [world.copy(devices[0], "copy of the laptop"), world.copy(devices[1], "copy of the desktop")];
    // The tablet meets the originals.
    for (a, b) in [(devices[0], copies[1]), (devices[1], copies[0]), (devices[2], copies[0]), (devices[2], copies[1])] {
        world.cut(a, b);
    }
    for copy in copies {
        story.also_on(copy);
    }
    for _ in 0..3 {
        for device in devices.iter().chain(&copies) {
            write(&mut world, &mut story, *device, 1);
        }
        world.run_for(Duration::from_secs(20));
    }
    // The tablet holds one branch of both logs, and now hears of both others.
    world.heal();
    world.cut(devices[2], devices[0]);
    world.cut(devices[2], devices[1]);
    // What waits, and what was asked, is looked at again after a minute.
    world.run_for(Duration::from_secs(600));
    story.settle(&mut world);
    // Of both pairs one is always away: it takes longer until all have met all.
    story.settle(&mut world);
    story.check(&mut world);
}

#[test]
fn two_homes_that_were_copied_at_once_lose_nothing_of_each_other() {
    for seed in seeds(8) {
        two_copied_homes(World::keeping_entries(seed));
    }
}

/// Each of them makes checkpoints before they meet: of some logs there is a checkpoint of each branch.
fn packed_apart(seed: u64, beside: Duration) {
    let mut world = World::new(seed);
    world.keeping = Keeping { worth: 8, beside, look: Duration::from_secs(20) };
    two_copied_homes(world);
}

#[test]
fn homes_that_were_copied_and_packed_apart_make_the_same_of_what_they_hold() {
    // In these, by and by, devices told each other of checkpoints without end, waited for what nobody had any more, told of conflicts that others
    // did not, took back a branch that a checkpoint held on to, or never said that they had what they were offered.
    for seed in [19, 33, 50, 51, 83, 93, 111, 112] {
        packed_apart(seed, A_MONTH);
    }
}

#[test]
fn homes_that_were_copied_and_let_go_of_entries_apart_make_the_same_of_what_they_hold() {
    // In the first of these a branch came in unseen, whose entries were gone at both ends.
    for seed in [69, 137, 142].into_iter().chain(seeds(4)) {
        packed_apart(seed, Duration::from_secs(30));
    }
}
