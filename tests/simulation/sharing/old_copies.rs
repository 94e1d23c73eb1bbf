//! Old copies of a journal that are put back, and copies that run beside their original: nothing new goes to a helper before the person has looked.
//!
//! A machine notices that its disk is not the one that was left there (`marked`). One that was put back whole, with its marks, does not: there only what a
//! helper gives back tells.

mod beside;
mod learns;

use std::time::Duration;

use asif_daemon::replica::Keeping;
use asif_proto::local::{ErrorKind, GrantChange, Invite, Reply, Request, ShareAsk};
use asif_proto::record::{ClearField, SessionFields, Visibility};
use asif_proto::share::{GrantView, Preview, Scope};

use super::{HOUR, change, is_held, noted, pause};
use crate::shared::{after, edit, log};
use crate::world::World;

const SOON: Duration = Duration::from_secs(5);

/// Robin with so many devices, and Dana, who sees ratings and notes.
fn robin_and_dana(seed: u64, marked: bool, devices: usize) -> (World, Vec<usize>, usize) {
    let mut world = World::new(seed);
    world.places = marked;
    let (devices, dana) = they_meet(&mut world, devices);
    (world, devices, dana)
}

fn they_meet(world: &mut World, devices: usize) -> (Vec<usize>, usize) {
    let devices = crate::story::family(world, devices);
    let dana = join(world, devices[0], "Dana");
    (devices, dana)
}

fn join(world: &mut World, laptop: usize, name: &str) -> usize {
    let scopes = vec![Scope::Ratings, Scope::Notes];
    let invite = Invite { name: name.into(), scopes, delay_s: 0, until: None, ..crate::story::invitation() };
    let ticket = world.ticket(laptop, Request::ShareInvite { invite, yes: true, no_wait: true });
    let helper = world.add(name);
    world.must(helper, Request::HelperJoin { ticket, name: Some(name.into()), at: None });
    world.run_for(SOON);
    helper
}

fn robin_alone(marked: bool) -> (World, usize, usize) {
    let (world, devices, dana) = robin_and_dana(5, marked, 1);
    (world, devices[0], dana)
}

fn grant(world: &mut World, laptop: usize) -> GrantView {
    let Reply::Grants(grants) = world.must(laptop, Request::ShareList) else { panic!() };
    grants.into_iter().find(|grant| grant.name == "Dana").unwrap()
}

fn waits(world: &mut World, laptop: usize) -> bool {
    grant(world, laptop).waiting.is_some_and(|why| why.starts_with("for you"))
}

fn preview(world: &mut World, laptop: usize, name: &str) -> Preview {
    let Reply::Preview(preview) = world.must(laptop, Request::SharePreviewOf { name: name.into() }) else { panic!() };
    preview
}

/// The person looks, and goes on.
fn go_on(world: &mut World, laptop: usize, name: &str) {
    assert!(preview(world, laptop, name).waits_for_you);
    world.must(laptop, Request::Share(ShareAsk::Pause { name: name.into(), paused: false }));
}

/// A copy of a disk at rest.
fn copy_of(world: &mut World, laptop: usize) -> asif_daemon::store::MemDisk {
    world.stop(laptop);
    let old = world.nodes[laptop].disk.copy();
    world.start(laptop);
    old
}

fn purpose(words: &str) -> GrantChange {
    GrantChange { purpose: Some(words.into()), ..GrantChange::default() }
}

fn private(world: &mut World, laptop: usize, told: &asif_proto::record::Session) {
    edit(world, laptop, told, SessionFields { visibility: Some(Visibility::Private), ..Default::default() });
}

#[test]
fn an_old_copy_shows_nothing_new_before_the_person_says_so_whatever_is_done_first() {
    for (seed, first) in crate::seeds(3).flat_map(|seed| (0..5).map(move |first| (seed, first))) {
        for marked in [true, false] {
            nothing_new_is_shown(seed, first, marked);
        }
    }
}

