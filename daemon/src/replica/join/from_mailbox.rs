//! Coming back with the words of the recovery kit by way of a mailbox: its recovery queue holds what lets a new device in, sealed for the kit, and the
//! queues of the journal hold the rest.
//!
//! ```text
//! new device                                             whoever listens there
//! dials with a key that is thrown away, Hello ---------->  a mailbox says Hello; a device refuses, and is dialled as one (`restore`)
//! OpenQueue(recovery), by the kit's capability --------->
//!       <-----------------------------------------------  Slips: statements, sealed for the kit
//! lets itself in by the root, opens the journal's keys with the kit, and reads its queues
//! ```
//!
//! A mailbox is told nothing by which it could know whose words these are. That it is the one which was meant nobody can prove: what it gives counts only
//! where the root, and the devices that the root let in, have signed it.

use std::collections::BTreeSet;

use asif_proto::id::QueueId;
use asif_proto::local::{ErrorKind, Failure};
use asif_proto::peer::{Have, Message, QueueKind, QueueState, Slip};

use super::super::effect::{Effect, LinkId};
use super::super::{Cx, Replica};
use super::By;
use super::restore::said_by;
use crate::people::registry::Registry;
use crate::people::statement::Statement;
use crate::seal::keys::KitEntropy;
use crate::seal::proof;
use crate::seal::slip;
use crate::sync::link::Peer;

/// What a recovery queue gives.
pub(in crate::replica) struct Recovering {
    link: LinkId,
    queue: QueueId,
    /// The slips that it says it holds, once it has.
    listed: Option<BTreeSet<[u8; 16]>>,
    came: BTreeSet<[u8; 16]>,
    statements: Vec<Statement>,
}

impl Recovering {
    /// On which link.
    pub(in crate::replica) fn link(&self) -> LinkId {
        self.link
    }
}

impl Replica {
    /// Whether it is tried first whether a mailbox listens there.
    pub(in crate::replica) fn asks_whether_mailbox(&self, id: LinkId) -> bool {
        self.joining.as_ref().is_some_and(|joining| joining.link == Some(id) && joining.is_mailbox.is_none() && joining.kit().is_some())
    }

    /// Nobody there is a mailbox: it is dialled as a device. Says whether it is.
    pub(super) fn is_no_mailbox(&mut self, cx: &mut Cx<'_>, id: LinkId) -> bool {
        if !self.asks_whether_mailbox(id) {
            return false;
        }
        if let Some(joining) = &mut self.joining {
            (joining.is_mailbox, joining.link) = (Some(false), None);
        }
        self.dial_giver(cx);
        true
    }

    /// A mailbox listens there.
    pub(super) fn is_mailbox(&mut self, cx: &mut Cx<'_>, id: LinkId) {
        let Some(kit) = self.joining.as_ref().and_then(|joining| joining.kit()).cloned() else { return };
        let Some(link) = self.links.get_mut(&id) else { return };
        link.peer = Peer::Mailbox;
        link.up = true;
        let (key, exporter) = (link.key, link.exporter);
        if let Some(joining) = &mut self.joining {
            joining.is_mailbox = Some(true);
        }
        let capability = kit.recovery();
        let asked = proof::open_queue(QueueKind::Recovery { reading: capability.public() }, Some(&capability), None, false, &exporter);
        let queue = proof::queue_of(&asked.kind);
        self.begin_visit(id, key);
        self.recovering = Some(Recovering { link: id, queue, listed: None, came: BTreeSet::new(), statements: Vec::new() });
        cx.rest.push(Effect::Send { link: id, message: Message::OpenQueue(asked) });
    }

    /// How the recovery queue is. Says whether that is what it was about.
    pub(in crate::replica) fn recovery_opened(&mut self, cx: &mut Cx<'_>, id: LinkId, queue: QueueId, state: QueueState) -> bool {
        if self.recovering.as_ref().is_none_or(|one| one.link != id || one.queue != queue) {
            return false;
        }
        if state == QueueState::Absent {
            self.nothing_recovered(cx);
        } else {
            let have = Message::Have(Have { full: true, ..Have::default() });
            cx.rest.push(Effect::Send { link: id, message: Message::Within(queue, Box::new(have)) });
        }
        true
    }

