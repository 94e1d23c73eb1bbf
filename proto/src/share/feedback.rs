//! What a helper gives back, and what the client says to it.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::Loan;
use crate::id::{ItemId, RecordId};
use crate::rating::Rating;
use crate::record::{PracticeKind, Specificity, words};

words!(
    /// Where a suggestion stands. The helper learns of an answer only which it was.
    #[derive(Default)]
    SuggestionState {
        /// Not looked at yet, as far as is known here.
        #[default]
        Sent = "sent",
        /// Looked at. This is not told to the helper.
        Seen = "seen",
        /// Taken on as it is.
        Accepted = "accepted",
        /// Taken on in other words.
        Changed = "changed",
        /// Not now.
        Later = "later",
        /// Declined; that needs no reason.
        Declined = "declined",
    }
);
words!(
    /// How far what a helper has understood fits.
    Fit {
        /// It fits.
        Fits = "fits",
        /// Some of it fits.
        Partly = "partly",
        /// It does not fit.
        Doesnt = "doesnt",
    }
);

/// A practice that a helper suggests.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Suggestion {
    /// The item.
    pub id: ItemId,
    /// Who suggests it, as this home names them.
    pub from: String,
    /// What it is.
    pub title: String,
    /// What kind of thing.
    pub kind: PracticeKind,
    /// Why, in the helper's words.
    pub why: Option<String>,
    /// What reminds one of it.
    pub cue: Option<String>,
    /// How often.
    pub frequency: Option<String>,
    /// When, where, how long.
    pub specificity: Specificity,
    /// How hard it seems, 0 easy to 100 very hard.
    pub difficulty: Option<Rating>,
    /// When it was sent, by the helper's clock.
    pub sent_at: Timestamp,
    /// Where it stands.
    pub state: SuggestionState,
    /// The practice that it became, by slug; the client's own home alone knows.
    pub practice: Option<String>,
    /// Whoever suggested it sees that practice.
    #[serde(default)]
    pub practice_shown: bool,
    /// The share that it came by has ended: what is said to it goes nowhere.
    #[serde(default)]
    pub ended: bool,
    /// The share that it came by is paused: what is said to it waits.
    #[serde(default)]
    pub paused: bool,
    /// Two devices said something to it apart: both are in its history.
    #[serde(default)]
    pub apart: bool,
}

/// What a helper has understood.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Understood {
    /// The item.
    pub id: ItemId,
    /// Who says it, as this home names them.
    pub from: String,
    /// In the helper's words.
    pub text: String,
    /// When it was sent, by the helper's clock.
    pub sent_at: Timestamp,
    /// The client's answer.
    pub reply: Option<Fit>,
    /// What the client says to it.
    pub words: Option<String>,
    /// It was looked at here.
    pub seen: bool,
    /// The share that it came by has ended: what is said to it goes nowhere.
    #[serde(default)]
    pub ended: bool,
    /// The share that it came by is paused: what is said to it waits.
    #[serde(default)]
    pub paused: bool,
    /// Two devices said something to it apart: both are in its history.
    #[serde(default)]
    pub apart: bool,
}

/// A helper's words about something that was shared.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct HelperReply {
    /// The item.
    pub id: ItemId,
    /// Who says it, as this home names them.
    pub from: String,
    /// The item it is about.
    pub to: ItemId,
    /// The client's own record that this is; null on the helper's side, or where it is not here.
    pub about: Option<RecordId>,
    /// What that is, in a few words.
    pub what: Option<String>,
    /// In the helper's words.
    pub text: String,
    /// When it was sent, by the helper's clock.
    pub sent_at: Timestamp,
    /// It was looked at here.
    pub seen: bool,
}

/// What a helper expects of an experiment. The client sees it with the outcome, not before.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct HelperPrediction {
    /// The item.
    pub id: ItemId,
    /// The item of the experiment.
    pub experiment: ItemId,
    /// Who expects it, as this home names them.
    pub from: String,
    /// In words.
    pub text: Option<String>,
    /// The client's feeling after, 0 very bad to 100 very good.
    pub rating: Option<Rating>,
    /// When it was locked, by the helper's clock.
    pub locked_at: Timestamp,
    /// It was here, as it is now, before the outcome was written down; null: there is no outcome yet, or that is not known here.
    pub before_outcome: Option<bool>,
}

/// Something that a helper sent.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum InboxItem {
    /// A practice.
    Suggestion(Suggestion),
    /// What they have understood.
    Understood(Understood),
    /// Words about something shared.
    Reply(HelperReply),
    /// A belief.
    Loan(Loan),
}
