//! `asif restore`

use asif_proto::local::{Known, Reply, Request};

use crate::client::ClientError;
use crate::completion::names;
use crate::context::Context;
use crate::error::Outcome;
use crate::render::{practice, session};

/// Show a deleted record again.
///
/// `asif list --deleted` tells what there is.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Which one: an id, or the end of one
    #[arg(value_name = "ID", add = names(Known::Deleted))]
    id: String,
}

impl Args {
    /// Restores a session or a practice.
    pub fn run(self, context: &mut Context<'_, '_>) -> Outcome {
        match context.ask(Request::Restore { id: self.id })? {
            Reply::Session(one) => context.tell(&one, |screen| session::changed(screen, "restored", &one)),
            Reply::Practice(one) => context.tell(&one, |screen| practice::changed(screen, "restored", &one)),
            _ => Err(ClientError::Garbled.into()),
        }
    }
}
