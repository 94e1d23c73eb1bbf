//! What lists are read from: every record as it now stands, without Automerge. Can be made anew from the sealed log.

use std::collections::{BTreeMap, BTreeSet};

use asif_proto::id::{LogId, MIN_SUFFIX, RecordId};
use asif_proto::record::{SAFETY_PLAN, SafetyPlan, Visibility};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::by_practice::ByPractice;
use super::document::Document;
use super::kept::Kept;
use super::record::{Client, Grant, Practice, Record, Session};
use super::schema;
use crate::seal::body::DocId;

/// A record and what is known about it beside its fields.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Row<T> {
    /// The record.
    pub value: T,
    /// The document it lives in.
    pub doc: DocId,
    /// The log that first wrote it.
    pub author: Option<LogId>,
    /// Changes that ever touched it.
    pub touches: u64,
    /// Fields changed apart, with the values that do not show, as JSON text.
    pub contested: Vec<(String, Vec<String>)>,
}

/// Every record as it now stands.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct View {
    // A row is large, and a tree that grows at its end is half empty: so the rows lie beside the tree.
    sessions: BTreeMap<RecordId, Box<Row<Session>>>,
    practices: BTreeMap<RecordId, Row<Practice>>,
    grants: BTreeMap<RecordId, Row<Grant>>,
    clients: BTreeMap<RecordId, Row<Client>>,
    kept: BTreeMap<RecordId, Row<Kept>>,
    safety_plan: Option<Row<SafetyPlan>>,
    names: BTreeMap<String, String>,
    touches: BTreeMap<RecordId, u64>,
    unreadable: BTreeSet<RecordId>,
    #[serde(skip)]
    by_time: BTreeSet<(Timestamp, RecordId)>,
    #[serde(skip)]
    by_practice: ByPractice,
    #[serde(skip)]
    backwards: BTreeSet<[u8; 32]>,
}

impl View {
    /// After loading: builds the order by time, also of each practice, and of ids read backwards.
    pub fn index(&mut self) {
        self.backwards = self.sessions.keys().chain(self.practices.keys()).chain(self.kept.keys()).map(backwards).collect();
        self.by_time = self.sessions.iter().map(|(id, row)| (row.value.occurred_at.timestamp(), *id)).collect();
        self.by_practice = ByPractice::default();
        self.sessions.iter().for_each(|(id, row)| self.by_practice.add(*id, &row.value));
    }

