//! The giver of a code: it is used up by the first who says its number, whoever that is, and then it is seen whether they knew it.

use std::time::Duration;

use asif_proto::code::Code;
use asif_proto::id::LinkKey;
use asif_proto::local::{CodeEnd, Event};
use asif_proto::peer::{ByCode, Join, Message};
use asif_proto::ticket::{TicketRole, ticket_id};
use jiff::Timestamp;

use super::super::effect::{Effect, LinkId};
use super::super::{Cx, Replica};
use crate::people::pairing;
use crate::people::pairing::exchange::Ends;

impl Replica {
    /// A code for an invitation that begins, where there may be one.
    pub(super) fn new_code(&mut self, cx: &mut Cx<'_>, role: TicketRole, ticket: [u8; 8]) -> Option<Code> {
        let taken = self.numbers_nearby();
        self.codes.open(role, ticket, &taken, cx.now.steady, cx.rng)
    }

    /// Until when only tickets let in, where that is so.
    pub(super) fn codes_locked_until(&self, cx: &Cx<'_>) -> Option<Timestamp> {
        let until = self.codes.locked_until(cx.now.steady)?;
        Some(cx.wall_in(until.saturating_sub(cx.now.steady)))
    }

    /// Somebody says the number of a code.
    pub(in crate::replica) fn asked_by_code(&mut self, cx: &mut Cx<'_>, id: LinkId, asked: &ByCode) {
        let (Some(vault), Some(link)) = (&self.vault, self.links.get(&id)) else { return };
        let ends = Ends { giver: vault.link_key(), joiner: link.key, exporter: link.exporter };
        match self.codes.answer(asked, ends, cx.now.steady, cx.rng) {
            Ok(answer) => cx.rest.push(Effect::Send { link: id, message: Message::CodeAnswer(answer) }),
            Err(refused) => {
                self.refuse("a code that does not let in");
                cx.rest.push(Effect::Send { link: id, message: Message::Refused(refused) });
                self.drop_link(cx, id);
            }
        }
    }

    /// Whoever was answered says themself that they had another code.
    pub(in crate::replica) fn code_was_wrong(&mut self, cx: &mut Cx<'_>, id: LinkId) {
        if let Some(key) = self.links.get(&id).map(|link| link.key) {
            self.codes.given_up(&key, cx.now.steady);
        }
        self.drop_link(cx, id);
    }

    /// Somebody asks to be let in: where they prove the secret of a code, it becomes the ticket's.
    pub(super) fn code_is_proven(&mut self, cx: &Cx<'_>, join: &Join, key: &LinkKey, exporter: &[u8; 32]) {
        let Some(vault) = &mut self.vault else { return };
        let ours = vault.link_key();
        let is_right = |secret: &[u8; 16]| {
            ticket_id(secret) == join.ticket
                && blake3::Hash::from(pairing::proof(secret, exporter, &ours, key)) == blake3::Hash::from(join.proof)
        };
        let Some((secret, ticket)) = self.codes.proven(cx.now.steady, is_right) else { return };
        let mut standing = vault.invitations.iter_mut().filter(|one| one.bound.is_none() && !one.used);
        // Whoever came with the ticket meanwhile was first.
        let Some(invitation) = standing.find(|one| ticket_id(&one.secret) == ticket) else { return };
        invitation.secret = secret;
        self.awaiting.values_mut().filter(|one| one.ticket == ticket).for_each(|one| one.ticket = ticket_id(&secret));
    }

    /// Codes whose time is over, and those of invitations that are gone. Whoever waits hears why.
    pub(in crate::replica) fn tend_codes(&mut self, cx: &mut Cx<'_>) {
        let invitations = self.vault.iter().flat_map(|vault| &vault.invitations);
        let standing: Vec<[u8; 8]> = invitations.filter(|one| one.bound.is_none() && !one.used).map(|one| ticket_id(&one.secret)).collect();
        self.codes.forget(|ticket| standing.contains(ticket));
        for (ticket, why) in self.codes.lapse(cx.now.steady) {
            let codes_locked_until = self.codes_locked_until(cx);
            let waits = self.awaiting.iter().find(|(_, one)| one.ticket == ticket).map(|(client, _)| *client);
            let Some(client) = waits else { continue };
            cx.rest.push(Effect::Event { client, event: Event::CodeOver { why, codes_locked_until } });
            // Whoever sits there need not begin again for a slip of the other's tongue.
            if why == CodeEnd::Wrong && codes_locked_until.is_none() {
                self.show_invitation(cx, client, &ticket);
            }
        }
    }

    /// When the next code is over.
    pub(in crate::replica) fn code_deadline(&self) -> Option<Duration> {
        let next = self.codes.next()?;
        Some(self.now.mono + next.saturating_sub(self.now.steady))
    }
}
