//! Opening the network: the configured address, and the same port as last time wherever that is free.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};
use std::path::Path;

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

/// Where others may reach a socket bound to `bound`: itself, or for the unspecified address this machine's own addresses
/// towards the network, and loopback for a second home on this machine.
pub(super) fn reachable(bound: SocketAddr) -> Vec<SocketAddr> {
    if !bound.ip().is_unspecified() {
        return vec![bound];
    }
    let outward = match bound.ip() {
        IpAddr::V4(_) => vec![outward_v4(), Some(Ipv4Addr::LOCALHOST.into())],
        IpAddr::V6(_) => vec![outward_v4(), outward_v6(), Some(Ipv4Addr::LOCALHOST.into()), Some(Ipv6Addr::LOCALHOST.into())],
    };
    outward.into_iter().flatten().map(|ip| SocketAddr::new(ip, bound.port())).collect()
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
        assert_eq!(reachable(one), [one]);
        assert!(reachable("0.0.0.0:7".parse().unwrap()).contains(&one));
    }
}
