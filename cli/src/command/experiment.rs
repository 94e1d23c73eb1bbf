//! `asif experiment`

use asif_proto::local::{ExperimentAsk, Known, Reply, Request};
use clap::Subcommand;

use crate::completion::names;
use crate::context::Context;
use crate::error::Outcome;
use crate::render::experiment;

/// What you tried, the prediction beside the outcome. `asif try` plans one, `asif outcome` tells how it went.
#[derive(Debug, Subcommand)]
pub enum Args {
    /// Experiments, newest first. `asif show ID` shows one whole.
    List {
        /// Only of this practice
        #[arg(value_name = "P", add = names(Known::Practices))]
        practice: Option<String>,
        /// Only those whose outcome is to come
        #[arg(long)]
        open: bool,
    },
}

impl Args {
    /// Does it.
    pub fn run(self, context: &mut Context<'_, '_>) -> Outcome {
        let Self::List { practice, open } = self;
        let all = |reply| if let Reply::Experiments(all) = reply { Some(all) } else { None };
        let found = context.ask_for(Request::Experiment(ExperimentAsk::List { practice, all: !open }), all)?;
        context.tell(&found, |screen| experiment::list(screen, &found))?;
        if found.is_empty() && !context.json() {
            context.say("None. asif try P plans one.");
        }
        Ok(())
    }
}
