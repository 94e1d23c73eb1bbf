//! The whole way of changes into a document.
//!
//! The bytes are a program of changes, so that what Automerge checks before it looks inside is always right: the lengths, the checksum, the
//! actor, and what a change builds on.
//!
//! ```text
//! change    control u8: 2 bits: so many others it builds on · 1 bit: packed · 1 bit: by the second log · 1 bit: in the entry before ·
//!                       1 bit: another actor than its log
//!           others: index u8 each · length u16 · what follows the actor: seq, start op, time, message, other actors, columns
//! ```

use std::collections::BTreeSet;

use asif_daemon::journal::document::Document;
use asif_daemon::journal::guard::{self, Checked};
use asif_daemon::seal::body::{Changes, DocId};
use asif_proto::id::LogId;
use automerge::{Automerge, Change, ReadDoc};
use sha2::{Digest, Sha256};

use super::Bytes;
use super::plain::see;

const LOGS: [LogId; 2] = [LogId([0x41; 16]), LogId([0x42; 16])];
const MAX_CHANGES: usize = 12;

/// A plain change chunk around its content: magic, checksum, type, length, content.
pub fn chunk(content: &[u8]) -> Vec<u8> {
    let body = body(content);
    let hash = Sha256::digest(&body);
    [&[0x85, 0x6f, 0x4a, 0x83][..], &hash[..4], &body].concat()
}

fn body(content: &[u8]) -> Vec<u8> {
    let mut body = vec![1];
    let mut len = content.len();
    while len > 0x7f {
        body.push(u8::try_from(len & 0x7f).unwrap_or(0) | 0x80);
        len >>= 7;
    }
    body.push(u8::try_from(len).unwrap_or(0));
    body.extend_from_slice(content);
    body
}

/// The content of a change, by this actor, that builds on some of those before, and its hash.
pub(super) fn content(actor: LogId, others: &[u8], before: &[[u8; 32]], rest: &[u8]) -> (Vec<u8>, [u8; 32]) {
    let other = |index: &u8| before.get(usize::from(*index) % before.len().max(1));
    let others: BTreeSet<_> = others.iter().filter_map(other).collect();
    let mut content = vec![u8::try_from(others.len()).unwrap_or(0)];
    others.into_iter().for_each(|hash| content.extend_from_slice(hash));
    content.push(16);
    content.extend_from_slice(actor.as_bytes());
    content.extend_from_slice(rest);
    let hash = Sha256::digest(body(&content)).into();
    (content, hash)
}

/// The changes of one entry.
struct Entry {
    log: LogId,
    packed: bool,
    bytes: Vec<u8>,
}

fn entries(bytes: &[u8]) -> Vec<Entry> {
    let mut input = Bytes(bytes);
    let mut hashes: Vec<[u8; 32]> = Vec::new();
    let mut entries: Vec<Entry> = Vec::new();
    while !input.is_empty() && hashes.len() < MAX_CHANGES {
        let control = input.byte();
        let others = input.take(usize::from(control & 3));
        let log = LOGS[usize::from(control >> 3 & 1)];
        let actor = if control >> 5 & 1 == 0 { log } else { LogId([0x44; 16]) };
        let (content, hash) = content(actor, others, &hashes, input.sized());
        hashes.push(hash);
        let chunk = chunk(&content);
        match entries.last_mut().filter(|last| control >> 4 & 1 == 1 && last.log == log) {
            Some(last) => last.bytes.extend_from_slice(&chunk),
            None => entries.push(Entry { log, packed: control >> 2 & 1 == 1, bytes: chunk }),
        }
    }
    entries
}

/// Writes a change as the program above: the mirror of `entries`, for seeds.
pub(super) fn program(control: u8, others: &[u8], change: &Change) -> Vec<u8> {
    let raw = change.raw_bytes();
    let after_len = 9 + raw[9..].iter().position(|byte| byte & 0x80 == 0).expect("a length that ends") + 1;
    let rest = &raw[after_len + 1 + 32 * change.deps().len() + 17..];
    let len = u16::try_from(rest.len()).expect("a short change").to_be_bytes();
    [&[control | u8::try_from(others.len()).expect("few")][..], others, &len, rest].concat()
}

