//! What two devices of a client do apart, and what a helper may see of it.

use std::time::Duration;

use asif_daemon::journal::document::Document;
use asif_daemon::people::epoch;
use asif_daemon::people::space::Space;
use asif_daemon::replica::effect::{Effect, Input, Purpose, Run};
use asif_daemon::run::shelf::{Done, Shelf};
use asif_daemon::seal::body::{Body, Changes, DocId};
use asif_daemon::seal::entry::{self, Place};
use asif_proto::id::LogId;
use asif_proto::local::{Invite, ListFilter, Reply, Request};
use asif_proto::peer::Message;
use asif_proto::record::{Session, SessionFields, Visibility};
use asif_proto::share::Role;

use crate::hostile::{logs_of, robin_and_dana, run, steal};
use crate::world::World;

pub(crate) fn log(world: &mut World, node: usize, fields: SessionFields) -> Session {
    let request = Request::Log { practice: Some("lunch".into()), fields: Box::new(fields) };
    let Reply::Session(session) = world.must(node, request) else { panic!() };
    session
}

pub(crate) fn edit(world: &mut World, node: usize, session: &Session, fields: SessionFields) {
    let request = Request::Edit { id: session.id.to_string(), fields: Box::new(fields), clear: vec![], base: None };
    world.must(node, request);
}

pub(crate) fn after(value: u8) -> SessionFields {
    SessionFields { after: Some(value.try_into().unwrap()), at: Some("2026-06-01T12:00".into()), ..Default::default() }
}

fn private() -> SessionFields {
    SessionFields { visibility: Some(Visibility::Private), ..Default::default() }
}

fn archive_lunch(world: &mut World, node: usize) {
    world.must(node, Request::PracticeArchive { practice: "lunch".into() });
}

/// What Dana is shown.
pub(crate) fn seen(world: &mut World, dana: usize) -> usize {
    let Reply::Client(client) = world.must(dana, Request::CaseloadOpen { client: "Robin".into() }) else { panic!() };
    client.sessions.len()
}

/// Every item that lies whole on Dana's disk in the client's share spaces, as text.
pub(crate) fn held(world: &World, dana: usize) -> Vec<String> {
    let stolen = steal(world, dana);
    let (mut shelf, _) = Shelf::open(world.nodes[dana].disk.clone(), std::path::Path::new("/data")).unwrap();
    let mut items = Vec::new();
    for epoch in stolen.registry.all_epochs().filter(|epoch| matches!(epoch.space, Space::Share { .. })) {
        let key = epoch::read_box(epoch, stolen.device(), &stolen.vault.sealing).unwrap().read;
        let runs = logs_of(world, dana, epoch).into_iter().map(|log| Run { log, from: 1, to: 1000 }).collect();
        let Ok(Done::Input(Input::Read { entries, .. })) = shelf.perform(Effect::Read { purpose: Purpose::Merge, runs }) else { panic!() };
        for stored in entries.iter().filter(|stored| stored.wire.sealed().is_some()) {
            let place = Place { space: epoch.space.id(), log: stored.wire.log(), seq: stored.wire.seq(), previous: stored.previous };
            if let Body::Put(put) = Body::from_bytes(entry::open(&key, &place, &stored.wire).unwrap().bodies()).unwrap() {
                items.push(String::from_utf8(put.payload).unwrap());
            }
        }
    }
    items
}

/// Robin's two devices and Dana, each of whom reaches the others.
pub(crate) fn all_meet() -> (World, usize, usize, usize) {
    let (mut world, laptop, desktop, dana) = robin_and_dana();
    // By a second invitation, which is taken back, the desktop and Dana know where to find each other.
    let invite = Invite { name: "Dana again".into(), role: Role::Friend, ..Invite::default() };
    let ticket = world.ticket(desktop, Request::ShareInvite { invite, yes: true, no_wait: true });
    world.must(dana, Request::HelperJoin { ticket, name: None, at: None });
    world.must(desktop, Request::ShareRevoke { name: "Dana again".into() });
    world.run_for(Duration::from_secs(100));
    (world, laptop, desktop, dana)
}

