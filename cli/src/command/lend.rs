//! `asif lend`

use asif_proto::local::{ErrorKind, Failure, Reply, Request};
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
    /// Why you believe it, if you like
    #[arg(long, value_name = "TEXT", value_parser = prose::words)]
    reasons: Option<String>,
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
        let before = |context: &mut Context<'_, '_>| can_be_lent(&self.client, &self.practice, context);
        let statement = match &self.text {
            Some(value) => prose::given(value, context, before)?,
            None => prose::asked("What do you believe, in your own words?", "--text - reads them from standard input", context, before)?,
        };
        let Self { client, practice, strength, reasons, until, .. } = self;
        let loan = statement.kept_by(context, |context, id, statement| {
            let statement =
                statement.ok_or_else(|| CommandError::usage("there are no words to lend", "--text - reads them from standard input"))?;
            let request = Request::Lend { client, practice, statement, strength, reasons, until };
            context.ask_for_as(id, request, |reply| if let Reply::Loan(loan) = reply { Some(loan) } else { None })
        })?;
        context.tell(&loan, |screen| loan::lent(screen, &loan))
    }
}

/// Whether the client still shares, and shares the practice.
fn can_be_lent(client: &str, practice: &str, context: &mut Context<'_, '_>) -> Outcome {
    let open = |reply| if let Reply::Client(client) = reply { Some(client) } else { None };
    let open = context.ask_for(Request::CaseloadOpen { client: client.to_owned() }, open)?;
    if open.ended.is_some() {
        return Err(Failure::new(ErrorKind::Precondition, format!("{} no longer shares with you; nothing can be sent", open.client)).into());
    }
    let named = open.sessions.iter().filter_map(|session| session.practice.as_deref());
    if open.practices.iter().map(|one| one.slug.as_str()).chain(named).any(|slug| slug == practice) {
        return Ok(());
    }
    let failure = Failure::new(ErrorKind::NotFound, format!("{} shares no practice called {practice:?}", open.client));
    Err(failure.hint(format!("asif caseload open {} tells what is shared", open.client)).into())
}
