//! Erasing. Properties:
//!
//! 1. With all keys in hand, what was erased is in nothing that any device still holds that has heard of it: not in a log, a checkpoint, a view, what is
//!    kept aside; nor in what a helper was shown.
//! 2. It does not come back, whoever had written to it meanwhile and not heard of it; and everything else is there, on every device, as it was.
//! 3. Wherever the power goes, it is gone on with, and nothing acknowledged is lost.
//! 4. Of a record whose history is erased the text stays, and what it said before is gone likewise.

use std::time::Duration;

use asif_daemon::replica::Keeping;
use asif_daemon::store::{Fault, Op};
use asif_proto::local::{ErrorKind, Failure, ListFilter, Reply, Request, TagAsk};
use asif_proto::record::{Session, SessionFields};

use crate::knows::{found, is_known, knows};
use crate::seeds;
use crate::shared::{edit, log};
use crate::story::{self, Story};
use crate::walls;
use crate::world::{A_MONTH, Weather, World};

const SECRET: &str = "SENTENCE-TO-BE-ERASED";
const DRAFT: &str = "DRAFT-TO-BE-ERASED";

fn world(seed: u64, worth: u64, beside: Duration) -> World {
    let mut world = World::new(seed);
    world.keeping = Keeping { worth, beside, look: Duration::from_secs(20) };
    world
}

fn secret() -> SessionFields {
    let at = Some("2026-06-01T12:00".into());
    SessionFields { note: Some(SECRET.into()), tags: vec![format!("tag-{SECRET}")], at, ..SessionFields::default() }
}

fn erase(world: &mut World, node: usize, session: &Session, history: bool) -> Option<Result<Reply, Failure>> {
    world.ask(node, Request::Erase { id: session.id.to_string(), history })
}

fn assert_gone(world: &World, nodes: &[usize], what: &str, story: &str) {
    for node in nodes {
        for (at, one) in found(world, *node) {
            if is_known(std::slice::from_ref(&one), what.as_bytes()) {
                panic!("seed {}, {story}: machine {node} has {what} in {at}", world.seed);
            }
        }
    }
}

/// Every session but this one is there, as it was.
fn others(world: &mut World, node: usize, but: &Session) -> Vec<Session> {
    let Reply::Sessions(list) = world.must(node, Request::List(ListFilter::default())) else { panic!() };
    list.into_iter().filter(|one| one.id != but.id).collect()
}

fn list(world: &mut World, node: usize) -> Vec<Session> {
    let Reply::Sessions(list) = world.must(node, Request::List(ListFilter::default())) else { panic!() };
    list
}

#[test]
fn what_is_erased_again_since_the_answer_was_lost_is_erased() {
    let mut world = world(7, 100, A_MONTH);
    let laptop = story::family(&mut world, 2)[0];
    let request = uuid::Uuid::from_u128(77);
    let by = |typed: &str| Request::Erase { id: typed.to_owned(), history: false };
    let told = |answer: Option<Result<Reply, Failure>>| match answer {
        Some(Ok(Reply::Erased(erased))) => (erased.id, erased.others),
        other => panic!("{other:?}"),
    };
    let id = log(&mut world, laptop, secret()).id.to_string();
    let first = told(world.again(laptop, request, by(&id)));
    assert_eq!(first.1, ["device 1"]);
    world.stop(laptop);
    // By the end of its id, too; what was never here is still not.
    assert_eq!(told(world.again(laptop, request, by(&id[28..]))), first);
    assert_eq!(world.ask(laptop, by("ffffffff")).unwrap().unwrap_err().kind, ErrorKind::NotFound);
    // The power goes as soon as it is written that it is erased: whoever asks again waits until it is done.
    let second = log(&mut world, laptop, secret()).id.to_string();
    let client = world.begin_as(laptop, request, by(&second));
    assert!(!world.nodes[laptop].answers.contains_key(&client));
    world.crash(laptop, Duration::from_secs(1));
    told(world.again(laptop, request, by(&second)));
    assert_gone(&world, &[laptop], SECRET, "asked again");
}

