//! `asif sit`

use asif_proto::local::{ErrorKind, Failure, Known, Reply, Request};
use asif_proto::record::{Mark, MarkKind, Practice, Session, SessionFields};
use uuid::Uuid;

use super::fields::Fields;
use super::prose::{self, Prose};
use crate::completion::names;
use crate::context::Context;
use crate::error::{CommandError, Outcome};
use crate::render::session;

mod at_terminal;
mod marks;

use at_terminal::AtTerminal;

/// Minutes where nobody says how many.
const MINUTES: u32 = 8;
/// The most minutes: a day.
const MAX_MINUTES: i64 = 24 * 60;

/// Sit with the phrases of a practice: one by one, with a timer.
///
/// Keys: space next phrase, n numb, f something landed, w worse, p pause, q stop early (kept). The words don't have to feel
/// true. Numb counts. With --plain every phrase and every mark is said on a line of its own, for screen readers.
///
/// With --no-input nothing is waited for: a sitting that is over is written down, its marks given as --mark 64:numb.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The practice: its short name, or an id
    #[arg(value_name = "P", add = names(Known::Practices))]
    practice: String,
    /// How many minutes: 8 unless you say
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=MAX_MINUTES), conflicts_with = "duration")]
    minutes: Option<u32>,
    /// Of a sitting that is over: when something was marked, and what: numb, landed, worse or pause; can be given again, in order
    #[arg(long = "mark", value_name = "TIME:WORD", value_parser = marks::mark)]
    marks: Vec<Mark>,
    #[command(flatten)]
    fields: Fields,
    /// A note; - reads it from standard input
    #[arg(long, value_name = "TEXT|-", allow_hyphen_values = true)]
    note: Option<String>,
}

impl Args {
    /// Sits, or writes down that somebody sat.
    pub fn run(self, context: &mut Context<'_, '_>) -> Outcome {
        let Self { practice, minutes, marks, mut fields, note } = self;
        fields.settle(context)?;
        let mut fields = fields.into_fields(None);
        let length_s = fields.duration_s.or(minutes.map(|minutes| minutes * 60));
        match context.world.keyboard.filter(|_| context.can_ask()) {
            Some(keyboard) => {
                only_afterwards(&fields, &marks)?;
                let length_s = length_s.unwrap_or(MINUTES * 60);
                AtTerminal { practice, length_s, given: fields, note }.run(context, keyboard)
            }
            None => {
                marks::fit(&marks, length_s)
                    .map_err(|why| CommandError::usage(why, "for example: --duration 8m --mark 64:numb --mark 4m12s:landed"))?;
                if marks.iter().any(|mark| mark.kind == MarkKind::Worse) {
                    fields.felt_worse = Some(true);
                }
                fields = SessionFields { duration_s: length_s, marks, ..fields };
                write_down(&practice, fields, note, context)
            }
        }
    }
}

/// A sitting that is over, without any waiting.
fn write_down(practice: &str, fields: SessionFields, note: Option<String>, context: &mut Context<'_, '_>) -> Outcome {
    let prose = match &note {
        Some(value) => prose::given(value, context, |context| find(practice, context).map(drop))?,
        None => Prose::default(),
    };
    let empty = note.is_some() && prose.text.is_none();
    let session = prose.kept_by(context, |context, id, note| log(id, practice, SessionFields { note, ..fields }, context))?;
    context.tell(&session, |screen| session::logged(screen, &session))?;
    if empty {
        context.say("the note was empty: logged without one");
    }
    Ok(())
}

/// What is marked and counted at a terminal cannot be said beforehand.
fn only_afterwards(fields: &SessionFields, marks: &[Mark]) -> Outcome {
    let flags = [
        (!marks.is_empty(), "--mark"),
        (fields.repetitions.is_some(), "--repetitions"),
        (fields.felt_worse.is_some(), "--worse"),
        (fields.stopped_early.is_some(), "--stopped-early"),
    ];
    match flags.iter().find(|(given, _)| *given) {
        Some((_, flag)) => Err(CommandError::usage(
            format!("{flag} is about a sitting that is over"),
            "to write one down add --no-input; to sit now leave it out",
        )),
        None => Ok(()),
    }
}

/// The practice, if it can be sat with.
fn find(practice: &str, context: &mut Context<'_, '_>) -> Outcome<Practice> {
    let asked = Request::PracticeShow { practice: practice.to_owned() };
    let found = context.ask_for(asked, |reply| if let Reply::Practice(practice) = reply { Some(practice) } else { None })?;
    if found.deleted {
        let failure = Failure::new(ErrorKind::Precondition, "this practice is deleted");
        return Err(failure.hint(format!("bring it back first: asif restore {}", found.short)).into());
    }
    Ok(found)
}

fn log(id: Uuid, practice: &str, fields: SessionFields, context: &mut Context<'_, '_>) -> Outcome<Session> {
    let request = Request::Log { practice: Some(practice.to_owned()), fields: Box::new(fields) };
    context.ask_for_as(id, request, |reply| if let Reply::Session(session) = reply { Some(session) } else { None })
}
