//! The answers of the daemon.

use serde::{Deserialize, Serialize};

use super::{
    BackupView, Deleted, DeviceView, Doctor, Draft, Erased, Held, History, Joined, KitLook, KitView, KitWords, KnownName, LockView,
    MailboxView, Purged, Reminders, RemovedDevice, SearchView, Setting, SketchView, Status, Synced, TagRenamed, TagView, Today, Undone,
    Waiting, Wish,
};
use crate::record::{
    Anchor, Belief, Experiment, Goal, HelperNote, Phrase, Practice, Rapport, ReminderView, SafetyPlanView, Session, Shown,
};
use crate::share::{CaseloadOpen, CaseloadRow, GrantView, HelperPrediction, InboxItem, Loan, Opening, Prep, Preview, Receipt};

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
    /// What a search found.
    Search(SearchView),
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
    /// One reminder.
    Reminder(Shown<ReminderView>),
    /// Reminders.
    Reminders(Reminders),
    /// What there is today.
    Today(Today),
    /// One draft.
    Draft(Draft),
    /// Drafts.
    Drafts(Vec<Draft>),
    /// The safety plan.
    SafetyPlan(SafetyPlanView),
    /// Tags in use, by name.
    Tags(Vec<TagView>),
    /// A tag has another name.
    TagRenamed(TagRenamed),
    /// What was taken back, or put back.
    Undone(Undone),
    /// Every change of a record.
    History(History),
    /// Settings.
    Config(Vec<Setting>),
    /// This home joined.
    Joined(Joined),
    /// This person's devices.
    Devices(Vec<DeviceView>),
    /// A device that was removed.
    Removed(RemovedDevice),
    /// How it is with the lock.
    Lock(LockView),
    /// Something was written while the journal is locked.
    Waiting(Waiting),
    /// A backup.
    Backup(BackupView),
    /// The words of the recovery kit.
    KitWords(KitWords),
    /// What words that somebody typed are.
    KitLook(KitLook),
    /// The words are written down, and not on this device.
    KitConfirmed(KitView),
    /// How it is with the mailbox.
    Mailbox(MailboxView),
    /// How a sync went.
    Synced(Synced),
    /// What a helper would see.
    Preview(Preview),
    /// Grants.
    Grants(Vec<GrantView>),
    /// A record that is kept back, or was let go.
    Held(Held),
    /// Clients.
    Caseload(Vec<CaseloadRow>),
    /// One client.
    Client(CaseloadOpen),
    /// One loan.
    Loan(Loan),
    /// Loans.
    Loans(Vec<Loan>),
    /// Receipts.
    Receipts(Vec<Receipt>),
    /// What is reported as opened, newest first.
    Openings(Vec<Opening>),
    /// What helpers sent, newest first.
    Inbox(Vec<InboxItem>),
    /// One thing that a helper sent.
    InboxItem(InboxItem),
    /// What a helper expects of an experiment.
    HelperPrediction(HelperPrediction),
    /// How it was with a helper.
    Rapport(Shown<Rapport>),
    /// How it is with helpers, oldest first.
    Rapports(Vec<Shown<Rapport>>),
    /// What to talk about with a client.
    Prep(Prep),
    /// A helper's own note.
    HelperNote(Shown<HelperNote>),
    /// A helper's own notes, newest first.
    HelperNotes(Vec<Shown<HelperNote>>),
    /// What was put away.
    Purged(Purged),
    /// What was erased.
    Erased(Erased),
    /// Deleted records.
    Deleted(Vec<Deleted>),
    /// What could be named.
    Known(Vec<KnownName>),
}
