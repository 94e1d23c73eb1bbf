//! What comes out of the core, and what its [`Input`] is made of.

mod input;

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::time::Duration;

use asif_proto::id::{KeyId, Link, LinkKey, LogId, QueueId};
use asif_proto::local::{Answer, Event, Question};
use asif_proto::peer::{Entries, Message};
use jiff::Timestamp;
use zeroize::Zeroizing;

use crate::seal::wire::Wire;

pub use input::Input;

/// The time as the edge gives it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Now {
    /// The wall clock: written into records, orders nothing.
    pub wall: Timestamp,
    /// A clock that never goes back: for waiting.
    pub mono: Duration,
    /// One that goes on while the machine sleeps, whatever is set on the wall.
    pub steady: Duration,
}

/// Binds what is proven on a link to this very connection (RFC 8446, section 7.5).
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Exporter(pub [u8; 32]);

impl std::fmt::Debug for Exporter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Exporter(..)")
    }
}

/// A client of the local socket.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ClientId(pub u64);

/// A link to a peer: even numbers are dialled by this core, odd ones were accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LinkId(pub u64);

/// The head of a log file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct LogHead {
    /// The queue of its space and epoch.
    pub queue: QueueId,
    /// The epoch's key.
    pub key: KeyId,
    /// The log.
    pub log: LogId,
}

/// A log as it was found on disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FoundLog {
    /// Its head.
    pub head: LogHead,
    /// Its last good seq.
    pub seq: u64,
    /// The link after it.
    pub link: Link,
}

/// What could be read of a damaged piece of a log that was set aside.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Salvaged {
    /// Its log.
    pub log: LogId,
    /// The queue of the log, where that is known.
    pub queue: Option<QueueId>,
    /// The file, by name.
    pub file: String,
    /// Its intact entries.
    pub entries: Vec<Stored>,
    /// How many could not be read, as far as is known.
    pub lost: u64,
}

/// Everything that was found on disk.
#[derive(Debug, Clone, Default)]
pub struct Found {
    /// Logs.
    pub logs: Vec<FoundLog>,
    /// Statements.
    pub statements: Vec<Vec<u8>>,
    /// The vault file and its key file.
    pub vault: Option<(Vec<u8>, Vec<u8>)>,
    /// The sealed view.
    pub view: Option<Vec<u8>>,
    /// The sealed list of peers.
    pub peers: Option<Vec<u8>>,
    /// This home is not the one that was left here: a copy, or an old one that was put back.
    pub is_other: bool,
    /// The sealed drafts.
    pub drafts: Option<Vec<u8>>,
    /// The sealed memory of reminders that were shown.
    pub reminded: Option<Vec<u8>>,
    /// The sealed memory of what waits before it is shared.
    pub delays: Option<Vec<u8>>,
    /// The sealed memory of records that were taken back from helpers.
    pub withheld: Option<Vec<u8>>,
    /// Drafts that did not open were set aside, now or earlier.
    pub drafts_damaged: bool,
    /// The plan's readable copy.
    pub plan_copy: Option<Vec<u8>>,
    /// What could be read of pieces that were set aside, where they were asked for.
    pub salvaged: Vec<Salvaged>,
    /// Files with damaged pieces that were set aside, by name.
    pub set_aside: Vec<String>,
    /// What is damaged, in words, with the log where it is one.
    pub damage: Vec<(Option<LogId>, String)>,
    /// What was cut off because it was never acknowledged, in words.
    pub torn: Vec<String>,
    /// Files among the logs that are none, by name.
    pub strange: Vec<String>,
}

/// Something to put on stable storage.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Append {
    /// An entry or a stub, with the link after it.
    Entry {
        /// Its log.
        head: LogHead,
        /// The link after it.
        link: Link,
        /// Itself.
        wire: Wire,
    },
    /// A statement.
    Statement(Vec<u8>),
}

/// An entry as it is read back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stored {
    /// The link before it.
    pub previous: Link,
    /// Itself.
    pub wire: Wire,
}

/// Why entries are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// To be merged: they are stored and not yet in any view.
    Merge,
    /// To build a document that is wanted.
    Document(crate::seal::body::DocId),
    /// To show a peer what is held here.
    Show(LinkId),
    /// To compare with another branch of the log.
    Judge(LogId),
    /// To write again what a branch said that lost.
    Lose(LogId),
}

/// A run of entries to read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Run {
    /// The log.
    pub log: LogId,
    /// The first.
    pub from: u64,
    /// The last.
    pub to: u64,
}

