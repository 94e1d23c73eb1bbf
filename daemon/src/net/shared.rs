//! What all tasks of one endpoint share, and how they end.

use std::future::Future;
use std::sync::{Arc, Mutex, PoisonError};

use asif_proto::frame::Frame;
use quinn::{AsyncUdpSocket, Endpoint, EndpointConfig, Runtime};
use tokio::sync::{Semaphore, mpsc, watch};
use tokio::task::JoinSet;
use tokio::time::timeout;

use super::gate::Gate;
use super::key::LinkSecret;
use super::links::Links;
use super::reason::{BindError, CloseReason};
use super::tls::Identity;
use super::transport::Strangers;
use super::{Event, LinkId, Room, transport};

/// The endpoint, its keys and its links.
pub(super) struct Shared {
    pub(super) endpoint: Endpoint,
    pub(super) identity: Identity,
    pub(super) gate: Gate,
    pub(super) strangers: Strangers,
    pub(super) links: Links,
    pub(super) outlet: Outlet,
    tasks: Mutex<JoinSet<()>>,
}

impl Shared {
    pub(super) fn start(
        socket: Arc<dyn AsyncUdpSocket>,
        runtime: Arc<dyn Runtime>,
        secret: &LinkSecret,
        (gate, strangers): (Gate, Strangers),
        events: mpsc::Sender<Event>,
    ) -> Result<Self, BindError> {
        let identity = Identity::new(secret)?;
        let server = transport::server_config(identity.server(gate.clone())?, strangers);
        // A provider that cannot dial should be known now, not at the first dial.
        identity.client(None, None)?;
        let endpoint =
            Endpoint::new_with_abstract_socket(EndpointConfig::default(), Some(server), socket, runtime).map_err(BindError::Start)?;
        let outlet = Outlet { events, stop: watch::Sender::new(false), room: Arc::new(Semaphore::new(MAX_UNHEARD)) };
        Ok(Self { endpoint, identity, gate, strangers, links: Links::default(), outlet, tasks: Mutex::default() })
    }

    /// Runs `task` until it ends; [`Shared::join`] waits for it.
    pub(super) fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        let mut tasks = self.tasks.lock().unwrap_or_else(PoisonError::into_inner);
        while tasks.try_join_next().is_some() {}
        tasks.spawn(task);
    }

    /// Tells every task to end.
    pub(super) fn stop(&self) {
        self.outlet.stop.send_replace(true);
        self.links.stop(CloseReason::GoingAway);
    }

    /// Waits for every task, then for the last packets.
    pub(super) async fn join(&self) {
        loop {
            let mut tasks = std::mem::take(&mut *self.tasks.lock().unwrap_or_else(PoisonError::into_inner));
            if tasks.is_empty() {
                break;
            }
            while tasks.join_next().await.is_some() {}
        }
        self.endpoint.close(CloseReason::GoingAway.code(), CloseReason::GoingAway.word().as_bytes());
        if timeout(transport::IDLE_LIMIT, self.endpoint.wait_idle()).await.is_err() {
            tracing::debug!("endpoint not idle in time");
        }
    }
}

/// Where events go out. It waits for room, but not after the stop: then nobody may be reading any more.
pub(super) struct Outlet {
    events: mpsc::Sender<Event>,
    stop: watch::Sender<bool>,
    room: Arc<Semaphore>,
}

/// Bytes of frames, of all links together, that may wait for whoever takes the events.
pub(super) const MAX_UNHEARD: usize = 4 << 20;

impl Outlet {
    /// Hands over `event`; after the stop only if there is room.
    pub(super) async fn send(&self, event: Event) {
        tokio::select! {
            biased;
            room = self.events.reserve() => if let Ok(room) = room { room.send(event) },
            () = self.stopped() => { let _ = self.events.try_send(event); }
        }
    }

    /// Hands over a frame, when there is room for its bytes.
    pub(super) async fn frame(&self, link: LinkId, frame: Frame) {
        let bytes = u32::try_from(frame.bytes.len()).unwrap_or(u32::MAX);
        let room = tokio::select! {
            biased;
            room = Arc::clone(&self.room).acquire_many_owned(bytes) => room.ok(),
            () = self.stopped() => None,
        };
        self.send(Event::Frame { link, frame, room: Room { _permit: room } }).await;
    }

    /// Waits for the stop.
    pub(super) async fn stopped(&self) {
        // The sender lives in `self`, so waiting cannot fail.
        let _ = self.stop.subscribe().wait_for(|stop| *stop).await;
    }
}
