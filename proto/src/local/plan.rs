//! What is asked about the plan: goals, beliefs, anchors, sketches, practices, phrases.

use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::rating::Rating;
use crate::record::{BeliefRole, Block, Gentler, PhraseForm, PracticeKind, PracticeStatus, Specificity, Visibility};

/// About goals. Answer: [`Reply::Goal`](super::Reply::Goal), for a list [`Reply::Goals`](super::Reply::Goals).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GoalAsk {
    /// One more goal.
    Add(NewGoal),
    /// Every goal, open ones first.
    List {
        /// With the closed ones.
        all: bool,
    },
    /// How much it is worth having.
    Rate {
        /// An id, a unique suffix of one, or words that only this one has.
        goal: String,
        /// How much.
        agree: Rating,
    },
    /// No longer.
    Close {
        /// As above.
        goal: String,
        /// Why.
        reason: Option<String>,
    },
}

/// A goal to add.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewGoal {
    /// The goal, word for word.
    pub text: String,
    /// How much this is a goal worth having.
    pub agree: Option<Rating>,
    /// How much the person believes they deserve it. 0 is fine. It becomes a belief with its first rating.
    pub belief: Option<Rating>,
    /// Private or not.
    #[serde(default)]
    pub visibility: Visibility,
}

/// About beliefs. Answer: [`Reply::Belief`](super::Reply::Belief), for a list [`Reply::Beliefs`](super::Reply::Beliefs).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BeliefAsk {
    /// One more belief.
    Add(NewBelief),
    /// Every belief.
    List {
        /// With the retired ones.
        all: bool,
    },
    /// One of them.
    Show {
        /// An id, a unique suffix of one, or words that only this one has.
        belief: String,
    },
    /// How far it is believed now.
    Rate {
        /// An id, a unique suffix of one, or words that only this one has.
        belief: String,
        /// I know it.
        head: Option<Rating>,
        /// I feel it.
        heart: Option<Rating>,
        /// What it is rated after.
        context: Option<String>,
    },
    /// An old belief and the new one that stands against it.
    Pair {
        /// As above.
        belief: String,
        /// As above; none: they part.
        with: Option<String>,
    },
    /// No longer rated.
    Retire {
        /// As above.
        belief: String,
        /// Or rated again.
        back: bool,
    },
}

/// A belief to add.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewBelief {
    /// What is believed.
    pub statement: String,
    /// Old or new.
    pub role: BeliefRole,
    /// What stands in the way.
    pub block: Option<Block>,
    /// I know it.
    pub head: Option<Rating>,
    /// I feel it.
    pub heart: Option<Rating>,
    /// Private or not.
    pub visibility: Visibility,
}

/// About anchors and sketches. Answer: [`Reply::Anchor`](super::Reply::Anchor) and so on.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AnchorAsk {
    /// One more anchor.
    Add(NewAnchor),
    /// Every anchor, newest first.
    List,
}

/// An anchor to add.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewAnchor {
    /// Who it was, as a private label.
    pub who_label: Option<String>,
    /// What the person did.
    pub act: String,
    /// How much the other deserved it.
    pub deserved: Option<Rating>,
    /// How polite the person was.
    pub polite: Option<Rating>,
    /// Private or not.
    pub visibility: Visibility,
}

/// About sketches. Answer: [`Reply::Sketch`](super::Reply::Sketch), for a list [`Reply::Sketches`](super::Reply::Sketches).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SketchAsk {
    /// One more sketch.
    Add(NewSketch),
    /// Every sketch, newest first.
    List,
}

/// A sketch to add, with what that person would do.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct NewSketch {
    /// Who they are.
    pub text: String,
    /// How plausible.
    pub plausible: Option<Rating>,
    /// The first day.
    pub starts: Option<Date>,
    /// The last.
    pub ends: Option<Date>,
    /// What they would do and say: each becomes a practice. All or none are stored.
    pub practices: Vec<NewPractice>,
    /// Private or not.
    pub visibility: Visibility,
}