/// A run of a log as it travels, for the edge that reads it; of the entries left out, stubs.
pub fn run_message(head: LogHead, before: Link, wires: &[Wire], left_out: &BTreeSet<u64>) -> Message {
    let sealed = |wire: &Wire| {
        let leave_out = matches!(wire, Wire::Entry(_)) && left_out.contains(&wire.seq());
        if leave_out { super::links::seal_wire(&wire.to_stub()) } else { super::links::seal_wire(wire) }
    };
    let entries = wires.iter().map(sealed).collect();
    Message::Entries(Entries { queue: head.queue, key: head.key, log: head.log, before, entries })
}

/// Bytes that no log line or panic may show, wiped when they are let go.
#[derive(Clone, PartialEq, Eq)]
pub struct Opaque(Zeroizing<Vec<u8>>);

impl Opaque {
    /// These bytes.
    pub fn new(bytes: Vec<u8>) -> Self {
        Self(Zeroizing::new(bytes))
    }

    /// The bytes.
    pub fn as_slice(&self) -> &[u8] {
        &self.0
    }
}

impl std::fmt::Debug for Opaque {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} bytes", self.0.len())
    }
}

/// What a desktop shows. No log line shows it.
#[derive(Clone, PartialEq, Eq)]
pub struct Notice(String);

impl Notice {
    /// These lines.
    pub fn new(text: String) -> Self {
        Self(text)
    }

    /// The lines.
    pub fn text(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Debug for Notice {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} lines", self.0.lines().count())
    }
}

/// What the core wants done, in this order. If an append fails, nothing after it is done and the core is made anew.
#[derive(Debug, Clone, PartialEq)]
pub enum Effect {
    /// Replace a small file.
    Save {
        /// Its name.
        name: &'static str,
        /// Its bytes.
        bytes: Opaque,
    },
    /// Remove a small file, which may be absent.
    Remove {
        /// Its name.
        name: &'static str,
    },
    /// Note that this home is here: what was copied of it before is an old copy from now on.
    Mark,
    /// Put on stable storage.
    Append(Vec<Append>),
    /// Turn entries into stubs.
    Stub {
        /// In this log.
        log: LogId,
        /// These.
        seqs: Vec<u64>,
    },
    /// Read entries back.
    Read {
        /// Why.
        purpose: Purpose,
        /// Which.
        runs: Vec<Run>,
    },
    /// Put another branch in the place of everything from its first entry on. Ends a batch: what is appended later comes after it.
    Graft {
        /// Of this log.
        log: LogId,
        /// This.
        branch: Vec<Wire>,
    },
    /// Set this log aside whole.
    SetAside(LogId),
    /// Set what is damaged aside, and these logs whole.
    Mend(Vec<LogId>),
    /// Tell a client something that is awaited.
    Event {
        /// Whom.
        client: ClientId,
        /// What.
        event: Event,
    },
    /// Ask a client.
    Question {
        /// Whom.
        client: ClientId,
        /// What.
        question: Question,
    },
    /// Answer a client.
    Answer {
        /// Whom.
        client: ClientId,
        /// What.
        answer: Answer,
    },
    /// Open the network.
    Listen,
    /// Close the network again.
    Unlisten,
    /// Who is let in.
    Admit {
        /// These keys.
        known: BTreeSet<LinkKey>,
        /// And strangers, to prove a ticket.
        strangers: bool,
    },
    /// Dial a peer.
    Dial {
        /// As this link.
        link: LinkId,
        /// Expecting this key.
        peer: LinkKey,
        /// At these addresses, in order.
        addresses: Vec<SocketAddr>,
    },
    /// Send a message.
    Send {
        /// On this link.
        link: LinkId,
        /// This.
        message: Message,
    },
    /// Read a run and send it, about [`asif_proto::peer::ENTRIES_BYTES`] at a time.
    Serve {
        /// On this link.
        link: LinkId,
        /// Of this log.
        head: LogHead,
        /// From this seq on.
        from: u64,
        /// The link before it as the peer has it; none before the first.
        before: Option<[u8; 8]>,
        /// Of these entries a stub goes out.
        left_out: BTreeSet<u64>,
    },
    /// Close a link, once what was sent is flushed.
    Close {
        /// Which.
        link: LinkId,
    },
    /// Show this on the desktop, if there is one. Answered with [`Input::Notified`].
    Notify {
        /// What the answer names it by.
        notice: u64,
        /// What is shown.
        text: Notice,
    },
    /// Find out whether a desktop shows notices. Answered with [`Input::Desktop`].
    LookForDesktop,
    /// Stop the daemon.
    Stop,
}
