//! The answer of a helper's device to the end of a share: that it deleted what was shared, and how much, signed by it.

use asif_proto::id::{DeviceId, GrantId, ItemId};
use data_encoding::HEXLOWER;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::seal::keys::{self, SIGNATURE_LEN, SigningSeed};

const LABEL: &[u8] = b"asif deletion v1";

/// What was deleted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Deletion {
    /// Under which grant.
    pub grant: GrantId,
    /// How many items this device had.
    pub items: u64,
    /// When they were gone, by its clock.
    pub at: Timestamp,
}

/// A deletion with its signature, as the item that travels.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SignedDeletion {
    /// The [`Deletion`], JSON, exactly as signed.
    pub deletion: String,
    /// Whose it is.
    pub device: DeviceId,
    /// Hexadecimal.
    pub signature: String,
}

/// Signs that this device deleted.
pub fn sign(deletion: &Deletion, signing: &SigningSeed) -> SignedDeletion {
    let deletion = serde_json::to_string(deletion).unwrap_or_default();
    let signature = HEXLOWER.encode(&signing.sign(LABEL, &[deletion.as_bytes()]));
    SignedDeletion { deletion, device: signing.device(), signature }
}

impl SignedDeletion {
    /// What was deleted, if the signature is good. Whose device it is, is for the roster to tell.
    pub fn verify(&self) -> Option<Deletion> {
        let signature = HEXLOWER.decode(self.signature.as_bytes()).ok()?;
        let signature = <[u8; SIGNATURE_LEN]>::try_from(signature).ok()?;
        keys::verify(self.device.as_bytes(), LABEL, &[self.deletion.as_bytes()], &signature).ok()?;
        serde_json::from_str(&self.deletion).ok()
    }
}

/// The item of a device's answer: one for each grant and device.
pub fn item(grant: GrantId, device: &DeviceId) -> ItemId {
    let mut hasher = blake3::Hasher::new_derive_key("asif deletion item v1");
    hasher.update(grant.as_bytes());
    hasher.update(device.as_bytes());
    ItemId(*hasher.finalize().as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Rng;
    use rand_core::SeedableRng;

    #[test]
    fn nobody_can_answer_for_another_device_and_no_word_can_be_changed() {
        let mut rng = Rng::seed_from_u64(1);
        let (own, other) = (SigningSeed::random(&mut rng), SigningSeed::random(&mut rng));
        let deletion = Deletion { grant: GrantId([1; 16]), items: 214, at: Timestamp::UNIX_EPOCH };
        let signed = sign(&deletion, &own);
        assert_eq!(signed.verify(), Some(deletion));
        assert_eq!(SignedDeletion { device: other.device(), ..signed.clone() }.verify(), None);
        let fewer = SignedDeletion { deletion: signed.deletion.replace("214", "2"), ..signed };
        assert_eq!(fewer.verify(), None);
        assert_ne!(item(GrantId([1; 16]), &own.device()), item(GrantId([1; 16]), &other.device()));
    }
}
