//! Times in every zone of the bundled database, 1970 to 2200.
//!
//! - *What a moment is survives.* Instant, zone, offset and local date are the same after a moment was displayed and read, as a person types it
//!   and as JSON; also where another database does not know the zone.
//! - *Every local time around every change of the clocks* is read as the zone's own changes say: once, never, or twice; of the last two both
//!   readings are named, and each, said again, is that time.
//! - *A day begins with its first instant*, also where there is no midnight, or two.
//!
//! What a zone's clocks show is computed here from the list of their changes alone.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test ends where something is not as it must be")]

use std::collections::BTreeSet;

use asif_proto::moment::{Moment, MomentError};
use jiff::civil::{Date, DateTime, Time};
use jiff::tz::{Offset, TimeZone};
use jiff::{Timestamp, ToSpan};
use proptest::prelude::*;

/// Every zone with its clocks, those that show the same time as another only once.
fn zones() -> Vec<Clocks> {
    let mut seen = BTreeSet::new();
    let names = jiff::tz::db().available().map(|name| name.to_string());
    names.map(|name| Clocks::of(&name)).filter(|clocks| seen.insert(clocks.stretches.clone())).collect()
}

/// The clocks of a zone: stretches of time, each with its beginning and its offset in seconds.
struct Clocks {
    name: String,
    zone: TimeZone,
    stretches: Vec<(i64, i32)>,
}

impl Clocks {
    fn of(name: &str) -> Self {
        let zone = TimeZone::get(name).unwrap();
        let begin: Timestamp = "1969-12-25T00:00:00Z".parse().unwrap();
        let end: Timestamp = "2201-01-07T00:00:00Z".parse().unwrap();
        let mut stretches = vec![(begin.as_second(), zone.to_offset(begin).seconds())];
        for change in zone.following(begin).take_while(|change| change.timestamp() < end) {
            // Some changes change only the name of the time.
            if stretches.last().unwrap().1 != change.offset().seconds() {
                stretches.push((change.timestamp().as_second(), change.offset().seconds()));
            }
        }
        Self { name: name.to_owned(), zone, stretches }
    }

    /// Every stretch with its end.
    fn ends(&self) -> impl Iterator<Item = (i64, i64, i32)> + '_ {
        let next = self.stretches.iter().skip(1).map(|(begin, _)| *begin).chain([i64::MAX]);
        self.stretches.iter().zip(next).map(|((begin, offset), end)| (*begin, end, *offset))
    }

    /// The stretches from three before the change that begins the `n`th to three after it.
    fn near(&self, n: usize) -> Vec<(i64, i64, i32)> {
        self.ends().skip(n.saturating_sub(3)).take(6).collect()
    }

    /// Changes of the clocks, by the stretch that each begins. Those far from now come again and again: some of them are enough.
    fn changes(&self) -> impl Iterator<Item = usize> + '_ {
        let soon = Timestamp::constant(2_240_000_000, 0).as_second();
        (1..self.stretches.len()).filter(move |n| self.stretches[*n].0 < soon || n % 7 == 0)
    }
}

fn local(instant: i64, offset: i32) -> DateTime {
    Offset::from_seconds(offset).unwrap().to_datetime(Timestamp::from_second(instant).unwrap())
}

/// The instants at which these clocks show a local time.
fn shown(stretches: &[(i64, i64, i32)], at: DateTime) -> Vec<i64> {
    let instant = |offset| Offset::from_seconds(offset).unwrap().to_timestamp(at).unwrap().as_second();
    stretches
        .iter()
        .filter(|(begin, end, offset)| (*begin..*end).contains(&instant(*offset)))
        .map(|(_, _, offset)| instant(*offset))
        .collect()
}

/// The first instant at which these clocks show a day, or where they never do, a later one.
fn first(stretches: &[(i64, i64, i32)], day: Date) -> i64 {
    let midnight = |offset| Offset::from_seconds(offset).unwrap().to_timestamp(day.to_datetime(Time::midnight())).unwrap().as_second();
    let begins = stretches.iter().filter_map(|(begin, end, offset)| {
        let at = midnight(*offset).max(*begin);
        (at < *end).then_some(at)
    });
    let all: Vec<i64> = begins.collect();
    let of_it = all
        .iter()
        .filter(|at| stretches.iter().any(|(begin, end, offset)| (*begin..*end).contains(*at) && local(**at, *offset).date() == day));
    of_it.min().or(all.iter().min()).copied().unwrap()
}

fn now() -> Timestamp {
    "2026-11-23T12:41:07Z".parse().unwrap()
}

/// The moment, read from what it displays and from JSON, is the same; returns it.
fn survives(instant: i64, clocks: &Clocks) -> Moment {
    let at = Timestamp::from_second(instant).unwrap();
    let moment = Moment::at(at, &clocks.zone);
    let text = moment.to_string();
    let json: Moment = serde_json::from_value(serde_json::to_value(&moment).unwrap()).unwrap();
    let same = |other: &Moment| {
        assert_eq!(other, &moment, "{text}");
        assert_eq!((other.timestamp(), other.local_date(), other.zone_name()), (at, moment.local_date(), moment.zone_name()), "{text}");
        assert_eq!((other.zoned().offset(), other.to_string()), (moment.zoned().offset(), text.clone()));
    };
    same(&json);
    if let Ok(typed) = Moment::parse(&text, now(), &TimeZone::UTC) {
        same(&typed);
    } else {
        assert!(!(1970..=2200).contains(&moment.local_date().year()), "{text}");
    }
    assert_eq!(moment.zone_name(), Some(clocks.name.as_str()));
    let strange = text.replace(&format!("[{}]", clocks.name), "[Nowhere/Nowhere]");
    let strange: Moment = serde_json::from_value(strange.into()).unwrap();
    assert_eq!((strange.timestamp(), strange.zoned().offset(), strange.local_date()), (at, moment.zoned().offset(), moment.local_date()));
    assert_eq!(strange.zone_name(), Some("Nowhere/Nowhere"));
    moment
}

