//! Goals: what somebody would like, whether or not they believe that they deserve it.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Visibility, words};
use crate::rating::Rating;

words!(
    /// The two goals people often start from.
    GoalTemplate {
        /// `treating myself kindly`
        Kindly = "kindly",
        /// `believing that I am worthwhile`
        Worthwhile = "worthwhile",
    }
);

impl GoalTemplate {
    /// The goal, word for word.
    pub fn text(self) -> &'static str {
        match self {
            Self::Kindly => "treating myself kindly",
            Self::Worthwhile => "believing that I am worthwhile",
        }
    }

    /// The template that says exactly this.
    pub fn of(text: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|one| one.text() == text)
    }
}

words!(
    /// Where a goal stands.
    #[derive(Default)]
    GoalStatus {
        /// Being worked for.
        #[default]
        Open = "open",
        /// No longer, for whatever reason.
        Closed = "closed",
    }
);

/// A goal.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Goal {
    /// The goal, in the person's own words or a template's.
    pub text: String,
    /// The template it is, if it is one.
    #[serde(default)]
    pub template: Option<GoalTemplate>,
    /// How much it is a goal worth having, oldest first.
    #[serde(default)]
    pub agree: Vec<Agree>,
    /// Where it stands.
    #[serde(default)]
    pub status: GoalStatus,
    /// Why it was closed.
    #[serde(default)]
    pub reason_closed: Option<String>,
    /// When it was written down.
    pub recorded_at: Timestamp,
    /// Who may see it.
    #[serde(default)]
    pub visibility: Visibility,
    /// Deleted: hidden, can be restored.
    #[serde(default)]
    pub deleted: bool,
}

/// How much a goal is worth having, at one time.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Agree {
    /// 0 not at all, 100 very much. Another thing than believing that one deserves it.
    pub value: Rating,
    /// When.
    pub at: Timestamp,
}
