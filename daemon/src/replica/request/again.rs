//! What is asked for again under its id. A draft whose answer was lost is gone on with under the same id: what says the same is stored once, and
//! what says something else is refused. Nobody is told that words are stored that are not.

use asif_proto::id::RecordId;
use asif_proto::local::{ErrorKind, Failure};
use automerge::ScalarValue;
use serde_json::Value;

use super::super::Replica;
use crate::journal::document::Put;
use crate::seal::body::DocId;

/// What may differ between two askings of the same: times, which are read anew, and a place among others, which depends on them.
const ANEW: [&str; 7] = ["recorded_at", "occurred_at", "planned_at", "locked_at", "at", "review_by", "order"];

impl Replica {
    /// Whether the first of `puts`, and with it all of them, is written already: it was asked before. Refused where something else was written
    /// then. `record`: what is shown to the person.
    pub(super) fn is_said(&self, doc: DocId, record: RecordId, puts: &[Put]) -> Result<bool, Failure> {
        let Some(document) = self.documents.get(&doc) else { return Ok(false) };
        let Some((first, _)) = puts.first() else { return Ok(false) };
        if document.scalar(first).is_none() {
            return Ok(false);
        }
        if puts.iter().all(|(key, value)| document.scalar(key).is_some_and(|stored| is_alike(&stored, value))) {
            return Ok(true);
        }
        Err(self.said_otherwise(record))
    }

    /// Why what was asked again with other words is not stored.
    pub(super) fn said_otherwise(&self, record: RecordId) -> Failure {
        let short = self.view.short(&record);
        let message = format!("this was written down already, and says something else there ({short}): yours is not stored");
        Failure::new(ErrorKind::Precondition, message).hint(format!("asif show {short} tells what is there, asif edit {short} changes it"))
    }
}

/// Whether two values say the same.
fn is_alike(stored: &ScalarValue, asked: &ScalarValue) -> bool {
    let fields = |value: &ScalarValue| match value {
        ScalarValue::Str(text) => serde_json::from_str::<Value>(text.as_str()).ok().filter(Value::is_object),
        _ => None,
    };
    match (fields(stored), fields(asked)) {
        (Some(stored), Some(asked)) => without_times(stored) == without_times(asked),
        _ => stored == asked,
    }
}

fn without_times(mut value: Value) -> Value {
    if let Some(fields) = value.as_object_mut() {
        fields.retain(|name, _| !ANEW.contains(&name.as_str()));
        fields.values_mut().for_each(|inner| *inner = without_times(std::mem::take(inner)));
    }
    value
}

#[cfg(test)]
mod tests {
    use super::*;

    fn alike(stored: &str, asked: &str) -> bool {
        is_alike(&stored.into(), &asked.into())
    }

    #[test]
    fn only_times_and_places_may_differ() {
        let stored = r#"{"act":"held the door","prediction":{"text":"hm","locked_at":"1"},"recorded_at":"1","type":"anchor"}"#;
        assert!(alike(stored, &stored.replace("\"1\"", "\"2\"")));
        for (from, to) in [("held", "closed"), ("hm", "ha"), (r#","type""#, r#","polite":3,"type""#)] {
            assert!(!alike(stored, &stored.replace(from, to)), "{to}");
        }
    }

    #[test]
    fn a_text_that_looks_like_a_record_is_none_where_one_of_them_is_not() {
        assert!(alike("words", "words") && !alike("words", "other words"));
        assert!(!alike("{}", "words"));
    }
}
