//! `asif undo`

use asif_proto::local::{Reply, Request};

use crate::context::Context;
use crate::error::Outcome;
use crate::render::history;

/// Take back the last change.
///
/// Also one that came from another device of yours; what was taken back is told. Again takes back the one before it. asif redo puts it back.
#[derive(Debug, clap::Args)]
pub struct Args {}

impl Args {
    /// Takes back the last change.
    pub fn run(self, context: &mut Context<'_, '_>) -> Outcome {
        let undone = context.ask_for(Request::Undo, |reply| if let Reply::Undone(undone) = reply { Some(undone) } else { None })?;
        context.tell(&undone, |screen| history::undone(screen, &undone))
    }
}
