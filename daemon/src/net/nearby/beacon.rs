//! A beacon as TXT strings, and back. What comes back is anybody's: whatever is not exactly what could have been told is dropped.
//!
//! ```text
//! t0 .. t3   19 tags of 8 bytes each, the last one fewer; lower-case base32 without padding (RFC 4648): 244 characters, a string holds 255 bytes
//! n          numbers, decimal, with commas between
//! ```

use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv6Addr, SocketAddr, SocketAddrV6};

use data_encoding::BASE32_NOPAD;

use super::{Beacon, Heard};

/// Tags of one beacon.
pub const MAX_TAGS: usize = 64;
/// Invitations of one beacon.
pub const MAX_INVITATIONS: usize = 8;
/// Addresses of one beacon that was heard.
pub const MAX_ADDRESSES: usize = 8;

const TAGS_TOGETHER: usize = 19;
const TAG_KEYS: [&str; 4] = ["t0", "t1", "t2", "t3"];
const NUMBERS_KEY: &str = "n";

/// The name that a device has on the network.
pub(super) fn label(instance: &[u8; 10]) -> String {
    text(instance)
}

/// What is told, as keys and values.
pub(super) fn to_txt(beacon: &Beacon) -> Vec<(&'static str, String)> {
    let tags = beacon.tags.get(..MAX_TAGS).unwrap_or(&beacon.tags);
    let mut strings: Vec<_> = TAG_KEYS.into_iter().zip(tags.chunks(TAGS_TOGETHER).map(|tags| text(&tags.concat()))).collect();
    let numbers: Vec<String> = beacon.invitations.iter().take(MAX_INVITATIONS).map(u16::to_string).collect();
    if !numbers.is_empty() {
        strings.push((NUMBERS_KEY, numbers.join(",")));
    }
    strings
}

/// What was heard; `None` where it says nothing, or not as it could have been told. `value` is the value of a key.
pub(super) fn from_txt<'a>(value: impl Fn(&str) -> Option<&'a str>, addresses: Vec<SocketAddr>) -> Option<Heard> {
    let mut tags = Vec::new();
    for text in TAG_KEYS.into_iter().map_while(&value) {
        let bytes = bytes(text)?;
        let (whole, rest) = bytes.as_chunks::<8>();
        if whole.is_empty() || whole.len() > TAGS_TOGETHER || !rest.is_empty() {
            return None;
        }
        tags.extend_from_slice(whole);
    }
    let invitations = match value(NUMBERS_KEY) {
        Some(text) => numbers(text)?,
        None => Vec::new(),
    };
    let says_something = !tags.is_empty() || !invitations.is_empty();
    (says_something && tags.len() <= MAX_TAGS && !addresses.is_empty()).then_some(Heard { tags, invitations, addresses })
}

/// Those of the addresses that can be dialled, each with the scope it came with; an address of the link alone comes last, since it means the least.
pub(super) fn dialable(over: IpAddr, port: u16, addresses: impl IntoIterator<Item = (IpAddr, u32)>) -> Vec<SocketAddr> {
    if port == 0 {
        return Vec::new();
    }
    let sensible = addresses.into_iter().filter_map(|(ip, scope)| {
        let ip = ip.to_canonical();
        let is_broadcast = matches!(ip, IpAddr::V4(ip) if ip.is_broadcast());
        let is_wrong = ip.is_unspecified() || ip.is_multicast() || is_broadcast || ip.is_loopback() != over.is_loopback();
        (!is_wrong).then(|| match ip {
            IpAddr::V4(_) => (is_of_link(&ip), SocketAddr::new(ip, port)),
            IpAddr::V6(v6) => (is_of_link(&ip), SocketAddrV6::new(v6, port, 0, scope_of(v6, scope)).into()),
        })
    });
    sensible.collect::<BTreeSet<_>>().into_iter().take(MAX_ADDRESSES).map(|(_, address)| address).collect()
}

/// Whether an address means something on one link alone.
fn is_of_link(ip: &IpAddr) -> bool {
    match ip {
        IpAddr::V4(ip) => ip.is_link_local(),
        IpAddr::V6(ip) => ip.is_unicast_link_local(),
    }
}

fn scope_of(ip: Ipv6Addr, scope: u32) -> u32 {
    if ip.is_unicast_link_local() { scope } else { 0 }
}

fn numbers(text: &str) -> Option<Vec<u16>> {
    let mut numbers = Vec::new();
    for number in text.split(',') {
        // `parse` takes a sign.
        let is_plain = number.bytes().all(|byte| byte.is_ascii_digit());
        if !is_plain || numbers.len() == MAX_INVITATIONS {
            return None;
        }
        numbers.push(number.parse().ok()?);
    }
    Some(numbers)
}

