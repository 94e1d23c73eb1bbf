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
use crate::home::Home;
use crate::id::RecordId;
use crate::rating::Rating;
use crate::record::{
    Anchor, Belief, ClearField, Experiment, Goal, Phrase, Practice, SafetyPlanView, Session, SessionFields, Shown, Sketch, Visibility,
};
use crate::share::{CaseloadOpen, CaseloadRow, GrantView, Loan, Preview, Role, Scope};

pub mod draft;
pub mod experiment;
pub mod plan;
pub mod safety_plan;
pub mod today;

pub use draft::{Draft, DraftAsk};
pub use experiment::{ExperimentAsk, ExperimentFields, NewOutcome, Plan};
pub use plan::{
    Adapt, AnchorAsk, BeliefAsk, GoalAsk, NewAnchor, NewBelief, NewGoal, NewPractice, NewSketch, PhraseAsk, PhraseFields, PracticeFields,
    SketchAsk,
};
pub use safety_plan::SafetyPlanAsk;
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

/// What is asked.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "ask", content = "with", rename_all = "snake_case")]
pub enum Request {
    /// Makes the person, the device and the journal. Answer: [`Reply::Status`].
    Init {
        /// The person's own name, as helpers will see it.
        name: Option<String>,
        /// This device's name.
        device: Option<String>,
        /// What the person would like to be different.
        wish: Option<String>,
        /// A first goal.
        goal: Option<NewGoal>,
    },
    /// Answer: [`Reply::Status`]. Works without a journal.
    Status,
    /// Looks for what is wrong. With `rebuild`, makes every view anew from the sealed log. Answer: [`Reply::Doctor`].
    Doctor {
        /// Make every view anew.
        rebuild: bool,
    },
    /// Stops the daemon after the answer. Answer: [`Reply::Done`].
    Stop,

    /// Answer: [`Reply::Practice`].
    PracticeAdd(NewPractice),
    /// Answer: [`Reply::Practices`].
    PracticeList {
        /// With the archived ones.
        all: bool,
    },
    /// Answer: [`Reply::Practice`].
    PracticeShow {
        /// A slug or an id.
        practice: String,
    },
    /// Answer: [`Reply::Practice`].
    PracticeArchive {
        /// A slug or an id.
        practice: String,
    },

    /// Answer: [`Reply::Practice`].
    PracticeEdit {
        /// A slug or an id.
        practice: String,
        /// What changes.
        fields: Box<PracticeFields>,
    },
    /// A gentler way. Answer: [`Reply::Practice`].
    PracticeAdapt(Adapt),
    /// What the person would like to be different. Answer: [`Reply::Wish`].
    Wish {
        /// In their words; empty: nothing. None: it stays what it is.
        wish: Option<String>,
    },
    /// About goals.
    Goal(GoalAsk),
    /// About beliefs.
    Belief(BeliefAsk),
    /// About anchors.
    Anchor(AnchorAsk),
    /// About sketches.
    Sketch(SketchAsk),
    /// About phrases.
    Phrase(PhraseAsk),
    /// About experiments.
    Experiment(ExperimentAsk),
    /// What there is today. Answer: [`Reply::Today`].
    Today,
    /// About drafts.
    Draft(DraftAsk),
    /// About the safety plan.
    SafetyPlan(SafetyPlanAsk),

    /// A session, or with no practice a note. Answer: [`Reply::Session`].
    Log {
        /// A slug or an id.
        practice: Option<String>,
        /// What is said about it.
        fields: Box<SessionFields>,
    },
    /// Answer: [`Reply::Sessions`].
    List(ListFilter),
    /// Answer: the record.
    Show {
        /// An id or a unique suffix.
        id: String,
    },
    /// Answer: [`Reply::Session`].
    Edit {
        /// An id or a unique suffix.
        id: String,
        /// What changes.
        fields: Box<SessionFields>,
        /// What is emptied.
        clear: Vec<ClearField>,
    },
    /// Changes the words of a goal, a belief, an anchor, a sketch or a phrase, or who may see it. Answer: the record.
    EditText {
        /// An id or a unique suffix.
        id: String,
        /// Its words.
        text: Option<String>,
        /// Private or not.
        visibility: Option<Visibility>,
    },
    /// Hides a record. Answer: the record.
    Delete {
        /// An id or a unique suffix.
        id: String,
    },
    /// Shows a deleted record again. Answer: the record.
    Restore {
        /// An id or a unique suffix.
        id: String,
    },
    /// Takes back the last change made on this device. Answer: [`Reply::Undone`].
    Undo,

    /// Answer: [`Reply::Config`].
    ConfigList,
    /// Answer: [`Reply::Config`] with one entry.
    ConfigGet {
        /// The setting.
        key: String,
    },
    /// Answer: [`Reply::Config`] with one entry.
    ConfigSet {
        /// The setting.
        key: String,
        /// Its value; none: back to the default.
        value: Option<String>,
    },

