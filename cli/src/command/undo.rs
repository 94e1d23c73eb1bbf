//! `asif undo`

use asif_proto::local::{Reply, Request};

use crate::context::Context;
use crate::error::Outcome;
use crate::render::history;

/// Take back the last change.
///
/// Also one that came from another device of yours; what was taken back is told. Again takes back the one before it. asif redo puts it back. What you
/// changed about sharing has commands of its own, and what came before that is not taken back by accident.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Also what came before a change of what is shared: a helper may see it again
    #[arg(long)]
    past_sharing: bool,
}

impl Args {
    /// Takes back the last change.
    pub fn run(self, context: &mut Context<'_, '_>) -> Outcome {
        let request = if self.past_sharing { Request::UndoPastSharing } else { Request::Undo };
        let undone = context.ask_for(request, |reply| if let Reply::Undone(undone) = reply { Some(undone) } else { None })?;
        context.tell(&undone, |screen| history::undone(screen, &undone))
    }
}
