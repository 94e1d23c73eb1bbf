//! `asif crisis`

use std::ffi::OsString;
use std::time::{Duration, Instant};

use asif_proto::record::{PlanPart, SafetyPlanView};
use clap::Subcommand;
use serde::Serialize;
use serde_json::{Map, Value};

use crate::context::Context;
use crate::error::{CommandError, Outcome};
use crate::render::crisis::{self as render, Page};

pub mod country;
pub mod edit;
pub mod numbers;
pub mod plan;
mod settings;

use country::Country;
use numbers::{Emergency, Line, Numbers};
use plan::{Found, PlanState, aside, wait};
use settings::Settings;

/// The longest that the settings are waited for: a disk may hang.
const SETTINGS: Duration = Duration::from_millis(50);

/// Numbers to call, and your own plan for a bad hour.
///
/// The numbers come first and at once: those of your country, or all. Then comes the plan that you wrote with asif crisis edit. It works without
/// a journal, offline, with the daemon stopped, and it asks nothing. It calls nobody: nobody is alerted, and nobody watches it.
///
/// Your country: asif config set country GB. A number of your own, shown first: asif config set own-number "Sam, 07...".
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(flatten)]
    shown: Shown,
    #[command(subcommand)]
    what: Option<What>,
}

/// What of it.
#[derive(Debug, Subcommand)]
enum What {
    /// The numbers, then your plan; this is what asif crisis alone does
    Show(Shown),
    /// The numbers alone
    Numbers(Shown),
    Edit(Box<edit::Args>),
}

/// Whose numbers.
#[derive(Debug, Default, clap::Args)]
struct Shown {
    /// Another country's numbers: two letters, or all
    #[arg(long, value_name = "XX")]
    country: Option<String>,
}

/// What is told with `--json`: the numbers, and unless they alone were asked for, the plan.
#[derive(Serialize)]
struct Told<'t> {
    country: Option<&'t Country>,
    own_number: Option<&'t str>,
    numbers: &'t [Line],
    emergency: &'t [Emergency],
    fallback: &'t str,
    #[serde(flatten)]
    plan: Option<ToldPlan<'t>>,
}

#[derive(Serialize)]
struct ToldPlan<'t> {
    plan: Option<Value>,
    plan_state: PlanState,
    plan_from: Option<plan::From>,
    plan_note: Option<&'t str>,
}

impl Args {
    /// Shows numbers, then the plan; or changes the plan.
    pub fn run(self, context: &mut Context<'_, '_>) -> Outcome {
        let outer = self.shown.country;
        let (shown, with_plan) = match self.what {
            Some(What::Edit(args)) => return args.run(context),
            Some(What::Numbers(shown)) => (shown, false),
            Some(What::Show(shown)) => (shown, true),
            None => (Shown::default(), true),
        };
        show(shown.country.or(outer).as_deref(), with_plan, context)
    }
}

/// Words that do not read, and that somebody in need of numbers may have typed.
pub fn is_meant(words: &[OsString]) -> bool {
    let mut words = words.iter().skip(1).filter_map(|word| word.to_str()).filter(|word| !word.starts_with('-'));
    words.next() == Some("crisis") && words.next() != Some("edit")
}

/// The numbers, and nothing else is tried.
pub fn numbers_alone(context: &mut Context<'_, '_>) -> Outcome {
    show(None, false, context)
}

fn show(country: Option<&str>, with_plan: bool, context: &mut Context<'_, '_>) -> Outcome {
    let deadline = Instant::now() + context.world.patience.crisis;
    let (page, troubles) = choose(country, context);
    context.show(|screen| render::numbers(screen, &page))?;
    // What is on the screen stays there, whatever becomes of the rest.
    context.world.stdout.flush().map_err(CommandError::Output)?;
    troubles.iter().for_each(|trouble| context.say(trouble));
    let found = with_plan.then(|| look(deadline, context));
    if context.json() {
        let plan = found.as_ref().map(|found| ToldPlan {
            plan: found.plan.as_ref().map(|(view, _)| lists(view)),
            plan_state: found.state,
            plan_from: found.plan.as_ref().map(|(_, from)| *from),
            plan_note: found.words.as_deref(),
        });
        let Numbers { lines, emergency, fallback } = &page.numbers;
        let (country, own_number) = (page.country.as_ref(), page.own_number.as_deref());
        return context.tell(&Told { country, own_number, numbers: lines, emergency, fallback: &fallback.name, plan }, |_| {});
    }
    let Some(found) = found else { return Ok(()) };
    let told = context.show(|screen| {
        screen.gap();
        if let Some((view, _)) = &found.plan {
            render::plan(screen, view);
        }
        if let Some(words) = &found.words {
            render::sentence(screen, words);
        }
        render::again(screen, &page);
    });
    // The numbers were shown, and that is what the exit code is about.
    told.or(Ok(()))
}

/// The numbers to show, and what of the settings or the words of the command could not be used.
fn choose(typed: Option<&str>, context: &Context<'_, '_>) -> (Page, Vec<String>) {
    let settings = context.home().ok().and_then(|home| {
        let reading = aside(move || Settings::read(&home.config));
        wait(reading, Instant::now() + SETTINGS)
    });
    let Settings { country: set, own_number, trouble } = settings.unwrap_or_default();
    let mut troubles: Vec<String> = trouble.into_iter().collect();
    let (country, guessed) = match typed.map(|typed| (typed, Country::parse(typed))) {
        Some((_, Some(country))) => (Some(country), false),
        Some((typed, None)) => {
            if !typed.eq_ignore_ascii_case("all") {
                troubles.push(format!("{typed:?} is not a country's two letters, like GB: all numbers are shown"));
            }
            (None, false)
        }
        None if set.is_some() => (set, false),
        None => (Country::of_environment(context.world.variable), true),
    };
    let numbers = Numbers::ours().of(country.as_ref());
    (Page { own_number, guessed: guessed && country.is_some(), country, numbers }, troubles)
}

fn look(deadline: Instant, context: &Context<'_, '_>) -> Found {
    match context.starter() {
        Ok(starter) => plan::look(starter, context.world.zone_name(), deadline),
        Err(error) => Found {
            state: PlanState::NoJournal,
            plan: None,
            words: error.failure().map(|failure| format!("There is no plan to show: {}.", failure.message)),
        },
    }
}

/// The plan as scripts read it: six lists, one entry a line of the text.
fn lists(view: &SafetyPlanView) -> Value {
    let entries = |text: &str| Value::from(text.split('\n').filter(|line| !line.trim().is_empty()).collect::<Vec<_>>());
    let part = |part: &PlanPart| (part.word().to_owned(), view.plan.part(*part).map_or(Value::Array(Vec::new()), entries));
    let conflicts = view.conflicts.iter().filter(|conflict| !conflict.merged).map(|conflict| {
        let others = conflict.others.iter().map(|other| other.as_str().map_or(Value::Array(Vec::new()), entries)).collect::<Vec<_>>();
        serde_json::json!({ "field": conflict.field, "others": others })
    });
    let mut plan: Map<String, Value> = [("type".to_owned(), Value::from("safety_plan"))].into_iter().collect();
    plan.extend(PlanPart::ALL.iter().map(part));
    plan.insert("conflicts".into(), conflicts.collect());
    plan.insert("readable".into(), view.readable.into());
    Value::Object(plan)
}