fn nothing_new_is_shown(seed: u64, first: u8, marked: bool) {
    let (mut world, devices, dana) = robin_and_dana(seed, marked, 1);
    let laptop = devices[0];
    let told = log(&mut world, laptop, noted(50, "too much told"));
    world.run_for(SOON);
    let old = copy_of(&mut world, laptop);
    let (id, fields, clear) = (told.id.to_string(), Box::default(), vec![ClearField::Note]);
    world.must(laptop, Request::Edit { id, fields, clear, base: None });
    if first == 3 {
        // More than the old copy will have written when it meets her.
        (0..9).for_each(|n| drop(log(&mut world, laptop, after(70 + n))));
    }
    change(&mut world, laptop, GrantChange { remove: vec![Scope::Notes], delay_s: Some(60), ..GrantChange::default() });
    world.run_for(HOUR);
    assert!(!is_held(&world, dana, "too much told"));
    world.cut(laptop, dana);
    world.put_back(laptop, old);
    match first {
        0 => pause(&mut world, laptop, true),
        1 => drop(change(&mut world, laptop, purpose("as agreed"))),
        2 => (0..9).for_each(|n| drop(log(&mut world, laptop, noted(60 + n, "at once")))),
        4 => {
            change(&mut world, laptop, GrantChange { add: vec![Scope::Beliefs], ..GrantChange::default() });
            edit(&mut world, laptop, &told, after(99));
            edit(&mut world, laptop, &told, after(98));
        }
        _ => {}
    }
    world.heal();
    world.run_for(HOUR);
    log(&mut world, laptop, noted(80, "afterwards"));
    world.run_for(HOUR);
    let at = format!("seed {seed}: {first}, marked: {marked}");
    for words in ["too much told", "at once", "afterwards", "\"after\":80", "\"after\":98"] {
        assert!(!is_held(&world, dana, words), "{at}: {words}");
    }
    assert!(waits(&mut world, laptop), "{at}");
    let there = grant(&mut world, laptop);
    assert_eq!((there.scopes.contains(&Scope::Notes), there.delay_s), (false, 60), "{at}: the narrower of both");
    world.crash(laptop, Duration::from_secs(1));
    world.run_for(HOUR);
    assert!(!is_held(&world, dana, "\"after\":80"), "{at}: also after a restart");
    let resume = Request::Share(ShareAsk::Pause { name: "Dana".into(), paused: false });
    let refused = world.ask(laptop, resume).unwrap().unwrap_err();
    assert_eq!(refused.kind, ErrorKind::Precondition, "{at}: nobody has looked since the start");
    go_on(&mut world, laptop, "Dana");
    world.run_for(HOUR);
    assert!(is_held(&world, dana, "\"after\":80") && !waits(&mut world, laptop), "{at}: the person has said so");
    assert!(!is_held(&world, dana, "too much told") && !is_held(&world, dana, "at once"), "{at}: no longer in scope");
    world.must(laptop, Request::Sync { wait_ms: Some(60_000) });
    let agreed = grant(&mut world, laptop);
    assert!(agreed.scopes == there.scopes && agreed.delay_s == 60, "{at}");
}

#[test]
fn what_was_taken_back_and_reached_nobody_is_not_sent_from_an_old_copy() {
    let (mut world, laptop, dana) = robin_alone(true);
    world.cut(laptop, dana);
    let told = log(&mut world, laptop, noted(50, "on its way"));
    // While it runs, and it is not started again before it is put back into its place.
    let old = world.nodes[laptop].disk.copy();
    private(&mut world, laptop, &told);
    world.put_back(laptop, old);
    world.heal();
    world.run_for(HOUR);
    assert!(!is_held(&world, dana, "on its way"));
    log(&mut world, laptop, noted(60, "in the copy"));
    go_on(&mut world, laptop, "Dana");
    world.run_for(SOON);
    assert!(is_held(&world, dana, "on its way") && is_held(&world, dana, "in the copy"), "the person has seen it and said so");
}

#[test]
fn terms_that_were_on_their_way_come_once_the_person_goes_on() {
    let (mut world, laptop, dana) = robin_alone(true);
    world.cut(laptop, dana);
    change(&mut world, laptop, purpose("on its way"));
    let old = world.nodes[laptop].disk.copy();
    change(&mut world, laptop, purpose("lost"));
    world.put_back(laptop, old);
    change(&mut world, laptop, GrantChange { delay_s: Some(0), client: Some("R.".into()), ..GrantChange::default() });
    world.heal();
    world.run_for(HOUR);
    assert!(!is_held(&world, dana, "on its way"));
    change(&mut world, laptop, GrantChange { client: Some("Robin".into()), ..GrantChange::default() });
    go_on(&mut world, laptop, "Dana");
    world.run_for(SOON);
    assert!(is_held(&world, dana, "on its way"));
}

