//! A session with fifteen scalar fields besides its id.

use automerge::{ScalarValue, ScalarValueRef};
use serde::{Deserialize, Serialize};

/// One practice session. Scales are 0 to 100; absent is none.
#[derive(Clone, Default, Debug, PartialEq, Serialize, Deserialize)]
pub struct Session {
    /// UUIDv7, 32 hexadecimal digits; the key of the record, so not among its fields.
    #[serde(skip)]
    pub id: String,
    pub occurred_at: i64,
    pub zone: String,
    pub practice: String,
    pub basis: String,
    pub expectancy: Option<i64>,
    pub willingness: Option<i64>,
    pub before: Option<i64>,
    pub after: Option<i64>,
    pub acted_as_if: Option<i64>,
    pub felt_state: String,
    pub felt_real: Option<i64>,
    pub duration_s: Option<i64>,
    pub where_felt: Option<String>,
    pub felt_worse: bool,
    pub note: String,
}

impl Session {
    /// Every field by its name.
    pub fn fields(&self) -> [(&'static str, ScalarValue); 15] {
        [
            ("occurred_at", ScalarValue::Timestamp(self.occurred_at)),
            ("zone", self.zone.as_str().into()),
            ("practice", self.practice.as_str().into()),
            ("basis", self.basis.as_str().into()),
            ("expectancy", scale(self.expectancy)),
            ("willingness", scale(self.willingness)),
            ("before", scale(self.before)),
            ("after", scale(self.after)),
            ("acted_as_if", scale(self.acted_as_if)),
            ("felt_state", self.felt_state.as_str().into()),
            ("felt_real", scale(self.felt_real)),
            ("duration_s", scale(self.duration_s)),
            ("where_felt", self.where_felt.as_deref().map_or(ScalarValue::Null, Into::into)),
            ("felt_worse", self.felt_worse.into()),
            ("note", self.note.as_str().into()),
        ]
    }

    /// Takes one field as it lies in a document; an unknown name is left alone.
    pub fn set(&mut self, name: &str, value: &ScalarValueRef<'_>) {
        match name {
            "occurred_at" => self.occurred_at = number(value).unwrap_or_default(),
            "zone" => self.zone = text(value).unwrap_or_default(),
            "practice" => self.practice = text(value).unwrap_or_default(),
            "basis" => self.basis = text(value).unwrap_or_default(),
            "expectancy" => self.expectancy = number(value),
            "willingness" => self.willingness = number(value),
            "before" => self.before = number(value),
            "after" => self.after = number(value),
            "acted_as_if" => self.acted_as_if = number(value),
            "felt_state" => self.felt_state = text(value).unwrap_or_default(),
            "felt_real" => self.felt_real = number(value),
            "duration_s" => self.duration_s = number(value),
            "where_felt" => self.where_felt = text(value),
            "felt_worse" => self.felt_worse = matches!(value, ScalarValueRef::Boolean(true)),
            "note" => self.note = text(value).unwrap_or_default(),
            _ => {}
        }
    }
}

fn scale(value: Option<i64>) -> ScalarValue {
    value.map_or(ScalarValue::Null, ScalarValue::Int)
}

fn number(value: &ScalarValueRef<'_>) -> Option<i64> {
    match value {
        ScalarValueRef::Int(it) | ScalarValueRef::Timestamp(it) => Some(*it),
        _ => None,
    }
}

fn text(value: &ScalarValueRef<'_>) -> Option<String> {
    match value {
        ScalarValueRef::Str(it) => Some(it.clone().into_owned()),
        _ => None,
    }
}
