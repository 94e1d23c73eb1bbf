//! What is told after something was hidden, beside that it was.

use asif_proto::id::RecordId;
use asif_proto::local::{Reply, Request, ShareAsk};

use crate::context::Context;
use crate::error::Outcome;
use crate::render::share;

/// Tells who had a record that was just hidden, and which own devices may still send it. The deed is done, whatever comes of this.
pub(super) fn tell(id: RecordId, context: &mut Context<'_, '_>) -> Outcome {
    if context.json() {
        return Ok(());
    }
    match context.ask(Request::Share(ShareAsk::Hidden { id })) {
        Ok(Reply::Held(held)) => context.show(|screen| share::hidden(screen, &held)),
        _ => Ok(()),
    }
}

/// The record that a reply tells of.
pub(super) fn record_of(reply: &Reply) -> Option<RecordId> {
    Some(match reply {
        Reply::Session(one) => one.id,
        Reply::Practice(one) => one.id,
        Reply::Goal(one) => one.id,
        Reply::Belief(one) => one.id,
        Reply::Anchor(one) => one.id,
        Reply::Phrase(one) => one.id,
        Reply::Experiment(one) => one.id,
        Reply::Rapport(one) => one.id,
        _ => return None,
    })
}