    /// Counts one change that touches these keys.
    pub fn touch(&mut self, keys: &BTreeSet<String>) {
        let records: BTreeSet<_> = keys.iter().filter_map(|key| schema::record_of(key)).collect();
        for record in records {
            *self.touches.entry(record).or_default() += 1;
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
        for record in &touched {
            self.refresh_record(doc, document, *record);
        }
        touched
    }

    /// Forgets every record of a document, to take it over anew.
    pub fn forget(&mut self, doc: DocId) {
        let sessions = self.sessions.iter().filter(|(_, row)| row.doc == doc).map(|(id, _)| *id);
        let practices = self.practices.iter().filter(|(_, row)| row.doc == doc).map(|(id, _)| *id);
        let kept = self.kept.iter().filter(|(_, row)| row.doc == doc).map(|(id, _)| *id);
        let plan = self.safety_plan.take_if(|row| row.doc == doc).map(|_| SAFETY_PLAN);
        for id in sessions.chain(practices).chain(kept).chain(plan).collect::<Vec<_>>() {
            self.touches.remove(&id);
        }
        self.sessions.retain(|_, row| row.doc != doc);
        self.practices.retain(|_, row| row.doc != doc);
        self.grants.retain(|_, row| row.doc != doc);
        self.clients.retain(|_, row| row.doc != doc);
        self.kept.retain(|_, row| row.doc != doc);
        self.index();
    }

    fn refresh_name(&mut self, document: &Document, key: &str) {
        let value = document.scalar(key).and_then(|scalar| schema::json(&scalar));
        match value.as_ref().and_then(serde_json::Value::as_str) {
            Some(name) => self.names.insert(key.to_owned(), name.to_owned()),
            None => self.names.remove(key),
        };
    }

    fn refresh_record(&mut self, doc: DocId, document: &Document, id: RecordId) {
        let Some((fields, contested)) = document.record(id) else { return };
        let author = document.author(id);
        let touches = self.touches.get(&id).copied().unwrap_or_default();
        let contested: Vec<_> = contested
            .into_iter()
            .map(|field| {
                let losers: Vec<_> = document.losers(&schema::field(id, &field)).iter().map(ToString::to_string).collect();
                (field, losers)
            })
            .filter(|(_, losers)| !losers.is_empty())
            .collect();
        self.unreadable.remove(&id);
        // Where two devices said apart who may see it, the one that said nobody is believed.
        let said_private =
            contested.iter().any(|(field, losers)| field == "visibility" && losers.iter().any(|value| value == "\"private\""));
        match Record::from_fields(fields) {
            Record::Session(mut value) => {
                if said_private {
                    value.visibility = Some(Visibility::Private);
                }
                self.backwards.insert(backwards(&id));
                self.by_time.insert((value.occurred_at.timestamp(), id));
                let row = Row { value: *value, doc, author, touches, contested };
                let time = row.value.occurred_at.timestamp();
                if let Some(old) = self.sessions.get(&id) {
                    self.by_practice.remove(id, &old.value);
                }
                self.by_practice.add(id, &row.value);
                if let Some(old) = self.sessions.insert(id, Box::new(row)) {
                    let old = old.value.occurred_at.timestamp();
                    if old != time {
                        self.by_time.remove(&(old, id));
                    }
                }
            }
            Record::Practice(mut value) => {
                if said_private {
                    value.visibility = Some(Visibility::Private);
                }
                self.backwards.insert(backwards(&id));
                self.practices.insert(id, Row { value: *value, doc, author, touches, contested });
            }
            Record::Grant(value) => {
                self.grants.insert(id, Row { value: *value, doc, author, touches, contested });
            }
            Record::Client(value) => {
                self.clients.insert(id, Row { value: *value, doc, author, touches, contested });
            }
            Record::Kept(mut value) => {
                if said_private {
                    *value.visibility_mut() = Visibility::Private;
                }
                self.backwards.insert(backwards(&id));
                self.kept.insert(id, Row { value: *value, doc, author, touches, contested });
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

    fn forget_record(&mut self, id: &RecordId) {
        if let Some(row) = self.sessions.remove(id) {
            self.by_practice.remove(*id, &row.value);
            self.by_time.remove(&(row.value.occurred_at.timestamp(), *id));
        }
        self.practices.remove(id);
        self.grants.remove(id);
        self.clients.remove(id);
        self.kept.remove(id);
        if *id == SAFETY_PLAN {
            self.safety_plan = None;
        }
    }

    /// The shortest suffix of a shown record's id that names no other, at least [`MIN_SUFFIX`] characters.
    pub fn short(&self, id: &RecordId) -> String {
        let own = backwards(id);
        let common = |other: &[u8; 32]| own.iter().zip(other).take_while(|(a, b)| a == b).count();
        let before = self.backwards.range(..own).next_back().map_or(0, common);
        let after = self.backwards.range(own..).find(|other| **other != own).map_or(0, common);
        let len = (before.max(after) + 1).clamp(MIN_SUFFIX, own.len());
        own.iter().take(len).rev().map(|byte| char::from(*byte)).collect()
    }

    /// Whether any record is here, of a type that shows or not.
    pub fn is_empty(&self) -> bool {
        self.touches.is_empty()
    }

    /// Records of a known type whose fields do not fit.
    pub fn unreadable(&self) -> impl Iterator<Item = &RecordId> {
        self.unreadable.iter()
    }

    /// Whether a record is of a known type and its fields do not fit.
    pub fn is_unreadable(&self, id: &RecordId) -> bool {
        self.unreadable.contains(id)
    }

    /// Changes that ever touched a record, of a type that shows or not.
    pub fn touches(&self, id: &RecordId) -> u64 {
        self.touches.get(id).copied().unwrap_or_default()
    }

    /// A session, also a deleted one.
    pub fn session(&self, id: &RecordId) -> Option<&Row<Session>> {
        self.sessions.get(id).map(Box::as_ref)
    }

    /// Every session by id, also deleted ones.
    pub fn sessions(&self) -> impl Iterator<Item = (&RecordId, &Row<Session>)> {
        self.sessions.iter().map(|(id, row)| (id, row.as_ref()))
    }

    /// Every session, newest first, also deleted ones.
    pub fn newest(&self) -> impl Iterator<Item = (&RecordId, &Row<Session>)> {
        self.by_time.iter().rev().filter_map(|(_, id)| self.sessions.get_key_value(id)).map(|(id, row)| (id, row.as_ref()))
    }

    /// The standing sessions of each practice.
    pub fn by_practice(&self) -> &ByPractice {
        &self.by_practice
    }

    /// A practice, also a deleted one.
    pub fn practice(&self, id: &RecordId) -> Option<&Row<Practice>> {
        self.practices.get(id)
    }

    /// Every practice by id, also deleted ones.
    pub fn practices(&self) -> impl Iterator<Item = (&RecordId, &Row<Practice>)> {
        self.practices.iter()
    }

    /// Every grant by id.
    pub fn grants(&self) -> impl Iterator<Item = (&RecordId, &Row<Grant>)> {
        self.grants.iter()
    }

    /// A grant.
    pub fn grant(&self, id: &RecordId) -> Option<&Row<Grant>> {
        self.grants.get(id)
    }

    /// Every client by id.
    pub fn clients(&self) -> impl Iterator<Item = (&RecordId, &Row<Client>)> {
        self.clients.iter()
    }

    /// A client.
    pub fn client(&self, id: &RecordId) -> Option<&Row<Client>> {
        self.clients.get(id)
    }

    /// A record that is shown as it is kept, also a deleted one.
    pub fn kept(&self, id: &RecordId) -> Option<&Row<Kept>> {
        self.kept.get(id)
    }

    /// All of them by id, also deleted ones.
    pub fn all_kept(&self) -> impl Iterator<Item = (&RecordId, &Row<Kept>)> {
        self.kept.iter()
    }

    /// The safety plan, once anything was written into it.
    pub fn safety_plan(&self) -> Option<&Row<SafetyPlan>> {
        self.safety_plan.as_ref()
    }

    /// The name under a key of [`schema`].
    pub fn name(&self, key: &str) -> Option<&str> {
        self.names.get(key).map(String::as_str)
    }
}

/// The hexadecimal digits of an id, last first.
fn backwards(id: &RecordId) -> [u8; 32] {
    let mut digits = [0; 32];
    for (to, digit) in digits.iter_mut().zip(id.key().bytes().rev()) {
        *to = digit;
    }
    digits
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::journal::document::keys_of;
    use crate::journal::record;
    use automerge::ScalarValue;
    use serde_json::json;

    fn id(n: u8) -> RecordId {
        RecordId(uuid::Uuid::from_bytes([n; 16]))
    }

    fn session() -> String {
        let fields = json!({
            "type": "session", "occurred_at": "2026-11-23T12:41:07+00:00[Europe/London]", "recorded_at": "2026-11-23T12:41:07Z",
            "before": 30, "tags": ["work"], "surprising": "kept",
        });
        fields.to_string()
    }

    fn put(document: &mut Document, view: &mut View, log: u8, puts: &[(String, ScalarValue)]) {
        let change = document.write(LogId([log; 16]), puts, None).unwrap().unwrap();
        view.touch(&keys_of(&change));
        view.refresh(DocId::Plan, document, keys_of(&change).iter());
    }

    #[test]
    fn fields_are_laid_over_the_packed_record() {
        let (mut document, mut view) = (Document::default(), View::default());
        put(&mut document, &mut view, 1, &[(id(1).key(), ScalarValue::Str(session().into()))]);
        put(&mut document, &mut view, 1, &[(schema::field(id(1), "before"), ScalarValue::Int(45))]);
        put(
            &mut document,
            &mut view,
            1,
            &[(schema::field(id(1), "tags/work"), false.into()), (schema::field(id(1), "tags/home"), true.into())],
        );
        let row = view.session(&id(1)).unwrap();
        assert_eq!(row.value.before.unwrap().value(), 45);
        assert_eq!(row.value.tags, ["home"]);
        assert_eq!(row.touches, 3);
        assert_eq!(row.author, Some(LogId([1; 16])));
        put(&mut document, &mut view, 1, &[(schema::field(id(1), "before"), ScalarValue::Null)]);
        assert_eq!(view.session(&id(1)).unwrap().value.before, None, "absent is null, never 0");
    }

    #[test]
    fn what_two_devices_put_apart_is_shown_as_contested() {
        let mut one = Document::default();
        let mut view = View::default();
        put(&mut one, &mut view, 1, &[(id(1).key(), ScalarValue::Str(session().into()))]);
        let mut two = one.clone();
        let change = two.write(LogId([2; 16]), &[(schema::field(id(1), "note"), "theirs".into())], None).unwrap().unwrap();
        put(&mut one, &mut view, 1, &[(schema::field(id(1), "note"), "mine".into())]);
        let changes = crate::seal::body::Changes { doc: DocId::Plan, generation: [0; 32], codec: 0, bytes: change.raw_bytes().to_vec() };
        let checked = crate::journal::guard::check(LogId([2; 16]), &changes).unwrap();
        let keys = checked[0].keys().clone();
        one.merge(checked).unwrap();
        view.refresh(DocId::Plan, &one, keys.iter());
        let row = view.session(&id(1)).unwrap();
        let [(field, others)] = &row.contested[..] else { panic!("{:?}", row.contested) };
        assert_eq!(field, "note");
        let shown = row.value.note.clone().unwrap();
        assert_eq!(others.len(), 1);
        assert!(shown == "mine" && others[0] == "\"theirs\"" || shown == "theirs" && others[0] == "\"mine\"");
    }

    #[test]
    fn a_record_whose_fields_do_not_fit_is_counted_not_shown() {
        let (mut document, mut view) = (Document::default(), View::default());
        put(&mut document, &mut view, 1, &[(id(1).key(), ScalarValue::Str("{\"type\":\"session\",\"before\":900}".into()))]);
        put(&mut document, &mut view, 1, &[(id(2).key(), ScalarValue::Str("{\"type\":\"of a newer program\"}".into()))]);
        assert!(view.session(&id(1)).is_none());
        assert_eq!(view.unreadable().count(), 1);
    }

    #[test]
    fn a_record_that_no_longer_reads_is_not_shown_as_it_was() {
        let (mut document, mut view) = (Document::default(), View::default());
        put(&mut document, &mut view, 1, &[(id(1).key(), ScalarValue::Str(session().into()))]);
        put(&mut document, &mut view, 1, &[(schema::field(id(1), "visibility"), "of a newer program".into())]);
        assert!(view.session(&id(1)).is_none() && view.newest().next().is_none());
        assert_eq!(view.unreadable().collect::<Vec<_>>(), [&id(1)]);
        put(&mut document, &mut view, 1, &[(schema::field(id(1), "visibility"), "private".into())]);
        assert_eq!(view.newest().count(), 1);
    }

    #[test]
    fn of_two_that_said_apart_who_may_see_it_the_one_that_said_nobody_is_believed() {
        for (mine, theirs) in [("private", "inherit"), ("inherit", "private")] {
            let (mut one, mut view) = (Document::default(), View::default());
            put(&mut one, &mut view, 1, &[(id(1).key(), ScalarValue::Str(session().into()))]);
            let mut two = one.clone();
            let key = schema::field(id(1), "visibility");
            let change = two.write(LogId([2; 16]), &[(key.clone(), theirs.into())], None).unwrap().unwrap();
            put(&mut one, &mut view, 1, &[(key, mine.into())]);
            let changes =
                crate::seal::body::Changes { doc: DocId::Plan, generation: [0; 32], codec: 0, bytes: change.raw_bytes().to_vec() };
            let checked = crate::journal::guard::check(LogId([2; 16]), &changes).unwrap();
            let keys = checked[0].keys().clone();
            one.merge(checked).unwrap();
            view.refresh(DocId::Plan, &one, keys.iter());
            assert_eq!(view.session(&id(1)).unwrap().value.visibility, Some(Visibility::Private), "{mine} {theirs}");
        }
    }

    #[test]
    fn a_short_id_grows_until_it_is_unique() {
        let (mut document, mut view) = (Document::default(), View::default());
        let ids = ["00000000000000000000000000017f3a", "00000000000000000000000000027f3a", "0000000000000000000000000003abcd"];
        let ids = ids.map(|text| RecordId(uuid::Uuid::try_parse(text).unwrap()));
        for id in ids {
            put(&mut document, &mut view, 1, &[(id.key(), ScalarValue::Str(session().into()))]);
        }
        assert_eq!(ids.map(|id| view.short(&id)), ["17f3a", "27f3a", "abcd"]);
        view.index();
        assert_eq!(view.short(&ids[0]), "17f3a");
    }

    #[test]
    fn packing_leaves_out_what_is_absent() {
        let practice = Practice {
            title: "Lunch".into(),
            slug: "lunch".into(),
            kind: asif_proto::record::PracticeKind::AsIfAction,
            description: None,
            specificity: Default::default(),
            cue: None,
            frequency: None,
            difficulty: None,
            goals: Vec::new(),
            beliefs: Vec::new(),
            proposed_by: None,
            agreed_by: Vec::new(),
            adapted: Vec::new(),
            status: asif_proto::record::PracticeStatus::Active,
            recorded_at: "2026-11-23T12:41:07Z".parse().unwrap(),
            visibility: None,
            deleted: None,
        };
        let packed = record::pack(record::kind::PRACTICE, &practice);
        assert!(!packed.contains("null"), "{packed}");
        let Ok(serde_json::Value::Object(fields)) = serde_json::from_str(&packed) else { panic!() };
        assert_eq!(Record::from_fields(fields), Record::Practice(Box::new(practice)));
    }
}
