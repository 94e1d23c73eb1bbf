//! What lies inside an entry: frames `{kind u16, length u32, bytes}`, one after another.
//!
//! | kind | body | where |
//! |---|---|---|
//! | 1 | [`Birth`], alone, first of its log | everywhere |
//! | 2 | [`Changes`] | journal |
//! | 3 | [`Keys`], alone | journal |
//! | 4 | [`Erase`] | journal |
//! | 5 | [`Seen`], rides with others | everywhere |
//! | 6 | [`Put`], alone | share, feedback |
//! | 7 | [`Retract`], alone | share, feedback |
//! | 9 | [`Ended`], alone, last of its log | share |
//! | 10 | [`Branch`] | journal |
//!
//! 8 is kept for `Blank`. A kind that is not known waits for a newer program.

use asif_proto::frame::{Frame, FrameError};
use asif_proto::id::{DeviceId, GrantId, ItemId, KeyId, Link, LogId, QueueId, RecordId, SpaceId};
use asif_proto::peer::Sealed;
use serde::{Deserialize, Serialize};

use super::keys::{ItemKey, ReadKey};

const BIRTH: u16 = 1;
const CHANGES: u16 = 2;
const KEYS: u16 = 3;
const ERASE: u16 = 4;
const SEEN: u16 = 5;
const PUT: u16 = 6;
const RETRACT: u16 = 7;
const ENDED: u16 = 9;
const BRANCH: u16 = 10;

/// The first entry of every log: whose it is and where it is written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Birth {
    /// The device that writes it.
    pub device: DeviceId,
    /// The space it is written in.
    pub space: SpaceId,
    /// The epoch it is written under.
    pub key: KeyId,
    /// The log it goes on from, where it is a new incarnation: log, last seq, its link.
    pub continues: Option<(LogId, u64, Link)>,
}

/// A document of the journal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum DocId {
    /// Goals, beliefs, practices, people, grants.
    Plan,
    /// The sessions created in one month.
    Month {
        /// 1970 to 2200.
        year: u16,
        /// 1 to 12.
        month: u8,
    },
}

impl DocId {
    /// Whether the year and month are possible.
    pub fn is_sane(self) -> bool {
        match self {
            DocId::Plan => true,
            DocId::Month { year, month } => (1970..=2200).contains(&year) && (1..=12).contains(&month),
        }
    }
}

/// Automerge changes of one document.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Changes {
    /// The document.
    pub doc: DocId,
    /// Zero until something was erased from the document.
    pub generation: [u8; 32],
    /// How `bytes` are packed: 0 plain, 1 zstd.
    pub codec: u8,
    /// Plain Automerge change chunks, one after another.
    pub bytes: Vec<u8>,
}

/// Keys given to this person by others, and the item keys of their own grants: passed on to their other devices.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Keys {
    /// Read keys of epochs.
    pub read: Vec<(SpaceId, KeyId, ReadKey)>,
    /// Item keys of grants.
    pub items: Vec<(GrantId, ItemKey)>,
}

/// What is gone for good, on every device.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Erase {
    /// Records of which nothing stays, whatever is said of them later.
    pub records: Vec<RecordId>,
    /// Records of which the text stays: what these changes, by their hashes, said of one is gone.
    pub drafts: Vec<(RecordId, Vec<[u8; 32]>)>,
}

/// What the writer had when it wrote.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Seen {
    /// Highest seq and link of each log.
    pub have: Vec<(LogId, u64, Link)>,
}

/// How new an item is: the version of the grant, then the number of changes that ever touched the record.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Revision {
    /// Version of the grant.
    pub grant: u32,
    /// Changes that ever touched the record.
    pub touches: u64,
}

/// One item as it now stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Put {
    /// Which item.
    pub item: ItemId,
    /// How new.
    pub revision: Revision,
    /// What kind of item: see [`crate::share::item`].
    pub kind: u16,
    /// The item itself, JSON without nulls.
    pub payload: Vec<u8>,
    /// Entries of older Puts of this item, which may become stubs.
    pub replaces: Vec<(LogId, u64)>,
}

/// An item that is no longer shared.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Retract {
    /// Which item.
    pub item: ItemId,
    /// How new; wins over a Put of the same revision.
    pub revision: Revision,
    /// Entries of older Puts of this item, which may become stubs.
    pub replaces: Vec<(LogId, u64)>,
}

/// The end of a share: nothing beyond these tips counts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ended {
    /// Highest seq and link of each log of the space that counts.
    pub have: Vec<(LogId, u64, Link)>,
    /// When, in milliseconds since 1970.
    pub at_ms: i64,
}

/// Part of a branch that lost: what a log held, sealed as it was, from its first entry that another branch took the place of.
///
/// Where that log is the journal's, what it said was written again beside it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Branch {
    /// The queue of the log.
    pub queue: QueueId,
    /// The log.
    pub log: LogId,
    /// The link before the first.
    pub before: Link,
    /// The entries, in order; stubs as stubs.
    pub entries: Vec<Sealed>,
    /// Changes that were written again, by their hashes: nothing waits for them any more.
    pub replaced: Vec<[u8; 32]>,
}

