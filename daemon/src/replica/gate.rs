//! Who is let in, and whom to dial.

use std::collections::BTreeSet;
use std::time::Duration;

use asif_proto::id::{GrantId, LinkKey, PersonId};
use asif_proto::local::{Failure, Reply, Synced};
use asif_proto::peer::Message;

use super::effect::{ClientId, Effect, LinkId};
use super::{Cx, Replica};
use jiff::Timestamp;
use rand_core::Rng as _;

use crate::journal::record::{grant_record, record_grant};
use crate::people::space::Space;
use crate::share::feedback;
use crate::sync::link::{Link, Peer};

/// Said of a helper to whom nothing new goes from an old copy.
const WAITS_FOR_YOU: &str = "what is new here waits until you have looked and gone on";

impl Replica {
    /// The persons who are let in, beside this one: those this device talks to, and clients who have ended, whose devices may still
    /// want to hear that their end has arrived.
    fn admitted_persons(&self) -> BTreeSet<PersonId> {
        self.others().into_iter().chain(self.view.clients().map(|(_, row)| row.value.person)).collect()
    }

    /// The persons this device talks to, beside its own: helpers, until the end has reached them and they have answered, and clients, until they end.
    fn others(&self) -> BTreeSet<PersonId> {
        let helpers = self.view.grants().filter_map(|(id, row)| {
            let (grant, helper) = (&row.value, row.value.helper?);
            let is_done = |ended| self.is_done_with(helper, record_grant(*id), ended, grant.end_reached == Some(true));
            (!grant.ended.is_some_and(is_done)).then_some(helper)
        });
        let clients = self.view.clients().filter(|(id, _)| !self.has_ended(record_grant(**id))).map(|(_, row)| row.value.person);
        helpers.chain(clients).collect()
    }

    /// Whether this key belongs to somebody who is let in.
    pub(super) fn is_welcome(&self, person: &PersonId, key: &LinkKey) -> bool {
        self.link_key() != Some(*key) && (self.person() == Some(*person) || self.admitted_persons().contains(person))
    }

    /// Whether a share under this grant has ended, by the journal or by the space itself.
    pub(super) fn has_ended(&self, grant: GrantId) -> bool {
        self.end_of(grant).is_some()
    }

    /// When a share under this grant ended.
    pub(super) fn end_of(&self, grant: GrantId) -> Option<Timestamp> {
        if let Some(ended) = self.view.grant(&grant_record(grant)).and_then(|row| row.value.ended) {
            return Some(ended);
        }
        let owner = match self.view.client(&grant_record(grant)) {
            Some(row) if row.value.left.is_some() => return row.value.left,
            Some(row) => Some(row.value.person),
            None => self.person(),
        };
        let space = Space::Share { owner: owner?, grant };
        let told = self.boards.get(&space.id()).and_then(|board| board.ended_ms());
        if let Some(ended) = told {
            return Some(Timestamp::from_millisecond(ended).unwrap_or(Timestamp::MIN));
        }
        // A helper's own clock ends it at its time, whether anybody is there to say so or not.
        let terms = self.view.client(&grant_record(grant)).and_then(|_| self.agreed(grant));
        terms?.ends().filter(|ends| *ends <= self.now.wall)
    }

    /// Whether a grant stands between this person and another.
    pub(super) fn knows_grant(&self, grant: GrantId, person: PersonId) -> bool {
        let id = grant_record(grant);
        self.view.grant(&id).is_some_and(|row| row.value.helper == Some(person))
            || self.view.client(&id).is_some_and(|row| row.value.person == person)
    }

    pub(super) fn known_keys(&self) -> BTreeSet<LinkKey> {
        self.keys_of(self.others())
    }

    /// The link keys of these persons' devices, and of one's own other devices.
    fn keys_of(&self, others: BTreeSet<PersonId>) -> BTreeSet<LinkKey> {
        let persons = self.person().into_iter().chain(others);
        let ours = self.link_key();
        let devices = persons.flat_map(|person| self.registry.roster(&person).devices().map(|device| device.link));
        devices.filter(|key| Some(*key) != ours).collect()
    }

