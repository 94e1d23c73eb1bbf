//! A journal with a passphrase on it. Properties:
//!
//! 1. It locks by itself when nothing was asked for long enough, and not before; whatever is locked is there when it is opened.
//! 2. Locked, it takes what own devices write, sealed, and gives it to the others; once it is open it has what they have. It can open none of it.
//! 3. Wherever the power goes while the passphrase is set or taken off, the journal opens: with it, or without.
//! 4. What somebody writes into it meanwhile is in it once it is open, as of when it was written, once; what cannot be is a draft.
//! 5. Wherever the power goes meanwhile, or while it is opened: nothing that was acknowledged is lost, and nothing is there twice.
//! 6. Of a device that was removed meanwhile counts what this one had of it when it heard so, and nothing after.
//! 7. What somebody brings with a stolen link key is gone when it is opened, and keeps nothing out for longer.

use std::time::Duration;

use asif_daemon::replica::Keeping;
use asif_daemon::run::shelf::Shelf;
use asif_daemon::seal::wire;
use asif_daemon::store::{Fault, List, Store};
use asif_proto::id::RecordId;
use asif_proto::local::{DraftAsk, ErrorKind, ListFilter, LockAsk, LockView, Reply, Request};
use asif_proto::peer::{Blob, Entries, Message, Sealed};
use asif_proto::record::SessionFields;
use asif_proto::secret::Secret;

use crate::apart::noted;
use crate::removals::whole_logs;
use crate::seeds;
use crate::shared::{after, all_meet, log, notes, seen};
use crate::story::{self, Story};
use crate::world::{A_MONTH, Weather, World};

fn passphrase() -> Secret {
    Secret::new("correct horse".into())
}

fn set() -> Request {
    Request::Lock(LockAsk::Passphrase { old: None, new: Some(passphrase()) })
}

fn is_locked(world: &mut World, node: usize) -> bool {
    matches!(world.ask(node, Request::List(ListFilter::default())), Some(Err(failure)) if failure.kind == ErrorKind::Locked)
}

#[test]
fn a_journal_locks_by_itself_when_nothing_was_asked_for_long_enough_and_catches_up_when_it_is_opened() {
    let mut world = World::keeping_entries(1);
    let devices = story::family(&mut world, 2);
    let [laptop, desktop] = devices[..] else { panic!() };
    world.nodes[laptop].lock_after = Some(Duration::from_secs(900));
    world.stop(laptop);
    world.start(laptop);
    world.must(laptop, set());
    log(&mut world, laptop, noted("a"));
    for _ in 0..4 {
        world.run_for(Duration::from_secs(800));
        assert_eq!(notes(&mut world, laptop), ["a"]);
    }
    assert_eq!(world.nodes[laptop].locks, 0);
    world.run_for(Duration::from_secs(1000));
    assert_eq!(world.nodes[laptop].locks, 1);
    assert!(is_locked(&mut world, laptop) && world.is_linked(laptop, desktop));
    log(&mut world, desktop, noted("b"));
    world.run_for(Duration::from_secs(5000));
    assert_eq!(world.nodes[laptop].locks, 1, "it is locked once");
    let wrong = Request::Lock(LockAsk::Unlock { passphrase: Some(Secret::new("correct hors".into())) });
    assert!(matches!(world.ask(laptop, wrong), Some(Err(failure)) if failure.kind == ErrorKind::Locked));
    world.must(laptop, Request::Lock(LockAsk::Unlock { passphrase: Some(passphrase()) }));
    world.run_for(Duration::from_secs(600));
    assert_eq!((notes(&mut world, laptop), notes(&mut world, desktop)), (vec!["a".into(), "b".into()], vec!["a".into(), "b".into()]));
    // Also after a start it is locked, and a passphrase that is taken off locks nothing.
    world.stop(laptop);
    world.start(laptop);
    assert!(is_locked(&mut world, laptop));
    world.must(laptop, Request::Lock(LockAsk::Unlock { passphrase: Some(passphrase()) }));
    world.must(laptop, Request::Lock(LockAsk::Passphrase { old: Some(passphrase()), new: None }));
    world.run_for(Duration::from_secs(5000));
    assert_eq!(notes(&mut world, laptop), ["a", "b"]);
}

