//! `asif outcome`

use asif_proto::id::{MIN_SUFFIX, RecordId};
use asif_proto::local::{ExperimentAsk, Known, NewOutcome, Reply, Request};
use asif_proto::rating::Rating;
use asif_proto::record::{Experiment, Shown, Supports};

use super::at;
use super::prose::{self, Prose};
use crate::completion::names;
use crate::context::Context;
use crate::error::{CommandError, Outcome};
use crate::form::{self, Form};
use crate::render::{experiment, time};

/// Tell how an experiment went; your prediction is shown beside it.
///
/// Without an id it is the one that is open. It makes a session of the practice, too.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Which: an id, or the practice that was tried
    #[arg(value_name = "E", add = names(Known::Experiments))]
    experiment: Option<String>,
    /// Feeling before: 0 very bad, 100 very good
    #[arg(short, long, value_name = "0-100", allow_negative_numbers = true)]
    before: Option<Rating>,
    /// Feeling after: 0 very bad, 100 very good
    #[arg(short, long, value_name = "0-100", allow_negative_numbers = true)]
    after: Option<Rating>,
    /// How far you acted as if: 0 not at all, 100 fully
    #[arg(long, value_name = "0-100", allow_negative_numbers = true)]
    acted: Option<Rating>,
    /// How real it felt: 0 not at all, 100 fully
    #[arg(long, value_name = "0-100", allow_negative_numbers = true)]
    felt_real: Option<Rating>,
    /// It felt worse. That happens; it is an ordinary result
    #[arg(long)]
    worse: bool,
    /// What happened; - reads it from standard input
    #[arg(long, value_name = "TEXT|-", allow_hyphen_values = true)]
    happened: Option<String>,
    /// What you make of it
    #[arg(long, value_name = "TEXT", value_parser = prose::words)]
    learning: Option<String>,
    /// Which belief it supports: old, new or unsure
    #[arg(long, value_name = "WORD")]
    supports: Option<Supports>,
    /// The belief again, I know it: 0 not at all, 100 fully
    #[arg(long, value_name = "0-100", allow_negative_numbers = true)]
    head: Option<Rating>,
    /// The belief again, I feel it: 0 not at all, 100 fully
    #[arg(long, value_name = "0-100", allow_negative_numbers = true)]
    heart: Option<Rating>,
    /// When it happened: 21:30, "yesterday 21:30", 2026-11-20T21:30
    #[arg(long, value_name = "TIME")]
    at: Option<String>,
    /// It did not happen. That is an ordinary result too
    #[arg(long, conflicts_with_all = ["before", "after", "acted", "felt_real", "worse", "happened", "learning", "supports", "head", "heart", "at"])]
    left: bool,
}

impl Args {
    /// Tells an outcome.
    pub fn run(mut self, context: &mut Context<'_, '_>) -> Outcome {
        at::settle(&mut self.at, context)?;
        let said = self.left || self.after.is_some() || self.happened.is_some() || self.learning.is_some();
        if !said && !context.can_ask() {
            return Err(form::missing("--after", "asif outcome E --after 0-100   (or --happened TEXT, or --left if it did not happen)"));
        }
        let open = self.open(context)?;
        let is_named = self.experiment.is_some();
        if let (Some(named), [one]) = (&self.experiment, &open[..]) {
            // Later the name may be that of another one.
            context.pin_id(named, &one.id.to_string());
        }
        if open.len() > 1 && (said || !context.can_ask()) {
            let named: Vec<String> = open.iter().map(|one| format!("{} {}", one.short, one.value.practice)).collect();
            let message = format!("{} experiments are open: {}", open.len(), named.join(", "));
            return Err(CommandError::usage(message, "name the one you mean: asif outcome E"));
        }
        let happened = match &self.happened {
            Some(value) => prose::given(value, context, |_| Ok(()))?,
            None => Prose::default(),
        };
        if self.happened.is_some() && happened.text.is_none() {
            context.say("What happened was empty: it is told without words.");
        }
        let new = self.into_outcome();
        let store = |context: &mut Context<'_, '_>, id, told: Option<(RecordId, NewOutcome)>| match told {
            Some((experiment, outcome)) => {
                let request = ExperimentAsk::Outcome { experiment: Some(experiment.to_string()), outcome: Box::new(outcome) };
                context.ask_for_as(id, Request::Experiment(request), one).map(Some)
            }
            None => Ok(None),
        };
        let told = match &open[..] {
            [only] if said => {
                happened.kept_by(context, |context, id, text| store(context, id, Some((only.id, NewOutcome { text, ..new }))))?
            }
            several => form::fill(
                context,
                |form, context| {
                    let Some(one) = which(form, context, several)? else { return Ok(None) };
                    if !is_named {
                        form.pin(&one.id.to_string());
                    }
                    Ok(asked(form, context, one, new)?.map(|new| (one.id, new)))
                },
                store,
            )?,
        };
        match told {
            Some(told) => context.tell(&told, |screen| experiment::told(screen, &told)),
            None => context.nothing("Nothing was said. It stays open."),
        }
    }