    pub(super) fn update_gate(&mut self, cx: &mut Cx<'_>) {
        let mut known = self.keys_of(self.admitted_persons());
        // With that key somebody may bring word of a device that is not known here, and nothing else.
        let persons = self.person().into_iter().chain(self.admitted_persons());
        known.extend(persons.filter(|_| !self.locked).filter_map(|person| Some(self.registry.kit(&person)?.link)));
        let now = cx.now.wall.as_millisecond();
        let open: Vec<_> = self.vault.iter().flat_map(|vault| &vault.invitations).filter(|one| one.expires_ms > now).collect();
        // Whoever proved a ticket may come again, unless they were removed; others only while there is a ticket that lets them in.
        known.extend(open.iter().filter_map(|one| one.bound).filter(|key| !self.registry.is_gone(key)));
        let strangers = open.iter().any(|one| one.bound.is_none() && !one.used && (one.yes || self.is_awaiting(&one.secret)));
        let next = open.iter().map(|one| one.expires_ms).min().and_then(|at| u64::try_from(at - now).ok());
        self.gate_at = next.map(|wait| cx.now.mono + Duration::from_millis(wait));
        let gate = (known, strangers);
        if self.admitted.as_ref() != Some(&gate) {
            cx.rest.push(Effect::Admit { known: gate.0.clone(), strangers });
            for id in self.links.keys().copied().collect::<Vec<_>>() {
                let Some(link) = self.links.get(&id) else { continue };
                let is_known = matches!(link.peer, crate::sync::link::Peer::Known { .. });
                if is_known && link.closing.is_none() && !gate.0.contains(&link.key) {
                    self.drop_link(cx, id);
                }
            }
            self.admitted = Some(gate);
        }
        if self.listen_after.is_some_and(|at| cx.now.mono >= at) {
            self.listen_after = None;
        }
        let may_listen = self.listen_after.is_none() && self.rest_until.is_none();
        let networked = self.vault.as_ref().map(|vault| vault.networked).or(self.outside.as_ref().map(|outside| outside.networked));
        if (self.locked || self.is_ready()) && may_listen && !self.listen_wanted && networked == Some(true) {
            self.listen_wanted = true;
            cx.rest.push(Effect::Listen);
        }
    }

    pub(super) fn next_link(&mut self) -> LinkId {
        self.next_link += 2;
        LinkId(self.next_link)
    }

    /// Peers that are known, have an address, and have neither a link nor a dial under way.
    fn unlinked(&self) -> impl Iterator<Item = LinkKey> {
        self.known_keys().into_iter().filter(|key| {
            !self.links.values().any(|link| link.key == *key && !link.is_doubtful(self.now.mono))
                && !self.dialling.values().any(|dialled| dialled == key)
                && !self.addresses_of(key).is_empty()
        })
    }

    pub(super) fn dial_due(&mut self, cx: &mut Cx<'_>) {
        if self.listening.is_none() {
            return;
        }
        for key in self.unlinked().collect::<Vec<_>>() {
            if self.backoff.entry(key).or_default().not_before() <= cx.now.mono {
                self.dial(cx, key);
            }
        }
    }

    fn dial(&mut self, cx: &mut Cx<'_>, key: LinkKey) {
        let addresses = self.addresses_of(&key);
        let link = self.next_link();
        self.dialling.insert(link, key);
        let shows = self.introduces_to(&key, link);
        cx.rest.push(Effect::Dial { link, peer: Some(key), addresses, names: Vec::new(), shows });
    }

    pub(super) fn dial_deadlines(&self) -> impl Iterator<Item = Duration> {
        let dial = self.listening.is_some();
        self.unlinked().filter(move |_| dial).map(|key| self.backoff.get(&key).map(|one| one.not_before()).unwrap_or_default())
    }

    /// Dials everybody at once, and answers when each was brought up to date or could not be reached.
    pub(super) fn sync(&mut self, cx: &mut Cx<'_>, client: ClientId, wait_ms: Option<u64>) {
        let stations: Vec<LinkKey> = self.stations().iter().map(|station| station.key).collect();
        for key in self.unlinked().chain(stations).collect::<Vec<_>>() {
            self.backoff.entry(key).or_default().reset();
            self.last_error.remove(&key);
        }
        // Nobody is waited for where somebody asks.
        self.sweep_at = Some(cx.now.mono);
        match wait_ms {
            Some(ms) => {
                self.ping_all(cx);
                // A mailbox that started anew dials nobody: where it does not answer soon, another link is dialled beside.
                for link in self.links.values_mut().filter(|link| link.up && link.peer == Peer::Mailbox) {
                    link.doubted.get_or_insert(cx.now.mono);
                }
                self.syncing.push((client, cx.now.mono + Duration::from_millis(ms)));
            }
            None => cx.answer(client, Ok(Reply::Synced(self.sync_state().1))),
        }
    }

