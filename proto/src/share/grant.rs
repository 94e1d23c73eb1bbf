//! Grants as their client sees them.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{DeletionAnswer, Role, Scope, SharedExperiment, SharedSession};
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
    /// What is new reaches them so many seconds later.
    #[serde(default)]
    pub delay_s: u32,
    /// What it is for, in the client's words.
    #[serde(default)]
    pub purpose: Option<String>,
    /// This person's name as the helper sees it.
    #[serde(default)]
    pub client: String,
    /// Nothing new goes out for now.
    #[serde(default)]
    pub paused: bool,
    /// Own devices that have not heard of the last change of it, and go on by what they know.
    #[serde(default)]
    pub unheard: Vec<String>,
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
    /// After the end: what each of the helper's devices has answered.
    #[serde(default)]
    pub deletions: Vec<DeletionAnswer>,
    /// When the helper left, by their clock.
    #[serde(default)]
    pub left: Option<Timestamp>,
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
    /// What is new reaches them so many seconds later.
    #[serde(default)]
    pub delay_s: u32,
    /// What it is for, in the client's words.
    #[serde(default)]
    pub purpose: Option<String>,
    /// Nothing new goes out for now.
    #[serde(default)]
    pub paused: bool,
    /// Nothing new goes out from here until this device has heard from another own one.
    #[serde(default)]
    pub waits_for_device: bool,
    /// Nothing new goes out from here until the person goes on with `asif share resume`: this may be an old copy of the journal.
    #[serde(default)]
    pub waits_for_you: bool,
    /// Of what they have, how much no record of this journal stands behind any more, as in an old copy: it is taken back when the person goes on.
    #[serde(default)]
    pub unknown: u64,
    /// The name of the client that the helper will see.
    pub client: String,
    /// Sessions that would be seen.
    pub sessions: u64,
    /// Of the seen sessions, how many have a note that would be seen.
    pub notes: u64,
    /// Practices that would be seen.
    pub practices: u64,
    /// Experiments that would be seen.
    #[serde(default)]
    pub experiments: u64,
    /// Lines of self-talk that would be seen.
    #[serde(default)]
    pub phrases: u64,
    /// Beliefs that would be seen.
    #[serde(default)]
    pub beliefs: u64,
    /// Goals that would be seen.
    #[serde(default)]
    pub goals: u64,
    /// Anchors that would be seen.
    #[serde(default)]
    pub anchors: u64,
    /// Ratings of how it is with this helper that would be seen.
    #[serde(default)]
    pub rapport: u64,
    /// The safety plan would be seen.
    #[serde(default)]
    pub safety_plan: bool,
    /// Of all of these, how many wait for the delay to pass.
    #[serde(default)]
    pub waiting: u64,
    /// The newest sessions as the helper would see them, at most three.
    pub examples: Vec<SharedSession>,
    /// The newest experiment as the helper would see it.
    #[serde(default)]
    pub experiment_example: Option<SharedExperiment>,
    /// What would not be seen, counted.
    pub withheld: Withheld,
}

/// What a helper would not see, counted.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Withheld {
    /// Notes on sessions that are seen otherwise.
    pub notes: u64,
    /// Anything marked private, and what belongs to a practice that is.
    pub private: u64,
    /// What is kept back for now.
    pub held: u64,
    /// Sessions and experiments before `since`.
    pub before_since: u64,
    /// Sessions and experiments from `until` on.
    pub after_until: u64,
    /// Notes without a practice.
    pub bare_notes: u64,
    /// Practices that no scope holds.
    pub practices: u64,
    /// Experiments that no scope holds.
    pub experiments: u64,
    /// Lines of self-talk that no scope holds.
    pub phrases: u64,
    /// Beliefs that no scope holds.
    pub beliefs: u64,
    /// Goals that no scope holds.
    pub goals: u64,
    /// Anchors that no scope holds.
    pub anchors: u64,
    /// Ratings of how it is with helpers that no scope holds.
    pub rapport: u64,
    /// The safety plan, which no scope holds.
    pub safety_plan: bool,
}
