//! One type per purpose of a key. None of them shows itself in `Debug`; all are wiped when dropped.

use asif_proto::id::{DeviceId, LinkKey, LogId, PersonId, QueueId};
use ed25519_dalek::{Signature, Signer, SigningKey, VerifyingKey};
use hkdf::Hkdf;
use rand_core::Rng as _;
use serde::{Deserialize, Serialize};
use sha2::Sha256;
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

use crate::Rng;

/// Length of every symmetric key and seed, in bytes.
pub const KEY_LEN: usize = 32;
/// Length of an Ed25519 signature, in bytes.
pub const SIGNATURE_LEN: usize = 64;

macro_rules! secret {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, Serialize, Deserialize, Zeroize, ZeroizeOnDrop)]
        pub struct $name([u8; KEY_LEN]);

        impl $name {
            /// A fresh random one.
            pub fn random(rng: &mut Rng) -> Self {
                let mut bytes = [0; KEY_LEN];
                rng.fill_bytes(&mut bytes);
                Self(bytes)
            }

            /// From raw bytes.
            pub fn from_bytes(bytes: [u8; KEY_LEN]) -> Self {
                Self(bytes)
            }

            /// The raw bytes, for sealing them.
            pub fn danger_bytes(&self) -> &[u8; KEY_LEN] {
                &self.0
            }
        }

        impl std::fmt::Debug for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(concat!(stringify!($name), "(..)"))
            }
        }
    };
}

secret!(
    /// What the keychain of the system keeps: it opens the vault's key.
    KeychainSecret
);
secret!(
    /// Opens the entries of one epoch.
    ReadKey
);
secret!(
    /// Lets its holder write to an epoch's queue; the owner's devices hold it.
    WriteKey
);
secret!(
    /// Readers of one epoch recognise each other by it on the local network.
    NearbyKey
);
secret!(
    /// Proves to a mailbox that its holder may read, or write, one queue.
    Capability
);
secret!(
    /// Proves to a mailbox who keeps something there: an enrolment, or the ticket to one.
    EnrolmentSeed
);
secret!(
    /// Names the items of one grant.
    ItemKey
);
secret!(
    /// Seals the files of this device that can be made anew: views and peers.
    CacheKey
);
secret!(
    /// Opens the vault.
    VaultKey
);
secret!(
    /// Seed of a device's signing key (Ed25519).
    SigningSeed
);
secret!(
    /// Seed of a device's sealing key (X-Wing).
    SealingSeed
);
secret!(
    /// Seed of a device's link key (Ed25519).
    LinkSeed
);
secret!(
    /// The 256 bits behind the 24 words of the recovery kit.
    KitEntropy
);

impl SigningSeed {
    /// The device these keys belong to.
    pub fn device(&self) -> DeviceId {
        DeviceId(public(&self.0))
    }

    /// Signs `parts` under `label`.
    pub fn sign(&self, label: &[u8], parts: &[&[u8]]) -> [u8; SIGNATURE_LEN] {
        sign(&self.0, label, parts)
    }
}

impl LinkSeed {
    /// The public half.
    pub fn public(&self) -> LinkKey {
        LinkKey(public(&self.0))
    }
}

impl KitEntropy {
    /// The seed of the root key: HKDF-SHA256 of the entropy, info `asif root v1`.
    fn root(&self) -> Zeroizing<[u8; KEY_LEN]> {
        derive(&self.0, &[b"asif root v1"])
    }

    /// The person whose kit this is.
    pub fn person(&self) -> PersonId {
        PersonId(public(&self.root()))
    }

    /// Signs `parts` under `label` with the root key.
    pub fn sign(&self, label: &[u8], parts: &[&[u8]]) -> [u8; SIGNATURE_LEN] {
        sign(&self.root(), label, parts)
    }

    /// The seed of the kit's sealing key: HKDF-SHA256 of the entropy, info `asif kit sealing v1`.
    pub fn sealing(&self) -> SealingSeed {
        SealingSeed(*derive(&self.0, &[b"asif kit sealing v1"]))
    }
}

impl KitEntropy {
    /// The seed of the kit's link key: HKDF-SHA256 of the entropy, info `asif kit link v1`.
    pub fn link(&self) -> LinkSeed {
        LinkSeed(*derive(&self.0, &[b"asif kit link v1"]))
    }

    /// What reads the recovery queue: the seed is HKDF-SHA256 of the entropy, info `asif recovery capability v1`.
    pub fn recovery(&self) -> Capability {
        Capability(*derive(&self.0, &[b"asif recovery capability v1"]))
    }
}

impl ReadKey {
    /// The key that seals the entries of one log: HKDF-SHA256 of the read key, info `asif entry v1` and the log.
    pub fn entry_key(&self, log: LogId) -> Zeroizing<[u8; KEY_LEN]> {
        derive(&self.0, &[b"asif entry v1", log.as_bytes()])
    }

    /// The key that seals the checkpoints of the epoch: HKDF-SHA256 of the read key, info `asif checkpoint v1`.
    pub fn checkpoint_key(&self) -> Zeroizing<[u8; KEY_LEN]> {
        derive(&self.0, &[b"asif checkpoint v1"])
    }

    /// The key that seals the pieces of them: HKDF-SHA256 of the read key, info `asif piece v1`.
    pub fn piece_key(&self) -> Zeroizing<[u8; KEY_LEN]> {
        derive(&self.0, &[b"asif piece v1"])
    }

    /// The key by which readers of the epoch recognise each other on the local network: HKDF-SHA256 of the read key, info `asif nearby v1`.
    pub fn nearby(&self) -> NearbyKey {
        NearbyKey(*derive(&self.0, &[b"asif nearby v1"]))
    }

