//! When reminders are due: over dates, zones and what was shown before, with no clock of its own.
//!
//! An occurrence is a date, in the zone of its reminder. What was shown is remembered by date, so that neither a clock that is set, nor a
//! change of zone, nor daylight saving shows one twice. Only the latest occurrence that has come counts: whoever was away for ten days is
//! reminded once. The memory is this device's own.

use std::collections::BTreeSet;

use asif_proto::local::QuietHours;
use asif_proto::record::{ClockChange, Days, MAX_SNOOZE_HOURS, Reminder, falls};
use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Span, Timestamp};
use serde::{Deserialize, Serialize};

/// Dates that are remembered one by one; what was before the oldest is over.
const REMEMBERED: usize = 64;
/// So many days are looked through for the next occurrence: more than those remembered, on one day of the week.
const AHEAD: i64 = 7 * 70;
/// A clock on the other side of the date line shows no later date than this many days on.
const DATE_LINE: i64 = 2;
/// A reminder that is heard of late is still shown where it was due within this.
const LATE: SignedDuration = SignedDuration::from_hours(24);

/// What a device remembers of one reminder.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Remembered {
    /// This date and all before it are over.
    over: Date,
    /// Dates after it whose occurrence was shown.
    shown: BTreeSet<Date>,
    /// The moment it was put off to, once that was shown.
    snooze: Option<Timestamp>,
    /// It was deleted when it was last looked at.
    hidden: bool,
    /// The last time it was shown, or was to be.
    pub last: Option<Showing>,
}

/// One time that a reminder was shown, or was to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Showing {
    /// When it was due.
    pub due: Timestamp,
    /// When it was handed to the desktop.
    pub at: Timestamp,
    /// A desktop has shown it.
    pub on_desktop: bool,
}

/// A reminder is due.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Due {
    /// Since when.
    pub at: Timestamp,
    date: Option<Date>,
    snooze: Option<Timestamp>,
}

/// When a reminder comes next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Next {
    /// The instant.
    pub at: Timestamp,
    /// What the clocks do to it.
    pub change: Option<ClockChange>,
}

impl Remembered {
    /// Of a reminder that this device hears of now. `before`: it has remembered others before; then what was due since the reminder was
    /// written down is still to come, if that is not long ago.
    pub fn first(reminder: &Reminder, zone: &TimeZone, now: Timestamp, before: bool) -> Self {
        let earliest = now.checked_sub(LATE).unwrap_or(now);
        let from = if before { reminder.recorded_at.clamp(earliest, now) } else { now };
        let snooze = reminder.snoozed_until.as_ref().map(|until| until.timestamp()).filter(|until| *until <= from);
        Self { over: over_at(reminder, zone, from), shown: BTreeSet::new(), snooze, hidden: false, last: None }
    }

    /// Takes note of how things stand: what passes while it is deleted is over, and a date that only a wrong clock can have told is none.
    pub fn look(&mut self, reminder: &Reminder, zone: &TimeZone, now: Timestamp) {
        let today = now.to_zoned_datetime(zone.clone()).date();
        let came_back = self.hidden && !reminder.deleted;
        if came_back || days_from(today, DATE_LINE).is_some_and(|latest| self.over > latest) {
            self.over = over_at(reminder, zone, now);
        }
        if came_back {
            self.snooze = reminder.snoozed_until.as_ref().map(|until| until.timestamp()).filter(|until| *until <= now);
        }
        self.hidden = reminder.deleted;
    }

    /// Whether it is due, and since when.
    pub fn due(&self, reminder: &Reminder, zone: &TimeZone, now: Timestamp) -> Option<Due> {
        let latest = latest(reminder, zone, now).filter(|(date, _)| !self.is_done(*date));
        if let Some(until) = self.put_off(reminder, now) {
            return (until <= now).then_some(Due { at: until, date: latest.map(|(date, _)| date), snooze: Some(until) });
        }
        latest.map(|(date, at)| Due { at, date: Some(date), snooze: None })
    }

    /// It is handed to the desktop: never again for this.
    pub fn show(&mut self, due: &Due, now: Timestamp) {
        self.snooze = due.snooze.or(self.snooze);
        self.shown.extend(due.date);
        while self.shown.len() > REMEMBERED {
            self.over = self.shown.pop_first().map_or(self.over, |oldest| oldest.max(self.over));
        }
        self.last = Some(Showing { due: due.at, at: now, on_desktop: false });
    }

    /// When it comes next, after `now`.
    pub fn next(&self, reminder: &Reminder, zone: &TimeZone, now: Timestamp) -> Option<Next> {
        if let Some(until) = self.put_off(reminder, now).filter(|until| *until > now) {
            return Some(Next { at: until, change: None });
        }
        let comes = |date: Date| {
            let falls = falls(date, reminder.at, zone).filter(|falls| falls.at > now)?;
            (reminder.days.has(date) && !self.is_done(date)).then_some(Next { at: falls.at, change: falls.change })
        };
        match reminder.days {
            Days::Once(date) => comes(date),
            Days::Weekly(_) => {
                let today = now.to_zoned_datetime(zone.clone()).date();
                (-1..AHEAD).filter_map(|days| days_from(today, days)).find_map(comes)
            }
        }
    }

    /// The moment it was put off to and not shown since. What is further off than anybody can say, a wrong clock said.
    pub fn put_off(&self, reminder: &Reminder, now: Timestamp) -> Option<Timestamp> {
        let until = reminder.snoozed_until.as_ref()?.timestamp();
        let longest = SignedDuration::from_hours(MAX_SNOOZE_HOURS + 24);
        (self.snooze != Some(until) && until.duration_since(now) <= longest).then_some(until)
    }

    fn is_done(&self, date: Date) -> bool {
        date <= self.over || self.shown.contains(&date)
    }
}

/// Until when the quiet hours last that there are now.
pub fn quiet_until(quiet: &QuietHours, zone: &TimeZone, now: Timestamp) -> Option<Timestamp> {
    let local = now.to_zoned_datetime(zone.clone());
    let end = quiet.hold(local.time()).then(|| quiet.end_date(local.date(), local.time()))??;
    falls(end, quiet.end(), zone).map(|falls| falls.at).filter(|end| *end > now)
}

/// The latest occurrence that has come.
fn latest(reminder: &Reminder, zone: &TimeZone, now: Timestamp) -> Option<(Date, Timestamp)> {
    let come = |date: Date| falls(date, reminder.at, zone).filter(|falls| falls.at <= now).map(|falls| (date, falls.at));
    if let Days::Once(date) = reminder.days {
        return come(date);
    }
    let today = now.to_zoned_datetime(zone.clone()).date();
    // Where the clocks go back over midnight, a time of tomorrow has come today.
    let back = (-7..=1).rev().filter_map(|days| days_from(today, days));
    back.filter(|date| reminder.days.has(*date)).find_map(come)
}

/// The latest date whose time of day has come.
fn over_at(reminder: &Reminder, zone: &TimeZone, now: Timestamp) -> Date {
    let today = now.to_zoned_datetime(zone.clone()).date();
    let come = |date: &Date| falls(*date, reminder.at, zone).is_some_and(|falls| falls.at <= now);
    (-2..=1).rev().filter_map(|days| days_from(today, days)).find(come).unwrap_or(today)
}

fn days_from(date: Date, days: i64) -> Option<Date> {
    date.checked_add(Span::new().try_days(days).ok()?).ok()
}

#[cfg(test)]
mod tests;
