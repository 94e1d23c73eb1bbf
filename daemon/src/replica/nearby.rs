//! The local network: what this device says of itself there, and whom it recognises.
//!
//! ```text
//! tag      first 8 bytes of blake3-keyed(key of the local network, of an epoch; hour u64 ‖ link key of whoever says it)
//! ```
//!
//! A device says one tag for its person's other devices, and one for each person that it shares something with: made of an epoch that both can read, the
//! one that is written under. Who has the epoch's key recognises it, and nobody else; the next hour it is another. How many there are is rounded up with random ones. An
//! invitation with a code is said by its number. A locked device knows its own person's devices alone.
//!
//! All that is heard is a hint: whoever is dialled there must prove their key.

use std::collections::{BTreeSet, HashMap, VecDeque};
use std::net::SocketAddr;
use std::time::Duration;

use asif_proto::id::{LinkKey, PersonId};
use rand_core::Rng as _;

use super::effect::{Beacon, Effect};
use super::{Cx, Replica};
use crate::people::pairing::codes::CODE_LIMIT;
use crate::people::space::Space;
use crate::people::statement::Epoch;
use crate::seal::keys::NearbyKey;

/// A tag is good for so long.
const PERIOD_S: i64 = 3600;
/// With each person so many epochs are recognised: a device that slept for long is of an older one.
const MAX_EPOCHS: usize = 8;
/// Tags are at least so many, and always a power of two.
const LEAST_TAGS: usize = 4;
/// The most tags that are said.
const MAX_TAGS: usize = 64;
/// What was heard counts for so long.
const FRESH: Duration = Duration::from_secs(2 * PERIOD_S as u64);
/// Somebody who is heard again is dialled again at once no sooner; and no sooner than this where they are heard somewhere else.
const AGAIN: Duration = Duration::from_secs(30);
const ELSEWHERE: Duration = Duration::from_secs(2);
/// Places of one device that are kept.
const MAX_PLACES: usize = 4;

/// The local network, as this device knows it.
#[derive(Debug, Default)]
pub(super) struct Nearby {
    /// The person lets it be used.
    pub(super) on: bool,
    /// Why it does not work here, in words.
    failed: Option<String>,
    /// What the edge was told last.
    told: Option<(Option<Beacon>, bool)>,
    /// Of what the tags were made.
    made_of: Option<MadeOf>,
    said: Vec<[u8; 8]>,
    instance: [u8; 10],
    recognised: HashMap<[u8; 8], LinkKey>,
    /// Whom of those that are known somebody said to be.
    heard: HashMap<LinkKey, Heard>,
    /// Numbers of invitations that others have, and when they were heard of.
    numbers: HashMap<u16, Duration>,
}

/// What tags follow from.
#[derive(Debug, PartialEq, Eq)]
struct MadeOf {
    hour: i64,
    /// Who is talked to.
    known: BTreeSet<LinkKey>,
    statements: usize,
    keys: usize,
}

/// One device, as it was heard. Others may repeat what it says: every place counts until it is seen who is there.
#[derive(Debug, Default)]
struct Heard {
    /// The newest first.
    places: VecDeque<Place>,
    /// When it was dialled for that, and when it is next.
    dialled: Option<Duration>,
    due: Option<Duration>,
}

#[derive(Debug)]
struct Place {
    addresses: Vec<SocketAddr>,
    at: Duration,
}

impl Heard {
    /// Notes where it was heard; says when it is to be dialled.
    fn at(&mut self, addresses: Vec<SocketAddr>, now: Duration) {
        self.places.retain(|place| now < place.at + FRESH);
        let before = self.places.len();
        self.places.retain(|place| place.addresses != addresses);
        let pause = if self.places.len() == before { ELSEWHERE } else { AGAIN };
        self.places.push_front(Place { addresses, at: now });
        self.places.truncate(MAX_PLACES);
        let due = self.dialled.map_or(now, |dialled| now.max(dialled + pause));
        self.due = Some(self.due.map_or(due, |before| before.min(due)));
    }
}

