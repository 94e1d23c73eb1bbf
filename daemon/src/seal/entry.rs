//! Sealing and opening one entry: sign, then seal, so that only a reader can tell who wrote.
//!
//! ```text
//! sealed   XChaCha20-Poly1305( key = HKDF(read key, "asif entry v1" ‖ log), nonce, aad = header ‖ previous link,
//!                              plaintext = Padmé(bodies) ‖ signature 64 )
//! signature over "asif entry v1" ‖ space ‖ previous link ‖ header ‖ nonce ‖ blake3(Padmé(bodies))
//! ```

use asif_proto::id::{DeviceId, Link, LogId, SpaceId};
use asif_proto::peer::Blob;
use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use rand_core::Rng as _;
use serde::{Deserialize, Serialize};

use super::keys::{self, BadSignature, ReadKey, SIGNATURE_LEN, SigningSeed};
use super::padding;
use super::wire::{self, HEADER_LEN, MAX_ENTRY, NONCE_LEN, Wire};
use crate::Rng;

const LABEL: &[u8] = b"asif entry v1";

/// Where an entry stands: everything that is authenticated with it but not inside it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    /// The space it is written in.
    pub space: SpaceId,
    /// The log.
    pub log: LogId,
    /// Its number in the log, from 1.
    pub seq: u64,
    /// The link before it.
    pub previous: Link,
}

/// The bodies do not fit into one entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{0} bytes do not fit into one entry")]
pub struct TooLarge(pub usize);

/// Why an entry does not open.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum OpenError {
    /// It is another log's or another place's.
    #[error("the entry belongs to another place")]
    Place,
    /// A stub has nothing to open.
    #[error("the entry is a stub")]
    Stub,
    /// Wrong key, changed bytes, or another previous link.
    #[error("the entry does not open")]
    Sealed,
    /// The padding is not the one right padding.
    #[error("the entry opens but its padding is wrong")]
    Padding,
}

/// Seals `bodies` at `place`, signed by a device.
pub fn seal(key: &ReadKey, signer: &SigningSeed, place: &Place, bodies: &[u8], rng: &mut Rng) -> Result<Wire, TooLarge> {
    let header = wire::header(place.log, place.seq);
    let mut nonce = [0; NONCE_LEN];
    rng.fill_bytes(&mut nonce);
    let mut plaintext = padding::pad(bodies);
    let digest = blake3::hash(&plaintext);
    plaintext.extend_from_slice(&signer.sign(LABEL, &signed_parts(place, &header, &nonce, digest.as_bytes())));
    let aad = [&header[..], place.previous.as_bytes()].concat();
    let sealed =
        cipher(key, place.log).encrypt(&XNonce::from(nonce), Payload { msg: &plaintext, aad: &aad }).map_err(|_| TooLarge(bodies.len()))?;
    let bytes = [&header[..], &nonce, &sealed].concat();
    if bytes.len() > MAX_ENTRY {
        return Err(TooLarge(bodies.len()));
    }
    Ok(Wire::Entry(bytes))
}

/// An entry that opened; who wrote it is not yet known.
#[derive(Clone)]
pub struct Opened {
    bodies: Vec<u8>,
    header: [u8; HEADER_LEN],
    nonce: [u8; NONCE_LEN],
    digest: [u8; 32],
    signature: [u8; SIGNATURE_LEN],
    place: Place,
}

/// Opens an entry at `place`.
pub fn open(key: &ReadKey, place: &Place, wire: &Wire) -> Result<Opened, OpenError> {
    if wire.log() != place.log || wire.seq() != place.seq {
        return Err(OpenError::Place);
    }
    let sealed = wire.sealed().ok_or(OpenError::Stub)?;
    let (header, nonce) = (wire.header(), wire.nonce());
    let aad = [&header[..], place.previous.as_bytes()].concat();
    let mut plaintext =
        cipher(key, place.log).decrypt(&XNonce::from(nonce), Payload { msg: sealed, aad: &aad }).map_err(|_| OpenError::Sealed)?;
    let (padded, signature) = plaintext.split_last_chunk::<SIGNATURE_LEN>().ok_or(OpenError::Padding)?;
    let (signature, digest) = (*signature, *blake3::hash(padded).as_bytes());
    let len = padding::unpad(padded).map_err(|_| OpenError::Padding)?.len();
    plaintext.drain(..4);
    plaintext.truncate(len);
    Ok(Opened { bodies: plaintext, header, nonce, digest, signature, place: *place })
}

impl Opened {
    /// The bodies inside.
    pub fn bodies(&self) -> &[u8] {
        &self.bodies
    }

    /// Whether `device` signed it, and through the chain everything before it.
    pub fn verify(&self, device: &DeviceId) -> Result<(), BadSignature> {
        let parts = signed_parts(&self.place, &self.header, &self.nonce, &self.digest);
        keys::verify(device.as_bytes(), LABEL, &parts, &self.signature)
    }

