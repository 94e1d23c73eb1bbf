//! The link key of this device, and raw public keys as bytes (RFC 7250, RFC 8410).
//!
//! ```text
//! public    302a300506032b6570032100            · key 32     SubjectPublicKeyInfo
//! private   302e020100300506032b657004220420    · seed 32    PKCS #8, version 1
//! ```

use std::sync::Arc;

use asif_proto::id::LinkKey;
use ed25519_dalek::{SigningKey, VerifyingKey};
use rustls::crypto::aws_lc_rs::sign::any_eddsa_type;
use rustls::pki_types::{CertificateDer, PrivatePkcs8KeyDer};
use rustls::sign::CertifiedKey;
use zeroize::Zeroizing;

/// The secret half of a link key: an Ed25519 seed, wiped when dropped. It signs TLS handshakes and nothing else.
pub struct LinkSecret(Zeroizing<[u8; 32]>);

impl LinkSecret {
    /// The secret with this seed.
    pub fn from_seed(seed: [u8; 32]) -> Self {
        Self(Zeroizing::new(seed))
    }

    /// The public half: what peers know this device by.
    pub fn link_key(&self) -> LinkKey {
        LinkKey(SigningKey::from_bytes(&self.0).verifying_key().to_bytes())
    }

    /// Both halves as TLS wants them.
    pub(super) fn certified(&self) -> Result<Arc<CertifiedKey>, rustls::Error> {
        let mut pkcs8 = Zeroizing::new([0; PRIVATE_PREFIX.len() + 32]);
        for (to, from) in pkcs8.iter_mut().zip(PRIVATE_PREFIX.iter().chain(self.0.iter())) {
            *to = *from;
        }
        let signer = any_eddsa_type(&PrivatePkcs8KeyDer::from(pkcs8.as_slice()))?;
        Ok(Arc::new(CertifiedKey::new(vec![to_spki(&self.link_key())], signer)))
    }
}

impl std::fmt::Debug for LinkSecret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("LinkSecret(..)")
    }
}

/// The link key in a raw public key. Any other algorithm or encoding is refused, and so is a weak key, for which anybody could sign.
pub(super) fn from_spki(spki: &[u8]) -> Option<LinkKey> {
    let key = <[u8; 32]>::try_from(spki.strip_prefix(&PUBLIC_PREFIX)?).ok()?;
    let point = VerifyingKey::from_bytes(&key).ok()?;
    (!point.is_weak()).then_some(LinkKey(key))
}

fn to_spki(key: &LinkKey) -> CertificateDer<'static> {
    CertificateDer::from([&PUBLIC_PREFIX, key.as_bytes().as_slice()].concat())
}

const PUBLIC_PREFIX: [u8; 12] = [0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00];
const PRIVATE_PREFIX: [u8; 16] = [0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_raw_public_key_comes_back_and_nothing_else_does() {
        let key = LinkSecret::from_seed([7; 32]).link_key();
        let spki = to_spki(&key);
        assert_eq!(from_spki(&spki), Some(key));
        assert_eq!(from_spki(&spki[..43]), None);
        assert_eq!(from_spki(&[&spki[..], &[0]].concat()), None);
        let mut other = spki.to_vec();
        other[8] = 0x6e;
        assert_eq!(from_spki(&other), None);
    }

    #[test]
    fn a_weak_key_is_refused() {
        let mut identity = [0; 32];
        identity[0] = 1;
        assert_eq!(from_spki(&to_spki(&LinkKey(identity))), None);
        assert_eq!(from_spki(&to_spki(&LinkKey([0; 32]))), None);
    }

    #[test]
    fn both_halves_belong_together() {
        let secret = LinkSecret::from_seed([9; 32]);
        let certified = secret.certified().unwrap();
        assert_eq!(certified.key.public_key().unwrap().as_ref(), certified.cert[0].as_ref());
        assert_eq!(format!("{secret:?}"), "LinkSecret(..)");
    }
}
