//! The giver: invites, judges who comes with a ticket, asks the person, lets in.

use std::collections::BTreeSet;

use asif_proto::frame;
use asif_proto::id::{GrantId, LinkKey, PersonId, RecordId};
use asif_proto::local::{ErrorKind, Event, Failure, Question, Reply};
use asif_proto::peer::{Blob, Join, Joiner, Message, Refused, Welcome};
use asif_proto::ticket::{Ticket, TicketRole, ticket_id};
use automerge::ScalarValue;
use jiff::{SignedDuration, Timestamp};
use rand_core::Rng as _;

use super::super::effect::{ClientId, Effect, LinkId};
use super::super::{Cx, Replica};
use super::Awaiting;
use crate::journal::record::{self, Grant, Invited, grant_record};
use crate::journal::schema;
use crate::people::pairing::codes::CODE_LIMIT;
use crate::people::pairing::{self, TICKET_MS};
use crate::people::registry::Registry;
use crate::people::space::Space;
use crate::people::statement::{Add, Candidate, Said, Statement};
use crate::seal::body::{Body, DocId, Keys};
use crate::seal::keys::ItemKey;
use crate::seal::vault::{Invitation, Offer};
use crate::sync::link::Peer;

/// The most devices that a helper may bring.
const MAX_DEVICES: usize = 64;
/// Statements in one Welcome, in bytes: well under a frame.
const WELCOME_BYTES: usize = 800 * 1024;

impl Replica {
    /// An invitation stands from here on; the client hears its ticket.
    pub(in crate::replica) fn invite(
        &mut self,
        cx: &mut Cx<'_>,
        client: ClientId,
        offer: Offer,
        yes: bool,
        no_wait: bool,
    ) -> Result<(), Failure> {
        let expires_at = cx.now.wall + SignedDuration::from_millis(TICKET_MS);
        if let Offer::Helper { grant, record } = &offer {
            let grant_terms = serde_json::from_str(record).map_err(|_| super::super::no_journal())?;
            let packed = serde_json::json!(Invited { expires_at, grant: grant_terms }).to_string();
            // The other devices can take it back too.
            self.write(cx, DocId::Plan, &[Self::name_put(schema::invited(RecordId(*grant)), &packed)], "share")?;
        }
        let Some(vault) = &mut self.vault else { return Err(super::super::no_journal()) };
        let mut secret = [0; 16];
        cx.rng.fill_bytes(&mut secret);
        let now = cx.now.wall.as_millisecond();
        // Of a request that came twice only the last ticket stands: nobody has seen the first.
        let same = |one: &Invitation| matches!(&offer, Offer::Helper { grant, .. } if one.offers(grant));
        vault.invitations.retain(|one| one.expires_ms > now && !same(one));
        vault.invitations.push(Invitation { secret, expires_ms: now + TICKET_MS, yes, bound: None, used: false, offer });
        self.save_vault(cx);
        let ticket = ticket_id(&secret);
        self.show_invitation(cx, client, &ticket);
        if no_wait {
            cx.answer(client, Ok(Reply::Done));
        } else {
            self.awaiting.insert(client, Awaiting { ticket, asked: None, welcomed: None });
        }
        Ok(())
    }

    /// Tells a client the ticket of an invitation, and a new code for it where there may be one.
    pub(super) fn show_invitation(&mut self, cx: &mut Cx<'_>, client: ClientId, ticket: &[u8; 8]) {
        let Some(vault) = &self.vault else { return };
        let Some(one) = vault.invitations.iter().find(|one| ticket_id(&one.secret) == *ticket) else { return };
        let role = match &one.offer {
            Offer::Device => TicketRole::Device,
            Offer::Helper { .. } => TicketRole::Helper,
        };
        let addresses = self.listening.clone().unwrap_or_default();
        let text = Ticket { role, link_key: vault.link_key(), secret: one.secret, addresses }.to_string();
        let expires_at = Timestamp::from_second(one.expires_ms / 1000).unwrap_or(cx.now.wall);
        let code = self.new_code(cx, role, *ticket);
        let event = Event::Invited {
            code_expires_at: code.as_ref().map(|_| cx.wall_in(CODE_LIMIT)),
            codes_locked_until: self.codes_locked_until(cx),
            code: code.map(|code| code.to_string()),
            ticket: text,
            expires_at,
        };
        cx.rest.push(Effect::Event { client, event });
    }

    pub(in crate::replica) fn asked_to_join(&mut self, cx: &mut Cx<'_>, id: LinkId, join: Join) {
        if let Err(refused) = self.judge(cx, id, join) {
            self.refuse("a ticket that does not let in");
            cx.rest.push(Effect::Send { link: id, message: Message::Refused(refused) });
            self.drop_link(cx, id);
        }
    }

