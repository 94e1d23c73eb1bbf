//! What is on the disk when the daemon starts.

use std::collections::BTreeSet;

use asif_proto::id::{CheckpointId, Link, LogId, PieceId, QueueId};

use super::{LogHead, Stored};
use crate::journal::view::Parts;
use crate::seal::keys::VaultKey;

/// A log as it was found on disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FoundLog {
    /// Its head.
    pub head: LogHead,
    /// Its last good seq.
    pub seq: u64,
    /// The link after it.
    pub link: Link,
    /// The first entry behind its birth that may be here: what lies between is covered by a checkpoint.
    pub from: u64,
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

/// What is kept while the journal is locked, until it is opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LockedList {
    /// What own devices brought, as it came.
    Held,
    /// What the person wrote, sealed.
    Dropped,
}

/// Everything that was found on disk.
#[derive(Debug, Clone, Default)]
pub struct Found {
    /// Logs.
    pub logs: Vec<FoundLog>,
    /// Statements.
    pub statements: Vec<Vec<u8>>,
    /// What own devices brought while the journal was locked, in its order.
    pub held: Vec<Vec<u8>>,
    /// What the person wrote while the journal was locked, sealed.
    pub dropped: Vec<Vec<u8>>,
    /// What a locked device goes on by.
    pub outside: Option<Vec<u8>>,
    /// Sealed checkpoints.
    pub checkpoints: Vec<(CheckpointId, Vec<u8>)>,
    /// Pieces of them, by name.
    pub pieces: BTreeSet<PieceId>,
    /// The vault file and its key file.
    pub vault: Option<(Vec<u8>, Vec<u8>)>,
    /// The sealed head of the view.
    pub view: Option<Vec<u8>>,
    /// The sealed parts of it.
    pub parts: Parts,
    /// The sealed list of peers.
    pub peers: Option<Vec<u8>>,
    /// This home is not the one that was left here: a copy, or an old one that was put back.
    pub is_other: bool,
    /// The vault's key, where its file has a passphrase on it and somebody gave that.
    pub key: Option<VaultKey>,
    /// It was locked on purpose: it is not opened by itself.
    pub stays_locked: bool,
    /// Where this home was made of a backup: of which, and when.
    pub restored: Option<Vec<u8>>,
    /// The sealed drafts.
    pub drafts: Option<Vec<u8>>,
    /// The sealed memory of reminders that were shown.
    pub reminded: Option<Vec<u8>>,
    /// The sealed memory of what waits before it is shared.
    pub delays: Option<Vec<u8>>,
    /// The sealed memory of records that were taken back from helpers.
    pub withheld: Option<Vec<u8>>,
    /// The digest of what was erased and is let go of.
    pub erased: Option<Vec<u8>>,
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