fn text(bytes: &[u8]) -> String {
    BASE32_NOPAD.encode(bytes).to_ascii_lowercase()
}

fn bytes(text: &str) -> Option<Vec<u8>> {
    BASE32_NOPAD.decode(text.to_ascii_uppercase().as_bytes()).ok()
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use proptest::prelude::*;

    use super::*;

    const OVER: IpAddr = IpAddr::V4(std::net::Ipv4Addr::UNSPECIFIED);

    fn somewhere() -> Vec<SocketAddr> {
        vec![SocketAddr::from(([10, 0, 0, 1], 4433))]
    }

    fn heard(strings: &[(&str, &str)]) -> Option<Heard> {
        let map: HashMap<&str, &str> = strings.iter().copied().collect();
        from_txt(|key| map.get(key).copied(), somewhere())
    }

    fn beacon(tags: usize, invitations: usize) -> Beacon {
        let tags = (0..tags).map(|n| [n as u8; 8]).collect();
        Beacon { port: 4433, instance: [7; 10], tags, invitations: (0..invitations as u16).collect() }
    }

    #[test]
    fn what_is_told_is_heard_and_fits_its_strings() {
        for (tags, invitations) in [(1, 0), (0, 1), (19, 8), (20, 3), (64, 8), (100, 100)] {
            let told = beacon(tags, invitations);
            let strings = to_txt(&told);
            assert!(strings.iter().all(|(key, value)| key.len() + 1 + value.len() <= 255));
            let pairs: Vec<_> = strings.iter().map(|(key, value)| (*key, value.as_str())).collect();
            let heard = heard(&pairs).unwrap();
            assert_eq!(heard.tags, told.tags[..tags.min(MAX_TAGS)]);
            assert_eq!(heard.invitations, told.invitations[..invitations.min(MAX_INVITATIONS)]);
        }
        assert_eq!(label(&[0xff; 10]), "7777777777777777");
    }

    #[test]
    fn what_could_not_have_been_told_is_dropped() {
        let whole = text(&[1; 8]);
        assert!(heard(&[("t0", &whole)]).is_some());
        assert!(heard(&[("t0", &whole.to_ascii_uppercase()), ("x", "?")]).is_some(), "a later version may tell more");
        let too_many = text(&[1; 8 * 20]);
        for tags in ["", "!", "aaaa", &whole[1..], &too_many, "\u{e9}", &text(&[1; 9])] {
            assert_eq!(heard(&[("t0", tags), ("n", "1")]), None, "{tags}");
        }
        let nineteen = text(&[1; 8 * 19]);
        assert_eq!(heard(&[("t0", &nineteen), ("t1", &nineteen), ("t2", &nineteen), ("t3", &nineteen)]), None, "76 tags");
        for numbers in ["", ",", "1,", "+1", "-1", " 1", "65536", "1,2,3,4,5,6,7,8,9"] {
            assert_eq!(heard(&[("n", numbers)]), None, "{numbers}");
        }
        assert_eq!(heard(&[]), None);
        assert_eq!(heard(&[("t1", &whole)]), None, "the first is not there");
        assert_eq!(from_txt(|_| Some("7"), Vec::new()), None);
    }

    #[test]
    fn only_what_can_be_dialled_is_passed_on() {
        let at = |text: &str| (text.parse::<IpAddr>().unwrap(), 3);
        let given = ["0.0.0.0", "255.255.255.255", "224.0.0.251", "127.0.0.1", "::", "::1", "ff02::fb", "::ffff:127.0.0.1"];
        assert_eq!(dialable(OVER, 1, given.map(at)), []);
        let given = ["fe80::1", "169.254.1.1", "10.0.0.1", "fd00::1", "::ffff:10.0.0.1"];
        let told: Vec<String> = dialable(OVER, 1, given.map(at)).iter().map(ToString::to_string).collect();
        assert_eq!(told, ["10.0.0.1:1", "[fd00::1]:1", "169.254.1.1:1", "[fe80::1%3]:1"]);
        assert_eq!(dialable(OVER, 0, given.map(at)), []);
        let loopback = "127.0.0.1".parse().unwrap();
        assert_eq!(dialable(loopback, 1, ["127.0.0.1", "10.0.0.1"].map(at)), [SocketAddr::new(loopback, 1)]);
        let many = (1..100).map(|n| (IpAddr::from([10, 0, 0, n]), 0));
        assert_eq!(dialable(OVER, 1, many).len(), MAX_ADDRESSES);
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(strings in prop::collection::hash_map("t[0-5]|n", ".{0,300}", 0..6)) {
            let heard = from_txt(|key| strings.get(key).map(String::as_str), somewhere());
            if let Some(heard) = heard {
                prop_assert!(heard.tags.len() <= MAX_TAGS && heard.invitations.len() <= MAX_INVITATIONS);
            }
        }
    }
}
