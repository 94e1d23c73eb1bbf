//! What goes into the core.

use std::net::SocketAddr;
use std::time::Duration;

use asif_proto::frame::Frame;
use asif_proto::id::{CheckpointId, LinkKey, LogId};
use asif_proto::local::{Ask, QuietHours};
use jiff::tz::TimeZone;

use super::{Aside, ClientId, Erasure, Exporter, Found, LinkId, Opaque, Purpose, Stored};
use crate::journal::bundle::Judged;
use crate::seal::body::DocId;
use crate::seal::keys::KeychainSecret;

/// What is asked of the keychain of the system.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum KeychainAsk {
    /// To keep a secret, by its id.
    Keep([u8; 16], KeychainSecret),
    /// To give it; whether its user may be asked to open the keychain.
    Give([u8; 16], bool),
    /// To forget it.
    Forget([u8; 16]),
}

/// What the core is told.
#[derive(Debug)]
pub enum Input {
    /// A request of a client.
    Ask {
        /// Who asks.
        client: ClientId,
        /// What.
        ask: Box<Ask>,
    },
    /// The person decided.
    Decision {
        /// Who was asked.
        client: ClientId,
        /// Yes or no.
        yes: bool,
    },
    /// A client went away.
    Gone {
        /// Who.
        client: ClientId,
    },
    /// A link opened.
    Opened {
        /// Which.
        link: LinkId,
        /// The key at the other end.
        peer: LinkKey,
        /// Where that is.
        address: SocketAddr,
        /// They dialled.
        incoming: bool,
        /// Binds what is proven to this connection.
        exporter: Exporter,
    },
    /// A frame came.
    Frame {
        /// On which link.
        link: LinkId,
        /// What.
        frame: Frame,
    },
    /// A link closed, or could not be opened.
    Closed {
        /// Which.
        link: LinkId,
        /// Why, in words.
        reason: String,
        /// The other end does not take this device's key.
        refused: bool,
        /// The other end is there, and takes nobody just now.
        busy: bool,
    },
    /// A link that was dialled could not be opened: where it was tried, and why that was in vain. That it is closed follows.
    NotReached {
        /// Which.
        link: LinkId,
        /// As above, in words.
        tried: Vec<(SocketAddr, String)>,
    },
    /// The other end of a link is heard from somewhere else.
    Moved {
        /// Which.
        link: LinkId,
        /// Where they are now.
        address: SocketAddr,
    },
    /// The network may be another than before.
    Network {
        /// Where others reach this device now.
        addresses: Vec<SocketAddr>,
    },
    /// The machine has woken up.
    Woke,
    /// The other end of a link did what it may not do, and the edge has ended the link.
    Refused {
        /// What, in words.
        what: &'static str,
    },
    /// The network is open.
    Listening {
        /// Where others reach it.
        addresses: Vec<SocketAddr>,
    },
    /// The network could not be opened.
    NotListening {
        /// Why, in words.
        reason: String,
    },
    /// Entries that were asked for.
    Read {
        /// Why.
        purpose: Purpose,
        /// Them.
        entries: Vec<Stored>,
    },
    /// What a document is built of.
    Build {
        /// Which.
        doc: DocId,
        /// The pieces that were asked for; none where one is not what was written.
        pieces: Vec<Option<Vec<u8>>>,
        /// The entries.
        entries: Vec<Stored>,
    },
    /// A bundle of a checkpoint.
    Unpacked {
        /// The checkpoint.
        of: CheckpointId,
        /// The place of the bundle in it.
        bundle: usize,
        /// Its pieces; none where one is not what was written.
        pieces: Vec<Option<Vec<u8>>>,
    },
    /// A bundle is packed.
    Packed {
        /// What came of it; or why nothing did, in words.
        packed: Result<Opaque, String>,
    },
    /// Pieces, or a checkpoint, are on stable storage; or why not, in words.
    Kept {
        /// As above.
        outcome: Result<(), String>,
    },
    /// The documents of a bundle were loaded in another process.
    Judged {
        /// The checkpoint that is being taken, and the place of the bundle in it; none where one is being made here.
        of: Option<(CheckpointId, usize)>,
        /// Which documents it holds; or why it does not load, in words.
        judged: Result<Vec<Judged>, String>,
    },
    /// What a checkpoint and the entries here say of one document.
    Compared {
        /// The checkpoint.
        of: CheckpointId,
        /// The document.
        doc: DocId,
        /// The pieces that it lies in; none where one is not what was written.
        pieces: Vec<Option<Vec<u8>>>,
        /// The entries.
        entries: Vec<Stored>,
    },
    /// A checkpoint of another device is kept, and the logs go on behind it; or why not, in words.
    Adopted {
        /// As above.
        outcome: Result<(), String>,
    },
    /// Entries that a checkpoint covers were let go; or why not, in words.
    Pruned {
        /// Of each log, the first entry behind its birth that stayed.
        logs: Vec<(LogId, u64)>,
        /// As above.
        outcome: Result<(), String>,
    },
    /// What was erased was let go of; what is kept aside of logs is still to be looked through. Or why not, in words.
    Erased {
        /// What was let go of.
        erasures: Vec<Erasure>,
        /// As above.
        outcome: Result<Vec<Aside>, String>,
    },
    /// What is kept aside says nothing of it any more; or why it does, in words.
    ErasedAside {
        /// As above.
        outcome: Result<(), String>,
    },
    /// Entries that were to become stubs are stubs on the disk.
    Stubbed {
        /// Of this log.
        log: LogId,
    },
    /// A run was sent to a peer.
    Served {
        /// On which link.
        link: LinkId,
        /// Which log.
        log: LogId,
        /// Up to which seq; none: the peer's link is not ours.
        upto: Option<u64>,
        /// How many sealed bytes.
        bytes: usize,
        /// The stub that it ended before.
        stub: Option<u64>,
    },
    /// What is damaged was set aside.
    Mended(Box<Found>),
    /// Where the machine is: told at the start, and whenever it changes.
    Here {
        /// Its zone.
        zone: TimeZone,
        /// The hours in which nothing is shown.
        quiet: Option<QuietHours>,
        /// So long after the last request it locks by itself; none: not at all.
        lock_after: Option<Duration>,
        /// The local network may be used to find others.
        discovery: bool,
    },
    /// Somebody said something of themself on the local network.
    Nearby {
        /// What those who know them recognise.
        tags: Vec<[u8; 8]>,
        /// Numbers of their invitations.
        invitations: Vec<u16>,
        /// Where they listen.
        addresses: Vec<SocketAddr>,
    },
    /// The local network cannot be used to find others, or can again.
    NearbyFailed {
        /// Why not, in words.
        reason: Option<String>,
    },
    /// The router passes nothing on from outside, though it was asked to; or it does, or is not asked any more.
    MappingFailed {
        /// Why not, in words.
        reason: Option<String>,
    },
    /// What became of a notice.
    Notified {
        /// Which.
        notice: u64,
        /// The desktop shows it; or why not, in words.
        outcome: Result<(), String>,
    },
    /// Whether a desktop shows notices here; or why not, in words.
    Desktop {
        /// As above.
        outcome: Result<(), String>,
    },
    /// What came of what the keychain was asked: the secret, where it was to be given; or why not, in words.
    Keychain {
        /// What it was asked by.
        number: u64,
        /// As above.
        outcome: Result<Option<KeychainSecret>, String>,
    },
    /// The machine is about to sleep.
    Sleeps,
    /// The journal was opened for somebody, who is to be told how it is then.
    Unlocked {
        /// Who.
        client: ClientId,
    },
    /// A deadline or an alarm came.
    Tick,
    /// The daemon stops: save what is worth saving.
    Stop,
}
