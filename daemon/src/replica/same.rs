//! Own devices that hold the same entries make the same documents of them. Where they do not, that is found out and put right.
//!
//! ```text
//! both   Same          once a link knows of nothing that either lacks: a digest of what both hold, one of the heads of all documents
//! both   checkpoint    where only the second differs: each makes one that stands for all it has, if it has none
//! both   Checkpoint    the one with the lower id stays; what is only in the other is written again (`adopt/swap.rs`)
//! ```
//!
//! A log that went on in two ways leaves it behind: two checkpoints stand for a branch each, and the entries that would tell are gone.

use asif_proto::id::{LogId, PersonId};
use asif_proto::peer::{Message, OTHERWISE, Same};

use super::base::Base;
use super::effect::{Effect, LinkId};
use super::{Cx, Replica};

impl Replica {
    /// Tells an own device, once on each link, what this one makes of what both hold.
    pub(super) fn tell_same(&mut self, cx: &mut Cx<'_>, id: LinkId, person: PersonId) {
        let is_due = self.links.get(&id).is_some_and(|link| link.compared && !link.same && link.closing.is_none());
        if !is_due || self.person() != Some(person) || !self.is_at_rest() || !self.is_settled(id) {
            return;
        }
        let same = self.same(person);
        if let Some(link) = self.links.get_mut(&id) {
            link.same = true;
            cx.rest.push(Effect::Send { link: id, message: Message::Same(same) });
        }
    }

    /// An own device says what it makes of what both hold.
    pub(super) fn told_same(&mut self, id: LinkId, person: PersonId, theirs: Same) {
        let ours = self.same(person);
        // Where something is on its way it is too early to say.
        let differs = self.is_at_rest() && ours.digest == theirs.digest && ours.documents != theirs.documents;
        if let Some(link) = self.links.get_mut(&id).filter(|_| differs) {
            tracing::warn!("an own device makes other documents of the same entries");
            link.otherwise = true;
        }
    }

    /// Offers a checkpoint of all that is here to whoever makes something else of it.
    pub(super) fn offer_instead(&mut self, cx: &mut Cx<'_>, id: LinkId) {
        if !self.links.get(&id).is_some_and(|link| link.otherwise) || self.is_adopting() {
            return;
        }
        let Some(base) = self.stands_for_all().cloned() else { return };
        if let Some(link) = self.links.get_mut(&id) {
            link.otherwise = false;
        }
        self.give_checkpoint(cx, id, &base, Some(OTHERWISE));
    }

    /// Whether a checkpoint is to be made for that.
    pub(super) fn needs_checkpoint_to_compare(&self) -> bool {
        self.links.values().any(|link| link.otherwise) && self.stands_for_all().is_none()
    }

    /// The one checkpoint that stands for every entry of the journal.
    fn stands_for_all(&self) -> Option<&Base> {
        let mut current = self.bases.current();
        let base = current.next().filter(|_| current.next().is_none())?;
        let covers = |(log, seq): (&LogId, &u64)| base.tips.get(log).is_some_and(|(tip, _)| tip == seq);
        self.coverable().iter().all(covers).then_some(base)
    }

    /// All that is held was looked at, and nothing of it is about to change. What waits for something that neither holds waits for ever.
    fn is_at_rest(&self) -> bool {
        let is_understood = self.newer.is_empty() && self.quarantine.is_empty();
        let nothing_parts = self.losses.is_empty() && self.found.is_empty() && self.judging.is_empty() && self.jumping.is_empty();
        let is_read = self.logs.values().all(|log| log.merged >= log.seq);
        is_understood && nothing_parts && is_read && self.is_ready() && self.is_whole() && !self.salvaging && !self.is_adopting()
    }

    fn same(&self, person: PersonId) -> Same {
        let mut hasher = blake3::Hasher::new_derive_key("asif documents digest v1");
        for (doc, heads) in self.view.heads().iter().filter(|(_, heads)| !heads.is_empty()) {
            hasher.update(&asif_proto::frame::encode(&(doc, heads)));
        }
        let mut documents = [0; 16];
        hasher.finalize_xof().fill(&mut documents);
        Same { digest: self.digest(person), documents }
    }
}
