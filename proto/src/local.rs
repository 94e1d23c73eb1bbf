//! What the command line asks and the daemon answers, over a Unix socket.
//!
//! ```text
//! daemon -> asif   Hello      at once, before anything is asked
//! asif   -> daemon Ask        one request, in JSON
//! daemon -> asif   Event*     while another person or device is awaited
//! daemon -> asif   Question   when the person must decide; asif -> daemon Decision
//! daemon -> asif   Answer     a reply or an error; the connection may then ask again
//! ```
//!
//! Each is one [`Frame`] whose payload is JSON. Only an answer may be longer than one frame: then
//! `More` frames carry its first pieces and the `Answer` frame its last ([`answer_frames`]).

use std::collections::BTreeMap;
use std::ops::RangeInclusive;
use std::path::PathBuf;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::frame::{Frame, MAX_LEN};
use crate::id::RecordId;
use crate::moment::Moment;
use crate::record::{Conflict, Practice, Shown, Sketch};

pub mod backup;
pub mod draft;
pub mod experiment;
pub mod failure;
pub mod feedback;
pub mod history;
pub mod kit;
pub mod lock;
mod mailbox;
pub mod plan;
pub mod reminder;
pub mod reply;
pub mod request;
pub mod safety_plan;
pub mod search;
pub mod share;
pub mod status;
pub mod tag;
pub mod today;

pub use backup::{BackupAsk, BackupView};
pub use draft::{Draft, DraftAsk};
pub use experiment::{ExperimentAsk, ExperimentFields, NewOutcome, Plan};
pub use failure::{ErrorKind, Failure};
pub use feedback::{HelperAsk, HelperDeed, InboxAsk, NewSuggestion, Purged, RapportAsk};
pub use history::{FieldChange, History, HistoryStep, Now};
pub use kit::{KitAsk, KitLook, KitView, KitWords};
pub use lock::{LockAsk, LockView, Waiting};
pub use mailbox::{MailboxAsk, MailboxView, StationView};
pub use plan::{
    Adapt, AnchorAsk, BeliefAsk, GoalAsk, NewAnchor, NewBelief, NewGoal, NewPractice, NewSketch, PhraseAsk, PhraseFields, PracticeFields,
    SketchAsk,
};
pub use reminder::{Desktop, NewReminder, QuietHours, RemindAsk, Reminders, Snooze, TodayReminder};
pub use reply::Reply;
pub use request::{Invite, ListFilter, Request};
pub use safety_plan::SafetyPlanAsk;
pub use search::{SearchAsk, SearchView};
pub use share::{GrantChange, Held, ShareAsk};
pub use status::{Check, DaemonView, DeviceView, Doctor, FoundBy, HelperView, JournalView, Over, Reached, RemovedDevice, Status};
pub use tag::{TagAsk, TagRenamed, TagView};
pub use today::{Today, TodayPractice};

/// The versions of this protocol that this program speaks.
pub const VERSIONS: RangeInclusive<u16> = 1..=1;
/// The most clients a daemon serves at once.
pub const MAX_CLIENTS: usize = 64;
/// The longest answer, in bytes of JSON over all of its frames.
pub const MAX_ANSWER: usize = 256 << 20;

/// Frame kinds of the local socket.
pub mod kind {
    /// [`Hello`](super::Hello).
    pub const HELLO: u16 = 1;
    /// [`Ask`](super::Ask).
    pub const ASK: u16 = 2;
    /// [`Event`](super::Event).
    pub const EVENT: u16 = 3;
    /// [`Question`](super::Question).
    pub const QUESTION: u16 = 4;
    /// [`Decision`](super::Decision).
    pub const DECISION: u16 = 5;
    /// [`Answer`](super::Answer), or the last piece of one.
    pub const ANSWER: u16 = 6;
    /// An earlier piece of an [`Answer`](super::Answer) that is too long for one frame.
    pub const MORE: u16 = 7;
}

/// The daemon's first frame.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hello {
    /// The lowest protocol version it speaks.
    pub min: u16,
    /// The highest.
    pub max: u16,
    /// The daemon's version.
    pub version: String,
    /// The daemon's process id.
    pub pid: u32,
    /// The data folder that it serves, without links; an older daemon does not say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub data: Option<PathBuf>,
}

