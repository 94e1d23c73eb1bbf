//! The logs of every space, and writing to one's own.

use std::collections::BTreeSet;

use asif_proto::id::{DeviceId, Link, LogId, PersonId, QueueId, SpaceId};
use asif_proto::local::{ErrorKind, Failure};
use rand_core::Rng as _;

use super::effect::{Append, LogHead};
use super::{Cx, Replica};
use crate::people::epoch::{self, EpochKeys, Reader};
use crate::people::space::Space;
use crate::people::statement::{DeviceKeys, Epoch, KeyBox, Said, Statement};
use crate::seal::body::{Birth, Body, Keys};
use crate::seal::entry::{self, Place};
use crate::seal::wire::Wire;

/// The most logs of one device in one epoch of a share or feedback space.
pub(super) const MAX_LOGS: usize = 64;
/// The most in one epoch of a journal: each old copy that is put back and written in is a further one, and none of its words may be left out.
pub(super) const MAX_OWN_LOGS: usize = 512;

/// A log as it stands.
#[derive(Debug, Clone)]
pub(super) struct Log {
    pub(super) head: LogHead,
    pub(super) space: SpaceId,
    pub(super) device: Option<DeviceId>,
    pub(super) seq: u64,
    pub(super) link: Link,
    /// The first entry behind its birth that may be here: what lies between is covered by a checkpoint.
    pub(super) from: u64,
    /// Entries of which only a stub is here, as far as somebody lacked them: a checkpoint stands for them.
    pub(super) stubs: BTreeSet<u64>,
    /// Entries up to here were taken into the views or are known to wait.
    pub(super) merged: u64,
}

impl Log {
    /// A log of which nothing is stored yet.
    pub(super) fn new(head: LogHead, space: SpaceId, device: DeviceId) -> Self {
        Self { device: Some(device), ..Self::unknown(head, space) }
    }

    /// The same of a log of which it is not known who writes it.
    pub(super) fn unknown(head: LogHead, space: SpaceId) -> Self {
        Self { head, space, device: None, seq: 0, link: Link::ZERO, from: 2, stubs: BTreeSet::new(), merged: 0 }
    }

    /// Whether something stands here for the entry of this number: itself, or a stub.
    pub(super) fn has_place(&self, seq: u64) -> bool {
        seq == 1 || self.from <= 2 || seq >= self.from
    }

    /// Whether the entry of this number is here as it was written, as far as is known.
    pub(super) fn has(&self, seq: u64) -> bool {
        (self.from <= 2 || seq >= self.from) && !self.stubs.contains(&seq)
    }
}

/// An entry that was just stored and is to be passed on.
#[derive(Debug, Clone)]
pub(super) struct Fresh {
    pub(super) head: LogHead,
    pub(super) previous: Link,
    pub(super) wire: Wire,
}

impl Replica {
    /// Seals a body and stores it in this device's own log of a space.
    pub(super) fn write_body(&mut self, cx: &mut Cx<'_>, space: Space, body: &Body) -> Result<(LogId, u64), Failure> {
        let (id, keys) = self.own_or_new_log(cx, space)?;
        Ok((id, self.append_merged(cx, space, id, &keys, body)?))
    }

    /// Seals a body that is in the views already, and stores it in this log.
    pub(super) fn append_merged(
        &mut self,
        cx: &mut Cx<'_>,
        space: Space,
        id: LogId,
        keys: &EpochKeys,
        body: &Body,
    ) -> Result<u64, Failure> {
        let seq = self.append_sealed(cx, space, id, keys, body)?;
        if let Some(log) = self.logs.get_mut(&id) {
            log.merged = seq;
        }
        Ok(seq)
    }

    /// Seals a body and stores it in a log of its own, behind its birth.
    pub(super) fn write_alone(&mut self, cx: &mut Cx<'_>, space: Space, body: &Body) -> Result<(LogId, u64), Failure> {
        let (queue, keys) = self.write_epoch(cx, space)?;
        let id = self.bear(cx, space, queue, &keys, None)?;
        Ok((id, self.append_merged(cx, space, id, &keys, body)?))
    }

    /// The log of this device that it writes in a space; born if there is none.
    pub(super) fn own_or_new_log(&mut self, cx: &mut Cx<'_>, space: Space) -> Result<(LogId, EpochKeys), Failure> {
        let (queue, keys) = self.write_epoch(cx, space)?;
        while let Some(id) = self.own_log(&queue) {
            if !self.is_behind(id) {
                return Ok((id, keys));
            }
            self.retire(cx, id);
        }
        Ok((self.bear(cx, space, queue, &keys, None)?, keys))
    }

    /// Whether a log holds changes that no document has yet: what is written next would take the place of theirs in their author's count.
    fn is_behind(&self, log: LogId) -> bool {
        self.pending.values().flatten().any(|one| one.log == log)
    }