#[test]
fn what_is_taken_back_in_an_old_copy_goes_out_and_so_does_an_end() {
    let (mut world, laptop, dana) = robin_alone(true);
    let told = log(&mut world, laptop, noted(50, "hidden in the copy"));
    let shortened = log(&mut world, laptop, noted(49, "taken out in the copy"));
    world.run_for(SOON);
    let old = copy_of(&mut world, laptop);
    log(&mut world, laptop, after(51));
    world.run_for(SOON);
    world.put_back(laptop, old);
    world.run_for(SOON);
    private(&mut world, laptop, &told);
    let (id, fields, clear) = (shortened.id.to_string(), Box::default(), vec![ClearField::Note]);
    world.must(laptop, Request::Edit { id, fields, clear, base: None });
    world.run_for(SOON);
    assert!(waits(&mut world, laptop) && !is_held(&world, dana, "in the copy"));
    world.must(laptop, Request::ShareRevoke { name: "Dana".into() });
    world.run_for(SOON);
    let ended = grant(&mut world, laptop);
    assert!(ended.waiting.is_none() && ended.end_reached == Some(true), "{ended:?}");
}

#[test]
fn where_one_share_waits_all_do_and_each_goes_on_by_itself() {
    for marked in [true, false] {
        let (mut world, laptop, dana) = robin_alone(marked);
        let kim = join(&mut world, laptop, "Kim");
        let told = log(&mut world, laptop, noted(50, "for both"));
        world.run_for(SOON);
        let old = copy_of(&mut world, laptop);
        private(&mut world, laptop, &told);
        world.run_for(SOON);
        world.cut(laptop, kim);
        world.put_back(laptop, old);
        world.run_for(HOUR);
        world.heal();
        log(&mut world, laptop, noted(60, "afterwards"));
        world.run_for(HOUR);
        for helper in [dana, kim] {
            assert!(!is_held(&world, helper, "for both") && !is_held(&world, helper, "afterwards"), "marked: {marked}");
        }
        go_on(&mut world, laptop, "Dana");
        world.run_for(SOON);
        assert!(is_held(&world, dana, "afterwards") && !is_held(&world, kim, "afterwards"), "marked: {marked}");
        // Who is invited now, was shown what they will see.
        let lee = join(&mut world, laptop, "Lee");
        assert!(is_held(&world, lee, "afterwards"), "marked: {marked}");
        go_on(&mut world, laptop, "Kim");
        world.run_for(SOON);
        assert!(is_held(&world, kim, "afterwards"), "marked: {marked}");
    }
}

#[test]
fn a_copy_that_was_made_after_going_on_waits_again() {
    let (mut world, laptop, dana) = robin_alone(true);
    let told = log(&mut world, laptop, noted(50, "too much told"));
    world.run_for(SOON);
    let old = copy_of(&mut world, laptop);
    world.run_for(SOON);
    world.cut(laptop, dana);
    world.put_back(laptop, old);
    go_on(&mut world, laptop, "Dana");
    let newer = copy_of(&mut world, laptop);
    world.heal();
    private(&mut world, laptop, &told);
    world.run_for(HOUR);
    assert!(!is_held(&world, dana, "too much told"));
    world.put_back(laptop, newer);
    log(&mut world, laptop, noted(60, "afterwards"));
    for words in ["one", "two", "three"] {
        change(&mut world, laptop, purpose(words));
        edit(&mut world, laptop, &told, after(70));
        world.run_for(HOUR);
        assert!(!is_held(&world, dana, "too much told") && !is_held(&world, dana, "afterwards"));
    }
    assert!(waits(&mut world, laptop));
}

