//! Judges changes that come from elsewhere before Automerge merges them.
//!
//! Mutated changes that still parse can panic in Automerge, or be accepted and make a document that cannot be loaded
//! again; a few bytes can ask for a million operations. So: bounded decompression, only plain change chunks, and only
//! changes that say what their log may say.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::panic::catch_unwind;

use asif_proto::id::LogId;
use automerge::{Change, ChangeHash};
use jiff::Timestamp;
use zstd::bulk::Decompressor;

use super::columns;
use super::document::{keys_of, made_at};
use crate::seal::body::Changes;

/// The most bytes that the changes of one entry may unfold to.
pub const MAX_CHANGES: usize = 256 * 1024;
/// The most operations of one entry.
pub const MAX_OPS: usize = 20_000;
/// The most bytes of text that the operations of one entry may unfold to.
const MAX_TEXT: u64 = 1 << 20;
/// The most changes in one entry.
pub const MAX_CHUNKS: usize = 1024;

const MAGIC: [u8; 4] = [0x85, 0x6f, 0x4a, 0x83];
const PLAIN_CHANGE: u8 = 1;
const CODEC_PLAIN: u8 = 0;
const CODEC_ZSTD: u8 = 1;
const ZSTD_LEVEL: i32 = 3;

/// A change that was judged and may be merged once its dependencies are here.
#[derive(Debug, Clone)]
pub struct Checked {
    pub(super) change: Change,
    keys: BTreeSet<String>,
}

impl Checked {
    /// The change.
    pub fn change(&self) -> &Change {
        &self.change
    }

    /// What it builds on.
    pub fn deps(&self) -> &[ChangeHash] {
        self.change.deps()
    }

    /// Its hash.
    pub fn hash(&self) -> ChangeHash {
        self.change.hash()
    }

    /// The root keys it touches.
    pub fn keys(&self) -> &BTreeSet<String> {
        &self.keys
    }

    /// The counter of its last operation.
    pub fn max_op(&self) -> u64 {
        self.change.max_op()
    }

    /// Bytes that it takes while it waits, about.
    pub fn weight(&self) -> usize {
        self.change.raw_bytes().len() + self.keys.iter().map(|key| key.len() + 64).sum::<usize>() + 512
    }

    /// When it was made, as its device's clock said.
    pub fn made_at(&self) -> Option<Timestamp> {
        made_at(&self.change)
    }

    /// Its message.
    pub fn message(&self) -> Option<&str> {
        self.change.message()
    }
}

/// Why changes are refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum GuardError {
    /// A year or month that cannot be.
    #[error("the change is for a document that cannot be")]
    Document,
    /// A document from which a newer program erased something.
    #[error("the change builds on a document from which something was erased")]
    Generation,
    /// A packing of a newer program.
    #[error("the change is packed in a way not known here ({0})")]
    Codec(u8),
    /// Unfolds to more than is allowed.
    #[error("the change unfolds to more than {MAX_CHANGES} bytes")]
    TooLarge,
    /// Not a plain change chunk.
    #[error("the change is not a plain change")]
    Chunk,
    /// Automerge cannot read it.
    #[error("the change does not parse")]
    Parse,
    /// Written under another actor than its log.
    #[error("the change is another writer's")]
    Actor,
    /// Operation counters that its dependencies do not allow.
    #[error("the change counts its operations wrongly")]
    Counter,
    /// More operations than are allowed.
    #[error("the change has more than {MAX_OPS} operations, or too much text in them")]
    TooManyOps,
}

thread_local! {
    // Making one costs more than unfolding a change.
    static UNFOLDER: RefCell<Option<Decompressor<'static>>> = const { RefCell::new(None) };
}

/// At most [`MAX_CHANGES`] bytes, unfolded.
fn unfold(packed: &[u8]) -> Result<Vec<u8>, GuardError> {
    UNFOLDER.with_borrow_mut(|unfolder| {
        if unfolder.is_none() {
            *unfolder = Decompressor::new().ok();
        }
        let unfolder = unfolder.as_mut().ok_or(GuardError::TooLarge)?;
        unfolder.decompress(packed, MAX_CHANGES).map_err(|_| GuardError::TooLarge)
    })
}

/// Packs plain change bytes for an entry.
pub fn pack(plain: &[u8]) -> (u8, Vec<u8>) {
    match zstd::bulk::compress(plain, ZSTD_LEVEL) {
        Ok(packed) if packed.len() < plain.len() => (CODEC_ZSTD, packed),
        _ => (CODEC_PLAIN, plain.to_vec()),
    }
}

