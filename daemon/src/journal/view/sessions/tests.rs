use super::*;
use crate::journal::document::{Document, keys_of};
use crate::journal::schema;
use crate::journal::view::{Read, Unfit, View};
use asif_proto::id::LogId;
use automerge::ScalarValue;
use rand_core::SeedableRng;
use serde_json::json;

const PRACTICE: RecordId = RecordId(uuid::Uuid::from_bytes([9; 16]));

fn id(n: u8) -> RecordId {
    RecordId(uuid::Uuid::from_bytes([n; 16]))
}

fn month(month: u8) -> DocId {
    DocId::Month { year: 2026, month }
}

/// A view with the documents that it was made of.
struct Years(View, BTreeMap<DocId, Document>);

impl Years {
    fn new() -> Self {
        let mut years = Self(View::default(), BTreeMap::new());
        for n in 1..=6 {
            let at = format!("2026-0{}-{:02}T12:41:07.25+00:00[Europe/London]", 1 + n % 3, 20 - n);
            let practice = (n % 2 == 0).then_some(PRACTICE);
            let fields =
                json!({ "type": "session", "practice": practice, "occurred_at": at, "recorded_at": "2026-11-23T12:41:07Z", "note": at });
            years.put(month(1 + n % 3), &[(id(n).key(), ScalarValue::Str(fields.to_string().into()))]);
        }
        years.put(month(1), &[(schema::field(id(3), "deleted"), true.into())]);
        years
    }

    fn put(&mut self, doc: DocId, puts: &[(String, ScalarValue)]) {
        let document = self.1.entry(doc).or_default();
        let change = document.write(LogId([1; 16]), puts, None).unwrap().unwrap();
        self.0.touch(&keys_of(&change));
        self.0.refresh(doc, document, keys_of(&change).iter());
    }

    /// As it is found after a start.
    fn found(&mut self, key: &CacheKey, rng: &mut Rng) -> View {
        self.0.seal(key, rng);
        let rest: View = asif_proto::frame::decode(&asif_proto::frame::encode(&self.0)).unwrap();
        let saved = asif_proto::frame::decode(&asif_proto::frame::encode(&self.0.saved_sessions())).unwrap();
        let mut found = rest;
        found.find_sessions(saved, &self.0.parts(), key).unwrap();
        found
    }
}

fn key() -> (CacheKey, Rng) {
    let mut rng = Rng::seed_from_u64(1);
    (CacheKey::random(&mut rng), rng)
}

#[test]
fn sessions_read_the_same_sealed_or_open() {
    let ((key, mut rng), mut years) = (key(), Years::new());
    let before = years.0.clone();
    let mut found = years.found(&key, &mut rng);
    // All of this is known of sealed ones.
    assert_eq!(found.session_count(), 5);
    assert!(found.session_ids().eq(before.session_ids()) && found.newest_ids().eq(before.newest_ids()));
    assert_eq!(found.by_practice(), before.by_practice());
    assert_eq!((found.touches(&id(1)), found.touches(&id(3)), found.touches(&id(7))), (1, 2, 0));
    assert_eq!(found.session_doc(&id(2)), Some(month(3)));
    assert!(found.session_ids().all(|id| found.short(id) == before.short(id)));
    assert!(!found.holds_open(), "and none was opened");

    assert_eq!(found.session(&id(2)), before.session(&id(2)));
    assert!(found.holds_open());
    assert!(found == before);
    found.let_go();
    assert!(!found.holds_open() && found == before && !found.is_broken());
}

