//! A person's devices, as a pure function of a set of statements: whoever was added by the root, or by a device that had a say, and was not removed,
//! stands.
//!
//! Of a removed device its logs count as far as a removal that counts, or the answer of a device that had a say, names them: what others had of it
//! before is kept, and what it writes after is not of the journal.

use std::collections::{BTreeMap, BTreeSet};

use asif_proto::id::{DeviceId, LogId, PersonId, StatementId};

use super::removal::{Removal, Told, has_a_say};
use super::statement::{Answer, DeviceKeys, Said, Statement, Upto};

/// The devices of one person.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Roster {
    devices: BTreeMap<DeviceId, DeviceKeys>,
    gone: BTreeMap<DeviceId, Gone>,
    removals: BTreeSet<StatementId>,
    statements: Vec<StatementId>,
}

/// A device that was removed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Gone {
    /// Its keys, as they were.
    pub keys: DeviceKeys,
    /// The removals of it that count.
    pub by: BTreeSet<StatementId>,
    /// Up to where its logs count; a log that is not there counts for nothing.
    pub upto: BTreeMap<LogId, Upto>,
}

impl Roster {
    /// The roster of `person` in a set of statements, in any order.
    pub fn of<'a>(person: PersonId, statements: impl Iterator<Item = &'a Statement> + Clone) -> Self {
        let told = Told::of(person, statements.clone());
        let removed = told.removed(person);
        let members = told.members(person, &removed);
        let mut roster = Self::default();
        for (device, member) in &members {
            roster.statements.extend(&member.by);
            let by: Vec<&Removal<'_>> = removed.iter().filter(|one| one.remove.device == *device).collect();
            if by.is_empty() {
                roster.devices.insert(*device, member.keys.clone());
            } else {
                let ids = by.iter().map(|one| one.id).collect();
                let tips = by.iter().flat_map(|one| one.remove.tips.iter().copied());
                roster.gone.insert(*device, Gone { keys: member.keys.clone(), by: ids, upto: furthest(BTreeMap::new(), tips) });
            }
        }
        // Also one of a device that is not known yet: whoever writes has to have heard of it.
        roster.removals = removed.iter().map(|one| one.id).collect();
        roster.statements.extend(&roster.removals);
        for statement in statements {
            let Said::Answer(Answer { person: of, removal, tips }) = statement.said() else { continue };
            if *of != person || !has_a_say(person, &members, &removed, statement.signer(), statement.id()) {
                continue;
            }
            if let Some(gone) = roster.gone.values_mut().find(|gone| gone.by.contains(removal)) {
                gone.upto = furthest(std::mem::take(&mut gone.upto), tips.iter().copied());
                roster.statements.push(statement.id());
            }
        }
        roster.statements.sort();
        roster
    }

    /// The devices that stand.
    pub fn devices(&self) -> impl Iterator<Item = &DeviceKeys> {
        self.devices.values()
    }

    /// A device, if it stands.
    pub fn device(&self, device: &DeviceId) -> Option<&DeviceKeys> {
        self.devices.get(device)
    }

    /// The keys of a device that stands or stood.
    pub fn member(&self, device: &DeviceId) -> Option<&DeviceKeys> {
        self.devices.get(device).or_else(|| self.gone.get(device).map(|gone| &gone.keys))
    }

    /// The devices that were removed.
    pub fn gone(&self) -> &BTreeMap<DeviceId, Gone> {
        &self.gone
    }

    /// Up to which entry a log of a device counts: none where it is no device of this person's and never was, or nobody names the log.
    pub fn counts(&self, device: &DeviceId, log: &LogId) -> Option<u64> {
        match self.gone.get(device) {
            Some(gone) => gone.upto.get(log).map(|upto| upto.seq),
            None => self.devices.contains_key(device).then_some(u64::MAX),
        }
    }

    /// The removals that count: a key of a space is written with only where its opener knew them all.
    pub fn removals(&self) -> &BTreeSet<StatementId> {
        &self.removals
    }

    /// The statements that count.
    pub fn statements(&self) -> &[StatementId] {
        &self.statements
    }
}

/// Of each log the furthest that anybody names.
fn furthest(mut upto: BTreeMap<LogId, Upto>, tips: impl Iterator<Item = Upto>) -> BTreeMap<LogId, Upto> {
    for tip in tips {
        let known = upto.entry(tip.log).or_insert(tip);
        *known = tip.max(*known);
    }
    upto
}

#[cfg(test)]
mod tests;