fn lock(world: &mut World, node: usize) {
    world.must(node, set());
    world.must(node, Request::Lock(LockAsk::Now));
}

fn unlock(world: &mut World, node: usize) -> LockView {
    match world.must(node, Request::Lock(LockAsk::Unlock { passphrase: Some(passphrase()) })) {
        Reply::Lock(view) => view,
        other => panic!("{other:?}"),
    }
}

fn note(note: &str) -> Request {
    Request::Log { practice: None, fields: Box::new(noted(note)) }
}

fn waits(world: &mut World, node: usize, request: Request) -> bool {
    matches!(world.ask(node, request), Some(Ok(Reply::Waiting(_))))
}

#[test]
fn a_locked_device_takes_what_one_own_device_writes_and_gives_it_to_another() {
    let mut world = World::keeping_entries(3);
    let devices = story::family(&mut world, 3);
    let [laptop, desktop, phone] = devices[..] else { panic!() };
    world.cut(desktop, phone);
    lock(&mut world, laptop);
    log(&mut world, desktop, noted("a"));
    world.run_for(Duration::from_secs(60));
    assert_eq!(notes(&mut world, phone), ["a"], "it came through the one that is locked");
    // Also where one end was away, and the one that is locked was started meanwhile.
    world.stop(phone);
    log(&mut world, desktop, noted("b"));
    world.run_for(Duration::from_secs(60));
    world.stop(desktop);
    world.stop(laptop);
    world.start(laptop);
    world.start(phone);
    world.run_for(Duration::from_secs(60));
    assert_eq!(notes(&mut world, phone), ["a", "b"]);
    log(&mut world, phone, noted("c"));
    world.run_for(Duration::from_secs(60));
    assert!(is_locked(&mut world, laptop));
    world.stop(phone);
    // Nobody else is there: what it held is all that it has.
    assert!(!unlock(&mut world, laptop).locked);
    assert_eq!(notes(&mut world, laptop), ["a", "b", "c"]);
    world.stop(laptop);
    world.start(laptop);
    unlock(&mut world, laptop);
    assert_eq!(notes(&mut world, laptop), ["a", "b", "c"]);
    world.start(desktop);
    world.run_for(Duration::from_secs(60));
    assert_eq!(notes(&mut world, desktop), ["a", "b", "c"]);
}

#[test]
fn a_device_that_was_paired_and_one_that_joins_while_it_is_locked_are_known_to_it() {
    let mut world = World::keeping_entries(4);
    let devices = story::family(&mut world, 2);
    let [laptop, desktop] = devices[..] else { panic!() };
    lock(&mut world, laptop);
    let phone = story::joins(&mut world, desktop, "phone");
    world.run_for(Duration::from_secs(60));
    world.stop(desktop);
    log(&mut world, phone, noted("a"));
    world.run_for(Duration::from_secs(60));
    assert!(world.is_linked(laptop, phone), "it lets in whoever another own device let in");
    world.stop(phone);
    unlock(&mut world, laptop);
    assert_eq!(notes(&mut world, laptop), ["a"]);
}

