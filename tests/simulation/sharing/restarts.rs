//! Starts: what came to be due meanwhile is shown at once, and an old copy of a journal shows nothing of what was taken back since.

use std::time::Duration;

use asif_proto::local::{GrantChange, HelperAsk, HelperDeed, Invite, Reply, Request};
use asif_proto::record::{ClearField, SessionFields, Visibility};
use asif_proto::share::{GrantView, Scope};

use super::{HOUR, change, hold, is_held, noted, pause};
use crate::shared::{after, edit, log};
use crate::world::World;

const SOON: Duration = Duration::from_secs(5);

/// Robin with one device, and Dana, who sees these.
fn robin_alone(delay_s: u32) -> (World, usize, usize) {
    robin_alone_of(5, delay_s)
}

fn robin_alone_of(seed: u64, delay_s: u32) -> (World, usize, usize) {
    let mut world = World::new(seed);
    let laptop = crate::story::family(&mut world, 1)[0];
    let invite = Invite { scopes: vec![Scope::Ratings, Scope::Notes], delay_s, until: None, ..crate::story::invitation() };
    let ticket = world.ticket(laptop, Request::ShareInvite { invite, yes: true, no_wait: true });
    let dana = world.add("dana");
    world.must(dana, Request::HelperJoin { ticket, name: Some("Dana".into()), at: None });
    world.run_for(SOON);
    (world, laptop, dana)
}

fn grant(world: &mut World, laptop: usize) -> GrantView {
    let Reply::Grants(grants) = world.must(laptop, Request::ShareList) else { panic!() };
    grants.into_iter().find(|grant| grant.name == "Dana").unwrap()
}

#[test]
fn what_came_to_be_due_while_it_was_off_is_shown_at_the_start() {
    let (mut world, laptop, dana) = robin_alone(24 * 3600);
    log(&mut world, laptop, noted(51, "said in the evening"));
    world.run_for(HOUR);
    world.stop(laptop);
    world.run_for(HOUR * 30);
    assert!(!is_held(&world, dana, "said in the evening"));
    world.start(laptop);
    world.run_for(SOON);
    assert!(is_held(&world, dana, "said in the evening"));
}

#[test]
fn what_was_committed_and_not_shown_is_shown_at_the_start() {
    for at in 0..40 {
        let (mut world, laptop, dana) = robin_alone(0);
        log(&mut world, laptop, noted(50, "before"));
        world.run_for(SOON);
        let calls = world.nodes[laptop].disk.calls() + at;
        world.nodes[laptop].disk.plan(move |call| (call.number >= calls).then_some(asif_daemon::store::Fault::PowerOff));
        let fields = noted(51, "while the power went");
        let asked = world.ask(laptop, Request::Log { practice: Some("lunch".into()), fields: Box::new(fields) });
        world.nodes[laptop].disk.heal();
        world.start(laptop);
        world.run_for(SOON);
        let Reply::Sessions(all) = world.must(laptop, Request::List(asif_proto::local::ListFilter::default())) else { panic!() };
        let is_here = all.iter().any(|one| one.note.as_deref() == Some("while the power went"));
        assert!(is_here || !matches!(asked, Some(Ok(_))), "at {at}");
        assert_eq!(is_held(&world, dana, "while the power went"), is_here, "at {at}");
    }
}

#[test]
fn an_old_copy_that_is_put_back_shows_nothing_that_was_taken_back_since() {
    let (mut world, laptop, dana) = robin_alone(0);
    let all: Vec<_> = (0..3).map(|n| log(&mut world, laptop, noted(50 + n, &format!("words {n}")))).collect();
    world.run_for(SOON);
    assert!((0..3).all(|n| is_held(&world, dana, &format!("words {n}"))));
    world.stop(laptop);
    let old = world.nodes[laptop].disk.copy();
    world.start(laptop);
    edit(&mut world, laptop, &all[0], SessionFields { visibility: Some(Visibility::Private), ..Default::default() });
    hold(&mut world, laptop, &all[1], None, false);
    world.must(laptop, Request::Delete { id: all[2].id.to_string() });
    world.run_for(HOUR);
    let shows_any = |world: &World| (0..3).any(|n| is_held(world, dana, &format!("words {n}")));
    assert!(!shows_any(&world));
    world.put_back(laptop, old);
    world.run_for(HOUR);
    for _ in 0..3 {
        let purpose = |words: &str| GrantChange { purpose: Some(words.into()), ..GrantChange::default() };
        change(&mut world, laptop, purpose("one"));
        pause(&mut world, laptop, true);
        change(&mut world, laptop, purpose("two"));
        pause(&mut world, laptop, false);
        world.run_for(HOUR);
        assert!(!shows_any(&world));
    }
    log(&mut world, laptop, noted(60, "new words"));
    world.run_for(SOON);
    assert!(is_held(&world, dana, "new words"));
    // Whoever says who may see it, often enough to know as much as was known, is heard.
    for _ in 0..3 {
        for visibility in [Visibility::Private, Visibility::Inherit] {
            edit(&mut world, laptop, &all[0], SessionFields { visibility: Some(visibility), ..Default::default() });
        }
    }
    world.run_for(SOON);
    assert!(is_held(&world, dana, "words 0") && !is_held(&world, dana, "words 1"));
}

