//! What comes out of the core, and what its [`Input`] is made of.

mod backup_job;
mod edge;
mod found;
mod input;
mod unshown;

use std::collections::BTreeSet;
use std::net::SocketAddr;

use asif_proto::id::{CheckpointId, KeyId, Link, LinkKey, LogId, PieceId, QueueId};
use asif_proto::local::{Answer, Event, Question};
use asif_proto::peer::{Entries, Message, Sealed};

use crate::journal::view::Parts;
use crate::seal::body::Erase;
use crate::seal::keys::{Capability, LinkSeed, VaultKey};
use crate::seal::proof;
use crate::seal::wire::Wire;

pub use backup_job::BackupJob;
pub use edge::{Beacon, ClientId, Exporter, LinkId, Now};
pub use found::{Found, FoundLog, LockedList, Salvaged};
pub use input::{Input, KeychainAsk};
pub use unshown::{Notice, Opaque};

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
    /// What came, or was written, while the journal was locked.
    Locked(LockedList, Vec<u8>),
}

/// An entry as it is read back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stored {
    /// The link before it.
    pub previous: Link,
    /// Itself.
    pub wire: Wire,
}

/// A log of which a checkpoint stands for all behind the birth and before its last covered entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Jump {
    /// Its head.
    pub head: LogHead,
    /// Its first entry.
    pub birth: Wire,
    /// The link before the last covered entry.
    pub previous: Link,
    /// A stub of that entry.
    pub tip: Wire,
    /// What is held behind it goes: it may be of another branch.
    pub ends_there: bool,
}

/// What of a log is let go of for good.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Erasure {
    /// The log.
    pub log: LogId,
    /// A checkpoint stands for all before this entry.
    pub from: u64,
    /// Entries of which stubs stay.
    pub seqs: BTreeSet<u64>,
}

/// What is kept aside of a log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Aside {
    /// The file, by name.
    pub file: String,
    /// Its entries.
    pub entries: Vec<Stored>,
}

/// Why entries are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// To be merged: they are stored and not yet in any view.
    Merge,
    /// To say which entries a checkpoint stands for.
    Cover,
    /// To look whether logs go through what a checkpoint names.
    Tips(CheckpointId),
    /// To look for what was erased.
    Search,
    /// To show a peer what is held here.
    Show(LinkId),
    /// To compare with another branch of the log.
    Judge(LogId),
    /// To write again what a branch said that lost.
    Lose(LogId),
    /// To tell a queue that they are stubs.
    Leave(LinkId),
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

/// By what stubs are said to be stubs, where they go to a queue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Leave {
    /// The writing capability.
    pub by: Capability,
    /// The queue.
    pub queue: QueueId,
}

