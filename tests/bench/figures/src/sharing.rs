//! Sharing with a helper: a whole journal at first, the end of it, and a helper with many clients.

mod caseload;
mod journal;
mod revoke;

use std::time::{Duration, Instant};

use asif_proto::local::{Reply, Request};
use asif_proto::share::CaseloadRow;

use crate::home::eventually;
use crate::socket::Socket;
use crate::{Bench, Refusal};

/// What every invitation here grants.
const INVITE: [&str; 10] =
    ["share", "invite", "--name", "Dana", "--role", "therapist", "--scope", "ratings,practices,experiments,notes", "--since", "2000-01-01"];

/// Prints the tables.
pub(crate) fn run(bench: &Bench<'_>) -> Result<(), Refusal> {
    journal::run(bench)?;
    revoke::run(bench)?;
    caseload::run(bench)
}

/// Who shares with a helper.
fn rows(dana: &mut Socket) -> Result<Vec<CaseloadRow>, Refusal> {
    match dana.ask(Request::Caseload)? {
        Reply::Caseload(rows) => Ok(rows),
        _ => Err("another reply than was asked for".into()),
    }
}

/// Waits until the helper has so many sessions of a client that were not opened yet. A look costs the daemon time: it is asked a quarter of the time at most.
fn await_sessions(dana: &mut Socket, client: &str, all: u64) -> Result<(), Refusal> {
    eventually("the helper has all sessions", || {
        let start = Instant::now();
        let there = rows(dana).ok()?.iter().any(|row| row.client == client && row.new == all);
        if !there {
            std::thread::sleep((start.elapsed() * 3).max(Duration::from_millis(5)));
        }
        there.then_some(())
    })
}
