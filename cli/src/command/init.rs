//! `asif init`

use asif_proto::local::{Draft, ErrorKind, Failure, GoalAsk, NewGoal, Reply, Request, Status, plan};
use asif_proto::record::{GoalTemplate, MAX_SENTENCE, Visibility};
use uuid::Uuid;

use super::{Command, draft};
use crate::context::Context;
use crate::error::Outcome;
use crate::form::{Form, fill};
use crate::render::status;

/// Begin a journal on this machine.
///
/// On a terminal it asks four questions, five where the goal is in your own words. Enter goes past each; of the goals it takes
/// the first. With --no-input it asks nothing. What you answered is kept when you are interrupted: asif init goes on with it.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Your name, as helpers you invite will see it
    #[arg(long)]
    name: Option<String>,
    /// What this device is to be called
    #[arg(long)]
    device: Option<String>,
}

/// What the person said first.
#[derive(Debug, Default, PartialEq)]
struct Said {
    wish: Option<String>,
    goal: Option<NewGoal>,
}

impl Args {
    /// Makes the journal, or goes on where its questions were left.
    pub fn run(self, context: &mut Context<'_, '_>) -> Outcome {
        context.explain("Your journal stays on this machine. Nothing is sent anywhere until you pair a device or invite someone.");
        let Self { name, device } = self;
        // The journal comes first: what is typed is sealed in it from the first answer on.
        let made = if context.can_ask() && goes_on(context)? {
            context.ask_for(Request::Status, status_of)?
        } else {
            context.ask_for(Request::Init { name, device, wish: None, goal: None }, status_of)?
        };
        if context.can_ask() {
            fill(context, questions, store).inspect_err(|_| context.say("Your journal is begun; it is there without this."))?;
        }
        context.tell(&made, |screen| status::begun(screen, &made))
    }
}

/// Whether the questions were begun before: nobody is asked any whose answers could not be kept.
fn goes_on(context: &mut Context<'_, '_>) -> Outcome<bool> {
    if !context.ask_for(Request::Status, status_of)?.initialised {
        return Ok(false);
    }
    if context.is_resumed() {
        return Ok(true);
    }
    match draft::all(context)?.into_iter().find(is_init) {
        Some(draft) => {
            context.resume(draft);
            Ok(true)
        }
        None => Err(Failure::new(ErrorKind::Precondition, "there is a journal on this machine already").hint("asif status").into()),
    }
}

fn is_init(draft: &Draft) -> bool {
    matches!(draft::command(draft), Ok(Command::Init(_)))
}

fn status_of(reply: Reply) -> Option<Status> {
    if let Reply::Status(status) = reply { Some(status) } else { None }
}

fn questions(form: &mut Form, context: &mut Context<'_, '_>) -> Outcome<Said> {
    let wish = form.line_of(context, "wish", "What would you like to be different?  >", MAX_SENTENCE)?;
    form.say(context, "Two goals people often start from (you needn't believe them):");
    let goals = [
        (GoalTemplate::Kindly.text(), Some(GoalTemplate::Kindly)),
        (GoalTemplate::Worthwhile.text(), Some(GoalTemplate::Worthwhile)),
        ("my own words", None),
    ];
    form.offer(context, &goals.map(|(words, _)| words));
    let text = match form.choice(context, "which", "Which? [1]", &goals, Some(Some(GoalTemplate::Kindly)))?.flatten() {
        Some(template) => Some(template.text().to_owned()),
        None => form.line_of(context, "goal", "In your words:  >", MAX_SENTENCE)?,
    };
    let Some(text) = text else { return Ok(Said { wish, goal: None }) };
    let agree = form.rating(context, "agree", "How much is this a goal worth having, 0-100 (Enter to skip)?")?;
    let belief = form.rating(context, "belief", "How much do you believe you deserve it, 0-100 (Enter to skip)?")?;
    if let Some(belief) = belief {
        form.say(context, &format!("  {belief} is fine. It isn't needed for this."));
    }
    Ok(Said { wish, goal: Some(NewGoal { text, agree, belief, visibility: Visibility::Inherit }) })
}

/// Each under an id of its own, the same after a resume.
fn store(context: &mut Context<'_, '_>, id: Uuid, said: Said) -> Outcome {
    if let Some(wish) = said.wish {
        context.ask_as(plan::nth(id, 1), Request::Wish { wish: Some(wish) })?;
    }
    if let Some(goal) = said.goal {
        context.ask_as(id, Request::Goal(GoalAsk::Add(goal)))?;
    }
    Ok(())
}