#[test]
fn a_moment_around_every_change_of_the_clocks_survives() {
    for clocks in zones() {
        for n in clocks.changes() {
            let (change, offset) = clocks.stretches[n];
            for beside in [-1, 0, 1] {
                survives(change + beside, &clocks);
            }
            let day = survives(change, &clocks).local_date();
            // Of an offset with seconds only the minutes can be written.
            assert!(day == local(change, offset).date() || offset % 60 != 0, "{}", clocks.name);
        }
    }
}

#[test]
fn every_name_of_the_database_is_kept() {
    let mut count = 0;
    for name in jiff::tz::db().available() {
        let clocks = Clocks { zone: TimeZone::get(name.as_str()).unwrap(), name: name.to_string(), stretches: Vec::new() };
        for instant in [0, 100_000_000, 1_795_000_000, 7_000_000_000] {
            survives(instant, &clocks);
        }
        count += 1;
    }
    assert!(count > 500, "only {count} zones");
}

proptest! {
    #[test]
    fn a_moment_at_any_time_survives(instant in 0i64..7_258_118_400, which in any::<prop::sample::Index>()) {
        let names: Vec<_> = jiff::tz::db().available().map(|name| name.to_string()).collect();
        let name = which.get(&names);
        let clocks = Clocks { zone: TimeZone::get(name).unwrap(), name: name.clone(), stretches: Vec::new() };
        survives(instant, &clocks);
    }
}

/// Reads a local time in a zone, and holds what is read against the instants at which the clocks show it.
fn read(clocks: &Clocks, at: DateTime, instants: &[i64]) {
    let text = at.strftime("%Y-%m-%dT%H:%M:%S").to_string();
    let seconds = |moment: Moment| moment.timestamp().as_second();
    let again = |text: &str| seconds(Moment::parse(text, now(), &clocks.zone).unwrap_or_else(|error| panic!("{text}: {error}")));
    let name = &clocks.name;
    match (Moment::parse(&text, now(), &clocks.zone), instants) {
        (Err(MomentError::OutOfRange(_)), _) => assert!(!(1971..=2199).contains(&at.year()), "{text} in {name}"),
        (Ok(moment), [instant]) => assert_eq!(seconds(moment), *instant, "{text} in {name}"),
        (Err(MomentError::Fold { readings, .. }), [earlier, later]) => {
            assert_eq!(readings.0.each_ref().map(|reading| again(&reading.text)), [*earlier, *later], "{text} in {name}");
        }
        (Err(MomentError::Gap { readings, .. }), []) => {
            // What the clock before the change would have shown then, and the clock after it.
            let [before, after] = readings.0.each_ref().map(|reading| again(&reading.text));
            let change = clocks.stretches.iter().position(|(begin, _)| (before + 1..=after).contains(begin)).unwrap();
            let (old, new) = (clocks.stretches[change - 1].1, clocks.stretches[change].1);
            let clock = |offset| Offset::from_seconds(offset).unwrap().to_timestamp(at).unwrap().as_second();
            assert_eq!([before, after], [clock(new), clock(old)], "{text} in {name}");
        }
        (read, instants) => panic!("{text} in {name} is there at {instants:?} and is read as {read:?}"),
    }
}

#[test]
fn every_local_time_around_every_change_is_read_as_the_clocks_show_it() {
    let mut kinds = BTreeSet::new();
    for clocks in zones() {
        for n in clocks.changes() {
            let near = clocks.near(n);
            let (change, new) = clocks.stretches[n];
            let old = clocks.stretches[n - 1].1;
            let (one, other) = (local(change, old), local(change, new));
            let middle = local(change, i32::midpoint(old, new));
            for edge in [one, other] {
                for beside in [-1, 0, 1] {
                    let at = edge + beside.seconds();
                    let instants = shown(&near, at);
                    kinds.insert(instants.len());
                    read(&clocks, at, &instants);
                }
            }
            read(&clocks, middle, &shown(&near, middle));
        }
    }
    assert_eq!(kinds, [0, 1, 2].into(), "never, once and twice");
}

#[test]
fn a_bare_date_is_the_first_instant_of_its_day_also_where_there_is_no_midnight() {
    let mut without_midnight = 0;
    for clocks in zones() {
        for n in clocks.changes() {
            let near = clocks.near(n);
            let (change, new) = clocks.stretches[n];
            let days: BTreeSet<Date> = [clocks.stretches[n - 1].1, new].map(|offset| local(change, offset).date()).into();
            let next = days.iter().map(|day| day.tomorrow().unwrap()).chain(days.iter().map(|day| day.yesterday().unwrap()));
            for day in days.iter().copied().chain(next).collect::<BTreeSet<_>>() {
                let Ok(begin) = Moment::parse_bound(&day.to_string(), now(), &clocks.zone) else {
                    assert!(!(1970..=2200).contains(&day.year()), "{day} in {}", clocks.name);
                    continue;
                };
                assert_eq!(begin.timestamp().as_second(), first(&near, day), "{day} in {}", clocks.name);
                without_midnight += usize::from(shown(&near, day.to_datetime(Time::midnight())).is_empty());
            }
        }
    }
    assert!(without_midnight > 100, "{without_midnight}");
}
