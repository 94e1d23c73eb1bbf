//! `asif anchor`

use asif_proto::local::{AnchorAsk, Reply, Request};

use crate::context::Context;
use crate::error::Outcome;
use crate::render::anchor;

/// What you kept for hard days: times when you acted as if.
///
/// `asif demo politeness` keeps one.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// All of them; without it the newest alone
    #[arg(long)]
    all: bool,
}

impl Args {
    /// Shows anchors.
    pub fn run(self, context: &mut Context<'_, '_>) -> Outcome {
        let mut anchors = context
            .ask_for(Request::Anchor(AnchorAsk::List), |reply| if let Reply::Anchors(anchors) = reply { Some(anchors) } else { None })?;
        let all = anchors.len();
        if !self.all {
            anchors.truncate(1);
        }
        context.tell(&anchors, |screen| anchor::list(screen, &anchors))?;
        if context.json() {
            return Ok(());
        }
        if anchors.is_empty() {
            context.say("None yet. asif demo politeness keeps one.");
        } else if anchors.len() < all {
            context.say(&format!("There are {all}: asif anchor --all"));
        }
        Ok(())
    }
}
