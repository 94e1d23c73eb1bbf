//! Word that the machine is about to sleep, and that it woke up, from logind on the system bus (org.freedesktop.login1, `PrepareForSleep`).
//!
//! Where something is to be done before the sleep, logind is asked to wait a moment, with an inhibitor of mode `delay`: it is done when [`Asleep`] is let
//! go. Without logind nothing is told. The bus is that of `DBUS_SYSTEM_BUS_ADDRESS`, else `/run/dbus/system_bus_socket`; it is looked for again after a minute, and then ever more rarely.

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
/// So long after it was found that nobody is there, or that they are gone, they are looked for again; then after twice as long, up to [`RARELY`].
const AGAIN: Duration = Duration::from_secs(60);
const RARELY: Duration = Duration::from_secs(3600);
/// The longest that the bus is waited for.
const LIMIT: Duration = Duration::from_secs(5);

/// The machine is about to sleep. It is held up until this is let go, or the manager's patience ends (five seconds, as it is delivered).
#[derive(Debug)]
pub struct Asleep {
    _held: Option<OwnedFd>,
}

/// What there is to tell.
#[derive(Debug)]
pub enum Told {
    /// It is about to sleep.
    Sleeps(Asleep),
    /// It woke up.
    Woke,
}

/// Listens for it, while it matters.
#[derive(Debug)]
pub struct Sleep {
    task: Option<JoinHandle<()>>,
    holds: bool,
    tell: mpsc::Sender<Told>,
    told: mpsc::Receiver<Told>,
}

impl Default for Sleep {
    fn default() -> Self {
        let (tell, told) = mpsc::channel(1);
        Self { task: None, holds: false, tell, told }
    }
}

impl Sleep {
    /// Begins to listen, or stops. `holds`: the sleep is to be held up, which is listening too.
    pub fn watch(&mut self, wakes: bool, holds: bool) {
        let wanted = wakes || holds;
        if let Some(task) = self.task.take_if(|_| !wanted || holds != self.holds) {
            task.abort();
        }
        if wanted && self.task.is_none() {
            self.holds = holds;
            self.task = Some(tokio::spawn(listen(self.tell.clone(), holds)));
        }
    }

    /// The next time.
    pub async fn told(&mut self) -> Option<Told> {
        self.told.recv().await
    }
}

impl Drop for Sleep {
    fn drop(&mut self) {
        self.watch(false, false);
    }
}

async fn listen(tell: mpsc::Sender<Told>, holds: bool) {
    let mut again = AGAIN;
    loop {
        match listen_once(&tell, holds).await {
            Ok(()) => again = AGAIN,
            Err(error) => tracing::debug!(%error, "nobody says when this machine goes to sleep"),
        }
        tokio::time::sleep(again).await;
        again = (again * 2).min(RARELY);
    }
}

/// Until the bus ends.
async fn listen_once(tell: &mpsc::Sender<Told>, holds: bool) -> zbus::Result<()> {
    let (bus, mut signals) = tokio::time::timeout(LIMIT, begin()).await.map_err(|_| silent())??;
    // Without it the machine may be asleep before all is done: it is done when it wakes, before anything else.
    let mut held = if holds { inhibit(&bus).await.ok() } else { None };
    while let Some(signal) = std::future::poll_fn(|cx| Pin::new(&mut signals).poll_next(cx)).await {
        if !signal?.body().deserialize()? {
            held = if holds { inhibit(&bus).await.ok() } else { None };
            let _ = tell.send(Told::Woke).await;
        } else if holds {
            let _ = tell.send(Told::Sleeps(Asleep { _held: held.take() })).await;
        }
    }
    Ok(())
}

fn silent() -> zbus::Error {
    zbus::Error::Failure("the system bus does not answer".into())
}

async fn begin() -> zbus::Result<(Connection, MessageStream)> {
    let set = std::env::var("DBUS_SYSTEM_BUS_ADDRESS").ok().filter(|value| !value.is_empty());
    let address = set.unwrap_or_else(|| "unix:path=/run/dbus/system_bus_socket".into());
    if !super::is_local(&address) {
        return Err(zbus::Error::Address("the system bus is not a socket of this machine, and no other is dialled".into()));
    }
    let bus = Builder::address(address.as_str()).build().await?;
    let rule = MatchRule::builder().msg_type(Type::Signal).sender(MANAGER).path(PATH).interface(INTERFACE).member(SIGNAL).build()?;
    let signals = MessageStream::for_match_rule(rule, &bus, None).await?;
    Ok((bus, signals))
}

async fn inhibit(bus: &Connection) -> zbus::Result<OwnedFd> {
    let arguments = ("sleep", WHO, WHY, "delay");
    let asked = bus.call_method(Some(MANAGER), PATH, Some(INTERFACE), "Inhibit", &arguments);
    let answer = tokio::time::timeout(LIMIT, asked).await.map_err(|_| silent())??;
    answer.body().deserialize()
}
