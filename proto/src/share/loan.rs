//! Borrowed beliefs.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::id::ItemId;
use crate::moment::Moment;
use crate::rating::Rating;

/// A belief lent by a helper.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Loan {
    /// The item.
    pub id: ItemId,
    /// Who lends it, as this home names them.
    pub lender: String,
    /// The practice it is for, by slug.
    pub practice: String,
    /// The lender's own words.
    pub statement: String,
    /// How strongly the lender believes it, 0 to 100.
    pub strength: Rating,
    /// Why, in the lender's words.
    #[serde(default)]
    pub reasons: Option<String>,
    /// When it was lent.
    pub lent_at: Timestamp,
    /// Until when; null: until the sharing ends.
    pub until: Option<Moment>,
    /// When the lender took it back.
    #[serde(default)]
    pub withdrawn_at: Option<Timestamp>,
    /// When it was given back.
    #[serde(default)]
    pub returned_at: Option<Timestamp>,
    /// Past its end, taken back or given back, or the sharing has ended.
    pub ended: bool,
}