/// One body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Body {
    /// First of a log.
    Birth(Birth),
    /// Journal.
    Changes(Changes),
    /// Journal.
    Keys(Keys),
    /// Journal.
    Erase(Erase),
    /// Rides along.
    Seen(Seen),
    /// Share, feedback.
    Put(Put),
    /// Share, feedback.
    Retract(Retract),
    /// Share.
    Ended(Ended),
    /// Journal.
    Branch(Branch),
}

/// Why bodies cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BodyError {
    /// The frames or a payload are malformed.
    #[error(transparent)]
    Frame(#[from] FrameError),
    /// A body of a newer program: the entry waits.
    #[error("a body of kind {0} is not known here; a newer asif may read it")]
    Unknown(u16),
    /// Bodies that may not stand together, or none.
    #[error("the entry holds {0} bodies that may not stand together")]
    Mixture(usize),
}

impl Body {
    /// Kind, length, bytes.
    pub fn to_frame(&self) -> Frame {
        match self {
            Body::Birth(body) => Frame::postcard(BIRTH, body),
            Body::Changes(body) => Frame::postcard(CHANGES, body),
            Body::Keys(body) => Frame::postcard(KEYS, body),
            Body::Erase(body) => Frame::postcard(ERASE, body),
            Body::Seen(body) => Frame::postcard(SEEN, body),
            Body::Put(body) => Frame::postcard(PUT, body),
            Body::Retract(body) => Frame::postcard(RETRACT, body),
            Body::Ended(body) => Frame::postcard(ENDED, body),
            Body::Branch(body) => Frame::postcard(BRANCH, body),
        }
    }

    /// The one body that counts in an entry; `Seen` that rides along is checked and dropped.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, BodyError> {
        let mut main = None;
        let mut seen = None;
        let mut count = 0;
        for frame in Frame::all(bytes)? {
            count += 1;
            match Self::from_frame(&frame)? {
                body @ Body::Seen(_) if seen.is_none() => seen = Some(body),
                body if main.is_none() && !matches!(body, Body::Seen(_)) => main = Some(body),
                _ => return Err(BodyError::Mixture(count)),
            }
        }
        match (main, seen) {
            (Some(Body::Birth(_)), Some(_)) => Err(BodyError::Mixture(count)),
            (Some(body), _) | (None, Some(body)) => Ok(body),
            (None, None) => Err(BodyError::Mixture(0)),
        }
    }

    fn from_frame(frame: &Frame) -> Result<Self, BodyError> {
        Ok(match frame.kind {
            BIRTH => Body::Birth(frame.decode()?),
            CHANGES => Body::Changes(frame.decode()?),
            KEYS => Body::Keys(frame.decode()?),
            ERASE => Body::Erase(frame.decode()?),
            SEEN => Body::Seen(frame.decode()?),
            PUT => Body::Put(frame.decode()?),
            RETRACT => Body::Retract(frame.decode()?),
            ENDED => Body::Ended(frame.decode()?),
            BRANCH => Body::Branch(frame.decode()?),
            kind => return Err(BodyError::Unknown(kind)),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn birth() -> Body {
        Body::Birth(Birth { device: DeviceId([1; 32]), space: SpaceId([2; 32]), key: KeyId([3; 16]), continues: None })
    }

    fn seen() -> Body {
        Body::Seen(Seen { have: vec![(LogId([1; 16]), 7, Link([2; 32]))] })
    }

    fn retract() -> Body {
        Body::Retract(Retract { item: ItemId([4; 32]), revision: Revision { grant: 1, touches: 2 }, replaces: vec![(LogId([5; 16]), 6)] })
    }

    fn bytes(bodies: &[Body]) -> Vec<u8> {
        bodies.iter().flat_map(|body| body.to_frame().to_bytes()).collect()
    }

    #[test]
    fn one_body_counts_and_seen_may_ride_along() {
        assert_eq!(Body::from_bytes(&bytes(&[birth()])), Ok(birth()));
        assert_eq!(Body::from_bytes(&bytes(&[retract(), seen()])), Ok(retract()));
        assert_eq!(Body::from_bytes(&bytes(&[seen()])), Ok(seen()));
    }

    #[test]
    fn other_mixtures_are_refused() {
        assert_eq!(Body::from_bytes(&bytes(&[retract(), retract()])), Err(BodyError::Mixture(2)));
        assert_eq!(Body::from_bytes(&bytes(&[birth(), seen()])), Err(BodyError::Mixture(2)));
        assert_eq!(Body::from_bytes(&[]), Err(BodyError::Mixture(0)));
    }

    #[test]
    fn a_newer_kind_is_named() {
        assert_eq!(Body::from_bytes(&Frame::new(77, vec![]).to_bytes()), Err(BodyError::Unknown(77)));
    }
}
