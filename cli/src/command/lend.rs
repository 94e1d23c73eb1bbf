//! `asif lend`

use asif_proto::local::{Reply, Request};
use asif_proto::rating::Rating;

use super::prose;
use crate::context::Context;
use crate::error::{CommandError, Outcome};
use crate::render::loan;

/// Lend someone your belief, for one practice.
///
/// They see your words when they practise, and may lean on them. They need not believe it themselves.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Whom you lend it to
    #[arg(value_name = "CLIENT")]
    client: String,
    /// The practice it is for, one that they share with you
    #[arg(value_name = "P")]
    practice: String,
    /// How strongly you believe it yourself: 0 not at all, 100 fully
    #[arg(long, value_name = "0-100", allow_negative_numbers = true)]
    strength: Rating,
    /// Until when (default: as long as they share)
    #[arg(long, value_name = "WHEN")]
    until: Option<String>,
    /// Your words; - reads them from standard input
    #[arg(long, value_name = "TEXT|-", allow_hyphen_values = true)]
    text: Option<String>,
}

impl Args {
    /// Lends a belief.
    pub fn run(self, context: &mut Context<'_, '_>) -> Outcome {
        let statement = match &self.text {
            Some(value) => prose::given(value, context)?,
            None => prose::asked("What do you believe, in your own words?", "--text - reads them from standard input", context)?,
        };
        let statement =
            statement.ok_or_else(|| CommandError::usage("there are no words to lend", "--text - reads them from standard input"))?;
        let Self { client, practice, strength, until, .. } = self;
        let request = Request::Lend { client, practice, statement, strength, until };
        let loan = context.ask_for(request, |reply| if let Reply::Loan(loan) = reply { Some(loan) } else { None })?;
        context.tell(&loan, |screen| loan::lent(screen, &loan))
    }
}