    /// What the recovery queue gives. Says whether that is what it was about.
    pub(in crate::replica) fn recovery_says(&mut self, cx: &mut Cx<'_>, id: LinkId, queue: QueueId, message: &Message) -> bool {
        let Some(one) = self.recovering.as_mut().filter(|one| one.link == id && one.queue == queue) else { return false };
        match message {
            Message::Have(have) if have.full => one.listed = Some(have.statements.iter().copied().collect()),
            Message::Slips(slips) => self.recovery_slips(queue, slips),
            _ => return true,
        }
        let Some(one) = &self.recovering else { return true };
        if one.listed.as_ref().is_some_and(|listed| listed.is_subset(&one.came))
            && let Err(failure) = self.recover(cx, id)
        {
            self.fail_join(cx, failure);
            self.drop_link(cx, id);
        }
        true
    }

    fn recovery_slips(&mut self, queue: QueueId, slips: &[Slip]) {
        let Some(sealing) = self.joining.as_ref().and_then(|joining| joining.kit()).map(KitEntropy::sealing) else { return };
        let Some(one) = &mut self.recovering else { return };
        let mut strange = 0;
        for slip in slips {
            let statement = slip::open_with_kit(&sealing, queue, slip).ok().and_then(|bytes| Statement::from_bytes(&bytes).ok());
            one.came.insert(slip.id);
            match statement {
                Some(statement) => one.statements.push(statement),
                None => strange += 1,
            }
        }
        (0..strange).for_each(|_| self.refuse("a statement by way of a mailbox that the recovery kit does not open"));
    }

    /// All came that there is: this home becomes a device of the person whose words these are.
    fn recover(&mut self, cx: &mut Cx<'_>, id: LinkId) -> Result<(), Failure> {
        let Some(Recovering { statements, .. }) = self.recovering.take() else { return Ok(()) };
        let Some(joining) = &self.joining else { return Ok(()) };
        let (Some(kit), name, request, at) = (joining.kit().cloned(), joining.name.clone(), joining.request, joining.at) else {
            return Ok(());
        };
        let person = kit.person();
        let mut known = Registry::default();
        statements.iter().for_each(|statement| {
            known.insert(statement.clone());
        });
        if known.roster(&person).statements().is_empty() {
            return Err(nothing());
        }
        let Some(vault) = &mut self.vault else { return Ok(()) };
        vault.kit = Some(kit.clone());
        let own = said_by(&kit, vault, known.roster(&person).statements());
        // What is about others, or what nobody who may say it said, counts for nothing and is not kept.
        let counts = |one: &Statement| one.said().roster_of().is_none_or(|of| of == person);
        let all = statements.into_iter().filter(counts).chain(own).collect();
        self.become_device(cx, None, person, all, false)?;
        self.call_this_device(cx, name.as_deref(), request, false)?;
        let Some(key) = self.links.get(&id).map(|link| link.key) else { return Ok(()) };
        self.note_found_station(cx, key, at.map(|at| at.to_string()).into_iter().collect());
        self.arrives_from(cx, key);
        Ok(())
    }

    fn nothing_recovered(&mut self, cx: &mut Cx<'_>) {
        let link = self.recovering.take().map(|one| one.link);
        self.fail_join(cx, nothing());
        link.into_iter().for_each(|link| self.drop_link(cx, link));
    }
}

impl super::Joining {
    /// The words by which this home comes back.
    fn kit(&self) -> Option<&KitEntropy> {
        match &self.by {
            By::Kit(kit) => Some(kit),
            By::Ticket(_) | By::Code(..) => None,
        }
    }
}

fn nothing() -> Failure {
    Failure::new(ErrorKind::Precondition, "the mailbox there keeps nothing that these words open")
        .hint("either it is another mailbox, or the words are of another journal; another device of yours can be named with --at as well")
}
