//! How records lie in a document: flat in the root, so that no map is ever created by two devices.
//!
//! ```text
//! <record>               the packed record: JSON without nulls, written once, never changed
//! <record>/<field>       a field laid over it: a plain scalar; null empties it
//! <record>/<set>/<name>   true: it is in the set (`tags`, `goals`, `beliefs` ...); false: it is not
//! <record>/<list>/<id>   something appended (`ratings`, `agree`, `amendments`, `adapted`): packed JSON
//! self/name  self/wish  device/<device>           names, and what the person would like to be different
//! self/begun  joined/<device>                     the requests that began the journal, and that let a device in
//! mailbox/own                                     where this person's mailbox is, packed JSON; empty: nowhere
//! invited/<grant>                                 an invitation that nobody used yet: packed JSON; null: it was used or taken back
//! ```
//!
//! A record is 32 hexadecimal digits.

use asif_proto::id::{DeviceId, RecordId};
use asif_proto::record::PlanPart;
use automerge::ScalarValue;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde_json::{Map, Value};

use crate::seal::body::DocId;

/// The key of this person's own name.
pub const SELF_NAME: &str = "self/name";
/// The key of what the person would like to be different.
pub const SELF_WISH: &str = "self/wish";
/// Under what they lie.
pub const SELF: &str = "self";
/// The key of the request that began this journal, so that asking twice begins it once.
pub const SELF_BEGUN: &str = "self/begun";
/// When somebody showed that the words of the recovery kit are written down.
pub const KIT_CONFIRMED: &str = "kit/confirmed";
/// Where this person's mailbox is, and what they are enrolled by: packed JSON; empty: they use none.
pub const MAILBOX: &str = "mailbox/own";
/// Under what invitations lie.
pub const INVITED: &str = "invited/";
/// Under what lies that an own device may be an old copy of itself, each time by another word.
pub const PUT_BACK: &str = "put_back/";
/// Fields that are said once, in the packed record: what is laid over them counts for nothing.
pub const LOCKED: [&str; 1] = ["prediction"];
/// Fields that hold prose: what was changed apart in them is told in one text where that is clean.
const PROSE: [&str; 8] = ["note", "description", "text", "act", "learning", "outcome_text", "obstacles", "if_then"];
/// The field of a record under which lies what was erased of it: nothing.
pub const GONE: &str = "gone";
/// In a packed record whose drafts were erased, the log that first wrote it.
pub const WRITTEN_BY: &str = "written_by_log";
/// What is said of a record that nobody else may see.
pub const PRIVATE: &str = "private";
/// A note longer than this lies beside its record, plain, and not packed inside it.
pub const PACKED_NOTE: usize = 4 * 1024;

/// The key of a device's name.
pub fn device_name(device: &DeviceId) -> String {
    format!("device/{device}")
}

/// The key of the request with which a device joined, so that asking twice is answered twice.
pub fn joined_by(device: &DeviceId) -> String {
    format!("joined/{device}")
}

/// The key of an invitation that nobody used yet, so that every own device can take it back.
pub fn invited(grant: RecordId) -> String {
    format!("{INVITED}{}", grant.key())
}

/// The key of a field laid over a record.
pub fn field(record: RecordId, field: &str) -> String {
    format!("{}/{field}", record.key())
}

/// The key of something in a set or a list of a record.
pub fn member(record: RecordId, list: &str, name: &str) -> String {
    format!("{}/{list}/{name}", record.key())
}

/// The record that a document key belongs to.
pub fn record_of(key: &str) -> Option<RecordId> {
    RecordId::from_key(key.split('/').next()?)
}

/// Whether a key holds prose: a field of that name, or a part of the safety plan.
pub fn is_prose(key: &str) -> bool {
    key.split_once('/').is_some_and(|(_, field)| PROSE.contains(&field) || PlanPart::ALL.iter().any(|part| part.word() == field))
}

/// Whether a key tells who may see its record.
pub fn is_visibility(key: &str) -> bool {
    key.ends_with("/visibility")
}

/// The document of a new record: the month in which its id was made, so that whoever begins it twice, in two copies of a home, begins it in one
/// document; where the id does not tell, or the person said when it was, the month of this local date.
pub fn month_of(record: RecordId, date: jiff::civil::Date, is_said: bool) -> DocId {
    let made = record.0.get_timestamp().filter(|_| !is_said);
    let made = made.and_then(|made| Timestamp::from_second(made.to_unix().0.try_into().ok()?).ok());
    month(made.map_or(date, |made| TimeZone::UTC.to_datetime(made).date()))
}

/// The document of a record created at this local date. What a wrong clock puts before or behind all months there are lies in the nearest.
pub fn month(date: jiff::civil::Date) -> DocId {
    let year = u16::try_from(date.year()).unwrap_or_default();
    let month = match year {
        ..1970 => 1,
        1970..=2200 => u8::try_from(date.month()).unwrap_or(1),
        _ => 12,
    };
    DocId::Month { year: year.clamp(1970, 2200), month }
}

/// A scalar for a JSON value; objects and lists become packed text.
pub fn scalar(value: &Value) -> ScalarValue {
    match value {
        Value::Null => ScalarValue::Null,
        Value::Bool(value) => ScalarValue::Boolean(*value),
        Value::Number(number) => number.as_i64().map_or_else(|| ScalarValue::F64(number.as_f64().unwrap_or(0.0)), ScalarValue::Int),
        Value::String(text) => ScalarValue::Str(text.as_str().into()),
        packed => ScalarValue::Str(packed.to_string().into()),
    }
}

/// The JSON value of a scalar; bytes and unknown types have none.
pub fn json(scalar: &ScalarValue) -> Option<Value> {
    Some(match scalar {
        ScalarValue::Null => Value::Null,
        ScalarValue::Boolean(value) => Value::Bool(*value),
        ScalarValue::Int(value) => Value::from(*value),
        ScalarValue::Uint(value) => Value::from(*value),
        ScalarValue::F64(value) => Value::from(*value),
        ScalarValue::Str(text) => Value::from(text.as_str()),
        ScalarValue::Timestamp(value) => Value::from(*value),
        ScalarValue::Counter(_) | ScalarValue::Bytes(_) | ScalarValue::Unknown { .. } => return None,
    })
}

/// Packs a record: JSON without nulls, empty lists and empty objects.
pub fn pack(mut record: Map<String, Value>) -> String {
    fn strip(fields: &mut Map<String, Value>) {
        fields.retain(|_, value| {
            if let Value::Object(inner) = value {
                strip(inner);
            }
            match value {
                Value::Null => false,
                Value::Array(list) => !list.is_empty(),
                Value::Object(inner) => !inner.is_empty(),
                _ => true,
            }
        });
    }
    strip(&mut record);
    Value::Object(record).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;

    #[test]
    fn every_day_has_a_month_there_is() {
        let of = |year, month| DocId::Month { year, month };
        for (day, doc) in [
            (date(1969, 12, 31), of(1970, 1)),
            (date(1970, 2, 1), of(1970, 2)),
            (date(2200, 12, 31), of(2200, 12)),
            (date(2500, 1, 1), of(2200, 12)),
            (date(-44, 3, 15), of(1970, 1)),
        ] {
            assert_eq!(month(day), doc, "{day}");
            assert!(month(day).is_sane());
        }
    }
}
