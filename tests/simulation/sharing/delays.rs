//! What is new reaches a helper later: on every device, in every record, under every terms, and not a moment sooner.

use std::time::Duration;

use asif_proto::local::{GrantChange, Invite, Reply, Request, TagAsk};
use asif_proto::record::{Session, SessionFields, Visibility};
use asif_proto::share::Scope;

use super::{HOUR, change, hold, is_held, noted, pause, scopes};
use crate::hostile::robin_and_dana;
use crate::seeds;
use crate::shared::{after, edit, held, log, seen};
use crate::world::World;

pub(super) const A_DAY: GrantChange = GrantChange {
    scopes: None,
    add: Vec::new(),
    remove: Vec::new(),
    since: None,
    until: None,
    delay_s: Some(24 * 3600),
    purpose: None,
    role: None,
    client: None,
};

/// Robin with two devices, and Dana, who sees these a day later.
pub(super) fn a_day_later(scopes: &[Scope]) -> (World, usize, usize, usize) {
    let mut world = World::new(3);
    let devices = crate::story::family(&mut world, 2);
    let invite = Invite { scopes: scopes.to_vec(), delay_s: 24 * 3600, until: None, ..crate::story::invitation() };
    let ticket = world.ticket(devices[0], Request::ShareInvite { invite, yes: true, no_wait: true });
    let dana = world.add("dana");
    world.must(dana, Request::HelperJoin { ticket, name: Some("Dana".into()), at: None });
    world.run_for(Duration::from_secs(5));
    (world, devices[0], devices[1], dana)
}

#[test]
fn what_is_kept_back_before_its_delay_runs_out_never_reaches_the_helper() {
    let (mut world, laptop, _, dana) = robin_and_dana();
    change(&mut world, laptop, GrantChange { delay_s: Some(24 * 3600), ..GrantChange::default() });
    let before = seen(&mut world, dana);
    let kept = log(&mut world, laptop, after(46));
    log(&mut world, laptop, after(47));
    world.run_for(HOUR * 20);
    let told = hold(&mut world, laptop, &kept, None, false);
    assert!(told.was_shared_with.is_empty(), "{told:?}");
    assert!(!is_held(&world, dana, "\"after\":46") && !is_held(&world, dana, "\"after\":47"), "not before a day has passed");
    world.run_for(HOUR * 5);
    assert_eq!(seen(&mut world, dana), before + 1);
    assert!(!is_held(&world, dana, "\"after\":46") && is_held(&world, dana, "\"after\":47"));
    hold(&mut world, laptop, &kept, None, true);
    world.run_for(HOUR);
    assert!(is_held(&world, dana, "\"after\":46"), "let go, it waits no longer: a day has passed");
}

#[test]
fn what_is_said_otherwise_waits_as_long_as_what_is_new_and_what_is_said_no_longer_does_not() {
    let (mut world, laptop, _, dana) = robin_and_dana();
    change(&mut world, laptop, scopes(&[Scope::Ratings, Scope::Notes]));
    let session = log(&mut world, laptop, noted(56, "first words"));
    world.run_for(Duration::from_secs(100));
    change(&mut world, laptop, GrantChange { delay_s: Some(24 * 3600), ..GrantChange::default() });
    world.run_for(HOUR);
    edit(&mut world, laptop, &session, SessionFields { note: Some("second words".into()), ..Default::default() });
    world.run_for(HOUR * 20);
    assert!(is_held(&world, dana, "first words") && !is_held(&world, dana, "second words"));
    // Said once more otherwise it waits from then; a pause, a restart and other terms make no difference.
    edit(&mut world, laptop, &session, SessionFields { note: Some("third words".into()), ..Default::default() });
    pause(&mut world, laptop, true);
    world.run_for(HOUR * 10);
    pause(&mut world, laptop, false);
    change(&mut world, laptop, GrantChange { add: vec![Scope::Practices], ..GrantChange::default() });
    world.crash(laptop, Duration::from_secs(1));
    world.run_for(HOUR * 10);
    assert!(is_held(&world, dana, "first words") && !is_held(&world, dana, "second words") && !is_held(&world, dana, "third words"));
    world.run_for(HOUR * 5);
    assert!(is_held(&world, dana, "third words") && !is_held(&world, dana, "second words"));
    // What goes is gone at once, though something new was said with it.
    let fields = Box::new(SessionFields { where_felt: Some("new words".into()), ..Default::default() });
    world.must(laptop, Request::Edit { id: session.id.to_string(), fields, clear: vec![asif_proto::record::ClearField::Note], base: None });
    world.run_for(Duration::from_secs(100));
    assert!(!is_held(&world, dana, "third words") && !is_held(&world, dana, "new words"));
    world.run_for(HOUR * 25);
    assert!(is_held(&world, dana, "new words"));
}