#[test]
fn only_what_was_changed_is_sealed_anew() {
    let ((key, mut rng), mut years) = (key(), Years::new());
    years.found(&key, &mut rng);
    let before: BTreeSet<PartId> = years.0.parts().into_keys().collect();
    years.put(month(2), &[(schema::field(id(1), "note"), "another".into())]);
    years.found(&key, &mut rng);
    let after: BTreeSet<PartId> = years.0.parts().into_keys().collect();
    assert_eq!((before.len(), after.len(), before.intersection(&after).count()), (3, 3, 2));
    years.0.erase(&id(1));
    years.0.erase(&id(4));
    let found = years.found(&key, &mut rng);
    assert_eq!(found.parts().len(), 2, "of a document without sessions there is no part");
    assert!(found == years.0);
}

#[test]
fn what_does_not_go_together_is_not_taken() {
    let ((key, mut rng), mut years) = (key(), Years::new());
    years.0.seal(&key, &mut rng);
    let (parts, saved) = (years.0.parts(), || years.0.saved_sessions());
    for name in parts.keys() {
        let mut fewer = parts.clone();
        fewer.remove(name);
        assert_eq!(View::default().find_sessions(saved(), &fewer, &key), Err(Unfit));
    }
    let spoilt: [fn(&mut SavedSessions); 6] = [
        |saved| saved.months[0].seconds.truncate(1),
        |saved| saved.months[0].seconds[0] = i64::MAX,
        |saved| saved.months[1].practices[0] = 7,
        |saved| saved.months[2].deleted.push(2),
        |saved| saved.months[1].doc = saved.months[0].doc,
        |saved| saved.months[1].ids = saved.months[0].ids.clone(),
    ];
    for spoil in spoilt {
        let mut saved = saved();
        spoil(&mut saved);
        assert_eq!(View::default().find_sessions(saved, &parts, &key), Err(Unfit));
    }
}

#[test]
fn a_part_that_does_not_open_is_told() {
    let ((key, mut rng), mut years) = (key(), Years::new());
    years.0.seal(&key, &mut rng);
    let mut parts = years.0.parts();
    let spoilt = parts.keys().next().copied().unwrap();
    parts.insert(spoilt, vec![7; 100].into());
    let mut view = View::default();
    view.find_sessions(years.0.saved_sessions(), &parts, &key).unwrap();
    assert!(!view.is_broken());
    let shown = view.sessions().count();
    assert_eq!((shown, view.is_broken()), (4, true));
    for n in 1..=3 {
        view.forget(month(n));
    }
    view.seal(&key, &mut rng);
    assert!(view.is_broken(), "whatever is done with it");
}

#[test]
fn a_document_that_was_read_elsewhere_is_taken_as_if_it_were_read_here() {
    let ((key, mut rng), mut years) = (key(), Years::new());
    let practice = json!({ "type": "practice", "title": "A walk", "slug": "walk", "kind": "as_if_action", "status": "active",
        "recorded_at": "2026-11-23T12:41:07Z" });
    years.put(DocId::Plan, &[(id(8).key(), ScalarValue::Str(practice.to_string().into()))]);
    years.put(
        DocId::Plan,
        &[(id(7).key(), ScalarValue::Str(r#"{"type":"session","note":7}"#.into())), ("self/name".into(), "Robin".into())],
    );
    let mut taken = View::default();
    for (doc, document) in &years.1 {
        let touches = document.records().map(|record| (record, years.0.touches(&record))).collect();
        let read = Read::of(*doc, document, &touches);
        let read = asif_proto::frame::decode(&asif_proto::frame::encode(&read)).unwrap();
        taken.take_read(read, &key, &mut rng).unwrap();
    }
    assert!(!taken.holds_open());
    assert_eq!((taken.unreadable().count(), taken.practices().count(), taken.name("self/name")), (1, 1, Some("Robin")));
    assert_eq!(taken, years.0);
    // Whatever comes later is laid over it.
    years.put(month(2), &[(schema::field(id(1), "note"), "another".into())]);
    let document = &years.1[&month(2)];
    taken.touch(&[schema::field(id(1), "note")].into());
    taken.refresh(month(2), document, [schema::field(id(1), "note")].iter());
    assert_eq!(taken, years.0);
}
