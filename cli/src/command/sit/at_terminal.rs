//! A sitting with a person: a question before, the sitting, questions after it, or a gentle way out.

use std::collections::BTreeMap;
use std::time::Duration;

use asif_proto::local::{Draft, ErrorKind, Failure, PhraseAsk, Reply, Request};
use asif_proto::record::{Gentler, MAX_LINE, Practice, PracticeStatus, SessionFields};
use jiff::Timestamp;

use super::{find, log};
use crate::command::practice::adapt;
use crate::context::Context;
use crate::error::{CommandError, Outcome};
use crate::form::{self, Form};
use crate::keyboard::Keyboard;
use crate::render::{gentler, session};
use crate::sit::face::Frame;
use crate::sit::{Left, Manner, Plan, Sat, Sitting, sit};

/// What is said after it felt worse.
const WORSE: &str = "Stopped. That happens, and it's worth telling your helper about if you want to.";

/// A sitting to come, or one whose draft is gone on with.
pub(super) struct AtTerminal {
    pub(super) practice: String,
    pub(super) length_s: u32,
    /// What the words of the command say of it already: that is not asked.
    pub(super) given: SessionFields,
    pub(super) note: Option<String>,
}

impl AtTerminal {
    /// Asks, sits, asks and logs.
    pub(super) fn run(self, context: &mut Context<'_, '_>, keyboard: Keyboard<'_>) -> Outcome {
        let practice = find(&self.practice, context)?;
        self.check(context)?;
        let (plan, frame) = prepared(&practice, self.length_s, context)?;
        let mut worse = false;
        let session = form::fill(
            context,
            |form, context| {
                let (fields, felt_worse) = self.ask(form, context, keyboard, plan, &frame)?;
                worse = felt_worse;
                Ok(fields)
            },
            |context, id, fields| log(id, &practice.id.to_string(), fields, context),
        )?;
        context.tell(&session, |screen| {
            session::logged(screen, &session);
            session::sat(screen, &session);
        })?;
        if worse { lead_out(&practice, context) } else { Ok(()) }
    }

    /// Nobody sits for what would be refused afterwards.
    fn check(&self, context: &mut Context<'_, '_>) -> Outcome {
        if let Some(loan) = &self.given.borrowed
            && !matches!(context.ask(Request::Show { id: loan.clone() })?, Reply::Loan(_))
        {
            return Err(CommandError::usage(format!("{loan} is no borrowed belief"), "asif borrow list tells their ids"));
        }
        Ok(())
    }

    /// What is known of it in the end, and whether it felt worse.
    fn ask(
        self,
        form: &mut Form,
        context: &mut Context<'_, '_>,
        keyboard: Keyboard<'_>,
        plan: Plan,
        frame: &Frame,
    ) -> Outcome<(SessionFields, bool)> {
        let mut fields = self.given;
        if fields.before.is_none() {
            fields.before = form.rating(context, "before", "Feeling before, 0-100 (Enter to skip)?")?;
        }
        let sat = match Sat::told_by(form.held()) {
            Some(sat) => {
                form.say(context, &format!("So far: {}.", sat.in_words()));
                sat
            }
            None => {
                let sat = sit_now(form, context, keyboard, plan, frame)?;
                let early = sat.elapsed_s < self.length_s;
                if !sat.felt_worse() {
                    form.say(context, if early { "Stopped early. It is kept, and it counts." } else { "That was the time." });
                }
                sat
            }
        };
        let worse = sat.felt_worse();
        if worse {
            form.say(context, WORSE);
        } else {
            if fields.after.is_none() {
                fields.after = form.rating(context, "after", "Feeling after, 0-100 (Enter to skip)?")?;
            }
            if fields.felt_real.is_none() {
                fields.felt_real = form.rating(context, "felt_real", "How real did it feel, 0-100 (Enter to skip)?")?;
            }
            if fields.where_felt.is_none() {
                fields.where_felt = form.line_of(context, "where_felt", "Where in the body did you feel it (Enter to skip)?", MAX_LINE)?;
            }
        }
        fields.note = match self.note {
            Some(note) if note == "-" && !worse => form.prose(context, "note", "A note")?,
            Some(note) if note != "-" => Some(note),
            _ => None,
        };
        sat.tell(&mut fields, self.length_s);
        Ok((fields, worse))
    }
}

