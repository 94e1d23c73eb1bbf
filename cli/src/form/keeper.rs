//! Whoever keeps drafts while the person goes on typing: nobody waits for it, and a daemon that is gone is started again by the next try.

use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::Instant;

use asif_proto::local::{Answer, Draft, DraftAsk, ErrorKind, Failure, Reply, Request};

use super::Kept;
use crate::client::{Client, Starter};
use crate::render::short_id;

/// Keeps the newest of what it is given, on a thread of its own.
pub(super) struct Keeper {
    work: Sender<Work>,
}

struct Work {
    /// None: only whoever waits is told that all before it is done.
    draft: Option<Draft>,
    /// Who waits for it.
    told: Option<Sender<Outcome>>,
}

/// The end of the draft's id, where there was one to keep.
type Outcome = Result<Option<String>, Failure>;

impl Keeper {
    pub(super) fn new(starter: Starter, zone: String) -> Self {
        let (work, given) = channel();
        // Without a thread nobody listens, and whoever waits hears that.
        let _ = std::thread::Builder::new().name("drafts".to_owned()).spawn(move || serve(&given, &starter, &zone));
        Self { work }
    }

    pub(super) fn keep(&self, draft: Draft) {
        // Whoever waits at the end hears that nobody listens.
        let _ = self.work.send(Work { draft: Some(draft), told: None });
    }

    /// Waits until it is on stable storage, as long as a daemon may take to start and answer.
    pub(super) fn keep_now(&self, draft: Option<Draft>) -> Result<Option<Kept>, Failure> {
        let (told, heard) = channel();
        let gone = || Failure::new(ErrorKind::Failure, "nothing can be done at the side here");
        self.work.send(Work { draft, told: Some(told) }).map_err(|_| gone())?;
        Ok(heard.recv().map_err(|_| gone())??.map(|short| Kept { short }))
    }
}

fn serve(given: &Receiver<Work>, starter: &Starter, zone: &str) {
    let mut last: Option<(Draft, String)> = None;
    while let Ok(mut work) = given.recv() {
        // Only the newest counts, up to one that is waited for.
        while work.told.is_none()
            && let Ok(newer) = given.try_recv()
        {
            work = newer;
        }
        let outcome = work.draft.map(|draft| match &last {
            Some((kept, short)) if (kept.id, &kept.answers, &kept.typing) == (draft.id, &draft.answers, &draft.typing) => Ok(short.clone()),
            _ => keep(&draft, starter, zone).inspect(|short| last = Some((draft, short.clone()))),
        });
        if let Some(told) = work.told {
            // Whoever waited is there: they wait without a limit.
            let _ = told.send(outcome.transpose());
        }
    }
}

fn keep(draft: &Draft, starter: &Starter, zone: &str) -> Result<String, Failure> {
    let silent = || Failure::new(ErrorKind::DaemonUnreachable, "the daemon does not answer").hint("asif daemon restart");
    let client = Client::open(starter.clone(), zone.to_owned(), &mut |_| {}).map_err(|error| error.failure().unwrap_or_else(silent))?;
    let request = Request::Draft(DraftAsk::Keep(Box::new(draft.clone())));
    match client.answer_until(request, Instant::now() + starter.patience.start).ok_or_else(silent)? {
        Answer::Reply(reply) => match *reply {
            Reply::Draft(kept) if !kept.short.is_empty() => Ok(kept.short),
            Reply::Draft(kept) => Ok(short_id(&kept.id.to_string()).to_owned()),
            _ => Err(silent()),
        },
        Answer::Error(failure) => Err(failure),
    }
}
