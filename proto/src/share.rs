//! What a client and a helper share: scopes, grants, projected items and loans.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::id::{GrantId, ItemId};
use crate::moment::Moment;
use crate::rating::Rating;
use crate::record::{Basis, FeltState, PracticeKind, PracticeStatus, Specificity, words};

words!(
    /// What a grant lets a helper see. A field or a record that no scope names is in none.
    Scope {
        /// Sessions: times, practice, basis, ratings, felt worse, stopped early.
        Ratings = "ratings",
        /// Practices, and of sessions expectancy, willingness, repetitions, duration.
        Practices = "practices",
        /// Experiments.
        Experiments = "experiments",
        /// Phrases and self-talk; of sessions felt state and marks.
        Phrases = "phrases",
        /// Beliefs.
        Beliefs = "beliefs",
        /// Goals.
        Goals = "goals",
        /// Measures.
        Measures = "measures",
        /// Anchors.
        Anchor = "anchor",
        /// Rapport ratings.
        Rapport = "rapport",
        /// The safety plan.
        SafetyPlan = "safety_plan",
        /// Session notes, where it was felt, tags; descriptions of practices.
        Notes = "notes",
    }
);
words!(
    /// Who a helper is to the client.
    Role {
        /// A therapist.
        Therapist = "therapist",
        /// A counsellor.
        Counsellor = "counsellor",
        /// A coach.
        Coach = "coach",
        /// A sponsor.
        Sponsor = "sponsor",
        /// A friend.
        Friend = "friend",
        /// Family.
        Family = "family",
        /// A helper of another kind.
        Helper = "helper",
    }
);

impl Role {
    /// The scopes of an invitation that names none: for friend and family only `ratings`.
    pub fn default_scopes(self) -> &'static [Scope] {
        match self {
            Role::Friend | Role::Family => &[Scope::Ratings],
            _ => &[Scope::Ratings, Scope::Practices, Scope::Experiments],
        }
    }
}

/// A projected session: only what the grant's scopes name; every other field is null.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SharedSession {
    /// The item.
    pub id: ItemId,
    /// Scope `ratings`: the practice's slug.
    pub practice: Option<String>,
    /// Scope `ratings`: when it happened.
    pub occurred_at: Option<Moment>,
    /// Scope `ratings`: when it was written down.
    pub recorded_at: Option<Timestamp>,
    /// Scope `ratings`: written down more than an hour after it happened.
    pub backfilled: Option<bool>,
    /// Scope `ratings`.
    pub basis: Option<Basis>,
    /// Scope `ratings`.
    pub before: Option<Rating>,
    /// Scope `ratings`.
    pub after: Option<Rating>,
    /// Scope `ratings`.
    pub acted_as_if: Option<Rating>,
    /// Scope `ratings`.
    pub felt_real: Option<Rating>,
    /// Scope `ratings`.
    pub felt_worse: Option<bool>,
    /// Scope `ratings`.
    pub stopped_early: Option<bool>,
    /// Scope `practices`.
    pub expectancy: Option<Rating>,
    /// Scope `practices`.
    pub willingness: Option<Rating>,
    /// Scope `practices`.
    pub repetitions: Option<u32>,
    /// Scope `practices`.
    pub duration_s: Option<u32>,
    /// Scope `phrases`.
    pub felt_state: Option<FeltState>,
    /// Scope `notes`.
    pub where_felt: Option<String>,
    /// Scope `notes`.
    pub note: Option<String>,
    /// Scope `notes`.
    pub tags: Option<Vec<String>>,
}

/// A projected practice.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SharedPractice {
    /// The item.
    pub id: ItemId,
    /// The short name; visible with `ratings` too.
    pub slug: String,
    /// Scope `practices`.
    pub title: Option<String>,
    /// Scope `practices`.
    pub kind: Option<PracticeKind>,
    /// Scope `practices`.
    pub specificity: Option<Specificity>,
    /// Scope `practices`.
    pub cue: Option<String>,
    /// Scope `practices`.
    pub frequency: Option<String>,
    /// Scope `practices`.
    pub difficulty: Option<Rating>,
    /// Scope `practices`.
    pub status: Option<PracticeStatus>,
    /// Scope `notes`.
    pub description: Option<String>,
}