#[test]
fn what_was_erased_is_in_nothing_that_any_device_or_helper_holds() {
    for seed in seeds(8) {
        for (worth, beside) in [(1000, A_MONTH), (12, A_MONTH), (12, Duration::from_secs(30))] {
            let mut world = world(seed, worth, beside);
            let devices = story::family(&mut world, 3);
            let dana = walls::invite(&mut world, devices[0], "Dana");
            let mut story = Story::new(&devices);
            let session = log(&mut world, devices[(seed % 3) as usize], secret());
            // Years that are closed are packed together.
            let [old, ..] = ["2024-06-01T12:00", "2024-03-01T12:00", "2024-04-01T12:00", "2023-06-01T12:00"].map(|at| {
                let fields =
                    SessionFields { at: Some(at.into()), ..if at == "2024-06-01T12:00" { secret() } else { SessionFields::default() } };
                log(&mut world, devices[0], fields)
            });
            for _ in 0..12 {
                story.something_happens(&mut world);
            }
            story.settle(&mut world);
            for device in &devices {
                let fields = SessionFields { note: Some(format!("{SECRET} {device}")), ..SessionFields::default() };
                // It may have been taken back.
                drop(world.ask(*device, Request::Restore { id: session.id.to_string() }));
                edit(&mut world, *device, &session, fields);
                story.edit(&mut world, *device);
            }
            edit(&mut world, devices[0], &old, SessionFields { note: Some(format!("{SECRET} of old")), ..SessionFields::default() });
            story.settle(&mut world);
            world.run_for(Duration::from_secs(200));
            assert!(is_known(&knows(&world, dana), SECRET.as_bytes()), "seed {seed}: she was shown it");
            let mut before = others(&mut world, devices[0], &session);
            before.retain(|one| one.id != old.id);
            // Another one before, beside what of it is packed with others.
            erase(&mut world, devices[1], &old, false).unwrap().unwrap();
            erase(&mut world, devices[1], &session, false).unwrap().unwrap();
            assert_gone(&world, &[devices[1]], SECRET, "as soon as it is said");
            story.settle(&mut world);
            world.run_for(Duration::from_secs(200));
            assert_gone(&world, &devices, SECRET, "on every device");
            assert_gone(&world, &[dana], SECRET, "at the helper's");
            for device in &devices {
                assert_eq!(list(&mut world, *device), before, "seed {seed}");
            }
            story.check(&mut world);
            // And the next devices get nothing of it either.
            let late = story::joins(&mut world, devices[2], "late");
            story.also_on(late);
            story.settle(&mut world);
            assert_eq!(list(&mut world, late), before, "seed {seed}");
            assert_gone(&world, &[late], SECRET, "on a new device");
            story.check(&mut world);
        }
    }
}

#[test]
fn what_was_written_to_it_by_a_device_that_had_not_heard_is_gone_too_and_all_else_it_wrote_is_there() {
    for seed in seeds(8) {
        let mut world = world(seed, if seed % 2 == 0 { 12 } else { 1000 }, A_MONTH);
        let devices = story::family(&mut world, 2);
        let mut story = Story::new(&devices);
        let (laptop, desktop) = (devices[0], devices[1]);
        let session = log(&mut world, laptop, secret());
        for _ in 0..10 {
            story.log(&mut world, laptop);
        }
        story.settle(&mut world);
        world.cut(laptop, desktop);
        for _ in 0..3 {
            edit(&mut world, desktop, &session, SessionFields { note: Some(format!("{SECRET} again")), ..SessionFields::default() });
            story.edit(&mut world, desktop);
            story.log(&mut world, desktop);
        }
        erase(&mut world, laptop, &session, false).unwrap().unwrap();
        for _ in 0..3 {
            story.edit(&mut world, laptop);
            story.log(&mut world, laptop);
        }
        story.settle(&mut world);
        world.run_for(Duration::from_secs(60));
        assert_gone(&world, &devices, SECRET, "after they met");
        assert!(list(&mut world, desktop).iter().all(|one| one.id != session.id), "seed {seed}: it came back");
        story.check(&mut world);
    }
}

#[test]
fn wherever_the_power_goes_while_it_is_erased_it_is_gone_on_with_and_nothing_is_lost() {
    let mut never = 0;
    for at in 0..260 {
        let mut world = world(5, if at % 2 == 0 { 8 } else { 1000 }, A_MONTH);
        let laptop = story::family(&mut world, 1)[0];
        let mut story = Story::new(&[laptop]);
        let session = log(&mut world, laptop, secret());
        for _ in 0..9 {
            story.log(&mut world, laptop);
        }
        edit(&mut world, laptop, &session, SessionFields { note: Some(format!("{SECRET} again")), ..SessionFields::default() });
        world.run_for(Duration::from_secs(60));
        let before = others(&mut world, laptop, &session);
        let calls = world.nodes[laptop].disk.calls() + at / 2;
        let disk = world.nodes[laptop].disk.clone();
        disk.plan(move |call| (call.number >= calls).then_some(Fault::PowerOff));
        let answer = erase(&mut world, laptop, &session, false);
        world.run_for(Duration::from_secs(30));
        world.nodes[laptop].disk.heal();
        world.start(laptop);
        world.run_for(Duration::from_secs(60));
        if list(&mut world, laptop).iter().any(|one| one.id == session.id) {
            assert!(answer.is_none(), "at {at}: it was said to be erased");
            never += 1;
            erase(&mut world, laptop, &session, false).unwrap().unwrap();
        }
        assert_gone(&world, &[laptop], SECRET, &format!("power off at {at}"));
        assert_eq!(list(&mut world, laptop), before, "at {at}");
        story.check(&mut world);
    }
    assert!((1..20).contains(&never), "{never}");
}

