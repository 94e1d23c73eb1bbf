//! Written on one machine until it is visible on another, beside one round trip between them; and where the time goes.

use std::fs::File;
use std::io::Write;
use std::time::{Duration, Instant};

use asif_proto::local::{Reply, Request};

use crate::echo::Echo;
use crate::home::{Home, eventually};
use crate::relay::Relay;
use crate::samples::Samples;
use crate::socket::Socket;
use crate::{Bench, Refusal, table};

const TURNS: usize = 10;
/// About the bytes of one entry and of one acknowledgement.
const ENTRY: usize = 900;
const ACKNOWLEDGEMENT: usize = 100;
/// Between two sessions, so that each finds both ends at rest.
const PAUSE: Duration = Duration::from_millis(60);

/// Prints the tables.
pub(crate) fn run(bench: &Bench<'_>) -> Result<(), Refusal> {
    direct(bench)?;
    split(bench)
}

/// Two daemons that reach each other directly.
fn direct(bench: &Bench<'_>) -> Result<(), Refusal> {
    let mut pair = Pair::new(bench, false)?;
    let mut echo = Echo::open()?;
    let mut bare = File::options().create_new(true).append(true).open(bench.place.join("bare-v"))?;
    let [mut trips, mut syncs, mut saids, mut seens, mut looks] = std::array::from_fn(|_| Samples::default());
    for turn in 0..bench.rounds * TURNS {
        std::thread::sleep(PAUSE);
        trips.time(|| echo.round_trip(ENTRY, ACKNOWLEDGEMENT))?;
        syncs.time(|| bare.write_all(&[0x5a; ENTRY]).and_then(|()| bare.sync_data()))?;
        let (said, seen) = pair.one(bench, turn)?;
        saids.keep(said.1 - said.0);
        seens.keep(seen - said.0);
        looks.time(|| pair.other.newest(Some(1)))?;
    }
    echo.close();
    table::durations(
        "Written on A until it is visible on B (loopback)",
        "beside the round trip",
        &[
            ("one QUIC round trip: a frame of 900 bytes there, one of 100 back, over the daemon's own network code", &trips),
            ("asked on A until B lists it", &seens),
            ("asked on A until A says that it is logged", &saids),
            ("a bare `fdatasync`, of which there are two, one after the other", &syncs),
            ("one look at B, which is asked again and again", &looks),
        ],
    );
    pair.stop()
}

/// Two daemons with a relay between them that notes the time.
fn split(bench: &Bench<'_>) -> Result<(), Refusal> {
    let mut pair = Pair::new(bench, true)?;
    let [mut totals, mut before, mut between, mut after] = std::array::from_fn(|_| Samples::default());
    for turn in 0..bench.rounds * TURNS {
        std::thread::sleep(PAUSE);
        let Some(relay) = &pair.relay else { return Err("no relay".into()) };
        relay.forget();
        let (said, seen) = pair.one(bench, turn)?;
        std::thread::sleep(PAUSE);
        // A was dialled through the relay: what it sends goes back.
        let passed = pair.relay.as_ref().map(Relay::passed).unwrap_or_default();
        let sent = passed.iter().find(|one| !one.forth && one.parts.after > ENTRY / 2).map(|one| one.at);
        let told = passed.iter().find(|one| one.forth && sent.is_some_and(|sent| one.at > sent)).map(|one| one.at);
        if let (Some(sent), Some(told)) = (sent, told) {
            totals.keep(seen - said.0);
            before.keep(sent - said.0);
            between.keep(told - sent);
            after.keep(seen.saturating_duration_since(told));
        }
    }
    table::durations(
        "The same through a relay that notes when the datagrams pass (the relay costs two more hops)",
        "share",
        &[
            ("asked on A until B lists it", &totals),
            ("until A's entry passes: the request, core and `fdatasync` of A, sealing and sending", &before),
            ("until B's acknowledgement passes: checked, opened, merged, `fdatasync` of B", &between),
            ("until B's list shows it", &after),
        ],
    );
    pair.stop()
}

/// Two daemons of one person, up to date.
pub(crate) struct Pair<'p> {
    /// The one that has the journal.
    pub(crate) laptop: Home<'p>,
    /// The one that joined.
    pub(crate) desktop: Home<'p>,
    /// A connection to the first.
    pub(crate) one: Socket,
    /// A connection to the second.
    pub(crate) other: Socket,
    /// What is between them.
    pub(crate) relay: Option<Relay>,
}

impl<'p> Pair<'p> {
    /// Joins a fresh desktop to a laptop with the whole journal, through a relay or directly.
    pub(crate) fn new(bench: &Bench<'p>, through: bool) -> Result<Self, Refusal> {
        let mut laptop = Home::copy(bench.programs, bench.filled, bench.place.join("l"))?;
        let mut desktop = Home::new(bench.programs, bench.place.join("d"))?;
        let mut one = laptop.start()?;
        let mut other = desktop.start()?;
        let (ticket, address) = laptop.ticket()?;
        let relay = through.then(|| Relay::to(address)).transpose()?;
        let at = relay.as_ref().map_or(address, |relay| relay.address).to_string();
        let all = Home::count(&mut one)?;
        desktop.ok(&["device", "join", &ticket, "--name", "desktop", "--at", &at])?;
        eventually("all can be listed", || {
            std::thread::sleep(Duration::from_millis(20));
            (Home::count(&mut other).ok()? == all).then_some(())
        })?;
        laptop.ok(&["sync", "--wait", "--timeout", "60s"])?;
        Ok(Self { laptop, desktop, one, other, relay })
    }

    /// Logs one session on A and waits until B lists it: asked, said to be logged; seen.
    fn one(&mut self, bench: &Bench<'_>, turn: usize) -> Result<((Instant, Instant), Instant), Refusal> {
        let entry = bench.sessions.iter().rev().cycle().nth(turn).ok_or("no session")?;
        let mut request = entry.request();
        if let Request::Log { fields, .. } = &mut request {
            fields.at = None;
        }
        let asked = Instant::now();
        let Reply::Session(written) = self.one.ask(request)? else { return Err("another reply than was asked for".into()) };
        let said = Instant::now();
        loop {
            let newest = self.other.newest(Some(1))?;
            if newest.first().is_some_and(|newest| newest.id == written.id) {
                return Ok(((asked, said), Instant::now()));
            }
            if said.elapsed() > Duration::from_secs(10) {
                return Err("it never came".into());
            }
        }
    }

    /// Stops both.
    pub(crate) fn stop(mut self) -> Result<(), Refusal> {
        self.laptop.stop()?;
        self.desktop.stop()
    }
}
