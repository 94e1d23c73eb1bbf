//! Statements on their way: who is told which, and who may tell which.

use std::collections::BTreeSet;

use asif_proto::id::{PersonId, SpaceId};
use asif_proto::peer::{Blob, Message};

use super::effect::{Effect, LinkId};
use super::{Cx, Replica};
use crate::people::space::Space;
use crate::people::statement::{Said, Statement};
use crate::sync::have::short_id;

/// The most devices of another person.
const MAX_DEVICES: usize = 64;
/// The most statements in one message.
const MAX_STATEMENTS: usize = 12;

impl Replica {
    pub(super) fn missing_statements(&self, person: PersonId, known: &[[u8; 16]]) -> Vec<Statement> {
        let known: BTreeSet<_> = known.iter().collect();
        self.audience(person).filter(|statement| !known.contains(&short_id(&statement.id()))).cloned().collect()
    }

    pub(super) fn send_statements(&self, cx: &mut Cx<'_>, link: LinkId, statements: Vec<Statement>) {
        let (rosters, epochs): (Vec<_>, Vec<_>) = statements.into_iter().partition(|one| !matches!(one.said(), Said::Epoch(_)));
        let blob = |statement: &Statement| Blob(statement.bytes().to_vec());
        for part in rosters.chunks(MAX_STATEMENTS) {
            cx.rest.push(Effect::Send { link, message: Message::Roster(part.iter().map(blob).collect()) });
        }
        for part in epochs.chunks(MAX_STATEMENTS) {
            cx.rest.push(Effect::Send { link, message: Message::Epochs(part.iter().map(blob).collect()) });
        }
    }

    /// Statements from a peer: about persons and spaces that the two share, and nothing else.
    pub(super) fn statements(&mut self, cx: &mut Cx<'_>, id: LinkId, person: PersonId, blobs: Vec<Blob>) {
        let mut new = false;
        for blob in blobs.into_iter().take(MAX_STATEMENTS) {
            let Ok(statement) = Statement::from_bytes(&blob.0) else {
                self.refuse("a statement that is not well signed");
                return self.drop_link(cx, id);
            };
            if self.registry.contains(&statement.id()) {
                continue;
            }
            if !self.damage.is_empty() {
                self.refuse("a statement while bytes on disk are damaged");
            } else if self.may_tell(person, &statement) {
                new |= self.state(cx, statement);
            } else {
                self.refuse("a statement about somebody else");
            }
        }
        if new {
            self.refresh_keys();
            self.extend_epochs(cx);
            if let Some(link) = self.links.get_mut(&id) {
                link.compare = true;
            }
        }
    }

    /// Passes new statements on to everybody whom they concern, and compares again what may now be shared. They go out before
    /// the entries that need them.
    pub(super) fn announce_statements(&mut self, cx: &mut Cx<'_>) {
        if cx.statements.is_empty() {
            return;
        }
        self.extend_epochs(cx);
        let new = std::mem::take(&mut cx.statements);
        for id in self.links.keys().copied().collect::<Vec<_>>() {
            let Some(link) = self.links.get_mut(&id).filter(|link| link.compared) else { continue };
            link.compare = true;
            let Some(person) = link.person() else { continue };
            let concerned = self.audience(person).filter(|statement| new.contains(&statement.id())).cloned().collect();
            self.send_statements(cx, id, concerned);
        }
    }

    fn spaces_with(&self, person: PersonId) -> BTreeSet<SpaceId> {
        let common = self.registry.all_epochs().filter(|epoch| self.is_common(&epoch.space, &epoch.readers, person));
        common.map(|epoch| epoch.space.id()).collect()
    }

    /// The statements that concern a person: one's own devices all; others the rosters of both and the shared epochs.
    pub(super) fn audience(&self, person: PersonId) -> impl Iterator<Item = &Statement> {
        let me = self.person();
        let own = me == Some(person);
        let spaces = if own { BTreeSet::new() } else { self.spaces_with(person) };
        self.registry.statements().filter(move |statement| match statement.said() {
            _ if own => true,
            Said::Add(add) => add.person == person || Some(add.person) == me,
            Said::Epoch(epoch) => spaces.contains(&epoch.space.id()),
            Said::Unknown(_) => false,
        })
    }

    /// Whether a person may tell this statement: one's own devices any; others about themselves and shared spaces.
    fn may_tell(&self, person: PersonId, statement: &Statement) -> bool {
        let me = self.person();
        if me == Some(person) {
            return true;
        }
        match statement.said() {
            Said::Add(add) => {
                add.person == person && self.is_free(statement) && self.registry.roster(&person).devices().count() < MAX_DEVICES
            }
            Said::Epoch(epoch) => {
                epoch.space.owner() == person
                    && self.is_free(statement)
                    && !matches!(epoch.space, Space::Journal { .. })
                    && me.is_some_and(|me| epoch.readers.contains(&me))
                    && epoch.space.grant().is_some_and(|grant| self.knows_grant(grant, person))
            }
            Said::Unknown(_) => false,
        }
    }

    /// Whether what a statement claims, a link key or a queue, is not somebody else's already.
    pub(super) fn is_free(&self, statement: &Statement) -> bool {
        match statement.said() {
            Said::Add(add) => {
                let claimed = (add.person, add.device.keys.signing);
                self.registry.holder(&add.device.keys.link).is_none_or(|holder| holder == claimed)
            }
            Said::Epoch(epoch) => {
                let claimed = (epoch.space, epoch.key);
                self.registry.epoch(&epoch.queue()).is_none_or(|known| (known.space, known.key) == claimed)
            }
            Said::Unknown(_) => true,
        }
    }
}
