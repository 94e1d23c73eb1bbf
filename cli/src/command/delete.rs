//! `asif delete`

use asif_proto::local::{Known, Reply, Request};

use super::hidden;
use crate::completion::names;
use crate::context::Context;
use crate::error::{CommandError, Outcome};
use crate::render::{record, session};

/// Hide a record. It can be restored.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Which one: an id, or the end of one
    #[arg(value_name = "ID", add = names(Known::Sessions))]
    id: String,
    /// Do not ask
    #[arg(long, short)]
    yes: bool,
}

impl Args {
    /// Deletes any record of one's own.
    pub fn run(self, context: &mut Context<'_, '_>) -> Outcome {
        if !self.yes && !confirmed(&self.id, context)? {
            return context.nothing("Nothing was deleted.");
        }
        let reply = context.ask(Request::Delete { id: self.id })?;
        context.tell_record(&reply, |screen, reply| record::changed(screen, "deleted", reply))?;
        if let Some(id) = hidden::record_of(&reply) {
            hidden::tell(id, context)?;
        }
        if let Reply::Experiment(one) = &reply
            && let Some(session) = one.value.session
        {
            let short = crate::render::short_id(&session.to_string()).to_owned();
            context.explain(&format!("The session in which it was tried is another record, and stays: asif delete {short}"));
        }
        Ok(())
    }
}

/// Shows what would go, and asks.
fn confirmed(id: &str, context: &mut Context<'_, '_>) -> Outcome<bool> {
    if !context.can_ask() {
        return Err(CommandError::usage("deleting asks first, and nobody can be asked here", "say it with --yes"));
    }
    let what = what_is(id, context, "deleted")?;
    match context.prompt() {
        Some(mut prompt) => prompt.yes_or_no(&format!("Delete {what}? (asif restore {id} brings it back)")),
        None => Ok(false),
    }
}

/// A record of one's own in a few words; an error where it is something else, which cannot be `done` away with so.
pub(super) fn what_is(id: &str, context: &mut Context<'_, '_>, done: &str) -> Outcome<String> {
    let what = match context.ask(Request::Show { id: id.to_owned() })? {
        Reply::Session(one) => Some(session::title(&one, context.now())),
        other => record::title(&other),
    };
    what.ok_or_else(|| CommandError::usage(format!("only what you wrote down yourself can be {done}"), "asif list tells the ids"))
}
