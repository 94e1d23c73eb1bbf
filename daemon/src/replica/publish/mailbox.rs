//! Where this person's mailbox is, told to those with whom something is shared: they read and write there without being enrolled.

use asif_proto::id::GrantId;

use super::super::{Cx, Replica};
use crate::journal::record::record_grant;
use crate::people::space::Space;
use crate::seal::body::Revision;
use crate::share::item;

impl Replica {
    /// Says it where it is not said yet, or says that there is none any more.
    pub(super) fn tell_mailbox(&mut self, cx: &mut Cx<'_>) {
        let Some(me) = self.person() else { return };
        let told = self.own_station().map(|station| item::pack(&station.told()));
        let given = self.standing(cx.now.wall).into_iter().map(|standing| (standing.space, standing.id(), item::MAILBOX));
        let helped: Vec<GrantId> = self.view.clients().map(|(id, _)| record_grant(*id)).filter(|grant| !self.has_ended(*grant)).collect();
        let helped = helped.into_iter().map(|grant| (Space::Feedback { owner: me, grant }, grant, item::HELPERS_MAILBOX));
        for (space, grant, kind) in given.chain(helped).collect::<Vec<_>>() {
            let id = item::terms_item(grant, kind);
            let held = self.boards.get(&space.id()).and_then(|board| board.get(&id));
            let (said, before) = (held.and_then(|held| held.payload.clone()), held.map(|held| held.revision));
            if said.as_deref() == told.as_deref() || self.registry.epochs(space.id()).next().is_none() {
                continue;
            }
            let revision =
                before.map_or(Revision { grant: 1, touches: 1 }, |one| Revision { touches: one.touches.saturating_add(1), ..one });
            let written = match &told {
                Some(payload) => self.put_bytes(cx, space, id, revision, kind, payload.clone()),
                None => self.retract(cx, space, id, revision),
            };
            if let Err(failure) = written {
                tracing::debug!(reason = %failure, "where the mailbox is could not be told yet");
            }
        }
    }
}
