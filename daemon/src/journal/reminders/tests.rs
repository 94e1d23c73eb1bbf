//! - Each date is shown once, at its time, in every zone of the bundled database, through every change of its clocks.
//! - Whoever was away for many days is reminded once.
//! - Whatever the clock, the zone and the sleep do, no date is shown twice; and once they are right again, no date is left out.

use std::collections::BTreeMap;

use asif_proto::moment::{Moment, zone};
use asif_proto::record::{NEUTRAL, ReminderZone, Visibility};
use jiff::civil::{Time, time};
use proptest::prelude::*;

use super::*;

const DAY: i64 = 86_400;

fn reminder(at: Time, days: &str) -> Reminder {
    Reminder {
        text: NEUTRAL.to_owned(),
        at,
        days: serde_json::from_value(days.into()).unwrap(),
        zone: ReminderZone::Floating,
        snoozed_until: None,
        recorded_at: "2026-11-01T12:00:00Z".parse().unwrap(),
        visibility: Visibility::default(),
        deleted: false,
    }
}

fn instant(text: &str) -> Timestamp {
    text.parse().unwrap()
}

/// A machine that looks at its one reminder whenever it is told to, and what it showed.
struct Machine {
    reminder: Reminder,
    memory: Remembered,
    shown: BTreeMap<Date, usize>,
    count: usize,
}

impl Machine {
    fn new(reminder: Reminder, zone: &TimeZone, now: Timestamp) -> Self {
        let memory = Remembered::first(&reminder, zone, now, false);
        Self { reminder, memory, shown: BTreeMap::new(), count: 0 }
    }

    fn look(&mut self, zone: &TimeZone, now: Timestamp) {
        self.memory.look(&self.reminder, zone, now);
        if let Some(due) = self.memory.due(&self.reminder, zone, now) {
            self.memory.show(&due, now);
            self.count += 1;
            *self.shown.entry(due.date.unwrap_or_default()).or_default() += 1;
        }
        assert_eq!(self.memory.due(&self.reminder, zone, now), None, "what was shown is not due");
        // A restart forgets nothing.
        let saved = serde_json::to_vec(&self.memory).unwrap();
        self.memory = serde_json::from_slice(&saved).unwrap();
    }

    /// Sleeps from alarm to alarm.
    fn run(&mut self, zone: &TimeZone, from: Timestamp, until: Timestamp) {
        let mut now = from;
        self.look(zone, now);
        while let Some(next) = self.memory.next(&self.reminder, zone, now).filter(|next| next.at < until) {
            assert!(next.at > now, "an alarm is ahead");
            now = next.at;
            self.look(zone, now);
        }
    }
}

#[test]
fn ten_days_away_are_one_reminder() {
    let london = zone("Europe/London");
    let mut machine = Machine::new(reminder(time(8, 0, 0, 0), "daily"), &london, instant("2026-11-10T12:00:00Z"));
    machine.look(&london, instant("2026-11-20T12:00:00Z"));
    machine.look(&london, instant("2026-11-20T12:00:01Z"));
    assert_eq!(machine.count, 1);
    assert_eq!(machine.shown.keys().map(Date::to_string).collect::<Vec<_>>(), ["2026-11-20"]);
}

#[test]
fn what_is_put_off_is_quiet_until_then_and_comes_once() {
    let london = zone("Europe/London");
    let mut machine = Machine::new(reminder(time(8, 0, 0, 0), "daily"), &london, instant("2026-11-10T12:00:00Z"));
    machine.look(&london, instant("2026-11-11T08:00:00Z"));
    machine.reminder.snoozed_until = Some(Moment::at(instant("2026-11-12T09:00:00Z"), &london));
    machine.look(&london, instant("2026-11-12T08:30:00Z"));
    assert_eq!(machine.count, 1, "the 8:00 of the day it is put off to is not shown before");
    machine.run(&london, instant("2026-11-12T08:30:00Z"), instant("2026-11-12T20:00:00Z"));
    assert_eq!(machine.count, 2);
    machine.look(&london, instant("2026-11-12T08:59:00Z"));
    machine.look(&london, instant("2026-11-12T09:30:00Z"));
    assert_eq!(machine.count, 2, "not again when the clock is set back");
    machine.run(&london, instant("2026-11-12T20:00:00Z"), instant("2026-11-13T20:00:00Z"));
    assert_eq!(machine.count, 3);
    machine.reminder.snoozed_until = Some(Moment::at(instant("2036-11-12T09:00:00Z"), &london));
    machine.run(&london, instant("2026-11-13T20:00:00Z"), instant("2026-11-14T20:00:00Z"));
    assert_eq!(machine.count, 4, "what only a wrong clock can have said silences nothing");
}

#[test]
fn what_passes_while_it_is_deleted_is_over() {
    let london = zone("Europe/London");
    let mut machine = Machine::new(reminder(time(8, 0, 0, 0), "daily"), &london, instant("2026-11-10T12:00:00Z"));
    machine.reminder.deleted = true;
    machine.memory.look(&machine.reminder, &london, instant("2026-11-10T12:00:01Z"));
    machine.reminder.deleted = false;
    machine.look(&london, instant("2026-11-12T12:00:00Z"));
    assert_eq!(machine.count, 0);
    machine.run(&london, instant("2026-11-12T12:00:00Z"), instant("2026-11-13T12:00:00Z"));
    assert_eq!(machine.count, 1);
}

