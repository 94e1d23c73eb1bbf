//! Beliefs: what somebody holds true of themself, as known (head) and as felt (heart).

use jiff::Timestamp;
use serde::ser::SerializeStruct;
use serde::{Deserialize, Serialize, Serializer};

use super::{Visibility, words};
use crate::id::RecordId;
use crate::rating::Rating;

words!(
    /// Whether a belief is the one that was always there or the one that is tried.
    #[derive(Default)]
    BeliefRole {
        /// The one that was always there.
        Old = "old",
        /// The one that is tried.
        #[default]
        New = "new",
    }
);
words!(
    /// What stands in the way of a new belief.
    Block {
        /// It is just how I think.
        Habit = "habit",
        /// I am sure of the old one.
        Conviction = "conviction",
        /// I feel nothing.
        Numbness = "numbness",
        /// It frightens me.
        Fear = "fear",
        /// Something else.
        Other = "other",
    }
);

/// A belief.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Belief {
    /// What is believed, in one sentence.
    pub statement: String,
    /// Old or new.
    #[serde(default)]
    pub role: BeliefRole,
    /// The old belief that this new one stands against, or the other way about.
    #[serde(default)]
    pub paired_with: Option<RecordId>,
    /// What stands in the way.
    #[serde(default)]
    pub block: Option<Block>,
    /// The goal it came with.
    #[serde(default)]
    pub goal: Option<RecordId>,
    /// How far it was believed, oldest first.
    #[serde(default)]
    pub ratings: Vec<BeliefRating>,
    /// No longer rated.
    #[serde(default)]
    pub retired: bool,
    /// When it was written down.
    pub recorded_at: Timestamp,
    /// Who may see it.
    #[serde(default)]
    pub visibility: Visibility,
    /// Deleted: hidden, can be restored.
    #[serde(default)]
    pub deleted: bool,
}

/// How far a belief was believed at one time: 0 not at all, 100 fully. 0 is fine.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct BeliefRating {
    /// I know it.
    #[serde(default)]
    pub head: Option<Rating>,
    /// I feel it.
    #[serde(default)]
    pub heart: Option<Rating>,
    /// When.
    pub at: Timestamp,
    /// What it was rated after, in words: `init`, `outcome`, or the person's own.
    #[serde(default)]
    pub context: Option<String>,
    /// The experiment that it was rated with.
    #[serde(default)]
    pub experiment: Option<RecordId>,
}

impl Serialize for BeliefRating {
    /// In JSON no experiment is left out; a format without names has to have every field.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let is_told = self.experiment.is_some() || !serializer.is_human_readable();
        let mut fields = serializer.serialize_struct("BeliefRating", 4 + usize::from(is_told))?;
        fields.serialize_field("head", &self.head)?;
        fields.serialize_field("heart", &self.heart)?;
        fields.serialize_field("at", &self.at)?;
        fields.serialize_field("context", &self.context)?;
        if is_told {
            fields.serialize_field("experiment", &self.experiment)?;
        }
        fields.end()
    }
}
