//! What a helper sees of those who share with them.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{
    Loan, Scope, SharedAnchor, SharedBelief, SharedExperiment, SharedGoal, SharedPhrase, SharedPractice, SharedSafetyPlan, SharedSession,
};
use crate::moment::Moment;

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
    /// What this home lent.
    pub loans: Vec<Loan>,
}

impl CaseloadOpen {
    /// Nothing is here that they shared.
    pub fn is_empty(&self) -> bool {
        let Self { sessions, experiments, practices, phrases, beliefs, goals, anchors, safety_plan, .. } = self;
        sessions.is_empty()
            && experiments.is_empty()
            && practices.is_empty()
            && phrases.is_empty()
            && beliefs.is_empty()
            && goals.is_empty()
            && anchors.is_empty()
            && safety_plan.is_none()
    }
}
