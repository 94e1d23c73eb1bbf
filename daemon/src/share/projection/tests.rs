//! What each scope shows.

use super::*;
use crate::journal::record::Session;
use asif_proto::id::ItemId;
use asif_proto::moment::zone;
use asif_proto::record::{Basis, FeltState, Mark, MarkKind};
use serde_json::Value;

fn moment(text: &str) -> Moment {
    Moment::parse(text, Timestamp::UNIX_EPOCH, &zone("UTC")).unwrap()
}

/// A session in which every field is filled.
fn full() -> Session {
    let rating = |n: u8| Some(asif_proto::rating::Rating::try_from(n).unwrap());
    Session {
        practice: None,
        occurred_at: moment("2026-11-10T10:00"),
        recorded_at: "2026-11-10T12:00:00Z".parse().unwrap(),
        before: rating(1),
        after: rating(2),
        acted_as_if: rating(3),
        felt_real: rating(4),
        felt_state: Some(FeltState::Numb),
        marks: vec![Mark { t_s: 9, kind: MarkKind::Landed }],
        experiment: Some(RecordId(uuid::Uuid::nil())),
        basis: Some(Basis::Leap),
        borrowed_belief: Some(ItemId([9; 32])),
        expectancy: rating(5),
        willingness: rating(6),
        repetitions: Some(7),
        duration_s: Some(8),
        where_felt: Some("chest".into()),
        felt_worse: Some(true),
        stopped_early: Some(true),
        note: Some("a note".into()),
        tags: vec!["tag".into()],
        visibility: None,
        hold_until: None,
        deleted: None,
    }
}

fn shown(scopes: &[Scope], session: &Session) -> Result<Vec<String>, Hidden> {
    let since = moment("2026-11-01T00:00");
    let terms = Terms { id: asif_proto::id::GrantId([1; 16]), scopes, since: &since, until: None, now: Timestamp::UNIX_EPOCH };
    terms.session(session, &View::default()).map(|shared| {
        let Value::Object(fields) = serde_json::to_value(shared).unwrap() else { panic!() };
        fields.into_iter().filter(|(name, value)| !value.is_null() && name != "id").map(|(name, _)| name).collect()
    })
}

#[test]
fn each_scope_shows_exactly_its_fields() {
    let always = Scope::Notes;
    let notes = ["note", "tags", "where_felt"];
    let with = |scope: Scope, fields: &[&str]| {
        let mut expected: Vec<_> = notes.iter().chain(fields).map(ToString::to_string).collect();
        expected.sort();
        let mut got = shown(&[always, scope], &full()).unwrap();
        got.sort();
        assert_eq!(got, expected, "{scope}");
    };
    with(Scope::Notes, &[]);
    with(
        Scope::Ratings,
        &[
            "occurred_at",
            "recorded_at",
            "backfilled",
            "basis",
            "before",
            "after",
            "acted_as_if",
            "felt_real",
            "felt_worse",
            "stopped_early",
        ],
    );
    with(Scope::Practices, &["expectancy", "willingness", "repetitions", "duration_s", "landed_s"]);
    with(Scope::Phrases, &["felt_state", "marks"]);
    for scope in [Scope::Beliefs, Scope::Goals, Scope::Measures, Scope::Anchor, Scope::Rapport, Scope::SafetyPlan, Scope::Experiments] {
        with(scope, &[]);
    }
}

#[test]
fn a_session_with_nothing_in_scope_is_not_told_of() {
    let practice = Some(RecordId(uuid::Uuid::from_bytes([1; 16])));
    let bare = Session { note: None, where_felt: None, tags: vec![], ..full() };
    assert_eq!(shown(&[Scope::Notes], &bare), Err(Hidden::Scope));
    assert_eq!(shown(&[Scope::Phrases, Scope::Notes], &Session { felt_state: None, marks: vec![], ..bare.clone() }), Err(Hidden::Scope));
    assert!(shown(&[Scope::Notes, Scope::Ratings], &bare).is_ok());
    assert_eq!(shown(&[Scope::Notes], &Session { practice, ..full() }), Err(Hidden::Unknown), "a practice that is not here");
}

#[test]
fn private_deleted_and_out_of_range_sessions_are_hidden() {
    let scopes = [Scope::Ratings, Scope::Notes];
    assert_eq!(shown(&scopes, &Session { visibility: Some(Visibility::Private), ..full() }), Err(Hidden::Private));
    assert_eq!(shown(&scopes, &Session { deleted: Some(true), ..full() }), Err(Hidden::Deleted));
    assert_eq!(shown(&scopes, &Session { occurred_at: moment("2026-10-31T23:59"), ..full() }), Err(Hidden::BeforeSince));
    assert_eq!(shown(&[Scope::Ratings], &full()), Err(Hidden::BareNote));
    let (since, until) = (moment("2026-11-01T00:00"), moment("2026-11-10T10:00"));
    let terms =
        Terms { id: asif_proto::id::GrantId([1; 16]), scopes: &scopes, since: &since, until: Some(&until), now: Timestamp::UNIX_EPOCH };
    assert_eq!(terms.session(&full(), &View::default()).unwrap_err(), Hidden::AfterUntil);
}
