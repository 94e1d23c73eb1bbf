//! `asif remind`

use asif_proto::day;
use asif_proto::local::{Desktop, ErrorKind, Known, NewReminder, RemindAsk, Reminders, Reply, Request, Snooze};
use asif_proto::moment::parse_time;
use asif_proto::record::{Days, MAX_REMINDER_TEXT, NEUTRAL, ReminderView, ReminderZone, Shown, Weekdays};
use clap::Subcommand;
use jiff::civil::{Date, Time};

use super::fields::duration;
use super::prose;
use crate::completion::names;
use crate::context::Context;
use crate::error::{CommandError, Outcome};
use crate::form::{self, Form};
use crate::render::reminder;

/// A moment of the day that you set aside.
///
/// Somebody else may see your screen, so a reminder says nothing about you: "A moment you set aside." Where there is a desktop it shows
/// there; where there is none it is a line in asif today. What was due while this machine slept, or in quiet hours (asif config set
/// quiet-hours 22:00-07:00), is shown once.
#[derive(Debug, Subcommand)]
pub enum Args {
    /// Add a reminder. On a terminal it is asked for.
    Add(Add),
    /// Your reminders, the next first, and whether a desktop shows them here.
    List,
    /// Take a reminder away, on all your devices. It can be restored.
    Remove {
        /// Which: an id, or words that only it has
        #[arg(value_name = "ID", add = names(Known::Reminders))]
        reminder: String,
    },
    /// Put a reminder off, once, on all your devices; at most 7 days.
    Snooze {
        /// Which: an id, or words that only it has (the one that was shown last, unless given)
        #[arg(value_name = "ID", add = names(Known::Reminders))]
        reminder: Option<String>,
        /// For how long: 30m, or 1h30m
        #[arg(long = "for", value_name = "TIME", value_parser = duration, default_value = "1h", conflicts_with = "until")]
        length: u32,
        /// Until when: 15:00, tomorrow, or "fri 9:00"
        #[arg(long, value_name = "TIME")]
        until: Option<String>,
    },
}

/// A reminder to add.
#[derive(Debug, clap::Args)]
pub struct Add {
    /// The time of day: 8:00, or 20:30. Where the clocks go forward over it, it comes right after; where it comes twice, the first counts
    #[arg(value_name = "TIME", value_parser = time)]
    at: Option<Time>,
    /// Each week on these days: daily, weekdays, weekends, or some, like mon,wed [default: daily]
    #[arg(long, value_name = "DAYS", conflicts_with = "on")]
    days: Option<Weekdays>,
    /// Once, on this day: tomorrow, friday, or 2026-12-24
    #[arg(long, value_name = "DATE")]
    on: Option<String>,
    /// Where that time is meant: floating (wherever this machine is), here, or a zone like Europe/London
    #[arg(long, value_name = "ZONE", default_value = "floating")]
    zone: String,
    /// Your own words in place of the neutral ones; - reads them from standard input. Somebody else may see them on the screen
    #[arg(long, value_name = "TEXT|-", allow_hyphen_values = true)]
    text: Option<String>,
}

impl Args {
    /// Does it.
    pub fn run(self, context: &mut Context<'_, '_>) -> Outcome {
        match self {
            Self::Add(add) => add.run(context),
            Self::List => {
                let all = list(context)?;
                context.tell(&reminder::Told::of(&all), |screen| reminder::list(screen, &all))?;
                if all.reminders.is_empty() && !context.json() {
                    context.say("None yet. For example: asif remind add 8:00");
                }
                Ok(())
            }
            Self::Remove { reminder } => {
                let removed = context.ask_for(Request::Remind(RemindAsk::Remove { reminder }), one)?;
                context.tell(&removed, |screen| reminder::changed(screen, "removed", &removed))
            }
            Self::Snooze { reminder, length, until } => {
                let until = until.map_or(Snooze::For(length), Snooze::Until);
                let length = reminder.clone().filter(|typed| duration(typed).is_ok());
                let snoozed = context.ask_for(Request::Remind(RemindAsk::Snooze { reminder, until }), one).map_err(|error| {
                    match (error.failure(), length) {
                        (Some(failure), Some(length)) if failure.kind == ErrorKind::NotFound => {
                            failure.hint(format!("for how long is said with --for: asif remind snooze --for {length}")).into()
                        }
                        _ => error,
                    }
                })?;
                context.tell(&snoozed, |screen| reminder::changed(screen, "snoozed", &snoozed))
            }
        }
    }
}