#[test]
fn a_share_that_was_to_end_in_the_time_that_is_lost_waits_for_the_person() {
    for marked in [true, false] {
        let (mut world, laptop, dana) = robin_alone(marked);
        log(&mut world, laptop, noted(50, "for a while"));
        world.run_for(SOON);
        let old = copy_of(&mut world, laptop);
        change(&mut world, laptop, GrantChange { until: Some("2026-11-19".into()), ..GrantChange::default() });
        world.run_for(SOON);
        world.stop(laptop);
        world.run_for(HOUR * 40);
        assert!(!is_held(&world, dana, "for a while"));
        world.put_back(laptop, old);
        for words in ["one", "two", "three"] {
            if grant(&mut world, laptop).ended.is_none() {
                change(&mut world, laptop, purpose(words));
            }
            log(&mut world, laptop, noted(60, "afterwards"));
            world.run_for(HOUR);
            assert!(!is_held(&world, dana, "for a while") && !is_held(&world, dana, "afterwards"), "marked: {marked}");
        }
    }
}

#[test]
fn what_no_record_stands_behind_any_more_is_taken_back_when_the_person_goes_on() {
    for marked in [true, false] {
        let (mut world, laptop, dana) = robin_alone(marked);
        log(&mut world, laptop, noted(50, "before"));
        world.run_for(SOON);
        let old = copy_of(&mut world, laptop);
        log(&mut world, laptop, noted(51, "in the time that is lost"));
        world.run_for(SOON);
        world.put_back(laptop, old);
        world.run_for(HOUR);
        assert_eq!((preview(&mut world, laptop, "Dana").unknown, is_held(&world, dana, "in the time that is lost")), (1, true));
        go_on(&mut world, laptop, "Dana");
        world.run_for(SOON);
        assert!(is_held(&world, dana, "before") && !is_held(&world, dana, "in the time that is lost"), "marked: {marked}");
        assert_eq!(preview(&mut world, laptop, "Dana").unknown, 0);
    }
}

#[test]
fn where_words_of_the_journal_are_lost_by_damage_nothing_new_goes_out_before_the_person_has_looked() {
    let mut world = World::new(5);
    // No checkpoint has the words, too.
    (world.places, world.expects_damage, world.keeping) = (true, true, Keeping::default());
    let (devices, dana) = they_meet(&mut world, 1);
    let laptop = devices[0];
    (0..9).for_each(|n| drop(log(&mut world, laptop, noted(50 + n, "some words"))));
    world.run_for(HOUR);
    world.stop(laptop);
    world.nodes[laptop].flip_a_bit();
    world.start(laptop);
    world.must(laptop, Request::Doctor { rebuild: true });
    log(&mut world, laptop, noted(60, "afterwards"));
    world.run_for(HOUR);
    assert!(waits(&mut world, laptop) && !is_held(&world, dana, "afterwards"));
    go_on(&mut world, laptop, "Dana");
    world.run_for(SOON);
    assert!(is_held(&world, dana, "afterwards"));
}

#[test]
fn that_a_share_waits_is_told_wherever_one_looks() {
    let (mut world, laptop, _) = robin_alone(true);
    log(&mut world, laptop, after(50));
    world.run_for(SOON);
    let told = |world: &mut World| {
        let Reply::Status(status) = world.must(laptop, Request::Status) else { panic!() };
        let synced = world.ask(laptop, Request::Sync { wait_ms: Some(1000) }).unwrap();
        let synced = synced.err().map(|failure| failure.message);
        (
            grant(world, laptop).waiting.is_some(),
            status.helpers[0].waiting.is_some(),
            status.problems,
            world.doctor(laptop).contains("Nothing new goes from here to Dana"),
            synced.is_some_and(|why| why.contains("waits until you have looked")),
            preview(world, laptop, "Dana").waits_for_you,
        )
    };
    assert_eq!(told(&mut world), (false, false, 0, false, false, false));
    let old = copy_of(&mut world, laptop);
    log(&mut world, laptop, after(51));
    world.put_back(laptop, old);
    world.run_for(SOON);
    assert_eq!(told(&mut world), (true, true, 1, true, true, true));
    go_on(&mut world, laptop, "Dana");
    world.run_for(HOUR);
    assert_eq!(told(&mut world), (false, false, 0, false, false, false));
}