    /// The key that seals statements in a mailbox: HKDF-SHA256 of the read key, info `asif slip v1`.
    pub fn slip_key(&self) -> Zeroizing<[u8; KEY_LEN]> {
        derive(&self.0, &[b"asif slip v1"])
    }

    /// The reading capability of the queue: the seed is HKDF-SHA256 of the read key, info `asif reading capability v1`.
    pub fn reading(&self) -> Capability {
        Capability(*derive(&self.0, &[b"asif reading capability v1"]))
    }

    /// The public half of it.
    pub fn capability(&self) -> [u8; KEY_LEN] {
        self.reading().public()
    }
}

impl NearbyKey {
    /// What the device with this link key says of itself in this hour since 1970: the first 8 bytes of a keyed BLAKE3.
    pub fn tag(&self, hour: i64, device: &LinkKey) -> [u8; 8] {
        let mut hasher = blake3::Hasher::new_keyed(&self.0);
        hasher.update(&hour.to_be_bytes());
        hasher.update(device.as_bytes());
        let mut tag = [0; 8];
        tag.iter_mut().zip(hasher.finalize().as_bytes()).for_each(|(to, from)| *to = *from);
        tag
    }
}

impl WriteKey {
    /// The writing capability of the queue: the seed is HKDF-SHA256 of the write key, info `asif writing capability v1`.
    pub fn writing(&self) -> Capability {
        Capability(*derive(&self.0, &[b"asif writing capability v1"]))
    }

    /// The public half of it.
    pub fn capability(&self) -> [u8; KEY_LEN] {
        self.writing().public()
    }
}

impl Capability {
    /// The public half.
    pub fn public(&self) -> [u8; KEY_LEN] {
        public(&self.0)
    }

    /// Signs `parts` under `label`.
    pub fn sign(&self, label: &[u8], parts: &[&[u8]]) -> [u8; SIGNATURE_LEN] {
        sign(&self.0, label, parts)
    }
}

impl EnrolmentSeed {
    /// What a mailbox's ticket holds: BLAKE3 derivation of its secret, context `asif mailbox ticket v1`.
    pub fn of_ticket(secret: &[u8; 16]) -> Self {
        Self(blake3::derive_key("asif mailbox ticket v1", secret))
    }

    /// The public half.
    pub fn public(&self) -> [u8; KEY_LEN] {
        public(&self.0)
    }

    /// Signs `parts` under `label`.
    pub fn sign(&self, label: &[u8], parts: &[&[u8]]) -> [u8; SIGNATURE_LEN] {
        sign(&self.0, label, parts)
    }
}

/// The queue that two capabilities name.
pub fn queue_id(read_capability: &[u8; KEY_LEN], write_capability: &[u8; KEY_LEN]) -> QueueId {
    let mut hasher = blake3::Hasher::new_derive_key("asif queue v1");
    hasher.update(read_capability);
    hasher.update(write_capability);
    QueueId(*hasher.finalize().as_bytes())
}

/// The queue that a recovery kit reads.
pub fn recovery_queue_id(read_capability: &[u8; KEY_LEN]) -> QueueId {
    QueueId(blake3::derive_key("asif recovery queue v1", read_capability))
}

/// A signature does not fit its bytes and key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the signature is not good")]
pub struct BadSignature;

/// Checks an Ed25519 signature strictly (RFC 8032, no small-order keys, canonical encodings only).
pub fn verify(key: &[u8; KEY_LEN], label: &[u8], parts: &[&[u8]], signature: &[u8; SIGNATURE_LEN]) -> Result<(), BadSignature> {
    let key = VerifyingKey::from_bytes(key).map_err(|_| BadSignature)?;
    key.verify_strict(&message(label, parts), &Signature::from_bytes(signature)).map_err(|_| BadSignature)
}

fn sign(seed: &[u8; KEY_LEN], label: &[u8], parts: &[&[u8]]) -> [u8; SIGNATURE_LEN] {
    SigningKey::from_bytes(seed).sign(&message(label, parts)).to_bytes()
}

fn public(seed: &[u8; KEY_LEN]) -> [u8; KEY_LEN] {
    SigningKey::from_bytes(seed).verifying_key().to_bytes()
}

fn message(label: &[u8], parts: &[&[u8]]) -> Vec<u8> {
    let mut message = label.to_vec();
    for part in parts {
        message.extend_from_slice(part);
    }
    message
}

/// HKDF-SHA256 (RFC 5869) without salt.
pub fn derive(key: &[u8; KEY_LEN], info: &[&[u8]]) -> Zeroizing<[u8; KEY_LEN]> {
    let mut out = Zeroizing::new([0; KEY_LEN]);
    #[expect(clippy::expect_used, reason = "32 bytes are under the 8,160 that HKDF-SHA256 can give")]
    Hkdf::<Sha256>::new(None, key).expand_multi_info(info, &mut *out).expect("a short output");
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand_core::SeedableRng;

    #[test]
    fn a_signature_counts_only_under_its_label_and_key() {
        let seed = SigningSeed::random(&mut Rng::seed_from_u64(1));
        let device = seed.device();
        let signature = seed.sign(b"one v1", &[b"a", b"b"]);
        assert_eq!(verify(device.as_bytes(), b"one v1", &[b"ab"], &signature), Ok(()));
        assert_eq!(verify(device.as_bytes(), b"two v1", &[b"ab"], &signature), Err(BadSignature));
        assert_eq!(verify(&[1; 32], b"one v1", &[b"ab"], &signature), Err(BadSignature));
    }

    #[test]
    fn a_secret_does_not_show_itself() {
        assert_eq!(format!("{:?}", ReadKey::from_bytes([7; 32])), "ReadKey(..)");
    }
}
