//! Goals, beliefs, phrases, experiments and drafts, on several devices. Properties 1, 2, 6, 7 and 8.

use std::collections::BTreeMap;
use std::time::Duration;

use asif_proto::id::RecordId;
use asif_proto::local::draft::Keeping;
use asif_proto::local::{
    Adapt, AnchorAsk, BeliefAsk, Draft, DraftAsk, ErrorKind, ExperimentAsk, ExperimentFields, GoalAsk, NewAnchor, NewBelief, NewGoal,
    NewOutcome, NewSketch, PhraseAsk, PhraseFields, Plan, PracticeFields, Reply, Request, SketchAsk, plan,
};
use asif_proto::rating::Rating;
use asif_proto::record::{BeliefRole, Experiment, ExperimentStatus, Gentler, PracticeStatus, Shown, Supports, Visibility};
use serde_json::Value;
use uuid::Uuid;

use crate::seeds;
use crate::story::{self, Story};
use crate::world::{Weather, World};

/// A sentence that must be on no disk.
const MARK: &str = "the quiet otter keeps its own counsel";

fn rated(value: u64) -> Rating {
    Rating::try_from(value as u8).unwrap()
}

fn rating(world: &mut World) -> Rating {
    rated(world.below(101))
}

/// Every record of the plan and every experiment that a device shows.
fn told(world: &mut World, device: usize) -> Vec<(String, Value)> {
    let requests = [
        Request::Goal(GoalAsk::List { all: true }),
        Request::Belief(BeliefAsk::List { all: true }),
        Request::Anchor(AnchorAsk::List),
        Request::Sketch(SketchAsk::List),
        Request::Phrase(PhraseAsk::List { practice: None }),
        Request::Experiment(ExperimentAsk::List { practice: None, all: true }),
        Request::PracticeList { all: true },
    ];
    requests
        .into_iter()
        .map(|request| {
            let reply = world.must(device, request.clone());
            (format!("{request:?}"), serde_json::to_value(reply).unwrap())
        })
        .collect()
}

fn experiments(world: &mut World, device: usize) -> Vec<Shown<Experiment>> {
    let Reply::Experiments(all) = world.must(device, Request::Experiment(ExperimentAsk::List { practice: None, all: true })) else {
        panic!()
    };
    all
}

fn ask_try(prediction: Option<Rating>) -> Request {
    let plan = Plan { prediction, prediction_text: Some(MARK.into()), willingness: Some(rated(60)), ..Plan::default() };
    Request::Experiment(ExperimentAsk::Try { practice: "lunch".into(), plan: Box::new(plan) })
}

fn ask_outcome(experiment: RecordId, after: Rating) -> Request {
    let outcome = NewOutcome { after: Some(after), text: Some(MARK.into()), supports: Some(Supports::New), ..NewOutcome::default() };
    Request::Experiment(ExperimentAsk::Outcome { experiment: Some(experiment.to_string()), outcome: Box::new(outcome) })
}

