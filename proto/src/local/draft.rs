//! Drafts: what was typed and not yet said. They stay on this device, sealed.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// The most drafts that are kept.
pub const MAX_DRAFTS: usize = 500;
/// The most bytes that one draft may hold.
pub const MAX_DRAFT: usize = 512 * 1024;

/// About drafts. Answer: [`Reply::Draft`](super::Reply::Draft), for a list [`Reply::Drafts`](super::Reply::Drafts).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DraftAsk {
    /// Keep it, in the place of an earlier one with the same id. On stable storage when this is answered.
    Keep(Box<Keeping>),
    /// Every draft, newest first.
    List,
    /// One of them.
    Show {
        /// An id or a unique suffix; none: the newest.
        id: Option<String>,
    },
    /// Forget it.
    Drop {
        /// An id or a unique suffix; none: the only one.
        id: Option<String>,
        /// Only as it was last kept then: words that came into it since stay, and the answer is the draft with them.
        #[serde(default)]
        after: Option<Timestamp>,
    },
}

/// A draft to keep. Two that go on with one draft at once must not take each other's words away.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Keeping {
    /// The draft.
    #[serde(flatten)]
    pub draft: Draft,
    /// When it was last kept, as far as whoever keeps it now has read it. Where another has kept other words since, they stay, nothing is kept, and
    /// the answer is the draft with them: it tells another time than this one.
    #[serde(default)]
    pub after: Option<Timestamp>,
}

impl Keeping {
    /// A draft that nobody is thought to have kept before.
    pub fn new(draft: Draft) -> Self {
        Self { draft, after: None }
    }
}

/// What was typed for one command.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Draft {
    /// The id that what comes of it will have: said twice, it is stored once.
    pub id: Uuid,
    /// The shortest suffix of its id that names no other draft.
    #[serde(default)]
    pub short: String,
    /// The words of the command, after the program's own name.
    pub words: Vec<String>,
    /// What was answered, by the name of the question.
    pub answers: BTreeMap<String, String>,
    /// What was being typed, and for which question.
    pub typing: Option<(String, String)>,
    /// When it was begun.
    pub begun_at: Timestamp,
    /// When it was last kept; tells one state of it from another.
    pub kept_at: Timestamp,
}

impl Draft {
    /// Whether the other says the same.
    pub fn says(&self, other: &Self) -> bool {
        (&self.words, &self.answers, &self.typing) == (&other.words, &other.answers, &other.typing)
    }
}
