//! `asif belief`

use asif_proto::local::{BeliefAsk, Known, NewBelief, Reply, Request, plan};
use asif_proto::rating::Rating;
use asif_proto::record::{Belief, BeliefRole, Block, MAX_SENTENCE, Shown, Visibility};
use clap::Subcommand;

use super::prose;
use crate::completion::names;
use crate::context::Context;
use crate::error::Outcome;
use crate::form;
use crate::render::belief;

/// What you believe of yourself: head (I know it) and heart (I feel it). 0 is a fine answer.
#[derive(Debug, Subcommand)]
pub enum Args {
    /// Add a belief. On a terminal it is asked for.
    Add(Add),
    /// Your beliefs.
    List {
        /// With the retired ones
        #[arg(long)]
        all: bool,
    },
    /// Say how far you believe it now. Once a week is often enough.
    ///
    /// Without a belief it asks for each in turn.
    Rate(Rate),
    /// Put an old belief and the new one that stands against it together.
    Pair {
        /// One: an id, or words that only it has
        #[arg(value_name = "BELIEF", add = names(Known::Beliefs))]
        belief: String,
        /// The other
        #[arg(value_name = "BELIEF", add = names(Known::Beliefs), required_unless_present = "apart")]
        with: Option<String>,
        /// Take the pair apart
        #[arg(long, conflicts_with = "with")]
        apart: bool,
    },
    /// No longer rate a belief. What was rated stays.
    Retire {
        /// Which: an id, or words that only it has
        #[arg(value_name = "BELIEF", add = names(Known::Beliefs))]
        belief: String,
        /// Rate it again
        #[arg(long)]
        back: bool,
    },
}

/// A belief to add.
#[derive(Debug, clap::Args)]
pub struct Add {
    /// What you believe, or would like to, in one sentence; - reads it from standard input
    #[arg(value_name = "TEXT|-")]
    statement: Option<String>,
    /// It is an old one, that was always there
    #[arg(long)]
    old: bool,
    /// What stands in the way: habit, conviction, numbness, fear or other
    #[arg(long, value_name = "WORD")]
    block: Option<Block>,
    /// I know it: 0 not at all, 100 fully
    #[arg(long, value_name = "0-100", allow_negative_numbers = true)]
    head: Option<Rating>,
    /// I feel it: 0 not at all, 100 fully
    #[arg(long, value_name = "0-100", allow_negative_numbers = true)]
    heart: Option<Rating>,
    /// For nobody but you: in no share, whatever you share
    #[arg(long)]
    private: bool,
}

/// A rating.
#[derive(Debug, clap::Args)]
pub struct Rate {
    /// Which: an id, or words that only it has
    #[arg(value_name = "BELIEF", add = names(Known::Beliefs))]
    belief: Option<String>,
    /// I know it: 0 not at all, 100 fully
    #[arg(long, value_name = "0-100", allow_negative_numbers = true)]
    head: Option<Rating>,
    /// I feel it: 0 not at all, 100 fully
    #[arg(long, value_name = "0-100", allow_negative_numbers = true)]
    heart: Option<Rating>,
    /// What you rate it after, in a few words
    #[arg(long, value_name = "TEXT", value_parser = prose::words)]
    context: Option<String>,
}

impl Args {
    /// Does it.
    pub fn run(self, context: &mut Context<'_, '_>) -> Outcome {
        match self {
            Self::Add(add) => add.run(context),
            Self::List { all } => {
                let beliefs = list(context, all)?;
                context.tell(&beliefs, |screen| belief::list(screen, &beliefs))?;
                if beliefs.is_empty() && !context.json() {
                    context.say("None yet. asif belief add asks for one.");
                }
                Ok(())
            }
            Self::Rate(rate) => rate.run(context),
            Self::Pair { belief, with, apart } => {
                let done = if apart { "parted" } else { "paired" };
                let belief = context.ask_for(Request::Belief(BeliefAsk::Pair { belief, with }), one)?;
                context.tell(&belief, |screen| belief::changed(screen, done, &belief))
            }
            Self::Retire { belief, back } => {
                let done = if back { "took back" } else { "retired" };
                let belief = context.ask_for(Request::Belief(BeliefAsk::Retire { belief, back }), one)?;
                context.tell(&belief, |screen| belief::changed(screen, done, &belief))
            }
        }
    }
}

