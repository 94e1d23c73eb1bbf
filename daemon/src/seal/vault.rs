//! The vault: this device's secrets, sealed by one key that lies in a file of its own.
//!
//! ```text
//! vault      magic 8 "asifvlt2" · nonce 24 · XChaCha20-Poly1305(vault key, aad = magic, postcard(Vault))
//!            "asifvlt1" is read too: the same without its last field
//! vault.key  magic 8 "asifkey1" · vault key 32, or
//!            magic 8 "asifkey2" · postcard([`WrappedKey`]): nonce 24 · XChaCha20-Poly1305(Argon2id(passphrase, salt), aad = magic, vault key)
//! cache file magic 8 "asifcch1" · nonce 24 · XChaCha20-Poly1305(cache key, aad = magic ‖ name, bytes)
//! ```

use std::sync::OnceLock;

use asif_proto::frame;
use asif_proto::id::{DeviceId, LinkKey, LogId, PersonId};
use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use rand_core::Rng as _;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::keys::{CacheKey, KEY_LEN, KitEntropy, LinkSeed, SealingSeed, SigningSeed, VaultKey};
use super::passphrase::{Cost, SALT_LEN, stretch};
use crate::Rng;

const VAULT_MAGIC: &[u8; 8] = b"asifvlt2";
const FIRST_VAULT_MAGIC: &[u8; 8] = b"asifvlt1";
const KEY_MAGIC: &[u8; 8] = b"asifkey1";
const WRAPPED_MAGIC: &[u8; 8] = b"asifkey2";
const CACHE_MAGIC: &[u8; 8] = b"asifcch1";

/// What the vault holds.
#[derive(Clone, Serialize, Deserialize)]
pub struct Vault {
    /// The person whose journal this is; none until a join is through.
    pub person: Option<PersonId>,
    /// The recovery kit, until it is confirmed; only on the device that made the person.
    pub kit: Option<KitEntropy>,
    /// Signs statements and entries.
    pub signing: SigningSeed,
    /// Opens what is sealed for this device.
    pub sealing: SealingSeed,
    /// The TLS identity.
    pub link: LinkSeed,
    /// Seals what can be made anew.
    pub cache: CacheKey,
    /// Own logs that are written no more: their tail was lost here.
    pub retired: Vec<LogId>,
    /// The network was used: listen at each start.
    pub networked: bool,
    /// Invitations that stand.
    pub invitations: Vec<Invitation>,
    /// The link key of the recovery kit, on a device that the root let in: with it this device brings others what the root says of it.
    pub introduce: Option<LinkSeed>,
    /// What follows from the seeds and is asked for all the time.
    #[serde(skip)]
    pub known: Known,
}

/// Public halves, computed once.
#[derive(Debug, Clone, Default)]
pub struct Known {
    device: OnceLock<DeviceId>,
    link: OnceLock<LinkKey>,
}

/// An invitation that stands, as the giver keeps it.
#[derive(Clone, Serialize, Deserialize)]
pub struct Invitation {
    /// What the ticket proves.
    pub secret: [u8; 16],
    /// When it ends, in milliseconds since 1970.
    pub expires_ms: i64,
    /// Confirm whoever proves it.
    pub yes: bool,
    /// The first link key that proved it; only that one may resume.
    pub bound: Option<LinkKey>,
    /// It has done what it is for; the bound key may still hear so again.
    pub used: bool,
    /// What it offers.
    pub offer: Offer,
}

impl Invitation {
    /// Whether it is the invitation to this grant.
    pub fn offers(&self, id: &uuid::Uuid) -> bool {
        matches!(&self.offer, Offer::Helper { grant, .. } if grant == id)
    }
}

/// What an invitation offers.
#[derive(Clone, Serialize, Deserialize)]
pub enum Offer {
    /// To become one more device.
    Device,
    /// To become a helper under a grant, in JSON as the journal will keep it.
    Helper {
        /// The record id of the grant.
        grant: uuid::Uuid,
        /// The grant.
        record: String,
    },
}