#[test]
fn an_old_copy_that_is_put_back_takes_over_the_terms_that_its_helper_holds() {
    let (mut world, laptop, dana) = robin_alone(0);
    log(&mut world, laptop, noted(50, "in scope"));
    world.run_for(SOON);
    world.stop(laptop);
    let old = world.nodes[laptop].disk.copy();
    world.start(laptop);
    change(&mut world, laptop, GrantChange { delay_s: Some(60), ..GrantChange::default() });
    change(&mut world, laptop, GrantChange { remove: vec![Scope::Notes], ..GrantChange::default() });
    world.run_for(HOUR);
    assert!(!is_held(&world, dana, "in scope"));
    world.put_back(laptop, old);
    log(&mut world, laptop, noted(61, "out of scope"));
    world.run_for(HOUR);
    let there = grant(&mut world, laptop);
    assert_eq!((there.scopes, there.delay_s), (vec![Scope::Ratings], 60));
    let shown = crate::shared::held(&world, dana);
    let words = |words: &str| shown.iter().any(|item| item.contains(words));
    assert!(!words("in scope") && !words("out of scope") && words("\"after\":61"), "{shown:?}");
    change(&mut world, laptop, GrantChange { add: vec![Scope::Notes], ..GrantChange::default() });
    world.run_for(HOUR);
    assert!(is_held(&world, dana, "out of scope"), "what the person says now counts");
}

#[test]
fn an_old_copy_that_is_put_back_shows_nothing_that_was_taken_out_since() {
    for written in [0, 9] {
        let (mut world, laptop, dana) = robin_alone(0);
        let told = log(&mut world, laptop, noted(50, "too much told"));
        world.run_for(SOON);
        world.stop(laptop);
        let old = world.nodes[laptop].disk.copy();
        world.start(laptop);
        let (id, fields, clear) = (told.id.to_string(), Box::default(), vec![ClearField::Note]);
        world.must(laptop, Request::Edit { id, fields, clear, base: None });
        world.run_for(HOUR);
        world.cut(laptop, dana);
        world.put_back(laptop, old);
        (0..written).for_each(|n| drop(log(&mut world, laptop, after(60 + n))));
        world.heal();
        world.run_for(HOUR);
        for paused in [true, false] {
            change(&mut world, laptop, GrantChange { purpose: Some(format!("{paused}")), ..GrantChange::default() });
            pause(&mut world, laptop, paused);
            world.run_for(HOUR);
            assert!(!is_held(&world, dana, "too much told"), "{written}");
        }
        log(&mut world, laptop, after(90));
        world.run_for(HOUR);
        assert!(is_held(&world, dana, "\"after\":90"), "{written}");
        world.must(laptop, Request::Sync { wait_ms: Some(60_000) });
    }
}

#[test]
fn an_old_copy_that_is_put_back_says_that_a_share_has_ended() {
    let (mut world, laptop, _) = robin_alone(0);
    log(&mut world, laptop, after(50));
    world.run_for(SOON);
    world.stop(laptop);
    let old = world.nodes[laptop].disk.copy();
    world.start(laptop);
    world.must(laptop, Request::ShareRevoke { name: "Dana".into() });
    world.run_for(HOUR);
    let ended = grant(&mut world, laptop);
    assert!(ended.ended.is_some() && ended.deletions.iter().any(|one| one.items.is_some()), "{ended:?}");
    world.put_back(laptop, old);
    world.run_for(SOON);
    let told = grant(&mut world, laptop);
    assert!(told.ended.is_some(), "{told:?}");
    world.run_for(HOUR);
    assert_eq!(grant(&mut world, laptop).deletions, ended.deletions);
}

