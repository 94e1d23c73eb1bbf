use super::*;
use crate::Rng;
use crate::people::epoch::{self, Reader};
use crate::people::space::Space;
use crate::people::statement::{Add, Candidate, Remove};
use crate::seal::keys::{KitEntropy, LinkSeed, SealingSeed, SigningSeed};
use rand_core::{Rng as _, SeedableRng};

#[test]
fn an_epoch_counts_only_from_a_device_of_the_owner_and_is_read_only_by_its_readers() {
    let mut rng = Rng::seed_from_u64(4);
    let kit = KitEntropy::random(&mut rng);
    let person = kit.person();
    let (signing, sealing) = (SigningSeed::random(&mut rng), SealingSeed::random(&mut rng));
    let candidate = Candidate::new(person, &signing, &sealing, LinkSeed::random(&mut rng).public());
    let keys = candidate.keys.clone();
    let add = Statement::by_root(&kit, &Said::Add(Add { person, device: candidate, seen: vec![] }));
    let space = Space::Journal { owner: person };
    let (epoch, secret) = epoch::open(space, &[Reader { person, devices: vec![&keys] }], vec![], None, &mut rng);
    let mut registry = Registry::default();
    registry.insert(Statement::by_device(&SigningSeed::random(&mut rng), &Said::Epoch(epoch.clone())));
    registry.insert(Statement::by_device(&signing, &Said::Epoch(epoch.clone())));
    assert_eq!(registry.epochs(space.id()).count(), 0, "the device does not stand yet");
    registry.insert(add);
    let held = registry.epoch(&epoch.queue()).unwrap();
    assert_eq!(held.boxes.len(), 1, "the stranger's statement adds nothing");
    assert_eq!(epoch::read_box(held, keys.signing, &sealing).unwrap(), secret);
    assert_eq!(epoch::read_box(held, keys.signing, &SealingSeed::random(&mut rng)), None);
    assert_eq!(registry.holder(&keys.link), Some((person, keys.signing)));
}

#[test]
fn in_whatever_order_statements_come_one_by_one_the_same_follows_as_from_all_at_once() {
    let mut rng = Rng::seed_from_u64(5);
    let kits: Vec<KitEntropy> = (0..2).map(|_| KitEntropy::random(&mut rng)).collect();
    let (me, helper) = (kits[0].person(), kits[1].person());
    let seeds: Vec<SigningSeed> = (0..5).map(|_| SigningSeed::random(&mut rng)).collect();
    let (mut whole, mut said) = (Registry::default(), Vec::new());
    let mut say = |statement: Statement, whole: &mut Registry| {
        said.push(statement.clone());
        whole.insert(statement);
    };
    for (number, seed) in seeds.iter().enumerate() {
        let person = if number < 3 { me } else { helper };
        let device = Candidate::new(person, seed, &SealingSeed::random(&mut rng), LinkSeed::random(&mut rng).public());
        say(Statement::by_root(&kits[number / 3], &Said::Add(Add { person, device, seen: vec![] })), &mut whole);
    }
    kits.iter().for_each(|kit| say(Statement::by_root(kit, &Said::Kit(Kit::of(kit))), &mut whole));
    let spaces = [Space::Journal { owner: me }, Space::Share { owner: me, grant: asif_proto::id::GrantId([7; 16]) }];
    for (round, (signer, gone)) in [(0, 1), (2, 4), (3, 0)].into_iter().enumerate() {
        for space in spaces {
            let persons = if space.grant().is_some() { vec![me, helper] } else { vec![me] };
            let devices = |person| whole.roster(&person).devices().collect();
            let readers: Vec<Reader<'_>> = persons.iter().map(|person| Reader { person: *person, devices: devices(*person) }).collect();
            let kit = Kit::of(&kits[0]).sealing;
            let (epoch, _) = epoch::open(space, &readers, whole.removals(persons.iter()), Some(&kit), &mut rng);
            for by in [0, round] {
                say(Statement::by_device(&seeds[by], &Said::Epoch(epoch.clone())), &mut whole);
            }
        }
        let (person, device) = (if gone < 3 { me } else { helper }, seeds[gone].device());
        let seen = whole.roster(&person).statements().to_vec();
        let removal = Said::Remove(Remove { person, device, at_ms: 0, tips: vec![], seen });
        say(Statement::by_device(&seeds[signer], &removal), &mut whole);
    }
    let link_of = |one: &Statement| if let Said::Add(add) = one.said() { Some(add.device.keys.link) } else { None };
    let links: Vec<LinkKey> = said.iter().filter_map(link_of).collect();
    let follows = |registry: &Registry| {
        let epochs: Vec<_> = registry.all_epochs().map(|epoch| (epoch.clone(), registry.kit_boxes(&epoch.queue()).to_vec())).collect();
        let fit: Vec<_> = spaces.iter().flat_map(|space| registry.fit(space.id())).map(Epoch::queue).collect();
        let queues: Vec<_> = epochs.iter().map(|(epoch, _)| registry.epoch(&epoch.queue()).cloned()).collect();
        let rosters = [me, helper].map(|person| (registry.roster(&person).clone(), registry.kit(&person).cloned()));
        let links: Vec<_> = links.iter().map(|link| (registry.holder(link), registry.is_gone(link))).collect();
        (epochs, fit, queues, rosters, links)
    };
    let mut all = Registry::default();
    all.load(said.iter().map(|one| one.bytes().to_vec())).unwrap();
    assert!(all.all_epochs().count() == 6 && follows(&whole) == follows(&all));
    for _ in 0..40 {
        for at in (1..said.len()).rev() {
            let other = usize::try_from(rng.next_u64() % (at as u64 + 1)).unwrap();
            said.swap(at, other);
        }
        let mut one_by_one = Registry::default();
        for one in &said {
            one_by_one.insert(one.clone());
        }
        assert!(follows(&one_by_one) == follows(&all));
    }
}

