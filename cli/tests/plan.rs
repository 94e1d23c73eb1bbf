//! What the commands of the plan ask, show and send. The daemon is one that the test plays.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test ends where something is not as it must be")]

mod support;

use std::sync::mpsc::Receiver;

use asif_proto::local::{
    Adapt, AnchorAsk, Answer, BeliefAsk, ErrorKind, ExperimentAsk, Failure, GoalAsk, NewAnchor, NewOutcome, Plan, Reply, Request, SketchAsk,
};
use asif_proto::rating::Rating;
use asif_proto::record::{Basis, Gentler, PracticeKind, Supports};
use serde_json::{Value, json};
use support::{Cli, Ran, TestHome, listening, refuse, reply};

const ID: &str = "019a0000-0000-7000-8000-000000007f3a";

fn rated(value: u8) -> Rating {
    Rating::try_from(value).unwrap()
}

fn of<T: serde::de::DeserializeOwned>(value: Value) -> T {
    serde_json::from_value(value).unwrap()
}

fn practice(more: Value) -> Reply {
    let mut all = json!({
        "type": "practice", "id": ID, "short": "7f3a", "title": "Speak to myself as I would to M.", "slug": "speak-as-m",
        "kind": "self_talk", "description": null, "specificity": { "when": null, "where": null, "how_long": null }, "cue": null,
        "frequency": null, "difficulty": 25, "status": "active", "recorded_at": "2026-11-23T12:41:07Z", "visibility": "inherit",
        "deleted": false, "sessions": 3
    });
    all.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    Reply::Practice(of(all))
}

fn belief(statement: &str) -> Value {
    json!({
        "type": "belief", "id": ID, "short": "be11", "statement": statement, "recorded_at": "2026-11-23T12:41:07Z",
        "ratings": [{ "head": 20, "heart": 5, "at": "2026-11-23T12:41:07Z" }]
    })
}

fn experiment(more: Value) -> Value {
    let mut all = json!({
        "type": "experiment", "id": ID, "short": "e1e1", "practice": "speak-as-m", "mode": "hypothesis", "belief": ID,
        "belief_statement": "I deserve kindness", "basis": "own", "borrowed_belief": null, "expectancy": null, "willingness": 60,
        "prediction": { "rating": 20, "locked_at": "2026-11-23T12:50:00Z", "by": "me" }, "amendments": [], "obstacles": null,
        "if_then": null, "review_by": null, "status": "planned", "outcome": null, "learning": null, "supports": null, "surprise": null,
        "session": null, "planned_at": "2026-11-23T12:50:00+00:00[Europe/London]", "recorded_at": "2026-11-23T12:50:00Z",
        "visibility": "inherit", "deleted": false
    });
    all.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    all
}

fn loan() -> Value {
    json!({
        "id": "ab".repeat(32), "lender": "Dana", "practice": "speak-as-m", "statement": "I've seen you do this for M. every week.\nIt will land.",
        "strength": 85, "lent_at": "2026-11-20T12:00:00Z", "until": "2027-02-21T00:00:00+00:00[Europe/London]", "ended": false
    })
}

/// A daemon with one practice, one belief, one open experiment, and the loans of the test.
fn answer(request: &Request, loans: &[Value]) -> Answer {
    reply(match request {
        Request::PracticeShow { .. } | Request::PracticeAdapt(_) => practice(json!({})),
        Request::Belief(BeliefAsk::List { .. }) => Reply::Beliefs(vec![of(belief("I deserve kindness"))]),
        Request::Belief(_) => Reply::Belief(of(belief("I deserve kindness"))),
        Request::BorrowList => Reply::Loans(loans.iter().cloned().map(of).collect()),
        Request::Experiment(ExperimentAsk::List { .. }) => Reply::Experiments(vec![of(experiment(json!({})))]),
        Request::Experiment(_) => Reply::Experiment(of(experiment(json!({})))),
        Request::Goal(GoalAsk::List { .. }) => Reply::Goals(Vec::new()),
        Request::Sketch(_) => Reply::Sketch(of(json!({
            "type": "sketch", "id": ID, "short": "5ce7", "text": "someone like me", "recorded_at": "2026-11-23T12:41:07Z", "steps": []
        }))),
        Request::Anchor(AnchorAsk::Add(_)) => Reply::Anchor(of(json!({
            "type": "anchor", "id": ID, "short": "a0c4", "act": "held the door", "deserved": 10, "polite": 80,
            "recorded_at": "2026-11-23T12:41:07Z"
        }))),
        Request::Draft(_) => return refuse(Failure::new(ErrorKind::NotFound, "no draft is kept")),
        _ => Reply::Done,
    })
}

