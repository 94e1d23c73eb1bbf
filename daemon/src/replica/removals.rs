//! A device was removed, and what follows from it on every device that heard so.
//!
//! ```text
//! cut       it is let in no more, and links to it end (`gate`); it is told nothing further
//! answered  what this device has of its logs, beyond what was named, is named: that counts, and nothing after it
//! keyed     every own space whose key the removed device has gets another one, for what is written from now on
//! packed    what a checkpoint of the removed device stands for is packed anew, since whoever joins takes none of that
//! ```

use asif_proto::id::{DeviceId, LogId, PersonId};

use super::{Cx, Replica};
use crate::people::space::Space;
use crate::people::statement::{Answer, Said, Statement, Upto};

impl Replica {
    /// Does what follows from removals that were not known here before: of own devices, and of those who read with them.
    pub(super) fn heed_removals(&mut self, cx: &mut Cx<'_>) {
        let told = self.registry.statements().len();
        if self.heeded == Some(told) || !self.is_ready() || !self.writes_of_itself() {
            return;
        }
        if let Some(me) = self.person().filter(|_| self.stands()) {
            self.answer_removals(cx, me);
            self.key_anew(cx, me);
        }
        self.heeded = Some(self.registry.statements().len());
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
        for (device, gone) in self.registry.roster(&me).gone() {
            let unnamed = |tip: &Upto| gone.upto.get(&tip.log).is_none_or(|named| named.seq < tip.seq);
            let tips: Vec<Upto> = self.tips_of(device).into_iter().filter(unnamed).collect();
            if let Some(removal) = gone.by.first().filter(|_| !tips.is_empty()) {
                let answer = Answer { person: me, removal: *removal, tips };
                answers.push(Statement::by_device(&vault.signing, &Said::Answer(answer)));
            }
        }
        for answer in answers {
            self.state(cx, answer);
        }
    }

    /// Opens an epoch in every own space that has none any more that may be written in.
    fn key_anew(&mut self, cx: &mut Cx<'_>, me: PersonId) {
        let is_over = |space: &Space| space.grant().is_some_and(|grant| self.has_ended(grant));
        let mut spaces: Vec<(Space, Vec<PersonId>)> = Vec::new();
        for epoch in self.registry.all_epochs().filter(|epoch| epoch.space.owner() == me && !is_over(&epoch.space)) {
            let writes = self.keys.get(&epoch.queue()).is_some_and(|keys| keys.write.is_some());
            if writes && self.registry.fit(epoch.space.id()).next().is_none() && spaces.iter().all(|(space, _)| *space != epoch.space) {
                spaces.push((epoch.space, epoch.readers.iter().copied().filter(|reader| *reader != me).collect()));
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
