//! Taking over what changes made of a document.

use std::collections::{BTreeMap, BTreeSet};

use asif_proto::id::RecordId;
use asif_proto::record::SAFETY_PLAN;
use serde_json::Value;

use super::{Contested, Row, View, backwards};
use crate::journal::document::Document;
use crate::journal::reading::Standing;
use crate::journal::record::Record;
use crate::journal::schema;
use crate::seal::body::DocId;

impl View {
    /// Counts one change that touches these keys.
    pub fn touch(&mut self, keys: &BTreeSet<String>) {
        let records: BTreeSet<_> = keys.iter().filter_map(|key| schema::record_of(key)).collect();
        for record in records {
            let touches = self.touches(&record) + 1;
            self.touches.insert(record, touches);
        }
    }

    /// Takes over what changes to these keys made of a document; returns the records that they belong to.
    pub fn refresh<'a>(&mut self, doc: DocId, document: &Document, keys: impl Iterator<Item = &'a String>) -> BTreeSet<RecordId> {
        let mut touched = BTreeSet::new();
        for key in keys {
            match schema::record_of(key) {
                Some(record) => {
                    touched.insert(record);
                }
                None => self.refresh_name(document, key),
            }
        }
        self.refresh_records(doc, document, touched.iter().filter_map(|id| document.record(*id)).collect());
        touched
    }

    fn refresh_records(&mut self, doc: DocId, document: &Document, records: Vec<Standing>) {
        self.heads.insert(doc, document.heads().iter().map(|hash| hash.0).collect());
        let apart = records.iter().flat_map(|one| one.apart.iter().map(|field| schema::field(one.id, field)));
        let merged = document.merged(&apart.collect());
        for mut record in records {
            let contested = contested(document, &mut record, &merged);
            for one in contested.iter().filter(|one| one.merged) {
                if let Some(text) = merged.get(&schema::field(record.id, &one.field)) {
                    record.fields.insert(one.field.clone(), text.as_str().into());
                }
            }
            self.refresh_record(doc, record, contested);
        }
    }

    /// Takes a whole document over, with how many changes ever touched each of its records.
    pub fn take_over(&mut self, doc: DocId, document: &Document, touches: &BTreeMap<RecordId, u64>) {
        self.touches.extend(touches);
        let (records, names) = document.read_all();
        names.iter().for_each(|key| self.refresh_name(document, key));
        self.refresh_records(doc, document, records);
    }

    /// Forgets every record of a document, to take it over anew.
    pub fn forget(&mut self, doc: DocId) {
        self.heads.remove(&doc);
        let sessions = self.sessions.forget(doc);
        let practices = self.practices.iter().filter(|(_, row)| row.doc == doc).map(|(id, _)| *id);
        let kept = self.kept.iter().filter(|(_, row)| row.doc == doc).map(|(id, _)| *id);
        let plan = self.safety_plan.take_if(|row| row.doc == doc).map(|_| SAFETY_PLAN);
        for id in sessions.into_iter().chain(practices).chain(kept).chain(plan).collect::<Vec<_>>() {
            self.touches.remove(&id);
            self.backwards.remove(&backwards(&id));
        }
        self.practices.retain(|_, row| row.doc != doc);
        self.grants.retain(|_, row| row.doc != doc);
        self.clients.retain(|_, row| row.doc != doc);
        self.kept.retain(|_, row| row.doc != doc);
        self.answers.retain(|_, row| row.doc != doc);
    }

    fn refresh_name(&mut self, document: &Document, key: &str) {
        let value = document.scalar(key).and_then(|scalar| schema::json(&scalar));
        match value.as_ref().and_then(Value::as_str) {
            Some(name) => self.names.insert(key.to_owned(), name.to_owned()),
            None => self.names.remove(key),
        };
    }

    fn refresh_record(&mut self, doc: DocId, record: Standing, contested: Vec<Contested>) {
        let Standing { id, fields, author, .. } = record;
        let touches = self.touches(&id);
        self.unreadable.remove(&id);
        match Record::from_fields(fields) {
            Record::Session(value) => {
                self.backwards.insert(backwards(&id));
                self.sessions.insert(id, Row { value: *value, doc, author, touches, contested });
                if touches == 1 {
                    self.touches.remove(&id);
                }
            }
            Record::Practice(value) => {
                self.backwards.insert(backwards(&id));
                self.practices.insert(id, Row { value: *value, doc, author, touches, contested });
            }
            Record::Grant(value) => {
                self.grants.insert(id, Row { value: *value, doc, author, touches, contested });
            }
            Record::Client(value) => {
                self.clients.insert(id, Row { value: *value, doc, author, touches, contested });
            }
            Record::Kept(value) => {
                self.backwards.insert(backwards(&id));
                self.kept.insert(id, Row { value: *value, doc, author, touches, contested });
            }
            Record::Answer(value) => {
                self.answers.insert(id, Row { value: *value, doc, author, touches, contested });
            }
            // There is one, under the one id that every device gives it.
            Record::SafetyPlan(value) if id == SAFETY_PLAN => {
                self.safety_plan = Some(Row { value: *value, doc, author, touches, contested });
            }
            Record::SafetyPlan(_) | Record::Other => self.forget_record(&id),
            Record::Unreadable => {
                self.forget_record(&id);
                self.unreadable.insert(id);
            }
        }
    }

    /// A record is gone for good.
    pub fn erase(&mut self, id: &RecordId) {
        self.forget_record(id);
        self.unreadable.remove(id);
        self.backwards.remove(&backwards(id));
    }

    pub(super) fn forget_record(&mut self, id: &RecordId) {
        let touches = self.touches(id);
        if self.sessions.remove(id).is_some() {
            self.touches.insert(*id, touches);
        }
        self.practices.remove(id);
        self.grants.remove(id);
        self.clients.remove(id);
        self.kept.remove(id);
        self.answers.remove(id);
        if *id == SAFETY_PLAN {
            self.safety_plan = None;
        }
    }
}

/// The fields that were changed apart, where that left values that do not show.
fn contested(document: &Document, record: &mut Standing, merged: &BTreeMap<String, String>) -> Vec<Contested> {
    let (id, apart) = (record.id, std::mem::take(&mut record.apart));
    let mut begun = if record.is_begun_apart { document.begun_apart(id) } else { BTreeMap::new() };
    let laid = apart.into_iter().map(|field| {
        let key = schema::field(id, &field);
        let others = document.losers(&key).into_iter().chain(begun.remove(&field).unwrap_or_default());
        Contested { merged: merged.contains_key(&key), others: others.map(|value| value.to_string()).collect(), field }
    });
    let mut told: Vec<Contested> = laid.filter(|one| !one.others.is_empty()).collect();
    let others = |values: Vec<Value>| values.iter().map(ToString::to_string).collect();
    told.extend(begun.into_iter().map(|(field, values)| Contested { merged: false, others: others(values), field }));
    told
}
