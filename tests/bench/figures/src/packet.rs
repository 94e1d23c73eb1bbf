//! What of a datagram is handshake and what is not, told from outside (RFC 9000, sections 17.2 and 17.3).
//!
//! ```text
//! long header   1....... · version 4 · length 1 · id · length 1 · id · (Initial: length, token) · length, packet
//! short header  0....... to the end of the datagram                             lengths: 1, 2, 4 or 8 bytes, by the first two bits
//! ```
//! Only the form of these is readable on the path; of what is inside the lengths tell all that is known here.

/// Bytes of one datagram.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Parts {
    /// In packets of the handshake, their padding included.
    pub(crate) handshake: usize,
    /// In packets after it.
    pub(crate) after: usize,
}

/// Takes a datagram apart; what does not read counts as handshake.
pub(crate) fn parts(datagram: &[u8]) -> Parts {
    let mut handshake = 0;
    while let Some(rest) = datagram.get(handshake..).filter(|rest| !rest.is_empty()) {
        if rest.first().is_some_and(|first| first & 0x80 == 0) {
            return Parts { handshake, after: rest.len() };
        }
        handshake += long(rest).unwrap_or(rest.len()).min(rest.len());
    }
    Parts { handshake, after: 0 }
}

/// How long the packet with a long header is at the front.
fn long(packet: &[u8]) -> Option<usize> {
    let first = *packet.first()?;
    let mut at = 5;
    for _id in 0..2 {
        at += 1 + usize::from(*packet.get(at)?);
    }
    // Version negotiation and Retry have no length: they fill their datagram.
    if packet.get(1..5)? == [0; 4] || first & 0x30 == 0x30 {
        return Some(packet.len());
    }
    if first & 0x30 == 0 {
        let (token, used) = length(packet.get(at..)?)?;
        at += used + token;
    }
    let (rest, used) = length(packet.get(at..)?)?;
    Some(at + used + rest)
}

/// A variable-length integer, and how many bytes it has.
fn length(bytes: &[u8]) -> Option<(usize, usize)> {
    let used = 1 << (bytes.first()? >> 6);
    let value = bytes
        .get(..used)?
        .iter()
        .enumerate()
        .fold(0, |value, (at, byte)| (value << 8) | usize::from(if at == 0 { byte & 0x3f } else { *byte }));
    Some((value, used))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packets_that_share_a_datagram_are_told_apart() {
        let ids = [4, 1, 2, 3, 4, 2, 5, 6];
        let initial = [&[0xc1, 0, 0, 0, 1][..], &ids, &[1, 9], &[0x40, 3], &[7; 3]].concat();
        let handshake = [&[0xe1, 0, 0, 0, 1][..], &ids, &[2], &[8; 2]].concat();
        let short = [0x41, 1, 2, 3];
        let both = [&initial[..], &handshake, &short].concat();
        assert_eq!(parts(&both), Parts { handshake: initial.len() + handshake.len(), after: 4 });
        assert_eq!(parts(&short), Parts { handshake: 0, after: 4 });
        assert_eq!(parts(&initial[..9]), Parts { handshake: 9, after: 0 });
        assert_eq!(parts(&[]), Parts::default());
    }
}
