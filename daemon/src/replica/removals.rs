//! A device was removed, and what follows from it on every device that heard so.
//!
//! ```text
//! cut       it is let in no more, and links to it end (`gate`); it is told nothing further
//! answered  what this device has of its logs, beyond what was named, is named: that counts, and nothing after it
//! keyed     every own space whose key the removed device has gets another one, for what is written from now on: at once by whoever removed it and by
//!           whoever writes in it, else by the others one after the other, if it is still missing
//! packed    what a checkpoint of the removed device stands for is packed anew, since whoever joins takes none of that
//! ```

use std::collections::BTreeSet;
use std::time::Duration;

use asif_proto::id::{DeviceId, LogId, PersonId, SpaceId, StatementId};

use super::{Cx, Replica};
use crate::people::space::Space;
use crate::people::statement::{Answer, Epoch, Remove, Said, Signer, Statement, Upto};

/// So long each device waits for the one before it to give a space another key.
const KEY_AFTER: Duration = Duration::from_secs(20);

impl Replica {
    /// Does what follows from removals that were not known here before: of own devices, and of those who read with them.
    pub(super) fn heed_removals(&mut self, cx: &mut Cx<'_>) {
        let told = self.registry.statements().len();
        if self.heeded == Some(told) || !self.is_ready() || !self.writes_of_itself() {
            return;
        }
        if let Some(me) = self.person().filter(|_| self.stands()) {
            self.answer_removals(cx, me);
            self.key_at = Some(cx.now.mono + self.key_delay(me));
            // Who was to be heard from first is no device any more.
            self.heard |= self.has_no_other_device();
        }
        self.heeded = Some(self.registry.statements().len());
    }

    /// Removes a device of this person's; with the root, where this device still has it: then nothing that the removed one says can take this one out.
    pub(super) fn remove(&mut self, cx: &mut Cx<'_>, device: DeviceId) {
        let (Some(me), Some(vault)) = (self.person(), &self.vault) else { return };
        let (roster, this) = (self.registry.roster(&me), vault.device());
        let of_this_by_it = |id: &&StatementId| {
            let by_it = |one: &&Statement| one.signer() == Signer::Device(device);
            let statement = self.registry.statement(id).filter(by_it);
            matches!(statement.map(Statement::said), Some(Said::Remove(remove)) if remove.device == this)
        };
        let seen = roster.statements().iter().filter(|id| vault.kit.is_none() || !of_this_by_it(id)).copied().collect();
        let remove = Remove { person: me, device, at_ms: cx.now.wall.as_millisecond(), tips: self.tips_of(&device), seen };
        let statement = match &vault.kit {
            Some(kit) => Statement::by_root(kit, &Said::Remove(remove)),
            None => Statement::by_device(&vault.signing, &Said::Remove(remove)),
        };
        self.state(cx, statement);
    }

    /// Whether this device was let in by somebody who had heard of a removal: it answers for nothing that went to helpers before.
    fn came_after(&self, removal: &StatementId) -> bool {
        let Some(this) = self.vault.as_ref().map(|vault| vault.device()) else { return false };
        let of_this =
            |one: &Statement| matches!(one.said(), Said::Add(add) if add.device.keys.signing == this && add.seen.contains(removal));
        self.registry.statements().any(of_this)
    }

    /// Whether this device was not removed, as far as it knows.
    pub(super) fn stands(&self) -> bool {
        let vault = self.vault.as_ref();
        vault
            .and_then(|vault| Some((vault.person?, vault.device())))
            .is_some_and(|(me, device)| self.registry.roster(&me).device(&device).is_some())
    }

    /// What is here of the logs of a device: of each the last entry.
    pub(super) fn tips_of(&self, device: &DeviceId) -> Vec<Upto> {
        let of_it = self.logs.values().filter(|log| log.device == Some(*device) && log.seq > 0);
        of_it.map(|log| Upto { log: log.head.log, seq: log.seq, link: log.link }).collect()
    }

