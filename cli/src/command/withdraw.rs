//! `asif withdraw`

use asif_proto::local::{HelperAsk, HelperDeed, Reply, Request};

use crate::context::Context;
use crate::error::Outcome;
use crate::render::loan;

/// Take a belief back that you lent. What they have read of it is read.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// From whom
    #[arg(value_name = "CLIENT")]
    client: String,
    /// Which loan: an id (asif caseload open)
    #[arg(value_name = "LOAN")]
    loan: String,
}

impl Args {
    /// Does it.
    pub fn run(self, context: &mut Context<'_, '_>) -> Outcome {
        let Self { client, loan } = self;
        let ask = HelperAsk { client, what: HelperDeed::Withdraw { loan } };
        let one = |reply| if let Reply::Loan(loan) = reply { Some(loan) } else { None };
        let loan = context.ask_for(Request::Helper(ask), one)?;
        context.tell(&loan, |screen| loan::lent(screen, &loan))
    }
}
