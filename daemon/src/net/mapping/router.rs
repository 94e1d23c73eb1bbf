//! The router that is there: the gateway of the default route, and this machine's address towards it.
//!
//! ```text
//! Iface  Destination  Gateway   Flags  RefCnt  Use  Metric  Mask      ..     /proc/net/route, blanks between (proc_pid_net(5))
//! eth0   00000000     0101A8C0  0003   0       0    100     00000000         addresses as the machine's own bytes, in hexadecimal
//! ```

use std::net::{Ipv4Addr, UdpSocket};

use super::ask::NotMapped;

/// Where the router is, and where this machine is for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Way {
    pub(super) router: Ipv4Addr,
    pub(super) own: Ipv4Addr,
}

impl Way {
    /// To this router. Connecting a UDP socket sends nothing.
    pub(super) fn to(router: Ipv4Addr) -> Result<Self, NotMapped> {
        let towards = || {
            let socket = UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0))?;
            socket.connect((router, crab_nat::GATEWAY_PORT))?;
            socket.local_addr()
        };
        match towards() {
            Ok(std::net::SocketAddr::V4(own)) if !own.ip().is_unspecified() => Ok(Self { router, own: *own.ip() }),
            Ok(_) => Err(NotMapped::NoRouter),
            Err(error) => Err(NotMapped::Socket(error.to_string())),
        }
    }
}

/// Finds it. Reads a file that is in memory.
pub(super) fn find() -> Result<Way, NotMapped> {
    Way::to(gateway(&routes()?).ok_or(NotMapped::NoRouter)?)
}

#[cfg(target_os = "linux")]
fn routes() -> Result<String, NotMapped> {
    use std::io::Read as _;

    /// Of a longer table the default route is among the first all the same.
    const MAX_TABLE: u64 = 64 * 1024;

    let mut table = Vec::new();
    let read = std::fs::File::open("/proc/net/route").and_then(|file| file.take(MAX_TABLE).read_to_end(&mut table));
    read.map_err(|error| NotMapped::Routes(error.to_string()))?;
    Ok(String::from_utf8_lossy(&table).into_owned())
}

/// Only Linux is asked for its routes.
#[cfg(not(target_os = "linux"))]
fn routes() -> Result<String, NotMapped> {
    Err(NotMapped::System)
}

/// The gateway of the default route; of several, of the one that the system prefers. A line that is none of these says nothing.
fn gateway(table: &str) -> Option<Ipv4Addr> {
    table.lines().filter_map(default_route).min_by_key(|(metric, _)| *metric).map(|(_, gateway)| gateway)
}

