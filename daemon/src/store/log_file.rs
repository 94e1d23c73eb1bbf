//! The file of one log.
//!
//! ```text
//! header   magic "asiflog1" · queue id 32 · key id 16 · log id 16 · blake3(the foregoing), first 16 bytes              88 bytes
//!    or    magic "asiflog2" · queue id 32 · key id 16 · log id 16 · from u64 · before 32 · blake3(the foregoing), first 16 bytes     128 bytes
//! record   length u32 · link 32 · kind u8 (1 entry, 2 stub) · entry or stub                        integers big endian
//! ```
//!
//! Under the second header entries 2 to `from` - 1 are not here: a checkpoint stands for them. The first record is the birth as ever, the next
//! one is entry `from`, and `before` is the link before it.
//!
//! `length` counts kind and entry. `link` is the chain link *after* the entry: it commits to the entry and to all before it, so it is
//! checksum and chain in one, and an entry behind a damaged one still has its own.
//!
//! A later format has another magic; this one never changes.

use asif_proto::id::{KeyId, Link, LogId, QueueId};

use super::LogHead;
use crate::seal::wire::{self, MAX_ENTRY, STUB_LEN, Wire};

/// What every log file begins with.
pub(super) const MAGIC: &[u8; 8] = b"asiflog1";
/// What the file of a log begins with of which a part is covered by a checkpoint.
const MAGIC_FROM: &[u8; 8] = b"asiflog2";
/// Bytes of the header.
pub(super) const HEADER_LEN: usize = 88;
/// Bytes of the header of a log of which a part is covered.
pub(super) const HEADER_FROM_LEN: usize = 128;
/// Bytes of a record before its kind: length and link.
pub(super) const PREFIX_LEN: usize = 36;
/// Disks write whole sectors of this size, or a multiple of it.
const SECTOR: usize = 512;
/// No record holds so many zeros one after the other but by an unwritten sector.
const TELLING: usize = 8;
const ENTRY: u8 = 1;
const STUB: u8 = 2;

/// Where a log goes on behind its birth: what lies between is covered by a checkpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct From {
    /// The first entry that may be here, 3 at least.
    pub(super) seq: u64,
    /// The link before it.
    pub(super) before: Link,
}

/// The header of a log's file.
pub(super) fn header(head: &LogHead, from: Option<&From>) -> Vec<u8> {
    let mut out = Vec::with_capacity(HEADER_FROM_LEN);
    out.extend_from_slice(if from.is_some() { MAGIC_FROM } else { MAGIC });
    out.extend_from_slice(head.queue.as_bytes());
    out.extend_from_slice(head.key.as_bytes());
    out.extend_from_slice(head.log.as_bytes());
    if let Some(from) = from {
        out.extend_from_slice(&from.seq.to_be_bytes());
        out.extend_from_slice(from.before.as_bytes());
    }
    let check = blake3::hash(&out);
    out.extend(check.as_bytes().iter().take(16));
    out
}

/// Adds a record to `out`.
pub(super) fn write_record(out: &mut Vec<u8>, link: &Link, wire: &Wire) {
    let len = u32::try_from(1 + wire.bytes().len()).unwrap_or(u32::MAX);
    out.extend_from_slice(&len.to_be_bytes());
    out.extend_from_slice(link.as_bytes());
    out.push(if matches!(wire, Wire::Entry(_)) { ENTRY } else { STUB });
    out.extend_from_slice(wire.bytes());
}

/// What a log's file holds.
#[derive(Debug)]
pub(super) struct Scan {
    pub(super) head: Option<LogHead>,
    pub(super) from: Option<From>,
    /// Where each good record ends.
    pub(super) ends: Vec<u64>,
    /// The link after the last good record.
    pub(super) tip: Link,
    pub(super) end: End,
}

/// What follows the last good record.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum End {
    /// Nothing.
    Whole,
    /// From here on, what a crash left of an append that was never acknowledged.
    Torn(usize),
    /// From here on, some sectors were never written and later ones were: a crash leaves that of a long append, and so does a disk that
    /// lost them.
    Scattered(usize),
    /// From here on, something else.
    Damaged(usize, String),
}