    fn judge(&mut self, cx: &mut Cx<'_>, id: LinkId, join: Join) -> Result<(), Refused> {
        let (Some(person), Some(link)) = (self.person(), self.links.get(&id)) else { return Err(Refused::Ticket) };
        let (key, exporter) = (link.key, link.exporter);
        let now = cx.now.wall.as_millisecond();
        self.code_is_proven(cx, &join, &key, &exporter);
        let Some(vault) = &mut self.vault else { return Err(Refused::Ticket) };
        let ours = vault.link_key();
        let invitation = vault.invitations.iter_mut().find(|one| ticket_id(&one.secret) == join.ticket).ok_or(Refused::Ticket)?;
        let was = invitation.bound;
        pairing::admit(invitation, now, &exporter, &ours, &key, &join.proof)?;
        let (yes, bound) = (invitation.yes || invitation.used, was.is_none());
        let (offers_device, grant) = match &invitation.offer {
            Offer::Device => (true, None),
            Offer::Helper { grant, .. } => (false, Some(record::record_grant(RecordId(*grant)))),
        };
        if bound {
            self.save_vault(cx);
        }
        match &join.joiner {
            Joiner::Device { person: made_for, .. } if offers_device && *made_for != person => {
                cx.rest.push(Effect::Send { link: id, message: Message::For(person) });
                return Ok(());
            }
            Joiner::Device { .. } if offers_device => {}
            Joiner::Helper { .. } if grant.is_some_and(|grant| !self.has_ended(grant)) => {}
            _ => return Err(Refused::Ticket),
        }
        if yes {
            return self.welcome(cx, id, join);
        }
        let (role, invited) = match self.offer_of(&join.ticket) {
            Some(Offer::Helper { record, .. }) => serde_json::from_str::<Grant>(&record)
                .map_or_else(|_| ("helper".to_owned(), None), |grant| (grant.role.word().to_owned(), Some(grant.name))),
            _ => ("device".into(), None),
        };
        let Some((client, awaiting)) = self.awaiting.iter_mut().find(|(_, one)| one.ticket == join.ticket) else {
            return Err(Refused::Declined);
        };
        let name = join.name.clone();
        awaiting.asked = Some((id, join));
        cx.rest.push(Effect::Question { client: *client, question: Question::Admit { name, role, invited } });
        Ok(())
    }

    fn offer_of(&self, ticket: &[u8; 8]) -> Option<Offer> {
        self.vault.as_ref()?.invitations.iter().find(|one| ticket_id(&one.secret) == *ticket).map(|one| one.offer.clone())
    }

    pub(in crate::replica) fn decided(&mut self, cx: &mut Cx<'_>, client: ClientId, yes: bool) {
        let Some(awaiting) = self.awaiting.get_mut(&client) else { return };
        let asked = awaiting.asked.take();
        if !yes {
            if let Some((id, _)) = asked {
                cx.rest.push(Effect::Send { link: id, message: Message::Refused(Refused::Declined) });
                self.drop_link(cx, id);
            }
            self.give_up(cx, client);
            let failure = Failure::new(ErrorKind::NotPermitted, "nobody was let in, and the ticket is of no use any more");
            return cx.answer(client, Err(failure));
        }
        let Some((id, join)) = asked else { return };
        if let Err(refused) = self.welcome(cx, id, join) {
            cx.rest.push(Effect::Send { link: id, message: Message::Refused(refused) });
            self.drop_link(cx, id);
        }
    }

    /// Whether somebody waits to be asked about this ticket.
    pub(in crate::replica) fn is_awaiting(&self, secret: &[u8; 16]) -> bool {
        self.awaiting.values().any(|one| one.ticket == ticket_id(secret))
    }

    /// Nobody waits any more: a ticket that only this client could have confirmed lets nobody in.
    pub(super) fn give_up(&mut self, cx: &mut Cx<'_>, client: ClientId) {
        let Some(awaiting) = self.awaiting.remove(&client) else { return };
        if let Some((id, _)) = awaiting.asked {
            cx.rest.push(Effect::Send { link: id, message: Message::Refused(Refused::Declined) });
            self.drop_link(cx, id);
        }
        let Some(vault) = &mut self.vault else { return };
        let is_over = |one: &mut Invitation| !one.yes && !one.used && ticket_id(&one.secret) == awaiting.ticket;
        let over: Vec<Invitation> = vault.invitations.extract_if(.., is_over).collect();
        if !over.is_empty() {
            self.save_vault(cx);
        }
        self.take_back(cx, over);
    }