#[test]
fn what_is_said_while_nobody_sees_it_waits_once_it_is_let_go() {
    let (mut world, laptop, _, dana) = robin_and_dana();
    change(&mut world, laptop, scopes(&[Scope::Ratings, Scope::Notes]));
    let [held, private, never] = ["held", "private", "never shown"].map(|words| {
        let visibility = (words == "never shown").then_some(Visibility::Private);
        log(&mut world, laptop, SessionFields { visibility, ..noted(52, &format!("{words} before")) })
    });
    let seen = |world: &World| ["held", "private", "never shown"].map(|words| is_held(world, dana, &format!("{words} later")));
    world.run_for(Duration::from_secs(100));
    change(&mut world, laptop, GrantChange { delay_s: Some(24 * 3600), ..GrantChange::default() });
    world.run_for(HOUR * 25);
    let sees = |visibility: Visibility| SessionFields { visibility: Some(visibility), ..Default::default() };
    hold(&mut world, laptop, &held, None, false);
    edit(&mut world, laptop, &private, sees(Visibility::Private));
    for (session, words) in [(&held, "held"), (&private, "private"), (&never, "never shown")] {
        edit(&mut world, laptop, session, SessionFields { note: Some(format!("{words} later")), ..Default::default() });
    }
    hold(&mut world, laptop, &held, None, true);
    edit(&mut world, laptop, &private, sees(Visibility::Inherit));
    edit(&mut world, laptop, &never, sees(Visibility::Inherit));
    world.run_for(HOUR * 12);
    world.crash(laptop, Duration::from_secs(1));
    world.run_for(HOUR * 11);
    assert_eq!(seen(&world), [false; 3]);
    world.run_for(HOUR * 2);
    assert_eq!(seen(&world), [true; 3]);
    // What says the same as it did is shown again at once.
    hold(&mut world, laptop, &held, None, false);
    world.run_for(Duration::from_secs(100));
    assert!(!is_held(&world, dana, "held later"));
    hold(&mut world, laptop, &held, None, true);
    world.run_for(Duration::from_secs(100));
    assert!(is_held(&world, dana, "held later"));
}

