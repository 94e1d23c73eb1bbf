//! What two daemons say to each other over one authenticated link: device with device, device with helper.
//!
//! ```text
//! both      Hello                     versions, addresses, and a digest of what both share; equal digests end it here
//! both      Have (full)               statements and version vectors, where the digests differ
//! both      Roster, Epochs, Entries   what the other is missing
//! both      Have                      again, for what was stored since: sending it is the acknowledgement
//! both      GetEntries                where the two hold different entries under one number: the other's branch
//! one       Checkpoint                instead of many entries that it stands for; the other GetPieces or NoCheckpoint, the one Piece
//! own       Same                      what the two hold is the same: so must be what they make of it
//! either    Ping, and the other Pong  before a person is told that somebody was reached: a link may be dead and not yet know
//! own       Addresses                 between devices of one person: where each has itself met others
//! ```
//!
//! A stranger who holds a ticket says [`Join`] instead, and hears [`Welcome`] or [`Refused`]; one who was told a code says [`ByCode`] first, and hears
//! [`CodeAnswer`]. A device that the root let in, and that the other end has not
//! heard of, comes once under the link key of the recovery kit, says [`Message::Introduce`], and hears [`Welcome`] of an own device, [`Message::For`] of another
//! person's; then it comes as itself.
//! Each message is one [`Frame`](crate::frame::Frame); a kind that is not known is ignored.

mod mailbox;
mod message;

use std::net::SocketAddr;

use serde::{Deserialize, Serialize};

use crate::id::{CheckpointId, KeyId, Link, LinkKey, LogId, PersonId, QueueId};
use crate::ticket::TicketRole;

pub use mailbox::{
    Allowance, Deposit, DropEntries, Enrol, Enrolled, MAX_SLIP, OpenQueue, QueueKind, QueueOpen, QueueState, Sig, Slip, Stand, Unwilling,
    Why,
};
pub use message::Message;

/// The lowest and highest version of this protocol that this program speaks.
pub const VERSIONS: (u16, u16) = (1, 1);
/// The most addresses a peer may tell of one device.
pub const MAX_ADDRESSES: usize = 8;
/// The most devices whose addresses are told in one message.
pub const MAX_WHEREABOUTS: usize = 1024;
/// The most pieces that are asked for in one message.
pub const MAX_PIECES: usize = 16;
/// Sealed bytes in one [`Entries`] message, about.
pub const ENTRIES_BYTES: usize = 256 * 1024;

/// Bytes that are only passed on.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Blob(#[serde(with = "serde_bytes")] pub Vec<u8>);

/// The first message of each side.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hello {
    /// The lowest version spoken.
    pub min: u16,
    /// The highest version spoken.
    pub max: u16,
    /// Drawn when the sender's core started: a link with another number before it is dead.
    pub start: [u8; 8],
    /// Digest of the statements and Haves that both share.
    pub digest: [u8; 16],
    /// Where the sender listens.
    pub listen: Vec<SocketAddr>,
}

/// What the sender holds on stable storage.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Have {
    /// Everything shared is listed; else only what changed.
    pub full: bool,
    /// First 16 bytes of the ids of the statements held; only when full.
    pub statements: Vec<[u8; 16]>,
    /// Logs by queue.
    pub queues: Vec<QueueHave>,
}

/// The logs of one queue.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct QueueHave {
    /// The queue.
    pub queue: QueueId,
    /// The key its entries are sealed with.
    pub key: KeyId,
    /// Highest contiguous seq of each log, and the first 8 bytes of its link.
    pub logs: Vec<(LogId, u64, [u8; 8])>,
}

/// A run of one log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entries {
    /// The queue.
    pub queue: QueueId,
    /// The key they are sealed with.
    pub key: KeyId,
    /// The log.
    pub log: LogId,
    /// The full link before the first.
    pub before: Link,
    /// The entries, in order.
    pub entries: Vec<Sealed>,
}

/// Asks for the entries of a log from a seq on, because what the two hold of it does not fit together. Whoever is asked asks back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct GetEntries {
    /// The queue.
    pub queue: QueueId,
    /// The log.
    pub log: LogId,
    /// The first that is wanted.
    pub from: u64,
}

/// Where a device was met, by its key: a hint, since whoever is dialled there must prove the key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Whereabouts {
    /// The device.
    pub key: LinkKey,
    /// Where it was reached or says it listens, best first.
    pub addresses: Vec<SocketAddr>,
}