/// One random thing that a person does to their plan.
fn something(world: &mut World, device: usize) {
    let some = |world: &mut World, ids: Vec<String>| {
        let count = ids.len() as u64;
        (count > 0).then(|| ids[world.below(count) as usize].clone())
    };
    let request = match world.below(14) {
        0 => {
            let (agree, belief) = (Some(rating(world)), Some(rating(world)));
            Request::Goal(GoalAsk::Add(NewGoal {
                text: format!("{MARK} {}", world.below(1000)),
                agree,
                belief,
                visibility: Visibility::Inherit,
            }))
        }
        1 | 2 => {
            let Reply::Goals(goals) = world.must(device, Request::Goal(GoalAsk::List { all: true })) else { panic!() };
            let Some(goal) = some(world, goals.into_iter().map(|goal| goal.id.to_string()).collect()) else { return };
            if world.below(3) == 0 {
                Request::Goal(GoalAsk::Close { goal, reason: Some(MARK.into()) })
            } else {
                Request::Goal(GoalAsk::Rate { goal, agree: rating(world) })
            }
        }
        3 => {
            let role = if world.below(2) == 0 { BeliefRole::Old } else { BeliefRole::New };
            let statement = format!("{MARK} {}", world.below(1000));
            Request::Belief(BeliefAsk::Add(NewBelief {
                statement,
                role,
                block: None,
                head: None,
                heart: None,
                visibility: Visibility::Inherit,
            }))
        }
        4 | 5 => {
            let Reply::Beliefs(beliefs) = world.must(device, Request::Belief(BeliefAsk::List { all: true })) else { panic!() };
            let ids: Vec<String> = beliefs.iter().map(|belief| belief.id.to_string()).collect();
            let Some(belief) = some(world, ids.clone()) else { return };
            match world.below(4) {
                0 => Request::Belief(BeliefAsk::Pair { belief, with: some(world, ids) }),
                1 => Request::Belief(BeliefAsk::Retire { belief, back: world.below(2) == 0 }),
                _ => Request::Belief(BeliefAsk::Rate { belief, head: Some(rating(world)), heart: Some(rating(world)), context: None }),
            }
        }
        6 => Request::Anchor(AnchorAsk::Add(NewAnchor {
            who_label: Some(MARK.into()),
            act: MARK.into(),
            deserved: Some(rating(world)),
            polite: Some(rating(world)),
            visibility: Visibility::Inherit,
        })),
        7 => {
            let text = format!("{MARK} {}", "and goes on ".repeat(world.below(600) as usize));
            let practices = vec![story::practice(&format!("step-{}", world.below(10_000)), MARK)];
            let new = NewSketch { text, plausible: None, starts: None, ends: None, practices, visibility: Visibility::Inherit };
            Request::Sketch(SketchAsk::Add(new))
        }
        8 => {
            let fields = PhraseFields { new_line: Some(MARK.into()), ..PhraseFields::default() };
            Request::Phrase(PhraseAsk::Add { practice: "lunch".into(), fields })
        }
        9 => {
            let Reply::Phrases(phrases) = world.must(device, Request::Phrase(PhraseAsk::List { practice: None })) else { panic!() };
            let Some(phrase) = some(world, phrases.into_iter().map(|phrase| phrase.id.to_string()).collect()) else { return };
            let fields =
                PhraseFields { new_line: Some(format!("{MARK} {}", world.below(1000))), order: Some(1), ..PhraseFields::default() };
            Request::Phrase(PhraseAsk::Edit { phrase, fields })
        }
        10 => {
            let status = if world.below(2) == 0 { PracticeStatus::Paused } else { PracticeStatus::Active };
            let fields =
                PracticeFields { when: Some(MARK.into()), status: Some(status), difficulty: Some(rating(world)), ..Default::default() };
            Request::PracticeEdit { practice: "lunch".into(), fields: Box::new(fields) }
        }
        11 => Request::PracticeAdapt(Adapt { practice: "lunch".into(), way: Gentler::ALL[world.below(5) as usize] }),
        12 => {
            let prediction = (world.below(3) > 0).then(|| rating(world));
            ask_try(prediction)
        }
        _ => {
            let all = experiments(world, device);
            let Some(id) = some(world, all.iter().map(|one| one.id.to_string()).collect()) else { return };
            let one = all.iter().find(|one| one.id.to_string() == id).unwrap();
            match world.below(3) {
                0 if one.value.status == ExperimentStatus::Planned => ask_outcome(one.id, rating(world)),
                1 => Request::Undo,
                _ => {
                    let fields = ExperimentFields { amend: Some(rating(world)), obstacles: Some(MARK.into()), ..Default::default() };
                    Request::Experiment(ExperimentAsk::Edit { experiment: id, fields: Box::new(fields) })
                }
            }
        }
    };
    drop(world.ask(device, request));
}

