//! Beliefs, their ratings and the experiments these were given with, under a delay and kept back.

use std::time::Duration;

use asif_proto::local::{BeliefAsk, ExperimentAsk, GrantChange, NewBelief, NewOutcome, Plan, Reply, Request, ShareAsk};
use asif_proto::record::{BeliefRole, Visibility};
use asif_proto::share::Scope;

use super::delays::{A_DAY, a_day_later};
use super::{HOUR, change, is_held};
use crate::hostile::robin_and_dana;
use crate::shared::held;
use crate::world::World;

fn believe(world: &mut World, node: usize, statement: &str, role: BeliefRole) -> String {
    let belief = NewBelief { statement: statement.into(), role, block: None, head: None, heart: None, visibility: Visibility::Inherit };
    let Reply::Belief(added) = world.must(node, Request::Belief(BeliefAsk::Add(belief))) else { panic!() };
    added.id.to_string()
}

fn rate(world: &mut World, node: usize, belief: &str, head: u8) {
    let rate = BeliefAsk::Rate { belief: belief.into(), head: Some(head.try_into().unwrap()), heart: None, context: None };
    world.must(node, Request::Belief(rate));
}

/// An experiment with a belief, its outcome told with this rating: the experiment and its session.
fn tried(world: &mut World, node: usize, belief: &str, head: u8) -> (String, String) {
    let plan = Plan { belief: Some(belief.into()), prediction: Some(20.try_into().unwrap()), ..Plan::default() };
    let Reply::Experiment(one) =
        world.must(node, Request::Experiment(ExperimentAsk::Try { practice: "lunch".into(), plan: Box::new(plan) }))
    else {
        panic!()
    };
    let outcome = NewOutcome {
        after: Some(61.try_into().unwrap()),
        head: Some(head.try_into().unwrap()),
        text: Some(format!("came {head}")),
        ..Default::default()
    };
    let outcome = ExperimentAsk::Outcome { experiment: Some(one.id.to_string()), outcome: Box::new(outcome) };
    let Reply::Experiment(told) = world.must(node, Request::Experiment(outcome)) else { panic!() };
    (one.id.to_string(), told.value.session.unwrap().to_string())
}

fn keep_back(world: &mut World, node: usize, id: &str, until: Option<&str>, off: bool) {
    world.must(node, Request::Share(ShareAsk::Hold { id: id.into(), until: until.map(str::to_owned), off }));
}

#[test]
fn words_of_one_belief_are_not_told_early_by_the_other_of_the_pair() {
    let (mut world, laptop, desktop, dana) = robin_and_dana();
    change(&mut world, laptop, GrantChange { scopes: Some(vec![Scope::Beliefs]), ..A_DAY });
    let old = believe(&mut world, laptop, "I am lazy", BeliefRole::Old);
    let new = believe(&mut world, laptop, "I am tired", BeliefRole::New);
    world.must(laptop, Request::Belief(BeliefAsk::Pair { belief: old.clone(), with: Some(new.clone()) }));
    world.run_for(HOUR * 20);
    let edited = |world: &mut World, node: usize, words: &str| {
        world.must(node, Request::EditText { id: old.clone(), text: Some(words.into()), visibility: None, base: None });
    };
    edited(&mut world, laptop, "I am slow");
    world.run_for(HOUR * 5);
    assert!(!is_held(&world, dana, "I am slow"), "the other one waits with it");
    world.run_for(HOUR * 20);
    assert!(is_held(&world, dana, "I am slow") && is_held(&world, dana, "I am tired"));
    // Under new terms, by a device that starts.
    world.stop(desktop);
    change(&mut world, laptop, GrantChange { purpose: Some("another".into()), ..GrantChange::default() });
    edited(&mut world, laptop, "I am late");
    world.run_for(HOUR);
    world.start(desktop);
    world.run_for(HOUR * 20);
    assert!(!is_held(&world, dana, "I am late"));
    world.must(laptop, Request::Delete { id: new.clone() });
    edited(&mut world, laptop, "I am early");
    world.must(desktop, Request::Restore { id: new });
    world.run_for(HOUR * 20);
    assert!(!is_held(&world, dana, "I am early"));
    world.run_for(HOUR * 6);
    assert!(is_held(&world, dana, "I am early"));
}

#[test]
fn a_belief_that_is_rated_more_often_than_the_delay_is_told_all_the_same() {
    let (mut world, laptop, desktop, dana) = a_day_later(&[Scope::Beliefs]);
    let belief = believe(&mut world, laptop, "I am enough", BeliefRole::New);
    world.run_for(HOUR * 25);
    for day in 0..8_u8 {
        let rate = BeliefAsk::Rate { belief: belief.clone(), head: Some((50 + day).try_into().unwrap()), heart: None, context: None };
        world.must(if day % 3 == 0 { desktop } else { laptop }, Request::Belief(rate));
        world.run_for(HOUR * 12);
        let told: Vec<u8> = (0..8).filter(|day| is_held(&world, dana, &format!("\"head\":{}", 50 + day))).collect();
        let due = (0..=day).filter(|one| (day - one) * 12 + 12 > 24).collect::<Vec<u8>>();
        assert_eq!(told, due, "day {day}: {:?}", held(&world, dana).iter().filter(|item| item.contains("enough")).collect::<Vec<_>>());
    }
}

