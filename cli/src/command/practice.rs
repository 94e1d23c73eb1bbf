//! `asif practice`

use asif_proto::local::{Known, Reply, Request};
use asif_proto::record::Practice;
use clap::Subcommand;

use crate::completion::names;
use crate::context::Context;
use crate::error::Outcome;
use crate::render::practice;

pub mod adapt;
pub mod add;
pub mod edit;
mod particulars;

pub(super) use particulars::Particulars;

/// What you practise.
#[derive(Debug, Subcommand)]
#[expect(missing_docs, reason = "the help of a command is what its `Args` say; a comment here would take its place")]
pub enum Args {
    Add(Box<add::Args>),
    /// Everything you practise.
    List {
        /// With those put away
        #[arg(long)]
        all: bool,
    },
    /// One practice, whole.
    Show {
        /// Its short name, or an id
        #[arg(value_name = "P", add = names(Known::Practices))]
        practice: String,
    },
    Edit(Box<edit::Args>),
    Adapt(adapt::Args),
    /// Put a practice away. Its sessions stay.
    Archive {
        /// Its short name, or an id
        #[arg(value_name = "P", add = names(Known::Practices))]
        practice: String,
    },
}

impl Args {
    /// Does it.
    pub fn run(self, context: &mut Context<'_, '_>) -> Outcome {
        match self {
            Self::Add(add) => add.run(context),
            Self::List { all } => {
                let list = |reply| if let Reply::Practices(practices) = reply { Some(practices) } else { None };
                let practices = context.ask_for(Request::PracticeList { all }, list)?;
                context.tell(&practices, |screen| practice::list(screen, &practices))?;
                if practices.is_empty() && !context.json() {
                    context.say("None yet. For example: asif practice add \"Lunch away from the desk\" --slug lunch");
                }
                Ok(())
            }
            Self::Show { practice } => {
                let practice = context.ask_for(Request::PracticeShow { practice }, one)?;
                context.tell(&practice, |screen| practice::whole(screen, &practice))
            }
            Self::Edit(edit) => edit.run(context),
            Self::Adapt(adapt) => adapt.run(context),
            Self::Archive { practice } => {
                let practice = context.ask_for(Request::PracticeArchive { practice }, one)?;
                context.tell(&practice, |screen| practice::changed(screen, "put away", &practice))
            }
        }
    }
}

fn one(reply: Reply) -> Option<Practice> {
    if let Reply::Practice(practice) = reply { Some(practice) } else { None }
}
