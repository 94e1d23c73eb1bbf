//! What the other side says that is not so.

use std::collections::BTreeSet;
use std::time::Duration;

use asif_daemon::people::epoch;
use asif_daemon::people::space::Space;
use asif_daemon::people::statement::Epoch;
use asif_daemon::seal::body::{Body, Put, Revision, Seen};
use asif_daemon::seal::keys::ReadKey;
use asif_daemon::share::board::MAX_WEIGHT;
use asif_daemon::share::feedback::LoanItem;
use asif_daemon::share::item;
use asif_proto::id::{ItemId, Link, LogId};
use asif_proto::local::{InboxAsk, Reply, Request};
use asif_proto::peer::Message;
use asif_proto::share::Loan;

use super::{heard, invite};
use crate::hostile::{Stolen, entries, run, steal};
use crate::shared::{after, held, log, seen};
use crate::world::World;

/// The feedback epochs that a machine knows, with the keys it has to them.
fn feedback(stolen: &Stolen) -> Vec<(Epoch, ReadKey)> {
    let epochs = stolen.registry.all_epochs().filter(|epoch| matches!(epoch.space, Space::Feedback { .. }));
    epochs.filter_map(|epoch| Some((epoch.clone(), epoch::read_box(epoch, stolen.device(), &stolen.vault.sealing)?.read))).collect()
}

fn loan(statement: &str) -> Body {
    let loan = LoanItem {
        practice: "lunch".into(),
        statement: statement.into(),
        strength: 85.try_into().unwrap(),
        reasons: None,
        lent_at: jiff::Timestamp::UNIX_EPOCH,
        until: None,
        withdrawn_at: None,
    };
    put(ItemId([5; 32]), item::LOAN, item::pack(&loan))
}

fn put(item: ItemId, kind: u16, payload: Vec<u8>) -> Body {
    Body::Put(Put { item, revision: Revision { grant: 1, touches: 1 }, kind, payload, replaces: vec![] })
}

fn loans(world: &mut World, node: usize) -> Vec<Loan> {
    let Reply::Loans(loans) = world.must(node, Request::BorrowList) else { panic!() };
    loans
}

#[test]
fn a_client_cannot_forge_a_loan() {
    let (mut world, [laptop, desktop], dana) = heard();
    let robin = steal(&world, laptop);
    let (epoch, key) = feedback(&robin).remove(0);
    let signers = [(&robin.vault.signing, robin.device()), (&robin.vault.signing, steal(&world, dana).device())];
    for (signer, device) in signers {
        let (forged, _) = run(&epoch, &key, signer, device, &[loan("you deserve it")]);
        for victim in [dana, desktop] {
            world.inject(laptop, victim, &Message::Entries(forged.clone()));
        }
    }
    world.run_for(Duration::from_secs(20));
    assert!(loans(&mut world, desktop).is_empty());
    let Reply::Client(client) = world.must(dana, Request::CaseloadOpen { client: "Robin".into() }) else { panic!() };
    assert!(client.loans.is_empty(), "{:?}", client.loans);
    let told = world.doctor(dana);
    assert!(told.contains("an entry by a device that may not write there") && told.contains("an entry without a good signature"), "{told}");
    // The same words from who may lend them are a loan.
    let helper = steal(&world, dana);
    let (real, _) = run(&epoch, &key, &helper.vault.signing, helper.device(), &[loan("I have seen you do it")]);
    world.inject(dana, laptop, &Message::Entries(real));
    assert_eq!(loans(&mut world, laptop)[0].statement, "I have seen you do it");
}

