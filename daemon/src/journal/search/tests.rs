//! Properties of search over a view:
//!
//! - Whatever is written is found by each of its words, and by its first letters, in any case and without its accents.
//! - A word that was never written finds nothing.
//! - No text and no query makes it fail.

use asif_proto::id::LogId;
use asif_proto::moment::zone;
use automerge::ScalarValue;
use jiff::civil::date;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::journal::document::{Document, keys_of};
use crate::journal::{guard, schema};
use crate::seal::body::{Changes, DocId};

const TODAY: Date = date(2026, 11, 24);

struct Journal(Document, View, u8);

impl Journal {
    fn new() -> Self {
        Self(Document::default(), View::default(), 0)
    }

    fn put(&mut self, puts: &[(String, ScalarValue)]) {
        let change = self.0.write(LogId([1; 16]), puts, None).unwrap().unwrap();
        self.1.touch(&keys_of(&change));
        self.1.refresh(DocId::Plan, &self.0, keys_of(&change).iter());
    }

    fn add(&mut self, fields: Value) -> RecordId {
        self.2 += 1;
        let id = RecordId(uuid::Uuid::from_bytes([self.2; 16]));
        let mut all =
            json!({ "occurred_at": format!("2026-11-{:02}T12:00:00+00:00[Europe/London]", self.2), "recorded_at": "2026-11-23T12:00:00Z" });
        all.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
        self.put(&[(id.key(), all.to_string().as_str().into())]);
        id
    }

    fn note(&mut self, text: &str) -> RecordId {
        self.add(json!({ "type": "session", "note": text }))
    }

    fn search_within(
        &self,
        typed: &str,
        exact: bool,
        practice: Option<RecordId>,
    ) -> Vec<(RecordId, Option<(&'static str, snippet::Snippet)>)> {
        let query = Query::parse(typed, TODAY, exact).unwrap();
        let zone = zone("Europe/London");
        let search = Search::new(&self.1, &query, Bounds { within: &|_| true, timeless: true, practice, tags: &[], zone: &zone });
        let id = |found: &Found<'_>| match found {
            Found::Session(id, _) | Found::Practice(id, _) | Found::Kept(id, _) => *id,
            Found::SafetyPlan(_) => SAFETY_PLAN,
            Found::Wish(_) => WISH,
        };
        search.run().iter().map(|found| (id(found), search.snippet(*found))).collect()
    }

    fn find(&self, typed: &str) -> Vec<RecordId> {
        self.search_within(typed, false, None).into_iter().map(|(id, _)| id).collect()
    }
}

