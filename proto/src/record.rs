//! The records of the journal as a person sees them. Absent is null, never 0.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::id::{ItemId, RecordId};
use crate::moment::Moment;
use crate::rating::Rating;

mod anchor;
mod belief;
mod experiment;
mod goal;
mod hold;
mod phrase;
mod rapport;
mod reminder;
mod safety_plan;
mod shown;
mod wish;
mod words;

pub use anchor::{Anchor, Sketch};
pub use belief::{Belief, BeliefRating, BeliefRole, Block};
pub use experiment::{Amendment, Experiment, ExperimentResult, ExperimentStatus, Mode, Prediction, Supports};
pub use goal::{Agree, Goal, GoalStatus, GoalTemplate};
pub use hold::HoldUntil;
pub use phrase::{Phrase, PhraseForm};
pub use rapport::{HelperNote, Rapport};
pub use reminder::{
    ClockChange, Days, Falls, MAX_REMINDER_TEXT, MAX_REMINDERS, MAX_SNOOZE_HOURS, NEUTRAL, Reminder, ReminderView, ReminderZone, Weekdays,
    ZoneError, falls,
};
pub use safety_plan::{MAX_PART, PlanPart, SAFETY_PLAN, SAFETY_PLAN_NAME, SafetyPlan, SafetyPlanView};
pub use shown::{Kind, Shown};
pub use wish::{WISH, WISH_NAME};
pub(crate) use words::words;

/// The most bytes one note may hold (UTF-8).
pub const MAX_NOTE: usize = 128 * 1024;
/// The most bytes a title, slug, place or tag may hold.
pub const MAX_LINE: usize = 1024;
/// The longest goal, belief or wish, in bytes.
pub const MAX_SENTENCE: usize = 8 * 1024;

words!(
    /// On whose belief a session rests.
    #[derive(Default)]
    Basis {
        /// My own.
        #[default]
        Own = "own",
        /// Lent by someone I trust.
        Borrowed = "borrowed",
        /// Nobody's yet: a leap.
        Leap = "leap",
    }
);
words!(
    /// How it felt, in a word.
    FeltState {
        /// Nothing much.
        Numb = "numb",
        /// Far away, not real.
        Unreal = "unreal",
        /// Neither.
        Neutral = "neutral",
        /// A little warm.
        Warm = "warm",
        /// It felt real.
        Real = "real",
        /// It hurt.
        Painful = "painful",
    }
);
words!(
    /// Who may see a record: what the grants say, or nobody.
    #[derive(Default)]
    Visibility {
        /// As each grant's scopes say.
        #[default]
        Inherit = "inherit",
        /// In no scope of any grant.
        Private = "private",
    }
);
words!(
    /// What kind of thing is practised.
    PracticeKind {
        /// Something one does.
        AsIfAction = "as_if_action",
        /// Something one says to oneself.
        SelfTalk = "self_talk",
        /// A phrase repeated.
        Phrase = "phrase",
        /// Something imagined.
        Imagery = "imagery",
        /// A letter written.
        Letter = "letter",
        /// A limit kept.
        Boundary = "boundary",
        /// Anything else.
        Custom = "custom",
    }
);
words!(
    /// Where a practice stands.
    PracticeStatus {
        /// Suggested, not yet agreed.
        Proposed = "proposed",
        /// Being practised.
        Active = "active",
        /// Resting.
        Paused = "paused",
        /// Tried, and not for this person: an ordinary result.
        NotForMe = "not_for_me",
        /// Part of life now.
        Kept = "kept",
        /// Put away.
        Archived = "archived",
    }
);

words!(
    /// What was marked while sitting.
    MarkKind {
        /// Nothing much was felt. It counts.
        Numb = "numb",
        /// Something landed.
        Landed = "landed",
        /// It felt worse.
        Worse = "worse",
        /// A rest.
        Pause = "pause",
    }
);
words!(
    /// Gentler ways to practise something that felt worse, in the order in which they are offered.
    Gentler {
        /// Let it be background.
        Background = "background",
        /// Name it, hand on body.
        NameIt = "name_it",
        /// Wish it for someone you love first.
        SomeoneLoved = "someone_loved",
        /// Just breathe.
        Breathe = "breathe",
        /// Leave it.
        Leave = "leave",
    }
);

