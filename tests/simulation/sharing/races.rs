//! Two own devices that do something before they heard of each other: what is no longer to be seen is gone within seconds.

use std::time::Duration;

use asif_proto::local::{ExperimentAsk, GrantChange, HelperAsk, HelperDeed, NewOutcome, Plan, PracticeFields, Reply, Request, ShareAsk};
use asif_proto::record::{SessionFields, Visibility};
use asif_proto::share::Scope;

use super::{change, is_held, noted, scopes};
use crate::hostile::robin_and_dana_of;
use crate::seeds;
use crate::shared::{after, log};
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