#[test]
fn what_a_helper_deleted_is_counted_over_a_crash() {
    for at in 0..40 {
        let (mut world, laptop, dana) = robin_alone(0);
        for n in 0..3 {
            log(&mut world, laptop, after(50 + n));
        }
        world.run_for(SOON);
        let shown = grant(&mut world, laptop).items;
        let calls = world.nodes[dana].disk.calls() + at;
        world.nodes[dana].disk.plan(move |call| (call.number >= calls).then_some(asif_daemon::store::Fault::PowerOff));
        world.ask(dana, Request::Helper(HelperAsk { client: "Robin".into(), what: HelperDeed::Leave }));
        world.run_for(SOON);
        world.nodes[dana].disk.heal();
        world.start(dana);
        world.run_for(SOON);
        if grant(&mut world, laptop).left.is_none() {
            world.must(dana, Request::Helper(HelperAsk { client: "Robin".into(), what: HelperDeed::Leave }));
        }
        world.run_for(HOUR);
        let items: Vec<_> = grant(&mut world, laptop).deletions.iter().map(|one| one.items).collect();
        assert_eq!(items, [Some(shown)], "at {at}");
    }
}

#[test]
fn whoever_left_is_told_that_the_client_has_not_heard() {
    let (mut world, laptop, dana) = robin_alone(0);
    let unreached = |world: &mut World| {
        let Reply::Synced(synced) = world.must(dana, Request::Sync { wait_ms: None }) else { panic!() };
        synced.unreached
    };
    world.stop(laptop);
    world.must(dana, Request::Helper(HelperAsk { client: "Robin".into(), what: HelperDeed::Leave }));
    world.run_for(SOON);
    assert!(unreached(&mut world).values().any(|why| why.contains("has not heard yet")));
    world.start(laptop);
    world.run_for(HOUR);
    assert_eq!(unreached(&mut world).len(), 0);
}

#[test]
fn what_is_over_by_its_time_is_said_to_be_deleted_once_it_is() {
    let (mut world, laptop, dana) = robin_alone(0);
    log(&mut world, laptop, after(50));
    change(&mut world, laptop, GrantChange { until: Some("2026-11-19".into()), ..GrantChange::default() });
    world.run_for(SOON);
    world.stop(laptop);
    let opened = |world: &mut World| {
        let Reply::Client(client) = world.must(dana, Request::CaseloadOpen { client: "Robin".into() }) else { panic!() };
        (client.ended.is_some(), client.by_time, client.deleted, client.sessions.len())
    };
    assert_eq!(opened(&mut world), (false, false, false, 1));
    world.run_for(HOUR * 14);
    assert_eq!(opened(&mut world), (true, true, false, 0));
    world.run_for(HOUR * 25);
    assert_eq!(opened(&mut world), (true, true, true, 0));
}

#[test]
fn a_copy_that_runs_beside_its_original_or_is_put_back_leaves_nobody_stuck() {
    for seed in crate::seeds(16) {
        let (mut world, laptop, dana) = robin_alone_of(seed, 0);
        log(&mut world, laptop, noted(50, "before"));
        world.run_for(SOON);
        world.stop(laptop);
        let old = world.nodes[laptop].disk.copy();
        let twin = (seed % 2 == 0).then(|| world.copy(laptop, "twin"));
        world.start(laptop);
        for n in 0..3 {
            log(&mut world, laptop, after(60 + n));
            if let Some(twin) = twin {
                log(&mut world, twin, after(70 + n));
            }
        }
        world.run_for(HOUR);
        match twin {
            Some(twin) => world.stop(twin),
            None => world.put_back(laptop, old),
        }
        let count = world.below(12);
        (0..count).for_each(|_| drop(log(&mut world, laptop, after(80))));
        world.run_for(HOUR);
        world.crash(laptop, Duration::from_secs(1));
        world.run_for(HOUR);
        log(&mut world, laptop, after(90));
        world.run_for(HOUR);
        assert!(is_held(&world, dana, "\"after\":90"), "seed {seed}");
        world.must(laptop, Request::Sync { wait_ms: Some(60_000) });
    }
}
