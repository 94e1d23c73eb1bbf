//! Two own devices that do something before they heard of each other: what is no longer to be seen is gone within seconds.

use std::time::Duration;

use asif_proto::local::{
    ErrorKind, ExperimentAsk, GrantChange, HelperAsk, HelperDeed, Invite, NewOutcome, Plan, PracticeFields, RapportAsk, Reply, Request,
    ShareAsk,
};
use asif_proto::record::{SessionFields, Visibility};
use asif_proto::share::{GrantView, Scope};

use super::{HOUR, change, is_held, noted, scopes};
use crate::hostile::robin_and_dana_of;
use crate::seeds;
use crate::shared::{after, edit, log};
use crate::world::World;

const SOON: Duration = Duration::from_secs(5);

/// Both before one hears of the other, in either order; with the laptop gone right after, too.
fn races(what: impl Fn(&mut World, usize, usize), other: impl Fn(&mut World, usize, usize), words: &str) {
    for seed in seeds(6) {
        let (mut world, laptop, desktop, dana) = robin_and_dana_of(seed);
        change(&mut world, laptop, scopes(&[Scope::Ratings, Scope::Notes, Scope::Experiments, Scope::Practices]));
        world.run_for(Duration::from_secs(70));
        world.cut(laptop, desktop);
        if seed % 2 == 0 {
            what(&mut world, laptop, desktop);
            other(&mut world, laptop, desktop);
        } else {
            other(&mut world, laptop, desktop);
            what(&mut world, laptop, desktop);
        }
        world.run_for(Duration::from_secs(2));
        world.heal();
        world.run_for(Duration::from_secs(45));
        let met = world.ask(desktop, Request::Sync { wait_ms: Some(30_000) });
        assert!(matches!(met, Some(Ok(_))), "seed {seed}: {met:?}");
        world.run_for(SOON);
        assert!(!is_held(&world, dana, words), "seed {seed}");
        world.run_for(Duration::from_secs(100));
        assert!(!is_held(&world, dana, words), "seed {seed}: and stays so");
    }
}

#[test]
fn what_is_written_under_a_practice_that_became_private() {
    let hide = |world: &mut World, laptop: usize, _: usize| {
        let fields = Box::new(PracticeFields { visibility: Some(Visibility::Private), ..PracticeFields::default() });
        world.must(laptop, Request::PracticeEdit { practice: "lunch".into(), fields });
    };
    let write = |world: &mut World, _: usize, desktop: usize| drop(log(world, desktop, noted(61, "under a private practice")));
    races(hide, write, "under a private practice");
}

#[test]
fn what_is_written_in_a_scope_that_was_taken_away() {
    let narrow = |world: &mut World, laptop: usize, _: usize| {
        change(world, laptop, GrantChange { remove: vec![Scope::Notes], ..GrantChange::default() });
    };
    let write = |world: &mut World, _: usize, desktop: usize| drop(log(world, desktop, noted(61, "out of scope")));
    races(narrow, write, "out of scope");
}

#[test]
fn the_outcome_of_an_experiment_that_is_kept_back() {
    let begin = |world: &mut World, laptop: usize| {
        let plan = Plan { prediction: Some(20.try_into().unwrap()), ..Plan::default() };
        let try_it = Request::Experiment(ExperimentAsk::Try { practice: "lunch".into(), plan: Box::new(plan) });
        let Reply::Experiment(planned) = world.must(laptop, try_it) else { panic!() };
        planned.id.to_string()
    };
    for seed in seeds(6) {
        let (mut world, laptop, desktop, dana) = robin_and_dana_of(seed);
        change(&mut world, laptop, GrantChange { until: Some("2027-06-01".into()), ..scopes(&[Scope::Ratings, Scope::Experiments]) });
        let experiment = begin(&mut world, laptop);
        world.run_for(Duration::from_secs(70));
        world.must(laptop, Request::Share(ShareAsk::Hold { id: experiment.clone(), until: None, off: false }));
        let outcome = NewOutcome { after: Some(63.try_into().unwrap()), ..NewOutcome::default() };
        world.must(desktop, Request::Experiment(ExperimentAsk::Outcome { experiment: Some(experiment), outcome: Box::new(outcome) }));
        world.must(desktop, Request::Sync { wait_ms: Some(30_000) });
        world.run_for(SOON);
        assert!(!is_held(&world, dana, "\"after\":63"), "seed {seed}");
    }
}

