//! `asif goal`

use asif_proto::local::{GoalAsk, Known, NewGoal, Reply, Request};
use asif_proto::rating::Rating;
use asif_proto::record::{Goal, GoalTemplate, MAX_SENTENCE, Shown, Visibility, WISH_NAME};
use clap::Subcommand;
use uuid::Uuid;

use super::prose;
use crate::completion::names;
use crate::context::Context;
use crate::error::Outcome;
use crate::form::{self, Form};
use crate::render::{goal, history};

/// What you would like, whether or not you believe that you deserve it.
#[derive(Debug, Subcommand)]
pub enum Args {
    /// Add a goal. On a terminal it is asked for.
    Add(Add),
    /// Your goals.
    List {
        /// With the closed ones
        #[arg(long)]
        all: bool,
    },
    /// Say how much a goal is worth having. That is another thing than believing you deserve it.
    Rate {
        /// Which: an id, or words that only this goal has
        #[arg(value_name = "GOAL", add = names(Known::Goals))]
        goal: Option<String>,
        /// How much: 0 not at all, 100 very much
        #[arg(value_name = "0-100", allow_negative_numbers = true)]
        agree: Option<Rating>,
    },
    /// What you would like to be different, as you said it at the beginning; or say it anew.
    Wish {
        /// In your words; - reads them from standard input, "" takes them away
        #[arg(value_name = "TEXT|-", allow_hyphen_values = true)]
        wish: Option<String>,
    },
    /// Close a goal, for whatever reason. What belongs to it stays.
    Close {
        /// Which: an id, or words that only this goal has
        #[arg(value_name = "GOAL", add = names(Known::Goals))]
        goal: String,
        /// Why, if you like
        #[arg(long, value_name = "TEXT", value_parser = prose::words)]
        reason: Option<String>,
    },
}

/// A goal to add.
#[derive(Debug, clap::Args)]
pub struct Add {
    /// The goal, in your own words; - reads them from standard input
    #[arg(value_name = "TEXT|-", conflicts_with = "template")]
    text: Option<String>,
    /// One of the two goals people often start from: kindly (treating myself kindly) or worthwhile (believing that I am worthwhile)
    #[arg(long, value_name = "NAME")]
    template: Option<GoalTemplate>,
    /// How much it is worth having: 0 not at all, 100 very much
    #[arg(long, value_name = "0-100", allow_negative_numbers = true)]
    agree: Option<Rating>,
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
                let goals = list(context, all)?;
                context.tell(&goals, |screen| goal::list(screen, &goals))?;
                if goals.is_empty() && !context.json() {
                    context.say("None yet. asif goal add asks for one.");
                }
                Ok(())
            }
            Self::Rate { goal, agree } => rate(context, goal, agree),
            Self::Wish { wish } => wish_for(context, wish),
            Self::Close { goal, reason } => {
                let closed = context.ask_for(Request::Goal(GoalAsk::Close { goal, reason }), one)?;
                context.tell(&closed, |screen| goal::changed(screen, "closed", &closed))
            }
        }
    }
}

impl Add {
    fn run(self, context: &mut Context<'_, '_>) -> Outcome {
        let Self { text, template, agree, private } = self;
        let visibility = if private { Visibility::Private } else { Visibility::Inherit };
        let store = |context: &mut Context<'_, '_>, id, (text, agree): (Option<String>, Option<Rating>)| {
            let Some(text) = text else { return Ok(None) };
            add_goal(context, id, NewGoal { text, agree, belief: None, visibility }).map(Some)
        };
        let given = text.or_else(|| template.map(|template| template.text().to_owned()));
        if given.is_none() && !context.can_ask() {
            return Err(form::missing("the goal", "asif goal add TEXT, or --template kindly"));
        }
        let added = match given {
            Some(text) => prose::given(&text, context, |context| list(context, true).map(drop))?
                .kept_by(context, |context, id, text| store(context, id, (text, agree)))?,
            None => form::fill(
                context,
                |form, context| {
                    let text = which(form, context)?;
                    let agree = match agree {
                        None if text.is_some() => {
                            form.rating(context, "agree", "How much is this a goal worth having, 0-100 (Enter to skip)?")?
                        }
                        agree => agree,
                    };
                    Ok((text, agree))
                },
                store,
            )?,
        };
        match added {
            Some(added) => context.tell(&added, |screen| goal::changed(screen, "added", &added)),
            None => context.nothing("No goal was named: nothing was stored."),
        }
    }
}

