//! One changed byte in a closed store: is it noticed when the tips are asked for, when all is read and verified, or
//! by the store's own check?
//!
//! An answer counts as *wrong* when nothing was refused and an entry, its kind or a tip is not what was written.

use std::collections::BTreeMap;
use std::os::unix::fs::FileExt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::mpsc;
use std::time::Duration;

use choices::{head, row};

use crate::copy;
use crate::entry_store::{EntryStore, Refusal, Variant};
use crate::fill::Writer;
use crate::opening::verified;
use crate::record::{LogId, Record, Tips};

const ENTRIES: usize = 2_000;
const IN_WAL: usize = 200;
const PATIENCE: Duration = Duration::from_secs(20);

/// A store that was closed, or copied while open, and which of its bytes may change.
struct Case {
    name: &'static str,
    variant: Variant,
    closed: bool,
    spot: Spot,
}

#[derive(Clone, Copy)]
enum Spot {
    /// Any byte of any file.
    Anywhere,
    /// A byte of SQLite's write-ahead log.
    WriteAheadLog,
    /// Own files: a byte of length, kind or link.
    Frame,
}

const CASES: [Case; 7] = [
    Case { name: "own", variant: Variant::Own, closed: true, spot: Spot::Anywhere },
    Case { name: "own, only length, kind and link", variant: Variant::Own, closed: true, spot: Spot::Frame },
    Case { name: "redb, closed", variant: Variant::Redb, closed: true, spot: Spot::Anywhere },
    Case { name: "redb, as after a crash", variant: Variant::Redb, closed: false, spot: Spot::Anywhere },
    Case { name: "redb-quick, as after a crash", variant: Variant::RedbQuick, closed: false, spot: Spot::Anywhere },
    Case { name: "sqlite, closed", variant: Variant::Sqlite, closed: true, spot: Spot::Anywhere },
    Case { name: "sqlite, in the WAL", variant: Variant::Sqlite, closed: false, spot: Spot::WriteAheadLog },
];

/// What came of a changed byte.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
enum Outcome {
    Refused,
    Panicked,
    Hung,
    /// Taken for a torn tail, cut and said so.
    Cut,
    /// Nothing refused, and something is not what was written.
    Wrong,
    /// Nothing refused, and everything asked for is right.
    Right,
}

/// Changes one random byte `flips` times for each case.
pub fn run(flips: u64) -> Result<(), Refusal> {
    std::panic::set_hook(Box::new(|_| {}));
    println!("\n## One byte changed, {flips} times each, {ENTRIES} entries (and {IN_WAL} in the WAL)");
    head(&["store", "open, tips", "read and verify all", "its own check", "entries lost or wrong, unnoticed"]);
    for case in &CASES {
        let place = tempfile::tempdir()?;
        let original = place.path().join("original");
        let truth = written(case, place.path(), &original)?;
        let mut tallies = [BTreeMap::new(), BTreeMap::new(), BTreeMap::new()];
        let mut harmed = 0;
        for round in 0..flips {
            let (file, at) = chosen(case.spot, &original, &truth)?;
            let mask = fastrand::u8(1..);
            for (step, tally) in tallies.iter_mut().enumerate() {
                let folder = place.path().join(format!("{round}-{step}"));
                copy(&original, &folder, |_| true)?;
                change(&folder.join(&file), at, mask)?;
                let (outcome, wrong) = outcome_of(case.variant, step, &folder, &truth);
                *tally.entry(outcome).or_insert(0_u64) += 1;
                harmed += wrong;
                std::fs::remove_dir_all(&folder)?;
            }
        }
        let mut cells = vec![case.name.to_owned()];
        cells.extend(tallies.iter().map(listed));
        cells.push(harmed.to_string());
        row(&cells);
    }
    Ok(())
}

fn listed(tally: &BTreeMap<Outcome, u64>) -> String {
    let parts: Vec<String> = tally.iter().map(|(outcome, count)| format!("{count} {outcome:?}")).collect();
    parts.join(", ").to_lowercase()
}

/// Writes a store in `place`, leaves its files in `original`, and returns what was written.
fn written(case: &Case, place: &Path, original: &Path) -> Result<Vec<Record>, Refusal> {
    let folder = place.join("store");
    let mut writer = Writer::default();
    let mut truth = Vec::new();
    let mut append = |store: &mut Box<dyn EntryStore>, count: usize| -> Result<(), Refusal> {
        for _ in 0..count {
            let record = writer.next();
            store.append(&record)?;
            truth.push(record);
        }
        Ok(())
    };
    let mut store = case.variant.open(&folder)?;
    append(&mut store, ENTRIES)?;
    drop(store);
    let mut store = case.variant.open(&folder)?;
    if !case.closed {
        append(&mut store, IN_WAL)?;
        copy(&folder, original, |it| !it.ends_with("-shm"))?;
    }
    drop(store);
    if case.closed {
        copy(&folder, original, |_| true)?;
    }
    truth.sort_by_key(|it| (it.log, it.seq));
    Ok(truth)
}

