//! `asif tour`

use asif_proto::local::{ErrorKind, Failure};
use asif_proto::ticket::Ticket;
use serde::Serialize;

use crate::context::Context;
use crate::error::{CommandError, Outcome};
use crate::render::Screen;

mod stage;
mod story;

use stage::{Machine, Ran, Stage, StageError};

/// See it all once: two devices and a helper, played on this machine and removed again.
///
/// Robin's laptop, Robin's desktop and Dana's computer are three folders with a daemon each; they talk to each other over
/// this machine's own loopback and nothing else. It takes a few seconds and leaves nothing behind.
#[derive(Debug, clap::Args)]
pub struct Args {}

/// What the tour tells, with `--json` one envelope each.
#[derive(Debug, Serialize)]
#[serde(tag = "event", rename_all = "snake_case")]
enum Scene<'t> {
    /// A new act, and a plain sentence about it.
    Act { title: &'t str, text: &'t str },
    /// A command about to run.
    Command { on: &'t str, command: &'t str },
    /// What it printed.
    Output { output: &'t str, exit: Option<i32> },
    /// The end.
    End { text: &'t str },
}

/// Words at the end, once everything is removed.
const END: &str = "That was all of it. The three daemons are stopped and their folders are gone. Your own journal begins with: asif init";

impl Args {
    /// Plays the tour; stops its daemons and removes its homes however it ends.
    pub fn run(self, context: &mut Context<'_, '_>) -> Outcome {
        let stage = Stage::set(context).map_err(failed)?;
        let mut tour = Tour { context, stage };
        let played = story::play(&mut tour);
        let Tour { context, stage } = tour;
        let cleared = stage.clear();
        match (played, cleared) {
            (Ok(()), Ok(())) => tell(context, &Scene::End { text: END }),
            (Err(error), Ok(())) => {
                context.say("The tour's daemons are stopped and its folders are gone.");
                Err(error)
            }
            (Ok(()), Err(left)) => Err(failed(left)),
            // What is left matters more to whoever looks, and the exit code is that of what came first.
            (Err(error), Err(left)) => {
                let mut failure = error.failure().unwrap_or_else(|| Failure::new(ErrorKind::Failure, "nobody reads the tour"));
                failure.hint = Some(left.to_string());
                Err(failure.into())
            }
        }
    }
}

/// A tour under way.
struct Tour<'t, 'c, 'w> {
    context: &'t mut Context<'c, 'w>,
    stage: Stage,
}

impl Tour<'_, '_, '_> {
    /// Begins an act.
    fn act(&mut self, title: &str, text: &str) -> Outcome {
        tell(self.context, &Scene::Act { title, text })
    }

    /// Runs a command, printed before its output; one that fails ends the tour.
    fn run(&mut self, on: Machine, words: &[&str]) -> Outcome<String> {
        self.step(on, words, None)
    }

    /// As [`Tour::run`], with `text` on standard input.
    fn run_with(&mut self, on: Machine, words: &[&str], text: &str) -> Outcome<String> {
        self.step(on, words, Some(text))
    }

    fn step(&mut self, on: Machine, words: &[&str], input: Option<&str>) -> Outcome<String> {
        let mut words = words.to_vec();
        if self.context.plain() {
            words.push("--plain");
        }
        let command = shorten_tickets(&as_typed(&words, input));
        tell(self.context, &Scene::Command { on: on.whose(), command: &command })?;
        let Ran { output, exit } = self.stage.run(on, &words, input).map_err(failed)?;
        tell(self.context, &Scene::Output { output: &shorten_tickets(&output), exit })?;
        if exit == Some(0) {
            return Ok(output);
        }
        let message = format!("the tour ended early, at \"{command}\" on {}", on.whose());
        let hint = exit.map_or_else(|| "it was ended by a signal".to_owned(), |exit| format!("it ended with exit code {exit}"));
        Err(Failure::new(ErrorKind::Failure, message).hint(hint).into())
    }

    /// Waits, unseen, until `field` of the first client in Dana's caseload is told.
    fn await_in_caseload(&mut self, field: &str) -> Outcome {
        let told = |output: &str| {
            let line = output.lines().find(|line| line.starts_with('{'))?;
            let envelope: serde_json::Value = serde_json::from_str(line).ok()?;
            Some(!envelope.get("data")?.get(0)?.get(field)?.is_null())
        };
        let heard = self.stage.poll(Machine::Dana, &["caseload", "--json"], |output| told(output) == Some(true));
        if heard.map_err(failed)? {
            return Ok(());
        }
        Err(Failure::new(ErrorKind::Failure, format!("the tour ended early: Dana's caseload never told \"{field}\"")).into())
    }
}

