//! Meeting by ticket, both sides: the giver who invited and the joiner who holds the ticket.
//!
//! ```text
//! joiner                                   giver
//! Join (proof) --------------------------> binds the ticket to the joiner's link key
//!        <---------------------------- For (person)            a device makes its keys for that person
//! Join (proof, keys) --------------------> asks the person, or was told --yes
//!        <---------------------------- Welcome                 everything in it is on the giver's stable storage
//! Hello (everything is on the joiner's) -> Joined
//! ```

use std::net::SocketAddr;
use std::time::Duration;

use asif_proto::frame;
use asif_proto::id::{GrantId, LinkKey, PersonId};
use asif_proto::local::{ErrorKind, Event, Failure, Joined, NewGoal, Question, Reply, Request};
use asif_proto::peer::{Blob, Join, Joiner, Message, Refused, Welcome};
use asif_proto::ticket::{Ticket, TicketRole, ticket_id};
use jiff::Timestamp;
use rand_core::Rng as _;

use super::effect::{ClientId, Effect, LinkId};
use super::{Cx, Replica};
use crate::journal::record::{self, Client, Grant, grant_record};
use crate::journal::schema;
use crate::people::pairing::{self, TICKET_MS};
use crate::people::registry::Registry;
use crate::people::space::Space;
use crate::people::statement::{Add, Candidate, Said, Statement};
use crate::seal::body::{Body, DocId, Keys};
use crate::seal::keys::{ItemKey, KitEntropy};
use crate::seal::vault::{Invitation, Offer, Vault};
use crate::sync::link::Peer;

/// The longest a joiner waits for the giver, the giver's person included.
const JOIN_LIMIT: Duration = Duration::from_secs(600);
/// The longest a joiner waits for the journal to arrive before it answers all the same.
const ARRIVE_LIMIT: Duration = Duration::from_secs(10);

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
#[derive(Debug, Clone)]
pub(super) struct Joining {
    client: Option<ClientId>,
    ticket: Ticket,
    name: Option<String>,
    at: Option<SocketAddr>,
    pub(super) link: Option<LinkId>,
    deadline: Duration,
    /// Let in: waiting for what is shared to arrive.
    arriving: Option<(LinkKey, String)>,
}

impl Replica {
    /// Makes the person, the first device and the journal.
    pub(super) fn found_person(
        &mut self,
        cx: &mut Cx<'_>,
        name: Option<&str>,
        device: Option<&str>,
        wish: Option<&str>,
        goal: Option<&NewGoal>,
    ) -> Result<(), Failure> {
        if self.person().is_some() {
            return Err(Failure::new(ErrorKind::Precondition, "there is a journal here already").hint("see it with: asif status"));
        }
        let mut vault = match self.vault.take() {
            Some(vault) if vault.person.is_none() => vault,
            _ => Vault::random(cx.rng),
        };
        let kit = KitEntropy::random(cx.rng);
        let person = kit.person();
        (vault.person, vault.kit) = (Some(person), Some(kit.clone()));
        let candidate = Candidate::new(person, &vault.signing, &vault.sealing, vault.link.public());
        let add = Statement::by_root(&kit, &Said::Add(Add { person, device: candidate, seen: Vec::new() }));
        if self.vault_key.is_none() {
            self.vault_key = Some(crate::seal::keys::VaultKey::random(cx.rng));
        }
        self.vault = Some(vault);
        self.save_vault(cx);
        self.state(cx, add);
        self.heard = true;
        let journal = Space::Journal { owner: person };
        self.open_epoch(cx, journal, &[])?;
        self.want(cx, DocId::Plan);
        let mut puts = vec![Self::name_put(schema::device_name(&self.this_device()?), device.unwrap_or(&self.about.host))];
        puts.extend(name.map(|name| Self::name_put(schema::SELF_NAME.into(), name)));
        puts.extend(wish.map(|wish| Self::name_put(schema::SELF_WISH.into(), wish)));
        if let Some(goal) = goal {
            puts.extend(super::request::goal_puts(goal, cx));
        }
        self.write(cx, DocId::Plan, &puts, "init")?;
        Ok(())
    }

