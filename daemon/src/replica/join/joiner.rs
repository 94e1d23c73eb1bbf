//! The joiner: takes a ticket to its giver, and what the giver says into this home.

use std::time::Duration;

use asif_proto::frame;
use asif_proto::id::{LinkKey, PersonId};
use asif_proto::local::{Ask, ErrorKind, Failure, Joined, Reply, Request};
use asif_proto::peer::{Blob, Join, Joiner, Message, Refused, Welcome};
use asif_proto::ticket::{Ticket, TicketRole};

use super::super::begin::Answers;
use super::super::effect::{ClientId, Effect, LinkId};
use super::super::{Cx, Replica};
use super::by_code::Search;
use super::{By, Joining, address, by_what};
use uuid::Uuid;

use crate::journal::record::record_grant;
use crate::journal::schema;
use crate::people::pairing;
use crate::people::registry::Registry;
use crate::people::space::Space;
use crate::people::statement::{Candidate, Said, Statement};
use crate::seal::keys::LinkSeed;
use crate::seal::vault::Vault;
use crate::sync::link::Peer;

/// The longest a joiner waits for the giver, the giver's person included.
pub(super) const JOIN_LIMIT: Duration = Duration::from_secs(600);
/// The same for one that comes back by way of a mailbox.
const ARRIVE_FROM_MAILBOX_LIMIT: Duration = Duration::from_secs(60);
/// The longest a joiner waits for the journal to arrive before it answers all the same.
const ARRIVE_LIMIT: Duration = Duration::from_secs(10);

impl Replica {
    /// Begins to join with a ticket; the answer comes when it is through.
    pub(in crate::replica) fn join(&mut self, cx: &mut Cx<'_>, client: ClientId, ask: &Ask) -> Result<(), Failure> {
        let (text, name, at, role) = match &ask.request {
            Request::DeviceJoin { ticket, name, at } => (ticket, name, at, TicketRole::Device),
            Request::HelperJoin { ticket, name, at } => (ticket, name, at, TicketRole::Helper),
            _ => return Err(Failure::new(ErrorKind::Usage, "this is not a request to join")),
        };
        let by = self.go_on_with(by_what(text, role)?);
        let at = address(at.as_deref())?;
        if self.goes_on(cx, client, ask.id, role)? {
            return Ok(());
        }
        match &by {
            By::Ticket(ticket) => self.is_made_elsewhere(ticket)?,
            By::Code(code, _) => self.may_join_by_code(code, role, at)?,
            By::Kit(_) => {}
        }
        let mut candidate = match (role, &by) {
            (TicketRole::Device, By::Ticket(ticket)) => self.prepare_device(cx, ticket)?,
            (TicketRole::Device, _) => self.prepare_device_by_code(cx),
            (TicketRole::Helper, _) if self.person().is_none() => {
                self.found_person(cx, ask.id, &Answers { name: name.as_deref(), ..Answers::default() })?;
                None
            }
            (TicketRole::Helper, _) => None,
        };
        if let Some(vault) = candidate.as_deref_mut().or(self.vault.as_mut()) {
            vault.networked = true;
        }
        self.save_vault(cx);
        if candidate.is_some() {
            self.open_network_anew(cx);
        }
        let deadline = cx.now.mono + JOIN_LIMIT;
        self.joining = Some(Joining {
            candidate,
            client: Some(client),
            request: ask.id,
            by,
            name: name.clone(),
            at,
            link: None,
            is_mailbox: None,
            search: Search::default(),
            deadline,
            arriving: None,
        });
        if self.listening.is_some() {
            self.dial_giver(cx);
        } else {
            self.listen_wanted = true;
            cx.rest.push(Effect::Listen);
        }
        Ok(())
    }

    /// The network is opened anew, with the keys that are to be let in.
    pub(super) fn open_network_anew(&mut self, cx: &mut Cx<'_>) {
        if self.listening.take().is_some() {
            self.links.keys().copied().collect::<Vec<_>>().into_iter().for_each(|link| self.drop_link(cx, link));
            self.dialling.clear();
            cx.rest.push(Effect::Unlisten);
        }
    }

    /// A device that was removed comes again with new keys: what it wrote goes with it. Says whether it does.
    fn comes_anew(&mut self, cx: &mut Cx<'_>, id: LinkId) -> bool {
        let again = self.person().is_some() && !self.is_unplaced();
        let Some(joining) = self.joining.as_mut().filter(|one| again && one.role() == TicketRole::Device && one.candidate.is_none()) else {
            return false;
        };
        let mut candidate = self.candidate.get_or_insert_with(|| Box::new(Vault::random(cx.rng))).clone();
        candidate.networked = true;
        (joining.candidate, joining.link) = (Some(candidate), None);
        self.drop_link(cx, id);
        self.open_network_anew(cx);
        self.listen_wanted = true;
        cx.rest.push(Effect::Listen);
        true
    }

