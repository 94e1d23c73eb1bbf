//! `asif show`

use asif_proto::local::{Known, Reply, Request};

use crate::client::ClientError;
use crate::completion::names;
use crate::context::Context;
use crate::error::Outcome;
use crate::render::{loan, practice, session};

/// One record, whole.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Which one: an id, or the end of one
    #[arg(value_name = "ID", add = names(Known::Sessions))]
    id: String,
}

impl Args {
    /// Shows a session, a practice or a loan.
    pub fn run(self, context: &mut Context<'_, '_>) -> Outcome {
        match context.ask(Request::Show { id: self.id })? {
            Reply::Session(one) => context.tell(&one, |screen| session::whole(screen, &one)),
            Reply::Practice(one) => context.tell(&one, |screen| practice::whole(screen, &one)),
            Reply::Loan(one) => context.tell(&one, |screen| loan::whole(screen, &one)),
            _ => Err(ClientError::Garbled.into()),
        }
    }
}
