//! Checkpoints. Properties:
//!
//! 1. A journal reads the same, field by field, with a checkpoint as without one: at once, after a restart, with its view made anew, and once the
//!    entries that it covers are gone.
//! 2. Wherever the power goes while one is made or entries are let go, nothing acknowledged is lost.
//! 3. A full disk ends the making of one, and nothing else.
//! 4. One that lies changes nothing.

mod lies;

use std::collections::BTreeMap;
use std::time::Duration;

use asif_daemon::replica::Keeping;
use asif_daemon::store::{Fault, Op};
use asif_proto::id::RecordId;
use asif_proto::local::{Answer, Event, ListFilter, Progress, Reply, Request};
use asif_proto::moment::Moment;
use asif_proto::peer::Message;
use asif_proto::record::{Session, SessionFields};

use crate::seeds;
use crate::story::{self, Story, joins};
use crate::world::{A_MONTH, Weather, World};

/// A world in which a few entries are worth a checkpoint, and what it covers is let go at once.
fn world(seed: u64, beside: Duration) -> World {
    let mut world = World::new(seed);
    world.keeping = Keeping { worth: 12, beside, look: Duration::from_secs(20) };
    world
}

fn files(world: &World, node: usize, folder: &str) -> usize {
    world.nodes[node].bytes_on_disk().keys().filter(|path| path.starts_with(format!("/data/store/{folder}"))).count()
}

fn bytes_of_logs(world: &World, node: usize) -> usize {
    let files = world.nodes[node].bytes_on_disk();
    files.iter().filter(|(path, _)| path.starts_with("/data/store/logs")).map(|(_, bytes)| bytes.len()).sum()
}

/// Everything that a device tells of its sessions, histories and all.
fn told(world: &mut World, node: usize) -> (BTreeMap<RecordId, Session>, Vec<String>) {
    let sessions = Story::list(world, node);
    let ids: Vec<RecordId> = sessions.keys().copied().collect();
    let histories = ids.into_iter().map(|id| {
        let Reply::History(history) = world.must(node, Request::History { id: id.to_string() }) else { panic!() };
        format!("{history:?}")
    });
    (sessions, histories.collect())
}

fn rebuild(world: &mut World, node: usize) {
    let Reply::Doctor(doctor) = world.must(node, Request::Doctor { rebuild: true }) else { panic!() };
    let bad: Vec<_> = doctor.checks.iter().filter(|check| !check.ok && check.kind != "clock").collect();
    assert!(bad.is_empty(), "seed {}: {bad:?}", world.seed);
}

fn without_a_view(world: &mut World, node: usize) {
    world.stop(node);
    world.nodes[node].disk.replace_behind(std::path::Path::new("/data/view"), &[]);
    world.start(node);
}

#[test]
fn a_journal_reads_the_same_from_a_checkpoint() {
    for seed in seeds(20) {
        for beside in [A_MONTH, Duration::ZERO] {
            let mut world = world(seed, beside);
            let laptop = story::family(&mut world, 1)[0];
            let mut story = Story::new(&[laptop]);
            for _ in 0..10 {
                story.log(&mut world, laptop);
                story.edit(&mut world, laptop);
            }
            world.run_for(Duration::from_secs(60));
            assert!(files(&world, laptop, "checkpoints") > 0, "seed {seed}: no checkpoint was made");
            let gone = bytes_of_logs(&world, laptop) < 4000;
            assert_eq!(gone, beside == Duration::ZERO, "seed {seed}: {}", bytes_of_logs(&world, laptop));
            let before = told(&mut world, laptop);
            without_a_view(&mut world, laptop);
            assert_eq!(told(&mut world, laptop), before, "seed {seed}: made anew");
            world.stop(laptop);
            assert!(!world.nodes[laptop].bytes_on_disk()[std::path::Path::new("/data/view")].is_empty(), "seed {seed}: and saved");
            world.start(laptop);
            rebuild(&mut world, laptop);
            assert_eq!(told(&mut world, laptop), before, "seed {seed}: rebuilt");
            // And it goes on from there.
            for _ in 0..20 {
                story.log(&mut world, laptop);
                story.edit(&mut world, laptop);
            }
            world.run_for(Duration::from_secs(60));
            let before = told(&mut world, laptop);
            world.stop(laptop);
            world.start(laptop);
            assert_eq!(told(&mut world, laptop), before, "seed {seed}: started again");
            without_a_view(&mut world, laptop);
            assert_eq!(told(&mut world, laptop), before, "seed {seed}: made anew");
            story.check(&mut world);
        }
    }
}

