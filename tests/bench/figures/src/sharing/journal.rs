//! The whole journal shared at once: how long, what crosses, what it takes in memory and on the disk, and what a helper then waits for.

use std::time::{Duration, Instant};

use asif_proto::local::{Reply, Request};
use asif_proto::share::CaseloadOpen;

use super::{INVITE, await_sessions, revoke, rows};
use crate::home::{Home, succeed};
use crate::memory::{self, Memory};
use crate::relay::Relay;
use crate::samples::{Samples, human};
use crate::socket::Socket;
use crate::{Bench, Refusal, disk, first, floor, table, watch};

const TURNS: usize = 3;
const QUIET: Duration = Duration::from_millis(500);

/// Prints the tables.
pub(super) fn run(bench: &Bench<'_>) -> Result<(), Refusal> {
    time(bench)?;
    through_a_relay(bench)
}

/// How long it takes, and the memory of both.
fn time(bench: &Bench<'_>) -> Result<(), Refusal> {
    let [mut synced, mut previewed, mut joined, mut shared, mut deaf, mut deaf_helper, mut looks] =
        std::array::from_fn(|_| Samples::default());
    let [mut noticed, mut returned, mut answered] = std::array::from_fn(|_| Samples::default());
    let nothing = memory::of_empty(bench)?;
    let mut memories = Vec::new();
    for _ in 0..TURNS {
        synced.keep(first::own_device(bench)?.listed);

        let mut robin = Home::copy(bench.programs, bench.filled, bench.place.join("r"))?;
        let mut dana = Home::new(bench.programs, bench.place.join("h"))?;
        let (mut one, mut other) = (robin.start()?, dana.start()?);
        let expected = Home::count(&mut one)?;
        previewed.time(|| robin.ok(&[&INVITE[..], &["--dry-run"]].concat()))?;
        let before = [Memory::of(&robin)?, Memory::of(&dana)?];
        let (ticket, address) = robin.offer(&INVITE)?;
        let ((), waits) = watch::during(&[&robin, &dana], || {
            let start = Instant::now();
            dana.ok(&["helper", "join", &ticket, "--name", "Dana", "--at", &address.to_string()])?;
            joined.keep(start.elapsed());
            await_sessions(&mut other, "Robin", expected)?;
            shared.keep(start.elapsed());
            Ok(())
        })?;
        for (samples, wait) in [&mut deaf, &mut deaf_helper].into_iter().zip(waits) {
            samples.keep(wait);
        }
        looks.time(|| rows(&mut other))?;
        memories = Vec::from(before);
        memories.extend([Memory::of(&robin)?, Memory::of(&dana)?]);
        robin.ok(&["sync", "--wait", "--timeout", "60s"])?;
        let ended = revoke::end(&robin, &mut one, &mut other, None)?;
        noticed.keep(ended.noticed);
        returned.keep(ended.returned);
        answered.keep(ended.answered);
        robin.stop()?;
        dana.stop()?;
    }
    table::durations(
        &format!("A journal of {} sessions shared with a helper (loopback)", bench.sessions.len()),
        "beside an own device",
        &[
            ("the first sync of all to a new device of one's own: `asif device join` asked until it can list all", &synced),
            ("`asif share invite --dry-run`: what the helper would see", &previewed),
            ("`asif helper join` asked until the helper's caseload has all sessions", &shared),
            ("of it until the command returns", &joined),
            ("the longest that the client's daemon let another question wait meanwhile", &deaf),
            ("the same of the helper's", &deaf_helper),
            ("one look at the helper's caseload, which is asked a quarter of the time", &looks),
            ("`asif share revoke` started until the helper's caseload says `ended`", &noticed),
            ("until that command returns", &returned),
            ("until the client holds the signed answer that all was deleted", &answered),
        ],
    );
    memory::head("Memory before and after that");
    let names = ["the client before it shares", "the helper before", "the client right after", "the helper right after"];
    for (name, memory) in names.iter().zip(&memories) {
        memory.row(name, &nothing);
    }
    Ok(())
}

