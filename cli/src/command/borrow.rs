//! `asif borrow`

use asif_proto::local::{Reply, Request};
use clap::Subcommand;

use crate::context::Context;
use crate::error::Outcome;
use crate::render::loan;

/// Beliefs that someone lends you.
#[derive(Debug, Subcommand)]
pub enum Args {
    /// Everything lent to you.
    List,
}

impl Args {
    /// Does it.
    pub fn run(self, context: &mut Context<'_, '_>) -> Outcome {
        let Self::List = self;
        let loans = context.ask_for(Request::BorrowList, |reply| if let Reply::Loans(loans) = reply { Some(loans) } else { None })?;
        context.tell(&loans, |screen| loan::list(screen, &loans))?;
        if loans.is_empty() && !context.json() {
            context.say("Nobody lends you a belief at the moment.");
        }
        Ok(())
    }
}
