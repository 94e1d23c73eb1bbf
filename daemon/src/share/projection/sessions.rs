//! Sessions and practices.

use asif_proto::id::ItemId;
use asif_proto::record::Basis;
use asif_proto::share::{Scope, SharedPractice, SharedSession};

use super::{Hidden, Terms, hold_of, practice_of, stands};
use crate::journal::record::{Practice, Session};
use crate::journal::view::View;
use crate::share::item;

/// A session that was written down later than this after it happened is backfilled, in seconds.
const BACKFILLED_S: i64 = 3600;

impl Terms<'_> {
    /// What of a session is shown.
    pub fn session(&self, session: &Session, view: &View) -> Result<SharedSession, Hidden> {
        if session.deleted == Some(true) {
            return Err(Hidden::Deleted);
        }
        let practice = session.practice.map(|id| practice_of(view, id)).transpose()?;
        stands(false, session.visibility.unwrap_or_default())?;
        self.not_held(session.hold_until.as_ref())?;
        self.not_held(hold_of(view, session.experiment))?;
        self.within(session.occurred_at.timestamp())?;
        if practice.is_none() && !self.has(Scope::Notes) {
            return Err(Hidden::BareNote);
        }
        if ![Scope::Ratings, Scope::Practices, Scope::Phrases, Scope::Notes].iter().any(|scope| self.has(*scope)) {
            return Err(Hidden::Scope);
        }
        let ratings = self.has(Scope::Ratings).then_some(session);
        let practices = self.has(Scope::Practices).then_some(session);
        let phrases = self.has(Scope::Phrases).then_some(session);
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
            landed_s: practices.and_then(Session::landed_s),
            felt_state: phrases.and_then(|session| session.felt_state),
            marks: phrases.map(|session| session.marks.clone()).filter(|marks| !marks.is_empty()),
            where_felt: notes.and_then(|session| session.where_felt.clone()),
            note: notes.and_then(|session| session.note.clone()).filter(|note| item::fits(note)),
            tags: notes.map(|session| session.tags.clone()),
        };
        // That something was written is told by `ratings` alone.
        if ratings.is_none() && item::pack(&shared) == b"{}" { Err(Hidden::Scope) } else { Ok(shared) }
    }

    /// What of a practice is shown.
    pub fn practice(&self, practice: &Practice) -> Result<SharedPractice, Hidden> {
        stands(practice.deleted == Some(true), practice.visibility.unwrap_or_default())?;
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
    session.recorded_at.as_second() - session.occurred_at.timestamp().as_second() > BACKFILLED_S
}