    /// An invitation of which somebody was to be asked who is gone since the last start lets nobody in: it is taken back.
    pub(in crate::replica) fn end_dead_invitations(&mut self, cx: &mut Cx<'_>) {
        if !std::mem::take(&mut self.starting) {
            return;
        }
        let awaited: BTreeSet<[u8; 8]> = self.awaiting.values().map(|one| one.ticket).collect();
        let Some(vault) = &mut self.vault else { return };
        let is_dead = |one: &mut Invitation| !one.yes && !one.used && !awaited.contains(&ticket_id(&one.secret));
        let dead: Vec<Invitation> = vault.invitations.extract_if(.., is_dead).collect();
        if !dead.is_empty() {
            self.save_vault(cx);
            self.take_back(cx, dead);
        }
    }

    /// Invitations that are gone from the vault are gone from the journal too.
    fn take_back(&mut self, cx: &mut Cx<'_>, invitations: Vec<Invitation>) {
        for one in invitations {
            if let Offer::Helper { grant, .. } = one.offer
                && let Err(failure) = self.write(cx, DocId::Plan, &[(schema::invited(RecordId(grant)), ScalarValue::Null)], "share")
            {
                tracing::warn!(reason = %failure, "that an invitation was taken back could not be written down");
            }
        }
    }

    /// Answers those who wait for somebody to use a ticket that cannot be used any more.
    pub(in crate::replica) fn finish_awaiting(&mut self, cx: &mut Cx<'_>) {
        let now = cx.now.wall.as_millisecond();
        let stands = |ticket: &[u8; 8]| {
            let mut all = self.vault.iter().flat_map(|vault| &vault.invitations);
            all.any(|one| ticket_id(&one.secret) == *ticket && one.expires_ms > now)
        };
        let over: Vec<ClientId> = self.awaiting.iter().filter(|(_, one)| !stands(&one.ticket)).map(|(client, _)| *client).collect();
        for client in over {
            let welcomed = self.awaiting.remove(&client).is_some_and(|one| one.welcomed.is_some());
            let what = if welcomed { "somebody was let in and has not been heard from since" } else { "nobody used it" };
            let failure = Failure::new(ErrorKind::Precondition, format!("the ticket was taken back or has expired; {what}"));
            cx.answer(client, Err(failure));
        }
    }

    fn welcome(&mut self, cx: &mut Cx<'_>, id: LinkId, join: Join) -> Result<(), Refused> {
        let Some(link) = self.links.get(&id) else { return Ok(()) };
        let (key, address) = (link.key, link.address);
        let welcome = match (&join.joiner, self.offer_of(&join.ticket)) {
            (Joiner::Device { candidate, .. }, Some(Offer::Device)) => self.welcome_device(cx, key, candidate)?,
            (Joiner::Helper { person, roster }, Some(Offer::Helper { grant, record })) => {
                let grant = record::record_grant(RecordId(grant));
                self.welcome_helper(cx, key, *person, roster, grant, &record)?
            }
            _ => return Err(Refused::Ticket),
        };
        if let Some(vault) = &mut self.vault
            && let Some(invitation) = vault.invitations.iter_mut().find(|one| ticket_id(&one.secret) == join.ticket)
        {
            invitation.used = true;
        }
        self.save_vault(cx);
        let Some((person, device)) = self.registry.holder(&key) else { return Err(Refused::Keys) };
        if let Some(link) = self.links.get_mut(&id) {
            link.peer = Peer::Known { person, device };
        }
        self.learn_addresses(cx, key, address, &join.listen);
        let name = match welcome.grant {
            Some(grant) => self.view.grant(&grant_record(grant)).map(|row| row.value.name.clone()).unwrap_or_else(|| join.name.clone()),
            None => join.name.clone(),
        };
        if let Some(awaiting) = self.awaiting.values_mut().find(|one| one.ticket == join.ticket) {
            awaiting.welcomed = Some((key, name, super::super::find::short(&device.to_string())));
        }
        cx.rest.push(Effect::Send { link: id, message: Message::Welcome(welcome) });
        self.say_hello(cx, id);
        Ok(())
    }

    fn welcome_device(&mut self, cx: &mut Cx<'_>, key: LinkKey, candidate: &Blob) -> Result<Welcome, Refused> {
        let (Some(person), Some(vault)) = (self.person(), &self.vault) else { return Err(Refused::Ticket) };
        let device: Candidate = frame::decode(&candidate.0).ok_or(Refused::Keys)?;
        if !device.is_for(person) || device.keys.link != key {
            return Err(Refused::Keys);
        }
        let roster = self.registry.roster(&person);
        if roster.device(&device.keys.signing).is_none() {
            let add = Add { person, device, seen: roster.statements().to_vec() };
            let statement = Statement::by_device(&vault.signing, &Said::Add(add));
            self.state(cx, statement);
            self.extend_epochs(cx);
        }
        Ok(self.welcome_of_statements(person))
    }

