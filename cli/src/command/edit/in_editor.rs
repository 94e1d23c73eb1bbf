//! `asif edit ID` in the person's own editor.

use asif_proto::local::{ErrorKind, Failure, Reply, Request};
use asif_proto::record::{SessionFields, Visibility};

use super::super::prose;
use super::{Args, of_another};
use crate::context::Context;
use crate::error::{CommandError, Outcome};
use crate::form::{Edited, Form};
use crate::render::record;

/// The name of the text in a draft.
const FIELD: &str = "text";

/// A record with a text that can be opened.
struct Target {
    id: String,
    /// What stands there now.
    text: String,
    /// A session or a note; else the words of another record.
    is_session: bool,
    /// How it is emptied.
    emptying: &'static str,
}

impl Args {
    /// Opens the text of the record; what is said beside it is changed with it.
    pub(super) fn in_editor(self, context: &mut Context<'_, '_>) -> Outcome {
        prose::for_the_editor(context)?;
        let target = self.target(context)?;
        let mut form = Form::open(context);
        form.pin_id(&self.id, &target.id);
        match self.written(&mut form, context, &target) {
            Ok(told) => {
                form.done(context);
                match told {
                    Some(reply) => context.tell_record(&reply, |screen, reply| record::changed(screen, "edited", reply)),
                    None if context.json() => context.tell(&(), |_| {}),
                    None => Ok(()),
                }
            }
            Err(error) => Err(form.stop(context, error)),
        }
    }

    fn target(&self, context: &mut Context<'_, '_>) -> Outcome<Target> {
        let reply = context.ask(Request::Show { id: self.id.clone() })?;
        let short = deleted(&reply);
        if let Some(short) = short {
            let failure = Failure::new(ErrorKind::Precondition, "it is deleted");
            return Err(failure.hint(format!("bring it back first: asif restore {short}")).into());
        }
        let is_other = match reply {
            Reply::Session(_) => false,
            _ => self.is_of_a_session_alone() || self.fields.clone().into_fields(None).after.is_some(),
        };
        if is_other || !self.experiment.is_empty() {
            return Err(of_another());
        }
        match reply {
            Reply::Practice(practice) => Err(CommandError::usage(
                "a practice has several texts",
                format!("asif practice edit {} --description - changes what it is in your words; --help tells the others", practice.slug),
            )),
            Reply::Experiment(one) => Err(CommandError::usage(
                "an experiment has several texts",
                format!("name one of them: asif edit {} --happened -, --learning -, --obstacles or --if-then", one.short),
            )),
            reply => {
                text_of(&reply).ok_or_else(|| CommandError::usage("this has no text of yours to open", "asif show ID tells what it is"))
            }
        }
    }

    /// Opens the editor until what was written is taken, or the person lets it be; what came of it, where something changed.
    fn written(&self, form: &mut Form, context: &mut Context<'_, '_>, target: &Target) -> Outcome<Option<Reply>> {
        let mut edited = form.edited(context, FIELD, Some(&target.text))?;
        loop {
            let text = match edited {
                Edited::Text(text) => Some(text),
                Edited::Same if self.is_nothing() => {
                    context.say("nothing was changed");
                    return Ok(None);
                }
                Edited::Same => None,
                Edited::Empty => {
                    context.say(&format!("the text was empty: it stays as it is ({})", target.emptying));
                    if self.is_nothing() {
                        return Ok(None);
                    }
                    None
                }
            };
            let failure = match self.say(form, context, target, text.as_deref()) {
                Ok(reply) => {
                    if text.is_some_and(|text| text_of(&reply).is_some_and(|now| now.text != text)) {
                        context.say("It had been changed meanwhile: both changes are in it now.");
                    }
                    return Ok(Some(reply));
                }
                Err(CommandError::Failed(failure)) => failure,
                Err(error) => return Err(error),
            };
            let Some(text) = text else { return Err(failure.into()) };
            edited = match self.mended(form, context, &failure, &text)? {
                Some(edited) => edited,
                None => return Err(failure.into()),
            };
        }
    }

    /// The person mends what was refused, if they like.
    fn mended(&self, form: &mut Form, context: &mut Context<'_, '_>, failure: &Failure, text: &str) -> Outcome<Option<Edited>> {
        if !matches!(failure.kind, ErrorKind::Usage | ErrorKind::Precondition) {
            return Ok(None);
        }
        let reply = context.ask(Request::Show { id: self.id.clone() })?;
        if deleted(&reply).is_some() {
            return Ok(None);
        }
        context.say(&failure.message);
        match text_of(&reply) {
            Some(now) if failure.kind == ErrorKind::Precondition && form.base() != Some(&now.text) => {
                let both = form.again(context, "Open the editor on both, to make one of them?")?;
                both.then(|| form.edited_together(context, FIELD, text, &now.text)).transpose()
            }
            _ => {
                let again = form.again(context, "Open the editor again on it?")?;
                let present = form.base().unwrap_or_default().to_owned();
                again.then(|| form.edited(context, FIELD, Some(&present))).transpose()
            }
        }
    }

    fn say(&self, form: &Form, context: &mut Context<'_, '_>, target: &Target, text: Option<&str>) -> Outcome<Reply> {
        let (id, base) = (target.id.clone(), text.and(form.base()).map(str::to_owned));
        let note = text.map(str::to_owned);
        // Each text is a request of its own: what was refused and mended is another one.
        let request = crate::fresh::id();
        if target.is_session {
            let fields = Box::new(self.fields.clone().into_fields(note));
            return context.ask_as(request, Request::Edit { id, fields, clear: self.clear.clone(), base });
        }
        let fields: SessionFields = self.fields.clone().into_fields(None);
        let visibility = fields.visibility.or_else(|| (!self.clear.is_empty()).then_some(Visibility::Inherit));
        context.ask_as(request, Request::EditText { id, text: note, visibility, base })
    }
}

fn text_of(reply: &Reply) -> Option<Target> {
    let words = |id: String, text: &str| Target {
        id,
        text: text.to_owned(),
        is_session: false,
        emptying: "it has to have some words; asif delete ID takes it away",
    };
    Some(match reply {
        Reply::Session(one) => Target {
            id: one.id.to_string(),
            text: one.note.clone().unwrap_or_default(),
            is_session: true,
            emptying: "asif edit ID --clear note empties it",
        },
        Reply::Goal(one) => words(one.id.to_string(), &one.value.text),
        Reply::Belief(one) => words(one.id.to_string(), &one.value.statement),
        Reply::Anchor(one) => words(one.id.to_string(), &one.value.act),
        Reply::Sketch(one) => words(one.sketch.id.to_string(), &one.sketch.value.text),
        Reply::Phrase(one) => words(one.id.to_string(), &one.value.new_line),
        Reply::HelperNote(one) => words(one.id.to_string(), &one.value.text),
        _ => return None,
    })
}

/// How a deleted record is named.
fn deleted(reply: &Reply) -> Option<String> {
    let (deleted, short) = match reply {
        Reply::Session(one) => (one.deleted, &one.short),
        Reply::Goal(one) => (one.value.deleted, &one.short),
        Reply::Belief(one) => (one.value.deleted, &one.short),
        Reply::Anchor(one) => (one.value.deleted, &one.short),
        Reply::Sketch(one) => (one.sketch.value.deleted, &one.sketch.short),
        Reply::Phrase(one) => (one.value.deleted, &one.short),
        Reply::HelperNote(one) => (one.value.deleted, &one.short),
        _ => return None,
    };
    deleted.then(|| short.clone())
}
