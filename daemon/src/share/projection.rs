//! What of a record a grant shows. One place decides: the preview and what is sent both ask here.
//!
//! A record or a field that no scope names is in none. `sessions` has sessions and practices, `plan` what the plan holds.

mod plan;
mod sessions;
#[cfg(test)]
mod tests;

use asif_proto::id::{GrantId, RecordId};
use asif_proto::moment::Moment;
use asif_proto::record::{HoldUntil, SAFETY_PLAN, Visibility};
use asif_proto::share::{
    Scope, SharedAnchor, SharedAnswer, SharedBelief, SharedExperiment, SharedGoal, SharedPhrase, SharedPractice, SharedRapport,
    SharedSafetyPlan, SharedSession,
};
use jiff::Timestamp;

use super::item;
use crate::journal::kept::Kept;
use crate::journal::record::{Grant, Practice};
use crate::journal::view::View;

pub use sessions::is_backfilled;

/// What a grant lets through, at one time.
#[derive(Debug, Clone, Copy)]
pub struct Terms<'a> {
    /// The grant.
    pub id: GrantId,
    /// What may be seen.
    pub scopes: &'a [Scope],
    /// From when on.
    pub since: &'a Moment,
    /// Until when.
    pub until: Option<&'a Moment>,
    /// What is kept back until later than this is not shown.
    pub now: Timestamp,
}

/// A copy of what a grant shows of a record. Its item id is the caller's.
#[derive(Debug, Clone, PartialEq)]
pub enum Shared {
    /// A session or a note.
    Session(Box<SharedSession>),
    /// A practice.
    Practice(Box<SharedPractice>),
    /// An experiment.
    Experiment(Box<SharedExperiment>),
    /// A line of self-talk.
    Phrase(SharedPhrase),
    /// A belief.
    Belief(SharedBelief),
    /// A goal.
    Goal(SharedGoal),
    /// An anchor.
    Anchor(SharedAnchor),
    /// The safety plan.
    SafetyPlan(Box<SharedSafetyPlan>),
    /// How it is with this helper.
    Rapport(SharedRapport),
    /// An answer to something that this helper sent.
    Answer(SharedAnswer),
}

/// Why a record is not shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hidden {
    /// Deleted.
    Deleted,
    /// Marked private, or its practice is.
    Private,
    /// Kept back for now.
    Held,
    /// It, or its practice, is not here or cannot be read: whether that is private cannot be known.
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
    pub fn of(id: GrantId, grant: &'a Grant, now: Timestamp) -> Self {
        Self { id, scopes: &grant.scopes, since: &grant.since, until: grant.until.as_ref(), now }
    }

    /// What of a record is shown.
    pub fn shown(&self, view: &View, record: RecordId) -> Result<Shared, Hidden> {
        if let Some(row) = view.session(&record) {
            return self.session(&row.value, view).map(|one| Shared::Session(Box::new(one)));
        }
        if let Some(row) = view.practice(&record) {
            return self.practice(&row.value).map(|one| Shared::Practice(Box::new(one)));
        }
        if record == SAFETY_PLAN
            && let Some(row) = view.safety_plan()
        {
            return self.safety_plan(&row.value).map(|one| Shared::SafetyPlan(Box::new(one)));
        }
        if let Some(row) = view.answer(&record) {
            return self.answer(&row.value).map(Shared::Answer);
        }
        match &view.kept(&record).ok_or(Hidden::Unknown)?.value {
            Kept::Experiment(one) => self.experiment(one, view).map(|one| Shared::Experiment(Box::new(one))),
            Kept::Phrase(one) => self.phrase(one, view).map(Shared::Phrase),
            Kept::Belief(one) => self.belief(one, view).map(Shared::Belief),
            Kept::Goal(one) => self.goal(one).map(Shared::Goal),
            Kept::Anchor(one) => self.anchor(one).map(Shared::Anchor),
            Kept::Rapport(one) => self.rapport(one).map(Shared::Rapport),
            Kept::Sketch(_) | Kept::Reminder(_) | Kept::HelperNote(_) => Err(Hidden::Scope),
        }
    }

    fn has(&self, scope: Scope) -> bool {
        self.scopes.contains(&scope)
    }

    fn needs(&self, scope: Scope) -> Result<(), Hidden> {
        if self.has(scope) { Ok(()) } else { Err(Hidden::Scope) }
    }

    /// Whether something of this time is within the bounds.
    fn within(&self, at: Timestamp) -> Result<(), Hidden> {
        if at < self.since.timestamp() {
            return Err(Hidden::BeforeSince);
        }
        if self.until.is_some_and(|until| at >= until.timestamp()) {
            return Err(Hidden::AfterUntil);
        }
        Ok(())
    }

    fn is_within(&self, at: Timestamp) -> bool {
        self.within(at).is_ok()
    }

    fn not_held(&self, hold: Option<&HoldUntil>) -> Result<(), Hidden> {
        if hold.is_some_and(|hold| hold.holds(self.now)) { Err(Hidden::Held) } else { Ok(()) }
    }
}