#[test]
fn what_is_said_now_in_an_old_record_waits_on_every_device_and_under_new_terms() {
    let (mut world, laptop, desktop, dana) = robin_and_dana();
    let delay = GrantChange { delay_s: Some(24 * 3600), ..GrantChange::default() };
    change(&mut world, laptop, GrantChange { scopes: Some(vec![Scope::Ratings, Scope::Notes]), ..delay.clone() });
    let say = |world: &mut World, node: usize, session: &Session, words: &str| {
        edit(world, node, session, SessionFields { note: Some(words.into()), ..Default::default() });
    };
    let [first, second, third] = [1, 2, 3].map(|n| log(&mut world, laptop, noted(52, &format!("long ago {n}"))));
    world.run_for(HOUR * 25);
    assert!(is_held(&world, dana, "long ago 3"));
    // Once the terms are others no device has looked through all of it; that the other one writes makes no difference.
    pause(&mut world, desktop, true);
    pause(&mut world, desktop, false);
    say(&mut world, laptop, &first, "said on the laptop");
    say(&mut world, desktop, &second, "said on the desktop");
    world.run_for(HOUR * 2);
    change(&mut world, laptop, GrantChange { remove: vec![Scope::Notes], ..GrantChange::default() });
    say(&mut world, desktop, &third, "said out of scope");
    change(&mut world, laptop, GrantChange { add: vec![Scope::Notes], ..GrantChange::default() });
    let seen = |world: &World| {
        ["laptop", "desktop", "scope"].map(|words| held(world, dana).iter().any(|item| item.contains(&format!(" {words}\""))))
    };
    for _ in 0..20 {
        assert_eq!(seen(&world), [false; 3]);
        world.run_for(HOUR);
    }
    world.run_for(HOUR * 6);
    assert_eq!(seen(&world), [true; 3]);
}

#[test]
fn what_is_said_just_before_somebody_is_invited_waits_too() {
    let mut world = World::new(3);
    let laptop = crate::story::family(&mut world, 1)[0];
    let session = log(&mut world, laptop, noted(52, "long ago"));
    world.run_for(HOUR * 25);
    edit(&mut world, laptop, &session, SessionFields { note: Some("a minute ago".into()), ..Default::default() });
    world.run_for(Duration::from_secs(60));
    let invite = Invite { scopes: vec![Scope::Ratings, Scope::Notes], delay_s: 24 * 3600, until: None, ..crate::story::invitation() };
    let ticket = world.ticket(laptop, Request::ShareInvite { invite, yes: true, no_wait: true });
    let dana = world.add("dana");
    world.must(dana, Request::HelperJoin { ticket, name: Some("Dana".into()), at: None });
    world.run_for(HOUR * 23);
    assert!(!is_held(&world, dana, "a minute ago"));
    world.run_for(HOUR * 2);
    assert!(is_held(&world, dana, "a minute ago"));
}

#[test]
fn a_delay_stands_still_while_a_clock_jumps_and_goes_on_over_a_restart() {
    let (mut world, laptop, desktop, dana) = robin_and_dana();
    // It comes back in time for the laptop to hear from it, with a clock by which nothing has waited.
    world.nodes[desktop].skew_s = -30 * 86_400;
    world.crash(desktop, HOUR * 22);
    change(&mut world, laptop, GrantChange { delay_s: Some(24 * 3600), ..GrantChange::default() });
    log(&mut world, laptop, after(48));
    world.run_for(HOUR);
    world.nodes[laptop].skew_s = 10 * 365 * 86_400;
    world.run_for(HOUR * 2);
    assert!(!is_held(&world, dana, "\"after\":48"), "a clock that was set says nothing");
    world.crash(laptop, Duration::from_secs(10));
    world.run_for(HOUR * 20);
    assert!(!is_held(&world, dana, "\"after\":48"), "nor does it over a restart");
    world.run_for(HOUR * 3);
    assert!(is_held(&world, dana, "\"after\":48"), "the time before the restart counts");
}

#[test]
fn what_was_there_when_a_delay_was_set_is_as_old_as_it_is() {
    let (mut world, laptop, _, dana) = robin_and_dana();
    change(&mut world, laptop, GrantChange { since: Some("2026-06-15".into()), ..GrantChange::default() });
    let old = log(&mut world, laptop, after(49));
    world.run_for(HOUR * 23);
    assert!(!is_held(&world, dana, "\"after\":49"), "before since");
    change(&mut world, laptop, GrantChange { delay_s: Some(24 * 3600), since: Some("2026-01-01".into()), ..GrantChange::default() });
    world.run_for(Duration::from_secs(600));
    assert!(!is_held(&world, dana, "\"after\":49"), "{old:?}");
    world.run_for(HOUR);
    assert!(is_held(&world, dana, "\"after\":49"), "a day after it was written, and not after the terms were made");
}

