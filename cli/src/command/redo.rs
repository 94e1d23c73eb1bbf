//! `asif redo`

use asif_proto::local::{Reply, Request};

use crate::context::Context;
use crate::error::Outcome;
use crate::render::history;

/// Put back what asif undo took back last.
///
/// Again puts back what was taken back before that.
#[derive(Debug, clap::Args)]
pub struct Args {}

impl Args {
    /// Puts back what was taken back last.
    pub fn run(self, context: &mut Context<'_, '_>) -> Outcome {
        let done = context.ask_for(Request::Redo, |reply| if let Reply::Undone(done) = reply { Some(done) } else { None })?;
        context.tell(&done, |screen| history::put_back(screen, &done))
    }
}
