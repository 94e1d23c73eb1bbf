//! Asks the router to pass on what comes from outside, so that this machine is reached behind it.
//!
//! By PCP (RFC 6887), and by the older NAT-PMP (RFC 6886) where the router says that it knows no other. What a router grants ends by itself after a
//! while and is asked for again at half of that; it is taken back when it is not wanted any more. Both protocols believe whoever answers from the
//! router's address: what it says is bounded and looked at, and at the worst leads others to dial in vain.
//!
//! Inside: `router` finds the router that is there; `ask` is one question and its answer; `internet` tells which addresses others reach; `pace` is
//! when it is asked again; `task` asks.

mod ask;
mod internet;
mod pace;
mod router;
mod task;
#[cfg(test)]
#[cfg(target_os = "linux")]
mod tests;

use std::net::SocketAddr;
use std::time::Duration;

use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;
use tokio::time::timeout;

use ask::NotMapped;
use pace::Pace;
use router::Way;

/// How long taking back may take, the end of the task with it.
const END_LIMIT: Duration = Duration::from_secs(2);

/// Asks the router to pass on packets to this machine. Dropped, it takes that back unawaited; [`Mapping::shutdown`] waits for it.
#[derive(Debug)]
pub struct Mapping {
    /// Counts how often the network changed.
    rounds: watch::Sender<u64>,
    task: JoinHandle<()>,
}

/// What came of it. It is told when it is something else than before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MappingEvent {
    /// This machine is reached from outside there.
    Mapped(SocketAddr),
    /// Why it is not, in words; it is tried again.
    Failed(String),
}

impl Mapping {
    /// Begins, for the UDP port on which this machine listens.
    ///
    /// Asks at once, and for two hours; again at half of the time that was given, or after a failure ever more rarely, from a minute to an hour. While
    /// `events` is full nothing more is asked. Runs inside a tokio runtime.
    pub fn start(port: u16, events: mpsc::Sender<MappingEvent>) -> Self {
        Self::begin(port, events, router::find, Pace::REAL)
    }

    /// The same with a router and a pace of the caller's choice.
    fn begin<F>(port: u16, events: mpsc::Sender<MappingEvent>, find: F, pace: Pace) -> Self
    where
        F: Fn() -> Result<Way, NotMapped> + Clone + Send + 'static,
    {
        let (rounds, changes) = watch::channel(0);
        Self { rounds, task: tokio::spawn(task::run(port, changes, events, find, pace)) }
    }

    /// The network changed, or the machine slept: asks anew, of the router that is there now.
    pub fn changed(&mut self) {
        self.rounds.send_modify(|round| *round = round.wrapping_add(1));
    }

    /// Takes back what the router granted, and ends: within two seconds, whether the router hears of it or not.
    pub async fn shutdown(self) {
        drop(self.rounds);
        let mut task = self.task;
        if timeout(END_LIMIT, &mut task).await.is_err() {
            tracing::debug!("what the router granted could not be taken back in time");
            task.abort();
        }
    }
}