    /// What a device that was let in starts from.
    pub(in crate::replica) fn welcome_of_statements(&self, person: PersonId) -> Welcome {
        // Roster and journal come first; what does not fit comes with the first sync.
        let rank = |statement: &&Statement| match statement.said() {
            Said::Add(_) | Said::Remove(_) | Said::Answer(_) | Said::Kit(_) => 0,
            Said::Epoch(epoch) if matches!(epoch.space, Space::Journal { .. }) => 1,
            Said::Epoch(_) | Said::Unknown(_) => 2,
        };
        let mut all: Vec<&Statement> = self.registry.statements().collect();
        all.sort_by_key(rank);
        let mut room = WELCOME_BYTES;
        let fits = |statement: &&&Statement| {
            room = room.saturating_sub(statement.bytes().len());
            room > 0
        };
        let statements = all.iter().take_while(fits).map(|one| Blob(one.bytes().to_vec())).collect();
        Welcome { person, name: self.own_name(), statements, grant: None }
    }

    fn welcome_helper(
        &mut self,
        cx: &mut Cx<'_>,
        key: LinkKey,
        helper: PersonId,
        roster: &[Blob],
        grant: GrantId,
        record: &str,
    ) -> Result<Welcome, Refused> {
        let Some(person) = self.person() else { return Err(Refused::Ticket) };
        let statements: Vec<Statement> =
            roster.iter().take(64).map(|blob| Statement::from_bytes(&blob.0)).collect::<Result<_, _>>().map_err(|_| Refused::Keys)?;
        let mut theirs = Registry::default();
        statements.iter().for_each(|statement| {
            theirs.insert(statement.clone());
        });
        let about_them = statements.iter().all(|one| one.said().roster_of() == Some(helper));
        let holds_key = theirs.roster(&helper).devices().any(|device| device.link == key);
        let free = statements.iter().all(|one| self.is_free(one));
        if helper == person || !about_them || !holds_key || !free || theirs.roster(&helper).devices().count() > MAX_DEVICES {
            return Err(Refused::Keys);
        }
        let space = Space::Share { owner: person, grant };
        if self.view.grant(&grant_record(grant)).is_none() {
            for statement in statements {
                self.state(cx, statement);
            }
            let mut terms: Grant = serde_json::from_str(record).map_err(|_| Refused::Ticket)?;
            terms.helper = Some(helper);
            let item_key = ItemKey::random(cx.rng);
            self.given.items.push((grant, item_key.clone()));
            let keys = Body::Keys(Keys { read: Vec::new(), items: vec![(grant, item_key)] });
            let journal = Space::Journal { owner: person };
            let packed = record::pack(record::kind::GRANT, &terms);
            let put = (grant_record(grant).key(), packed.as_str().into());
            // Laid over it too: it may have been taken back meanwhile, on a device that does not know who came.
            let known = (schema::field(grant_record(grant), "helper"), schema::scalar(&serde_json::json!(helper)));
            let used = (schema::invited(grant_record(grant)), ScalarValue::Null);
            self.write_body(cx, journal, &keys)
                .and_then(|_| self.open_epoch(cx, space, &[helper]))
                .and_then(|_| self.write(cx, DocId::Plan, &[put, known, used], "share"))
                .map_err(|_| Refused::Ticket)?;
        }
        let statements = self
            .registry
            .statements()
            .filter(|one| match one.said() {
                Said::Epoch(epoch) => epoch.space == space,
                roster => roster.roster_of() == Some(person),
            })
            .map(|one| Blob(one.bytes().to_vec()))
            .collect();
        let name = self.view.grant(&grant_record(grant)).map(|row| row.value.client_name.clone()).unwrap_or_default();
        Ok(Welcome { person, name, statements, grant: Some(grant) })
    }

    /// The first Hello after a Welcome: it is durable on both sides.
    pub(in crate::replica) fn was_welcomed(&mut self, cx: &mut Cx<'_>, key: LinkKey) {
        let done = |one: &Awaiting| one.welcomed.as_ref().is_some_and(|(welcomed, _, _)| *welcomed == key);
        let clients: Vec<_> = self.awaiting.iter().filter(|(_, one)| done(one)).map(|(client, _)| *client).collect();
        for client in clients {
            if let Some((_, name, device)) = self.awaiting.remove(&client).and_then(|one| one.welcomed) {
                cx.rest.push(Effect::Event { client, event: Event::Joined { name, device } });
                cx.answer(client, Ok(Reply::Done));
            }
        }
    }
}
