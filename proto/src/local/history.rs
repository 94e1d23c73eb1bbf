//! What was ever written in a record.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::id::RecordId;
use crate::moment::Moment;
use crate::record::words;

/// A record and all that was ever written in it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct History {
    /// The record.
    pub id: RecordId,
    /// The shortest suffix of its id that names nothing else here.
    #[serde(default)]
    pub short: String,
    /// What kind of record: `session`, `practice`, `goal` ...
    pub kind: String,
    /// What it is called: a session's practice, a belief's words; null for a note.
    pub title: Option<String>,
    /// When a session happened.
    pub occurred_at: Option<Moment>,
    /// What was done to it, each after what it builds on.
    pub steps: Vec<HistoryStep>,
}

/// One change of a record.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct HistoryStep {
    /// When, as the clock of its device said; null: an older program did not say.
    pub at: Option<Timestamp>,
    /// The device it was made on; null: not known here.
    pub device: Option<String>,
    /// What was done: `log`, `edit`, `undo edit` ...
    pub what: String,
    /// What it changed.
    pub changes: Vec<FieldChange>,
}

/// One field in one change.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FieldChange {
    /// The field.
    pub field: String,
    /// What it said before; null: nothing.
    pub from: Value,
    /// What it said then; null: it was emptied.
    pub to: Value,
    /// What became of that.
    pub now: Now,
}

words!(
    /// What became of something that was written.
    Now {
        /// It shows.
        Shown = "shown",
        /// It is part of the text that shows: what was changed apart, in one.
        Merged = "merged",
        /// It was changed apart from what shows, and does not show.
        Kept = "kept",
        /// It was changed later.
        Replaced = "replaced",
    }
);