/// Checks the whole file of `log`, byte by byte.
pub(super) fn scan(log: LogId, bytes: &[u8]) -> Scan {
    let mut scan = Scan { head: None, from: None, ends: Vec::new(), tip: Link::ZERO, end: End::Whole };
    match parse_header(log, bytes) {
        Ok((head, from)) => (scan.head, scan.from) = (Some(head), from),
        Err(_) if is_unwritten(bytes, 0, HEADER_LEN) || (bytes.len() < HEADER_LEN && agree(bytes, MAGIC)) => {
            scan.end = End::Torn(0);
            return scan;
        }
        Err(_) if lacks_sectors(bytes, 0, HEADER_LEN) => {
            scan.end = End::Scattered(0);
            return scan;
        }
        Err(what) => {
            scan.end = End::Damaged(0, what);
            return scan;
        }
    }
    let mut at = header_len(scan.from.as_ref());
    let mut seq = 1;
    while at < bytes.len() {
        let rest = bytes.get(at..).unwrap_or_default();
        match record(rest, log, seq, &scan.tip) {
            Ok((link, _, len)) => {
                at += len;
                scan.ends.push(at as u64);
                (seq, scan.tip) = scan.from.filter(|_| seq == 1).map_or((seq + 1, link), |from| (from.seq, from.before));
            }
            Err(fault) => {
                scan.end = judge(bytes, at, log, seq, &scan.tip, fault);
                break;
            }
        }
    }
    // The first acknowledgement of a log is for its first record.
    if scan.ends.is_empty() {
        scan.end = match scan.end {
            // Such a file is put there as a whole.
            End::Whole | End::Torn(_) | End::Scattered(_) if scan.from.is_some() => {
                End::Damaged(HEADER_FROM_LEN, "entry 1: it is not there".into())
            }
            End::Whole | End::Torn(_) => End::Torn(0),
            End::Scattered(_) => End::Scattered(0),
            damaged => damaged,
        };
    }
    scan
}

/// Entries of `log` from exactly these bytes, the first of them `seq` after the link `previous`; else the seq that does not check.
pub(super) fn records(mut bytes: &[u8], log: LogId, mut seq: u64, mut previous: Link) -> Result<Vec<(Link, Wire)>, u64> {
    let mut out = Vec::new();
    while !bytes.is_empty() {
        let (link, wire, len) = record(bytes, log, seq, &previous).map_err(|_| seq)?;
        out.push((link, wire));
        bytes = bytes.get(len..).unwrap_or_default();
        previous = link;
        seq += 1;
    }
    Ok(out)
}

/// The header at the front of these bytes, if they are those of a whole file.
pub(super) fn head_of(log: LogId, bytes: &[u8]) -> Option<LogHead> {
    parse_header(log, bytes).ok().map(|(head, _)| head)
}

/// Bytes before the first record.
pub(super) fn header_len(from: Option<&From>) -> usize {
    if from.is_some() { HEADER_FROM_LEN } else { HEADER_LEN }
}

/// The intact records of `log` in any piece of its file, each with the link before it, and how many are not, as far as the numbers tell.
///
/// One is intact where its bytes lead from the link before it to its own. `at`: where in its file the piece began; `tip`: the link before it, where
/// that is known.
pub(super) fn intact(log: LogId, bytes: &[u8], at: u64, tip: Option<Link>) -> (Vec<(Link, Wire)>, u64) {
    let begin = wire::header(log, 0);
    let begin = begin.get(..18).unwrap_or_default();
    let starts = bytes.windows(begin.len()).enumerate().filter(|(_, window)| *window == begin).map(|(at, _)| at);
    let mut seen: Vec<(u64, Link, Option<Wire>)> = starts.filter_map(|at| seen_at(log, bytes, at)).collect();
    seen.sort_by_key(|(seq, _, _)| *seq);
    // The piece begins with the record that is damaged: of that perhaps the link is whole.
    let first_link = bytes.get(4..PREFIX_LEN).and_then(|link| Some(Link(*link.first_chunk()?)));
    let mut good: Vec<(Link, Wire)> = Vec::new();
    let mut computed: Option<(u64, Link)> = None;
    for (at, (seq, link, wire)) in seen.iter().enumerate() {
        let Some(wire) = wire else { continue };
        let stored =
            at.checked_sub(1).and_then(|before| seen.get(before)).filter(|(earlier, _, _)| earlier + 1 == *seq).map(|(_, link, _)| *link);
        let led_to = computed.filter(|(earlier, _)| earlier + 1 == *seq).map(|(_, link)| link);
        let birth = (*seq == 1).then_some(Link::ZERO);
        let before = [stored, led_to, birth, (at == 0).then_some(tip).flatten(), (at == 0).then_some(first_link).flatten()];
        let mut before = before.into_iter().flatten();
        let reads = before.clone().find(|before| wire.link(before) == *link);
        // Where only its own link is damaged, the next one is chained to what its bytes lead to.
        let next = seen.get(at + 1).filter(|(next, _, _)| *next == seq + 1);
        let leads =
            |before: &Link| next.is_some_and(|(_, after, next)| next.as_ref().is_some_and(|next| next.link(&wire.link(before)) == *after));
        if let Some(before) = reads.or_else(|| before.find(leads)) {
            computed = Some((*seq, wire.link(&before)));
            good.push((before, wire.clone()));
        }
    }
    let in_sector = usize_of(at) % SECTOR;
    let in_its_file = [&vec![1; in_sector], bytes].concat();
    if lacks_sectors(&in_its_file, in_sector, bytes.len()) {
        // What a power cut leaves of an append was never acknowledged, and no loss.
        return (good, 0);
    }
    let numbers = seen.first().zip(seen.last()).map(|((first, _, _), (last, _, _))| last + 1 - first);
    // A number that was damaged itself counts for no more than there is room for.
    let room = u64::try_from(bytes.len() / (PREFIX_LEN + 1 + STUB_LEN) + 1).unwrap_or(u64::MAX);
    let all = numbers.map_or_else(|| u64::from(!bytes.is_empty()), |all| all.min(room));
    let read = u64::try_from(good.len()).unwrap_or(u64::MAX);
    (good, all.saturating_sub(read))
}