    /// Offers this person's journal to one more own device. Events: [`Event::Invited`], [`Event::Joined`]. Answer: [`Reply::Done`].
    DevicePair {
        /// Confirm whoever proves the ticket.
        yes: bool,
        /// Answer after the first event and go on waiting in the daemon.
        no_wait: bool,
    },
    /// Joins this home to a person. Answer: [`Reply::Joined`].
    DeviceJoin {
        /// The ticket.
        ticket: String,
        /// This device's name.
        name: Option<String>,
        /// An address to try first.
        at: Option<String>,
    },
    /// Answer: [`Reply::Devices`].
    DeviceList,
    /// Brings every reachable peer up to date. Answer: [`Reply::Synced`].
    Sync {
        /// The longest wait, in milliseconds; none: start and answer at once.
        wait_ms: Option<u64>,
    },

    /// Answer: [`Reply::Preview`].
    SharePreview(Invite),
    /// What a standing grant shows. Answer: [`Reply::Preview`].
    SharePreviewOf {
        /// The helper's name.
        name: String,
    },
    /// Events: [`Event::Invited`], [`Event::Joined`]. Answer: [`Reply::Done`].
    ShareInvite {
        /// What is offered.
        invite: Invite,
        /// Confirm whoever proves the ticket.
        yes: bool,
        /// Answer after the first event and go on waiting in the daemon.
        no_wait: bool,
    },
    /// Answer: [`Reply::Grants`].
    ShareList,
    /// Answer: [`Reply::Grants`] with one entry.
    ShareRevoke {
        /// The helper's name, or a grant's id.
        name: String,
    },
    /// Accepts an invitation to help. Answer: [`Reply::Joined`].
    HelperJoin {
        /// The ticket.
        ticket: String,
        /// The helper's own name, for a fresh home.
        name: Option<String>,
        /// An address to try first.
        at: Option<String>,
    },
    /// Answer: [`Reply::Caseload`].
    Caseload,
    /// Answer: [`Reply::Client`].
    CaseloadOpen {
        /// The client's name.
        client: String,
    },
    /// Lends a belief. Answer: [`Reply::Loan`].
    Lend {
        /// The client's name.
        client: String,
        /// A practice's slug that the client shares.
        practice: String,
        /// The lender's own words.
        statement: String,
        /// How strongly the lender believes it.
        strength: Rating,
        /// Until when, as typed.
        until: Option<String>,
    },
    /// Loans lent to this person. Answer: [`Reply::Loans`].
    BorrowList,
    /// What could be named here, for the completions of a shell. Answer: [`Reply::Known`].
    Known {
        /// What kind of thing.
        what: Known,
    },
}

/// Which sessions to list.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ListFilter {
    /// From when on, as typed.
    pub since: Option<String>,
    /// Before when, as typed.
    pub until: Option<String>,
    /// Only this practice: a slug or an id.
    pub practice: Option<String>,
    /// Only with all of these tags.
    pub tags: Vec<String>,
    /// At most so many.
    pub limit: Option<usize>,
    /// Deleted ones instead.
    pub deleted: bool,
}

/// An invitation to help.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Invite {
    /// The helper, as the client names them.
    pub name: String,
    /// Who they are.
    pub role: Role,
    /// What they may see; empty: the role's default.
    pub scopes: Vec<Scope>,
    /// From when on, as typed; none: today.
    pub since: Option<String>,
    /// Until when, as typed.
    pub until: Option<String>,
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
    },
    /// Somebody joined; durable on both sides.
    Joined {
        /// Who, as this home names them.
        name: String,
        /// The device that joined, short.
        device: String,
    },
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

/// What was asked for. In `--json` the `data` is the content alone.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "reply", content = "data", rename_all = "snake_case")]
pub enum Reply {
    /// Nothing to tell.
    Done,
    /// The state of this home.
    Status(Status),
    /// What is wrong, if anything.
    Doctor(Doctor),
    /// One session.
    Session(Session),
    /// Sessions, newest first.
    Sessions(Vec<Session>),
    /// One practice.
    Practice(Practice),
    /// Practices, by slug.
    Practices(Vec<Practice>),
    /// What the person would like to be different.
    Wish(Wish),
    /// One goal.
    Goal(Shown<Goal>),
    /// Goals.
    Goals(Vec<Shown<Goal>>),
    /// One belief.
    Belief(Shown<Belief>),
    /// Beliefs.
    Beliefs(Vec<Shown<Belief>>),
    /// One anchor.
    Anchor(Shown<Anchor>),
    /// Anchors.
    Anchors(Vec<Shown<Anchor>>),
    /// One sketch, with its practices.
    Sketch(SketchView),
    /// Sketches, with their practices.
    Sketches(Vec<SketchView>),
    /// One phrase.
    Phrase(Shown<Phrase<String>>),
    /// Phrases.
    Phrases(Vec<Shown<Phrase<String>>>),
    /// One experiment.
    Experiment(Shown<Experiment>),
    /// Experiments.
    Experiments(Vec<Shown<Experiment>>),
    /// What there is today.
    Today(Today),
    /// One draft.
    Draft(Draft),
    /// Drafts.
    Drafts(Vec<Draft>),
    /// The safety plan.
    SafetyPlan(SafetyPlanView),
    /// What was taken back.
    Undone(Undone),
    /// Settings.
    Config(Vec<Setting>),
    /// This home joined.
    Joined(Joined),
    /// This person's devices.
    Devices(Vec<DeviceView>),
    /// How a sync went.
    Synced(Synced),
    /// What a helper would see.
    Preview(Preview),
    /// Grants.
    Grants(Vec<GrantView>),
    /// Clients.
    Caseload(Vec<CaseloadRow>),
    /// One client.
    Client(CaseloadOpen),
    /// One loan.
    Loan(Loan),
    /// Loans.
    Loans(Vec<Loan>),
    /// What could be named.
    Known(Vec<KnownName>),
}

