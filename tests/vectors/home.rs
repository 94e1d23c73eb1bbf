//! One real home of the first format, made by the programs and kept. It must be opened for ever.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use asif_daemon::Rng;
use asif_daemon::replica::effect::{ClientId, Effect, Input, Now};
use asif_daemon::replica::{About, Replica};
use asif_daemon::run::shelf::{Done, Shelf};
use asif_daemon::store::RealDisk;
use asif_proto::home::Home;
use asif_proto::local::{Answer, Ask, ListFilter, Reply, Request};
use rand_core::SeedableRng;

/// The kept home, copied to where it may be written to, as private as a home must be.
fn copy_of_the_kept_home(to: &Path) {
    use std::os::unix::fs::PermissionsExt;
    let from = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/vectors/home-1/data");
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
    let (mut shelf, found) = Shelf::open(Arc::new(RealDisk::new()), data).unwrap();
    assert!(found.damage.is_empty() && found.torn.is_empty(), "{:?} {:?}", found.damage, found.torn);
    let home = Home { data: data.into(), state: data.into(), config: data.into(), socket: data.into() };
    let about = About { pid: 1, version: "0".into(), home, host: "host".into(), place: None };
    let now = Now { wall: "2026-11-24T00:00:00Z".parse().unwrap(), mono: Duration::ZERO };
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
                    Done::Quiet | Done::Serve(..) | Done::Elsewhere(_) => {}
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
    copy_of_the_kept_home(&data);
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
