//! Records with their types, as they are packed into a document.
//!
//! A record is JSON with a `type`; a type or a field that is not known here stays in the document and is passed over.

use asif_proto::id::{GrantId, ItemId, PersonId, RecordId};
use asif_proto::moment::Moment;
use asif_proto::rating::Rating;
use asif_proto::record::{
    Adapted, Basis, FeltState, HoldUntil, Mark, MarkKind, PracticeKind, PracticeStatus, SafetyPlan, Specificity, Visibility,
};
use asif_proto::share::{Role, Scope};
use jiff::Timestamp;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::kept::Kept;
use super::schema;

/// A session or, without a practice, a note.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Session {
    /// Which practice.
    #[serde(default)]
    pub practice: Option<RecordId>,
    /// When it happened.
    pub occurred_at: Moment,
    /// When it was written down.
    pub recorded_at: Timestamp,
    /// Feeling before.
    #[serde(default)]
    pub before: Option<Rating>,
    /// Feeling after.
    #[serde(default)]
    pub after: Option<Rating>,
    /// How far I acted as if.
    #[serde(default)]
    pub acted_as_if: Option<Rating>,
    /// How real it felt.
    #[serde(default)]
    pub felt_real: Option<Rating>,
    /// How it felt, in a word.
    #[serde(default)]
    pub felt_state: Option<FeltState>,
    /// What was marked while sitting.
    #[serde(default)]
    pub marks: Vec<Mark>,
    /// The experiment it belongs to.
    #[serde(default)]
    pub experiment: Option<RecordId>,
    /// On whose belief; absent: one's own.
    #[serde(default)]
    pub basis: Option<Basis>,
    /// The loan it rests on.
    #[serde(default)]
    pub borrowed_belief: Option<ItemId>,
    /// How likely it seemed to help.
    #[serde(default)]
    pub expectancy: Option<Rating>,
    /// How willing I was.
    #[serde(default)]
    pub willingness: Option<Rating>,
    /// How many times.
    #[serde(default)]
    pub repetitions: Option<u32>,
    /// How long, in seconds.
    #[serde(default)]
    pub duration_s: Option<u32>,
    /// Where in the body.
    #[serde(default)]
    pub where_felt: Option<String>,
    /// It felt worse.
    #[serde(default)]
    pub felt_worse: Option<bool>,
    /// Stopped early.
    #[serde(default)]
    pub stopped_early: Option<bool>,
    /// The note.
    #[serde(default)]
    pub note: Option<String>,
    /// Tags, sorted.
    #[serde(default)]
    pub tags: Vec<String>,
    /// Who may see it; absent: as the grants say.
    #[serde(default)]
    pub visibility: Option<Visibility>,
    /// Kept back for now.
    #[serde(default)]
    pub hold_until: Option<HoldUntil>,
    /// Hidden.
    #[serde(default)]
    pub deleted: Option<bool>,
}

impl Session {
    /// When something first landed, in seconds from the beginning.
    pub fn landed_s(&self) -> Option<u32> {
        self.marks.iter().find(|mark| mark.kind == MarkKind::Landed).map(|mark| mark.t_s)
    }
}

/// Something to practise.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Practice {
    /// What it is.
    pub title: String,
    /// Its short name; never changes.
    pub slug: String,
    /// What kind of thing.
    pub kind: PracticeKind,
    /// More words.
    #[serde(default)]
    pub description: Option<String>,
    /// When, where, how long.
    #[serde(default)]
    pub specificity: Specificity,
    /// What reminds me of it.
    #[serde(default)]
    pub cue: Option<String>,
    /// How often.
    #[serde(default)]
    pub frequency: Option<String>,
    /// How hard it seems.
    #[serde(default)]
    pub difficulty: Option<Rating>,
    /// The goals it serves.
    #[serde(default)]
    pub goals: Vec<RecordId>,
    /// The beliefs it is about.
    #[serde(default)]
    pub beliefs: Vec<RecordId>,
    /// Who proposed it; absent: oneself.
    #[serde(default)]
    pub proposed_by: Option<String>,
    /// Who agreed on it.
    #[serde(default)]
    pub agreed_by: Vec<String>,
    /// Gentler ways chosen for it, oldest first.
    #[serde(default)]
    pub adapted: Vec<Adapted>,
    /// Where it stands.
    pub status: PracticeStatus,
    /// When it was written down.
    pub recorded_at: Timestamp,
    /// Who may see it.
    #[serde(default)]
    pub visibility: Option<Visibility>,
    /// Hidden.
    #[serde(default)]
    pub deleted: Option<bool>,
}

