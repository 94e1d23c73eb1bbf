//! Real homes, made by the programs when a format was new, and kept. They must be opened for ever: `home-1` by the first program, `home-2` by the
//! first with a plan, experiments and drafts, `home-3` by the first with checkpoints, of a journal from which something was erased, `home-4` by the first
//! with a passphrase, while it was locked.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use asif_daemon::Rng;
use asif_daemon::replica::effect::{ClientId, Effect, Input, Now};
use asif_daemon::replica::{About, Replica};
use asif_daemon::run::shelf::{Done, Shelf};
use asif_daemon::seal::vault::WrappedKey;
use asif_daemon::store::RealDisk;
use asif_proto::home::Home;
use asif_proto::local::{
    AnchorAsk, Answer, Ask, BeliefAsk, DraftAsk, ExperimentAsk, GoalAsk, ListFilter, LockAsk, PhraseAsk, Reply, Request, SafetyPlanAsk,
    SketchAsk,
};
use asif_proto::record::{BeliefRole, ExperimentStatus, Gentler, GoalTemplate, MarkKind, Supports};
use rand_core::SeedableRng;

/// A kept home, copied to where it may be written to, as private as a home must be.
fn copy_of_the_kept_home(name: &str, to: &Path) {
    use std::os::unix::fs::PermissionsExt;
    let from = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/vectors").join(name).join("data");
    let mut folders = vec![(from, to.to_owned())];
    while let Some((from, to)) = folders.pop() {
        std::fs::create_dir_all(&to).unwrap();
        std::fs::set_permissions(&to, PermissionsExt::from_mode(0o700)).unwrap();
        for entry in std::fs::read_dir(from).unwrap() {
            let entry = entry.unwrap();
            let to = to.join(entry.file_name());
            if entry.file_type().unwrap().is_dir() {
                folders.push((entry.path(), to));
            } else {
                std::fs::copy(entry.path(), &to).unwrap();
                std::fs::set_permissions(&to, PermissionsExt::from_mode(0o600)).unwrap();
            }
        }
    }
}

/// Opens a home and asks; answers come from the real core over the real store.
fn ask(data: &Path, requests: Vec<Request>) -> Vec<Reply> {
    let (mut shelf, mut found) = Shelf::open(Arc::new(RealDisk::new()), data).unwrap();
    let wrapped = found.vault.as_ref().and_then(|(_, key)| WrappedKey::from_file(key));
    found.key = wrapped.map(|wrapped| wrapped.open("correct horse battery").unwrap());
    assert!(found.damage.is_empty() && found.torn.is_empty(), "{:?} {:?}", found.damage, found.torn);
    let home = Home { data: data.into(), state: data.into(), config: data.into(), socket: data.into() };
    let about = About { pid: 1, version: "0".into(), home, host: "host".into(), keeping: Default::default() };
    let now = Now { wall: "2026-11-24T00:00:00Z".parse().unwrap(), mono: Duration::ZERO, steady: Duration::ZERO };
    let mut rng = Rng::seed_from_u64(1);
    let (mut replica, mut effects) = Replica::new(about, now, &mut rng, found, None);
    let mut replies = Vec::new();
    for (number, request) in requests.into_iter().enumerate() {
        let ask = Ask { version: 1, id: uuid::Uuid::from_u128(number as u128 + 1), zone: "Europe/London".into(), request };
        let mut inputs = vec![Input::Ask { client: ClientId(number as u64), ask: Box::new(ask) }];
        loop {
            let step = shelf.write(std::mem::take(&mut effects));
            assert!(step.failed.is_none(), "{:?}", step.failed);
            for effect in step.rest {
                match shelf.perform(effect).unwrap() {
                    Done::Input(input) => inputs.insert(0, input),
                    Done::Elsewhere(Effect::Answer { answer: Answer::Reply(reply), .. }) => replies.push(*reply),
                    Done::Elsewhere(Effect::Answer { answer: Answer::Error(failure), .. }) => panic!("{failure:?}"),
                    Done::Quiet | Done::Serve(..) | Done::Send(..) | Done::Elsewhere(_) => {}
                }
            }
            if inputs.is_empty() {
                break;
            }
            effects = replica.handle(now, &mut rng, inputs.remove(0));
        }
    }
    replies
}

