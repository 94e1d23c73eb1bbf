//! Behavioural experiments: predict, try, see what happens.

use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::{Basis, HoldUntil, Visibility, words};
use crate::id::{ItemId, RecordId};
use crate::moment::Moment;
use crate::rating::Rating;
use crate::share::HelperPrediction;

words!(
    /// Whether something was predicted.
    Mode {
        /// With a prediction.
        Hypothesis = "hypothesis",
        /// With none: just see what happens.
        Discovery = "discovery",
    }
);
words!(
    /// Where an experiment stands.
    #[derive(Default)]
    ExperimentStatus {
        /// Planned; its outcome is to come.
        #[default]
        Planned = "planned",
        /// It has its outcome.
        Done = "done",
        /// It did not happen, which is an ordinary result.
        Left = "left",
    }
);
words!(
    /// Which belief an outcome supports.
    Supports {
        /// The old one.
        Old = "old",
        /// The new one.
        New = "new",
        /// I am unsure.
        Unsure = "unsure",
    }
);

/// What was thought to come, before. It never changes; an [`Amendment`] stands beside it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Prediction {
    /// In words.
    #[serde(default)]
    pub text: Option<String>,
    /// Feeling after, 0 very bad to 100 very good.
    #[serde(default)]
    pub rating: Option<Rating>,
    /// When it was locked.
    pub locked_at: Timestamp,
    /// Whose it is: `me`, or a helper's name.
    pub by: String,
}

/// What is thought instead, later.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Amendment {
    /// In words.
    #[serde(default)]
    pub text: Option<String>,
    /// Feeling after, 0 very bad to 100 very good.
    #[serde(default)]
    pub rating: Option<Rating>,
    /// When it was added.
    pub at: Timestamp,
}

/// What happened.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ExperimentResult {
    /// In words.
    pub text: Option<String>,
    /// Feeling after, 0 very bad to 100 very good.
    pub rating: Option<Rating>,
    /// When.
    pub at: Option<Moment>,
}

/// One experiment.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Experiment {
    /// The slug of what is tried.
    pub practice: String,
    /// With or without a prediction.
    pub mode: Mode,
    /// The belief it tests.
    pub belief: Option<RecordId>,
    /// What that belief says.
    pub belief_statement: Option<String>,
    /// On whose belief it rests.
    pub basis: Basis,
    /// The borrowed belief it rests on.
    pub borrowed_belief: Option<ItemId>,
    /// How likely it seemed to help, 0 to 100.
    pub expectancy: Option<Rating>,
    /// How willing I was, 0 to 100.
    pub willingness: Option<Rating>,
    /// Locked when it was planned.
    pub prediction: Option<Prediction>,
    /// What was added beside it since, oldest first.
    pub amendments: Vec<Amendment>,
    /// What may get in the way.
    pub obstacles: Option<String>,
    /// If that happens, then.
    pub if_then: Option<String>,
    /// The day on which its outcome is due.
    pub review_by: Option<Date>,
    /// Where it stands.
    pub status: ExperimentStatus,
    /// What happened.
    pub outcome: Option<ExperimentResult>,
    /// What I make of it.
    pub learning: Option<String>,
    /// Which belief it supports.
    pub supports: Option<Supports>,
    /// Outcome less prediction, where both were rated (derived).
    pub surprise: Option<i16>,
    /// The session in which it was tried.
    pub session: Option<RecordId>,
    /// When it was planned.
    pub planned_at: Moment,
    /// When it was written down.
    pub recorded_at: Timestamp,
    /// Who may see it.
    pub visibility: Visibility,
    /// What helpers expected of it, once there is an outcome.
    #[serde(default)]
    pub helper_predictions: Vec<HelperPrediction>,
    /// Kept back from everybody for now; null: not.
    #[serde(default)]
    pub hold_until: Option<HoldUntil>,
    /// Deleted: hidden, can be restored.
    pub deleted: bool,
}
