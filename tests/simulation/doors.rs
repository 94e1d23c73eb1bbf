//! Letting in and shutting out: joins that take long or break, shares that end.

use std::time::Duration;

use asif_daemon::people::space::Space;
use asif_daemon::replica::effect::ClientId;
use asif_proto::local::{ErrorKind, Reply, Request};
use asif_proto::record::SessionFields;
use uuid::Uuid;

use crate::hostile::{logs_of, robin_and_dana, steal};
use crate::shared::{after, all_meet, edit, held, log, seen};
use crate::story;
use crate::world::World;

fn note(text: &str) -> Request {
    Request::Log { practice: None, fields: Box::new(SessionFields { note: Some(text.into()), ..Default::default() }) }
}

fn marked(world: &World, dana: usize) -> usize {
    held(world, dana).iter().filter(|item| item.contains("\"after\":77")).count()
}

fn revoke(world: &mut World, node: usize) {
    world.must(node, Request::ShareRevoke { name: "Dana".into() });
}

#[track_caller]
fn has_heard_the_end(world: &mut World, devices: &[usize], dana: usize) {
    for device in devices {
        let Reply::Grants(grants) = world.must(*device, Request::ShareList) else { panic!() };
        assert_eq!(grants.iter().find(|grant| grant.name == "Dana").unwrap().end_reached, Some(true));
    }
    let Reply::Caseload(rows) = world.must(dana, Request::Caseload) else { panic!() };
    assert!(rows.iter().all(|row| row.ended.is_some()), "{rows:?}");
}

#[test]
fn what_was_not_sent_before_the_end_is_not_sent_after_it() {
    let (mut world, laptop, desktop, dana) = robin_and_dana();
    world.crash(dana, Duration::from_secs(10_000));
    log(&mut world, laptop, after(77));
    world.run_for(Duration::from_secs(20));
    revoke(&mut world, laptop);
    world.run_for(Duration::from_secs(20));
    world.start(dana);
    world.run_for(Duration::from_secs(200));
    assert_eq!(marked(&world, dana), 0);
    has_heard_the_end(&mut world, &[laptop, desktop], dana);
}

#[test]
fn what_another_device_published_after_the_end_is_not_sent() {
    let (mut world, laptop, desktop, dana) = all_meet();
    world.crash(dana, Duration::from_secs(10_000));
    world.cut(laptop, desktop);
    revoke(&mut world, laptop);
    log(&mut world, desktop, after(77));
    world.run_for(Duration::from_secs(20));
    world.heal();
    world.run_for(Duration::from_secs(100));
    world.start(dana);
    world.run_for(Duration::from_secs(200));
    assert_eq!(marked(&world, dana), 0);
    has_heard_the_end(&mut world, &[laptop, desktop], dana);
    for device in [laptop, desktop] {
        world.must(device, Request::Sync { wait_ms: Some(20_000) });
    }
}

#[test]
fn one_end_is_written_once_though_another_device_hears_of_it_first() {
    let (mut world, laptop, desktop, dana) = all_meet();
    let logs = |world: &World| {
        let shares = steal(world, laptop).registry;
        let shares = shares.all_epochs().filter(|epoch| matches!(epoch.space, Space::Share { .. }));
        shares.map(|epoch| logs_of(world, laptop, epoch).len()).sum::<usize>()
    };
    let before = logs(&world);
    revoke(&mut world, laptop);
    world.run_for(Duration::from_secs(200));
    assert_eq!(logs(&world), before + 1);
    has_heard_the_end(&mut world, &[laptop, desktop], dana);
}

#[test]
fn what_is_written_while_the_core_rests_is_published_afterwards() {
    let mut world = World::new(5);
    let laptop = story::family(&mut world, 1)[0];
    let dana = world.add("dana");
    let ticket = world.ticket(laptop, Request::ShareInvite { invite: story::invitation(), yes: true, no_wait: true });
    world.must(dana, Request::HelperJoin { ticket, name: None, at: None });
    world.nodes[laptop].rests = Some(Duration::from_secs(64));
    world.crash(laptop, Duration::from_secs(1));
    world.run_for(Duration::from_secs(2));
    log(&mut world, laptop, after(77));
    world.run_for(Duration::from_secs(30));
    assert_eq!(seen(&mut world, dana), 0, "it rests");
    world.run_for(Duration::from_secs(60));
    assert_eq!(seen(&mut world, dana), 1);
}

