//! Reminders: when they come, where that time is meant, what the screen says.

use asif_proto::local::{Desktop, Reminders, reminder::clock};
use asif_proto::record::{ClockChange, Days, Reminder, ReminderView, ReminderZone, Shown};
use serde::Serialize;

use super::{Screen, record, time};

/// What whoever chose words of their own should know.
pub const SEEN: &str = "Somebody else may see these words on your screen, also where it is locked.";

/// The reminders as `--json` tells them.
#[derive(Debug, Serialize)]
pub struct Told<'t> {
    #[serde(rename = "type")]
    kind: &'static str,
    #[serde(flatten)]
    all: &'t Reminders,
}

impl<'t> Told<'t> {
    /// Them with their name.
    pub fn of(all: &'t Reminders) -> Self {
        Self { kind: "reminders", all }
    }
}

/// `added reminder  7f3a  08:00 daily, wherever this machine is; next Sun 29 Nov 08:00`
pub fn changed(screen: &mut Screen, done: &str, one: &Shown<ReminderView>) {
    let ReminderView { reminder, .. } = &one.value;
    let (next, hint) = (next(screen, &one.value), record::hint(reminder.deleted, &one.short));
    let next = if reminder.deleted { String::new() } else { format!("; {next}") };
    screen.line(&format!("{done} reminder  {}  {}{next}{hint}", one.short, when(reminder)));
}

/// Every reminder on a line, and who shows them here.
pub fn list(screen: &mut Screen, all: &Reminders) {
    for one in &all.reminders {
        let ReminderView { reminder, .. } = &one.value;
        let parts = [next(screen, &one.value), when(reminder), format!("\"{}\"", reminder.text), one.short.clone()];
        screen.record(&parts);
        if let Some(about) = about_clocks(&one.value) {
            screen.sentence(&format!("    {about}"));
        }
    }
    match &all.desktop {
        _ if all.reminders.is_empty() => {}
        Desktop { shows: Some(true), .. } => screen.sentence("A desktop shows them here."),
        Desktop { shows: Some(false), why } => screen.sentence(&no_desktop(why.as_deref())),
        Desktop { shows: None, .. } => {}
    }
}

/// One reminder, whole.
pub fn whole(screen: &mut Screen, one: &Shown<ReminderView>) {
    let ReminderView { reminder, .. } = &one.value;
    record::heading(screen, &format!("Reminder  {}", when(reminder)), reminder.deleted);
    screen.prose("  ", &reminder.text);
    if !reminder.deleted {
        let next = next(screen, &one.value);
        screen.line(&format!("  {next}"));
    }
    if let Some(about) = about_clocks(&one.value) {
        screen.sentence(&about);
    }
    record::ending(screen, one, reminder.visibility);
}

/// What the clocks do to the next one, where they do anything.
pub fn about_clocks(one: &ReminderView) -> Option<String> {
    let (at, next) = (clock(one.reminder.at), one.next.as_ref()?);
    let day = next.zoned().strftime("%a %-d %b");
    Some(match one.clock_change? {
        ClockChange::Missing => {
            format!("The clocks go forward over {at} on {day}: it comes right after, at {}.", next.zoned().strftime("%H:%M"))
        }
        ClockChange::Twice => format!("The clocks go back on {day}, and {at} comes twice: it is shown the first time."),
    })
}

/// Where reminders are to be found without a desktop.
pub fn no_desktop(why: Option<&str>) -> String {
    let why = why.map(|why| format!(" ({why})")).unwrap_or_default();
    format!("No desktop shows them here{why}: what is due is a line in asif today.")
}

/// `08:00 weekdays, wherever this machine is`
fn when(one: &Reminder) -> String {
    let days = match one.days {
        Days::Weekly(week) => week.to_string(),
        Days::Once(date) => format!("once, on {}", date.strftime("%a %-d %b %Y")),
    };
    match &one.zone {
        ReminderZone::Floating => format!("{} {days}, wherever this machine is", clock(one.at)),
        ReminderZone::Fixed(zone) => format!("{} {days}, {zone}", clock(one.at)),
    }
}

fn next(screen: &Screen, one: &ReminderView) -> String {
    let Some(next) = &one.next else { return "over".to_owned() };
    let snoozed = one.reminder.snoozed_until.as_ref().is_some_and(|until| until.timestamp() == next.timestamp());
    format!("{} {}", if snoozed { "put off until" } else { "next" }, time::when(next, screen.now))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::screen_for_tests;
    use serde_json::json;

    fn one(more: serde_json::Value) -> Shown<ReminderView> {
        let mut fields = json!({
            "type": "reminder", "id": "019a0000-0000-7000-8000-000000007f3a", "short": "7f3a", "text": "A moment you set aside.",
            "at": "08:00:00", "days": "weekdays", "zone": "floating", "snoozed_until": null, "recorded_at": "2026-11-23T12:41:07Z",
            "visibility": "inherit", "deleted": false, "next": "2026-11-24T08:00:00+00:00[Europe/London]", "clock_change": null,
        });
        more.as_object().unwrap().iter().for_each(|(name, value)| fields[name] = value.clone());
        serde_json::from_value(fields).unwrap()
    }

    fn line(one: &Shown<ReminderView>) -> String {
        let mut screen = screen_for_tests(false, 100);
        changed(&mut screen, "added", one);
        screen.finish()
    }

    #[test]
    fn a_reminder_says_when_it_comes_and_nothing_else() {
        assert_eq!(line(&one(json!({}))), "added reminder  7f3a  08:00 weekdays, wherever this machine is; next Tue 24 Nov 08:00\n");
        let gone = one(json!({ "deleted": true, "zone": "Asia/Tokyo", "days": "2026-12-24" }));
        assert_eq!(line(&gone), "added reminder  7f3a  08:00 once, on Thu 24 Dec 2026, Asia/Tokyo  (restore: asif restore 7f3a)\n");
        let later = "2026-11-23T13:41:07+00:00[Europe/London]";
        assert!(line(&one(json!({ "snoozed_until": later, "next": later }))).contains("put off until Mon 23 Nov 13:41"));
        assert!(line(&one(json!({ "next": null }))).contains("; over"));
    }

    #[test]
    fn what_the_clocks_do_is_said() {
        let about =
            |change: &str, next: &str| about_clocks(&one(json!({ "at": "01:30:00", "clock_change": change, "next": next })).value).unwrap();
        assert_eq!(
            about("missing", "2026-03-29T02:00:00+01:00[Europe/London]"),
            "The clocks go forward over 01:30 on Sun 29 Mar: it comes right after, at 02:00."
        );
        assert!(about("twice", "2026-10-25T01:30:00+01:00[Europe/London]").contains("comes twice: it is shown the first time"));
    }
}