#[test]
fn of_a_record_whose_history_is_erased_the_text_stays() {
    for seed in seeds(6) {
        let mut world = world(seed, if seed % 2 == 0 { 8 } else { 1000 }, A_MONTH);
        let devices = story::family(&mut world, 2);
        let mut story = Story::new(&devices);
        let draft =
            SessionFields { note: Some(DRAFT.into()), tags: vec![format!("tag-{DRAFT}"), "stays".into()], ..SessionFields::default() };
        let session = log(&mut world, devices[0], draft);
        for _ in 0..10 {
            story.log(&mut world, devices[0]);
        }
        story.settle(&mut world);
        let kinder = SessionFields { note: Some("kinder words".into()), tags: vec!["kind".into()], ..SessionFields::default() };
        edit(&mut world, devices[1], &session, kinder);
        let untag = Request::Tag(TagAsk::Change { id: session.id.to_string(), add: vec![], remove: vec![format!("tag-{DRAFT}")] });
        world.must(devices[1], untag);
        story.settle(&mut world);
        let before = list(&mut world, devices[0]);
        world.cut(devices[0], devices[1]);
        edit(&mut world, devices[1], &session, SessionFields { where_felt: Some("chest".into()), ..SessionFields::default() });
        erase(&mut world, devices[0], &session, true).unwrap().unwrap();
        assert_eq!(list(&mut world, devices[0]), before, "seed {seed}: the text stays");
        story.settle(&mut world);
        world.run_for(Duration::from_secs(60));
        assert_gone(&world, &devices, DRAFT, "its drafts");
        let after: Vec<Session> = list(&mut world, devices[0]);
        let felt = |one: Session| if one.id == session.id { Session { where_felt: Some("chest".into()), ..one } } else { one };
        assert_eq!(after, before.into_iter().map(felt).collect::<Vec<_>>(), "seed {seed}: an edit that was made apart is there");
        let Reply::History(history) = world.must(devices[1], Request::History { id: session.id.to_string() }) else { panic!() };
        assert!(!format!("{history:?}").contains(DRAFT));
        story.check(&mut world);
        edit(&mut world, devices[1], &session, SessionFields { note: Some("words of later".into()), ..SessionFields::default() });
        story.settle(&mut world);
        story.check(&mut world);
    }
}

#[test]
fn two_records_that_are_erased_apart_are_both_gone() {
    for seed in seeds(6) {
        let mut world = world(seed, 10, A_MONTH);
        let devices = story::family(&mut world, 3);
        let mut story = Story::new(&devices);
        let sessions = [log(&mut world, devices[0], secret()), log(&mut world, devices[1], secret())];
        for _ in 0..10 {
            story.something_happens(&mut world);
        }
        world.weather = Weather::CALM;
        story.settle(&mut world);
        world.cut(devices[0], devices[1]);
        erase(&mut world, devices[0], &sessions[0], false).unwrap().unwrap();
        erase(&mut world, devices[1], &sessions[1], false).unwrap().unwrap();
        for device in &devices {
            story.log(&mut world, *device);
            story.edit(&mut world, *device);
        }
        story.settle(&mut world);
        world.run_for(Duration::from_secs(100));
        assert_gone(&world, &devices, SECRET, "both");
        story.check(&mut world);
    }
}

#[test]
fn what_is_erased_while_entries_are_looked_through_is_looked_for_in_all_of_them() {
    let mut world = world(3, 1000, A_MONTH);
    let devices = story::family(&mut world, 3);
    let mut story = Story::new(&devices);
    // One in the log of each.
    let sessions: Vec<Session> = devices.iter().map(|device| log(&mut world, *device, secret())).collect();
    story.settle(&mut world);
    for session in &sessions {
        world.begin(devices[0], Request::Erase { id: session.id.to_string(), history: false });
        world.tick(devices[0]);
    }
    world.run_for(Duration::from_secs(20));
    assert_gone(&world, &devices[..1], SECRET, "each");
    story.settle(&mut world);
    assert_gone(&world, &devices, SECRET, "everywhere");
    story.check(&mut world);
}

#[test]
fn without_room_on_the_disk_it_is_said_that_the_bytes_are_still_there_and_it_is_tried_again() {
    let mut world = world(7, 1000, A_MONTH);
    let laptop = story::family(&mut world, 1)[0];
    let mut story = Story::new(&[laptop]);
    let session = log(&mut world, laptop, secret());
    story.log(&mut world, laptop);
    let disk = world.nodes[laptop].disk.clone();
    disk.plan(|call| {
        let of_checkpoints = call.path.starts_with("/data/store/pieces") || call.path.starts_with("/data/store/checkpoints");
        (of_checkpoints && matches!(call.op, Op::Append | Op::Create)).then_some(Fault::NoSpace)
    });
    let failure = erase(&mut world, laptop, &session, false).unwrap().unwrap_err();
    assert!(failure.message.contains("still on this disk"), "{failure:?}");
    assert!(list(&mut world, laptop).iter().all(|one| one.id != session.id), "it does not show any more");
    world.nodes[laptop].disk.heal();
    world.run_for(Duration::from_secs(2 * 3600));
    assert_gone(&world, &[laptop], SECRET, "tried again");
    story.check(&mut world);
}