/// The practice that something belongs to, where that may be named.
fn practice_of(view: &View, practice: RecordId) -> Result<&Practice, Hidden> {
    let practice = &view.practice(&practice).ok_or(Hidden::Unknown)?.value;
    stands(false, practice.visibility.unwrap_or_default()).map(|()| practice)
}

impl Shared {
    /// The item: its kind and itself, packed.
    pub fn to_item(&self) -> (u16, Vec<u8>) {
        match self {
            Self::Session(one) => (item::SESSION, item::pack(one)),
            Self::Practice(one) => (item::PRACTICE, item::pack(one)),
            Self::Experiment(one) => (item::EXPERIMENT, item::pack(one)),
            Self::Phrase(one) => (item::PHRASE, item::pack(one)),
            Self::Belief(one) => (item::BELIEF, item::pack(one)),
            Self::Goal(one) => (item::GOAL, item::pack(one)),
            Self::Anchor(one) => (item::ANCHOR, item::pack(one)),
            Self::SafetyPlan(one) => (item::SAFETY_PLAN, item::pack(one)),
            Self::Rapport(one) => (item::RAPPORT, item::pack(one)),
            Self::Answer(one) => (item::ANSWER, item::pack(one)),
        }
    }
}

fn stands(deleted: bool, visibility: Visibility) -> Result<(), Hidden> {
    match (deleted, visibility) {
        (true, _) => Err(Hidden::Deleted),
        (false, Visibility::Private) => Err(Hidden::Private),
        (false, Visibility::Inherit) => Ok(()),
    }
}

/// Whether nobody sees a record whatever is shared: it, or its practice, is marked private.
pub fn is_private(view: &View, record: RecordId) -> bool {
    let practice = match (view.session(&record), view.kept(&record).map(|row| &row.value)) {
        (Some(row), _) if row.value.visibility == Some(Visibility::Private) => return true,
        (Some(row), _) => row.value.practice,
        (None, Some(Kept::Experiment(one))) if one.visibility == Visibility::Private => return true,
        (None, Some(Kept::Experiment(one))) => Some(one.practice),
        (None, _) => None,
    };
    practice.and_then(|id| view.practice(&id)).is_some_and(|row| row.value.visibility == Some(Visibility::Private))
}

/// The records whose changes change what is shown of a record, beside itself.
pub fn rests_on(view: &View, record: RecordId) -> Vec<RecordId> {
    if let Some(row) = view.session(&record) {
        return row.value.practice.into_iter().chain(row.value.experiment).collect();
    }
    match view.kept(&record).map(|row| &row.value) {
        Some(Kept::Experiment(one)) => [Some(one.practice), one.session].into_iter().flatten().collect(),
        Some(Kept::Phrase(one)) => vec![one.practice],
        Some(Kept::Belief(one)) => {
            let mut all: Vec<RecordId> = one.paired_with.into_iter().collect();
            for experiment in one.ratings.iter().filter_map(|rating| rating.experiment) {
                all.push(experiment);
                all.extend(rests_on(view, experiment));
            }
            all.sort_unstable();
            all.dedup();
            all
        }
        _ => Vec::new(),
    }
}

/// The records of which something is told with a record, beside itself.
pub fn told_with(view: &View, record: RecordId) -> Vec<RecordId> {
    if let Some(row) = view.session(&record) {
        return row.value.practice.into_iter().collect();
    }
    match view.kept(&record).map(|row| &row.value) {
        Some(Kept::Belief(one)) => one.paired_with.into_iter().collect(),
        _ => rests_on(view, record),
    }
}

/// When what is kept back of a record is let go by itself.
pub fn held_until(view: &View, record: &RecordId) -> Option<Timestamp> {
    let hold = match (view.session(record), view.kept(record).map(|row| &row.value)) {
        (Some(row), _) => return until(row.value.hold_until.as_ref()).max(until(hold_of(view, row.value.experiment))),
        (_, Some(Kept::Experiment(one))) => one.hold_until.as_ref(),
        _ => None,
    };
    until(hold)
}

fn until(hold: Option<&HoldUntil>) -> Option<Timestamp> {
    match hold? {
        HoldUntil::Open => None,
        HoldUntil::At(at) => Some(at.timestamp()),
    }
}

/// What is kept back of the experiment that a session was: what it felt like is the outcome.
pub(super) fn hold_of(view: &View, experiment: Option<RecordId>) -> Option<&HoldUntil> {
    match &view.kept(&experiment?)?.value {
        Kept::Experiment(one) => one.hold_until.as_ref(),
        _ => None,
    }
}

/// The records of which [`held_until`] may tell a time: those of which it tells none are left out as far as that is known without opening them.
pub fn may_be_held(view: &View) -> impl Iterator<Item = RecordId> {
    view.held_sessions().chain(view.all_kept().map(|(id, _)| id)).copied()
}

/// The records of a view that some grant could show, or may have shown.
pub fn shareable(view: &View) -> impl Iterator<Item = RecordId> {
    let plan = view.safety_plan().map(|_| SAFETY_PLAN);
    let lasting = view.practices().map(|(id, _)| *id).chain(view.all_kept().map(|(id, _)| *id)).chain(plan);
    let lasting = lasting.chain(view.answers().map(|(id, _)| *id));
    lasting.chain(view.session_ids().copied()).chain(view.unreadable().copied())
}
