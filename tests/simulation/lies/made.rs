//! Changes that are meant to hurt, with lengths and checksums put right.

use asif_daemon::Rng;
use asif_daemon::journal::document::Document;
use asif_daemon::journal::guard;
use asif_daemon::seal::body::{Body, Changes, DocId};
use asif_proto::id::LogId;
use rand_core::Rng as _;
use sha2::{Digest, Sha256};

/// Four changes of a log, of which one is mutated.
pub(crate) fn mutated(log: LogId, rng: &mut Rng) -> Vec<Body> {
    let mut all = written(log, 4);
    let which = (rng.next_u64() % 4) as usize;
    let mut mutated = content(&all[which]);
    mutate(&mut mutated, rng);
    all[which] = chunk(1, &mutated);
    let (codec, packed) = guard::pack(&all[3]);
    let mut bodies: Vec<Body> = all[..3].iter().map(|bytes| changes(0, bytes.clone())).collect();
    bodies.push(changes(codec, packed));
    bodies
}

/// Changes that unfold to more than is allowed, or are no plain changes, with the words of their refusals.
pub(crate) fn bombs() -> Vec<(Body, &'static str)> {
    let zeros = vec![0; 8 << 20];
    let log = LogId([100; 16]);
    let plain = written(log, 1).remove(0);
    // A column of nothing, 2^40 times; a column that says that it is deflated; a whole chunk that is; a document.
    let mut runs = content(&plain)[..head(&content(&plain))].to_vec();
    runs.extend_from_slice(&[1, 1, 0, 0, 0, 1, 0x42, 7, 0, 0x80, 0x80, 0x80, 0x80, 0x80, 0x20]);
    let mut deflated = content(&plain)[..head(&content(&plain))].to_vec();
    deflated.extend_from_slice(&[1, 1, 0, 0, 0, 1, 0x4a, 2, 3, 0]);
    vec![
        (changes(1, zeros_packed(&zeros)), "the change unfolds to more than"),
        (changes(0, zeros[..400 << 10].to_vec()), "the change unfolds to more than"),
        (changes(0, chunk(1, &runs)), "the change has more than"),
        (changes(0, chunk(1, &deflated)), "the change does not parse"),
        (changes(0, chunk(2, &content(&plain))), "the change is not a plain change"),
        (changes(0, chunk(0, &content(&plain))), "the change is not a plain change"),
        (changes(0, written(log, 1).remove(0).repeat(1025)), "the change is not a plain change"),
    ]
}

pub(crate) fn changes(codec: u8, bytes: Vec<u8>) -> Body {
    Body::Changes(Changes { doc: DocId::Plan, generation: [0; 32], codec, bytes })
}

/// Plain changes of a log, each on top of the one before.
pub(crate) fn written(log: LogId, count: usize) -> Vec<Vec<u8>> {
    let mut document = Document::default();
    let change = |n: usize| {
        let puts =
            [(format!("a{n}"), "one".into()), (format!("b{}", n % 3), format!("two {n}").as_str().into()), ("c".into(), (n as i64).into())];
        document.write(log, &puts, Some("log")).unwrap().unwrap().raw_bytes().to_vec()
    };
    (0..count).map(change).collect()
}

/// A chunk of a type around its content, with the right length and checksum.
fn chunk(kind: u8, content: &[u8]) -> Vec<u8> {
    let mut body = vec![kind];
    let mut len = content.len();
    while len > 0x7f {
        body.push((len & 0x7f) as u8 | 0x80);
        len >>= 7;
    }
    body.push(len as u8);
    body.extend_from_slice(content);
    [&[0x85, 0x6f, 0x4a, 0x83][..], &Sha256::digest(&body)[..4], &body].concat()
}

/// The content of a chunk.
fn content(chunk: &[u8]) -> Vec<u8> {
    let len = chunk[9..].iter().position(|byte| byte & 0x80 == 0).unwrap() + 1;
    chunk[9 + len..].to_vec()
}

/// Where the content stops saying what it builds on and who wrote it: the rest is mutated.
fn head(content: &[u8]) -> usize {
    1 + 32 * content[0] as usize + 17
}

/// One to four small changes to the rest of a change.
fn mutate(content: &mut Vec<u8>, rng: &mut Rng) {
    let mut below = |bound: usize| (rng.next_u64() % bound.max(1) as u64) as usize;
    for _ in 0..1 + below(2) {
        let from = head(content);
        if content.len() <= from {
            return;
        }
        let at = from + below(content.len() - from);
        // Mostly in place, so that the lengths of the columns stay right.
        match below(12) {
            0..=3 => content[at] ^= 1 << below(8),
            4..=6 => content[at] = below(256) as u8,
            7..=8 => content[at] = [0, 1, 0x7f, 0x80, 0xff, 0x40][below(6)],
            9 => content.insert(at, below(256) as u8),
            10 => drop(content.remove(at)),
            _ => {
                let to = (at + 1 + below(8)).min(content.len());
                let piece = content[at..to].to_vec();
                content.splice(at..at, piece);
            }
        }
    }
}

/// What anybody's zstd makes of it: a frame of raw blocks would not do, so it is packed in pieces that each repeat one byte.
fn zeros_packed(zeros: &[u8]) -> Vec<u8> {
    // RFC 8878: magic, a frame header with a window of 8 MiB, and blocks that repeat one byte, 128 KiB each.
    let mut frame = vec![0x28, 0xb5, 0x2f, 0xfd, 0x00, 0x68];
    let blocks = zeros.len() >> 17;
    for block in 0..blocks {
        let header = (1u32 << 17) << 3 | 1 << 1 | u32::from(block + 1 == blocks);
        frame.extend_from_slice(&header.to_le_bytes()[..3]);
        frame.push(0);
    }
    frame
}