#[test]
fn the_home_of_the_first_format_is_opened() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    copy_of_the_kept_home("home-1", &data);
    let requests =
        || vec![Request::List(ListFilter::default()), Request::PracticeList { all: true }, Request::BorrowList, Request::ShareList];
    let check = |replies: &[Reply]| {
        let [Reply::Sessions(sessions), Reply::Practices(practices), Reply::Loans(loans), Reply::Grants(grants)] = replies else {
            panic!("{replies:?}")
        };
        let told: Vec<_> = sessions.iter().map(|session| (session.before.unwrap().value(), session.after.unwrap().value())).collect();
        assert_eq!(told, [(20, 35), (30, 60), (30, 45)], "newest first, one of them edited");
        assert_eq!(sessions[1].note.as_deref(), Some("Sat by the canal. Nobody minded."));
        assert_eq!(sessions[1].tags, ["work"]);
        assert_eq!(sessions[0].borrowed_belief, Some(loans[0].id));
        assert_eq!(practices.iter().map(|practice| practice.slug.as_str()).collect::<Vec<_>>(), ["lunch"]);
        assert_eq!(loans[0].statement, "I think it will land, a little.");
        assert_eq!((grants[0].name.as_str(), grants[0].joined), ("Dana", true));
    };
    check(&ask(&data, requests()));
    // And without the views, which can be made anew from the sealed log.
    std::fs::remove_file(data.join("view")).unwrap();
    check(&ask(&data, requests()));
}

#[test]
fn the_home_of_the_first_plan_is_opened() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    copy_of_the_kept_home("home-2", &data);
    let requests = || {
        vec![
            Request::Wish { wish: None },
            Request::Goal(GoalAsk::List { all: true }),
            Request::Belief(BeliefAsk::List { all: true }),
            Request::Anchor(AnchorAsk::List),
            Request::Sketch(SketchAsk::List),
            Request::Phrase(PhraseAsk::List { practice: None }),
            Request::Experiment(ExperimentAsk::List { practice: None, all: true }),
            Request::List(ListFilter::default()),
            Request::Draft(DraftAsk::List),
            Request::SafetyPlan(SafetyPlanAsk::Show),
        ]
    };
    let check = |replies: &[Reply]| {
        let [
            Reply::Wish(wish),
            Reply::Goals(goals),
            Reply::Beliefs(beliefs),
            Reply::Anchors(anchors),
            Reply::Sketches(sketches),
            Reply::Phrases(phrases),
            Reply::Experiments(experiments),
            Reply::Sessions(sessions),
            Reply::Drafts(drafts),
            Reply::SafetyPlan(plan),
        ] = replies
        else {
            panic!("{replies:?}")
        };
        assert_eq!(wish.wish.as_deref(), Some("feel less like a burden"));
        let goal = &goals[0].value;
        assert_eq!((goal.template, goal.agree.len(), goal.agree[1].value.value()), (Some(GoalTemplate::Kindly), 2, 75));
        let (old, new) = (&beliefs[0], &beliefs[1]);
        assert_eq!((old.value.role, new.value.role, new.value.paired_with), (BeliefRole::Old, BeliefRole::New, Some(old.id)));
        let rated: Vec<_> = new.value.ratings.iter().map(|one| (one.head.unwrap().value(), one.heart.unwrap().value())).collect();
        assert_eq!(rated, [(20, 5), (25, 10)], "with it, and with the outcome");
        assert_eq!((anchors[0].value.act.as_str(), anchors[0].value.polite.unwrap().value()), ("held the door", 80));
        assert_eq!(sketches[0].sketch.value.text.len(), 5200, "it lies beside its record");
        let [rest, lunch] = &sketches[0].steps[..] else { panic!("{:?}", sketches[0].steps) };
        assert_eq!((rest.slug.as_str(), rest.adapted[0].way), ("i-can-rest", Gentler::Breathe));
        assert_eq!((lunch.specificity.when.as_deref(), lunch.beliefs.as_slice()), (Some("half past twelve"), &[new.id][..]));
        assert_eq!(phrases.iter().map(|one| one.value.new_line.as_str()).collect::<Vec<_>>(), ["May I be well.", "May I be safe."]);
        let (open, done) = (&experiments[0].value, &experiments[1].value);
        assert_eq!((open.status, open.review_by.unwrap().to_string().as_str()), (ExperimentStatus::Planned, "2026-12-24"));
        assert_eq!((done.surprise, done.supports, done.amendments.len()), (Some(15), Some(Supports::New), 1));
        assert_eq!(sessions[1].experiment, Some(experiments[1].id));
        assert_eq!(sessions[0].marks.iter().map(|mark| mark.kind).collect::<Vec<_>>(), [MarkKind::Numb, MarkKind::Landed]);
        assert_eq!(sessions[0].landed_s, Some(252));
        assert!(drafts[0].typing.as_ref().is_some_and(|(_, text)| text == "half a thought"), "{drafts:?}");
        assert_eq!(plan.plan.helps_alone.as_deref(), Some("walks"));
    };
    check(&ask(&data, requests()));
    std::fs::remove_file(data.join("view")).unwrap();
    check(&ask(&data, requests()));
}