    /// Asks everybody who seems to be there whether they are: of one whose machine lost its power the link looks alive for a while.
    pub(super) fn ping_all(&mut self, cx: &mut Cx<'_>) {
        let is_there = |link: &Link| link.person().is_some() || (link.up && link.peer == Peer::Mailbox);
        self.links.iter_mut().filter(|(_, link)| is_there(link)).for_each(|(id, link)| ping(cx, *id, link));
    }

    /// They are there.
    pub(super) fn answered_ping(&mut self, id: LinkId, number: u64) {
        if let Some(link) = self.links.get_mut(&id).filter(|link| link.pinged == Some(number)) {
            (link.pinged, link.doubted) = (None, None);
        }
    }

    pub(super) fn finish_syncs(&mut self, cx: &mut Cx<'_>) {
        if self.syncing.is_empty() {
            return;
        }
        let (done, state) = self.sync_state();
        for (client, deadline) in std::mem::take(&mut self.syncing) {
            let over = cx.now.mono >= deadline;
            if !done && !over {
                self.syncing.push((client, deadline));
            } else if over && !done || (state.peers.is_empty() && !state.unreached.is_empty()) {
                let reasons: Vec<_> = state.unreached.iter().map(|(name, why)| format!("{name}: {why}")).collect();
                let message = if reasons.is_empty() { "not everything arrived in time".into() } else { reasons.join("; ") };
                let failure = Failure::new(asif_proto::local::ErrorKind::PeerUnreachable, message).hint(
                    match state.unreached.values().all(|why| why == WAITS_FOR_YOU) && !reasons.is_empty() {
                        true => "look with: asif share preview NAME   then go on with: asif share resume NAME",
                        false => "nothing is lost: what is missing goes out as soon as they meet",
                    },
                );
                cx.answer(client, Err(failure));
            } else {
                cx.answer(client, Ok(Reply::Synced(state.clone())));
            }
        }
    }

    /// This person, and everybody with whom something is shared that has not ended.
    fn standing_persons(&self) -> BTreeSet<PersonId> {
        let helpers = self.view.grants().filter(|(id, _)| !self.has_ended(record_grant(**id))).filter_map(|(_, row)| row.value.helper);
        let clients = self.view.clients().filter(|(id, _)| !self.has_ended(record_grant(**id))).map(|(_, row)| row.value.person);
        helpers.chain(clients).chain(self.person()).collect()
    }

    /// Those who have not heard of an end that this person wrote.
    fn untold_persons(&self) -> BTreeSet<PersonId> {
        let revoked = self.view.grants().filter(|(id, row)| row.value.end_reached != Some(true) && self.has_ended(record_grant(**id)));
        let revoked = revoked.filter_map(|(_, row)| row.value.helper);
        let left = self
            .view
            .clients()
            .filter(|(id, row)| row.value.left.is_some() && !self.knows_that_i_left(record_grant(**id), row.value.person));
        revoked.chain(left.map(|(_, row)| row.value.person)).collect()
    }

    /// Whether a device of a client holds what this person wrote when they left, or the client has written the end since.
    fn knows_that_i_left(&self, grant: GrantId, client: PersonId) -> bool {
        let Some(owner) = self.person() else { return true };
        let share = Space::Share { owner: client, grant }.id();
        if self.boards.get(&share).is_some_and(|board| board.ended_ms().is_some()) {
            return true;
        }
        let board = self.boards.get(&Space::Feedback { owner, grant }.id());
        let Some((log, seq)) = board.and_then(|board| board.get(&feedback::left(grant))).map(|held| held.entry) else { return true };
        let roster = self.registry.roster(&client);
        let mut acked = roster.devices().filter_map(|device| self.peers.notes.get(&device.link)?.acked.get(&log));
        acked.any(|acked| *acked >= seq)
    }

