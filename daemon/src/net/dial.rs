//! Links that this end dials: all addresses of the other end race, and the first whose handshake is done is the link.

use std::collections::HashSet;
use std::net::SocketAddr;
use std::sync::Arc;

use asif_proto::id::LinkKey;
use tokio::net::lookup_host;
use tokio::select;
use tokio::time::timeout;

use super::key::LinkSecret;
use super::link::{Met, live};
use super::links::Inbox;
use super::race::race;
use super::reason::DialError;
use super::shared::Shared;
use super::tls::SERVER_NAME;
use super::transport::{HANDSHAKE_LIMIT, MAX_ADDRESSES, client_config};
use super::{Event, LinkId};

/// Who is dialled, and under which key.
pub(super) struct Whom {
    /// The key that must answer; none: any.
    pub(super) peer: Option<LinkKey>,
    /// Where to try.
    pub(super) addresses: Vec<SocketAddr>,
    /// Names with a port, that are looked up first.
    pub(super) names: Vec<String>,
    /// The key that is shown; none: the endpoint's own.
    pub(super) shows: Option<LinkSecret>,
}

/// Tries the addresses, and lives the link that comes of it.
pub(super) async fn dial(shared: Arc<Shared>, link: LinkId, whom: Whom, mut inbox: Inbox) {
    let mut addresses = distinct(&whom.addresses);
    let mut tried = Vec::new();
    let met = select! {
        biased;
        _ = &mut inbox.order => Err(DialError::Cancelled),
        met = async {
            if !whom.names.is_empty() {
                addresses = distinct(&[whom.addresses.clone(), looked_up(&whom.names).await].concat());
            }
            first(&shared, &whom, &addresses, &mut tried).await
        } => met,
    };
    match met {
        Ok(met) => live(shared, link, met, inbox, None).await,
        Err(error) => {
            tried.sort_by_key(|(address, _)| addresses.iter().position(|one| one == address));
            tracing::debug!(link = link.0, %error, "dialling failed");
            shared.links.forget(link);
            shared.outlet.send(Event::DialFailed { link, error, tried }).await;
        }
    }
}

/// Where these names lead; one that leads nowhere is passed over.
async fn looked_up(names: &[String]) -> Vec<SocketAddr> {
    let mut addresses = Vec::new();
    for name in names {
        match timeout(HANDSHAKE_LIMIT, lookup_host(name)).await {
            Ok(Ok(found)) => addresses.extend(found),
            Ok(Err(error)) => tracing::debug!(%error, "a name could not be looked up"),
            Err(_) => tracing::debug!("looking up a name took too long"),
        }
    }
    addresses
}

/// The first handshake that is done. What becomes of those that fail before goes to `tried`.
async fn first(shared: &Shared, whom: &Whom, addresses: &[SocketAddr], tried: &mut Vec<(SocketAddr, DialError)>) -> Result<Met, DialError> {
    // Where it is bound to IPv4 alone, the others are beyond it: told, and not waited for.
    let only_v4 = shared.endpoint.local_addr().is_ok_and(|ours| ours.is_ipv4());
    let (reachable, out_of_reach): (Vec<_>, Vec<_>) = addresses.iter().copied().partition(|address| address.is_ipv4() || !only_v4);
    tried.extend(out_of_reach.into_iter().map(|address| (address, DialError::Unreachable)));
    let met = race(
        reachable,
        HANDSHAKE_LIMIT,
        DialError::Unreachable,
        |address| attempt(shared, whom, address),
        |address, error| tried.push((address, error)),
    )
    .await;
    met.ok_or_else(|| tried.iter().map(|(_, error)| *error).max().unwrap_or(DialError::NoAddress))
}

/// The first [`MAX_ADDRESSES`] of these that differ; an IPv4 address in the clothes of an IPv6 address is the IPv4 address.
fn distinct(addresses: &[SocketAddr]) -> Vec<SocketAddr> {
    let mut seen = HashSet::new();
    let plain = addresses.iter().map(|address| match address.ip().to_canonical() {
        std::net::IpAddr::V4(ip) => SocketAddr::new(ip.into(), address.port()),
        // Its scope is part of it.
        std::net::IpAddr::V6(_) => *address,
    });
    plain.filter(|address| seen.insert(*address)).take(MAX_ADDRESSES).collect()
}

async fn attempt(shared: &Shared, whom: &Whom, address: SocketAddr) -> Result<Met, DialError> {
    let config = client_config(shared.identity.client(whom.peer, whom.shows.as_ref()).map_err(|_| DialError::Handshake)?);
    let connecting = shared.endpoint.connect_with(config, address, SERVER_NAME).map_err(|error| DialError::from_connect(&error))?;
    let connection = connecting.await.map_err(|error| DialError::from_error(&error))?;
    Met::new(connection).ok_or(DialError::Handshake)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> SocketAddr {
        text.parse().unwrap()
    }

    #[test]
    fn an_address_is_tried_once_however_it_is_written() {
        let link_local = ["[fe80::1%2]:4433", "[fe80::1%3]:4433"].map(at);
        let given =
            [at("10.0.0.1:4433"), at("[::ffff:10.0.0.1]:4433"), at("10.0.0.1:4434"), link_local[0], at("10.0.0.1:4433"), link_local[1]];
        assert_eq!(distinct(&given), [at("10.0.0.1:4433"), at("10.0.0.1:4434"), link_local[0], link_local[1]]);
    }

    #[test]
    fn of_many_addresses_the_first_sixteen_are_tried() {
        let given: Vec<SocketAddr> = (1..100).map(|port| SocketAddr::from(([10, 0, 0, 1], port))).collect();
        assert_eq!(distinct(&given), given[..16]);
    }
}
