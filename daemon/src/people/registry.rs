//! Every statement this device holds, and what follows from them.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use asif_proto::id::{DeviceId, KeyId, LinkKey, PersonId, QueueId, SpaceId, StatementId};

use super::roster::Roster;
use super::statement::{Epoch, Kit, Said, Signer, Statement, StatementError};

/// Of which space, with which key; and the queue that its capabilities name.
type Place = (SpaceId, KeyId, QueueId);

/// The set of statements and its consequences.
#[derive(Debug, Clone, Default)]
pub struct Registry {
    statements: BTreeMap<StatementId, Statement>,
    rosters: HashMap<PersonId, Roster>,
    epochs: BTreeMap<Place, Epoch>,
    queues: HashMap<QueueId, Place>,
    /// What is sealed for the owner's kit, of each epoch.
    kit_boxes: HashMap<QueueId, Vec<Vec<u8>>>,
    kits: HashMap<PersonId, Kit>,
    /// Those that may be written in.
    fit: BTreeSet<QueueId>,
    links: HashMap<LinkKey, (PersonId, DeviceId)>,
    gone: HashSet<LinkKey>,
}

impl Registry {
    /// Takes a statement in; `true` when it was new. It counts once its signer stands, whenever that is.
    pub fn insert(&mut self, statement: Statement) -> bool {
        let new = self.statements.insert(statement.id(), statement).is_none();
        if new {
            self.recompute();
        }
        new
    }

    /// Takes many in at once.
    pub fn load(&mut self, statements: impl Iterator<Item = Vec<u8>>) -> Result<(), StatementError> {
        for bytes in statements {
            let statement = Statement::from_bytes(&bytes)?;
            self.statements.insert(statement.id(), statement);
        }
        self.recompute();
        Ok(())
    }

    /// Whether a statement is held.
    pub fn contains(&self, id: &StatementId) -> bool {
        self.statements.contains_key(id)
    }

    /// A statement, if it is held.
    pub fn statement(&self, id: &StatementId) -> Option<&Statement> {
        self.statements.get(id)
    }

    /// Every statement held, by id.
    pub fn statements(&self) -> impl ExactSizeIterator<Item = &Statement> + Clone {
        self.statements.values()
    }

    /// A person's devices; empty for a person not heard of.
    pub fn roster(&self, person: &PersonId) -> &Roster {
        static NOBODY: std::sync::LazyLock<Roster> = std::sync::LazyLock::new(Roster::default);
        self.rosters.get(person).unwrap_or(&NOBODY)
    }

    /// The epochs of a space by key id, each with the boxes of all its statements.
    pub fn epochs(&self, space: SpaceId) -> impl Iterator<Item = &Epoch> {
        let (first, last) = ((space, KeyId([0; 16]), QueueId([0; 32])), (space, KeyId([255; 16]), QueueId([255; 32])));
        self.epochs.range(first..=last).map(|(_, epoch)| epoch)
    }

    /// Those of them that may be written in, by key id: a device that stands opened it or passed it on, and its opener knew every removal that is
    /// known here, of devices of the owner and of the readers.
    pub fn fit(&self, space: SpaceId) -> impl Iterator<Item = &Epoch> {
        self.epochs(space).filter(|epoch| self.fit.contains(&epoch.queue()))
    }