    fn own_log(&self, queue: &QueueId) -> Option<LogId> {
        let vault = self.vault.as_ref()?;
        let me = vault.device();
        let writable = |log: &&Log| {
            log.device == Some(me)
                && log.head.queue == *queue
                && !vault.retired.contains(&log.head.log)
                && !self.quarantine.contains_key(&log.head.log)
        };
        self.logs.values().find(writable).map(|log| log.head.log)
    }

    /// Whether this device goes on writing a log.
    pub(super) fn writes(&self, log: LogId) -> bool {
        self.logs.get(&log).is_some_and(|one| self.own_log(&one.head.queue) == Some(log))
    }

    /// A new log of this device; `continues`: where it goes on instead of another.
    pub(super) fn bear(
        &mut self,
        cx: &mut Cx<'_>,
        space: Space,
        queue: QueueId,
        keys: &EpochKeys,
        continues: Option<(LogId, u64, Link)>,
    ) -> Result<LogId, Failure> {
        let mut id = [0; 16];
        cx.rng.fill_bytes(&mut id);
        self.bear_as(cx, LogId(id), space, queue, keys, continues)
    }

    /// The same, by an id that was drawn for it.
    pub(super) fn bear_as(
        &mut self,
        cx: &mut Cx<'_>,
        id: LogId,
        space: Space,
        queue: QueueId,
        keys: &EpochKeys,
        continues: Option<(LogId, u64, Link)>,
    ) -> Result<LogId, Failure> {
        let (Some(vault), Some(epoch)) = (&self.vault, self.registry.epoch(&queue)) else { return Err(super::no_journal()) };
        let device = vault.device();
        let head = LogHead { queue, key: epoch.key, log: id };
        self.logs.insert(id, Log { merged: 1, ..Log::new(head, space.id(), device) });
        let birth = Birth { device, space: space.id(), key: head.key, continues };
        self.append_sealed(cx, space, id, keys, &Body::Birth(birth))?;
        Ok(id)
    }

    pub(super) fn append_sealed(
        &mut self,
        cx: &mut Cx<'_>,
        space: Space,
        id: LogId,
        keys: &EpochKeys,
        body: &Body,
    ) -> Result<u64, Failure> {
        let (Some(vault), Some(log)) = (&self.vault, self.logs.get_mut(&id)) else { return Err(super::no_journal()) };
        let place = Place { space: space.id(), log: id, seq: log.seq + 1, previous: log.link };
        let wire = entry::seal(&keys.read, &vault.signing, &place, &body.to_frame().to_bytes(), cx.rng)
            .map_err(|error| Failure::new(ErrorKind::Usage, error.to_string()))?;
        let previous = log.link;
        log.seq += 1;
        log.link = wire.link(&previous);
        cx.appends.push(Append::Entry { head: log.head, link: log.link, wire: wire.clone() });
        cx.fresh.push(Fresh { head: log.head, previous, wire });
        self.unsaved_entries += 1;
        Ok(log.seq)
    }

    /// The epoch to write under: of those this device may write in, the one with the lowest key id; opened if none.
    pub(super) fn write_epoch(&mut self, cx: &mut Cx<'_>, space: Space) -> Result<(QueueId, EpochKeys), Failure> {
        let writable = |keys: &EpochKeys| keys.write.is_some();
        let held = |epoch: &Epoch| {
            let keys = self.keys.get(&epoch.queue()).filter(|keys| writable(keys))?;
            Some((epoch.queue(), keys.clone()))
        };
        let known = match self.stands() {
            true => self.registry.fit(space.id()).find_map(held),
            // What a removed device writes stays with it, under the keys that it has.
            false => self.registry.epochs(space.id()).find_map(held),
        };
        match known {
            Some(known) => Ok(known),
            None if self.journal() == Some(space) && !self.is_unplaced() => self.open_epoch(cx, space, &[]),
            // A device was removed that has the one it had.
            None if let Some(others) = self.may_key(space) => self.open_epoch(cx, space, &others),
            // The other spaces got theirs when they were made: its key is still on its way.
            None if self.person() == Some(space.owner()) => {
                Err(Failure::new(ErrorKind::Precondition, "this device has not got the keys for that yet")
                    .hint("bring it up to date with another device: asif sync"))
            }
            None => Err(Failure::new(ErrorKind::NotPermitted, "only its owner writes here")),
        }
    }

