//! What a helper gives back, as it travels in a feedback space. What is too long for its place is not shown.

use std::collections::BTreeMap;

use asif_proto::id::{DeviceId, ItemId, LogId};
use asif_proto::moment::Moment;
use asif_proto::rating::Rating;
use asif_proto::record::{MAX_LINE, MAX_NOTE, PracticeKind, Specificity};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// A belief lent by a helper.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LoanItem {
    /// The practice it is for, by slug.
    pub practice: String,
    /// The lender's own words.
    pub statement: String,
    /// How strongly the lender believes it.
    pub strength: Rating,
    /// Why.
    #[serde(default)]
    pub reasons: Option<String>,
    /// When it was lent.
    pub lent_at: Timestamp,
    /// Until when.
    #[serde(default)]
    pub until: Option<Moment>,
    /// When it was taken back.
    #[serde(default)]
    pub withdrawn_at: Option<Timestamp>,
}

/// A practice that a helper suggests.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SuggestionItem {
    /// What it is.
    pub title: String,
    /// What kind of thing.
    pub kind: PracticeKind,
    /// Why.
    #[serde(default)]
    pub why: Option<String>,
    /// What reminds one of it.
    #[serde(default)]
    pub cue: Option<String>,
    /// How often.
    #[serde(default)]
    pub frequency: Option<String>,
    /// When, where, how long.
    #[serde(default)]
    pub specificity: Specificity,
    /// How hard it seems.
    #[serde(default)]
    pub difficulty: Option<Rating>,
    /// When it was sent.
    pub sent_at: Timestamp,
}

/// What a helper has understood.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct UnderstoodItem {
    /// In the helper's words.
    pub text: String,
    /// When it was sent.
    pub sent_at: Timestamp,
}

/// A helper's words about a shared item.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ReplyItem {
    /// The shared item.
    pub to: ItemId,
    /// In the helper's words.
    pub text: String,
    /// When it was sent.
    pub sent_at: Timestamp,
}

/// What a helper expects of an experiment: written once, under the name that [`prediction`] gives.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PredictionItem {
    /// The shared experiment.
    pub experiment: ItemId,
    /// In words.
    #[serde(default)]
    pub text: Option<String>,
    /// The client's feeling after.
    #[serde(default)]
    pub rating: Option<Rating>,
    /// When it was locked.
    pub locked_at: Timestamp,
}

/// What a helper's device has opened: everything of the share up to here. Which device it is, the log tells.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OpenedItem {
    /// When.
    pub at: Timestamp,
    /// The last entry of each log of the share that had been opened.
    pub upto: BTreeMap<LogId, u64>,
}

/// That the helper has left.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LeftItem {
    /// When.
    pub at: Timestamp,
}

/// The item of a helper's prediction: one for each experiment and device, so that of two that were locked apart both stand.
pub fn prediction(experiment: &ItemId, device: &DeviceId) -> ItemId {
    ItemId(blake3::derive_key("asif prediction item v1", &[experiment.as_bytes().as_slice(), device.as_bytes()].concat()))
}

/// The item of something that a request makes: asking twice makes it once.
pub fn of_request(request: &uuid::Uuid) -> ItemId {
    ItemId(blake3::derive_key("asif feedback item v1", request.as_bytes()))
}

/// The item that says that the helper has left.
pub fn left(grant: asif_proto::id::GrantId) -> ItemId {
    ItemId(blake3::derive_key("asif left item v1", grant.as_bytes()))
}

/// What can be shown: each text has its bounds.
pub(super) trait Bounded {
    /// Whether every text is within them.
    fn is_bounded(&self) -> bool;
}

fn lines<'a>(texts: impl IntoIterator<Item = &'a Option<String>>) -> bool {
    texts.into_iter().flatten().all(|text| text.len() <= MAX_LINE)
}

fn prose(text: &str) -> bool {
    !text.trim().is_empty() && text.len() <= MAX_NOTE
}

impl Bounded for LoanItem {
    fn is_bounded(&self) -> bool {
        self.practice.len() <= MAX_LINE && prose(&self.statement) && self.reasons.as_deref().is_none_or(prose)
    }
}

impl Bounded for SuggestionItem {
    fn is_bounded(&self) -> bool {
        let Specificity { when, place, how_long } = &self.specificity;
        let title = !self.title.trim().is_empty() && self.title.len() <= MAX_LINE && !self.title.contains(['\n', '\r']);
        title && self.why.as_deref().is_none_or(prose) && lines([&self.cue, &self.frequency, when, place, how_long])
    }
}

impl Bounded for UnderstoodItem {
    fn is_bounded(&self) -> bool {
        prose(&self.text)
    }
}

impl Bounded for ReplyItem {
    fn is_bounded(&self) -> bool {
        prose(&self.text)
    }
}

impl Bounded for PredictionItem {
    fn is_bounded(&self) -> bool {
        self.text.as_deref().is_none_or(prose) && (self.text.is_some() || self.rating.is_some())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_too_long_or_says_nothing_is_not_shown() {
        let suggestion = |title: &str, cue: Option<String>| SuggestionItem {
            title: title.into(),
            kind: PracticeKind::SelfTalk,
            why: None,
            cue,
            frequency: None,
            specificity: Specificity::default(),
            difficulty: None,
            sent_at: Timestamp::UNIX_EPOCH,
        };
        assert!(suggestion("Answer the mirror kindly", Some("mirror".into())).is_bounded());
        assert!(!suggestion("two\nlines", None).is_bounded() && !suggestion(" ", None).is_bounded());
        assert!(!suggestion("x", Some("c".repeat(MAX_LINE + 1))).is_bounded());
        assert!(!UnderstoodItem { text: "u".repeat(MAX_NOTE + 1), sent_at: Timestamp::UNIX_EPOCH }.is_bounded());
        let nothing = PredictionItem { experiment: ItemId([1; 32]), text: None, rating: None, locked_at: Timestamp::UNIX_EPOCH };
        assert!(!nothing.is_bounded());
    }
}
