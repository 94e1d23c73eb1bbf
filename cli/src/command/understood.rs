//! `asif understood`

use asif_proto::local::{HelperAsk, HelperDeed, Request};

use super::prose;
use crate::context::Context;
use crate::error::{CommandError, Outcome};
use crate::render::inbox;

/// Tell someone who shares with you what you have understood. They answer: it fits, partly, or doesn't.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Whom
    #[arg(value_name = "CLIENT")]
    client: String,
    /// In your words; - reads them from standard input
    #[arg(long, value_name = "TEXT|-", allow_hyphen_values = true)]
    text: Option<String>,
}

impl Args {
    /// Does it.
    pub fn run(self, context: &mut Context<'_, '_>) -> Outcome {
        let Self { client, text } = self;
        let before = |context: &mut Context<'_, '_>| super::caseload::still_shares(&client, context);
        let text = match &text {
            Some(value) => prose::given(value, context, before)?,
            None => prose::asked("What have you understood?", "--text - reads it from standard input", context, before)?,
        };
        let sent = text.kept_by(context, |context, id, text| {
            let text = text.ok_or_else(|| CommandError::usage("there are no words to send", "--text - reads them from standard input"))?;
            let ask = HelperAsk { client: client.clone(), what: HelperDeed::Understood { text } };
            context.ask_for_as(id, Request::Helper(ask), super::caseload::sent)
        })?;
        context.tell(&sent, |screen| inbox::just_sent(screen, &sent, &client))
    }
}
