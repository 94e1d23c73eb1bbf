//! What is asked about what is shared.

use serde::{Deserialize, Serialize};

use crate::record::HoldUntil;
use crate::share::{Role, Scope};

/// About grants, and what they show.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ShareAsk {
    /// What a helper would see with this changed. Nothing is changed. Answer: [`Reply::Preview`](super::Reply::Preview).
    PreviewEdit {
        /// The helper's name, or a receipt.
        name: String,
        /// What would change.
        change: GrantChange,
    },
    /// Changes a grant. Answer: [`Reply::Grants`](super::Reply::Grants) with one entry.
    Edit {
        /// The helper's name, or a receipt.
        name: String,
        /// What changes.
        change: GrantChange,
    },
    /// Nothing new goes out until it is resumed. Answer: [`Reply::Grants`](super::Reply::Grants) with one entry.
    Pause {
        /// The helper's name, or a receipt.
        name: String,
        /// Or it goes on.
        paused: bool,
    },
    /// The receipts: what was given to others, or what others gave to this person. Answer: [`Reply::Receipts`](super::Reply::Receipts).
    Receipts {
        /// What this person gave; else what was given to them.
        given: bool,
        /// Only of this name, or with this receipt.
        name: Option<String>,
    },
    /// What helpers' devices report as opened. Answer: [`Reply::Openings`](super::Reply::Openings).
    Log {
        /// Only this helper's.
        name: Option<String>,
        /// Only what was reported since, as typed.
        since: Option<String>,
    },
    /// Who had a record that was just hidden, and who may still send it. Nothing is changed. Answer: [`Reply::Held`](super::Reply::Held).
    Hidden {
        /// Its whole id.
        id: crate::id::RecordId,
    },
    /// Keeps a session or an experiment back, or lets it go. Answer: [`Reply::Held`](super::Reply::Held).
    Hold {
        /// An id or a unique suffix.
        id: String,
        /// Until when, as typed; none: until it is let go.
        until: Option<String>,
        /// Let it go.
        off: bool,
    },
}

/// What changes in a grant; what is absent stays.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct GrantChange {
    /// These scopes and no others.
    pub scopes: Option<Vec<Scope>>,
    /// These too.
    pub add: Vec<Scope>,
    /// These no longer.
    pub remove: Vec<Scope>,
    /// From when on, as typed.
    pub since: Option<String>,
    /// Until when, as typed; empty: no end.
    pub until: Option<String>,
    /// What is new reaches them so many seconds later.
    pub delay_s: Option<u32>,
    /// Who they are.
    pub role: Option<Role>,
    /// What it is for; empty: not said.
    pub purpose: Option<String>,
    /// This person's name as they see it.
    pub client: Option<String>,
}

/// A record that is kept back, or was let go.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Held {
    /// Its id.
    pub id: crate::id::RecordId,
    /// The shortest suffix of its id that names nothing else here.
    pub short: String,
    /// Until when; null: it is not kept back.
    pub hold_until: Option<HoldUntil>,
    /// Whether nobody sees it all the same: it, or its practice, is private.
    pub private: bool,
    /// Helpers whose devices may have had it already.
    pub was_shared_with: Vec<String>,
    /// Own devices that have not heard yet, and may still send it.
    pub unheard: Vec<String>,
}
