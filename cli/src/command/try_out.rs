//! `asif try`

use asif_proto::local::{BeliefAsk, ExperimentAsk, Known, Plan, Reply, Request};
use asif_proto::rating::Rating;
use asif_proto::record::{Basis, Belief, Experiment, Practice, Shown, Visibility};
use asif_proto::share::Loan;

use super::prose;
use crate::completion::names;
use crate::context::Context;
use crate::error::Outcome;
use crate::form::{self, Form};
use crate::render::practice::hyphens;
use crate::render::{belief, experiment, gentler, loan};

/// Plan an experiment: predict, try, and see what happens.
///
/// On a terminal it shows what is to be tried and asks for your prediction, which is then locked. With no prediction you just see what
/// happens. `asif outcome` tells how it went.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// What to try: a practice's short name, or an id
    #[arg(value_name = "P", add = names(Known::Practices))]
    practice: String,
    /// Your prediction: feeling after, 0 very bad to 100 very good
    #[arg(long, value_name = "0-100", allow_negative_numbers = true)]
    prediction: Option<Rating>,
    /// Your prediction in words
    #[arg(long, value_name = "TEXT", value_parser = prose::words)]
    prediction_text: Option<String>,
    /// On whose belief: own, borrowed (lent to you) or leap (nobody's yet)
    #[arg(long, value_name = "WORD")]
    basis: Option<Basis>,
    /// The borrowed belief it rests on (asif borrow list)
    #[arg(long, value_name = "ID", add = names(Known::Loans))]
    borrowed: Option<String>,
    /// How willing you are: 0 not at all, 100 fully
    #[arg(long, value_name = "0-100", allow_negative_numbers = true)]
    willingness: Option<Rating>,
    /// How likely it seems to help: 0 not at all, 100 surely
    #[arg(long, value_name = "0-100", allow_negative_numbers = true)]
    expectancy: Option<Rating>,
    /// The belief it tests: an id, or words that only it has
    #[arg(long, value_name = "BELIEF", add = names(Known::Beliefs))]
    belief: Option<String>,
    /// What may get in the way
    #[arg(long, value_name = "TEXT", value_parser = prose::words)]
    obstacles: Option<String>,
    /// If that happens, then what
    #[arg(long, value_name = "TEXT", value_parser = prose::words)]
    if_then: Option<String>,
    /// The day on which you will see what happened: tomorrow, friday, 3d, 2026-11-28 (today, unless said)
    #[arg(long, value_name = "DAY")]
    review_by: Option<String>,
    /// For nobody but you: in no share, whatever you share
    #[arg(long)]
    private: bool,
}

/// What is shown before anything is asked.
struct Shelf {
    practice: Practice,
    belief: Option<Shown<Belief>>,
    loans: Vec<Loan>,
}

impl Args {
    /// Plans an experiment.
    pub fn run(self, context: &mut Context<'_, '_>) -> Outcome {
        let shelf = Shelf::of(&self, context)?;
        shelf.show(context);
        let Self { practice, obstacles, if_then, review_by, private, .. } = &self;
        let (practice, obstacles, if_then, review_by) = (practice.clone(), obstacles.clone(), if_then.clone(), review_by.clone());
        let visibility = if *private { Visibility::Private } else { Visibility::Inherit };
        let belief = shelf.belief.as_ref().map(|belief| belief.id.to_string());
        let planned = form::fill(
            context,
            |form, context| self.asked(form, context, &shelf),
            |context, id, plan| {
                let plan = Plan { belief, obstacles, if_then, review_by, visibility, ..plan };
                context.ask_for_as(id, Request::Experiment(ExperimentAsk::Try { practice, plan: Box::new(plan) }), one)
            },
        )?;
        context.tell(&planned, |screen| experiment::planned(screen, &planned))
    }

