//! Files of records that are only added to: signed statements, what a locked device holds, what was written while it was locked.
//!
//! ```text
//! header   magic: "asifsta1", "asifhld1" or "asifdrp1"                                        8 bytes
//! record   length u32 · blake3(bytes) 32 · bytes, 1 to 64 KiB, 2 MiB or 1 MiB        integers big endian
//! ```
//!
//! Each record is signed or sealed by itself, so that those behind a damaged one still count: reading goes on at the next record
//! that is whole. A later format has another magic; this one never changes.

use std::ops::Range;

use super::log_file::{agree, is_unwritten, lacks_sectors, usize_of};

/// Which of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum List {
    /// Signed statements.
    Statements,
    /// What came while the journal was locked, as it came.
    Held,
    /// What was written while the journal was locked, sealed.
    Dropped,
}

impl List {
    /// All of them.
    pub(super) const ALL: [Self; 3] = [Self::Statements, Self::Held, Self::Dropped];

    /// The name of its file.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Statements => "statements",
            Self::Held => "held",
            Self::Dropped => "dropped",
        }
    }

    /// Bytes of its longest record.
    pub fn longest(self) -> usize {
        match self {
            Self::Statements => 64 << 10,
            Self::Held => 2 << 20,
            Self::Dropped => 1 << 20,
        }
    }

    /// What its file begins with.
    pub(super) fn magic(self) -> &'static [u8; 8] {
        match self {
            Self::Statements => b"asifsta1",
            Self::Held => b"asifhld1",
            Self::Dropped => b"asifdrp1",
        }
    }
}

/// Bytes of a record before what it holds.
const PREFIX_LEN: usize = 36;

/// Adds a record to `out`.
pub(super) fn write_record(out: &mut Vec<u8>, bytes: &[u8]) {
    out.extend_from_slice(&u32::try_from(bytes.len()).unwrap_or(u32::MAX).to_be_bytes());
    out.extend_from_slice(blake3::hash(bytes).as_bytes());
    out.extend_from_slice(bytes);
}

/// A whole file around these records.
pub(super) fn file<'a>(list: List, records: impl IntoIterator<Item = &'a [u8]>) -> Vec<u8> {
    let mut out = list.magic().to_vec();
    records.into_iter().for_each(|bytes| write_record(&mut out, bytes));
    out
}

/// What the file holds.
#[derive(Debug, Default)]
pub(super) struct Scan<'a> {
    pub(super) good: Vec<&'a [u8]>,
    /// From here on, what a crash left of an append that was never acknowledged.
    pub(super) torn_at: Option<usize>,
    /// Bytes that do not check, with the number of good records before them.
    pub(super) damage: Vec<(Range<usize>, usize)>,
    /// All of the damage is sectors that were never written, as a crash leaves them before others that were.
    pub(super) lacks_sectors: bool,
}

/// Checks the whole file.
pub(super) fn scan(list: List, bytes: &[u8]) -> Scan<'_> {
    let mut scan = Scan::default();
    let (magic, longest) = (list.magic(), list.longest());
    let mut at = magic.len();
    if !bytes.starts_with(magic) {
        if is_unwritten(bytes, 0, magic.len()) || (bytes.len() < magic.len() && agree(bytes, magic)) {
            scan.torn_at = Some(0);
            return scan;
        }
        at = next_whole(bytes, magic.len().min(bytes.len()), longest).unwrap_or(bytes.len());
        scan.damage.push((0..at, 0));
    }
    while at < bytes.len() {
        let rest = bytes.get(at..).unwrap_or_default();
        if let Some((record, len)) = whole(rest, longest) {
            scan.good.push(record);
            at += len;
            continue;
        }
        match next_whole(bytes, at + 1, longest) {
            None if is_torn(bytes, at, longest) => {
                scan.torn_at = Some(at);
                break;
            }
            next => {
                let end = next.unwrap_or(bytes.len());
                scan.damage.push((at..end, scan.good.len()));
                at = end;
            }
        }
    }
    scan.lacks_sectors = !scan.damage.is_empty() && scan.damage.iter().all(|(range, _)| lacks_sectors(bytes, range.start, range.len()));
    scan
}

/// Whether the last bytes, from `at` on, are what a crash leaves of a record.
fn is_torn(bytes: &[u8], at: usize, longest: usize) -> bool {
    let rest = bytes.get(at..).unwrap_or_default();
    let Some(length) = length(rest, longest) else {
        return rest.len() < 4 || is_unwritten(bytes, at, PREFIX_LEN);
    };
    if is_unwritten(bytes, at, PREFIX_LEN + length) {
        return true;
    }
    // A wrong length field, where the rest is whole under another length.
    let mended = rest.get(PREFIX_LEN..).unwrap_or_default();
    let is_whole = rest.get(4..PREFIX_LEN).is_some_and(|hash| hash == blake3::hash(mended).as_bytes().as_slice());
    rest.len() < PREFIX_LEN + length && !is_whole
}

/// The first place from `from` on where a whole record begins.
fn next_whole(bytes: &[u8], from: usize, longest: usize) -> Option<usize> {
    (from..bytes.len().saturating_sub(PREFIX_LEN)).find(|at| bytes.get(*at..).is_some_and(|rest| whole(rest, longest).is_some()))
}

/// The record at the front and its length.
fn whole(bytes: &[u8], longest: usize) -> Option<(&[u8], usize)> {
    let length = length(bytes, longest)?;
    let hash = bytes.get(4..PREFIX_LEN)?;
    let record = bytes.get(PREFIX_LEN..PREFIX_LEN + length)?;
    (blake3::hash(record).as_bytes() == hash).then_some((record, PREFIX_LEN + length))
}

/// The length field, where it is possible.
fn length(bytes: &[u8], longest: usize) -> Option<usize> {
    let length = usize_of(u64::from(u32::from_be_bytes(*bytes.first_chunk::<4>()?)));
    (1..=longest).contains(&length).then_some(length)
}
