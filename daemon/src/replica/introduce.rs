//! A device that only the root let in is known to nobody who has not heard so, and so is let in by nobody who could be told. It comes once under the link
//! key of the recovery kit, which its person's devices and helpers know, brings what the root says, and comes again as itself.
//!
//! ```text
//! device                                       own device, or a helper's
//! dials ------------------------------------->  does not know it: refused in the handshake
//! dials with the kit's link key, Introduce --->  takes what the root signed, and nothing else
//!        <------------------------------------   Welcome, or For where it is another person's; the link ends
//! dials ------------------------------------->  Hello
//! ```
//!
//! That key signs nothing, and lets nobody do more than this.

use asif_proto::id::{LinkKey, PersonId};
use asif_proto::peer::{Blob, Message};

use super::effect::{Effect, LinkId};
use super::{Cx, Replica};
use crate::people::statement::{Said, Signer, Statement};
use crate::seal::keys::LinkSeed;

/// The most statements of a root in one introduction.
const MAX_SAID: usize = 64;

impl Replica {
    /// Somebody did not let this device in. One of one's own was put back from before they met, or this one was removed there.
    pub(super) fn note_forgotten(&mut self, key: LinkKey, unknown: bool) {
        // One that came in meanwhile knows this one.
        let is_here = self.links.values().any(|link| link.key == key && link.up);
        if !unknown || is_here || self.person().is_none() {
            return;
        }
        if self.registry.holder(&key).map(|(person, _)| person) == self.person() {
            self.forgotten.insert(key);
        }
        let can = self.vault.as_ref().is_some_and(|vault| vault.introduction().is_some());
        if can && self.stands() && !self.root_says().is_empty() {
            // Where that was in vain it comes as itself the next time: they may have heard of it otherwise.
            if !self.unaware.remove(&key) {
                self.unaware.insert(key);
            }
        }
    }

    /// The link key to come with, where somebody has to be told first who this device is.
    pub(super) fn introduces_to(&mut self, key: &LinkKey, link: LinkId) -> Option<LinkSeed> {
        let seed = self.vault.as_ref().filter(|_| self.unaware.contains(key))?.introduction()?;
        self.introductions.insert(link);
        Some(seed)
    }

    /// Whose recovery kit somebody holds who comes with this key.
    pub(super) fn herald(&self, key: &LinkKey) -> Option<PersonId> {
        self.registry.kit_holder(key).filter(|person| self.is_welcome(person, key))
    }

    /// What this person's root says of their devices.
    fn root_says(&self) -> Vec<&Statement> {
        let Some(me) = self.person() else { return Vec::new() };
        self.registry.statements().filter(|one| is_of_root(one, me)).collect()
    }

    pub(super) fn introduce(&mut self, cx: &mut Cx<'_>, id: LinkId) {
        let said = self.root_says().into_iter().take(MAX_SAID).map(|one| Blob(one.bytes().to_vec())).collect();
        cx.rest.push(Effect::Send { link: id, message: Message::Introduce(said) });
    }

    /// They have heard; the next time this device comes as itself.
    pub(super) fn is_introduced(&mut self, cx: &mut Cx<'_>, id: LinkId) {
        let Some(key) = self.links.get(&id).map(|link| link.key) else { return };
        self.unaware.remove(&key);
        self.backoff.entry(key).or_default().reset();
        self.drop_link(cx, id);
    }

    /// Somebody comes with what a root says.
    pub(super) fn introduced(&mut self, cx: &mut Cx<'_>, id: LinkId, person: PersonId, blobs: &[Blob]) {
        let read: Result<Vec<Statement>, _> = blobs.iter().take(MAX_SAID).map(|blob| Statement::from_bytes(&blob.0)).collect();
        let fits = |all: &Vec<Statement>| !all.is_empty() && all.iter().all(|one| is_of_root(one, person));
        let Some(read) = read.ok().filter(fits).filter(|_| self.damage.is_empty()) else {
            self.refuse("an introduction that its person's root did not sign");
            return self.drop_link(cx, id);
        };
        let new: Vec<Statement> = read.into_iter().filter(|one| !self.registry.contains(&one.id())).collect();
        for statement in new {
            if self.may_tell(person, &statement) {
                self.state(cx, statement);
            } else {
                self.refuse("an introduction of more than there is room for");
            }
        }
        self.extend_epochs(cx);
        let message = match self.person() == Some(person) {
            true => Message::Welcome(self.welcome_of_statements(person)),
            false => Message::For(person),
        };
        cx.rest.push(Effect::Send { link: id, message });
        self.drop_link(cx, id);
    }
}

/// Whether a person's root says this of their devices.
fn is_of_root(statement: &Statement, person: PersonId) -> bool {
    let is_roster = matches!(statement.said(), Said::Add(_) | Said::Remove(_) | Said::Kit(_));
    is_roster && statement.signer() == Signer::Root(person) && statement.said().roster_of() == Some(person)
}
