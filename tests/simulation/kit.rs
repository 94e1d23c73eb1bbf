//! A person comes back with the 24 words of the recovery kit. Properties:
//!
//! 1. From another device, or from what lies on a disk that nothing else opens, all that was written is there.
//! 2. Own devices and helpers take the new device in, whoever had not heard of it; and shut out what it removes.
//! 3. Words of another journal change nothing, and whoever holds the link key of a kit can say no more than what the root signed.

use std::path::Path;
use std::time::Duration;

use asif_daemon::people::statement::{Add, Candidate, Said, Statement};
use asif_daemon::seal::keys::{KitEntropy, LinkSeed, SealingSeed, SigningSeed};
use asif_daemon::store::{Disk as _, Fault};
use asif_proto::id::PersonId;
use asif_proto::local::{ErrorKind, KitAsk, KitView, ListFilter, Reply, Request};
use asif_proto::peer::{Blob, Message};
use asif_proto::secret::Secret;
use asif_proto::share::Scope;
use rand_core::SeedableRng as _;

use crate::apart::noted;
use crate::hostile::steal;
use crate::shared::{log, notes};
use crate::story::{self, invitation};
use crate::world::World;

/// The words that a machine has, as they stand on paper.
fn words(world: &mut World, node: usize) -> Secret {
    let Reply::KitWords(kit) = world.must(node, Request::Kit(KitAsk::Show)) else { panic!() };
    Secret::new(kit.words.iter().map(Secret::danger_text).collect::<Vec<_>>().join(" "))
}

fn restore(words: &Secret, at: Option<String>) -> Request {
    Request::Kit(KitAsk::Restore { words: words.clone(), name: Some("new".into()), at })
}

fn kit_view(world: &mut World, node: usize) -> KitView {
    let Reply::Status(status) = world.must(node, Request::Status) else { panic!() };
    status.kit.unwrap()
}

fn devices(world: &mut World, node: usize) -> Vec<String> {
    let Reply::Devices(all) = world.must(node, Request::DeviceList) else { panic!() };
    let mut names: Vec<String> = all.into_iter().map(|one| one.name).collect();
    names.sort();
    names
}

fn dana(world: &mut World, laptop: usize) -> usize {
    let invite = asif_proto::local::Invite { scopes: vec![Scope::Ratings, Scope::Notes], until: None, ..invitation() };
    let ticket = world.ticket(laptop, Request::ShareInvite { invite, yes: true, no_wait: true });
    let dana = world.add("dana");
    world.must(dana, Request::HelperJoin { ticket, name: Some("Dana".into()), at: None });
    dana
}

#[test]
fn with_the_words_a_new_machine_has_the_journal_of_another_device_and_is_let_in_by_helpers() {
    let mut world = World::new(1);
    let family = story::family(&mut world, 2);
    let [laptop, phone] = family[..] else { panic!() };
    let dana = dana(&mut world, laptop);
    for (node, note) in [(laptop, "a"), (phone, "b")] {
        log(&mut world, node, noted(note));
    }
    world.run_for(Duration::from_secs(120));
    let words = words(&mut world, laptop);
    let Reply::KitConfirmed(view) = world.must(laptop, Request::Kit(KitAsk::Confirm { words: words.clone() })) else { panic!() };
    assert!(!view.here && view.confirmed_at.is_some());
    world.must(laptop, Request::Sync { wait_ms: Some(10_000) });
    // The laptop is gone, and Dana hears nothing of the phone.
    world.stop(laptop);
    world.cut(phone, dana);
    let desktop = world.add("new");
    let at = world.nodes[phone].address.to_string();
    world.must(desktop, restore(&words, Some(at)));
    assert_eq!((notes(&mut world, desktop), notes(&mut world, phone)), (vec!["a".into(), "b".into()], vec!["a".into(), "b".into()]));
    assert_eq!(devices(&mut world, phone), ["device 1", "laptop", "new"]);
    world.must(desktop, Request::DeviceRemove { device: "laptop".into() });
    let Reply::KitConfirmed(view) = world.must(desktop, Request::Kit(KitAsk::Confirm { words })) else { panic!() };
    assert!(!view.here);
    log(&mut world, desktop, noted("c"));
    world.run_for(Duration::from_secs(900));
    assert_eq!(devices(&mut world, phone), ["device 1", "new"]);
    assert_eq!(notes(&mut world, phone), ["a", "b", "c"]);
    // The new one has brought Dana word of itself.
    world.stop(phone);
    log(&mut world, desktop, noted("d"));
    world.run_for(Duration::from_secs(900));
    assert!(world.is_linked(desktop, dana));
    assert!(crate::shared::held(&world, dana).concat().contains("\"d\""), "{}", crate::shared::held(&world, dana).concat());
    world.start(laptop);
    world.run_for(Duration::from_secs(900));
    assert!(!world.is_linked(laptop, dana) && !world.is_linked(laptop, desktop));
}

