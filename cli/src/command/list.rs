//! `asif list`

use asif_proto::local::{Known, ListFilter, Reply, Request};

use crate::completion::names;
use crate::context::Context;
use crate::error::Outcome;
use crate::render::session;

/// How many are shown on a terminal unless `--limit` says otherwise.
const ON_A_TERMINAL: usize = 20;

/// What you wrote down, newest first.
///
/// A terminal shows the newest 20; a pipe and --json get all.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// From when on: 2026-11-20, yesterday, 7d
    #[arg(long, value_name = "WHEN")]
    since: Option<String>,
    /// Until when (not included)
    #[arg(long, value_name = "WHEN")]
    until: Option<String>,
    /// Only this practice
    #[arg(long, value_name = "P", add = names(Known::Practices))]
    practice: Option<String>,
    /// Only with this tag; can be given again
    #[arg(long = "tag", value_name = "TAG", add = names(Known::Tags))]
    tags: Vec<String>,
    /// At most so many
    #[arg(long, value_name = "N")]
    limit: Option<usize>,
    /// The deleted ones instead
    #[arg(long)]
    deleted: bool,
}

impl Args {
    /// Lists sessions.
    pub fn run(self, context: &mut Context<'_, '_>) -> Outcome {
        let capped = self.limit.is_none() && context.world.terminals.stdout && !context.json();
        // One more than is shown tells whether there are more.
        let limit = if capped { Some(ON_A_TERMINAL + 1) } else { self.limit };
        let Self { since, until, practice, tags, deleted, .. } = self;
        let filter = ListFilter { since, until, practice, tags, limit, deleted };
        let all = filter == ListFilter { limit, ..ListFilter::default() };
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
        Ok(())
    }
}