    /// Asks for what was not given.
    fn asked(self, form: &mut Form, context: &mut Context<'_, '_>, shelf: &Shelf) -> Outcome<Plan> {
        let mut plan = Plan {
            basis: self.basis,
            borrowed: self.borrowed,
            willingness: self.willingness,
            expectancy: self.expectancy,
            prediction: self.prediction,
            prediction_text: self.prediction_text,
            ..Plan::default()
        };
        if plan.basis.is_none() && plan.borrowed.is_none() {
            let own = [("own", Basis::Own), ("leap", Basis::Leap)];
            let any = [("own", Basis::Own), ("borrowed", Basis::Borrowed), ("leap", Basis::Leap)];
            let (question, words) = match shelf.loans.is_empty() {
                true => ("On whose belief? [o]wn  [l]eap  >", &own[..]),
                false => ("On whose belief? [o]wn  [b]orrowed  [l]eap  >", &any[..]),
            };
            plan.basis = form.choice(context, "basis", question, words, None)?;
        }
        if plan.basis == Some(Basis::Borrowed) && plan.borrowed.is_none() && shelf.loans.len() > 1 && context.can_ask() {
            let lent: Vec<(&str, usize)> = shelf.loans.iter().enumerate().map(|(at, loan)| (loan.lender.as_str(), at)).collect();
            let chosen = form.choice(context, "borrowed", "Whose (name, or number from the top)?", &lent, Some(0))?.unwrap_or(0);
            plan.borrowed = shelf.loans.get(chosen).map(|loan| loan.id.to_string());
        }
        if plan.willingness.is_none() {
            plan.willingness = form.rating(context, "willingness", "How willing are you, 0-100 (Enter to skip)?")?;
        }
        if plan.expectancy.is_none() {
            plan.expectancy = form.rating(context, "expectancy", "How likely does it seem to help, 0-100 (Enter to skip)?")?;
        }
        if plan.prediction.is_none() && plan.prediction_text.is_none() {
            plan.prediction = form.rating(context, "prediction", "Prediction: feeling after, 0-100 (Enter = just see what happens)?")?;
        }
        Ok(plan)
    }
}

impl Shelf {
    fn of(args: &Args, context: &mut Context<'_, '_>) -> Outcome<Self> {
        let practice = |reply| if let Reply::Practice(practice) = reply { Some(practice) } else { None };
        let practice = context.ask_for(Request::PracticeShow { practice: args.practice.clone() }, practice)?;
        let named = |belief: String| Request::Belief(BeliefAsk::Show { belief });
        let shown = |reply| if let Reply::Belief(belief) = reply { Some(belief) } else { None };
        let belief = match (&args.belief, practice.beliefs.first()) {
            (Some(typed), _) => Some(context.ask_for(named(typed.clone()), shown)?),
            // A belief of the practice's that was deleted since is none.
            (None, Some(id)) => context.ask_for(named(id.to_string()), shown).ok(),
            (None, None) => match &super::belief::list(context, false)?[..] {
                [only] => Some(only.clone()),
                _ => None,
            },
        };
        let loans = context.ask_for(Request::BorrowList, |reply| if let Reply::Loans(loans) = reply { Some(loans) } else { None })?;
        let loans = loans.into_iter().filter(|loan| !loan.ended && loan.practice == practice.slug).collect();
        Ok(Self { practice, belief, loans })
    }

    /// What is to be tried, the belief it tests, and what somebody lends for it, in their own words.
    fn show(&self, context: &mut Context<'_, '_>) {
        let Self { practice, belief, loans } = self;
        context.talk_on(|screen| {
            let difficulty = practice.difficulty.map(|difficulty| format!(", difficulty {difficulty}")).unwrap_or_default();
            screen.record(&["Practice".to_owned(), practice.title.clone(), format!("({}{difficulty})", hyphens(practice.kind))]);
            if let Some(line) = practice.adapted.last().and_then(|adapted| gentler::line(adapted.way)) {
                screen.line(&format!("           {line}"));
            }
            if let Some(belief) = belief {
                screen.record(&["Belief  ".to_owned(), belief::in_short(belief)]);
            }
            loans.iter().for_each(|one| loan::at_practice(screen, one));
        });
    }
}

fn one(reply: Reply) -> Option<Shown<Experiment>> {
    if let Reply::Experiment(experiment) = reply { Some(experiment) } else { None }
}
