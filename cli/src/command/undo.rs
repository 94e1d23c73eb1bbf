//! `asif undo`

use asif_proto::local::{Reply, Request};

use crate::context::Context;
use crate::error::Outcome;

/// Take back the last change made on this device.
#[derive(Debug, clap::Args)]
pub struct Args {}

impl Args {
    /// Takes back the last change.
    pub fn run(self, context: &mut Context<'_, '_>) -> Outcome {
        let undone = context.ask_for(Request::Undo, |reply| if let Reply::Undone(undone) = reply { Some(undone) } else { None })?;
        context.tell(&undone, |screen| screen.line(&format!("took back: {}  {}", undone.what, undone.short)))
    }
}
