//! What this device took back from helpers, or would have: remembered, sealed, on this device alone, so that it stays so over a restart.

use std::collections::BTreeSet;

use asif_proto::frame;
use asif_proto::id::{GrantId, RecordId};

use super::super::effect::{Effect, Opaque};
use super::super::{Cx, Replica};

/// The name of the sealed file.
const FILE: &str = "withheld";

/// Records that this device took back, or would have, under a grant.
#[derive(Default)]
pub(in crate::replica) struct Withheld {
    marks: BTreeSet<(GrantId, RecordId)>,
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

    /// What is withheld under a grant.
    pub(super) fn of(&self, grant: GrantId) -> impl Iterator<Item = RecordId> {
        self.marks.iter().filter(move |(one, _)| *one == grant).map(|(_, record)| *record)
    }
}

impl Replica {
    /// Takes over what was remembered. Where it does not open, what the journal says now counts alone.
    pub(in crate::replica) fn load_withheld(&mut self, bytes: Option<&[u8]>) {
        let (Some(vault), Some(bytes)) = (&self.vault, bytes) else { return };
        match vault.cache.open(FILE, bytes).ok().and_then(|plain| frame::decode(&plain)) {
            Some(marks) => self.withheld.marks = marks,
            None => tracing::warn!("what was remembered of records that were taken back does not open"),
        }
    }

    /// Saves what is new; it is on the disk before the change that took something back.
    pub(super) fn save_withheld(&mut self, cx: &mut Cx<'_>) {
        if !std::mem::take(&mut self.withheld.unsaved) {
            return;
        }
        if let Some(vault) = &self.vault {
            let bytes = vault.cache.seal(FILE, &frame::encode(&self.withheld.marks), cx.rng);
            cx.saves.push(Effect::Save { name: FILE, bytes: Opaque::new(bytes) });
        }
    }
}