#[test]
fn no_later_statement_displaces_an_epoch() {
    let mut rng = Rng::seed_from_u64(4);
    let kit = KitEntropy::random(&mut rng);
    let person = kit.person();
    let (signing, sealing) = (SigningSeed::random(&mut rng), SealingSeed::random(&mut rng));
    let candidate = Candidate::new(person, &signing, &sealing, LinkSeed::random(&mut rng).public());
    let add = Statement::by_root(&kit, &Said::Add(Add { person, device: candidate, seen: vec![] }));
    let (epoch, _) = epoch::open(Space::Journal { owner: person }, &[], vec![], None, &mut rng);
    let mut registry = Registry::default();
    registry.insert(add);
    registry.insert(Statement::by_device(&signing, &Said::Epoch(epoch.clone())));
    // Of many with other capabilities under the same key id some come first by their id.
    for n in 1..20 {
        registry.insert(Statement::by_device(&signing, &Said::Epoch(Epoch { read_capability: [n; 32], ..epoch.clone() })));
        assert!(registry.epoch(&epoch.queue()).is_some(), "{n}");
    }
}

#[test]
fn an_epoch_is_written_in_only_where_its_opener_knew_of_every_removal() {
    let mut rng = Rng::seed_from_u64(4);
    let kit = KitEntropy::random(&mut rng);
    let person = kit.person();
    let seeds: Vec<SigningSeed> = (0..2).map(|_| SigningSeed::random(&mut rng)).collect();
    let (laptop, thief) = (&seeds[0], &seeds[1]);
    let mut registry = Registry::default();
    for seed in &seeds {
        let device = Candidate::new(person, seed, &SealingSeed::random(&mut rng), LinkSeed::random(&mut rng).public());
        registry.insert(Statement::by_root(&kit, &Said::Add(Add { person, device, seen: vec![] })));
    }
    let space = Space::Journal { owner: person };
    let opened = |registry: &Registry, rng: &mut Rng| {
        let reader = Reader { person, devices: registry.roster(&person).devices().collect() };
        epoch::open(space, &[reader], registry.removals([person].iter()), None, rng).0
    };
    let before = opened(&registry, &mut rng);
    registry.insert(Statement::by_device(laptop, &Said::Epoch(before.clone())));
    let fit = |registry: &Registry| registry.fit(space.id()).map(Epoch::queue).collect::<Vec<_>>();
    assert_eq!(fit(&registry), [before.queue()]);

    let link = registry.roster(&person).device(&thief.device()).unwrap().link;
    let seen = registry.roster(&person).statements().to_vec();
    let removal = Remove { person, device: thief.device(), at_ms: 0, tips: vec![], seen };
    registry.insert(Statement::by_device(laptop, &Said::Remove(removal)));
    assert_eq!((fit(&registry), registry.holder(&link)), (vec![], None));
    assert!(registry.epoch(&before.queue()).is_some(), "what was written stays readable");

    // The thief says of the old one that it names the removal, and opens one that does.
    let names = registry.removals([person].iter());
    registry.insert(Statement::by_device(thief, &Said::Epoch(Epoch { removals: names, boxes: vec![], ..before.clone() })));
    let of_thief = opened(&registry, &mut rng);
    registry.insert(Statement::by_device(thief, &Said::Epoch(of_thief.clone())));
    assert_eq!(fit(&registry), []);

    let after = opened(&registry, &mut rng);
    registry.insert(Statement::by_device(laptop, &Said::Epoch(after.clone())));
    assert_eq!(fit(&registry), [after.queue()]);
    assert!(after.boxes.iter().all(|one| one.device != thief.device()));
}

#[test]
fn a_helper_is_given_the_read_key_alone() {
    let mut rng = Rng::seed_from_u64(4);
    let (owner, helper) = (PersonId([1; 32]), PersonId([2; 32]));
    let (signing, sealing) = (SigningSeed::random(&mut rng), SealingSeed::random(&mut rng));
    let keys = Candidate::new(helper, &signing, &sealing, LinkKey([3; 32])).keys;
    let space = Space::Share { owner, grant: asif_proto::id::GrantId([7; 16]) };
    let readers = [Reader { person: owner, devices: vec![] }, Reader { person: helper, devices: vec![&keys] }];
    let (epoch, secret) = epoch::open(space, &readers, vec![], None, &mut rng);
    let given = epoch::read_box(&epoch, keys.signing, &sealing).unwrap();
    assert_eq!((given.read, given.write), (secret.read, None));
}
