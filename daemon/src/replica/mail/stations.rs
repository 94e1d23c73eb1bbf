//! Which mailboxes there are, and the links to them.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::time::Duration;

use asif_proto::id::{LinkKey, PersonId, QueueId};
use asif_proto::peer::{self, Hello, Message, QueueState, Refused};
use serde::{Deserialize, Serialize};

use super::super::effect::{Effect, LinkId};
use super::super::{Cx, Replica};
use super::{Live, OF_QUEUES};
use crate::journal::record::record_grant;
use crate::journal::schema;
use crate::people::space::Space;
use crate::seal::keys::{EnrolmentSeed, LinkSeed};
use crate::seal::proof;
use crate::share::item;
use crate::sync::link::{Link, Peer};

/// The most names of one station.
const MAX_PLACES: usize = 4;
/// The longest of them.
const MAX_PLACE: usize = 260;

/// A mailbox that this device uses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::replica) struct Station {
    /// The key that must answer there.
    pub(in crate::replica) key: LinkKey,
    /// Where it is: names or addresses, each with a port.
    pub(in crate::replica) places: Vec<String>,
    /// What this person is enrolled by, where it is theirs.
    pub(in crate::replica) seed: Option<EnrolmentSeed>,
    /// Whose it is.
    pub(in crate::replica) of: PersonId,
}

/// Where a mailbox is, as it is said in the journal and in what is shared.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::replica) struct Told {
    pub(in crate::replica) key: LinkKey,
    pub(in crate::replica) places: Vec<String>,
    /// In the journal alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(in crate::replica) seed: Option<String>,
}

impl Told {
    fn station(self, of: PersonId) -> Option<Station> {
        let is_good = |place: &String| !place.is_empty() && place.len() <= MAX_PLACE && !place.chars().any(char::is_control);
        let places: Vec<String> = self.places.into_iter().filter(is_good).take(MAX_PLACES).collect();
        let seed = self.seed.and_then(|seed| data_encoding::HEXLOWER.decode(seed.as_bytes()).ok());
        let seed = seed.and_then(|seed| seed.try_into().ok()).map(EnrolmentSeed::from_bytes);
        (!places.is_empty()).then_some(Station { key: self.key, places, seed, of })
    }
}

impl Station {
    /// Where it is, as others are told.
    pub(in crate::replica) fn told(&self) -> Told {
        Told { key: self.key, places: self.places.clone(), seed: None }
    }
}

impl Replica {
    /// This person's own mailbox.
    pub(in crate::replica) fn own_station(&self) -> Option<Station> {
        let packed = self.view.name(schema::MAILBOX).filter(|packed| !packed.is_empty())?;
        let station = serde_json::from_str::<Told>(packed).ok()?.station(self.person()?)?;
        station.seed.is_some().then_some(station)
    }

    /// The mailboxes of those with whom something is shared, as they say it there.
    fn others_stations(&self) -> impl Iterator<Item = Station> {
        let grants = self.view.grants().filter_map(|(id, row)| Some((*id, row.value.helper?, false)));
        let clients = self.view.clients().map(|(id, row)| (*id, row.value.person, true));
        grants.chain(clients).filter_map(|(id, other, is_client)| {
            let grant = record_grant(id);
            let (space, kind) = match is_client {
                true => (Space::Share { owner: other, grant }, item::MAILBOX),
                false => (Space::Feedback { owner: other, grant }, item::HELPERS_MAILBOX),
            };
            let held = self.boards.get(&space.id())?.get(&item::terms_item(grant, kind)).filter(|held| held.kind == kind)?;
            let told = Told { seed: None, ..serde_json::from_slice::<Told>(held.payload.as_deref()?).ok()? };
            told.station(other)
        })
    }

    /// All of them, each once: one's own first.
    pub(in crate::replica) fn stations(&self) -> Vec<Station> {
        let found = || self.mail.found.clone().and_then(|told| told.station(self.person()?));
        let mut stations: Vec<Station> = self.own_station().or_else(found).into_iter().collect();
        for other in self.others_stations() {
            if stations.iter().all(|one| one.key != other.key) {
                stations.push(other);
            }
        }
        stations
    }