#[test]
fn what_is_said_on_a_quiet_machine_waits_from_then() {
    for seed in seeds(5) {
        let mut world = World::new(seed);
        let laptop = crate::story::family(&mut world, 1)[0];
        let invite = Invite { scopes: vec![Scope::Ratings, Scope::Notes], delay_s: 120, until: None, ..crate::story::invitation() };
        let ticket = world.ticket(laptop, Request::ShareInvite { invite, yes: true, no_wait: true });
        let dana = world.add("dana");
        world.must(dana, Request::HelperJoin { ticket, name: Some("Dana".into()), at: None });
        let session = log(&mut world, laptop, noted(52, "long ago"));
        world.run_for(Duration::from_secs(130));
        hold(&mut world, laptop, &session, None, false);
        // Nobody asks for anything, and nobody says anything.
        world.run_for(Duration::from_secs(110));
        edit(&mut world, laptop, &session, SessionFields { note: Some("just now".into()), ..Default::default() });
        hold(&mut world, laptop, &session, None, true);
        world.run_for(Duration::from_secs(115));
        assert!(!is_held(&world, dana, "just now"), "seed {seed}");
        world.run_for(Duration::from_secs(10));
        assert!(is_held(&world, dana, "just now"), "seed {seed}");
    }
}

#[test]
fn where_a_delay_becomes_longer_what_was_said_lately_waits_by_the_longer_one() {
    let (mut world, laptop, _, dana) = robin_and_dana();
    change(&mut world, laptop, scopes(&[Scope::Ratings, Scope::Notes]));
    let [held, paused] = ["held", "paused"].map(|words| log(&mut world, laptop, noted(52, words)));
    world.run_for(HOUR);
    hold(&mut world, laptop, &held, None, false);
    pause(&mut world, laptop, true);
    world.run_for(HOUR * 30);
    for session in [&held, &paused] {
        edit(&mut world, laptop, session, SessionFields { note: Some("said without a delay".into()), ..Default::default() });
    }
    world.run_for(HOUR);
    world.stop(laptop);
    change(&mut world, laptop, A_DAY);
    pause(&mut world, laptop, false);
    hold(&mut world, laptop, &held, None, true);
    world.run_for(HOUR * 22);
    assert!(!is_held(&world, dana, "said without a delay"));
    // Whoever comes later, with the longer delay, is told no sooner.
    let invite = Invite { name: "Sam".into(), scopes: vec![Scope::Notes], delay_s: 48 * 3600, until: None, ..crate::story::invitation() };
    let ticket = world.ticket(laptop, Request::ShareInvite { invite, yes: true, no_wait: true });
    let sam = world.add("sam");
    world.must(sam, Request::HelperJoin { ticket, name: Some("Sam".into()), at: None });
    world.run_for(HOUR * 2);
    assert!(is_held(&world, dana, "said without a delay") && !is_held(&world, sam, "said without a delay"));
    world.run_for(HOUR * 20);
    assert!(!is_held(&world, sam, "said without a delay"));
    world.run_for(HOUR * 5);
    assert!(is_held(&world, sam, "said without a delay"));
}

#[test]
fn what_was_said_waits_from_then_whatever_hides_it_meanwhile() {
    let (mut world, laptop, _, dana) = robin_and_dana();
    change(&mut world, laptop, GrantChange { scopes: Some(vec![Scope::Ratings, Scope::Notes]), ..A_DAY });
    let session = log(&mut world, laptop, noted(52, "long ago"));
    world.run_for(HOUR * 25);
    edit(&mut world, laptop, &session, SessionFields { note: Some("first".into()), ..Default::default() });
    world.run_for(HOUR);
    hold(&mut world, laptop, &session, None, false);
    edit(&mut world, laptop, &session, SessionFields { note: Some("second".into()), ..Default::default() });
    world.run_for(HOUR * 20);
    change(&mut world, laptop, GrantChange { remove: vec![Scope::Notes], ..GrantChange::default() });
    change(&mut world, laptop, GrantChange { add: vec![Scope::Notes], ..GrantChange::default() });
    hold(&mut world, laptop, &session, None, true);
    world.run_for(HOUR * 3);
    assert!(!is_held(&world, dana, "second"));
    world.run_for(HOUR * 2);
    assert!(is_held(&world, dana, "second"));
}

