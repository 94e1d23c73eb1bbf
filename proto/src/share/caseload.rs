//! What a helper sees of those who share with them.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{
    HelperPrediction, InboxItem, Loan, Scope, SharedAnchor, SharedBelief, SharedExperiment, SharedGoal, SharedPhrase, SharedPractice,
    SharedRapport, SharedSafetyPlan, SharedSession,
};
use crate::moment::Moment;
use crate::record::{HelperNote, Shown};

/// One client as `caseload` tells it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CaseloadRow {
    /// The client, as this home names them.
    pub client: String,
    /// When this home last heard from one of the client's devices.
    pub last_synced: Option<Timestamp>,
    /// Sessions that came since the client was last opened on any of this person's devices.
    pub new: u64,
    /// Of what is new: felt worse, stopped early, and large surprises.
    pub to_discuss: u64,
    /// What those are.
    #[serde(default)]
    pub discuss: Discuss,
    /// Until when, by when it happened.
    pub until: Option<Moment>,
    /// When the client ended it.
    pub ended: Option<Timestamp>,
    /// When this person left.
    #[serde(default)]
    pub left: Option<Timestamp>,
}

/// What of the new there is to talk about. No score is made of it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Discuss {
    /// Sessions that felt worse.
    pub felt_worse: u64,
    /// Sessions that were stopped early and did not feel worse.
    pub stopped_early: u64,
    /// Outcome less prediction of experiments where that is 20 or more either way, the largest first.
    pub surprises: Vec<i16>,
}

impl Discuss {
    /// How many things that is.
    pub fn count(&self) -> u64 {
        let surprises = u64::try_from(self.surprises.len()).unwrap_or(u64::MAX);
        self.felt_worse.saturating_add(self.stopped_early).saturating_add(surprises)
    }
}

/// One page before a meeting: what happened since a day.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Prep {
    /// The client.
    pub client: String,
    /// Since when, by when it happened or came.
    pub since: Timestamp,
    /// Sessions in that time.
    pub sessions: u64,
    /// Experiments with an outcome in that time, the largest surprise first; then those that are planned.
    pub experiments: Vec<SharedExperiment>,
    /// What the helper expects of each of these.
    pub predictions: Vec<HelperPrediction>,
    /// Sessions that felt worse, were stopped early or numb, newest first, and why they are told.
    pub hard: Vec<PrepSession>,
    /// Sessions and notes that the client tagged `question`, newest first.
    pub questions: Vec<SharedSession>,
    /// What of the helper's was answered in that time.
    pub answered: Vec<InboxItem>,
    /// The helper's own notes in that time, newest first.
    pub notes: Vec<Shown<HelperNote>>,
}

/// A session to talk about.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PrepSession {
    /// Why: `felt worse`, `stopped early`, `numb`.
    pub why: Vec<String>,
    /// The session.
    pub session: SharedSession,
}

/// One client, opened.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CaseloadOpen {
    /// The client.
    pub client: String,
    /// When it ended.
    pub ended: Option<Timestamp>,
    /// When this person left: then the client ended nothing.
    #[serde(default)]
    pub left: Option<Timestamp>,
    /// It ended by its time, as agreed.
    #[serde(default)]
    pub by_time: bool,
    /// It ended, and what was shared is deleted here.
    #[serde(default)]
    pub deleted: bool,
    /// What the client lets this home see.
    pub scopes: Vec<Scope>,
    /// Sessions, newest first.
    pub sessions: Vec<SharedSession>,
    /// Experiments, the last that came first.
    pub experiments: Vec<SharedExperiment>,
    /// Practices, by slug.
    pub practices: Vec<SharedPractice>,
    /// Lines of self-talk, by practice.
    #[serde(default)]
    pub phrases: Vec<SharedPhrase>,
    /// Beliefs.
    #[serde(default)]
    pub beliefs: Vec<SharedBelief>,
    /// Goals.
    #[serde(default)]
    pub goals: Vec<SharedGoal>,
    /// Anchors.
    #[serde(default)]
    pub anchors: Vec<SharedAnchor>,
    /// The safety plan.
    #[serde(default)]
    pub safety_plan: Option<SharedSafetyPlan>,
    /// How it is with this helper, oldest first.
    #[serde(default)]
    pub rapport: Vec<SharedRapport>,
    /// What this home lent.
    pub loans: Vec<Loan>,
    /// What else this home sent, newest first, with the client's answers.
    #[serde(default)]
    pub sent: Vec<InboxItem>,
    /// What this home expects of the experiments.
    #[serde(default)]
    pub predictions: Vec<HelperPrediction>,
}

impl CaseloadOpen {
    /// Nothing is here that they shared.
    pub fn is_empty(&self) -> bool {
        let Self { sessions, experiments, practices, phrases, beliefs, goals, anchors, rapport, safety_plan, .. } = self;
        sessions.is_empty()
            && experiments.is_empty()
            && practices.is_empty()
            && phrases.is_empty()
            && beliefs.is_empty()
            && goals.is_empty()
            && anchors.is_empty()
            && rapport.is_empty()
            && safety_plan.is_none()
    }
}
