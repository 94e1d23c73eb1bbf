//! Where peers are: what each says of itself, and what one's own devices know of the others.
//!
//! What this device heard from a peer itself is passed on to one's own other devices, and to nobody else; what was only told is not
//! passed on, so that an old address does not go round for ever. All of it is a hint: whoever answers there must prove their key.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::Duration;

use asif_proto::frame;
use asif_proto::id::LinkKey;
use asif_proto::peer::{MAX_ADDRESSES, MAX_WHEREABOUTS, Message, Whereabouts};

use super::effect::{Effect, LinkId};
use super::{Cx, Replica};

/// Where own devices met others.
pub(super) type Told = BTreeMap<LinkKey, Vec<SocketAddr>>;

/// To which start of an own device what was told last, by its hash, and when.
pub(super) type ToldTo = BTreeMap<LinkKey, ([u8; 8], blake3::Hash, Duration)>;

/// A link that ends so soon after something was told may not have carried it: nobody acknowledges it.
const CARRIED_WITHIN: Duration = Duration::from_secs(45);

impl Replica {
    /// A peer told where it listens; where it was seen with its listening ports comes first.
    pub(super) fn learn_addresses(&mut self, cx: &mut Cx<'_>, key: LinkKey, seen: SocketAddr, told: &[SocketAddr]) {
        let told = usable(told);
        let here = told.iter().map(|address| SocketAddr::new(seen.ip(), address.port()));
        let mut addresses: Vec<SocketAddr> = Vec::new();
        for address in here.chain(told.iter().copied()) {
            if !addresses.contains(&address) {
                addresses.push(address);
            }
        }
        if let Some(link) = self.links.values().find(|link| link.key == key && !link.incoming)
            && !addresses.contains(&link.address)
        {
            addresses.insert(0, link.address);
        }
        addresses.truncate(MAX_ADDRESSES);
        let note = self.peers.notes.entry(key).or_default();
        if addresses.is_empty() || note.addresses == addresses {
            return;
        }
        note.addresses = addresses.clone();
        self.save_peers(cx);
        for id in self.links.keys().copied().collect::<Vec<_>>() {
            self.tell(cx, id, vec![Whereabouts { key, addresses: addresses.clone() }]);
        }
        // Who is here has been told that, too.
        let all = blake3::hash(&frame::encode(&self.met()));
        for link in self.links.values() {
            if let Some(told) = self.told_to.get_mut(&link.key).filter(|(start, _, _)| *start == link.start) {
                (told.1, told.2) = (all, cx.now.mono);
            }
        }
    }

    fn met(&self) -> Vec<Whereabouts> {
        let known = self.known_keys();
        let met = self.peers.notes.iter().filter(|(key, note)| known.contains(key) && !note.addresses.is_empty());
        met.map(|(key, note)| Whereabouts { key: *key, addresses: note.addresses.clone() }).collect()
    }

    /// Tells an own device that has just come where the others are, unless it was told just that since it started.
    pub(super) fn tell_addresses(&mut self, cx: &mut Cx<'_>, id: LinkId) {
        let all = self.met();
        let Some(link) = self.links.get(&id) else { return };
        let (start, hash) = (link.start, blake3::hash(&frame::encode(&all)));
        if self.told_to.get(&link.key).is_none_or(|told| (told.0, told.1) != (start, hash)) {
            self.told_to.insert(link.key, (start, hash, cx.now.mono));
            self.tell(cx, id, all);
        }
    }

    /// A link has ended: what it may not have carried is told again.
    pub(super) fn forget_told(&mut self, key: &LinkKey) {
        let now = self.now.mono;
        self.told_to.retain(|one, (_, _, at)| one != key || now > *at + CARRIED_WITHIN);
    }

    /// Tells an own device, unless there is nothing but where it is itself.
    fn tell(&self, cx: &mut Cx<'_>, id: LinkId, mut all: Vec<Whereabouts>) {
        let Some(link) = self.links.get(&id).filter(|link| link.person().is_some() && link.person() == self.person()) else { return };
        all.retain(|one| one.key != link.key);
        all.truncate(MAX_WHEREABOUTS);
        if !all.is_empty() {
            cx.rest.push(Effect::Send { link: id, message: Message::Addresses(all) });
        }
    }

    /// An own device told where it met others.
    pub(super) fn told_addresses(&mut self, cx: &mut Cx<'_>, told: Vec<Whereabouts>) {
        let before = self.told.clone();
        let ours = self.link_key();
        for Whereabouts { key, addresses } in told.into_iter().filter(|one| Some(one.key) != ours) {
            // The keys of a new device may come after where it is: one that is not known yet counts too.
            let is_room = self.told.len() < MAX_WHEREABOUTS || self.told.contains_key(&key);
            let addresses = usable(&addresses);
            if is_room && !addresses.is_empty() {
                self.told.insert(key, addresses);
            }
        }
        if self.told != before {
            self.save_peers_soon(cx);
        }
    }

    /// Where a device may be found: where it was heard on the local network, then where it was met.
    pub(super) fn addresses_of(&self, key: &LinkKey) -> Vec<SocketAddr> {
        each_once(self.heard_at(key).copied().chain(self.met_at(key)))
    }

    /// Where this device met another one, then where others did.
    pub(super) fn met_at(&self, key: &LinkKey) -> Vec<SocketAddr> {
        let met = self.peers.notes.get(key).into_iter().flat_map(|note| &note.addresses);
        each_once(met.chain(self.told.get(key).into_iter().flatten()).copied())
    }
}

fn each_once(all: impl Iterator<Item = SocketAddr>) -> Vec<SocketAddr> {
    let mut addresses: Vec<SocketAddr> = Vec::new();
    for address in all {
        if !addresses.contains(&address) {
            addresses.push(address);
        }
    }
    addresses
}

/// The first few addresses that can be dialled.
fn usable(told: &[SocketAddr]) -> Vec<SocketAddr> {
    told.iter().take(MAX_ADDRESSES).copied().filter(|address| address.port() != 0 && !address.ip().is_unspecified()).collect()
}