#[test]
fn a_plan_made_on_three_devices_is_the_same_on_all_and_no_prediction_ever_changes() {
    for seed in seeds(30) {
        let mut world = World::new(seed);
        let devices = story::family(&mut world, 3);
        let mut story = Story::new(&devices);
        world.weather = Weather::STORM;
        let mut locked: BTreeMap<RecordId, Value> = BTreeMap::new();
        for _ in 0..40 {
            let device = devices[world.below(3) as usize];
            world.start(device);
            something(&mut world, device);
            if world.below(8) == 0 {
                let back = Duration::from_millis(world.below(3000));
                world.crash(device, back);
            }
            let pause = Duration::from_millis(world.below(2000));
            world.run_for(pause);
            for one in experiments(&mut world, device) {
                let prediction = serde_json::to_value(&one.value.prediction).unwrap();
                assert_eq!(*locked.entry(one.id).or_insert_with(|| prediction.clone()), prediction, "seed {seed}: a prediction changed");
            }
        }
        story.settle(&mut world);
        let first = told(&mut world, devices[0]);
        for device in &devices[1..] {
            assert_eq!(told(&mut world, *device), first, "seed {seed}: not the same plan");
        }
        for one in experiments(&mut world, devices[0]) {
            let prediction = serde_json::to_value(&one.value.prediction).unwrap();
            assert_eq!(locked.get(&one.id).unwrap_or(&prediction), &prediction, "seed {seed}: a prediction changed");
        }
        story.check(&mut world);
        assert_eq!(told(&mut world, devices[0]), first, "seed {seed}: rebuilt from the log it is another plan");
        nothing_in_the_clear(&mut world, &devices);
    }
}

fn nothing_in_the_clear(world: &mut World, devices: &[usize]) {
    for device in devices {
        for (path, bytes) in world.nodes[*device].bytes_on_disk() {
            assert!(!bytes.windows(MARK.len()).any(|window| window == MARK.as_bytes()), "{} holds a sentence in the clear", path.display());
        }
    }
}

fn robin(seed: u64) -> (World, usize) {
    let mut world = World::new(seed);
    let devices = story::family(&mut world, 1);
    (world, devices[0])
}

#[test]
fn a_locked_prediction_is_refused_and_an_amendment_stands_beside_it() {
    let (mut world, laptop) = robin(1);
    let Reply::Experiment(one) = world.must(laptop, ask_try(Some(rated(20)))) else { panic!() };
    let edit = |fields| Request::Experiment(ExperimentAsk::Edit { experiment: one.id.to_string(), fields: Box::new(fields) });
    let refused = world.ask(laptop, edit(ExperimentFields { prediction: Some(rated(90)), ..Default::default() })).unwrap().unwrap_err();
    assert_eq!(refused.kind, ErrorKind::Precondition);
    let amended = world.must(laptop, edit(ExperimentFields { amend: Some(rated(50)), ..Default::default() }));
    let Reply::Experiment(amended) = amended else { panic!() };
    assert_eq!(amended.value.prediction, one.value.prediction);
    assert_eq!(amended.value.amendments.iter().map(|one| one.rating).collect::<Vec<_>>(), [Some(rated(50))]);
    let Reply::Experiment(done) = world.must(laptop, ask_outcome(one.id, rated(30))) else { panic!() };
    assert_eq!(done.value.surprise, Some(10), "the surprise is against what was locked");
    let again = world.ask(laptop, ask_outcome(one.id, rated(90))).unwrap().unwrap_err();
    assert_eq!(again.kind, ErrorKind::Precondition, "an outcome is told once");
}

