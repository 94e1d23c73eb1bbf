//! `asif suggest`

use asif_proto::local::{HelperAsk, HelperDeed, NewSuggestion, Request};
use asif_proto::rating::Rating;
use asif_proto::record::{PracticeKind, Specificity};

use super::prose::{self, Prose};
use crate::context::Context;
use crate::error::Outcome;
use crate::render::inbox;

/// Suggest a practice to someone who shares with you.
///
/// They may take it on, change it, leave it or decline it, and you see only which. Declining needs no reason.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Whom
    #[arg(value_name = "CLIENT")]
    client: String,
    /// What it is, in a few words
    #[arg(long, value_parser = prose::words)]
    title: String,
    /// What kind of thing: as-if-action, self-talk, phrase, imagery, letter, boundary or custom
    #[arg(long, value_name = "KIND", default_value = "as-if-action")]
    kind: PracticeKind,
    /// Why, in your words; - reads it from standard input
    #[arg(long, value_name = "TEXT|-", allow_hyphen_values = true)]
    why: Option<String>,
    /// How hard it seems: 0 easy, 100 very hard
    #[arg(long, value_name = "0-100", allow_negative_numbers = true)]
    difficulty: Option<Rating>,
    /// When
    #[arg(long, value_parser = prose::words)]
    when: Option<String>,
    /// Where
    #[arg(long = "where", value_name = "PLACE", value_parser = prose::words)]
    place: Option<String>,
    /// How long
    #[arg(long, value_name = "TIME", value_parser = prose::words)]
    how_long: Option<String>,
    /// What reminds one of it
    #[arg(long, value_parser = prose::words)]
    cue: Option<String>,
    /// How often
    #[arg(long, value_parser = prose::words)]
    frequency: Option<String>,
}

impl Args {
    /// Does it.
    pub fn run(self, context: &mut Context<'_, '_>) -> Outcome {
        let Self { client, title, kind, why, difficulty, when, place, how_long, cue, frequency } = self;
        let why = match &why {
            Some(value) => prose::given(value, context, |context| super::caseload::still_shares(&client, context))?,
            None => Prose::default(),
        };
        let specificity = Specificity { when, place, how_long };
        let sent = why.kept_by(context, |context, id, why| {
            let new = NewSuggestion { title, kind, why, cue, frequency, specificity, difficulty };
            let ask = HelperAsk { client: client.clone(), what: HelperDeed::Suggest(new) };
            context.ask_for_as(id, Request::Helper(ask), super::caseload::sent)
        })?;
        context.tell(&sent, |screen| inbox::just_sent(screen, &sent, &client))
    }
}
