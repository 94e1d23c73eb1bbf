//! Who else is on the local network, by multicast DNS (RFC 6762, RFC 6763).
//!
//! A device tells its port and some tags, under a name that is random each time. To a stranger the tags mean nothing; to whoever can work them out
//! they are a hint where to dial, and no more than that: who is there is shown by the handshake alone.
//!
//! ```text
//! PTR   _peer._udp.local.            → <instance>._peer._udp.local.     the type names no product
//! SRV   <instance>._peer._udp.local. → port, <instance>.local.          neither machine nor user is named
//! TXT   <instance>._peer._udp.local. → t0= t1= .. n=                    see `beacon`
//! A, AAAA   <instance>.local.        → the addresses of the interface it is told on
//! ```
//!
//! Inside: `beacon` is what is told and heard, as text; `engine` the library's thread; `task` keeps the engine at what is wanted; `attention` is when
//! it looks. Nothing runs, and no socket is open, while nothing is to be told and nobody looked for.

mod attention;
mod beacon;
mod engine;
mod task;
#[cfg(test)]
mod tests;

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;
use tokio::time::timeout;

pub use beacon::{MAX_ADDRESSES, MAX_INVITATIONS, MAX_TAGS};

/// The port of multicast DNS.
pub const MDNS_PORT: u16 = 5353;

/// How long the goodbye and the end of the thread may take.
const END_LIMIT: Duration = Duration::from_secs(3);

/// What one device says of itself on the local network. It names nobody.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Beacon {
    /// Where it listens; with 0 nothing is told.
    pub port: u16,
    /// Random, and another one whenever it should not be known as the same device.
    pub instance: [u8; 10],
    /// What only those who know it can make anything of; the first [`MAX_TAGS`] are told.
    pub tags: Vec<[u8; 8]>,
    /// The numbers of open invitations; the first [`MAX_INVITATIONS`] are told.
    pub invitations: Vec<u16>,
}

/// A beacon that was heard, and where from. Anybody on the network can have made it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Heard {
    /// Its tags: at most [`MAX_TAGS`].
    pub tags: Vec<[u8; 8]>,
    /// Its invitations: at most [`MAX_INVITATIONS`].
    pub invitations: Vec<u16>,
    /// Where it says that it listens: at least one, at most [`MAX_ADDRESSES`], those of the link alone last.
    pub addresses: Vec<SocketAddr>,
}

/// What comes of looking for others.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NearbyEvent {
    /// Somebody is there. It is told again when something of it changes.
    Heard(Heard),
    /// Why it does not work, in words; it is tried again after [`Nearby::changed`].
    Failed(String),
}

/// Why it cannot begin.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NearbyError {
    /// No interface can have this address.
    #[error("{0} is not the address of an interface")]
    Address(IpAddr),
    /// It was not started within a tokio runtime.
    #[error("there is no runtime to look for others in")]
    Runtime,
}

/// Tells and looks on the local network. Dropped, it says goodbye unawaited; [`Nearby::shutdown`] waits for that.
#[derive(Debug)]
pub struct Nearby {
    wanted: watch::Sender<Wanted>,
    task: JoinHandle<()>,
}

/// What is to be told, and whether others are looked for.
#[derive(Debug, Clone, Default)]
struct Wanted {
    beacon: Option<Beacon>,
    looks: bool,
    /// Counts how often looking was asked for.
    asked: u64,
    /// Counts how often the network changed.
    round: u64,
}

impl Nearby {
    /// Begins; nothing is said before [`Nearby::announce`], nobody looked for before [`Nearby::look`].
    ///
    /// `over` is where this device listens: a loopback address stands for loopback alone, an unspecified one for all interfaces but loopback, any
    /// other for the one that has it. `mdns_port` is [`MDNS_PORT`] outside tests. `heard` is never waited for: what it has no room for is dropped.
    /// Runs inside a tokio runtime.
    pub fn start(over: IpAddr, mdns_port: u16, heard: mpsc::Sender<NearbyEvent>) -> Result<Self, NearbyError> {
        if over.is_multicast() {
            return Err(NearbyError::Address(over));
        }
        let runtime = Handle::try_current().map_err(|_| NearbyError::Runtime)?;
        let (wanted, wants) = watch::channel(Wanted::default());
        let task = runtime.spawn(task::run(over, mdns_port, wants, heard));
        Ok(Self { wanted, task })
    }

    /// Says this from now on instead of what was said before; `None`: nothing, and goodbye is said.
    pub fn announce(&mut self, beacon: Option<Beacon>) {
        self.wanted.send_if_modified(|wanted| {
            let is_new = wanted.beacon != beacon;
            wanted.beacon = beacon;
            is_new
        });
    }

    /// Looks for others from now on, or stops to. Asked for again while it looks, it looks as if from now on.
    ///
    /// A device that tells of itself looks for a quarter of an hour, and after that for five seconds in each: whoever comes meanwhile looks as well,
    /// and finds it. One that only looks does so all the time.
    pub fn look(&mut self, on: bool) {
        self.wanted.send_if_modified(|wanted| {
            wanted.asked = wanted.asked.wrapping_add(u64::from(on));
            std::mem::replace(&mut wanted.looks, on) != on || on
        });
    }

    /// The interfaces changed, or the machine slept: looks and tells anew at once.
    pub fn changed(&mut self) {
        self.wanted.send_modify(|wanted| wanted.round = wanted.round.wrapping_add(1));
    }

    /// Says goodbye, and waits for the end of the thread: three seconds at most.
    pub async fn shutdown(self) {
        drop(self.wanted);
        if timeout(END_LIMIT, self.task).await.is_err() {
            tracing::debug!("multicast dns did not end in time");
        }
    }
}
