//! What is asked.

use serde::{Deserialize, Serialize};

use super::{
    Adapt, AnchorAsk, BackupAsk, BeliefAsk, DraftAsk, ExperimentAsk, GoalAsk, HelperAsk, InboxAsk, KitAsk, Known, LockAsk, MailboxAsk,
    NewGoal, NewPractice, PhraseAsk, PracticeFields, RapportAsk, RemindAsk, SafetyPlanAsk, SearchAsk, ShareAsk, SketchAsk, TagAsk,
};
use crate::rating::Rating;
use crate::record::{ClearField, SessionFields, Visibility};
use crate::share::{Role, Scope};

/// What is asked.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "ask", content = "with", rename_all = "snake_case")]
pub enum Request {
    /// Makes the person, the device and the journal. Answer: [`Reply::Status`](super::Reply::Status).
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
    /// Answer: [`Reply::Status`](super::Reply::Status). Works without a journal.
    Status,
    /// Looks for what is wrong. With `rebuild`, makes every view anew from the sealed log. Answer: [`Reply::Doctor`](super::Reply::Doctor).
    Doctor {
        /// Make every view anew.
        rebuild: bool,
    },
    /// Stops the daemon after the answer. Answer: [`Reply::Done`](super::Reply::Done).
    Stop,

    /// Answer: [`Reply::Practice`](super::Reply::Practice).
    PracticeAdd(NewPractice),
    /// Answer: [`Reply::Practices`](super::Reply::Practices).
    PracticeList {
        /// With the archived ones.
        all: bool,
    },
    /// Answer: [`Reply::Practice`](super::Reply::Practice).
    PracticeShow {
        /// A slug or an id.
        practice: String,
    },
    /// Answer: [`Reply::Practice`](super::Reply::Practice).
    PracticeArchive {
        /// A slug or an id.
        practice: String,
    },

    /// Answer: [`Reply::Practice`](super::Reply::Practice).
    PracticeEdit {
        /// A slug or an id.
        practice: String,
        /// What changes.
        fields: Box<PracticeFields>,
    },
    /// A gentler way. Answer: [`Reply::Practice`](super::Reply::Practice).
    PracticeAdapt(Adapt),
    /// What the person would like to be different. Answer: [`Reply::Wish`](super::Reply::Wish).
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
    /// About reminders.
    Remind(RemindAsk),
    /// What there is today. Answer: [`Reply::Today`](super::Reply::Today).
    Today,
    /// About drafts.
    Draft(DraftAsk),
    /// About the safety plan.
    SafetyPlan(SafetyPlanAsk),

    /// A session, or with no practice a note. Answer: [`Reply::Session`](super::Reply::Session).
    Log {
        /// A slug or an id.
        practice: Option<String>,
        /// What is said about it.
        fields: Box<SessionFields>,
    },
    /// Answer: [`Reply::Sessions`](super::Reply::Sessions).
    List(ListFilter),
    /// Finds records by their words. Answer: [`Reply::Search`](super::Reply::Search).
    Search(SearchAsk),
    /// Answer: the record.
    Show {
        /// An id or a unique suffix.
        id: String,
    },
    /// Answer: [`Reply::Session`](super::Reply::Session).
    Edit {
        /// An id or a unique suffix.
        id: String,
        /// What changes.
        fields: Box<SessionFields>,
        /// What is emptied.
        clear: Vec<ClearField>,
        /// The note that the new one builds on. Where another one stands by now, the two are merged; where they cannot be, nothing is
        /// changed. None: the new one takes the place of whatever stands.
        #[serde(default)]
        base: Option<String>,
    },
    /// Changes the words of a goal, a belief, an anchor, a sketch, a phrase or a reminder, or who may see it. Answer: the record.
    EditText {
        /// An id or a unique suffix.
        id: String,
        /// Its words.
        text: Option<String>,
        /// Private or not.
        visibility: Option<Visibility>,
        /// The words that the new ones build on, as with [`Edit`](Self::Edit).
        #[serde(default)]
        base: Option<String>,
    },
    /// About tags.
    Tag(TagAsk),
    /// Hides a record. Answer: the record.
    Delete {
        /// An id or a unique suffix.
        id: String,
    },
    /// Erases a record for good, on every device. Answer, once it is done on this one: [`Reply::Erased`](super::Reply::Erased).
    Erase {
        /// An id or a unique suffix.
        id: String,
        /// What it says now stays: all that it said before is erased.
        history: bool,
    },
    /// Shows a deleted record again. Answer: the record.
    Restore {
        /// An id or a unique suffix.
        id: String,
    },
    /// Every deleted record, whatever it is. Answer: [`Reply::Deleted`](super::Reply::Deleted).
    Deleted,
    /// Takes back the last change, whichever own device made it. Answer: [`Reply::Undone`](super::Reply::Undone).
    Undo,
    /// The same, also where something was done about sharing since. Answer: [`Reply::Undone`](super::Reply::Undone).
    UndoPastSharing,
    /// Puts back what was taken back last. Answer: [`Reply::Undone`](super::Reply::Undone).
    Redo,
    /// Every change of a record. Answer: [`Reply::History`](super::Reply::History).
    History {
        /// An id or a unique suffix; `crisis`: the safety plan.
        id: String,
    },