impl Replica {
    /// Whether somebody who is looked for could be found on the local network.
    pub(super) fn looks_nearby(&self) -> bool {
        self.nearby.on
    }

    /// Why nobody is found there, where that is known.
    pub(super) fn why_not_nearby(&self) -> Option<&str> {
        if self.nearby.on { self.nearby.failed.as_deref() } else { Some("discovery is off") }
    }

    /// The person lets the local network be used, or does not.
    pub(super) fn use_nearby(&mut self, on: bool) {
        self.nearby.on = on;
    }

    /// The local network cannot be used, or can again.
    pub(super) fn nearby_failed(&mut self, reason: Option<String>) {
        self.nearby.failed = reason;
    }

    /// Numbers of invitations that others on the local network have.
    pub(super) fn numbers_nearby(&self) -> BTreeSet<u16> {
        let now = self.now.mono;
        self.nearby.numbers.iter().filter(|(_, at)| now < **at + CODE_LIMIT).map(|(number, _)| *number).collect()
    }

    /// Where a device was heard on the local network not long ago, the newest first.
    pub(super) fn heard_at(&self, key: &LinkKey) -> impl Iterator<Item = &SocketAddr> {
        let places = self.nearby.heard.get(key).into_iter().flat_map(|heard| &heard.places);
        places.filter(|place| self.now.mono < place.at + FRESH).flat_map(|place| &place.addresses)
    }

    /// Somebody said something on the local network.
    pub(super) fn heard_nearby(&mut self, cx: &mut Cx<'_>, tags: &[[u8; 8]], numbers: &[u16], addresses: Vec<SocketAddr>) {
        let now = cx.now.mono;
        self.nearby.failed = None;
        self.nearby.numbers.retain(|_, at| now < *at + CODE_LIMIT);
        if self.nearby.numbers.len() < 1000 {
            self.nearby.numbers.extend(numbers.iter().map(|number| (*number, now)));
        }
        if self.looks_for_number().is_some_and(|number| numbers.contains(&number)) {
            self.giver_is_near(cx, addresses.clone());
        }
        let recognised: BTreeSet<LinkKey> = tags.iter().filter_map(|tag| self.nearby.recognised.get(tag).copied()).collect();
        tracing::debug!(tags = tags.len(), invitations = numbers.len(), recognised = recognised.len(), "heard on the local network");
        for key in recognised {
            self.nearby.heard.entry(key).or_default().at(addresses.clone(), now);
        }
    }

    /// Dials those that were heard, where it is time to.
    fn dial_heard(&mut self, cx: &mut Cx<'_>) {
        let now = cx.now.mono;
        let due = self.nearby.heard.iter_mut().filter_map(|(key, heard)| {
            heard.due.take_if(|due| now >= *due)?;
            heard.dialled = Some(now);
            Some((*key, heard.places.front()?.addresses.clone()))
        });
        for (key, addresses) in due.collect::<Vec<_>>() {
            self.backoff.entry(key).or_default().reset();
            self.doubt_link_elsewhere(cx, &key, &addresses);
        }
    }

    /// Tells the edge what to say on the local network, where that has changed.
    pub(super) fn tend_nearby(&mut self, cx: &mut Cx<'_>) {
        self.dial_heard(cx);
        let is_open = self.nearby.on && self.listening.is_some();
        let wanted = if is_open {
            self.make_tags(cx);
            let invitations: Vec<u16> = self.codes.numbers(cx.now.steady).collect();
            let says = !self.nearby.said.is_empty() || !invitations.is_empty();
            let beacon = Beacon { instance: self.nearby.instance, tags: self.nearby.said.clone(), invitations };
            let looks = says || self.looks_for_number().is_some();
            (says.then_some(beacon), looks)
        } else {
            (None, false)
        };
        if self.nearby.told.as_ref() != Some(&wanted) && (self.nearby.told.is_some() || wanted.1) {
            self.nearby.told = Some(wanted.clone());
            cx.rest.push(Effect::Nearby { says: wanted.0, looks: wanted.1 });
        }
    }

