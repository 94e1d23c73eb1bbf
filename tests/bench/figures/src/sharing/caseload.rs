//! A helper with a hundred clients: what they wait for, and what it takes.

use std::time::Instant;

use super::{INVITE, await_sessions, rows};
use crate::home::{Home, succeed};
use crate::memory::{self, Memory};
use crate::samples::Samples;
use crate::{Bench, Refusal, core, disk, floor, table};

const CLIENTS: usize = 100;
const QUICK: usize = 8;

/// Prints the tables.
pub(super) fn run(bench: &Bench<'_>) -> Result<(), Refusal> {
    let version = bench.programs.version()?;
    let mut dana = Home::new(bench.programs, bench.place.join("h"))?;
    let mut socket = dana.start()?;
    let each = bench.client_sessions;
    // Other sessions for each client, as far as there are so many.
    let starts = bench.sessions.len().saturating_sub(each) + 1;
    let start = Instant::now();
    for number in 0..CLIENTS {
        let sessions: Vec<_> = bench.sessions.iter().skip(number * each % starts).take(each).cloned().collect();
        let folder = bench.place.join("r");
        core::fill(&folder, 1000 + u64::try_from(number)?, &version, &sessions)?;
        let mut robin = Home::lies(bench.programs, folder);
        let mut one = robin.start()?;
        let client = client(number);
        let (ticket, address) = robin.offer(&[&INVITE[..], &["--as", &client]].concat())?;
        dana.ok(&["helper", "join", &ticket, "--name", "Dana", "--at", &address.to_string()])?;
        await_sessions(&mut socket, &client, Home::count(&mut one)?)?;
        robin.stop()?;
    }
    if rows(&mut socket)?.len() != CLIENTS {
        return Err("not all clients are there".into());
    }
    let joined = Memory::of(&dana)?;
    println!("\n{CLIENTS} clients of {each} sessions each joined one after the other in {:.1?}.", start.elapsed());

    let mut floor = floor::serve(bench)?;
    let [mut floors, mut versions, mut fresh, mut asked_fresh, mut first] = std::array::from_fn(|_| Samples::default());
    let [mut seen, mut asked_seen, mut opens, mut preps] = std::array::from_fn(|_| Samples::default());
    for _ in 0..bench.rounds * QUICK {
        floors.time(|| succeed(&mut floor))?;
        versions.time(|| dana.ok(&["--version"]))?;
        fresh.time(|| dana.ok(&["caseload"]))?;
        asked_fresh.time(|| rows(&mut socket))?;
    }
    for number in 0..CLIENTS {
        first.time(|| dana.ok(&["caseload", "open", &client(number)]))?;
    }
    for number in 0..bench.rounds * QUICK {
        let client = client(number % CLIENTS);
        floors.time(|| succeed(&mut floor))?;
        versions.time(|| dana.ok(&["--version"]))?;
        seen.time(|| dana.ok(&["caseload"]))?;
        asked_seen.time(|| rows(&mut socket))?;
        opens.time(|| dana.ok(&["caseload", "open", &client]))?;
        preps.time(|| dana.ok(&["caseload", "prep", &client, "--since", "2000-01-01"]))?;
    }
    table::durations(
        &format!("A helper with {CLIENTS} clients of {each} sessions each, whole process"),
        "beside the floor",
        &[
            ("the floor: connect, one line out, one line in", &floors),
            ("`asif --version`: no daemon asked", &versions),
            ("`asif caseload`, nothing opened yet", &fresh),
            ("of it: asked over an open socket", &asked_fresh),
            ("`asif caseload open`, the first time: it is reported to the client", &first),
            ("`asif caseload`, all opened", &seen),
            ("of it: asked over an open socket", &asked_seen),
            ("`asif caseload open`, again", &opens),
            ("`asif caseload prep`, all sessions", &preps),
        ],
    );
    println!("\nThe longest `asif caseload`: {} with nothing opened, {} with all opened.", fresh.longest(), seen.longest());

    let nothing = memory::of_empty(bench)?;
    memory::head(&format!("Memory of a helper with {CLIENTS} clients of {each} sessions each"));
    joined.row("after they joined, one after the other", &nothing);
    Memory::of(&dana)?.row("after each was opened, and all that was asked above", &nothing);
    dana.stop()?;
    dana.start()?;
    Memory::of(&dana)?.row("started anew, after its first answer", &nothing);
    dana.stop()?;
    println!("\nOn the disk, stopped: {}.", disk::sizes(&dana.folder)?);
    Ok(())
}

/// What a client is called here.
fn client(number: usize) -> String {
    format!("Robin {number:03}")
}
