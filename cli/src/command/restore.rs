//! `asif restore`

use asif_proto::local::{Known, Reply, Request};

use crate::completion::names;
use crate::context::Context;
use crate::error::Outcome;
use crate::render::{deleted, record};

/// Show a deleted record again. Without an id: everything that is deleted.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Which one: an id, or the end of one (default: list them all)
    #[arg(value_name = "ID", add = names(Known::Deleted))]
    id: Option<String>,
}

impl Args {
    /// Restores any record, or lists those that can be.
    pub fn run(self, context: &mut Context<'_, '_>) -> Outcome {
        let Some(id) = self.id else { return all(context) };
        let reply = context.ask(Request::Restore { id })?;
        context.tell_record(&reply, |screen, reply| record::changed(screen, "restored", reply))
    }
}

fn all(context: &mut Context<'_, '_>) -> Outcome {
    let all = context.ask_for(Request::Deleted, |reply| if let Reply::Deleted(all) = reply { Some(all) } else { None })?;
    context.tell(&all, |screen| deleted::list(screen, &all))?;
    if !context.json() {
        context.say(if all.is_empty() { "Nothing is deleted." } else { "Back comes one with: asif restore ID" });
    }
    Ok(())
}
