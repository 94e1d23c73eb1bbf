//! Devices that are never on together, and a mailbox between them.
//!
//! 1. What one writes while the other is off is there when that one comes; what was acknowledged is in the store, whichever process took it and whenever it ends.
//! 2. A helper is shown what is shared, answers, and hears of the end, with no ticket of their own.
//! 3. A removed device reads and writes nothing of what comes after; who was away finds the queue of the new epoch and is not lost.
//! 4. The mailbox holds no word, no name, no device key.
//! 5. What it says that is not so is refused, and what it does not say comes by other ways (`lies`).

mod lies;

use std::time::Duration;

use asif_daemon::mailbox::records::Record;
use asif_daemon::people::epoch;
use asif_daemon::people::space::Space;
use asif_daemon::replica::Keeping;
use asif_daemon::seal::body::Body;
use asif_daemon::seal::entry::{self, Place};
use asif_daemon::seal::wire::Wire;
use asif_daemon::share::item::ABOUT_THE_SHARE;
use asif_proto::local::{MailboxAsk, Reply, Request};
use asif_proto::peer::Entries;

use crate::hostile::steal;
use crate::seeds;
use crate::shared::{after, log, seen};
use crate::story::{self, MARKS, Story};
use crate::world::{Weather, World};

const ROOM: u64 = 64 << 20;
const A_WHILE: Duration = Duration::from_secs(60);

/// Robin uses a mailbox from now on.
pub(crate) fn uses(world: &mut World, node: usize, mailboxes: &[usize]) {
    let ticket = world.mailbox_ticket(mailboxes, ROOM);
    let Reply::Mailbox(view) = world.must(node, Request::Mailbox(MailboxAsk::Use { ticket })) else { panic!() };
    assert!(view.own.is_some());
}

/// No two machines reach each other any more.
pub(crate) fn apart(world: &mut World, nodes: &[usize]) {
    for (at, one) in nodes.iter().enumerate() {
        nodes[at + 1..].iter().for_each(|other| world.cut(*one, *other));
    }
}

fn sync(world: &mut World, node: usize) {
    world.must(node, Request::Sync { wait_ms: Some(60_000) });
}

fn count(world: &mut World, node: usize) -> usize {
    Story::list(world, node).len()
}

/// What a mailbox keeps holds nothing of this: no word that was typed, no name, no key of a device.
fn is_blind(world: &World, mailbox: usize, nodes: &[usize]) {
    let mut secrets: Vec<Vec<u8>> = MARKS.iter().map(|mark| mark.as_bytes().to_vec()).collect();
    secrets.extend(["Robin", "Dana", "laptop", "lunch"].map(|name| name.as_bytes().to_vec()));
    for node in nodes {
        let stolen = steal(world, *node);
        for person in stolen.registry.all_epochs().flat_map(|epoch| epoch.readers.clone()) {
            secrets.push(person.0.to_vec());
            for device in stolen.registry.roster(&person).devices() {
                secrets.extend([device.signing.0.to_vec(), device.link.0.to_vec(), device.sealing[..64].to_vec()]);
            }
        }
    }
    for (name, bytes) in world.mailbox_at(mailbox).objects.borrow().iter() {
        for secret in &secrets {
            assert!(!bytes.windows(secret.len()).any(|window| window == secret), "{name} holds {secret:?}");
            assert!(!name.contains(&data_hex(secret)), "{name} names {secret:?}");
        }
    }
}

/// How many items lie there whole that say something of the client.
fn shown_at(world: &World, mailbox: usize, client: usize) -> usize {
    let stolen = steal(world, client);
    let objects = world.mailbox_at(mailbox).objects.borrow();
    let mut shown = 0;
    for run in objects.iter().filter(|(name, _)| name.contains("/runs/")).map(|(_, bytes)| Entries::from_bytes(bytes).unwrap()) {
        let epoch = stolen.registry.epoch(&run.queue).filter(|epoch| matches!(epoch.space, Space::Share { .. }));
        let Some(epoch) = epoch else { continue };
        let key = epoch::read_box(epoch, stolen.device(), &stolen.vault.sealing).unwrap().read;
        let mut previous = run.before;
        for sealed in run.entries {
            let wire = Wire::try_from(sealed).unwrap();
            let place = Place { space: epoch.space.id(), log: run.log, seq: wire.seq(), previous };
            let body = wire.sealed().map(|_| Body::from_bytes(entry::open(&key, &place, &wire).unwrap().bodies()).unwrap());
            shown += usize::from(matches!(body, Some(Body::Put(put)) if !ABOUT_THE_SHARE.contains(&put.kind)));
            previous = wire.link(&previous);
        }
    }
    shown
}

