//! Answers that wait a moment: until those who are linked have heard, so that the answer can say who has not.

use std::time::Duration;

use asif_proto::id::{LogId, RecordId};
use asif_proto::local::{ErrorKind, Failure, Reply};
use asif_proto::share::GrantView;

use super::super::super::effect::ClientId;
use super::super::super::{Cx, Replica};
use super::super::{Handled, Outcome};

/// It is answered after so long, whoever has heard of it or not.
const TELL_WITHIN: Duration = Duration::from_millis(900);

/// What was done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::replica) enum Telling {
    /// A share was ended.
    Revoked(RecordId),
    /// A grant was changed.
    Grant(RecordId),
    /// A record was kept back or let go.
    Hold(RecordId),
    /// A record was hidden.
    Hidden(RecordId),
}

/// An answer that waits.
pub(in crate::replica) struct Told {
    /// Who waits.
    pub(in crate::replica) client: ClientId,
    what: Telling,
    /// Where this device's own words end that others must have.
    mark: Vec<(LogId, u64)>,
    /// When it is answered all the same.
    pub(in crate::replica) deadline: Duration,
}

impl Replica {
    /// Answers as soon as everybody who is linked has heard, or soon all the same.
    pub(super) fn tell_soon(&mut self, cx: &Cx<'_>, client: ClientId, what: Telling) -> Handled {
        let (me, journal) = (self.vault.as_ref().map(|vault| vault.device()), self.journal().map(|space| space.id()));
        let own = self.logs.values().filter(|log| log.device.is_some() && log.device == me && Some(log.space) == journal);
        let mark = own.map(|log| (log.head.log, log.seq)).collect();
        self.telling.push(Told { client, what, mark, deadline: cx.now.mono + TELL_WITHIN });
        Ok(Outcome::Later)
    }

    /// Answers those whose time has come.
    pub(in crate::replica) fn finish_telling(&mut self, cx: &mut Cx<'_>) {
        for told in std::mem::take(&mut self.telling) {
            if !self.is_ready() {
                // The views are being made anew.
                self.telling.push(Told { deadline: told.deadline.max(cx.now.mono + TELL_WITHIN), ..told });
                continue;
            }
            if cx.now.mono < told.deadline && self.is_on_its_way(&told) {
                self.telling.push(told);
                continue;
            }
            let answer = self.answer_to(&told);
            cx.answer(told.client, answer);
        }
    }

    fn answer_to(&self, told: &Told) -> Result<Reply, Failure> {
        let gone = || Failure::new(ErrorKind::Failure, "this can no longer be read here").hint("asif doctor tells more");
        let unheard = self.unheard(&told.mark);
        match told.what {
            Telling::Revoked(id) | Telling::Grant(id) => {
                let row = self.view.grant(&id).ok_or_else(gone)?;
                // That one first, then the others that ended with it.
                let by = row.value.ended_by;
                let others = self.view.grants().filter(|(other, row)| **other != id && by.is_some() && row.value.ended_by == by);
                let all = std::iter::once((&id, row)).chain(others);
                Ok(Reply::Grants(all.map(|(id, row)| GrantView { unheard: unheard.clone(), ..self.grant_view(*id, &row.value) }).collect()))
            }
            Telling::Hold(id) | Telling::Hidden(id) => Ok(Reply::Held(self.held_view(id, unheard))),
        }
    }

    /// Whether somebody who is linked has not heard yet.
    fn is_on_its_way(&self, told: &Told) -> bool {
        let person = self.person();
        let links = || self.links.values().filter(|link| link.up);
        let to_own = links().filter(|link| link.person() == person).any(|link| !self.has_heard(&link.key, &told.mark));
        let to_helper = match told.what {
            Telling::Revoked(id) => self.view.grant(&id).is_some_and(|row| {
                let linked = self.links.values().any(|link| link.person().is_some() && link.person() == row.value.helper);
                linked && row.value.end_reached != Some(true)
            }),
            Telling::Grant(_) | Telling::Hold(_) | Telling::Hidden(_) => false,
        };
        to_own || to_helper
    }

    fn has_heard(&self, key: &asif_proto::id::LinkKey, mark: &[(LogId, u64)]) -> bool {
        let note = self.peers.notes.get(key);
        mark.iter().all(|(log, seq)| note.and_then(|note| note.acked.get(log)).is_some_and(|acked| acked >= seq))
    }

    /// The names of all own devices but this one.
    pub(in crate::replica::request) fn other_devices(&self) -> Vec<String> {
        let (Some(person), Some(vault)) = (self.person(), &self.vault) else { return Vec::new() };
        let others = self.registry.roster(&person).devices().filter(|device| device.signing != vault.device());
        others.map(|device| self.device_name(&device.signing)).collect()
    }

    /// Own devices that have not heard of all this.
    fn unheard(&self, mark: &[(LogId, u64)]) -> Vec<String> {
        let (Some(person), Some(vault)) = (self.person(), &self.vault) else { return Vec::new() };
        let others = self.registry.roster(&person).devices().filter(|device| device.signing != vault.device());
        others.filter(|device| !self.has_heard(&device.link, mark)).map(|device| self.device_name(&device.signing)).collect()
    }
}
