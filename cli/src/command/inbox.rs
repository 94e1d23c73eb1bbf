//! `asif inbox`

mod at_terminal;

use asif_proto::id::unique_suffix;
use asif_proto::local::{InboxAsk, PracticeFields, Reply, Request};
use asif_proto::record::{PracticeKind, Visibility};
use asif_proto::share::{Fit, InboxItem};
use clap::Subcommand;

use super::prose::{self, Prose};
use crate::context::Context;
use crate::error::Outcome;
use crate::render::inbox;

/// What helpers sent you: suggestions, what they have understood, replies, beliefs they lend.
///
/// A helper only proposes. Declining needs no reason, and shows them only "declined". On a terminal it asks about each; Enter leaves one for later.
/// That you looked is not told to anybody.
#[derive(Debug, clap::Args)]
#[command(args_conflicts_with_subcommands = true)]
pub struct Args {
    /// Everything there ever was, as asif inbox list --all
    #[arg(long)]
    all: bool,
    #[command(subcommand)]
    what: Option<What>,
}

#[derive(Debug, Subcommand)]
enum What {
    /// What waits for an answer, or is new.
    List {
        /// Everything there ever was
        #[arg(long)]
        all: bool,
    },
    Accept(Box<Accepting>),
    /// Decline a suggestion. It needs no reason.
    Decline {
        /// Which: an id
        #[arg(value_name = "ID")]
        id: String,
    },
    /// Leave a suggestion for later.
    Later {
        /// Which: an id
        #[arg(value_name = "ID")]
        id: String,
    },
    /// Answer what a helper has understood: fits, partly or doesnt.
    Answer {
        /// Which: an id
        #[arg(value_name = "ID")]
        id: String,
        /// How far it fits
        #[arg(value_name = "FIT")]
        fit: Fit,
        /// What you say to it; - reads it from standard input. The helper reads it
        #[arg(long, value_name = "TEXT|-", allow_hyphen_values = true)]
        text: Option<String>,
    },
}

/// Take a suggestion on: it becomes a practice of your own, as it is or in your words.
///
/// The helper sees only that you took it on, or that you changed it, and not what you made of it unless you share practices.
#[derive(Debug, clap::Args)]
pub struct Accepting {
    /// Which: an id
    #[arg(value_name = "ID")]
    id: String,
    /// What it is, in your words
    #[arg(long, value_parser = prose::words)]
    title: Option<String>,
    /// Its short name (default: made from the title)
    #[arg(long, value_name = "P")]
    slug: Option<String>,
    /// What kind of thing: as-if-action, self-talk, phrase, imagery, letter, boundary or custom
    #[arg(long, value_name = "KIND")]
    kind: Option<PracticeKind>,
    #[command(flatten)]
    particulars: super::practice::Particulars,
    /// For nobody but you: in no share, whatever you share
    #[arg(long)]
    private: bool,
}

impl Args {
    /// Does it.
    pub fn run(self, context: &mut Context<'_, '_>) -> Outcome {
        match self.what {
            None if context.can_ask() && !context.json() && !self.all => at_terminal::one_by_one(context),
            None => list(context, self.all),
            Some(What::List { all }) => list(context, all),
            Some(What::Accept(accepting)) => accepting.run(context),
            Some(What::Decline { id }) => decide(context, id, false),
            Some(What::Later { id }) => decide(context, id, true),
            Some(What::Answer { id, fit, text }) => {
                let words = match &text {
                    Some(value) => prose::given(value, context, |context| context.ask(Request::Show { id: id.clone() }).map(drop))?,
                    None => Prose::default(),
                };
                let answered = words.kept_by(context, |context, request, words| {
                    context.ask_for_as(request, Request::Inbox(InboxAsk::Answer { id, fit, words }), one)
                })?;
                context.tell(&answered, |screen| inbox::answered(screen, &answered))
            }
        }
    }
}

impl Accepting {
    fn run(self, context: &mut Context<'_, '_>) -> Outcome {
        let Self { id, title, slug, kind, particulars, private } = self;
        let super::practice::Particulars { difficulty, when, place, how_long, cue, frequency, goals, beliefs } = particulars;
        let visibility = private.then_some(Visibility::Private);
        let changes = PracticeFields {
            title,
            kind,
            when,
            place,
            how_long,
            cue,
            frequency,
            difficulty,
            goals,
            beliefs,
            visibility,
            ..Default::default()
        };
        let taken = context.ask_for(Request::Inbox(InboxAsk::Accept { id, changes: Box::new(changes), slug }), one)?;
        context.tell(&taken, |screen| inbox::answered(screen, &taken))
    }
}

fn decide(context: &mut Context<'_, '_>, id: String, later: bool) -> Outcome {
    let decided = context.ask_for(Request::Inbox(InboxAsk::Decide { id, later }), one)?;
    context.tell(&decided, |screen| inbox::answered(screen, &decided))
}

fn list(context: &mut Context<'_, '_>, all: bool) -> Outcome {
    let items = items(context, all)?;
    context.tell(&items, |screen| inbox::list(screen, &items))?;
    looked(context, &items)?;
    if items.is_empty() && !context.json() {
        context.say(if all { "No helper has sent you anything." } else { "Nothing waits for you." });
    }
    Ok(())
}

fn items(context: &mut Context<'_, '_>, all: bool) -> Outcome<Vec<InboxItem>> {
    let items = |reply| if let Reply::Inbox(items) = reply { Some(items) } else { None };
    context.ask_for(Request::Inbox(InboxAsk::List { all }), items)
}

/// What was told counts as looked at: not before it stands on the screen.
fn looked(context: &mut Context<'_, '_>, items: &[InboxItem]) -> Outcome {
    let ids: Vec<_> = items.iter().map(inbox::id).collect();
    if ids.is_empty() {
        return Ok(());
    }
    context.ask_for(Request::Inbox(InboxAsk::Looked { ids }), |reply| matches!(reply, Reply::Done).then_some(()))
}

fn one(reply: Reply) -> Option<InboxItem> {
    if let Reply::InboxItem(one) = reply { Some(one) } else { None }
}

/// The shortest end of an item's id that names none of the others.
fn short(item: &InboxItem, all: &[InboxItem]) -> String {
    let ids: Vec<String> = all.iter().map(|one| inbox::id(one).to_string()).collect();
    let id = inbox::id(item).to_string();
    unique_suffix(&id, ids.iter().map(String::as_str)).to_owned()
}
