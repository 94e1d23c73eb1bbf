//! Which addresses others reach over the internet: those that no registry keeps for something else.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// What is no unicast address of the whole internet: the network, and the bits that are its own. The registries of RFC 6890 with RFC 5771 (multicast)
/// and RFC 1112 (what is kept for later).
const ELSEWHERE_V4: [(Ipv4Addr, u32); 16] = [
    (Ipv4Addr::new(0, 0, 0, 0), 8),
    (Ipv4Addr::new(10, 0, 0, 0), 8),
    (Ipv4Addr::new(100, 64, 0, 0), 10),
    (Ipv4Addr::new(127, 0, 0, 0), 8),
    (Ipv4Addr::new(169, 254, 0, 0), 16),
    (Ipv4Addr::new(172, 16, 0, 0), 12),
    (Ipv4Addr::new(192, 0, 0, 0), 24),
    (Ipv4Addr::new(192, 0, 2, 0), 24),
    (Ipv4Addr::new(192, 31, 196, 0), 24),
    (Ipv4Addr::new(192, 88, 99, 0), 24),
    (Ipv4Addr::new(192, 168, 0, 0), 16),
    (Ipv4Addr::new(198, 18, 0, 0), 15),
    (Ipv4Addr::new(198, 51, 100, 0), 24),
    (Ipv4Addr::new(203, 0, 113, 0), 24),
    (Ipv4Addr::new(224, 0, 0, 0), 4),
    (Ipv4Addr::new(240, 0, 0, 0), 4),
];

/// The only addresses of IPv6 that are given out (RFC 4291, section 2.4).
const GIVEN_OUT_V6: (Ipv6Addr, u32) = (Ipv6Addr::new(0x2000, 0, 0, 0, 0, 0, 0, 0), 3);

/// What of these is kept for protocols, for documentation (RFC 3849, RFC 9637) and for tunnels through IPv4.
const ELSEWHERE_V6: [(Ipv6Addr, u32); 4] = [
    (Ipv6Addr::new(0x2001, 0, 0, 0, 0, 0, 0, 0), 23),
    (Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 0), 32),
    (Ipv6Addr::new(0x2002, 0, 0, 0, 0, 0, 0, 0), 16),
    (Ipv6Addr::new(0x3fff, 0, 0, 0, 0, 0, 0, 0), 20),
];

/// Whether others could reach this address over the internet. One of IPv4 within IPv6 counts as what it is.
pub(super) fn is_on_the_internet(ip: IpAddr) -> bool {
    match ip.to_canonical() {
        IpAddr::V4(ip) => {
            let within = |(net, bits): &(Ipv4Addr, u32)| (net.to_bits() ^ ip.to_bits()).leading_zeros() >= *bits;
            !ELSEWHERE_V4.iter().any(within)
        }
        IpAddr::V6(ip) => {
            let within = |(net, bits): &(Ipv6Addr, u32)| (net.to_bits() ^ ip.to_bits()).leading_zeros() >= *bits;
            within(&GIVEN_OUT_V6) && !ELSEWHERE_V6.iter().any(within)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn on_the_internet(ip: &str) -> bool {
        is_on_the_internet(ip.parse().unwrap())
    }

    #[test]
    fn what_is_given_out_is_on_the_internet_to_its_edges() {
        for ip in ["1.0.0.0", "9.255.255.255", "11.0.0.0", "100.63.255.255", "100.128.0.0", "172.15.255.255", "172.32.0.0"] {
            assert!(on_the_internet(ip), "{ip}");
        }
        for ip in ["192.167.255.255", "192.169.0.0", "198.17.255.255", "198.20.0.0", "223.255.255.255", "::ffff:1.0.0.0"] {
            assert!(on_the_internet(ip), "{ip}");
        }
        for ip in ["2001:200::1", "2003::1", "2600::1", "3ffe:ffff::1", "2001:db7:ffff::1", "2001:db9::1"] {
            assert!(on_the_internet(ip), "{ip}");
        }
    }

    #[test]
    fn what_is_kept_for_something_else_is_not_on_the_internet() {
        for ip in ["0.0.0.0", "0.1.2.3", "10.0.0.1", "100.64.0.0", "100.127.255.255", "127.0.0.1", "169.254.1.1", "172.16.0.0"] {
            assert!(!on_the_internet(ip), "{ip}");
        }
        for ip in ["172.31.255.255", "192.0.0.8", "192.0.2.1", "192.168.1.1", "198.18.0.1", "198.19.255.255", "198.51.100.1"] {
            assert!(!on_the_internet(ip), "{ip}");
        }
        for ip in ["203.0.113.1", "224.0.0.1", "239.255.255.255", "240.0.0.1", "255.255.255.255", "::ffff:10.0.0.1"] {
            assert!(!on_the_internet(ip), "{ip}");
        }
        for ip in ["::", "::1", "fe80::1", "fd00::1", "ff02::1", "2001::1", "2001:db8::1", "2002::1", "3fff::1", "64:ff9b::1", "4000::1"] {
            assert!(!on_the_internet(ip), "{ip}");
        }
    }
}
