//! What is signed or sealed: with keys that are known here, so that the inside is reached.

use std::collections::BTreeMap;

use asif_daemon::Rng;
use asif_daemon::people::epoch;
use asif_daemon::people::registry::Registry;
use asif_daemon::people::statement::{Add, Candidate, Said, Statement};
use asif_daemon::seal::body::Body;
use asif_daemon::seal::entry::{self as sealing, Place};
use asif_daemon::seal::keys::{CacheKey, KitEntropy, LinkSeed, ReadKey, SealingSeed, SigningSeed, VaultKey};
use asif_daemon::seal::padding;
use asif_daemon::seal::vault::Vault;
use asif_daemon::seal::wire::Wire;
use asif_daemon::share::board::Board;
use asif_proto::frame::{self, Frame};
use asif_proto::id::{Link, LogId, SpaceId};
use rand_core::SeedableRng;

use super::Bytes;

pub(super) fn signer() -> SigningSeed {
    SigningSeed::from_bytes([1; 32])
}

pub(super) fn kit() -> KitEntropy {
    KitEntropy::from_bytes([2; 32])
}

fn sealing_seed() -> SealingSeed {
    SealingSeed::from_bytes([3; 32])
}

/// The device that signs here joins its person.
pub(super) fn addition() -> Statement {
    let person = kit().person();
    let device = Candidate::new(person, &signer(), &sealing_seed(), LinkSeed::from_bytes([4; 32]).public());
    Statement::by_root(&kit(), &Said::Add(Add { person, device, seen: vec![] }))
}

/// A statement as it comes; then the body of one, signed by the root or by a device that stands. A body that is a frame is a statement,
/// stands for itself byte for byte, and is taken in by everything that follows from statements.
pub(super) fn statement(bytes: &[u8]) {
    let mut input = Bytes(bytes);
    let (by, body) = (input.byte(), input.0);
    let signed = match by % 3 {
        0 => body.to_vec(),
        1 => signed(1, &kit().person().0, body, |parts| kit().sign(b"asif statement v1", parts)),
        _ => signed(2, &signer().device().0, body, |parts| signer().sign(b"asif statement v1", parts)),
    };
    let Ok(read) = Statement::from_bytes(&signed) else {
        assert!(by.is_multiple_of(3) || Frame::from_bytes(body).is_err() || signed.len() > 64 * 1024);
        return;
    };
    assert_eq!(read.bytes(), signed);
    if let said @ (Said::Add(_) | Said::Epoch(_)) = read.said() {
        let again = Statement::by_device(&signer(), said);
        assert_eq!(Statement::from_bytes(again.bytes()).map(|again| again.said().clone()), Ok(said.clone()));
    }
    if let Said::Add(add) = read.said() {
        let _ = frame::decode::<Candidate>(&frame::encode(&add.device)).expect("what was written is read").is_for(add.person);
    }
    let mut registry = Registry::default();
    registry.insert(addition());
    assert!(registry.roster(&kit().person()).device(&signer().device()).is_some());
    registry.insert(read);
    for epoch in registry.all_epochs() {
        let _ = (epoch.queue(), epoch::read_box(epoch, signer().device(), &sealing_seed()));
    }
    assert!(registry.roster(&kit().person()).device(&signer().device()).is_some(), "no statement takes a device away");
}

fn signed(kind: u8, key: &[u8; 32], body: &[u8], sign: impl Fn(&[&[u8]]) -> [u8; 64]) -> Vec<u8> {
    [&[kind][..], key, &sign(&[&[kind], key, body]), body].concat()
}