#[test]
fn what_is_taken_out_of_a_list_is_gone_at_once() {
    let (mut world, laptop, _, dana) = robin_and_dana();
    change(&mut world, laptop, GrantChange { scopes: Some(vec![Scope::Ratings, Scope::Notes]), ..A_DAY });
    let session = log(&mut world, laptop, SessionFields { tags: vec!["quiet".into(), "park".into()], ..noted(52, "long ago") });
    world.run_for(HOUR * 25);
    assert!(is_held(&world, dana, "quiet"));
    world.must(laptop, Request::Tag(TagAsk::Change { id: session.id.to_string(), add: vec![], remove: vec!["quiet".into()] }));
    world.run_for(Duration::from_secs(100));
    assert!(!is_held(&world, dana, "quiet") && is_held(&world, dana, "park"));
}

#[test]
fn every_device_says_what_waits() {
    let (mut world, laptop, desktop, _) = robin_and_dana();
    change(&mut world, laptop, GrantChange { scopes: Some(vec![Scope::Ratings, Scope::Notes]), ..A_DAY });
    let session = log(&mut world, laptop, noted(52, "long ago"));
    world.run_for(HOUR * 25);
    edit(&mut world, laptop, &session, SessionFields { note: Some("just now".into()), ..Default::default() });
    world.run_for(Duration::from_secs(5));
    for device in [laptop, desktop] {
        let Reply::Preview(preview) = world.must(device, Request::SharePreviewOf { name: "Dana".into() }) else { panic!() };
        assert_eq!(preview.waiting, 1);
    }
    pause(&mut world, laptop, true);
    log(&mut world, laptop, noted(53, "in a pause"));
    let Reply::Preview(preview) = world.must(laptop, Request::SharePreviewOf { name: "Dana".into() }) else { panic!() };
    assert_eq!(preview.waiting, 2, "what a pause keeps back waits too");
}

#[test]
fn where_it_is_forgotten_when_something_was_said_it_waits_from_now() {
    let (mut world, laptop, _, dana) = a_day_later(&[Scope::Ratings, Scope::Notes]);
    let session = log(&mut world, laptop, noted(52, "long ago"));
    world.run_for(HOUR * 25);
    hold(&mut world, laptop, &session, None, false);
    edit(&mut world, laptop, &session, SessionFields { note: Some("just now".into()), ..Default::default() });
    world.stop(laptop);
    world.nodes[laptop].disk.replace_behind(std::path::Path::new("/data/delays"), &[]);
    world.start(laptop);
    hold(&mut world, laptop, &session, None, true);
    world.run_for(HOUR * 23);
    assert!(!is_held(&world, dana, "just now"));
    world.run_for(HOUR * 2);
    assert!(is_held(&world, dana, "just now"));
}