impl Add {
    fn run(self, context: &mut Context<'_, '_>) -> Outcome {
        if self.statement.is_none() && !context.can_ask() {
            return Err(form::missing("the belief", "asif belief add TEXT"));
        }
        let Self { statement, old, block, head, heart, private } = self;
        let store = |context: &mut Context<'_, '_>, id, (statement, head, heart): (Option<String>, Option<Rating>, Option<Rating>)| {
            let Some(statement) = statement else { return Ok(None) };
            let role = if old { BeliefRole::Old } else { BeliefRole::New };
            let visibility = if private { Visibility::Private } else { Visibility::Inherit };
            let new = NewBelief { statement, role, block, head, heart, visibility };
            context.ask_for_as(id, Request::Belief(BeliefAsk::Add(new)), one).map(Some)
        };
        let added = match statement {
            Some(statement) => prose::given(&statement, context, |context| list(context, true).map(drop))?
                .kept_by(context, |context, id, statement| store(context, id, (statement, head, heart)))?,
            None => form::fill(
                context,
                |form, context| {
                    let statement = form.line_of(context, "belief", "What would you like to believe, in one sentence?  >", MAX_SENTENCE)?;
                    if statement.is_none() {
                        return Ok((statement, head, heart));
                    }
                    let head = ask_unless(form, context, head, "head", "How far do you know it (head), 0-100 (Enter to skip)?")?;
                    let heart = ask_unless(form, context, heart, "heart", "How far do you feel it (heart), 0-100 (Enter to skip)?")?;
                    Ok((statement, head, heart))
                },
                store,
            )?,
        };
        match added {
            Some(added) => context.tell(&added, |screen| belief::changed(screen, "added", &added)),
            None => context.nothing("No belief was named: nothing was stored."),
        }
    }
}

/// A rating, asked for where it was not given.
fn ask_unless(
    form: &mut form::Form,
    context: &mut Context<'_, '_>,
    given: Option<Rating>,
    field: &'static str,
    question: &str,
) -> Outcome<Option<Rating>> {
    if given.is_some() { Ok(given) } else { form.rating(context, field, question) }
}

impl Rate {
    fn run(self, context: &mut Context<'_, '_>) -> Outcome {
        let Self { belief, head, heart, context: after } = self;
        if head.is_some() || heart.is_some() {
            let Some(belief) = belief else {
                return Err(crate::error::CommandError::usage(
                    "which belief is not said",
                    "asif belief rate BELIEF --head 0-100 --heart 0-100",
                ));
            };
            let rated = context.ask_for(Request::Belief(BeliefAsk::Rate { belief, head, heart, context: after }), one)?;
            return context.tell(&rated, |screen| belief::changed(screen, "rated", &rated));
        }
        if !context.can_ask() {
            return Err(form::missing("--head or --heart", "asif belief rate BELIEF --head 0-100 --heart 0-100"));
        }
        let beliefs = match &belief {
            Some(belief) => vec![context.ask_for(Request::Belief(BeliefAsk::Show { belief: belief.clone() }), one)?],
            None => list(context, false)?,
        };
        let rated = form::fill(
            context,
            |form, context| {
                let mut answers = Vec::new();
                for one in &beliefs {
                    form.say(context, &belief::in_short(one));
                    let (head, heart) = again(form, context, &format!(" {}", one.id))?;
                    answers.push((one.short.clone(), head, heart));
                }
                Ok(answers)
            },
            |context, id, answers| {
                let mut rated = Vec::new();
                for (n, (belief, head, heart)) in (0..).zip(answers) {
                    if head.is_some() || heart.is_some() {
                        let request = Request::Belief(BeliefAsk::Rate { belief, head, heart, context: after.clone() });
                        rated.push(context.ask_for_as(plan::nth(id, n), request, one)?);
                    }
                }
                Ok(rated)
            },
        )?;
        if rated.is_empty() {
            return context.nothing("Nothing was rated.");
        }
        rated.iter().try_for_each(|one| context.tell(one, |screen| belief::changed(screen, "rated", one)))
    }
}

/// How far a belief is believed now: head and heart, each of which may be skipped.
///
/// `of` tells one of several apart, also in a draft that is gone on with after the list has changed.
pub(super) fn again(form: &mut form::Form, context: &mut Context<'_, '_>, of: &str) -> Outcome<(Option<Rating>, Option<Rating>)> {
    let head = form.rating(context, &format!("head{of}"), "  head (I know it), 0-100 (Enter to skip)?")?;
    let heart = form.rating(context, &format!("heart{of}"), "  heart (I feel it), 0-100 (Enter to skip)?")?;
    Ok((head, heart))
}

pub(super) fn list(context: &mut Context<'_, '_>, all: bool) -> Outcome<Vec<Shown<Belief>>> {
    let beliefs = |reply| if let Reply::Beliefs(beliefs) = reply { Some(beliefs) } else { None };
    context.ask_for(Request::Belief(BeliefAsk::List { all }), beliefs)
}

fn one(reply: Reply) -> Option<Shown<Belief>> {
    if let Reply::Belief(belief) = reply { Some(belief) } else { None }
}