    /// Whether every peer is up to date or out of reach, and which is which.
    fn sync_state(&self) -> (bool, Synced) {
        let mut state = Synced::default();
        // What waits for something that no peer has holds nothing up.
        let mut done = self.is_ready() && self.losses.is_empty() && self.loading.is_empty();
        // What is to be shown and was not looked at yet is not with anybody.
        done &= !self.writes_of_itself() || (self.sweeps.is_done() && self.narrowing.is_empty());
        let standing: BTreeSet<PersonId> = self.standing_persons();
        let untold = self.untold_persons();
        let settled = |id: &LinkId, link: &Link| link.pinged.is_none() && self.is_settled(*id);
        let met: BTreeSet<PersonId> =
            self.links.iter().filter(|(id, link)| settled(id, link)).filter_map(|(_, link)| link.person()).collect();
        let helpers: BTreeSet<PersonId> = self.view.grants().filter_map(|(_, row)| row.value.helper).collect();
        let waits: BTreeSet<PersonId> = self.waiting_shares().filter_map(|(row, _)| row.helper).collect();
        let keys = self.known_keys().into_iter().chain(self.keys_of(untold.clone()));
        for key in keys.collect::<BTreeSet<_>>() {
            let name = self.name_of_key(&key);
            let person = self.registry.holder(&key).map(|(person, _)| person);
            if let Some(person) = person.filter(|person| !standing.contains(person)) {
                // Whom only the end of a share still has to reach is not waited for: they hear of it when they are there.
                if untold.contains(&person) {
                    state.unreached.insert(name, "has not heard yet that the sharing ended".into());
                }
                continue;
            }
            let link = self.links.iter().find(|(_, link): &(&LinkId, &Link)| link.key == key);
            if person != self.person()
                && person.is_some_and(|person| met.contains(&person))
                && !link.is_some_and(|(id, link)| settled(id, link))
            {
                // One device of another person is enough: it passes on what there is.
                continue;
            }
            match link {
                Some((_, link)) if link.up && link.pinged.is_some() => {
                    done = false;
                    state.unreached.insert(name, "connected before, and no answer now".into());
                }
                Some((_, link)) if link.up && person.is_some_and(|person| waits.contains(&person)) && !link.disputed.is_empty() => {
                    state.unreached.insert(name, WAITS_FOR_YOU.into());
                }
                Some((id, link)) if link.up => {
                    if self.is_settled(*id) && person.is_some_and(|person| waits.contains(&person)) {
                        state.unreached.insert(name, WAITS_FOR_YOU.into());
                    } else if self.is_settled(*id) && person.is_some_and(|person| helpers.contains(&person)) && !self.heard {
                        let waits = "what is new here goes out once this device has heard from another of your devices";
                        state.unreached.insert(name, waits.into());
                    } else if self.is_settled(*id) {
                        // A helper with two devices is one name.
                        if person == self.person() || !state.peers.contains(&name) {
                            state.reached.extend(self.reached(&key).map(|reached| (name.clone(), reached)));
                            state.peers.push(name);
                        }
                    } else {
                        done = false;
                        state.unreached.insert(name, "connected, and not everything has arrived yet".into());
                    }
                }
                Some(_) => {
                    done = false;
                    state.unreached.insert(name, "connecting".into());
                }
                None if self.dialling.values().any(|dialled| *dialled == key) => {
                    done = false;
                    state.unreached.insert(name, "no answer yet".into());
                }
                None => {
                    let addressed = !self.addresses_of(&key).is_empty();
                    match self.last_error.get(&key) {
                        Some(error) => {
                            let why = self.why_not_reached(&key).unwrap_or_else(|| error.clone());
                            state.unreached.insert(name, why);
                        }
                        None if addressed && self.listening.is_some() => {
                            done = false;
                            state.unreached.insert(name, "no answer yet".into());
                        }
                        None if addressed => drop(state.unreached.insert(name, "the network is not open here".into())),
                        None => drop(state.unreached.insert(name, "no address is known".into())),
                    }
                }
            }
        }
        for station in self.stations() {
            let name = if Some(station.of) == self.person() {
                "mailbox".into()
            } else {
                format!("mailbox of {}", self.name_of_person(station.of))
            };
            let is_own = Some(station.of) == self.person();
            let linked = self.station_link(&station.key).is_some();
            let dialled = self.dialling.values().any(|dialled| *dialled == station.key);
            match self.last_error.get(&station.key) {
                _ if self.is_station_settled(&station.key) => state.peers.push(name),
                _ if linked => {
                    done = false;
                    state.unreached.insert(name, "connected, and not everything has arrived yet".into());
                }
                Some(error) if !dialled => {
                    let why = self.why_not_reached(&station.key).unwrap_or_else(|| error.clone());
                    state.unreached.insert(name, why);
                }
                // Of others nobody waits for theirs.
                _ => {
                    done &= !is_own || self.listening.is_none();
                    state.unreached.insert(name, "no answer yet".into());
                }
            }
        }
        (done, state)
    }
}

/// Asks whoever is at the other end whether they are there, unless they were asked and have not answered.
pub(super) fn ping(cx: &mut Cx<'_>, id: LinkId, link: &mut Link) {
    if link.pinged.is_none() {
        let number = cx.rng.next_u64();
        link.pinged = Some(number);
        cx.rest.push(Effect::Send { link: id, message: Message::Ping(number) });
    }
}
