//! What was logged, or waits to be: a journal that is locked takes it sealed, and puts it in when it is opened.

use asif_proto::local::{ErrorKind, Reply, Request, Waiting};
use asif_proto::record::{Session, SessionFields};
use serde::Serialize;
use uuid::Uuid;

use crate::context::Context;
use crate::error::Outcome;
use crate::render::{lock, session};

/// As above.
#[derive(Serialize)]
#[serde(untagged)]
pub enum Logged {
    /// It is in the journal.
    Session(Box<Session>),
    /// It waits until the journal is open.
    Waiting(Waiting),
}

impl Logged {
    /// Says which.
    pub fn tell(&self, context: &mut Context<'_, '_>) -> Outcome {
        context.tell(self, |screen| match self {
            Self::Session(one) => session::logged(screen, one),
            Self::Waiting(waiting) => lock::waits(screen, waiting),
        })
    }
}

/// Has it logged.
pub fn log(context: &mut Context<'_, '_>, id: Uuid, practice: Option<String>, fields: SessionFields) -> Outcome<Logged> {
    context.ask_for_as(id, Request::Log { practice, fields: Box::new(fields) }, |reply| match reply {
        Reply::Session(session) => Some(Logged::Session(Box::new(session))),
        Reply::Waiting(waiting) => Some(Logged::Waiting(waiting)),
        _ => None,
    })
}

/// Looks with `request` whether what is about to be typed would be taken. Of a journal that is locked nothing can be seen, and it takes it.
pub fn would_be_taken(context: &mut Context<'_, '_>, request: Request) -> Outcome {
    match context.ask(request) {
        Err(error) if error.failure().is_some_and(|failure| failure.kind == ErrorKind::Locked) => Ok(()),
        looked => looked.map(drop),
    }
}
