//! What a helper has: of several devices, and of several shares of one person.

use std::time::Duration;

use asif_proto::local::{
    BeliefAsk, ExperimentAsk, ExperimentFields, HelperAsk, HelperDeed, Invite, NewBelief, NewOutcome, Plan, PracticeFields, Reply, Request,
    ShareAsk,
};
use asif_proto::peer::Message;
use asif_proto::record::{BeliefRole, Visibility};
use asif_proto::share::Scope;

use super::{HOUR, is_held};
use crate::shared::{after, log};
use crate::world::World;

fn helped(world: &mut World, client: usize, helper: usize) {
    let invite = Invite { scopes: vec![Scope::Ratings, Scope::Beliefs], until: None, ..crate::story::invitation() };
    let ticket = world.ticket(client, Request::ShareInvite { invite, yes: true, no_wait: true });
    world.must(helper, Request::HelperJoin { ticket, name: Some("Dana".into()), at: None });
    world.run_for(Duration::from_secs(5));
}

fn deed(what: HelperDeed) -> Request {
    Request::Helper(HelperAsk { client: "Robin".into(), what })
}

#[test]
fn a_belief_that_was_rated_with_an_experiment_tells_nothing_of_one_that_is_not_to_be_seen() {
    let mut world = World::new(3);
    let laptop = crate::story::family(&mut world, 1)[0];
    let dana = world.add("dana");
    helped(&mut world, laptop, dana);
    let belief = NewBelief {
        statement: "I am enough".into(),
        role: BeliefRole::New,
        block: None,
        head: None,
        heart: None,
        visibility: Visibility::Inherit,
    };
    let Reply::Belief(belief) = world.must(laptop, Request::Belief(BeliefAsk::Add(belief))) else { panic!() };
    let tried = |world: &mut World, visibility: Visibility, hold: bool, head: u8| {
        let plan = Plan { belief: Some(belief.id.to_string()), prediction: Some(20.try_into().unwrap()), visibility, ..Plan::default() };
        let Reply::Experiment(one) =
            world.must(laptop, Request::Experiment(ExperimentAsk::Try { practice: "lunch".into(), plan: Box::new(plan) }))
        else {
            panic!()
        };
        if hold {
            world.must(laptop, Request::Share(ShareAsk::Hold { id: one.id.to_string(), until: None, off: false }));
        }
        let outcome = NewOutcome { after: Some(3.try_into().unwrap()), head: Some(head.try_into().unwrap()), ..NewOutcome::default() };
        world
            .must(laptop, Request::Experiment(ExperimentAsk::Outcome { experiment: Some(one.id.to_string()), outcome: Box::new(outcome) }));
        one.id.to_string()
    };
    tried(&mut world, Visibility::Private, false, 91);
    let held = tried(&mut world, Visibility::Inherit, true, 92);
    let told = tried(&mut world, Visibility::Inherit, false, 93);
    let seen = |world: &World| [91, 92, 93].map(|head| is_held(world, dana, &format!("\"head\":{head}")));
    world.run_for(Duration::from_secs(100));
    assert_eq!(seen(&world), [false, false, true]);
    world.must(laptop, Request::Share(ShareAsk::Hold { id: held, until: None, off: true }));
    let fields = Box::new(ExperimentFields { visibility: Some(Visibility::Private), ..ExperimentFields::default() });
    world.must(laptop, Request::Experiment(ExperimentAsk::Edit { experiment: told, fields }));
    world.run_for(Duration::from_secs(100));
    assert_eq!(seen(&world), [false, true, false]);
    assert!(!is_held(&world, dana, "\"experiment\":\""), "which experiment it was is told to nobody");
}

#[test]
fn a_helper_finds_the_notes_again_after_a_new_invitation() {
    let mut world = World::new(3);
    let laptop = crate::story::family(&mut world, 1)[0];
    let dana = world.add("dana");
    helped(&mut world, laptop, dana);
    world.must(dana, deed(HelperDeed::Note { text: "before".into() }));
    world.must(laptop, Request::ShareRevoke { name: "Dana".into() });
    world.run_for(Duration::from_secs(60));
    let Reply::Client(ended) = world.must(dana, Request::CaseloadOpen { client: "Robin".into() }) else { panic!() };
    assert!(ended.ended.is_some() && ended.left.is_none());
    helped(&mut world, laptop, dana);
    world.run_for(HOUR);
    world.must(dana, deed(HelperDeed::Note { text: "after".into() }));
    let notes = |world: &mut World| {
        let Reply::HelperNotes(notes) = world.must(dana, deed(HelperDeed::Notes)) else { panic!() };
        notes.into_iter().map(|note| note.value.text).collect::<Vec<_>>()
    };
    assert_eq!(notes(&mut world), ["after", "before"]);
    world.must(dana, deed(HelperDeed::Leave));
    let Reply::Client(left) = world.must(dana, Request::CaseloadOpen { client: "Robin".into() }) else { panic!() };
    assert!(left.left.is_some(), "who ended it is told");
    assert_eq!(notes(&mut world), ["after", "before"]);
}