#[test]
fn a_helper_cannot_pass_as_another() {
    let (mut world, [laptop, _], dana) = heard();
    let sam = invite(&mut world, laptop, "Sam");
    let (of_dana, of_sam) = (steal(&world, dana), steal(&world, sam));
    let (theirs, key) = feedback(&of_sam).remove(0);
    // Even with the other's read key in hand: from their own link, and by what they can sign.
    for (signer, device) in [(&of_dana.vault.signing, of_dana.device()), (&of_dana.vault.signing, of_sam.device())] {
        let (forged, _) = run(&theirs, &key, signer, device, &[loan("from Sam, it says")]);
        world.inject(dana, laptop, &Message::Entries(forged.clone()));
        world.inject(sam, laptop, &Message::Entries(forged));
    }
    // And what the other really signed, from a link that is not theirs.
    let (real, _) = run(&theirs, &key, &of_sam.vault.signing, of_sam.device(), &[loan("from Sam")]);
    world.inject(dana, laptop, &Message::Entries(real.clone()));
    world.run_for(Duration::from_secs(20));
    assert!(loans(&mut world, laptop).is_empty());
    let told = world.doctor(laptop);
    for refusal in ["a space that the two do not share", "a device that may not write there", "without a good signature"] {
        assert!(told.contains(refusal), "{refusal}: {told}");
    }
    world.inject(sam, laptop, &Message::Entries(real));
    assert_eq!(loans(&mut world, laptop).iter().map(|loan| loan.lender.as_str()).collect::<Vec<_>>(), ["Sam"]);
}

#[test]
fn what_was_ever_said_brings_back_no_grant_and_no_item_when_it_is_said_again() {
    let (mut world, [laptop, desktop], dana) = heard();
    log(&mut world, laptop, after(31));
    world.run_for(Duration::from_secs(20));
    world.must(laptop, Request::ShareRevoke { name: "Dana".into() });
    world.run_for(Duration::from_secs(100));
    let said = world.recorded.take().unwrap();
    let grants = |world: &mut World, node: usize| {
        let Reply::Grants(grants) = world.must(node, Request::ShareList) else { panic!() };
        grants.into_iter().map(|grant| (grant.name, grant.scopes, grant.ended.is_some())).collect::<Vec<_>>()
    };
    let (before, devices) = (grants(&mut world, laptop), [laptop, desktop]);
    world.recorded = Some(Vec::new());
    for (from, to, message) in said.iter().chain(said.iter().rev()) {
        if (*from == dana || *to == dana) && world.is_linked(*from, *to) {
            world.inject(*from, *to, message);
        }
    }
    log(&mut world, desktop, after(32));
    world.run_for(Duration::from_secs(200));
    for device in devices {
        assert_eq!(grants(&mut world, device), before, "it is as it was");
    }
    assert_eq!(seen(&mut world, dana), 0);
    let told = held(&world, dana);
    assert!(told.iter().all(|item| !item.contains("\"after\":3")), "{told:?}");
    let known = crate::knows::knows(&world, dana);
    assert!(!crate::knows::is_known(&known, b"\"after\":32"));
}

#[test]
fn an_earlier_version_of_a_grant_does_not_come_back() {
    let (mut world, [laptop, desktop], dana) = heard();
    let session = asif_proto::record::SessionFields { note: Some("mark-note".into()), ..after(33) };
    log(&mut world, laptop, session);
    world.run_for(Duration::from_secs(20));
    let said = world.recorded.take().unwrap();
    let narrower = asif_proto::local::GrantChange { remove: vec![asif_proto::share::Scope::Notes], ..Default::default() };
    world.must(laptop, Request::Share(asif_proto::local::ShareAsk::Edit { name: "Dana".into(), change: narrower }));
    world.run_for(Duration::from_secs(100));
    for (from, to, message) in &said {
        if (*from == dana || *to == dana) && world.is_linked(*from, *to) {
            world.inject(*from, *to, message);
        }
    }
    world.crash(dana, Duration::from_secs(1));
    world.run_for(Duration::from_secs(100));
    for device in [laptop, desktop] {
        let Reply::Grants(grants) = world.must(device, Request::ShareList) else { panic!() };
        assert_eq!(grants[0].scopes, [asif_proto::share::Scope::Ratings]);
        let Reply::Receipts(receipts) =
            world.must(device, Request::Share(asif_proto::local::ShareAsk::Receipts { given: true, name: None }))
        else {
            panic!()
        };
        assert!(receipts.iter().all(|receipt| !format!("{:?}", receipt.terms).contains("Notes")), "{receipts:?}");
    }
    assert!(held(&world, dana).iter().all(|item| !item.contains("mark-note")));
}

