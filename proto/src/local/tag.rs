//! Tags: what is asked about them, and what is answered.

use serde::{Deserialize, Serialize};

/// What is asked about tags.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TagAsk {
    /// Tags in use. Answer: [`Reply::Tags`](super::Reply::Tags).
    List,
    /// Adds tags to a session or a note, and takes others away. Answer: [`Reply::Session`](super::Reply::Session).
    Change {
        /// An id or a unique suffix.
        id: String,
        /// Tags to add.
        add: Vec<String>,
        /// Tags to take away.
        remove: Vec<String>,
    },
    /// Calls a tag something else, wherever it is. Answer: [`Reply::TagRenamed`](super::Reply::TagRenamed).
    Rename {
        /// The tag.
        from: String,
        /// What it is called from now on.
        to: String,
    },
}

/// A tag in use.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TagView {
    /// Always `tag`.
    #[serde(rename = "type")]
    pub kind: TagTag,
    /// The tag.
    pub tag: String,
    /// Sessions and notes that have it, not counting deleted ones.
    pub sessions: u64,
}

/// The literal `tag`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum TagTag {
    /// The only value.
    #[default]
    #[serde(rename = "tag")]
    Tag,
}

/// A tag that was called something else.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TagRenamed {
    /// Always `tag_renamed`.
    #[serde(rename = "type")]
    pub kind: TagRenamedTag,
    /// What it was called.
    pub from: String,
    /// What it is called now.
    pub to: String,
    /// Sessions and notes that had it, also deleted ones.
    pub sessions: u64,
}

/// The literal `tag_renamed`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum TagRenamedTag {
    /// The only value.
    #[default]
    #[serde(rename = "tag_renamed")]
    TagRenamed,
}
