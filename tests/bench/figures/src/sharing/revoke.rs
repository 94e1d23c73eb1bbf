//! The end of a share: from the command until the helper's daemon knows, and until the link is closed.

use std::time::{Duration, Instant};

use asif_proto::local::{Reply, Request};

use super::{INVITE, await_sessions, rows};
use crate::echo::Echo;
use crate::home::{Home, eventually};
use crate::relay::Relay;
use crate::samples::Samples;
use crate::socket::Socket;
use crate::{Bench, Refusal, core, table};

/// Sessions of the client.
const SESSIONS: usize = 50;
/// Longer than the ten seconds between two signs of life: whatever is still linked says something.
const SILENCE: Duration = Duration::from_secs(11);
/// Between what was shared and its end, so that it finds both at rest.
const PAUSE: Duration = Duration::from_millis(60);
const ENTRY: usize = 900;
const ACKNOWLEDGEMENT: usize = 100;

/// When what followed a command to end a share, from its start.
pub(super) struct Ended {
    /// The helper's caseload says that it ended.
    pub(super) noticed: Duration,
    /// The command returned.
    pub(super) returned: Duration,
    /// The client holds the signed word of the helper's device that it deleted what it had.
    pub(super) answered: Duration,
    /// The first datagram from the client passed, and the last of the link; none where no relay was there to see them.
    pub(super) seen: Option<(Duration, Duration)>,
}

/// Ends the share with Dana and watches.
pub(super) fn end(robin: &Home<'_>, one: &mut Socket, dana: &mut Socket, relay: Option<&Relay>) -> Result<Ended, Refusal> {
    std::thread::sleep(PAUSE);
    if let Some(relay) = relay {
        relay.forget();
    }
    let start = Instant::now();
    let (noticed, returned) = std::thread::scope(|scope| {
        let command =
            scope.spawn(|| robin.ok(&["share", "revoke", "Dana", "--yes"]).map(|()| start.elapsed()).map_err(|error| error.to_string()));
        let noticed =
            eventually("the helper hears of the end", || rows(dana).ok()?.iter().any(|row| row.ended.is_some()).then(|| start.elapsed()));
        (noticed, command.join())
    });
    let returned = returned.map_err(|_| "the command was not awaited")??;
    let answered = eventually("the helper's device has answered", || {
        std::thread::sleep(Duration::from_millis(2));
        let Ok(Reply::Grants(grants)) = one.ask(Request::ShareList) else { return None };
        grants.iter().flat_map(|grant| &grant.deletions).any(|answer| answer.items.is_some()).then(|| start.elapsed())
    })?;
    let seen = relay.map(|relay| seen(relay, start)).transpose()?.flatten();
    Ok(Ended { noticed: noticed?, returned, answered, seen })
}

/// When the client's first datagram passed, and the last of the link: before another link was dialled, or before nothing came for longer than a
/// link is ever silent.
fn seen(relay: &Relay, start: Instant) -> Result<Option<(Duration, Duration)>, Refusal> {
    let passed = eventually("the link is closed", || {
        std::thread::sleep(Duration::from_millis(50));
        let passed = relay.passed();
        let over = passed.iter().any(|one| one.parts.handshake > 0) || passed.last().is_some_and(|last| last.at.elapsed() > SILENCE);
        over.then_some(passed)
    })?;
    // The client was dialled through the relay: what it sends goes back.
    let first = passed.iter().find(|one| !one.forth).map(|one| one.at - start);
    let last = passed.iter().take_while(|one| one.parts.handshake == 0).last().map(|one| one.at - start);
    Ok(first.zip(last))
}

/// Prints the table.
pub(super) fn run(bench: &Bench<'_>) -> Result<(), Refusal> {
    let made = bench.place.join("some");
    core::fill(&made, 5, &bench.programs.version()?, bench.sessions.get(..SESSIONS).unwrap_or(bench.sessions))?;
    let mut echo = Echo::open()?;
    let [mut trips, mut sent, mut noticed, mut returned, mut closed, mut answered, mut looks] = std::array::from_fn(|_| Samples::default());
    for _ in 0..bench.rounds {
        let mut robin = Home::copy(bench.programs, &made, bench.place.join("r"))?;
        let mut dana = Home::new(bench.programs, bench.place.join("h"))?;
        let (mut one, mut other) = (robin.start()?, dana.start()?);
        let (ticket, address) = robin.offer(&INVITE)?;
        let relay = Relay::to(address)?;
        dana.ok(&["helper", "join", &ticket, "--name", "Dana", "--at", &relay.address.to_string()])?;
        await_sessions(&mut other, "Robin", Home::count(&mut one)?)?;
        robin.ok(&["sync", "--wait", "--timeout", "60s"])?;
        trips.time(|| echo.round_trip(ENTRY, ACKNOWLEDGEMENT))?;
        looks.time(|| rows(&mut other))?;
        let ended = end(&robin, &mut one, &mut other, Some(&relay))?;
        noticed.keep(ended.noticed);
        returned.keep(ended.returned);
        answered.keep(ended.answered);
        if let Some((first, last)) = ended.seen {
            sent.keep(first);
            closed.keep(last);
        }
        robin.stop()?;
        dana.stop()?;
    }
    echo.close();
    table::durations(
        &format!("The end of a share ({SESSIONS} sessions; through a relay that notes when the datagrams pass)"),
        "beside the round trip",
        &[
            ("one QUIC round trip, as above", &trips),
            ("`asif share revoke Dana --yes` started until the client's first datagram passes", &sent),
            ("until the helper's caseload says `ended`", &noticed),
            ("until the last datagram of the link has passed", &closed),
            ("until the command returns", &returned),
            ("until the client holds the signed answer that all was deleted", &answered),
            ("one look at the helper's caseload, which is asked again and again", &looks),
        ],
    );
    println!("\nThe longest: noticed {}, link closed {}.", noticed.longest(), closed.longest());
    Ok(())
}
