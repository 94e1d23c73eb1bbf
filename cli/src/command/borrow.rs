//! `asif borrow`

use asif_proto::local::{InboxAsk, Reply, Request};
use clap::Subcommand;

use crate::context::Context;
use crate::error::Outcome;
use crate::render::loan;

/// Beliefs that someone lends you.
#[derive(Debug, Subcommand)]
pub enum Args {
    /// Everything lent to you.
    List,
    /// One of them, whole.
    Show {
        /// Which: an id
        #[arg(value_name = "ID")]
        id: String,
    },
    /// Give one back. That needs no reason; whoever lent it sees that you gave it back.
    Return {
        /// Which: an id
        #[arg(value_name = "ID")]
        id: String,
    },
}

impl Args {
    /// Does it.
    pub fn run(self, context: &mut Context<'_, '_>) -> Outcome {
        let one = |reply| if let Reply::Loan(loan) = reply { Some(loan) } else { None };
        match self {
            Self::List => {}
            Self::Show { id } => {
                let loan = context.ask_for(Request::Show { id }, one)?;
                return context.tell(&loan, |screen| loan::whole(screen, &loan));
            }
            Self::Return { id } => {
                let loan = context.ask_for(Request::Inbox(InboxAsk::Return { id }), one)?;
                return context.tell(&loan, |screen| loan::returned(screen, &loan));
            }
        }
        let loans = context.ask_for(Request::BorrowList, |reply| if let Reply::Loans(loans) = reply { Some(loans) } else { None })?;
        context.tell(&loans, |screen| loan::list(screen, &loans))?;
        if loans.is_empty() && !context.json() {
            context.say("Nobody lends you a belief at the moment.");
        }
        Ok(())
    }
}
