//! What is kept for hard days: a time when one acted as if, and a person like oneself who would.

use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::Visibility;
use crate::id::RecordId;
use crate::rating::Rating;

/// A time when the person was polite to somebody without believing that they deserved it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Anchor {
    /// Who it was: a label of the person's own, for nobody else.
    #[serde(default)]
    pub who_label: Option<String>,
    /// What the person did.
    pub act: String,
    /// How much the other deserved it: 0 not at all, 100 fully.
    #[serde(default)]
    pub deserved: Option<Rating>,
    /// How polite the person was: 0 not at all, 100 very.
    #[serde(default)]
    pub polite: Option<Rating>,
    /// When it was written down.
    pub recorded_at: Timestamp,
    /// Who may see it.
    #[serde(default)]
    pub visibility: Visibility,
    /// Deleted: hidden, can be restored.
    #[serde(default)]
    pub deleted: bool,
}

/// Somebody a lot like oneself who treats themself kindly: plausible, and not one's opposite.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Sketch {
    /// Who they are and how they go about things.
    pub text: String,
    /// How plausible they seem: 0 not at all, 100 fully.
    #[serde(default)]
    pub plausible: Option<Rating>,
    /// The first day of acting as they would.
    #[serde(default)]
    pub starts: Option<Date>,
    /// The last.
    #[serde(default)]
    pub ends: Option<Date>,
    /// What they would do and say, as practices.
    #[serde(default)]
    pub practices: Vec<RecordId>,
    /// When it was written down.
    pub recorded_at: Timestamp,
    /// Who may see it.
    #[serde(default)]
    pub visibility: Visibility,
    /// Deleted: hidden, can be restored.
    #[serde(default)]
    pub deleted: bool,
}
