//! `asif practice add`

use asif_proto::local::{NewPractice, Request};
use asif_proto::record::{MAX_LINE, PracticeKind, Specificity, Visibility};

use super::super::prose::{self, Prose};
use super::particulars::Particulars;
use crate::context::Context;
use crate::error::Outcome;
use crate::form::{self, Form};
use crate::render::practice;

/// Add something to practise: small, and particular.
///
/// On a terminal, without a title, it is asked for.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// What it is, in your words
    #[arg(value_name = "TITLE", value_parser = prose::words)]
    title: Option<String>,
    /// A short name for the command line (made from the title, unless given)
    #[arg(long)]
    slug: Option<String>,
    /// What kind of thing: as-if-action, self-talk, phrase, imagery, letter, boundary or custom
    #[arg(long, value_name = "KIND", default_value = "as-if-action")]
    kind: PracticeKind,
    /// What makes it particular
    #[command(flatten)]
    particulars: Particulars,
    /// Who proposed it (you, unless said)
    #[arg(long, value_name = "NAME", value_parser = prose::words)]
    proposed_by: Option<String>,
    /// Who agreed on it; can be given again
    #[arg(long, value_name = "NAME", value_parser = prose::words)]
    agreed_by: Vec<String>,
    /// More words about it; - reads them from standard input
    #[arg(long, value_name = "TEXT|-", allow_hyphen_values = true, requires = "title")]
    description: Option<String>,
    /// For nobody but you: in no share, whatever you share
    #[arg(long)]
    private: bool,
}

impl Args {
    pub(super) fn run(self, context: &mut Context<'_, '_>) -> Outcome {
        if self.title.is_none() && !context.can_ask() {
            return Err(form::missing("the title", "asif practice add TITLE"));
        }
        let description = match &self.description {
            Some(value) => prose::given(value, context, |context| context.ask(Request::PracticeList { all: false }).map(drop))?,
            None => Prose::default(),
        };
        let Particulars { difficulty, when, place, how_long, cue, frequency, goals, beliefs } = self.particulars;
        let title = self.title;
        let new = NewPractice {
            title: String::new(),
            slug: self.slug,
            kind: self.kind,
            description: None,
            specificity: Specificity { when, place, how_long },
            cue,
            frequency,
            difficulty,
            goals,
            beliefs,
            proposed_by: self.proposed_by,
            agreed_by: self.agreed_by,
            visibility: if self.private { Visibility::Private } else { Visibility::Inherit },
        };
        let store = |context: &mut Context<'_, '_>, id, new: Option<NewPractice>| match new {
            Some(new) => context.ask_for_as(id, Request::PracticeAdd(new), super::one).map(Some),
            None => Ok(None),
        };
        let added = match title {
            Some(title) => description
                .kept_by(context, |context, id, description| store(context, id, Some(NewPractice { title, description, ..new })))?,
            None => form::fill(context, |form, context| asked(form, context, new), store)?,
        };
        match added {
            Some(added) => context.tell(&added, |screen| practice::changed(screen, "added", &added)),
            None => context.nothing("Nothing was named: nothing was stored."),
        }
    }
}

/// Asks for what makes a practice particular; nothing where none was named.
fn asked(form: &mut Form, context: &mut Context<'_, '_>, mut new: NewPractice) -> Outcome<Option<NewPractice>> {
    let Some(title) = form.line_of(context, "title", "What will you practise, small and particular?  >", MAX_LINE)? else {
        return Ok(None);
    };
    new.title = title;
    let place = &mut new.specificity;
    for (field, question, value) in [
        ("when", "When (Enter to skip)?", &mut place.when),
        ("where", "Where (Enter to skip)?", &mut place.place),
        ("how-long", "How long (Enter to skip)?", &mut place.how_long),
    ] {
        if value.is_none() {
            *value = form.line_of(context, field, question, MAX_LINE)?;
        }
    }
    if new.difficulty.is_none() {
        new.difficulty = form.rating(context, "difficulty", "How hard does it seem, 0 easy to 100 very hard (Enter to skip)?")?;
    }
    Ok(Some(new))
}