#[test]
fn what_is_written_into_a_locked_journal_is_in_it_once_it_is_open_as_of_when_it_was_written() {
    let mut world = World::keeping_entries(5);
    let devices = story::family(&mut world, 2);
    let [laptop, desktop] = devices[..] else { panic!() };
    lock(&mut world, laptop);
    let written = world.nodes[laptop].wall(world.time);
    let id = uuid::Uuid::from_u128(7);
    let lunch = Request::Log { practice: Some("lunch".into()), fields: Box::new(noted("a")) };
    for _ in 0..2 {
        // Asked again after a lost answer it is there once.
        assert!(matches!(world.again(laptop, id, lunch.clone()), Some(Ok(Reply::Waiting(_)))));
    }
    let elsewhere =
        Request::Log { practice: Some("lnch".into()), fields: Box::new(SessionFields { tags: vec!["rain".into()], ..noted("b") }) };
    assert!(waits(&mut world, laptop, elsewhere));
    let too_long = noted(&"x".repeat(200 << 10));
    let refused = world.ask(laptop, Request::Log { practice: None, fields: Box::new(too_long) });
    assert!(
        matches!(refused, Some(Err(failure)) if failure.kind == ErrorKind::Usage),
        "what can be told without the journal is told at once"
    );
    world.run_for(Duration::from_secs(7200));
    world.stop(laptop);
    world.start(laptop);
    assert!(waits(&mut world, laptop, note("c")));
    let view = unlock(&mut world, laptop);
    assert_eq!((view.waiting, view.added, view.drafts), (0, 3, 1));
    let Reply::Sessions(sessions) = world.must(laptop, Request::List(ListFilter::default())) else { panic!() };
    let a = sessions.iter().find(|session| session.note.as_deref() == Some("a")).unwrap();
    assert_eq!((a.practice.as_deref(), a.recorded_at, sessions.len()), (Some("lunch"), written, 2));
    let Reply::Drafts(drafts) = world.must(laptop, Request::Draft(DraftAsk::List)) else { panic!() };
    assert_eq!(drafts[0].answers["note"], "b");
    assert_eq!((drafts[0].words[0].as_str(), drafts[0].words.last().unwrap().as_str()), ("log", "--tag=rain"));
    world.run_for(Duration::from_secs(60));
    assert_eq!(notes(&mut world, desktop), ["a", "c"]);
    // Nothing of it comes again.
    world.stop(laptop);
    world.start(laptop);
    let view = unlock(&mut world, laptop);
    assert_eq!((view.waiting, view.added, view.drafts), (0, 0, 0));
}

#[test]
fn a_locked_journal_takes_a_thousand_and_says_when_it_takes_no_more() {
    let mut world = World::keeping_entries(6);
    let laptop = story::family(&mut world, 1)[0];
    lock(&mut world, laptop);
    for number in 0..1000 {
        assert!(waits(&mut world, laptop, note("a")), "{number}");
    }
    let refused = world.ask(laptop, note("one more"));
    assert!(matches!(refused, Some(Err(failure)) if failure.kind == ErrorKind::Locked && failure.message.contains("not stored")));
    assert_eq!(unlock(&mut world, laptop).added, 1000);
}

#[test]
fn wherever_the_power_goes_while_it_is_locked_or_opened_nothing_is_lost_and_nothing_is_there_twice() {
    let mut ends = 0;
    for at in 0.. {
        let mut world = World::keeping_entries(7);
        let devices = story::family(&mut world, 2);
        let [laptop, desktop] = devices[..] else { panic!() };
        lock(&mut world, laptop);
        let disk = world.nodes[laptop].disk.clone();
        let last = disk.calls() + at;
        disk.plan(move |call| (call.number >= last).then_some(Fault::PowerOff));
        let mut said = Vec::new();
        for text in ["a", "b"] {
            if waits(&mut world, laptop, note(text)) {
                said.push(text);
            }
            log(&mut world, desktop, noted(&format!("{text} there")));
            world.run_for(Duration::from_secs(1));
        }
        let held = world.is_linked(laptop, desktop);
        let opened = world.ask(laptop, Request::Lock(LockAsk::Unlock { passphrase: Some(passphrase()) }));
        world.run_for(Duration::from_secs(1));
        let went_off = disk.calls() > last;
        disk.heal();
        world.stop(laptop);
        // What it acknowledged to the other is nowhere else, as far as that one goes.
        if held && matches!(opened, Some(Ok(_))) {
            world.cut(laptop, desktop);
        }
        world.start(laptop);
        unlock(&mut world, laptop);
        world.run_for(Duration::from_secs(120));
        let mut here = notes(&mut world, laptop);
        here.sort();
        for text in &said {
            assert_eq!(here.iter().filter(|one| one == text).count(), 1, "at {at}: {text} of {here:?}");
        }
        let of_there: Vec<_> = here.iter().filter(|one| one.ends_with("there")).collect();
        assert_eq!(of_there, ["a there", "b there"], "at {at}");
        ends += usize::from(went_off);
        if !went_off {
            break;
        }
    }
    assert!(ends > 10, "{ends}");
}

