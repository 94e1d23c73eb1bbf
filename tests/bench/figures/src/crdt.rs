//! The first sync beside that of [samod](https://docs.rs/samod), which syncs Automerge documents too and neither seals nor keeps them on a disk here.
//!
//! It is a program of its own (`tests/bench/samod`), built when this part is run: nothing of it comes into this one.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use asif_daemon::seal::body::DocId;
use serde_json::{Value, json};

use crate::samples::Samples;
use crate::visible::Pair;
use crate::{Bench, Refusal, disk, first, opened, table};

const TURNS: usize = 5;
/// Nothing passed for so long: it is over.
const QUIET: Duration = Duration::from_millis(500);

/// Prints the tables.
pub(crate) fn run(bench: &Bench<'_>) -> Result<(), Refusal> {
    let program = bench.programs.samod()?;
    let file = bench.place.join("documents");
    std::fs::write(&file, documents(bench)?)?;
    let [mut theirs, mut ours, mut joined] = std::array::from_fn(|_| Samples::default());
    let mut last = Told::default();
    for _ in 0..TURNS {
        last = Told::by(&program, &file, bench.sessions.len())?;
        theirs.keep(last.took);
        let synced = first::own_device(bench)?;
        ours.keep(synced.listed);
        joined.keep(synced.joined);
    }
    table::durations(
        &format!(
            "The first sync beside another one of Automerge documents: {} sessions in {} (loopback)",
            bench.sessions.len(),
            last.documents
        ),
        "beside samod",
        &[
            ("samod 0.16: connected until every session was read; TCP, nothing sealed, nothing on a disk", &theirs),
            ("`asif device join` asked until the new device can list all; QUIC, all sealed, and on both disks", &ours),
            ("of it until the command returns: let in, on both disks", &joined),
        ],
    );

    let pair = Pair::new(bench, true)?;
    let relay = pair.relay.as_ref().ok_or("no relay")?;
    relay.rest(QUIET)?;
    let (to_laptop, to_desktop) = relay.sums();
    table::head("Bytes of these", &["what", "bytes", "beside samod"]);
    for (name, bytes) in [
        ("samod: sent to the new one, over TCP", last.sent),
        ("samod: sent by the new one", last.received),
        ("asif: sent to the new device, UDP payload", to_desktop.payload() as f64),
        ("asif: sent by the new device, UDP payload", to_laptop.payload() as f64),
        (
            "asif: checkpoint, pieces and logs on the disk of the one that gives",
            (disk::sealed_bytes(bench.filled)? + disk::log_bytes(bench.filled)?) as f64,
        ),
    ] {
        table::row(&[name.to_owned(), table::bytes(bytes), table::ratio(bytes, last.sent)]);
    }
    pair.stop()
}

/// Every session as asif's own documents hold it, a line of JSON each.
fn documents(bench: &Bench<'_>) -> Result<String, Refusal> {
    let mut lines = String::new();
    let sessions = opened::sessions(bench.entries)?;
    if sessions.len() != bench.sessions.len() {
        return Err("not every session is an entry".into());
    }
    for session in sessions {
        let DocId::Month { year, month } = session.doc else { continue };
        let line = json!({
            "document": format!("{year}-{month:02}"),
            "key": session.key,
            "value": session.value,
            "message": session.change.message(),
            "time": session.change.timestamp(),
        });
        writeln!(lines, "{line}")?;
    }
    Ok(lines)
}

/// What the program said of one round.
#[derive(Default)]
struct Told {
    took: Duration,
    documents: u64,
    sent: f64,
    received: f64,
}

impl Told {
    /// Has it make the documents and sync them once.
    fn by(program: &PathBuf, file: &Path, sessions: usize) -> Result<Self, Refusal> {
        let said = Command::new(program).arg(file).arg("1").output()?;
        if !said.status.success() {
            return Err(format!("samod: {}", String::from_utf8_lossy(&said.stderr)).into());
        }
        let said: Value = serde_json::from_slice(&said.stdout)?;
        let number = |name: &str| said[name].as_f64().ok_or_else(|| format!("samod did not say {name}: {said}"));
        if number("sessions")? != sessions as f64 {
            return Err(format!("samod has other sessions: {said}").into());
        }
        Ok(Self {
            took: Duration::from_secs_f64(number("milliseconds")? / 1e3),
            documents: said["documents"].as_u64().unwrap_or_default(),
            sent: number("sent")?,
            received: number("received")?,
        })
    }
}
