//! A home is restored from a backup, beside the one that it was made of, or in its place. Properties:
//!
//! 1. What was written in either, before or after, is there once, on all of them; one backup restored twice is no exception.
//! 2. A restored home forks no log, and shows nobody anything before its person has looked.
//! 3. With removed devices, cloned homes and a new machine beside it, in whatever order, those that stay end with one journal.

use std::time::Duration;

use asif_daemon::seal::backup::Named;
use asif_proto::local::{BackupAsk, KitAsk, Reply, Request, ShareAsk};
use asif_proto::secret::Secret;
use asif_proto::share::Scope;

use crate::hostile::steal;
use crate::seeds;
use crate::story::{self, Story, invitation};
use crate::world::{A_MONTH, Weather, World};
use asif_daemon::replica::Keeping;

/// A backup of what a machine holds.
pub(crate) fn backup(world: &mut World, node: usize) -> Vec<Named> {
    let passphrase = Some(Secret::new("long enough".into()));
    world.must(node, Request::Backup(BackupAsk::Create { file: "/backup".into(), passphrase }));
    world.nodes[node].backup.take().unwrap()
}

fn write(world: &mut World, story: &mut Story, device: usize, count: usize) {
    for _ in 0..count {
        story.log(world, device);
        world.run_for(Duration::from_secs(1));
        story.edit(world, device);
    }
}

#[test]
fn an_old_backup_restored_twice_beside_the_newer_device_loses_nothing_and_forks_no_log() {
    for seed in seeds(12) {
        let mut world = World::keeping_entries(seed);
        world.places = true;
        let devices = story::family(&mut world, 2);
        let [laptop, desktop] = devices[..] else { panic!() };
        let mut story = Story::new(&devices);
        write(&mut world, &mut story, laptop, 3);
        let backup = backup(&mut world, laptop);
        write(&mut world, &mut story, laptop, 2);
        write(&mut world, &mut story, desktop, 2);
        let back: Vec<usize> = (0..2).map(|number| world.restored(&backup, &format!("restored {number}"))).collect();
        for node in &back {
            story.also_on(*node);
        }
        for node in devices.iter().chain(&back) {
            world.cut(*node, desktop);
        }
        for node in devices.iter().chain(&back) {
            write(&mut world, &mut story, *node, 2);
        }
        story.settle(&mut world);
        story.settle(&mut world);
        story.check(&mut world);
        assert_eq!(world.disputes, 0, "seed {seed}: a log went on in two ways");
    }
}

#[test]
fn the_disk_was_replaced_and_the_restored_home_takes_back_what_the_other_device_has() {
    for seed in seeds(8) {
        let mut world = World::keeping_entries(seed);
        world.places = true;
        let devices = story::family(&mut world, 2);
        let [laptop, desktop] = devices[..] else { panic!() };
        let mut story = Story::new(&[desktop]);
        let invite = asif_proto::local::Invite { scopes: vec![Scope::Ratings], until: None, ..invitation() };
        let ticket = world.ticket(laptop, Request::ShareInvite { invite, yes: true, no_wait: true });
        let dana = world.add("dana");
        world.must(dana, Request::HelperJoin { ticket, name: Some("Dana".into()), at: None });
        write(&mut world, &mut story, desktop, 2);
        let backup = backup(&mut world, laptop);
        world.must(laptop, Request::Sync { wait_ms: Some(10_000) });
        write(&mut world, &mut story, desktop, 2);
        world.stop(laptop);
        world.forget(laptop);
        let back = world.restored(&backup, "laptop");
        story.also_on(back);
        let told = world.doctor(back);
        assert!(told.contains("this home was restored from a backup") && told.contains("Nothing new goes from here to Dana"), "{told}");
        write(&mut world, &mut story, back, 2);
        world.must(back, Request::SharePreviewOf { name: "Dana".into() });
        world.must(back, Request::Share(ShareAsk::Pause { name: "Dana".into(), paused: false }));
        story.settle(&mut world);
        story.check(&mut world);
        let Reply::Devices(all) = world.must(back, Request::DeviceList) else { panic!() };
        assert_eq!(all.len(), 2, "seed {seed}: it is the device it was");
    }
}

#[test]
fn in_whatever_order_homes_are_restored_copied_removed_and_brought_back_those_that_stay_end_with_one_journal() {
    for seed in seeds(8) {
        let mut world = World::new(seed);
        world.places = true;
        let worth = if seed % 2 == 0 { 8 } else { 1000 };
        world.keeping = Keeping { worth, beside: A_MONTH, look: Duration::from_secs(20) };
        let devices = story::family(&mut world, 4);
        let [laptop, desktop, tablet, phone] = devices[..] else { panic!() };
        let mut story = Story::new(&[laptop, desktop, tablet]);
        story.is_written_again = true;
        let Reply::KitWords(kit) = world.must(laptop, Request::Kit(KitAsk::Show)) else { panic!() };
        let words = Secret::new(kit.words.iter().map(Secret::danger_text).collect::<Vec<_>>().join(" "));
        world.weather = Weather::STORM;
        let (mut kept, mut more) = (None, 0);
        let mut order: Vec<u64> = (0..6).collect();
        for at in (1..order.len()).rev() {
            let other = world.below(at as u64 + 1) as usize;
            order.swap(at, other);
        }
        for step in 0..36 {
            story.something_happens(&mut world);
            if step % 6 != 5 {
                continue;
            }
            // Whoever is asked is up, and does as they are asked.
            for node in 0..world.nodes.len() {
                world.nodes[node].disk.heal();
                world.start(node);
            }
            let weather = std::mem::replace(&mut world.weather, Weather::CALM);
            match order[step / 6] {
                0 => kept = Some(backup(&mut world, desktop)),
                1 => {
                    world.must(laptop, Request::DeviceRemove { device: "device 3".into() });
                }
                2 => {
                    let copy = world.copy(tablet, "copy");
                    story.also_on(copy);
                    more += 1;
                }
                3 | 4 if kept.is_some() => {
                    let back = world.restored(kept.as_ref().unwrap(), "restored");
                    story.also_on(back);
                    more += 1;
                }
                5 => {
                    let new = world.add("new");
                    let at = world.nodes[desktop].address.to_string();
                    let restore = KitAsk::Restore { words: words.clone(), name: Some("new".into()), at: Some(at) };
                    if let Some(Ok(_)) = world.ask(new, Request::Kit(restore)) {
                        story.also_on(new);
                        more += 1;
                    }
                }
                _ => {}
            }
            world.weather = weather;
        }
        world.weather = Weather::CALM;
        world.heal();
        story.settle(&mut world);
        story.settle(&mut world);
        story.check(&mut world);
        assert!(more > 1, "seed {seed}");
        for node in [laptop, desktop, tablet] {
            let stolen = steal(&world, node);
            assert_eq!(stolen.registry.roster(&stolen.vault.person.unwrap()).gone().len(), 1, "seed {seed}: {node} has not heard of it");
            assert!(!world.is_linked(phone, node), "seed {seed}: {node} lets it in");
        }
    }
}
