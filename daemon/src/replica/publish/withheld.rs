//! What this device took back from helpers, or would have, and what it did not send them: remembered, sealed, on this device alone, so that it stays
//! so over a restart.

use std::collections::BTreeSet;

use asif_proto::frame;
use asif_proto::id::{GrantId, LogId, RecordId};

use super::super::effect::{Effect, LinkId, Opaque};
use super::super::{Cx, Replica};
use crate::journal::record::grant_record;
use crate::people::space::Space;
use crate::sync::link::Link;

/// The name of the sealed file.
const FILE: &str = "withheld";

/// Records that this device took back, or would have, under a grant.
#[derive(Default)]
pub(in crate::replica) struct Withheld {
    marks: BTreeSet<(GrantId, RecordId)>,
    /// Entries that were left out when their log was sent.
    left_out: BTreeSet<(LogId, u64)>,
    /// Grants of which the helper holds what this device wrote and does not know any more: nothing new is shown until the person says so.
    estranged: BTreeSet<GrantId>,
    /// Of these the person has said so, and the two devices have not come to one log yet.
    reconciled: BTreeSet<GrantId>,
    /// What would be seen under these was looked at since this start.
    looked_at: BTreeSet<GrantId>,
    unsaved: bool,
}

impl Withheld {
    /// It is withheld from now on.
    pub(super) fn insert(&mut self, mark: (GrantId, RecordId)) {
        self.unsaved |= self.marks.insert(mark);
    }

    /// It is shown again. The file may still say otherwise after a restart: what is shown then is unmarked anew.
    pub(super) fn remove(&mut self, mark: &(GrantId, RecordId)) {
        self.marks.remove(mark);
    }

    /// Whether it is withheld.
    pub(super) fn contains(&self, mark: &(GrantId, RecordId)) -> bool {
        self.marks.contains(mark)
    }

    /// Whether a record is withheld under any grant.
    pub(in crate::replica) fn has(&self, record: &RecordId) -> bool {
        self.marks.iter().any(|(_, one)| one == record)
    }

    /// These entries are left out: what they say is still to be sent.
    pub(super) fn leave_out(&mut self, entries: impl Iterator<Item = (LogId, u64)>) {
        for entry in entries {
            self.unsaved |= self.left_out.insert(entry);
        }
    }

    /// Whether an entry was left out.
    pub(super) fn is_left_out(&self, entry: &(LogId, u64)) -> bool {
        self.left_out.contains(entry)
    }

    /// What an entry says is put once more.
    pub(super) fn put_again(&mut self, entry: &(LogId, u64)) {
        self.left_out.remove(entry);
    }

    /// Nothing new is shown under a grant until the person says so.
    fn estrange(&mut self, grant: GrantId) -> bool {
        let is_new = !self.reconciled.contains(&grant) && self.estranged.insert(grant);
        self.unsaved |= is_new;
        is_new
    }

    /// The person looks at what would be seen.
    pub(in crate::replica) fn note_look(&mut self, grant: GrantId) {
        if self.estranged.contains(&grant) {
            self.looked_at.insert(grant);
        }
    }

    /// Whether the person is yet to look at what would be seen before anything new is.
    pub(in crate::replica) fn is_unseen(&self, grant: GrantId) -> bool {
        self.estranged.contains(&grant) && !self.looked_at.contains(&grant)
    }

    /// The person has said so.
    pub(in crate::replica) fn reconcile(&mut self, grant: GrantId) -> bool {
        let was = self.estranged.remove(&grant);
        if was {
            self.reconciled.insert(grant);
        }
        self.unsaved |= was;
        was
    }

    /// Whether nothing new is shown under a grant until the person says so.
    pub(in crate::replica) fn is_estranged(&self, grant: GrantId) -> bool {
        self.estranged.contains(&grant)
    }

    /// What is withheld under a grant.
    pub(super) fn of(&self, grant: GrantId) -> impl Iterator<Item = RecordId> {
        self.marks.iter().filter(move |(one, _)| *one == grant).map(|(_, record)| *record)
    }
}

