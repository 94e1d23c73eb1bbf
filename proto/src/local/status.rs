//! How a home is: its state, and what a doctor finds.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{KitView, StationView};
use crate::home::Home;
use crate::share::Role;

/// The state of a home.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Status {
    /// The daemon itself.
    pub daemon: DaemonView,
    /// There is a person and a journal here.
    pub initialised: bool,
    /// The vault is locked.
    pub locked: bool,
    /// The person's own name.
    pub name: Option<String>,
    /// The journal, counted.
    pub journal: JournalView,
    /// This person's devices.
    pub devices: Vec<DeviceView>,
    /// Helpers with a standing grant.
    pub helpers: Vec<HelperView>,
    /// The mailbox that is used; null: none is.
    #[serde(default)]
    pub mailbox: Option<StationView>,
    /// Clients of this person.
    pub clients: u64,
    /// Devices known to hold everything this one holds, this one included.
    pub safely_stored_on: u64,
    /// Addresses this daemon listens on.
    pub listen: Vec<String>,
    /// How the vault is kept: `key file`.
    pub vault: String,
    /// What was written while it was locked and is not in the journal yet, counted.
    #[serde(default)]
    pub waiting: u64,
    /// The recovery kit; null where there is no journal.
    #[serde(default)]
    pub kit: Option<KitView>,
    /// Things that need a look at `asif doctor`, counted.
    pub problems: u64,
    /// Where things live.
    pub paths: Home,
}

/// The daemon.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DaemonView {
    /// Its process id.
    pub pid: u32,
    /// Its version.
    pub version: String,
}

/// The journal, counted.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct JournalView {
    /// Sessions, not counting deleted ones.
    pub sessions: u64,
    /// Practices, not counting archived or deleted ones.
    pub practices: u64,
}

/// One of this person's devices.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeviceView {
    /// Its name.
    pub name: String,
    /// Its id, whole.
    pub id: String,
    /// It is the one that answers.
    pub this: bool,
    /// When both last had the same; null: never since it joined, or this one.
    pub last_sync: Option<Timestamp>,
    /// A live link exists.
    pub connected: bool,
    /// How it was last reached; null: not yet, or this one.
    #[serde(default)]
    pub reached: Option<Reached>,
}

/// How a device was last reached.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reached {
    /// Where it was then: an address and a port.
    pub address: String,
    /// What lay between.
    pub over: Over,
    /// Who found whom.
    pub by: FoundBy,
    /// When.
    pub at: Timestamp,
}

/// What lies between two devices, as far as an address tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Over {
    /// Both are on one machine.
    ThisMachine,
    /// A local network: an address that is given out in many of them.
    LocalNetwork,
    /// An address that is there once in the world.
    Internet,
}

/// How two devices found each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FoundBy {
    /// It was heard on the local network.
    Discovery,
    /// At an address that was known: typed, told, or where it was before.
    Address,
    /// It came by itself.
    Them,
}

/// A device that is one of this person's no more.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RemovedDevice {
    /// Its name.
    pub name: String,
    /// Its id, whole. It never comes back; a machine that joins again has another.
    pub id: String,
    /// When it was removed, by the clock of whoever did.
    pub removed_at: Timestamp,
    /// The device that removed it; null: the recovery kit.
    pub removed_by: Option<String>,
    /// Own devices and people that a live link exists to: they hear of it now.
    pub told: Vec<String>,
    /// Own devices and people that have not been reached since: they hear of it when they are, and let it in until then.
    pub untold: Vec<String>,
}

/// A helper, in the status.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct HelperView {
    /// The helper, as the client names them.
    pub name: String,
    /// Who they are.
    pub role: Role,
    /// Until when, by when it happened.
    pub until: Option<crate::moment::Moment>,
    /// They have joined.
    pub joined: bool,
    /// Nothing new goes to them until it is resumed.
    #[serde(default)]
    pub paused: bool,
    /// Why nothing new goes to them from this device, and what to do, where it waits for the person.
    #[serde(default)]
    pub waiting: Option<String>,
    /// When both last had the same.
    pub last_sync: Option<Timestamp>,
}

/// What is wrong, if anything.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Doctor {
    /// Each check in one line, in words.
    pub checks: Vec<Check>,
    /// Views were made anew.
    pub rebuilt: bool,
}

/// One thing that was looked at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Check {
    /// It is as it should be.
    pub ok: bool,
    /// What it is about, for programs: `journal`, `torn`, `strange`, `refused`, `waiting`, `vault`, `damage`, `unplaced`, `quarantine`, `fork`,
    /// `drafts`, `newer`, `clock`, `network`, `removed`, `forgotten`, `put_back`, `disk_full`, `disk_read_only`, `disk_failing`, `permissions`, `settings`.
    #[serde(default)]
    pub kind: String,
    /// What was looked at and found.
    pub text: String,
    /// What to do, where something is wrong.
    pub hint: Option<String>,
}