#[test]
fn what_one_device_makes_private_is_taken_back_whatever_the_other_knows() {
    let (mut world, laptop, desktop, dana) = all_meet();
    let session = log(&mut world, laptop, after(11));
    world.run_for(Duration::from_secs(20));
    let before = seen(&mut world, dana);
    world.cut(laptop, desktop);
    for value in [12, 13, 14] {
        edit(&mut world, laptop, &session, SessionFields { after: after(value).after, ..Default::default() });
    }
    world.run_for(Duration::from_secs(20));
    edit(&mut world, desktop, &session, private());
    world.run_for(Duration::from_secs(20));
    assert_eq!(seen(&mut world, dana), before - 1, "the desktop knows of fewer changes, and took it back all the same");
    // The other way round: what the laptop still sends is taken back as soon as it comes.
    world.run_for(Duration::from_secs(200));
    edit(&mut world, laptop, &session, SessionFields { after: after(15).after, ..Default::default() });
    world.run_for(Duration::from_secs(2));
    assert_eq!(seen(&mut world, dana), before - 1);
}

#[test]
fn what_was_taken_back_is_not_sent_again_by_a_device_that_has_not_heard() {
    let (mut world, laptop, desktop, dana) = all_meet();
    let session = log(&mut world, laptop, after(77));
    world.run_for(Duration::from_secs(5));
    world.cut(laptop, desktop);
    edit(&mut world, laptop, &session, private());
    world.run_for(Duration::from_secs(20));
    let marked = |items: &[String]| items.iter().filter(|item| item.contains("\"after\":77")).count();
    assert_eq!(marked(&held(&world, dana)), 0, "an older item became a stub");
    // The desktop hears of it through Dana alone; its own journal still shows the session.
    archive_lunch(&mut world, desktop);
    world.run_for(Duration::from_secs(100));
    assert_eq!(marked(&held(&world, dana)), 0);
    let quiet = held(&world, dana).len();
    world.run_for(Duration::from_secs(200));
    assert_eq!(held(&world, dana).len(), quiet, "nothing is written again and again");
}

#[test]
fn what_was_taken_back_by_a_device_that_had_not_heard_is_shown_again_once_it_has() {
    let (mut world, laptop, desktop, dana) = all_meet();
    let session = log(&mut world, laptop, SessionFields { visibility: Some(Visibility::Private), ..after(77) });
    world.run_for(Duration::from_secs(20));
    let before = seen(&mut world, dana);
    world.cut(laptop, desktop);
    let visible = SessionFields { visibility: Some(Visibility::Inherit), ..Default::default() };
    edit(&mut world, desktop, &session, visible);
    world.run_for(Duration::from_secs(20));
    // The laptop hears of it through Dana alone; in its own journal the session is private.
    assert_eq!(seen(&mut world, dana), before, "the laptop took it back");
    world.heal();
    world.run_for(Duration::from_secs(200));
    assert_eq!(seen(&mut world, dana), before + 1, "and shows it again");
    let quiet = held(&world, dana).len();
    world.run_for(Duration::from_secs(200));
    assert_eq!(held(&world, dana).len(), quiet, "nothing is written again and again");
}

#[test]
fn a_restarted_device_that_met_nobody_takes_back_and_shows_nothing_new() {
    let (mut world, laptop, desktop, dana) = all_meet();
    let session = log(&mut world, laptop, after(11));
    world.run_for(Duration::from_secs(20));
    let before = seen(&mut world, dana);
    world.cut(laptop, desktop);
    world.crash(laptop, Duration::from_secs(1));
    world.run_for(Duration::from_secs(20));
    log(&mut world, laptop, after(12));
    edit(&mut world, laptop, &session, private());
    world.run_for(Duration::from_secs(20));
    assert_eq!(seen(&mut world, dana), before - 1);
}

/// The desktop shared more of a session than the laptop has heard of; the laptop meets neither it nor Dana.
fn shared_further_elsewhere() -> (World, [usize; 3], Session) {
    let (mut world, laptop, desktop, dana) = all_meet();
    let session = log(&mut world, laptop, after(61));
    world.run_for(Duration::from_secs(100));
    world.cut(laptop, desktop);
    world.cut(laptop, dana);
    for value in 62..66 {
        edit(&mut world, desktop, &session, SessionFields { after: after(value).after, ..Default::default() });
    }
    world.run_for(Duration::from_secs(100));
    assert!(held(&world, dana).iter().any(|item| item.contains("\"after\":65")));
    (world, [laptop, desktop, dana], session)
}

