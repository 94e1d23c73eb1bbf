//! Small secrets sealed for one holder: HPKE (RFC 9180) base mode with X-Wing, HKDF-SHA256 and ChaCha20-Poly1305.
//!
//! ```text
//! sealed key   encapsulated key 1,120 · ciphertext (plaintext + 16)
//! ```

use hpke::aead::ChaCha20Poly1305;
use hpke::kdf::HkdfSha256;
use hpke::kem::XWing;
use hpke::{Deserializable, Kem, OpModeR, OpModeS, Serializable, single_shot_open, single_shot_seal_with_rng};

use super::keys::SealingSeed;
use crate::Rng;

/// Length of a sealing public key, in bytes.
pub const PUBLIC_LEN: usize = 1216;
const ENCAPPED_LEN: usize = 1120;
/// So many bytes more than what is sealed, in bytes.
pub const OVERHEAD: usize = ENCAPPED_LEN + 16;

/// A sealed key does not open, or a public key is not one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum HpkeError {
    /// The bytes are not an X-Wing public key.
    #[error("the sealing key is malformed")]
    PublicKey,
    /// Wrong holder, wrong label or changed bytes.
    #[error("the sealed key does not open")]
    Open,
}

impl SealingSeed {
    /// The public half, [`PUBLIC_LEN`] bytes.
    pub fn public(&self) -> Vec<u8> {
        self.secret().map(|secret| XWing::sk_to_pk(&secret).to_bytes().to_vec()).unwrap_or_default()
    }

    fn secret(&self) -> Result<<XWing as Kem>::PrivateKey, HpkeError> {
        <XWing as Kem>::PrivateKey::from_bytes(self.danger_bytes()).map_err(|_| HpkeError::Open)
    }
}

/// Seals `secret` for the holder of `public`, bound to `info`.
pub fn seal(public: &[u8], info: &[u8], secret: &[u8], rng: &mut Rng) -> Result<Vec<u8>, HpkeError> {
    let public = <XWing as Kem>::PublicKey::from_bytes(public).map_err(|_| HpkeError::PublicKey)?;
    let (encapped, ciphertext) =
        single_shot_seal_with_rng::<ChaCha20Poly1305, HkdfSha256, XWing>(&OpModeS::Base, &public, info, secret, &[], rng)
            .map_err(|_| HpkeError::PublicKey)?;
    Ok([&encapped.to_bytes()[..], &ciphertext].concat())
}

/// Opens what was sealed for `holder` under the same `info`.
pub fn open(holder: &SealingSeed, info: &[u8], sealed: &[u8]) -> Result<Vec<u8>, HpkeError> {
    let (encapped, ciphertext) = sealed.split_at_checked(ENCAPPED_LEN).ok_or(HpkeError::Open)?;
    let encapped = <XWing as Kem>::EncappedKey::from_bytes(encapped).map_err(|_| HpkeError::Open)?;
    single_shot_open::<ChaCha20Poly1305, HkdfSha256, XWing>(&OpModeR::Base, &holder.secret()?, &encapped, info, ciphertext, &[])
        .map_err(|_| HpkeError::Open)
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand_core::SeedableRng;

    #[test]
    fn only_the_holder_opens_under_the_same_label() {
        let mut rng = Rng::seed_from_u64(1);
        let (holder, other) = (SealingSeed::random(&mut rng), SealingSeed::random(&mut rng));
        let public = holder.public();
        assert_eq!(public.len(), PUBLIC_LEN);
        let sealed = seal(&public, b"label", &[7; 32], &mut rng).unwrap();
        assert_eq!(sealed.len(), ENCAPPED_LEN + 32 + 16);
        assert_eq!(open(&holder, b"label", &sealed).unwrap(), [7; 32]);
        assert_eq!(open(&holder, b"other", &sealed), Err(HpkeError::Open));
        assert_eq!(open(&other, b"label", &sealed), Err(HpkeError::Open));
        assert_eq!(open(&holder, b"label", &sealed[..100]), Err(HpkeError::Open));
        assert_eq!(seal(&[1; 5], b"label", &[7; 32], &mut rng), Err(HpkeError::PublicKey));
    }
}
