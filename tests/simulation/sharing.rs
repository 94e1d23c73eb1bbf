//! What a client changes of what is shared: terms, pauses, holds, delays and ends, on devices that meet late or never.

mod any_order;
mod delays;
mod helpers;
mod old_copies;
mod races;
mod ratings;
mod restarts;

use std::time::Duration;

use asif_proto::local::{GrantChange, Held, Reply, Request, ShareAsk};
use asif_proto::record::{Session, SessionFields};
use asif_proto::share::{GrantView, Scope};

use crate::hostile::robin_and_dana;
use crate::shared::{after, all_meet, edit, held, log, seen};
use crate::world::World;

const HOUR: Duration = Duration::from_secs(3600);

fn change(world: &mut World, node: usize, change: GrantChange) -> GrantView {
    let Reply::Grants(mut grants) = world.must(node, Request::Share(ShareAsk::Edit { name: "Dana".into(), change })) else { panic!() };
    grants.remove(0)
}

fn scopes(scopes: &[Scope]) -> GrantChange {
    GrantChange { scopes: Some(scopes.to_vec()), ..GrantChange::default() }
}

fn pause(world: &mut World, node: usize, paused: bool) {
    world.must(node, Request::Share(ShareAsk::Pause { name: "Dana".into(), paused }));
}

fn hold(world: &mut World, node: usize, session: &Session, until: Option<&str>, off: bool) -> Held {
    let ask = ShareAsk::Hold { id: session.id.to_string(), until: until.map(str::to_owned), off };
    let Reply::Held(held) = world.must(node, Request::Share(ask)) else { panic!() };
    held
}

fn noted(value: u8, note: &str) -> SessionFields {
    SessionFields { note: Some(note.into()), ..after(value) }
}

/// Whether these words lie whole on Dana's disk.
fn is_held(world: &World, dana: usize, words: &str) -> bool {
    held(world, dana).iter().any(|item| item.contains(words))
}

#[test]
fn what_is_no_longer_in_scope_is_taken_back_and_what_comes_into_it_is_shown() {
    let (mut world, laptop, _, dana) = robin_and_dana();
    log(&mut world, laptop, noted(41, "words of the evening"));
    world.run_for(Duration::from_secs(20));
    assert!(is_held(&world, dana, "\"after\":41") && !is_held(&world, dana, "words of the evening"));
    change(&mut world, laptop, scopes(&[Scope::Ratings, Scope::Notes]));
    world.run_for(Duration::from_secs(20));
    assert!(is_held(&world, dana, "words of the evening"));
    change(&mut world, laptop, GrantChange { remove: vec![Scope::Notes], ..GrantChange::default() });
    world.run_for(Duration::from_secs(100));
    assert!(is_held(&world, dana, "\"after\":41") && !is_held(&world, dana, "words of the evening"), "an older item became a stub");
}

#[test]
fn of_two_changes_apart_the_narrower_stands_on_every_device() {
    for swapped in [false, true] {
        let (mut world, laptop, desktop, dana) = all_meet();
        log(&mut world, laptop, noted(42, "words of the evening"));
        change(&mut world, laptop, scopes(&[Scope::Ratings, Scope::Notes]));
        world.run_for(Duration::from_secs(100));
        assert!(is_held(&world, dana, "words of the evening"));
        world.cut(laptop, desktop);
        let (one, other) = if swapped { (desktop, laptop) } else { (laptop, desktop) };
        change(&mut world, one, GrantChange { remove: vec![Scope::Notes], ..GrantChange::default() });
        let unheard = change(&mut world, other, GrantChange { add: vec![Scope::Phrases], ..GrantChange::default() }).unheard;
        assert_eq!(unheard.len(), 1, "the own device that has not heard is named");
        world.run_for(Duration::from_secs(100));
        world.heal();
        world.run_for(Duration::from_secs(200));
        for device in [laptop, desktop] {
            let Reply::Grants(grants) = world.must(device, Request::ShareList) else { panic!() };
            let dana = grants.iter().find(|grant| grant.name == "Dana").unwrap();
            assert_eq!(dana.scopes, [Scope::Ratings, Scope::Phrases]);
        }
        assert!(!is_held(&world, dana, "words of the evening"));
        let quiet = held(&world, dana).len();
        world.run_for(Duration::from_secs(300));
        assert_eq!(held(&world, dana).len(), quiet, "nothing is written again and again");
    }
}