    /// Opens an epoch of an own space, for one's own devices and those of the other readers.
    pub(super) fn open_epoch(&mut self, cx: &mut Cx<'_>, space: Space, others: &[PersonId]) -> Result<(QueueId, EpochKeys), Failure> {
        let Some(vault) = &self.vault else { return Err(super::no_journal()) };
        let persons: Vec<PersonId> = std::iter::once(space.owner()).chain(others.iter().copied()).collect();
        let removals = self.registry.removals(persons.iter());
        let readers: Vec<_> = persons
            .into_iter()
            .map(|person| Reader { person, devices: self.registry.roster(&person).devices().take(epoch::MAX_BOXES / 2).collect() })
            .collect();
        let kit = self.registry.kit(&space.owner()).map(|kit| kit.sealing.as_slice());
        let (epoch, keys) = epoch::open(space, &readers, removals, kit, cx.rng);
        let queue = epoch.queue();
        let statement = Statement::by_device(&vault.signing, &Said::Epoch(epoch));
        self.state(cx, statement);
        self.keys.insert(queue, keys.clone());
        Ok((queue, keys))
    }

    /// Stores a statement and takes it in; `true` when it was new.
    pub(super) fn state(&mut self, cx: &mut Cx<'_>, statement: Statement) -> bool {
        if self.registry.contains(&statement.id()) {
            return false;
        }
        if self.locked {
            self.hold_statement(cx, &statement);
        } else {
            cx.appends.push(Append::Statement(statement.bytes().to_vec()));
        }
        cx.statements.insert(statement.id());
        self.registry.insert(statement);
        true
    }

    /// Opens every box that is for this device, and adds the keys that were passed on inside the journal.
    pub(super) fn refresh_keys(&mut self) {
        let Some(vault) = &self.vault else { return };
        let me = vault.device();
        for epoch in self.registry.all_epochs() {
            let queue = epoch.queue();
            let own = vault.person.is_none_or(|person| person == epoch.space.owner());
            if self.keys.get(&queue).is_some_and(|keys| keys.write.is_some() || !own) {
                continue;
            }
            if let Some(keys) = epoch::read_box(epoch, me, &vault.sealing) {
                self.keys.insert(queue, keys);
            } else if !self.keys.contains_key(&queue) {
                let place = (epoch.space.id(), epoch.key);
                let mut given = self.given.read.iter().filter(|(space, key, _)| (*space, *key) == place).map(|(_, _, read)| read);
                if let Some(read) = given.find(|read| read.capability() == epoch.read_capability) {
                    self.keys.insert(queue, EpochKeys { read: read.clone(), write: None });
                }
            }
        }
    }

    /// Passes the keys that others gave this device on to this person's other devices, inside the journal.
    pub(super) fn pass_keys_on(&mut self, cx: &mut Cx<'_>) {
        let Some(journal) = self.journal() else { return };
        let others = self.registry.all_epochs().filter(|epoch| epoch.space.owner() != journal.owner());
        let read: Vec<_> = others
            .filter_map(|epoch| Some((epoch.space.id(), epoch.key, self.keys.get(&epoch.queue())?.read.clone())))
            .filter(|given| !self.given.read.contains(given))
            .collect();
        if read.is_empty() {
            return;
        }
        self.given.read.extend(read.iter().cloned());
        if let Err(failure) = self.write_body(cx, journal, &Body::Keys(Keys { read, items: Vec::new() })) {
            tracing::warn!(reason = %failure, "keys could not be passed on");
        }
    }

    /// Seals the keys of own spaces for own devices, and helpers' devices, that stand and have no box yet; and for the kit.
    pub(super) fn extend_epochs(&mut self, cx: &mut Cx<'_>) {
        let (Some(me), Some(vault)) = (self.person(), &self.vault) else { return };
        let mut statements = Vec::new();
        for epoch in self.registry.all_epochs().filter(|epoch| epoch.space.owner() == me && self.registry.is_understood(&epoch.queue())) {
            let Some(keys) = self.keys.get(&epoch.queue()) else { continue };
            let kit = self.registry.kit(&me).filter(|_| self.registry.kit_boxes(&epoch.queue()).is_empty());
            if let Some(more) = kit.and_then(|kit| epoch::extend_to_kit(epoch, keys, &kit.sealing, cx.rng)) {
                statements.push(Statement::by_device(&vault.signing, &Said::Epoch(more)));
            }
            let over = epoch.space.grant().is_some_and(|grant| self.has_ended(grant));
            for person in epoch.readers.iter().filter(|person| !over || **person == me) {
                // Whoever came by the kit has the read key alone, and gives that to those who have nothing.
                let has = |one: &KeyBox| *person != me || keys.write.is_none() || epoch::is_whole(one);
                let lacking = |device: &&DeviceKeys| !epoch.boxes.iter().any(|one| one.device == device.signing && has(one));
                let devices: Vec<_> = self.registry.roster(person).devices().filter(lacking).collect();
                for devices in devices.chunks(epoch::MAX_BOXES) {
                    let more = epoch::extend(epoch, keys, &Reader { person: *person, devices: devices.to_vec() }, cx.rng);
                    statements.push(Statement::by_device(&vault.signing, &Said::Epoch(more)));
                }
            }
        }
        for statement in statements {
            self.state(cx, statement);
        }
    }
}
