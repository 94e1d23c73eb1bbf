//! Mailboxes: stations that keep sealed entries for devices that are never on together.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// What is asked about the mailbox.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MailboxAsk {
    /// Uses one from now on, on all own devices. Answer: [`Reply::Mailbox`](super::Reply::Mailbox).
    Use {
        /// Its ticket.
        ticket: String,
    },
    /// How it is with it. Answer: [`Reply::Mailbox`](super::Reply::Mailbox).
    Status,
    /// Uses none any more; it is asked to remove all that it keeps. Answer: [`Reply::Mailbox`](super::Reply::Mailbox).
    Leave {
        /// Also where it cannot be asked.
        unheard: bool,
    },
}

/// How it is with the mailbox.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct MailboxView {
    /// One's own; none: none is used.
    pub own: Option<StationView>,
    /// Those of others, where something is shared with them.
    pub others: Vec<StationView>,
}

/// One mailbox.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StationView {
    /// Whose it is, where it is another person's.
    pub of: Option<String>,
    /// Where it is.
    pub places: Vec<String>,
    /// There is a link to it now.
    pub connected: bool,
    /// Why not, or what it last did not do.
    pub trouble: Option<String>,
    /// It holds all that this device has, and this device all that it holds.
    pub settled: bool,
    /// When that was so last.
    pub last_sync: Option<Timestamp>,
    /// What may be kept there, in bytes, as it says itself.
    pub quota: Option<u64>,
    /// What is kept there.
    pub used: Option<u64>,
}