#[test]
fn with_the_words_what_lies_on_a_disk_is_opened_though_the_vault_does_not() {
    for lost in [&["/data/vault.key"][..], &["/data/vault.key", "/data/vault"]] {
        let mut world = World::new(2);
        let laptop = story::family(&mut world, 1)[0];
        for note in ["a", "b"] {
            log(&mut world, laptop, noted(note));
        }
        let right = words(&mut world, laptop);
        let other = world.add("other");
        world.must(other, Request::Init { name: None, device: None, wish: None, goal: None });
        let wrong = words(&mut world, other);
        world.stop(laptop);
        let disk = world.nodes[laptop].disk.clone();
        lost.iter().for_each(|path| disk.remove(Path::new(path)).unwrap());
        world.expects_damage = true;
        world.start(laptop);
        assert!(
            matches!(world.ask(laptop, Request::List(ListFilter::default())), Some(Err(failure)) if failure.kind == ErrorKind::Integrity)
        );
        let before = world.nodes[laptop].bytes_on_disk();
        for (words, kind) in [(&wrong, ErrorKind::Precondition), (&Secret::new("abandon".into()), ErrorKind::Usage)] {
            let Some(Err(failure)) = world.ask(laptop, restore(words, None)) else { panic!() };
            assert_eq!(failure.kind, kind, "{failure}");
        }
        assert!(world.nodes[laptop].bytes_on_disk() == before, "nothing was changed");
        world.must(laptop, restore(&right, None));
        assert_eq!(notes(&mut world, laptop), ["a", "b"]);
        assert_eq!(devices(&mut world, laptop), ["laptop", "new"]);
        world.must(laptop, Request::DeviceRemove { device: "laptop".into() });
        log(&mut world, laptop, noted("c"));
        world.must(laptop, Request::Kit(KitAsk::Confirm { words: right }));
        for _ in 0..2 {
            world.stop(laptop);
            world.start(laptop);
            assert_eq!(notes(&mut world, laptop), ["a", "b", "c"]);
            let told = world.doctor(laptop);
            assert!(!told.contains("bytes on disk") && told.contains("laptop was removed from your devices"), "{told}");
        }
        assert!(!kit_view(&mut world, laptop).here);
        // Of what the kit opened this device has the read keys alone: whoever joins is given those.
        let tablet = story::joins(&mut world, laptop, "tablet");
        world.run_for(Duration::from_secs(60));
        assert_eq!(notes(&mut world, tablet), ["a", "b", "c"]);
        log(&mut world, tablet, noted("d"));
        world.run_for(Duration::from_secs(60));
        assert_eq!(notes(&mut world, laptop), ["a", "b", "c", "d"]);
        let held = |world: &World| steal(world, laptop).registry.statements().count();
        let before = held(&world);
        world.run_for(Duration::from_secs(600));
        assert_eq!(held(&world), before, "nothing is said again and again");
    }
}