/// The laptop starts again and meets Dana alone; whether she still has the session.
fn is_held_after_a_restart(world: &mut World, [laptop, desktop, dana]: [usize; 3]) -> bool {
    world.crash(laptop, Duration::from_millis(10));
    world.run_for(Duration::from_secs(5));
    world.crash(desktop, Duration::from_secs(100_000));
    world.heal();
    world.run_for(Duration::from_secs(200));
    held(world, dana).iter().any(|item| item.contains("\"after\":6"))
}

#[test]
fn what_was_made_private_or_deleted_before_a_restart_is_taken_back_after_it_whatever_the_other_shared() {
    for deletes in [false, true] {
        let (mut world, nodes, session) = shared_further_elsewhere();
        if deletes {
            world.must(nodes[0], Request::Delete { id: session.id.to_string() });
        } else {
            edit(&mut world, nodes[0], &session, private());
        }
        assert!(!is_held_after_a_restart(&mut world, nodes), "deleted: {deletes}");
    }
}

#[test]
fn what_is_private_on_the_disk_before_a_restart_is_taken_back_after_it_wherever_the_power_went() {
    let mut private_ones = 0;
    for cut in 0..16 {
        let (mut world, nodes, session) = shared_further_elsewhere();
        let disk = world.nodes[nodes[0]].disk.clone();
        let calls = disk.calls() + cut;
        disk.plan(move |call| (call.number >= calls).then_some(asif_daemon::store::Fault::PowerOff));
        let fields = Box::new(private());
        world.ask(nodes[0], Request::Edit { id: session.id.to_string(), fields, clear: vec![], base: None });
        world.crash(nodes[0], Duration::from_millis(10));
        disk.heal();
        world.run_for(Duration::from_secs(5));
        if shown(&mut world, nodes[0], &session).visibility == Visibility::Private {
            private_ones += 1;
            assert!(!is_held_after_a_restart(&mut world, nodes), "cut {cut}");
        }
    }
    assert!((1..16).contains(&private_ones), "{private_ones}");
}

#[test]
fn a_session_that_can_no_longer_be_read_here_is_taken_back() {
    let (mut world, laptop, desktop, dana) = robin_and_dana();
    let session = log(&mut world, laptop, after(11));
    world.run_for(Duration::from_secs(20));
    assert_eq!(seen(&mut world, dana), 1);
    // As a newer program on the desktop would write it.
    let stolen = steal(&world, desktop);
    let (epoch, key) = stolen.epoch(|space| matches!(space, Space::Journal { .. }));
    let field = format!("{}/visibility", session.id.key());
    let mut document = Document::default();
    let change = document.write(LogId([77; 16]), &[(field, "of a newer program".into())], None).unwrap().unwrap();
    let doc = DocId::Month { year: 2026, month: 6 };
    let changes = Body::Changes(Changes { doc, generation: [0; 32], codec: 0, bytes: change.raw_bytes().to_vec() });
    let (run, _) = run(&epoch, &key, &stolen.vault.signing, stolen.device(), &[changes]);
    world.inject(desktop, laptop, &Message::Entries(run));
    world.run_for(Duration::from_secs(100));
    assert_eq!(seen(&mut world, dana), 0);
    assert!(world.doctor(laptop).contains("1 records have fields"));
}

#[test]
fn undo_goes_on_past_what_another_device_has_taken_back() {
    let (mut world, laptop, desktop, _) = robin_and_dana();
    let first = log(&mut world, laptop, after(1));
    let second = log(&mut world, laptop, after(2));
    world.run_for(Duration::from_secs(5));
    for (device, taken) in [(desktop, second), (laptop, first)] {
        let Reply::Undone(undone) = world.must(device, Request::Undo) else { panic!() };
        assert_eq!(undone.id, taken.id);
        world.run_for(Duration::from_secs(5));
    }
}

/// Both devices set the field apart, and meet again; returns what shows on the laptop.
fn apart(world: &mut World, laptop: usize, desktop: usize, session: &Session) -> Session {
    world.cut(laptop, desktop);
    for (node, value) in [(laptop, 40), (desktop, 50)] {
        edit(world, node, session, SessionFields { after: after(value).after, ..Default::default() });
        world.run_for(Duration::from_secs(2));
    }
    world.heal();
    world.run_for(Duration::from_secs(60));
    shown(world, laptop, session)
}

fn shown(world: &mut World, node: usize, session: &Session) -> Session {
    let Reply::Session(session) = world.must(node, Request::Show { id: session.id.to_string() }) else { panic!() };
    session
}

