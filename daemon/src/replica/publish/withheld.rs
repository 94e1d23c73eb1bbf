//! What this device took back from helpers, or would have, and what it did not send them: remembered, sealed, on this device alone, so that it stays
//! so over a restart.

use std::collections::BTreeSet;

use asif_proto::frame;
use asif_proto::id::{GrantId, LogId, RecordId};

use super::super::effect::{Effect, Opaque};
use super::super::{Cx, Replica};
use super::old_copy::{self, OldCopy};

/// The name of the sealed file.
const FILE: &str = "withheld";

/// Records that this device took back, or would have, under a grant.
#[derive(Default)]
pub(in crate::replica) struct Withheld {
    marks: BTreeSet<(GrantId, RecordId)>,
    /// Entries that were left out when their log was sent.
    left_out: BTreeSet<(LogId, u64)>,
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
        // An earlier program wrote less.
        let saved = |plain: &Vec<u8>| {
            let two = || frame::decode(plain).map(|(marks, left_out)| (marks, left_out, old_copy::Saved::default()));
            let one = || frame::decode(plain).map(|marks| (marks, BTreeSet::new(), old_copy::Saved::default()));
            frame::decode(plain).or_else(two).or_else(one)
        };
        match plain.as_ref().and_then(saved) {
            Some((marks, left_out, old_copy)) => {
                (self.withheld.marks, self.withheld.left_out, self.old_copy) = (marks, left_out, OldCopy::load(old_copy));
            }
            // What was taken back may not be known any more.
            None => {
                tracing::warn!("what was remembered of records that were taken back does not open");
                self.old_copy.was_put_back();
            }
        }
    }

    /// Saves what is new; it is on the disk before the change that took something back.
    pub(in crate::replica) fn save_withheld(&mut self, cx: &mut Cx<'_>) {
        let is_unsaved = std::mem::take(&mut self.withheld.unsaved) | std::mem::take(&mut self.old_copy.unsaved);
        if !is_unsaved {
            return;
        }
        if let Some(vault) = &self.vault {
            let plain = frame::encode(&(&self.withheld.marks, &self.withheld.left_out, self.old_copy.save()));
            let bytes = vault.cache.seal(FILE, &plain, cx.rng);
            cx.saves.push(Effect::Save { name: FILE, bytes: Opaque::new(bytes) });
        }
    }
}