/// What looks like a record whose header begins there: its number, the link it has, and itself where it reads.
fn seen_at(log: LogId, bytes: &[u8], header: usize) -> Option<(u64, Link, Option<Wire>)> {
    let at = header.checked_sub(PREFIX_LEN + 1)?;
    let (prefix, rest) = bytes.get(at..)?.split_first_chunk::<PREFIX_LEN>()?;
    let [l0, l1, l2, l3, link @ ..] = prefix;
    let seq = u64::from_be_bytes(rest.get(19..27)?.try_into().ok()?);
    let len = usize_of(u64::from(u32::from_be_bytes([*l0, *l1, *l2, *l3])));
    let wire = rest.get(..len).and_then(<[u8]>::split_first).and_then(|(kind, body)| match *kind {
        ENTRY => Wire::entry(body.to_vec()).ok(),
        STUB => Wire::stub(body.to_vec()).ok(),
        _ => None,
    });
    Some((seq, Link(*link), wire.filter(|wire| wire.log() == log && wire.seq() == seq)))
}

/// Why there is no good record.
enum RecordFault {
    /// The file ends inside it.
    Short,
    /// It does not check: in words, and how many bytes belong to it.
    Bad(String, usize),
}

/// The record at the front of `bytes`, and its length.
fn record(bytes: &[u8], log: LogId, seq: u64, previous: &Link) -> Result<(Link, Wire, usize), RecordFault> {
    let Some((prefix, rest)) = bytes.split_first_chunk::<PREFIX_LEN>() else { return Err(RecordFault::Short) };
    let [l0, l1, l2, l3, link @ ..] = prefix;
    let len = usize_of(u64::from(u32::from_be_bytes([*l0, *l1, *l2, *l3])));
    if !(1 + STUB_LEN..=1 + MAX_ENTRY).contains(&len) {
        return Err(RecordFault::Bad(format!("its length field says {len}"), PREFIX_LEN));
    }
    let (kind, body) = rest.get(..len).and_then(<[u8]>::split_first).ok_or(RecordFault::Short)?;
    let whole = PREFIX_LEN + len;
    let bad = |what: String| RecordFault::Bad(what, whole);
    let wire = match *kind {
        ENTRY => Wire::entry(body.to_vec()),
        STUB => Wire::stub(body.to_vec()),
        other => return Err(bad(format!("records of kind {other} are not known here"))),
    }
    .map_err(|error| bad(error.to_string()))?;
    if wire.log() != log {
        return Err(bad(format!("it says that it belongs to log {}", wire.log())));
    }
    if wire.seq() != seq {
        return Err(bad(format!("it says that it is entry {}", wire.seq())));
    }
    let link = Link(*link);
    if wire.link(previous) != link {
        return Err(bad("its bytes and its link do not match".into()));
    }
    Ok((link, wire, whole))
}

