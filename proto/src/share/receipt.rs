//! What both sides signed, what was answered to its end, and what is reported as opened.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Role, Scope};
use crate::id::{DeviceId, GrantId, RecordId};
use crate::moment::Moment;

/// A grant as both signed it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Receipt {
    /// The grant.
    pub id: GrantId,
    /// The short form of it on screen, `r-` and four or more digits.
    pub receipt: String,
    /// The other person, as this home names them.
    pub name: String,
    /// This person gave it; else it was given to them.
    pub given: bool,
    /// What was agreed on; null: nothing is here that the client signed.
    pub terms: Option<AgreedTerms>,
    /// The terms, exactly as signed.
    pub signed: Option<String>,
    /// The client's signature.
    pub client_signature: Option<Signature>,
    /// The helper's signature; null: not here yet, or of earlier terms.
    pub helper_signature: Option<Signature>,
    /// When it ended.
    pub ended: Option<Timestamp>,
    /// The helper has heard that it ended; null: it has not.
    pub end_reached: Option<bool>,
    /// What each of the helper's devices has answered to the end.
    pub deletions: Vec<DeletionAnswer>,
}

/// What a grant says.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AgreedTerms {
    /// How often it was changed, from 1.
    pub version: u32,
    /// The client's name, as the helper sees it.
    pub client_name: String,
    /// Who the helper is.
    pub role: Role,
    /// What may be seen.
    pub scopes: Vec<Scope>,
    /// From when on.
    pub since: Moment,
    /// Until when.
    pub until: Option<Moment>,
    /// What is new reaches the helper so many seconds later.
    pub delay_s: u32,
    /// What it is for.
    pub purpose: Option<String>,
    /// When it was given.
    pub at: Timestamp,
}

/// An Ed25519 signature.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Signature {
    /// By which device: its public key.
    pub device: DeviceId,
    /// Hexadecimal.
    pub signature: String,
}

/// What one of a helper's devices has answered to the end of a share.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DeletionAnswer {
    /// Which device, short.
    pub device: String,
    /// How many items it deleted; null: it has not answered.
    pub items: Option<u64>,
    /// When, by its clock.
    pub at: Option<Timestamp>,
    /// What it signed, exactly.
    pub signed: Option<String>,
    /// Its signature.
    pub signature: Option<Signature>,
}

/// What a helper's device reports as opened for the first time. It is their report: whether somebody read it, and who, nobody here can know.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Opening {
    /// Who, as this home names them.
    pub helper: String,
    /// Which of their devices, short.
    pub device: String,
    /// When, by its clock.
    pub at: Timestamp,
    /// How many items they had not opened before as they were then.
    pub items: u64,
    /// The records that those are.
    pub records: Vec<OpenedRecord>,
}

/// A record that was opened.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OpenedRecord {
    /// Its id.
    pub id: RecordId,
    /// The shortest suffix of it that names nothing else here.
    pub short: String,
    /// What it is, in a few words.
    pub what: String,
    /// It had been opened before, and was sent anew since.
    #[serde(default)]
    pub changed: bool,
}