    /// A device may join another person only while it holds nothing of its own. Where it was begun, it joins with keys that count once it
    /// is let in; and so does a copy of the home that invites it, to be a device of its own from then on.
    fn prepare_device(&mut self, cx: &mut Cx<'_>, ticket: &Ticket) -> Result<Option<Box<Vault>>, Failure> {
        if self.is_unplaced() {
            // Another device gives back what this one lost.
            return Ok(None);
        }
        let already = self.registry.holder(&ticket.link_key).map(|(person, _)| person);
        let is_copy = self.vault.as_ref().is_some_and(|vault| vault.link_key() == ticket.link_key);
        if self.person().is_some() && self.forgotten.contains(&ticket.link_key) {
            // It is let in again, as the device it is; or, where it was removed, as another.
            return Ok(None);
        }
        if self.person().is_some() && !self.stands() && already == self.person() {
            return Ok(Some(self.candidate.get_or_insert_with(|| Box::new(Vault::random(cx.rng))).clone()));
        }
        if self.person().is_some() && already == self.person() && !is_copy {
            if !self.links.values().any(|link| link.key == ticket.link_key && link.up) {
                // As far as this one knows; it may have been removed there meanwhile.
                return Ok(None);
            }
            // An old copy of it listens somewhere else: where the ticket says.
            if let Some(first) = ticket.addresses.first() {
                self.learn_addresses(cx, ticket.link_key, *first, &ticket.addresses);
                self.backoff.entry(ticket.link_key).or_default().reset();
            }
            return Err(
                Failure::new(ErrorKind::Precondition, "these two devices are already paired").hint("see them with: asif device list")
            );
        }
        if self.person().is_some() && !is_copy {
            self.holds_nothing()?;
        }
        if self.person().is_some() {
            // Kept for the next try: a ticket is bound to the first keys that prove it.
            let candidate = self.candidate.get_or_insert_with(|| Box::new(Vault::random(cx.rng)));
            return Ok(Some(candidate.clone()));
        }
        self.prepare_keys(cx);
        Ok(None)
    }

    /// An error where this home holds a journal.
    pub(super) fn holds_nothing(&self) -> Result<(), Failure> {
        let typed = !self.view.is_empty() || self.view.name(schema::SELF_WISH).is_some();
        if !typed && self.vault.as_ref().is_none_or(|vault| !vault.networked) {
            return Ok(());
        }
        Err(Failure::new(ErrorKind::Precondition, "this home already holds a journal, and a home holds one person's journal").hint(
            "set ASIF_HOME to another folder and join there; what is here stays as it is. If it is a copy of the same journal: asif device pair here, and \
             asif device join on the other device",
        ))
    }

    /// This home has keys from here on. Those of a join that was broken off are kept: the ticket is bound to them.
    pub(super) fn prepare_keys(&mut self, cx: &mut Cx<'_>) {
        if self.vault.is_none() {
            self.vault = Some(Vault::random(cx.rng));
        }
        if self.vault_key.is_none() {
            self.vault_key = Some(crate::seal::keys::VaultKey::random(cx.rng));
        }
    }

    /// A ticket is for another device than the one that made it.
    pub(super) fn is_made_elsewhere(&self, ticket: &Ticket) -> Result<(), Failure> {
        let ours = self.vault.as_ref().map(|vault| vault.link_key());
        let made_here = self.vault.iter().flat_map(|vault| &vault.invitations).any(|one| one.secret == ticket.secret);
        if ours == Some(ticket.link_key) && (made_here || ticket.role == TicketRole::Helper) {
            return Err(Failure::new(ErrorKind::Precondition, "this ticket was made here").hint("use it on the other device"));
        }
        Ok(())
    }

    pub(in crate::replica) fn dial_giver(&mut self, cx: &mut Cx<'_>) {
        if self.joining.as_ref().is_none_or(|joining| joining.link.is_some()) || self.looks_for_giver(cx) {
            return;
        }
        let link = self.next_link();
        if let Some(joining) = &mut self.joining {
            joining.link = Some(link);
            let dial = match &joining.by {
                By::Ticket(ticket) => {
                    let addresses = joining.at.into_iter().chain(ticket.addresses.iter().copied()).collect();
                    Effect::Dial { link, peer: Some(ticket.link_key), addresses, names: Vec::new(), shows: None }
                }
                By::Code(..) => Effect::Dial { link, peer: None, addresses: joining.search.next(), names: Vec::new(), shows: None },
                // It may be a mailbox, which is to learn nothing by which it could know whose words these are.
                By::Kit(_) if joining.is_mailbox.is_none() => {
                    let shows = Some(LinkSeed::random(cx.rng));
                    Effect::Dial { link, peer: None, addresses: joining.at.into_iter().collect(), names: Vec::new(), shows }
                }
                // Whoever is there shows by the roster that they are who is looked for.
                By::Kit(kit) => Effect::Dial {
                    link,
                    peer: None,
                    addresses: joining.at.into_iter().collect(),
                    names: Vec::new(),
                    shows: Some(kit.link()),
                },
            };
            cx.rest.push(dial);
        }
    }

