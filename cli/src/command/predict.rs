//! `asif predict`

use asif_proto::local::{HelperAsk, HelperDeed, Reply, Request};
use asif_proto::rating::Rating;

use super::prose::{self, Prose};
use crate::context::Context;
use crate::error::Outcome;
use crate::render::caseload;

/// Say what you expect of someone's experiment, before its outcome. It is locked; they see it beside the outcome, and not before.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Whose
    #[arg(value_name = "CLIENT")]
    client: String,
    /// Which experiment: an id (asif caseload open)
    #[arg(value_name = "E")]
    experiment: String,
    /// Their feeling afterwards: 0 very bad, 100 very good
    #[arg(long, value_name = "0-100", allow_negative_numbers = true)]
    rating: Option<Rating>,
    /// In words; - reads them from standard input
    #[arg(long, value_name = "TEXT|-", allow_hyphen_values = true)]
    text: Option<String>,
}

impl Args {
    /// Does it.
    pub fn run(self, context: &mut Context<'_, '_>) -> Outcome {
        let Self { client, experiment, rating, text } = self;
        let text = match &text {
            Some(value) => prose::given(value, context, |context| super::caseload::still_shares(&client, context))?,
            None => Prose::default(),
        };
        let locked = text.kept_by(context, |context, id, text| {
            let ask = HelperAsk { client, what: HelperDeed::Predict { experiment, text, rating } };
            let one = |reply| if let Reply::HelperPrediction(one) = reply { Some(one) } else { None };
            context.ask_for_as(id, Request::Helper(ask), one)
        })?;
        context.tell(&locked, |screen| caseload::predicted(screen, &locked))
    }
}