#[test]
fn a_pause_sends_nothing_new_takes_back_what_says_less_and_its_end_sends_the_rest() {
    let (mut world, laptop, _, dana) = robin_and_dana();
    let session = log(&mut world, laptop, after(43));
    world.run_for(Duration::from_secs(20));
    pause(&mut world, laptop, true);
    log(&mut world, laptop, after(44));
    edit(&mut world, laptop, &session, SessionFields { before: after(45).after, ..Default::default() });
    world.run_for(Duration::from_secs(200));
    assert!(is_held(&world, dana, "\"after\":43") && !is_held(&world, dana, "\"after\":44") && !is_held(&world, dana, "\"before\":45"));
    world.crash(laptop, Duration::from_secs(1));
    world.run_for(Duration::from_secs(200));
    assert!(!is_held(&world, dana, "\"after\":44"), "also after a restart");
    pause(&mut world, laptop, false);
    world.run_for(Duration::from_secs(100));
    assert!(is_held(&world, dana, "\"after\":44") && is_held(&world, dana, "\"before\":45"));
}

#[test]
fn a_pause_keeps_back_what_was_not_sent_before_it_and_its_end_sends_it() {
    let (mut world, laptop, desktop, dana) = robin_and_dana();
    let before = seen(&mut world, dana);
    let private = log(&mut world, laptop, after(53));
    world.run_for(Duration::from_secs(100));
    world.cut(laptop, dana);
    world.cut(desktop, dana);
    log(&mut world, laptop, after(54));
    log(&mut world, desktop, after(55));
    // Taken back before the pause, and behind what waits.
    let hidden = SessionFields { visibility: Some(asif_proto::record::Visibility::Private), ..Default::default() };
    edit(&mut world, laptop, &private, hidden);
    world.run_for(Duration::from_secs(100));
    pause(&mut world, laptop, true);
    world.run_for(Duration::from_secs(100));
    world.heal();
    world.run_for(Duration::from_secs(200));
    assert!(!is_held(&world, dana, "\"after\":54") && !is_held(&world, dana, "\"after\":55"), "published before, and not sent");
    assert_eq!(seen(&mut world, dana), before, "what was taken back is asked back all the same");
    world.must(dana, Request::Sync { wait_ms: Some(60_000) });
    for device in [laptop, dana, desktop] {
        world.crash(device, Duration::from_secs(1));
        world.run_for(Duration::from_secs(100));
    }
    assert_eq!(seen(&mut world, dana), before, "also after restarts");
    pause(&mut world, desktop, false);
    world.run_for(Duration::from_secs(200));
    assert_eq!(seen(&mut world, dana), before + 2);
    assert!(is_held(&world, dana, "\"after\":54") && is_held(&world, dana, "\"after\":55"));
    let quiet = held(&world, dana).len();
    world.run_for(Duration::from_secs(300));
    assert_eq!(held(&world, dana).len(), quiet, "once");
}

#[test]
fn a_hold_until_a_time_lets_go_by_itself() {
    let (mut world, laptop, _, dana) = robin_and_dana();
    let session = log(&mut world, laptop, after(50));
    world.run_for(Duration::from_secs(20));
    let told = hold(&mut world, laptop, &session, Some("2026-11-20"), false);
    assert_eq!(told.was_shared_with, ["Dana"], "it was there already, and that is said");
    world.run_for(Duration::from_secs(100));
    assert!(!is_held(&world, dana, "\"after\":50"), "it is asked back");
    world.run_for(HOUR * 72);
    assert!(is_held(&world, dana, "\"after\":50"));
}

