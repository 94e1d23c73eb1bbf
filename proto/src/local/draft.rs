//! Drafts: what was typed and not yet said. They stay on this device, sealed.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// The most drafts that are kept.
pub const MAX_DRAFTS: usize = 100;
/// The most bytes that one draft may hold.
pub const MAX_DRAFT: usize = 512 * 1024;

/// About drafts. Answer: [`Reply::Draft`](super::Reply::Draft), for a list [`Reply::Drafts`](super::Reply::Drafts).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DraftAsk {
    /// Keep it, in the place of an earlier one with the same id. On stable storage when this is answered.
    Keep(Box<Draft>),
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
    },
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
    /// When it was last kept.
    pub kept_at: Timestamp,
}