    fn answer_removals(&mut self, cx: &mut Cx<'_>, me: PersonId) {
        let Some(vault) = &self.vault else { return };
        let mut answers = Vec::new();
        let is_share = |space: &Space| matches!(space, Space::Share { .. });
        let shares: BTreeSet<SpaceId> =
            self.registry.all_epochs().map(|epoch| epoch.space).filter(is_share).map(|space| space.id()).collect();
        for (device, gone) in self.registry.roster(&me).gone() {
            let Some(removal) = gone.by.first() else { continue };
            // What the machine wrote before it joined again is its person's own. What it published then is old: the others have said since what is so.
            let came_after = gone.by.iter().any(|removal| self.came_after(removal));
            let is_old = |tip: &Upto| came_after && self.logs.get(&tip.log).is_none_or(|log| shares.contains(&log.space));
            let unnamed = |tip: &Upto| gone.upto.get(&tip.log).is_none_or(|named| named.seq < tip.seq) && !is_old(tip);
            let tips: Vec<Upto> = self.tips_of(device).into_iter().filter(unnamed).collect();
            if !tips.is_empty() {
                let answer = Answer { person: me, removal: *removal, tips };
                answers.push(Statement::by_device(&vault.signing, &Said::Answer(answer)));
            }
        }
        for answer in answers {
            self.state(cx, answer);
        }
    }

    /// How long the others are waited for to give the spaces other keys: if all did at once, each space would have as many as there are devices.
    fn key_delay(&self, me: PersonId) -> Duration {
        let Some(vault) = &self.vault else { return Duration::ZERO };
        let (this, roster) = (vault.device(), self.registry.roster(&me));
        let signers: Vec<Signer> = roster.removals().iter().filter_map(|id| self.registry.statement(id)).map(Statement::signer).collect();
        let signed = signers.contains(&Signer::Device(this)) || (vault.kit.is_some() && signers.contains(&Signer::Root(me)));
        let before = roster.devices().take_while(|device| device.signing != this).count();
        if signed { Duration::ZERO } else { KEY_AFTER * u32::try_from(before + 1).unwrap_or(u32::MAX) }
    }

    /// Gives the spaces other keys, where nobody else has.
    pub(super) fn key_due(&mut self, cx: &mut Cx<'_>) {
        if self.key_at.is_none_or(|at| cx.now.mono < at) || !self.is_ready() || !self.writes_of_itself() {
            return;
        }
        self.key_at = None;
        if let Some(me) = self.person().filter(|_| self.stands()) {
            self.key_anew(cx, me);
        }
    }

    /// Those who read in an own space beside this person, where this device may give it another key: it has one, or gets one from nobody else.
    pub(super) fn may_key(&self, space: Space) -> Option<Vec<PersonId>> {
        let me = self.person().filter(|me| space.owner() == *me && self.stands())?;
        let held = |epoch: &&Epoch| {
            let keys = self.keys.get(&epoch.queue());
            // Whoever was given the read key alone, as by the kit, gets the other from nobody where there is no other device.
            keys.is_some_and(|keys| keys.write.is_some() || self.has_no_other_device())
        };
        let epoch = self.registry.epochs(space.id()).find(held)?;
        Some(epoch.readers.iter().copied().filter(|reader| *reader != me).collect())
    }

    /// Opens an epoch in every own space that has none any more that may be written in.
    fn key_anew(&mut self, cx: &mut Cx<'_>, me: PersonId) {
        let is_over = |space: &Space| space.grant().is_some_and(|grant| self.has_ended(grant));
        let mut spaces: Vec<(Space, Vec<PersonId>)> = Vec::new();
        for epoch in self.registry.all_epochs().filter(|epoch| epoch.space.owner() == me && !is_over(&epoch.space)) {
            if self.registry.fit(epoch.space.id()).next().is_none() && spaces.iter().all(|(space, _)| *space != epoch.space) {
                spaces.extend(self.may_key(epoch.space).map(|others| (epoch.space, others)));
            }
        }
        for (space, others) in spaces {
            if let Err(failure) = self.open_epoch(cx, space, &others) {
                tracing::warn!(reason = %failure, "a space could not be given another key");
            }
        }
    }

    /// Whether a checkpoint here was made by a device that was removed: nobody takes that one any more, and what it stands for may be nowhere else.
    pub(super) fn rests_on_a_removed_device(&self) -> bool {
        let Some(me) = self.person().filter(|_| self.stands()) else { return false };
        let gone = self.registry.roster(&me).gone();
        self.bases.current().any(|base| gone.contains_key(&base.said.by))
    }

    /// Of a log of a removed device all is here that counts: what others have beyond it does not.
    pub(super) fn is_over(&self, log: &LogId) -> bool {
        let Some((known, device)) = self.logs.get(log).and_then(|log| Some((log, log.device?))) else { return false };
        let Some(owner) = self.registry.epoch(&known.head.queue).map(|epoch| epoch.space.owner()) else { return false };
        let roster = self.registry.roster(&owner);
        roster.gone().contains_key(&device) && roster.counts(&device, log).is_none_or(|counts| known.seq >= counts)
    }
}
