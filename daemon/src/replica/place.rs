//! A home that finds itself somewhere else than it was left, or not as it was left there, may be a copy, and the original may go on. So it writes in new
//! logs: then nothing collides, whoever else writes. And what it shows waits for the person: it may be older than what they last said.

use asif_proto::id::LogId;

use super::effect::Effect;
use super::{Cx, Replica};

/// A home that moves so often is not given ever more logs; if it is copied after all, the branches are brought together.
const MAX_MOVES: usize = 32;

impl Replica {
    /// Notes where this home is. `is_other`: it is not the one that was left here.
    pub(super) fn note_place(&mut self, cx: &mut Cx<'_>, is_other: bool) {
        let Some(me) = self.vault.as_ref().map(|vault| vault.device()) else { return };
        if is_other {
            // A log whose writer is not known yet may be this device's.
            let mine: Vec<LogId> =
                self.logs.values().filter(|log| log.device.is_none_or(|device| device == me)).map(|log| log.head.log).collect();
            if let Some(vault) = self.vault.as_mut().filter(|vault| vault.retired.len() < MAX_MOVES) {
                tracing::info!("this home is not the one that was left here; it goes on in new logs");
                vault.retired.extend(mine.into_iter().filter(|log| !vault.retired.contains(log)).collect::<Vec<_>>());
                self.save_vault(cx);
            }
            self.old_copy.was_put_back();
            self.save_withheld(cx);
        }
        // Where something is damaged, nothing on the disk is touched.
        if is_other || self.writes_of_itself() {
            cx.rest.push(Effect::Mark);
        }
    }
}