#[test]
fn an_outcome_that_two_devices_told_apart_names_no_predictions_that_it_met() {
    let (mut world, laptop, desktop, dana) = robin_and_dana_of(5);
    change(&mut world, laptop, GrantChange { until: Some("2027-06-01".into()), ..scopes(&[Scope::Ratings, Scope::Experiments]) });
    let plan = Plan { prediction: Some(20.try_into().unwrap()), ..Plan::default() };
    let try_it = Request::Experiment(ExperimentAsk::Try { practice: "lunch".into(), plan: Box::new(plan) });
    let Reply::Experiment(planned) = world.must(laptop, try_it) else { panic!() };
    let experiment = planned.id.to_string();
    let scopes = vec![Scope::Ratings, Scope::Experiments];
    let invite = Invite { name: "Sam".into(), scopes, until: None, ..crate::story::invitation() };
    let ticket = world.ticket(laptop, Request::ShareInvite { invite, yes: true, no_wait: true });
    let sam = world.add("sam");
    world.must(sam, Request::HelperJoin { ticket, name: Some("Sam".into()), at: None });
    world.run_for(Duration::from_secs(70));
    for (a, b) in [(desktop, dana), (desktop, laptop), (laptop, sam)] {
        world.cut(a, b);
    }
    for (helper, value) in [(dana, 22_u8), (sam, 33)] {
        let Reply::Client(client) = world.must(helper, Request::CaseloadOpen { client: "Robin".into() }) else { panic!() };
        let what =
            HelperDeed::Predict { experiment: client.experiments[0].id.to_string(), text: None, rating: Some(value.try_into().unwrap()) };
        world.must(helper, Request::Helper(HelperAsk { client: "Robin".into(), what }));
    }
    world.run_for(Duration::from_secs(10));
    for (device, after) in [(laptop, 41_u8), (desktop, 42)] {
        let outcome = NewOutcome { after: Some(after.try_into().unwrap()), ..NewOutcome::default() };
        world
            .must(device, Request::Experiment(ExperimentAsk::Outcome { experiment: Some(experiment.clone()), outcome: Box::new(outcome) }));
    }
    world.heal();
    world.run_for(Duration::from_secs(60));
    let open = Request::Experiment(ExperimentAsk::Open { experiment: Some(experiment) });
    for device in [laptop, desktop] {
        let Reply::Experiment(told) = world.must(device, open.clone()) else { panic!() };
        let fields: Vec<_> = told.conflicts.iter().map(|one| one.field.as_str()).collect();
        assert!(fields.contains(&"outcome_rating") && !fields.contains(&"predicted"), "{fields:?}");
    }
}

#[test]
fn what_both_may_show_is_shown_once() {
    let (mut world, laptop, desktop, dana) = robin_and_dana_of(3);
    let session = log(&mut world, laptop, after(64));
    log(&mut world, desktop, after(65));
    crate::shared::edit(&mut world, laptop, &session, SessionFields { before: Some(1.try_into().unwrap()), ..Default::default() });
    world.run_for(Duration::from_secs(30));
    let shown = crate::shared::held(&world, dana);
    for value in ["64", "65"] {
        assert_eq!(shown.iter().filter(|item| item.contains(&format!("\"after\":{value}"))).count(), 1, "{value}");
    }
}