/// What the person would like to be different.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Wish {
    /// In their words.
    pub wish: Option<String>,
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
}

/// One of them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KnownName {
    /// What is typed.
    pub name: String,
    /// What tells it from others.
    pub about: String,
}

/// The state of a home.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Status {
    /// The daemon itself.
    pub daemon: DaemonView,
    /// There is a person and a journal here.
    pub initialised: bool,
    /// The vault is locked.
    pub locked: bool,
    /// The person's own name.
    pub name: Option<String>,
    /// The journal, counted.
    pub journal: JournalView,
    /// This person's devices.
    pub devices: Vec<DeviceView>,
    /// Helpers with a standing grant.
    pub helpers: Vec<HelperView>,
    /// Clients of this person.
    pub clients: u64,
    /// Devices known to hold everything this one holds, this one included.
    pub safely_stored_on: u64,
    /// Addresses this daemon listens on.
    pub listen: Vec<String>,
    /// How the vault is kept: `key file`.
    pub vault: String,
    /// Things that need a look at `asif doctor`, counted.
    pub problems: u64,
    /// Where things live.
    pub paths: Home,
}

/// The daemon.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DaemonView {
    /// Its process id.
    pub pid: u32,
    /// Its version.
    pub version: String,
}

/// The journal, counted.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct JournalView {
    /// Sessions, not counting deleted ones.
    pub sessions: u64,
    /// Practices, not counting archived or deleted ones.
    pub practices: u64,
}

/// One of this person's devices.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeviceView {
    /// Its name.
    pub name: String,
    /// Its id, whole.
    pub id: String,
    /// It is the one that answers.
    pub this: bool,
    /// When both last had the same; null: never since it joined, or this one.
    pub last_sync: Option<Timestamp>,
    /// A live link exists.
    pub connected: bool,
}

/// A helper, in the status.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct HelperView {
    /// The helper, as the client names them.
    pub name: String,
    /// Who they are.
    pub role: Role,
    /// Until when, by when it happened.
    pub until: Option<crate::moment::Moment>,
    /// They have joined.
    pub joined: bool,
    /// When both last had the same.
    pub last_sync: Option<Timestamp>,
}

/// What is wrong, if anything.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Doctor {
    /// Each check in one line, in words.
    pub checks: Vec<Check>,
    /// Views were made anew.
    pub rebuilt: bool,
}

/// One thing that was looked at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Check {
    /// It is as it should be.
    pub ok: bool,
    /// What it is about, for programs: `journal`, `torn`, `strange`, `refused`, `waiting`, `vault`, `damage`, `unplaced`, `quarantine`, `fork`,
    /// `drafts`, `newer`, `clock`, `disk_full`, `disk_read_only`, `disk_failing`, `permissions`.
    #[serde(default)]
    pub kind: String,
    /// What was looked at and found.
    pub text: String,
    /// What to do, where something is wrong.
    pub hint: Option<String>,
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
    /// What it does.
    pub help: String,
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
}

/// Why something was not done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[error("{message}")]
pub struct Failure {
    /// What kind of failure; it sets the exit code.
    pub kind: ErrorKind,
    /// What was wrong.
    pub message: String,
    /// What to do, in one line.
    pub hint: Option<String>,
}

impl Failure {
    /// A failure without a hint.
    pub fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into(), hint: None }
    }

    /// The same with what to do.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }
}

/// The kinds of failure, each with its exit code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ErrorKind {
    /// Something else.
    Failure,
    /// The words of the command are off.
    Usage,
    /// The daemon cannot be reached.
    DaemonUnreachable,
    /// No such record, practice or person.
    NotFound,
    /// The vault is locked.
    Locked,
    /// Not allowed.
    NotPermitted,
    /// Something must come first, or has already happened.
    Precondition,
    /// The other device or person cannot be reached.
    PeerUnreachable,
    /// Bytes on disk are not what was written.
    Integrity,
    /// Interrupted by the person.
    Interrupted,
}

impl ErrorKind {
    /// The exit code of the command line.
    pub fn exit_code(self) -> u8 {
        match self {
            Self::Failure => 1,
            Self::Usage => 2,
            Self::DaemonUnreachable => 3,
            Self::NotFound => 4,
            Self::Locked => 5,
            Self::NotPermitted => 6,
            Self::Precondition => 7,
            Self::PeerUnreachable => 8,
            Self::Integrity => 9,
            Self::Interrupted => 130,
        }
    }
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
