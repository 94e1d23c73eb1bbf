//! Copies of records as a helper gets them: only what the grant's scopes name; every other field is null.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::id::ItemId;
use crate::moment::Moment;
use crate::rating::Rating;
use crate::record::{Basis, FeltState, PracticeKind, PracticeStatus, Specificity};

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