/// A mark made while sitting.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mark {
    /// Seconds since the beginning.
    pub t_s: u32,
    /// What.
    pub kind: MarkKind,
}

/// A gentler way that was chosen for a practice.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Adapted {
    /// Which.
    pub way: Gentler,
    /// When.
    pub at: Timestamp,
}

/// One practice session, or a note without a practice.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Session {
    /// Always `session`.
    #[serde(rename = "type")]
    pub kind: SessionTag,
    /// Its id.
    pub id: RecordId,
    /// The shortest suffix of its id that names nothing else here.
    #[serde(default)]
    pub short: String,
    /// The practice's slug; null for a note without a practice.
    pub practice: Option<String>,
    /// When it happened.
    pub occurred_at: Moment,
    /// When it was written down.
    pub recorded_at: Timestamp,
    /// Written down more than an hour after it happened (derived).
    pub backfilled: bool,
    /// Feeling before, 0 very bad to 100 very good.
    pub before: Option<Rating>,
    /// Feeling after, 0 very bad to 100 very good.
    pub after: Option<Rating>,
    /// How far I acted as if, 0 not at all to 100 fully.
    pub acted_as_if: Option<Rating>,
    /// How real it felt, 0 not at all to 100 fully.
    pub felt_real: Option<Rating>,
    /// How it felt, in a word.
    pub felt_state: Option<FeltState>,
    /// What was marked while sitting, in the order of the seconds.
    #[serde(default)]
    pub marks: Vec<Mark>,
    /// Seconds until something landed; null where nothing did, which is an answer too (derived).
    #[serde(default)]
    pub landed_s: Option<u32>,
    /// The experiment it belongs to.
    #[serde(default)]
    pub experiment: Option<RecordId>,
    /// On whose belief it rests.
    pub basis: Basis,
    /// The borrowed belief it rests on.
    pub borrowed_belief: Option<ItemId>,
    /// How likely it seemed to help, 0 to 100.
    pub expectancy: Option<Rating>,
    /// How willing I was, 0 to 100.
    pub willingness: Option<Rating>,
    /// How many times.
    pub repetitions: Option<u32>,
    /// How long, in seconds.
    pub duration_s: Option<u32>,
    /// Where in the body it was felt.
    pub where_felt: Option<String>,
    /// It felt worse: an ordinary result.
    pub felt_worse: bool,
    /// Stopped early: an ordinary result.
    pub stopped_early: bool,
    /// The note.
    pub note: Option<String>,
    /// Tags, sorted.
    pub tags: Vec<String>,
    /// Who may see it.
    pub visibility: Visibility,
    /// Kept back from everybody for now; null: not.
    #[serde(default)]
    pub hold_until: Option<HoldUntil>,
    /// Deleted: hidden, can be restored.
    pub deleted: bool,
    /// The device that wrote it.
    pub device: Option<String>,
    /// Of what was asked for all stood so already: there is nothing to take back.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub unchanged: bool,
    /// Fields that two devices changed apart, with the values that do not show.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub conflicts: Vec<Conflict>,
}

/// The literal `session`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum SessionTag {
    /// The only value.
    #[default]
    #[serde(rename = "session")]
    Session,
}

/// A field that was changed apart on two devices: what shows is in the record, what does not is here.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Conflict {
    /// The field.
    pub field: String,
    /// The values that do not show as they were written, kept.
    pub others: Vec<serde_json::Value>,
    /// What shows is one text that has the changes of all of them; otherwise it is what one of them wrote.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub merged: bool,
}

/// When, where and how long a practice is done.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Specificity {
    /// When.
    pub when: Option<String>,
    /// Where.
    #[serde(rename = "where")]
    pub place: Option<String>,
    /// How long.
    pub how_long: Option<String>,
}

