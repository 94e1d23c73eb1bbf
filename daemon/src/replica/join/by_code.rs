//! Joining with a code: its giver is looked for on the local network by its number, or at an address that was typed; then both make a secret of it.
//!
//! Whoever answers may be anybody. They have one guess at the code, as anybody has with the giver, and no other key or name is told them than the link key
//! of this home.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::time::Duration;

use asif_proto::code::Code;
use asif_proto::id::PersonId;
use asif_proto::local::{ErrorKind, Failure};
use asif_proto::peer::{ByCode, CodeAnswer, Message, Refused};
use asif_proto::ticket::{Ticket, TicketRole};

use super::super::effect::{Effect, LinkId};
use super::super::{Cx, Replica};
use super::By;
use super::joiner::JOIN_LIMIT;
use crate::people::pairing::exchange::{Asking, Ends};
use crate::seal::vault::Vault;

/// So long the giver is looked for on the local network.
const LOOK_LIMIT: Duration = Duration::from_secs(15);
/// So long the giver may take to answer the first message.
const ANSWER_LIMIT: Duration = Duration::from_secs(10);
/// Places that are tried at most.
const MAX_PLACES: usize = 8;

/// Where the giver of a code is looked for.
#[derive(Default)]
pub(super) struct Search {
    /// Where somebody says that they have an invitation of this number.
    found: VecDeque<Vec<SocketAddr>>,
    tried: Vec<Vec<SocketAddr>>,
    /// Said to somebody, who has not answered yet.
    asking: Option<Asking>,
}

impl Search {
    /// The next place to try.
    pub(super) fn next(&mut self) -> Vec<SocketAddr> {
        let next = self.found.pop_front().unwrap_or_default();
        self.tried.push(next.clone());
        next
    }

    fn add(&mut self, addresses: Vec<SocketAddr>) {
        let is_new = !self.found.contains(&addresses) && !self.tried.contains(&addresses);
        if is_new && !addresses.is_empty() && self.found.len() + self.tried.len() < MAX_PLACES {
            self.found.push_back(addresses);
        }
    }
}

impl Replica {
    /// Whether this home may join with a code, as far as that is known before anybody is asked.
    pub(super) fn may_join_by_code(&self, code: &Code, role: TicketRole, at: Option<SocketAddr>) -> Result<(), Failure> {
        if self.codes.is_open(code) {
            return Err(Failure::new(ErrorKind::Precondition, "this code was made here").hint("use it on the other device"));
        }
        if at.is_none() && !self.looks_nearby() {
            return Err(Failure::new(ErrorKind::Usage, "there is no way to look for a code here: discovery is off").hint(
                "say where the other device is: --at HOST:PORT, as asif status there shows it; or use the ticket; or switch it on: asif config set discovery on",
            ));
        }
        // Whose code it is is known only when it is used up.
        if role == TicketRole::Device && self.person().is_some() && !self.comes_back() { self.holds_nothing() } else { Ok(()) }
    }

    /// Whether this is a device that others shut out, or an old copy of one: such a one may become another device of the person whose it is.
    fn comes_back(&self) -> bool {
        self.is_unplaced() || !self.stands() || self.restored.is_some() || !self.forgotten.is_empty()
    }

    /// The keys with which this home becomes a device by a code: others than it has, where it has some that are to count until it is let in.
    pub(super) fn prepare_device_by_code(&mut self, cx: &mut Cx<'_>) -> Option<Box<Vault>> {
        let as_it_is = self.stands() && self.restored.is_none() && !self.forgotten.is_empty();
        if self.person().is_none() || self.is_unplaced() || as_it_is {
            self.prepare_keys(cx);
            return None;
        }
        Some(self.candidate.get_or_insert_with(|| Box::new(Vault::random(cx.rng))).clone())
    }

    /// Whether this home may become a device of this person: it holds nothing, or what is theirs.
    pub(super) fn may_be_of(&self, person: PersonId) -> Result<(), Failure> {
        if self.person().is_none_or(|ours| ours == person) { Ok(()) } else { self.holds_nothing() }
    }

    /// A code is known, and where to try is not: then it is looked for. Says whether that is so.
    pub(super) fn looks_for_giver(&mut self, cx: &Cx<'_>) -> bool {
        let Some(joining) = &mut self.joining else { return false };
        let By::Code(..) = joining.by else { return false };
        if let Some(at) = joining.at {
            joining.search.add(vec![at]);
        }
        if joining.search.found.is_empty() {
            joining.deadline = cx.now.mono + LOOK_LIMIT;
            return true;
        }
        joining.deadline = cx.now.mono + JOIN_LIMIT;
        false
    }

    /// Whether somebody with an invitation of this number is looked for.
    pub(in crate::replica) fn looks_for_number(&self) -> Option<u16> {
        let joining = self.joining.as_ref().filter(|joining| joining.at.is_none())?;
        match &joining.by {
            By::Code(code, _) => Some(code.number()),
            By::Ticket(_) | By::Kit(_) => None,
        }
    }

