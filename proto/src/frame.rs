//! The one envelope of every body, statement and message.
//!
//! ```text
//! +----------+-------------+------------------+
//! | kind u16 | length u32  | length bytes     |   integers big endian
//! +----------+-------------+------------------+
//! ```

use serde::Serialize;
use serde::de::DeserializeOwned;

/// The largest payload of one frame, in bytes.
pub const MAX_LEN: usize = 1 << 20;
/// Bytes before the payload: kind and length.
pub const HEADER_LEN: usize = 6;

/// One kind-tagged payload.
#[derive(Clone, PartialEq, Eq)]
pub struct Frame {
    /// What the payload is; each protocol has its own list of kinds.
    pub kind: u16,
    /// The payload, at most [`MAX_LEN`] bytes.
    pub bytes: Vec<u8>,
}

impl std::fmt::Debug for Frame {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Frame {{ kind: {}, {} bytes }}", self.kind, self.bytes.len())
    }
}

/// Why bytes are not a frame.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FrameError {
    /// The bytes end inside the frame.
    #[error("the frame is cut short")]
    Truncated,
    /// The length field asks for more than [`MAX_LEN`].
    #[error("a frame of {0} bytes is over the limit of {MAX_LEN}")]
    TooLong(usize),
    /// Bytes follow where the frame should have ended.
    #[error("{0} bytes follow after the end")]
    Trailing(usize),
    /// The payload of this kind does not decode.
    #[error("the payload of kind {kind} does not decode")]
    Payload {
        /// The kind that was read.
        kind: u16,
    },
}

impl Frame {
    /// A frame of `kind` around already encoded bytes.
    pub fn new(kind: u16, bytes: Vec<u8>) -> Self {
        Self { kind, bytes }
    }

    /// A frame of `kind` around `value`, encoded with postcard.
    pub fn postcard<T: Serialize>(kind: u16, value: &T) -> Self {
        Self { kind, bytes: encode(value) }
    }

    /// The payload as a `T`; trailing bytes are an error.
    pub fn decode<T: DeserializeOwned>(&self) -> Result<T, FrameError> {
        decode(&self.bytes).ok_or(FrameError::Payload { kind: self.kind })
    }

    /// Kind, length and payload as bytes.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(HEADER_LEN + self.bytes.len());
        self.write_to(&mut out);
        out
    }

    /// Appends kind, length and payload to `out`.
    pub fn write_to(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.kind.to_be_bytes());
        out.extend_from_slice(&u32::try_from(self.bytes.len()).unwrap_or(u32::MAX).to_be_bytes());
        out.extend_from_slice(&self.bytes);
    }

    /// Reads one frame from the front of `bytes`; returns it and what follows.
    pub fn split(bytes: &[u8]) -> Result<(Self, &[u8]), FrameError> {
        let (head, rest) = bytes.split_first_chunk::<HEADER_LEN>().ok_or(FrameError::Truncated)?;
        let (kind, len) = parse_header(*head)?;
        if rest.len() < len {
            return Err(FrameError::Truncated);
        }
        let (payload, rest) = rest.split_at(len);
        Ok((Self { kind, bytes: payload.to_vec() }, rest))
    }

    /// Reads exactly one frame.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, FrameError> {
        let (frame, rest) = Self::split(bytes)?;
        if rest.is_empty() { Ok(frame) } else { Err(FrameError::Trailing(rest.len())) }
    }

    /// Reads frames until the bytes end.
    pub fn all(mut bytes: &[u8]) -> Result<Vec<Self>, FrameError> {
        let mut frames = Vec::new();
        while !bytes.is_empty() {
            let (frame, rest) = Self::split(bytes)?;
            frames.push(frame);
            bytes = rest;
        }
        Ok(frames)
    }
}

/// Kind and payload length of a frame header; the length is checked before anything is allocated.
pub fn parse_header(header: [u8; HEADER_LEN]) -> Result<(u16, usize), FrameError> {
    let [k0, k1, l0, l1, l2, l3] = header;
    let len = usize::try_from(u32::from_be_bytes([l0, l1, l2, l3])).unwrap_or(usize::MAX);
    if len > MAX_LEN {
        return Err(FrameError::TooLong(len));
    }
    Ok((u16::from_be_bytes([k0, k1]), len))
}

/// `value` in postcard's encoding.
pub fn encode<T: Serialize>(value: &T) -> Vec<u8> {
    #[expect(clippy::expect_used, reason = "our own plain structs always encode into a growing buffer")]
    postcard::to_stdvec(value).expect("plain data encodes")
}

/// A `T` from exactly these bytes, or `None` when they do not decode or go on after it.
pub fn decode<T: DeserializeOwned>(bytes: &[u8]) -> Option<T> {
    match postcard::take_from_bytes(bytes) {
        Ok((value, [])) => Some(value),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn frames_come_back_and_cut_frames_do_not(kind: u16, bytes in proptest::collection::vec(any::<u8>(), 0..200), cut in 1usize..6) {
            let frame = Frame::new(kind, bytes);
            let wire = frame.to_bytes();
            prop_assert_eq!(&Frame::from_bytes(&wire).unwrap(), &frame);
            prop_assert_eq!(Frame::from_bytes(&wire[..wire.len() - cut.min(wire.len())]), Err(FrameError::Truncated));
            let mut longer = wire.clone();
            longer.push(0);
            prop_assert_eq!(Frame::from_bytes(&longer), Err(FrameError::Trailing(1)));
        }

        #[test]
        fn arbitrary_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..64)) {
            let _ = Frame::all(&bytes);
        }
    }

    #[test]
    fn a_length_over_the_limit_is_refused_before_allocation() {
        assert_eq!(Frame::split(&[0, 1, 0xff, 0xff, 0xff, 0xff]), Err(FrameError::TooLong(0xffff_ffff)));
    }

    #[test]
    fn trailing_payload_bytes_are_refused() {
        let mut frame = Frame::postcard(1, &7u8);
        frame.bytes.push(0);
        assert_eq!(frame.decode::<u8>(), Err(FrameError::Payload { kind: 1 }));
    }
}
