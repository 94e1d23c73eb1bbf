//! `asif crisis edit`

use asif_proto::home::Home;
use asif_proto::local::{Reply, Request, SafetyPlanAsk};
use asif_proto::record::{PlanPart, SafetyPlan, SafetyPlanView};
use uuid::Uuid;

use super::plan::COPY;
use crate::client::ClientError;
use crate::command::prose;
use crate::context::Context;
use crate::error::{CommandError, Outcome};
use crate::form::{self, Form};
use crate::render::Screen;
use crate::render::crisis as render;
use crate::render::text::visible_lines;

/// Write your plan for a bad hour, in six parts, or change it.
///
/// On a terminal it asks part by part: what is there is shown, and Enter keeps it. Everything can be left empty. In a script a part is named with
/// its text, one entry a line; - reads it from standard input. Nobody is alerted by what you write, and nobody watches it.
///
/// The plan is sealed like the rest of your journal. With --readable this device also keeps a copy that asif crisis can show when the journal
/// does not open. Whoever can read your files can read that copy. It is this device's choice alone, and --sealed takes it back.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// How you notice that it is getting bad
    #[arg(long, value_name = "TEXT|-", allow_hyphen_values = true)]
    warning_signs: Option<String>,
    /// What you can do by yourself that helps
    #[arg(long, value_name = "TEXT|-", allow_hyphen_values = true)]
    helps_alone: Option<String>,
    /// People to be with and places to go
    #[arg(long, value_name = "TEXT|-", allow_hyphen_values = true)]
    people_places: Option<String>,
    /// Who you can tell, and ask for help
    #[arg(long, value_name = "TEXT|-", allow_hyphen_values = true)]
    who_i_can_ask: Option<String>,
    /// Professionals, with their numbers
    #[arg(long, value_name = "TEXT|-", allow_hyphen_values = true)]
    professionals: Option<String>,
    /// What makes it safer: what you can put out of reach
    #[arg(long, value_name = "TEXT|-", allow_hyphen_values = true)]
    making_it_safer: Option<String>,
    /// A part to empty: warning-signs, helps-alone, people-places, who-i-can-ask, professionals or making-it-safer; can be given again
    #[arg(long, value_name = "PART")]
    clear: Vec<PlanPart>,
    /// Keep a copy on this device that can be read while the journal does not open
    #[arg(long, conflicts_with = "sealed")]
    readable: bool,
    /// Keep no such copy, and remove the one there is
    #[arg(long)]
    sealed: bool,
}

impl Args {
    /// Changes the plan.
    pub fn run(self, context: &mut Context<'_, '_>) -> Outcome {
        let readable = if self.readable { Some(true) } else { self.sealed.then_some(false) };
        let given = [
            (PlanPart::WarningSigns, self.warning_signs),
            (PlanPart::HelpsAlone, self.helps_alone),
            (PlanPart::PeoplePlaces, self.people_places),
            (PlanPart::WhoICanAsk, self.who_i_can_ask),
            (PlanPart::Professionals, self.professionals),
            (PlanPart::MakingItSafer, self.making_it_safer),
        ];
        let given: Vec<_> = given.into_iter().filter_map(|(part, text)| Some((part, text?))).collect();
        if given.iter().filter(|(_, text)| text == "-").count() > 1 {
            return Err(CommandError::usage("standard input can be one part only", "name the others with their text, or one - at a time"));
        }
        if let Some((part, _)) = given.iter().find(|(part, _)| self.clear.contains(part)) {
            let message = format!("{} is both written and emptied", flag(*part));
            return Err(CommandError::usage(message, format!("leave out one of --{0} and --clear {0}", flag(*part))));
        }
        if given.is_empty() && self.clear.is_empty() && readable.is_none() {
            return asked(context);
        }
        let mut parts = SafetyPlan::default();
        let mut typed = prose::Prose::default();
        for (part, text) in given {
            let from_input = text == "-";
            let text = prose::given(&text, context, |context| view(context, crate::fresh::id(), SafetyPlanAsk::Show).map(drop))?;
            if from_input && text.text.is_none() {
                return Err(CommandError::usage(
                    "standard input was empty: nothing was changed",
                    format!("asif crisis edit --clear {}", flag(part)),
                ));
            }
            *parts.part_mut(part) = Some(text.text.clone().unwrap_or_default());
            if from_input {
                typed = text;
            }
        }
        self.clear.iter().for_each(|part| *parts.part_mut(*part) = Some(String::new()));
        let kept = typed.kept_by(context, |context, id, _| view(context, id, SafetyPlanAsk::Edit { parts, readable }))?;
        tell(&kept, readable, context)
    }
}

