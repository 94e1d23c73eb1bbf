//! The grant as both sign it. The client's device signs the terms; the helper's device signs the same bytes: the receipt.

use asif_proto::id::{DeviceId, GrantId, PersonId};
use asif_proto::moment::Moment;
use asif_proto::share::{Role, Scope};
use data_encoding::HEXLOWER;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::seal::keys::{self, SIGNATURE_LEN, SigningSeed};

const GRANT_LABEL: &[u8] = b"asif grant v1";
const RECEIPT_LABEL: &[u8] = b"asif receipt v1";

/// What both agree to. Words that this program does not know are not signed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Terms {
    /// The grant.
    pub grant: GrantId,
    /// Its version, from 1.
    pub version: u32,
    /// Who gives.
    pub client: PersonId,
    /// Their name, as the helper sees it.
    pub client_name: String,
    /// Who may see.
    pub helper: PersonId,
    /// Who they are.
    pub role: Role,
    /// What they may see.
    pub scopes: Vec<Scope>,
    /// From when on.
    pub since: Moment,
    /// Until when.
    #[serde(default)]
    pub until: Option<Moment>,
    /// Entries reach the helper so much later, in seconds.
    #[serde(default)]
    pub delay_s: u32,
    /// What for, in the client's words.
    #[serde(default)]
    pub purpose: Option<String>,
    /// When it was given.
    pub at: Timestamp,
}

impl Terms {
    /// When the share ends by itself. What was over when it was given only bounds what is shown.
    pub fn ends(&self) -> Option<Timestamp> {
        self.until.as_ref().map(Moment::timestamp).filter(|until| *until > self.at)
    }
}

/// Terms with one side's signature, as the item that travels.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Signed {
    /// The terms, JSON, exactly as signed.
    pub terms: String,
    /// Who signed.
    pub device: DeviceId,
    /// Hexadecimal.
    pub signature: String,
}

/// Whose signature it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// Label "asif grant v1".
    Client,
    /// Label "asif receipt v1".
    Helper,
}

impl Side {
    fn label(self) -> &'static [u8] {
        match self {
            Side::Client => GRANT_LABEL,
            Side::Helper => RECEIPT_LABEL,
        }
    }
}

/// Signs terms, exactly as given.
pub fn sign(terms: String, side: Side, signing: &SigningSeed) -> Signed {
    let signature = HEXLOWER.encode(&signing.sign(side.label(), &[terms.as_bytes()]));
    Signed { terms, device: signing.device(), signature }
}

impl Signed {
    /// The terms, if the signature of that side is good. Whose device it is, is for the roster to tell.
    pub fn verify(&self, side: Side) -> Option<Terms> {
        let signature = HEXLOWER.decode(self.signature.as_bytes()).ok()?;
        let signature = <[u8; SIGNATURE_LEN]>::try_from(signature).ok()?;
        keys::verify(self.device.as_bytes(), side.label(), &[self.terms.as_bytes()], &signature).ok()?;
        serde_json::from_str(&self.terms).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Rng;
    use rand_core::SeedableRng;

    #[test]
    fn neither_side_can_stand_for_the_other_and_no_word_can_be_changed() {
        let signing = SigningSeed::random(&mut Rng::seed_from_u64(1));
        let now = Timestamp::UNIX_EPOCH;
        let terms = Terms {
            grant: GrantId([1; 16]),
            version: 1,
            client: PersonId([2; 32]),
            client_name: "Robin".into(),
            helper: PersonId([3; 32]),
            role: Role::Therapist,
            scopes: vec![Scope::Ratings],
            since: Moment::at(now, &asif_proto::moment::zone("UTC")),
            until: None,
            delay_s: 0,
            purpose: None,
            at: now,
        };
        let signed = sign(serde_json::to_string(&terms).unwrap(), Side::Client, &signing);
        assert_eq!(signed.verify(Side::Client), Some(terms));
        assert_eq!(signed.verify(Side::Helper), None);
        let wider = Signed { terms: signed.terms.replace("ratings", "notes"), ..signed };
        assert_eq!(wider.verify(Side::Client), None);
    }
}
