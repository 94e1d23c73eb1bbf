//! `asif erase`

use asif_proto::local::{Known, Reply, Request};

use super::delete::what_is;
use crate::completion::names;
use crate::context::Context;
use crate::error::{CommandError, Outcome};
use crate::render::erased;

/// Erase a record for good, on all your devices.
///
/// Nothing brings it back. On this device it is gone when this command ends: out of the journal and all that was kept of it. Your other devices
/// erase it as they hear of it; helpers who had it are asked to forget it. What somebody has read, a backup, a copied folder or an export stays as
/// it is, and a disk may keep traces of what was deleted on it. To hide a record, and be able to bring it back: asif delete
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Which one: an id, or the end of one
    #[arg(value_name = "ID", add = names(Known::Sessions))]
    id: String,
    /// Keep what it says now; erase only what it said before
    #[arg(long)]
    history: bool,
    /// Do not ask
    #[arg(long, short)]
    yes: bool,
}

impl Args {
    /// Erases any record of one's own.
    pub fn run(self, context: &mut Context<'_, '_>) -> Outcome {
        if !self.yes && !confirmed(&self, context)? {
            return context.nothing("Nothing was erased.");
        }
        let request = Request::Erase { id: self.id, history: self.history };
        let told = context.ask_for(request, |reply| if let Reply::Erased(erased) = reply { Some(erased) } else { None })?;
        context.tell(&told, |screen| erased::told(screen, &told))
    }
}

/// Shows what would go, and asks.
fn confirmed(args: &Args, context: &mut Context<'_, '_>) -> Outcome<bool> {
    if !context.can_ask() {
        return Err(CommandError::usage("erasing asks first, and nobody can be asked here", "say it with --yes"));
    }
    let what = what_is(&args.id, context, "erased")?;
    let question = if args.history {
        format!("Erase all that {what} said before, on all your devices? Nothing brings that back.")
    } else {
        format!("Erase {what} for good, on all your devices? Nothing brings it back.")
    };
    match context.prompt() {
        Some(mut prompt) => prompt.yes_or_no(&question),
        None => Ok(false),
    }
}
