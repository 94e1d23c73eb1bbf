//! Statements on their way: who is told which, and who may tell which.

use std::collections::BTreeSet;

use asif_proto::id::{PersonId, SpaceId};
use asif_proto::peer::{Blob, Have, Message};

use super::effect::{Effect, LinkId};
use super::{Cx, Replica};
use crate::people::roster::Roster;
use crate::people::space::Space;
use crate::people::statement::{Said, Signer, Statement};
use crate::sync::have::short_id;

/// The most devices of another person.
const MAX_DEVICES: usize = 64;
/// The most statements about the epochs of one space of another person: a further one comes with each of their devices.
const MAX_EPOCHS: usize = 128;
/// The most removals and answers to them of another person.
const MAX_SAID_OF_DEVICES: usize = 512;
/// The most statements in one message.
const MAX_STATEMENTS: usize = 12;

impl Replica {
    fn missing_statements(&self, person: PersonId, known: &[[u8; 16]]) -> Vec<Statement> {
        let known: BTreeSet<_> = known.iter().collect();
        self.audience(person).filter(|statement| !known.contains(&short_id(&statement.id()))).cloned().collect()
    }

    /// What a person lacks of what concerns them goes to them; whether this device lacks something that they have.
    pub(super) fn statements_told(&mut self, cx: &mut Cx<'_>, id: LinkId, person: PersonId, theirs: &Have) -> bool {
        let missing = if theirs.full { self.missing_statements(person, &theirs.statements) } else { Vec::new() };
        self.send_statements(cx, id, missing);
        let ours: BTreeSet<_> = self.registry.statements().map(|statement| short_id(&statement.id())).collect();
        theirs.statements.iter().any(|id| !ours.contains(id))
    }

    fn send_statements(&self, cx: &mut Cx<'_>, link: LinkId, statements: Vec<Statement>) {
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
        let read: Result<Vec<_>, _> = blobs.iter().take(MAX_STATEMENTS).map(|blob| Statement::from_bytes(&blob.0)).collect();
        let Ok(read) = read else {
            self.refuse("a statement that is not well signed");
            return self.drop_link(cx, id);
        };
        let mut waiting: Vec<_> = read.into_iter().filter(|statement| !self.registry.contains(&statement.id())).collect();
        if !self.damage.is_empty() {
            return waiting.iter().for_each(|_| self.refuse("a statement while bytes on disk are damaged"));
        }
        let was_unplaced = self.is_unplaced();
        // One may be what another rests on, in any order.
        let (all, mut before) = (waiting.len(), usize::MAX);
        while waiting.len() < before {
            before = waiting.len();
            for statement in std::mem::take(&mut waiting) {
                if self.may_tell(person, &statement) {
                    self.state(cx, statement);
                } else {
                    waiting.push(statement);
                }
            }
        }
        waiting.iter().for_each(|_| self.refuse("a statement about somebody else, or by somebody who may not make it"));
        if waiting.len() < all {
            self.refresh_keys();
            if !self.adopt_orphans(cx) && was_unplaced && !self.is_unplaced() {
                self.rebuild(cx);
            }
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
        self.announce_slips(cx);
        for id in self.links.keys().copied().collect::<Vec<_>>() {
            let Some(link) = self.links.get_mut(&id).filter(|link| link.compared && link.person().is_some()) else { continue };
            link.compare = true;
            let Some(person) = link.person().filter(|_| self.registry.holder(&link.key).is_some()) else { continue };
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
            Said::Epoch(epoch) => spaces.contains(&epoch.space.id()),
            roster => roster.roster_of().is_some_and(|of| of == person || Some(of) == me),
        })
    }

    /// Whether a person may tell this statement: one's own devices any; others about themselves and shared spaces.
    pub(super) fn may_tell(&self, person: PersonId, statement: &Statement) -> bool {
        let me = self.person();
        if me == Some(person) {
            return true;
        }
        self.is_free(statement)
            && match statement.said() {
                Said::Add(_) => self.would_count(person, statement) && self.registry.roster(&person).devices().count() < MAX_DEVICES,
                Said::Epoch(epoch) => {
                    let roster = self.registry.roster(&person);
                    // Also of a device that was removed since: what was written in it stays.
                    matches!(statement.signer(), Signer::Device(device) if roster.member(&device).is_some())
                        && epoch.space.owner() == person
                        && !matches!(epoch.space, Space::Journal { .. })
                        && me.is_some_and(|me| epoch.readers.contains(&me))
                        && epoch.space.grant().is_some_and(|grant| self.knows_grant(grant, person))
                        && self.told_of(&epoch.space) < MAX_EPOCHS
                }
                Said::Remove(_) | Said::Answer(_) => {
                    self.would_count(person, statement) && self.told_of_roster(person) < MAX_SAID_OF_DEVICES
                }
                // One and no other; its link key is nobody's yet.
                Said::Kit(kit) => {
                    kit.person == person
                        && statement.signer() == Signer::Root(person)
                        && self.registry.kit(&person).is_none()
                        && self.registry.holder(&kit.link).is_none()
                        && self.registry.kit_holder(&kit.link).is_none()
                }
                Said::Unknown(_) => false,
            }
    }

    /// Whether a statement would count in the roster of a person, beside what is known: what counts for nothing is not kept for others. Its signer
    /// may be removed already: of two that remove each other both are out, whichever is heard of first.
    fn would_count(&self, person: PersonId, statement: &Statement) -> bool {
        let with = self.registry.statements().chain(std::iter::once(statement));
        Roster::of(person, with).statements().contains(&statement.id())
    }

    /// Removals of devices of a person, and answers to them, that are held.
    fn told_of_roster(&self, person: PersonId) -> usize {
        let about = |said: &Said| matches!(said, Said::Remove(_) | Said::Answer(_)) && said.roster_of() == Some(person);
        self.registry.statements().filter(|statement| about(statement.said())).count()
    }

    /// Statements held about the epochs of a space.
    fn told_of(&self, space: &Space) -> usize {
        let about = |statement: &&Statement| matches!(statement.said(), Said::Epoch(epoch) if epoch.space == *space);
        self.registry.statements().filter(about).count()
    }

    /// Whether what a statement claims, a link key or a queue, is not somebody else's already.
    pub(super) fn is_free(&self, statement: &Statement) -> bool {
        match statement.said() {
            Said::Add(add) => {
                let claimed = (add.person, add.device.keys.signing);
                let link = &add.device.keys.link;
                self.registry.holder(link).is_none_or(|holder| holder == claimed) && self.registry.kit_holder(link).is_none()
            }
            Said::Epoch(epoch) => {
                let claimed = (epoch.space, epoch.key);
                self.registry.epoch(&epoch.queue()).is_none_or(|known| (known.space, known.key) == claimed)
            }
            Said::Remove(_) | Said::Answer(_) | Said::Kit(_) | Said::Unknown(_) => true,
        }
    }
}