pub(super) fn log(second: bool) -> LogId {
    LOGS[usize::from(second)]
}

/// Judged, and merged where what it builds on is here; in turns, until nothing more goes. What a merge or a proof refuses is left out, as its log
/// is quarantined.
///
/// What stays can be read, saved and loaded to the same heads, is the same when it comes all at once and backwards, and can be written on.
pub(super) fn merge(bytes: &[u8]) {
    let (document, taken) = through(bytes);
    check(document, taken);
}

/// The document, and what was merged into it, entry by entry.
pub(super) fn through(bytes: &[u8]) -> (Document, Vec<Vec<Checked>>) {
    let entries = entries(bytes);
    let mut waiting: Vec<(LogId, Vec<Checked>)> = Vec::new();
    for Entry { log, packed, bytes } in &entries {
        let (codec, bytes) = if *packed { guard::pack(bytes) } else { (0, bytes.clone()) };
        let changes = Changes { doc: DocId::Plan, generation: [0; 32], codec, bytes };
        if let Ok(checked) = guard::check(*log, &changes) {
            assert!(checked.len() <= guard::MAX_CHUNKS);
            waiting.push((*log, checked));
        }
    }
    let mut document = Document::default();
    let mut taken: Vec<Vec<Checked>> = Vec::new();
    let mut quarantined: BTreeSet<LogId> = BTreeSet::new();
    loop {
        waiting.retain(|(log, _)| !quarantined.contains(log));
        let Some(at) = waiting.iter().position(|(_, checked)| fits(&document, checked)) else { break };
        let (log, mut checked) = waiting.remove(at);
        checked.retain(|one| !document.contains(&one.hash()));
        let before = document.clone();
        let merged = document.merge(checked.clone()).is_ok();
        if merged && document.prove().is_ok() {
            taken.push(checked);
        } else {
            document = before;
            quarantined.insert(log);
        }
    }
    (document, taken)
}

fn fits(document: &Document, checked: &[Checked]) -> bool {
    let (mut here, mut max_op) = (BTreeSet::new(), document.max_op());
    checked.iter().all(|one| {
        let fits = one.deps().iter().all(|dep| here.contains(dep) || document.contains(dep)) && guard::counter_fits(one, max_op);
        here.insert(one.hash());
        max_op = max_op.max(one.max_op());
        fits
    })
}

fn check(mut document: Document, taken: Vec<Vec<Checked>>) {
    assert!(!document.is_unproven());
    see(&document, DocId::Plan);
    let changes: Vec<Change> = taken.iter().flatten().map(|one| document.change(&one.hash()).expect("what was merged is there")).collect();
    let mut all = Automerge::new();
    all.apply_changes(changes).expect("what was proven goes in at once");
    let loaded = Automerge::load(&all.save()).expect("what was proven comes back");
    assert_eq!(loaded.get_heads(), document.heads());
    let mut other = Document::default();
    other.merge(taken.into_iter().flatten().collect()).expect("what was merged goes in at once");
    other.prove().expect("what was proven is proven");
    assert_eq!(other.heads(), document.heads());
    for key in document.keys() {
        assert_eq!(other.scalar(&key), document.scalar(&key), "{key}");
        let read = loaded.get(automerge::ROOT, key.as_str()).ok().flatten().and_then(|(value, _)| value.as_scalar().cloned());
        assert_eq!(read, document.scalar(&key), "{key} after loading");
    }
    // One's own next word goes on top of it, and is what others take.
    let own = LogId([0x43; 16]);
    let puts = [("self/name".to_owned(), "Robin".into())];
    if let Ok(Some(change)) = document.write(own, &puts, Some("init")) {
        let (codec, bytes) = guard::pack(change.raw_bytes());
        let checked = guard::check(own, &Changes { doc: DocId::Plan, generation: [0; 32], codec, bytes }).expect("an own change is taken");
        assert!(fits(&other, &checked));
        other.merge(checked).expect("an own change is merged");
        other.prove().expect("and proven");
        assert_eq!(other.heads(), document.heads());
        assert_eq!(other.scalar("self/name"), Some("Robin".into()));
    }
}
