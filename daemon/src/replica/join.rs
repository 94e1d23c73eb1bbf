//! Meeting by ticket or by code, both sides: the giver who invited and the joiner who holds it. And coming back with a recovery kit.
//!
//! ```text
//! joiner                                   giver
//! Join (proof) --------------------------> binds the ticket to the joiner's link key
//!        <---------------------------- For (person)            a device makes its keys for that person
//! Join (proof, keys) --------------------> asks the person, or was told --yes
//!        <---------------------------- Welcome                 everything in it is on the giver's stable storage
//! Hello (everything is on the joiner's) -> Joined
//! ```
//!
//! Of a code the two first make a secret that only they have ([`crate::people::pairing::exchange`]), which is then the ticket's; the code is used up by that.

mod becoming;
mod by_code;
mod codes;
mod from_mailbox;
mod giver;
mod helping;
mod joiner;
mod restore;

pub(super) use from_mailbox::Recovering;
pub(super) use restore::Restore;

use std::net::SocketAddr;
use std::time::Duration;

use asif_proto::code::Code;
use asif_proto::id::LinkKey;
use asif_proto::local::{ErrorKind, Failure, Reply};
use asif_proto::peer::Join;
use asif_proto::ticket::{Ticket, TicketRole};

use uuid::Uuid;

use super::effect::{ClientId, LinkId};
use super::{Cx, Replica};
use crate::seal::keys::KitEntropy;
use crate::seal::vault::{Offer, Vault};

/// The network could not be opened: it is tried again after so long.
const LISTEN_AGAIN: Duration = Duration::from_secs(30);

/// A client that invites, once the network is open.
#[derive(Clone)]
pub(super) struct Giving {
    pub(super) client: ClientId,
    pub(super) offer: Offer,
    pub(super) yes: bool,
    pub(super) no_wait: bool,
}

/// A client that waits for somebody to use a ticket.
#[derive(Debug, Clone)]
pub(super) struct Awaiting {
    ticket: [u8; 8],
    /// Somebody proved the ticket; the person is asked.
    asked: Option<(LinkId, Join)>,
    /// Somebody was let in: their key, name and device.
    welcomed: Option<(LinkKey, String, String)>,
}

/// This home is joining.
pub(super) struct Joining {
    /// The keys it joins with, where the home was begun already and goes on as it is if nobody lets it in.
    candidate: Option<Box<Vault>>,
    client: Option<ClientId>,
    request: Uuid,
    by: By,
    name: Option<String>,
    at: Option<SocketAddr>,
    pub(super) link: Option<LinkId>,
    /// Whether a mailbox listens where the recovery kit is taken to; none: not known yet.
    is_mailbox: Option<bool>,
    /// Where the giver of a code is looked for, and how far it is with them.
    search: by_code::Search,
    deadline: Duration,
    /// Let in: waiting for what is shared to arrive.
    arriving: Option<(LinkKey, String)>,
}

/// What lets this home in.
enum By {
    /// A ticket.
    Ticket(Ticket),
    /// A code, and what it is to be for.
    Code(Code, TicketRole),
    /// The root, which the words of the recovery kit stand for.
    Kit(KitEntropy),
}

impl Joining {
    fn role(&self) -> TicketRole {
        match &self.by {
            By::Ticket(ticket) => ticket.role,
            By::Code(_, role) => *role,
            By::Kit(_) => TicketRole::Device,
        }
    }

    /// The command that a ticket or a code is for, where it is not for this one.
    fn other_command(&self) -> &'static str {
        other_command(self.role())
    }

    /// What to do when somebody else may have used the ticket.
    fn another_was_first(&self) -> &'static str {
        match self.role() {
            TicketRole::Helper => {
                "ask for a new ticket. If you have not used this one, say so: somebody else may have come in. Who did is in their asif share list, \
                 and asif share revoke shuts them out"
            }
            TicketRole::Device => {
                "make a new ticket. If you have not used this one, somebody else may have: asif device list on the other device shows who"
            }
        }
    }
}

fn other_command(role: TicketRole) -> &'static str {
    match role {
        TicketRole::Device => "use it with: asif helper join",
        TicketRole::Helper => "use it with: asif device join",
    }
}

/// The ticket or code that somebody typed, for this.
fn by_what(text: &str, role: TicketRole) -> Result<By, Failure> {
    if Code::is_meant_by(text) {
        let code = text.parse().map_err(|error: asif_proto::code::CodeError| Failure::new(ErrorKind::Usage, error.to_string()))?;
        return Ok(By::Code(code, role));
    }
    let ticket: Ticket =
        text.parse().map_err(|error: asif_proto::ticket::TicketError| Failure::new(ErrorKind::Usage, error.to_string()))?;
    if ticket.role != role {
        return Err(Failure::new(ErrorKind::Usage, "this ticket is for something else").hint(other_command(role)));
    }
    Ok(By::Ticket(ticket))
}

