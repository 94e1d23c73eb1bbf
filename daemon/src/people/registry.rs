//! Every statement this device holds, and what follows from them.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use asif_proto::id::{DeviceId, KeyId, LinkKey, PersonId, QueueId, SpaceId, StatementId};

use super::roster::Roster;
use super::statement::{Epoch, Kit, Said, Signer, Statement, StatementError};

/// Of which space, with which key; and the queue that its capabilities name.
type Place = (SpaceId, KeyId, QueueId);

/// An epoch, as all that counts says it.
#[derive(Debug, Clone)]
struct Held {
    epoch: Epoch,
    /// What is sealed for its owner's kit.
    kit_boxes: Vec<Vec<u8>>,
    /// Every removal that somebody names who says something of it.
    removals: BTreeSet<StatementId>,
    /// It may be written in.
    fit: bool,
}

/// The set of statements and its consequences.
#[derive(Debug, Clone, Default)]
pub struct Registry {
    statements: BTreeMap<StatementId, Statement>,
    rosters: HashMap<PersonId, Roster>,
    /// What is said of each epoch.
    places: BTreeMap<Place, BTreeSet<StatementId>>,
    epochs: BTreeMap<Place, Held>,
    queues: HashMap<QueueId, Place>,
    kits: HashMap<PersonId, (Kit, StatementId)>,
    links: HashMap<LinkKey, (PersonId, DeviceId)>,
    gone: HashSet<LinkKey>,
}

impl Registry {
    /// Takes a statement in; `true` when it was new. It counts once its signer stands, whenever that is.
    pub fn insert(&mut self, statement: Statement) -> bool {
        let id = statement.id();
        let new = self.statements.insert(id, statement).is_none();
        if new {
            self.follow(id);
        }
        new
    }

    /// Takes many in at once.
    pub fn load(&mut self, statements: impl Iterator<Item = Vec<u8>>) -> Result<(), StatementError> {
        for bytes in statements {
            let statement = Statement::from_bytes(&bytes)?;
            self.statements.insert(statement.id(), statement);
        }
        self.work_out_all();
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
        self.held(space).map(|held| &held.epoch)
    }

    fn held(&self, space: SpaceId) -> impl Iterator<Item = &Held> {
        let (first, last) = ((space, KeyId([0; 16]), QueueId([0; 32])), (space, KeyId([255; 16]), QueueId([255; 32])));
        self.epochs.range(first..=last).map(|(_, held)| held)
    }

    /// Those of them that may be written in, by key id: a device that stands opened it or passed it on, and its opener knew every removal that is
    /// known here, of devices of the owner and of the readers.
    pub fn fit(&self, space: SpaceId) -> impl Iterator<Item = &Epoch> {
        self.held(space).filter(|held| held.fit).map(|held| &held.epoch)
    }

    /// Whether every removal is known here that whoever opened or passed on an epoch knew of. Before that its key is sealed for nobody: it may be for one
    /// that was removed.
    pub fn is_understood(&self, queue: &QueueId) -> bool {
        let held = self.queues.get(queue).and_then(|place| self.epochs.get(place));
        held.is_some_and(|held| held.removals.iter().all(|removal| self.statements.contains_key(removal)))
    }

