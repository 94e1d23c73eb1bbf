//! What goes into a mailbox's core, and what comes out.

use std::time::Duration;

use asif_proto::frame::Frame;
use asif_proto::id::LinkKey;
use asif_proto::peer::Message;

/// A connection of somebody.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct VisitorId(pub u64);

/// Something that is asked of the store, so that the answer finds back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Ask(pub u64);

/// The time as the edge gives it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Now {
    /// Seconds since 1970.
    pub wall_s: i64,
    /// A clock that never goes back.
    pub mono: Duration,
}

/// What the core is told.
#[derive(Debug)]
pub enum Input {
    /// Somebody came.
    Opened {
        /// On this connection.
        visitor: VisitorId,
        /// The key they show; it says nothing of who they are.
        key: LinkKey,
        /// Binds what is proven to this connection.
        exporter: [u8; 32],
    },
    /// They said something.
    Frame {
        /// On which connection.
        visitor: VisitorId,
        /// What.
        frame: Frame,
    },
    /// They are gone.
    Closed {
        /// From which connection.
        visitor: VisitorId,
    },
    /// The store listed names, with the lengths of what they name.
    Listed {
        /// What was asked.
        ask: Ask,
        /// The names, or why not.
        outcome: Result<Vec<(String, u64)>, String>,
    },
    /// The store gave an object.
    Got {
        /// What was asked.
        ask: Ask,
        /// It, if it is there; or why not.
        outcome: Result<Option<Vec<u8>>, String>,
    },
    /// The store has put an object where power cannot take it, or has removed some.
    Put {
        /// What was asked.
        ask: Ask,
        /// Whether it did.
        outcome: Result<(), String>,
    },
    /// Nothing happened until the deadline.
    Tick,
}

/// What the core wants done.
#[derive(Debug, Clone, PartialEq)]
pub enum Effect {
    /// Say something.
    Send {
        /// On this connection.
        visitor: VisitorId,
        /// What.
        message: Message,
        /// On a stream of its own, so that it delays nothing.
        bulk: bool,
    },
    /// End a connection, once what was said has gone out.
    Close {
        /// Which.
        visitor: VisitorId,
    },
    /// List what begins with this and a slash.
    List {
        /// What the answer names it by.
        ask: Ask,
        /// As above.
        prefix: String,
    },
    /// Get an object.
    Get {
        /// What the answer names it by.
        ask: Ask,
        /// Which.
        name: String,
    },
    /// Put an object.
    Put {
        /// What the answer names it by.
        ask: Ask,
        /// Which.
        name: String,
        /// Its bytes.
        bytes: Vec<u8>,
    },
    /// Remove objects, which may be absent. Answered with [`Input::Put`], if anybody waits for it.
    Delete {
        /// What the answer names it by.
        ask: Option<Ask>,
        /// Which.
        names: Vec<String>,
    },
}
