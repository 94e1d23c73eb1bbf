//! `asif edit`

use asif_proto::local::{ErrorKind, Failure, Known, Reply, Request};
use asif_proto::record::{ClearField, SessionFields};

use super::fields::Fields;
use super::prose::{self, Prose};
use crate::completion::names;
use crate::context::Context;
use crate::error::{CommandError, Outcome};
use crate::render::session;

pub mod experiment;

/// Change what you wrote down.
///
/// Only what you name changes. `--clear FIELD` empties a field: before, after, acted, felt-real, felt-state, borrowed,
/// expectancy, willingness, where, worse, stopped-early, repetitions, duration, tags, note, private.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Which one: an id, or the end of one
    #[arg(value_name = "ID", add = names(Known::Sessions))]
    id: String,
    /// What can be changed in a session or a note
    #[command(flatten)]
    fields: Fields,
    /// A note in place of the present one; - reads it from standard input
    #[arg(long, value_name = "TEXT|-", allow_hyphen_values = true)]
    note: Option<String>,
    /// A field to empty; can be given again
    #[arg(long, value_name = "FIELD")]
    clear: Vec<ClearField>,
    /// What can be changed in an experiment
    #[command(flatten)]
    experiment: experiment::Flags,
}

impl Args {
    /// Changes a session, a note or an experiment.
    pub fn run(self, context: &mut Context<'_, '_>) -> Outcome {
        if self.is_of_an_experiment(context)? {
            let Self { id, fields, experiment, .. } = self;
            return experiment.run(context, id, &fields.into_fields(None));
        }
        let note = match &self.note {
            Some(value) => prose::given(value, context, |context| can_be_edited(&self.id, context))?,
            None => Prose::default(),
        };
        let empty = self.note.is_some() && note.text.is_none();
        let Self { id, fields, clear, .. } = self;
        if empty {
            context.say("the note was empty: the note stays as it is (--clear note empties it)");
        }
        let session = note.kept_by(context, |context, request_id, note| {
            let fields = fields.into_fields(note);
            if fields == SessionFields::default() && clear.is_empty() {
                return Err(CommandError::usage("nothing to change was named", "asif edit --help tells what can be"));
            }
            let request = Request::Edit { id, fields: Box::new(fields), clear };
            context.ask_for_as(request_id, request, |reply| if let Reply::Session(session) = reply { Some(session) } else { None })
        })?;
        context.tell(&session, |screen| session::changed(screen, "edited", &session))
    }
}

impl Args {
    /// Whether it is an experiment that is changed; words of an experiment for something else are refused.
    fn is_of_an_experiment(&self, context: &mut Context<'_, '_>) -> Outcome<bool> {
        let named = !self.experiment.is_empty();
        let is = matches!(context.ask(Request::Show { id: self.id.clone() })?, Reply::Experiment(_));
        match (is, named) {
            (false, true) => {
                Err(CommandError::usage("some of these words are of an experiment, and this is none", "asif edit --help tells which"))
            }
            (true, _) if self.note.is_some() || !self.clear.is_empty() => Err(CommandError::usage(
                "an experiment has no note, and nothing to --clear",
                "its words: --happened, --learning, --obstacles; \"\" empties",
            )),
            (is, _) => Ok(is),
        }
    }
}

/// Whether the id names a session or a note that is not deleted.
fn can_be_edited(id: &str, context: &mut Context<'_, '_>) -> Outcome {
    match context.ask(Request::Show { id: id.to_owned() })? {
        Reply::Session(session) if session.deleted => {
            let failure = Failure::new(ErrorKind::Precondition, "this session is deleted");
            Err(failure.hint(format!("bring it back first: asif restore {id}")).into())
        }
        Reply::Session(_) => Ok(()),
        _ => Err(CommandError::usage("only sessions and notes can be edited with this", "asif list tells their ids")),
    }
}
