//! What lies in the objects of a mailbox that are not sealed by those who use it.
//!
//! ```text
//! invitation   "asifinv1" · postcard([`Invitation`])
//! enrolment    "asifenr1" · account 16
//! about        "asifacc1" · postcard([`About`])
//! queue        "asifque1" · postcard([`Owned`])
//! checkpoint   "asifdep1" · postcard([`Deposited`])
//! run          "asifrun1" · postcard of [`Entries`]
//! identity     "asifidn1" · seed 32
//! ```

use asif_proto::frame;
use asif_proto::peer::{Blob, Deposit, Entries, QueueKind};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::names::AccountId;

/// One kind of object.
pub trait Record: Serialize + DeserializeOwned {
    /// The first bytes of each.
    const MAGIC: &'static [u8; 8];

    /// The object's bytes.
    fn to_bytes(&self) -> Vec<u8> {
        [&Self::MAGIC[..], &frame::encode(self)].concat()
    }

    /// Reads them; none where they are something else.
    fn from_bytes(bytes: &[u8]) -> Option<Self> {
        frame::decode(bytes.strip_prefix(Self::MAGIC)?)
    }
}

/// A ticket that was given.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Invitation {
    /// Whose room it will be.
    pub account: [u8; 16],
    /// What whoever runs the mailbox calls them.
    pub label: String,
    /// What they may keep, in bytes.
    pub quota: u64,
    /// When it was given, in seconds since 1970.
    pub at: i64,
    /// Until when somebody may come with it.
    pub expires: i64,
    /// The key that came with it.
    pub used_by: Option<[u8; 32]>,
}

impl Record for Invitation {
    const MAGIC: &'static [u8; 8] = b"asifinv1";
}

/// Who came with a ticket.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Enrolment {
    /// Their room.
    pub account: [u8; 16],
}

impl Record for Enrolment {
    const MAGIC: &'static [u8; 8] = b"asifenr1";
}

/// What somebody may keep.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct About {
    /// What whoever runs the mailbox calls them.
    pub label: String,
    /// In bytes.
    pub quota: u64,
    /// When they came, in seconds since 1970.
    pub since: i64,
}

impl Record for About {
    const MAGIC: &'static [u8; 8] = b"asifacc1";
}

/// Whose a queue is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Owned {
    /// Their room.
    pub account: [u8; 16],
    /// What it is named by.
    pub kind: QueueKind,
}

impl Owned {
    /// Whose room it takes.
    pub fn account(&self) -> AccountId {
        AccountId(self.account)
    }
}

impl Record for Owned {
    const MAGIC: &'static [u8; 8] = b"asifque1";
}

/// A checkpoint.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Deposited {
    /// What of it may be known.
    pub about: Deposit,
    /// It, sealed.
    pub sealed: Blob,
}

impl Record for Deposited {
    const MAGIC: &'static [u8; 8] = b"asifdep1";
}

impl Record for Entries {
    const MAGIC: &'static [u8; 8] = b"asifrun1";
}

/// The key pair that a mailbox shows.
#[derive(Clone, Serialize, Deserialize)]
pub struct Identity {
    /// The seed of its link key.
    pub seed: [u8; 32],
}

impl Record for Identity {
    const MAGIC: &'static [u8; 8] = b"asifidn1";
}
