//! A checkpoint: which sealed snapshots stand for which entries. Signed, then sealed, as an entry is.
//!
//! ```text
//! checkpoint  version u8 = 1 · suite u8 = 1 · key id 16 · nonce 24 · sealed                     at most 1 MiB with its frame
//! sealed      XChaCha20-Poly1305( key = HKDF(read key, "asif checkpoint v1"), nonce, aad = version ‖ suite ‖ key id ‖ space 32,
//!                                 plaintext = Padmé(frame 1: postcard of Checkpoint) ‖ signature 64 )
//! signature   Ed25519, by the device that it names, over
//!             "asif checkpoint v1" ‖ space 32 ‖ version ‖ suite ‖ key id 16 ‖ nonce ‖ blake3(Padmé(frame))
//! id          blake3-derive("asif checkpoint id v1"; checkpoint)
//! ```
//!
//! Of each log that it covers it carries the birth, whole, and of the last covered entry a stub and its signature: the first names the device, whose
//! signature of the last speaks for all between. So whoever makes a checkpoint can cover no entry that its own device has not signed; and no words are in it.

use std::collections::BTreeSet;

use asif_proto::frame::Frame;
use asif_proto::id::{CheckpointId, DeviceId, KeyId, Link, LogId, PieceId, QueueId, RecordId, SpaceId};
use asif_proto::peer::Blob;
use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use rand_core::Rng as _;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::body::{DocId, Erase, Keys};
use super::entry::Proof;
use super::keys::{self, ReadKey, SIGNATURE_LEN, SigningSeed};
use super::padding;
use super::wire::{NONCE_LEN, SUITE, VERSION};
use crate::Rng;

const LABEL: &[u8] = b"asif checkpoint v1";
const KIND: u16 = 1;
const HEADER_LEN: usize = 18;
/// Bytes of the largest checkpoint: one fits into a frame.
pub const MAX_CHECKPOINT: usize = 1000 * 1024;

/// What a checkpoint says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Checkpoint {
    /// The device that made it.
    pub by: DeviceId,
    /// When, by its clock, in milliseconds since 1970.
    pub at_ms: i64,
    /// The entries that it stands for.
    pub covers: Vec<Covered>,
    /// Every document, as a whole.
    pub bundles: Vec<Bundle>,
    /// What covered entries erased: it is in none of the documents.
    pub erased: Erase,
    /// All keys that were passed on in covered entries.
    pub keys: Keys,
    /// Logs of which a covered entry tells a branch that lost.
    pub forks: Vec<LogId>,
    /// Changes that were written again, by their hashes.
    pub replaced: Vec<[u8; 32]>,
    /// What was done last, the last done last.
    pub deeds: Vec<Deed>,
    /// Checkpoints whose documents are all in these.
    pub replaces: Vec<CheckpointId>,
}

/// One change that somebody made, so that it can be taken back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Deed {
    /// The log that has it.
    pub log: LogId,
    /// Its place in the log.
    pub seq: u64,
    /// The document it is a change of.
    pub doc: DocId,
    /// Its hash.
    pub hash: [u8; 32],
    /// When it was made, in seconds since 1970; as it was told, but never later than it came, nor before what its log said earlier.
    pub at: i64,
    /// What was done.
    pub message: String,
    /// The records it touched.
    pub records: BTreeSet<RecordId>,
}

/// One log up to an entry.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Covered {
    /// Its queue.
    pub queue: QueueId,
    /// Its key.
    pub key: KeyId,
    /// Its first entry.
    pub birth: Blob,
    /// The link before the last covered entry.
    pub previous: Link,
    /// A stub of the last covered entry; where it is the first, of that.
    pub tip: Blob,
    /// That the log's device wrote that one.
    pub proof: Proof,
}

/// Documents that are packed together, in pieces.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Bundle {
    /// Which of those that lie there stand as they are.
    pub documents: Vec<Snapshot>,
    /// All that lie there: also those of which a later one lies elsewhere.
    pub packed: Vec<DocId>,
    /// Bytes that it unfolds to.
    pub unfolded: u32,
    /// Its pieces, in order.
    pub pieces: Vec<PieceId>,
}

/// One document at a moment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Snapshot {
    /// The document.
    pub doc: DocId,
    /// Its heads: names of changes, sorted.
    pub heads: Vec<[u8; 32]>,
}