#[test]
fn every_device_of_a_helper_reports_what_it_opened() {
    let mut world = World::new(3);
    let laptop = crate::story::family(&mut world, 1)[0];
    let dana = world.add("dana");
    helped(&mut world, laptop, dana);
    let phone = world.add("phone");
    let ticket = world.ticket(dana, Request::DevicePair { yes: true, no_wait: true });
    world.must(phone, Request::DeviceJoin { ticket, name: None, at: None });
    log(&mut world, laptop, after(71));
    world.run_for(Duration::from_secs(20));
    for device in [dana, phone, dana] {
        world.must(device, Request::CaseloadOpen { client: "Robin".into() });
        world.run_for(Duration::from_secs(5));
    }
    let Reply::Openings(told) = world.must(laptop, Request::Share(ShareAsk::Log { name: None, since: None })) else { panic!() };
    let devices: std::collections::BTreeSet<_> = told.iter().map(|one| one.device.clone()).collect();
    assert_eq!((told.len(), devices.len()), (2, 2), "{told:?}");
}

#[test]
fn what_there_is_no_room_for_is_not_sent_without_end() {
    let mut world = World::new(3);
    let laptop = crate::story::family(&mut world, 1)[0];
    let dana = world.add("dana");
    helped(&mut world, laptop, dana);
    let phone = world.add("phone");
    let ticket = world.ticket(dana, Request::DevicePair { yes: true, no_wait: true });
    world.must(phone, Request::DeviceJoin { ticket, name: None, at: None });
    world.run_for(Duration::from_secs(20));
    // Each has room by itself; both together have not.
    for (apart, other) in [(dana, phone), (phone, dana)] {
        world.stop(other);
        world.cut(apart, laptop);
        for _ in 0..40 {
            world.must(apart, deed(HelperDeed::Understood { text: "long words ".repeat(11_000) }));
        }
    }
    world.heal();
    world.start(dana);
    world.run_for(Duration::from_secs(60));
    world.recorded = Some(Vec::new());
    world.run_for(Duration::from_secs(60));
    let said = world.recorded.take().unwrap();
    let sent = said.iter().filter(|(_, to, message)| *to == laptop && matches!(message, Message::Entries(_))).count();
    assert!(sent < 20, "{sent} runs in a minute");
}

#[test]
fn a_rating_goes_and_comes_with_the_practice_of_its_experiment() {
    let mut world = World::new(3);
    let laptop = crate::story::family(&mut world, 1)[0];
    let dana = world.add("dana");
    helped(&mut world, laptop, dana);
    let belief = NewBelief {
        statement: "I am enough".into(),
        role: BeliefRole::New,
        block: None,
        head: None,
        heart: None,
        visibility: Visibility::Inherit,
    };
    let Reply::Belief(belief) = world.must(laptop, Request::Belief(BeliefAsk::Add(belief))) else { panic!() };
    let plan = Plan { belief: Some(belief.id.to_string()), prediction: Some(20.try_into().unwrap()), ..Plan::default() };
    world.must(laptop, Request::Experiment(ExperimentAsk::Try { practice: "lunch".into(), plan: Box::new(plan) }));
    let outcome = NewOutcome { after: Some(3.try_into().unwrap()), head: Some(88.try_into().unwrap()), ..NewOutcome::default() };
    world.must(laptop, Request::Experiment(ExperimentAsk::Outcome { experiment: None, outcome: Box::new(outcome) }));
    for (visibility, is_told) in [(Visibility::Private, false), (Visibility::Inherit, true)] {
        let fields = Box::new(PracticeFields { visibility: Some(visibility), ..PracticeFields::default() });
        world.must(laptop, Request::PracticeEdit { practice: "lunch".into(), fields });
        world.run_for(Duration::from_secs(10));
        assert_eq!(is_held(&world, dana, "\"head\":88"), is_told);
    }
}

#[test]
fn an_invitation_that_nobody_can_be_asked_about_any_more_is_taken_back() {
    let mut world = World::new(3);
    let laptop = crate::story::family(&mut world, 1)[0];
    let invite = Invite { scopes: vec![Scope::Ratings], until: None, ..crate::story::invitation() };
    world.begin(laptop, Request::ShareInvite { invite, yes: false, no_wait: false });
    world.run_for(Duration::from_secs(1));
    let listed = |world: &mut World| {
        let Reply::Grants(grants) = world.must(laptop, Request::ShareList) else { panic!() };
        grants.len()
    };
    assert_eq!(listed(&mut world), 1);
    world.crash(laptop, Duration::from_secs(1));
    world.run_for(Duration::from_secs(5));
    assert_eq!(listed(&mut world), 0);
}