    /// Somebody on the local network says that they have it.
    pub(in crate::replica) fn giver_is_near(&mut self, cx: &mut Cx<'_>, addresses: Vec<SocketAddr>) {
        if let Some(joining) = &mut self.joining {
            joining.search.add(addresses);
        }
        if self.listening.is_some() {
            self.dial_giver(cx);
        }
    }

    /// The first message: which code is known, and nothing of it.
    pub(super) fn say_code(&mut self, cx: &mut Cx<'_>, id: LinkId) {
        let (Some(ours), Some(link)) = (self.shown_vault().map(|vault| vault.link_key()), self.links.get(&id)) else { return };
        let ends = Ends { giver: link.key, joiner: ours, exporter: link.exporter };
        let Some(joining) = &mut self.joining else { return };
        let By::Code(code, role) = &joining.by else { return };
        let (asking, share) = Asking::begin(code, ends, cx.rng);
        let (number, role) = (code.number(), *role);
        joining.search.asking = Some(asking);
        joining.deadline = cx.now.mono + ANSWER_LIMIT;
        cx.rest.push(Effect::Send { link: id, message: Message::ByCode(ByCode { number, role, share }) });
    }

    /// The giver has answered: the code is used up, and what the two have in common now is a ticket, if both knew it.
    pub(super) fn code_answered(&mut self, cx: &mut Cx<'_>, id: LinkId, answer: &CodeAnswer) {
        let Some((giver, address)) = self.links.get(&id).map(|link| (link.key, link.address)) else { return };
        let Some(joining) = &mut self.joining else { return };
        let Some(asking) = joining.search.asking.take() else { return };
        let Some(secret) = asking.finish(answer) else {
            cx.rest.push(Effect::Send { link: id, message: Message::Refused(Refused::Code) });
            if !self.tries_another(cx, id, Refused::Code) {
                let failure =
                    Failure::new(ErrorKind::Precondition, "that was not the right code, or somebody else answered in the other's place");
                self.fail_join(cx, failure.hint("it is used up now: ask for a new one"));
                self.drop_link(cx, id);
            }
            return;
        };
        let ticket = Ticket { role: joining.role(), link_key: giver, secret, addresses: vec![address] };
        joining.deadline = cx.now.mono + JOIN_LIMIT;
        if let Err(failure) = self.is_made_elsewhere(&ticket) {
            self.fail_join(cx, failure);
            return self.drop_link(cx, id);
        }
        if let Some(joining) = &mut self.joining
            && let By::Code(code, _) = std::mem::replace(&mut joining.by, By::Ticket(ticket.clone()))
        {
            self.became = Some((code, ticket));
        }
        self.ask_to_join(cx, id);
    }

    /// A code that became a ticket here, before the connection broke, is that ticket.
    pub(super) fn go_on_with(&self, by: By) -> By {
        match (by, &self.became) {
            (By::Code(code, role), Some((before, ticket))) if code == *before && role == ticket.role => By::Ticket(ticket.clone()),
            (by, _) => by,
        }
    }

    /// Somebody else says that they have an invitation of this number, too: they are asked next. Says whether that is so.
    pub(super) fn tries_another(&mut self, cx: &mut Cx<'_>, id: LinkId, refused: Refused) -> bool {
        let Some(joining) = &mut self.joining else { return false };
        let may = matches!(refused, Refused::Code | Refused::OtherRole | Refused::CodesLocked | Refused::Unknown);
        if !may || joining.search.found.is_empty() || !matches!(joining.by, By::Code(..)) {
            return false;
        }
        (joining.link, joining.search.asking) = (None, None);
        self.drop_link(cx, id);
        self.dial_giver(cx);
        true
    }

    /// The connection to whoever was to have given the code ended before they had answered.
    pub(super) fn giver_of_code_left(&mut self, cx: &mut Cx<'_>, reason: &str, refused: bool) {
        let Some(joining) = &mut self.joining else { return };
        let (was_asked, next) = (joining.search.asking.take().is_some(), !joining.search.found.is_empty());
        joining.link = None;
        if next {
            return self.dial_giver(cx);
        }
        let failure = if refused || was_asked {
            Failure::new(ErrorKind::Precondition, "no such code stands there: it was used or taken back, or its ten minutes are over")
                .hint("ask for a new one")
        } else {
            Failure::new(ErrorKind::PeerUnreachable, format!("the other device could not be reached: {reason}"))
                .hint("is asif device pair or asif share invite still waiting there, and are both on the same network? The code stays good until its ten minutes are over")
        };
        self.fail_join(cx, failure);
    }

    /// What is said where nobody with an invitation of this number was found.
    pub(super) fn nobody_found(&self) -> Failure {
        let why = self.why_not_nearby().map(|why| format!(" ({why})")).unwrap_or_default();
        Failure::new(ErrorKind::PeerUnreachable, format!("nobody on the local network has an invitation of this number{why}")).hint(
            "are both machines on the same network? If so, say where the other one is: --at HOST:PORT, as asif status there shows it; or use the ticket",
        )
    }
}