    /// When the tags of the next hour are due, or somebody who was heard is dialled.
    pub(super) fn nearby_deadline(&self) -> Option<Duration> {
        let hour = self.nearby.made_of.as_ref()?.hour;
        let (_, looks) = self.nearby.told.as_ref()?;
        let left = (hour + 1) * PERIOD_S - self.now.wall.as_second();
        let tags = looks.then(|| self.now.mono + Duration::from_secs(u64::try_from(left.clamp(1, PERIOD_S)).unwrap_or_default()));
        self.nearby.heard.values().filter_map(|heard| heard.due).chain(tags).min()
    }

    fn make_tags(&mut self, cx: &mut Cx<'_>) {
        let hour = cx.now.wall.as_second().div_euclid(PERIOD_S);
        let known = self.known_keys();
        let persons: BTreeSet<PersonId> = known.iter().filter_map(|key| Some(self.registry.holder(key)?.0)).collect();
        let made_of = Some(MadeOf { hour, known, statements: self.registry.statements().count(), keys: self.keys.len() });
        if self.nearby.made_of == made_of {
            return;
        }
        self.nearby.made_of = made_of;
        // Locked, this device goes on by the keys of now.
        self.save_outside(cx);
        let Some(ours) = self.link_key() else { return };
        let mut said: Vec<[u8; 8]> = Vec::new();
        let mut recognised = HashMap::new();
        for person in persons {
            let keys: Vec<NearbyKey> = self.epochs_with(person);
            said.extend(keys.first().map(|key| key.tag(hour, &ours)));
            let devices: Vec<LinkKey> = self.registry.roster(&person).devices().map(|device| device.link).collect();
            for (key, device) in
                keys.iter().flat_map(|key| devices.iter().map(move |device| (key, device))).filter(|(_, one)| **one != ours)
            {
                // Clocks differ, and hours end.
                recognised.extend([hour - 1, hour, hour + 1].map(|hour| (key.tag(hour, device), *device)));
            }
        }
        said.truncate(MAX_TAGS);
        if !said.is_empty() {
            let many = said.len().next_power_of_two().max(LEAST_TAGS);
            said.resize_with(many, || cx.rng.next_u64().to_be_bytes());
            said.sort_unstable();
        }
        cx.rng.fill_bytes(&mut self.nearby.instance);
        (self.nearby.said, self.nearby.recognised) = (said, recognised);
    }

    /// Keys of the epochs that this person and another one can both read: first the one that is written under.
    pub(super) fn epochs_with(&self, person: PersonId) -> Vec<NearbyKey> {
        let Some(me) = self.person() else { return Vec::new() };
        if let (None, Some(outside)) = (&self.vault, &self.outside) {
            return if person == me { outside.nearby.clone() } else { Vec::new() };
        }
        let is_ours = |epoch: &&Epoch| match epoch.space {
            Space::Journal { owner } => owner == me && person == me,
            Space::Share { .. } | Space::Feedback { .. } => person != me && epoch.readers.contains(&me) && epoch.readers.contains(&person),
        };
        let mut epochs: Vec<&Epoch> =
            self.registry.all_epochs().filter(is_ours).filter(|epoch| self.keys.contains_key(&epoch.queue())).collect();
        let is_written = |epoch: &Epoch| self.registry.fit(epoch.space.id()).any(|fit| fit.key == epoch.key);
        epochs.sort_by_key(|epoch| (!is_written(epoch), epoch.key));
        epochs.into_iter().take(MAX_EPOCHS).filter_map(|epoch| Some(self.keys.get(&epoch.queue())?.read.nearby())).collect()
    }
}