fn default_route(line: &str) -> Option<(u32, Ipv4Addr)> {
    /// `RTF_UP` and `RTF_GATEWAY`: it is used, and leads to a router.
    const USED: u32 = 0x1 | 0x2;
    /// `RTF_REJECT`: it leads nowhere.
    const REJECTS: u32 = 0x200;

    let fields: Vec<&str> = line.split_ascii_whitespace().collect();
    let [_, destination, gateway, flags, _, _, metric, mask, ..] = fields.as_slice() else { return None };
    let hexadecimal = |field: &str| u32::from_str_radix(field, 16).ok();
    let flags = hexadecimal(flags)?;
    if hexadecimal(destination)? != 0 || hexadecimal(mask)? != 0 || flags & (USED | REJECTS) != USED {
        return None;
    }
    let gateway = Ipv4Addr::from(hexadecimal(gateway)?.to_ne_bytes());
    let is_one = !gateway.is_unspecified() && !gateway.is_loopback() && !gateway.is_multicast() && !gateway.is_broadcast();
    is_one.then_some((metric.parse().ok()?, gateway))
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEAD: &str = "Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT\n";

    /// A line of the table, as a machine of any byte order writes it.
    fn line(destination: [u8; 4], gateway: [u8; 4], flags: u16, metric: u32, mask: [u8; 4]) -> String {
        let word = u32::from_ne_bytes;
        let (destination, gateway, mask) = (word(destination), word(gateway), word(mask));
        format!("eth0\t{destination:08X}\t{gateway:08X}\t{flags:04X}\t0\t0\t{metric}\t{mask:08X}\t0\t0\t0\n")
    }

    fn default(gateway: [u8; 4], flags: u16, metric: u32) -> String {
        line([0; 4], gateway, flags, metric, [0; 4])
    }

    #[test]
    fn the_gateway_of_the_default_route_is_found_among_others() {
        let near = line([192, 168, 1, 0], [0; 4], 1, 100, [255, 255, 255, 0]);
        let half = line([0; 4], [10, 8, 0, 1], 3, 0, [128, 0, 0, 0]);
        let table = [HEAD, &near, &half, &default([192, 168, 1, 1], 3, 100), &near].concat();
        assert_eq!(gateway(&table), Some(Ipv4Addr::new(192, 168, 1, 1)));
        assert_eq!(gateway(&[HEAD, &near, &half].concat()), None);
    }

    #[test]
    #[cfg(target_endian = "little")]
    fn a_line_that_a_real_machine_wrote_is_read() {
        let table = "Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT                           \n\
                     wlan0\t00000000\t0101A8C0\t0003\t0\t0\t600\t00000000\t0\t0\t0                                               \n\
                     wlan0\t0001A8C0\t00000000\t0001\t0\t0\t600\t00FFFFFF\t0\t0\t0                                               \n";
        assert_eq!(gateway(table), Some(Ipv4Addr::new(192, 168, 1, 1)));
    }

    #[test]
    fn of_several_the_one_with_the_least_metric_counts_and_of_equals_the_first() {
        let (far, near, other) = (default([10, 0, 0, 1], 3, 700), default([10, 0, 0, 2], 3, 20), default([10, 0, 0, 3], 3, 20));
        assert_eq!(gateway(&[HEAD, &far, &near, &other].concat()), Some(Ipv4Addr::new(10, 0, 0, 2)));
    }

    #[test]
    fn a_route_that_is_down_rejects_or_leads_to_no_router_does_not_count() {
        let lines = [
            default([10, 0, 0, 1], 2, 0),
            default([10, 0, 0, 1], 1, 0),
            default([10, 0, 0, 1], 0x203, 0),
            default([0, 0, 0, 0], 3, 0),
            default([127, 0, 0, 1], 3, 0),
            default([224, 0, 0, 1], 3, 0),
            default([255, 255, 255, 255], 3, 0),
        ];
        for line in lines {
            assert_eq!(gateway(&line), None, "{line}");
        }
    }

    #[test]
    fn odd_text_is_passed_over() {
        let good = default([10, 0, 0, 1], 3, 5);
        let odd = [
            "",
            "\n",
            "eth0",
            "eth0 0 0 3 0 0 0",
            "\u{fffd}\u{0}\t\t\t",
            "eth0 00000000 1FFFFFFFF 0003 0 0 0 00000000",
            "a b c d e f g h i j k l",
        ];
        for text in odd.into_iter().chain(["eth0 00000000 -1 0003 0 0 0 00000000", "eth0 00000000 0100000A 0003 0 0 -5 00000000"]) {
            assert_eq!(gateway(text), None, "{text:?}");
            assert_eq!(gateway(&format!("{text}\n{good}")), Some(Ipv4Addr::new(10, 0, 0, 1)), "{text:?}");
        }
        for cut in 0..good.len() {
            let _ = gateway(&good[..cut]);
        }
    }

    #[test]
    fn the_own_address_towards_loopback_is_loopback() {
        let here = Way::to(Ipv4Addr::LOCALHOST).unwrap();
        assert_eq!(here, Way { router: Ipv4Addr::LOCALHOST, own: Ipv4Addr::LOCALHOST });
    }
}
