//! What of a record a grant shows. The preview is computed by this very code, so it cannot differ from what is sent.
//!
//! | scope | session | practice |
//! |---|---|---|
//! | ratings | times, practice slug, basis, before, after, acted_as_if, felt_real, felt_worse, stopped_early, backfilled | |
//! | practices | expectancy, willingness, repetitions, duration_s | slug, title, kind, specificity, cue, frequency, difficulty, status |
//! | phrases | felt_state | |
//! | notes | note, where_felt, tags; and notes without a practice | slug, description |
//!
//! A record marked private, or a session of a private practice, is in no scope. A field that is not named here is in none.

use asif_proto::id::{ItemId, RecordId};
use asif_proto::moment::Moment;
use asif_proto::record::{Basis, Visibility};
use asif_proto::share::{Scope, SharedPractice, SharedSession};
use jiff::Timestamp;

use super::item;
use crate::journal::record::{Grant, Practice, Session};
use crate::journal::view::View;

/// Written down later than this after it happened is backfilled, in seconds.
const BACKFILLED_S: i64 = 3600;

/// What a grant lets through.
#[derive(Debug, Clone, Copy)]
pub struct Terms<'a> {
    /// What may be seen.
    pub scopes: &'a [Scope],
    /// From when on.
    pub since: &'a Moment,
    /// Until when.
    pub until: Option<&'a Moment>,
}

/// Why a record is not shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hidden {
    /// Deleted.
    Deleted,
    /// Marked private, or its practice is.
    Private,
    /// Its practice is not here, or cannot be read: whether that is private cannot be known.
    Unknown,
    /// Before `since`.
    BeforeSince,
    /// From `until` on.
    AfterUntil,
    /// A note without a practice, and notes are not in scope.
    BareNote,
    /// No scope holds anything of it.
    Scope,
}

impl<'a> Terms<'a> {
    /// The terms of a grant.
    pub fn of(grant: &'a Grant) -> Self {
        Self { scopes: &grant.scopes, since: &grant.since, until: grant.until.as_ref() }
    }

    fn has(&self, scope: Scope) -> bool {
        self.scopes.contains(&scope)
    }

    /// What of a session is shown; its item id is the caller's.
    pub fn session(&self, session: &Session, view: &View) -> Result<SharedSession, Hidden> {
        let practice = session.practice.and_then(|id| view.practice(&id)).map(|row| &row.value);
        if session.deleted == Some(true) {
            return Err(Hidden::Deleted);
        }
        let private = |visibility: Option<Visibility>| visibility == Some(Visibility::Private);
        let unknown = session.practice.is_some() && practice.is_none();
        if unknown {
            return Err(Hidden::Unknown);
        }
        if private(session.visibility) || practice.is_some_and(|practice| private(practice.visibility)) {
            return Err(Hidden::Private);
        }
        let at = session.occurred_at.timestamp();
        if at < self.since.timestamp() {
            return Err(Hidden::BeforeSince);
        }
        if self.until.is_some_and(|until| at >= until.timestamp()) {
            return Err(Hidden::AfterUntil);
        }
        if session.practice.is_none() && !self.has(Scope::Notes) {
            return Err(Hidden::BareNote);
        }
        if ![Scope::Ratings, Scope::Practices, Scope::Phrases, Scope::Notes].iter().any(|scope| self.has(*scope)) {
            return Err(Hidden::Scope);
        }
        let ratings = self.has(Scope::Ratings).then_some(session);
        let practices = self.has(Scope::Practices).then_some(session);
        let notes = self.has(Scope::Notes).then_some(session);
        let shared = SharedSession {
            id: ItemId([0; 32]),
            practice: ratings.and(practice).map(|practice| practice.slug.clone()),
            occurred_at: ratings.map(|session| session.occurred_at.clone()),
            recorded_at: ratings.map(|session| session.recorded_at),
            backfilled: ratings.map(is_backfilled),
            basis: ratings.map(|session| session.basis.unwrap_or(Basis::Own)),
            before: ratings.and_then(|session| session.before),
            after: ratings.and_then(|session| session.after),
            acted_as_if: ratings.and_then(|session| session.acted_as_if),
            felt_real: ratings.and_then(|session| session.felt_real),
            felt_worse: ratings.map(|session| session.felt_worse.unwrap_or_default()),
            stopped_early: ratings.map(|session| session.stopped_early.unwrap_or_default()),
            expectancy: practices.and_then(|session| session.expectancy),
            willingness: practices.and_then(|session| session.willingness),
            repetitions: practices.and_then(|session| session.repetitions),
            duration_s: practices.and_then(|session| session.duration_s),
            felt_state: self.has(Scope::Phrases).then_some(session.felt_state).flatten(),
            where_felt: notes.and_then(|session| session.where_felt.clone()),
            note: notes.and_then(|session| session.note.clone()).filter(|note| item::fits(note)),
            tags: notes.map(|session| session.tags.clone()),
        };
        // That something was written is told by `ratings` alone.
        if ratings.is_none() && item::pack(&shared) == b"{}" { Err(Hidden::Scope) } else { Ok(shared) }
    }