/// A practice to add.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct NewPractice {
    /// What it is.
    pub title: String,
    /// Its short name; none: made from the title.
    pub slug: Option<String>,
    /// What kind of thing.
    pub kind: PracticeKind,
    /// More words.
    pub description: Option<String>,
    /// When, where, how long.
    pub specificity: Specificity,
    /// What reminds me of it.
    pub cue: Option<String>,
    /// How often.
    pub frequency: Option<String>,
    /// How hard it seems.
    pub difficulty: Option<Rating>,
    /// The goals it serves: ids, or words that only one has.
    #[serde(default)]
    pub goals: Vec<String>,
    /// The beliefs it is about: likewise.
    #[serde(default)]
    pub beliefs: Vec<String>,
    /// Who proposed it.
    #[serde(default)]
    pub proposed_by: Option<String>,
    /// Who agreed on it.
    #[serde(default)]
    pub agreed_by: Vec<String>,
    /// Private or not.
    pub visibility: Visibility,
}

impl NewPractice {
    /// A practice of which nothing more is said.
    pub fn of(kind: PracticeKind, title: impl Into<String>) -> Self {
        Self {
            title: title.into(),
            slug: None,
            kind,
            description: None,
            specificity: Specificity::default(),
            cue: None,
            frequency: None,
            difficulty: None,
            goals: Vec::new(),
            beliefs: Vec::new(),
            proposed_by: None,
            agreed_by: Vec::new(),
            visibility: Visibility::Inherit,
        }
    }
}

/// What changes in a practice. Its slug never does.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct PracticeFields {
    /// What it is.
    pub title: Option<String>,
    /// What kind of thing.
    pub kind: Option<PracticeKind>,
    /// More words; empty: none.
    pub description: Option<String>,
    /// When; empty: not said.
    pub when: Option<String>,
    /// Where; likewise.
    pub place: Option<String>,
    /// How long; likewise.
    pub how_long: Option<String>,
    /// What reminds me of it; likewise.
    pub cue: Option<String>,
    /// How often; likewise.
    pub frequency: Option<String>,
    /// How hard it seems.
    pub difficulty: Option<Rating>,
    /// Where it stands.
    pub status: Option<PracticeStatus>,
    /// Goals to add.
    pub goals: Vec<String>,
    /// Beliefs to add.
    pub beliefs: Vec<String>,
    /// Private or not.
    pub visibility: Option<Visibility>,
}

/// A gentler way for a practice.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Adapt {
    /// A slug or an id.
    pub practice: String,
    /// Which way.
    pub way: Gentler,
}

/// About phrases. Answer: [`Reply::Phrase`](super::Reply::Phrase), for a list [`Reply::Phrases`](super::Reply::Phrases).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PhraseAsk {
    /// One more phrase, after the others of its practice.
    Add {
        /// A slug or an id.
        practice: String,
        /// What it says.
        fields: PhraseFields,
    },
    /// Phrases in their order.
    List {
        /// Only of this practice.
        practice: Option<String>,
    },
    /// Change one.
    Edit {
        /// An id or a unique suffix.
        phrase: String,
        /// What changes.
        fields: PhraseFields,
    },
}

/// What a phrase says; for an edit, what changes.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct PhraseFields {
    /// What one says now.
    pub new_line: Option<String>,
    /// What one used to say; empty: not said.
    pub old_line: Option<String>,
    /// How it speaks.
    pub form: Option<PhraseForm>,
    /// In whose voice; empty: not said.
    pub voice: Option<String>,
    /// Its place, from 1.
    pub order: Option<u32>,
    /// Private or not.
    pub visibility: Option<Visibility>,
}

/// What the whole request is known by, where one request makes several records: the `n`th record of the request `id`.
///
/// The first 14 bytes are those of `id`, the last two count on, so that a retry makes the same ids.
pub fn nth(id: Uuid, n: u16) -> Uuid {
    let mut bytes = id.into_bytes();
    let last = u16::from_be_bytes([bytes[14], bytes[15]]).wrapping_add(n);
    [bytes[14], bytes[15]] = last.to_be_bytes();
    Uuid::from_bytes(bytes)
}