    pub(super) fn this_device(&self) -> Result<asif_proto::id::DeviceId, Failure> {
        self.vault.as_ref().map(|vault| vault.signing.device()).ok_or_else(super::no_journal)
    }

    /// An invitation stands from here on; the client hears its ticket.
    pub(super) fn invite(&mut self, cx: &mut Cx<'_>, client: ClientId, offer: Offer, yes: bool, no_wait: bool) -> Result<(), Failure> {
        let addresses = self.listening.clone().unwrap_or_default();
        let Some(vault) = &mut self.vault else { return Err(super::no_journal()) };
        let mut secret = [0; 16];
        cx.rng.fill_bytes(&mut secret);
        let now = cx.now.wall.as_millisecond();
        let role = match &offer {
            Offer::Device => TicketRole::Device,
            Offer::Helper { .. } => TicketRole::Helper,
        };
        vault.invitations.retain(|one| one.expires_ms > now);
        vault.invitations.push(Invitation { secret, expires_ms: now + TICKET_MS, yes, bound: None, used: false, offer });
        let ticket = Ticket { role, link_key: vault.link.public(), secret, addresses };
        self.save_vault(cx);
        let expires_at = Timestamp::from_second((now + TICKET_MS) / 1000).unwrap_or(cx.now.wall);
        cx.rest.push(Effect::Event { client, event: Event::Invited { code: None, ticket: ticket.to_string(), expires_at } });
        if no_wait {
            cx.answer(client, Ok(Reply::Done));
        } else {
            self.awaiting.insert(client, Awaiting { ticket: ticket.id(), asked: None, welcomed: None });
        }
        Ok(())
    }

    pub(super) fn asked_to_join(&mut self, cx: &mut Cx<'_>, id: LinkId, join: Join) {
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
        let Some(vault) = &mut self.vault else { return Err(Refused::Ticket) };
        let ours = vault.link.public();
        let invitation = vault.invitations.iter_mut().find(|one| ticket_id(&one.secret) == join.ticket).ok_or(Refused::Ticket)?;
        let was = invitation.bound;
        pairing::admit(invitation, now, &exporter, &ours, &key, &join.proof)?;
        let (yes, bound) = (invitation.yes || invitation.used, was.is_none());
        let offers_device = matches!(invitation.offer, Offer::Device);
        if bound {
            self.save_vault(cx);
        }
        match &join.joiner {
            Joiner::Device { person: made_for, .. } if offers_device && *made_for != person => {
                cx.rest.push(Effect::Send { link: id, message: Message::For(person) });
                return Ok(());
            }
            Joiner::Device { .. } if offers_device => {}
            Joiner::Helper { .. } if !offers_device => {}
            _ => return Err(Refused::Ticket),
        }
        if yes {
            return self.welcome(cx, id, join);
        }
        let role = match self.offer_of(&join.ticket) {
            Some(Offer::Helper { record, .. }) => {
                serde_json::from_str::<Grant>(&record).map(|grant| grant.role.word().to_owned()).unwrap_or_else(|_| "helper".into())
            }
            _ => "device".into(),
        };
        let Some((client, awaiting)) = self.awaiting.iter_mut().find(|(_, one)| one.ticket == join.ticket) else {
            return Err(Refused::Declined);
        };
        let name = join.name.clone();
        awaiting.asked = Some((id, join));
        cx.rest.push(Effect::Question { client: *client, question: Question::Admit { name, role } });
        Ok(())
    }

    fn offer_of(&self, ticket: &[u8; 8]) -> Option<Offer> {
        self.vault.as_ref()?.invitations.iter().find(|one| ticket_id(&one.secret) == *ticket).map(|one| one.offer.clone())
    }

    pub(super) fn decided(&mut self, cx: &mut Cx<'_>, client: ClientId, yes: bool) {
        let Some((id, join)) = self.awaiting.get_mut(&client).and_then(|one| one.asked.take()) else { return };
        let outcome = if yes { self.welcome(cx, id, join) } else { Err(Refused::Declined) };
        if let Err(refused) = outcome {
            cx.rest.push(Effect::Send { link: id, message: Message::Refused(refused) });
            self.drop_link(cx, id);
            if refused == Refused::Declined {
                self.awaiting.remove(&client);
                cx.answer(client, Err(Failure::new(ErrorKind::NotPermitted, "nobody was let in")));
            }
        }
    }

