//! A slip: a statement as it lies in a queue of a mailbox, which is to learn no name and no device key.
//!
//! ```text
//! id       first 16 bytes of blake3-derive("asif slip id v1"; queue 32 ‖ id of the statement 32)
//! slip     version u8 = 1 · suite u8 = 1 · nonce 24 · sealed                                   in the queue of an epoch
//! sealed   XChaCha20-Poly1305( key = HKDF(read key, "asif slip v1"), nonce, aad = version ‖ suite ‖ queue 32 ‖ id 16, plaintext = Padmé(statement) )
//! slip     version u8 = 1 · suite u8 = 1 · HPKE( the kit's sealing key; info "asif recovery slip v1" ‖ queue 32 ‖ id 16; Padmé(statement) )
//!                                                                                              in a recovery queue
//! ```
//!
//! A statement is signed, so a slip is not: whoever could seal one could say nothing by it that they could not say otherwise.

use asif_proto::id::{QueueId, StatementId};
use asif_proto::peer::{Blob, MAX_SLIP, Slip};
use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use rand_core::Rng as _;
use zeroize::Zeroizing;

use super::hpke;
use super::keys::{ReadKey, SealingSeed};
use super::padding;
use super::wire::{NONCE_LEN, SUITE, VERSION};
use crate::Rng;

const HEAD: [u8; 2] = [VERSION, SUITE];

/// The bytes are not a slip of this queue.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a statement that came by way of a mailbox does not open")]
pub struct BadSlip;

/// How a queue names a statement.
pub fn id(queue: QueueId, statement: StatementId) -> [u8; 16] {
    let mut hasher = blake3::Hasher::new_derive_key("asif slip id v1");
    hasher.update(queue.as_bytes());
    hasher.update(statement.as_bytes());
    let mut id = [0; 16];
    hasher.finalize_xof().fill(&mut id);
    id
}

/// Seals a statement for those who read a queue.
pub fn seal(key: &ReadKey, queue: QueueId, (statement, bytes): (StatementId, &[u8]), rng: &mut Rng) -> Slip {
    let id = id(queue, statement);
    let mut nonce = [0; NONCE_LEN];
    rng.fill_bytes(&mut nonce);
    let plaintext = padding::pad(bytes);
    #[expect(clippy::expect_used, reason = "encryption fails only beyond 256 GiB")]
    let sealed = cipher(key).encrypt(&XNonce::from(nonce), Payload { msg: &plaintext, aad: &aad(queue, id) }).expect("a short plaintext");
    Slip { id, sealed: Blob([&HEAD[..], &nonce, &sealed].concat()) }
}

/// The statement's bytes.
pub fn open(key: &ReadKey, queue: QueueId, slip: &Slip) -> Result<Vec<u8>, BadSlip> {
    let (nonce, sealed) = rest(slip)?.split_first_chunk::<NONCE_LEN>().ok_or(BadSlip)?;
    let plaintext = cipher(key).decrypt(&XNonce::from(*nonce), Payload { msg: sealed, aad: &aad(queue, slip.id) }).map_err(|_| BadSlip)?;
    Ok(padding::unpad(&plaintext).map_err(|_| BadSlip)?.to_vec())
}

/// Seals a statement for the recovery kit, by its public sealing key; none where that is not one.
pub fn seal_for_kit(kit: &[u8], queue: QueueId, (statement, bytes): (StatementId, &[u8]), rng: &mut Rng) -> Option<Slip> {
    let id = id(queue, statement);
    let sealed = hpke::seal(kit, &info(queue, id), &padding::pad(bytes), rng).ok()?;
    Some(Slip { id, sealed: Blob([&HEAD[..], &sealed].concat()) })
}

