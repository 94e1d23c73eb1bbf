//! What a helper sees of those who share with them.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Loan, Scope, SharedPractice, SharedSession};
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
    /// Experiments.
    pub experiments: Vec<serde_json::Value>,
    /// Practices, by slug.
    pub practices: Vec<SharedPractice>,
    /// What this home lent.
    pub loans: Vec<Loan>,
}
