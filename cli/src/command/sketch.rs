//! `asif sketch`

use asif_proto::day;
use asif_proto::local::{NewPractice, NewSketch, Reply, Request, SketchAsk, SketchView};
use asif_proto::moment::Moment;
use asif_proto::rating::Rating;
use asif_proto::record::{MAX_LINE, PracticeKind, Specificity, Visibility};
use clap::Subcommand;
use jiff::civil::Date;

use super::prose;
use crate::context::Context;
use crate::error::{CommandError, Outcome};
use crate::form::{self, Form};
use crate::render::sketch;

/// Picture somebody a lot like you who treats themself kindly, and take small steps from them.
///
/// A plausible person, not your opposite. Then what they would do, small and particular, and what they would say to themself. Each
/// becomes a practice; you see them easiest first. On a terminal all of it is asked for.
#[derive(Debug, clap::Args)]
#[command(args_conflicts_with_subcommands = true)]
pub struct Args {
    #[command(subcommand)]
    what: Option<What>,
    #[command(flatten)]
    new: New,
}

/// What else can be done with sketches.
#[derive(Debug, Subcommand)]
pub enum What {
    /// Your sketches, newest first.
    List,
}

/// A sketch to add.
#[derive(Debug, clap::Args)]
pub struct New {
    /// Who they are and how they go about things; - reads it from standard input
    #[arg(long, value_name = "TEXT|-", allow_hyphen_values = true)]
    text: Option<String>,
    /// How plausible they seem: 0 not at all, 100 fully
    #[arg(long, value_name = "0-100", allow_negative_numbers = true)]
    plausible: Option<Rating>,
    /// Something small they would do; can be given again. A number after a colon says how hard: "Lunch away from the desk:35";
    /// a time or a verse stays whole: "Ring mum at 12:30", or with how hard it is "Ring mum at 12:30:20"
    #[arg(long = "does", value_name = "TITLE[:0-100]", value_parser = step)]
    does: Vec<Step>,
    /// Something they would say to themself; can be given again, likewise
    #[arg(long = "says", value_name = "LINE[:0-100]", value_parser = step)]
    says: Vec<Step>,
    /// The first day of acting as they would: 2026-11-30, today, monday
    #[arg(long, value_name = "DAY")]
    starts: Option<String>,
    /// The last day
    #[arg(long, value_name = "DAY")]
    ends: Option<String>,
    /// For nobody but you, with its practices: in no share, whatever you share
    #[arg(long)]
    private: bool,
}

/// A step and how hard it seems.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Step {
    title: String,
    difficulty: Option<Rating>,
}

impl Args {
    /// Does it.
    pub fn run(self, context: &mut Context<'_, '_>) -> Outcome {
        match self.what {
            Some(What::List) => {
                let all = |reply| if let Reply::Sketches(sketches) = reply { Some(sketches) } else { None };
                let sketches = context.ask_for(Request::Sketch(SketchAsk::List), all)?;
                context.tell(&sketches, |screen| sketch::list(screen, &sketches))?;
                if sketches.is_empty() && !context.json() {
                    context.say("None yet. asif sketch asks for one.");
                }
                Ok(())
            }
            None => self.new.run(context),
        }
    }
}

impl New {
    fn run(self, context: &mut Context<'_, '_>) -> Outcome {
        let Self { text, plausible, does, says, starts, ends, private } = self;
        let today = Moment::at(context.now(), &context.world.zone).local_date();
        let day = |text: Option<String>| -> Outcome<Option<Date>> {
            text.map(|text| day::parse(&text, today).map_err(|error| CommandError::usage(error.to_string(), "asif sketch --help")))
                .transpose()
        };
        let (starts, ends) = (day(starts)?, day(ends)?);
        let visibility = if private { Visibility::Private } else { Visibility::Inherit };
        let new = |kind, step: Step| practice(kind, step, visibility);
        let mut practices: Vec<NewPractice> = does.into_iter().map(|step| new(PracticeKind::AsIfAction, step)).collect();
        practices.extend(says.into_iter().map(|step| new(PracticeKind::SelfTalk, step)));
        let begun = NewSketch { text: String::new(), plausible, starts, ends, practices, visibility };
        let store = |context: &mut Context<'_, '_>, id, new: Option<NewSketch>| match new {
            Some(new) => context.ask_for_as(id, Request::Sketch(SketchAsk::Add(new)), one).map(Some),
            None => Ok(None),
        };
        let kept = match text {
            Some(text) => {
                let text = prose::given(&text, context, |context| context.ask(Request::Sketch(SketchAsk::List)).map(drop))?;
                text.kept_by(context, |context, id, text| store(context, id, text.map(|text| NewSketch { text, ..begun })))?
            }
            None if !context.can_ask() => {
                return Err(form::missing(
                    "--text",
                    "asif sketch --text - --does \"Lunch away from the desk:35\" --says \"I can rest now:20\"",
                ));
            }
            None => form::fill(context, |form, context| asked(form, context, begun), store)?,
        };
        let Some(kept) = kept else { return context.nothing("Nothing was said: nothing was stored.") };
        context.tell(&kept, |screen| {
            sketch::changed(screen, "kept", &kept);
            if let Some(first) = kept.steps.first() {
                screen.sentence(&format!("Next: asif try {}   or   asif today", first.slug));
            }
        })
    }
}