/// A run of a log as it travels, for the edge that reads it; of the entries left out, stubs.
pub fn run_message(head: LogHead, before: Link, wires: &[Wire], left_out: &BTreeSet<u64>, leave: Option<&Leave>) -> Message {
    let mut link = before;
    let sealed = |wire: &Wire| {
        link = wire.link(&link);
        let is_stub = matches!(wire, Wire::Stub(_)) || left_out.contains(&wire.seq());
        match leave {
            _ if !is_stub => Sealed::from(wire),
            Some(Leave { by, queue }) => proof::leave(by, *queue, wire, &link),
            None => Sealed::from(&wire.to_stub()),
        }
    };
    let entries = wires.iter().map(sealed).collect();
    Message::Entries(Entries { queue: head.queue, key: head.key, log: head.log, before, entries })
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
    /// Replace the saved view: its parts that are not on the disk yet, its head, and then no other parts.
    SaveView {
        /// Its head.
        head: Opaque,
        /// All its parts, sealed.
        parts: Parts,
    },
    /// A part of the saved view did not open: nothing of this step counts, and the core is made anew from the log.
    Anew,
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
    /// Read what a document that is wanted is built of.
    Build {
        /// Which.
        doc: crate::seal::body::DocId,
        /// Pieces of checkpoints that it lies in.
        pieces: Vec<PieceId>,
        /// Entries that it has behind them.
        runs: Vec<Run>,
    },
    /// Read a bundle of a checkpoint.
    Unpack {
        /// The checkpoint.
        of: CheckpointId,
        /// The place of the bundle in it.
        bundle: usize,
        /// Its pieces.
        pieces: Vec<PieceId>,
    },
    /// Send pieces of a checkpoint.
    ServePieces {
        /// On this link.
        link: LinkId,
        /// By way of this one, where that is a queue at a mailbox.
        over: Option<(LinkId, QueueId)>,
        /// These, as far as they are what was written.
        pieces: Vec<PieceId>,
    },
    /// Load the documents of a bundle in another process, with limits. Answered with [`Input::Judged`].
    Judge {
        /// The checkpoint that is being taken, and the place of the bundle in it; none where one is being made here.
        of: Option<(CheckpointId, usize)>,
        /// The bundle, packed.
        packed: Opaque,
        /// How long it is unpacked.
        unfolded: u32,
        /// What was erased, where it is to be told what the documents say without it; none: their heads are all that is asked.
        erased: Option<Erase>,
    },
    /// Read what a checkpoint and the entries here say of one document.
    Compare {
        /// The checkpoint.
        of: CheckpointId,
        /// The document.
        doc: crate::seal::body::DocId,
        /// The pieces that it lies in.
        pieces: Vec<PieceId>,
        /// The entries.
        runs: Vec<Run>,
    },
    /// Keep a checkpoint whose pieces are kept, and go on with these logs behind what it covers. Answered with [`Input::Adopted`].
    Adopt {
        /// It, sealed.
        checkpoint: Vec<u8>,
        /// The logs.
        jumps: Vec<Jump>,
        /// When, in seconds since 1970.
        at_s: i64,
    },
    /// The same in the place of what is held, all in one go. Ends a batch: what is appended later comes after it.
    Swap {
        /// The checkpoint, sealed.
        checkpoint: Vec<u8>,
        /// The logs that go on behind it.
        jumps: Vec<Jump>,
        /// Logs that are let go of.
        aside: Vec<LogId>,
        /// Checkpoints that are let go of.
        checkpoints: Vec<CheckpointId>,
        /// Pieces that nothing needs any more.
        pieces: Vec<PieceId>,
        /// When, in seconds since 1970.
        at_s: i64,
    },
    /// Pack a bundle as small as it gets, beside everything else. Answered with [`Input::Packed`].
    Pack {
        /// Documents, one after another.
        folded: Opaque,
    },
    /// Keep pieces of a checkpoint that is being made. Answered with [`Input::Kept`].
    KeepPieces(Vec<Vec<u8>>),
    /// Keep a piece of a checkpoint that is being taken. Where it could not be, that shows when it is read.
    TakePiece(Vec<u8>),
    /// Keep a checkpoint whose pieces are kept. Answered with [`Input::Kept`].
    KeepCheckpoint(Vec<u8>),
    /// Let go of entries that a checkpoint covers, if all of its pieces are there and are what was written. Answered with [`Input::Pruned`].
    Prune {
        /// Pieces that must be there.
        pieces: Vec<PieceId>,
        /// Of each log, the first entry behind its birth that stays.
        logs: Vec<(LogId, u64)>,
    },
    /// Let go of checkpoints and pieces that nothing rests on any more.
    DropSealed {
        /// These checkpoints.
        checkpoints: Vec<CheckpointId>,
        /// These pieces.
        pieces: Vec<PieceId>,
    },
    /// Of what came, or was written, while the journal was locked, keep these records alone.
    KeepLocked(LockedList, Vec<Vec<u8>>),
    /// Let go for good of entries that a checkpoint stands for, of older checkpoints, of what the view said, and of damaged pieces. Answered with
    /// [`Input::Erased`].
    Erase {
        /// The entries.
        erasures: Vec<Erasure>,
        /// Checkpoints that are let go of.
        checkpoints: Vec<CheckpointId>,
        /// Pieces that nothing needs any more.
        pieces: Vec<PieceId>,
        /// When, in seconds since 1970.
        at_s: i64,
    },
    /// Remove what was kept aside of logs before this time, in seconds since 1970.
    DropAsides(i64),
    /// Let go for good of entries that are kept aside, by the names of the files. Answered with [`Input::ErasedAside`].
    EraseAside(Vec<(String, BTreeSet<u64>)>),
    /// Put another branch, or nothing, in the place of everything from an entry on. Ends a batch: what is appended later comes after it.
    Graft {
        /// Of this log.
        log: LogId,
        /// The first entry that goes.
        from: u64,
        /// What comes in its place.
        branch: Vec<Wire>,
        /// Checkpoints that stand for what goes, and are let go of before.
        checkpoints: Vec<CheckpointId>,
        /// Their pieces.
        pieces: Vec<PieceId>,
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
    /// What is said on the local network, and whether others are looked for there.
    Nearby {
        /// None: nothing.
        says: Option<Beacon>,
        /// As above.
        looks: bool,
    },
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
        /// Expecting this key; none: any.
        peer: Option<LinkKey>,
        /// At these addresses, in order.
        addresses: Vec<SocketAddr>,
        /// And wherever these names, each with a port, lead.
        names: Vec<String>,
        /// Under this link key instead of the device's own.
        shows: Option<LinkSeed>,
    },
    /// Make the core anew from what is on disk, without the vault's key.
    Lock,
    /// The same with this vault key, and tell this client how it is then.
    Unlock {
        /// The key.
        key: VaultKey,
        /// To whom; none: nobody asked.
        client: Option<ClientId>,
    },
    /// Ask the keychain of the system. Answered with [`Input::Keychain`].
    Keychain {
        /// What the answer names it by.
        number: u64,
        /// What.
        ask: KeychainAsk,
    },
    /// Make a backup, and answer.
    Backup {
        /// To whom.
        client: ClientId,
        /// What is to be made.
        job: Box<BackupJob>,
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
        /// By way of this one, where that is a queue at a mailbox.
        over: Option<(LinkId, QueueId)>,
        /// Of this log.
        head: LogHead,
        /// From this seq on.
        from: u64,
        /// The link before it as the peer has it; none before the first.
        before: Option<[u8; 8]>,
        /// Of these entries a stub goes out.
        left_out: BTreeSet<u64>,
        /// By what that is said.
        leave: Option<Leave>,
        /// It is of a journal, where no stub is taken: one that is here ends the run.
        whole: bool,
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