#[test]
fn what_one_device_took_back_for_a_while_another_one_shows_again() {
    let (mut world, laptop, desktop, dana) = a_day_later(&[Scope::Ratings, Scope::Notes]);
    world.stop(desktop);
    world.crash(laptop, Duration::from_secs(1));
    // It has to hear from its like before it shows anything.
    world.start(desktop);
    world.run_for(Duration::from_secs(60));
    world.stop(desktop);
    let sessions: Vec<Session> = (0..6)
        .map(|n| log(&mut world, laptop, SessionFields { tags: vec![format!("old{n}")], ..noted(52, &format!("long ago {n}")) }))
        .collect();
    world.run_for(HOUR * 25);
    for (n, session) in sessions.iter().enumerate() {
        let change = TagAsk::Change { id: session.id.to_string(), add: vec![format!("new{n}")], remove: vec![format!("old{n}")] };
        world.must(laptop, Request::Tag(change));
    }
    world.run_for(Duration::from_secs(30));
    assert!(!is_held(&world, dana, "long ago"), "something is gone, and something new is to wait");
    world.start(desktop);
    world.run_for(Duration::from_secs(60));
    world.stop(laptop);
    world.run_for(HOUR * 25);
    for n in 0..6 {
        assert!(is_held(&world, dana, &format!("long ago {n}")) && is_held(&world, dana, &format!("new{n}")), "{n}");
    }
}

#[test]
fn where_it_could_not_be_kept_when_something_was_said_it_waits_from_the_start() {
    let mut world = World::new(3);
    let laptop = crate::story::family(&mut world, 1)[0];
    let invite = Invite { scopes: vec![Scope::Ratings, Scope::Notes], delay_s: 24 * 3600, until: None, ..crate::story::invitation() };
    let ticket = world.ticket(laptop, Request::ShareInvite { invite, yes: true, no_wait: true });
    let dana = world.add("dana");
    world.must(dana, Request::HelperJoin { ticket, name: Some("Dana".into()), at: None });
    let session = log(&mut world, laptop, noted(52, "long ago"));
    world.run_for(HOUR * 25);
    world.stop(laptop);
    let before = world.nodes[laptop].bytes_on_disk().remove(std::path::Path::new("/data/delays")).unwrap();
    world.start(laptop);
    edit(&mut world, laptop, &session, SessionFields { note: Some("just now".into()), ..Default::default() });
    world.run_for(HOUR * 20);
    world.stop(laptop);
    world.nodes[laptop].disk.replace_behind(std::path::Path::new("/data/delays"), &before);
    world.start(laptop);
    world.run_for(HOUR * 22);
    assert!(!is_held(&world, dana, "just now"));
    world.run_for(HOUR * 3);
    assert!(is_held(&world, dana, "just now"));
}

#[test]
fn what_comes_in_the_place_of_a_branch_that_gave_way_waits_too() {
    for seed in seeds(12) {
        let mut world = World::new(seed);
        let laptop = crate::story::family(&mut world, 1)[0];
        let invite = Invite { scopes: vec![Scope::Ratings, Scope::Notes], delay_s: 24 * 3600, until: None, ..crate::story::invitation() };
        let ticket = world.ticket(laptop, Request::ShareInvite { invite, yes: true, no_wait: true });
        let dana = world.add("dana");
        world.must(dana, Request::HelperJoin { ticket, name: Some("Dana".into()), at: None });
        let desktop = world.add("desktop");
        let ticket = world.ticket(laptop, Request::DevicePair { yes: true, no_wait: true });
        world.must(desktop, Request::DeviceJoin { ticket, name: None, at: None });
        // What is practised is told with each session: it has been said long enough, and only the sessions are new.
        world.run_for(HOUR * 30);
        // An old copy is put back and written in; what was written before stands on the desktop.
        let old = world.nodes[laptop].disk.copy();
        log(&mut world, laptop, noted(52, "one branch"));
        world.must(desktop, Request::Sync { wait_ms: Some(30_000) });
        world.cut(laptop, desktop);
        world.put_back(laptop, old);
        log(&mut world, laptop, noted(53, "the other branch"));
        world.heal();
        world.run_for(HOUR * 23);
        assert!(!is_held(&world, dana, "branch"), "seed {seed}");
        world.run_for(HOUR * 2);
        assert!(is_held(&world, dana, "one branch") && is_held(&world, dana, "the other branch"), "seed {seed}");
    }
}