    /// What of a practice is shown.
    pub fn practice(&self, practice: &Practice) -> Result<SharedPractice, Hidden> {
        if practice.deleted == Some(true) {
            return Err(Hidden::Deleted);
        }
        if practice.visibility == Some(Visibility::Private) {
            return Err(Hidden::Private);
        }
        let all = self.has(Scope::Practices).then_some(practice);
        let notes = self.has(Scope::Notes).then_some(practice);
        if all.is_none() && notes.is_none_or(|practice| practice.description.is_none()) {
            return Err(Hidden::Scope);
        }
        Ok(SharedPractice {
            id: ItemId([0; 32]),
            slug: practice.slug.clone(),
            title: all.map(|practice| practice.title.clone()),
            kind: all.map(|practice| practice.kind),
            specificity: all.map(|practice| practice.specificity.clone()),
            cue: all.and_then(|practice| practice.cue.clone()),
            frequency: all.and_then(|practice| practice.frequency.clone()),
            difficulty: all.and_then(|practice| practice.difficulty),
            status: all.map(|practice| practice.status),
            description: notes.and_then(|practice| practice.description.clone()),
        })
    }
}

/// Whether a session was written down more than an hour after it happened.
pub fn is_backfilled(session: &Session) -> bool {
    seconds_between(session.occurred_at.timestamp(), session.recorded_at) > BACKFILLED_S
}

fn seconds_between(from: Timestamp, to: Timestamp) -> i64 {
    to.as_second() - from.as_second()
}

/// The records of a view that some grant could show, or may have shown.
pub fn shareable(view: &View) -> impl Iterator<Item = RecordId> {
    view.practices().map(|(id, _)| *id).chain(view.sessions().map(|(id, _)| *id)).chain(view.unreadable().copied())
}

#[cfg(test)]
mod tests {
    use super::*;
    use asif_proto::moment::zone;
    use asif_proto::record::{FeltState, Mark, MarkKind};
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
            deleted: None,
        }
    }

    fn shown(scopes: &[Scope], session: &Session) -> Result<Vec<String>, Hidden> {
        let since = moment("2026-11-01T00:00");
        let terms = Terms { scopes, since: &since, until: None };
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
        with(Scope::Practices, &["expectancy", "willingness", "repetitions", "duration_s"]);
        with(Scope::Phrases, &["felt_state"]);
        for scope in [Scope::Beliefs, Scope::Goals, Scope::Measures, Scope::Anchor, Scope::Rapport, Scope::SafetyPlan, Scope::Experiments] {
            with(scope, &[]);
        }
    }

    #[test]
    fn a_session_with_nothing_in_scope_is_not_told_of() {
        let practice = Some(RecordId(uuid::Uuid::from_bytes([1; 16])));
        let bare = Session { note: None, where_felt: None, tags: vec![], ..full() };
        assert_eq!(shown(&[Scope::Notes], &bare), Err(Hidden::Scope));
        assert_eq!(shown(&[Scope::Phrases, Scope::Notes], &Session { felt_state: None, ..bare.clone() }), Err(Hidden::Scope));
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
        let terms = Terms { scopes: &scopes, since: &since, until: Some(&until) };
        assert_eq!(terms.session(&full(), &View::default()).unwrap_err(), Hidden::AfterUntil);
    }
}