/// What crosses, what lies on the disk, what it takes after a start, and what the helper's commands take with all of it.
fn through_a_relay(bench: &Bench<'_>) -> Result<(), Refusal> {
    let mut robin = Home::copy(bench.programs, bench.filled, bench.place.join("r"))?;
    let mut dana = Home::new(bench.programs, bench.place.join("h"))?;
    let (mut one, mut other) = (robin.start()?, dana.start()?);
    let expected = Home::count(&mut one)?;
    let own = disk::log_bytes(&robin.folder)?;
    let (ticket, address) = robin.offer(&INVITE)?;
    let relay = Relay::to(address)?;
    dana.ok(&["helper", "join", &ticket, "--name", "Dana", "--at", &relay.address.to_string()])?;
    await_sessions(&mut other, "Robin", expected)?;
    relay.rest(QUIET)?;
    let (to_robin, to_dana) = relay.sums();
    let share = disk::log_bytes(&robin.folder)? - own;
    let theirs = disk::log_bytes(&dana.folder)?;

    let mut floor = floor::serve(bench)?;
    let [mut floors, mut rows_new, mut first, mut rows_old, mut opens, mut asked, mut preps] = std::array::from_fn(|_| Samples::default());
    for _ in 0..bench.rounds {
        floors.time(|| succeed(&mut floor))?;
        rows_new.time(|| dana.ok(&["caseload"]))?;
    }
    first.time(|| dana.ok(&["caseload", "open", "Robin", "--json"]))?;
    for _ in 0..bench.rounds {
        floors.time(|| succeed(&mut floor))?;
        rows_old.time(|| dana.ok(&["caseload"]))?;
        opens.time(|| dana.ok(&["caseload", "open", "Robin", "--json"]))?;
        asked.time(|| opened(&mut other))?;
        preps.time(|| dana.ok(&["caseload", "prep", "Robin"]))?;
    }
    let open = opened(&mut other)?;
    let json: Vec<Vec<u8>> = open.sessions.iter().map(serde_json::to_vec).collect::<Result<_, _>>()?;
    let text = json.join(&b'\n');
    let packed = zstd::bulk::compress(&text, 19)?.len() as f64;
    if open.sessions.len() as u64 != expected {
        return Err("not all sessions are there".into());
    }

    table::head("Bytes of a share", &["what", "bytes", "beside zstd -19"]);
    for (name, bytes) in [
        ("the shared sessions, as `caseload open --json` has them, as JSON lines, zstd -19", packed),
        ("the same as JSON lines", text.len() as f64),
        ("the client's own journal: its sealed logs on the disk", own as f64),
        ("the share: what the sealed logs grew by on the client's disk", share as f64),
        ("the sealed logs on the helper's disk, their own journal included", theirs as f64),
        ("sent to the helper, UDP payload", to_dana.payload() as f64),
        ("sent by the helper (requests, acknowledgements, the receipt), UDP payload", to_robin.payload() as f64),
        ("both ways, with the headers of UDP and IP", (to_dana.whole() + to_robin.whole()) as f64),
    ] {
        table::row(&[name.to_owned(), table::bytes(bytes), table::ratio(bytes, packed)]);
    }
    table::durations(
        &format!("A helper with one client of {expected} sessions, whole process"),
        "beside the floor",
        &[
            ("the floor: connect, one line out, one line in", &floors),
            ("`asif caseload`, nothing opened yet", &rows_new),
            ("`asif caseload open Robin --json`, the first time: it is reported to the client", &first),
            ("`asif caseload`, all opened", &rows_old),
            ("`asif caseload open Robin --json`, again", &opens),
            ("of it: asked over an open socket", &asked),
            ("`asif caseload prep Robin`: two weeks, in which there was nothing", &preps),
        ],
    );

    let nothing = memory::of_empty(bench)?;
    memory::head("Memory with that share, after the helper opened it, and at rest");
    Memory::of(&dana)?.row("the helper, all opened and asked again and again", &nothing);
    let mut starts = Vec::new();
    for (name, home) in [("the client", &mut robin), ("the helper", &mut dana)] {
        home.stop()?;
        let start = Instant::now();
        home.start()?;
        starts.push(format!("{name} {}", human(start.elapsed().as_secs_f64() * 1e6)));
        Memory::of(home)?.row(&format!("{name}, started anew, after its first answer"), &nothing);
    }
    println!("\nFrom the start of the daemon to its first answer: {}.", starts.join(", "));
    println!("On the disk, stopped: the client {}; the helper {}.", disk::sizes(&robin.folder)?, disk::sizes(&dana.folder)?);
    robin.stop()?;
    dana.stop()
}

/// What one client shares.
fn opened(socket: &mut Socket) -> Result<CaseloadOpen, Refusal> {
    match socket.ask(Request::CaseloadOpen { client: "Robin".into() })? {
        Reply::Client(open) => Ok(open),
        _ => Err("another reply than was asked for".into()),
    }
}
