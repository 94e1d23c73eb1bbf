//! Meeting by ticket: the proof that a holder makes, and what the giver makes of it. Meeting by code ends in the same proof: [`exchange`] is how a code
//! becomes a secret that two have, [`codes`] which codes stand.

pub mod codes;
pub mod exchange;

use asif_proto::id::LinkKey;
use asif_proto::peer::Refused;

use crate::seal::vault::Invitation;

/// How long a ticket is good, in milliseconds.
pub const TICKET_MS: i64 = 24 * 60 * 60 * 1000;

/// The MAC of a ticket holder: keyed BLAKE3 over the TLS exporter and both link keys, so that it cannot be passed on to
/// another connection.
pub fn proof(secret: &[u8; 16], exporter: &[u8; 32], giver: &LinkKey, joiner: &LinkKey) -> [u8; 32] {
    let key = blake3::derive_key("asif ticket proof v1", secret);
    let mut hasher = blake3::Hasher::new_keyed(&key);
    hasher.update(exporter);
    hasher.update(giver.as_bytes());
    hasher.update(joiner.as_bytes());
    *hasher.finalize().as_bytes()
}

/// What a giver makes of a proof: `Ok` binds the invitation to the joiner's link key.
pub fn admit(
    invitation: &mut Invitation,
    now_ms: i64,
    exporter: &[u8; 32],
    giver: &LinkKey,
    joiner: &LinkKey,
    given: &[u8; 32],
) -> Result<(), Refused> {
    let right = blake3::Hash::from(proof(&invitation.secret, exporter, giver, joiner));
    if right != blake3::Hash::from(*given) {
        return Err(Refused::Ticket);
    }
    if now_ms >= invitation.expires_ms {
        return Err(Refused::Expired);
    }
    match invitation.bound {
        Some(bound) if bound != *joiner => Err(Refused::Used),
        _ => {
            invitation.bound = Some(*joiner);
            Ok(())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::seal::vault::Offer;

    #[test]
    fn a_ticket_binds_to_the_first_who_proves_it_on_their_own_connection() {
        let (giver, joiner, thief) = (LinkKey([1; 32]), LinkKey([2; 32]), LinkKey([3; 32]));
        let (here, elsewhere) = ([8; 32], [9; 32]);
        let mut invitation = Invitation { secret: [7; 16], expires_ms: 1000, yes: true, bound: None, used: false, offer: Offer::Device };
        let good = proof(&[7; 16], &here, &giver, &joiner);
        let mut admit =
            |now, exporter: &[u8; 32], who: &LinkKey, given: &[u8; 32]| super::admit(&mut invitation, now, exporter, &giver, who, given);
        assert_eq!(admit(1, &elsewhere, &joiner, &good), Err(Refused::Ticket), "passed on to another connection");
        assert_eq!(admit(1, &here, &joiner, &proof(&[6; 16], &here, &giver, &joiner)), Err(Refused::Ticket));
        assert_eq!(admit(1000, &here, &joiner, &good), Err(Refused::Expired));
        assert_eq!(admit(1, &here, &joiner, &good), Ok(()));
        assert_eq!(admit(2, &here, &joiner, &good), Ok(()), "the same key may resume");
        assert_eq!(admit(2, &here, &thief, &proof(&[7; 16], &here, &giver, &thief)), Err(Refused::Used));
    }
}
