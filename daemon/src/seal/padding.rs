//! Padmé: lengths tell little about contents (Nikitin et al., *Reducing Metadata Leakage from Encrypted Files and
//! Communication with PURBs*, PoPETS 2019, section 4).
//!
//! ```text
//! length u32 · bodies · zero fill up to padme(4 + length)
//! ```

/// Why plaintext is not padded bodies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the padding is not as it must be")]
pub struct BadPadding;

/// The padded length of `len` bytes: at most 12 % more, and only a few lengths for each power of two.
pub fn padme(len: usize) -> usize {
    if len < 2 {
        return len;
    }
    let exponent = len.ilog2();
    let kept = exponent.ilog2() + 1;
    let mask = (1usize << exponent.saturating_sub(kept)) - 1;
    len.saturating_add(mask) & !mask
}

/// Length, bodies, zero fill.
pub fn pad(bodies: &[u8]) -> Vec<u8> {
    let total = padme(4 + bodies.len());
    let mut out = Vec::with_capacity(total + 64);
    out.extend_from_slice(&u32::try_from(bodies.len()).unwrap_or(u32::MAX).to_be_bytes());
    out.extend_from_slice(bodies);
    out.resize(total, 0);
    out
}

/// The bodies; anything but the one right padding is refused.
pub fn unpad(padded: &[u8]) -> Result<&[u8], BadPadding> {
    let (len, rest) = padded.split_first_chunk::<4>().ok_or(BadPadding)?;
    let len = usize::try_from(u32::from_be_bytes(*len)).map_err(|_| BadPadding)?;
    let (bodies, fill) = rest.split_at_checked(len).ok_or(BadPadding)?;
    if padded.len() != padme(4 + len) || fill.iter().any(|&byte| byte != 0) {
        return Err(BadPadding);
    }
    Ok(bodies)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn padme_is_as_in_the_paper() {
        assert_eq!([0, 1, 2, 8, 9, 10, 100, 1000, 65_537].map(padme), [0, 1, 2, 8, 10, 10, 104, 1024, 67_584]);
    }

    proptest! {
        #[test]
        fn padding_comes_off_and_any_other_is_refused(bodies in proptest::collection::vec(any::<u8>(), 0..600), at: prop::sample::Index, bit in 0u8..8) {
            let padded = pad(&bodies);
            prop_assert_eq!(unpad(&padded).unwrap(), &bodies[..]);
            prop_assert!(padded.len() <= (4 + bodies.len()) * 112 / 100 + 1);
            let mut longer = padded.clone();
            longer.push(0);
            prop_assert_eq!(unpad(&longer), Err(BadPadding));
            let mut flipped = padded.clone();
            let at = at.index(flipped.len());
            flipped[at] ^= 1 << bit;
            if at < 4 || at >= 4 + bodies.len() {
                prop_assert!(unpad(&flipped).is_err() || padme(4 + bodies.len()) == padded.len() && at < 4 && unpad(&flipped).unwrap() != &bodies[..]);
            }
        }
    }
}