/// An entry or a stub as it travels.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Sealed {
    /// Whole.
    Entry(Blob),
    /// Without its sealed bytes.
    Stub(Blob),
    /// The same, with the word of whoever may write there that it is to be so: also a mailbox can pass it on, and cannot make it.
    Left {
        /// The stub.
        stub: Blob,
        /// A signature by the queue's writing capability over the queue, the log, the place in it and the link after it.
        leave: Sig,
    },
}

/// Somebody who was told a code begins to show that they know it: the first message of SPAKE2, bound to both keys and the connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct ByCode {
    /// Which invitation.
    pub number: u16,
    /// What they want to become.
    pub role: TicketRole,
    /// Their share.
    pub share: [u8; 32],
}

/// The answer to a code, which is used up by then, whatever it was. Who knows it goes on with [`Join`], by the secret that the two have in common now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct CodeAnswer {
    /// The giver's share.
    pub share: [u8; 32],
    /// A MAC that only somebody who knows the code can make on this very connection.
    pub confirm: [u8; 32],
}

/// The holder of a ticket asks to be let in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Join {
    /// Which ticket.
    pub ticket: [u8; 8],
    /// A MAC that only a holder of the ticket can make on this very connection.
    pub proof: [u8; 32],
    /// What they want to become.
    pub joiner: Joiner,
    /// The name they give.
    pub name: String,
    /// Where they listen.
    pub listen: Vec<SocketAddr>,
}

/// What the holder of a ticket wants to become.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Joiner {
    /// One more device: its keys first go to the giver, who says whose person it will be.
    Device {
        /// Signing, sealing and link keys with a proof that they belong together, made for `person`.
        candidate: Blob,
        /// The person it was made for; zero in the first message, when the joiner does not know yet.
        person: PersonId,
    },
    /// A helper, with the statements of their own roster.
    Helper {
        /// Who.
        person: PersonId,
        /// Their roster.
        roster: Vec<Blob>,
    },
}

/// The holder of a ticket is let in; everything in it is on the giver's stable storage.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Welcome {
    /// Whose journal it is.
    pub person: PersonId,
    /// Their name, as the joiner will see it.
    pub name: String,
    /// Statements to begin with: roster and epochs.
    pub statements: Vec<Blob>,
    /// The grant, for a helper.
    pub grant: Option<crate::id::GrantId>,
}

/// Why a peer ends a conversation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
pub enum Refused {
    /// No version that both speak.
    #[error("the two devices run versions of asif that do not understand each other; update the older one")]
    Version,
    /// No such ticket, a wrong proof, or a ticket for something else.
    #[error("the ticket is wrong")]
    Ticket,
    /// The ticket was used by another device.
    #[error("the ticket was already used")]
    Used,
    /// The ticket is over.
    #[error("the ticket has expired")]
    Expired,
    /// The person said no.
    #[error("the other person said no")]
    Declined,
    /// The keys or the roster do not fit.
    #[error("the keys that were sent do not fit together")]
    Keys,
    /// The link is not let in.
    #[error("the other device does not know this one")]
    Unknown,
    /// The keys are of a device that was removed; it may come with new ones.
    #[error("this device was removed, and cannot be let in again as it is")]
    Removed,
    /// No such code stands, or it was not the right one: either way it is of no use any more.
    #[error("the code is wrong, was used, or is over")]
    Code,
    /// Three codes were wrong: for a while only tickets let in.
    #[error("too many wrong codes came there: for ten minutes only tickets count")]
    CodesLocked,
    /// The code of this number is for something else, and stands still.
    #[error("this code is for something else")]
    OtherRole,
}

/// A checkpoint that is offered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Offered {
    /// It, sealed.
    pub sealed: Blob,
    /// One of theirs that was not taken: the two stand for two ways in which a log went on, and this one stays. [`OTHERWISE`]: the two hold the
    /// same and make something else of it.
    pub instead_of: Option<CheckpointId>,
}

/// No checkpoint has this id: in the place of one of theirs it says that the two hold the same and make something else of it.
pub const OTHERWISE: CheckpointId = CheckpointId([0; 32]);

/// What two own devices hold is the same, as far as the sender knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Same {
    /// Digest of the statements and Haves that both share, as in [`Hello`].
    pub digest: [u8; 16],
    /// Digest of what the sender makes of it: the heads of every document of the journal.
    pub documents: [u8; 16],
}
