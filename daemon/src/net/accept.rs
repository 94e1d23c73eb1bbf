//! Links that come in: how many handshakes run at once, and who may stay after one.

use std::sync::Arc;

use quinn::Incoming;
use tokio::select;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;

use super::gate::Standing;
use super::link::{Met, close, live};
use super::reason::CloseReason;
use super::shared::Shared;
use super::transport::{HANDSHAKE_LIMIT, MAX_HANDSHAKES};

/// Takes incoming connections until the stop.
pub(super) async fn accept(shared: Arc<Shared>) {
    let doors = Doors::new(MAX_HANDSHAKES, shared.strangers.unvalidated);
    let strangers = Arc::new(Semaphore::new(shared.strangers.links));
    loop {
        let incoming = select! {
            biased;
            () = shared.outlet.stopped() => return,
            incoming = shared.endpoint.accept() => match incoming {
                Some(incoming) => incoming,
                None => return,
            },
        };
        match doors.admit(incoming.remote_address_validated()) {
            Admission::Enter(pass) => {
                let (task, strangers) = (Arc::clone(&shared), Arc::clone(&strangers));
                shared.spawn(async move {
                    let stopping = Arc::clone(&task);
                    let met = select! {
                        biased;
                        () = stopping.outlet.stopped() => return,
                        met = meet(incoming, pass) => met,
                    };
                    if let Some(met) = met {
                        receive(task, met, strangers).await;
                    }
                });
            }
            // A retry costs no memory. It can only fail for an address that is already validated.
            Admission::ProveAddress => drop(incoming.retry()),
            Admission::Full => incoming.refuse(),
        }
    }
}

async fn meet(incoming: Incoming, _pass: Pass) -> Option<Met> {
    let connecting = match incoming.accept() {
        Ok(connecting) => connecting,
        Err(error) => {
            tracing::debug!(%error, "incoming handshake could not begin");
            return None;
        }
    };
    match timeout(HANDSHAKE_LIMIT, connecting).await {
        Ok(Ok(connection)) => Met::new(connection),
        Ok(Err(error)) => {
            tracing::debug!(%error, "incoming handshake failed");
            None
        }
        Err(_) => {
            tracing::debug!("incoming handshake took too long");
            None
        }
    }
}

/// Looks at the gate again, since it may have changed during the handshake, and finds the link a place.
async fn receive(shared: Arc<Shared>, met: Met, strangers: Arc<Semaphore>) {
    let place = match shared.gate.standing(&met.peer) {
        Some(Standing::Known) => None,
        Some(Standing::Stranger) => match strangers.try_acquire_owned() {
            Ok(place) => Some(place),
            Err(_) => {
                close(&met.connection, CloseReason::Busy);
                return;
            }
        },
        None => {
            close(&met.connection, CloseReason::Refused);
            return;
        }
    };
    match shared.links.accept(met.peer) {
        Some((link, inbox)) => live(shared, link, met, inbox, place).await,
        None => {
            close(&met.connection, CloseReason::GoingAway);
        }
    }
}

/// Who may begin a handshake just now.
struct Doors {
    handshakes: Arc<Semaphore>,
    unvalidated: Arc<Semaphore>,
}

/// What to do with one that comes in.
enum Admission {
    /// Begin the handshake.
    Enter(Pass),
    /// Ask it to show first that it can be reached at its address (RFC 9000, section 8.1.2).
    ProveAddress,
    /// Refuse it.
    Full,
}

/// Room for one handshake, free again when dropped.
type Pass = (OwnedSemaphorePermit, Option<OwnedSemaphorePermit>);

impl Doors {
    fn new(handshakes: usize, unvalidated: usize) -> Self {
        Self { handshakes: Arc::new(Semaphore::new(handshakes)), unvalidated: Arc::new(Semaphore::new(unvalidated)) }
    }

    fn admit(&self, validated: bool) -> Admission {
        let unvalidated = if validated {
            None
        } else {
            match Arc::clone(&self.unvalidated).try_acquire_owned() {
                Ok(permit) => Some(permit),
                Err(_) => return Admission::ProveAddress,
            }
        };
        match Arc::clone(&self.handshakes).try_acquire_owned() {
            Ok(permit) => Admission::Enter((permit, unvalidated)),
            Err(_) => Admission::Full,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_validated_under_load_and_a_full_house_refuses() {
        let doors = Doors::new(3, 2);
        let Admission::Enter(first) = doors.admit(false) else { panic!("room") };
        let Admission::Enter(_second) = doors.admit(false) else { panic!("room") };
        assert!(matches!(doors.admit(false), Admission::ProveAddress));
        let Admission::Enter(_third) = doors.admit(true) else { panic!("room") };
        assert!(matches!(doors.admit(true), Admission::Full));
        drop(first);
        assert!(matches!(doors.admit(false), Admission::Enter(_)));
    }
}