    /// The removals that an epoch for these persons has to name.
    pub fn removals<'a>(&'a self, persons: impl Iterator<Item = &'a PersonId>) -> Vec<StatementId> {
        let all: BTreeSet<StatementId> = persons.flat_map(|person| self.roster(person).removals()).copied().collect();
        all.into_iter().collect()
    }

    /// Every epoch of every space.
    pub fn all_epochs(&self) -> impl Iterator<Item = &Epoch> {
        self.epochs.values()
    }

    /// The epoch whose queue this is. The queue names both capabilities, so no later statement can stand for another's.
    pub fn epoch(&self, queue: &QueueId) -> Option<&Epoch> {
        self.queues.get(queue).and_then(|key| self.epochs.get(key))
    }

    /// The read key of an epoch, sealed for its owner's kit, as often as somebody said it.
    pub fn kit_boxes(&self, queue: &QueueId) -> &[Vec<u8>] {
        self.kit_boxes.get(queue).map(Vec::as_slice).unwrap_or_default()
    }

    /// A person's recovery kit, as far as it can be known.
    pub fn kit(&self, person: &PersonId) -> Option<&Kit> {
        self.kits.get(person)
    }

    /// Whose kit has this link key.
    pub fn kit_holder(&self, link: &LinkKey) -> Option<PersonId> {
        self.kits.values().find(|kit| kit.link == *link).map(|kit| kit.person)
    }

    /// Whose link key this is.
    pub fn holder(&self, link: &LinkKey) -> Option<(PersonId, DeviceId)> {
        self.links.get(link).copied()
    }

    /// Whether a device that was removed, of whomever, had this link key.
    pub fn is_gone(&self, link: &LinkKey) -> bool {
        self.gone.contains(link)
    }

    fn recompute(&mut self) {
        self.rosters.clear();
        self.links.clear();
        self.kits.clear();
        for statement in self.statements.values() {
            if let Said::Kit(kit) = statement.said()
                && statement.signer() == Signer::Root(kit.person)
            {
                self.kits.entry(kit.person).or_insert_with(|| kit.clone());
            }
            if let Said::Add(add) = statement.said()
                && !self.rosters.contains_key(&add.person)
            {
                self.rosters.insert(add.person, Roster::of(add.person, self.statements.values()));
            }
        }
        for (person, roster) in &self.rosters {
            self.links.extend(roster.devices().map(|device| (device.link, (*person, device.signing))));
        }
        self.gone = self.rosters.values().flat_map(|roster| roster.gone().values()).map(|gone| gone.keys.link).collect();
        self.gone.retain(|link| !self.links.contains_key(link));
        self.recompute_epochs();
    }

    /// What was written stays in its epoch, also where its opener was removed; but what that one says of an epoch that a device that stands knows
    /// too changes nothing.
    fn recompute_epochs(&mut self) {
        self.kit_boxes.clear();
        let (mut epochs, mut named) = (BTreeMap::<Place, Epoch>::new(), BTreeMap::<Place, BTreeSet<StatementId>>::new());
        for standing in [true, false] {
            for statement in self.statements.values() {
                let (Said::Epoch(epoch), Signer::Device(device)) = (statement.said(), statement.signer()) else { continue };
                let Some(roster) = self.rosters.get(&epoch.space.owner()) else { continue };
                if roster.member(&device).is_none() || roster.device(&device).is_some() != standing {
                    continue;
                }
                let place = (epoch.space.id(), epoch.key, epoch.queue());
                let known =
                    epochs.entry(place).or_insert_with(|| Epoch { boxes: Vec::new(), removals: Vec::new(), kit: None, ..epoch.clone() });
                known.boxes.extend(epoch.boxes.iter().cloned());
                if let Some(sealed) = &epoch.kit {
                    self.kit_boxes.entry(place.2).or_default().push(sealed.clone());
                }
                if standing {
                    // Whoever passes it on says no more than its opener did.
                    let said: BTreeSet<StatementId> = epoch.removals.iter().copied().collect();
                    named.entry(place).and_modify(|named| named.retain(|one| said.contains(one))).or_insert(said);
                }
            }
        }
        self.fit.clear();
        for (place, named) in named {
            if let Some(epoch) = epochs.get_mut(&place) {
                let persons = epoch.readers.iter().chain([&epoch.space.owner()]).copied().collect::<BTreeSet<PersonId>>();
                let all =
                    persons.iter().filter_map(|person| self.rosters.get(person)).flat_map(Roster::removals).all(|one| named.contains(one));
                if all {
                    self.fit.insert(place.2);
                }
                epoch.removals = named.into_iter().collect();
            }
        }
        self.queues = epochs.keys().map(|place| (place.2, *place)).collect();
        self.epochs = epochs;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Rng;
    use crate::people::epoch::{self, Reader};
    use crate::people::space::Space;
    use crate::people::statement::{Add, Candidate, Remove};
    use crate::seal::keys::{KitEntropy, LinkSeed, SealingSeed, SigningSeed};
    use rand_core::SeedableRng;

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
}
