//! `asif practice edit`

use asif_proto::local::{Known, PracticeFields, Request};
use asif_proto::record::{PracticeKind, PracticeStatus, Visibility};

use super::super::hidden;
use super::super::prose::{self, Prose};
use super::particulars::Particulars;
use crate::completion::names;
use crate::context::Context;
use crate::error::Outcome;
use crate::render::practice;

/// Change a practice. Only what you name changes; "" empties.
///
/// Its short name stays what it is: your scripts and your fingers know it.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Which: its short name, or an id
    #[arg(value_name = "P", add = names(Known::Practices))]
    practice: String,
    /// What it is, in your words
    #[arg(long, value_parser = prose::words)]
    title: Option<String>,
    /// What kind of thing: as-if-action, self-talk, phrase, imagery, letter, boundary or custom
    #[arg(long, value_name = "KIND")]
    kind: Option<PracticeKind>,
    /// Where it stands: active, paused, not-for-me, kept, proposed or archived
    #[arg(long, value_name = "WORD")]
    status: Option<PracticeStatus>,
    /// What makes it particular
    #[command(flatten)]
    particulars: Particulars,
    /// More words about it; - reads them from standard input
    #[arg(long, value_name = "TEXT|-", allow_hyphen_values = true)]
    description: Option<String>,
    /// For nobody but you: in no share, whatever you share
    #[arg(long)]
    private: bool,
    /// Shared as the grants say, again
    #[arg(long, conflicts_with = "private")]
    not_private: bool,
}

impl Args {
    pub(super) fn run(self, context: &mut Context<'_, '_>) -> Outcome {
        let practice = self.practice;
        let description = match self.description.as_deref() {
            // Said to be nothing.
            Some("") => None,
            Some(value) => {
                let ask = Request::PracticeShow { practice: practice.clone() };
                Some(prose::given(value, context, |context| context.ask(ask).map(drop))?)
            }
            None => Some(Prose::default()),
        };
        let emptied = description.is_none();
        let visibility = match (self.private, self.not_private) {
            (true, _) => Some(Visibility::Private),
            (false, true) => Some(Visibility::Inherit),
            (false, false) => None,
        };
        let Particulars { difficulty, when, place, how_long, cue, frequency, goals, beliefs } = self.particulars;
        let fields = PracticeFields {
            title: self.title,
            kind: self.kind,
            description: emptied.then(String::new),
            when,
            place,
            how_long,
            cue,
            frequency,
            difficulty,
            status: self.status,
            goals,
            beliefs,
            visibility,
        };
        let edited = description.unwrap_or_default().kept_by(context, |context, id, text| {
            let fields = Box::new(PracticeFields { description: text.or(fields.description), ..fields });
            context.ask_for_as(id, Request::PracticeEdit { practice, fields }, super::one)
        })?;
        context.tell(&edited, |screen| practice::changed(screen, "edited", &edited))?;
        if visibility == Some(Visibility::Private) { hidden::tell(edited.id, context) } else { Ok(()) }
    }
}
