//! The first sync of all: how long until everything can be listed, and the memory of both sides meanwhile.

use std::fs::File;
use std::io::Write;
use std::time::{Duration, Instant};

use crate::home::{Home, eventually};
use crate::memory::{self, Memory};
use crate::samples::Samples;
use crate::{Bench, Refusal, disk, table};

const TURNS: usize = 3;

/// Prints the tables.
pub(crate) fn run(bench: &Bench<'_>) -> Result<(), Refusal> {
    let [mut written, mut rebuilt, mut listed, mut joined] = std::array::from_fn(|_| Samples::default());
    let nothing = memory::of_empty(bench)?;
    let mut memories = None;
    for _ in 0..TURNS {
        let bytes = vec![0x5a; usize::try_from(disk::log_bytes(bench.filled)?)?];
        written.time(|| {
            let mut file = File::create(bench.place.join("bare-f"))?;
            file.write_all(&bytes)?;
            file.sync_data()
        })?;
        let mut alone = Home::copy(bench.programs, bench.filled, bench.place.join("v"))?;
        std::fs::remove_file(alone.folder.join("data/view"))?;
        rebuilt.time(|| alone.start())?;
        alone.stop()?;

        let synced = own_device(bench)?;
        joined.keep(synced.joined);
        listed.keep(synced.listed);
        memories = Some((synced.giver, synced.new));
    }
    table::durations(
        "The first sync: all sessions to a new device (loopback)",
        "beside the same from one's own disk",
        &[
            ("a daemon makes the view of all sessions anew from its own log: no network, nothing written", &rebuilt),
            ("`asif device join` asked until the new device can list all", &listed),
            ("of it until the command returns: let in, on both disks", &joined),
            ("the same bytes as the sealed logs in one write and one `fdatasync`", &written),
        ],
    );
    if let Some((laptop, desktop)) = memories {
        memory::head("Memory right after a first sync");
        laptop.row("the device that gives", &nothing);
        desktop.row("the new device", &nothing);
    }
    Ok(())
}

/// A first sync.
pub(crate) struct Synced {
    /// From the command until the new device can list all.
    pub(crate) listed: Duration,
    /// From the command until it returned.
    pub(crate) joined: Duration,
    /// Memory right after it of the device that gives.
    pub(crate) giver: Memory,
    /// The same of the new one.
    pub(crate) new: Memory,
}

/// Joins a new device of the same person to the journal, and waits until it has everything.
pub(crate) fn own_device(bench: &Bench<'_>) -> Result<Synced, Refusal> {
    let mut laptop = Home::copy(bench.programs, bench.filled, bench.place.join("l"))?;
    let mut desktop = Home::new(bench.programs, bench.place.join("d"))?;
    let (mut one, mut other) = (laptop.start()?, desktop.start()?);
    let all = Home::count(&mut one)?;
    let (ticket, address) = laptop.ticket()?;
    let start = Instant::now();
    desktop.ok(&["device", "join", &ticket, "--name", "desktop", "--at", &address.to_string()])?;
    let joined = start.elapsed();
    eventually("all can be listed", || {
        std::thread::sleep(Duration::from_millis(10));
        (Home::count(&mut other).ok()? == all).then_some(())
    })?;
    let listed = start.elapsed();
    let synced = Synced { listed, joined, giver: Memory::of(&laptop)?, new: Memory::of(&desktop)? };
    laptop.stop()?;
    desktop.stop()?;
    Ok(synced)
}
