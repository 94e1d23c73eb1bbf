//! What is asked about the safety plan.

use serde::{Deserialize, Serialize};

use crate::record::SafetyPlan;

/// About the safety plan. Answer: [`Reply::SafetyPlan`](super::Reply::SafetyPlan).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SafetyPlanAsk {
    /// As it stands.
    Show,
    /// Change it.
    Edit {
        /// What is said anew; an empty text empties its part.
        parts: SafetyPlan,
        /// Keep a copy on this device that can be read without opening the journal, or remove it; none: as it is.
        readable: Option<bool>,
    },
}
