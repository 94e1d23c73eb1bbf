//! Whole processes: what somebody waits for who types a command, beside the floor and beside `jrnl`.

use asif_proto::local::Request;
use asif_proto::record::SessionFields;

use crate::home::{Home, succeed};
use crate::jrnl::Jrnl;
use crate::samples::Samples;
use crate::{Bench, Refusal, floor, table};

/// Runs of ours for each of `jrnl`, which takes a thousand times as long.
const QUICK: usize = 8;

/// Prints the table.
pub(crate) fn run(bench: &Bench<'_>) -> Result<(), Refusal> {
    let mut home = Home::copy(bench.programs, bench.filled, bench.place.join("c"))?;
    let mut socket = home.start()?;
    let jrnl = Jrnl::new(bench.programs, &bench.place.join("jrnl"), bench.sessions);
    let mut floor = floor::serve(bench)?;

    let log = ["log", "lunch", "--before", "30", "--after", "45", "--acted", "80"];
    let fields = SessionFields { before: Some(30.try_into()?), after: Some(45.try_into()?), ..SessionFields::default() };
    let logs = Request::Log { practice: Some("lunch".into()), fields: Box::new(fields) };
    let [
        mut floors,
        mut versions,
        mut todays,
        mut crises,
        mut lists,
        mut added,
        mut answered,
        mut written,
        mut their_lists,
        mut their_adds,
    ] = std::array::from_fn(|_| Samples::default());
    for _ in 0..bench.rounds {
        for _ in 0..QUICK {
            floors.time(|| succeed(&mut floor))?;
            versions.time(|| home.ok(&["--version"]))?;
            todays.time(|| home.ok(&["today"]))?;
            crises.time(|| home.ok(&["crisis"]))?;
            lists.time(|| home.ok(&["list", "--limit", "10"]))?;
            added.time(|| home.ok(&log))?;
            answered.time(|| socket.newest(Some(10)))?;
            written.time(|| socket.ask(logs.clone()))?;
        }
        if let Ok(jrnl) = &jrnl {
            their_lists.time(|| succeed(&mut jrnl.command(&["-n", "10"])))?;
            their_adds.time(|| succeed(&mut jrnl.command(&["lunch,", "before", "30,", "after", "45,", "acted", "80."])))?;
        }
    }
    table::durations(
        "Commands, whole process",
        "beside the floor",
        &[
            ("the floor: connect, one line out, one line in", &floors),
            ("`asif --version`: no daemon asked", &versions),
            ("`asif today`", &todays),
            ("`asif crisis`, with the daemon", &crises),
            ("`asif list --limit 10`", &lists),
            ("`asif log`", &added),
            ("`jrnl -n 10`", &their_lists),
            ("`jrnl` adds one entry", &their_adds),
            ("of `asif list`: asked over an open socket", &answered),
            ("of `asif log`: asked over an open socket", &written),
        ],
    );
    match &jrnl {
        Ok(_) => println!(
            "\n`jrnl -n 10` / `asif list --limit 10`: {}. `jrnl` adding / `asif log`: {}.",
            table::ratio(their_lists.median(), lists.median()),
            table::ratio(their_adds.median(), added.median())
        ),
        Err(error) => println!("\njrnl is left out: it could not be installed ({error})."),
    }
    home.stop()
}