#[test]
fn what_is_covered_is_let_go_once_it_has_stood_long_enough() {
    let mut world = world(3, Duration::from_secs(3600));
    let laptop = story::family(&mut world, 1)[0];
    let mut story = Story::new(&[laptop]);
    for _ in 0..2 {
        for _ in 0..20 {
            story.log(&mut world, laptop);
        }
        world.run_for(Duration::from_secs(300));
    }
    let before = bytes_of_logs(&world, laptop);
    assert!(files(&world, laptop, "checkpoints") > 1 && before > 15_000, "{before}");
    world.run_for(Duration::from_secs(3700));
    assert!(bytes_of_logs(&world, laptop) * 4 < before, "{} of {before}", bytes_of_logs(&world, laptop));
    assert_eq!(files(&world, laptop, "checkpoints"), 1, "those before it are let go too");
    story.check(&mut world);
}

#[test]
fn wherever_the_power_goes_while_a_checkpoint_is_made_nothing_is_lost() {
    for at in 0..90 {
        let mut world = world(7, Duration::ZERO);
        let laptop = story::family(&mut world, 1)[0];
        let mut story = Story::new(&[laptop]);
        for _ in 0..9 {
            story.log(&mut world, laptop);
        }
        let calls = world.nodes[laptop].disk.calls() + at;
        let disk = world.nodes[laptop].disk.clone();
        disk.plan(move |call| (call.number >= calls).then_some(Fault::PowerOff));
        for _ in 0..3 {
            story.log(&mut world, laptop);
        }
        world.run_for(Duration::from_secs(30));
        world.nodes[laptop].disk.heal();
        world.start(laptop);
        world.run_for(Duration::from_secs(60));
        story.check(&mut world);
        // What was kept for nothing goes with the next one.
        for _ in 0..14 {
            story.log(&mut world, laptop);
        }
        world.run_for(Duration::from_secs(60));
        assert_eq!(files(&world, laptop, "checkpoints"), 1, "at {at}");
        story.check(&mut world);
    }
}

#[test]
fn a_full_disk_ends_the_making_of_a_checkpoint_and_nothing_else() {
    let mut world = world(7, A_MONTH);
    let laptop = story::family(&mut world, 1)[0];
    let mut story = Story::new(&[laptop]);
    let disk = world.nodes[laptop].disk.clone();
    disk.plan(|call| {
        let of_checkpoints = call.path.starts_with("/data/store/pieces") || call.path.starts_with("/data/store/checkpoints");
        (of_checkpoints && matches!(call.op, Op::Append | Op::Create)).then_some(Fault::NoSpace)
    });
    for _ in 0..20 {
        story.log(&mut world, laptop);
    }
    world.run_for(Duration::from_secs(60));
    assert_eq!((files(&world, laptop, "checkpoints"), world.nodes[laptop].ends), (0, 0));
    story.check(&mut world);
    // It is tried again later.
    world.nodes[laptop].disk.heal();
    world.run_for(Duration::from_secs(2 * 3600));
    story.log(&mut world, laptop);
    world.run_for(Duration::from_secs(60));
    assert_eq!(files(&world, laptop, "checkpoints"), 1);
    story.check(&mut world);
}

#[test]
fn what_was_packed_wrong_becomes_no_checkpoint_and_nothing_is_let_go_for_it() {
    let mut world = world(7, Duration::ZERO);
    let laptop = story::family(&mut world, 1)[0];
    let mut story = Story::new(&[laptop]);
    world.nodes[laptop].packs_wrong = true;
    for _ in 0..20 {
        story.log(&mut world, laptop);
    }
    let before = bytes_of_logs(&world, laptop);
    world.run_for(Duration::from_secs(60));
    assert_eq!((files(&world, laptop, "checkpoints"), bytes_of_logs(&world, laptop)), (0, before));
    story.check(&mut world);
    world.nodes[laptop].packs_wrong = false;
    world.run_for(Duration::from_secs(2 * 3600));
    story.log(&mut world, laptop);
    world.run_for(Duration::from_secs(60));
    assert_eq!(files(&world, laptop, "checkpoints"), 1);
    story.check(&mut world);
}

