//! The entries that are stored, made from (log, seq) alone, so that any process can tell whether one is whole.

use std::collections::BTreeMap;

/// Bytes of a log id.
pub type LogId = [u8; 16];
/// A blake3 hash that chains an entry to all before it.
pub type Link = [u8; 32];
/// The last entry of each log.
pub type Tips = BTreeMap<LogId, (u64, Link)>;

/// version u8, suite u8, log 16, seq u64.
pub const HEADER: usize = 26;
const NONCE: usize = 24;

/// One stored entry: header 26, nonce 24, sealed bytes.
#[derive(Clone, PartialEq, Eq)]
pub struct Record {
    pub log: LogId,
    pub seq: u64,
    pub kind: u8,
    pub link: Link,
    pub entry: Vec<u8>,
}

impl Record {
    /// The entry `seq` of log number `log`, 640 to 760 bytes, after an entry with link `previous`.
    pub fn made(log: LogId, seq: u64, previous: &Link) -> Self {
        let mut source = blake3::Hasher::new();
        source.update(b"bench entry").update(&log).update(&seq.to_be_bytes());
        let mut stream = source.finalize_xof();
        let mut size = [0];
        stream.fill(&mut size);
        let mut entry = vec![0; 640 + usize::from(size[0]) % 121];
        stream.fill(&mut entry);
        entry[..2].copy_from_slice(&[1, 1]);
        entry[2..18].copy_from_slice(&log);
        entry[18..HEADER].copy_from_slice(&seq.to_be_bytes());
        let link = link_of(previous, &entry);
        Self { log, seq, kind: 1, link, entry }
    }
}

/// The log id that stands for number `index`.
pub fn log_id(index: u8) -> LogId {
    let mut id = [0; 16];
    id.copy_from_slice(&blake3::hash(&[index]).as_bytes()[..16]);
    id
}

/// blake3("asif link v1" ‖ previous link ‖ header ‖ nonce ‖ blake3(sealed)).
pub fn link_of(previous: &Link, entry: &[u8]) -> Link {
    let (open, sealed) = entry.split_at((HEADER + NONCE).min(entry.len()));
    let mut hasher = blake3::Hasher::new();
    hasher.update(b"asif link v1").update(previous).update(open);
    hasher.update(blake3::hash(sealed).as_bytes());
    *hasher.finalize().as_bytes()
}

/// Follows the chains of all logs and refuses what breaks one.
#[derive(Default)]
pub struct Chains(pub Tips);

impl Chains {
    /// Takes the next entry of its log; false if it does not follow what was taken before.
    pub fn accept(&mut self, log: &LogId, seq: u64, link: &Link, entry: &[u8]) -> bool {
        let (last, previous) = self.0.get(log).copied().unwrap_or_default();
        let named = entry.len() > HEADER && entry[2..18] == log[..] && entry[18..HEADER] == seq.to_be_bytes();
        let follows = named && last.checked_add(1) == Some(seq) && link_of(&previous, entry) == *link;
        if follows {
            self.0.insert(*log, (seq, *link));
        }
        follows
    }
}
