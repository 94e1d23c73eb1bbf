//! Which formats of files this program knows: each file begins with seven letters and a digit.

/// The letters, and the highest digit that is known.
const KNOWN: [(&[u8; 7], u8); 8] = [
    (b"asiflog", b'2'),
    (b"asifsta", b'1'),
    (b"asifhld", b'1'),
    (b"asifdrp", b'1'),
    (b"asifvlt", b'2'),
    (b"asifkey", b'3'),
    (b"asifcch", b'1'),
    (b"asifout", b'2'),
];
/// So many bytes tell.
pub(super) const LEN: usize = 8;

/// Whether a file that begins so is of a newer program.
pub(super) fn is_newer(bytes: &[u8]) -> bool {
    let Some(([letters @ .., digit], _)) = bytes.split_first_chunk::<LEN>() else { return false };
    KNOWN.iter().any(|(known, highest)| *known == letters && digit > highest && digit.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_higher_digit_is_newer() {
        assert!(is_newer(b"asiflog3...") && is_newer(b"asifvlt9"));
        for known in [&b"asiflog2"[..], b"asiflog1", b"asifvlt0", b"asifvltx", b"asifxyz9", b"asifvlt", b""] {
            assert!(!is_newer(known), "{known:?}");
        }
    }
}
