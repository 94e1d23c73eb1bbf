//! How the objects of a mailbox are named. A name says what an object is about, so that a listing tells how a queue stands without opening anything;
//! and it commits to what is in it, so that writing one twice does no harm, whoever does it.
//!
//! ```text
//! identity/<key>                                        the key pair that the mailbox shows
//! places/all                                            where people reach it, as it was said last
//! invitations/<key>                                     a ticket that was given
//! enrolments/<key>                                      who came with one, by the key they came with
//! people/<account>/about                                what they may keep
//! people/<account>/queues/<queue>                       a queue that takes their room; empty
//! queues/<queue>/owned                                  whose it is, and what it is named by
//! queues/<queue>/runs/<queue of the epoch>-<key id>/<log>/<from>-<to>-<link before>-<link after>
//! queues/<queue>/slips/<id>
//! queues/<queue>/pieces/<id>
//! queues/<queue>/checkpoints/<id>
//! queues/<queue>/closed/<seconds since 1970>
//! ```
//!
//! All in lower-case hexadecimal, numbers with 16 digits.

use std::fmt;

use asif_proto::id::{CheckpointId, KeyId, Link, LinkKey, LogId, PieceId, QueueId};

/// Whose room something takes: 16 random bytes.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AccountId(pub [u8; 16]);

impl fmt::Display for AccountId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for AccountId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "AccountId({self})")
    }
}

/// Where a log belongs: the queue of its epoch, and the epoch's key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Head {
    /// The queue.
    pub queue: QueueId,
    /// The key.
    pub key: KeyId,
}

/// Some entries of a log that lie in one object.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Run {
    /// The first.
    pub from: u64,
    /// The last.
    pub to: u64,
    /// The link before the first.
    pub before: Link,
    /// The link after the last.
    pub after: Link,
}

/// One object of a queue.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Object {
    /// Entries.
    Run(Head, LogId, Run),
    /// A sealed statement.
    Slip([u8; 16]),
    /// A piece of a checkpoint.
    Piece(PieceId),
    /// A checkpoint.
    Checkpoint(CheckpointId),
    /// It was closed then, in seconds since 1970.
    Closed(u64),
}

/// Under what the mailbox's own key lies.
pub const IDENTITY: &str = "identity";
/// Where people reach it, as it was last said in an invitation: a list of texts, JSON.
pub const PLACES: &str = "places/all";
/// Under what tickets lie.
pub const INVITATIONS: &str = "invitations";
/// Under what lies who came with one.
pub const ENROLMENTS: &str = "enrolments";
/// Under what lies who keeps something.
pub const PEOPLE: &str = "people";

/// Of the mailbox's own key.
pub fn identity(key: &LinkKey) -> String {
    format!("{IDENTITY}/{key}")
}

/// Of the public half of a key.
pub fn invitation(key: &[u8; 32]) -> String {
    format!("invitations/{}", hex(key))
}

/// Of the public half of a key.
pub fn enrolment(key: &[u8; 32]) -> String {
    format!("enrolments/{}", hex(key))
}

/// All that is kept about somebody.
pub fn account(account: &AccountId) -> String {
    format!("people/{account}")
}

/// What somebody may keep.
pub fn about(account: &AccountId) -> String {
    format!("people/{account}/about")
}

/// The queues that take somebody's room.
pub fn rooms(account: &AccountId) -> String {
    format!("people/{account}/queues")
}

/// That a queue does.
pub fn room(account: &AccountId, queue: &QueueId) -> String {
    format!("people/{account}/queues/{queue}")
}

/// All that is in a queue.
pub fn contents(queue: &QueueId) -> String {
    format!("queues/{queue}")
}

/// Whose a queue is.
pub fn owned(queue: &QueueId) -> String {
    format!("queues/{queue}/owned")
}

/// One object of a queue.
pub fn object(queue: &QueueId, object: &Object) -> String {
    let inside = match object {
        Object::Run(head, log, run) => {
            let Run { from, to, before, after } = run;
            format!("runs/{}-{}/{log}/{from:016x}-{to:016x}-{}-{}", head.queue, head.key, hex(&before.0), hex(&after.0))
        }
        Object::Slip(id) => format!("slips/{}", hex(id)),
        Object::Piece(id) => format!("pieces/{id}"),
        Object::Checkpoint(id) => format!("checkpoints/{id}"),
        Object::Closed(at) => format!("closed/{at:016x}"),
    };
    format!("queues/{queue}/{inside}")
}