#[test]
fn one_that_is_heard_of_late_is_shown_if_it_was_due_not_long_ago() {
    let (utc, now) = (TimeZone::UTC, instant("2026-11-10T12:00:00Z"));
    let mut one = reminder(time(8, 0, 0, 0), "2026-11-10");
    let due = |one: &Reminder, before| Remembered::first(one, &utc, now, before).due(one, &utc, now).is_some();
    assert!(due(&one, true) && !due(&one, false), "a device that is new has nothing to catch up with");
    one.days = serde_json::from_value("2026-11-08".into()).unwrap();
    assert!(!due(&one, true));
    one.recorded_at = instant("2036-01-01T00:00:00Z");
    one.days = serde_json::from_value("daily".into()).unwrap();
    let mut machine = Machine::new(one, &utc, now);
    machine.run(&utc, now, instant("2026-11-12T12:00:00Z"));
    assert_eq!(machine.count, 2, "written down under a wrong clock, it comes all the same");
}

#[test]
fn quiet_hours_end_where_the_clock_on_the_wall_says() {
    let london = zone("Europe/London");
    let quiet: QuietHours = "22:00-07:00".parse().unwrap();
    let until = |now: &str| quiet_until(&quiet, &london, instant(now)).map(|end| end.to_string());
    assert_eq!(until("2026-11-10T21:59:59Z"), None);
    assert_eq!(until("2026-11-10T22:00:00Z").as_deref(), Some("2026-11-11T07:00:00Z"));
    assert_eq!(until("2026-11-11T06:59:59Z").as_deref(), Some("2026-11-11T07:00:00Z"));
    assert_eq!(until("2026-11-11T07:00:00Z"), None);
    // The clocks go forward in the night, and back.
    assert_eq!(until("2026-03-28T23:00:00Z").as_deref(), Some("2026-03-29T06:00:00Z"));
    assert_eq!(until("2026-10-24T22:00:00Z").as_deref(), Some("2026-10-25T07:00:00Z"));
    // They end at a time that comes twice: at the first, and for good.
    let night: QuietHours = "23:00-01:30".parse().unwrap();
    assert_eq!(quiet_until(&night, &london, instant("2026-10-25T01:10:00Z")), None);
}

/// A zone of the bundled database, and a moment near one of its changes, if it has any.
fn near_a_change() -> impl Strategy<Value = (String, Timestamp)> {
    let names: Vec<String> = jiff::tz::db().available().map(|name| name.as_str().to_owned()).collect();
    (proptest::sample::select(names), 0i64..2_200_000_000, -3 * DAY..3 * DAY).prop_map(|(name, second, aside)| {
        let at = Timestamp::from_second(second).unwrap();
        let change = zone(&name).following(at).next().map_or(at, |change| change.timestamp());
        (name, change.checked_add(SignedDuration::from_secs(aside)).unwrap())
    })
}

fn times() -> impl Strategy<Value = Time> {
    (0i8..24, 0i8..60, prop_oneof![Just(0i8), 0i8..60]).prop_map(|(hour, minute, second)| time(hour, minute, second, 0))
}

fn later(at: Timestamp, seconds: i64) -> Timestamp {
    at.checked_add(SignedDuration::from_secs(seconds)).unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(600))]

    #[test]
    fn each_date_is_shown_once_through_every_change_of_every_zone((name, middle) in near_a_change(), at in times()) {
        let zone = zone(&name);
        let (from, until) = (later(middle, -5 * DAY), later(middle, 5 * DAY));
        let mut machine = Machine::new(reminder(at, "daily"), &zone, from);
        machine.run(&zone, from, until);
        let first = from.to_zoned_datetime(zone.clone()).date().tomorrow().unwrap();
        let last = until.to_zoned_datetime(zone.clone()).date().yesterday().unwrap();
        for date in first.series(Span::new().days(1)).take_while(|date| *date <= last) {
            // A day that never was falls together with the next.
            let falls_at = |date: Date| falls(date, at, &zone).unwrap().at;
            let merged = falls_at(date) == falls_at(date.tomorrow().unwrap());
            prop_assert_eq!(machine.shown.get(&date).copied().unwrap_or(0), usize::from(!merged), "{} {}", name, date);
        }
        prop_assert!(machine.shown.values().all(|times| *times == 1));
    }

    #[test]
    fn whatever_clock_zone_and_sleep_do_no_date_comes_twice_and_later_none_is_left_out(
        (home, middle) in near_a_change(),
        at in times(),
        happens in proptest::collection::vec((1..3 * DAY, prop_oneof![Just(0i64), -40 * DAY..40 * DAY, Just(-3600), Just(400 * DAY), Just(-9_000 * DAY)], near_a_change()), 1..12),
    ) {
        let mut now = middle;
        let home = zone(&home);
        let mut machine = Machine::new(reminder(at, "daily"), &home, now);
        for (asleep, wrong_by, (there, _)) in happens {
            now = later(now, asleep);
            // The clock is wrong, or the machine is in another zone, for a while.
            let (clock, there) = (later(now, wrong_by), zone(&there));
            machine.run(&there, clock, later(clock, DAY / 2));
            now = later(now, DAY / 2);
        }
        now = later(now, 2 * DAY);
        machine.run(&home, now, later(now, 5 * DAY));
        prop_assert!(machine.shown.values().all(|times| *times == 1), "{:?}", machine.shown);
        let first = now.to_zoned_datetime(home.clone()).date().tomorrow().unwrap();
        for date in first.series(Span::new().days(1)).take(3) {
            let merged = falls(date, at, &home).unwrap().at == falls(date.tomorrow().unwrap(), at, &home).unwrap().at;
            prop_assert!(merged || machine.shown.contains_key(&date), "{date} was never shown: {:?}", machine.shown);
        }
    }
}
