//! Word that the machine is about to sleep, from logind on the system bus (org.freedesktop.login1, `PrepareForSleep`).
//!
//! logind is asked to wait a moment, with an inhibitor of mode `delay`: what is to be done before the sleep is done when [`Asleep`] is let go. Without
//! logind nothing is told. The bus is that of `DBUS_SYSTEM_BUS_ADDRESS`, else `/run/dbus/system_bus_socket`; it is looked for again each minute.

use std::pin::Pin;
use std::time::Duration;

use futures_core::Stream;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use zbus::connection::Builder;
use zbus::message::Type;
use zbus::{Connection, MatchRule, MessageStream, OwnedFd};

const MANAGER: &str = "org.freedesktop.login1";
const PATH: &str = "/org/freedesktop/login1";
const INTERFACE: &str = "org.freedesktop.login1.Manager";
const SIGNAL: &str = "PrepareForSleep";
/// What the manager shows of whom it waits for. It names no journal.
const WHO: &str = "asifd";
const WHY: &str = "locks before the machine sleeps";
/// So long after it was found that nobody is there, or that they are gone, they are looked for again.
const AGAIN: Duration = Duration::from_secs(60);
/// The longest that the bus is waited for.
const LIMIT: Duration = Duration::from_secs(5);

/// The machine is about to sleep. It is held up until this is let go, or the manager's patience ends (five seconds, as it is delivered).
#[derive(Debug)]
pub struct Asleep {
    _held: Option<OwnedFd>,
}

/// Listens for it, while it matters.
#[derive(Debug)]
pub struct Sleep {
    task: Option<JoinHandle<()>>,
    tell: mpsc::Sender<Asleep>,
    told: mpsc::Receiver<Asleep>,
}

impl Default for Sleep {
    fn default() -> Self {
        let (tell, told) = mpsc::channel(1);
        Self { task: None, tell, told }
    }
}

impl Sleep {
    /// Begins to listen, or stops.
    pub fn watch(&mut self, wanted: bool) {
        match &self.task {
            None if wanted => self.task = Some(tokio::spawn(listen(self.tell.clone()))),
            Some(task) if !wanted => {
                task.abort();
                self.task = None;
            }
            _ => {}
        }
    }

    /// The next time.
    pub async fn told(&mut self) -> Option<Asleep> {
        self.told.recv().await
    }
}

impl Drop for Sleep {
    fn drop(&mut self) {
        self.watch(false);
    }
}

async fn listen(tell: mpsc::Sender<Asleep>) {
    loop {
        if let Err(error) = listen_once(&tell).await {
            tracing::debug!(%error, "nobody says when this machine goes to sleep");
        }
        tokio::time::sleep(AGAIN).await;
    }
}

/// Until the bus ends.
async fn listen_once(tell: &mpsc::Sender<Asleep>) -> zbus::Result<()> {
    let silent = || zbus::Error::Failure("the system bus does not answer".into());
    let (bus, mut signals, mut held) = tokio::time::timeout(LIMIT, begin()).await.map_err(|_| silent())??;
    while let Some(signal) = std::future::poll_fn(|cx| Pin::new(&mut signals).poll_next(cx)).await {
        if signal?.body().deserialize()? {
            let _ = tell.send(Asleep { _held: held.take() }).await;
        } else {
            held = inhibit(&bus).await.ok();
        }
    }
    Ok(())
}

async fn begin() -> zbus::Result<(Connection, MessageStream, Option<OwnedFd>)> {
    let set = std::env::var("DBUS_SYSTEM_BUS_ADDRESS").ok().filter(|value| !value.is_empty());
    let address = set.unwrap_or_else(|| "unix:path=/run/dbus/system_bus_socket".into());
    if !super::is_local(&address) {
        return Err(zbus::Error::Address("the system bus is not a socket of this machine, and no other is dialled".into()));
    }
    let bus = Builder::address(address.as_str()).build().await?;
    let rule = MatchRule::builder().msg_type(Type::Signal).sender(MANAGER).path(PATH).interface(INTERFACE).member(SIGNAL).build()?;
    let signals = MessageStream::for_match_rule(rule, &bus, None).await?;
    // Without it the machine may be asleep before all is done: it is done when it wakes, before anything else.
    let held = inhibit(&bus).await.ok();
    Ok((bus, signals, held))
}

async fn inhibit(bus: &Connection) -> zbus::Result<OwnedFd> {
    let answer = bus.call_method(Some(MANAGER), PATH, Some(INTERFACE), "Inhibit", &("sleep", WHO, WHY, "delay")).await?;
    answer.body().deserialize()
}