#[test]
fn what_two_devices_of_a_helper_predict_apart_stands_twice() {
    for outcome_first in [false, true] {
        let (mut world, laptop, _, dana) = robin_and_dana_of(4);
        change(&mut world, laptop, GrantChange { until: Some("2027-06-01".into()), ..scopes(&[Scope::Ratings, Scope::Experiments]) });
        let plan = Plan { prediction: Some(20.try_into().unwrap()), ..Plan::default() };
        let try_it = Request::Experiment(ExperimentAsk::Try { practice: "lunch".into(), plan: Box::new(plan) });
        let Reply::Experiment(planned) = world.must(laptop, try_it) else { panic!() };
        let phone = world.add("phone");
        let ticket = world.ticket(dana, Request::DevicePair { yes: true, no_wait: true });
        world.must(phone, Request::DeviceJoin { ticket, name: None, at: None });
        world.run_for(Duration::from_secs(20));
        let Reply::Client(client) = world.must(phone, Request::CaseloadOpen { client: "Robin".into() }) else { panic!() };
        let experiment = client.experiments[0].id.to_string();
        let predict = |value: u8| {
            let rating = Some(value.try_into().unwrap());
            let what = HelperDeed::Predict { experiment: experiment.clone(), text: None, rating };
            Request::Helper(HelperAsk { client: "Robin".into(), what })
        };
        world.stop(phone);
        world.must(dana, predict(11));
        world.run_for(Duration::from_secs(10));
        let outcome = NewOutcome { after: Some(63.try_into().unwrap()), ..NewOutcome::default() };
        let outcome = Request::Experiment(ExperimentAsk::Outcome { experiment: Some(planned.id.to_string()), outcome: Box::new(outcome) });
        if outcome_first {
            world.must(laptop, outcome.clone());
        }
        world.stop(dana);
        world.cut(phone, laptop);
        world.must(phone, predict(22));
        let again = world.ask(phone, predict(33));
        assert!(matches!(again, Some(Err(failure)) if failure.message.contains("a prediction does not change")));
        world.heal();
        world.start(dana);
        world.run_for(Duration::from_secs(60));
        if !outcome_first {
            world.must(laptop, outcome);
        }
        let Reply::Experiment(told) =
            world.must(laptop, Request::Experiment(ExperimentAsk::Open { experiment: Some(planned.id.to_string()) }))
        else {
            panic!()
        };
        let told: Vec<_> = told.value.helper_predictions.iter().map(|one| (one.rating.unwrap().to_string(), one.before_outcome)).collect();
        assert_eq!(told, [("11".to_owned(), Some(true)), ("22".to_owned(), Some(!outcome_first))]);
        for device in [dana, phone] {
            let Reply::Client(client) = world.must(device, Request::CaseloadOpen { client: "Robin".into() }) else { panic!() };
            assert_eq!(client.predictions.len(), 2);
            assert!(matches!(world.ask(device, predict(44)), Some(Err(_))), "what both said does not change");
        }
    }
}

fn invite(name: &str) -> Invite {
    Invite { name: name.into(), scopes: vec![Scope::Ratings, Scope::Notes], until: None, ..crate::story::invitation() }
}

fn listed(world: &mut World, node: usize) -> Vec<GrantView> {
    let Reply::Grants(grants) = world.must(node, Request::ShareList) else { panic!() };
    grants
}

#[test]
fn an_open_invitation_is_seen_and_taken_back_on_every_own_device() {
    for at_once in [false, true] {
        let mut world = World::new(5);
        let devices = crate::story::family(&mut world, 2);
        let (laptop, desktop) = (devices[0], devices[1]);
        log(&mut world, laptop, noted(61, "not for Sam"));
        let ticket = world.ticket(laptop, Request::ShareInvite { invite: invite("Sam"), yes: true, no_wait: true });
        world.run_for(Duration::from_secs(10));
        let open = listed(&mut world, desktop);
        assert!(open.len() == 1 && !open[0].joined && open[0].name == "Sam", "{open:?}");
        let sam = world.add("sam");
        if at_once {
            // Somebody comes in by it before the laptop hears of that.
            world.cut(laptop, desktop);
        }
        world.must(desktop, Request::ShareRevoke { name: "Sam".into() });
        assert!(listed(&mut world, desktop).is_empty());
        if !at_once {
            world.run_for(Duration::from_secs(10));
        }
        let joined = world.ask(sam, Request::HelperJoin { ticket, name: Some("Sam".into()), at: None });
        assert_eq!(matches!(joined, Some(Ok(_))), at_once, "{joined:?}");
        world.heal();
        world.run_for(Duration::from_secs(100));
        assert!(!is_held(&world, sam, "not for Sam"));
        for device in [laptop, desktop] {
            assert!(listed(&mut world, device).iter().all(|grant| grant.ended.is_some()));
        }
        // And another one is another one.
        let ticket = world.ticket(desktop, Request::ShareInvite { invite: invite("Sam"), yes: true, no_wait: true });
        world.must(sam, Request::HelperJoin { ticket, name: Some("Sam".into()), at: None });
        world.run_for(Duration::from_secs(100));
        for device in [laptop, desktop] {
            assert_eq!(listed(&mut world, device).iter().filter(|grant| grant.joined && grant.ended.is_none()).count(), 1);
        }
    }
}