/// Why a vault does not open.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum VaultError {
    /// Not a vault, or of a newer program.
    #[error("the vault file is not one that this asif can read")]
    Format,
    /// The key file is not one.
    #[error("the vault's key file is not one that this asif can read")]
    Key,
    /// Wrong key or changed bytes.
    #[error("the vault does not open: its bytes or its key file were changed")]
    Sealed,
}

impl Vault {
    /// A vault of fresh keys.
    pub fn random(rng: &mut Rng) -> Self {
        Self {
            person: None,
            kit: None,
            signing: SigningSeed::random(rng),
            sealing: SealingSeed::random(rng),
            link: LinkSeed::random(rng),
            cache: CacheKey::random(rng),
            retired: Vec::new(),
            networked: false,
            invitations: Vec::new(),
            introduce: None,
            known: Known::default(),
        }
    }

    /// This device.
    pub fn device(&self) -> DeviceId {
        *self.known.device.get_or_init(|| self.signing.device())
    }

    /// The public half of the TLS identity.
    pub fn link_key(&self) -> LinkKey {
        *self.known.link.get_or_init(|| self.link.public())
    }

    /// The vault file's bytes.
    pub fn seal(&self, key: &VaultKey, rng: &mut Rng) -> Vec<u8> {
        seal(key.danger_bytes(), VAULT_MAGIC, b"", &Zeroizing::new(frame::encode(self)), rng)
    }

    /// Opens the vault file's bytes.
    pub fn open(key: &VaultKey, bytes: &[u8]) -> Result<Self, VaultError> {
        let magic = if bytes.starts_with(FIRST_VAULT_MAGIC) { FIRST_VAULT_MAGIC } else { VAULT_MAGIC };
        let mut plain = Zeroizing::new(open(key.danger_bytes(), magic, b"", bytes)?);
        if magic == FIRST_VAULT_MAGIC {
            // What it did not have yet is not there.
            plain.push(0);
        }
        frame::decode(&plain).ok_or(VaultError::Format)
    }

    /// What this device introduces itself with to who does not know it: it can where the root let it in.
    pub fn introduction(&self) -> Option<LinkSeed> {
        self.kit.as_ref().map(KitEntropy::link).or_else(|| self.introduce.clone())
    }
}

impl VaultKey {
    /// The key file's bytes.
    pub fn to_file(&self) -> Vec<u8> {
        [&KEY_MAGIC[..], self.danger_bytes()].concat()
    }

    /// Reads the key file's bytes.
    pub fn from_file(bytes: &[u8]) -> Result<Self, VaultError> {
        let key = bytes.strip_prefix(KEY_MAGIC).and_then(|key| <[u8; KEY_LEN]>::try_from(key).ok());
        key.map(Self::from_bytes).ok_or(VaultError::Key)
    }
}

/// A vault key under a passphrase.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WrappedKey {
    cost: Cost,
    salt: [u8; SALT_LEN],
    sealed: Vec<u8>,
}

impl VaultKey {
    /// Puts the key under a passphrase.
    pub fn wrap(&self, passphrase: &str, cost: Cost, rng: &mut Rng) -> WrappedKey {
        let mut salt = [0; SALT_LEN];
        rng.fill_bytes(&mut salt);
        #[expect(clippy::expect_used, reason = "the cost is this program's own")]
        let stretched = stretch(passphrase, &salt, cost).expect("a usual cost");
        WrappedKey { cost, salt, sealed: seal(&stretched, WRAPPED_MAGIC, b"", self.danger_bytes(), rng) }
    }
}

impl WrappedKey {
    /// The key file's bytes.
    pub fn to_file(&self) -> Vec<u8> {
        [&WRAPPED_MAGIC[..], &frame::encode(self)].concat()
    }

    /// Reads the key file's bytes; none where no passphrase is on it.
    pub fn from_file(bytes: &[u8]) -> Option<Self> {
        frame::decode(bytes.strip_prefix(WRAPPED_MAGIC)?)
    }

    /// The key, if this is the passphrase.
    pub fn open(&self, passphrase: &str) -> Result<VaultKey, VaultError> {
        let stretched = stretch(passphrase, &self.salt, self.cost).map_err(|_| VaultError::Key)?;
        let plain = Zeroizing::new(open(&stretched, WRAPPED_MAGIC, b"", &self.sealed)?);
        <[u8; KEY_LEN]>::try_from(plain.as_slice()).map(VaultKey::from_bytes).map_err(|_| VaultError::Key)
    }
}