#[test]
fn wherever_the_power_goes_while_somebody_comes_back_here_they_can_and_nothing_is_lost() {
    for at in 0..40 {
        let mut world = World::new(5);
        let laptop = story::family(&mut world, 1)[0];
        for note in ["a", "b"] {
            log(&mut world, laptop, noted(note));
        }
        let words = words(&mut world, laptop);
        world.stop(laptop);
        let disk = world.nodes[laptop].disk.clone();
        disk.remove(Path::new("/data/vault.key")).unwrap();
        world.expects_damage = true;
        world.start(laptop);
        let last = disk.calls() + at;
        disk.plan(move |call| (call.number >= last).then_some(Fault::PowerOff));
        let is_said = matches!(world.ask(laptop, restore(&words, None)), Some(Ok(_)));
        disk.heal();
        world.stop(laptop);
        world.start(laptop);
        match world.ask(laptop, restore(&words, None)) {
            Some(Ok(Reply::Joined(_))) => assert!(!is_said, "at {at}: it was said, and is not so"),
            Some(Err(failure)) => assert!(failure.message.contains("reads its journal already"), "at {at}: {failure}"),
            other => panic!("at {at}: {other:?}"),
        }
        log(&mut world, laptop, noted("c"));
        world.stop(laptop);
        world.start(laptop);
        assert_eq!(notes(&mut world, laptop), ["a", "b", "c"], "at {at}");
    }
}

#[test]
fn where_two_removed_each_other_the_kit_decides() {
    let mut world = World::new(3);
    let family = story::family(&mut world, 3);
    let [laptop, desktop, phone] = family[..] else { panic!() };
    log(&mut world, laptop, noted("a"));
    world.run_for(Duration::from_secs(60));
    let words = words(&mut world, laptop);
    world.must(laptop, Request::Kit(KitAsk::Confirm { words: words.clone() }));
    world.cut(laptop, desktop);
    world.cut(laptop, phone);
    world.cut(desktop, phone);
    world.must(laptop, Request::DeviceRemove { device: "device 1".into() });
    world.must(desktop, Request::DeviceRemove { device: "laptop".into() });
    world.heal();
    world.cut(laptop, phone);
    world.run_for(Duration::from_secs(600));
    // The phone has heard of one alone, and hears of the other by whoever still comes.
    world.heal();
    log(&mut world, laptop, noted("b"));
    world.run_for(Duration::from_secs(600));
    world.must(laptop, restore(&words, None));
    world.run_for(Duration::from_secs(600));
    assert!(world.is_linked(laptop, phone), "{}", world.doctor(laptop));
    assert_eq!((notes(&mut world, laptop), notes(&mut world, phone)), (vec!["a".into(), "b".into()], vec!["a".into(), "b".into()]));
    assert!(!world.is_linked(desktop, phone) && !world.is_linked(desktop, laptop));
}