#[test]
fn of_a_device_that_was_removed_meanwhile_counts_what_the_locked_one_had_of_it_by_then() {
    let mut world = World::keeping_entries(8);
    let devices = story::family(&mut world, 3);
    let [laptop, desktop, phone] = devices[..] else { panic!() };
    lock(&mut world, laptop);
    world.cut(desktop, phone);
    world.cut(desktop, laptop);
    log(&mut world, phone, noted("before"));
    world.run_for(Duration::from_secs(60));
    world.must(desktop, Request::DeviceRemove { device: "device 2".into() });
    world.heal();
    world.cut(desktop, phone);
    world.run_for(Duration::from_secs(60));
    assert!(!world.is_linked(laptop, phone), "whoever was removed is let in no more, also where it is locked");
    log(&mut world, phone, noted("after"));
    world.run_for(Duration::from_secs(600));
    // Also where another own device brings it.
    for run in whole_logs(&world, phone) {
        world.inject(desktop, laptop, &run);
    }
    world.heal();
    unlock(&mut world, laptop);
    world.run_for(Duration::from_secs(600));
    for node in [laptop, desktop] {
        assert_eq!(notes(&mut world, node), ["before"], "{}", world.nodes[node].name);
    }
}

#[test]
fn what_a_stolen_link_key_brings_to_a_locked_device_is_gone_when_it_is_opened() {
    let mut world = World::keeping_entries(9);
    let devices = story::family(&mut world, 3);
    let [laptop, desktop, phone] = devices[..] else { panic!() };
    log(&mut world, phone, noted("a"));
    log(&mut world, desktop, noted("b"));
    world.run_for(Duration::from_secs(60));
    lock(&mut world, laptop);
    world.run_for(Duration::from_secs(60));
    // The log of the phone goes on with what nobody wrote, and a log of nobody begins.
    let (shelf, found) = Shelf::open(world.nodes[laptop].disk.clone(), std::path::Path::new("/data")).unwrap();
    drop(shelf);
    for log in &found.logs {
        let forged = [wire::header(log.head.log, log.seq + 1).to_vec(), vec![9; 424]].concat();
        let entries = vec![Sealed::Entry(Blob(forged))];
        let run = Entries { queue: log.head.queue, key: log.head.key, log: log.head.log, before: log.link, entries };
        world.inject(phone, laptop, &Message::Entries(run));
    }
    log(&mut world, phone, noted("c"));
    world.run_for(Duration::from_secs(60));
    unlock(&mut world, laptop);
    world.run_for(Duration::from_secs(600));
    for node in devices {
        assert_eq!(notes(&mut world, node), ["a", "b", "c"], "{}", world.nodes[node].name);
        assert!(world.nodes[node].damage.is_empty());
    }
}

#[test]
fn a_locked_device_lets_no_helper_in_and_goes_on_with_them_once_it_is_open() {
    let (mut world, laptop, desktop, dana) = all_meet();
    world.stop(desktop);
    assert!(world.is_linked(laptop, dana));
    lock(&mut world, laptop);
    world.run_for(Duration::from_secs(120));
    assert!(!world.is_linked(laptop, dana));
    let before = seen(&mut world, dana);
    assert!(waits(&mut world, laptop, Request::Log { practice: Some("lunch".into()), fields: Box::new(after(30)) }));
    world.run_for(Duration::from_secs(120));
    assert_eq!(seen(&mut world, dana), before, "nothing goes out of a locked journal");
    unlock(&mut world, laptop);
    world.start(desktop);
    world.run_for(Duration::from_secs(600));
    assert!(world.is_linked(laptop, dana));
    assert_eq!(seen(&mut world, dana), before + 1);
}