    /// Answer: [`Reply::Config`](super::Reply::Config).
    ConfigList,
    /// Answer: [`Reply::Config`](super::Reply::Config) with one entry.
    ConfigGet {
        /// The setting.
        key: String,
    },
    /// Answer: [`Reply::Config`](super::Reply::Config) with one entry.
    ConfigSet {
        /// The setting.
        key: String,
        /// Its value; none: back to the default.
        value: Option<String>,
    },

    /// Offers this person's journal to one more own device. Events: [`Event::Invited`](super::Event::Invited), [`Event::Joined`](super::Event::Joined). Answer: [`Reply::Done`](super::Reply::Done).
    DevicePair {
        /// Confirm whoever proves the ticket.
        yes: bool,
        /// Answer after the first event and go on waiting in the daemon.
        no_wait: bool,
    },
    /// Joins this home to a person. Answer: [`Reply::Joined`](super::Reply::Joined).
    DeviceJoin {
        /// The ticket.
        ticket: String,
        /// This device's name.
        name: Option<String>,
        /// An address to try first.
        at: Option<String>,
    },
    /// Answer: [`Reply::Devices`](super::Reply::Devices).
    DeviceList,
    /// Answer: [`Reply::Devices`](super::Reply::Devices) with this one.
    DeviceRename {
        /// Its name, or the end of its id.
        device: String,
        /// What it is called from now on.
        name: String,
    },
    /// Removes one of one's own devices for good. Asked again, it is answered again. Answer: [`Reply::Removed`](super::Reply::Removed).
    DeviceRemove {
        /// Its name, or the end of its id.
        device: String,
    },
    /// About the lock.
    Lock(LockAsk),
    /// About backups.
    Backup(BackupAsk),
    /// About the recovery kit.
    Kit(KitAsk),
    /// About the mailbox.
    Mailbox(MailboxAsk),
    /// Brings every reachable peer up to date. Answer: [`Reply::Synced`](super::Reply::Synced).
    Sync {
        /// The longest wait, in milliseconds; none: start and answer at once.
        wait_ms: Option<u64>,
    },

    /// Answer: [`Reply::Preview`](super::Reply::Preview).
    SharePreview(Invite),
    /// What a standing grant shows. Answer: [`Reply::Preview`](super::Reply::Preview).
    SharePreviewOf {
        /// The helper's name.
        name: String,
    },
    /// Events: [`Event::Invited`](super::Event::Invited), [`Event::Joined`](super::Event::Joined). Answer: [`Reply::Done`](super::Reply::Done).
    ShareInvite {
        /// What is offered.
        invite: Invite,
        /// Confirm whoever proves the ticket.
        yes: bool,
        /// Answer after the first event and go on waiting in the daemon.
        no_wait: bool,
    },
    /// Answer: [`Reply::Grants`](super::Reply::Grants).
    ShareList,
    /// Answer: [`Reply::Grants`](super::Reply::Grants) with one entry.
    ShareRevoke {
        /// The helper's name, or a grant's id.
        name: String,
    },
    /// About grants, and what they show.
    Share(ShareAsk),
    /// Accepts an invitation to help. Answer: [`Reply::Joined`](super::Reply::Joined).
    HelperJoin {
        /// The ticket.
        ticket: String,
        /// The helper's own name, for a fresh home.
        name: Option<String>,
        /// An address to try first.
        at: Option<String>,
    },
    /// Answer: [`Reply::Caseload`](super::Reply::Caseload).
    Caseload,
    /// Answer: [`Reply::Client`](super::Reply::Client).
    CaseloadOpen {
        /// The client's name.
        client: String,
    },
    /// Lends a belief. Answer: [`Reply::Loan`](super::Reply::Loan).
    Lend {
        /// The client's name.
        client: String,
        /// A practice's slug that the client shares.
        practice: String,
        /// The lender's own words.
        statement: String,
        /// How strongly the lender believes it.
        strength: Rating,
        /// Why, in the lender's words.
        #[serde(default)]
        reasons: Option<String>,
        /// Until when, as typed.
        until: Option<String>,
    },
    /// About what helpers sent to this person.
    Inbox(InboxAsk),
    /// About how it is with helpers.
    Rapport(RapportAsk),
    /// What a helper does with one of those who share with them.
    Helper(HelperAsk),
    /// Loans lent to this person. Answer: [`Reply::Loans`](super::Reply::Loans).
    BorrowList,
    /// What could be named here, for the completions of a shell. Answer: [`Reply::Known`](super::Reply::Known).
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
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
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
    /// What is new reaches them so many seconds later.
    #[serde(default)]
    pub delay_s: u32,
    /// What it is for, in the client's words.
    #[serde(default)]
    pub purpose: Option<String>,
    /// This person's name as they will see it; none: their own.
    #[serde(default)]
    pub client: Option<String>,
}
