//! A record that was begun twice under one id: in two copies of a home, or by two devices that made the same thing of a draft. What one of them
//! packed into it shows; what the other packed is told beside it.

use std::collections::{BTreeMap, BTreeSet};
use std::panic::{AssertUnwindSafe, catch_unwind};

use asif_proto::id::RecordId;
use automerge::ScalarValue;
use serde_json::{Map, Value};

use super::document::Document;
use super::history::{PutId, Step};
use super::schema;

/// When it was begun differs by itself and says nothing.
const TIMES: [&str; 3] = ["recorded_at", "occurred_at", "planned_at"];

impl Document {
    /// Fields that several packed into one record otherwise, with what does not show. What was laid over a field by somebody who knew of a value
    /// has taken its place.
    pub(super) fn begun_apart(&self, record: RecordId) -> BTreeMap<String, Vec<Value>> {
        if !self.is_contested(&record.key()) {
            return BTreeMap::new();
        }
        catch_unwind(AssertUnwindSafe(|| self.packed_apart(record))).unwrap_or_default()
    }

    fn packed_apart(&self, record: RecordId) -> BTreeMap<String, Vec<Value>> {
        let key = record.key();
        let mut apart = BTreeMap::new();
        let begun: Vec<(PutId, Map<String, Value>)> =
            self.standing(&key).into_iter().filter_map(|(id, value)| Some((id, packed(&value)?))).collect();
        let fields: BTreeSet<&String> = begun.iter().flat_map(|(_, packed)| packed.keys()).collect();
        let inside = format!("{key}/");
        let steps = self.steps(|one| one == key || one.starts_with(&inside));
        for field in fields.into_iter().filter(|field| !TIMES.contains(&field.as_str())) {
            let laid = schema::field(record, field);
            let over: Vec<PutId> = self.standing(&laid).into_iter().map(|(id, _)| id).collect();
            let shown = match self.scalar(&laid) {
                Some(laid) => schema::json(&laid),
                None => begun.last().and_then(|(_, packed)| packed.get(field).cloned()),
            };
            let knew = |of: &PutId| over.iter().any(|id| self.knows(&steps, id, of));
            let others = begun.iter().filter(|(id, _)| !knew(id)).filter_map(|(_, packed)| packed.get(field).cloned());
            let mut others: Vec<Value> = others.filter(|value| Some(value) != shown.as_ref() && !value.is_null()).collect();
            others.dedup();
            if !others.is_empty() {
                apart.insert(field.clone(), others);
            }
        }
        apart
    }

    /// Whether the change of one put built on that of another.
    fn knows(&self, steps: &[Step], put: &PutId, of: &PutId) -> bool {
        let change = |id: &PutId| steps.iter().find(|step| step.puts.iter().any(|put| put.id == *id)).map(|step| step.hash);
        change(put).zip(change(of)).is_some_and(|(one, other)| self.builds_on(one, other))
    }
}

fn packed(value: &ScalarValue) -> Option<Map<String, Value>> {
    match value {
        ScalarValue::Str(text) => serde_json::from_str(text.as_str()).ok(),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::journal::guard;
    use crate::seal::body::{Changes, DocId};
    use asif_proto::id::LogId;
    use automerge::Change;
    use serde_json::json;

    const ID: RecordId = RecordId(uuid::Uuid::from_bytes([7; 16]));

    fn write(document: &mut Document, log: u8, key: String, value: &str) -> Change {
        document.write(LogId([log; 16]), &[(key, value.into())], None).unwrap().unwrap()
    }

    fn take(document: &mut Document, log: u8, change: &Change) {
        let changes = Changes { doc: DocId::Plan, generation: [0; 32], codec: 0, bytes: change.raw_bytes().to_vec() };
        document.merge(guard::check(LogId([log; 16]), &changes).unwrap()).unwrap();
    }

    #[test]
    fn what_another_packed_into_the_same_record_is_told_until_somebody_who_knew_of_it_wrote_over_it() {
        let note = |text: &str, at: u32| json!({ "type": "session", "note": text, "after": 3, "recorded_at": at }).to_string();
        let (mut laptop, mut copy) = (Document::default(), Document::default());
        write(&mut laptop, 1, ID.key(), &note("on the laptop", 1));
        assert_eq!(laptop.begun_apart(ID), BTreeMap::new());
        let theirs = write(&mut copy, 2, ID.key(), &note("on the copy", 2));
        take(&mut laptop, 2, &theirs);
        let told = laptop.begun_apart(ID);
        let shown = laptop.record(ID).unwrap().fields["note"].clone();
        let other = if shown == "on the laptop" { "on the copy" } else { "on the laptop" };
        assert_eq!(told, BTreeMap::from([("note".to_owned(), vec![json!(other)])]), "and not when each was begun");
        // An edit of one that did not know the other leaves it; one that knew both settles it.
        let theirs = write(&mut copy, 2, schema::field(ID, "note"), "the copy's, edited");
        take(&mut laptop, 2, &theirs);
        assert_eq!(laptop.begun_apart(ID)["note"], [json!("on the laptop")]);
        write(&mut laptop, 1, schema::field(ID, "note"), "both in one");
        assert_eq!(laptop.begun_apart(ID), BTreeMap::new());
    }
}
