//! Showing that a code is known, and telling nothing of it: SPAKE2 (Abdalla and Pointcheval 2005) over Ed25519, as the crate `spake2` does it.
//!
//! ```text
//! joiner   share X ----------------------------->  giver        both shares are bound to code, keys and connection
//!          <------------ share Y, MAC of the giver              who has another code has another key
//!          MAC of the joiner ------------------->               the proof of a ticket, by the secret that both have now
//! K        = SPAKE2(code; A = "asif code joiner v1" ‖ joiner's key ‖ exporter, B = "asif code giver v1" ‖ giver's key ‖ exporter)
//! secret   = the first 16 bytes of blake3-derive("asif code secret v1"; K)
//! MAC      = blake3-keyed(key = blake3-derive("asif code confirm v1"; K); exporter ‖ giver's key ‖ joiner's key)
//! ```
//!
//! Whoever sits between the two, or answers in the giver's place, has one guess at the code, and each end notices a wrong one before it says more.

use asif_proto::code::Code;
use asif_proto::id::LinkKey;
use asif_proto::peer::CodeAnswer;
use spake2::{Ed25519Group, Identity, Password, Spake2};
use zeroize::Zeroizing;

use crate::Rng;

/// The bytes that the crate puts before a share, so that neither end takes its own for the other's.
const JOINERS: u8 = b'A';
const GIVERS: u8 = b'B';

/// Between whom, and on which connection.
#[derive(Debug, Clone, Copy)]
pub struct Ends {
    /// The key of whoever gave the code.
    pub giver: LinkKey,
    /// The key of whoever was told it.
    pub joiner: LinkKey,
    /// What only the two ends of this connection have.
    pub exporter: [u8; 32],
}

/// A joiner whose share is on its way.
pub struct Asking {
    ends: Ends,
    state: Spake2<Ed25519Group>,
}

impl Asking {
    /// Begins; the share goes to the giver.
    pub fn begin(code: &Code, ends: Ends, rng: &mut Rng) -> (Self, [u8; 32]) {
        let (state, share) = Spake2::start_a_with_rng(&password(code), &ends.joiners(), &ends.givers(), rng);
        (Self { ends, state }, bare(&share))
    }

    /// The secret that only the two have; none where the other end does not know the code.
    pub fn finish(self, answer: &CodeAnswer) -> Option<[u8; 16]> {
        let key = Zeroizing::new(self.state.finish(&with(GIVERS, answer.share)).ok()?);
        (self.ends.confirm(&key) == blake3::Hash::from(answer.confirm)).then(|| secret(&key))
    }
}

/// The giver's answer to a share, and the secret that whoever sent it has as well, if they know the code.
pub fn answer(code: &Code, ends: Ends, share: [u8; 32], rng: &mut Rng) -> Option<(CodeAnswer, [u8; 16])> {
    let (state, ours) = Spake2::<Ed25519Group>::start_b_with_rng(&password(code), &ends.joiners(), &ends.givers(), rng);
    let key = Zeroizing::new(state.finish(&with(JOINERS, share)).ok()?);
    Some((CodeAnswer { share: bare(&ours), confirm: *ends.confirm(&key).as_bytes() }, secret(&key)))
}

impl Ends {
    fn joiners(&self) -> Identity {
        Identity::new(&[b"asif code joiner v1", &self.joiner.as_bytes()[..], &self.exporter].concat())
    }

    fn givers(&self) -> Identity {
        Identity::new(&[b"asif code giver v1", &self.giver.as_bytes()[..], &self.exporter].concat())
    }

    fn confirm(&self, key: &[u8]) -> blake3::Hash {
        let mut hasher = blake3::Hasher::new_keyed(&blake3::derive_key("asif code confirm v1", key));
        hasher.update(&self.exporter);
        hasher.update(self.giver.as_bytes());
        hasher.update(self.joiner.as_bytes());
        hasher.finalize()
    }
}

fn password(code: &Code) -> Password {
    Password::new(Zeroizing::new(code.to_string()).as_bytes())
}

fn secret(key: &[u8]) -> [u8; 16] {
    let mut secret = [0; 16];
    secret.iter_mut().zip(blake3::derive_key("asif code secret v1", key)).for_each(|(to, from)| *to = from);
    secret
}

fn with(side: u8, share: [u8; 32]) -> Vec<u8> {
    [&[side], &share[..]].concat()
}

fn bare(share: &[u8]) -> [u8; 32] {
    let mut bare = [0; 32];
    bare.iter_mut().zip(share.iter().skip(1)).for_each(|(to, from)| *to = *from);
    bare
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand_core::SeedableRng;

    const ENDS: Ends = Ends { giver: LinkKey([1; 32]), joiner: LinkKey([2; 32]), exporter: [3; 32] };

    fn code(text: &str) -> Code {
        text.parse().unwrap()
    }

    /// What each ends with, where they see these connections and know these codes.
    fn play(given: &str, typed: &str, giver: Ends, joiner: Ends) -> (Option<[u8; 16]>, [u8; 16]) {
        let mut rng = Rng::seed_from_u64(5);
        let (asking, share) = Asking::begin(&code(typed), joiner, &mut rng);
        let (answer, secret) = answer(&code(given), giver, share, &mut rng).unwrap();
        (asking.finish(&answer), secret)
    }

    #[test]
    fn who_knows_the_code_has_the_secret_and_nobody_else_has() {
        let right = "7-harbour-violin-kettle";
        let (joiners, givers) = play(right, right, ENDS, ENDS);
        assert_eq!(joiners, Some(givers));
        for wrong in ["8-harbour-violin-kettle", "7-violin-harbour-kettle", "7-harbour-violin-maple"] {
            assert_eq!(play(right, wrong, ENDS, ENDS).0, None, "{wrong}");
        }
    }

    #[test]
    fn somebody_between_the_two_is_noticed_though_they_pass_everything_on() {
        let right = "7-harbour-violin-kettle";
        let elsewhere =
            [Ends { giver: LinkKey([9; 32]), ..ENDS }, Ends { joiner: LinkKey([9; 32]), ..ENDS }, Ends { exporter: [9; 32], ..ENDS }];
        for seen in elsewhere {
            assert_eq!(play(right, right, ENDS, seen).0, None);
            assert_eq!(play(right, right, seen, ENDS).0, None);
        }
    }

    #[test]
    fn what_is_no_share_is_not_answered() {
        let mut rng = Rng::seed_from_u64(5);
        let (asking, share) = Asking::begin(&self::code("7-harbour-violin-kettle"), ENDS, &mut rng);
        // About half of all bytes are not on the curve.
        let code = code("7-harbour-violin-kettle");
        assert!((0..64).any(|byte| answer(&code, ENDS, [byte; 32], &mut rng).is_none()));
        // One's own share come back.
        assert_eq!(asking.finish(&CodeAnswer { share, confirm: [0; 32] }), None);
    }
}