/// One request with what it needs to be carried out twice without harm.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Ask {
    /// The protocol version the client chose.
    pub version: u16,
    /// UUIDv7. Whatever a request makes takes this id, so that a retry after a lost answer makes it once.
    pub id: Uuid,
    /// The caller's zone: its IANA name, or an offset as `+01:00`.
    pub zone: String,
    /// What is asked.
    pub request: Request,
}

/// What comes while something is awaited.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum Event {
    /// An invitation stands.
    Invited {
        /// A short code, where one exists.
        code: Option<String>,
        /// The ticket.
        ticket: String,
        /// When it ends.
        expires_at: Timestamp,
        /// When the code ends; null where there is none.
        #[serde(default)]
        code_expires_at: Option<Timestamp>,
        /// Until when there is no code, since too many wrong ones came; null where that is not why.
        #[serde(default)]
        codes_locked_until: Option<Timestamp>,
    },
    /// The code of an invitation lets nobody in any more; its ticket goes on.
    CodeOver {
        /// Why.
        why: CodeEnd,
        /// Until when there is no other, since too many wrong ones came; null where that is not so.
        codes_locked_until: Option<Timestamp>,
    },
    /// Somebody joined; durable on both sides.
    Joined {
        /// Who, as this home names them.
        name: String,
        /// The device that joined, short.
        device: String,
    },
    /// More of a journal is here that this device joins.
    Arriving(Progress),
    /// What is asked about is told of a journal that is still arriving: its newest sessions are there first.
    Partial(Progress),
}

/// Why a code lets nobody in any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CodeEnd {
    /// Somebody tried it who did not know it: of each code there is one guess.
    Wrong,
    /// Its ten minutes are over.
    Expired,
    /// Three others were wrong.
    Locked,
}

/// How much of a journal has arrived.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Progress {
    /// Parts that are here.
    pub here: u64,
    /// All parts; at least one.
    pub of: u64,
    /// Sessions that can be listed, not counting deleted ones.
    pub sessions: u64,
}

/// Something the person must decide.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "question", rename_all = "snake_case")]
pub enum Question {
    /// Somebody proved the ticket; let them in?
    Admit {
        /// The name they give.
        name: String,
        /// The role they would have: `device`, or the helper's role.
        role: String,
        /// Whom the ticket was made for, of a helper.
        #[serde(default)]
        invited: Option<String>,
    },
}

/// The person's decision.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Decision {
    /// Yes or no.
    pub yes: bool,
}

/// A reply or an error.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Answer {
    /// It was done.
    Reply(Box<Reply>),
    /// It was not done, and nothing was lost.
    Error(Failure),
}

/// The frames of an answer: `More` pieces of at most [`MAX_LEN`] bytes, then one `Answer` with the rest.
pub fn answer_frames(answer: &Answer) -> Vec<Frame> {
    #[expect(clippy::expect_used, reason = "our own plain structs with text keys always encode")]
    let json = serde_json::to_vec(answer).expect("plain data encodes");
    let pieces = json.len().div_ceil(MAX_LEN).max(1);
    let kind = |at| if at + 1 == pieces { kind::ANSWER } else { kind::MORE };
    json.chunks(MAX_LEN).enumerate().map(|(at, piece)| Frame::new(kind(at), piece.to_vec())).collect()
}

/// What the person would like to be different.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Wish {
    /// In their words.
    pub wish: Option<String>,
    /// What another device said apart.
    #[serde(default)]
    pub conflicts: Vec<Conflict>,
}

/// A sketch and what that person would do, easiest first.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SketchView {
    /// The sketch.
    #[serde(flatten)]
    pub sketch: Shown<Sketch>,
    /// The practices, whole.
    pub steps: Vec<Practice>,
}

/// What is named on a command line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Known {
    /// Practices that are not archived.
    Practices,
    /// Tags in use.
    Tags,
    /// The newest sessions and notes.
    Sessions,
    /// The newest of those that were deleted.
    Deleted,
    /// Loans lent to this person.
    Loans,
    /// Open goals.
    Goals,
    /// Beliefs that are not retired.
    Beliefs,
    /// Phrases.
    Phrases,
    /// Experiments, the newest.
    Experiments,
    /// Drafts.
    Drafts,
    /// Reminders.
    Reminders,
}

/// One of them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KnownName {
    /// What is typed.
    pub name: String,
    /// What tells it from others.
    pub about: String,
}

