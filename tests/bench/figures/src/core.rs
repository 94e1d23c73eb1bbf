//! The daemon's core over a real disk, driven in this process: with a clock of our own, and with each step timed apart.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use asif_daemon::Rng;
use asif_daemon::replica::effect::{ClientId, Effect, Input, Now};
use asif_daemon::replica::{About, Replica};
use asif_daemon::run::shelf::{Done, Shelf};
use asif_daemon::store::RealDisk;
use asif_proto::home::Home;
use asif_proto::local::{Answer, Ask, Reply, Request};
use jiff::Timestamp;
use rand_core::SeedableRng;
use uuid::Uuid;

use crate::Refusal;
use crate::journal::{self, Entry, ZONE};

/// Bytes before an entry where it lies in its file: length, link and kind.
pub(crate) const BEFORE_ENTRY: usize = 37;
/// Requests that are carried out with one write, as the daemon does when many come at once.
const TOGETHER: usize = 64;

/// A core and its store.
pub(crate) struct Core {
    shelf: Shelf,
    replica: Replica,
    rng: Rng,
    failed: Option<String>,
    /// How long opening the store took: every byte is read and checked.
    pub(crate) opening: Duration,
    /// How long the core took to start from it: the saved view is opened and read.
    pub(crate) starting: Duration,
}

/// What one request took.
pub(crate) struct Took {
    /// The core: the change, its entry, the view, the answer.
    pub(crate) core: Duration,
    /// The store: written and synced.
    pub(crate) store: Duration,
    /// Bytes that were written.
    pub(crate) bytes: usize,
}

impl Core {
    /// Opens the home in a folder. `version` is the program whose saved view this is.
    pub(crate) fn open(folder: &Path, seed: u64, version: &str, wall: Timestamp) -> Result<Self, Refusal> {
        let start = Instant::now();
        let (shelf, found) = Shelf::open(Arc::new(RealDisk::new()), &folder.join("data"))?;
        let opening = start.elapsed();
        let home = Home { data: folder.join("data"), state: folder.join("state"), config: PathBuf::new(), socket: PathBuf::new() };
        let about = About {
            pid: std::process::id(),
            version: version.into(),
            home,
            host: "laptop".into(),
            keeping: asif_daemon::replica::Keeping::default(),
        };
        let mut rng = Rng::seed_from_u64(seed);
        let start = Instant::now();
        let (replica, effects) = Replica::new(about, now(wall), &mut rng, found, None);
        let starting = start.elapsed();
        let mut core = Self { shelf, replica, rng, failed: None, opening, starting };
        core.carry_out(wall, effects)?;
        Ok(core)
    }

    /// Asks one thing, timed.
    pub(crate) fn ask(&mut self, wall: Timestamp, id: Uuid, request: Request) -> Result<Took, Refusal> {
        let input = input(id, request);
        let start = Instant::now();
        let mut effects = self.replica.handle(now(wall), &mut self.rng, input);
        let core = start.elapsed();
        let appends = take_appends(&mut effects);
        let bytes = appends.iter().map(append_len).sum();
        let start = Instant::now();
        let step = self.shelf.write(vec![Effect::Append(appends)]);
        let store = start.elapsed();
        step.failed.map_or(Ok(()), Err)?;
        self.carry_out(wall, effects)?;
        self.failed.take().map_or(Ok(Took { core, store, bytes }), |failure| Err(failure.into()))
    }

    /// Asks what is answered at once and writes nothing; how long that took.
    pub(crate) fn told(&mut self, wall: Timestamp, request: Request) -> Result<(Duration, Reply), Refusal> {
        let input = input(Uuid::now_v7(), request);
        let start = Instant::now();
        let effects = self.replica.handle(now(wall), &mut self.rng, input);
        let took = start.elapsed();
        let answers = effects.into_iter().filter_map(|effect| if let Effect::Answer { answer, .. } = effect { Some(answer) } else { None });
        match answers.last() {
            Some(Answer::Reply(reply)) => Ok((took, *reply)),
            Some(Answer::Error(failure)) => Err(failure.to_string().into()),
            None => Err("it was not answered at once".into()),
        }
    }

