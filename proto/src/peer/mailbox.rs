//! What a daemon and a mailbox say to each other beside what two daemons do.
//!
//! ```text
//! both      Hello                         versions; a mailbox is told nothing else of whoever comes
//! daemon    Enrol, or Enrolled            with a ticket, or as somebody who came with one; who only reads says neither
//! mailbox   Allowance
//! daemon    OpenQueue                     by signatures over the TLS exporter with the queue's capabilities
//! mailbox   QueueOpen
//! both      Within(queue, ..)             from here on as two daemons: Have, Entries, GetEntries, Checkpoint, GetPieces, Piece, NoCheckpoint
//! both      Within(queue, Slips)          statements, sealed: a mailbox reads none
//! daemon    Within(queue, Stubs | Deposit | DropEntries | CloseQueue)
//! mailbox   Unwilling                     why something was not done
//! ```

use serde::{Deserialize, Serialize};

use super::Blob;
use crate::id::{CheckpointId, KeyId, Link, LogId, PieceId, QueueId};

/// The largest sealed statement, in bytes.
pub const MAX_SLIP: usize = 72 * 1024;

/// An Ed25519 signature.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Sig(#[serde(with = "serde_bytes")] pub [u8; 64]);

/// Somebody comes with a mailbox's ticket: from now on this key is theirs. The same key may come again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Enrol {
    /// The public half of what the ticket holds, or of the key that they were enrolled with before.
    pub by: [u8; 32],
    /// Its signature over the exporter and the new key.
    pub proof: Sig,
    /// The new key's public half.
    pub key: [u8; 32],
    /// Its signature over the exporter.
    pub key_proof: Sig,
}

/// Somebody who is enrolled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Enrolled {
    /// The public half of the key they enrolled with.
    pub key: [u8; 32],
    /// Its signature over the exporter.
    pub proof: Sig,
}

/// What an enrolment may keep at a mailbox, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Allowance {
    /// At most.
    pub quota: u64,
    /// Now.
    pub used: u64,
}

/// What a queue is named by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum QueueKind {
    /// Of one epoch of a space, by the public halves of its capabilities.
    Space {
        /// Of reading.
        reading: [u8; 32],
        /// Of writing.
        writing: [u8; 32],
    },
    /// What a recovery kit reads: sealed statements, only ever added to, by whoever is enrolled.
    Recovery {
        /// Of reading.
        reading: [u8; 32],
    },
}

/// May I read, or write, this queue?
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct OpenQueue {
    /// Which.
    pub kind: QueueKind,
    /// A signature over the exporter and the queue, by the reading capability.
    pub read: Option<Sig>,
    /// The same by the writing capability.
    pub write: Option<Sig>,
    /// It is to be made if it is not there; only for who is enrolled.
    pub make: bool,
}

/// How a queue is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum QueueState {
    /// There is none.
    Absent,
    /// It may be written in.
    Open,
    /// It is only read any more: what it held is in the queue of a later epoch.
    Closed,
}

/// The answer to [`OpenQueue`]; of one that is there a full Have follows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct QueueOpen {
    /// Which.
    pub queue: QueueId,
    /// How it is.
    pub state: QueueState,
}

/// A statement, sealed for whoever reads the queue.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Slip {
    /// Named after the queue and the statement: the same in each place that makes it, and meaningless to whoever has not got both.
    pub id: [u8; 16],
    /// It, sealed.
    pub sealed: Blob,
}

/// A checkpoint to be kept, with what of it a mailbox has to know.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Deposit {
    /// Which; it is sent for by its pieces, and then itself.
    pub id: CheckpointId,
    /// Up to where it stands for the entries of each log.
    pub covers: Vec<Stand>,
    /// Its pieces.
    pub pieces: Vec<PieceId>,
    /// Those that it takes the place of.
    pub replaces: Vec<CheckpointId>,
}

/// One log up to an entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stand {
    /// The queue of its epoch.
    pub queue: QueueId,
    /// The epoch's key.
    pub key: KeyId,
    /// The log.
    pub log: LogId,
    /// The entry.
    pub seq: u64,
    /// The link after it.
    pub link: Link,
}

/// Entries that a deposited checkpoint stands for, and that are to be gone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct DropEntries {
    /// Of this log.
    pub log: LogId,
    /// Those before this one.
    pub before: u64,
}

/// What a mailbox did not do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unwilling {
    /// Of which queue; none: of all.
    pub queue: Option<QueueId>,
    /// Why.
    pub why: Why,
}

/// Why a mailbox did not do something.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
pub enum Why {
    /// No such ticket or enrolment, or not any more.
    #[error("the mailbox does not know this enrolment")]
    Unknown,
    /// The ticket was used by another key.
    #[error("the mailbox's ticket was already used")]
    Used,
    /// The ticket's time is over.
    #[error("the mailbox's ticket has expired")]
    Expired,
    /// A signature is not good.
    #[error("the mailbox did not accept a proof")]
    Proof,
    /// There is no more room for this enrolment.
    #[error("the room at the mailbox is used up")]
    Quota,
    /// The queue is only read any more.
    #[error("the queue is closed")]
    Closed,
    /// Too much at once.
    #[error("the mailbox takes no more at this pace")]
    Pace,
    /// Its store does not do what it is asked.
    #[error("the mailbox could not store it")]
    Store,
    /// It goes beyond a limit.
    #[error("the mailbox takes no more of that")]
    Limit,
}