/// The outside of an entry or a stub as it comes; then bodies, sealed and opened again; then what may be padded bodies. What is padded has
/// one padding.
pub(super) fn entry(bytes: &[u8]) {
    let mut input = Bytes(bytes);
    let key = ReadKey::from_bytes([5; 32]);
    let place = |wire: &Wire| Place { space: SpaceId([6; 32]), log: wire.log(), seq: wire.seq(), previous: Link([7; 32]) };
    match input.byte() % 4 {
        0 => outside(Wire::entry(input.0.to_vec()), &key, place),
        1 => outside(Wire::stub(input.0.to_vec()), &key, place),
        2 => {
            let place = Place { space: SpaceId([6; 32]), log: LogId([8; 16]), seq: 1 + u64::from(input.byte()), previous: Link([7; 32]) };
            let Ok(wire) = sealing::seal(&key, &signer(), &place, input.0, &mut Rng::seed_from_u64(9)) else { return };
            assert_eq!(Wire::entry(wire.bytes().to_vec()), Ok(wire.clone()));
            let opened = sealing::open(&key, &place, &wire).expect("what was sealed opens");
            assert_eq!(opened.bodies(), input.0);
            assert_eq!(opened.verify(&signer().device()), Ok(()));
            let _ = Body::from_bytes(opened.bodies());
        }
        _ => {
            if let Ok(bodies) = padding::unpad(input.0) {
                assert_eq!(padding::pad(bodies), input.0);
            }
        }
    }
}

fn outside(wire: Result<Wire, impl Sized>, key: &ReadKey, place: impl Fn(&Wire) -> Place) {
    let Ok(wire) = wire else { return };
    assert_eq!(wire.to_stub().link(&Link::ZERO), wire.link(&Link::ZERO));
    assert!(sealing::open(key, &place(&wire), &wire).is_err(), "nobody sealed it with this key");
    let _ = format!("{wire:?}");
}

/// The bodies of one entry. What decodes comes back the same. Then each frame as a body of its own: of the items that they put and retract
/// the same stand in whatever order they come.
pub(super) fn body(bytes: &[u8]) {
    if let Ok(body) = Body::from_bytes(bytes) {
        assert_eq!(Body::from_bytes(&body.to_frame().to_bytes()), Ok(body));
    }
    let Ok(frames) = Frame::all(bytes) else { return };
    let bodies: Vec<Body> = frames.iter().filter_map(|frame| Body::from_bytes(&frame.to_bytes()).ok()).collect();
    let numbered: Vec<(&Body, u64)> = bodies.iter().zip(1..).collect();
    assert_eq!(standing(numbered.iter()), standing(numbered.iter().rev()));
}

fn standing<'a>(bodies: impl Iterator<Item = &'a (&'a Body, u64)>) -> BTreeMap<[u8; 32], (u32, u64, [u8; 32])> {
    let mut board = Board::default();
    for (body, seq) in bodies {
        let at = (LogId([8; 16]), *seq);
        match (*body).clone() {
            Body::Put(put) => drop(board.put(at, put)),
            Body::Retract(retract) => drop(board.retract(at, retract)),
            _ => {}
        }
    }
    let held = board.items().map(|(item, held)| (item.0, (held.revision.grant, held.revision.touches, held.hash)));
    held.collect()
}

/// The files of the vault as they lie on disk, then their insides. What opens is sealed and opened again to the same.
pub(super) fn vault(bytes: &[u8]) {
    let (key, cache) = (VaultKey::from_bytes([10; 32]), CacheKey::from_bytes([11; 32]));
    if let Ok(read) = VaultKey::from_file(bytes) {
        assert_eq!(read.to_file(), bytes);
    }
    let sealed_by_nobody = Vault::open(&key, bytes).is_err() && cache.open("view", bytes).is_err();
    assert!(sealed_by_nobody);
    let mut rng = Rng::seed_from_u64(12);
    assert_eq!(cache.open("view", &cache.seal("view", bytes, &mut rng)).as_deref(), Ok(bytes));
    if let Some(vault) = frame::decode::<Vault>(bytes) {
        let again = Vault::open(&key, &vault.seal(&key, &mut rng)).expect("what was sealed opens");
        assert_eq!(frame::encode(&again), frame::encode(&vault));
        let _ = (vault.device(), vault.link_key());
    }
}
