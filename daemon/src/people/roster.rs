//! A person's devices, as a pure function of a set of statements: whoever was added by the root, or by a device that
//! stands, stands.

use std::collections::BTreeMap;

use asif_proto::id::{DeviceId, PersonId, StatementId};

use super::statement::{DeviceKeys, Said, Signer, Statement};

/// The devices of one person that stand.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Roster {
    devices: BTreeMap<DeviceId, DeviceKeys>,
    statements: Vec<StatementId>,
}

impl Roster {
    /// The roster of `person` in a set of statements, in any order.
    pub fn of<'a>(person: PersonId, statements: impl Iterator<Item = &'a Statement>) -> Self {
        let mut waiting: Vec<_> = statements
            .filter_map(|statement| match statement.said() {
                Said::Add(add) if add.person == person && statement.is_consented() => Some((statement, add)),
                _ => None,
            })
            .collect();
        let mut roster = Self::default();
        loop {
            let before = waiting.len();
            waiting.retain(|(statement, add)| {
                let counts = match statement.signer() {
                    Signer::Root(root) => root == person,
                    Signer::Device(device) => roster.devices.contains_key(&device),
                };
                if counts {
                    roster.devices.entry(add.device.keys.signing).or_insert_with(|| add.device.keys.clone());
                    roster.statements.push(statement.id());
                }
                !counts
            });
            if waiting.len() == before {
                roster.statements.sort();
                return roster;
            }
        }
    }

    /// The devices that stand.
    pub fn devices(&self) -> impl Iterator<Item = &DeviceKeys> {
        self.devices.values()
    }

    /// A device, if it stands.
    pub fn device(&self, device: &DeviceId) -> Option<&DeviceKeys> {
        self.devices.get(device)
    }

    /// The statements that count.
    pub fn statements(&self) -> &[StatementId] {
        &self.statements
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Rng;
    use crate::people::statement::{Add, Candidate};
    use crate::seal::keys::{KitEntropy, LinkSeed, SealingSeed, SigningSeed};
    use rand_core::SeedableRng;

    fn add(person: PersonId, signing: &SigningSeed, rng: &mut Rng) -> Said {
        let device = Candidate::new(person, signing, &SealingSeed::random(rng), LinkSeed::random(rng).public());
        Said::Add(Add { person, device, seen: vec![] })
    }

    #[test]
    fn devices_stand_by_the_root_or_by_one_that_stands_in_any_order() {
        let mut rng = Rng::seed_from_u64(2);
        let kit = KitEntropy::random(&mut rng);
        let person = kit.person();
        let seeds: Vec<_> = (0..4).map(|_| SigningSeed::random(&mut rng)).collect();
        let first = Statement::by_root(&kit, &add(person, &seeds[0], &mut rng));
        let second = Statement::by_device(&seeds[0], &add(person, &seeds[1], &mut rng));
        let third = Statement::by_device(&seeds[1], &add(person, &seeds[2], &mut rng));
        let stranger = Statement::by_device(&seeds[3], &add(person, &seeds[3], &mut rng));
        let other_root = Statement::by_root(&KitEntropy::random(&mut rng), &add(person, &seeds[3], &mut rng));
        let forward = Roster::of(person, [&first, &second, &third, &stranger, &other_root].into_iter());
        let backward = Roster::of(person, [&other_root, &stranger, &third, &second, &first].into_iter());
        assert_eq!(forward, backward);
        assert_eq!(forward.devices().count(), 3);
        assert!(forward.device(&seeds[3].device()).is_none(), "nobody who stands added it");
        assert_eq!(Roster::of(PersonId([1; 32]), [&first].into_iter()).devices().count(), 0);
    }
}
