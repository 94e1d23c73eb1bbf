//! The outside of an entry: what anybody can read of it, and the link that chains it. No key is needed here.
//!
//! ```text
//! header   version u8 · suite u8 · log 16 · seq u64                 26 bytes, integers big endian
//! entry    header · nonce 24 · sealed                               at least 26 + 24 + 16 + 64 + 4 bytes
//! stub     header · nonce 24 · blake3(sealed) 32                    82 bytes
//! link     blake3("asif link v1" ‖ previous link ‖ header ‖ nonce ‖ blake3(sealed))
//! ```

use asif_proto::id::{Link, LogId};
use asif_proto::peer::{Blob, Sealed};

/// The version of the entry format.
pub const VERSION: u8 = 1;
/// XChaCha20-Poly1305, HKDF-SHA256, Ed25519, BLAKE3.
pub const SUITE: u8 = 1;
/// Bytes of a header.
pub const HEADER_LEN: usize = 26;
/// Bytes of a nonce.
pub const NONCE_LEN: usize = 24;
/// Bytes of a stub.
pub const STUB_LEN: usize = HEADER_LEN + NONCE_LEN + 32;
/// Bytes of the smallest entry: a tag, a signature, an empty padded body.
pub const MIN_ENTRY: usize = HEADER_LEN + NONCE_LEN + 16 + 64 + 4;
/// Bytes of the largest entry: what a full note and its padding need, well under a frame.
pub const MAX_ENTRY: usize = 512 * 1024;

/// Why bytes are not an entry or a stub.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum WireError {
    /// Shorter or longer than any entry.
    #[error("{0} bytes cannot be an entry")]
    Length(usize),
    /// A format this program does not know.
    #[error("entry format {version}.{suite} is not known here; a newer asif may read it")]
    Version {
        /// The version byte.
        version: u8,
        /// The suite byte.
        suite: u8,
    },
    /// Sequence numbers start at 1.
    #[error("an entry cannot have sequence number 0")]
    Seq,
}

/// An entry or a stub of one, as stored and sent.
#[derive(Clone, PartialEq, Eq, Hash)]
pub enum Wire {
    /// With its sealed bytes.
    Entry(Vec<u8>),
    /// Without them: only their hash, which keeps the chain whole.
    Stub(Vec<u8>),
}

impl std::fmt::Debug for Wire {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let kind = if matches!(self, Wire::Entry(_)) { "Entry" } else { "Stub" };
        write!(f, "{kind}({:?} #{}, {} bytes)", self.log(), self.seq(), self.bytes().len())
    }
}

impl TryFrom<Sealed> for Wire {
    type Error = WireError;

    fn try_from(sealed: Sealed) -> Result<Self, WireError> {
        match sealed {
            Sealed::Entry(bytes) => Self::entry(bytes.0),
            Sealed::Stub(bytes) | Sealed::Left { stub: bytes, .. } => Self::stub(bytes.0),
        }
    }
}

impl From<&Wire> for Sealed {
    fn from(wire: &Wire) -> Self {
        match wire {
            Wire::Entry(bytes) => Self::Entry(Blob(bytes.clone())),
            Wire::Stub(bytes) => Self::Stub(Blob(bytes.clone())),
        }
    }
}

impl Wire {
    /// Checks the outside of an entry.
    pub fn entry(bytes: Vec<u8>) -> Result<Self, WireError> {
        if !(MIN_ENTRY..=MAX_ENTRY).contains(&bytes.len()) {
            return Err(WireError::Length(bytes.len()));
        }
        check_header(&bytes)?;
        Ok(Self::Entry(bytes))
    }

    /// Checks the outside of a stub.
    pub fn stub(bytes: Vec<u8>) -> Result<Self, WireError> {
        if bytes.len() != STUB_LEN {
            return Err(WireError::Length(bytes.len()));
        }
        check_header(&bytes)?;
        Ok(Self::Stub(bytes))
    }

    /// The bytes as stored and sent.
    pub fn bytes(&self) -> &[u8] {
        match self {
            Wire::Entry(bytes) | Wire::Stub(bytes) => bytes,
        }
    }

    /// The log it says it belongs to.
    pub fn log(&self) -> LogId {
        LogId(part(self.bytes(), 2))
    }

    /// Its place in the log, from 1.
    pub fn seq(&self) -> u64 {
        u64::from_be_bytes(part(self.bytes(), 18))
    }

    /// The header.
    pub fn header(&self) -> [u8; HEADER_LEN] {
        part(self.bytes(), 0)
    }