#[test]
fn a_new_device_starts_from_a_checkpoint_and_the_tails() {
    for (seed, beside) in [(1, A_MONTH), (2, Duration::ZERO)] {
        let mut world = world(seed, beside);
        let laptop = story::family(&mut world, 1)[0];
        let mut story = Story::new(&[laptop]);
        for _ in 0..30 {
            story.log(&mut world, laptop);
            story.edit(&mut world, laptop);
        }
        world.run_for(Duration::from_secs(60));
        story.log(&mut world, laptop);
        let before = told(&mut world, laptop);
        world.recorded = Some(Vec::new());
        let desktop = joins(&mut world, laptop, "desktop");
        world.must(desktop, Request::Sync { wait_ms: Some(30_000) });
        let said = world.recorded.take().unwrap();
        let entries: usize =
            said.iter().map(|(_, _, message)| if let Message::Entries(run) = message { run.entries.len() } else { 0 }).sum();
        assert!(said.iter().any(|(from, _, message)| *from == laptop && matches!(message, Message::Piece(_))), "seed {seed}");
        assert!(entries < 20, "seed {seed}: {entries} entries were sent all the same");
        assert_eq!(told(&mut world, desktop), before, "seed {seed}");
        // A third one comes in by it, while the first is off.
        world.stop(laptop);
        story.also_on(desktop);
        story.edit(&mut world, desktop);
        let third = joins(&mut world, desktop, "phone");
        world.must(third, Request::Sync { wait_ms: Some(30_000) });
        assert_eq!(told(&mut world, third), told(&mut world, desktop), "seed {seed}");
        without_a_view(&mut world, desktop);
        without_a_view(&mut world, third);
        story.also_on(third);
        story.settle(&mut world);
        story.check(&mut world);
    }
}

#[test]
fn a_new_device_says_that_it_is_in_before_it_writes_its_view_and_writes_it_soon() {
    let mut world = world(3, A_MONTH);
    let laptop = story::family(&mut world, 1)[0];
    let mut story = Story::new(&[laptop]);
    for _ in 0..30 {
        story.log(&mut world, laptop);
    }
    world.run_for(Duration::from_secs(60));
    let desktop = joins(&mut world, laptop, "desktop");
    let written = |world: &World| world.nodes[desktop].bytes_on_disk()[std::path::Path::new("/data/view")].len();
    assert_eq!(Story::list(&mut world, desktop).len(), 30);
    let before = written(&world);
    world.run_for(Duration::from_secs(1));
    assert!(written(&world) > before);
}

#[test]
fn one_that_lacks_only_the_last_entry_that_a_checkpoint_stands_for_gets_it_of_one_that_started_from_that() {
    let mut world = world(1, Duration::ZERO);
    let devices = story::family(&mut world, 3);
    let [laptop, tablet, phone] = devices[..] else { panic!() };
    let mut story = Story::new(&devices);
    world.cut(phone, laptop);
    world.cut(phone, tablet);
    for _ in 0..20 {
        story.log(&mut world, laptop);
    }
    world.run_for(Duration::from_secs(60));
    // The twelfth that comes is worth a further one.
    for _ in 0..11 {
        story.log(&mut world, laptop);
    }
    world.must(tablet, Request::Sync { wait_ms: Some(5000) });
    world.cut(tablet, laptop);
    story.log(&mut world, laptop);
    world.run_for(Duration::from_secs(120));
    world.heal();
    world.cut(phone, tablet);
    world.cut(tablet, laptop);
    world.must(phone, Request::Sync { wait_ms: Some(30_000) });
    world.stop(laptop);
    world.heal();
    world.must(phone, Request::Sync { wait_ms: Some(30_000) });
    assert_eq!(told(&mut world, tablet), told(&mut world, phone));
    story.settle(&mut world);
    story.check(&mut world);
}

#[test]
fn what_a_damaged_device_could_not_take_it_is_offered_again_once_it_is_mended() {
    let mut world = World::new(4);
    (world.expects_damage, world.keeping) = (true, Keeping::default());
    let devices = story::family(&mut world, 2);
    let [laptop, desktop] = devices[..] else { panic!() };
    let mut story = Story::new(&devices);
    for _ in 0..20 {
        story.log(&mut world, desktop);
    }
    world.must(desktop, Request::Sync { wait_ms: Some(5000) });
    world.run_for(Duration::from_secs(60));
    let (before, long) = (told(&mut world, desktop), bytes_of_logs(&world, laptop));
    // The desktop packs them and lets them go; what the laptop has is damaged before it does so, too.
    world.stop(laptop);
    world.nodes[desktop].keeping = Keeping { worth: 12, beside: Duration::ZERO, look: Duration::from_secs(20) };
    world.stop(desktop);
    world.start(desktop);
    world.run_for(Duration::from_secs(100));
    assert_eq!(files(&world, laptop, "checkpoints"), 0);
    assert!(bytes_of_logs(&world, desktop) < long / 2);
    world.nodes[laptop].flip_a_bit();
    world.start(laptop);
    world.run_for(Duration::from_secs(30));
    world.must(laptop, Request::Doctor { rebuild: true });
    world.run_for(Duration::from_secs(100));
    assert_eq!(told(&mut world, laptop), before);
    story.settle(&mut world);
    story.check(&mut world);
}