/// A deleted record that can be restored.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Deleted {
    /// Always `deleted`.
    #[serde(rename = "type")]
    pub kind: DeletedTag,
    /// What it is: `session`, `note`, `practice`, `goal` ...
    pub record: String,
    /// Its id.
    pub id: RecordId,
    /// The shortest suffix of its id that names nothing else here.
    pub short: String,
    /// When it happened or was written down.
    pub at: Option<Moment>,
    /// Its first words.
    pub text: String,
}

/// The literal `deleted`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum DeletedTag {
    /// The only value.
    #[default]
    #[serde(rename = "deleted")]
    Deleted,
}

/// What was erased for good.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Erased {
    /// Always `erased`.
    #[serde(rename = "type")]
    pub kind: ErasedTag,
    /// What it was: `session`, `practice`, `belief` ...; `record` where it was erased before, and nothing says any more.
    pub record: String,
    /// Its id.
    pub id: RecordId,
    /// It stays as it is now; what it said before is erased.
    pub history: bool,
    /// Helpers whose devices may have had it: they are asked to forget it.
    pub was_shared_with: Vec<String>,
    /// Other own devices: each erases it as it hears of it.
    pub others: Vec<String>,
}

/// The literal `erased`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum ErasedTag {
    /// The only value.
    #[default]
    #[serde(rename = "erased")]
    Erased,
}

/// A change that was taken back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Undone {
    /// What was taken back, in words: `log`, `edit`, `delete` ...
    pub what: String,
    /// The record it touched.
    pub id: RecordId,
    /// The shortest suffix of its id that names nothing else here.
    #[serde(default)]
    pub short: String,
    /// The device that had made the change, where it was another than this one.
    #[serde(default)]
    pub device: Option<String>,
    /// Later changes whose words no longer stand, whatever is taken back: they were written apart from what stands.
    #[serde(default)]
    pub passed_over: Vec<PassedOver>,
    /// What shows is what showed before: another device had said the same apart, and that stands.
    #[serde(default)]
    pub stays: bool,
}

/// A change that could not be taken back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PassedOver {
    /// What it was, in words.
    pub what: String,
    /// The record it touched.
    pub id: RecordId,
    /// The shortest suffix of its id that names nothing else here.
    #[serde(default)]
    pub short: String,
}

/// A setting and its value.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Setting {
    /// The setting.
    pub key: String,
    /// Its value; null: the default.
    pub value: Option<String>,
    /// The value in force where none was set.
    pub default: String,
    /// Where the value in force comes from: `environment`, `config` or `default`.
    pub source: String,
    /// What it does; empty where the file names a setting that there is not.
    pub help: String,
    /// What is wrong with it where it stands, and what to do; null: nothing.
    #[serde(default)]
    pub problem: Option<String>,
}

/// This home joined a person as a device, or a client as a helper.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Joined {
    /// The person whose journal this is now, or the client.
    pub name: String,
    /// This device's name.
    pub device: String,
    /// Sessions that had arrived when this was answered.
    pub sessions: u64,
    /// Everything had arrived.
    #[serde(default)]
    pub complete: bool,
}

/// How a sync went.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Synced {
    /// Peers that now hold the same as this device.
    pub peers: Vec<String>,
    /// Peers that could not be reached, with the reason.
    pub unreached: BTreeMap<String, String>,
    /// How those that now hold the same were reached.
    #[serde(default)]
    pub reached: BTreeMap<String, Reached>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_answer_is_told_in_pieces_that_join() {
        let long = Answer::Error(Failure::new(ErrorKind::Failure, "x".repeat(2 * MAX_LEN)));
        let frames = answer_frames(&long);
        let kinds: Vec<_> = frames.iter().map(|frame| frame.kind).collect();
        assert_eq!(kinds, [kind::MORE, kind::MORE, kind::ANSWER]);
        let joined: Vec<u8> = frames.into_iter().flat_map(|frame| frame.bytes).collect();
        assert_eq!(serde_json::from_slice::<Answer>(&joined).unwrap(), long);

        let short = Answer::Reply(Box::new(Reply::Done));
        assert_eq!(answer_frames(&short).iter().map(|frame| frame.kind).collect::<Vec<_>>(), [kind::ANSWER]);
    }
}
