//! What is asked about what a helper gives back, on either side.

use serde::{Deserialize, Serialize};

use super::PracticeFields;
use crate::id::ItemId;
use crate::rating::Rating;
use crate::record::{PracticeKind, Specificity, Visibility};
use crate::share::Fit;

/// About what helpers sent to this person.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum InboxAsk {
    /// What waits for an answer or was not looked at yet. Answer: [`Reply::Inbox`](super::Reply::Inbox).
    List {
        /// Everything there is.
        all: bool,
    },
    /// These were told: they count as looked at. Answer: [`Reply::Done`](super::Reply::Done).
    Looked {
        /// By their ids.
        ids: Vec<ItemId>,
    },
    /// Takes a suggestion on. Answer: [`Reply::InboxItem`](super::Reply::InboxItem).
    Accept {
        /// An id or a unique suffix.
        id: String,
        /// What is to be other than suggested.
        changes: Box<PracticeFields>,
        /// The new practice's short name.
        slug: Option<String>,
    },
    /// Declines a suggestion, or puts it off. Answer: [`Reply::InboxItem`](super::Reply::InboxItem).
    Decide {
        /// An id or a unique suffix.
        id: String,
        /// Put off; else declined.
        later: bool,
    },
    /// Answers what a helper has understood. Answer: [`Reply::InboxItem`](super::Reply::InboxItem).
    Answer {
        /// An id or a unique suffix.
        id: String,
        /// How far it fits.
        fit: Fit,
        /// What is to be said to it.
        words: Option<String>,
    },
    /// Gives a loan back. Answer: [`Reply::Loan`](super::Reply::Loan).
    Return {
        /// An id or a unique suffix.
        id: String,
    },
}

/// About how it is with helpers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RapportAsk {
    /// Writes down how it is. Answer: [`Reply::Rapport`](super::Reply::Rapport).
    Rate {
        /// The helper's name.
        helper: String,
        /// How understood: 0 not at all, 100 fully.
        understood: Option<Rating>,
        /// Trust, likewise.
        trust: Option<Rating>,
        /// Agreement, likewise.
        agreement: Option<Rating>,
        /// Who may see it.
        visibility: Visibility,
    },
    /// All of them, oldest first. Answer: [`Reply::Rapports`](super::Reply::Rapports).
    List {
        /// Only this helper's.
        helper: Option<String>,
    },
}

/// A practice to suggest.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct NewSuggestion {
    /// What it is.
    pub title: String,
    /// What kind of thing.
    pub kind: PracticeKind,
    /// Why.
    pub why: Option<String>,
    /// What reminds one of it.
    pub cue: Option<String>,
    /// How often.
    pub frequency: Option<String>,
    /// When, where, how long.
    pub specificity: Specificity,
    /// How hard it seems.
    pub difficulty: Option<Rating>,
}

/// What a helper does with one of those who share with them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct HelperAsk {
    /// The client's name.
    pub client: String,
    /// What.
    pub what: HelperDeed,
}

/// What is done.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HelperDeed {
    /// What to talk about. Answer: [`Reply::Prep`](super::Reply::Prep).
    Prep {
        /// Since when, as typed; none: the last two weeks.
        since: Option<String>,
    },
    /// The helper's own notes, newest first. Answer: [`Reply::HelperNotes`](super::Reply::HelperNotes).
    Notes,
    /// Writes one. Answer: [`Reply::HelperNote`](super::Reply::HelperNote).
    Note {
        /// The note.
        text: String,
    },
    /// Takes a loan back. Answer: [`Reply::Loan`](super::Reply::Loan).
    Withdraw {
        /// An id or a unique suffix.
        loan: String,
    },
    /// Suggests a practice. Answer: [`Reply::InboxItem`](super::Reply::InboxItem).
    Suggest(NewSuggestion),
    /// Says what was understood. Answer: [`Reply::InboxItem`](super::Reply::InboxItem).
    Understood {
        /// In the helper's words.
        text: String,
    },
    /// Says something about what was shared. Answer: [`Reply::InboxItem`](super::Reply::InboxItem).
    Reply {
        /// The item's id or a unique suffix.
        to: String,
        /// In the helper's words.
        text: String,
    },
    /// Says what to expect of an experiment; nothing changes it afterwards. Answer: [`Reply::HelperPrediction`](super::Reply::HelperPrediction).
    Predict {
        /// The item's id or a unique suffix.
        experiment: String,
        /// In words.
        text: Option<String>,
        /// The client's feeling after.
        rating: Option<Rating>,
    },
    /// Calls the client something else here. Answer: [`Reply::Caseload`](super::Reply::Caseload) with one entry.
    Rename {
        /// The new name.
        name: String,
    },
    /// Ends the sharing from the helper's side. Answer: [`Reply::Caseload`](super::Reply::Caseload) with one entry.
    Leave,
    /// Puts away what is left after the end. Answer: [`Reply::Purged`](super::Reply::Purged).
    Purge {
        /// The helper's own notes too.
        notes: bool,
    },
}

/// What was put away.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Purged {
    /// The client.
    pub client: String,
    /// How many of the helper's own notes were deleted.
    pub notes_deleted: u64,
    /// How many stay, in the helper's own journal.
    pub notes_left: u64,
}
