//! Notifications of the desktop, over the session bus (Desktop Notifications Specification 1.2).
//!
//! Nothing on the screen says whose they are: the name that a desktop shows beside a notice is as neutral as its words. Whatever the bus
//! does, nobody waits for it: each call is made aside, within a limit. The bus is that of `DBUS_SESSION_BUS_ADDRESS`, else the socket `bus`
//! in `XDG_RUNTIME_DIR`, and on this machine: no other is dialled. On a system without one, as macOS, nothing is shown.

use std::collections::HashMap;
use std::time::Duration;

use zbus::Variant;
use zbus::connection::Builder;
use zbus::fdo;

use super::aside::Aside;

/// The name that stands beside a notice.
const APP: &str = "Reminder";
/// What heads it.
const SUMMARY: &str = "Reminder";
/// An icon that every desktop has for something that was set aside.
const ICON: &str = "appointment-soon";
const SERVICE: &str = "org.freedesktop.Notifications";
const PATH: &str = "/org/freedesktop/Notifications";
const BUS: &str = "org.freedesktop.DBus";
const BUS_PATH: &str = "/org/freedesktop/DBus";
/// The longest that a desktop is waited for, from dialling the bus to its answer.
const LIMIT: Duration = Duration::from_secs(5);

/// Why a notice was not shown.
#[derive(Debug, thiserror::Error)]
pub enum NotShown {
    /// No address, or nobody there.
    #[error("there is no session bus")]
    NoBus(#[source] zbus::Error),
    /// The bus is not a socket of this machine.
    #[error("the session bus is not a socket of this machine, and no other is dialled")]
    Elsewhere,
    /// A bus without a desktop.
    #[error("nothing on the session bus shows notifications")]
    NoService,
    /// It refused.
    #[error("the desktop did not take it")]
    Refused(#[source] zbus::Error),
    /// It took too long.
    #[error("the desktop did not answer within {} seconds", LIMIT.as_secs())]
    Silent,
}

/// What became of what was asked.
#[derive(Debug)]
pub enum Told {
    /// Of a notice.
    Shown {
        /// Which.
        notice: u64,
        /// It is shown, or why not.
        outcome: Result<(), NotShown>,
    },
    /// Of looking for a desktop.
    Found {
        /// There is one, or why not.
        outcome: Result<(), NotShown>,
    },
}

/// The desktop of this machine, if there is one.
#[derive(Debug, Default)]
pub struct Desktop(Aside<Told>);

impl Desktop {
    /// Has these lines shown.
    pub fn show(&mut self, notice: u64, lines: String) {
        self.0.begin(async move { Told::Shown { notice, outcome: within_limit(show(lines)).await } });
    }

    /// Looks whether anything shows notices. Nothing is started for that.
    pub fn look(&mut self) {
        self.0.begin(async { Told::Found { outcome: within_limit(look()).await } });
    }

    /// The next answer.
    pub async fn told(&mut self) -> Option<Told> {
        self.0.told().await
    }

    /// Ends what is under way.
    pub async fn shutdown(self) {
        self.0.shutdown().await;
    }
}

async fn within_limit(work: impl Future<Output = Result<(), NotShown>>) -> Result<(), NotShown> {
    tokio::time::timeout(LIMIT, work).await.unwrap_or(Err(NotShown::Silent))
}

async fn connect() -> Result<zbus::Connection, NotShown> {
    Builder::address(super::session_address().ok_or(NotShown::Elsewhere)?.as_str()).build().await.map_err(NotShown::NoBus)
}

async fn look() -> Result<(), NotShown> {
    let bus = connect().await?;
    let runs = bus.call_method(Some(BUS), BUS_PATH, Some(BUS), "NameHasOwner", &SERVICE).await.map_err(NotShown::Refused)?;
    if runs.body().deserialize().map_err(NotShown::Refused)? {
        return Ok(());
    }
    let starts = bus.call_method(Some(BUS), BUS_PATH, Some(BUS), "ListActivatableNames", &()).await.map_err(NotShown::Refused)?;
    let names: Vec<String> = starts.body().deserialize().map_err(NotShown::Refused)?;
    if names.iter().any(|name| name == SERVICE) { Ok(()) } else { Err(NotShown::NoService) }
}

async fn show(lines: String) -> Result<(), NotShown> {
    let bus = connect().await?;
    let refused = |error: zbus::Error| match error {
        zbus::Error::FDO(one) if matches!(*one, fdo::Error::ServiceUnknown(_) | fdo::Error::NameHasNoOwner(_)) => NotShown::NoService,
        error => NotShown::Refused(error),
    };
    let can = bus.call_method(Some(SERVICE), PATH, Some(SERVICE), "GetCapabilities", &()).await.map_err(refused)?;
    let can: Vec<String> = can.body().deserialize().map_err(NotShown::Refused)?;
    let body = if can.iter().any(|one| one == "body-markup") { without_markup(&lines) } else { lines };
    let hints: HashMap<&str, Variant<'_>> = HashMap::from([("urgency", Variant::U8(1))]);
    let actions: [&str; 0] = [];
    let notice = (APP, 0u32, ICON, SUMMARY, body.as_str(), &actions[..], hints, -1i32);
    bus.call_method(Some(SERVICE), PATH, Some(SERVICE), "Notify", &notice).await.map_err(refused)?;
    Ok(())
}

/// The text as a desktop that reads markup shows it as it is.
fn without_markup(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_no_markup() {
        assert_eq!(without_markup("tea <b>&</b> rest"), "tea &lt;b&gt;&amp;&lt;/b&gt; rest");
    }
}