/// The statement's bytes.
pub fn open_with_kit(kit: &SealingSeed, queue: QueueId, slip: &Slip) -> Result<Vec<u8>, BadSlip> {
    let plaintext = hpke::open(kit, &info(queue, slip.id), rest(slip)?).map_err(|_| BadSlip)?;
    Ok(padding::unpad(&plaintext).map_err(|_| BadSlip)?.to_vec())
}

fn rest(slip: &Slip) -> Result<&[u8], BadSlip> {
    let bytes = Some(slip.sealed.0.as_slice()).filter(|bytes| bytes.len() <= MAX_SLIP).ok_or(BadSlip)?;
    bytes.strip_prefix(&HEAD).ok_or(BadSlip)
}

fn aad(queue: QueueId, id: [u8; 16]) -> Vec<u8> {
    [&HEAD[..], queue.as_bytes(), &id].concat()
}

fn info(queue: QueueId, id: [u8; 16]) -> Vec<u8> {
    [b"asif recovery slip v1", &queue.as_bytes()[..], &id].concat()
}

fn cipher(key: &ReadKey) -> XChaCha20Poly1305 {
    let key: Zeroizing<[u8; 32]> = key.slip_key();
    XChaCha20Poly1305::new((&*key).into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand_core::SeedableRng;

    const QUEUE: QueueId = QueueId([1; 32]);
    const STATEMENT: StatementId = StatementId([2; 32]);

    #[test]
    fn a_slip_comes_back_only_whole_with_its_key_and_in_its_queue() {
        let mut rng = Rng::seed_from_u64(7);
        let (key, other) = (ReadKey::random(&mut rng), ReadKey::random(&mut rng));
        let slip = seal(&key, QUEUE, (STATEMENT, b"a plain statement"), &mut rng);
        assert_eq!(open(&key, QUEUE, &slip).unwrap(), b"a plain statement");
        assert_eq!(open(&other, QUEUE, &slip), Err(BadSlip));
        assert_eq!(open(&key, QueueId([3; 32]), &slip), Err(BadSlip));
        assert_eq!(open(&key, QUEUE, &Slip { id: [9; 16], ..slip.clone() }), Err(BadSlip));
        for at in 0..slip.sealed.0.len() {
            let mut flipped = slip.clone();
            flipped.sealed.0[at] ^= 1;
            assert_eq!(open(&key, QUEUE, &flipped), Err(BadSlip), "byte {at}");
        }
        assert!(!slip.sealed.0.windows(5).any(|window| window == b"plain"));
        assert_ne!(id(QUEUE, STATEMENT), id(QueueId([3; 32]), STATEMENT), "queues do not tell that they hold the same");
    }

    #[test]
    fn the_kit_opens_what_any_device_sealed_for_it() {
        let mut rng = Rng::seed_from_u64(7);
        let (kit, other) = (SealingSeed::random(&mut rng), SealingSeed::random(&mut rng));
        let slip = seal_for_kit(&kit.public(), QUEUE, (STATEMENT, b"a plain statement"), &mut rng).unwrap();
        assert_eq!(open_with_kit(&kit, QUEUE, &slip).unwrap(), b"a plain statement");
        assert_eq!(open_with_kit(&other, QUEUE, &slip), Err(BadSlip));
        assert_eq!(open_with_kit(&kit, QueueId([3; 32]), &slip), Err(BadSlip));
        assert!(seal_for_kit(&[1; 5], QUEUE, (STATEMENT, b""), &mut rng).is_none());
    }

    #[test]
    fn the_largest_statement_fits() {
        let mut rng = Rng::seed_from_u64(7);
        let (key, kit) = (ReadKey::random(&mut rng), SealingSeed::random(&mut rng));
        let largest = vec![7; 64 * 1024];
        assert!(seal(&key, QUEUE, (STATEMENT, &largest), &mut rng).sealed.0.len() <= MAX_SLIP);
        assert!(seal_for_kit(&kit.public(), QUEUE, (STATEMENT, &largest), &mut rng).unwrap().sealed.0.len() <= MAX_SLIP);
    }
}