/// What an object of a queue is, by its name; none for anything else.
pub fn parse(name: &str) -> Option<Object> {
    let mut parts = name.split('/').skip(2);
    let object = match (parts.next()?, parts.next()?, parts.next(), parts.next()) {
        ("runs", head, Some(log), Some(run)) => {
            let (queue, key) = head.split_once('-')?;
            let head = Head { queue: queue.parse().ok()?, key: key.parse().ok()? };
            let mut run = run.split('-');
            let (from, to, before, after) = (run.next()?, run.next()?, run.next()?, run.next()?);
            let run = Run { from: number(from)?, to: number(to)?, before: link(before)?, after: link(after)? };
            Object::Run(head, log.parse().ok()?, run).within_bounds()?
        }
        ("slips", id, None, None) => Object::Slip(bytes(id)?),
        ("pieces", id, None, None) => Object::Piece(PieceId(bytes(id)?)),
        ("checkpoints", id, None, None) => Object::Checkpoint(CheckpointId(bytes(id)?)),
        ("closed", at, None, None) => Object::Closed(number(at)?),
        _ => return None,
    };
    Some(object)
}

impl Object {
    fn within_bounds(self) -> Option<Self> {
        match self {
            Object::Run(_, _, run) if run.from == 0 || run.to < run.from || run.to == u64::MAX => None,
            other => Some(other),
        }
    }
}

/// The key of an invitation or enrolment, by its name.
pub fn key_of(name: &str) -> Option<[u8; 32]> {
    bytes(name.rsplit('/').next()?)
}

/// Which queue takes somebody's room, by the name of what says so.
pub fn queue_of(name: &str) -> Option<QueueId> {
    bytes(name.rsplit('/').next()?).map(QueueId)
}

/// Whose something is, by its name.
pub fn account_of(name: &str) -> Option<AccountId> {
    bytes(name.strip_prefix("people/")?.split('/').next()?).map(AccountId)
}

fn number(text: &str) -> Option<u64> {
    (text.len() == 16).then(|| u64::from_str_radix(text, 16).ok())?
}

fn link(text: &str) -> Option<Link> {
    bytes(text).map(Link)
}

fn bytes<const N: usize>(text: &str) -> Option<[u8; N]> {
    data_encoding::HEXLOWER.decode(text.as_bytes()).ok()?.try_into().ok()
}

fn hex(bytes: &[u8]) -> String {
    data_encoding::HEXLOWER.encode(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_object_is_known_by_its_name() {
        let (account, queue_id) = (AccountId([1; 16]), QueueId([2; 32]));
        let head = Head { queue: QueueId([3; 32]), key: KeyId([4; 16]) };
        let run = Run { from: 1, to: 300, before: Link::ZERO, after: Link([6; 32]) };
        let objects = [
            Object::Run(head, LogId([5; 16]), run),
            Object::Slip([7; 16]),
            Object::Piece(PieceId([8; 32])),
            Object::Checkpoint(CheckpointId([9; 32])),
            Object::Closed(1_795_000_000),
        ];
        for one in objects {
            let name = object(&queue_id, &one);
            assert_eq!(parse(&name), Some(one), "{name}");
            assert!(name.starts_with(&format!("{}/", contents(&queue_id))) && name.len() < 512);
            assert!(name.split('/').all(|part| part.len() < 200), "a file system takes it");
            assert_eq!(parse(&format!("{name}0")), None);
        }
        assert_eq!(parse(&object(&queue_id, &Object::Run(head, LogId([5; 16]), Run { from: 0, ..run }))), None);
        assert_eq!(parse(&owned(&queue_id)), None);
        assert_eq!((account_of(&about(&account)), account_of(&room(&account, &queue_id))), (Some(account), Some(account)));
        assert_eq!(queue_of(&room(&account, &queue_id)), Some(queue_id));
        assert_eq!(key_of(&enrolment(&[7; 32])), Some([7; 32]));
    }
}
