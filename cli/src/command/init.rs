//! `asif init`

use asif_proto::local::{ErrorKind, Failure, NewGoal, Reply, Request, Status};
use asif_proto::record::Visibility;

use crate::context::Context;
use crate::error::Outcome;
use crate::prompt::Prompt;
use crate::render::status;

/// Two goals to start from, word for word; nobody needs to believe them.
const GOALS: [&str; 2] = ["treating myself kindly", "believing that I am worthwhile"];

/// Begin a journal on this machine.
///
/// On a terminal it asks four questions, five where the goal is in your own words. Enter goes past each; of the goals it takes
/// the first. With --no-input it asks nothing.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Your name, as helpers you invite will see it
    #[arg(long)]
    name: Option<String>,
    /// What this device is to be called
    #[arg(long)]
    device: Option<String>,
}

impl Args {
    /// Makes the journal.
    pub fn run(self, context: &mut Context<'_, '_>) -> Outcome {
        context.explain("Your journal stays on this machine. Nothing is sent anywhere until you pair a device or invite someone.");
        let (wish, goal) = if context.can_ask() {
            none_yet(context)?;
            match context.prompt() {
                Some(mut prompt) => questions(&mut prompt)?,
                None => (None, None),
            }
        } else {
            (None, None)
        };
        let request = Request::Init { name: self.name, device: self.device, wish, goal };
        let made = context.ask_for(request, status_of)?;
        context.tell(&made, |screen| status::begun(screen, &made))
    }
}

/// Nobody is asked questions whose answers could not be kept.
fn none_yet(context: &mut Context<'_, '_>) -> Outcome {
    if context.ask_for(Request::Status, status_of)?.initialised {
        return Err(Failure::new(ErrorKind::Precondition, "there is a journal on this machine already").hint("asif status").into());
    }
    Ok(())
}

fn status_of(reply: Reply) -> Option<Status> {
    if let Reply::Status(status) = reply { Some(status) } else { None }
}

fn questions(prompt: &mut Prompt<'_>) -> Outcome<(Option<String>, Option<NewGoal>)> {
    let wish = some(prompt.line("What would you like to be different?  >")?);
    prompt.say("Two goals people often start from (you needn't believe them):")?;
    let [first, second] = GOALS;
    prompt.say(&format!("  1 {first}      2 {second}      3 my own words"))?;
    let text = loop {
        match prompt.line("Which? [1]")?.as_str() {
            "" | "1" => break Some(first.to_owned()),
            "2" => break Some(second.to_owned()),
            "3" => break some(prompt.line("In your words:  >")?),
            _ => prompt.say("  1, 2 or 3")?,
        }
    };
    let Some(text) = text else { return Ok((wish, None)) };
    let agree = prompt.rating("How much is this a goal worth having, 0-100 (Enter to skip)?")?;
    let belief = prompt.rating("How much do you believe you deserve it, 0-100 (Enter to skip)?")?;
    if let Some(belief) = belief {
        prompt.say(&format!("  {belief} is fine. It isn't needed for this."))?;
    }
    Ok((wish, Some(NewGoal { text, agree, belief, visibility: Visibility::Inherit })))
}

fn some(text: String) -> Option<String> {
    (!text.is_empty()).then_some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answers(input: &str) -> (Option<String>, Option<NewGoal>, String) {
        let mut output = Vec::new();
        let (wish, goal) = questions(&mut Prompt::new(&mut input.as_bytes(), &mut output)).unwrap();
        (wish, goal, String::from_utf8(output).unwrap())
    }

    #[test]
    fn no_belief_is_a_fine_answer() {
        let (wish, goal, said) = answers("feel less like a burden\n\n70\n0\n");
        let goal = goal.unwrap();
        assert_eq!(wish.as_deref(), Some("feel less like a burden"));
        assert_eq!(goal.text, "treating myself kindly");
        assert_eq!((goal.agree.unwrap().value(), goal.belief.unwrap().value()), (70, 0));
        assert!(said.contains("0 is fine. It isn't needed for this."), "{said}");
    }

    #[test]
    fn every_question_can_be_skipped() {
        let (wish, goal, said) = answers("\n3\nbe less hard on myself\n\n\n");
        assert_eq!(wish, None);
        assert_eq!(
            goal,
            Some(NewGoal { text: "be less hard on myself".into(), agree: None, belief: None, visibility: Visibility::Inherit })
        );
        assert!(!said.contains("is fine"), "{said}");
    }
}
