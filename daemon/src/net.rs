//! The QUIC edge: moves frames between two authenticated ends, and knows nothing of the journal.
//!
//! A *link* is one QUIC connection between two link keys. The core dials, sends and closes with [`Command`]s; whatever happens comes back as
//! [`Event`]s, in this order for each link: either one `DialFailed`, or one `Opened`, any number of `Frame` and `Moved`, and one `Closed`.
//!
//! ```text
//! control   one bidirectional stream, opened by the dialler, who writes first: frames, in order
//! bulk      a unidirectional stream for each `SendBulk`: frames, in order, until the stream ends
//! ```
//!
//! Inside: `gate` says which keys may come in; `key`, `tls` and `transport` how strict a handshake is; `accept` and `dial` begin a link, for which
//! several addresses `race`; `link` is its life; `socket` what packets come by; `stream` and `queue` are frames in and out, bounded; `links` holds all that live; `reason` says
//! why something ended. Beside them, and used by none of them: `nearby`, who else is on the local network; `watch`,
//! word of changes of the network; and `mapping`, the router that passes on what comes from outside.

mod accept;
#[cfg(test)]
#[cfg(target_os = "linux")]
mod apart;
mod dial;
mod gate;
mod key;
mod link;
mod links;
pub mod mapping;
pub mod nearby;
mod queue;
mod race;
mod reason;
mod shared;
mod socket;
mod stream;
#[cfg(test)]
mod tests;
mod tls;
mod transport;
pub mod watch;

use std::net::SocketAddr;
use std::sync::Arc;

use asif_proto::frame::Frame;
use asif_proto::id::LinkKey;
use quinn::{AsyncUdpSocket, Runtime, TokioRuntime};
use tokio::sync::mpsc;

pub use gate::{Gate, Standing};
pub use key::LinkSecret;
pub use reason::{BindError, CloseReason, Closed, DialError};

use shared::Shared;

/// One link of this process. Even: dialled, the number is the caller's choice. Odd: accepted, the number is net's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LinkId(pub u64);

impl LinkId {
    /// The `n`th link that the caller dials.
    pub fn dialled(n: u64) -> Self {
        Self(n << 1)
    }

    /// Whether this end dialled the link.
    pub fn is_dialled(self) -> bool {
        self.0 & 1 == 0
    }
}

/// What the core wants done.
#[derive(Debug)]
pub enum Command {
    /// Connect to `peer` at whichever of `addresses` answers first: they are tried 250 ms one after the other, or sooner where one fails, and 5
    /// seconds are given to each.
    Dial {
        /// The number of the new link: even, and not in use until its last event.
        link: LinkId,
        /// The key that must answer. `None` takes any key: only where it is told afterwards whose it is.
        peer: Option<LinkKey>,
        /// Where to try, in this order: the first 16 that differ.
        addresses: Vec<SocketAddr>,
        /// Names with a port, as in `mail.example.org:4433`: wherever they lead is tried, too.
        names: Vec<String>,
        /// The key that is shown instead of the endpoint's own.
        shows: Option<LinkSecret>,
    },
    /// Send a frame on the control stream; before `Opened` it waits for the link.
    Send {
        /// On which link.
        link: LinkId,
        /// What to send.
        frame: Frame,
    },
    /// Send frames on a stream of their own, so that they do not delay what is sent with `Send`.
    SendBulk {
        /// On which link.
        link: LinkId,
        /// What to send, in order.
        frames: Vec<Frame>,
    },
    /// End the link. What was queued before goes out first, for at most one second.
    Close {
        /// Which link.
        link: LinkId,
        /// Why; the other end hears it.
        reason: CloseReason,
    },
}

/// What happened on the network.
#[derive(Debug, PartialEq, Eq)]
pub enum Event {
    /// A handshake is done. A dialled link counts only after the first frame from the other end, since a refusal can still be on its way.
    Opened {
        /// The new link.
        link: LinkId,
        /// The key that the other end holds.
        peer: LinkKey,
        /// Where the other end is.
        address: SocketAddr,
        /// Whether the other end dialled.
        incoming: bool,
        /// Whether the gate knew the key at this moment.
        known: bool,
        /// 32 bytes that only the two ends of this connection have (RFC 8446, section 7.5).
        exporter: Exporter,
    },
    /// A frame came in, on the control stream or on a bulk stream.
    Frame {
        /// On which link.
        link: LinkId,
        /// What came; its kind may be unknown.
        frame: Frame,
        /// The room it takes until it is carried out.
        room: Room,
    },
    /// The other end is heard from a new address.
    Moved {
        /// Which link.
        link: LinkId,
        /// Where the other end is now.
        address: SocketAddr,
    },
    /// A link that was open has ended. Nothing follows on it.
    Closed {
        /// Which link.
        link: LinkId,
        /// Why.
        reason: Closed,
    },
    /// A link that was dialled never opened. Nothing follows on it.
    DialFailed {
        /// Which link.
        link: LinkId,
        /// Why: of several addresses, the most telling answer.
        error: DialError,
        /// What each address said, in the order in which they were given; when dialling was called off, those that had failed by then.
        tried: Vec<(SocketAddr, DialError)>,
    },
}

