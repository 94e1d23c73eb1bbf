//! The start of a daemon until its first answer, beside that of one with an empty journal.

use jiff::Timestamp;

use crate::core::Core;
use crate::home::Home;
use crate::samples::Samples;
use crate::{Bench, Refusal, table};

/// Prints the tables.
pub(crate) fn run(bench: &Bench<'_>) -> Result<(), Refusal> {
    let mut empty = Home::copy(bench.programs, bench.empty, bench.place.join("e"))?;
    let mut home = Home::copy(bench.programs, bench.filled, bench.place.join("f"))?;
    let inside = Home::copy(bench.programs, bench.filled, bench.place.join("i"))?;
    let version = bench.programs.version()?;
    let [mut empties, mut starts, mut anew, mut commands, mut openings, mut cores] = std::array::from_fn(|_| Samples::default());
    for round in 0..bench.rounds {
        empties.time(|| empty.start())?;
        empty.stop()?;
        starts.time(|| home.start())?;
        home.stop()?;
        let core = Core::open(&inside.folder, 3, &version, Timestamp::now())?;
        openings.keep(core.opening);
        cores.keep(core.starting);
        // The command starts the daemon where it does not run.
        commands.time(|| home.ok(&["list", "--limit", "10"]))?;
        home.adopt()?;
        home.stop()?;
        if round < 3 {
            std::fs::remove_file(home.folder.join("data/view"))?;
            anew.time(|| home.start())?;
            home.stop()?;
        }
    }
    table::durations(
        "Daemon start to its first answer",
        "beside an empty journal",
        &[
            ("empty journal", &empties),
            ("the journal", &starts),
            ("the journal, its saved view gone: made anew from the log", &anew),
            ("`asif list --limit 10` where no daemon runs, whole process", &commands),
            ("of the start: the store opened, every byte read and checked", &openings),
            ("of the start: the core, the saved view opened and read", &cores),
        ],
    );
    Ok(())
}