fn data_hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[test]
fn what_is_written_while_the_other_is_off_is_there_when_it_comes() {
    for seed in seeds(4) {
        let mut world = World::new(seed);
        let devices = story::family(&mut world, 2);
        let mut story = Story::new(&devices);
        let mailbox = world.mailbox();
        uses(&mut world, devices[0], &[mailbox]);
        sync(&mut world, devices[0]);
        apart(&mut world, &devices);
        for round in 0..6 {
            let (on, off) = (devices[round % 2], devices[(round + 1) % 2]);
            world.stop(off);
            world.start(on);
            for _ in 0..3 {
                story.log(&mut world, on);
            }
            sync(&mut world, on);
            world.run_for(A_WHILE);
        }
        for device in &devices {
            world.start(*device);
        }
        world.run_for(A_WHILE);
        for device in &devices {
            assert_eq!(count(&mut world, *device), 18, "seed {seed}");
        }
        is_blind(&world, mailbox, &devices);
    }
}

#[test]
fn in_a_storm_and_apart_three_devices_end_with_one_journal_whichever_process_ends_when() {
    for seed in seeds(12) {
        let mut world = World::new(seed);
        let devices = story::family(&mut world, 3);
        let mut story = Story::new(&devices);
        let first = world.mailbox();
        let objects = world.mailbox_at(first).objects.clone();
        let mailboxes = [first, world.mailbox_process(objects.clone(), true), world.mailbox_process(objects, true)];
        world.mailbox_mut(first).is_shared = true;
        world.kill_mailbox(first);
        world.start_mailbox(first);
        uses(&mut world, devices[0], &mailboxes);
        sync(&mut world, devices[0]);
        world.run_for(A_WHILE);
        apart(&mut world, &devices);
        world.weather = Weather::STORM;
        for _ in 0..40 {
            story.something_happens(&mut world);
            if world.below(6) == 0 {
                let mailbox = mailboxes[world.below(3) as usize];
                world.kill_mailbox(mailbox);
                world.start_mailbox(mailbox);
            }
            apart(&mut world, &devices);
        }
        world.heal();
        apart(&mut world, &devices);
        for device in &devices {
            world.nodes[*device].disk.heal();
            world.start(*device);
        }
        world.run_for(Duration::from_secs(600));
        for device in devices.repeat(2) {
            sync(&mut world, device);
            world.run_for(Duration::from_secs(20));
        }
        story.check(&mut world);
        is_blind(&world, first, &devices);
    }
}

#[test]
fn a_helper_reads_and_answers_by_way_of_the_clients_mailbox_and_hears_of_the_end() {
    let mut world = World::new(5);
    let devices = story::family(&mut world, 2);
    let mailbox = world.mailbox();
    uses(&mut world, devices[0], &[mailbox]);
    let mut story = Story::new(&devices);
    let dana = story.invite_helper(&mut world);
    world.run_for(A_WHILE);
    let all = [devices[0], devices[1], dana];
    apart(&mut world, &all);
    world.stop(dana);
    log(&mut world, devices[0], after(50));
    sync(&mut world, devices[0]);
    world.stop(devices[0]);
    world.stop(devices[1]);
    world.start(dana);
    world.run_for(A_WHILE);
    assert_eq!(seen(&mut world, dana), 1);
    world.must(
        dana,
        Request::Lend {
            client: "Robin".into(),
            practice: "lunch".into(),
            statement: "I think it will land".into(),
            strength: 85.try_into().unwrap(),
            reasons: None,
            until: None,
        },
    );
    sync(&mut world, dana);
    world.stop(dana);
    world.start(devices[1]);
    world.run_for(A_WHILE);
    let Reply::Loans(loans) = world.must(devices[1], Request::BorrowList) else { panic!() };
    assert_eq!(loans.len(), 1);
    assert_eq!(shown_at(&world, mailbox, devices[1]), 1);
    world.must(devices[1], Request::ShareRevoke { name: "Dana".into() });
    sync(&mut world, devices[1]);
    world.stop(devices[1]);
    world.start(dana);
    world.run_for(A_WHILE * 3);
    let Reply::Client(client) = world.must(dana, Request::CaseloadOpen { client: "Robin".into() }) else { panic!() };
    assert!(client.ended.is_some() && client.sessions.is_empty());
    world.stop(dana);
    world.start(devices[0]);
    world.run_for(A_WHILE);
    let Reply::Grants(grants) = world.must(devices[0], Request::ShareList) else { panic!() };
    assert!(grants[0].end_reached == Some(true) && grants[0].deletions[0].signed.is_some(), "{grants:?}");
    // Nothing of what was shown lies there any more but where the mailbox is and what was agreed.
    assert_eq!(shown_at(&world, mailbox, devices[1]), 0);
    is_blind(&world, mailbox, &all);
}