/// A belief lent by a helper.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Loan {
    /// The item.
    pub id: ItemId,
    /// Who lends it, as this home names them.
    pub lender: String,
    /// The practice it is for, by slug.
    pub practice: String,
    /// The lender's own words.
    pub statement: String,
    /// How strongly the lender believes it, 0 to 100.
    pub strength: Rating,
    /// When it was lent.
    pub lent_at: Timestamp,
    /// Until when; null: until the sharing ends.
    pub until: Option<Moment>,
    /// Past its end, or the sharing has ended.
    pub ended: bool,
}

/// A grant as `share list` tells it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct GrantView {
    /// The grant.
    pub id: GrantId,
    /// The short form of it on screen, `r-` and four or more digits.
    pub receipt: String,
    /// The helper, as the client names them.
    pub name: String,
    /// Who they are.
    pub role: Role,
    /// What they may see.
    pub scopes: Vec<Scope>,
    /// From when on, by when it happened.
    pub since: Moment,
    /// Until when, by when it happened.
    pub until: Option<Moment>,
    /// The helper has joined.
    pub joined: bool,
    /// When the client ended it.
    pub ended: Option<Timestamp>,
    /// Devices of the helper.
    pub devices: u32,
    /// Items published now.
    pub items: u64,
    /// Why nothing is published at the moment, where that is so.
    pub waiting: Option<String>,
    /// The helper's device has heard that it ended.
    pub end_reached: Option<bool>,
}

/// What a helper would see under a grant, computed by the very code that projects.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Preview {
    /// The helper.
    pub name: String,
    /// Who they are.
    pub role: Role,
    /// What they may see.
    pub scopes: Vec<Scope>,
    /// From when on.
    pub since: Moment,
    /// Until when.
    pub until: Option<Moment>,
    /// The name of the client that the helper will see.
    pub client: String,
    /// Sessions that would be seen.
    pub sessions: u64,
    /// Practices that would be seen.
    pub practices: u64,
    /// Of the seen sessions, how many have a note that would be seen.
    pub notes: u64,
    /// The newest sessions as the helper would see them, at most three.
    pub examples: Vec<SharedSession>,
    /// What would not be seen, counted.
    pub withheld: Withheld,
}

/// What a helper would not see, counted.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Withheld {
    /// Notes on sessions.
    pub notes: u64,
    /// Sessions and practices marked private.
    pub private: u64,
    /// Sessions before `since`.
    pub before_since: u64,
    /// Sessions from `until` on.
    pub after_until: u64,
    /// Notes without a practice.
    pub bare_notes: u64,
}

/// One client as `caseload` tells it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CaseloadRow {
    /// The client, as this home names them.
    pub client: String,
    /// When this home last heard from one of the client's devices.
    pub last_synced: Option<Timestamp>,
    /// Sessions that came since the client was last opened here.
    pub new: u64,
    /// Of those, felt worse, or stopped early.
    pub to_discuss: u64,
    /// Until when, by when it happened.
    pub until: Option<Moment>,
    /// When the client ended it.
    pub ended: Option<Timestamp>,
}

/// One client, opened.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CaseloadOpen {
    /// The client.
    pub client: String,
    /// When the client ended it.
    pub ended: Option<Timestamp>,
    /// What the client lets this home see.
    pub scopes: Vec<Scope>,
    /// Sessions, newest first.
    pub sessions: Vec<SharedSession>,
    /// Experiments.
    pub experiments: Vec<serde_json::Value>,
    /// Practices, by slug.
    pub practices: Vec<SharedPractice>,
    /// What this home lent.
    pub loans: Vec<Loan>,
}
