//! Which removals count: a pure function of the set of statements, so that all who hold the same agree, in whatever order it came to them.
//!
//! - What the root removed is removed.
//! - What a device signed counts while it stood. Of one that was removed only that counts which every removal of it had seen: what it signs after, or
//!   says that it had signed before, counts for nothing.
//! - So of two removals one can take the other's signer away. Those that nobody takes away count first; where some take each other away, be it
//!   in a circle, all of them count: all of them are out, and the kit decides.
//!
//! A thief who holds a removed device can so take whoever removed it out with itself; and of those whom that one had let in at most such as came after
//! the thief's device. For whoever removes has seen at least what those had who let them in: a removal that says otherwise is taken as if it did not,
//! and one that takes its own signer away counts for nothing.

use std::collections::{BTreeMap, BTreeSet};

use asif_proto::id::{DeviceId, PersonId, StatementId};

use super::statement::{Add, DeviceKeys, Remove, Said, Signer, Statement};

/// An addition and what it is signed by.
#[derive(Clone, Copy)]
pub(super) struct Added<'a> {
    pub(super) id: StatementId,
    pub(super) signer: Signer,
    pub(super) add: &'a Add,
}

/// A removal and what it is signed by.
#[derive(Clone)]
pub(super) struct Removal<'a> {
    pub(super) id: StatementId,
    pub(super) signer: Signer,
    pub(super) remove: &'a Remove,
    /// What its signer had seen.
    seen: BTreeSet<StatementId>,
}

/// The additions and removals that a set of statements holds of a person.
#[derive(Default)]
pub(super) struct Told<'a> {
    pub(super) added: Vec<Added<'a>>,
    pub(super) removals: Vec<Removal<'a>>,
}

impl<'a> Told<'a> {
    pub(super) fn of(person: PersonId, statements: impl Iterator<Item = &'a Statement>) -> Self {
        let mut told = Self::default();
        for statement in statements {
            let (id, signer) = (statement.id(), statement.signer());
            match statement.said() {
                Said::Add(add) if add.person == person && statement.is_consented() => told.added.push(Added { id, signer, add }),
                Said::Remove(remove) if remove.person == person => {
                    told.removals.push(Removal { id, signer, remove, seen: remove.seen.iter().copied().collect() });
                }
                _ => {}
            }
        }
        told
    }

    /// The removals that count.
    pub(super) fn removed(&self, person: PersonId) -> Vec<Removal<'a>> {
        let by_root = |one: &Removal<'_>| one.signer == Signer::Root(person);
        let mut counting: Vec<Removal<'a>> = self.removals.iter().filter(|one| by_root(one)).cloned().collect();
        let mut open: Vec<Removal<'a>> =
            self.first_of_each().into_iter().filter_map(|one| self.plausible(person, &counting, one)).collect();
        loop {
            let members = self.members(person, &counting);
            open.retain(|one| has_a_say(person, &members, &counting, one.signer, one.id));
            let takes_away = |one: &Removal<'a>| -> Vec<bool> {
                let with: Vec<Removal<'_>> = counting.iter().chain([one]).cloned().collect();
                let members = self.members(person, &with);
                let taken = |other: &Removal<'_>| other.id != one.id && !has_a_say(person, &members, &with, other.signer, other.id);
                open.iter().map(taken).collect()
            };
            let first = unopposed(&open, open.iter().map(takes_away).collect());
            if first.is_empty() {
                return counting;
            }
            let (now, later) = open.into_iter().partition(|one| first.contains(&one.id));
            open = later;
            counting.extend::<Vec<_>>(now);
        }
    }

    /// What whoever let its signer in had seen, that one had too. None where it takes its own signer away.
    fn plausible(&self, person: PersonId, by_root: &[Removal<'a>], removal: Removal<'a>) -> Option<Removal<'a>> {
        let Signer::Device(signer) = removal.signer else { return None };
        let with: Vec<Removal<'_>> = by_root.iter().chain([&removal]).cloned().collect();
        let by = self.members(person, &with).remove(&signer)?.by;
        let seen = self.added.iter().filter(|one| by.contains(&one.id)).flat_map(|one| one.add.seen.iter().copied());
        Some(Removal { seen: removal.seen.iter().copied().chain(seen).collect(), ..removal })
    }

    /// Of the removals by devices one for each device and signer: a second says nothing more.
    fn first_of_each(&self) -> Vec<Removal<'a>> {
        let mut each: BTreeMap<(DeviceId, DeviceId), Removal<'a>> = BTreeMap::new();
        for one in &self.removals {
            let Signer::Device(by) = one.signer else { continue };
            let first = each.entry((by, one.remove.device)).or_insert_with(|| one.clone());
            if one.id < first.id {
                *first = one.clone();
            }
        }
        each.into_values().collect()
    }

    /// Every device that was ever added by somebody who had a say, where these removals count.
    pub(super) fn members(&self, person: PersonId, counting: &[Removal<'_>]) -> BTreeMap<DeviceId, Member> {
        let mut members: BTreeMap<DeviceId, Member> = BTreeMap::new();
        let mut waiting = self.added.clone();
        loop {
            let before = waiting.len();
            waiting.retain(|one| {
                let counts = has_a_say(person, &members, counting, one.signer, one.id);
                if counts {
                    let keys = &one.add.device.keys;
                    let member = members.entry(keys.signing).or_insert_with(|| Member { keys: keys.clone(), by: BTreeSet::new() });
                    // Its keys are those of one of them, whatever the order.
                    if member.by.first().is_some_and(|first| one.id < *first) {
                        member.keys = keys.clone();
                    }
                    member.by.insert(one.id);
                }
                !counts
            });
            if waiting.len() == before {
                return members;
            }
        }
    }
}

/// A device that stands or stood.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Member {
    pub(super) keys: DeviceKeys,
    /// The additions that count.
    pub(super) by: BTreeSet<StatementId>,
}

/// Whether what somebody signed counts: the root, or a device that stood, and every removal of it had seen this.
pub(super) fn has_a_say(
    person: PersonId,
    members: &BTreeMap<DeviceId, Member>,
    counting: &[Removal<'_>],
    signer: Signer,
    id: StatementId,
) -> bool {
    match signer {
        Signer::Root(root) => root == person,
        Signer::Device(device) => {
            let mut removals = counting.iter().filter(|one| one.remove.device == device);
            members.contains_key(&device) && removals.all(|one| one.seen.contains(&id))
        }
    }
}

/// Those that nobody takes away but whom they take away themselves, be it in a circle. `reaches`: of each which others it takes away.
fn unopposed(open: &[Removal<'_>], mut reaches: Vec<Vec<bool>>) -> BTreeSet<StatementId> {
    for via in 0..open.len() {
        let onwards = reaches.get(via).cloned().unwrap_or_default();
        for row in &mut reaches {
            if row.get(via) == Some(&true) {
                row.iter_mut().zip(&onwards).for_each(|(here, there)| *here |= there);
            }
        }
    }
    let reach = |from: usize, to: usize| reaches.get(from).and_then(|row| row.get(to)) == Some(&true);
    let is_first = |at: usize| (0..open.len()).all(|other| other == at || !reach(other, at) || reach(at, other));
    open.iter().enumerate().filter(|(at, _)| is_first(*at)).map(|(_, one)| one.id).collect()
}