/// Asks part by part; Enter keeps what is there.
fn asked(context: &mut Context<'_, '_>) -> Outcome {
    if !context.can_ask() {
        return Err(form::missing(
            "a part of the plan",
            "name one with its text: asif crisis edit --warning-signs TEXT; asif crisis edit --help has all six",
        ));
    }
    let before = view(context, crate::fresh::id(), SafetyPlanAsk::Show)?;
    let kept = form::fill(
        context,
        |form, context| {
            form.say(
                context,
                "Your plan for a bad hour, in six parts. One thing a line, and Enter on an empty line goes on; any part may stay empty.",
            );
            form.say(context, "Nobody is alerted by it, and nobody watches it.");
            let (mut parts, mut shown) = (SafetyPlan::default(), SafetyPlan::default());
            for part in PlanPart::ALL {
                let now = view(context, crate::fresh::id(), SafetyPlanAsk::Show)?;
                *parts.part_mut(*part) = ask_part(*part, &now, form, context)?;
                *shown.part_mut(*part) = now.plan.part(*part).map(str::to_owned);
            }
            let now = view(context, crate::fresh::id(), SafetyPlanAsk::Show)?;
            tell_unseen(&parts, &shown, &now.plan, form, context);
            // What was decided once is changed by its flag.
            let mut readable = None;
            if before.plan.is_empty() && !before.readable && !parts.is_empty() {
                form.say(context, "asif can keep a copy of it on this device that shows when your journal does not open. Whoever can read your files can read that copy.");
                readable = form.yes(context, "readable", "Keep such a copy?")?.then_some(true);
            }
            Ok(SafetyPlanAsk::Edit { parts, readable })
        },
        view,
    )?;
    tell(&kept, None, context)
}

/// The lines of one part; nothing where what is there stays.
fn ask_part(part: PlanPart, before: &SafetyPlanView, form: &mut Form, context: &mut Context<'_, '_>) -> Outcome<Option<String>> {
    form.say(context, "");
    form.say(context, &format!("{}: {}", render::title(part), question(part)));
    let now = before.plan.part(part).filter(|text| !text.trim().is_empty());
    let apart = before.conflicts.iter().filter(|conflict| conflict.field == part.word() && !conflict.merged);
    let others: Vec<&str> = apart.flat_map(|conflict| &conflict.others).filter_map(|other| other.as_str()).collect();
    for line in now.into_iter().flat_map(visible_lines) {
        form.say(context, &format!("    {line}"));
    }
    for other in &others {
        form.say(context, "  as another device of yours has it:");
        visible_lines(other).iter().for_each(|line| form.say(context, &format!("    {line}")));
    }
    match (now, &others[..]) {
        (None, []) => {}
        (_, []) => form.say(context, "  Enter keeps it; what you type takes its place."),
        _ => form.say(context, "  Enter leaves both; what you type takes their place."),
    }
    let mut lines = Vec::new();
    while let Some(line) = form.line(context, part.word(), " >")? {
        lines.push(line);
    }
    Ok((!lines.is_empty()).then(|| lines.join("\n")))
}

/// What was written elsewhere after a part was shown here, and is now replaced by what was typed: it is not to go unseen.
fn tell_unseen(typed: &SafetyPlan, shown: &SafetyPlan, now: &SafetyPlan, form: &mut Form, context: &mut Context<'_, '_>) {
    for part in PlanPart::ALL.iter().copied().filter(|part| typed.part(*part).is_some()) {
        let Some(text) = now.part(part).filter(|text| shown.part(part) != Some(*text) && typed.part(part) != Some(*text)) else { continue };
        form.say(context, "");
        form.say(context, &format!("{}: it was changed while you typed, and read:", render::title(part)));
        visible_lines(text).iter().for_each(|line| form.say(context, &format!("    {line}")));
        form.say(context, "  What you typed takes its place; asif history crisis has both.");
    }
}

/// What is asked for a part.
fn question(part: PlanPart) -> &'static str {
    match part {
        PlanPart::WarningSigns => "how do you notice that it is getting bad?",
        PlanPart::HelpsAlone => "what can you do by yourself that eases it, if only a little?",
        PlanPart::PeoplePlaces => "who is good to be with, and where is it good to be?",
        PlanPart::WhoICanAsk => "who can you tell, and ask for help?",
        PlanPart::Professionals => "who can you call, with their numbers?",
        PlanPart::MakingItSafer => "what can you put out of reach, or give to somebody?",
    }
}

/// `warning-signs`
fn flag(part: PlanPart) -> String {
    part.word().replace('_', "-")
}

fn view(context: &mut Context<'_, '_>, id: Uuid, ask: SafetyPlanAsk) -> Outcome<SafetyPlanView> {
    match context.ask_as(id, Request::SafetyPlan(ask))? {
        Reply::SafetyPlan(view) => Ok(view),
        _ => Err(ClientError::Garbled.into()),
    }
}

/// What the plan is now, and who can read it.
fn tell(view: &SafetyPlanView, readable: Option<bool>, context: &mut Context<'_, '_>) -> Outcome {
    let home = context.home()?;
    context.tell(&super::lists(view), |screen| {
        if !view.plan.is_empty() {
            render::plan(screen, view);
            screen.gap();
        }
        who_can_read(screen, view, readable, &home);
        render::sentence(screen, "Nobody is alerted by it, and nobody watches it. It is shown with the numbers: asif crisis");
    })
}

fn who_can_read(screen: &mut Screen, view: &SafetyPlanView, readable: Option<bool>, home: &Home) {
    let words = match (view.readable, readable) {
        (true, _) => format!(
            "A copy lies in the clear in {}: whoever can read your files can read it. To take that back: asif crisis edit --sealed",
            home.data.join(COPY).display()
        ),
        (false, Some(_)) => {
            "It is sealed with the rest of your journal. The readable copy is removed from this device; your backups and what a disk \
                             keeps in freed space are not asif's to reach."
                .to_owned()
        }
        (false, None) => {
            "It is sealed with the rest of your journal. To keep a copy on this device that can be read when the journal does not \
                          open: asif crisis edit --readable"
                .to_owned()
        }
    };
    render::sentence(screen, &words);
}