#[test]
fn a_new_device_takes_in_a_log_that_ends_with_a_stub() {
    let (mut world, laptop, desktop, _) = all_meet();
    let session = log(&mut world, laptop, after(11));
    world.run_for(Duration::from_secs(5));
    edit(&mut world, desktop, &session, SessionFields { after: after(12).after, ..Default::default() });
    world.run_for(Duration::from_secs(20));
    let third = world.add("third");
    let ticket = world.ticket(laptop, Request::DevicePair { yes: true, no_wait: true });
    let Reply::Joined(joined) = world.must(third, Request::DeviceJoin { ticket, name: None, at: None }) else { panic!() };
    assert!(joined.complete);
    world.must(third, Request::Sync { wait_ms: Some(20_000) });
}

#[test]
fn of_two_grants_to_one_helper_one_may_end_and_all_is_still_in_sync() {
    let (mut world, laptop, desktop, dana) = all_meet();
    for node in [laptop, desktop, dana] {
        world.must(node, Request::Sync { wait_ms: Some(20_000) });
    }
    assert_eq!(seen(&mut world, dana), 0);
}

#[test]
fn an_end_is_told_wherever_the_power_went_while_it_was_written() {
    for at in 0..32 {
        let (mut world, laptop, desktop, dana) = robin_and_dana();
        world.crash(desktop, Duration::from_secs(100_000));
        let calls = world.nodes[laptop].disk.calls() + at;
        let disk = world.nodes[laptop].disk.clone();
        disk.plan(move |call| (call.number >= calls).then_some(asif_daemon::store::Fault::PowerOff));
        let id = world.nodes[laptop].uuid(world.time);
        let request = Request::ShareRevoke { name: "Dana".into() };
        if world.again(laptop, id, request.clone()).is_none() {
            world.run_for(Duration::from_secs(5));
            assert!(matches!(world.again(laptop, id, request), Some(Ok(_))), "at {at}");
        }
        world.run_for(Duration::from_secs(200));
        has_heard_the_end(&mut world, &[laptop], dana);
    }
}

#[test]
fn a_helper_whose_share_ended_does_not_come_back_with_the_used_ticket() {
    let mut world = World::new(5);
    let devices = story::family(&mut world, 2);
    let (laptop, desktop, dana) = (devices[0], devices[1], world.add("dana"));
    let invite = story::invitation();
    let ticket = world.ticket(laptop, Request::ShareInvite { invite, yes: true, no_wait: true });
    let join = Request::HelperJoin { ticket, name: Some("Dana".into()), at: None };
    world.must(dana, join.clone());
    assert!(!world.nodes[laptop].strangers, "a used ticket opens no door to strangers");
    // On the device that does not hold the invitation.
    world.must(desktop, Request::Sync { wait_ms: Some(20_000) });
    revoke(&mut world, desktop);
    world.run_for(Duration::from_secs(100));
    let Some(Err(failure)) = world.ask(dana, join) else { panic!("let in") };
    assert_eq!(failure.kind, ErrorKind::Precondition);
}

/// A laptop whose person has not answered yet, and a desktop that asks to be let in: the world, the laptop and who gives, the desktop and who joins.
fn asked_and_not_answered() -> (World, (usize, ClientId), (usize, ClientId)) {
    let mut world = World::new(5);
    let laptop = story::family(&mut world, 1)[0];
    world.nodes[laptop].hesitates = true;
    let giver = world.begin(laptop, Request::DevicePair { yes: false, no_wait: false });
    let ticket = world.told_ticket(laptop, giver);
    let joiner = world.add("desktop");
    let join = world.begin(joiner, Request::DeviceJoin { ticket, name: None, at: None });
    (world, (laptop, giver), (joiner, join))
}

#[test]
fn a_person_may_hesitate_and_nothing_spins_and_a_no_shuts_the_door() {
    for yes in [true, false] {
        let (mut world, (laptop, giver), (joiner, join)) = asked_and_not_answered();
        world.run_for(Duration::from_secs(90));
        world.decide(laptop, yes);
        let answer = world.answer(joiner, join, Duration::from_secs(30)).unwrap();
        assert_eq!(answer.is_ok(), yes, "{answer:?}");
        assert_eq!(world.answer(laptop, giver, Duration::from_secs(30)).unwrap().is_ok(), yes);
        assert!(!world.nodes[laptop].strangers);
    }
}