    fn welcome(&mut self, cx: &mut Cx<'_>, id: LinkId, join: Join) -> Result<(), Refused> {
        let Some(link) = self.links.get(&id) else { return Ok(()) };
        let (key, address) = (link.key, link.address);
        let welcome = match (&join.joiner, self.offer_of(&join.ticket)) {
            (Joiner::Device { candidate, .. }, Some(Offer::Device)) => self.welcome_device(cx, key, candidate)?,
            (Joiner::Helper { person, roster }, Some(Offer::Helper { grant, record })) => {
                let grant = record::record_grant(asif_proto::id::RecordId(grant));
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
            awaiting.welcomed = Some((key, name, super::find::short(&device.to_string())));
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
        let statements = self.registry.statements().map(|one| Blob(one.bytes().to_vec())).collect();
        Ok(Welcome { person, name: self.own_name(), statements, grant: None })
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
        let about_them = statements.iter().all(|one| matches!(one.said(), Said::Add(add) if add.person == helper));
        let holds_key = theirs.roster(&helper).devices().any(|device| device.link == key);
        if helper == person || !about_them || !holds_key {
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
            self.write_body(cx, journal, &keys)
                .and_then(|_| self.open_epoch(cx, space, &[helper]))
                .and_then(|_| self.write(cx, DocId::Plan, &[put], "share"))
                .map_err(|_| Refused::Ticket)?;
        }
        let statements = self
            .registry
            .statements()
            .filter(|one| match one.said() {
                Said::Add(add) => add.person == person,
                Said::Epoch(epoch) => epoch.space == space,
                Said::Unknown(_) => false,
            })
            .map(|one| Blob(one.bytes().to_vec()))
            .collect();
        let name = self.view.grant(&grant_record(grant)).map(|row| row.value.client_name.clone()).unwrap_or_default();
        Ok(Welcome { person, name, statements, grant: Some(grant) })
    }

    /// The first Hello after a Welcome: it is durable on both sides.
    pub(super) fn was_welcomed(&mut self, cx: &mut Cx<'_>, key: LinkKey) {
        let done = |one: &Awaiting| one.welcomed.as_ref().is_some_and(|(welcomed, _, _)| *welcomed == key);
        let clients: Vec<_> = self.awaiting.iter().filter(|(_, one)| done(one)).map(|(client, _)| *client).collect();
        for client in clients {
            if let Some((_, name, device)) = self.awaiting.remove(&client).and_then(|one| one.welcomed) {
                cx.rest.push(Effect::Event { client, event: Event::Joined { name, device } });
                cx.answer(client, Ok(Reply::Done));
            }
        }
    }

    // -- the joiner --

    /// Begins to join with a ticket; the answer comes when it is through.
    pub(super) fn join(&mut self, cx: &mut Cx<'_>, client: ClientId, request: &Request) -> Result<(), Failure> {
        let (text, name, at, role) = match request {
            Request::DeviceJoin { ticket, name, at } => (ticket, name, at, TicketRole::Device),
            Request::HelperJoin { ticket, name, at } => (ticket, name, at, TicketRole::Helper),
            _ => return Err(Failure::new(ErrorKind::Usage, "this is not a request to join")),
        };
        let ticket: Ticket =
            text.parse().map_err(|error: asif_proto::ticket::TicketError| Failure::new(ErrorKind::Usage, error.to_string()))?;
        if ticket.role != role {
            let hint = if role == TicketRole::Device { "asif helper join" } else { "asif device join" };
            return Err(Failure::new(ErrorKind::Usage, "this ticket is for something else").hint(format!("use it with: {hint}")));
        }
        let at = at.as_deref().map(|at| at.parse::<SocketAddr>()).transpose();
        let at = at.map_err(|_| Failure::new(ErrorKind::Usage, "--at takes an address like 192.0.2.7:4433"))?;
        if self.joining.is_some() {
            return Err(Failure::new(ErrorKind::Precondition, "this home is already joining"));
        }
        let ours = self.vault.as_ref().map(|vault| vault.link.public());
        if ours == Some(ticket.link_key) {
            return Err(Failure::new(ErrorKind::Precondition, "this ticket was made here").hint("use it on the other device"));
        }
        match role {
            TicketRole::Device => self.prepare_device(cx, &ticket)?,
            TicketRole::Helper if self.person().is_none() => self.found_person(cx, name.as_deref(), None, None, None)?,
            TicketRole::Helper => {}
        }
        if let Some(vault) = &mut self.vault {
            vault.networked = true;
        }
        self.save_vault(cx);
        let deadline = cx.now.mono + JOIN_LIMIT;
        self.joining = Some(Joining { client: Some(client), ticket, name: name.clone(), at, link: None, deadline, arriving: None });
        if self.listening.is_some() {
            self.dial_giver(cx);
        } else {
            self.listen_wanted = true;
            cx.rest.push(Effect::Listen);
        }
        Ok(())
    }

    /// A device may join another person only while it holds nothing of its own.
    fn prepare_device(&mut self, cx: &mut Cx<'_>, ticket: &Ticket) -> Result<(), Failure> {
        let already = self.registry.holder(&ticket.link_key).map(|(person, _)| person);
        if self.person().is_some() && already == self.person() {
            return Err(
                Failure::new(ErrorKind::Precondition, "these two devices are already paired").hint("see them with: asif device list")
            );
        }
        if self.person().is_some() && !self.view.is_empty() {
            return Err(Failure::new(ErrorKind::Precondition, "this home already holds a journal, and a home holds one person's journal")
                .hint("set ASIF_HOME to another folder and join there; what is here stays as it is"));
        }
        if self.vault.as_ref().is_none_or(|vault| vault.person.is_some()) {
            self.vault = Some(Vault::random(cx.rng));
        }
        if self.vault_key.is_none() {
            self.vault_key = Some(crate::seal::keys::VaultKey::random(cx.rng));
        }
        Ok(())
    }

    pub(super) fn dial_giver(&mut self, cx: &mut Cx<'_>) {
        if self.joining.as_ref().is_none_or(|joining| joining.link.is_some()) {
            return;
        }
        let link = self.next_link();
        if let Some(joining) = &mut self.joining {
            joining.link = Some(link);
            let addresses: Vec<_> = joining.at.into_iter().chain(joining.ticket.addresses.iter().copied()).collect();
            cx.rest.push(Effect::Dial { link, peer: joining.ticket.link_key, addresses });
        }
    }

    pub(super) fn ask_to_join(&mut self, cx: &mut Cx<'_>, id: LinkId) {
        self.send_join(cx, id, None);
    }

    fn send_join(&mut self, cx: &mut Cx<'_>, id: LinkId, person: Option<PersonId>) {
        let (Some(joining), Some(vault), Some(link)) = (&self.joining, &self.vault, self.links.get(&id)) else { return };
        let ticket = &joining.ticket;
        let proof = pairing::proof(&ticket.secret, &link.exporter, &ticket.link_key, &vault.link.public());
        let joiner = match (ticket.role, person, self.person()) {
            (TicketRole::Device, Some(person), _) => {
                let candidate = Candidate::new(person, &vault.signing, &vault.sealing, vault.link.public());
                Joiner::Device { candidate: Blob(frame::encode(&candidate)), person }
            }
            (TicketRole::Device, None, _) => Joiner::Device { candidate: Blob(Vec::new()), person: PersonId([0; 32]) },
            (TicketRole::Helper, _, Some(me)) => {
                let own = |one: &&Statement| matches!(one.said(), Said::Add(add) if add.person == me);
                let roster = self.registry.statements().filter(own).map(|one| Blob(one.bytes().to_vec())).collect();
                Joiner::Helper { person: me, roster }
            }
            (TicketRole::Helper, _, None) => return,
        };
        let name = match ticket.role {
            TicketRole::Device => joining.name.clone().unwrap_or_else(|| self.about.host.clone()),
            TicketRole::Helper => joining.name.clone().unwrap_or_else(|| self.own_name()),
        };
        let join = Join { ticket: ticket.id(), proof, joiner, name, listen: self.listening.clone().unwrap_or_default() };
        cx.rest.push(Effect::Send { link: id, message: Message::Join(join) });
    }

    pub(super) fn giver_says(&mut self, cx: &mut Cx<'_>, id: LinkId, message: Message) {
        if self.joining.as_ref().and_then(|joining| joining.link) != Some(id) {
            return;
        }
        match message {
            Message::For(person) => self.send_join(cx, id, Some(person)),
            Message::Welcome(welcome) => {
                if let Err(failure) = self.welcomed(cx, id, welcome) {
                    self.fail_join(cx, failure);
                    self.drop_link(cx, id);
                }
            }
            Message::Refused(refused) => {
                let kind = if refused == Refused::Version { ErrorKind::PeerUnreachable } else { ErrorKind::Precondition };
                self.fail_join(cx, Failure::new(kind, refused.to_string()).hint("ask for a new ticket"));
                self.drop_link(cx, id);
            }
            _ => {}
        }
    }

    fn welcomed(&mut self, cx: &mut Cx<'_>, id: LinkId, welcome: Welcome) -> Result<(), Failure> {
        let nonsense = || Failure::new(ErrorKind::NotPermitted, "the other side's answer does not fit together; nothing was joined");
        let (Some(joining), Some(vault)) = (&self.joining, &mut self.vault) else { return Ok(()) };
        let (role, giver, name) = (joining.ticket.role, joining.ticket.link_key, joining.name.clone());
        let statements: Vec<Statement> =
            welcome.statements.iter().map(|blob| Statement::from_bytes(&blob.0)).collect::<Result<_, _>>().map_err(|_| nonsense())?;
        let mut theirs = Registry::default();
        statements.iter().for_each(|statement| {
            theirs.insert(statement.clone());
        });
        let roster = theirs.roster(&welcome.person);
        if !roster.devices().any(|device| device.link == giver) {
            return Err(nonsense());
        }
        match role {
            TicketRole::Device => {
                if roster.device(&vault.signing.device()).is_none() {
                    return Err(nonsense());
                }
                vault.person = Some(welcome.person);
                vault.kit = None;
                self.save_vault(cx);
                statements.into_iter().for_each(|statement| {
                    self.state(cx, statement);
                });
                self.refresh_keys();
                self.want(cx, DocId::Plan);
                let device = self.this_device()?;
                let name = name.unwrap_or_else(|| self.about.host.clone());
                self.write(cx, DocId::Plan, &[Self::name_put(schema::device_name(&device), &name)], "device")?;
            }
            TicketRole::Helper => self.become_helper(cx, &welcome, statements)?,
        }
        let holder = self.registry.holder(&giver).ok_or_else(nonsense)?;
        let address = self.links.get(&id).map(|link| link.address);
        if let Some(link) = self.links.get_mut(&id) {
            link.peer = Peer::Known { person: holder.0, device: holder.1 };
        }
        if let Some(address) = address {
            self.learn_addresses(cx, giver, address, &[address]);
        }
        if let Some(joining) = &mut self.joining {
            joining.deadline = cx.now.mono + ARRIVE_LIMIT;
            joining.arriving = Some((giver, welcome.name));
        }
        self.say_hello(cx, id);
        Ok(())
    }

    fn become_helper(&mut self, cx: &mut Cx<'_>, welcome: &Welcome, statements: Vec<Statement>) -> Result<(), Failure> {
        let nonsense = || Failure::new(ErrorKind::NotPermitted, "the invitation does not fit together; nothing was joined");
        let (Some(me), Some(grant)) = (self.person(), welcome.grant) else { return Err(nonsense()) };
        let share = Space::Share { owner: welcome.person, grant };
        let fits = |one: &Statement| match one.said() {
            Said::Add(add) => add.person == welcome.person,
            Said::Epoch(epoch) => epoch.space == share && epoch.readers.contains(&me),
            Said::Unknown(_) => false,
        };
        if !statements.iter().all(fits) {
            return Err(nonsense());
        }
        statements.into_iter().for_each(|statement| {
            self.state(cx, statement);
        });
        self.refresh_keys();
        let read: Vec<_> = self
            .registry
            .epochs(share.id())
            .filter_map(|epoch| Some((share.id(), epoch.key, self.keys.get(&(share.id(), epoch.key))?.read.clone())))
            .collect();
        if read.is_empty() {
            return Err(nonsense());
        }
        if self.view.client(&grant_record(grant)).is_some() {
            return Ok(());
        }
        let name = super::find::one_line(&welcome.name, "client");
        let client = Client { person: welcome.person, name, joined_at: cx.now.wall };
        let put = (grant_record(grant).key(), record::pack(record::kind::CLIENT, &client).as_str().into());
        self.write_body(cx, Space::Journal { owner: me }, &Body::Keys(Keys { read, items: Vec::new() }))?;
        self.write(cx, DocId::Plan, &[put], "helper")?;
        self.open_epoch(cx, Space::Feedback { owner: me, grant }, &[welcome.person])?;
        Ok(())
    }

    fn fail_join(&mut self, cx: &mut Cx<'_>, failure: Failure) {
        if let Some(client) = self.joining.take().and_then(|joining| joining.client) {
            cx.answer(client, Err(failure));
        }
    }

    /// A link that was used for joining went away.
    pub(super) fn join_link_closed(&mut self, cx: &mut Cx<'_>, id: LinkId, reason: &str) {
        for awaiting in self.awaiting.values_mut() {
            if awaiting.asked.as_ref().is_some_and(|(asked, _)| *asked == id) {
                awaiting.asked = None;
            }
        }
        let Some(joining) = &self.joining else { return };
        if joining.link == Some(id) && joining.arriving.is_none() {
            let failure = Failure::new(ErrorKind::PeerUnreachable, format!("the other device could not be reached: {reason}"))
                .hint("is asif running there, and are both on the same network? try again with --at HOST:PORT; the ticket stays good");
            self.fail_join(cx, failure);
        }
    }

    /// Answers a join that is through, or has taken too long.
    pub(super) fn finish_join(&mut self, cx: &mut Cx<'_>) {
        let Some(joining) = &self.joining else { return };
        let late = cx.now.mono >= joining.deadline;
        let Some((giver, name)) = &joining.arriving else {
            if late {
                self.fail_join(cx, Failure::new(ErrorKind::PeerUnreachable, "the other person did not answer in time"));
            }
            return;
        };
        let link = self.links.iter().find(|(_, link)| link.key == *giver).map(|(id, _)| *id);
        let arrived = link.is_some_and(|link| self.is_settled(link)) && self.pending.is_empty() && self.is_ready();
        if !arrived && !late {
            return;
        }
        let helper = joining.ticket.role == TicketRole::Helper;
        let name = if helper { name.clone() } else { self.own_name() };
        let sessions = if helper { self.shared_sessions_with(giver) } else { self.session_count() };
        let device = self.this_device().map(|device| self.device_name(&device)).unwrap_or_default();
        if let Some(client) = self.joining.take().and_then(|joining| joining.client) {
            cx.answer(client, Ok(Reply::Joined(Joined { name, device, sessions, complete: arrived })));
        }
    }

    pub(super) fn is_awaited(&self, id: LinkId) -> bool {
        self.awaiting.values().any(|one| one.asked.as_ref().is_some_and(|(asked, _)| *asked == id))
            || self.joining.as_ref().is_some_and(|joining| joining.link == Some(id))
    }

    pub(super) fn gone(&mut self, client: ClientId) {
        self.awaiting.remove(&client);
        self.syncing.retain(|(one, _)| *one != client);
        self.revoking.retain(|(one, _, _)| *one != client);
        self.parked.retain(|(one, _)| *one != client);
        self.until_listening.retain(|(one, _)| *one != client);
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
        self.listening = Some(addresses);
        for (client, ask) in std::mem::take(&mut self.until_listening) {
            self.ask(cx, client, ask);
        }
        self.dial_giver(cx);
    }

    pub(super) fn not_listening(&mut self, cx: &mut Cx<'_>, reason: &str) {
        let failure = Failure::new(ErrorKind::Failure, format!("the network could not be opened: {reason}"))
            .hint("choose another address with: asif config set listen ADDR:PORT");
        for (client, _) in std::mem::take(&mut self.until_listening) {
            cx.answer(client, Err(failure.clone()));
        }
        self.fail_join(cx, failure);
    }
}
