//! The recovery kit: 24 words on paper.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::id::PersonId;
use crate::secret::Secret;

/// How many words a kit has.
pub const WORDS: usize = 24;

/// What is asked about the kit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum KitAsk {
    /// Its words, while they are on this device. Answer: [`Reply::KitWords`](super::Reply::KitWords).
    Show,
    /// Whether these are words of a kit, any kit: nothing is done with them. Answer: [`Reply::KitLook`](super::Reply::KitLook).
    Look {
        /// As typed.
        words: Secret,
    },
    /// The person has written them down, as these show: they go from this device. Answer: [`Reply::KitConfirmed`](super::Reply::KitConfirmed).
    Confirm {
        /// As typed.
        words: Secret,
    },
    /// Makes this home a new device of theirs whose kit it is: what lies here is opened, or else brought from another device.
    /// Answer: [`Reply::Joined`](super::Reply::Joined).
    Restore {
        /// As typed.
        words: Secret,
        /// What this device is to be called.
        name: Option<String>,
        /// Where another device listens, if nothing lies here.
        at: Option<String>,
    },
}

/// The words of a kit, as they are written down.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KitWords {
    /// All 24, in their order.
    pub words: Vec<Secret>,
    /// Whose journal they are for.
    pub person: PersonId,
    /// The person's own name.
    pub name: Option<String>,
}

/// What words that somebody typed are.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KitLook {
    /// Each word as the list has it; null where it is none of them.
    pub words: Vec<Option<Secret>>,
    /// Of each that is none, the nearest that the list has.
    pub near: Vec<Option<Secret>>,
}

/// How it is with the kit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KitView {
    /// When somebody showed that the words are written down; null: nobody has yet.
    pub confirmed_at: Option<Timestamp>,
    /// The words, and the root key with them, are on this device.
    pub here: bool,
    /// The device that made the journal, where this is another one and nothing is confirmed yet: it has the words.
    pub on: Option<String>,
}
