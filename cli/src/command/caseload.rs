//! `asif caseload`

use asif_proto::local::{Reply, Request};
use clap::Subcommand;

use crate::context::Context;
use crate::error::Outcome;
use crate::render::caseload;

/// What people share with you.
///
/// You see copies of what they chose to show, and nothing else. Nobody watches it for you, and it sends no alerts.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    what: Option<What>,
}

#[derive(Debug, Subcommand)]
enum What {
    /// What one person shares with you.
    Open {
        /// Their name
        #[arg(value_name = "CLIENT")]
        client: String,
    },
}

impl Args {
    /// Does it.
    pub fn run(self, context: &mut Context<'_, '_>) -> Outcome {
        match self.what {
            None => {
                let rows = context.ask_for(Request::Caseload, |reply| if let Reply::Caseload(rows) = reply { Some(rows) } else { None })?;
                context.tell(&rows, |screen| caseload::rows(screen, &rows))?;
                if rows.is_empty() && !context.json() {
                    context.say("Nobody shares with you yet. With an invitation: asif helper join TICKET");
                }
                Ok(())
            }
            Some(What::Open { client }) => {
                let open = |reply| if let Reply::Client(client) = reply { Some(client) } else { None };
                let client = context.ask_for(Request::CaseloadOpen { client }, open)?;
                context.tell(&client, |screen| caseload::client(screen, &client))
            }
        }
    }
}