    /// The experiment that was named, or those that are open: one at least.
    fn open(&self, context: &mut Context<'_, '_>) -> Outcome<Vec<Shown<Experiment>>> {
        let show = |experiment: Option<String>| Request::Experiment(ExperimentAsk::Open { experiment });
        if self.experiment.is_some() {
            return context.ask_for(show(self.experiment.clone()), one).and_then(is_open).map(|one| vec![one]);
        }
        let all = |reply| if let Reply::Experiments(all) = reply { Some(all) } else { None };
        let all = context.ask_for(Request::Experiment(ExperimentAsk::List { practice: None, all: false }), all)?;
        if all.is_empty() { context.ask_for(show(None), one).map(|one| vec![one]) } else { Ok(all) }
    }

    fn into_outcome(self) -> NewOutcome {
        NewOutcome {
            before: self.before,
            after: self.after,
            acted_as_if: self.acted,
            felt_real: self.felt_real,
            felt_worse: self.worse,
            text: None,
            learning: self.learning,
            supports: self.supports,
            head: self.head,
            heart: self.heart,
            at: self.at,
            left: self.left,
        }
    }
}

/// The only one, or the one that the person picks: by its number, an id, or the practice that was tried.
fn which<'e>(form: &mut Form, context: &mut Context<'_, '_>, open: &'e [Shown<Experiment>]) -> Outcome<Option<&'e Shown<Experiment>>> {
    let [_, _, ..] = open else { return Ok(open.first()) };
    for (number, one) in (1..).zip(open) {
        let planned = time::when(&one.value.planned_at, context.now());
        form.say(
            context,
            &format!("  {number} {}  {}  planned {planned}{}", one.value.practice, one.short, experiment::predicted(&one.value)),
        );
    }
    let picked = form.picked(context, "experiment", "Which of these?", |text| {
        let numbered = text.parse::<usize>().ok().filter(|_| text.len() < MIN_SUFFIX).and_then(|number| open.get(number.checked_sub(1)?));
        let mut named = open.iter().filter(|one| one.value.practice == text || one.id.to_string().ends_with(&text.to_lowercase()));
        match (numbered, named.next(), named.next()) {
            (Some(one), _, _) | (None, Some(one), None) => Ok(one.id.to_string()),
            (None, Some(_), Some(_)) => Err(format!("{text:?} names more than one of these: use the number")),
            (None, None, _) => Err(format!("{text:?} is none of these: 1 to {}, an id, or a practice", open.len())),
        }
    })?;
    Ok(picked.and_then(|id| open.iter().find(|one| one.id.to_string() == id)))
}

/// The feeling after, or that it did not happen.
#[derive(Clone, Copy)]
enum After {
    Felt(Rating),
    Left,
}

/// Asks what happened, the prediction in sight. Nothing said, nothing is told.
fn asked(form: &mut Form, context: &mut Context<'_, '_>, open: &Shown<Experiment>, mut new: NewOutcome) -> Outcome<Option<NewOutcome>> {
    let experiment = &open.value;
    form.say(context, &format!("{}{}", experiment.practice, experiment::predicted(experiment)));
    if let Some(words) = experiment.prediction.as_ref().and_then(|prediction| prediction.text.as_ref()) {
        form.say(context, &format!("  \"{words}\""));
    }
    let after = form.parsed(context, "after", "Feeling after, 0-100 (Enter to skip; l: it did not happen)?", |text| match text {
        "l" | "left" => Ok(After::Left),
        text => text.parse().map(After::Felt).map_err(|error: asif_proto::rating::RatingError| error.to_string()),
    })?;
    match after {
        Some(After::Left) => return Ok(Some(NewOutcome { left: true, ..NewOutcome::default() })),
        Some(After::Felt(rating)) => new.after = Some(rating),
        None => {}
    }
    new.text = form.line(context, "happened", "What happened?  >")?;
    new.learning = form.line(context, "learning", "What do you make of it?  >")?;
    if new.after.is_none() && new.text.is_none() && new.learning.is_none() {
        return Ok(None);
    }
    if new.supports.is_none() {
        let words = [("old belief", Supports::Old), ("new", Supports::New), ("unsure", Supports::Unsure)];
        new.supports = form.choice(context, "supports", "Supports: [o]ld belief  [n]ew  [u]nsure (Enter to skip)  >", &words, None)?;
    }
    let predicted = experiment.prediction.as_ref().and_then(|prediction| prediction.rating);
    if let (Some(after), Some(predicted)) = (new.after, predicted) {
        let surprise = i16::from(after.value()) - i16::from(predicted.value());
        form.say(context, &format!("Predicted {predicted}, felt {after}: surprise {}", experiment::signed(surprise)));
    }
    if let Some(statement) = experiment.belief_statement.as_ref().filter(|_| new.head.is_none() && new.heart.is_none()) {
        form.say(context, &format!("Rate again: \"{statement}\""));
        (new.head, new.heart) = super::belief::again(form, context, "")?;
    }
    Ok(Some(new))
}

/// Nobody is asked about what has its outcome already.
fn is_open(experiment: Shown<Experiment>) -> Outcome<Shown<Experiment>> {
    use asif_proto::local::{ErrorKind, Failure};
    use asif_proto::record::ExperimentStatus;
    if experiment.value.status == ExperimentStatus::Done {
        let hint = format!("change it with: asif edit {} --after 50   (or --learning -)", experiment.short);
        return Err(Failure::new(ErrorKind::Precondition, "this experiment has its outcome already").hint(hint).into());
    }
    Ok(experiment)
}

fn one(reply: Reply) -> Option<Shown<Experiment>> {
    if let Reply::Experiment(experiment) = reply { Some(experiment) } else { None }
}
