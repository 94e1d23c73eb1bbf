//! The plan, from whoever has it at once: the daemon, else the copy that the person opted to keep readable. Nothing here waits for long.

use std::io;
use std::sync::mpsc::{self, Receiver};
use std::time::{Duration, Instant};

use asif_proto::home::Home;
use asif_proto::local::{Answer, ErrorKind, Reply, Request, SafetyPlanAsk};
use asif_proto::record::SafetyPlanView;
use serde::Serialize;

use crate::client::Starter;
use crate::client::glance::{Glimpse, glimpse};

/// The readable copy, in the data folder.
pub const COPY: &str = "crisis-plan";
/// The file without which there is no journal.
const VAULT: &str = "vault";
/// The most bytes of the copy that are read.
const MAX_COPY: u64 = 4 << 20;
/// What a disk may take longer than the daemon.
const MARGIN: Duration = Duration::from_millis(20);

/// What became of the plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum PlanState {
    /// It is shown.
    Shown,
    /// Nothing is written yet.
    None,
    /// There is no journal here.
    NoJournal,
    /// It is in the journal, which nobody opens just now.
    Sealed,
    /// The journal is being opened.
    Opening,
}

/// Where a plan comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum From {
    /// The journal.
    Journal,
    /// The readable copy.
    Copy,
}

/// The plan, or why it is not shown.
#[derive(Debug)]
pub(super) struct Found {
    /// What became of it.
    pub(super) state: PlanState,
    /// The plan and where it comes from, where there is one to show.
    pub(super) plan: Option<(SafetyPlanView, From)>,
    /// What there is to say about it.
    pub(super) words: Option<String>,
}

impl Found {
    fn without(state: PlanState, words: impl Into<String>) -> Self {
        Self { state, plan: None, words: Some(words.into()) }
    }
}

/// Looks for the plan until `deadline`, and a moment longer at most.
pub(super) fn look(starter: Starter, zone: String, deadline: Instant) -> Found {
    let home = starter.home.clone();
    let copy = aside(move || read_copy(&home));
    let journal = starter.home.data.display().to_string();
    let asked = aside(move || ask(starter, zone, deadline));
    let until = deadline + MARGIN;
    let glimpse = wait(asked, until).unwrap_or(Some(Glimpse::Silent));
    let words = match glimpse {
        None => None,
        Some(Glimpse::Answer(Answer::Reply(reply))) => match *reply {
            Reply::SafetyPlan(view) => return shown(view),
            _ => Some("the daemon does not know of plans; asif daemon restart".to_owned()),
        },
        Some(Glimpse::Answer(Answer::Error(failure))) if failure.kind == ErrorKind::Precondition => None,
        Some(Glimpse::Answer(Answer::Error(failure)) | Glimpse::Failed(failure)) => {
            Some(failure.hint.map_or(failure.message.clone(), |hint| format!("{}; {hint}", failure.message)))
        }
        Some(Glimpse::Silent) => Some("the daemon does not answer; asif daemon restart starts it anew".to_owned()),
        Some(Glimpse::Starting) => Some(String::new()),
    };
    if let Some(view) = wait(copy, until).flatten() {
        let why = match words.as_deref() {
            None => "there is no journal beside it".to_owned(),
            Some("") => "the journal is being opened".to_owned(),
            Some(words) => words.to_owned(),
        };
        let words = format!("This is the readable copy on this device: {why}.");
        return Found { words: Some(words), plan: Some((view, From::Copy)), state: PlanState::Shown };
    }
    match words.as_deref() {
        None => Found::without(PlanState::NoJournal, "There is no journal here, so there is no plan to show."),
        Some("") => Found::without(PlanState::Opening, "Your plan is in your journal, which is being opened. In a moment: asif crisis"),
        Some(why) => {
            Found::without(PlanState::Sealed, format!("Your plan is sealed in your journal ({journal}), which does not open now: {why}."))
        }
    }
}

fn shown(view: SafetyPlanView) -> Found {
    if view.plan.is_empty() && view.conflicts.is_empty() {
        return Found::without(PlanState::None, "No plan is written yet. On a quieter day: asif crisis edit");
    }
    Found { state: PlanState::Shown, plan: Some((view, From::Journal)), words: None }
}

/// What the daemon says; none where there is no journal to open.
fn ask(starter: Starter, zone: String, deadline: Instant) -> Option<Glimpse> {
    match starter.home.data.join(VAULT).symlink_metadata() {
        Err(error) if [io::ErrorKind::NotFound, io::ErrorKind::NotADirectory].contains(&error.kind()) => None,
        // What may not be looked at, the daemon says better.
        _ => Some(glimpse(starter, Request::SafetyPlan(SafetyPlanAsk::Show), zone, deadline)),
    }
}

fn read_copy(home: &Home) -> Option<SafetyPlanView> {
    let mut bytes = Vec::new();
    let file = std::fs::File::open(home.data.join(COPY)).ok()?;
    io::Read::read_to_end(&mut io::Read::take(file, MAX_COPY), &mut bytes).ok()?;
    SafetyPlanView::from_copy(&bytes)
}

/// Does something on a thread that nobody has to wait for.
pub(super) fn aside<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Receiver<T> {
    let (tx, rx) = mpsc::sync_channel(1);
    // Where there is no room for a thread, nothing comes, and at once.
    let _ = std::thread::Builder::new().spawn(move || tx.send(work()));
    rx
}

/// What came of it by `until`.
pub(super) fn wait<T>(coming: Receiver<T>, until: Instant) -> Option<T> {
    coming.recv_timeout(until.saturating_duration_since(Instant::now())).ok()
}