    pub(in crate::replica) fn ask_to_join(&mut self, cx: &mut Cx<'_>, id: LinkId) {
        if self.asks_whether_mailbox(id) {
            return self.greet_station(cx, id);
        }
        self.send_join(cx, id, None);
    }

    fn send_join(&mut self, cx: &mut Cx<'_>, id: LinkId, person: Option<PersonId>) {
        let (Some(joining), Some(vault), Some(link)) = (&self.joining, self.shown_vault(), self.links.get(&id)) else { return };
        let ticket = match &joining.by {
            By::Ticket(ticket) => ticket,
            By::Code(..) => return self.say_code(cx, id),
            By::Kit(kit) => {
                let said = super::restore::said_by(kit, vault, &[]).iter().map(|one| Blob(one.bytes().to_vec())).collect();
                return cx.rest.push(Effect::Send { link: id, message: Message::Introduce(said) });
            }
        };
        let proof = pairing::proof(&ticket.secret, &link.exporter, &ticket.link_key, &vault.link_key());
        let joiner = match (ticket.role, person, self.person()) {
            (TicketRole::Device, Some(person), _) => {
                let candidate = Candidate::new(person, &vault.signing, &vault.sealing, vault.link_key());
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
            TicketRole::Helper => joining
                .name
                .clone()
                .or_else(|| self.view.name(schema::SELF_NAME).map(str::to_owned))
                .unwrap_or_else(|| self.about.host.clone()),
        };
        let join = Join { ticket: ticket.id(), proof, joiner, name, listen: self.listening.clone().unwrap_or_default() };
        cx.rest.push(Effect::Send { link: id, message: Message::Join(join) });
    }

    pub(in crate::replica) fn giver_says(&mut self, cx: &mut Cx<'_>, id: LinkId, message: Message) {
        if self.joining.as_ref().and_then(|joining| joining.link) != Some(id) {
            return;
        }
        if self.asks_whether_mailbox(id) {
            match message {
                Message::Hello(_) => self.is_mailbox(cx, id),
                _ => self.drop_link(cx, id),
            }
            return;
        }
        match message {
            Message::CodeAnswer(answer) => self.code_answered(cx, id, &answer),
            Message::For(person) => match self.may_be_of(person) {
                Ok(()) => self.send_join(cx, id, Some(person)),
                Err(failure) => {
                    self.fail_join(cx, failure);
                    self.drop_link(cx, id);
                }
            },
            Message::Welcome(welcome) => {
                if let Err(failure) = self.welcomed(cx, id, welcome) {
                    self.fail_join(cx, failure);
                    self.drop_link(cx, id);
                }
            }
            Message::Refused(Refused::Removed) if self.comes_anew(cx, id) => {}
            Message::Refused(refused) if self.tries_another(cx, id, refused) => {}
            Message::Refused(refused) => {
                let kind = if refused == Refused::Version { ErrorKind::PeerUnreachable } else { ErrorKind::Precondition };
                let hint = match (refused, &self.joining) {
                    (Refused::Used, Some(joining)) => joining.another_was_first(),
                    (Refused::Code, _) => "ask for a new one: each is good for one try, and for ten minutes",
                    (Refused::CodesLocked, _) => "ask for the ticket: the long text that starts with asif1",
                    (Refused::OtherRole, Some(joining)) => joining.other_command(),
                    _ => "ask for a new ticket",
                };
                self.fail_join(cx, Failure::new(kind, refused.to_string()).hint(hint));
                self.drop_link(cx, id);
            }
            _ => {}
        }
    }

    fn welcomed(&mut self, cx: &mut Cx<'_>, id: LinkId, welcome: Welcome) -> Result<(), Failure> {
        let nonsense = || Failure::new(ErrorKind::NotPermitted, "the other side's answer does not fit together; nothing was joined");
        let (Some(joining), Some(vault)) = (&self.joining, self.shown_vault()) else { return Ok(()) };
        let Some(giver) = self.links.get(&id).map(|link| link.key) else { return Ok(()) };
        let (role, name, request) = (joining.role(), joining.name.clone(), joining.request);
        let kit = match &joining.by {
            By::Kit(kit) => Some(kit.clone()),
            By::Ticket(_) | By::Code(..) => None,
        };
        if kit.as_ref().is_some_and(|kit| kit.person() != welcome.person) {
            return Err(nonsense());
        }
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
                if roster.device(&vault.device()).is_none() {
                    return Err(nonsense());
                }
                self.may_be_of(welcome.person)?;
                let back = self.is_unplaced();
                if back && self.vault.as_ref().is_some_and(|vault| vault.person != Some(welcome.person)) {
                    return Err(Failure::new(ErrorKind::Precondition, "this home holds the entries of another journal")
                        .hint(
                    "set ASIF_HOME to another folder and join there; what is here stays as it is. If it is a copy of the same journal: asif device pair here, and \
                     asif device join on the other device",
                ));
                }
                let is_here = self.person() == Some(welcome.person);
                let candidate = self.joining.as_mut().and_then(|joining| joining.candidate.take());
                if let Some(kit) = &kit
                    && let Some(vault) = &mut self.vault
                {
                    vault.kit = Some(kit.clone());
                }
                self.become_device(cx, candidate, welcome.person, statements, is_here)?;
                self.call_this_device(cx, name.as_deref(), request, is_here)?;
            }
            TicketRole::Helper => self.become_helper(cx, &welcome, statements, request)?,
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
        match kit {
            None => self.say_hello(cx, id),
            // From here on it comes as itself.
            Some(_) => self.is_introduced(cx, id),
        }
        Ok(())
    }