/// It does not fit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a checkpoint of {0} bytes is too long")]
pub struct TooLong(pub usize);

/// Why bytes are not a checkpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CheckpointError {
    /// Shorter or longer than any.
    #[error("the bytes are not a checkpoint")]
    Format,
    /// Of a newer program.
    #[error("checkpoint format {version}.{suite} is not known here; a newer asif may read it")]
    Version {
        /// The version.
        version: u8,
        /// The suite.
        suite: u8,
    },
    /// Wrong key or changed bytes.
    #[error("the checkpoint does not open")]
    Sealed,
    /// What is inside does not read.
    #[error("the checkpoint opens and does not read")]
    Inside,
    /// Not by the device that it names.
    #[error("the checkpoint is not signed by the device that it names")]
    Signature,
}

/// Signs and seals a checkpoint of a space.
pub fn seal(
    key: &ReadKey,
    signer: &SigningSeed,
    space: SpaceId,
    epoch: KeyId,
    checkpoint: &Checkpoint,
    rng: &mut Rng,
) -> Result<Vec<u8>, TooLong> {
    let mut nonce = [0; NONCE_LEN];
    rng.fill_bytes(&mut nonce);
    let header = header(epoch);
    let mut plaintext = Zeroizing::new(padding::pad(&Frame::postcard(KIND, checkpoint).to_bytes()));
    let digest = *blake3::hash(&plaintext).as_bytes();
    plaintext.extend_from_slice(&signer.sign(LABEL, &signed_parts(&space, &header, &nonce, &digest)));
    let aad = [&header[..], space.as_bytes()].concat();
    let sealed = cipher(key).encrypt(&XNonce::from(nonce), Payload { msg: &plaintext, aad: &aad }).map_err(|_| TooLong(plaintext.len()))?;
    let bytes = [&header[..], &nonce, &sealed].concat();
    if bytes.len() > MAX_CHECKPOINT { Err(TooLong(bytes.len())) } else { Ok(bytes) }
}

/// The key that a checkpoint is sealed with, by its id.
pub fn key_of(bytes: &[u8]) -> Result<KeyId, CheckpointError> {
    let (header, _) = bytes.split_first_chunk::<HEADER_LEN>().ok_or(CheckpointError::Format)?;
    let [version, suite, key @ ..] = *header;
    if (version, suite) != (VERSION, SUITE) {
        return Err(CheckpointError::Version { version, suite });
    }
    if bytes.len() > MAX_CHECKPOINT {
        return Err(CheckpointError::Format);
    }
    Ok(KeyId(key))
}

/// A checkpoint that the device it names has signed. Whether that device stands, and what it says is so, is not yet known.
pub fn open(key: &ReadKey, space: SpaceId, bytes: &[u8]) -> Result<Checkpoint, CheckpointError> {
    let header = header(key_of(bytes)?);
    let rest = bytes.get(HEADER_LEN..).unwrap_or_default();
    let (nonce, sealed) = rest.split_first_chunk::<NONCE_LEN>().ok_or(CheckpointError::Format)?;
    let aad = [&header[..], space.as_bytes()].concat();
    let plaintext = cipher(key).decrypt(&XNonce::from(*nonce), Payload { msg: sealed, aad: &aad }).map_err(|_| CheckpointError::Sealed)?;
    let plaintext = Zeroizing::new(plaintext);
    let (padded, signature) = plaintext.split_last_chunk::<SIGNATURE_LEN>().ok_or(CheckpointError::Inside)?;
    let frames = Frame::all(padding::unpad(padded).map_err(|_| CheckpointError::Inside)?).map_err(|_| CheckpointError::Inside)?;
    let [frame] = frames.as_slice() else { return Err(CheckpointError::Inside) };
    if frame.kind != KIND {
        return Err(CheckpointError::Format);
    }
    let checkpoint: Checkpoint = frame.decode().map_err(|_| CheckpointError::Inside)?;
    let digest = *blake3::hash(padded).as_bytes();
    keys::verify(checkpoint.by.as_bytes(), LABEL, &signed_parts(&space, &header, nonce, &digest), signature)
        .map_err(|_| CheckpointError::Signature)?;
    Ok(checkpoint)
}

fn header(epoch: KeyId) -> [u8; HEADER_LEN] {
    let mut header = [0; HEADER_LEN];
    let (format, key) = header.split_at_mut(2);
    format.copy_from_slice(&[VERSION, SUITE]);
    key.copy_from_slice(epoch.as_bytes());
    header
}

