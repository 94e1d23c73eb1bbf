//! Links that this end dials.

use std::net::SocketAddr;
use std::sync::Arc;

use asif_proto::id::LinkKey;
use tokio::select;
use tokio::time::timeout;

use super::key::LinkSecret;
use super::link::{Met, live};
use super::links::Inbox;
use super::reason::DialError;
use super::shared::Shared;
use super::tls::SERVER_NAME;
use super::transport::{HANDSHAKE_LIMIT, client_config};
use super::{Event, LinkId};

/// Who is dialled, and under which key.
pub(super) struct Whom {
    /// The key that must answer; none: any.
    pub(super) peer: Option<LinkKey>,
    /// Where to try.
    pub(super) addresses: Vec<SocketAddr>,
    /// The key that is shown; none: the endpoint's own.
    pub(super) shows: Option<LinkSecret>,
}

/// Tries the addresses in order, and lives the link that comes of it.
pub(super) async fn dial(shared: Arc<Shared>, link: LinkId, whom: Whom, mut inbox: Inbox) {
    let met = select! {
        biased;
        _ = &mut inbox.order => Err(DialError::Cancelled),
        met = first(&shared, &whom) => met,
    };
    match met {
        Ok(met) => live(shared, link, met, inbox, None).await,
        Err(error) => {
            tracing::debug!(link = link.0, %error, "dialling failed");
            shared.links.forget(link);
            shared.outlet.send(Event::DialFailed { link, error }).await;
        }
    }
}

async fn first(shared: &Shared, whom: &Whom) -> Result<Met, DialError> {
    let mut telling = DialError::NoAddress;
    for address in &whom.addresses {
        match timeout(HANDSHAKE_LIMIT, attempt(shared, whom, *address)).await.unwrap_or(Err(DialError::Unreachable)) {
            Ok(met) => return Ok(met),
            Err(error) => telling = telling.max(error),
        }
    }
    Err(telling)
}

async fn attempt(shared: &Shared, whom: &Whom, address: SocketAddr) -> Result<Met, DialError> {
    let config = client_config(shared.identity.client(whom.peer, whom.shows.as_ref()).map_err(|_| DialError::Handshake)?);
    let connecting = shared.endpoint.connect_with(config, address, SERVER_NAME).map_err(|error| DialError::from_connect(&error))?;
    let connection = connecting.await.map_err(|error| DialError::from_error(&error))?;
    Met::new(connection).ok_or(DialError::Handshake)
}
