//! `asif log`

use asif_proto::local::{Known, Request};

use super::fields::Fields;
use super::logged;
use super::prose::{self, Prose};
use crate::completion::names;
use crate::context::Context;
use crate::error::Outcome;
use crate::form::{Edited, fill_also_locked, missing};

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
    let before = |context: &mut Context<'_, '_>| logged::would_be_taken(context, Request::PracticeShow { practice: practice.clone() });
    let given = match noted {
        Noted::Given(value) => prose::given(value, context, before)?,
        Noted::Edited => prose::edited(context, before)?,
        Noted::Not => Prose::default(),
    };
    let empty = !matches!(noted, Noted::Not) && given.text.is_none();
    let logged = given.kept_by(context, |context, id, note| logged::log(context, id, Some(practice), fields.into_fields(note)))?;
    logged.tell(context)?;
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
    let logged = fill_also_locked(
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
        |context, id, (practice, fields)| logged::log(context, id, practice, fields),
    )?;
    logged.tell(context)
}
