//! Phrases: what one says to oneself in a practice.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Visibility, words};
use crate::id::RecordId;

words!(
    /// How a phrase speaks.
    PhraseForm {
        /// May I be safe.
        Wish = "wish",
        /// I am allowed to rest.
        Statement = "statement",
        /// What would I say to M. now?
        Question = "question",
        /// You did what you could.
        SecondPerson = "second_person",
    }
);

/// One line of self-talk. `P` is how its practice is named: by id where it is stored, by slug where it is shown.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Phrase<P = RecordId> {
    /// The practice it belongs to.
    pub practice: P,
    /// What one used to say.
    #[serde(default)]
    pub old_line: Option<String>,
    /// What one says now.
    pub new_line: String,
    /// How it speaks.
    #[serde(default)]
    pub form: Option<PhraseForm>,
    /// In whose voice it is heard.
    #[serde(default)]
    pub voice: Option<String>,
    /// Its place among the phrases of the practice, from 1.
    #[serde(default)]
    pub order: u32,
    /// When it was written down.
    pub recorded_at: Timestamp,
    /// Who may see it.
    #[serde(default)]
    pub visibility: Visibility,
    /// Deleted: hidden, can be restored.
    #[serde(default)]
    pub deleted: bool,
}
