//! `asif phrase`

use asif_proto::local::{Known, PhraseAsk, PhraseFields, Reply, Request};
use asif_proto::record::{MAX_LINE, Phrase, PhraseForm, Shown, Visibility};
use clap::Subcommand;

use super::prose;
use crate::completion::names;
use crate::context::Context;
use crate::error::Outcome;
use crate::form;
use crate::render::phrase;

/// What you say to yourself in a practice, line by line.
#[derive(Debug, Subcommand)]
pub enum Args {
    /// Add a phrase to a practice, after its others. On a terminal it is asked for.
    Add {
        /// The practice: its short name, or an id
        #[arg(value_name = "P", add = names(Known::Practices))]
        practice: String,
        /// What you say
        #[arg(value_name = "LINE", value_parser = prose::words)]
        line: Option<String>,
        /// What else is said of it
        #[command(flatten)]
        fields: Fields,
    },
    /// Phrases, by practice, in their order.
    List {
        /// Only of this practice
        #[arg(value_name = "P", add = names(Known::Practices))]
        practice: Option<String>,
    },
    /// Change a phrase. Only what you name changes; "" empties.
    Edit {
        /// Which: an id, or words that only it has
        #[arg(value_name = "PHRASE", add = names(Known::Phrases))]
        phrase: String,
        /// What you say instead
        #[arg(long, value_name = "LINE", value_parser = prose::words)]
        line: Option<String>,
        /// What else is said of it
        #[command(flatten)]
        fields: Fields,
        /// Shared as the grants say, again
        #[arg(long, conflicts_with = "private")]
        not_private: bool,
    },
}

/// What else can be said of a phrase.
#[derive(Debug, clap::Args)]
pub struct Fields {
    /// What you used to say
    #[arg(long, value_name = "LINE", value_parser = prose::words)]
    old: Option<String>,
    /// How it speaks: wish, statement, question or second-person
    #[arg(long, value_name = "WORD")]
    form: Option<PhraseForm>,
    /// In whose voice you hear it
    #[arg(long, value_name = "WHO", value_parser = prose::words)]
    voice: Option<String>,
    /// Its place among the phrases of the practice, from 1
    #[arg(long, value_name = "N")]
    order: Option<u32>,
    /// For nobody but you: in no share, whatever you share
    #[arg(long)]
    private: bool,
}

impl Fields {
    fn with(self, new_line: Option<String>) -> PhraseFields {
        let visibility = self.private.then_some(Visibility::Private);
        PhraseFields { new_line, old_line: self.old, form: self.form, voice: self.voice, order: self.order, visibility }
    }
}

impl Args {
    /// Does it.
    pub fn run(self, context: &mut Context<'_, '_>) -> Outcome {
        match self {
            Self::Add { practice, line, fields } => add(context, practice, line, fields),
            Self::List { practice } => {
                let all = |reply| if let Reply::Phrases(phrases) = reply { Some(phrases) } else { None };
                let phrases = context.ask_for(Request::Phrase(PhraseAsk::List { practice }), all)?;
                context.tell(&phrases, |screen| phrase::list(screen, &phrases))?;
                if phrases.is_empty() && !context.json() {
                    context.say("None yet. For example: asif phrase add loving-kindness \"May I be safe.\"");
                }
                Ok(())
            }
            Self::Edit { phrase, line, fields, not_private } => {
                let mut fields = fields.with(line);
                if not_private {
                    fields.visibility = Some(Visibility::Inherit);
                }
                let edited = context.ask_for(Request::Phrase(PhraseAsk::Edit { phrase, fields }), one)?;
                context.tell(&edited, |screen| phrase::changed(screen, "edited", &edited))
            }
        }
    }
}

fn add(context: &mut Context<'_, '_>, practice: String, line: Option<String>, fields: Fields) -> Outcome {
    if line.is_none() && !context.can_ask() {
        return Err(form::missing("the phrase", "asif phrase add P LINE"));
    }
    // Whoever types is not made to type in vain.
    context.ask(Request::PracticeShow { practice: practice.clone() })?;
    let added = form::fill(
        context,
        |form, context| match line {
            Some(line) => Ok(vec![line]),
            None => {
                form.say(context, "One line at a time; Enter alone ends.");
                let mut lines = Vec::new();
                while let Some(line) = form.line_of(context, "line", "You say:  >", MAX_LINE)? {
                    lines.push(line);
                }
                Ok(lines)
            }
        },
        |context, id, lines| {
            let visibility = fields.private.then_some(Visibility::Private);
            let mut fields = Some(fields);
            let mut added = Vec::new();
            for (n, line) in (0..).zip(lines) {
                // What else was said is said of the first; who may see them, of all.
                let fields = match fields.take() {
                    Some(fields) => fields.with(Some(line)),
                    None => PhraseFields { new_line: Some(line), visibility, ..PhraseFields::default() },
                };
                let request = Request::Phrase(PhraseAsk::Add { practice: practice.clone(), fields });
                added.push(context.ask_for_as(asif_proto::local::plan::nth(id, n), request, one)?);
            }
            Ok(added)
        },
    )?;
    if added.is_empty() {
        return context.nothing("Nothing was said: nothing was stored.");
    }
    added.iter().try_for_each(|one| context.tell(one, |screen| phrase::changed(screen, "added", one)))
}

fn one(reply: Reply) -> Option<Shown<Phrase<String>>> {
    if let Reply::Phrase(phrase) = reply { Some(phrase) } else { None }
}
