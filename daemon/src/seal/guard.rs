//! What keeps the vault's key from whoever has the files: a passphrase, or a secret in the keychain of the system.
//!
//! ```text
//! vault.key  magic 8 "asifkey3" · postcard([`KeychainKey`]): id 16 · nonce 24 · XChaCha20-Poly1305(secret, aad = magic, vault key)
//! ```

use asif_proto::frame;
use rand_core::Rng as _;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::keys::{KEY_LEN, KeychainSecret, VaultKey};
use super::vault::{self, VaultError, WrappedKey};
use crate::Rng;

const MAGIC: &[u8; 8] = b"asifkey3";

/// By which of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Guard {
    /// A passphrase.
    Passphrase(WrappedKey),
    /// A secret that the keychain keeps.
    Keychain(KeychainKey),
}

/// A vault key under a secret of the keychain.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeychainKey {
    /// What the keychain knows the secret by.
    pub id: [u8; 16],
    sealed: Vec<u8>,
}

impl Guard {
    /// The key file's bytes.
    pub fn to_file(&self) -> Vec<u8> {
        match self {
            Self::Passphrase(wrapped) => wrapped.to_file(),
            Self::Keychain(key) => [&MAGIC[..], &frame::encode(key)].concat(),
        }
    }

    /// Reads the key file's bytes; none where nothing guards the key.
    pub fn from_file(bytes: &[u8]) -> Option<Self> {
        let keychain = || frame::decode(bytes.strip_prefix(MAGIC)?).map(Self::Keychain);
        WrappedKey::from_file(bytes).map(Self::Passphrase).or_else(keychain)
    }
}

impl KeychainKey {
    /// Puts a key under a secret.
    pub fn wrap(key: &VaultKey, secret: &KeychainSecret, rng: &mut Rng) -> Self {
        let mut id = [0; 16];
        rng.fill_bytes(&mut id);
        Self { id, sealed: vault::seal(secret.danger_bytes(), MAGIC, b"", key.danger_bytes(), rng) }
    }

    /// The key, if this is the secret.
    pub fn open(&self, secret: &KeychainSecret) -> Result<VaultKey, VaultError> {
        let plain = Zeroizing::new(vault::open(secret.danger_bytes(), MAGIC, b"", &self.sealed)?);
        <[u8; KEY_LEN]>::try_from(plain.as_slice()).map(VaultKey::from_bytes).map_err(|_| VaultError::Key)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand_core::SeedableRng;

    #[test]
    fn a_key_under_a_secret_of_the_keychain_opens_with_that_alone() {
        let mut rng = Rng::seed_from_u64(3);
        let (key, secret, other) = (VaultKey::random(&mut rng), KeychainSecret::random(&mut rng), KeychainSecret::random(&mut rng));
        let file = Guard::Keychain(KeychainKey::wrap(&key, &secret, &mut rng)).to_file();
        let Some(Guard::Keychain(read)) = Guard::from_file(&file) else { panic!() };
        assert_eq!((read.open(&secret), read.open(&other)), (Ok(key.clone()), Err(VaultError::Sealed)));
        assert!(Guard::from_file(&key.to_file()).is_none() && !file.windows(KEY_LEN).any(|some| some == key.danger_bytes()));
    }
}