/// Sits. What is marked is kept with the form at once; an interruption ends the form, with all of it kept.
fn sit_now(form: &mut Form, context: &mut Context<'_, '_>, keyboard: Keyboard<'_>, plan: Plan, frame: &Frame) -> Outcome<Sat> {
    let dumb = (context.world.variable)("TERM").is_some_and(|term| term == "dumb");
    let manner = if context.plain() || dumb { Manner::Aloud } else { Manner::Drawn { colour: context.colour() } };
    let now = (context.world.clock)();
    let began_at = Timestamp::from_second(now.as_second()).unwrap_or(now);
    let sat =
        |sitting: &Sitting, elapsed_s| Sat { began_at, elapsed_s, repetitions: sitting.repetitions(), marks: sitting.marks().to_vec() };
    form.let_go();
    let mut last = None;
    let left = sit(keyboard, context.world.stderr, manner, plan, frame, |sitting, elapsed_s| {
        let sat = sat(sitting, elapsed_s);
        form.hold(sat.answers());
        last = Some(sat);
    });
    let failed = |error: std::io::Error| Failure::new(ErrorKind::Failure, format!("cannot read the keys: {error}"));
    let left = left.map_err(|error| failed(error).hint("asif sit --no-input writes a sitting down without them"))?;
    // What was pressed and not read any more is no answer to what comes next.
    keyboard.forget();
    // The window may have another size by now.
    context.world.width = keyboard.size().map_or(context.world.width, |(columns, _)| columns);
    match (left, last) {
        (Left::Ended(_), Some(sat)) => Ok(sat),
        _ => Err(Failure::new(ErrorKind::Interrupted, "stopped here").into()),
    }
}

/// What is shown, by how the practice is done now; said before, where there is something to say.
fn prepared(practice: &Practice, length_s: u32, context: &mut Context<'_, '_>) -> Outcome<(Plan, Frame)> {
    let way = practice.adapted.last().map(|adapted| adapted.way);
    if practice.status == PracticeStatus::NotForMe {
        context.explain(gentler::LEFT);
    }
    let length = Duration::from_secs(length_s.into());
    let title = practice.slug.clone();
    let asked = Request::Phrase(PhraseAsk::List { practice: Some(practice.slug.clone()) });
    let (lines, above, counted) = match way {
        Some(Gentler::Breathe) => (gentler::line(Gentler::Breathe).map(str::to_owned).into_iter().collect(), None, false),
        way => {
            let mut phrases = context.ask_for(asked, |reply| if let Reply::Phrases(phrases) = reply { Some(phrases) } else { None })?;
            phrases.retain(|phrase| !phrase.value.deleted);
            phrases.sort_by_key(|phrase| phrase.value.order);
            let mut lines: Vec<String> = phrases.into_iter().map(|phrase| phrase.value.new_line).collect();
            if lines.is_empty() {
                context.explain("There are no phrases yet, so its title is shown. To add one:");
                context.say(&format!("  asif phrase add {} \"May I be safe.\"", practice.slug));
                lines.push(practice.title.clone());
            }
            (lines, way.and_then(gentler::line).map(str::to_owned), true)
        }
    };
    let frame = Frame { title, above, background: way == Some(Gentler::Background) };
    Ok((Plan { lines, counted, length }, frame))
}

/// Offers gentler ways; what was sat is logged already, whatever comes of this.
fn lead_out(practice: &Practice, context: &mut Context<'_, '_>) -> Outcome {
    let (now, slug) = ((context.world.clock)(), practice.slug.clone());
    // What stops it is no sitting to go on with: it is gone on with as the command that asks the same.
    context.resume(Draft {
        id: crate::fresh::id(),
        short: String::new(),
        words: vec!["practice".to_owned(), "adapt".to_owned(), practice.id.to_string()],
        answers: BTreeMap::new(),
        typing: None,
        begun_at: now,
        kept_at: now,
    });
    let chosen = form::fill(context, adapt::which, |context, id, way| {
        way.map(|way| adapt::adapt(context, id, practice.id.to_string(), way)).transpose()
    });
    match chosen {
        Ok(Some(adapted)) => context.show(|screen| gentler::adapted(screen, &adapted)),
        Err(error) if error.failure().is_none_or(|failure| failure.kind != ErrorKind::Interrupted) => Err(error),
        // What was typed there is kept.
        Err(error) if error.failure().is_some_and(|failure| failure.hint.is_some()) => Err(error),
        // Going away is an answer too.
        Ok(None) | Err(_) => {
            context.explain(&format!("It stays as it is. Another time: asif practice adapt {slug}"));
            Ok(())
        }
    }
}