fn failed(error: StageError) -> CommandError {
    let kind = if matches!(error, StageError::Interrupted) { ErrorKind::Interrupted } else { ErrorKind::Failure };
    Failure::new(kind, error.to_string()).into()
}

/// Tells a scene at once: people watch it happen.
fn tell(context: &mut Context<'_, '_>, scene: &Scene<'_>) -> Outcome {
    context.tell(scene, |screen| show(screen, scene))?;
    context.world.stdout.flush().map_err(CommandError::Output)
}

fn show(screen: &mut Screen, scene: &Scene<'_>) {
    match scene {
        Scene::Act { title, text } => {
            screen.gap();
            screen.heading(title);
            screen.sentence(text);
            screen.gap();
        }
        Scene::Command { on, command } => screen.line(&format!("{on} $ {command}")),
        Scene::Output { output, .. } => {
            screen.prose("", output);
            screen.gap();
        }
        Scene::End { text } => screen.sentence(text),
    }
}

/// The command as one would type it.
fn as_typed(words: &[&str], input: Option<&str>) -> String {
    let quoted = |word: &&str| if word.contains(' ') { format!("\"{word}\"") } else { (*word).to_owned() };
    let command = format!("asif {}", words.iter().map(quoted).collect::<Vec<_>>().join(" "));
    input.map_or_else(|| command.clone(), |text| format!("printf '%s' \"{text}\" | {command}"))
}

/// The text with every ticket cut down to its ends.
fn shorten_tickets(text: &str) -> String {
    let short = |word: &str| match (word.parse::<Ticket>(), word.get(..12), word.get(word.len().saturating_sub(4)..)) {
        (Ok(_), Some(start), Some(end)) => format!("{start}...{end}"),
        _ => word.to_owned(),
    };
    text.split('\n').map(|line| line.split(' ').map(short).collect::<Vec<_>>().join(" ")).collect::<Vec<_>>().join("\n")
}

/// The ticket in what a command printed.
fn ticket_in(output: &str) -> Outcome<String> {
    let ticket = output.split_whitespace().find(|word| word.parse::<Ticket>().is_ok());
    Ok(ticket.ok_or_else(|| Failure::new(ErrorKind::Failure, "the tour ended early: no ticket was printed"))?.to_owned())
}

/// The id in `logged lunch  7f3a  Mon ...`: the third word.
fn id_in(output: &str) -> Outcome<String> {
    let line = output.lines().find(|line| line.starts_with("logged ")).unwrap_or_default();
    let id = line.split_whitespace().nth(2);
    Ok(id.ok_or_else(|| Failure::new(ErrorKind::Failure, "the tour ended early: no id was printed"))?.to_owned())
}

/// The id of the first loan in `... lends you for lunch (strength 85):  7f3a`: the word at the end.
fn loan_in(output: &str) -> Outcome<String> {
    let line = output.lines().find(|line| line.contains(" lends you ")).unwrap_or_default();
    let id = line.split_whitespace().last();
    Ok(id.ok_or_else(|| Failure::new(ErrorKind::Failure, "the tour ended early: no loan was there"))?.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use asif_proto::id::LinkKey;
    use asif_proto::ticket::TicketRole;

    #[test]
    fn a_ticket_is_found_whole_and_shown_short() {
        let ticket = Ticket { role: TicketRole::Device, link_key: LinkKey([3; 32]), secret: [9; 16], addresses: Vec::new() }.to_string();
        let output = format!("works once\nTicket  {ticket}\n  until then");
        assert_eq!(ticket_in(&output).unwrap(), ticket);
        let short = shorten_tickets(&output);
        assert!(short.starts_with("works once\nTicket  asif1") && short.ends_with("\n  until then") && short.len() < 60, "{short}");
    }

    #[test]
    fn a_command_is_printed_as_one_would_type_it() {
        assert_eq!(as_typed(&["practice", "add", "Lunch outside"], None), "asif practice add \"Lunch outside\"");
        assert_eq!(as_typed(&["note", "-"], Some("it rained")), "printf '%s' \"it rained\" | asif note -");
        assert_eq!(id_in("logged lunch  7f3a  Mon 23 Nov 12:41").unwrap(), "7f3a");
        assert_eq!(loan_in("Dana lends you for lunch (strength 85):  91c2\n  \"...\"").unwrap(), "91c2");
    }
}