    /// Whether this key is that of a mailbox that is used, or that somebody is about to use.
    pub(in crate::replica) fn is_station(&self, key: &LinkKey) -> bool {
        self.mail.live.values().any(|live| live.key == *key)
            || self.mail.enrolling.as_ref().is_some_and(|one| one.station.key == *key)
            || self.stations().iter().any(|station| station.key == *key)
    }

    /// The station over whose link a queue is talked to.
    pub(in crate::replica) fn over(&self, id: LinkId) -> Option<(LinkId, QueueId)> {
        self.mail.queues.get(&id).map(|of| (of.station, of.queue))
    }

    /// Dials stations that there is no link to, lets go of links to others, and opens and closes queues.
    pub(in crate::replica) fn tend_stations(&mut self, cx: &mut Cx<'_>) {
        self.finish_enrolling(cx);
        self.tend_leaving(cx);
        if self.locked || !self.is_ready() {
            return;
        }
        self.say_who_keeps(cx);
        let stations = self.stations();
        let is_wanted = |key: &LinkKey| {
            stations.iter().any(|one| one.key == *key) || self.mail.enrolling.as_ref().is_some_and(|one| one.station.key == *key)
        };
        let gives_back = |id: &LinkId| self.recovering.as_ref().is_some_and(|one| one.link() == *id);
        let unwanted = self.mail.live.iter().filter(|(id, live)| !is_wanted(&live.key) && !gives_back(id));
        let unwanted: Vec<LinkId> = unwanted.map(|(id, _)| *id).collect();
        unwanted.into_iter().for_each(|id| self.drop_link(cx, id));
        if self.listening.is_some() && self.rest_until.is_none() {
            for station in self.unlinked_stations(&stations) {
                if self.backoff.entry(station.key).or_default().not_before() <= cx.now.mono {
                    self.dial_station(cx, &station);
                }
            }
        }
        self.note_slip_ids();
        self.tend_queues(cx, &stations);
    }

    fn unlinked_stations(&self, stations: &[Station]) -> Vec<Station> {
        let linked = |key: &LinkKey| {
            self.links.values().any(|link| link.key == *key && !link.is_doubtful(self.now.mono) && !matches!(link.peer, Peer::Queue(_)))
                || self.dialling.values().any(|dialled| dialled == key)
        };
        let enrolling = self.mail.enrolling.as_ref().map(|one| &one.station);
        let all = stations.iter().chain(enrolling.filter(|one| stations.iter().all(|other| other.key != one.key)));
        all.filter(|station| !linked(&station.key)).cloned().collect()
    }

    /// When stations are dialled again, and what else is waited for.
    pub(in crate::replica) fn station_deadlines(&self) -> impl Iterator<Item = Duration> {
        let dials = self.listening.is_some() && self.is_ready() && !self.locked;
        let unlinked = if dials { self.unlinked_stations(&self.stations()) } else { Vec::new() };
        let dials: Vec<Duration> =
            unlinked.iter().map(|station| self.backoff.get(&station.key).map(|one| one.not_before()).unwrap_or_default()).collect();
        dials.into_iter().chain(self.mail.deadlines())
    }

    fn dial_station(&mut self, cx: &mut Cx<'_>, station: &Station) {
        let link = self.next_link();
        self.dialling.insert(link, station.key);
        let (addresses, names): (Vec<&String>, Vec<&String>) = station.places.iter().partition(|place| place.parse::<SocketAddr>().is_ok());
        let addresses = addresses.into_iter().filter_map(|place| place.parse().ok()).collect();
        let names = names.into_iter().cloned().collect();
        // Another one each time: two visits have nothing in common by it.
        let shows = Some(LinkSeed::random(cx.rng));
        cx.rest.push(Effect::Dial { link, peer: Some(station.key), addresses, names, shows });
    }

    /// A link to a station opened.
    pub(in crate::replica) fn greet_station(&mut self, cx: &mut Cx<'_>, id: LinkId) {
        let (min, max) = peer::VERSIONS;
        // It learns nothing of this device: not where it listens, and not when it started.
        let hello = Hello { min, max, start: [0; 8], digest: [0; 16], listen: Vec::new() };
        cx.rest.push(Effect::Send { link: id, message: Message::Hello(hello) });
    }

