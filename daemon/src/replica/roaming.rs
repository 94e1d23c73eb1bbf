//! Networks that come and go, machines that sleep and wake: whoever may be reachable again is looked for at once.
//!
//! A link over which nothing may come any more is not given up before it is known: the other end is asked, and where no answer comes soon another link is
//! dialled beside it. Of the two the newer stays. A link that this end dialled mostly goes on by itself: the other end follows to the new address.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::net::SocketAddr;
use std::time::Duration;

use asif_proto::id::LinkKey;
use asif_proto::local::{FoundBy, Over, Reached};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::effect::LinkId;
use super::gate::ping;
use super::{Cx, Replica};
use crate::sync::backoff::Backoff;
use crate::sync::link::{Link, Peer};

/// How devices were last reached.
pub(super) type Reaches = BTreeMap<LinkKey, Reach>;

/// The clocks of a machine that is awake differ by less.
const AWAKE: Duration = Duration::from_secs(3);
/// The most devices of which it is kept.
const MAX_REACHES: usize = 1024;

/// How a device was reached.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Reach {
    address: SocketAddr,
    by: FoundBy,
    at: Timestamp,
}

impl Replica {
    /// Where others reach this device may be somewhere else now: those who are connected are told, and everybody is looked for.
    pub(super) fn network_changed(&mut self, cx: &mut Cx<'_>, addresses: Vec<SocketAddr>) {
        if self.listening.is_none() {
            return;
        }
        if self.listening.as_ref() != Some(&addresses) {
            self.listening = Some(addresses);
            for id in self.links.iter().filter(|(_, link)| link.up).map(|(id, _)| *id).collect::<Vec<_>>() {
                self.say_hello(cx, id);
            }
        }
        self.look_again(cx);
    }

    /// Looks for everybody at once.
    pub(super) fn look_again(&mut self, cx: &mut Cx<'_>) {
        self.backoff.values_mut().for_each(Backoff::reset);
        self.ping_all(cx);
        for link in self.links.values_mut().filter(|link| link.up && !matches!(link.peer, Peer::Queue(_))) {
            link.doubted.get_or_insert(cx.now.mono);
        }
    }

    /// A device is heard somewhere else than where a link to it leads: it is dialled there, and whether the link still carries anything is asked.
    pub(super) fn doubt_link_elsewhere(&mut self, cx: &mut Cx<'_>, key: &LinkKey, addresses: &[SocketAddr]) {
        let is_elsewhere = |link: &Link| link.key == *key && link.up && addresses.iter().all(|address| address.ip() != link.address.ip());
        for (id, link) in self.links.iter_mut().filter(|(_, link)| is_elsewhere(link)) {
            link.doubt_at_once(cx.now.mono);
            ping(cx, *id, link);
        }
    }

    /// The clock that goes on while the machine sleeps has gone on by itself: it has slept.
    pub(super) fn notice_sleep(&mut self, cx: &mut Cx<'_>) {
        let slept = cx.now.steady.saturating_sub(cx.now.mono);
        if slept > self.slept + AWAKE {
            self.look_again(cx);
        }
        self.slept = slept;
    }

    /// The other end of a link is heard from somewhere else.
    pub(super) fn moved(&mut self, cx: &mut Cx<'_>, id: LinkId, address: SocketAddr) {
        let Some(link) = self.links.get_mut(&id) else { return };
        link.address = address;
        let (key, listen, is_up) = (link.key, link.listen.clone(), link.up);
        if is_up {
            self.learn_addresses(cx, key, address, &listen);
            self.was_reached(cx, id);
        }
    }

    /// A device is there: by which way is noted.
    pub(super) fn was_reached(&mut self, cx: &mut Cx<'_>, id: LinkId) {
        let Some(link) = self.links.get(&id) else { return };
        let (key, address) = (link.key, link.address);
        let by = match link.incoming {
            true => FoundBy::Them,
            false if self.heard_at(&key).any(|heard| *heard == address) => FoundBy::Discovery,
            false => FoundBy::Address,
        };
        self.tried.remove(&key);
        if self.reached.len() < MAX_REACHES || self.reached.contains_key(&key) {
            self.reached.insert(key, Reach { address, by, at: cx.now.wall });
            self.save_peers_soon(cx);
        }
    }

    /// Where a link that was dialled could not be opened, and why.
    pub(super) fn not_reached(&mut self, id: LinkId, tried: Vec<(SocketAddr, String)>) {
        if let Some(key) = self.dialling.get(&id) {
            self.tried.insert(*key, tried);
        }
    }

    /// How a device was last reached.
    pub(super) fn reached(&self, key: &LinkKey) -> Option<Reached> {
        let Reach { address, by, at } = self.reached.get(key)?;
        Some(Reached { address: address.to_string(), over: over(address.ip()), by: *by, at: *at })
    }

    /// Why a device is not reached, as far as that is known: where it was tried, and in vain.
    pub(super) fn why_not_reached(&self, key: &LinkKey) -> Option<String> {
        let tried = self.tried.get(key).filter(|tried| !tried.is_empty())?;
        let mut reasons: BTreeMap<&str, Vec<String>> = BTreeMap::new();
        for (address, reason) in tried {
            reasons.entry(reason).or_default().push(address.to_string());
        }
        let reasons: Vec<String> = reasons.into_iter().map(|(reason, addresses)| format!("{reason} ({})", addresses.join(", "))).collect();
        Some(reasons.join("; "))
    }
}

/// What lies between this device and an address, as far as the address tells (RFC 1918, RFC 4193, RFC 3927, RFC 6598).
fn over(ip: IpAddr) -> Over {
    let is_local = match ip.to_canonical() {
        IpAddr::V4(ip) => ip.is_private() || ip.is_link_local() || matches!(ip.octets(), [100, 64..=127, ..]),
        IpAddr::V6(ip) => ip.is_unique_local() || ip.is_unicast_link_local(),
    };
    match (ip.to_canonical().is_loopback(), is_local) {
        (true, _) => Over::ThisMachine,
        (false, true) => Over::LocalNetwork,
        (false, false) => Over::Internet,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_lies_between_is_told_by_the_address() {
        let tell = |text: &str| over(text.parse().unwrap());
        for local in ["192.168.1.7", "10.0.0.1", "172.31.9.9", "169.254.1.1", "100.64.0.1", "fe80::1", "fd00::7", "::ffff:192.168.1.7"] {
            assert_eq!(tell(local), Over::LocalNetwork, "{local}");
        }
        assert_eq!((tell("127.0.0.1"), tell("::1")), (Over::ThisMachine, Over::ThisMachine));
        assert_eq!((tell("203.0.113.7"), tell("2001:db8::7"), tell("172.32.0.1")), (Over::Internet, Over::Internet, Over::Internet));
    }
}
