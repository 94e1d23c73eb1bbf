//! Whoever keeps drafts while the person goes on typing: nobody waits for it, and a daemon that is gone is started again by the next try.
//!
//! Two may go on with one draft at once. Whoever finds that another has kept other words in it keeps its own as another draft.

use std::collections::BTreeMap;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use asif_proto::local::draft::Keeping;
use asif_proto::local::{Answer, Draft, DraftAsk, ErrorKind, Failure, Reply, Request};
use jiff::Timestamp;
use uuid::Uuid;

use crate::client::{Client, Starter};
use crate::render::short_id;

/// Between two tries.
const PAUSE: Duration = Duration::from_millis(50);

/// Keeps the newest of what it is given, on a thread of its own.
pub(super) struct Keeper {
    work: Sender<Work>,
    trouble: Arc<Mutex<Option<Failure>>>,
}

/// A draft that is on stable storage.
#[derive(Debug, Clone)]
pub(super) struct Kept {
    /// Its id: another than it was given where somebody else has gone on with that one.
    pub(super) id: Uuid,
    /// The end of its id that names it.
    pub(super) short: String,
    /// When.
    pub(super) at: Timestamp,
}

struct Work {
    /// None: only whoever waits is told what was kept last.
    draft: Option<Draft>,
    /// Who waits for it.
    told: Option<Sender<Outcome>>,
}

type Outcome = Result<Option<Kept>, Failure>;

impl Keeper {
    /// `known`: a draft that is gone on with, and when it was last kept.
    pub(super) fn new(starter: Starter, zone: String, known: Option<(Uuid, Timestamp)>) -> Self {
        let (work, given) = channel();
        let trouble = Arc::new(Mutex::new(None));
        let (known, moved, told) = (known.into_iter().collect(), BTreeMap::new(), Arc::clone(&trouble));
        let mut at_work = AtWork { starter, zone, known, moved, last: None, in_trouble: false, trouble: told };
        // Without a thread nobody listens, and whoever waits hears that.
        let _ = std::thread::Builder::new().name("drafts".to_owned()).spawn(move || at_work.serve(&given));
        Self { work, trouble }
    }

    /// Why what was typed is not kept, where the daemon refuses to; told once.
    pub(super) fn trouble(&self) -> Option<Failure> {
        self.trouble.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    pub(super) fn keep(&self, draft: Draft) {
        // Whoever waits at the end hears that nobody listens.
        let _ = self.work.send(Work { draft: Some(draft), told: None });
    }

    /// Waits until it is on stable storage, as long as a daemon may take to start and answer; without one, until all before it is. What was kept
    /// last.
    pub(super) fn keep_now(&self, draft: Option<Draft>) -> Outcome {
        let (told, heard) = channel();
        let gone = || Failure::new(ErrorKind::Failure, "nothing can be done at the side here");
        self.work.send(Work { draft, told: Some(told) }).map_err(|_| gone())?;
        heard.recv().map_err(|_| gone())?
    }
}

struct AtWork {
    starter: Starter,
    zone: String,
    /// When each draft was last kept, as far as is known here.
    known: BTreeMap<Uuid, Timestamp>,
    /// Drafts that go on under another id.
    moved: BTreeMap<Uuid, Uuid>,
    last: Option<(Draft, Kept)>,
    /// The last try failed: it is told once.
    in_trouble: bool,
    trouble: Arc<Mutex<Option<Failure>>>,
}

impl AtWork {
    fn serve(&mut self, given: &Receiver<Work>) {
        while let Ok(mut work) = given.recv() {
            // Only the newest counts, up to one that is waited for.
            while work.told.is_none()
                && let Ok(newer) = given.try_recv()
            {
                work = newer;
            }
            let is_kept = |draft: &Draft| self.last.as_ref().is_some_and(|(last, _)| last.id == draft.id && last.says(draft));
            // Whoever waits wants to know that it is there now, whatever others have done with it.
            let outcome = match work.draft {
                Some(draft) if work.told.is_some() || !is_kept(&draft) => self.keep(draft).map(Some),
                _ => Ok(self.last.as_ref().map(|(_, kept)| kept.clone())),
            };
            if work.told.is_none()
                && !std::mem::replace(&mut self.in_trouble, outcome.is_err())
                && let Err(failure) = &outcome
                && matches!(failure.kind, ErrorKind::Precondition | ErrorKind::Usage)
            {
                *self.trouble.lock().unwrap_or_else(PoisonError::into_inner) = Some(failure.clone());
            }
            if let Some(told) = work.told {
                // Whoever waited is there: they wait without a limit.
                let _ = told.send(outcome);
            }
        }
    }

    fn keep(&mut self, given: Draft) -> Result<Kept, Failure> {
        let mut draft = given.clone();
        draft.id = self.moved.get(&draft.id).copied().unwrap_or(draft.id);
        let mut there = self.ask(&draft)?;
        if !there.says(&draft) {
            draft.id = crate::fresh::id();
            self.moved.insert(given.id, draft.id);
            there = self.ask(&draft)?;
        }
        self.known.insert(draft.id, there.kept_at);
        let short = if there.short.is_empty() { short_id(&there.id.to_string()).to_owned() } else { there.short };
        let kept = Kept { id: draft.id, short, at: there.kept_at };
        self.last = Some((given, kept.clone()));
        Ok(kept)
    }

    /// Has it kept; how it stands then. A daemon that is just being stopped is waited out: the next try starts another.
    fn ask(&self, draft: &Draft) -> Result<Draft, Failure> {
        let deadline = Instant::now() + self.starter.patience.start;
        loop {
            match self.ask_once(draft) {
                Err(failure) if failure.kind == ErrorKind::DaemonUnreachable && Instant::now() < deadline => std::thread::sleep(PAUSE),
                done => return done,
            }
        }
    }

    fn ask_once(&self, draft: &Draft) -> Result<Draft, Failure> {
        let silent = || Failure::new(ErrorKind::DaemonUnreachable, "the daemon does not answer").hint("asif daemon restart");
        let opened = Client::open(self.starter.clone(), self.zone.clone(), &mut |_| {});
        let client = opened.map_err(|error| error.failure().unwrap_or_else(silent))?;
        let keeping = Keeping { draft: draft.clone(), after: self.known.get(&draft.id).copied() };
        let request = Request::Draft(DraftAsk::Keep(Box::new(keeping)));
        match client.answer_until(request, Instant::now() + self.starter.patience.start).ok_or_else(silent)? {
            Answer::Reply(reply) => match *reply {
                Reply::Draft(kept) => Ok(kept),
                _ => Err(silent()),
            },
            Answer::Error(failure) => Err(failure),
        }
    }
}