    /// Asks many things with one write.
    fn ask_all(&mut self, asks: impl Iterator<Item = (Timestamp, Uuid, Request)>) -> Result<(), Refusal> {
        let mut effects = Vec::new();
        let mut last = Timestamp::UNIX_EPOCH;
        for (wall, id, request) in asks {
            effects.extend(self.replica.handle(now(wall), &mut self.rng, input(id, request)));
            last = wall;
        }
        self.carry_out(last, effects)?;
        self.failed.take().map_or(Ok(()), |failure| Err(failure.into()))
    }

    /// Lets a day pass so often, with nobody asking for anything.
    pub(crate) fn idle(&mut self, wall: Timestamp, days: u64) -> Result<(), Refusal> {
        for day in 1..=days {
            let passed = Duration::from_secs(86_400 * day);
            let now = Now { mono: passed, steady: now(wall).steady + passed, ..now(wall) };
            let effects = self.replica.handle(now, &mut self.rng, Input::Tick);
            self.carry_out(wall, effects)?;
        }
        Ok(())
    }

    /// Saves what is worth saving before a stop.
    pub(crate) fn stop(mut self, wall: Timestamp) -> Result<(), Refusal> {
        let effects = self.replica.handle(now(wall), &mut self.rng, Input::Stop);
        self.carry_out(wall, effects)
    }

    fn carry_out(&mut self, wall: Timestamp, mut effects: Vec<Effect>) -> Result<(), Refusal> {
        while !effects.is_empty() {
            let step = self.shelf.write(std::mem::take(&mut effects));
            step.failed.map_or(Ok(()), Err)?;
            let mut inputs = Vec::new();
            for effect in step.rest {
                match self.shelf.perform(effect)? {
                    Done::Input(input) => inputs.push(input),
                    Done::Elsewhere(Effect::Answer { answer: Answer::Error(failure), .. }) => self.failed = Some(failure.to_string()),
                    Done::Elsewhere(_) | Done::Quiet | Done::Send(..) | Done::Serve(..) => {}
                }
            }
            for input in inputs {
                effects.extend(self.replica.handle(now(wall), &mut self.rng, input));
            }
        }
        Ok(())
    }
}

/// Makes a home with this journal in it and says how long the writing took.
pub(crate) fn fill(folder: &Path, seed: u64, version: &str, sessions: &[Entry]) -> Result<Duration, Refusal> {
    crate::home::make(folder)?;
    let wall = journal::beginning();
    let mut core = Core::open(folder, seed, version, wall)?;
    let init = Request::Init { name: Some("Robin".into()), device: Some("laptop".into()), wish: None, goal: None };
    for (number, request) in std::iter::once(init).chain(journal::practices()).enumerate() {
        let id = uuid::Builder::from_unix_timestamp_millis(wall.as_millisecond().unsigned_abs(), &[u8::try_from(number)?; 10]).into_uuid();
        core.ask(wall, id, request)?;
    }
    let start = Instant::now();
    for together in sessions.chunks(TOGETHER) {
        core.ask_all(together.iter().map(|entry| (entry.at, entry.id, entry.request())))?;
    }
    let took = start.elapsed();
    core.stop(sessions.last().map_or(wall, |entry| entry.at))?;
    Ok(took)
}

fn input(id: Uuid, request: Request) -> Input {
    Input::Ask { client: ClientId(1), ask: Box::new(Ask { version: 1, id, zone: ZONE.into(), request }) }
}

/// The clock that counts goes on with the wall, as on a machine that was never switched off: what was said stops being new after a month, and is
/// forgotten as such, or each session would look through all before it. The clock for waiting stands, so that nothing comes to be due.
fn now(wall: Timestamp) -> Now {
    let since = Duration::try_from(wall.duration_since(journal::beginning())).unwrap_or_default();
    Now { wall, mono: Duration::from_secs(1), steady: Duration::from_secs(1) + since }
}

fn take_appends(effects: &mut Vec<Effect>) -> Vec<asif_daemon::replica::effect::Append> {
    let mut appends = Vec::new();
    effects.retain_mut(|effect| match effect {
        Effect::Append(more) => {
            appends.append(more);
            false
        }
        _ => true,
    });
    appends
}

fn append_len(append: &asif_daemon::replica::effect::Append) -> usize {
    use asif_daemon::replica::effect::Append;
    match append {
        Append::Entry { wire, .. } => BEFORE_ENTRY + wire.bytes().len(),
        Append::Statement(bytes) | Append::Locked(_, bytes) => bytes.len(),
    }
}
