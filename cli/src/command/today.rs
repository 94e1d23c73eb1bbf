//! `asif today`, which is also `asif` alone.

use asif_proto::local::{ErrorKind, Reply, Request, Today};
use clap::CommandFactory;

use crate::context::Context;
use crate::error::{CommandError, Outcome};
use crate::render::today;

/// What there is today: what is planned, easiest first, and what you wanted to see the outcome of.
#[derive(Debug, clap::Args)]
pub struct Args {}

/// What `asif` alone tells with `--json` where there is no journal.
#[derive(serde::Serialize)]
struct Help {
    help: String,
}

impl Args {
    /// Shows the page of today.
    pub fn run(self, context: &mut Context<'_, '_>) -> Outcome {
        let found = page(context)?;
        told(context, &found)
    }
}

/// The page of today; where there is no journal yet, the help. Nothing is begun by looking.
pub fn alone(context: &mut Context<'_, '_>) -> Outcome {
    let is_there = context.world.home.as_ref().is_ok_and(|home| home.data.exists());
    let found = if is_there { page(context).map(Some) } else { Ok(None) };
    match found {
        Ok(Some(found)) => told(context, &found),
        Ok(None) => help(context),
        Err(CommandError::Failed(failure)) if failure.kind == ErrorKind::Precondition => help(context),
        Err(error) => Err(error),
    }
}

fn page(context: &mut Context<'_, '_>) -> Outcome<Today> {
    context.ask_for(Request::Today, |reply| if let Reply::Today(today) = reply { Some(today) } else { None })
}

fn told(context: &mut Context<'_, '_>, found: &Today) -> Outcome {
    context.tell(&today::Told::of(found), |screen| today::today(screen, found))
}

fn help(context: &mut Context<'_, '_>) -> Outcome {
    let help = crate::args::Args::command().render_help().to_string();
    if context.json() { context.tell(&Help { help }, |_| {}) } else { context.write(&help) }
}
