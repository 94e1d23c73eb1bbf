//! `asif log`

use asif_proto::local::{Known, Reply, Request};

use super::fields::Fields;
use super::prose::{self, Prose};
use crate::completion::names;
use crate::context::Context;
use crate::error::Outcome;
use crate::render::session;

/// Write down that you practised.
///
/// Everything but the practice can be left out. A note comes from standard input with `--note -`, since a shell keeps
/// the words of its commands.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The practice: its short name, or an id
    #[arg(value_name = "P", add = names(Known::Practices))]
    practice: String,
    #[command(flatten)]
    fields: Fields,
    /// A note; - reads it from standard input
    #[arg(long, value_name = "TEXT|-", allow_hyphen_values = true)]
    note: Option<String>,
}

impl Args {
    /// Logs a session.
    pub fn run(self, context: &mut Context<'_, '_>) -> Outcome {
        let note = match &self.note {
            Some(value) => {
                prose::given(value, context, |context| context.ask(Request::PracticeShow { practice: self.practice.clone() }).map(drop))?
            }
            None => Prose::default(),
        };
        let empty = self.note.is_some() && note.text.is_none();
        let (practice, fields) = (Some(self.practice), self.fields);
        let session = note.kept_by(context, |context, id, note| {
            let request = Request::Log { practice, fields: Box::new(fields.into_fields(note)) };
            context.ask_for_as(id, request, |reply| if let Reply::Session(session) = reply { Some(session) } else { None })
        })?;
        context.tell(&session, |screen| session::logged(screen, &session))?;
        if empty {
            context.say("the note was empty: logged without one");
        }
        Ok(())
    }
}
