//! What `asif edit` changes in an experiment.

use asif_proto::local::{ExperimentAsk, ExperimentFields, Reply, Request};
use asif_proto::rating::Rating;
use asif_proto::record::{SessionFields, Supports, Visibility};

use super::super::hidden;
use super::super::prose::{self, Prose};
use crate::context::Context;
use crate::error::{CommandError, Outcome};
use crate::render::experiment;

/// What can be changed in an experiment.
#[derive(Debug, Default, PartialEq, clap::Args)]
#[command(next_help_heading = "Of an experiment (--after and --private, too)")]
pub struct Flags {
    /// Another prediction: refused, since it is locked. What you think now stands beside it with --amend
    #[arg(long, value_name = "0-100", allow_negative_numbers = true)]
    prediction: Option<Rating>,
    /// What you think now, beside your prediction: feeling after, 0 very bad to 100 very good
    #[arg(long, value_name = "0-100", allow_negative_numbers = true)]
    amend: Option<Rating>,
    /// The same in words
    #[arg(long, value_name = "TEXT", value_parser = prose::words)]
    amend_text: Option<String>,
    /// What happened; - reads it from standard input
    #[arg(long, value_name = "TEXT|-", allow_hyphen_values = true, conflicts_with = "note")]
    happened: Option<String>,
    /// What you make of it; - reads it from standard input
    #[arg(long, value_name = "TEXT|-", allow_hyphen_values = true, conflicts_with_all = ["note", "happened"])]
    learning: Option<String>,
    /// Which belief it supports: old, new or unsure
    #[arg(long, value_name = "WORD")]
    supports: Option<Supports>,
    /// What may get in the way; "" empties
    #[arg(long, value_name = "TEXT", value_parser = prose::words)]
    obstacles: Option<String>,
    /// If that happens, then what; "" empties
    #[arg(long, value_name = "TEXT", value_parser = prose::words)]
    if_then: Option<String>,
    /// The day on which you will see what happened: tomorrow, friday, 3d, 2026-11-28
    #[arg(long, value_name = "DAY")]
    review_by: Option<String>,
}

impl Flags {
    /// Nothing of an experiment was named.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Changes the experiment; of what can be said of a session it has the feeling after and who may see it.
    pub fn run(self, context: &mut Context<'_, '_>, id: String, fields: &SessionFields) -> Outcome {
        let shared = SessionFields { after: fields.after, visibility: fields.visibility, ..SessionFields::default() };
        if *fields != shared {
            return Err(CommandError::usage(
                "this is an experiment, and some of these words are of a session",
                "asif edit --help tells which",
            ));
        }
        let fields_private = fields.visibility == Some(Visibility::Private);
        let fields_public = fields.visibility == Some(Visibility::Inherit);
        let mut read = |value: &Option<String>| -> Outcome<(Prose, bool)> {
            Ok(match value.as_deref() {
                // Said to be nothing.
                Some("") => (Prose::default(), true),
                Some(value) => (prose::given(value, context, |_| Ok(()))?, false),
                None => (Prose::default(), false),
            })
        };
        let ((happened, no_text), (learning, no_learning)) = (read(&self.happened)?, read(&self.learning)?);
        let fields = ExperimentFields {
            prediction: self.prediction,
            amend: self.amend,
            amend_text: self.amend_text,
            obstacles: self.obstacles,
            if_then: self.if_then,
            review_by: self.review_by,
            after: fields.after,
            text: no_text.then(String::new),
            learning: no_learning.then(String::new),
            supports: self.supports,
            visibility: fields.visibility,
        };
        // At most one of the two was typed.
        let (typed, is_text) = if self.happened.is_some() { (happened, true) } else { (learning, false) };
        let edited = typed.kept_by(context, |context, request, words| {
            let fields = match (words, is_text) {
                (None, _) => fields,
                (words, true) => ExperimentFields { text: words, ..fields },
                (words, false) => ExperimentFields { learning: words, ..fields },
            };
            let ask = Request::Experiment(ExperimentAsk::Edit { experiment: id, fields: Box::new(fields) });
            context.ask_for_as(request, ask, |reply| if let Reply::Experiment(one) = reply { Some(one) } else { None })
        })?;
        context.tell(&edited, |screen| experiment::changed(screen, "edited", &edited))?;
        if fields_private {
            hidden::tell(edited.id, context)?;
        }
        if fields_private && let Some(session) = edited.value.session {
            let id = session.to_string();
            let short = crate::render::short_id(&id);
            context.explain(&format!("The session in which it was tried is another record: asif edit {short} --private"));
        }
        if fields_public && let Some(session) = edited.value.session {
            let short = crate::render::short_id(&session.to_string()).to_owned();
            let session = context.ask(Request::Show { id: session.to_string() });
            if let Ok(Reply::Session(one)) = session
                && one.visibility == Visibility::Private
            {
                let clear = format!("asif edit {short} --clear private");
                context.explain(&format!("The session in which it was tried stays private, and with it what came of it: {clear}"));
            }
        }
        Ok(())
    }
}