#[test]
fn what_is_asked_again_under_its_id_is_there_once_wherever_the_power_went() {
    for cut in 0..12 {
        let (mut world, laptop) = robin(2);
        let statement = "I deserve kindness".to_owned();
        let new = NewBelief { statement, role: BeliefRole::New, block: None, head: None, heart: None, visibility: Visibility::Inherit };
        let Reply::Belief(belief) = world.must(laptop, Request::Belief(BeliefAsk::Add(new))) else { panic!() };
        let plan = Plan { belief: Some(belief.id.to_string()), prediction: Some(rated(20)), ..Plan::default() };
        let Reply::Experiment(one) =
            world.must(laptop, Request::Experiment(ExperimentAsk::Try { practice: "lunch".into(), plan: Box::new(plan) }))
        else {
            panic!()
        };
        let outcome = NewOutcome { after: Some(rated(30)), head: Some(rated(25)), text: Some(MARK.repeat(3000)), ..NewOutcome::default() };
        let outcome = Request::Experiment(ExperimentAsk::Outcome { experiment: Some(one.id.to_string()), outcome: Box::new(outcome) });
        let calls = world.nodes[laptop].disk.calls() + cut;
        let disk = world.nodes[laptop].disk.clone();
        disk.plan(move |call| (call.number >= calls).then_some(asif_daemon::store::Fault::PowerOff));
        let id = Uuid::from_u128(0x019a_0000_0000_7000_8000_0000_0000_0000);
        let first = world.again(laptop, id, outcome.clone());
        world.nodes[laptop].disk.heal();
        world.run_for(Duration::from_secs(5));
        let Some(Ok(Reply::Experiment(told))) = world.again(laptop, id, outcome) else { panic!("cut {cut}") };
        assert_eq!(told.value.status, ExperimentStatus::Done, "cut {cut}, first {first:?}");
        assert_eq!(told.value.session, Some(RecordId(plan::nth(id, 1))));
        assert_eq!(Story::list(&mut world, laptop).len(), 1, "cut {cut}: one session");
        let Reply::Beliefs(beliefs) = world.must(laptop, Request::Belief(BeliefAsk::List { all: true })) else { panic!() };
        assert_eq!(beliefs[0].value.ratings.len(), 1, "cut {cut}: rated once");
    }
}

#[test]
fn an_outcome_is_taken_back_whole() {
    let (mut world, laptop) = robin(3);
    let before = told(&mut world, laptop);
    let Reply::Experiment(one) = world.must(laptop, ask_try(Some(rated(20)))) else { panic!() };
    let planned = told(&mut world, laptop);
    world.must(laptop, ask_outcome(one.id, rated(30)));
    assert_eq!(Story::list(&mut world, laptop).values().filter(|session| !session.deleted).count(), 1);
    let Reply::Undone(undone) = world.must(laptop, Request::Undo) else { panic!() };
    assert_eq!(undone.what, "outcome");
    assert_eq!(told(&mut world, laptop), planned, "it is open again");
    assert_eq!(Story::list(&mut world, laptop).values().filter(|session| !session.deleted).count(), 0, "and so is its session");
    world.must(laptop, Request::Undo);
    assert_eq!(told(&mut world, laptop), before);
}

fn draft(n: u128) -> Draft {
    let at = "2026-11-24T22:00:00Z".parse().unwrap();
    Draft {
        id: Uuid::from_u128(0x019a_0000_0000_7000_8000_0000_0000_0000 + n),
        short: String::new(),
        words: vec!["note".into()],
        answers: BTreeMap::from([("note".to_owned(), format!("{MARK} {n}"))]),
        typing: Some(("more".into(), MARK.into())),
        begun_at: at,
        kept_at: at,
    }
}

fn drafts(world: &mut World, device: usize) -> Vec<Uuid> {
    let Reply::Drafts(all) = world.must(device, Request::Draft(DraftAsk::List)) else { panic!() };
    all.into_iter().map(|draft| draft.id).collect()
}

#[test]
fn a_draft_that_was_kept_is_there_wherever_the_power_went_and_on_its_own_device_alone() {
    for cut in 0..10 {
        let mut world = World::new(4);
        let devices = story::family(&mut world, 2);
        world.must(devices[0], Request::Draft(DraftAsk::Keep(Box::new(Keeping::new(draft(1))))));
        let calls = world.nodes[devices[0]].disk.calls() + cut;
        let disk = world.nodes[devices[0]].disk.clone();
        disk.plan(move |call| (call.number >= calls).then_some(asif_daemon::store::Fault::PowerOff));
        let second = world.ask(devices[0], Request::Draft(DraftAsk::Keep(Box::new(Keeping::new(draft(2))))));
        world.crash(devices[0], Duration::from_millis(10));
        world.nodes[devices[0]].disk.heal();
        world.run_for(Duration::from_secs(5));
        let kept = drafts(&mut world, devices[0]);
        assert!(kept.contains(&draft(1).id), "cut {cut}: a kept draft is lost");
        assert!(second.is_none_or(|answer| answer.is_err()) || kept.contains(&draft(2).id), "cut {cut}: said, and not saved");
        world.must(devices[0], Request::Sync { wait_ms: Some(60_000) });
        assert!(drafts(&mut world, devices[1]).is_empty());
        nothing_in_the_clear(&mut world, &devices);
        let Reply::Draft(one) = world.must(devices[0], Request::Draft(DraftAsk::Drop { id: Some(draft(1).id.to_string()), after: None }))
        else {
            panic!()
        };
        assert_eq!(one.answers, draft(1).answers);
        world.crash(devices[0], Duration::from_millis(10));
        world.run_for(Duration::from_secs(5));
        assert!(!drafts(&mut world, devices[0]).contains(&draft(1).id), "cut {cut}: what was dropped is gone");
    }
}