#[test]
fn who_waits_to_be_let_in_hears_at_once_that_nobody_will_answer() {
    let (mut world, (laptop, giver), (joiner, join)) = asked_and_not_answered();
    world.run_for(Duration::from_secs(5));
    // Ctrl-C at the question.
    world.leave(laptop, giver);
    let answer = world.answer(joiner, join, Duration::from_secs(10)).expect("it is answered");
    assert_eq!(answer.unwrap_err().kind, ErrorKind::Precondition);
    assert!(!world.nodes[laptop].strangers);
}

#[test]
fn a_ticket_that_nobody_used_ends_the_waiting() {
    let mut world = World::new(5);
    let laptop = story::family(&mut world, 1)[0];
    let giver = world.begin(laptop, Request::DevicePair { yes: false, no_wait: false });
    assert!(world.nodes[laptop].strangers);
    world.run_for(Duration::from_secs(24 * 3600 + 1));
    let Some(Err(failure)) = world.answer(laptop, giver, Duration::from_secs(1)) else { panic!() };
    assert_eq!(failure.kind, ErrorKind::Precondition);
    assert!(!world.nodes[laptop].strangers);
}

#[test]
fn while_a_begun_home_waits_to_be_let_in_nothing_is_written_that_would_be_lost() {
    let mut world = World::new(5);
    let laptop = story::family(&mut world, 1)[0];
    world.nodes[laptop].hesitates = true;
    let giver = world.begin(laptop, Request::DevicePair { yes: false, no_wait: false });
    let ticket = world.told_ticket(laptop, giver);
    let joiner = world.add("desktop");
    world.must(joiner, Request::Init { name: None, device: None, wish: None, goal: None });
    let join = world.begin(joiner, Request::DeviceJoin { ticket, name: None, at: None });
    world.run_for(Duration::from_secs(10));
    let Some(Err(failure)) = world.ask(joiner, note("mine")) else { panic!() };
    assert_eq!(failure.kind, ErrorKind::Precondition);
    world.decide(laptop, true);
    world.answer(joiner, join, Duration::from_secs(30)).unwrap().unwrap();
    world.must(joiner, note("ours"));
    world.must(laptop, Request::Sync { wait_ms: Some(20_000) });
}

#[test]
fn a_join_whose_answer_was_lost_is_answered_again() {
    let mut world = World::new(5);
    let laptop = story::family(&mut world, 1)[0];
    let (desktop, dana) = (world.add("desktop"), world.add("dana"));
    let ticket = world.ticket(laptop, Request::DevicePair { yes: true, no_wait: true });
    let device = Request::DeviceJoin { ticket, name: None, at: None };
    let ticket = world.ticket(laptop, Request::ShareInvite { invite: story::invitation(), yes: true, no_wait: true });
    let helper = Request::HelperJoin { ticket, name: None, at: None };
    for (node, join) in [(desktop, device), (dana, helper)] {
        let id = Uuid::from_u128(77);
        assert!(matches!(world.again(node, id, join.clone()), Some(Ok(Reply::Joined(_)))));
        world.crash(node, Duration::from_secs(1));
        world.run_for(Duration::from_secs(5));
        assert!(matches!(world.again(node, id, join), Some(Ok(Reply::Joined(_)))));
    }
}

#[test]
fn a_journal_can_be_begun_wherever_the_power_went_while_it_was() {
    for at in 0..32 {
        let mut world = World::new(5);
        let laptop = world.add("laptop");
        let calls = world.nodes[laptop].disk.calls() + at;
        let disk = world.nodes[laptop].disk.clone();
        disk.plan(move |call| (call.number >= calls).then_some(asif_daemon::store::Fault::PowerOff));
        let init = |name: &str| Request::Init { name: Some(name.into()), device: None, wish: None, goal: None };
        let id = world.nodes[laptop].uuid(world.time);
        if world.again(laptop, id, init("Robin")).is_none() {
            world.run_for(Duration::from_secs(5));
            // Another request, as by somebody who saw no answer: it finds a whole journal, or makes one.
            match world.ask(laptop, init("Robin")) {
                Some(Ok(_)) => {}
                Some(Err(failure)) => assert_eq!(failure.kind, ErrorKind::Precondition, "at {at}"),
                None => panic!("at {at}"),
            }
        }
        world.nodes[laptop].disk.heal();
        world.must(laptop, note("mine"));
        let Reply::Status(status) = world.must(laptop, Request::Status) else { panic!() };
        assert_eq!(status.name.as_deref(), Some("Robin"), "at {at}");
    }
}

