//! `asif note`

use asif_proto::local::{Known, Reply, Request};
use asif_proto::record::{SessionFields, Visibility};

use super::{at, prose};
use crate::completion::names;
use crate::context::Context;
use crate::error::{CommandError, Outcome};
use crate::render::session;

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
        let before = |context: &mut Context<'_, '_>| context.ask(Request::PracticeList { all: false }).map(drop);
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
        let session = note.kept_by(context, |context, id, note| {
            let request = Request::Log { practice: None, fields: Box::new(SessionFields { note, ..fields }) };
            context.ask_for_as(id, request, |reply| if let Reply::Session(session) = reply { Some(session) } else { None })
        })?;
        context.tell(&session, |screen| session::logged(screen, &session))
    }
}
