//! A home that finds itself somewhere else than it was left may be a copy, and the original may go on. So it writes in new logs: then
//! nothing collides, whoever else writes.

use asif_proto::id::LogId;

use super::effect::{Effect, Opaque};
use super::{Cx, Replica};

/// The name of the file that says where this home was left.
pub(super) const FILE: &str = "place";
/// A home that moves so often is not given ever more logs; if it is copied after all, the branches are brought together.
const MAX_MOVES: usize = 32;

impl Replica {
    /// Compares where this home was left with where it is.
    pub(super) fn note_place(&mut self, cx: &mut Cx<'_>, left: Option<&[u8]>) {
        let (Some(here), Some(me)) = (self.about.place, self.vault.as_ref().map(|vault| vault.device())) else { return };
        if left == Some(here.as_slice()) {
            return;
        }
        if left.is_some() {
            // A log whose writer is not known yet may be this device's.
            let mine: Vec<LogId> =
                self.logs.values().filter(|log| log.device.is_none_or(|device| device == me)).map(|log| log.head.log).collect();
            if let Some(vault) = self.vault.as_mut().filter(|vault| vault.retired.len() < MAX_MOVES) {
                tracing::info!("this home lies somewhere else than it was left; it goes on in new logs");
                vault.retired.extend(mine.into_iter().filter(|log| !vault.retired.contains(log)).collect::<Vec<_>>());
                self.save_vault(cx);
            }
        }
        self.save_place(cx);
    }

    /// Notes where this home is, behind the vault.
    pub(super) fn save_place(&mut self, cx: &mut Cx<'_>) {
        if let Some(here) = self.about.place {
            cx.saves.push(Effect::Save { name: FILE, bytes: Opaque::new(here.to_vec()) });
        }
    }
}
