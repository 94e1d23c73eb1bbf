//! `asif history`

use asif_proto::local::{Known, Reply, Request};

use crate::completion::names;
use crate::context::Context;
use crate::error::Outcome;
use crate::render::history;

/// All that was ever written in a record.
///
/// When, on which device, and what was there before; also what does not show any more, or never did because another device wrote something
/// else at the same time.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Which one: an id, or the end of one; crisis: your safety plan; wish: what you would like to be different
    #[arg(value_name = "ID", add = names(Known::Sessions))]
    id: String,
}

impl Args {
    /// Shows every change of a record.
    pub fn run(self, context: &mut Context<'_, '_>) -> Outcome {
        let told = context
            .ask_for(Request::History { id: self.id }, |reply| if let Reply::History(history) = reply { Some(history) } else { None })?;
        context.tell(&told, |screen| history::whole(screen, &told))
    }
}