/// Room for the bytes of one frame among those that nobody has taken yet; free again when it is dropped.
pub struct Room {
    _permit: Option<tokio::sync::OwnedSemaphorePermit>,
}

impl std::fmt::Debug for Room {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Room(..)")
    }
}

/// One room is as good as another.
impl PartialEq for Room {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Eq for Room {}

/// Keying material that both ends of one connection share and nobody else has; not shown by `Debug`.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Exporter(pub [u8; 32]);

impl std::fmt::Debug for Exporter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Exporter(..)")
    }
}

/// The endpoint and all its links. Dropping it ends them at once and unawaited; [`Net::shutdown`] ends them well.
pub struct Net {
    shared: Arc<Shared>,
    local_addr: SocketAddr,
}

impl Net {
    /// Listens on `listen` with the key `secret`, lets in whom `gate` lets in, and tells `events` what happens.
    ///
    /// `events` is bounded by the caller: while it is full, or 4 MiB of frames wait in it, nothing more is read from any link. Runs inside a
    /// tokio runtime.
    pub async fn bind(listen: SocketAddr, secret: &LinkSecret, gate: Gate, events: mpsc::Sender<Event>) -> Result<Self, BindError> {
        Self::bind_for(listen, secret, (gate, transport::FEW), events)
    }

    /// The same for a mailbox: whoever comes is let in, once they have shown that they can be reached where they say, and nobody is known.
    pub async fn bind_open(listen: SocketAddr, secret: &LinkSecret, events: mpsc::Sender<Event>) -> Result<Self, BindError> {
        let gate = Gate::default();
        gate.set(std::collections::HashSet::new(), true);
        Self::bind_for(listen, secret, (gate, transport::MANY), events)
    }

    fn bind_for(
        listen: SocketAddr,
        secret: &LinkSecret,
        doors: (Gate, transport::Strangers),
        events: mpsc::Sender<Event>,
    ) -> Result<Self, BindError> {
        let failed = |source| BindError::socket(listen, source);
        let runtime = Arc::new(TokioRuntime);
        let socket = runtime.wrap_udp_socket(socket::bound(listen).map_err(failed)?).map_err(failed)?;
        let net = Self::start(socket, runtime, secret, doors, events)?;
        let gather = net.shared.identity.gather();
        net.shared.spawn(async move {
            // Whatever becomes of it, a handshake gathers for itself.
            let _ = tokio::task::spawn_blocking(gather).await;
        });
        Ok(net)
    }

    /// Like [`Net::bind`], over a socket and a clock that need not be real ones.
    pub fn over(
        socket: Arc<dyn AsyncUdpSocket>,
        runtime: Arc<dyn Runtime>,
        secret: &LinkSecret,
        gate: Gate,
        events: mpsc::Sender<Event>,
    ) -> Result<Self, BindError> {
        Self::start(socket, runtime, secret, (gate, transport::FEW), events)
    }

    fn start(
        socket: Arc<dyn AsyncUdpSocket>,
        runtime: Arc<dyn Runtime>,
        secret: &LinkSecret,
        doors: (Gate, transport::Strangers),
        events: mpsc::Sender<Event>,
    ) -> Result<Self, BindError> {
        let local_addr = socket.local_addr().map_err(BindError::Start)?;
        let shared = Arc::new(Shared::start(socket, runtime, secret, doors, events)?);
        shared.spawn(accept::accept(Arc::clone(&shared)));
        Ok(Self { shared, local_addr })
    }

    /// Where it listens: with port 0 asked for, the port that was found.
    pub fn local_addr(&self) -> SocketAddr {
        self.local_addr
    }

    /// Does `command`, without waiting. What it leads to comes as events; a command for a link that has ended is dropped.
    pub fn command(&self, command: Command) {
        let links = &self.shared.links;
        match command {
            Command::Dial { link, peer, addresses, names, shows } => match links.dial(link) {
                Some(inbox) => {
                    self.shared.spawn(dial::dial(Arc::clone(&self.shared), link, dial::Whom { peer, addresses, names, shows }, inbox))
                }
                None => tracing::warn!(link = link.0, "cannot dial under this link number"),
            },
            Command::Send { link, frame } => links.send(link, frame),
            Command::SendBulk { link, frames } => links.send_bulk(link, frames),
            Command::Close { link, reason } => links.close(link, reason),
        }
    }

    /// Ends all links with [`CloseReason::GoingAway`] and waits for every task: at most a second for queued frames and a second for the last packets.
    ///
    /// Events are delivered as far as `events` has room; they are not waited for.
    pub async fn shutdown(self) {
        self.shared.stop();
        self.shared.join().await;
    }
}

impl std::fmt::Debug for Net {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Net").field("local_addr", &self.local_addr).finish_non_exhaustive()
    }
}

impl Drop for Net {
    fn drop(&mut self) {
        self.shared.stop();
    }
}