/// Tells what a crash leaves from what a crash cannot leave, for the record at `at` that is not good.
fn judge(bytes: &[u8], at: usize, log: LogId, seq: u64, previous: &Link, fault: RecordFault) -> End {
    let rest = bytes.get(at..).unwrap_or_default();
    let (what, span) = match fault {
        RecordFault::Short => (String::new(), rest.len()),
        RecordFault::Bad(what, span) => (what, span),
    };
    if is_unwritten(bytes, at, span) {
        return End::Torn(at);
    }
    if lacks_sectors(bytes, at, span) {
        return End::Scattered(at);
    }
    if !what.is_empty() {
        return End::Damaged(at, format!("entry {seq}: {what}"));
    }
    // The file ends before the record does. Unless it is the length field that is wrong: then what is there is more than the
    // beginning of one record.
    let damaged = |what: &str| End::Damaged(at, format!("entry {seq}: {what}"));
    let begin = [&[ENTRY], wire::header(log, seq).as_slice()].concat();
    let body = rest.get(PREFIX_LEN..).unwrap_or_default();
    if body.first().is_some_and(|kind| ![ENTRY, STUB].contains(kind))
        || !agree(body.get(1..).unwrap_or_default(), begin.get(1..).unwrap_or_default())
    {
        return damaged("it is cut short and does not begin like an entry of this log");
    }
    let later = wire::header(log, 0);
    let signature = later.get(..18).unwrap_or_default();
    if body.get(2..).unwrap_or_default().windows(signature.len()).any(|window| window == signature) {
        return damaged("its length field is wrong: later entries follow");
    }
    let mut mended = u32::try_from(body.len()).unwrap_or(u32::MAX).to_be_bytes().to_vec();
    mended.extend_from_slice(rest.get(4..).unwrap_or_default());
    if record(&mended, log, seq, previous).is_ok() {
        return damaged("its length field is wrong");
    }
    End::Torn(at)
}

/// Whether the `span` bytes at `at` look as if the disk kept the length of the file but not its last sectors: from a sector's start
/// within them, or from `at` itself, all is zero to the end of the file.
pub(super) fn is_unwritten(bytes: &[u8], at: usize, span: usize) -> bool {
    let zeros = bytes.iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1);
    let sector = zeros.max(at).next_multiple_of(SECTOR);
    zeros <= at || (sector < bytes.len() && sector < at.saturating_add(span))
}

/// Whether a sector that begins within the `span` bytes at `at`, or the part of one from `at` on, is all zeros: what is written is sealed,
/// and never that. A part of a few bytes tells nothing.
pub(super) fn lacks_sectors(bytes: &[u8], at: usize, span: usize) -> bool {
    let mut from = at;
    while from < bytes.len().min(at.saturating_add(span)) {
        let end = (from + 1).next_multiple_of(SECTOR).min(bytes.len());
        if end - from >= TELLING && bytes.get(from..end).is_some_and(|part| part.iter().all(|byte| *byte == 0)) {
            return true;
        }
        from = end;
    }
    false
}

/// Whether one of both begins with the other.
pub(super) fn agree(one: &[u8], other: &[u8]) -> bool {
    one.iter().zip(other).all(|(one, other)| one == other)
}

fn parse_header(log: LogId, bytes: &[u8]) -> Result<(LogHead, Option<From>), String> {
    let parsed = bytes.split_first_chunk::<8>().and_then(|(magic, rest)| {
        let (queue, rest) = rest.split_first_chunk::<32>()?;
        let (key, rest) = rest.split_first_chunk::<16>()?;
        let (id, rest) = rest.split_first_chunk::<16>()?;
        let (_check, _) = rest.split_first_chunk::<16>()?;
        Some((magic, LogHead { queue: QueueId(*queue), key: KeyId(*key), log: LogId(*id) }, rest))
    });
    let Some((magic, head, rest)) = parsed else { return Err("the file is shorter than its header".into()) };
    let from = match magic {
        MAGIC => None,
        MAGIC_FROM => {
            let parts = rest.split_first_chunk::<8>().and_then(|(seq, rest)| Some((seq, rest.first_chunk::<32>()?)));
            let from = parts.map(|(seq, before)| From { seq: u64::from_be_bytes(*seq), before: Link(*before) });
            Some(from.ok_or("the file is shorter than its header")?)
        }
        _ => return Err("the file does not begin like a log of this version".into()),
    };
    if !bytes.starts_with(&header(&head, from.as_ref())) {
        return Err("the header and its checksum do not match".into());
    }
    if head.log != log {
        return Err(format!("the file is named otherwise but holds log {}", head.log));
    }
    if from.is_some_and(|from| from.seq < 3) {
        return Err(format!("log {} says that it goes on before it is born", head.log));
    }
    Ok((head, from))
}

/// A link from 32 bytes read.
pub(super) fn parse_link(bytes: &[u8]) -> Link {
    bytes.first_chunk::<32>().map_or(Link::ZERO, |link| Link(*link))
}

/// Bytes of the entry in a record that reaches from `start` to `end`.
pub(super) fn wire_len(start: u64, end: u64) -> usize {
    usize_of(end.saturating_sub(start)).saturating_sub(PREFIX_LEN + 1)
}

/// A length that fits into memory; one that does not is as long as memory.
pub(super) fn usize_of(len: u64) -> usize {
    usize::try_from(len).unwrap_or(usize::MAX)
}
