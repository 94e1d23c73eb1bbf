//! The file of signed statements.
//!
//! ```text
//! header   magic "asifsta1"                                                             8 bytes
//! record   length u32 · blake3(bytes) 32 · bytes, 1 to 64 KiB             integers big endian
//! ```
//!
//! Statements are a set, each signed by itself, so that those behind a damaged one still count: reading goes on at the next record
//! that is whole. A later format has another magic; this one never changes.

use std::ops::Range;

use super::log_file::{agree, is_unwritten, lacks_sectors, usize_of};

/// What the file begins with.
pub(super) const MAGIC: &[u8; 8] = b"asifsta1";
/// Bytes of the longest statement.
pub const MAX_STATEMENT: usize = 64 * 1024;
/// Bytes of a record before the statement.
const PREFIX_LEN: usize = 36;

/// Adds a record to `out`.
pub(super) fn write_record(out: &mut Vec<u8>, bytes: &[u8]) {
    out.extend_from_slice(&u32::try_from(bytes.len()).unwrap_or(u32::MAX).to_be_bytes());
    out.extend_from_slice(blake3::hash(bytes).as_bytes());
    out.extend_from_slice(bytes);
}

/// A whole file around these statements.
pub(super) fn file<'a>(statements: impl IntoIterator<Item = &'a [u8]>) -> Vec<u8> {
    let mut out = MAGIC.to_vec();
    statements.into_iter().for_each(|bytes| write_record(&mut out, bytes));
    out
}

/// What the file holds.
#[derive(Debug, Default)]
pub(super) struct Scan<'a> {
    pub(super) good: Vec<&'a [u8]>,
    /// From here on, what a crash left of an append that was never acknowledged.
    pub(super) torn_at: Option<usize>,
    /// Bytes that do not check, with the number of good statements before them.
    pub(super) damage: Vec<(Range<usize>, usize)>,
    /// All of the damage is sectors that were never written, as a crash leaves them before others that were.
    pub(super) lacks_sectors: bool,
}

/// Checks the whole file.
pub(super) fn scan(bytes: &[u8]) -> Scan<'_> {
    let mut scan = Scan::default();
    let mut at = MAGIC.len();
    if !bytes.starts_with(MAGIC) {
        if is_unwritten(bytes, 0, MAGIC.len()) || (bytes.len() < MAGIC.len() && agree(bytes, MAGIC)) {
            scan.torn_at = Some(0);
            return scan;
        }
        at = next_whole(bytes, MAGIC.len().min(bytes.len())).unwrap_or(bytes.len());
        scan.damage.push((0..at, 0));
    }
    while at < bytes.len() {
        let rest = bytes.get(at..).unwrap_or_default();
        if let Some((statement, len)) = whole(rest) {
            scan.good.push(statement);
            at += len;
            continue;
        }
        match next_whole(bytes, at + 1) {
            None if is_torn(bytes, at) => {
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
fn is_torn(bytes: &[u8], at: usize) -> bool {
    let rest = bytes.get(at..).unwrap_or_default();
    let Some(length) = length(rest) else {
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
fn next_whole(bytes: &[u8], from: usize) -> Option<usize> {
    (from..bytes.len().saturating_sub(PREFIX_LEN)).find(|at| bytes.get(*at..).and_then(whole).is_some())
}

/// The statement at the front and the length of its record.
fn whole(bytes: &[u8]) -> Option<(&[u8], usize)> {
    let length = length(bytes)?;
    let hash = bytes.get(4..PREFIX_LEN)?;
    let statement = bytes.get(PREFIX_LEN..PREFIX_LEN + length)?;
    (blake3::hash(statement).as_bytes() == hash).then_some((statement, PREFIX_LEN + length))
}

/// The length field, where it is possible.
fn length(bytes: &[u8]) -> Option<usize> {
    let length = usize_of(u64::from(u32::from_be_bytes(*bytes.first_chunk::<4>()?)));
    (1..=MAX_STATEMENT).contains(&length).then_some(length)
}
