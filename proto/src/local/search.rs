//! Finding what was written down by its words.

use serde::{Deserialize, Serialize};

use super::ListFilter;
use crate::id::RecordId;
use crate::moment::Moment;
use crate::record::words;

words!(
    /// What was found.
    FoundType {
        /// A session, or without a practice a note.
        Session = "session",
        /// A practice.
        Practice = "practice",
        /// A goal.
        Goal = "goal",
        /// A belief.
        Belief = "belief",
        /// An anchor.
        Anchor = "anchor",
        /// A sketch.
        Sketch = "sketch",
        /// A phrase.
        Phrase = "phrase",
        /// An experiment.
        Experiment = "experiment",
        /// A reminder.
        Reminder = "reminder",
        /// How it is with a helper.
        Rapport = "rapport",
        /// A helper's own note.
        HelperNote = "helper_note",
        /// The safety plan.
        SafetyPlan = "safety_plan",
        /// What the person would like to be different.
        Wish = "wish",
    }
);

/// What to look for. Answer: [`Reply::Search`](super::Reply::Search).
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SearchAsk {
    /// As typed: words, phrases, tags, practices, days; all of them must hold.
    pub query: String,
    /// What else must hold. Deleted records are never found.
    pub filter: ListFilter,
    /// Only what was typed, no other names for it.
    pub exact: bool,
}

/// What was found.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SearchView {
    /// What was looked for, as typed.
    pub query: String,
    /// Other names that were looked for too.
    pub also: Vec<String>,
    /// How many records hold all of it.
    pub found: u64,
    /// The newest of them, newest first: all, or as many as were asked for.
    pub hits: Vec<Hit>,
}

/// A record that was found.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Hit {
    /// What it is.
    #[serde(rename = "type")]
    pub kind: FoundType,
    /// Its id.
    pub id: RecordId,
    /// The shortest suffix of its id that names nothing else here; of what there is one of, its name: `crisis`, `wish`.
    pub short: String,
    /// When it happened; of an experiment, when it was planned; of what has no such time, when it was written down, in the reader's zone. Null: of
    /// what there is one of, which is written again and again.
    pub at: Option<Moment>,
    /// The slug of the practice that it is, or belongs to.
    pub practice: Option<String>,
    /// The field that the snippet is from.
    pub field: Option<String>,
    /// A piece of that field; null where nothing is written in the record.
    pub snippet: Option<Snippet>,
}

/// A piece of a text on one line, around what was found in it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Snippet {
    /// What stands before it; begins with `...` where more does.
    pub before: String,
    /// What was found, as it was written; empty where no words were looked for.
    #[serde(rename = "match")]
    pub found: String,
    /// What stands after it; ends with `...` where more does.
    pub after: String,
}