#[test]
fn every_field_of_every_record_is_found_and_named() {
    let mut journal = Journal::new();
    let practice = journal.add(json!({
        "type": "practice", "title": "Lunch uppertitle", "slug": "slugword", "kind": "custom", "status": "active", "description": "descword",
        "specificity": { "when": "whenword", "where": "placeword", "how_long": "longword" }, "cue": "cueword", "frequency": "freqword",
        "proposed_by": "Danaprop", "agreed_by": ["Danagree"],
    }));
    let session = journal.add(json!({ "type": "session", "note": "noteword", "where_felt": "feltword", "tags": ["tagword"] }));
    let goal = journal.add(json!({ "type": "goal", "text": "goalword", "reason_closed": "reasonword" }));
    let belief = journal.add(json!({ "type": "belief", "statement": "statementword" }));
    let anchor = journal.add(json!({ "type": "anchor", "who_label": "labelword", "act": "actword" }));
    let sketch = journal.add(json!({ "type": "sketch", "text": "sketchword" }));
    let phrase =
        journal.add(json!({ "type": "phrase", "practice": practice, "old_line": "oldword", "new_line": "newword", "voice": "voiceword" }));
    let experiment = journal.add(json!({
        "type": "experiment", "practice": practice, "mode": "hypothesis", "planned_at": "2026-11-24T12:50:00+00:00[Europe/London]",
        "prediction": { "text": "predictword", "locked_at": "2026-11-24T12:50:00Z", "by": "me" },
        "amendments": [{ "text": "amendword", "at": "2026-11-24T12:50:00Z" }], "obstacles": "obstacleword", "if_then": "ifword",
        "outcome_text": "outcomeword", "learning": "learnword",
    }));
    journal.put(&[(
        schema::member(belief, "ratings", "01"),
        schema::scalar(&json!({ "heart": 1, "at": "2026-11-24T12:50:00Z", "context": "contextword" })),
    )]);
    for (id, field, word) in [
        (practice, "description", "descword"),
        (practice, "when", "whenword"),
        (practice, "where", "placeword"),
        (practice, "how_long", "longword"),
        (practice, "cue", "cueword"),
        (practice, "frequency", "freqword"),
        (practice, "proposed_by", "danaprop"),
        (practice, "agreed_by", "danagree"),
        (session, "note", "noteword"),
        (session, "where_felt", "feltword"),
        (session, "tags", "tagword"),
        (goal, "text", "goalword"),
        (goal, "reason_closed", "reasonword"),
        (belief, "statement", "statementword"),
        (belief, "context", "contextword"),
        (anchor, "who_label", "labelword"),
        (anchor, "act", "actword"),
        (sketch, "text", "sketchword"),
        (phrase, "old_line", "oldword"),
        (phrase, "new_line", "newword"),
        (phrase, "voice", "voiceword"),
        (experiment, "prediction", "predictword"),
        (experiment, "amendment", "amendword"),
        (experiment, "obstacles", "obstacleword"),
        (experiment, "if_then", "ifword"),
        (experiment, "outcome", "outcomeword"),
        (experiment, "learning", "learnword"),
    ] {
        let found = journal.search_within(word, false, None);
        let [(one, Some((name, snippet)))] = &found[..] else { panic!("{word}: {found:?}") };
        assert_eq!((*one, *name, snippet.found.to_lowercase().as_str()), (id, field, word));
    }
    let of_it = BTreeSet::from([practice, phrase, experiment]);
    for typed in ["slugword", "uppertitle", "practice:lunch", "practice:slugword", "practice:\"Lunch Uppertitle\""] {
        assert_eq!(journal.find(typed).into_iter().collect::<BTreeSet<_>>(), of_it, "{typed}");
    }
    assert_eq!(journal.find("practice:uppertitle newword"), [phrase]);
    assert_eq!(journal.search_within("2026", false, Some(practice)).len(), 3);
    assert!(journal.find("practice:unch").is_empty() && journal.find("practice:\"lunc\"").is_empty());
}

#[test]
fn what_is_deleted_is_not_found_until_it_is_restored_and_old_words_are_gone() {
    let mut journal = Journal::new();
    let id = journal.note("before");
    journal.put(&[(schema::field(id, "deleted"), true.into())]);
    assert_eq!(journal.find("before"), []);
    journal.put(&[(schema::field(id, "deleted"), false.into()), (schema::field(id, "note"), "after".into())]);
    assert_eq!((journal.find("before"), journal.find("after")), (vec![], vec![id]));
}

#[test]
fn what_two_devices_wrote_apart_is_found_in_both() {
    let mut journal = Journal::new();
    let id = journal.note("first");
    let mut other = journal.0.clone();
    let put = |text: &str| [(schema::field(id, "note"), ScalarValue::from(text))];
    let theirs = other.write(LogId([2; 16]), &put("theirs"), None).unwrap().unwrap();
    journal.put(&put("mine"));
    let (codec, bytes) = guard::pack(theirs.raw_bytes());
    let changes = Changes { doc: DocId::Plan, generation: [0; 32], codec, bytes };
    journal.0.merge(guard::check(LogId([2; 16]), &changes).unwrap()).unwrap();
    journal.1.refresh(DocId::Plan, &journal.0, [schema::field(id, "note")].iter());
    assert_eq!((journal.find("mine"), journal.find("theirs"), journal.find("first")), (vec![id], vec![id], vec![]));
}