#[test]
fn the_home_of_the_first_checkpoint_is_opened_and_what_was_erased_is_in_nothing_of_it() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    copy_of_the_kept_home("home-3", &data);
    let requests = || vec![Request::List(ListFilter::default()), Request::PracticeList { all: true }];
    let check = |replies: &[Reply]| {
        let [Reply::Sessions(sessions), Reply::Practices(practices)] = replies else { panic!("{replies:?}") };
        let told: Vec<_> = sessions.iter().map(|session| (session.before.unwrap().value(), session.after.unwrap().value())).collect();
        assert_eq!(told, [(1, 2), (20, 55), (30, 45)], "one of them is gone");
        assert_eq!(sessions[1].note.as_deref(), Some("Sat by the canal, and stayed."));
        assert_eq!(sessions[1].device.as_deref(), Some("laptop"));
        assert_eq!(practices.iter().map(|practice| practice.slug.as_str()).collect::<Vec<_>>(), ["lunch"]);
        let id = sessions[1].id.to_string();
        let [Reply::History(history)] = &ask(&data, vec![Request::History { id }])[..] else { panic!() };
        let what: Vec<&str> = history.steps.iter().map(|step| step.what.as_str()).collect();
        assert_eq!(what, ["erase its history", "edit"]);
    };
    check(&ask(&data, requests()));
    std::fs::remove_file(data.join("view")).unwrap();
    check(&ask(&data, requests()));
}

#[test]
fn the_home_that_was_locked_first_is_opened_with_what_came_and_was_written_meanwhile() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    copy_of_the_kept_home("home-4", &data);
    // Twice: at first it goes through what was held, and then it lies in the logs.
    for _ in 0..2 {
        let mut replies =
            ask(&data, vec![Request::Lock(LockAsk::Look), Request::Lock(LockAsk::Look), Request::List(ListFilter::default())]);
        let Some(Reply::Sessions(sessions)) = replies.pop() else { panic!() };
        let told: Vec<_> = sessions.iter().map(|one| (one.note.as_deref().unwrap(), one.recorded_at.to_string())).collect();
        assert_eq!(
            told,
            [
                ("Written while it was locked.", "2026-11-30T18:20:41Z".to_owned()),
                ("Written on the other device.", "2026-11-30T18:20:41Z".to_owned()),
                ("Sat by the canal.", "2026-11-30T18:20:40Z".to_owned()),
            ]
        );
    }
}
