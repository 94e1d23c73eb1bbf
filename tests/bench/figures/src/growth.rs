//! The main figures in journals of one, ten and a hundred sessions a day over ten years: how each grows, in a word.
//!
//! Ten years with more on each day, and not more years: a journal grows because one person writes more, and so do its months, which are what is
//! loaded and merged at once.

mod word;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use asif_proto::local::{ListFilter, Request, SearchAsk};
use asif_proto::record::SessionFields;
use jiff::Timestamp;
use uuid::Uuid;

use crate::compaction::Compacted;
use crate::home::Home;
use crate::memory::Memory;
use crate::samples::{Samples, human};
use crate::visible::Pair;
use crate::{Bench, Refusal, core, disk, first, journal, search, table};

/// Days of ten years.
const DAYS: usize = 3650;
/// Questions for each start.
const QUICK: usize = 8;
/// First syncs of each journal.
const SYNCS: usize = 3;
/// Nothing passed for so long: it is over.
const QUIET: Duration = Duration::from_millis(500);

const START: &str = "daemon start to its first answer";
const LIST: &str = "`asif list --limit 10`, whole process";
const TODAY: &str = "`asif today`, whole process";
const LOG: &str = "`asif log`, asked over an open socket, durable";
const LOG_FULL: &str = "the same into the journal's last month, which is as full as the others";
const LOG_FIRST: &str = "the first of those after a start: the month is loaded";
const SEARCH: &str = "search for a rare word, over the socket";
const SEARCH_FIRST: &str = "the first of those after a start: all parts are opened";
const SYNC: &str = "first sync: `asif device join` asked until all can be listed";
/// What is timed, in the order of the table.
const TIMES: [&str; 9] = [START, LIST, TODAY, LOG, LOG_FULL, LOG_FIRST, SEARCH, SEARCH_FIRST, SYNC];

const MEMORY: &str = "memory at rest, after the first answer";
const SENT: &str = "first sync: sent to the new device, UDP payload";
const ENTRIES: &str = "the sealed logs, an entry for each session";
const CHECKPOINT: &str = "the checkpoint and its pieces, which stand for them";
const LEFT: &str = "what is left of the logs a month later";
const HEAD: &str = "the head of the view";
const PARTS: &str = "the parts of the view";
/// What is counted in bytes, in the order of the table.
const BYTES: [&str; 7] = [MEMORY, SENT, ENTRIES, CHECKPOINT, LEFT, HEAD, PARTS];

/// Prints the tables.
pub(crate) fn run(bench: &Bench<'_>) -> Result<(), Refusal> {
    let mut journals: Vec<Journal<'_>> = bench.sizes.iter().map(|count| Journal::make(bench, *count)).collect::<Result<_, _>>()?;
    for _ in 0..bench.rounds {
        journals.iter_mut().try_for_each(Journal::turn)?;
    }
    for _ in 0..SYNCS {
        journals.iter_mut().try_for_each(|journal| journal.sync(bench))?;
    }
    journals.iter_mut().try_for_each(|journal| journal.count_bytes(bench))?;
    let times = TIMES.map(|name| (name, values(&journals, |journal| journal.times.get(name).map_or(f64::NAN, Samples::median))));
    tell("Growth: time", &journals, &times, human);
    let bytes = BYTES.map(|name| (name, values(&journals, |journal| journal.bytes.get(name).copied().unwrap_or(f64::NAN))));
    tell("Growth: bytes", &journals, &bytes, table::bytes);
    Ok(())
}

fn values(journals: &[Journal<'_>], of: impl Fn(&Journal<'_>) -> f64) -> Vec<f64> {
    journals.iter().map(of).collect()
}

/// Each with the one after it.
fn steps(values: &[f64]) -> impl Iterator<Item = (f64, f64)> {
    values.iter().copied().zip(values.iter().copied().skip(1))
}

/// Prints a table with a column for each size, for each step from one to the next, and for the word.
fn tell(title: &str, journals: &[Journal<'_>], rows: &[(&str, Vec<f64>)], show: fn(f64) -> String) {
    let sizes = values(journals, |journal| journal.count as f64);
    let columns: Vec<String> = journals.iter().map(|journal| format!("{} sessions", journal.count)).collect();
    let wider: Vec<String> = steps(&sizes).map(|(before, size)| format!("{size} : {before}")).collect();
    let head: Vec<&str> = std::iter::once("what").chain(columns.iter().chain(&wider).map(String::as_str)).chain(["it grows"]).collect();
    table::head(title, &head);
    for (name, values) in rows {
        let mut cells = vec![(*name).to_owned()];
        cells.extend(values.iter().map(|value| show(*value)));
        cells.extend(steps(values).map(|(before, value)| table::ratio(value, before)));
        cells.push(word::word(&sizes, values).to_owned());
        table::row(&cells);
    }
}

/// A journal of one size, and what was measured with it.
struct Journal<'p> {
    count: usize,
    place: PathBuf,
    packed: PathBuf,
    home: Home<'p>,
    /// A word that hardly stands in it.
    rare: String,
    /// When its last session was written, and one millisecond more for each that was logged since.
    last: Timestamp,
    times: BTreeMap<&'static str, Samples>,
    bytes: BTreeMap<&'static str, f64>,
}