    /// From here on what is waited for comes from a mailbox.
    pub(super) fn arrives_from(&mut self, cx: &Cx<'_>, key: LinkKey) {
        if let Some(joining) = &mut self.joining {
            joining.deadline = cx.now.mono + ARRIVE_FROM_MAILBOX_LIMIT;
            joining.arriving = Some((key, String::new()));
        }
    }

    pub(super) fn fail_join(&mut self, cx: &mut Cx<'_>, failure: Failure) {
        let Some(joining) = self.joining.take() else { return };
        if joining.candidate.is_some() {
            // The network was opened with keys that nobody let in.
            (self.listening, self.listen_wanted) = (None, false);
            cx.rest.push(Effect::Unlisten);
        }
        if let Some(client) = joining.client {
            cx.answer(client, Err(failure));
        }
    }

    /// What the same request was answered before, or would have been.
    pub(super) fn joined_by(&self, request: Uuid, role: TicketRole) -> Option<Joined> {
        let device = self.this_device().ok()?;
        let name = match role {
            TicketRole::Device => {
                let by = self.view.name(&schema::joined_by(&device))?;
                (by == request.simple().to_string()).then(|| self.own_name())?
            }
            TicketRole::Helper => self.view.clients().find(|(_, row)| row.value.joined_by == Some(request))?.1.value.name.clone(),
        };
        (self.joining.is_none()).then(|| Joined { name, device: self.device_name(&device), sessions: self.session_count(), complete: true })
    }

    /// Answers a join that is through, or has taken too long.
    pub(in crate::replica) fn finish_join(&mut self, cx: &mut Cx<'_>) {
        let Some(joining) = &self.joining else { return };
        let late = cx.now.mono >= joining.deadline;
        let Some((giver, name)) = &joining.arriving else {
            if late && joining.link.is_none() && matches!(joining.by, By::Code(..)) {
                let failure = self.nobody_found();
                self.fail_join(cx, failure);
            } else if late {
                self.fail_join(cx, Failure::new(ErrorKind::PeerUnreachable, "the other person did not answer in time"));
            }
            return;
        };
        let link = self.links.iter().find(|(_, link)| link.key == *giver).map(|(id, _)| *id);
        let from_mailbox = joining.is_mailbox == Some(true) && self.is_station_settled(giver);
        let arrived = (from_mailbox || link.is_some_and(|link| self.is_settled(link))) && self.is_merged();
        if !arrived && !late {
            return;
        }
        let helper = joining.role() == TicketRole::Helper;
        let client = self.registry.holder(giver).and_then(|(person, _)| {
            let named = self.view.clients().filter(|(_, row)| row.value.person == person);
            // The one that was just begun: there may be others with the same person.
            named.max_by_key(|(_, row)| row.value.joined_at).map(|(id, row)| (*id, person, row.value.name.clone()))
        });
        let (name, sessions) = match client {
            Some((id, person, name)) if helper => (name, self.shared_sessions(Space::Share { owner: person, grant: record_grant(id) })),
            None if helper => (name.clone(), 0),
            _ => (self.own_name(), self.session_count()),
        };
        let device = self.this_device().map(|device| self.device_name(&device)).unwrap_or_default();
        if let Some(client) = self.joining.take().and_then(|joining| joining.client) {
            cx.answer(client, Ok(Reply::Joined(Joined { name, device, sessions, complete: arrived })));
        }
    }
}