impl Add {
    fn run(self, context: &mut Context<'_, '_>) -> Outcome {
        let Self { at, days, on, zone, text } = self;
        if at.is_none() && !context.can_ask() {
            return Err(form::missing("the time of day", "asif remind add 8:00"));
        }
        let zone = zone_of(context, &zone)?;
        let days = match (days, on) {
            (Some(week), _) => Some(Days::Weekly(week)),
            (None, Some(text)) => Some(Days::Once(
                on_day(context, &text)
                    .map_err(|why| CommandError::usage(why, "once: asif remind add 8:00 --on friday; each week: --days mon,wed"))?,
            )),
            (None, None) => None,
        };
        if text.as_deref() == Some("-") {
            let at = at.ok_or_else(|| CommandError::usage("with --text - the time of day is said too", "asif remind add 8:00 --text -"))?;
            let prose = prose::given("-", context, |_| Ok(()))?;
            let added = prose.kept_by(context, |context, id, text| {
                let new = NewReminder { at, days: days.unwrap_or(Days::DAILY), zone, text };
                context.ask_for_as(id, Request::Remind(RemindAsk::Add(new)), one)
            })?;
            return told(context, &added);
        }
        let added = form::fill(
            context,
            |form, context| asked(form, context, (at, days, text)),
            |context, id, said| {
                let Some((at, days, text)) = said else { return Ok(None) };
                let new = NewReminder { at, days, zone, text };
                context.ask_for_as(id, Request::Remind(RemindAsk::Add(new)), one).map(Some)
            },
        )?;
        match added {
            Some(added) => told(context, &added),
            None => context.nothing("No time was named: nothing was stored."),
        }
    }
}

type Said = (Time, Days, Option<String>);

/// What is missing is asked for; whoever named the time is asked nothing.
fn asked(form: &mut Form, context: &mut Context<'_, '_>, given: (Option<Time>, Option<Days>, Option<String>)) -> Outcome<Option<Said>> {
    let (at, days, text) = given;
    if let Some(at) = at {
        return Ok(Some((at, days.unwrap_or(Days::DAILY), text)));
    }
    let Some(at) = form.parsed(context, "at", "At what time of day?", time)? else { return Ok(None) };
    let days = match days {
        Some(days) => days,
        None => {
            let today = context.now();
            let today = today.to_zoned_datetime(context.world.zone.clone()).date();
            let read = |text: &str| match text.parse::<Weekdays>() {
                Ok(week) => Ok(Days::Weekly(week)),
                Err(error) => day::parse(text, today).map(Days::Once).map_err(|_| format!("{error}, or a day like tomorrow or 2026-12-24")),
            };
            form.parsed(context, "days", "On which days: daily, weekdays, mon,wed, or a day like tomorrow? [daily]", read)?
                .unwrap_or(Days::DAILY)
        }
    };
    let text = match text {
        Some(text) => Some(text),
        None => form.line_of(context, "text", &format!("Words on the screen (Enter: {NEUTRAL})?  >"), MAX_REMINDER_TEXT)?,
    };
    Ok(Some((at, days, text)))
}

fn told(context: &mut Context<'_, '_>, added: &Shown<ReminderView>) -> Outcome {
    context.tell(added, |screen| reminder::changed(screen, "added", added))?;
    if context.json() {
        return Ok(());
    }
    if added.value.reminder.text != NEUTRAL {
        context.explain(reminder::SEEN);
    }
    if let Some(about) = reminder::about_clocks(&added.value) {
        context.explain(&about);
    }
    // It is added; what else could be said of it is left out where it cannot be had.
    if let Ok(Reminders { desktop: Desktop { shows: Some(false), why }, .. }) = list(context) {
        context.explain(&reminder::no_desktop(why.as_deref()));
    }
    Ok(())
}

fn list(context: &mut Context<'_, '_>) -> Outcome<Reminders> {
    context.ask_for(Request::Remind(RemindAsk::List), |reply| if let Reply::Reminders(all) = reply { Some(all) } else { None })
}

fn one(reply: Reply) -> Option<Shown<ReminderView>> {
    if let Reply::Reminder(one) = reply { Some(one) } else { None }
}

fn time(text: &str) -> Result<Time, String> {
    parse_time(text.trim()).ok_or_else(|| format!("{text:?} is no time of day: use 8:00, or 20:30, from 0:00 to 23:59"))
}

fn on_day(context: &Context<'_, '_>, text: &str) -> Result<Date, String> {
    let today = context.now().to_zoned_datetime(context.world.zone.clone()).date();
    day::parse(text, today).map_err(|error| error.to_string())
}

fn zone_of(context: &Context<'_, '_>, text: &str) -> Outcome<ReminderZone> {
    let name = if text == "here" { context.world.zone_name() } else { text.to_owned() };
    if text == "here" && name.starts_with(['+', '-']) {
        let hint = "name one, like Europe/London, or use floating";
        return Err(CommandError::usage("this machine's time zone has no name to be kept", hint));
    }
    name.parse().map_err(|error: asif_proto::record::ZoneError| {
        let near = ReminderZone::nearest(&name);
        let hint = match &near[..] {
            [] => "use floating, here, or Area/City like Europe/London".to_owned(),
            near => format!("did you mean {}?", near.join(", or ")),
        };
        CommandError::usage(error.to_string(), hint)
    })
}