#[test]
fn of_two_shares_of_one_name_none_is_meant_but_both_end() {
    let mut world = World::new(5);
    let devices = crate::story::family(&mut world, 2);
    let (laptop, desktop) = (devices[0], devices[1]);
    world.cut(laptop, desktop);
    let tickets =
        [laptop, desktop].map(|device| world.ticket(device, Request::ShareInvite { invite: invite("Dana"), yes: true, no_wait: true }));
    let helpers = ["one", "two"].map(|name| world.add(name));
    for (helper, ticket) in helpers.into_iter().zip(tickets) {
        world.must(helper, Request::HelperJoin { ticket, name: None, at: None });
    }
    world.heal();
    world.run_for(Duration::from_secs(100));
    let both = listed(&mut world, laptop);
    assert_eq!(both.len(), 2);
    let pause = |name: &str| Request::Share(ShareAsk::Pause { name: name.into(), paused: true });
    for request in [pause("Dana"), Request::SharePreviewOf { name: "Dana".into() }] {
        let refused = world.ask(laptop, request).unwrap().unwrap_err();
        assert!(refused.kind == ErrorKind::Usage && refused.message.contains(&both[0].receipt), "{refused:?}");
    }
    let rate = |helper: &str| {
        let trust = Some(7.try_into().unwrap());
        Request::Rapport(RapportAsk::Rate {
            helper: helper.into(),
            understood: None,
            trust,
            agreement: None,
            visibility: Visibility::Private,
        })
    };
    assert!(matches!(world.ask(laptop, rate("Dana")), Some(Err(failure)) if failure.kind == ErrorKind::Usage));
    let Reply::Rapport(rated) = world.must(laptop, rate(&both[1].receipt)) else { panic!() };
    assert_eq!((rated.value.helper.as_str(), rated.value.grant), ("Dana", Some(both[1].id)));
    let Reply::Grants(paused) = world.must(laptop, pause(&both[1].receipt)) else { panic!() };
    assert!(paused[0].paused && paused[0].id == both[1].id);
    world.must(laptop, Request::ShareRevoke { name: "Dana".into() });
    world.run_for(Duration::from_secs(100));
    assert!(listed(&mut world, desktop).iter().all(|grant| grant.ended.is_some()));
}

#[test]
fn what_is_edited_while_the_terms_change_is_there_within_seconds() {
    for seed in seeds(20) {
        let (mut world, laptop, desktop, dana) = robin_and_dana_of(seed);
        change(&mut world, laptop, scopes(&[Scope::Ratings, Scope::Notes, Scope::Practices]));
        let session = log(&mut world, laptop, noted(61, "before"));
        world.run_for(Duration::from_secs(70));
        let edit = SessionFields { note: Some("after".into()), ..Default::default() };
        let edit = Request::Edit { id: session.id.to_string(), fields: Box::new(edit), clear: vec![], base: None };
        let narrow = GrantChange { remove: vec![Scope::Practices], ..GrantChange::default() };
        let narrow = Request::Share(ShareAsk::Edit { name: "Dana".into(), change: narrow });
        let clients = [(laptop, narrow), (desktop, edit)].map(|(node, request)| (node, world.begin(node, request)));
        for (node, client) in clients {
            assert!(matches!(world.answer(node, client, Duration::from_secs(20)), Some(Ok(_))), "seed {seed}");
        }
        world.run_for(SOON);
        assert!(
            is_held(&world, dana, "after\"") && !is_held(&world, dana, "before\""),
            "seed {seed}: {:?}",
            crate::shared::held(&world, dana)
        );
    }
}

#[test]
fn what_is_shown_again_follows_wider_terms() {
    for seed in seeds(12) {
        let (mut world, laptop, phone, dana) = robin_and_dana_of(seed);
        let told = log(&mut world, laptop, noted(50, "a walk"));
        world.run_for(HOUR);
        for round in 0..2 {
            let visible = |world: &mut World, node, visibility| {
                edit(world, node, &told, SessionFields { visibility: Some(visibility), ..Default::default() });
            };
            visible(&mut world, laptop, Visibility::Private);
            world.run_for(HOUR);
            world.stop(laptop);
            visible(&mut world, phone, Visibility::Inherit);
            world.start(laptop);
            world.run_for(HOUR);
            assert!(is_held(&world, dana, "\"after\":50"), "seed {seed}, round {round}");
        }
        change(&mut world, laptop, scopes(&[Scope::Ratings, Scope::Notes]));
        world.run_for(HOUR);
        assert!(is_held(&world, dana, "a walk"), "seed {seed}");
        change(&mut world, phone, scopes(&[Scope::Ratings]));
        world.run_for(HOUR);
        assert!(!is_held(&world, dana, "a walk"), "seed {seed}");
    }
}
