//! A piece of a bundle of documents: sealed, and named by the hash of its sealed bytes.
//!
//! ```text
//! piece    version u8 = 1 · suite u8 = 1 · nonce 24 · sealed                 at most 512 KiB
//! sealed   XChaCha20-Poly1305( key = HKDF(read key, "asif piece v1"), nonce, aad = version ‖ suite ‖ space 32 ‖ key id 16,
//!                              plaintext = Padmé(bytes) )
//! id       blake3-derive("asif piece id v1"; piece)
//! ```
//!
//! Who made it is not said here: a [`checkpoint`](super::checkpoint) is signed and names its pieces.

use asif_proto::id::{KeyId, SpaceId};
use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use rand_core::Rng as _;
use zeroize::Zeroizing;

use super::keys::ReadKey;
use super::padding;
use super::wire::{NONCE_LEN, SUITE, VERSION};
use crate::Rng;

/// The most bytes of a bundle in one piece: with padding and seal under [`MAX_PIECE`].
pub const PIECE_BYTES: usize = 256 * 1024;
/// Bytes of the largest piece.
pub const MAX_PIECE: usize = 512 * 1024;
const HEAD: [u8; 2] = [VERSION, SUITE];

/// The bytes are not a piece of this epoch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the piece of a checkpoint does not open")]
pub struct BadPiece;

/// Seals `bytes`, at most [`PIECE_BYTES`] of them.
pub fn seal(key: &ReadKey, space: SpaceId, epoch: KeyId, bytes: &[u8], rng: &mut Rng) -> Vec<u8> {
    let mut nonce = [0; NONCE_LEN];
    rng.fill_bytes(&mut nonce);
    let plaintext = Zeroizing::new(padding::pad(bytes));
    #[expect(clippy::expect_used, reason = "encryption fails only beyond 256 GiB")]
    let sealed =
        cipher(key).encrypt(&XNonce::from(nonce), Payload { msg: &plaintext, aad: &aad(space, epoch) }).expect("a short plaintext");
    [&HEAD[..], &nonce, &sealed].concat()
}

/// The bytes in a piece.
pub fn open(key: &ReadKey, space: SpaceId, epoch: KeyId, piece: &[u8]) -> Result<Zeroizing<Vec<u8>>, BadPiece> {
    if piece.len() > MAX_PIECE {
        return Err(BadPiece);
    }
    let rest = piece.strip_prefix(&HEAD).ok_or(BadPiece)?;
    let (nonce, sealed) = rest.split_first_chunk::<NONCE_LEN>().ok_or(BadPiece)?;
    let plaintext = cipher(key).decrypt(&XNonce::from(*nonce), Payload { msg: sealed, aad: &aad(space, epoch) }).map_err(|_| BadPiece)?;
    let plaintext = Zeroizing::new(plaintext);
    Ok(Zeroizing::new(padding::unpad(&plaintext).map_err(|_| BadPiece)?.to_vec()))
}

fn aad(space: SpaceId, epoch: KeyId) -> Vec<u8> {
    [&HEAD[..], space.as_bytes(), epoch.as_bytes()].concat()
}

fn cipher(key: &ReadKey) -> XChaCha20Poly1305 {
    XChaCha20Poly1305::new((&*key.piece_key()).into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use asif_proto::id::PieceId;
    use rand_core::SeedableRng;

    const SPACE: SpaceId = SpaceId([1; 32]);
    const EPOCH: KeyId = KeyId([2; 16]);

    #[test]
    fn a_piece_comes_back_only_whole_with_its_key_and_in_its_place() {
        let mut rng = Rng::seed_from_u64(7);
        let (key, other) = (ReadKey::random(&mut rng), ReadKey::random(&mut rng));
        let piece = seal(&key, SPACE, EPOCH, b"a plain sentence", &mut rng);
        assert_eq!(open(&key, SPACE, EPOCH, &piece).unwrap().as_slice(), b"a plain sentence");
        assert_eq!(open(&other, SPACE, EPOCH, &piece), Err(BadPiece));
        assert_eq!(open(&key, SpaceId([3; 32]), EPOCH, &piece), Err(BadPiece));
        assert_eq!(open(&key, SPACE, KeyId([3; 16]), &piece), Err(BadPiece));
        for at in 0..piece.len() {
            let mut flipped = piece.clone();
            flipped[at] ^= 1;
            assert_eq!(open(&key, SPACE, EPOCH, &flipped), Err(BadPiece), "byte {at}");
            assert_eq!(open(&key, SPACE, EPOCH, &piece[..at]), Err(BadPiece), "cut at {at}");
            assert_ne!(PieceId::of(&flipped), PieceId::of(&piece));
        }
        assert!(!piece.windows(5).any(|window| window == b"plain"));
    }

    #[test]
    fn the_largest_piece_fits() {
        let mut rng = Rng::seed_from_u64(7);
        let key = ReadKey::random(&mut rng);
        assert!(seal(&key, SPACE, EPOCH, &vec![7; PIECE_BYTES], &mut rng).len() <= MAX_PIECE);
    }
}
