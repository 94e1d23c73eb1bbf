//! One durable session in the daemon, beside one bare `fdatasync` of the same bytes on the same file system.

use std::fs::File;
use std::io::Write;

use jiff::Timestamp;
use uuid::Uuid;

use crate::core::Core;
use crate::home::Home;
use crate::samples::Samples;
use crate::{Bench, Refusal, table};

const TURNS: usize = 40;

/// Prints the table.
pub(crate) fn run(bench: &Bench<'_>) -> Result<(), Refusal> {
    let inside = Home::copy(bench.programs, bench.filled, bench.place.join("a"))?;
    let mut served = Home::copy(bench.programs, bench.filled, bench.place.join("b"))?;
    let mut socket = served.start()?;
    let mut core = Core::open(&inside.folder, 2, &bench.programs.version()?, Timestamp::now())?;
    let mut bare = File::options().create_new(true).append(true).open(bench.place.join("bare"))?;
    let [mut syncs, mut wholes, mut cores, mut stores, mut socketed, mut read] = std::array::from_fn(|_| Samples::default());
    let mut sizes = 0;
    // The texts of the journal, written now.
    for entry in bench.sessions.iter().rev().cycle().take(bench.rounds * TURNS) {
        let mut request = entry.request();
        if let asif_proto::local::Request::Log { fields, .. } = &mut request {
            fields.at = None;
        }
        let took = core.ask(Timestamp::now(), Uuid::now_v7(), request.clone())?;
        wholes.keep(took.core + took.store);
        cores.keep(took.core);
        stores.keep(took.store);
        sizes += took.bytes;
        let bytes = vec![0x5a; took.bytes];
        syncs.time(|| bare.write_all(&bytes).and_then(|()| bare.sync_data()))?;
        socketed.time(|| socket.ask(request))?;
        read.time(|| socket.newest(Some(1)))?;
    }
    let mean = sizes as f64 / wholes.count() as f64;
    table::durations(
        &format!("One durable session ({} on the disk in the mean)", table::bytes(mean)),
        "beside the bare fdatasync",
        &[
            ("bare: append the same bytes to a file, `fdatasync`", &syncs),
            ("asked over an open socket until it is said to be logged", &socketed),
            ("in the daemon: core and store", &wholes),
            ("of it the store: written and synced", &stores),
            ("of it the core: change, entry, view, answer", &cores),
            ("a question that writes nothing, over the same socket", &read),
        ],
    );
    core.stop(Timestamp::now())?;
    served.stop()
}