#[test]
fn what_was_kept_back_with_a_session_comes_back_with_it() {
    let (mut world, laptop, _, dana) = a_day_later(&[Scope::Ratings, Scope::Experiments]);
    let plan = Plan { prediction: Some(20.try_into().unwrap()), ..Plan::default() };
    let request = Request::Experiment(ExperimentAsk::Try { practice: "lunch".into(), plan: Box::new(plan) });
    world.must(laptop, request);
    let outcome = NewOutcome { after: Some(61.try_into().unwrap()), text: Some("it was quiet".into()), ..NewOutcome::default() };
    let Reply::Experiment(told) =
        world.must(laptop, Request::Experiment(ExperimentAsk::Outcome { experiment: None, outcome: Box::new(outcome) }))
    else {
        panic!()
    };
    world.run_for(HOUR * 25);
    assert!(is_held(&world, dana, "it was quiet"));
    let session = told.value.session.unwrap().to_string();
    let ask = |off| Request::Share(ShareAsk::Hold { id: session.clone(), until: None, off });
    world.must(laptop, ask(false));
    world.run_for(Duration::from_secs(100));
    assert!(!is_held(&world, dana, "it was quiet"));
    world.must(laptop, ask(true));
    world.run_for(Duration::from_secs(100));
    assert!(is_held(&world, dana, "it was quiet"));
}

#[test]
fn what_is_hidden_is_gone_at_once_also_where_a_rating_was_let_go_a_moment_before() {
    for deleted in [false, true] {
        let (mut world, laptop, _, dana) = a_day_later(&[Scope::Beliefs, Scope::Experiments]);
        let old = believe(&mut world, laptop, "I am lazy", BeliefRole::Old);
        let new = believe(&mut world, laptop, "I am tired", BeliefRole::New);
        world.must(laptop, Request::Belief(BeliefAsk::Pair { belief: old.clone(), with: Some(new.clone()) }));
        world.run_for(HOUR * 25);
        rate(&mut world, laptop, &new, 55);
        world.run_for(HOUR * 10);
        let (experiment, _) = tried(&mut world, laptop, &new, 77);
        keep_back(&mut world, laptop, &experiment, None, false);
        world.run_for(HOUR * 15);
        assert!(is_held(&world, dana, "\"head\":55") && is_held(&world, dana, "I am lazy"));
        keep_back(&mut world, laptop, &experiment, None, true);
        match deleted {
            true => drop(world.must(laptop, Request::Delete { id: old.clone() })),
            false => {
                let hide = Request::EditText { id: old.clone(), text: None, visibility: Some(Visibility::Private), base: None };
                world.must(laptop, hide);
            }
        }
        world.run_for(Duration::from_secs(100));
        assert!(!is_held(&world, dana, "I am lazy"));
        assert!(!is_held(&world, dana, "\"head\":77"));
        world.run_for(HOUR * 12);
        assert!(is_held(&world, dana, "\"head\":77"));
    }
}

#[test]
fn what_is_kept_back_until_a_time_every_device_lets_go() {
    let (mut world, laptop, desktop, dana) = a_day_later(&[Scope::Ratings, Scope::Beliefs, Scope::Experiments]);
    change(&mut world, laptop, GrantChange { delay_s: Some(0), ..GrantChange::default() });
    let beliefs: Vec<String> = (0..6).map(|n| believe(&mut world, laptop, &format!("I am enough {n}"), BeliefRole::New)).collect();
    for (belief, head) in beliefs.iter().zip(70..) {
        let (_, session) = tried(&mut world, laptop, belief, head);
        keep_back(&mut world, laptop, &session, Some("2026-11-20"), false);
    }
    world.run_for(Duration::from_secs(100));
    world.stop(laptop);
    assert!((70..76).all(|head| !is_held(&world, dana, &format!("came {head}")) && !is_held(&world, dana, &format!("\"head\":{head}"))));
    world.run_for(HOUR * 72);
    assert!((70..76).all(|head| is_held(&world, dana, &format!("came {head}")) && is_held(&world, dana, &format!("\"head\":{head}"))));
    world.start(laptop);
    world.run_for(HOUR);
    assert!(world.ask(desktop, Request::Sync { wait_ms: Some(1000) }).is_some());
    assert!((70..76).all(|head| is_held(&world, dana, &format!("came {head}"))));
}

#[test]
fn ratings_that_were_given_apart_come_one_delay_later() {
    let (mut world, laptop, desktop, dana) = a_day_later(&[Scope::Beliefs]);
    let beliefs: Vec<String> = (0..6).map(|n| believe(&mut world, laptop, &format!("I am enough {n}"), BeliefRole::New)).collect();
    world.run_for(HOUR * 25);
    world.cut(laptop, desktop);
    for (n, belief) in beliefs.iter().enumerate() {
        rate(&mut world, laptop, belief, 10 + n as u8);
        world.run_for(Duration::from_secs(2));
        rate(&mut world, desktop, belief, 20 + n as u8);
    }
    world.run_for(HOUR * 23);
    world.heal();
    world.run_for(HOUR * 2);
    for head in (10..16).chain(20..26) {
        assert!(is_held(&world, dana, &format!("\"head\":{head}")), "{head}");
    }
}
