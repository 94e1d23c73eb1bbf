//! `asif show`

use asif_proto::local::{Known, Request};

use crate::completion::names;
use crate::context::Context;
use crate::error::Outcome;
use crate::render::record;

/// One record, whole.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Which one: an id, or the end of one
    #[arg(value_name = "ID", add = names(Known::Sessions))]
    id: String,
}

impl Args {
    /// Shows any record.
    pub fn run(self, context: &mut Context<'_, '_>) -> Outcome {
        let reply = context.ask(Request::Show { id: self.id })?;
        context.tell_record(&reply, record::whole)
    }
}
