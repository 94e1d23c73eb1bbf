//! Identifiers: one type per noun, so that none can stand for another.
//!
//! In JSON an id is lower-case hexadecimal (a record id: a hyphenated UUID); in postcard it is its plain bytes.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use uuid::Uuid;

macro_rules! bytes_id {
    ($(#[$doc:meta])* $name:ident, $len:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(pub [u8; $len]);

        impl $name {
            /// The id as raw bytes.
            pub fn as_bytes(&self) -> &[u8; $len] {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&data_encoding::HEXLOWER.encode(&self.0))
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($name), "({})"), data_encoding::HEXLOWER.encode(&self.0[..4]))
            }
        }

        impl FromStr for $name {
            type Err = IdError;
            fn from_str(text: &str) -> Result<Self, IdError> {
                data_encoding::HEXLOWER_PERMISSIVE
                    .decode(text.as_bytes())
                    .ok()
                    .and_then(|bytes| <[u8; $len]>::try_from(bytes).ok())
                    .map(Self)
                    .ok_or(IdError)
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                if serializer.is_human_readable() {
                    serializer.collect_str(self)
                } else {
                    self.0.serialize(serializer)
                }
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                if deserializer.is_human_readable() {
                    String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
                } else {
                    BytesArray::<$len>::deserialize(deserializer).map(|array| Self(array.0))
                }
            }
        }
    };
}

/// The text is not an id of this kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not an id of this kind")]
pub struct IdError;

bytes_id!(
    /// A person: the public half of their root key (Ed25519).
    PersonId, 32
);
bytes_id!(
    /// A device: the public half of its signing key (Ed25519).
    DeviceId, 32
);
bytes_id!(
    /// A device on the wire: the public half of its link key (Ed25519), which signs nothing but TLS handshakes.
    LinkKey, 32
);
bytes_id!(
    /// A space: the hash of what it is, whose it is and which grant it serves.
    SpaceId, 32
);
bytes_id!(
    /// A queue: the hash of the public halves of an epoch's two capabilities.
    QueueId, 32
);
bytes_id!(
    /// One key of a space: random, drawn when its epoch is opened.
    KeyId, 16
);
bytes_id!(
    /// One device's chain of entries in one space and epoch; in the journal also its Automerge actor id.
    LogId, 16
);
bytes_id!(
    /// The hash that ends a chain: it commits to every entry before it.
    Link, 32
);
bytes_id!(
    /// The hash of a signed statement.
    StatementId, 32
);
bytes_id!(
    /// A permission a client gave to one helper.
    GrantId, 16
);
bytes_id!(
    /// A shared item: an HMAC that tells neither its time nor its record.
    ItemId, 32
);
bytes_id!(
    /// A piece of a checkpoint: the hash of its sealed bytes.
    PieceId, 32
);
bytes_id!(
    /// A checkpoint: the hash of its sealed bytes.
    CheckpointId, 32
);
bytes_id!(
    /// A part of the view that a device keeps for itself: the hash of its sealed bytes.
    PartId, 32
);

impl PieceId {
    /// What a piece is called: blake3-derive("asif piece id v1"; its sealed bytes).
    pub fn of(sealed: &[u8]) -> Self {
        Self(blake3::derive_key("asif piece id v1", sealed))
    }
}

impl CheckpointId {
    /// What a checkpoint is called: blake3-derive("asif checkpoint id v1"; its sealed bytes).
    pub fn of(sealed: &[u8]) -> Self {
        Self(blake3::derive_key("asif checkpoint id v1", sealed))
    }
}

impl PartId {
    /// What a part is called: blake3-derive("asif view part id v1"; its sealed bytes).
    pub fn of(sealed: &[u8]) -> Self {
        Self(blake3::derive_key("asif view part id v1", sealed))
    }
}

impl Link {
    /// The link before the first entry of a log.
    pub const ZERO: Link = Link([0; 32]);
}

/// A fixed array of any length for formats that are not text (serde itself stops at 32).
struct BytesArray<const N: usize>([u8; N]);

impl<'de, const N: usize> Deserialize<'de> for BytesArray<N> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor<const N: usize>;
        impl<'de, const N: usize> serde::de::Visitor<'de> for Visitor<N> {
            type Value = BytesArray<N>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{N} bytes")
            }
            fn visit_seq<A: serde::de::SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
                let mut out = [0; N];
                for (at, byte) in out.iter_mut().enumerate() {
                    *byte = seq.next_element()?.ok_or_else(|| serde::de::Error::invalid_length(at, &self))?;
                }
                Ok(BytesArray(out))
            }
        }
        deserializer.deserialize_tuple(N, Visitor::<N>)
    }
}

/// A record of the journal: a UUIDv7, made by whoever asks for the record, so that asking twice makes it once.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct RecordId(pub Uuid);

impl RecordId {
    /// The 32 hexadecimal digits without hyphens: the key of the record inside a document.
    pub fn key(&self) -> String {
        self.0.simple().to_string()
    }

    /// The record whose document key this is.
    pub fn from_key(key: &str) -> Option<Self> {
        if key.len() == 32 { Uuid::try_parse(key).ok().map(Self) } else { None }
    }
}

impl fmt::Display for RecordId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

impl fmt::Debug for RecordId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RecordId({})", self.0)
    }
}

impl FromStr for RecordId {
    type Err = IdError;
    fn from_str(text: &str) -> Result<Self, IdError> {
        Uuid::try_parse(text).map(Self).map_err(|_| IdError)
    }
}

/// The fewest characters of an id that are shown or accepted.
pub const MIN_SUFFIX: usize = 4;

/// The shortest suffix of `id`, at least [`MIN_SUFFIX`] characters, that no other id in `all` ends with.
pub fn unique_suffix<'a>(id: &'a str, all: impl Iterator<Item = &'a str> + Clone) -> &'a str {
    let mut len = MIN_SUFFIX;
    while len < id.len() {
        let suffix = id.get(id.len() - len..).unwrap_or(id);
        if all.clone().filter(|other| other.ends_with(suffix)).count() <= 1 {
            return suffix;
        }
        len += 1;
    }
    id
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::frame;

    #[test]
    fn ids_are_hex_in_json_and_plain_bytes_in_postcard() {
        let id = LogId([7; 16]);
        assert_eq!(serde_json::to_string(&id).unwrap(), format!("\"{}\"", "07".repeat(16)));
        assert_eq!(frame::encode(&id), [7; 16]);
        assert_eq!(frame::decode::<LogId>(&[7; 16]), Some(id));
        assert_eq!(frame::decode::<LogId>(&[7; 15]), None);
        assert_eq!("zz".parse::<LogId>(), Err(IdError));
    }

    #[test]
    fn a_suffix_grows_until_it_is_unique() {
        let all = ["11117f3a", "22227f3a", "33330000"];
        assert_eq!(unique_suffix("11117f3a", all.into_iter()), "17f3a");
        assert_eq!(unique_suffix("33330000", all.into_iter()), "0000");
    }
}
