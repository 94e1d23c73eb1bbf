//! Opening the network: the configured address, and the same port as last time wherever that is free.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};
use std::path::Path;

use asif_proto::peer::MAX_ADDRESSES;
use tokio::sync::mpsc;

use crate::net::{BindError, Event, Gate, LinkSecret, Net};

/// The file that keeps the chosen port.
const PORT_FILE: &str = "port";

/// Binds the configured address. Port 0 means: the port of last time, or where that is taken a free one, kept from then on.
pub(super) async fn open(
    configured: SocketAddr,
    state: &Path,
    secret: &LinkSecret,
    gate: Gate,
    events: mpsc::Sender<Event>,
) -> Result<Net, BindError> {
    let kept = (configured.port() == 0).then(|| kept_port(state)).flatten();
    if let Some(port) = kept {
        match Net::bind(SocketAddr::new(configured.ip(), port), secret, gate.clone(), events.clone()).await {
            Err(BindError::InUse(_)) => tracing::warn!(port, "the port of last time is taken, another is chosen"),
            bound => return bound,
        }
    }
    let net = Net::bind(configured, secret, gate, events).await?;
    if configured.port() == 0
        && let Err(error) = std::fs::write(state.join(PORT_FILE), format!("{}\n", net.local_addr().port()))
    {
        tracing::warn!(%error, "the chosen port could not be kept");
    }
    Ok(net)
}

fn kept_port(state: &Path) -> Option<u16> {
    std::fs::read_to_string(state.join(PORT_FILE)).ok()?.trim().parse().ok().filter(|port| *port != 0)
}

/// Where others may reach a socket bound to `bound`: itself, or for the unspecified address this machine's own addresses: first those
/// towards the network, then loopback for a second home on this machine, then what else there is (`own`). An IPv6 socket is reached by IPv4 too.
/// Where the router passes packets on (`outside`) comes behind the first: who is near is not sent by way of the router.
pub(super) fn reachable(bound: SocketAddr, own: &[IpAddr], outside: Option<SocketAddr>) -> Vec<SocketAddr> {
    let mut all = if bound.ip().is_unspecified() { all(bound, own) } else { vec![bound] };
    if let Some(outside) = outside.filter(|outside| !all.contains(outside)) {
        let is_first = all.first().is_none_or(|first| first.ip().is_loopback());
        all.insert(if is_first { 0 } else { 1 }, outside);
        all.truncate(MAX_ADDRESSES);
    }
    all
}

fn all(bound: SocketAddr, own: &[IpAddr]) -> Vec<SocketAddr> {
    let takes = |ip: &IpAddr| bound.is_ipv6() || ip.is_ipv4();
    // What means something on one link alone means nothing to whoever is told.
    let is_of_link = |ip: &IpAddr| match ip {
        IpAddr::V4(ip) => ip.is_link_local(),
        IpAddr::V6(ip) => ip.is_unicast_link_local(),
    };
    let outward = [outward_v4(), outward_v6(), Some(Ipv4Addr::LOCALHOST.into())].into_iter().flatten();
    let others = own.iter().copied().filter(|ip| !is_of_link(ip));
    let mut all: Vec<IpAddr> = Vec::new();
    for ip in outward.chain(others).filter(takes) {
        if !all.contains(&ip) && all.len() < MAX_ADDRESSES {
            all.push(ip);
        }
    }
    all.into_iter().map(|ip| SocketAddr::new(ip, bound.port())).collect()
}

/// The address that the system would use towards the network. Connecting a UDP socket sends nothing; the addresses are
/// those kept for documentation (RFC 5737, RFC 3849).
fn outward_v4() -> Option<IpAddr> {
    outward((Ipv4Addr::UNSPECIFIED, 0).into(), (Ipv4Addr::new(192, 0, 2, 1), 9).into())
}

fn outward_v6() -> Option<IpAddr> {
    outward((Ipv6Addr::UNSPECIFIED, 0).into(), (Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 1), 9).into())
}

fn outward(from: SocketAddr, to: SocketAddr) -> Option<IpAddr> {
    let socket = UdpSocket::bind(from).ok()?;
    socket.connect(to).ok()?;
    socket.local_addr().ok().map(|address| address.ip()).filter(|ip| !ip.is_unspecified() && !ip.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_specified_address_is_itself_and_loopback_is_always_among_the_others() {
        let one: SocketAddr = "127.0.0.1:7".parse().unwrap();
        assert_eq!(reachable(one, &[], None), [one]);
        assert!(reachable("0.0.0.0:7".parse().unwrap(), &[], None).contains(&one));
    }

    #[test]
    fn what_else_this_machine_has_comes_last_and_what_means_nothing_elsewhere_not_at_all() {
        let own: Vec<IpAddr> = ["203.0.113.9", "2001:db8::9", "fe80::9", "169.254.1.1"].iter().map(|ip| ip.parse().unwrap()).collect();
        let told = |bound: &str| -> Vec<String> { reachable(bound.parse().unwrap(), &own, None).iter().map(ToString::to_string).collect() };
        assert!(told("[::]:7").ends_with(&["203.0.113.9:7".to_owned(), "[2001:db8::9]:7".to_owned()]));
        assert!(told("0.0.0.0:7").ends_with(&["203.0.113.9:7".to_owned()]));
    }

    #[test]
    fn where_the_router_passes_on_comes_right_behind_the_first_address_towards_the_network_and_before_loopback() {
        let outside: SocketAddr = "20.30.40.50:9".parse().unwrap();
        let one: SocketAddr = "10.0.0.7:7".parse().unwrap();
        assert_eq!(reachable(one, &[], Some(outside)), [one, outside]);
        let many: Vec<IpAddr> = (1..=200).map(|last| Ipv4Addr::new(10, 9, 9, last).into()).collect();
        let bound = "0.0.0.0:7".parse().unwrap();
        let (before, after) = (reachable(bound, &many, None), reachable(bound, &many, Some(outside)));
        let at = usize::from(!before[0].ip().is_loopback());
        assert_eq!((after.len(), after[at]), (MAX_ADDRESSES, outside));
        assert_eq!([&after[..at], &after[at + 1..]].concat(), before[..MAX_ADDRESSES - 1]);
        assert_eq!(reachable(outside, &[], Some(outside)), [outside], "a machine that is on the internet itself");
    }
}