/// Judges the changes of one entry of `log`.
pub fn check(log: LogId, changes: &Changes) -> Result<Vec<Checked>, GuardError> {
    if changes.generation != [0; 32] {
        return Err(GuardError::Generation);
    }
    if !changes.doc.is_sane() {
        return Err(GuardError::Document);
    }
    let plain = match changes.codec {
        CODEC_PLAIN if changes.bytes.len() <= MAX_CHANGES => changes.bytes.clone(),
        CODEC_PLAIN => return Err(GuardError::TooLarge),
        CODEC_ZSTD => unfold(&changes.bytes)?,
        other => return Err(GuardError::Codec(other)),
    };
    let chunks = split(&plain)?;
    let (mut rows, mut text) = (0u64, 0u64);
    for chunk in &chunks {
        let unfolded = columns::unfolded(chunk.content).ok_or(GuardError::Parse)?;
        rows = rows.saturating_add(unfolded.rows);
        text = text.saturating_add(unfolded.text);
    }
    if rows > MAX_OPS as u64 || text > MAX_TEXT {
        return Err(GuardError::TooManyOps);
    }
    chunks.into_iter().map(|chunk| check_one(log, chunk.whole.to_vec())).collect()
}

/// Whether the operation counters of `checked` are what its dependencies allow, all of them in a document whose highest
/// counter is `max_op`.
pub fn counter_fits(checked: &Checked, max_op: u64) -> bool {
    checked.change.start_op().get() <= max_op + 1
}

fn check_one(log: LogId, chunk: Vec<u8>) -> Result<Checked, GuardError> {
    let parsed = catch_unwind(move || {
        let change = Change::from_bytes(chunk).ok()?;
        let keys = keys_of(&change);
        Some(Checked { change, keys })
    });
    let checked = parsed.ok().flatten().ok_or(GuardError::Parse)?;
    let change = &checked.change;
    if change.actor_id().to_bytes() != log.as_bytes() {
        return Err(GuardError::Actor);
    }
    let end = change.start_op().get().checked_add(u64::try_from(change.len()).unwrap_or(u64::MAX));
    if end.is_none_or(|end| end > u64::from(u32::MAX)) {
        return Err(GuardError::Counter);
    }
    Ok(checked)
}

/// One change as it stands in an entry.
struct Chunk<'a> {
    whole: &'a [u8],
    content: &'a [u8],
}

/// Cuts bytes into chunks: magic 4, checksum 4, type 1, length LEB128, content.
fn split(mut bytes: &[u8]) -> Result<Vec<Chunk<'_>>, GuardError> {
    let mut chunks = Vec::new();
    while !bytes.is_empty() {
        let (head, rest) = bytes.split_first_chunk::<9>().ok_or(GuardError::Chunk)?;
        let [m0, m1, m2, m3, _, _, _, _, kind] = *head;
        if [m0, m1, m2, m3] != MAGIC || kind != PLAIN_CHANGE || chunks.len() == MAX_CHUNKS {
            return Err(GuardError::Chunk);
        }
        let (len, used) = leb128(rest).ok_or(GuardError::Chunk)?;
        let total = usize::try_from(len).ok().and_then(|len| len.checked_add(9 + used)).ok_or(GuardError::Chunk)?;
        let (whole, after) = bytes.split_at_checked(total).ok_or(GuardError::Chunk)?;
        chunks.push(Chunk { whole, content: whole.get(9 + used..).unwrap_or_default() });
        bytes = after;
    }
    if chunks.is_empty() { Err(GuardError::Chunk) } else { Ok(chunks) }
}