/// A permission given to one helper. Its record id is its grant id.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Grant {
    /// The helper, as the client names them.
    pub name: String,
    /// Who they are.
    pub role: Role,
    /// What they may see.
    pub scopes: Vec<Scope>,
    /// From when on.
    pub since: Moment,
    /// Until when.
    #[serde(default)]
    pub until: Option<Moment>,
    /// What is new reaches the helper so many seconds later.
    #[serde(default)]
    pub delay_s: u32,
    /// What it is for, in the client's words.
    #[serde(default)]
    pub purpose: Option<String>,
    /// Nothing new goes out for now.
    #[serde(default)]
    pub paused: bool,
    /// The client's name as the helper sees it.
    pub client_name: String,
    /// When it was given.
    pub created_at: Timestamp,
    /// The helper's identity.
    #[serde(default)]
    pub helper: Option<PersonId>,
    /// When it ended.
    #[serde(default)]
    pub ended: Option<Timestamp>,
    /// The request that ended it, so that asking twice is answered twice.
    #[serde(default)]
    pub ended_by: Option<uuid::Uuid>,
    /// All that was shared under this name then ended with it, known of or not.
    #[serde(default)]
    pub ended_all: Option<bool>,
    /// A device of the helper has it that it ended.
    #[serde(default)]
    pub end_reached: Option<bool>,
    /// Own devices may have been old copies of themselves, each time by another word of the plan: after these the person has gone on, or they were known
    /// when it was given.
    #[serde(default)]
    pub gone_on: Vec<String>,
}

/// An invitation that nobody used yet.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Invited {
    /// When its ticket expires.
    pub expires_at: Timestamp,
    /// What it would give.
    pub grant: Grant,
}

impl Grant {
    /// When it ends by itself. What was over when it was given only bounds what is shown.
    pub fn ends(&self) -> Option<Timestamp> {
        self.until.as_ref().map(Moment::timestamp).filter(|until| *until > self.created_at)
    }

    /// Whether the time at which it ends by itself has come.
    pub fn is_over(&self, now: Timestamp) -> bool {
        self.ends().is_some_and(|ends| ends <= now)
    }
}

/// A client of this person. Its record id is the grant's id.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Client {
    /// The client's identity.
    pub person: PersonId,
    /// As this person calls them.
    pub name: String,
    /// When this person joined.
    pub joined_at: Timestamp,
    /// The request that joined, so that asking twice is answered twice.
    #[serde(default)]
    pub joined_by: Option<uuid::Uuid>,
    /// When this person left.
    #[serde(default)]
    pub left: Option<Timestamp>,
    /// All that was left of it was put away.
    #[serde(default)]
    pub purged: Option<bool>,
}

/// What this person said to something that a helper sent. Its id is [`answer_record`]'s; all but what it answers is laid over it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answer {
    /// Under which grant it was sent.
    pub grant: GrantId,
    /// What was sent.
    pub item: ItemId,
    /// Which answer, a word; absent: none yet.
    #[serde(default)]
    pub answer: Option<String>,
    /// What is said with it.
    #[serde(default)]
    pub words: Option<String>,
    /// The practice that came of it.
    #[serde(default)]
    pub practice: Option<RecordId>,
    /// When it was answered.
    #[serde(default)]
    pub answered_at: Option<Timestamp>,
    /// It was looked at. Nobody else is told.
    #[serde(default)]
    pub seen: Option<bool>,
}