    /// The nonce.
    pub fn nonce(&self) -> [u8; NONCE_LEN] {
        part(self.bytes(), HEADER_LEN)
    }

    /// The sealed bytes; `None` for a stub.
    pub fn sealed(&self) -> Option<&[u8]> {
        match self {
            Wire::Entry(bytes) => bytes.get(HEADER_LEN + NONCE_LEN..),
            Wire::Stub(_) => None,
        }
    }

    /// The hash of the sealed bytes.
    pub fn sealed_hash(&self) -> [u8; 32] {
        match self.sealed() {
            Some(sealed) => *blake3::hash(sealed).as_bytes(),
            None => part(self.bytes(), HEADER_LEN + NONCE_LEN),
        }
    }

    /// The link after this entry, given the link before it.
    pub fn link(&self, previous: &Link) -> Link {
        let mut hasher = blake3::Hasher::new();
        hasher.update(b"asif link v1");
        hasher.update(previous.as_bytes());
        hasher.update(&self.header());
        hasher.update(&self.nonce());
        hasher.update(&self.sealed_hash());
        Link(*hasher.finalize().as_bytes())
    }

    /// The same place in the chain without the sealed bytes.
    #[must_use]
    pub fn to_stub(&self) -> Self {
        let mut bytes = Vec::with_capacity(STUB_LEN);
        bytes.extend_from_slice(&self.header());
        bytes.extend_from_slice(&self.nonce());
        bytes.extend_from_slice(&self.sealed_hash());
        Self::Stub(bytes)
    }
}

/// The header of an entry of `log` at `seq`.
pub fn header(log: LogId, seq: u64) -> [u8; HEADER_LEN] {
    let mut header = [0; HEADER_LEN];
    let mut put = |at: usize, bytes: &[u8]| {
        for (to, from) in header.iter_mut().skip(at).zip(bytes) {
            *to = *from;
        }
    };
    put(0, &[VERSION, SUITE]);
    put(2, log.as_bytes());
    put(18, &seq.to_be_bytes());
    header
}

fn check_header(bytes: &[u8]) -> Result<(), WireError> {
    let [version, suite] = part(bytes, 0);
    if (version, suite) != (VERSION, SUITE) {
        return Err(WireError::Version { version, suite });
    }
    if u64::from_be_bytes(part(bytes, 18)) == 0 {
        return Err(WireError::Seq);
    }
    Ok(())
}

fn part<const N: usize>(bytes: &[u8], at: usize) -> [u8; N] {
    #[expect(clippy::expect_used, reason = "both constructors check the length")]
    bytes.get(at..).and_then(|rest| rest.first_chunk()).copied().expect("long enough")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(seq: u64) -> Wire {
        let mut bytes = header(LogId([5; 16]), seq).to_vec();
        bytes.extend_from_slice(&[7; NONCE_LEN]);
        bytes.extend_from_slice(&[9; 100]);
        Wire::entry(bytes).unwrap()
    }

    #[test]
    fn a_stub_keeps_the_link() {
        let full = entry(3);
        let previous = Link([1; 32]);
        assert_eq!(full.to_stub().link(&previous), full.link(&previous));
        assert_eq!(full.to_stub().to_stub(), full.to_stub());
        assert_eq!((full.log(), full.seq()), (LogId([5; 16]), 3));
    }

    #[test]
    fn a_link_depends_on_everything_before_and_in_the_entry() {
        let base = entry(3).link(&Link::ZERO);
        assert_ne!(base, entry(4).link(&Link::ZERO));
        assert_ne!(base, entry(3).link(&Link([1; 32])));
        let mut other = entry(3).bytes().to_vec();
        *other.last_mut().unwrap() ^= 1;
        assert_ne!(base, Wire::entry(other).unwrap().link(&Link::ZERO));
    }

    #[test]
    fn wrong_outsides_are_named() {
        let good = entry(1).bytes().to_vec();
        assert_eq!(Wire::entry(good[..80].to_vec()), Err(WireError::Length(80)));
        let mut newer = good.clone();
        newer[0] = 2;
        assert_eq!(Wire::entry(newer), Err(WireError::Version { version: 2, suite: 1 }));
        assert_eq!(Wire::stub(good), Err(WireError::Length(150)));
        assert_eq!(Wire::entry([header(LogId([0; 16]), 0).as_slice(), &[0; 200]].concat()), Err(WireError::Seq));
    }
}