#[test]
fn who_was_away_when_a_device_was_removed_finds_the_new_queue_and_the_removed_one_is_told_nothing() {
    for seed in seeds(4) {
        let mut world = World::new(seed);
        let devices = story::family(&mut world, 3);
        let [laptop, desktop, phone] = devices[..] else { panic!() };
        let mailbox = world.mailbox();
        uses(&mut world, laptop, &[mailbox]);
        sync(&mut world, laptop);
        world.run_for(A_WHILE);
        apart(&mut world, &devices);
        // The desktop is away for a month, with something unsent.
        world.cut(desktop, mailbox);
        log(&mut world, desktop, after(10));
        world.stop(desktop);
        log(&mut world, laptop, after(20));
        let Reply::Devices(list) = world.must(laptop, Request::DeviceList) else { panic!() };
        let name = list.iter().find(|one| one.name == "device 2").unwrap().id.clone();
        world.must(laptop, Request::DeviceRemove { device: name });
        world.run_for(A_WHILE * 5);
        log(&mut world, laptop, after(30));
        world.run_for(A_WHILE);
        log(&mut world, phone, after(40));
        world.run_for(Duration::from_secs(30 * 86_400));
        world.heal();
        apart(&mut world, &devices);
        world.start(desktop);
        world.run_for(A_WHILE);
        sync(&mut world, desktop);
        world.run_for(A_WHILE);
        for device in [laptop, desktop] {
            let sessions = Story::list(&mut world, device);
            let mut values: Vec<u8> = sessions.values().filter_map(|one| one.after).map(u8::from).collect();
            values.sort_unstable();
            assert_eq!(values, [10, 20, 30], "seed {seed}: {}", world.nodes[device].name);
        }
        let seen: Vec<u8> = Story::list(&mut world, phone).values().filter_map(|one| one.after).map(u8::from).collect();
        assert!(!seen.contains(&30) && !seen.contains(&10), "seed {seed}: {seen:?}");
    }
}

#[test]
fn a_device_that_was_away_for_a_month_takes_a_checkpoint_and_the_rest() {
    let mut world = World::new(9);
    world.keeping = Keeping { worth: 8, beside: Duration::from_secs(30), look: Duration::from_secs(20) };
    let devices = story::family(&mut world, 2);
    let [laptop, desktop] = devices[..] else { panic!() };
    let mailbox = world.mailbox();
    uses(&mut world, laptop, &[mailbox]);
    sync(&mut world, laptop);
    world.run_for(A_WHILE);
    world.stop(desktop);
    for value in 0..60 {
        log(&mut world, laptop, after(value));
        world.run_for(Duration::from_secs(10));
    }
    sync(&mut world, laptop);
    assert!(world.mailbox_at(mailbox).objects.borrow().keys().any(|name| name.contains("/checkpoints/")));
    apart(&mut world, &devices);
    world.stop(laptop);
    world.start(desktop);
    world.run_for(A_WHILE);
    sync(&mut world, desktop);
    assert_eq!(count(&mut world, desktop), 60);
}

#[test]
fn nothing_is_acknowledged_that_the_store_did_not_take() {
    let mut world = World::new(3);
    let devices = story::family(&mut world, 2);
    let mailbox = world.mailbox();
    uses(&mut world, devices[0], &[mailbox]);
    sync(&mut world, devices[0]);
    apart(&mut world, &devices);
    world.stop(devices[1]);
    world.mailbox_mut(mailbox).fails = true;
    log(&mut world, devices[0], after(50));
    let failed = world.ask(devices[0], Request::Sync { wait_ms: Some(10_000) });
    assert!(matches!(failed, Some(Err(_))), "{failed:?}");
    world.mailbox_mut(mailbox).fails = false;
    world.run_for(A_WHILE * 5);
    sync(&mut world, devices[0]);
    world.stop(devices[0]);
    world.start(devices[1]);
    world.run_for(A_WHILE);
    assert_eq!(count(&mut world, devices[1]), 1);
}

#[test]
fn who_leaves_leaves_nothing_behind() {
    let mut world = World::new(4);
    let devices = story::family(&mut world, 2);
    let mailbox = world.mailbox();
    uses(&mut world, devices[0], &[mailbox]);
    log(&mut world, devices[0], after(50));
    sync(&mut world, devices[0]);
    let Reply::Mailbox(view) = world.must(devices[0], Request::Mailbox(MailboxAsk::Leave { unheard: false })) else { panic!() };
    assert!(view.own.is_none());
    world.run_for(A_WHILE);
    let left: Vec<String> =
        world.mailbox_at(mailbox).objects.borrow().keys().filter(|name| !name.starts_with("invitations/")).cloned().collect();
    assert!(left.is_empty(), "{left:?}");
    let Reply::Mailbox(view) = world.must(devices[1], Request::Mailbox(MailboxAsk::Status)) else { panic!() };
    assert!(view.own.is_none(), "the other device knows, too");
}