/// Something to practise.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Practice {
    /// Always `practice`.
    #[serde(rename = "type")]
    pub tag: PracticeTag,
    /// Its id.
    pub id: RecordId,
    /// The shortest suffix of its id that names nothing else here.
    #[serde(default)]
    pub short: String,
    /// What it is.
    pub title: String,
    /// Its short name on the command line.
    pub slug: String,
    /// What kind of thing.
    pub kind: PracticeKind,
    /// More words about it.
    pub description: Option<String>,
    /// When, where, how long.
    pub specificity: Specificity,
    /// What reminds me of it.
    pub cue: Option<String>,
    /// How often.
    pub frequency: Option<String>,
    /// How hard it seems, 0 easy to 100 very hard.
    pub difficulty: Option<Rating>,
    /// The goals it serves.
    #[serde(default)]
    pub goals: Vec<RecordId>,
    /// The beliefs it is about.
    #[serde(default)]
    pub beliefs: Vec<RecordId>,
    /// Who proposed it; null: oneself.
    #[serde(default)]
    pub proposed_by: Option<String>,
    /// Who agreed on it.
    #[serde(default)]
    pub agreed_by: Vec<String>,
    /// Gentler ways chosen for it, oldest first; the last is how it is done now.
    #[serde(default)]
    pub adapted: Vec<Adapted>,
    /// Where it stands.
    pub status: PracticeStatus,
    /// When it was written down.
    pub recorded_at: Timestamp,
    /// Who may see it.
    pub visibility: Visibility,
    /// Deleted: hidden, can be restored.
    pub deleted: bool,
    /// Sessions of it, not counting deleted ones.
    pub sessions: u64,
    /// Fields that two devices changed apart, with the values that do not show.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub conflicts: Vec<Conflict>,
}

/// The literal `practice`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum PracticeTag {
    /// The only value.
    #[default]
    #[serde(rename = "practice")]
    Practice,
}

/// What a person can say about a session, each value present or not.
///
/// A double option tells *not said* (outer `None`) from *cleared* (inner `None`).
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct SessionFields {
    /// Feeling before.
    pub before: Option<Rating>,
    /// Feeling after.
    pub after: Option<Rating>,
    /// How far I acted as if.
    pub acted_as_if: Option<Rating>,
    /// How real it felt.
    pub felt_real: Option<Rating>,
    /// How it felt, in a word.
    pub felt_state: Option<FeltState>,
    /// On whose belief.
    pub basis: Option<Basis>,
    /// The loan it rests on, as typed: an id or a unique suffix of one.
    pub borrowed: Option<String>,
    /// How likely it seemed to help.
    pub expectancy: Option<Rating>,
    /// How willing I was.
    pub willingness: Option<Rating>,
    /// Where in the body.
    pub where_felt: Option<String>,
    /// It felt worse.
    pub felt_worse: Option<bool>,
    /// Stopped early.
    pub stopped_early: Option<bool>,
    /// How many times.
    pub repetitions: Option<u32>,
    /// How long, in seconds.
    pub duration_s: Option<u32>,
    /// When, as typed; the daemon reads it in the caller's zone.
    pub at: Option<String>,
    /// Tags to add.
    pub tags: Vec<String>,
    /// Private or not.
    pub visibility: Option<Visibility>,
    /// The note.
    pub note: Option<String>,
    /// What was marked while sitting.
    pub marks: Vec<Mark>,
}

words!(
    /// A field of a session that `edit --clear` can empty.
    ClearField {
        /// `before`
        Before = "before",
        /// `after`
        After = "after",
        /// `acted`
        Acted = "acted",
        /// `felt-real`
        FeltReal = "felt_real",
        /// `felt-state`
        FeltState = "felt_state",
        /// `borrowed`
        Borrowed = "borrowed",
        /// `expectancy`
        Expectancy = "expectancy",
        /// `willingness`
        Willingness = "willingness",
        /// `where`
        Where = "where",
        /// `worse`
        Worse = "worse",
        /// `stopped-early`
        StoppedEarly = "stopped_early",
        /// `repetitions`
        Repetitions = "repetitions",
        /// `duration`
        Duration = "duration",
        /// `tags`
        Tags = "tags",
        /// `note`
        Note = "note",
        /// `private`
        Private = "private",
    }
);
