//! Where the records of a log lie in its file.

use asif_proto::id::Link;

use super::{LogHead, log_file};

/// What is known of a log without reading it.
#[derive(Debug)]
pub(super) struct LogState {
    /// None where not even the head of its file can be read.
    pub(super) head: Option<LogHead>,
    /// Where it goes on behind its birth, where a checkpoint covers what lies between.
    pub(super) from: Option<log_file::From>,
    /// Where each good record ends, in their order.
    pub(super) ends: Vec<u64>,
    /// The link after the last good record.
    pub(super) tip: Link,
    /// Where the first bytes lie that do not check.
    pub(super) damaged_at: Option<u64>,
}

impl LogState {
    pub(super) fn new() -> Self {
        Self { head: None, from: None, ends: Vec::new(), tip: Link::ZERO, damaged_at: None }
    }

    /// The seq of the last good record; where a checkpoint covers all behind the birth, of the last that it covers.
    pub(super) fn seq(&self) -> u64 {
        let count = self.ends.len() as u64;
        match self.from {
            Some(from) if count > 0 => (from.seq - 2).saturating_add(count),
            _ => count,
        }
    }

    /// Bytes of the good part of its file.
    pub(super) fn len(&self) -> u64 {
        self.ends.last().copied().unwrap_or(log_file::header_len(self.from.as_ref()) as u64)
    }

    /// The place of the record `seq` among those that are here; none where a checkpoint covers it.
    pub(super) fn place(&self, seq: u64) -> Option<usize> {
        match (self.from, seq) {
            (_, 0) => None,
            (_, 1) => Some(0),
            (None, _) => Some(log_file::usize_of(seq - 1)),
            (Some(from), _) => seq.checked_sub(from.seq).map(|past| log_file::usize_of(past) + 1),
        }
    }

    /// Where the record `seq` begins, for those that are here and one past the tip.
    pub(super) fn start(&self, seq: u64) -> Option<u64> {
        match self.place(seq)? {
            0 => Some(log_file::header_len(self.from.as_ref()) as u64),
            place => self.ends.get(place - 1).copied(),
        }
    }

    /// The link before the record `seq`, where that is known without reading.
    pub(super) fn known_before(&self, seq: u64) -> Option<Link> {
        match self.from {
            Some(from) if from.seq == seq => Some(from.before),
            _ if seq == 1 => Some(Link::ZERO),
            _ => None,
        }
    }
}
