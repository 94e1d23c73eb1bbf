//! Copies of records as a helper gets them: only what the grant's scopes name; every other field is null.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::id::ItemId;
use crate::moment::Moment;
use crate::rating::Rating;
use crate::record::{
    Agree, Basis, BeliefRating, BeliefRole, Block, ExperimentResult, FeltState, GoalStatus, GoalTemplate, Mark, Mode, PhraseForm,
    PracticeKind, PracticeStatus, SafetyPlan, Specificity, Supports,
};

/// A projected session: only what the grant's scopes name; every other field is null.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SharedSession {
    /// The item.
    pub id: ItemId,
    /// Scope `ratings`: the practice's slug.
    pub practice: Option<String>,
    /// Scope `ratings`: when it happened.
    pub occurred_at: Option<Moment>,
    /// Scope `ratings`: when it was written down.
    pub recorded_at: Option<Timestamp>,
    /// Scope `ratings`: written down more than an hour after it happened.
    pub backfilled: Option<bool>,
    /// Scope `ratings`.
    pub basis: Option<Basis>,
    /// Scope `ratings`.
    pub before: Option<Rating>,
    /// Scope `ratings`.
    pub after: Option<Rating>,
    /// Scope `ratings`.
    pub acted_as_if: Option<Rating>,
    /// Scope `ratings`.
    pub felt_real: Option<Rating>,
    /// Scope `ratings`.
    pub felt_worse: Option<bool>,
    /// Scope `ratings`.
    pub stopped_early: Option<bool>,
    /// Scope `practices`.
    pub expectancy: Option<Rating>,
    /// Scope `practices`.
    pub willingness: Option<Rating>,
    /// Scope `practices`.
    pub repetitions: Option<u32>,
    /// Scope `practices`.
    pub duration_s: Option<u32>,
    /// Scope `practices`: when something landed, in seconds from the beginning.
    #[serde(default)]
    pub landed_s: Option<u32>,
    /// Scope `phrases`.
    pub felt_state: Option<FeltState>,
    /// Scope `phrases`: what was marked while sitting.
    #[serde(default)]
    pub marks: Option<Vec<Mark>>,
    /// Scope `notes`.
    pub where_felt: Option<String>,
    /// Scope `notes`.
    pub note: Option<String>,
    /// Scope `notes`.
    pub tags: Option<Vec<String>>,
}

/// A projected practice.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SharedPractice {
    /// The item.
    pub id: ItemId,
    /// The short name; visible with `ratings` too.
    pub slug: String,
    /// Scope `practices`.
    pub title: Option<String>,
    /// Scope `practices`.
    pub kind: Option<PracticeKind>,
    /// Scope `practices`.
    pub specificity: Option<Specificity>,
    /// Scope `practices`.
    pub cue: Option<String>,
    /// Scope `practices`.
    pub frequency: Option<String>,
    /// Scope `practices`.
    pub difficulty: Option<Rating>,
    /// Scope `practices`.
    pub status: Option<PracticeStatus>,
    /// Scope `notes`.
    pub description: Option<String>,
}

/// What was predicted, as it was locked.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SharedPrediction {
    /// In words.
    pub text: Option<String>,
    /// Feeling after, 0 very bad to 100 very good.
    pub rating: Option<Rating>,
    /// When it was locked.
    pub locked_at: Timestamp,
}

/// A projected experiment: scope `experiments`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SharedExperiment {
    /// The item.
    pub id: ItemId,
    /// The short name of what is tried.
    pub practice: Option<String>,
    /// With or without a prediction.
    pub mode: Mode,
    /// What was predicted.
    pub prediction: Option<SharedPrediction>,
    /// What may get in the way.
    pub obstacles: Option<String>,
    /// If that happens, then.
    pub if_then: Option<String>,
    /// What happened; null: not yet, or what happened is kept back.
    pub outcome: Option<ExperimentResult>,
    /// What they make of it.
    pub learning: Option<String>,
    /// Which belief it supports.
    pub supports: Option<Supports>,
    /// Outcome less prediction.
    pub surprise: Option<i16>,
}

/// A projected line of self-talk: scope `phrases`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SharedPhrase {
    /// The item.
    pub id: ItemId,
    /// The short name of the practice it belongs to.
    pub practice: String,
    /// What they used to say.
    pub old_line: Option<String>,
    /// What they say now.
    pub new_line: String,
    /// How it speaks.
    pub form: Option<PhraseForm>,
    /// In whose voice they hear it.
    pub voice: Option<String>,
    /// Its place among the phrases of the practice, from 1.
    #[serde(default)]
    pub order: u32,
}

/// A projected belief: scope `beliefs`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SharedBelief {
    /// The item.
    pub id: ItemId,
    /// What is believed.
    pub statement: String,
    /// Old or new.
    pub role: BeliefRole,
    /// What the belief says that it stands against, where that one is shared too.
    pub paired_with: Option<String>,
    /// What stands in the way.
    pub block: Option<Block>,
    /// How far it was believed, oldest first.
    #[serde(default)]
    pub ratings: Vec<BeliefRating>,
    /// No longer rated.
    #[serde(default)]
    pub retired: bool,
}

/// A projected goal: scope `goals`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SharedGoal {
    /// The item.
    pub id: ItemId,
    /// The goal.
    pub text: String,
    /// The template it is, if it is one.
    pub template: Option<GoalTemplate>,
    /// How much it is a goal worth having, oldest first.
    #[serde(default)]
    pub agree: Vec<Agree>,
    /// Where it stands.
    pub status: GoalStatus,
    /// Why it was closed.
    pub reason_closed: Option<String>,
}

/// A projected anchor: scope `anchor`. Whom it was about is told to nobody.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SharedAnchor {
    /// The item.
    pub id: ItemId,
    /// What they did.
    pub act: String,
    /// How much the other deserved it: 0 not at all, 100 fully.
    pub deserved: Option<Rating>,
    /// How polite they were: 0 not at all, 100 very.
    pub polite: Option<Rating>,
}

/// A projected rating of how it is with this helper: scope `rapport`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SharedRapport {
    /// The item.
    pub id: ItemId,
    /// How understood they felt: 0 not at all, 100 fully.
    pub understood: Option<Rating>,
    /// How far they trust: 0 not at all, 100 fully.
    pub trust: Option<Rating>,
    /// How far the two agree on what to do: 0 not at all, 100 fully.
    pub agreement: Option<Rating>,
    /// When it was written down.
    pub at: Timestamp,
}

/// The client's answer to something that this helper sent. It is in every grant, and names nothing of theirs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SharedAnswer {
    /// The item.
    pub id: ItemId,
    /// The helper's own item that it answers.
    pub to: ItemId,
    /// Which answer: `accepted`, `changed`, `later`, `declined`; `fits`, `partly`, `doesnt`; `returned`.
    pub answer: String,
    /// What they say to what was understood.
    pub words: Option<String>,
    /// When.
    pub at: Timestamp,
}

/// The projected safety plan: scope `safety_plan`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SharedSafetyPlan {
    /// The item.
    pub id: ItemId,
    /// Its parts.
    #[serde(flatten)]
    pub plan: SafetyPlan,
}