/// A random byte: the name of its file, and where it is.
fn chosen(spot: Spot, folder: &Path, truth: &[Record]) -> Result<(PathBuf, u64), Refusal> {
    let mut files = Vec::new();
    for item in std::fs::read_dir(folder)? {
        let item = item?;
        let name = PathBuf::from(item.file_name());
        if !matches!(spot, Spot::WriteAheadLog) || name.to_string_lossy().ends_with("-wal") {
            files.push((name, item.metadata()?.len()));
        }
    }
    if let Spot::Frame = spot {
        let log = truth[fastrand::usize(..truth.len())].log;
        let starts: Vec<u64> = truth.iter().filter(|it| it.log == log).scan(0, next_start).collect();
        let name = PathBuf::from(format!("{:032x}", u128::from_be_bytes(log)));
        return Ok((name, starts[fastrand::usize(..starts.len())] + fastrand::u64(..37)));
    }
    let total: u64 = files.iter().map(|(_, size)| size).sum();
    let mut at = fastrand::u64(..total);
    for (name, size) in files {
        if at < size {
            return Ok((name, at));
        }
        at -= size;
    }
    Err("no byte to change".into())
}

fn next_start(end: &mut u64, record: &Record) -> Option<u64> {
    let start = *end;
    *end += 37 + record.entry.len() as u64;
    Some(start)
}

fn change(path: &Path, at: u64, mask: u8) -> Result<(), Refusal> {
    let file = std::fs::OpenOptions::new().read(true).write(true).open(path)?;
    let mut byte = [0];
    file.read_exact_at(&mut byte, at)?;
    file.write_all_at(&[byte[0] ^ mask], at)?;
    Ok(())
}

/// Does one step on a thread of its own, since a damaged file may panic or never end.
fn outcome_of(variant: Variant, step: usize, folder: &Path, truth: &[Record]) -> (Outcome, usize) {
    let (tx, rx) = mpsc::channel();
    let (folder, truth) = (folder.to_owned(), truth.to_owned());
    std::thread::spawn(move || {
        let done = catch_unwind(AssertUnwindSafe(|| judged(variant, step, &folder, &truth)));
        let outcome = match done {
            Ok(Ok(outcome)) => outcome,
            Ok(Err(_)) => (Outcome::Refused, 0),
            Err(_) => (Outcome::Panicked, 0),
        };
        // The receiver may have lost patience.
        let _ = tx.send(outcome);
    });
    rx.recv_timeout(PATIENCE).unwrap_or((Outcome::Hung, 0))
}

/// The outcome, and how many entries are missing or wrong without a word (counted when all is read).
fn judged(variant: Variant, step: usize, folder: &Path, truth: &[Record]) -> Result<(Outcome, usize), Refusal> {
    let mut store = variant.open(folder)?;
    let cut = store.cut() > 0;
    let (right, wrong) = match step {
        0 => (store.tips()? == tips_of(truth), 0),
        1 => {
            verified(store.as_mut())?;
            let wrong = wrong_entries(store.as_mut(), truth)?;
            (wrong == 0, wrong)
        }
        _ if !store.check()? => return Err("damaged, says its own check".into()),
        _ => (wrong_entries(store.as_mut(), truth)? == 0, 0),
    };
    Ok(match (cut, right) {
        (true, _) => (Outcome::Cut, 0),
        (false, true) => (Outcome::Right, 0),
        (false, false) => (Outcome::Wrong, wrong),
    })
}

fn wrong_entries(store: &mut dyn EntryStore, truth: &[Record]) -> Result<usize, Refusal> {
    let mut right = 0;
    let by_place: BTreeMap<(LogId, u64), &Record> = truth.iter().map(|it| ((it.log, it.seq), it)).collect();
    store.read_all(&mut |it| right += usize::from(by_place.get(&(it.log, it.seq)).is_some_and(|known| **known == it)))?;
    Ok(truth.len() - right)
}

fn tips_of(truth: &[Record]) -> Tips {
    truth.iter().map(|it| (it.log, (it.seq, it.link))).collect()
}
