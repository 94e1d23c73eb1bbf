//! What a locked device goes on by, outside the vault: who it is towards its person's other devices, where they were met, and how they are recognised on
//! the local network.
//!
//! Nothing in it opens or signs anything of the journal. Whoever has it can come to the other devices as this one does and is given what is sealed, until
//! the device is removed.
//!
//! ```text
//! outside    magic 8 "asifout2" · blake3 of what follows 32 · postcard([`Outside`])
//!            "asifout1" is read too: the same without its last field
//! ```

use std::net::SocketAddr;

use asif_proto::frame;
use asif_proto::id::{DeviceId, LinkKey, PersonId};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::keys::{LinkSeed, NearbyKey};

const MAGIC: &[u8; 8] = b"asifout2";
const FIRST_MAGIC: &[u8; 8] = b"asifout1";

/// As above.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outside {
    /// Whose journal this is.
    pub person: PersonId,
    /// This device.
    pub device: DeviceId,
    /// Its TLS identity.
    pub link: LinkSeed,
    /// The network was used: listen.
    pub networked: bool,
    /// Where own devices were met.
    pub met: Vec<(LinkKey, Vec<SocketAddr>)>,
    /// By which own devices recognise each other on the local network: first that of the epoch that is written under.
    pub nearby: Vec<NearbyKey>,
}

impl Outside {
    /// The file's bytes.
    pub fn to_file(&self) -> Vec<u8> {
        let plain = Zeroizing::new(frame::encode(self));
        [&MAGIC[..], blake3::hash(&plain).as_bytes(), &plain].concat()
    }

    /// Reads the file's bytes; none where they are not what was written, or a newer program's.
    pub fn from_file(bytes: &[u8]) -> Option<Self> {
        let (magic, rest) = bytes.split_first_chunk::<8>()?;
        let (hash, plain) = rest.split_first_chunk::<32>()?;
        match magic {
            _ if blake3::hash(plain) != *hash => None,
            MAGIC => frame::decode(plain),
            FIRST_MAGIC => {
                let (person, device, link, networked, met) = frame::decode(plain)?;
                Some(Self { person, device, link, networked, met, nearby: Vec::new() })
            }
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Rng;
    use rand_core::SeedableRng;

    #[test]
    fn it_is_read_whole_or_not_at_all() {
        let link = LinkSeed::random(&mut Rng::seed_from_u64(3));
        let met = vec![(link.public(), vec![SocketAddr::from(([127, 0, 0, 1], 4433))])];
        let nearby = vec![NearbyKey::from_bytes([5; 32])];
        let outside = Outside { person: PersonId([1; 32]), device: DeviceId([2; 32]), link, networked: true, met, nearby };
        let bytes = outside.to_file();
        assert!(Outside::from_file(&bytes) == Some(outside));
        for at in 0..bytes.len() {
            let mut other = bytes.clone();
            other[at] ^= 1;
            assert!(Outside::from_file(&other).is_none(), "byte {at}");
        }
        assert!(Outside::from_file(&bytes[..bytes.len() - 1]).is_none());
    }
}
