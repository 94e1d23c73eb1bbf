//! `asif search`

use asif_proto::local::search::SearchAsk;
use asif_proto::local::{Reply, Request};

use super::filter::{Filter, ON_A_TERMINAL};
use super::prose::line_from_stdin;
use crate::context::Context;
use crate::error::Outcome;
use crate::form::missing;
use crate::render::search;

/// Find what you wrote down by its words, newest first.
///
/// It looks through everything: sessions, notes, practices, goals, beliefs, anchors, sketches, phrases, experiments, reminders, your safety plan and
/// what you would like to be different. All that you name must hold:
///
///   kind             a word that begins so: kind, kindness
///   "be kind"        these words, one after the other, as they stand
///   #work tag:work   a tag
///   practice:lunch   a practice, by its short name or a word of its title
///   2026-11-20       that day; also 2026-11, 2026, today, yesterday
///
/// Case and accents make no difference. Self-compassion, self-empathy, self-kindness, loving-kindness and metta find each other; nothing else is
/// guessed. A shell keeps the words of its commands: with - what to look for comes from standard input, and without words you are asked.
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub struct Args {
    /// What to look for; - reads it from standard input
    #[arg(value_name = "Q")]
    query: Vec<String>,
    #[command(flatten)]
    filter: Filter,
    /// Only the words as you typed them, no other names for them
    #[arg(long)]
    exact: bool,
}

impl Args {
    /// Looks for it.
    pub fn run(self, context: &mut Context<'_, '_>) -> Outcome {
        let query = match &self.query[..] {
            [] if context.can_ask() => asked(context)?,
            [] => return Err(missing("what to look for", "asif search kind; asif search - reads it from standard input")),
            [one] if one == "-" && context.world.terminals.stdin && context.can_ask() => asked(context)?,
            [one] if one == "-" => line_from_stdin(context.world.stdin)?,
            words => words.join(" "),
        };
        let capped = self.filter.is_capped(context);
        let filter = self.filter.asked(capped.then_some(ON_A_TERMINAL), false);
        let ask = Request::Search(SearchAsk { query, filter, exact: self.exact });
        let found = context.ask_for(ask, |reply| if let Reply::Search(found) = reply { Some(found) } else { None })?;
        context.tell(&found, |screen| search::hits(screen, &found.hits))?;
        if context.json() {
            return Ok(());
        }
        if found.hits.is_empty() && found.found == 0 {
            context.say("Nothing that you wrote down has this in it.");
        }
        if !found.also.is_empty() {
            context.explain(&format!("also looked for: {} (--exact: only what you typed)", found.also.join(", ")));
        }
        let shown = u64::try_from(found.hits.len()).unwrap_or(u64::MAX);
        if capped && shown < found.found {
            context.explain(&format!("{shown} of {} are shown, the newest: --limit 100 shows more, another word finds fewer", found.found));
        }
        Ok(())
    }
}

/// What the person types at the terminal, which no shell keeps.
fn asked(context: &mut Context<'_, '_>) -> Outcome<String> {
    match context.prompt() {
        Some(mut prompt) => prompt.line("What are you looking for?"),
        None => Ok(String::new()),
    }
}
