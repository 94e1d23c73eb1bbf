//! A passphrase on the journal.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

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
        /// The passphrase.
        passphrase: Secret,
    },
}

/// How it is with the lock.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LockView {
    /// The journal is locked.
    pub locked: bool,
    /// A passphrase is set.
    pub passphrase: bool,
    /// When it locks by itself if nothing is asked until then; null: it does not.
    pub locks_at: Option<Timestamp>,
}
