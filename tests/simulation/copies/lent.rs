//! What a helper lent from a home that was copied, or of which an old copy was put back.

use asif_proto::local::Invite;
use asif_proto::rating::Rating;
use asif_proto::share::Scope;

use super::*;

/// A family that shares its practices with a helper.
fn family_and_dana(seed: u64) -> (World, Vec<usize>, usize) {
    let (mut world, _, devices) = family(seed, false);
    let helper = world.add("dana");
    let invite = Invite { scopes: vec![Scope::Practices], ..story::invitation() };
    let ticket = world.ticket(devices[0], Request::ShareInvite { invite, yes: true, no_wait: true });
    world.must(helper, Request::HelperJoin { ticket, name: Some("Dana".into()), at: None });
    world.run_for(Duration::from_secs(90));
    (world, devices, helper)
}

#[test]
fn what_was_lent_from_a_copied_home_and_beside_it_is_there_once() {
    for seed in seeds(6) {
        let (mut world, devices, helper) = family_and_dana(seed);
        lend(&mut world, helper, "before the copy");
        world.run_for(Duration::from_secs(5));
        let copy = world.copy(helper, "copy");
        for device in &devices {
            world.cut(*device, helper);
            world.cut(*device, copy);
        }
        for (lender, statement) in [(helper, "from the first"), (copy, "from the copy"), (copy, "from the copy again")] {
            lend(&mut world, lender, statement);
        }
        world.heal();
        world.run_for(Duration::from_secs(240));
        for reader in devices.iter().chain([&helper, &copy]) {
            let request = if devices.contains(reader) { Request::BorrowList } else { Request::CaseloadOpen { client: "Robin".into() } };
            let mut said: Vec<_> = match world.must(*reader, request) {
                Reply::Loans(loans) => loans.into_iter().map(|loan| loan.statement).collect(),
                Reply::Client(_) => continue,
                other => panic!("{other:?}"),
            };
            said.sort();
            assert_eq!(said, ["before the copy", "from the copy", "from the copy again", "from the first"], "seed {seed}");
        }
        assert!(world.disputes > 0, "seed {seed}: nothing went on in two ways");
    }
}

#[test]
fn what_was_lent_before_an_old_copy_was_put_back_is_still_there() {
    for seed in seeds(12) {
        let (mut world, devices, helper) = family_and_dana(seed);
        lend(&mut world, helper, "before");
        world.run_for(Duration::from_secs(5));
        let old = world.nodes[helper].disk.copy();
        lend(&mut world, helper, "and then");
        world.run_for(Duration::from_secs(5));
        devices.iter().for_each(|device| world.cut(*device, helper));
        world.put_back(helper, old);
        lend(&mut world, helper, "once more");
        lend(&mut world, helper, "and again");
        world.heal();
        world.run_for(Duration::from_secs(240));
        for reader in devices.iter().chain([&helper]) {
            let loans = match world.must(*reader, if *reader == helper { open() } else { Request::BorrowList }) {
                Reply::Loans(loans) => loans,
                Reply::Client(client) => client.loans,
                other => panic!("{other:?}"),
            };
            let mut said: Vec<_> = loans.into_iter().map(|loan| loan.statement).collect();
            said.sort();
            assert_eq!(said, ["and again", "and then", "before", "once more"], "seed {seed}");
        }
    }
}

fn open() -> Request {
    Request::CaseloadOpen { client: "Robin".into() }
}

fn lend(world: &mut World, helper: usize, statement: &str) {
    world.must(
        helper,
        Request::Lend {
            client: "Robin".into(),
            practice: "lunch".into(),
            statement: statement.into(),
            strength: Rating::try_from(80).unwrap(),
            reasons: None,
            until: None,
        },
    );
}