#[test]
fn devices_that_make_checkpoints_and_let_go_end_with_the_same_journal() {
    for seed in seeds(6) {
        for beside in [A_MONTH, Duration::from_secs(30)] {
            let mut world = world(seed, beside);
            let devices = story::family(&mut world, 3);
            let mut story = Story::new(&devices);
            world.weather = Weather::STORM;
            for _ in 0..40 {
                story.something_happens(&mut world);
                if world.below(8) == 0 {
                    world.run_for(Duration::from_secs(40));
                }
            }
            let late = joins_in_the_end(&mut world, devices[0]);
            story.also_on(late);
            story.settle(&mut world);
            story.check(&mut world);
        }
    }
}

/// Somebody comes in once it is calm.
fn joins_in_the_end(world: &mut World, by: usize) -> usize {
    world.heal();
    world.nodes[by].disk.heal();
    world.start(by);
    world.run_for(Duration::from_secs(30));
    joins(world, by, "late")
}

#[test]
fn wherever_the_power_goes_while_a_checkpoint_is_taken_it_goes_on() {
    for at in 0..60 {
        let mut world = world(9, Duration::ZERO);
        let laptop = story::family(&mut world, 1)[0];
        let mut story = Story::new(&[laptop]);
        for _ in 0..20 {
            story.log(&mut world, laptop);
        }
        world.run_for(Duration::from_secs(60));
        let desktop = world.add("desktop");
        let ticket = world.ticket(laptop, Request::DevicePair { yes: true, no_wait: true });
        let calls = world.nodes[desktop].disk.calls() + 12 + at;
        let disk = world.nodes[desktop].disk.clone();
        disk.plan(move |call| (call.number >= calls).then_some(Fault::PowerOff));
        let join = Request::DeviceJoin { ticket, name: None, at: None };
        let joined = world.ask(desktop, join.clone());
        world.run_for(Duration::from_secs(20));
        world.nodes[desktop].disk.heal();
        world.start(desktop);
        if !matches!(joined, Some(Ok(_))) {
            // It may be in already.
            drop(world.ask(desktop, join));
        }
        story.also_on(desktop);
        story.settle(&mut world);
        story.check(&mut world);
    }
}

#[test]
fn what_arrives_is_shown_the_newest_first() {
    for seed in seeds(6) {
        let mut world = world(seed, A_MONTH);
        let laptop = story::family(&mut world, 1)[0];
        for n in 0..24 {
            let at = Some(format!("{}-0{}-11T12:00", 2020 + n % 4, 1 + n % 3));
            let fields = SessionFields { note: Some(format!("note {n}")), at, ..SessionFields::default() };
            world.must(laptop, Request::Log { practice: Some("lunch".into()), fields: Box::new(fields) });
        }
        world.run_for(Duration::from_secs(60));
        let all = times(&mut world, laptop);
        let desktop = world.add("desktop");
        let ticket = world.ticket(laptop, Request::DevicePair { yes: true, no_wait: true });
        world.start(desktop);
        let joining = world.begin(desktop, Request::DeviceJoin { ticket, name: Some("desktop".into()), at: None });
        let (mut seen, mut partial) = (0, 0);
        let until = world.time + Duration::from_secs(200);
        while !world.nodes[desktop].answers.contains_key(&joining) && world.step(until) {
            let looking = world.begin(desktop, Request::List(ListFilter::default()));
            let Some(Answer::Reply(reply)) = world.nodes[desktop].answers.remove(&looking) else { continue };
            let Reply::Sessions(sessions) = *reply else { panic!() };
            let shown: Vec<_> = sessions.iter().map(|session| session.occurred_at.clone()).collect();
            assert!(shown.len() >= seen && all.starts_with(&shown), "seed {seed}: {} after {seen}", shown.len());
            let told = world.nodes[desktop].events.remove(&looking).unwrap_or_default();
            let is_partial = matches!(told[..], [Event::Partial(Progress { here, of, .. })] if here <= of);
            assert!(shown.is_empty() || is_partial || shown.len() == all.len(), "seed {seed}: nobody said that it is not all");
            partial += usize::from(!shown.is_empty() && shown.len() < all.len());
            seen = shown.len();
        }
        assert!(partial > 0, "seed {seed}: all at once");
        assert_eq!(times(&mut world, desktop), all, "seed {seed}");
        let told = world.nodes[desktop].events.remove(&joining).unwrap_or_default();
        let told: Vec<Progress> =
            told.iter().filter_map(|event| if let Event::Arriving(how) = event { Some(*how) } else { None }).collect();
        assert!(told.is_sorted_by_key(|how| (how.here, how.sessions)), "seed {seed}: {told:?}");
        assert_eq!(told.last().map(|how| (how.of - how.here, how.sessions)), Some((0, 24)), "seed {seed}");
    }
}

/// The times of all sessions as they are listed.
fn times(world: &mut World, node: usize) -> Vec<Moment> {
    let Reply::Sessions(sessions) = world.must(node, Request::List(ListFilter::default())) else { panic!() };
    sessions.iter().map(|session| session.occurred_at.clone()).collect()
}