/// The record of an answer: the same on every device that gives one.
pub fn answer_record(grant: GrantId, item: &ItemId) -> RecordId {
    let mut hasher = blake3::Hasher::new_derive_key("asif answer record v1");
    hasher.update(grant.as_bytes());
    hasher.update(item.as_bytes());
    let mut bytes = [0; 16];
    hasher.finalize_xof().fill(&mut bytes);
    RecordId(uuid::Builder::from_custom_bytes(bytes).into_uuid())
}

/// The words under `type`.
pub mod kind {
    /// [`Session`](super::Session)
    pub const SESSION: &str = "session";
    /// [`Practice`](super::Practice)
    pub const PRACTICE: &str = "practice";
    /// [`Grant`](super::Grant)
    pub const GRANT: &str = "grant";
    /// [`Client`](super::Client)
    pub const CLIENT: &str = "client";
    /// [`SafetyPlan`](asif_proto::record::SafetyPlan)
    pub const SAFETY_PLAN: &str = "safety_plan";
    /// [`Answer`](super::Answer)
    pub const ANSWER: &str = "answer";
}

/// A record with its type.
#[derive(Debug, Clone, PartialEq)]
pub enum Record {
    /// A session.
    Session(Box<Session>),
    /// A practice.
    Practice(Box<Practice>),
    /// A grant.
    Grant(Box<Grant>),
    /// A client.
    Client(Box<Client>),
    /// The safety plan.
    SafetyPlan(Box<SafetyPlan>),
    /// An answer to a helper.
    Answer(Box<Answer>),
    /// A record that is shown as it is kept.
    Kept(Box<Kept>),
    /// A type that this program keeps and does not show.
    Other,
    /// A known type whose fields do not fit.
    Unreadable,
}

impl Record {
    /// Gives fields their type.
    pub fn from_fields(mut fields: Map<String, Value>) -> Self {
        fn typed<T: DeserializeOwned>(fields: Map<String, Value>, make: impl Fn(Box<T>) -> Record) -> Record {
            serde_json::from_value(Value::Object(fields)).map_or(Record::Unreadable, |value| make(Box::new(value)))
        }
        let kind = fields.get("type").and_then(Value::as_str).unwrap_or_default().to_owned();
        match kind.as_str() {
            kind::SESSION => typed(fields, Record::Session),
            kind::PRACTICE => {
                lay_specificity(&mut fields);
                typed(fields, Record::Practice)
            }
            kind::GRANT => typed(fields, |grant: Box<Grant>| {
                let mut grant = grant;
                // As a set they are in the order of their names.
                grant.scopes.sort();
                Record::Grant(grant)
            }),
            kind::CLIENT => typed(fields, Record::Client),
            kind::SAFETY_PLAN => typed(fields, Record::SafetyPlan),
            kind::ANSWER => typed(fields, Record::Answer),
            other => match Kept::from_fields(other, &fields) {
                Some(Ok(kept)) => Record::Kept(Box::new(kept)),
                Some(Err(_)) => Record::Unreadable,
                None => Record::Other,
            },
        }
    }
}

/// When, where and how long are packed together and changed one by one; an empty text takes one away.
fn lay_specificity(fields: &mut Map<String, Value>) {
    for name in ["when", "where", "how_long"] {
        let Some(Value::String(text)) = fields.remove(name) else { continue };
        let specificity = fields.entry("specificity").or_insert_with(|| Value::Object(Map::new()));
        if let Value::Object(specificity) = specificity {
            if text.is_empty() {
                specificity.remove(name);
            } else {
                specificity.insert(name.to_owned(), text.into());
            }
        }
    }
}

/// The packed form of a record of a type.
pub fn pack<T: Serialize>(kind: &str, value: &T) -> String {
    let mut fields = match serde_json::to_value(value) {
        Ok(Value::Object(fields)) => fields,
        _ => Map::new(),
    };
    fields.insert("type".into(), kind.into());
    schema::pack(fields)
}

/// The record id of a grant.
pub fn grant_record(grant: GrantId) -> RecordId {
    RecordId(uuid::Uuid::from_bytes(grant.0))
}

/// The grant of a record id.
pub fn record_grant(record: RecordId) -> GrantId {
    GrantId(*record.0.as_bytes())
}
