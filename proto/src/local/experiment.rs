//! What is asked about experiments.

use serde::{Deserialize, Serialize};

use crate::rating::Rating;
use crate::record::{Basis, Supports, Visibility};

/// About experiments. Answer: [`Reply::Experiment`](super::Reply::Experiment), for a list [`Reply::Experiments`](super::Reply::Experiments).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ExperimentAsk {
    /// Plan one; its prediction is locked.
    Try {
        /// A slug or an id.
        practice: String,
        /// The plan.
        plan: Box<Plan>,
    },
    /// What happened.
    Outcome {
        /// An id or a unique suffix; none: the one that is open, if it is the only one.
        experiment: Option<String>,
        /// What happened.
        outcome: Box<NewOutcome>,
    },
    /// One of them: by id, else the one whose outcome is due first. Nothing changes.
    Open {
        /// An id or a unique suffix; none: the one that is open, if it is the only one.
        experiment: Option<String>,
    },
    /// Every experiment, newest first.
    List {
        /// Only of this practice.
        practice: Option<String>,
        /// With those that have their outcome or were left.
        all: bool,
    },
    /// Change one. A locked prediction is refused: `Precondition`.
    Edit {
        /// An id or a unique suffix.
        experiment: String,
        /// What changes.
        fields: Box<ExperimentFields>,
    },
}

/// A plan.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Plan {
    /// The belief it tests: an id, or words that only one has.
    pub belief: Option<String>,
    /// On whose belief.
    pub basis: Option<Basis>,
    /// The loan it rests on: an id or a unique suffix.
    pub borrowed: Option<String>,
    /// How likely it seems to help.
    pub expectancy: Option<Rating>,
    /// How willing I am.
    pub willingness: Option<Rating>,
    /// The prediction: feeling after. Neither this nor words: just see what happens.
    pub prediction: Option<Rating>,
    /// The prediction in words.
    pub prediction_text: Option<String>,
    /// What may get in the way.
    pub obstacles: Option<String>,
    /// If that happens, then.
    pub if_then: Option<String>,
    /// The day on which its outcome is due, as typed.
    pub review_by: Option<String>,
    /// Private or not.
    pub visibility: Visibility,
}

/// What happened.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct NewOutcome {
    /// Feeling before.
    pub before: Option<Rating>,
    /// Feeling after.
    pub after: Option<Rating>,
    /// How far I acted as if.
    pub acted_as_if: Option<Rating>,
    /// How real it felt.
    pub felt_real: Option<Rating>,
    /// It felt worse.
    pub felt_worse: bool,
    /// What happened, in words.
    pub text: Option<String>,
    /// What I make of it.
    pub learning: Option<String>,
    /// Which belief it supports.
    pub supports: Option<Supports>,
    /// The belief again: I know it.
    pub head: Option<Rating>,
    /// The belief again: I feel it.
    pub heart: Option<Rating>,
    /// When, as typed.
    pub at: Option<String>,
    /// It did not happen: nothing else is said.
    pub left: bool,
}

/// What changes in an experiment.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ExperimentFields {
    /// Another prediction: refused, since it is locked.
    pub prediction: Option<Rating>,
    /// What is thought instead, beside the prediction.
    pub amend: Option<Rating>,
    /// The same in words.
    pub amend_text: Option<String>,
    /// What may get in the way; empty: not said.
    pub obstacles: Option<String>,
    /// If that happens, then; empty: not said.
    pub if_then: Option<String>,
    /// The day on which its outcome is due, as typed.
    pub review_by: Option<String>,
    /// Feeling after, as the outcome.
    pub after: Option<Rating>,
    /// What happened, in words.
    pub text: Option<String>,
    /// What I make of it; empty: not said.
    pub learning: Option<String>,
    /// Which belief it supports.
    pub supports: Option<Supports>,
    /// Private or not.
    pub visibility: Option<Visibility>,
}
