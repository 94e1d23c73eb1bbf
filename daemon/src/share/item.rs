//! Shared items: plain records in one small closed set of kinds. Not Automerge, so a helper's bytes never reach the CRDT.

use asif_proto::id::{GrantId, ItemId, RecordId};
use asif_proto::share::{
    SharedAnchor, SharedAnswer, SharedBelief, SharedExperiment, SharedGoal, SharedPhrase, SharedPractice, SharedRapport, SharedSafetyPlan,
    SharedSession,
};
use hmac::{Hmac, KeyInit, Mac};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};
use sha2::Sha256;

use super::feedback::{Bounded, LoanItem, PredictionItem, ReplyItem, SuggestionItem, UnderstoodItem};
use crate::journal::schema;
use crate::seal::keys::ItemKey;

/// The grant, signed by the client: see [`super::terms`].
pub const GRANT: u16 = 1;
/// A [`SharedSession`].
pub const SESSION: u16 = 2;
/// A [`SharedPractice`].
pub const PRACTICE: u16 = 3;
/// A [`SharedExperiment`].
pub const EXPERIMENT: u16 = 4;
/// A [`SharedPhrase`].
pub const PHRASE: u16 = 5;
/// A [`SharedBelief`].
pub const BELIEF: u16 = 6;
/// A [`SharedGoal`].
pub const GOAL: u16 = 7;
/// A [`SharedAnchor`].
pub const ANCHOR: u16 = 8;
/// A [`SharedSafetyPlan`].
pub const SAFETY_PLAN: u16 = 9;
/// A [`SharedAnswer`].
pub const ANSWER: u16 = 10;
/// A [`SharedRapport`].
pub const RAPPORT: u16 = 11;
/// Where the client's mailbox is.
pub const MAILBOX: u16 = 12;
/// The grant, signed by the helper.
pub const RECEIPT: u16 = 16;
/// A [`LoanItem`].
pub const LOAN: u16 = 17;
/// A [`SuggestionItem`].
pub const SUGGESTION: u16 = 18;
/// An [`UnderstoodItem`].
pub const UNDERSTOOD: u16 = 19;
/// A [`ReplyItem`].
pub const REPLY: u16 = 20;
/// A [`PredictionItem`].
pub const PREDICTION: u16 = 21;
/// An [`OpenedItem`](super::feedback::OpenedItem).
pub const OPENED: u16 = 22;
/// That a device of the helper deleted what was shared, signed by it: see [`super::deletion`].
pub const DELETED: u16 = 23;
/// A [`LeftItem`](super::feedback::LeftItem).
pub const LEFT: u16 = 24;
/// Where the helper's mailbox is.
pub const HELPERS_MAILBOX: u16 = 25;

/// Items of a share that say nothing of the client: what was agreed, and where their mailbox is. They stay when all else is deleted.
pub const ABOUT_THE_SHARE: [u16; 2] = [GRANT, MAILBOX];

/// The most bytes of one item.
pub const MAX_PAYLOAD: usize = 448 * 1024;
/// The most bytes of one text of an item, escaped as JSON has it: a full note of nothing but line ends fits, one of nothing but control
/// characters does not.
const MAX_TEXT: usize = 400 * 1024;

/// Whether a text, of at most [`MAX_NOTE`](asif_proto::record::MAX_NOTE) bytes, fits into an item with everything else.
pub fn fits(text: &str) -> bool {
    text.len() <= MAX_TEXT / 6 || serde_json::to_string(text).is_ok_and(|escaped| escaped.len() <= MAX_TEXT)
}

/// The name of a record's item under a grant: HMAC-SHA256 with the grant's item key. It tells neither the record's time
/// nor that another helper has it too.
pub fn item_id(key: &ItemKey, record: RecordId) -> ItemId {
    #[expect(clippy::expect_used, reason = "HMAC takes keys of any length")]
    let mut mac = <Hmac<Sha256> as KeyInit>::new_from_slice(key.danger_bytes()).expect("any length");
    mac.update(record.0.as_bytes());
    ItemId(mac.finalize().into_bytes().into())
}

/// The item that holds a grant's terms, or the receipt for them: one for each grant and kind.
pub fn terms_item(grant: GrantId, kind: u16) -> ItemId {
    let mut hasher = blake3::Hasher::new_derive_key("asif terms item v1");
    hasher.update(&kind.to_be_bytes());
    hasher.update(grant.as_bytes());
    ItemId(*hasher.finalize().as_bytes())
}

