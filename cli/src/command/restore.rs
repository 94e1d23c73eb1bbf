//! `asif restore`

use asif_proto::local::{Known, Request};

use crate::completion::names;
use crate::context::Context;
use crate::error::Outcome;
use crate::render::record;

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
    /// Restores any record.
    pub fn run(self, context: &mut Context<'_, '_>) -> Outcome {
        let reply = context.ask(Request::Restore { id: self.id })?;
        context.tell_record(&reply, |screen, reply| record::changed(screen, "restored", reply))
    }
}