#[test]
fn what_was_said_apart_is_settled_by_saying_what_shows() {
    let (mut world, laptop, desktop, _) = robin_and_dana();
    let session = log(&mut world, laptop, after(1));
    world.run_for(Duration::from_secs(5));
    let both = apart(&mut world, laptop, desktop, &session);
    assert_eq!(both.conflicts.len(), 1);
    edit(&mut world, laptop, &session, SessionFields { after: both.after, ..Default::default() });
    world.run_for(Duration::from_secs(5));
    for node in [laptop, desktop] {
        let settled = shown(&mut world, node, &session);
        assert_eq!((settled.after, settled.conflicts.len()), (both.after, 0));
    }
}

#[test]
fn undoing_the_later_of_two_words_leaves_the_other_wherever_it_is_done() {
    for at_home in [true, false] {
        let (mut world, laptop, desktop, _) = robin_and_dana();
        let session = log(&mut world, laptop, after(1));
        world.run_for(Duration::from_secs(5));
        apart(&mut world, laptop, desktop, &session);
        world.must(if at_home { desktop } else { laptop }, Request::Undo);
        world.run_for(Duration::from_secs(5));
        for node in [laptop, desktop] {
            assert_eq!(shown(&mut world, node, &session).after, after(40).after, "the desktop wrote last");
        }
        let Reply::Sessions(list) = world.must(laptop, Request::List(ListFilter::default())) else { panic!() };
        assert_eq!(list.len(), 2);
    }
}

#[test]
fn a_log_that_ends_in_what_another_device_outdated_reaches_whoever_was_away() {
    let (mut world, laptop, desktop, dana) = all_meet();
    let session = log(&mut world, laptop, after(21));
    world.run_for(Duration::from_secs(100));
    world.cut(dana, laptop);
    world.cut(dana, desktop);
    for (device, value) in [(laptop, 22), (desktop, 23)] {
        edit(&mut world, device, &session, SessionFields { after: after(value).after, ..Default::default() });
        world.run_for(Duration::from_secs(100));
    }
    world.heal();
    world.run_for(Duration::from_secs(100));
    let Reply::Client(client) = world.must(dana, Request::CaseloadOpen { client: "Robin".into() }) else { panic!() };
    assert!(client.sessions.iter().any(|one| one.after == after(23).after));
    assert!(!held(&world, dana).iter().any(|item| item.contains("\"after\":22")), "an older text is not told");
    for device in [laptop, desktop, dana] {
        let Reply::Synced(synced) = world.must(device, Request::Sync { wait_ms: Some(60_000) }) else { panic!() };
        assert!(synced.unreached.is_empty() && !synced.peers.is_empty(), "machine {device}: {synced:?}");
    }
}

#[test]
fn what_one_device_hid_and_another_let_go_is_shown_again_soon() {
    for seed in crate::seeds(60) {
        let (mut world, laptop, desktop, dana) = crate::hostile::robin_and_dana_of(seed);
        world.weather = crate::world::Weather { breaks: 0, twice: 100, late: 300, delay_ms: 1500 };
        let session = log(&mut world, laptop, after(61));
        world.run_for(Duration::from_secs(20));
        assert_eq!(seen(&mut world, dana), 1, "seed {seed}");
        edit(&mut world, laptop, &session, private());
        // The desktop lets it go as soon as it has heard.
        for _ in 0..200 {
            world.run_for(Duration::from_millis(50));
            let Reply::Session(here) = world.must(desktop, Request::Show { id: session.id.to_string() }) else { panic!() };
            if here.visibility == Visibility::Private {
                break;
            }
        }
        let pause = world.below(3000);
        world.run_for(Duration::from_millis(pause));
        edit(&mut world, desktop, &session, SessionFields { visibility: Some(Visibility::Inherit), ..Default::default() });
        world.run_for(Duration::from_secs(20));
        assert_eq!(seen(&mut world, dana), 1, "seed {seed}: it is not shown again");
    }
}

/// The notes of all sessions that a machine lists, sorted.
pub(crate) fn notes(world: &mut World, node: usize) -> Vec<String> {
    let Reply::Sessions(list) = world.must(node, Request::List(ListFilter::default())) else { panic!() };
    let mut notes: Vec<String> = list.into_iter().filter_map(|one| one.note).collect();
    notes.sort();
    notes
}