    /// What proves the same to whoever has only a stub of it.
    pub fn proof(&self) -> Proof {
        Proof { digest: self.digest, signature: Blob(self.signature.to_vec()) }
    }
}

/// That a device wrote an entry, told without the entry.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Proof {
    /// The hash of its padded bodies.
    digest: [u8; 32],
    /// The signature that is sealed with them.
    signature: Blob,
}

impl Proof {
    /// Whether `device` signed the entry of which this is the stub, and through the chain everything before it.
    pub fn verify(&self, place: &Place, stub: &Wire, device: &DeviceId) -> Result<(), BadSignature> {
        if stub.log() != place.log || stub.seq() != place.seq {
            return Err(BadSignature);
        }
        let signature = self.signature.0.as_slice().try_into().map_err(|_| BadSignature)?;
        let (header, nonce) = (stub.header(), stub.nonce());
        keys::verify(device.as_bytes(), LABEL, &signed_parts(place, &header, &nonce, &self.digest), signature)
    }
}

fn signed_parts<'a>(place: &'a Place, header: &'a [u8; HEADER_LEN], nonce: &'a [u8; NONCE_LEN], digest: &'a [u8; 32]) -> [&'a [u8]; 5] {
    [place.space.as_bytes(), place.previous.as_bytes(), header, nonce, digest]
}

fn cipher(key: &ReadKey, log: LogId) -> XChaCha20Poly1305 {
    XChaCha20Poly1305::new((&*key.entry_key(log)).into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand_core::SeedableRng;

    fn setup() -> (ReadKey, SigningSeed, Place, Rng) {
        let mut rng = Rng::seed_from_u64(7);
        let place = Place { space: SpaceId([1; 32]), log: LogId([2; 16]), seq: 3, previous: Link([4; 32]) };
        (ReadKey::random(&mut rng), SigningSeed::random(&mut rng), place, rng)
    }

    #[test]
    fn an_entry_comes_back_and_tells_its_writer_only_to_a_reader() {
        let (key, signer, place, mut rng) = setup();
        let wire = seal(&key, &signer, &place, b"a plain sentence", &mut rng).unwrap();
        assert!(!wire.bytes().windows(5).any(|window| window == b"plain"));
        let opened = open(&key, &place, &wire).unwrap();
        assert_eq!(opened.bodies(), b"a plain sentence");
        assert_eq!(opened.verify(&signer.device()), Ok(()));
        assert_eq!(opened.verify(&SigningSeed::random(&mut rng).device()), Err(BadSignature));
    }

    #[test]
    fn nothing_of_the_place_can_be_changed() {
        let (key, signer, place, mut rng) = setup();
        let wire = seal(&key, &signer, &place, b"x", &mut rng).unwrap();
        let refused = |place: Place| open(&key, &place, &wire).map(|opened| opened.verify(&signer.device()).is_ok());
        assert!(refused(Place { previous: Link([5; 32]), ..place }).is_err());
        assert!(refused(Place { seq: 4, ..place }).is_err());
        assert!(refused(Place { log: LogId([3; 16]), ..place }).is_err());
        assert!(matches!(refused(Place { space: SpaceId([9; 32]), ..place }), Ok(false)), "another space: the signature is not good");
        assert!(matches!(open(&key, &place, &wire.to_stub()), Err(OpenError::Stub)));
    }

    #[test]
    fn a_stub_and_its_proof_tell_the_writer_without_the_words() {
        let (key, signer, place, mut rng) = setup();
        let wire = seal(&key, &signer, &place, b"a plain sentence", &mut rng).unwrap();
        let (stub, proof) = (wire.to_stub(), open(&key, &place, &wire).unwrap().proof());
        assert_eq!(proof.verify(&place, &stub, &signer.device()), Ok(()));
        assert_eq!(proof.verify(&place, &stub, &SigningSeed::random(&mut rng).device()), Err(BadSignature));
        assert_eq!(proof.verify(&Place { previous: Link([5; 32]), ..place }, &stub, &signer.device()), Err(BadSignature));
        assert_eq!(proof.verify(&Place { space: SpaceId([9; 32]), ..place }, &stub, &signer.device()), Err(BadSignature));
        let next = Place { seq: 4, ..place };
        let ahead = seal(&key, &signer, &next, b"a plain sentence", &mut rng).unwrap().to_stub();
        assert_eq!(proof.verify(&next, &ahead, &signer.device()), Err(BadSignature), "it proves one place alone");
    }

    #[test]
    fn every_flipped_byte_is_noticed() {
        let (key, signer, place, mut rng) = setup();
        let wire = seal(&key, &signer, &place, b"a plain sentence", &mut rng).unwrap();
        for at in 0..wire.bytes().len() {
            let mut bytes = wire.bytes().to_vec();
            bytes[at] ^= 0x40;
            assert!(Wire::entry(bytes).map_or(true, |wire| open(&key, &place, &wire).is_err()), "byte {at}");
        }
    }
}
