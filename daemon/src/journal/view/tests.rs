use super::*;
use crate::journal::document::Document;
use crate::journal::document::keys_of;
use crate::journal::record;
use crate::journal::record::Record;
use crate::journal::schema;
use asif_proto::record::Visibility;
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
    let [Contested { field, others, merged: false }] = &row.contested[..] else { panic!("{:?}", row.contested) };
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
        let changes = crate::seal::body::Changes { doc: DocId::Plan, generation: [0; 32], codec: 0, bytes: change.raw_bytes().to_vec() };
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
