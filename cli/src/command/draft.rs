//! `asif draft`

use asif_proto::local::{Draft, DraftAsk, ErrorKind, Failure, Known, Reply, Request};
use clap::{Parser, Subcommand};

use super::Command;
use crate::completion::names;
use crate::context::Context;
use crate::editor::left;
use crate::error::{CommandError, Outcome};
use crate::render::draft;

/// What you began to write and have not finished.
///
/// Whatever you type at a question is kept here, sealed, when you are interrupted. Drafts stay on this device.
#[derive(Debug, Subcommand)]
pub enum Args {
    /// What there is, newest first
    List,
    /// Go on with one where you left it
    Resume {
        /// Which one: an id, or the end of one (the newest, unless given)
        #[arg(value_name = "ID", add = names(Known::Drafts))]
        id: Option<String>,
    },
    /// Print what was typed, whole
    Show {
        /// Which one: an id, or the end of one (the newest, unless given)
        #[arg(value_name = "ID", add = names(Known::Drafts))]
        id: Option<String>,
    },
    /// Forget one, for good
    Drop {
        /// Which one: an id, or the end of one (the only one, unless given)
        #[arg(value_name = "ID", add = names(Known::Drafts))]
        id: Option<String>,
        /// Do not ask
        #[arg(long, short)]
        yes: bool,
    },
}

impl Args {
    /// Does it.
    pub fn run(self, context: &mut Context<'_, '_>) -> Outcome {
        left::take_up(context);
        match self {
            Self::List => {
                let drafts = all(context)?;
                let told: Vec<_> = drafts.iter().map(draft::Told::of).collect();
                context.tell(&told, |screen| draft::list(screen, &drafts))?;
                if drafts.is_empty() && !context.json() {
                    context.say("There are no drafts.");
                }
                if context.home()?.damaged_drafts().exists() && !context.json() {
                    context.say("Others did not open, and were set aside: asif doctor tells more.");
                }
                Ok(())
            }
            Self::Show { id } => {
                let shown = about(context, DraftAsk::Show { id })?;
                if !context.json() {
                    let title = draft::title(&shown, context.now(), &context.world.zone);
                    context.say(&title);
                }
                context.tell(&draft::Told::of(&shown), |screen| draft::whole(screen, &shown))
            }
            Self::Resume { id } => resume(context, id),
            Self::Drop { id, yes } => {
                let (id, after) = match yes {
                    true => (id, None),
                    false => match confirmed(context, id)? {
                        Some(seen) => (Some(seen.id.to_string()), Some(seen.kept_at)),
                        None => return context.nothing("Nothing was dropped."),
                    },
                };
                let dropped = about(context, DraftAsk::Drop { id, after })?;
                if after.is_some_and(|after| after != dropped.kept_at) {
                    let failure = Failure::new(ErrorKind::Precondition, "something was added to it meanwhile: it is not dropped");
                    return Err(failure.hint(format!("asif draft show {}", dropped.short)).into());
                }
                context.tell(&draft::Told::of(&dropped), |screen| draft::dropped(screen, &dropped))
            }
        }
    }
}

/// Every draft, newest first.
pub fn all(context: &mut Context<'_, '_>) -> Outcome<Vec<Draft>> {
    context.ask_for(Request::Draft(DraftAsk::List), |reply| if let Reply::Drafts(drafts) = reply { Some(drafts) } else { None })
}

/// The command that a draft was typed for, where this program still has it.
pub fn command(draft: &Draft) -> Result<Command, clap::Error> {
    let words = std::iter::once("asif").chain(draft.words.iter().map(String::as_str));
    let parsed = crate::args::Args::try_parse_from(words)?;
    parsed.command.ok_or_else(|| clap::Error::new(clap::error::ErrorKind::MissingSubcommand))
}

fn about(context: &mut Context<'_, '_>, ask: DraftAsk) -> Outcome<Draft> {
    context.ask_for(Request::Draft(ask), |reply| if let Reply::Draft(draft) = reply { Some(draft) } else { None })
}

fn resume(context: &mut Context<'_, '_>, id: Option<String>) -> Outcome {
    if !context.can_ask() {
        let hint = "asif draft show prints what was typed; asif draft resume goes on at a terminal";
        return Err(CommandError::usage("a draft is gone on with at a terminal, and there is none here", hint));
    }
    let draft = about(context, DraftAsk::Show { id })?;
    let command = command(&draft).map_err(|_| {
        let failure = Failure::new(ErrorKind::Usage, format!("this asif does not know {} any more", draft::words(&draft)));
        failure.hint(format!("asif draft show {} prints what was typed", draft.short))
    })?;
    let title = draft::title(&draft, context.now(), &context.world.zone);
    context.say(&title);
    let short = draft.short.clone();
    context.resume(draft);
    let ended = command.run(context);
    if !context.is_resumed() {
        return ended;
    }
    // It was refused before anything was asked.
    context.take_resumed();
    ended.map_err(|error| match error.failure() {
        Some(failure) => {
            let before = failure.hint.as_ref().map(|hint| format!("{hint}; ")).unwrap_or_default();
            let hint = format!("{before}what you typed is kept as it was: asif draft show {short} prints it");
            failure.hint(hint).into()
        }
        None => error,
    })
}

/// Shows what would go, and asks; what was shown, where it may go.
fn confirmed(context: &mut Context<'_, '_>, id: Option<String>) -> Outcome<Option<Draft>> {
    if !context.can_ask() {
        return Err(CommandError::usage("dropping asks first, and nobody can be asked here", "say it with --yes"));
    }
    let draft = match id {
        Some(_) => about(context, DraftAsk::Show { id })?,
        None => only(all(context)?)?,
    };
    let title = draft::title(&draft, context.now(), &context.world.zone);
    context.say(&title);
    let yes = match context.prompt() {
        Some(mut prompt) => prompt.yes_or_no("Drop it? There is no way back.")?,
        None => false,
    };
    Ok(yes.then_some(draft))
}

fn only(drafts: Vec<Draft>) -> Outcome<Draft> {
    let ids = drafts.iter().map(|draft| draft.short.as_str()).collect::<Vec<_>>().join(", ");
    let mut drafts = drafts.into_iter();
    match (drafts.next(), drafts.next()) {
        (Some(draft), None) => Ok(draft),
        (None, _) => Err(Failure::new(ErrorKind::NotFound, "there are no drafts").into()),
        (Some(_), Some(_)) => Err(CommandError::usage("there is more than one draft", format!("name one of them: {ids}"))),
    }
}
