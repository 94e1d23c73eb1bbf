//! `asif mailbox`

use asif_proto::local::{MailboxAsk, MailboxView, Reply, Request};
use clap::Subcommand;

use crate::context::Context;
use crate::error::Outcome;
use crate::render::mailbox;

/// A mailbox: an always-on node that keeps what you write, sealed, for devices that are never on together.
///
/// It holds no key: it cannot read what it keeps, and learns no name and no device. It sees when somebody comes, from which address, how much lies there, and
/// which of that belongs together. Whoever you share with reads and writes there too, without a ticket of their own. Anybody can run one: asifd mailbox --help
#[derive(Debug, Subcommand)]
pub enum Args {
    /// Use a mailbox from now on, on all your devices, with the ticket that whoever runs it gave you.
    Use {
        /// The ticket: the long text that starts with asifbox1
        #[arg(value_name = "TICKET")]
        ticket: String,
    },
    /// How it is with your mailbox, and with those of others that this device uses.
    Status,
    /// Use none any more. It is asked to remove all that it keeps for you; your devices keep everything.
    Leave {
        /// Also where it cannot be reached: what it keeps stays there, sealed, until whoever runs it removes it
        #[arg(long)]
        unheard: bool,
    },
}

impl Args {
    /// Does it.
    pub fn run(self, context: &mut Context<'_, '_>) -> Outcome {
        match self {
            Self::Use { ticket } => {
                let view = ask(MailboxAsk::Use { ticket }, context)?;
                context.tell(&view, |screen| mailbox::used(screen, &view))
            }
            Self::Status => {
                let view = ask(MailboxAsk::Status, context)?;
                context.tell(&view, |screen| mailbox::status(screen, &view))
            }
            Self::Leave { unheard } => {
                let view = ask(MailboxAsk::Leave { unheard }, context)?;
                context.tell(&view, |screen| mailbox::left(screen, unheard))
            }
        }
    }
}

fn ask(what: MailboxAsk, context: &mut Context<'_, '_>) -> Outcome<MailboxView> {
    context.ask_for(Request::Mailbox(what), |reply| if let Reply::Mailbox(view) = reply { Some(view) } else { None })
}
