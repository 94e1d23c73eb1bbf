//! Checkpoints, their pieces, the documents in them, and what is said about them.

use asif_daemon::journal::bundle::{self, Laid};
use asif_daemon::seal::body::{DocId, Erase, Keys};
use asif_daemon::seal::checkpoint::{self, Bundle, Checkpoint, Covered, Deed, Snapshot};
use asif_daemon::seal::entry;
use asif_daemon::seal::piece;
use asif_daemon::seal::wire::Wire;
use asif_daemon::store::{Jump, Takeover};
use asif_proto::id::{CheckpointId, KeyId, Link, LogId, PieceId, QueueId, RecordId, SpaceId};
use asif_proto::peer::{Blob, Message, OTHERWISE, Offered, Same};

use crate::{golden, key, place, rng, same, signer};

const NOVEMBER: DocId = DocId::Month { year: 2026, month: 11 };

fn record(n: u8) -> RecordId {
    RecordId::from_key(&format!("{n:032x}")).unwrap()
}

fn wire() -> Wire {
    entry::seal(&key(), &signer(), &place(1, Link::ZERO), b"not frames, only bytes", &mut rng(5)).unwrap()
}

fn said() -> Checkpoint {
    let deed = Deed {
        log: LogId([3; 16]),
        seq: 300,
        doc: NOVEMBER,
        hash: [6; 32],
        at: 1_795_000_000,
        message: "log".into(),
        records: [record(1)].into(),
    };
    let covered = |n: u8| Covered {
        queue: QueueId([4; 32]),
        key: KeyId([5; 16]),
        birth: Blob(vec![1, 1, n]),
        previous: Link([9; 32]),
        tip: Blob(vec![1, 1, n, 2]),
        proof: entry::open(&key(), &place(1, Link::ZERO), &wire()).unwrap().proof(),
    };
    Checkpoint {
        by: signer().device(),
        at_ms: 1_795_000_000_123,
        covers: vec![covered(7), covered(8)],
        bundles: vec![Bundle {
            documents: vec![Snapshot { doc: NOVEMBER, heads: vec![[6; 32]] }, Snapshot { doc: DocId::Plan, heads: vec![] }],
            packed: vec![NOVEMBER, DocId::Month { year: 2026, month: 10 }, DocId::Plan],
            unfolded: 90_000,
            pieces: vec![PieceId([7; 32])],
        }],
        erased: Erase { records: vec![record(2)], drafts: vec![(record(3), vec![[8; 32]])] },
        keys: Keys { read: vec![(SpaceId([2; 32]), KeyId([5; 16]), key())], items: vec![] },
        forks: vec![LogId([10; 16])],
        replaced: vec![[11; 32]],
        deeds: vec![deed],
        replaces: vec![CheckpointId([12; 32])],
    }
}

#[test]
fn checkpoint() {
    let space = SpaceId([2; 32]);
    let made = checkpoint::seal(&key(), &signer(), space, KeyId([5; 16]), &said(), &mut rng(6)).unwrap();
    let bytes = same("checkpoint", &made);
    assert_eq!(checkpoint::open(&key(), space, &bytes), Ok(said()));
    same("checkpoint-id", CheckpointId::of(&bytes).as_bytes());
}

#[test]
fn pieces() {
    let (space, epoch) = (SpaceId([2; 32]), KeyId([5; 16]));
    let bytes = same("piece", &piece::seal(&key(), space, epoch, b"packed documents", &mut rng(7)));
    assert_eq!(piece::open(&key(), space, epoch, &bytes).unwrap().as_slice(), b"packed documents");
    same("piece-id", PieceId::of(&bytes).as_bytes());
}

/// Packed anew it may be another, since zstd is free to; this one must be read for ever.
#[test]
fn bundles() {
    let laid = [
        Laid { doc: DocId::Plan, names: Vec::new(), touches: vec![(record(1), 300)], bytes: b"a document" },
        Laid { doc: NOVEMBER, names: vec![[6; 32], [7; 32]], touches: Vec::new(), bytes: b"another one" },
    ];
    let folded = same("bundle-folded", &bundle::fold(&laid));
    assert_eq!(bundle::unfold(&folded).unwrap(), laid);
    let packed = golden("bundle-packed", &bundle::pack(&folded, 19).unwrap());
    assert_eq!(bundle::unpack(&packed, u32::try_from(folded.len()).unwrap()), Ok(folded));
}

#[test]
fn messages() {
    let offered = Offered { sealed: Blob(vec![1, 1, 5]), instead_of: Some(CheckpointId([12; 32])) };
    for (name, message) in [
        ("message-checkpoint", Message::Checkpoint(offered)),
        ("message-get-pieces", Message::GetPieces(vec![PieceId([7; 32])])),
        ("message-piece", Message::Piece(Blob(vec![1, 1, 7]))),
        ("message-no-checkpoint", Message::NoCheckpoint(CheckpointId([12; 32]))),
        ("message-same", Message::Same(Same { digest: [13; 16], documents: [14; 16] })),
        ("message-checkpoint-otherwise", Message::Checkpoint(Offered { sealed: Blob(vec![1, 1, 5]), instead_of: Some(OTHERWISE) })),
    ] {
        let bytes = same(name, &message.to_frame().to_bytes());
        let frame = asif_proto::frame::Frame::from_bytes(&bytes).unwrap();
        assert_eq!(Message::from_frame(&frame).unwrap(), Some(message), "{name}");
    }
}

/// What is about to be done with a checkpoint, as it is written down first.
#[test]
fn takeover() {
    let jump = Jump {
        queue: QueueId([4; 32]),
        key: KeyId([5; 16]),
        birth: Blob(vec![1, 1, 7]),
        previous: Link([9; 32]),
        tip: Blob(vec![8; 40]),
        ends_there: true,
    };
    let said = Takeover {
        checkpoint: Blob(vec![1, 1, 5]),
        logs: vec![jump],
        aside: vec![LogId([10; 16])],
        checkpoints: vec![CheckpointId([12; 32])],
        pieces: vec![PieceId([7; 32])],
        at_s: 1_795_000_000,
    };
    let bytes = same("takeover", &asif_proto::frame::encode(&said));
    assert_eq!(asif_proto::frame::decode::<Takeover>(&bytes), Some(said));
}
