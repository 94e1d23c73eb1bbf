//! Starts and ends: what came to be due meanwhile is shown at once, and what a helper deleted is counted.

use std::time::Duration;

use asif_proto::local::{GrantChange, HelperAsk, HelperDeed, Invite, Reply, Request};
use asif_proto::share::{GrantView, Scope};

use super::{HOUR, change, is_held, noted};
use crate::shared::{after, log};
use crate::world::World;

const SOON: Duration = Duration::from_secs(5);

/// Robin with one device, and Dana, who sees these.
fn robin_alone(delay_s: u32) -> (World, usize, usize) {
    let mut world = World::new(5);
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
