//! `asif device`

use asif_proto::local::{Reply, Request};
use asif_proto::ticket::TicketRole;
use clap::Subcommand;

use super::ticket;
use crate::context::Context;
use crate::error::{CommandError, Outcome};
use crate::render::device;

/// Your own devices.
#[derive(Debug, Subcommand)]
pub enum Args {
    /// Make a ticket with which one more of your own devices joins.
    ///
    /// The ticket works once, for a day. Whoever holds it can ask to become one of your devices, and a device of yours reads
    /// everything: hand it over as you would a key.
    Pair(Giving),
    /// Make this machine one of your devices, with a ticket from another.
    Join(Joining),
    /// Your devices.
    List,
    /// Call one of your devices something else, on all of them.
    ///
    /// What it wrote is said to be of the new name. Helpers are not told.
    Rename {
        /// Its name now, or the end of its id
        #[arg(value_name = "DEVICE")]
        device: String,
        /// Its new name
        #[arg(value_name = "NEW")]
        name: String,
    },
}

/// How a ticket is given.
#[derive(Debug, clap::Args)]
pub struct Giving {
    /// Let in whoever holds the ticket, without asking again
    #[arg(long, short)]
    pub yes: bool,
    /// Return at once; the daemon goes on waiting (needs --yes)
    #[arg(long)]
    pub no_wait: bool,
}

/// How a ticket is used.
#[derive(Debug, clap::Args)]
pub struct Joining {
    /// The ticket: the long text that starts with asif1
    #[arg(value_name = "TICKET")]
    ticket: String,
    /// What this device is to be called
    #[arg(long)]
    name: Option<String>,
    /// An address to try first
    #[arg(long, value_name = "HOST:PORT")]
    at: Option<String>,
}

impl Giving {
    /// Exit 2 where the person would have to be asked, and cannot be.
    pub fn check(&self, context: &Context<'_, '_>) -> Outcome {
        if self.no_wait && !self.yes {
            return Err(CommandError::usage("with --no-wait nobody is asked who may join", "say it with --yes as well"));
        }
        if !self.yes && !context.can_ask() {
            return Err(CommandError::usage("you are asked who may join, and nobody can be asked here", "say it with --yes"));
        }
        Ok(())
    }
}

impl Args {
    /// Does it.
    pub fn run(self, context: &mut Context<'_, '_>) -> Outcome {
        match self {
            Self::Pair(giving) => {
                giving.check(context)?;
                let about = "This ticket makes another machine one of your own devices. It works once.";
                context.show(|screen| screen.line(about)).map_err(CommandError::before_the_deed)?;
                if !giving.no_wait {
                    let stops = if giving.yes { "stops the waiting here; the ticket stays good" } else { "takes the ticket back" };
                    context.say(&format!("Waiting for the other machine. Ctrl-C {stops}."));
                }
                let request = Request::DevicePair { yes: giving.yes, no_wait: giving.no_wait };
                context.ask_for(request, |reply| if let Reply::Done = reply { Some(()) } else { None })
            }
            Self::Join(joining) => {
                let ticket = ticket::read(&joining.ticket, TicketRole::Device)?;
                let at = ticket::address(joining.at.as_deref())?;
                let request = Request::DeviceJoin { ticket, name: joining.name, at };
                let joined = context.ask_for(request, |reply| if let Reply::Joined(joined) = reply { Some(joined) } else { None })?;
                context.tell(&joined, |screen| device::joined(screen, &joined))
            }
            Self::List => {
                let list = |reply| if let Reply::Devices(devices) = reply { Some(devices) } else { None };
                let devices = context.ask_for(Request::DeviceList, list)?;
                context.tell(&devices, |screen| device::list(screen, &devices))
            }
            Self::Rename { device, name } => {
                let one = |reply| if let Reply::Devices(devices) = reply { devices.into_iter().next() } else { None };
                let renamed = context.ask_for(Request::DeviceRename { device, name }, one)?;
                context.tell(&renamed, |screen| device::renamed(screen, &renamed))
            }
        }
    }
}