#[test]
fn whoever_comes_with_the_link_key_of_a_kit_can_bring_what_the_root_signed_and_nothing_else() {
    let mut world = World::new(4);
    let laptop = story::family(&mut world, 2)[0];
    let stolen = steal(&world, laptop);
    let (person, kit) = (stolen.vault.person.unwrap(), stolen.vault.kit.clone().unwrap());
    let mut rng = asif_daemon::Rng::seed_from_u64(4);
    let candidate = |person: PersonId, rng: &mut asif_daemon::Rng| {
        Candidate::new(person, &SigningSeed::random(rng), &SealingSeed::random(rng), LinkSeed::random(rng).public())
    };
    let add = |person: PersonId, rng: &mut asif_daemon::Rng| Said::Add(Add { person, device: candidate(person, rng), seen: vec![] });
    let stranger = KitEntropy::random(&mut rng);
    let forged = [
        vec![],
        // By a device, by another root, of another person.
        vec![Statement::by_device(&stolen.vault.signing, &add(person, &mut rng))],
        vec![Statement::by_root(&stranger, &add(person, &mut rng))],
        vec![Statement::by_root(&stranger, &add(stranger.person(), &mut rng))],
        vec![Statement::by_root(&kit, &add(person, &mut rng)), Statement::by_root(&stranger, &add(stranger.person(), &mut rng))],
    ];
    let comes = |world: &mut World, message: &Message| world.comes_with(laptop, kit.link().public(), message);
    for said in forged {
        let said = said.iter().map(|one| Blob(one.bytes().to_vec())).collect();
        comes(&mut world, &Message::Introduce(said));
        assert_eq!(devices(&mut world, laptop).len(), 2);
    }
    // Under that key nothing else is heard.
    let told = stolen.registry.statements().next().unwrap().bytes().to_vec();
    for message in [Message::Ping(1), Message::Roster(vec![Blob(told)])] {
        assert!(comes(&mut world, &message).is_empty(), "{message:?}");
    }
    let good = Statement::by_root(&kit, &add(person, &mut rng)).bytes().to_vec();
    let answers = comes(&mut world, &Message::Introduce(vec![Blob(good)]));
    assert!(matches!(answers[..], [Message::Welcome(_)]), "{answers:?}");
    assert_eq!(devices(&mut world, laptop).len(), 3);
}

#[test]
fn with_the_words_and_the_address_of_a_mailbox_everything_is_there_again_and_the_others_hear_of_it() {
    let mut world = World::new(6);
    let family = story::family(&mut world, 2);
    let [laptop, phone] = family[..] else { panic!() };
    let mailbox = world.mailbox();
    crate::mail::uses(&mut world, laptop, &[mailbox]);
    let dana = dana(&mut world, laptop);
    for (node, note) in [(laptop, "a"), (phone, "b")] {
        log(&mut world, node, noted(note));
    }
    world.run_for(Duration::from_secs(120));
    let words = words(&mut world, laptop);
    world.must(laptop, Request::Kit(KitAsk::Confirm { words: words.clone() }));
    world.must(laptop, Request::Sync { wait_ms: Some(10_000) });
    // Both devices are gone, and nobody else is there.
    world.stop(laptop);
    world.stop(phone);
    world.stop(dana);
    world.recorded = Some(Vec::new());
    let desktop = world.add("new");
    let at = world.mailbox_at(mailbox).address.to_string();
    let other = Secret::new(KitEntropy::random(&mut asif_daemon::Rng::seed_from_u64(9)).words().join(" "));
    let Some(Err(failure)) = world.ask(desktop, restore(&other, Some(at.clone()))) else { panic!() };
    assert_eq!(failure.kind, ErrorKind::Precondition, "{failure}");
    world.must(desktop, restore(&words, Some(at)));
    assert_eq!(notes(&mut world, desktop), ["a", "b"]);
    world.must(desktop, Request::Kit(KitAsk::Confirm { words }));
    log(&mut world, desktop, noted("c"));
    world.must(desktop, Request::Sync { wait_ms: Some(30_000) });
    // Nothing that was said to the mailbox names anybody.
    let stolen = steal(&world, desktop);
    let said = world.recorded.take().unwrap();
    for (_, _, message) in said.iter().filter(|(_, to, _)| *to >= crate::world::mailboxes::MAILBOXES) {
        let bytes = message.to_frame().to_bytes();
        for secret in [stolen.vault.person.unwrap().0, stolen.device().0, stolen.vault.link_key().0] {
            assert!(!bytes.windows(32).any(|window| window == secret), "{message:?}");
        }
    }
    // The phone comes back, and hears by way of the mailbox alone; so does Dana.
    world.cut(desktop, phone);
    world.cut(desktop, dana);
    world.start(phone);
    world.start(dana);
    world.run_for(Duration::from_secs(300));
    assert_eq!(notes(&mut world, phone), ["a", "b", "c"]);
    assert!(devices(&mut world, phone).contains(&"new".to_owned()));
}
