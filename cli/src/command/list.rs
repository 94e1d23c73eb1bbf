//! `asif list`

use asif_proto::local::{ListFilter, Reply, Request};

use super::filter::{Filter, ON_A_TERMINAL};
use crate::context::Context;
use crate::error::Outcome;
use crate::render::session;

/// What you wrote down, newest first.
///
/// A terminal shows the newest 20; a pipe and --json get all.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(flatten)]
    filter: Filter,
    /// The deleted ones instead (asif restore lists all else that is deleted)
    #[arg(long)]
    deleted: bool,
}

impl Args {
    /// Lists sessions.
    pub fn run(self, context: &mut Context<'_, '_>) -> Outcome {
        let capped = self.filter.is_capped(context);
        // One more than is shown tells whether there are more.
        let filter = self.filter.asked(capped.then_some(ON_A_TERMINAL + 1), self.deleted);
        let deleted = self.deleted;
        let all = filter == ListFilter { limit: filter.limit, ..ListFilter::default() };
        let sessions =
            context.ask_for(Request::List(filter), |reply| if let Reply::Sessions(sessions) = reply { Some(sessions) } else { None })?;
        let shown = if capped { sessions.get(..ON_A_TERMINAL).unwrap_or(&sessions) } else { &sessions };
        context.tell(shown, |screen| session::list(screen, shown))?;
        if shown.is_empty() && !context.json() {
            context.say(if all { "Nothing here yet." } else { "Nothing that you wrote down matches this." });
        }
        if shown.len() < sessions.len() {
            context.say("There are older ones: asif list --limit 100");
        }
        if deleted && !context.json() {
            context.say("What else is deleted, goals and practices too: asif restore");
        }
        Ok(())
    }
}