    pub(in crate::replica) fn station_says(&mut self, cx: &mut Cx<'_>, id: LinkId, message: Message) {
        match message {
            Message::Hello(hello) => self.station_hello(cx, id, &hello),
            Message::Pong(number) => self.answered_ping(id, number),
            Message::Allowance(allowance) => self.enrolled(cx, id, allowance),
            Message::Left => self.left(cx, id),
            Message::QueueOpen(open) => self.queue_opened(cx, id, open),
            Message::Within(queue, message) => self.queue_says(cx, id, queue, *message),
            Message::Unwilling(unwilling) => self.unwilling(cx, id, unwilling),
            Message::Refused(refused) => {
                if let Some(link) = self.links.get(&id) {
                    self.last_error.insert(link.key, refused.to_string());
                }
                self.drop_link(cx, id);
            }
            _ => self.refuse("a message that no mailbox sends"),
        }
    }

    fn station_hello(&mut self, cx: &mut Cx<'_>, id: LinkId, hello: &Hello) {
        let (min, max) = peer::VERSIONS;
        let Some(link) = self.links.get_mut(&id) else { return };
        let (key, exporter) = (link.key, link.exporter);
        if hello.min > max || hello.max < min {
            self.last_error.insert(key, Refused::Version.to_string());
            return self.drop_link(cx, id);
        }
        if std::mem::replace(&mut link.up, true) {
            return;
        }
        self.last_error.remove(&key);
        self.tried.remove(&key);
        // The one before is dead, or nearly.
        let others: Vec<LinkId> = self.mail.live.iter().filter(|(_, live)| live.key == key).map(|(other, _)| *other).collect();
        others.into_iter().for_each(|other| self.drop_link(cx, other));
        self.begin_visit(id, key);
        if self.enrol_at(cx, id, &key, &exporter)
            && let Some(live) = self.mail.live.get_mut(&id)
        {
            live.said = true;
        }
        self.say_who_keeps(cx);
    }

    /// A station is talked to on this link from now on.
    pub(in crate::replica) fn begin_visit(&mut self, id: LinkId, key: LinkKey) {
        self.mail.live.insert(id, Live { key, asked: BTreeMap::new(), said: false, enrolled: false });
    }

    /// Says to one's own station that one is enrolled there, once that is known.
    fn say_who_keeps(&mut self, cx: &mut Cx<'_>) {
        let Some(Station { key, seed: Some(seed), .. }) = self.own_station() else { return };
        for (id, live) in self.mail.live.iter_mut().filter(|(_, live)| live.key == key && !live.said) {
            let Some(link) = self.links.get(id) else { continue };
            live.said = true;
            cx.rest.push(Effect::Send { link: *id, message: Message::Enrolled(proof::enrolled(&seed, &link.exporter)) });
        }
    }

    /// Where this home came back from.
    pub(in crate::replica) fn note_found_station(&mut self, cx: &Cx<'_>, key: LinkKey, places: Vec<String>) {
        self.mail.found = Some(Told { key, places, seed: None });
        self.save_peers_soon(cx);
    }

    /// A link to a station ended: so did those of its queues.
    pub(in crate::replica) fn station_closed(&mut self, id: &LinkId) {
        if self.mail.live.remove(id).is_none() {
            return;
        }
        let gone: BTreeSet<LinkId> = self.mail.queues.iter().filter(|(_, of)| of.station == *id).map(|(link, _)| *link).collect();
        self.mail.queues.retain(|link, _| !gone.contains(link));
        self.links.retain(|link, _| !gone.contains(link));
        self.rooms.retain(|(link, _), _| !gone.contains(link));
    }

    /// A queue is talked to from now on, by a link of its own.
    pub(super) fn link_queue(&mut self, station: LinkId, queue: QueueId, now: Duration) -> Option<LinkId> {
        let over = self.links.get(&station)?;
        let mut link = Link::new(over.key, Peer::Queue(queue), over.address, false, over.exporter, now);
        (link.up, link.compare) = (true, true);
        self.mail.next += 1;
        let id = LinkId(OF_QUEUES + self.mail.next);
        self.links.insert(id, link);
        Some(id)
    }

    /// How a queue stands at a station, as far as it was asked.
    pub(super) fn asked(&self, station: LinkId, queue: &QueueId) -> Option<Option<QueueState>> {
        self.mail.live.get(&station)?.asked.get(queue).copied()
    }
}
