//! One question with a limit: for what is only worth asking where the answer comes at once.

use std::time::Instant;

use asif_proto::home::Home;
use asif_proto::local::{self, Answer, Ask, Reply, Request, kind};
use uuid::Uuid;

use super::find::{self, Holder};
use super::version::{Fit, judge};
use super::{Client, Connection};
use crate::world::Patience;

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
    let left = deadline.saturating_duration_since(Instant::now());
    let usual = Patience::default();
    let connection = find::connect(home, Patience { hello: usual.hello.min(left), start: left, ..usual }).ok()??;
    let fits = judge(&connection.hello) == Fit::Good;
    replied(fits.then(|| ask(connection, request, "UTC".to_owned(), deadline))??)
}

fn replied(answer: Answer) -> Option<Reply> {
    if let Answer::Reply(reply) = answer { Some(*reply) } else { None }
}

fn ask(mut connection: Connection, request: Request, zone: String, deadline: Instant) -> Option<Answer> {
    let version = connection.hello.max.min(*local::VERSIONS.end());
    connection.send(kind::ASK, &Ask { version, id: Uuid::now_v7(), zone, request }).ok()?.ok()?;
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
