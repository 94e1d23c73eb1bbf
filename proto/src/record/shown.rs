//! A record as it is shown: what it is, its id, and what it says.

use serde::{Deserialize, Serialize};

use super::{Conflict, words};
use crate::id::RecordId;

words!(
    /// What kind of record it is.
    Kind {
        /// [`Goal`](super::Goal)
        Goal = "goal",
        /// [`Belief`](super::Belief)
        Belief = "belief",
        /// [`Anchor`](super::Anchor)
        Anchor = "anchor",
        /// [`Sketch`](super::Sketch)
        Sketch = "sketch",
        /// [`Phrase`](super::Phrase)
        Phrase = "phrase",
        /// [`Experiment`](super::Experiment)
        Experiment = "experiment",
        /// [`Reminder`](super::Reminder)
        Reminder = "reminder",
        /// [`Rapport`](super::Rapport)
        Rapport = "rapport",
        /// [`HelperNote`](super::HelperNote)
        HelperNote = "helper_note",
    }
);

/// A record with its id. In JSON the fields of the record stand beside these.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Shown<T> {
    /// What it is.
    #[serde(rename = "type")]
    pub kind: Kind,
    /// Its id.
    pub id: RecordId,
    /// The shortest suffix of its id that names nothing else here.
    pub short: String,
    /// What it says.
    #[serde(flatten)]
    pub value: T,
    /// Fields that two devices changed apart, with the values that do not show.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub conflicts: Vec<Conflict>,
}