/// Asks for a goal: one of the two that people often start from, or their own words.
pub fn which(form: &mut Form, context: &mut Context<'_, '_>) -> Outcome<Option<String>> {
    form.say(context, "Two goals people often start from (you needn't believe them):");
    let [first, second] = [GoalTemplate::Kindly, GoalTemplate::Worthwhile].map(GoalTemplate::text);
    form.offer(context, &[first, second, "my own words"]);
    let words = [("1", Some(first)), ("2", Some(second)), ("3", None)];
    match form.choice(context, "which", "Which? [1]", &words, Some(Some(first)))?.flatten() {
        Some(text) => Ok(Some(text.to_owned())),
        None => form.line_of(context, "goal", "In your words:  >", MAX_SENTENCE),
    }
}

/// Adds a goal under an id: asked again, it is there once.
pub fn add_goal(context: &mut Context<'_, '_>, id: Uuid, new: NewGoal) -> Outcome<Shown<Goal>> {
    context.ask_for_as(id, Request::Goal(GoalAsk::Add(new)), one)
}

fn wish_for(context: &mut Context<'_, '_>, said: Option<String>) -> Outcome {
    let wish = |reply| if let Reply::Wish(wish) = reply { Some(wish) } else { None };
    let told = match said.as_deref() {
        Some("") => context.ask_for(Request::Wish { wish: said }, wish)?,
        Some(value) => prose::given(value, context, |context| context.ask(Request::Wish { wish: None }).map(drop))?
            .kept_by(context, |context, id, wish_text| context.ask_for_as(id, Request::Wish { wish: wish_text }, wish))?,
        None => context.ask_for(Request::Wish { wish: None }, wish)?,
    };
    context.tell(&told, |screen| {
        told.wish.iter().for_each(|words| screen.prose("", words));
        told.conflicts.iter().for_each(|conflict| history::apart(screen, conflict, WISH_NAME));
    })?;
    if told.wish.is_none() && told.conflicts.is_empty() && !context.json() {
        context.say("Nothing is said yet. asif goal wish TEXT says what you would like to be different.");
    }
    Ok(())
}

fn rate(context: &mut Context<'_, '_>, goal: Option<String>, agree: Option<Rating>) -> Outcome {
    if (goal.is_none() || agree.is_none()) && !context.can_ask() {
        return Err(form::missing("which goal, or how much", "asif goal rate GOAL 0-100"));
    }
    let goals = list(context, false)?;
    let rated = form::fill(
        context,
        |form, context| {
            let goal = match (goal, &goals[..]) {
                (Some(goal), _) => Some(goal),
                (None, [only]) => Some(only.short.clone()),
                (None, several) => {
                    for (at, one) in several.iter().enumerate() {
                        form.say(context, &format!("  {} {}", at + 1, one.value.text));
                    }
                    let ids: Vec<String> = several.iter().map(|one| one.short.clone()).collect();
                    form.picked(context, "goal", "Which?", |text| numbered(text, &ids))?
                }
            };
            let agree = match agree {
                None if goal.is_some() => form.rating(context, "agree", "How much is this a goal worth having, 0-100 (Enter to skip)?")?,
                agree => agree,
            };
            Ok(goal.zip(agree))
        },
        |context, id, said| match said {
            Some((goal, agree)) => context.ask_for_as(id, Request::Goal(GoalAsk::Rate { goal, agree }), one).map(Some),
            None => Ok(None),
        },
    )?;
    match rated {
        Some(rated) => context.tell(&rated, |screen| goal::changed(screen, "rated", &rated)),
        None => context.nothing("Nothing was rated."),
    }
}

/// One of several by its number, from 1; anything else is taken as it was typed.
pub(super) fn numbered(text: &str, all: &[String]) -> Result<String, String> {
    match text.parse::<usize>().ok().filter(|number| *number <= all.len() || text.len() < 3) {
        Some(number) => {
            number.checked_sub(1).and_then(|at| all.get(at)).cloned().ok_or_else(|| format!("1 to {}, or words of it", all.len()))
        }
        None => Ok(text.to_owned()),
    }
}

fn list(context: &mut Context<'_, '_>, all: bool) -> Outcome<Vec<Shown<Goal>>> {
    context.ask_for(Request::Goal(GoalAsk::List { all }), |reply| if let Reply::Goals(goals) = reply { Some(goals) } else { None })
}

fn one(reply: Reply) -> Option<Shown<Goal>> {
    if let Reply::Goal(goal) = reply { Some(goal) } else { None }
}
