//! `asif client`

use std::path::PathBuf;

use asif_proto::local::{HelperAsk, HelperDeed, Reply, Request};
use clap::Subcommand;

use crate::context::Context;
use crate::error::{CommandError, Outcome};
use crate::render::caseload;

/// Those who share with you: names, receipts, leaving.
#[derive(Debug, Subcommand)]
pub enum Args {
    /// Call someone something else here. They are not told.
    Rename {
        /// Their name now
        #[arg(value_name = "CLIENT")]
        client: String,
        /// Their new name here
        #[arg(value_name = "NEW")]
        name: String,
    },
    /// What was agreed on, as both signed it.
    Receipts {
        /// Only of this client, or this receipt
        #[arg(value_name = "CLIENT")]
        client: Option<String>,
        /// Write them, with the signatures, into a file that is not there yet
        #[arg(long, value_name = "FILE")]
        export: Option<PathBuf>,
    },
    /// Stop helping. They are told, and what they shared is deleted here.
    Leave {
        /// Whom
        #[arg(value_name = "CLIENT")]
        client: String,
        /// Do not ask
        #[arg(long, short)]
        yes: bool,
    },
    /// Put away what is left of someone who no longer shares. What you sent them is theirs to keep.
    Purge {
        /// Whom
        #[arg(value_name = "CLIENT")]
        client: String,
        /// Your own notes about them too
        #[arg(long)]
        notes: bool,
        /// Do not ask
        #[arg(long, short)]
        yes: bool,
    },
}

impl Args {
    /// Does it.
    pub fn run(self, context: &mut Context<'_, '_>) -> Outcome {
        match self {
            Self::Rename { client, name } => row(context, client, HelperDeed::Rename { name }, |screen, row| {
                screen.line(&format!("{} is what they are called here now.", row.client));
            }),
            Self::Receipts { client, export } => super::share::receipts(context, false, client, export),
            Self::Leave { client, yes } => {
                let question = format!("Stop helping {client}? They are told; what they shared is deleted on your devices.");
                if !agreed(context, yes, &question)? {
                    return context.nothing("Nothing was changed.");
                }
                row(context, client, HelperDeed::Leave, |screen, row| {
                    screen.line(&format!("You have left. {} hears of it; what was shared is deleted on your devices.", row.client));
                    screen.line("Your own notes stay in your journal, and the receipt of what was agreed on.");
                    screen.faint(&format!("To put away what is left: asif client purge \"{}\"", row.client));
                })
            }
            Self::Purge { client, notes, yes } => {
                let question = if notes {
                    format!("Put away what is left of {client}, your own notes about them too?")
                } else {
                    format!("Put away what is left of {client}? Your own notes stay in your journal.")
                };
                if !agreed(context, yes, &question)? {
                    return context.nothing("Nothing was changed.");
                }
                let ask = HelperAsk { client, what: HelperDeed::Purge { notes } };
                let purged = |reply| if let Reply::Purged(purged) = reply { Some(purged) } else { None };
                let purged = context.ask_for(Request::Helper(ask), purged)?;
                context.tell(&purged, |screen| caseload::purged(screen, &purged))
            }
        }
    }
}

fn row(
    context: &mut Context<'_, '_>,
    client: String,
    what: HelperDeed,
    tell: impl FnOnce(&mut crate::render::Screen, &asif_proto::share::CaseloadRow),
) -> Outcome {
    let one = |reply| if let Reply::Caseload(mut rows) = reply { rows.pop() } else { None };
    let row = context.ask_for(Request::Helper(HelperAsk { client, what }), one)?;
    context.tell(&row, |screen| tell(screen, &row))
}

fn agreed(context: &mut Context<'_, '_>, yes: bool, question: &str) -> Outcome<bool> {
    if yes {
        return Ok(true);
    }
    match context.prompt() {
        None => Err(CommandError::usage("this asks first, and nobody can be asked here", "say it with --yes")),
        Some(mut prompt) => prompt.yes_or_no(question),
    }
}