fn signed_parts<'a>(space: &'a SpaceId, header: &'a [u8; HEADER_LEN], nonce: &'a [u8; NONCE_LEN], digest: &'a [u8; 32]) -> [&'a [u8]; 4] {
    [space.as_bytes(), header, nonce, digest]
}

fn cipher(key: &ReadKey) -> XChaCha20Poly1305 {
    XChaCha20Poly1305::new((&*key.checkpoint_key()).into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::seal::entry::{self, Place};
    use rand_core::SeedableRng;

    const SPACE: SpaceId = SpaceId([1; 32]);
    const EPOCH: KeyId = KeyId([2; 16]);

    fn proof(signer: &SigningSeed) -> Proof {
        let (mut rng, key) = (Rng::seed_from_u64(8), ReadKey::from_bytes([1; 32]));
        let place = Place { space: SPACE, log: LogId([9; 16]), seq: 1, previous: Link::ZERO };
        let wire = entry::seal(&key, signer, &place, b"bodies", &mut rng).unwrap();
        entry::open(&key, &place, &wire).unwrap().proof()
    }

    fn example(signer: &SigningSeed, by: DeviceId) -> Checkpoint {
        let snapshot = Snapshot { doc: DocId::Month { year: 2026, month: 11 }, heads: vec![[3; 32]] };
        Checkpoint {
            by,
            at_ms: 1_795_000_000_000,
            covers: vec![Covered {
                queue: QueueId([4; 32]),
                key: EPOCH,
                birth: Blob(vec![5; 200]),
                previous: Link([6; 32]),
                tip: Blob(vec![7; 82]),
                proof: proof(signer),
            }],
            bundles: vec![Bundle {
                packed: vec![snapshot.doc],
                documents: vec![snapshot],
                unfolded: 90_000,
                pieces: vec![PieceId([8; 32])],
            }],
            erased: Erase { records: vec![RecordId::from_key("00000000000000000000000000007f3a").unwrap()], drafts: Vec::new() },
            keys: Keys { read: Vec::new(), items: Vec::new() },
            forks: vec![LogId([9; 16])],
            replaced: vec![[10; 32]],
            deeds: Vec::new(),
            replaces: vec![CheckpointId([11; 32])],
        }
    }

    #[test]
    fn a_checkpoint_comes_back_only_whole_and_in_its_space() {
        let mut rng = Rng::seed_from_u64(7);
        let (key, signer) = (ReadKey::random(&mut rng), SigningSeed::random(&mut rng));
        let said = example(&signer, signer.device());
        let bytes = seal(&key, &signer, SPACE, EPOCH, &said, &mut rng).unwrap();
        assert_eq!(key_of(&bytes), Ok(EPOCH));
        assert_eq!(open(&key, SPACE, &bytes), Ok(said));
        assert_eq!(open(&key, SpaceId([2; 32]), &bytes), Err(CheckpointError::Sealed));
        assert_eq!(open(&ReadKey::random(&mut rng), SPACE, &bytes), Err(CheckpointError::Sealed));
        for at in 0..bytes.len() {
            let mut flipped = bytes.clone();
            flipped[at] ^= 1;
            assert!(open(&key, SPACE, &flipped).is_err(), "byte {at}");
            assert!(open(&key, SPACE, &bytes[..at]).is_err(), "cut at {at}");
        }
    }

    #[test]
    fn one_that_names_another_device_than_its_signer_is_refused() {
        let mut rng = Rng::seed_from_u64(7);
        let (key, signer, other) = (ReadKey::random(&mut rng), SigningSeed::random(&mut rng), SigningSeed::random(&mut rng));
        let bytes = seal(&key, &signer, SPACE, EPOCH, &example(&signer, other.device()), &mut rng).unwrap();
        assert_eq!(open(&key, SPACE, &bytes), Err(CheckpointError::Signature));
    }

    #[test]
    fn one_that_is_too_long_is_not_made() {
        let mut rng = Rng::seed_from_u64(7);
        let (key, signer) = (ReadKey::random(&mut rng), SigningSeed::random(&mut rng));
        let said = Checkpoint { replaced: vec![[1; 32]; 40_000], ..example(&signer, signer.device()) };
        assert!(seal(&key, &signer, SPACE, EPOCH, &said, &mut rng).is_err());
    }
}
