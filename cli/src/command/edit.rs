//! `asif edit`

use asif_proto::local::{ErrorKind, Failure, Known, Reply, Request};
use asif_proto::record::{ClearField, NEUTRAL, SessionFields, Visibility};

use super::fields::Fields;
use super::hidden;
use super::prose::{self, Prose};
use crate::completion::names;
use crate::context::Context;
use crate::error::{CommandError, Outcome};
use crate::render::{record, reminder, session};

pub mod experiment;
mod in_editor;

/// Change what you wrote down.
///
/// A session, a note, an experiment, or the words of anything else; what you practise is changed with asif practice edit. Only what you name
/// changes. With nothing named, on a terminal, the text opens in your editor: the one of asif config set editor, VISUAL or EDITOR. `--clear FIELD` empties a field: before, after, acted, felt-real, felt-state, borrowed,
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
    /// The words of a goal, a belief, an anchor, a sketch, a phrase or a reminder; - reads them from standard input
    #[arg(long, value_name = "TEXT|-", allow_hyphen_values = true, conflicts_with = "note")]
    text: Option<String>,
    /// Open its text in your editor
    #[arg(long, short, conflicts_with_all = ["note", "text"])]
    editor: bool,
    /// What can be changed in an experiment
    #[command(flatten)]
    experiment: experiment::Flags,
}

impl Args {
    /// Changes any record of one's own.
    pub fn run(mut self, context: &mut Context<'_, '_>) -> Outcome {
        if self.editor || (self.is_nothing() && context.can_ask()) {
            return self.in_editor(context);
        }
        if self.is_nothing() {
            return Err(nothing_named());
        }
        self.fields.settle(context)?;
        if !self.is_of_a_session_alone() {
            match context.ask(Request::Show { id: self.id.clone() })? {
                Reply::Experiment(_) => return self.of_an_experiment(context),
                Reply::Goal(_)
                | Reply::Belief(_)
                | Reply::Anchor(_)
                | Reply::Sketch(_)
                | Reply::Phrase(_)
                | Reply::Reminder(_)
                | Reply::Rapport(_)
                | Reply::HelperNote(_) => {
                    return self.of_words(context);
                }
                _ if self.text.is_some() || !self.experiment.is_empty() => return Err(of_another()),
                _ => {}
            }
        } else if self.text.is_some() || !self.experiment.is_empty() {
            // Of no record are both.
            return Err(of_another());
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
        let mut is_hidden = false;
        let session = note.kept_by(context, |context, request_id, note| {
            let fields = fields.into_fields(note);
            is_hidden = fields.visibility == Some(Visibility::Private);
            if fields == SessionFields::default() && clear.is_empty() {
                return Err(nothing_named());
            }
            let request = Request::Edit { id, fields: Box::new(fields), clear, base: None };
            context.ask_for_as(request_id, request, |reply| if let Reply::Session(session) = reply { Some(session) } else { None })
        })?;
        context.tell(&session, |screen| session::changed(screen, "edited", &session))?;
        if is_hidden { hidden::tell(session.id, context) } else { Ok(()) }
    }
}

impl Args {
    fn is_nothing(&self) -> bool {
        self.fields.is_empty() && self.note.is_none() && self.clear.is_empty() && self.text.is_none() && self.experiment.is_empty()
    }

    /// Something is named that only sessions and notes have.
    fn is_of_a_session_alone(&self) -> bool {
        self.note.is_some() || self.fields.are_of_a_session_alone() || self.clear.iter().any(|field| *field != ClearField::Private)
    }

    fn of_an_experiment(self, context: &mut Context<'_, '_>) -> Outcome {
        if self.text.is_some() || self.clear.iter().any(|field| *field != ClearField::Private) {
            let hint = "its words: --happened, --learning, --obstacles, --if-then; \"\" empties";
            return Err(CommandError::usage("an experiment has no --text, and nothing to --clear but private", hint));
        }
        let mut fields = self.fields.into_fields(None);
        if !self.clear.is_empty() {
            fields.visibility = Some(Visibility::Inherit);
        }
        self.experiment.run(context, self.id, &fields)
    }

    /// A goal, a belief, an anchor, a sketch, a phrase or a reminder: what it says, and who may see it.
    fn of_words(self, context: &mut Context<'_, '_>) -> Outcome {
        let Self { id, fields, clear, text, experiment, .. } = self;
        let fields = fields.into_fields(None);
        if fields.after.is_some() || !experiment.is_empty() {
            return Err(of_another());
        }
        let visibility = fields.visibility.or_else(|| (!clear.is_empty()).then_some(Visibility::Inherit));
        let said = text.is_some();
        let text = match text.as_deref() {
            Some(value) => prose::given(value, context, |_| Ok(()))?,
            None => Prose::default(),
        };
        let edited = text
            .kept_by(context, |context, request, text| context.ask_as(request, Request::EditText { id, text, visibility, base: None }))?;
        context.tell_record(&edited, |screen, reply| record::changed(screen, "edited", reply))?;
        if let Reply::Reminder(one) = &edited
            && said
            && !context.json()
            && one.value.reminder.text != NEUTRAL
        {
            context.explain(reminder::SEEN);
        }
        match hidden::record_of(&edited).filter(|_| visibility == Some(Visibility::Private)) {
            Some(id) => hidden::tell(id, context),
            None => Ok(()),
        }
    }
}

fn nothing_named() -> CommandError {
    CommandError::usage("nothing to change was named", "asif edit --help tells what can be; on a terminal the text opens in your editor")
}

fn of_another() -> CommandError {
    CommandError::usage(
        "some of these words are of another kind of record than this is",
        "asif show ID tells what it is; asif edit --help tells the words",
    )
}

/// Whether the id names a session or a note that is not deleted. A draft of its note names it whole: later its end may be another's, too.
fn can_be_edited(id: &str, context: &mut Context<'_, '_>) -> Outcome {
    match context.ask(Request::Show { id: id.to_owned() })? {
        Reply::Session(session) if session.deleted => {
            let failure = Failure::new(ErrorKind::Precondition, "this session is deleted");
            Err(failure.hint(format!("bring it back first: asif restore {id}")).into())
        }
        Reply::Session(session) => {
            context.pin_id(id, &session.id.to_string());
            Ok(())
        }
        _ => Err(CommandError::usage("only sessions and notes can be edited with this", "asif list tells their ids")),
    }
}
