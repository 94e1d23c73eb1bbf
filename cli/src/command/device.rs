//! `asif device`

use asif_proto::id::MIN_SUFFIX;
use asif_proto::local::{DeviceView, Reply, Request};
use asif_proto::ticket::TicketRole;
use clap::Subcommand;

use super::ticket;
use crate::completion::codes;
use crate::context::Context;
use crate::error::{CommandError, Outcome};
use crate::render::device;

/// Your own devices.
#[derive(Debug, Subcommand)]
pub enum Args {
    /// Show a code and a ticket with which one more of your own devices joins.
    ///
    /// The code is for reading aloud or typing: ten minutes, one try. The ticket works once, for a day. Whoever has either can ask to become one of your
    /// devices, and a device of yours reads everything: hand it over as you would a key.
    Pair(Giving),
    /// Make this machine one of your devices, with a code or a ticket from another.
    ///
    /// A code is looked for on the local network. Where that does not reach the other machine, say where it is (asif status there shows it), or use the
    /// ticket.
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
    /// Remove one of your devices for good, as when it was lost, stolen or sold.
    ///
    /// From then on it gets nothing new, and what it writes counts nowhere. What it had given to another device before is kept. It keeps what it
    /// holds: whoever has it and can use it can go on reading that, and nothing takes it back. Your other devices and your helpers shut it out as
    /// they hear of it; until then they let it in. To use the machine again, let it join again: it is another device then.
    Remove {
        /// Its name, or the end of its id
        #[arg(value_name = "DEVICE")]
        device: String,
        /// Do not ask
        #[arg(long, short)]
        yes: bool,
    },
}

/// How a ticket is given.
#[derive(Debug, clap::Args)]
pub struct Giving {
    /// Let in whoever has the code or the ticket, without asking again
    #[arg(long, short)]
    pub yes: bool,
    /// Return at once; the daemon goes on waiting (needs --yes)
    #[arg(long)]
    pub no_wait: bool,
}

/// How a ticket is used.
#[derive(Debug, clap::Args)]
pub struct Joining {
    /// The code, like 7-harbour-violin-kettle, or the ticket: the long text that starts with asif1
    #[arg(value_name = "CODE-OR-TICKET", add = codes())]
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
                let about = "With this another machine becomes one of your own devices: asif device join there. It works once.";
                context.show(|screen| screen.sentence(about)).map_err(CommandError::before_the_deed)?;
                if !giving.no_wait {
                    let stops = if giving.yes { "stops the waiting here; code and ticket stay good" } else { "takes both back" };
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
            Self::Remove { device, yes } => {
                if !yes && !may_remove(&device, context)? {
                    return context.nothing("Nothing was removed.");
                }
                let one = |reply| if let Reply::Removed(removed) = reply { Some(removed) } else { None };
                let removed = context.ask_for(Request::DeviceRemove { device }, one)?;
                context.tell(&removed, |screen| device::removed(screen, &removed))
            }
            Self::Rename { device, name } => {
                let one = |reply| if let Reply::Devices(devices) = reply { devices.into_iter().next() } else { None };
                let renamed = context.ask_for(Request::DeviceRename { device, name }, one)?;
                context.tell(&renamed, |screen| device::renamed(screen, &renamed))
            }
        }
    }
}

/// Shows which one would go, and asks.
fn may_remove(typed: &str, context: &mut Context<'_, '_>) -> Outcome<bool> {
    if !context.can_ask() {
        return Err(CommandError::usage("removing a device asks first, and nobody can be asked here", "say it with --yes"));
    }
    let devices = context.ask_for(Request::DeviceList, |reply| if let Reply::Devices(devices) = reply { Some(devices) } else { None })?;
    let ends_so = |one: &DeviceView| typed.len() >= MIN_SUFFIX && one.id.ends_with(&typed.to_ascii_lowercase());
    let meant = devices.iter().find(|one| one.name.eq_ignore_ascii_case(typed)).or_else(|| devices.iter().find(|one| ends_so(one)));
    // What names none of them, or this one, is answered without a question.
    let Some(meant) = meant.filter(|one| !one.this) else { return Ok(true) };
    let now = context.now();
    context.talk_on(|screen| device::before_removal(screen, meant, now));
    match context.prompt() {
        Some(mut prompt) => prompt.yes_or_no(&format!("Remove \"{}\" from your devices, for good?", meant.name)),
        None => Ok(false),
    }
}