fn leb128(bytes: &[u8]) -> Option<(u64, usize)> {
    let mut value = 0u64;
    for (at, byte) in bytes.iter().take(5).enumerate() {
        value |= u64::from(byte & 0x7f) << (7 * at);
        if byte & 0x80 == 0 {
            return Some((value, at + 1));
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::journal::document::Document;
    use crate::seal::body::DocId;
    use automerge::ScalarValue;

    const LOG: LogId = LogId([7; 16]);

    fn written() -> Vec<u8> {
        let mut document = Document::default();
        let puts: Vec<_> = (0..40).map(|n| (format!("key {n}"), ScalarValue::Str(format!("value {n}").into()))).collect();
        document.write(LOG, &puts, None).unwrap().unwrap().raw_bytes().to_vec()
    }

    fn changes(codec: u8, bytes: Vec<u8>) -> Changes {
        Changes { doc: DocId::Plan, generation: [0; 32], codec, bytes }
    }

    #[test]
    fn a_plain_change_of_the_log_passes() {
        let (codec, bytes) = pack(&written());
        let checked = check(LOG, &changes(codec, bytes)).unwrap();
        assert_eq!(checked.len(), 1);
        assert_eq!(checked[0].keys().len(), 40);
        let mut document = Document::default();
        assert!(counter_fits(&checked[0], document.max_op()));
        document.merge(checked).unwrap();
        document.prove().unwrap();
        assert_eq!(document.scalar("key 7"), Some(ScalarValue::Str("value 7".into())));
    }

    #[test]
    fn another_writers_change_is_refused() {
        assert_eq!(check(LogId([8; 16]), &changes(0, written())).unwrap_err(), GuardError::Actor);
    }

    #[test]
    fn a_bomb_is_not_unfolded() {
        let bomb = zstd::bulk::compress(&vec![0; 100 << 20], 19).unwrap();
        assert!(bomb.len() < 20_000);
        assert_eq!(check(LOG, &changes(1, bomb)).unwrap_err(), GuardError::TooLarge);
    }

    /// A change with `rows` operations in each column, made of five short runs: each puts null under the key `key`, and says to
    /// follow on `preds` others.
    fn runs(rows: i64, key: &str, preds: u64) -> Vec<u8> {
        fn signed(mut value: i64, out: &mut Vec<u8>) {
            while !(-64..64).contains(&value) {
                out.push((value & 0x7f) as u8 | 0x80);
                value >>= 7;
            }
            out.push((value & 0x7f) as u8);
        }
        fn unsigned(mut value: u64, out: &mut Vec<u8>) {
            while value > 0x7f {
                out.push((value & 0x7f) as u8 | 0x80);
                value >>= 7;
            }
            out.push(value as u8);
        }
        let run = |value: &dyn Fn(&mut Vec<u8>)| {
            let mut out = Vec::new();
            signed(rows, &mut out);
            value(&mut out);
            out
        };
        let mut insert = Vec::new();
        unsigned(rows as u64, &mut insert);
        let mut columns = vec![
            (
                0x15,
                run(&|out| {
                    unsigned(key.len() as u64, out);
                    out.extend_from_slice(key.as_bytes());
                }),
            ),
            (0x34, insert),
            (0x42, run(&|out| unsigned(1, out))),
            (0x56, run(&|out| unsigned(0, out))),
            (0x70, run(&|out| unsigned(preds, out))),
        ];
        if preds > 0 {
            columns.push((0x71, run(&|out| unsigned(0, out))));
            columns.push((0x73, run(&|out| signed(1, out))));
        }
        let mut content = vec![0, 16];
        content.extend_from_slice(LOG.as_bytes());
        content.extend_from_slice(&[1, 1, 0, 0, 0, columns.len() as u8]);
        for (specification, data) in &columns {
            unsigned(*specification, &mut content);
            unsigned(data.len() as u64, &mut content);
        }
        columns.iter().for_each(|(_, data)| content.extend_from_slice(data));
        let mut body = vec![PLAIN_CHANGE];
        unsigned(content.len() as u64, &mut body);
        body.extend_from_slice(&content);
        let checksum = <sha2::Sha256 as sha2::Digest>::digest(&body);
        [&MAGIC[..], &checksum[..4], &body].concat()
    }

    #[test]
    fn an_operation_bomb_is_not_unfolded() {
        assert_eq!(check(LOG, &changes(0, runs(3, "key", 0))).unwrap()[0].change.len(), 3, "it is a change as Automerge has it");
        for bomb in [runs(1 << 60, "key", 0), runs(20_001, "key", 0), runs(1, "key", 1 << 60), runs(20_000, &"k".repeat(100_000), 0)] {
            assert!(bomb.len() < 101_000);
            assert_eq!(check(LOG, &changes(0, bomb)).unwrap_err(), GuardError::TooManyOps);
        }
        let many: Vec<u8> = (0..1000).flat_map(|_| runs(21, "key", 0)).collect();
        assert_eq!(check(LOG, &changes(0, many)).unwrap_err(), GuardError::TooManyOps, "the limit is the entry's");
    }

    #[test]
    fn only_plain_change_chunks_pass() {
        let mut document = written();
        document[8] = 0;
        assert_eq!(check(LOG, &changes(0, document)).unwrap_err(), GuardError::Chunk);
        assert_eq!(check(LOG, &changes(0, Vec::new())).unwrap_err(), GuardError::Chunk);
        assert_eq!(check(LOG, &changes(9, written())).unwrap_err(), GuardError::Codec(9));
        let erased = Changes { generation: [1; 32], ..changes(0, written()) };
        assert_eq!(check(LOG, &erased).unwrap_err(), GuardError::Generation);
        let month = Changes { doc: DocId::Month { year: 2500, month: 13 }, ..changes(0, written()) };
        assert_eq!(check(LOG, &month).unwrap_err(), GuardError::Document);
    }

    #[test]
    fn flipped_bytes_never_panic_through() {
        let plain = written();
        for at in 0..plain.len() {
            let mut flipped = plain.clone();
            flipped[at] ^= 0x11;
            let _ = check(LOG, &changes(0, flipped));
        }
    }
}