#[test]
fn of_one_session_that_two_devices_publish_at_once_a_helper_has_one_item() {
    let (mut world, laptop, desktop, dana) = crate::shared::all_meet();
    let before = seen(&mut world, dana);
    // Nobody reaches her, and both have it.
    world.cut(laptop, dana);
    world.cut(desktop, dana);
    let session = log(&mut world, laptop, after(34));
    world.run_for(Duration::from_secs(5));
    world.cut(laptop, desktop);
    let same = || asif_proto::record::SessionFields { acted_as_if: after(71).after, ..Default::default() };
    crate::shared::edit(&mut world, laptop, &session, same());
    crate::shared::edit(&mut world, desktop, &session, same());
    world.run_for(Duration::from_secs(100));
    let puts = |world: &World| held(world, dana).into_iter().filter(|item| item.contains("\"after\":34")).collect::<BTreeSet<_>>();
    assert!(puts(&world).is_empty());
    world.heal();
    world.run_for(Duration::from_secs(200));
    // Each wrote it down, and it is the same to the last byte: one item.
    assert_eq!((seen(&mut world, dana), puts(&world).len()), (before + 1, 1));
    // Published once more by whoever finds nothing of it: nothing is written.
    let quiet = held(&world, dana).len();
    world.crash(desktop, Duration::from_secs(1));
    world.run_for(Duration::from_secs(300));
    assert_eq!(held(&world, dana).len(), quiet);
}

/// Runs of one log of Dana's, so many bodies each, until no more is said.
fn pour(world: &mut World, to: &[usize], dana: usize, log: u8, bodies: impl Iterator<Item = Body>) {
    let stolen = steal(world, dana);
    let (epoch, key) = feedback(&stolen).remove(0);
    let bodies: Vec<Body> = bodies.collect();
    let (_, wires) = crate::hostile::run_of(LogId([log; 16]), &epoch, &key, &stolen.vault.signing, stolen.device(), &bodies);
    let mut before = Link::ZERO;
    let most = wires.iter().map(|wire| wire.bytes().len()).max().unwrap_or(1);
    for some in wires.chunks((900 << 10) / most) {
        for to in to {
            world.inject(dana, *to, &Message::Entries(entries(&epoch, LogId([log; 16]), before, some)));
        }
        before = some.iter().fold(before, |link, wire| wire.link(&link));
    }
}

#[test]
fn what_a_helper_gives_has_so_much_room_and_no_more_and_the_share_goes_on() {
    let (mut world, [laptop, desktop], dana) = heard();
    let disk = |world: &World| world.nodes[laptop].bytes_on_disk().values().map(Vec::len).sum::<usize>();
    let before = disk(&world);
    let whole = |n: u32| put(ItemId([(n >> 8) as u8; 32]), item::UNDERSTOOD, vec![b'x'; 400 << 10]);
    pour(&mut world, &[laptop], dana, 80, (0..60u32).map(|n| whole(n << 8)));
    let told = world.doctor(laptop);
    assert!(told.contains("an entry of what a helper gives, and there is no more room for that"), "{told}");
    // Small ones, retractions that name what is not there, and what holds no item.
    let names = |n: u64| (0..64).map(|k| (LogId([k; 16]), n)).collect::<Vec<_>>();
    let small = (0..3000u64).map(|n| {
        let mut put =
            Put { item: ItemId([200; 32]), revision: Revision { grant: 1, touches: n }, kind: 19, payload: vec![], replaces: names(n) };
        put.payload = n.to_be_bytes().to_vec();
        Body::Put(put)
    });
    pour(&mut world, &[laptop], dana, 81, small);
    pour(&mut world, &[laptop], dana, 82, (0..5000).map(|n| if n % 2 == 0 { Body::Seen(Seen { have: vec![] }) } else { loan("again") }));
    world.run_for(Duration::from_secs(60));
    let grown = disk(&world) - before;
    assert!(grown < MAX_WEIGHT * 5 / 4, "{grown} bytes more");
    // All else goes on, on both devices, and over a restart.
    log(&mut world, laptop, after(35));
    world.run_for(Duration::from_secs(100));
    assert!(held(&world, dana).iter().any(|item| item.contains("\"after\":35")));
    world.crash(laptop, Duration::from_secs(1));
    world.run_for(Duration::from_secs(60));
    for device in [laptop, desktop] {
        let inbox = Request::Inbox(InboxAsk::List { all: true });
        let Reply::Inbox(sent) = world.must(device, inbox) else { panic!() };
        assert!(sent.is_empty(), "what says nothing that can be shown is not shown");
    }
    world.must(laptop, Request::Sync { wait_ms: Some(60_000) });
}
