//! `asif helper`

use asif_proto::local::{Reply, Request};
use asif_proto::ticket::TicketRole;
use clap::Subcommand;

use super::ticket;
use crate::completion::codes;
use crate::context::Context;
use crate::error::Outcome;
use crate::render::device;

/// Help someone who invited you.
#[derive(Debug, Subcommand)]
pub enum Args {
    /// Accept an invitation, with its code or its ticket.
    ///
    /// A code is looked for on the local network. Where that does not reach the other machine, say where it is (asif status there shows it), or use the
    /// ticket.
    Join {
        /// The code, like 7-harbour-violin-kettle, or the ticket: the long text that starts with asif1
        #[arg(value_name = "CODE-OR-TICKET", add = codes())]
        ticket: String,
        /// Your own name, on a machine where you have not used this before
        #[arg(long)]
        name: Option<String>,
        /// An address to try first
        #[arg(long, value_name = "HOST:PORT")]
        at: Option<String>,
    },
}

impl Args {
    /// Does it.
    pub fn run(self, context: &mut Context<'_, '_>) -> Outcome {
        let Self::Join { ticket, name, at } = self;
        let ticket = ticket::read(&ticket, TicketRole::Helper)?;
        let at = ticket::address(at.as_deref())?;
        if context.can_ask() && !context.json() {
            context.say("Asking to be let in; the other person may be asked first.");
        }
        let request = Request::HelperJoin { ticket, name, at };
        let joined = context.ask_for(request, |reply| if let Reply::Joined(joined) = reply { Some(joined) } else { None })?;
        context.tell(&joined, |screen| device::helping(screen, &joined))
    }
}