fn home(loans: Vec<Value>) -> (TestHome, Receiver<Request>) {
    listening(move |request| answer(request, &loans))
}

/// The last thing that was asked, beside what is asked about drafts.
fn last(asked: &Receiver<Request>) -> Request {
    asked.try_iter().filter(|request| !matches!(request, Request::Draft(_))).last().unwrap()
}

fn person(home: &TestHome, typed: &str, words: &[&str]) -> Ran {
    Cli::with_person(home, typed).run(words)
}

#[test]
fn a_borrowed_belief_is_shown_in_the_lenders_words_at_the_moment_of_trying() {
    let (home, asked) = home(vec![loan()]);
    let ran = person(&home, "b\n60\n\n20\n", &["try", "speak-as-m"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    assert!(
        ran.stderr.contains("Dana lends you (strength 85, until 21 Feb 2027):\n  \"I've seen you do this for M. every week."),
        "{ran:?}"
    );
    assert!(ran.stderr.contains("head 20  heart 5"), "{ran:?}");
    assert!(ran.stderr.contains("[b]orrowed"), "{ran:?}");
    assert!(ran.stdout.starts_with("Locked 12:50."), "{ran:?}");
    let Request::Experiment(ExperimentAsk::Try { practice, plan }) = last(&asked) else { panic!() };
    assert_eq!(practice, "speak-as-m");
    let wanted = Plan {
        basis: Some(Basis::Borrowed),
        willingness: Some(rated(60)),
        prediction: Some(rated(20)),
        belief: Some(ID.into()),
        ..Plan::default()
    };
    assert_eq!(*plan, wanted);

    let quiet = home.run(&["try", "speak-as-m", "--basis", "borrowed", "--no-input"]);
    assert!(quiet.stderr.contains("It will land."), "also where nothing is asked: {quiet:?}");
}

#[test]
fn with_no_prediction_one_just_sees_what_happens_and_nothing_borrowed_is_offered_where_nothing_is_lent() {
    let (home, asked) = home(Vec::new());
    let ran = person(&home, "\n\n\n\n", &["try", "speak-as-m"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    assert!(!ran.stderr.contains("borrowed"), "{ran:?}");
    let Request::Experiment(ExperimentAsk::Try { plan, .. }) = last(&asked) else { panic!() };
    assert_eq!(*plan, Plan { belief: Some(ID.into()), ..Plan::default() });
}

#[test]
fn an_outcome_is_asked_with_the_prediction_in_sight() {
    let (home, asked) = home(Vec::new());
    let typed = "30\ncried a bit, then ate\nkindness didn't make me lazy\nn\n25\n10\n";
    let ran = person(&home, typed, &["outcome"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    assert!(ran.stderr.contains("speak-as-m (predicted 20)") && ran.stderr.contains("surprise +10"), "{ran:?}");
    assert!(ran.stderr.contains("Rate again: \"I deserve kindness\""), "{ran:?}");
    let Request::Experiment(ExperimentAsk::Outcome { outcome, .. }) = last(&asked) else { panic!() };
    let wanted = NewOutcome {
        after: Some(rated(30)),
        text: Some("cried a bit, then ate".into()),
        learning: Some("kindness didn't make me lazy".into()),
        supports: Some(Supports::New),
        head: Some(rated(25)),
        heart: Some(rated(10)),
        ..NewOutcome::default()
    };
    assert_eq!(*outcome, wanted);
}

#[test]
fn an_experiment_that_did_not_happen_is_left_and_one_of_which_nothing_is_said_stays_open() {
    let (home, asked) = home(Vec::new());
    assert_eq!(person(&home, "l\n", &["outcome"]).code, 0);
    let Request::Experiment(ExperimentAsk::Outcome { outcome, .. }) = last(&asked) else { panic!() };
    assert!(outcome.left);
    let ran = person(&home, "\n\n\n", &["outcome"]);
    assert!(ran.code == 0 && ran.stderr.contains("It stays open."), "{ran:?}");
    assert!(!asked.try_iter().any(|request| matches!(request, Request::Experiment(ExperimentAsk::Outcome { .. }))));
}

#[test]
fn of_several_experiments_the_person_says_which_and_is_asked_until_it_is_one() {
    let lunch = |id: &str, more: &str| json!({ "id": format!("019a0000-0000-7000-8000-00000000{id}"), "short": id, "practice": more });
    let both = move || vec![of(experiment(lunch("e1e1", "lunch"))), of(experiment(lunch("e2e2", "rest")))];
    let (home, asked) = listening(move |request| match request {
        Request::Experiment(ExperimentAsk::List { .. }) => reply(Reply::Experiments(both())),
        other => answer(other, &[]),
    });
    for which in ["2", "e2e2", "rest"] {
        let ran = person(&home, &format!("9\nnone\n{which}\n40\n\n\n\n\n\n"), &["outcome"]);
        assert_eq!((ran.code, ran.stderr.matches("is none of these").count()), (0, 2), "{ran:?}");
        let Request::Experiment(ExperimentAsk::Outcome { experiment, .. }) = last(&asked) else { panic!() };
        assert!(experiment.unwrap().ends_with("e2e2"), "{which}");
    }
    let ran = home.run(&["outcome", "--after", "40"]);
    assert!(ran.code == 2 && ran.stderr.contains("e1e1 lunch, e2e2 rest"), "{ran:?}");
}

#[test]
fn nobody_is_asked_about_an_experiment_that_has_its_outcome() {
    let (home, _) = listening(|request| match request {
        Request::Experiment(ExperimentAsk::Open { .. }) => reply(Reply::Experiment(of(experiment(json!({ "status": "done" }))))),
        other => answer(other, &[]),
    });
    let ran = person(&home, "", &["outcome", "e1e1"]);
    assert_eq!(ran.code, 7, "{ran:?}");
    assert!(!ran.stderr.contains("Feeling after"), "{ran:?}");
}

#[test]
fn a_sketch_asks_for_behaviours_and_self_talk_until_nothing_more_is_said() {
    let (home, asked) = home(Vec::new());
    let typed = "someone like me\n60\nLunch away\n12:30\npark\n20 min\n35\n\nI can rest\n20\n\n";
    let ran = person(&home, typed, &["sketch"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    let Request::Sketch(SketchAsk::Add(new)) = last(&asked) else { panic!() };
    assert_eq!((new.text.as_str(), new.plausible), ("someone like me", Some(rated(60))));
    let [lunch, rest] = &new.practices[..] else { panic!("{new:?}") };
    assert_eq!((lunch.title.as_str(), lunch.kind, lunch.difficulty), ("Lunch away", PracticeKind::AsIfAction, Some(rated(35))));
    assert_eq!(lunch.specificity.place.as_deref(), Some("park"));
    assert_eq!((rest.title.as_str(), rest.kind, rest.difficulty), ("I can rest", PracticeKind::SelfTalk, Some(rated(20))));
}

#[test]
fn gentler_ways_are_offered_in_their_order_and_enter_is_none() {
    let (home, asked) = home(Vec::new());
    let ran = person(&home, "\n", &["practice", "adapt", "speak-as-m"]);
    let said = ran.stderr.split_whitespace().collect::<Vec<_>>().join(" ");
    let order = "1 let it be background 2 name it, hand on body 3 wish it for someone you love first 4 just breathe 5 leave it";
    assert!(said.contains(order), "{said}");
    assert!(!asked.try_iter().any(|request| matches!(request, Request::PracticeAdapt(_))));
    for (typed, way) in [("2\n", Gentler::NameIt), ("just\n", Gentler::Breathe)] {
        person(&home, typed, &["practice", "adapt", "speak-as-m"]);
        assert_eq!(last(&asked), Request::PracticeAdapt(Adapt { practice: ID.into(), way }));
    }
}

#[test]
fn politeness_is_kept_and_nothing_is_argued() {
    let (home, asked) = home(Vec::new());
    let ran = person(&home, "Mr K\nheld the door\n10\n80\n", &["demo", "politeness"]);
    let Request::Anchor(AnchorAsk::Add(new)) = last(&asked) else { panic!() };
    let wanted = NewAnchor {
        who_label: Some("Mr K".into()),
        act: "held the door".into(),
        deserved: Some(rated(10)),
        polite: Some(rated(80)),
        visibility: Default::default(),
    };
    assert_eq!(new, wanted);
    assert!(ran.stdout.contains("You were polite (80), and how much they deserved it was 10."), "{ran:?}");
    assert!(!ran.stdout.to_lowercase().contains("you deserve"), "{ran:?}");
}

#[test]
fn beliefs_are_rated_one_after_the_other_and_what_is_skipped_is_not_rated() {
    let (home, asked) = listening(|request| match request {
        Request::Belief(BeliefAsk::List { .. }) => reply(Reply::Beliefs(vec![of(belief("one")), of(belief("two"))])),
        other => answer(other, &[]),
    });
    let ran = person(&home, "\n\n30\n0\n", &["belief", "rate"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    let rated_now: Vec<_> = asked.try_iter().filter(|request| matches!(request, Request::Belief(BeliefAsk::Rate { .. }))).collect();
    let [Request::Belief(BeliefAsk::Rate { head, heart, .. })] = &rated_now[..] else { panic!("{rated_now:?}") };
    assert_eq!((*head, *heart), (Some(rated(30)), Some(rated(0))), "0 is fine");
}

#[test]
fn without_a_terminal_what_is_missing_is_named() {
    let (home, asked) = home(Vec::new());
    for (words, named) in [
        (&["goal", "add"][..], "asif goal add TEXT"),
        (&["goal", "rate"], "asif goal rate GOAL 0-100"),
        (&["belief", "add"], "asif belief add TEXT"),
        (&["belief", "rate", "kindness"], "--head"),
        (&["demo", "politeness"], "--did"),
        (&["sketch"], "--text"),
        (&["practice", "add"], "asif practice add TITLE"),
        (&["practice", "adapt", "lunch"], "background"),
        (&["phrase", "add", "lunch"], "asif phrase add P LINE"),
        (&["outcome"], "--after"),
    ] {
        let ran = home.run(words);
        assert_eq!(ran.code, 2, "{words:?}: {ran:?}");
        assert!(ran.stderr.contains(named), "{words:?}: {ran:?}");
    }
    assert!(asked.try_iter().all(|request| !matches!(request, Request::Goal(GoalAsk::Add(_)) | Request::Sketch(_) | Request::Anchor(_))));
}

#[test]
fn the_page_of_today_fits_a_narrow_window() {
    let today = json!({
        "date": "2026-11-24", "drafts": 1, "line": "For a hard day you kept an anchor: asif anchor",
        "due": [experiment(json!({}))], "open": [experiment(json!({ "review_by": "2026-11-28", "practice": "lunch" }))],
        "practices": []
    });
    let (home, _) = listening(move |_| reply(Reply::Today(of(today.clone()))));
    let mut cli = Cli::new(&home);
    cli.width = 40;
    let ran = cli.run(&["today"]);
    assert!(ran.stdout.lines().all(|line| line.chars().count() <= 40), "{}", ran.stdout);
    assert_eq!(Cli::new(&home).run(&[]).stdout, home.run(&["today"]).stdout, "asif alone is today");
    assert_eq!(
        home.run(&["today"]).stdout,
        "Tue 24 Nov\nTo see what happened:\n  speak-as-m  planned Mon 23 Nov 12:50 (predicted 20)  asif outcome e1e1\nFor later:\n  lunch  e1e1  \
         on Sat 28 Nov\nWhat you began to write is kept: asif draft list\nFor a hard day you kept an anchor: asif anchor\n"
    );
}
