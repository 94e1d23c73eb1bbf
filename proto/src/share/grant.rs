//! Grants as their client sees them.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Role, Scope, SharedSession};
use crate::id::GrantId;
use crate::moment::Moment;

/// A grant as `share list` tells it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct GrantView {
    /// The grant.
    pub id: GrantId,
    /// The short form of it on screen, `r-` and four or more digits.
    pub receipt: String,
    /// The helper, as the client names them.
    pub name: String,
    /// Who they are.
    pub role: Role,
    /// What they may see.
    pub scopes: Vec<Scope>,
    /// From when on, by when it happened.
    pub since: Moment,
    /// Until when, by when it happened.
    pub until: Option<Moment>,
    /// The helper has joined.
    pub joined: bool,
    /// When the client ended it.
    pub ended: Option<Timestamp>,
    /// Devices of the helper.
    pub devices: u32,
    /// Items published now.
    pub items: u64,
    /// Why nothing is published at the moment, where that is so.
    pub waiting: Option<String>,
    /// The helper's device has heard that it ended.
    pub end_reached: Option<bool>,
}

/// What a helper would see under a grant, computed by the very code that projects.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Preview {
    /// The helper.
    pub name: String,
    /// Who they are.
    pub role: Role,
    /// What they may see.
    pub scopes: Vec<Scope>,
    /// From when on.
    pub since: Moment,
    /// Until when.
    pub until: Option<Moment>,
    /// The name of the client that the helper will see.
    pub client: String,
    /// Sessions that would be seen.
    pub sessions: u64,
    /// Practices that would be seen.
    pub practices: u64,
    /// Of the seen sessions, how many have a note that would be seen.
    pub notes: u64,
    /// The newest sessions as the helper would see them, at most three.
    pub examples: Vec<SharedSession>,
    /// What would not be seen, counted.
    pub withheld: Withheld,
}

/// What a helper would not see, counted.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Withheld {
    /// Notes on sessions.
    pub notes: u64,
    /// Sessions and practices marked private.
    pub private: u64,
    /// Sessions before `since`.
    pub before_since: u64,
    /// Sessions from `until` on.
    pub after_until: u64,
    /// Notes without a practice.
    pub bare_notes: u64,
}