/// An item of a known kind, opened.
#[derive(Debug, Clone, PartialEq)]
pub enum Item {
    /// Kind [`SESSION`].
    Session(Box<SharedSession>),
    /// Kind [`PRACTICE`].
    Practice(Box<SharedPractice>),
    /// Kind [`EXPERIMENT`].
    Experiment(Box<SharedExperiment>),
    /// Kind [`PHRASE`].
    Phrase(SharedPhrase),
    /// Kind [`BELIEF`].
    Belief(SharedBelief),
    /// Kind [`GOAL`].
    Goal(SharedGoal),
    /// Kind [`ANCHOR`].
    Anchor(SharedAnchor),
    /// Kind [`SAFETY_PLAN`].
    SafetyPlan(Box<SharedSafetyPlan>),
    /// Kind [`ANSWER`].
    Answer(SharedAnswer),
    /// Kind [`RAPPORT`].
    Rapport(SharedRapport),
    /// Kind [`LOAN`].
    Loan(LoanItem),
    /// Kind [`SUGGESTION`].
    Suggestion(Box<SuggestionItem>),
    /// Kind [`UNDERSTOOD`].
    Understood(UnderstoodItem),
    /// Kind [`REPLY`].
    Reply(ReplyItem),
    /// Kind [`PREDICTION`].
    Prediction(PredictionItem),
}

/// Packs an item: JSON without nulls and without its own id.
pub fn pack<T: Serialize>(value: &T) -> Vec<u8> {
    let mut fields = match serde_json::to_value(value) {
        Ok(Value::Object(fields)) => fields,
        _ => Map::new(),
    };
    fields.remove("id");
    schema::pack(fields).into_bytes()
}

/// Whether an item lacks something that another has: a field, a part of one, or something in a list.
pub fn says_less(item: &[u8], other: &[u8]) -> bool {
    fn lacks(one: &Value, other: &Value) -> bool {
        match (one, other) {
            (Value::Object(one), Value::Object(other)) => {
                other.iter().any(|(field, value)| one.get(field).is_none_or(|mine| lacks(mine, value)))
            }
            (Value::Array(one), Value::Array(other)) => other.iter().any(|value| !one.contains(value)),
            // Said otherwise.
            _ => false,
        }
    }
    lacks(&fields(item), &fields(other))
}

/// Whether all that an item says another says too.
pub fn says_nothing_new(item: &[u8], other: &[u8]) -> bool {
    fn has(other: &Value, one: &Value) -> bool {
        match (other, one) {
            (Value::Object(other), Value::Object(one)) => {
                one.iter().all(|(field, value)| other.get(field).is_some_and(|theirs| has(theirs, value)))
            }
            (Value::Array(other), Value::Array(one)) => one.iter().all(|value| other.contains(value)),
            (other, one) => other == one,
        }
    }
    has(&fields(other), &fields(item))
}

fn fields(bytes: &[u8]) -> Value {
    serde_json::from_slice(bytes).unwrap_or_else(|_| Value::Object(Map::new()))
}

/// Opens an item; `None` for kinds and payloads that this program cannot show.
pub fn unpack(id: ItemId, kind: u16, payload: &[u8]) -> Option<Item> {
    fn typed<T: DeserializeOwned>(id: ItemId, payload: &[u8]) -> Option<T> {
        let mut fields: Map<String, Value> = serde_json::from_slice(payload).ok()?;
        fields.insert("id".into(), id.to_string().into());
        serde_json::from_value(Value::Object(fields)).ok()
    }
    fn bounded<T: DeserializeOwned + Bounded>(payload: &[u8]) -> Option<T> {
        serde_json::from_slice(payload).ok().filter(T::is_bounded)
    }
    match kind {
        SESSION => typed(id, payload).map(|item| Item::Session(Box::new(item))),
        PRACTICE => typed(id, payload).map(|item| Item::Practice(Box::new(item))),
        EXPERIMENT => typed(id, payload).map(|item| Item::Experiment(Box::new(item))),
        PHRASE => typed(id, payload).map(Item::Phrase),
        BELIEF => typed(id, payload).map(Item::Belief),
        GOAL => typed(id, payload).map(Item::Goal),
        ANCHOR => typed(id, payload).map(Item::Anchor),
        SAFETY_PLAN => typed(id, payload).map(|item| Item::SafetyPlan(Box::new(item))),
        ANSWER => typed(id, payload).map(Item::Answer),
        RAPPORT => typed(id, payload).map(Item::Rapport),
        LOAN => bounded(payload).map(Item::Loan),
        SUGGESTION => bounded(payload).map(|item| Item::Suggestion(Box::new(item))),
        UNDERSTOOD => bounded(payload).map(Item::Understood),
        REPLY => bounded(payload).map(Item::Reply),
        PREDICTION => bounded(payload).map(Item::Prediction),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_item_id_depends_on_the_grants_key() {
        let record = RecordId(uuid::Uuid::from_bytes([1; 16]));
        let (one, two) = (ItemKey::from_bytes([1; 32]), ItemKey::from_bytes([2; 32]));
        assert_eq!(item_id(&one, record), item_id(&one, record));
        assert_ne!(item_id(&one, record), item_id(&two, record));
        assert_ne!(terms_item(GrantId([1; 16]), GRANT), terms_item(GrantId([1; 16]), RECEIPT));
    }
}