impl Replica {
    /// Takes over what was remembered. Where it does not open, what the journal says now counts alone.
    pub(in crate::replica) fn load_withheld(&mut self, bytes: Option<&[u8]>) {
        let (Some(vault), Some(bytes)) = (&self.vault, bytes) else { return };
        let plain = vault.cache.open(FILE, bytes).ok();
        // Earlier programs wrote the marks alone, or these and what was left out.
        let two = |plain: &Vec<u8>| frame::decode(plain).or_else(|| Some((frame::decode(plain)?, BTreeSet::new())));
        let all = |plain: &Vec<u8>| {
            frame::decode(plain).or_else(|| two(plain).map(|(marks, left_out)| (marks, left_out, BTreeSet::new(), BTreeSet::new())))
        };
        match plain.as_ref().and_then(all) {
            Some((marks, left_out, estranged, reconciled)) => {
                self.withheld = Withheld { marks, left_out, estranged, reconciled, ..Withheld::default() };
            }
            None => tracing::warn!("what was remembered of records that were taken back does not open"),
        }
    }

    /// A helper gave back what this device wrote in a log and does not know any more: an old copy of this home was put back. What was hidden since is
    /// not known here, and nothing more is shown before the person has looked. Where an own device gives it back, that one knows the rest.
    pub(in crate::replica) fn note_old_copy(&mut self, cx: &mut Cx<'_>, from: LinkId, log: LogId) {
        let me = self.vault.as_ref().map(|vault| vault.device());
        let Some(known) = self.logs.get(&log).filter(|log| log.device.is_some() && log.device == me) else { return };
        let Some(space) = self.registry.epoch(&known.head.queue).map(|epoch| epoch.space) else { return };
        let is_given_by_helper = self.links.get(&from).is_some_and(|link| link.person() != self.person());
        if let Space::Share { owner, grant } = space
            && self.person() == Some(owner)
            && is_given_by_helper
            && !self.has_ended(grant)
            && self.withheld.estrange(grant)
        {
            tracing::warn!(?grant, "a helper holds what this device does not know any more: nothing new is shown until the person says so");
            self.save_withheld(cx);
        }
    }

    /// Whether nothing new is shown under a grant before the person has looked at an old copy that was put back; or as long as the helper says to
    /// hold what this device does not know, until they have shown it.
    pub(in crate::replica) fn is_estranged(&self, grant: GrantId) -> bool {
        self.withheld.is_estranged(grant) || (!self.withheld.reconciled.contains(&grant) && self.is_said_to_know_less(grant))
    }

    /// Forgets who was gone on with, once the two have come to one log.
    pub(super) fn tend_reconciled(&mut self) {
        for grant in self.withheld.reconciled.iter().copied().collect::<Vec<_>>() {
            let helper = self.view.grant(&grant_record(grant)).and_then(|row| row.value.helper);
            let is_met =
                self.links.values().any(|link| link.compared && !link.compare && link.person().is_some() && link.person() == helper);
            if is_met && !self.is_said_to_know_less(grant) {
                self.withheld.reconciled.remove(&grant);
                self.withheld.unsaved = true;
            }
        }
    }

    /// Whether a helper who is there says to hold what this device wrote and does not know.
    fn is_said_to_know_less(&self, grant: GrantId) -> bool {
        let (Some(owner), Some(vault), Some(row)) = (self.person(), &self.vault, self.view.grant(&grant_record(grant))) else {
            return false;
        };
        let (space, me) = (Space::Share { owner, grant }.id(), vault.device());
        let mut links = self.links.values().filter(|link| link.person().is_some() && link.person() == row.value.helper).peekable();
        if links.peek().is_none() {
            return false;
        }
        let own: Vec<(LogId, u64)> =
            self.logs.values().filter(|log| log.space == space && log.device == Some(me)).map(|log| (log.head.log, log.seq)).collect();
        let says_more = |link: &Link, (log, here): &(LogId, u64)| {
            link.disputed.contains_key(log) || link.theirs.get(log).is_some_and(|(seq, _)| seq > here)
        };
        links.any(|link| own.iter().any(|log| says_more(link, log)))
    }

    /// Whether nothing new is shown under a grant: the person wants it so, or has not yet looked at an old copy that was put back.
    pub(in crate::replica) fn is_paused(&self, grant: GrantId) -> bool {
        self.view.grant(&grant_record(grant)).is_some_and(|row| row.value.paused) || self.is_estranged(grant)
    }

    /// Saves what is new; it is on the disk before the change that took something back.
    pub(in crate::replica) fn save_withheld(&mut self, cx: &mut Cx<'_>) {
        if !std::mem::take(&mut self.withheld.unsaved) {
            return;
        }
        if let Some(vault) = &self.vault {
            let bytes = vault.cache.seal(
                FILE,
                &frame::encode(&(&self.withheld.marks, &self.withheld.left_out, &self.withheld.estranged, &self.withheld.reconciled)),
                cx.rng,
            );
            cx.saves.push(Effect::Save { name: FILE, bytes: Opaque::new(bytes) });
        }
    }
}
