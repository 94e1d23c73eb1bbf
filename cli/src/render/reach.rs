//! How another device was reached, in words.

use asif_proto::local::{DeviceView, Over, Reached};
use jiff::Timestamp;

use super::time;

/// `over the local network (192.168.1.7)`
pub fn way(reached: &Reached) -> String {
    let ip = reached.address.parse::<std::net::SocketAddr>().map_or_else(|_| reached.address.clone(), |address| address.ip().to_string());
    match reached.over {
        Over::ThisMachine => "on this machine".to_owned(),
        Over::LocalNetwork => format!("over the local network ({ip})"),
        Over::Internet => format!("over the internet ({ip})"),
    }
}

/// Whether a device is there, and how it was reached.
pub fn now(device: &DeviceView, now: Timestamp) -> String {
    match &device.reached {
        Some(reached) if device.connected => format!("connected {}", way(reached)),
        Some(reached) => format!("away; reached {} {}", time::ago(reached.at, now), way(reached)),
        None if device.connected => "connected".to_owned(),
        None => "away; not reached from here yet".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use asif_proto::local::FoundBy;

    #[test]
    fn the_way_is_told_with_the_address_where_there_is_one_to_tell() {
        let at = "2026-11-24T12:00:00Z".parse().unwrap();
        let told = |address: &str, over| way(&Reached { address: address.into(), over, by: FoundBy::Discovery, at });
        assert_eq!(told("192.168.1.7:4433", Over::LocalNetwork), "over the local network (192.168.1.7)");
        assert_eq!(told("[2001:db8::7]:4433", Over::Internet), "over the internet (2001:db8::7)");
        assert_eq!(told("127.0.0.1:4433", Over::ThisMachine), "on this machine");
    }
}