#[test]
fn a_draft_that_a_full_disk_did_not_take_is_not_said_to_be_kept() {
    let (mut world, laptop) = robin(6);
    world.must(laptop, Request::Draft(DraftAsk::Keep(Box::new(Keeping::new(draft(1))))));
    world.nodes[laptop].disk.plan(|_| Some(asif_daemon::store::Fault::NoSpace));
    let refused = world.ask(laptop, Request::Draft(DraftAsk::Keep(Box::new(Keeping::new(draft(2))))));
    assert!(refused.is_none_or(|answer| answer.is_err()), "said, and not saved");
    world.nodes[laptop].disk.heal();
    world.run_for(Duration::from_secs(60));
    assert_eq!(drafts(&mut world, laptop), [draft(1).id]);
    world.must(laptop, Request::Draft(DraftAsk::Keep(Box::new(Keeping::new(draft(2))))));
}

#[test]
fn drafts_of_a_home_that_becomes_a_device_open_wherever_the_power_went() {
    for cut in (0..60).step_by(2) {
        let mut world = World::new(5);
        let devices = story::family(&mut world, 1);
        let fresh = world.add("begun");
        world.must(fresh, Request::Init { name: None, device: None, wish: None, goal: None });
        world.must(fresh, Request::Draft(DraftAsk::Keep(Box::new(Keeping::new(draft(1))))));
        let ticket = world.ticket(devices[0], Request::DevicePair { yes: true, no_wait: true });
        let disk = world.nodes[fresh].disk.clone();
        let calls = disk.calls() + cut;
        disk.plan(move |call| (call.number >= calls).then_some(asif_daemon::store::Fault::PowerOff));
        let join = Request::DeviceJoin { ticket, name: Some("desktop".into()), at: None };
        let joined = world.ask(fresh, join);
        world.crash(fresh, Duration::from_millis(10));
        disk.heal();
        world.run_for(Duration::from_secs(10));
        if joined.is_none_or(|answer| answer.is_err()) {
            // Whatever was done of it, it can be done again.
            world.must(fresh, Request::Doctor { rebuild: true });
            let ticket = world.ticket(devices[0], Request::DevicePair { yes: true, no_wait: true });
            let again = world.ask(fresh, Request::DeviceJoin { ticket, name: Some("desktop".into()), at: None });
            let is_there = |failure: &asif_proto::local::Failure| failure.message.contains("already");
            assert!(again.is_some_and(|answer| answer.is_ok() || answer.is_err_and(|failure| is_there(&failure))), "cut {cut}");
        }
        assert_eq!(drafts(&mut world, fresh), [draft(1).id], "cut {cut}");
    }
}

#[test]
fn drafts_of_a_home_that_becomes_a_device_of_another_person_still_open() {
    let mut world = World::new(5);
    let devices = story::family(&mut world, 1);
    let fresh = world.add("begun");
    world.must(fresh, Request::Init { name: None, device: None, wish: None, goal: None });
    world.must(fresh, Request::Draft(DraftAsk::Keep(Box::new(Keeping::new(draft(1))))));
    let ticket = world.ticket(devices[0], Request::DevicePair { yes: true, no_wait: true });
    world.must(fresh, Request::DeviceJoin { ticket, name: None, at: None });
    world.crash(fresh, Duration::from_millis(10));
    world.run_for(Duration::from_secs(5));
    assert_eq!(drafts(&mut world, fresh), [draft(1).id]);
}
