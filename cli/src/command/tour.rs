//! `asif tour`
use crate::context::Context;
use crate::error::Outcome;
/// x
#[derive(Debug, clap::Args)]
pub struct Args {}
impl Args {
    /// x
    pub fn run(self, _context: &mut Context<'_, '_>) -> Outcome {
        Ok(())
    }
}
