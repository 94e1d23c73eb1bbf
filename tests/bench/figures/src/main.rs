//! Figures of asif, each beside something that was measured in the same run.
//!
//! ```text
//! figures [--sessions 36500] [--rounds 10] [--seed 1] [--sizes 3650,36500,365000] [--client-sessions 365]
//!         [--only PART]... [--programs FOLDER]
//! ```
//! With `--programs` it measures the `asif` and `asifd` that lie there, for a comparison; else it builds them.
//! The parts are `commands`, `append`, `visible`, `wire`, `first`, `crdt`, `entry`, `memory`, `start`, `structs`, `search`, `erase`, `sharing`,
//! `backup`, `rotation` and `growth`, which alone makes journals of other sizes. Everything happens in a folder under `TMPDIR` (a disk, not a memory file system) that goes
//! with the program. What is compared takes turns, so that noise falls on all of it.

mod append;
mod backup;
mod commands;
mod compaction;
mod core;
mod crdt;
mod disk;
mod echo;
mod entry;
mod erase;
mod first;
mod floor;
mod growth;
mod home;
mod journal;
mod jrnl;
mod memory;
mod opened;
mod packet;
mod programs;
mod relay;
mod rotation;
mod samples;
mod search;
mod sharing;
mod socket;
mod start;
mod structs;
mod table;
mod visible;
mod watch;
mod wire;
mod words;

use std::path::Path;
use std::time::Duration;

use programs::Programs;

/// Why a figure could not be taken.
type Refusal = Box<dyn std::error::Error>;

/// What every part is given.
struct Bench<'b> {
    /// The programs.
    programs: &'b Programs,
    /// Where homes are made.
    place: &'b Path,
    /// A stopped home with the whole journal, packed: copied, never run.
    filled: &'b Path,
    /// The same before it was packed: an entry for each session.
    entries: &'b Path,
    /// A stopped home with an empty journal: copied, never run.
    empty: &'b Path,
    /// Every entry of the journal.
    sessions: &'b [journal::Entry],
    /// The same as they are listed, a line of JSON each.
    lines: &'b [u8],
    /// How many sessions each of a helper's many clients has.
    client_sessions: usize,
    /// How long a daemon took to pack it.
    packing: Duration,
    /// Of how many sessions the journals are whose growth is looked at.
    sizes: &'b [usize],
    /// How often what is compared takes its turn.
    rounds: usize,
}

type Part = (&'static str, fn(&Bench<'_>) -> Result<(), Refusal>);

const PARTS: [Part; 16] = [
    ("commands", commands::run),
    ("append", append::run),
    ("visible", visible::run),
    ("wire", wire::run),
    ("first", first::run),
    ("crdt", crdt::run),
    ("entry", entry::run),
    ("memory", memory::run),
    ("start", start::run),
    ("structs", structs::run),
    ("search", search::run),
    ("erase", erase::run),
    ("sharing", sharing::run),
    ("backup", backup::run),
    ("rotation", rotation::run),
    ("growth", growth::run),
];

fn main() -> Result<(), Refusal> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let only = values(&arguments, "--only");
    if let Some(unknown) = only.iter().find(|one| PARTS.iter().all(|(name, _)| name != *one)) {
        return Err(format!("there is no part {unknown:?}").into());
    }
    let number = |name: &str, otherwise: usize| values(&arguments, name).first().map_or(Ok(otherwise), |value| value.parse());
    let (count, rounds) = (number("--sessions", 36_500)?, number("--rounds", 10)?);
    let client_sessions = number("--client-sessions", 365)?;
    let sizes = values(&arguments, "--sizes").pop().unwrap_or_else(|| "3650,36500,365000".to_owned());
    let sizes: Vec<usize> = sizes.split(',').map(str::parse).collect::<Result<_, _>>()?;
    if let Some(few) = sizes.iter().chain([&count]).find(|size| **size < compaction::WORTH) {
        return Err(format!(
            "of {few} sessions a daemon makes no checkpoint, and all here begins with one: at least {}",
            compaction::WORTH
        )
        .into());
    }
    let seed = u64::try_from(number("--seed", 1)?)?;

    let programs = Programs::build(values(&arguments, "--programs").first().map(String::as_str))?;
    let version = programs.version()?;
    // A path to a socket has little room.
    let place = tempfile::Builder::new().prefix("asif-").tempdir()?;
    let sessions = journal::entries(seed, count);
    let (filled, empty) = (place.path().join("filled"), place.path().join("empty"));
    let took = core::fill(&filled, seed, &version, &sessions)?;
    core::fill(&empty, seed, &version, &[])?;
    println!("{count} sessions (seed {seed}), written by the daemon's own core in {took:.1?}: {}", disk::sizes(&filled)?);
    let packed = compaction::Compacted::of(&filled, &programs, &version, place.path())?;
    let lines = lines(&programs, &packed.folder, place.path())?;
    packed.tell(&sessions, &lines)?;
    let bench = Bench {
        programs: &programs,
        place: place.path(),
        filled: &packed.folder,
        entries: &filled,
        empty: &empty,
        sessions: &sessions,
        lines: &lines,
        client_sessions,
        packing: packed.took,
        sizes: &sizes,
        rounds,
    };
    for (name, part) in PARTS {
        if only.is_empty() || only.iter().any(|one| one == name) {
            part(&bench).map_err(|error| format!("{name}: {error}"))?;
        }
    }
    Ok(())
}

/// All sessions as JSON lines.
fn lines(programs: &Programs, home: &Path, place: &Path) -> Result<Vec<u8>, Refusal> {
    let mut home = home::Home::copy(programs, home, place.join("j"))?;
    let told = home.start()?.newest(None)?;
    home.stop()?;
    let lines: Vec<Vec<u8>> = told.iter().map(serde_json::to_vec).collect::<Result<_, _>>()?;
    Ok(lines.join(&b'\n'))
}

/// What follows each `name`.
fn values(arguments: &[String], name: &str) -> Vec<String> {
    let pairs = arguments.iter().zip(arguments.iter().skip(1));
    pairs.filter(|(one, _)| *one == name).map(|(_, value)| value.clone()).collect()
}