/// An address that somebody typed.
fn address(at: Option<&str>) -> Result<Option<SocketAddr>, Failure> {
    let at = at.map(str::parse).transpose();
    at.map_err(|_| Failure::new(ErrorKind::Usage, "--at takes an address like 192.0.2.7:4433"))
}

impl Replica {
    /// Whether the same request has joined already, or is at it after its first connection broke. An error where another one is.
    fn goes_on(&mut self, cx: &mut Cx<'_>, client: ClientId, request: Uuid, role: TicketRole) -> Result<bool, Failure> {
        if let Some(joined) = self.joined_by(request, role) {
            cx.answer(client, Ok(Reply::Joined(joined)));
            return Ok(true);
        }
        match &mut self.joining {
            Some(joining) if joining.request == request => {
                joining.client = Some(client);
                Ok(true)
            }
            Some(_) => Err(Failure::new(ErrorKind::Precondition, "this home is already joining")),
            None => Ok(false),
        }
    }

    /// A link that was used for joining went away.
    pub(super) fn join_link_closed(&mut self, cx: &mut Cx<'_>, id: LinkId, reason: &str, refused: bool) {
        for awaiting in self.awaiting.values_mut() {
            if awaiting.asked.as_ref().is_some_and(|(asked, _)| *asked == id) {
                awaiting.asked = None;
            }
        }
        if self.is_no_mailbox(cx, id) {
            return;
        }
        let Some(joining) = &self.joining else { return };
        if joining.link == Some(id) && joining.arriving.is_none() {
            match joining.by {
                By::Kit(_) => return self.fail_join(cx, restore::unreached(reason, refused)),
                By::Code(..) => return self.giver_of_code_left(cx, reason, refused),
                By::Ticket(_) => {}
            }
            if refused {
                // Whoever has no open invitation lets no stranger in, and says no more than that.
                let failure = Failure::new(ErrorKind::Precondition, "the ticket was used, taken back, or has expired");
                return self.fail_join(cx, failure.hint(joining.another_was_first()));
            }
            let failure = Failure::new(ErrorKind::PeerUnreachable, format!("the other device could not be reached: {reason}"))
                .hint("is asif running there, and are both on the same network? try again with --at HOST:PORT; the ticket stays good");
            self.fail_join(cx, failure);
        }
    }

    /// The keys this device shows to others: those it joins with, while it does.
    pub(super) fn shown_vault(&self) -> Option<&Vault> {
        let candidate = self.joining.as_ref().and_then(|joining| joining.candidate.as_deref());
        candidate.or(self.vault.as_ref())
    }

    /// Whether this home is joining with other keys than its own.
    pub(super) fn is_candidate(&self) -> bool {
        self.joining.as_ref().is_some_and(|joining| joining.candidate.is_some())
    }

    pub(super) fn is_awaited(&self, id: LinkId) -> bool {
        self.awaiting.values().any(|one| one.asked.as_ref().is_some_and(|(asked, _)| *asked == id))
            || self.joining.as_ref().is_some_and(|joining| joining.link == Some(id))
    }

    pub(super) fn gone(&mut self, cx: &mut Cx<'_>, client: ClientId) {
        self.rebuilding = self.rebuilding.filter(|one| *one != client);
        self.syncing.retain(|(one, _)| *one != client);
        self.telling.retain(|told| told.client != client);
        self.parked.retain(|(one, _)| *one != client);
        self.erasing.forget(client);
        self.until_listening.retain(|one| one.client != client);
        self.coming_back.retain(|(one, _)| *one != client);
        self.give_up(cx, client);
        if let Some(joining) = &mut self.joining
            && joining.client == Some(client)
        {
            joining.client = None;
        }
    }

    pub(super) fn joining_client(&self) -> Option<ClientId> {
        self.joining.as_ref().and_then(|joining| joining.client)
    }

    pub(super) fn join_deadlines(&self) -> impl Iterator<Item = Duration> {
        self.joining.iter().map(|joining| joining.deadline)
    }

    pub(super) fn listening(&mut self, cx: &mut Cx<'_>, addresses: Vec<SocketAddr>) {
        (self.listening, self.not_open) = (Some(addresses), None);
        for Giving { client, offer, yes, no_wait } in std::mem::take(&mut self.until_listening) {
            if let Err(failure) = self.invite(cx, client, offer, yes, no_wait) {
                cx.answer(client, Err(failure));
            }
        }
        self.dial_giver(cx);
    }

    pub(super) fn not_listening(&mut self, cx: &mut Cx<'_>, reason: &str) {
        self.not_open = Some(reason.to_owned());
        let failure = Failure::new(ErrorKind::Failure, format!("the network could not be opened: {reason}"))
            .hint("choose another address with: asif config set listen ADDR:PORT");
        for giving in std::mem::take(&mut self.until_listening) {
            cx.answer(giving.client, Err(failure.clone()));
        }
        self.fail_join(cx, failure);
        // An address may come up later.
        self.listen_wanted = false;
        self.listen_after = Some(cx.now.mono + LISTEN_AGAIN);
    }
}
