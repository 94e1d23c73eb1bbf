//! `asif doctor`

use asif_proto::local::{ErrorKind, Reply, Request};

use crate::context::Context;
use crate::error::{CommandError, Outcome};
use crate::render::doctor;

/// Look for what is wrong, and say what to do.
///
/// Exit code 9 when something needs a look.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Make every list and view anew from the sealed log
    #[arg(long)]
    rebuild: bool,
}

impl Args {
    /// Runs the checks.
    pub fn run(self, context: &mut Context<'_, '_>) -> Outcome {
        let request = Request::Doctor { rebuild: self.rebuild };
        let found = context.ask_for(request, |reply| if let Reply::Doctor(found) = reply { Some(found) } else { None })?;
        context.tell(&found, |screen| doctor::checks(screen, &found))?;
        if found.checks.iter().all(|check| check.ok) { Ok(()) } else { Err(CommandError::Told(ErrorKind::Integrity)) }
    }
}