impl<'p> Journal<'p> {
    /// Writes it, has it packed, and says how long both took.
    fn make(bench: &Bench<'p>, count: usize) -> Result<Self, Refusal> {
        let place = bench.place.join(format!("g{count}"));
        std::fs::create_dir(&place)?;
        let version = bench.programs.version()?;
        let sessions = journal::entries_of(1, count, count.div_ceil(DAYS));
        let last = sessions.last().ok_or("a journal without sessions")?.at;
        let filled = place.join("filled");
        let took = core::fill(&filled, 1, &version, &sessions)?;
        let packed = Compacted::of(&filled, bench.programs, &version, &place)?;
        std::fs::remove_dir_all(&filled)?;
        println!("\n{count} sessions, {} a day: written in {took:.1?}, packed in {:.1?}.", count.div_ceil(DAYS), packed.took);
        let home = Home::copy(bench.programs, &packed.folder, place.join("h"))?;
        let bytes = BTreeMap::from([
            (ENTRIES, packed.entries as f64),
            (CHECKPOINT, packed.sealed as f64),
            (LEFT, packed.left as f64),
            (HEAD, disk::view_head_bytes(&packed.folder)? as f64),
            (PARTS, (packed.view - disk::view_head_bytes(&packed.folder)?) as f64),
        ]);
        let rare = search::rare(&search::counts(&sessions));
        Ok(Self { count, place, packed: packed.folder, home, rare, last, times: BTreeMap::new(), bytes })
    }

    fn keep<T>(&mut self, name: &'static str, step: impl FnOnce(&mut Home<'p>) -> T) -> T {
        self.times.entry(name).or_default().time(|| step(&mut self.home))
    }

    /// A daemon starts, is asked everything, and stops.
    fn turn(&mut self) -> Result<(), Refusal> {
        let mut socket = self.keep(START, Home::start)?;
        self.bytes.insert(MEMORY, Memory::of(&self.home)?.resident * 1024.0);
        let filter = ListFilter { limit: Some(20), ..ListFilter::default() };
        let search = Request::Search(SearchAsk { query: self.rare.clone(), filter, exact: false });
        let log = Request::Log { practice: Some("lunch".into()), fields: Box::new(SessionFields::default()) };
        for turn in 0..QUICK {
            let [log_full, asked] = if turn == 0 { [LOG_FIRST, SEARCH_FIRST] } else { [LOG_FULL, SEARCH] };
            self.keep(asked, |_| socket.ask(search.clone()))?;
            self.keep(LIST, |home| home.ok(&["list", "--limit", "10"]))?;
            self.keep(TODAY, |home| home.ok(&["today"]))?;
            self.keep(LOG, |_| socket.ask(log.clone()))?;
            let id = self.next_id()?;
            self.keep(log_full, |_| socket.ask_as(id, log.clone()))?;
        }
        self.home.stop()
    }

    /// The id of one more session of its last month.
    fn next_id(&mut self) -> Result<Uuid, Refusal> {
        self.last += jiff::SignedDuration::from_millis(1);
        Ok(uuid::Builder::from_unix_timestamp_millis(self.last.as_millisecond().try_into()?, &[7; 10]).into_uuid())
    }

    /// The same bench with this journal.
    fn bench<'b>(&'b self, bench: &Bench<'b>) -> Bench<'b> {
        Bench { place: &self.place, filled: &self.packed, ..*bench }
    }

    fn sync(&mut self, bench: &Bench<'_>) -> Result<(), Refusal> {
        let took = first::own_device(&self.bench(bench))?.listed;
        self.times.entry(SYNC).or_default().keep(took);
        Ok(())
    }

    /// Syncs once more, through a relay that counts.
    fn count_bytes(&mut self, bench: &Bench<'_>) -> Result<(), Refusal> {
        let pair = Pair::new(&self.bench(bench), true)?;
        let relay = pair.relay.as_ref().ok_or("no relay")?;
        relay.rest(QUIET)?;
        let sent = relay.sums().1.payload();
        pair.stop()?;
        self.bytes.insert(SENT, sent as f64);
        Ok(())
    }
}
