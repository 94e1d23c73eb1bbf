//! The time that `--at` names: read before anything is asked or typed, so that no word is typed for a time that is not taken.
//!
//! A time that a change of the clocks leaves open is asked about at a terminal, and refused with both readings elsewhere. In the words of a draft it
//! stands as what it was when it was said: "yesterday" stays that day when the draft is gone on with.

use asif_proto::moment::{self, Moment, MomentError, Reading};
use jiff::SignedDuration;

use crate::context::Context;
use crate::error::{CommandError, Outcome};
use crate::render::time;

/// What is further ahead than this is a slip, whatever a clock or a zone may be off by.
const AHEAD: SignedDuration = SignedDuration::from_hours(24);
/// What two clocks of one machine may differ by.
const NOW: SignedDuration = SignedDuration::from_secs(60);

/// Reads what was given as `--at`, and puts in its place what says the same without being open.
pub fn settle(at: &mut Option<String>, context: &mut Context<'_, '_>) -> Outcome {
    let Some(typed) = at.take() else { return Ok(()) };
    let zone = moment::zone(&context.world.zone_name());
    let now = context.now();
    let moment = match Moment::parse(&typed, now, &zone) {
        Ok(moment) => moment,
        Err(error) => {
            let reading = match error.readings() {
                Some(readings) if context.can_ask() => asked(&error, readings, context)?,
                _ => return Err(refused(&error)),
            };
            Moment::parse(&reading.text, now, &zone).map_err(|error| refused(&error))?
        }
    };
    let ahead = moment.timestamp().duration_since(now);
    if ahead > NOW {
        let told = format!("{} is still to come", time::when(&moment, now));
        let hint = "what you write down has happened: --at \"yesterday 21:30\", --at 2026-11-20T21:30";
        if ahead > AHEAD {
            return Err(CommandError::usage(told, hint));
        }
        context.say(&format!("{told}; it is written down as you said (the day before: --at \"yesterday 21:30\")"));
    }
    let settled = moment.to_string();
    context.reword("--at", &typed, &settled);
    *at = Some(settled);
    Ok(())
}

fn refused(error: &MomentError) -> CommandError {
    CommandError::usage(error.to_string(), "for example: --at 21:30, --at \"yesterday 21:30\"")
}

/// Which of the two readings is meant.
fn asked<'r>(error: &MomentError, readings: &'r [Reading; 2], context: &mut Context<'_, '_>) -> Outcome<&'r Reading> {
    let why = match error {
        MomentError::Gap { local, zone, from, to, .. } => {
            format!("{local} did not happen in {zone}: the clocks went forward from {from} to {to}.")
        }
        MomentError::Fold { local, zone, .. } => format!("{local} came twice in {zone}, when the clocks went back."),
        other => return Err(refused(other)),
    };
    context.explain(&why);
    for (number, reading) in (1..).zip(readings) {
        context.say(&format!("  {number} {}  {}", reading.text, reading.about));
    }
    let [first, second] = readings;
    let Some(mut prompt) = context.prompt() else { return Err(refused(error)) };
    loop {
        match prompt.line("Which of the two do you mean, 1 or 2?")?.as_str() {
            "1" => return Ok(first),
            "2" => return Ok(second),
            _ => prompt.say("  1 or 2; Ctrl-C stops here, and nothing was written down yet")?,
        }
    }
}
