//! `asif log`

use asif_proto::local::{Known, Reply, Request};
use asif_proto::record::{Session, SessionFields};
use uuid::Uuid;

use super::fields::Fields;
use super::prose::{self, Prose};
use crate::completion::names;
use crate::context::Context;
use crate::error::Outcome;
use crate::form::{Edited, fill, missing};
use crate::render::session;

mod questions;

/// Write down that you practised.
///
/// Everything can be left out. Without a practice a terminal asks which, and a few things that Enter goes past. A note comes
/// from standard input with `--note -`, since a shell keeps the words of its commands, or from your editor with -e.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The practice: its short name, or an id
    #[arg(value_name = "P", add = names(Known::Practices))]
    practice: Option<String>,
    #[command(flatten)]
    fields: Fields,
    /// A note; - reads it from standard input
    #[arg(long, value_name = "TEXT|-", allow_hyphen_values = true)]
    note: Option<String>,
    /// Write the note in your editor
    #[arg(long, short, conflicts_with = "note")]
    editor: bool,
}

/// Where the note comes from.
enum Noted {
    /// There is none.
    Not,
    /// The words of the command, or `-`.
    Given(String),
    /// The person's editor.
    Edited,
}

impl Args {
    /// Logs a session.
    pub fn run(mut self, context: &mut Context<'_, '_>) -> Outcome {
        self.fields.settle(context)?;
        let noted = match self.note {
            Some(note) => Noted::Given(note),
            None if self.editor => Noted::Edited,
            None => Noted::Not,
        };
        match self.practice {
            Some(practice) => named(practice, self.fields, &noted, context),
            None if context.can_ask() => asked(self.fields, noted, context),
            None => Err(missing("the practice", "name it: asif log lunch; asif practice list tells yours, asif note needs none")),
        }
    }
}

fn named(practice: String, fields: Fields, noted: &Noted, context: &mut Context<'_, '_>) -> Outcome {
    let before = |context: &mut Context<'_, '_>| context.ask(Request::PracticeShow { practice: practice.clone() }).map(drop);
    let given = match noted {
        Noted::Given(value) => prose::given(value, context, before)?,
        Noted::Edited => prose::edited(context, before)?,
        Noted::Not => Prose::default(),
    };
    let empty = !matches!(noted, Noted::Not) && given.text.is_none();
    let session = given.kept_by(context, |context, id, note| store(context, id, practice, fields.into_fields(note)))?;
    context.tell(&session, |screen| session::logged(screen, &session))?;
    if empty {
        context.say("the note was empty: logged without one");
    }
    Ok(())
}

fn asked(fields: Fields, noted: Noted, context: &mut Context<'_, '_>) -> Outcome {
    let (typed, edited) = (matches!(&noted, Noted::Given(text) if text == "-"), matches!(noted, Noted::Edited));
    if edited {
        prose::for_the_editor(context)?;
    }
    let note = match noted {
        Noted::Given(text) if !typed => prose::given(&text, context, |_| Ok(()))?.text,
        _ => None,
    };
    let noted = typed || edited || note.is_some();
    let fields = fields.into_fields(note);
    let session = fill(
        context,
        |form, context| {
            let (practice, mut fields) = questions::ask(form, context, fields, noted)?;
            if typed {
                fields.note = form.prose(context, "note", "Type the note here")?;
            }
            if edited && let Edited::Text(text) = form.edited(context, "note", None)? {
                fields.note = Some(text);
            }
            Ok((practice, fields))
        },
        |context, id, (practice, fields)| store(context, id, practice, fields),
    )?;
    context.tell(&session, |screen| session::logged(screen, &session))
}

fn store(context: &mut Context<'_, '_>, id: Uuid, practice: String, fields: SessionFields) -> Outcome<Session> {
    let request = Request::Log { practice: Some(practice), fields: Box::new(fields) };
    context.ask_for_as(id, request, |reply| if let Reply::Session(session) = reply { Some(session) } else { None })
}
