//! Statements by way of a mailbox: sealed for who reads the queue, and named after it, so that it holds each once and knows none.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use asif_proto::id::{QueueId, StatementId};
use asif_proto::peer::{Blob, Have, Message, Slip};

use super::super::effect::{Effect, LinkId};
use super::super::{Cx, Replica};
use crate::people::space::Space;
use crate::people::statement::{Kit, Said, Statement};
use crate::seal::keys::recovery_queue_id;
use crate::seal::slip;

/// Slips in one message.
const AT_ONCE: usize = 8;

impl Replica {
    /// The statements that whoever reads a queue needs: of a journal all; else the roster of its owner, and the epochs of its space.
    fn statements_of(&self, queue: QueueId) -> impl Iterator<Item = &Statement> {
        let space = self.registry.epoch(&queue).map(|epoch| epoch.space);
        let recovers = self.person().filter(|_| self.kit_of(queue).is_some());
        self.registry.statements().filter(move |statement| match (space, statement.said()) {
            // For the recovery kit, this person's own devices and keys.
            (None, Said::Epoch(epoch)) => recovers == Some(epoch.space.owner()),
            (None, roster) => recovers.is_some() && roster.roster_of() == recovers,
            (Some(Space::Journal { .. }), _) => true,
            (Some(space), Said::Epoch(epoch)) => epoch.space == space,
            (Some(space), roster) => roster.roster_of() == Some(space.owner()),
        })
    }

    /// This person's recovery kit, where this is the queue that it reads.
    fn kit_of(&self, queue: QueueId) -> Option<&Kit> {
        let kit = self.registry.kit(&self.person()?)?;
        (recovery_queue_id(&kit.recovery) == queue).then_some(kit)
    }

    /// Whether this device may add statements to a queue: it may write there, or it is in this person's own room.
    fn may_add(&self, id: LinkId) -> bool {
        let Some(of) = self.mail.queues.get(&id) else { return false };
        of.may_write || self.mail.live.get(&of.station).is_some_and(|live| live.enrolled)
    }

    /// How a queue names the statements that belong there and are here.
    pub(in crate::replica) fn slip_ids(&self, queue: QueueId) -> Cow<'_, BTreeMap<[u8; 16], StatementId>> {
        match self.mail.slip_ids.get(&queue) {
            Some((count, ids)) if *count == self.registry.statements().len() => Cow::Borrowed(ids),
            _ => Cow::Owned(self.statements_of(queue).map(|statement| (slip::id(queue, statement.id()), statement.id())).collect()),
        }
    }

    /// Works out the names of statements where there are others now: they are asked for in each step.
    pub(super) fn note_slip_ids(&mut self) {
        let count = self.registry.statements().len();
        let queues: BTreeSet<QueueId> = self.mail.queues.values().map(|of| of.queue).collect();
        self.mail.slip_ids.retain(|queue, (known, _)| *known == count && queues.contains(queue));
        for queue in queues {
            if !self.mail.slip_ids.contains_key(&queue) {
                let ids = self.slip_ids(queue).into_owned();
                self.mail.slip_ids.insert(queue, (count, ids));
            }
        }
    }

    /// A queue says which statements it holds: the others go there. What lacks here it sends by itself.
    pub(in crate::replica) fn slips_told(&mut self, cx: &mut Cx<'_>, id: LinkId, theirs: &Have) {
        if let Some(of) = self.mail.queues.get_mut(&id) {
            if theirs.full {
                of.slips.clear();
                of.sent.clear();
            }
            of.slips.extend(theirs.statements.iter().copied());
        }
        if theirs.full {
            self.give_slips(cx, id);
        }
    }

    /// New statements go to the queues that they belong to.
    pub(in crate::replica) fn announce_slips(&mut self, cx: &mut Cx<'_>) {
        for id in self.mail.queues.keys().copied().collect::<Vec<_>>() {
            if self.links.get(&id).is_some_and(|link| link.compared) {
                self.give_slips(cx, id);
            }
        }
    }

    /// Seals what a queue lacks.
    fn give_slips(&mut self, cx: &mut Cx<'_>, id: LinkId) {
        if !self.may_add(id) {
            return;
        }
        let Some(of) = self.mail.queues.get(&id) else { return };
        let (queue, kit, keys) = (of.queue, self.kit_of(of.queue), self.keys.get(&of.queue));
        let missing = self.slip_ids(queue).into_owned().into_iter().filter(|(slip, _)| !of.slips.contains(slip) && !of.sent.contains(slip));
        let missing: Vec<([u8; 16], StatementId)> = missing.collect();
        let mut slips = Vec::new();
        for (_, statement) in &missing {
            let Some(statement) = self.registry.statement(statement) else { continue };
            let said = (statement.id(), statement.bytes());
            match (kit, keys) {
                (Some(kit), _) => slips.extend(slip::seal_for_kit(&kit.sealing, queue, said, cx.rng)),
                (None, Some(keys)) => slips.push(slip::seal(&keys.read, queue, said, cx.rng)),
                (None, None) => {}
            }
        }
        for some in slips.chunks(AT_ONCE) {
            cx.rest.push(Effect::Send { link: id, message: Message::Slips(some.to_vec()) });
        }
        if let Some(of) = self.mail.queues.get_mut(&id) {
            of.sent.extend(missing.into_iter().map(|(slip, _)| slip));
        }
    }

    /// Whether a queue holds every statement that it is to hold from here, and every one that it holds came here.
    pub(in crate::replica) fn has_slips(&self, id: LinkId) -> bool {
        let Some(of) = self.mail.queues.get(&id) else { return true };
        let ours = self.slip_ids(of.queue);
        let all_there = !self.may_add(id) || ours.keys().all(|slip| of.slips.contains(slip));
        // What the kit alone reads does not come here.
        let all_here = || self.kit_of(of.queue).is_some() || of.slips.iter().all(|slip| ours.contains_key(slip) || of.came.contains(slip));
        all_there && all_here()
    }

    /// Statements came by way of a queue.
    pub(super) fn slips_came(&mut self, cx: &mut Cx<'_>, id: LinkId, queue: QueueId, slips: &[Slip]) {
        let Some(owner) = self.registry.epoch(&queue).map(|epoch| epoch.space.owner()) else { return };
        let Some(read) = self.keys.get(&queue).map(|keys| keys.read.clone()) else { return };
        let mut blobs = Vec::new();
        for one in slips {
            match slip::open(&read, queue, one) {
                Ok(bytes) => blobs.push(Blob(bytes)),
                Err(_) => self.refuse("a statement by way of a mailbox that does not open"),
            }
            // It holds it, whatever it is.
            if let Some(of) = self.mail.queues.get_mut(&id) {
                of.slips.insert(one.id);
                of.came.insert(one.id);
            }
        }
        for some in blobs.chunks(AT_ONCE) {
            self.statements(cx, id, owner, some.to_vec());
        }
    }
}