#[test]
fn the_safety_plan_and_the_wish_are_found_where_no_time_and_no_practice_is_asked_for() {
    let mut journal = Journal::new();
    let note = journal.note("rain, Sam and tea");
    journal.put(&[(SELF_WISH.into(), "less rain".into())]);
    journal.put(&[(SAFETY_PLAN.key(), r#"{"type":"safety_plan"}"#.into())]);
    journal.put(&[(schema::field(SAFETY_PLAN, "who_i_can_ask"), "Sam\nmy aunt".into())]);
    assert_eq!((journal.find("rain"), journal.find("sam")), (vec![note, WISH], vec![note, SAFETY_PLAN]));
    let found = journal.search_within("aunt", false, None);
    assert_eq!(found[0].1.as_ref().unwrap().0, "who_i_can_ask");
    assert_eq!(journal.find("sam 2026-11"), [note]);
    assert_eq!((journal.find("sam practice:lunch"), journal.find("sam #work")), (vec![], vec![]));
}

#[test]
fn the_newest_comes_first_and_all_terms_hold() {
    let mut journal = Journal::new();
    let [one, two, three] = ["be kind", "kindly, be", "kind"].map(|text| journal.note(text));
    assert_eq!(journal.find("kind"), [three, two, one]);
    assert_eq!(journal.find("kind be"), [two, one]);
    assert_eq!(journal.find("\"be kind\""), [one]);
    assert_eq!(journal.find("kind 2026-11-02"), [two]);
    assert_eq!(journal.find("2026-11-01 2026-11-02"), []);
}

#[test]
fn each_name_finds_the_others_and_nothing_more() {
    let mut journal = Journal::new();
    let texts = ["Mettā", "loving kindness", "lovingkindness", "self-kindness", "Self empathy", "self-\ncompassion"];
    let all: BTreeSet<_> = texts.map(|text| journal.note(text)).into_iter().collect();
    for other in ["kindness", "self", "compassion", "a loving person", "self is kindness", "selfish"] {
        journal.note(other);
    }
    for typed in ["metta", "self-compassion", "selfempathy", "LOVING-KINDNESS"] {
        assert_eq!(journal.find(typed).into_iter().collect::<BTreeSet<_>>(), all, "{typed}");
    }
    assert_eq!(journal.find("self kindness").len(), all.len() + 1, "both words in one text are found too");
    assert_eq!(journal.search_within("metta", true, None).len(), 1);
    assert_eq!(journal.find("\"loving kindness\"").len(), 1, "between quotes it is looked for as it stands");
}

#[test]
fn a_tag_is_the_whole_tag_whatever_its_case() {
    let mut journal = Journal::new();
    let id = journal.add(json!({ "type": "session", "tags": ["Työ", "in the bus"] }));
    journal.note("tyo");
    assert_eq!((journal.find("#tyo"), journal.find("tag:TYÖ"), journal.find("tag:\"In the Bus\"")), (vec![id], vec![id], vec![id]));
    assert_eq!((journal.find("#ty"), journal.find("tag:bus")), (vec![], vec![]));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn what_is_written_is_found_by_each_of_its_words(text in "[\\PC\\n]{0,60}|([a-zäöüßéā]{1,8}[ .,\n-]{1,2}){1,8}") {
        let mut journal = Journal::new();
        let id = journal.note(&text);
        let folded = fold::fold(&text);
        for word in folded.split(|letter| !fold::is_word(letter)).filter(|word| !word.is_empty()) {
            let long = word.len() > query::MAX_QUERY / 2;
            // A year that was written is looked for between quotes, as are today and yesterday.
            let typed = format!("\"{word}\"");
            prop_assert!(long || journal.search_within(&typed, true, None).iter().any(|(found, _)| *found == id), "{word:?}");
        }
    }

    #[test]
    fn a_word_that_was_never_written_finds_nothing(texts in prop::collection::vec("[a-pA-Pé ]{0,40}", 1..6), word in "[q-z][a-zé]{0,6}") {
        let mut journal = Journal::new();
        for text in &texts {
            journal.note(text);
        }
        prop_assume!(!["yesterday", "today"].contains(&word.as_str()));
        prop_assert_eq!(journal.search_within(&word, true, None).len(), 0);
    }

    #[test]
    fn no_text_and_no_query_makes_it_fail(text in "(?s).{0,80}", typed in "(?s).{0,40}|[\"#:a1 -]{0,30}|(tag:|practice:|#|\")?\\PC{0,6}") {
        let mut journal = Journal::new();
        journal.note(&text);
        if Query::parse(&typed, TODAY, false).is_ok() {
            journal.search_within(&typed, false, None);
        }
        if Query::parse(&text, TODAY, false).is_ok() {
            journal.search_within(&text, false, None);
        }
    }
}
