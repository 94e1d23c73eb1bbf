//! A passphrase made into a key: Argon2id (RFC 9106), slow and hungry on purpose.

use argon2::{Algorithm, Argon2, Params, Version};
use serde::{Deserialize, Serialize};
use unicode_normalization::UnicodeNormalization as _;
use zeroize::Zeroizing;

use super::keys::KEY_LEN;

/// Length of a salt, in bytes.
pub const SALT_LEN: usize = 16;
/// More than this is not computed for anybody who asks for it.
const MOST: Cost = Cost { memory_kib: 1 << 20, passes: 16, lanes: 16 };

/// How hard guessing is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cost {
    /// Memory, in KiB.
    pub memory_kib: u32,
    /// Passes over it.
    pub passes: u32,
    /// Lanes.
    pub lanes: u32,
}

impl Cost {
    /// The second choice of RFC 9106, section 4: 64 MiB, three passes, four lanes.
    pub const USUAL: Self = Self { memory_kib: 64 << 10, passes: 3, lanes: 4 };
}

/// The cost is one that this program does not pay.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the passphrase is stretched in a way that this asif does not do")]
pub struct CostError;

/// The key that a passphrase stands for. However its letters are composed, it is the same passphrase.
///
/// # Errors
///
/// If the cost is out of bounds.
pub fn stretch(passphrase: &str, salt: &[u8; SALT_LEN], cost: Cost) -> Result<Zeroizing<[u8; KEY_LEN]>, CostError> {
    if cost.memory_kib > MOST.memory_kib || cost.passes > MOST.passes || cost.lanes > MOST.lanes {
        return Err(CostError);
    }
    let params = Params::new(cost.memory_kib, cost.passes, cost.lanes, Some(KEY_LEN)).map_err(|_| CostError)?;
    let composed = Zeroizing::new(passphrase.nfc().collect::<String>());
    let mut key = Zeroizing::new([0; KEY_LEN]);
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
        .hash_password_into(composed.as_bytes(), salt, &mut *key)
        .map_err(|_| CostError)?;
    Ok(key)
}

#[cfg(test)]
mod tests {
    use super::*;

    const CHEAP: Cost = Cost { memory_kib: 64, passes: 1, lanes: 1 };

    #[test]
    fn letters_composed_in_two_ways_are_one_passphrase() {
        let key = |text: &str, salt: u8| stretch(text, &[salt; SALT_LEN], CHEAP).unwrap();
        assert_eq!(key("caf\u{e9}", 1), key("cafe\u{301}", 1));
        assert_ne!(key("cafe", 1), key("caf\u{e9}", 1));
        assert_ne!(key("cafe", 1), key("cafe", 2));
    }

    #[test]
    fn nobody_is_made_to_fill_the_memory() {
        let greedy = Cost { memory_kib: u32::MAX, ..CHEAP };
        assert_eq!(stretch("x", &[1; SALT_LEN], greedy), Err(CostError));
        assert_eq!(stretch("x", &[1; SALT_LEN], Cost { memory_kib: 0, ..CHEAP }), Err(CostError));
    }
}
