//! `asif note`

use asif_proto::local::{Known, Request};
use asif_proto::record::{SessionFields, Visibility};

use super::{at, logged, prose};
use crate::completion::names;
use crate::context::Context;
use crate::error::{CommandError, Outcome};

/// Write something down, without a practice.
///
/// On a terminal you are asked for it. With - it comes from standard input, with -e from your editor.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// - reads the note from standard input
    #[arg(value_name = "-")]
    source: Option<String>,
    /// Write it in your editor
    #[arg(long, short, conflicts_with = "source")]
    editor: bool,
    /// When it happened: 21:30, "yesterday 21:30", 2026-11-20T21:30
    #[arg(long, value_name = "TIME")]
    at: Option<String>,
    /// A tag; can be given again
    #[arg(long = "tag", value_name = "TAG", value_parser = prose::words, add = names(Known::Tags))]
    tags: Vec<String>,
    /// For nobody but you: in no share, whatever you share
    #[arg(long)]
    private: bool,
}

impl Args {
    /// Stores a note.
    pub fn run(mut self, context: &mut Context<'_, '_>) -> Outcome {
        at::settle(&mut self.at, context)?;
        // Without a journal the practices cannot be told either.
        let before = |context: &mut Context<'_, '_>| logged::would_be_taken(context, Request::PracticeList { all: false });
        let note = match self.source.as_deref() {
            None if self.editor => prose::edited(context, before)?,
            Some("-") => prose::given("-", context, before)?,
            None => prose::asked("What would you like to write down?", "asif note - reads it from standard input", context, before)?,
            Some(_) => {
                let hint = "asif note asks for it; asif note - reads standard input";
                return Err(CommandError::usage("a note is not taken from the command's own words: a shell keeps those", hint));
            }
        };
        if note.text.is_none() {
            note.done(context);
            return context.nothing("the note was empty: nothing was stored");
        }
        let visibility = self.private.then_some(Visibility::Private);
        let fields = SessionFields { at: self.at, tags: self.tags, visibility, ..SessionFields::default() };
        let logged = note.kept_by(context, |context, id, note| logged::log(context, id, None, SessionFields { note, ..fields }))?;
        logged.tell(context)
    }
}