#[test]
fn a_share_ends_at_its_time_also_while_no_device_is_awake() {
    let (mut world, laptop, desktop, dana) = robin_and_dana();
    log(&mut world, laptop, after(51));
    world.run_for(Duration::from_secs(20));
    change(&mut world, laptop, GrantChange { until: Some("2026-11-20".into()), ..GrantChange::default() });
    world.run_for(Duration::from_secs(100));
    for device in [laptop, desktop] {
        world.crash(device, HOUR * 90);
    }
    world.run_for(HOUR * 80);
    let Reply::Caseload(rows) = world.must(dana, Request::Caseload) else { panic!() };
    assert!(rows[0].ended.is_some(), "Dana's own clock ends it: {rows:?}");
    assert_eq!(seen(&mut world, dana), 0, "and shows it no more");
    world.run_for(HOUR * 20);
    log(&mut world, laptop, after(52));
    world.run_for(HOUR);
    for device in [laptop, desktop] {
        let Reply::Grants(grants) = world.must(device, Request::ShareList) else { panic!() };
        let grant = grants.iter().find(|grant| grant.name == "Dana").unwrap();
        assert!(grant.ended.is_some() && grant.end_reached == Some(true), "{grant:?}");
    }
    assert!(!is_held(&world, dana, "\"after\":52"));
}

#[test]
fn an_old_copy_that_was_put_back_publishes_nothing_that_was_taken_back_meanwhile() {
    for revokes in [false, true] {
        let (mut world, laptop, desktop, dana) = all_meet();
        let [private, kept] = [61, 62].map(|value| log(&mut world, laptop, noted(value, "words of the evening")));
        change(&mut world, laptop, scopes(&[Scope::Ratings, Scope::Notes]));
        world.run_for(Duration::from_secs(100));
        let old = world.nodes[desktop].disk.copy();
        let hidden = SessionFields { visibility: Some(asif_proto::record::Visibility::Private), ..Default::default() };
        edit(&mut world, laptop, &private, hidden);
        hold(&mut world, laptop, &kept, None, false);
        change(&mut world, laptop, GrantChange { remove: vec![Scope::Notes], ..GrantChange::default() });
        if revokes {
            world.must(laptop, Request::ShareRevoke { name: "Dana".into() });
        }
        world.run_for(Duration::from_secs(200));
        // The desktop is put back from before, and reaches Dana and nobody else.
        world.cut(laptop, desktop);
        world.put_back(desktop, old);
        world.start(desktop);
        log(&mut world, desktop, noted(63, "words of the evening"));
        edit(&mut world, desktop, &kept, SessionFields { before: after(64).after, ..Default::default() });
        world.run_for(HOUR * 2);
        for value in ["\"after\":61", "\"after\":62", "\"before\":64", "words of the evening"] {
            assert!(!is_held(&world, dana, value), "{value}, ended: {revokes}");
        }
        assert!(!is_held(&world, dana, "\"after\":63"), "it has met nobody");
        world.heal();
        world.run_for(HOUR);
        assert!(!is_held(&world, dana, "\"after\":63"), "she gave back what the desktop no longer knew");
        if !revokes {
            world.must(laptop, Request::SharePreviewOf { name: "Dana".into() });
            pause(&mut world, laptop, false);
            world.run_for(HOUR);
        }
        assert_eq!(is_held(&world, dana, "\"after\":63"), !revokes, "what is new and shown comes once the person has gone on");
        for value in ["\"after\":61", "\"after\":62", "words of the evening"] {
            assert!(!is_held(&world, dana, value), "{value}, ended: {revokes}, after it has heard");
        }
    }
}

#[test]
fn of_what_has_not_come_nobody_is_told_that_it_was_had() {
    let (mut world, laptop, desktop, dana) = robin_and_dana();
    world.stop(desktop);
    world.stop(dana);
    let kept = log(&mut world, laptop, after(53));
    world.run_for(Duration::from_secs(20));
    assert!(hold(&mut world, laptop, &kept, None, false).was_shared_with.is_empty());
    world.start(dana);
    world.run_for(Duration::from_secs(100));
    assert!(!is_held(&world, dana, "\"after\":53"));
}
