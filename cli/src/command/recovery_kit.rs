//! `asif recovery-kit`

use asif_proto::local::{KitAsk, Reply, Request};
use clap::Subcommand;

use super::words;
use crate::context::Context;
use crate::error::Outcome;
use crate::render::kit;

/// The recovery kit: 24 words on paper, for the day when your devices are gone.
///
/// The words stand for the root key of your journal. While nobody has shown that they are written down they lie on the device that made the
/// journal: whoever steals that device has them.
#[derive(Debug, Subcommand)]
pub enum Args {
    /// Show the 24 words, as a page to write down or to print.
    ///
    /// Whoever sees them can do all that you can: show them where nobody looks over your shoulder, and clear the screen after.
    Show,
    /// Show that the words are written down. They go from this device then.
    ///
    /// You type them from the paper. They are then on paper alone, and nothing can show them again. Also tells later whether a paper is the right one.
    Confirm(words::From),
}

impl Args {
    /// Does it.
    pub fn run(self, context: &mut Context<'_, '_>) -> Outcome {
        match self {
            Self::Show => {
                let words = |reply| if let Reply::KitWords(words) = reply { Some(words) } else { None };
                let words = context.ask_for(Request::Kit(KitAsk::Show), words)?;
                context.tell(&words, |screen| kit::page(screen, &words))?;
                context.explain("Once they are on paper: asif recovery-kit confirm. Then clear this screen, and what it scrolls back to.");
                Ok(())
            }
            Self::Confirm(from) => {
                let words = from.read(context)?;
                let view = |reply| if let Reply::KitConfirmed(view) = reply { Some(view) } else { None };
                let view = context.ask_for(Request::Kit(KitAsk::Confirm { words }), view)?;
                context.tell(&view, |screen| kit::confirmed(screen, &view))
            }
        }
    }
}