#[test]
fn what_is_well_signed_and_cannot_be_taken_yet_is_not_let_go_of() {
    let mut world = World::keeping_entries(10);
    let devices = story::family(&mut world, 2);
    let [laptop, desktop] = devices[..] else { panic!() };
    lock(&mut world, laptop);
    for note in ["a", "b", "c"] {
        log(&mut world, desktop, noted(note));
        world.run_for(Duration::from_secs(10));
    }
    world.stop(desktop);
    world.stop(laptop);
    // As if the first had come last: what builds on it finds nothing to build on.
    let (mut store, found) = Store::open(world.nodes[laptop].disk.clone(), std::path::Path::new("/data")).unwrap();
    let held: Vec<&[u8]> = found.records(List::Held).iter().rev().map(Vec::as_slice).collect();
    assert!(held.len() >= 3, "{}", held.len());
    store.keep_records(List::Held, &held).unwrap();
    drop(store);
    for _ in 0..3 {
        world.start(laptop);
        unlock(&mut world, laptop);
        world.run_for(Duration::from_secs(10));
        world.stop(laptop);
    }
    world.start(laptop);
    unlock(&mut world, laptop);
    assert_eq!(notes(&mut world, laptop), ["a", "b", "c"]);
    let (_, found) = Shelf::open(world.nodes[laptop].disk.clone(), std::path::Path::new("/data")).unwrap();
    assert!(found.held.is_empty());
}

#[test]
fn whichever_devices_are_locked_and_whenever_all_end_with_the_same_journal() {
    for seed in seeds(6) {
        let mut world = World::new(seed);
        let worth = if seed % 2 == 0 { 8 } else { 1000 };
        world.keeping = Keeping { worth, beside: A_MONTH, look: Duration::from_secs(20) };
        let devices = story::family(&mut world, 3);
        let mut story = Story::new(&devices);
        for device in &devices {
            world.must(*device, set());
        }
        world.weather = Weather::STORM;
        let mut locked = 0;
        for _ in 0..50 {
            story.something_happens(&mut world);
            let device = devices[world.below(3) as usize];
            let ask = match world.below(6) {
                0 => LockAsk::Now,
                1 => LockAsk::Unlock { passphrase: Some(passphrase()) },
                _ => continue,
            };
            locked += usize::from(matches!(world.ask(device, Request::Lock(ask)), Some(Ok(Reply::Lock(view))) if view.locked));
        }
        world.heal();
        for device in &devices {
            world.nodes[*device].disk.heal();
            unlock(&mut world, *device);
        }
        // A start locks them again, and the story asks whoever is down to start.
        for device in &devices {
            world.must(*device, Request::Lock(LockAsk::Passphrase { old: Some(passphrase()), new: None }));
        }
        // An undo takes the practice back for which it was written.
        for device in &devices {
            let Reply::Drafts(drafts) = world.must(*device, Request::Draft(DraftAsk::List)) else { panic!() };
            drafts.iter().for_each(|draft| story.is_draft(RecordId(draft.id)));
        }
        story.settle(&mut world);
        story.check(&mut world);
        assert!(locked > 0, "seed {seed}");
        for device in &devices {
            let (_, found) = Shelf::open(world.nodes[*device].disk.clone(), std::path::Path::new("/data")).unwrap();
            assert!(found.held.is_empty() && found.dropped.is_empty() && found.outside.is_none(), "seed {seed}");
        }
    }
}

#[test]
fn wherever_the_power_goes_while_a_passphrase_is_set_or_taken_off_the_journal_opens() {
    for at in 0..14 {
        let mut world = World::keeping_entries(2);
        let laptop = story::family(&mut world, 1)[0];
        log(&mut world, laptop, noted("a"));
        let steps = [set(), Request::Lock(LockAsk::Passphrase { old: Some(passphrase()), new: None })];
        for (number, step) in steps.into_iter().enumerate() {
            let disk = world.nodes[laptop].disk.clone();
            let last = disk.calls() + at;
            disk.plan(move |call| (call.number >= last).then_some(Fault::PowerOff));
            let is_said = matches!(world.ask(laptop, step.clone()), Some(Ok(_)));
            disk.heal();
            world.stop(laptop);
            world.start(laptop);
            let locked = is_locked(&mut world, laptop);
            assert!(!is_said || locked == (number == 0), "at {at}: it was said, and is not so");
            if locked {
                world.must(laptop, Request::Lock(LockAsk::Unlock { passphrase: Some(passphrase()) }));
            }
            assert_eq!(notes(&mut world, laptop), ["a"], "at {at}");
            if !is_said && locked == (number != 0) {
                world.must(laptop, step);
            }
        }
    }
}