impl CacheKey {
    /// Seals a cache file called `name`.
    pub fn seal(&self, name: &str, plain: &[u8], rng: &mut Rng) -> Vec<u8> {
        seal(self.danger_bytes(), CACHE_MAGIC, name.as_bytes(), plain, rng)
    }

    /// Opens a cache file called `name`.
    pub fn open(&self, name: &str, bytes: &[u8]) -> Result<Vec<u8>, VaultError> {
        open(self.danger_bytes(), CACHE_MAGIC, name.as_bytes(), bytes)
    }
}

pub(super) fn seal(key: &[u8; KEY_LEN], magic: &[u8; 8], name: &[u8], plain: &[u8], rng: &mut Rng) -> Vec<u8> {
    let mut nonce = [0; 24];
    rng.fill_bytes(&mut nonce);
    let aad = [magic, name].concat();
    #[expect(clippy::expect_used, reason = "encryption fails only beyond 256 GiB")]
    let sealed =
        XChaCha20Poly1305::new(key.into()).encrypt(&XNonce::from(nonce), Payload { msg: plain, aad: &aad }).expect("a short plaintext");
    [&magic[..], &nonce, &sealed].concat()
}

pub(super) fn open(key: &[u8; KEY_LEN], magic: &[u8; 8], name: &[u8], bytes: &[u8]) -> Result<Vec<u8>, VaultError> {
    let rest = bytes.strip_prefix(magic).ok_or(VaultError::Format)?;
    let (nonce, sealed) = rest.split_first_chunk::<24>().ok_or(VaultError::Format)?;
    let aad = [&magic[..], name].concat();
    XChaCha20Poly1305::new(key.into()).decrypt(&XNonce::from(*nonce), Payload { msg: sealed, aad: &aad }).map_err(|_| VaultError::Sealed)
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand_core::SeedableRng;

    #[test]
    fn a_vault_opens_only_with_its_key_and_whole() {
        let mut rng = Rng::seed_from_u64(3);
        let (key, other) = (VaultKey::random(&mut rng), VaultKey::random(&mut rng));
        let vault = Vault::random(&mut rng);
        let bytes = vault.seal(&key, &mut rng);
        assert_eq!(Vault::open(&key, &bytes).unwrap().signing, vault.signing);
        assert_eq!(Vault::open(&other, &bytes).err(), Some(VaultError::Sealed));
        assert_eq!(Vault::open(&key, &bytes[..20]).err(), Some(VaultError::Format));
        for at in 0..bytes.len() {
            let mut flipped = bytes.clone();
            flipped[at] ^= 1;
            assert!(Vault::open(&key, &flipped).is_err(), "byte {at}");
        }
        assert_eq!(VaultKey::from_file(&key.to_file()).unwrap(), key);
        assert_eq!(VaultKey::from_file(b"asifkey1short").err(), Some(VaultError::Key));
    }

    #[test]
    fn a_key_under_a_passphrase_opens_with_that_alone() {
        let mut rng = Rng::seed_from_u64(3);
        let key = VaultKey::random(&mut rng);
        let cheap = Cost { memory_kib: 64, passes: 1, lanes: 1 };
        let file = key.wrap("correct horse", cheap, &mut rng).to_file();
        let wrapped = WrappedKey::from_file(&file).unwrap();
        assert_eq!(wrapped.open("correct horse").unwrap(), key);
        assert_eq!(wrapped.open("correct hors").err(), Some(VaultError::Sealed));
        assert!(WrappedKey::from_file(&key.to_file()).is_none() && VaultKey::from_file(&file).is_err());
        assert!(!file.windows(KEY_LEN).any(|some| some == key.danger_bytes()));
    }

    #[test]
    fn a_cache_file_is_bound_to_its_name() {
        let mut rng = Rng::seed_from_u64(3);
        let key = CacheKey::random(&mut rng);
        let bytes = key.seal("view", b"plain", &mut rng);
        assert_eq!(key.open("view", &bytes).unwrap(), b"plain");
        assert_eq!(key.open("peers", &bytes), Err(VaultError::Sealed));
    }
}