    /// The removals that an epoch for these persons has to name.
    pub fn removals<'a>(&'a self, persons: impl Iterator<Item = &'a PersonId>) -> Vec<StatementId> {
        let all: BTreeSet<StatementId> = persons.flat_map(|person| self.roster(person).removals()).copied().collect();
        all.into_iter().collect()
    }

    /// Every epoch of every space.
    pub fn all_epochs(&self) -> impl Iterator<Item = &Epoch> {
        self.epochs.values().map(|held| &held.epoch)
    }

    /// The epoch whose queue this is. The queue names both capabilities, so no later statement can stand for another's.
    pub fn epoch(&self, queue: &QueueId) -> Option<&Epoch> {
        self.queues.get(queue).and_then(|place| self.epochs.get(place)).map(|held| &held.epoch)
    }

    /// The read key of an epoch, sealed for its owner's kit, as often as somebody said it.
    pub fn kit_boxes(&self, queue: &QueueId) -> &[Vec<u8>] {
        let held = self.queues.get(queue).and_then(|place| self.epochs.get(place));
        held.map(|held| held.kit_boxes.as_slice()).unwrap_or_default()
    }

    /// A person's recovery kit, as far as it can be known.
    pub fn kit(&self, person: &PersonId) -> Option<&Kit> {
        self.kits.get(person).map(|(kit, _)| kit)
    }

    /// Whose kit has this link key.
    pub fn kit_holder(&self, link: &LinkKey) -> Option<PersonId> {
        self.kits.values().find(|(kit, _)| kit.link == *link).map(|(kit, _)| kit.person)
    }

    /// Whose link key this is.
    pub fn holder(&self, link: &LinkKey) -> Option<(PersonId, DeviceId)> {
        self.links.get(link).copied()
    }

    /// Whether a device that was removed, of whomever, had this link key.
    pub fn is_gone(&self, link: &LinkKey) -> bool {
        self.gone.contains(link)
    }

    /// Works out what follows from a statement that was just taken in, and nothing else.
    fn follow(&mut self, id: StatementId) {
        let Some(statement) = self.statements.get(&id) else { return };
        match statement.said() {
            Said::Epoch(epoch) => {
                let place = (epoch.space.id(), epoch.key, epoch.queue());
                self.places.entry(place).or_default().insert(id);
                self.work_out_epoch(place);
            }
            Said::Kit(kit) => self.take_kit(&kit.clone(), id),
            Said::Add(_) | Said::Remove(_) | Said::Answer(_) => {
                if let Some(person) = statement.said().roster_of() {
                    self.work_out_roster(person);
                    self.work_out_links();
                    for place in self.places_of(person) {
                        self.work_out_epoch(place);
                    }
                }
            }
            Said::Unknown(_) => {}
        }
    }

    fn work_out_all(&mut self) {
        self.rosters.clear();
        self.kits.clear();
        self.epochs.clear();
        self.places.clear();
        let mut kits = Vec::new();
        let mut persons = BTreeSet::new();
        for (id, statement) in &self.statements {
            match statement.said() {
                Said::Epoch(epoch) => {
                    self.places.entry((epoch.space.id(), epoch.key, epoch.queue())).or_default().insert(*id);
                }
                Said::Kit(kit) => kits.push((kit.clone(), *id)),
                Said::Add(add) => drop(persons.insert(add.person)),
                Said::Remove(_) | Said::Answer(_) | Said::Unknown(_) => {}
            }
        }
        kits.iter().for_each(|(kit, id)| self.take_kit(kit, *id));
        persons.into_iter().for_each(|person| self.work_out_roster(person));
        self.work_out_links();
        for place in self.places.keys().copied().collect::<Vec<_>>() {
            self.work_out_epoch(place);
        }
    }

    /// Of several that the root says, the one with the lowest id stands.
    fn take_kit(&mut self, kit: &Kit, id: StatementId) {
        let by_root = |one: &Statement| one.signer() == Signer::Root(kit.person);
        if self.statements.get(&id).is_some_and(by_root) && self.kits.get(&kit.person).is_none_or(|(_, other)| id < *other) {
            self.kits.insert(kit.person, (kit.clone(), id));
        }
    }

    /// A person of whom nothing was added has no roster.
    fn work_out_roster(&mut self, person: PersonId) {
        let adds = |one: &Statement| matches!(one.said(), Said::Add(add) if add.person == person);
        if self.statements.values().any(adds) {
            self.rosters.insert(person, Roster::of(person, self.statements.values()));
        }
    }

    fn work_out_links(&mut self) {
        self.links.clear();
        for (person, roster) in &self.rosters {
            self.links.extend(roster.devices().map(|device| (device.link, (*person, device.signing))));
        }
        self.gone = self.rosters.values().flat_map(|roster| roster.gone().values()).map(|gone| gone.keys.link).collect();
        self.gone.retain(|link| !self.links.contains_key(link));
    }

    /// The places of epochs on which a person's roster bears: as their owner, or as one who reads.
    fn places_of(&self, person: PersonId) -> Vec<Place> {
        let bears = |id: &StatementId| {
            let Some(Said::Epoch(epoch)) = self.statements.get(id).map(Statement::said) else { return false };
            epoch.space.owner() == person || epoch.readers.contains(&person)
        };
        self.places.iter().filter(|(_, ids)| ids.iter().any(bears)).map(|(place, _)| *place).collect()
    }

    /// What was written stays in its epoch, also where its opener was removed; but what that one says of an epoch that a device that stands knows
    /// too changes nothing.
    fn work_out_epoch(&mut self, place: Place) {
        let mut held: Option<Held> = None;
        let mut named: Option<BTreeSet<StatementId>> = None;
        for standing in [true, false] {
            for statement in self.places.get(&place).into_iter().flatten().filter_map(|id| self.statements.get(id)) {
                let (Said::Epoch(epoch), Signer::Device(device)) = (statement.said(), statement.signer()) else { continue };
                let Some(roster) = self.rosters.get(&epoch.space.owner()) else { continue };
                if roster.member(&device).is_none() || roster.device(&device).is_some() != standing {
                    continue;
                }
                let empty = || Epoch { boxes: Vec::new(), removals: Vec::new(), kit: None, ..epoch.clone() };
                let held =
                    held.get_or_insert_with(|| Held { epoch: empty(), kit_boxes: Vec::new(), removals: BTreeSet::new(), fit: false });
                held.epoch.boxes.extend(epoch.boxes.iter().cloned());
                held.kit_boxes.extend(epoch.kit.clone());
                held.removals.extend(epoch.removals.iter().copied());
                if standing {
                    // Whoever passes it on says no more than its opener did.
                    let said: BTreeSet<StatementId> = epoch.removals.iter().copied().collect();
                    named = Some(match named.take() {
                        Some(before) => &before & &said,
                        None => said,
                    });
                }
            }
        }
        let Some(mut held) = held else {
            self.epochs.remove(&place);
            self.queues.retain(|_, other| *other != place);
            return;
        };
        if let Some(named) = named {
            let persons = held.epoch.readers.iter().copied().chain([held.epoch.space.owner()]).collect::<BTreeSet<PersonId>>();
            let mut removals = persons.iter().filter_map(|person| self.rosters.get(person)).flat_map(Roster::removals);
            held.fit = removals.all(|one| named.contains(one));
            held.epoch.removals = named.into_iter().collect();
        }
        self.epochs.insert(place, held);
        // Of two that claim one queue the same one has it, whichever came first.
        let of_queue = self.queues.entry(place.2).or_insert(place);
        *of_queue = place.max(*of_queue);
    }
}

#[cfg(test)]
mod tests;
