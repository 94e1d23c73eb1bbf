//! A passphrase on the journal.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::moment::Moment;
use crate::secret::Secret;

/// What is asked about the lock. Answer: [`Reply::Lock`](super::Reply::Lock).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LockAsk {
    /// How it is.
    Look,
    /// Sets a passphrase, changes it or takes it off.
    Passphrase {
        /// The one there is, where there is one.
        old: Option<Secret>,
        /// The one that is to be; none: none.
        new: Option<Secret>,
    },
    /// Locks at once.
    Now,
    /// Opens it.
    Unlock {
        /// The passphrase, where one is set.
        passphrase: Option<Secret>,
    },
    /// Has the keychain of the system keep what opens it, or not any more.
    Keychain {
        /// Which.
        on: bool,
    },
}

/// How it is with the lock.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LockView {
    /// The journal is locked.
    pub locked: bool,
    /// A passphrase is set.
    pub passphrase: bool,
    /// The keychain of the system keeps what opens it.
    pub keychain: bool,
    /// When it locks by itself if nothing is asked until then; null: it does not.
    pub locks_at: Option<Timestamp>,
    /// How much was written while it was locked and waits until it is open.
    pub waiting: u64,
    /// How much of that was put into the journal since it was opened.
    pub added: u64,
    /// How much of it could not be, and is kept as drafts.
    pub drafts: u64,
}

/// Something that was written while the journal was locked: saved, sealed, and put into it when it is opened. Answer to
/// [`Request::Log`](super::Request::Log).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename = "waiting")]
pub struct Waiting {
    /// The id that it will have.
    pub id: Uuid,
    /// The practice, as typed.
    pub practice: Option<String>,
    /// When it happened.
    pub occurred_at: Moment,
    /// How many wait, this one included.
    pub count: u64,
    /// How many may.
    pub most: u64,
}
