//! What there is today.

use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::TodayReminder;
use crate::record::{Experiment, Practice, Shown};

/// What there is today. Nothing in it counts, compares or asks.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Today {
    /// The day, where the person is.
    pub date: Date,
    /// Practices that are active, easiest first; those without a difficulty last.
    pub practices: Vec<TodayPractice>,
    /// Experiments whose outcome is due today or was before, the longest due first.
    pub due: Vec<Shown<Experiment>>,
    /// Experiments that are open and not due yet.
    pub open: Vec<Shown<Experiment>>,
    /// Reminders that are due today and were shown on no desktop here, the earliest first.
    #[serde(default)]
    pub reminders: Vec<TodayReminder>,
    /// Drafts that are kept.
    pub drafts: u64,
    /// Things that helpers sent and that were not looked at yet. They are read elsewhere.
    #[serde(default)]
    pub inbox: u64,
    /// One gentle line, or none.
    pub line: Option<String>,
}

/// A practice, and when it was done.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TodayPractice {
    /// The practice.
    #[serde(flatten)]
    pub practice: Practice,
    /// Sessions of it today.
    pub today: u64,
    /// When it was last done.
    pub last: Option<Timestamp>,
}
