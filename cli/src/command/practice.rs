//! `asif practice`

use asif_proto::local::{Known, NewPractice, Reply, Request};
use asif_proto::rating::Rating;
use asif_proto::record::{Practice, PracticeKind, Specificity, Visibility};
use clap::Subcommand;

use super::prose::{self, Prose};
use crate::completion::names;
use crate::context::Context;
use crate::error::Outcome;
use crate::render::practice;

/// What you practise.
#[derive(Debug, Subcommand)]
pub enum Args {
    /// Add something to practise: small, and particular.
    Add(Box<Add>),
    /// Everything you practise.
    List {
        /// With those put away
        #[arg(long)]
        all: bool,
    },
    /// One practice, whole.
    Show {
        /// Its short name, or an id
        #[arg(value_name = "P", add = names(Known::Practices))]
        practice: String,
    },
    /// Put a practice away. Its sessions stay.
    Archive {
        /// Its short name, or an id
        #[arg(value_name = "P", add = names(Known::Practices))]
        practice: String,
    },
}

/// A practice to add.
#[derive(Debug, clap::Args)]
pub struct Add {
    /// What it is, in your words
    title: String,
    /// A short name for the command line (made from the title, unless given)
    #[arg(long)]
    slug: Option<String>,
    /// What kind of thing: as-if-action, self-talk, phrase, imagery, letter, boundary or custom
    #[arg(long, value_name = "KIND", default_value = "as-if-action")]
    kind: PracticeKind,
    /// How hard it seems: 0 easy, 100 very hard
    #[arg(long, value_name = "0-100", allow_negative_numbers = true)]
    difficulty: Option<Rating>,
    /// When you will do it
    #[arg(long)]
    when: Option<String>,
    /// Where
    #[arg(long = "where", value_name = "PLACE")]
    place: Option<String>,
    /// How long
    #[arg(long, value_name = "TIME")]
    how_long: Option<String>,
    /// What will remind you
    #[arg(long)]
    cue: Option<String>,
    /// How often
    #[arg(long)]
    frequency: Option<String>,
    /// More words about it; - reads them from standard input
    #[arg(long, value_name = "TEXT|-", allow_hyphen_values = true)]
    description: Option<String>,
    /// For nobody but you: in no share, whatever you share
    #[arg(long)]
    private: bool,
}

impl Args {
    /// Does it.
    pub fn run(self, context: &mut Context<'_, '_>) -> Outcome {
        match self {
            Self::Add(add) => add.run(context),
            Self::List { all } => {
                let list = |reply| if let Reply::Practices(practices) = reply { Some(practices) } else { None };
                let practices = context.ask_for(Request::PracticeList { all }, list)?;
                context.tell(&practices, |screen| practice::list(screen, &practices))?;
                if practices.is_empty() && !context.json() {
                    context.say("None yet. For example: asif practice add \"Lunch away from the desk\" --slug lunch");
                }
                Ok(())
            }
            Self::Show { practice } => {
                let practice = context.ask_for(Request::PracticeShow { practice }, one)?;
                context.tell(&practice, |screen| practice::whole(screen, &practice))
            }
            Self::Archive { practice } => {
                let practice = context.ask_for(Request::PracticeArchive { practice }, one)?;
                context.tell(&practice, |screen| practice::changed(screen, "put away", &practice))
            }
        }
    }
}

impl Add {
    fn run(self, context: &mut Context<'_, '_>) -> Outcome {
        let description = match &self.description {
            Some(value) => prose::given(value, context, |context| context.ask(Request::PracticeList { all: false }).map(drop))?,
            None => Prose::default(),
        };
        let new = NewPractice {
            title: self.title,
            slug: self.slug,
            kind: self.kind,
            description: None,
            specificity: Specificity { when: self.when, place: self.place, how_long: self.how_long },
            cue: self.cue,
            frequency: self.frequency,
            difficulty: self.difficulty,
            goals: Vec::new(),
            beliefs: Vec::new(),
            proposed_by: None,
            agreed_by: Vec::new(),
            visibility: if self.private { Visibility::Private } else { Visibility::Inherit },
        };
        let practice = description.kept_by(context, |context, id, description| {
            context.ask_for_as(id, Request::PracticeAdd(NewPractice { description, ..new }), one)
        })?;
        context.tell(&practice, |screen| practice::changed(screen, "added", &practice))
    }
}

fn one(reply: Reply) -> Option<Practice> {
    if let Reply::Practice(practice) = reply { Some(practice) } else { None }
}
