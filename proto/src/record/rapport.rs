//! How it is with somebody who helps, and what a helper keeps for themself.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::Visibility;
use crate::id::GrantId;
use crate::rating::Rating;

/// How it was with a helper: for the person alone, unless a grant names the scope `rapport`, and then for that helper alone.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Rapport {
    /// The helper, as this person calls them.
    pub helper: String,
    /// Under which grant, where they see something here.
    #[serde(default)]
    pub grant: Option<GrantId>,
    /// How understood the person felt: 0 not at all, 100 fully.
    #[serde(default)]
    pub understood: Option<Rating>,
    /// How far they trust: 0 not at all, 100 fully.
    #[serde(default)]
    pub trust: Option<Rating>,
    /// How far the two agree on what to do: 0 not at all, 100 fully.
    #[serde(default)]
    pub agreement: Option<Rating>,
    /// When it was written down.
    pub recorded_at: Timestamp,
    /// Who may see it.
    #[serde(default)]
    pub visibility: Visibility,
    /// Deleted: hidden, can be restored.
    #[serde(default)]
    pub deleted: bool,
}

/// A helper's own note about a client. It is in the helper's journal and never leaves it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct HelperNote {
    /// Under which grant the client shares.
    pub grant: GrantId,
    /// The client's name when it was written.
    pub client: String,
    /// The note.
    pub text: String,
    /// When it was written down.
    pub recorded_at: Timestamp,
    /// Who may see it: it is in no scope, whatever stands here.
    #[serde(default)]
    pub visibility: Visibility,
    /// Deleted: hidden, can be restored.
    #[serde(default)]
    pub deleted: bool,
}
