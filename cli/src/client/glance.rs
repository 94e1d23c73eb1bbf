//! One question with a limit: for what is only worth asking where the answer comes at once.

use std::time::Instant;

use asif_proto::home::Home;
use asif_proto::local::{self, Answer, Ask, Failure, Reply, Request, kind};

use super::find::{self, Holder};
use super::version::{Fit, judge};
use super::{Client, ClientError, Connection, Starter};
use crate::world::Patience;

/// What came of asking with a limit.
#[derive(Debug)]
pub enum Glimpse {
    /// The daemon's answer.
    Answer(Answer),
    /// A daemon runs, and says nothing in time.
    Silent,
    /// It is coming up, and was not ready in time.
    Starting,
    /// It cannot be asked.
    Failed(Failure),
}

impl Client {
    /// Asks one thing; nothing where no reply has come by `deadline`.
    pub fn ask_until(self, request: Request, deadline: Instant) -> Option<Reply> {
        replied(self.answer_until(request, deadline)?)
    }

    /// Asks one thing; nothing where no answer has come by `deadline`.
    pub fn answer_until(self, request: Request, deadline: Instant) -> Option<Answer> {
        ask(self.connection, request, self.zone, deadline)
    }
}

/// Asks the daemon of `home` one thing, where it runs, fits and answers by `deadline`. Starts nothing, and says nothing.
pub fn glance(home: &Home, request: Request, deadline: Instant) -> Option<Reply> {
    // Where nobody holds the lock a connection could start one.
    let Holder::Daemon(Some(_)) = find::holder(home) else { return None };
    let connection = find::connect(home, within(Patience::default(), deadline)).ok()??;
    let fits = judge(&connection.hello) == Fit::Good;
    replied(fits.then(|| ask(connection, request, "UTC".to_owned(), deadline))??)
}

/// The same, but starts the daemon where none runs, and tells why there is no answer. One that does not fit is left as it is.
pub fn glimpse(starter: Starter, request: Request, zone: String, deadline: Instant) -> Glimpse {
    let starter = Starter { patience: within(starter.patience, deadline), ..starter };
    let found = find::connect(&starter.home, starter.patience);
    let connection = match found.and_then(|found| found.map_or_else(|| starter.start(), Ok)) {
        Ok(connection) => connection,
        Err(ClientError::Hanging { .. }) => return Glimpse::Silent,
        Err(ClientError::Unstarted { .. } | ClientError::Unreachable { .. } | ClientError::NotReady(_)) if Instant::now() >= deadline => {
            return Glimpse::Starting;
        }
        Err(error) => return Glimpse::Failed(error.into_failure()),
    };
    let version = connection.hello.version.clone();
    match judge(&connection.hello) {
        Fit::Good => ask(connection, request, zone, deadline).map_or(Glimpse::Silent, Glimpse::Answer),
        Fit::Older => Glimpse::Failed(ClientError::Older(version).into_failure().hint("asif daemon restart")),
        Fit::Newer => Glimpse::Failed(ClientError::Newer(version).into_failure()),
    }
}

/// No wait goes beyond `deadline`.
fn within(usual: Patience, deadline: Instant) -> Patience {
    let left = deadline.saturating_duration_since(Instant::now());
    Patience { hello: usual.hello.min(left), start: left, ..usual }
}

fn replied(answer: Answer) -> Option<Reply> {
    if let Answer::Reply(reply) = answer { Some(*reply) } else { None }
}

fn ask(mut connection: Connection, request: Request, zone: String, deadline: Instant) -> Option<Answer> {
    let version = connection.hello.max.min(*local::VERSIONS.end());
    connection.send(kind::ASK, &Ask { version, id: crate::fresh::id(), zone, request }).ok()?.ok()?;
    let mut answer = Vec::new();
    loop {
        let frame = connection.receive_until(deadline).ok()?;
        answer.extend_from_slice(&frame.bytes);
        match frame.kind {
            kind::MORE if answer.len() <= local::MAX_ANSWER => {}
            kind::ANSWER => break,
            _ => return None,
        }
    }
    serde_json::from_slice(&answer).ok()
}