/// Two devices that do not meet invite Dana apart; the tickets.
fn invited_apart(world: &mut World, devices: &[usize]) -> Vec<String> {
    world.cut(devices[0], devices[1]);
    let invite = |device: &usize| world.ticket(*device, Request::ShareInvite { invite: story::invitation(), yes: true, no_wait: true });
    devices.iter().map(invite).collect()
}

#[test]
fn a_name_ends_all_that_is_shared_under_it_and_its_open_invitations_on_other_devices_too() {
    let mut world = World::new(6);
    let devices = story::family(&mut world, 2);
    let (laptop, desktop, dana) = (devices[0], devices[1], world.add("dana"));
    let tickets = invited_apart(&mut world, &devices);
    world.must(dana, Request::HelperJoin { ticket: tickets[1].clone(), name: Some("Dana".into()), at: None });
    world.run_for(Duration::from_secs(20));
    world.heal();
    world.run_for(Duration::from_secs(100));
    revoke(&mut world, desktop);
    world.run_for(Duration::from_secs(100));
    let join = Request::HelperJoin { ticket: tickets[0].clone(), name: None, at: None };
    let Some(Err(failure)) = world.ask(dana, join) else { panic!("let in by the laptop's ticket") };
    assert_eq!(failure.kind, ErrorKind::Precondition);
    // A later invitation is another.
    let ticket = world.ticket(laptop, Request::ShareInvite { invite: story::invitation(), yes: true, no_wait: true });
    world.must(dana, Request::HelperJoin { ticket, name: None, at: None });
}

#[test]
fn of_two_shares_under_one_name_the_name_ends_both_and_a_receipt_one() {
    for by_receipt in [false, true] {
        let mut world = World::new(7);
        let devices = story::family(&mut world, 2);
        let (laptop, dana) = (devices[0], world.add("dana"));
        for ticket in invited_apart(&mut world, &devices) {
            world.must(dana, Request::HelperJoin { ticket, name: Some("Dana".into()), at: None });
        }
        world.heal();
        world.run_for(Duration::from_secs(100));
        let Reply::Grants(both) = world.must(laptop, Request::ShareList) else { panic!() };
        assert_eq!(both.len(), 2);
        let name = if by_receipt { both[0].receipt.clone() } else { "dana".into() };
        let Reply::Grants(ended) = world.must(laptop, Request::ShareRevoke { name }) else { panic!() };
        assert_eq!(ended.len(), if by_receipt { 1 } else { 2 });
        let Reply::Grants(grants) = world.must(laptop, Request::ShareList) else { panic!() };
        assert_eq!(grants.iter().filter(|grant| grant.ended.is_some()).count(), ended.len());
    }
}

#[test]
fn whoever_came_in_by_an_invitation_that_had_ended_elsewhere_is_seen_out() {
    let mut world = World::new(8);
    let devices = story::family(&mut world, 2);
    let (laptop, desktop, dana) = (devices[0], devices[1], world.add("dana"));
    let tickets = invited_apart(&mut world, &devices);
    world.must(dana, Request::HelperJoin { ticket: tickets[0].clone(), name: Some("Dana".into()), at: None });
    world.run_for(Duration::from_secs(5));
    revoke(&mut world, laptop);
    // The desktop has not heard of it.
    world.must(dana, Request::HelperJoin { ticket: tickets[1].clone(), name: None, at: None });
    world.run_for(Duration::from_secs(20));
    world.heal();
    world.run_for(Duration::from_secs(200));
    for device in [laptop, desktop] {
        let Reply::Grants(grants) = world.must(device, Request::ShareList) else { panic!() };
        assert!(grants.len() == 2 && grants.iter().all(|grant| grant.ended.is_some()), "{grants:?}");
    }
    log(&mut world, desktop, after(77));
    world.run_for(Duration::from_secs(100));
    assert_eq!(marked(&world, dana), 0);
}