/// Asks for what was not given; nothing where nobody was pictured.
fn asked(form: &mut Form, context: &mut Context<'_, '_>, mut new: NewSketch) -> Outcome<Option<NewSketch>> {
    form.say(context, "Picture somebody a lot like you, who treats themself as if they were worth it. Plausible, not your opposite.");
    let Some(text) = form.line(context, "text", "Who are they, and how do they go about things?  >")? else { return Ok(None) };
    new.text = text;
    if new.plausible.is_none() {
        new.plausible = form.rating(context, "plausible", "How plausible do they seem, 0-100 (Enter to skip)?")?;
    }
    steps(form, context, new.visibility, &mut new.practices)?;
    Ok(Some(new))
}

/// Asks for what they would do and say, one by one, until nothing more is said.
fn steps(form: &mut Form, context: &mut Context<'_, '_>, visibility: Visibility, into: &mut Vec<NewPractice>) -> Outcome {
    form.say(context, "What would they do, small and particular? One at a time; Enter alone goes on.");
    while let Some(title) = form.line_of(context, "does", "They would:  >", MAX_LINE)? {
        let when = form.line_of(context, "when", "  When (Enter to skip)?", MAX_LINE)?;
        let place = form.line_of(context, "where", "  Where (Enter to skip)?", MAX_LINE)?;
        let how_long = form.line_of(context, "how-long", "  How long (Enter to skip)?", MAX_LINE)?;
        let difficulty = form.rating(context, "difficulty", "  How hard does it seem, 0 easy to 100 very hard (Enter to skip)?")?;
        let mut new = practice(PracticeKind::AsIfAction, Step { title, difficulty }, visibility);
        new.specificity = Specificity { when, place, how_long };
        into.push(new);
    }
    form.say(context, "And what would they say to themself? One line at a time; Enter alone ends.");
    while let Some(title) = form.line_of(context, "says", "They would say:  >", MAX_LINE)? {
        let difficulty = form.rating(context, "difficulty", "  How hard does it seem to say, 0-100 (Enter to skip)?")?;
        into.push(practice(PracticeKind::SelfTalk, Step { title, difficulty }, visibility));
    }
    Ok(())
}

fn practice(kind: PracticeKind, step: Step, visibility: Visibility) -> NewPractice {
    NewPractice { difficulty: step.difficulty, visibility, ..NewPractice::of(kind, step.title) }
}

/// `Lunch away from the desk:35`; a colon that no number follows, or that stands in a time or a verse, is part of the title.
fn step(text: &str) -> Result<Step, String> {
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let follows_number = |title: &str| title.ends_with(|last: char| last.is_ascii_digit());
    let is_in_title = |title: &str| follows_number(title) && !title.rsplit_once(':').is_some_and(|(_, last)| is_number(last));
    let (title, difficulty) = match text.rsplit_once(':') {
        Some((title, number)) if is_number(number.trim()) && !is_in_title(title) => {
            (title, Some(number.trim().parse::<Rating>().map_err(|error| error.to_string())?))
        }
        _ => (text, None),
    };
    let title = prose::words(title.trim())?;
    if title.is_empty() {
        return Err("a step is one line with something on it".to_owned());
    }
    Ok(Step { title, difficulty })
}

fn one(reply: Reply) -> Option<SketchView> {
    if let Reply::Sketch(sketch) = reply { Some(sketch) } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_after_the_last_colon_says_how_hard_a_step_is() {
        let read = |text: &str| step(text).map(|step| (step.title, step.difficulty.map(Rating::value)));
        assert_eq!(read("Lunch away:35"), Ok(("Lunch away".into(), Some(35))));
        assert_eq!(read("Say: I can rest"), Ok(("Say: I can rest".into(), None)));
        for whole in ["At 12:30", "Read Psalm 23:4", "At 12:30 or 13:15"] {
            assert_eq!(read(whole), Ok((whole.into(), None)), "a time or a verse at the end is part of it");
        }
        assert_eq!(read("At 12:30:0"), Ok(("At 12:30".into(), Some(0))));
        assert_eq!(read("Count to 10 :35"), Ok(("Count to 10".into(), Some(35))));
        assert!(read("Lunch:101").is_err() && read(":5").is_err() && read(" ").is_err());
    }
}
