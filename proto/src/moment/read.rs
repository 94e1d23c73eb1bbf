//! Reading what a person typed.

use std::fmt;

use jiff::civil::{Date, DateTime, Time};
use jiff::tz::{AmbiguousOffset, TimeZone};
use jiff::{Timestamp, ZonedDateTime};

use super::{Moment, PARSER, from_written};

/// Why a text is not a time.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MomentError {
    /// None of the accepted forms, or no such day.
    #[error("{0:?} is not a time: use 2026-11-20T21:30, \"yesterday 21:30\" or 21:30")]
    Unreadable(String),
    /// No such day, for bounds that take a bare date.
    #[error("{0:?} is not a date: use 2026-11-20, 2026-11-20T21:30, today, yesterday or 7d")]
    NotADate(String),
    /// A bare date where a time of day is needed.
    #[error("{0:?} has no time of day: use {0}T21:30")]
    NoTimeOfDay(String),
    /// The clocks went forward over this time.
    #[error("{local} did not happen in {zone}: the clocks went forward from {from} to {to}. {readings}")]
    Gap {
        /// The local time that was asked for.
        local: String,
        /// The zone.
        zone: String,
        /// The local time at which the clocks were put forward.
        from: String,
        /// The local time to which.
        to: String,
        /// What it may have been by the clock before the change, and by that after it.
        readings: Readings,
    },
    /// The clocks went back and this time came twice.
    #[error("{local} came twice in {zone}, when the clocks went back. {readings}")]
    Fold {
        /// The local time that was asked for.
        local: String,
        /// The zone.
        zone: String,
        /// The first time and the second.
        readings: Readings,
    },
    /// Before 1970 or after 2200, where no month document exists.
    #[error("{0} is outside the years 1970 to 2200")]
    OutOfRange(String),
}

impl MomentError {
    /// What a time may have been that a change of the clocks leaves open, the earlier first.
    pub fn readings(&self) -> Option<&[Reading; 2]> {
        match self {
            Self::Gap { readings, .. } | Self::Fold { readings, .. } => Some(&readings.0),
            Self::Unreadable(_) | Self::NotADate(_) | Self::NoTimeOfDay(_) | Self::OutOfRange(_) => None,
        }
    }
}

/// The two times that a local time may have been, the earlier first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Readings(pub Box<[Reading; 2]>);

impl fmt::Display for Readings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [first, second] = &*self.0;
        write!(f, "Say {} ({}) or {} ({})", first.text, first.about, second.text, second.about)
    }
}

/// One of the two times that a local time may have been.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reading {
    /// What says just this: [`Moment::parse`] takes it as it stands.
    pub text: String,
    /// In words, beside which side of the change.
    pub about: &'static str,
}

impl Moment {
    /// A moment from what a person typed: `2026-11-20T21:30`, `2026-11-20 21:30:05`, `yesterday 21:30`, `today 8:00`,
    /// `21:30`, or a full RFC 9557 or RFC 3339 time.
    ///
    /// A local time that did not happen, or came twice, is an error that names both readings.
    pub fn parse(text: &str, now: Timestamp, zone: &TimeZone) -> Result<Self, MomentError> {
        let text = text.trim();
        if let Some((local, named)) = parse_local_in_zone(text) {
            return resolve(local, &named, named != *zone)?.checked();
        }
        if let Some(moment) = parse_full(text, zone) {
            return moment.checked();
        }
        let unreadable = || MomentError::Unreadable(text.to_owned());
        if let Some(date) = parse_day(text, now, zone) {
            return Err(MomentError::NoTimeOfDay(date.to_string()));
        }
        let local = match text.rsplit_once([' ', 'T', 't']) {
            None => today(now, zone).to_datetime(parse_time(text).ok_or_else(unreadable)?),
            Some((day, time)) => {
                let day = parse_day(day.trim(), now, zone).ok_or_else(unreadable)?;
                day.to_datetime(parse_time(time).ok_or_else(unreadable)?)
            }
        };
        resolve(local, zone, false)?.checked()
    }

    pub(super) fn checked(self) -> Result<Self, MomentError> {
        if (1970..=2200).contains(&self.local_date().year()) { Ok(self) } else { Err(MomentError::OutOfRange(self.to_string())) }
    }
}

pub(super) fn today(now: Timestamp, zone: &TimeZone) -> Date {
    now.to_zoned_datetime(zone.clone()).date()
}

fn parse_full(text: &str, zone: &TimeZone) -> Option<Moment> {
    if text.ends_with(']') {
        let moment = from_written(text)?;
        // A zone that is typed is one that is known: another name is a slip.
        let known = moment.zone_name().is_none_or(|name| TimeZone::get(name).is_ok());
        return known.then(|| Moment { zone: moment.zone.clone(), ..Moment::at(moment.timestamp(), moment.zoned.time_zone()) });
    }
    PARSER.parse_timestamp(text).ok().map(|timestamp| Moment::at(timestamp, zone))
}

/// `2026-11-20T21:30[Europe/London]`: a local time in a zone, with no offset to say which of two readings is meant.
fn parse_local_in_zone(text: &str) -> Option<(DateTime, TimeZone)> {
    let (local, zone) = text.strip_suffix(']')?.split_once('[')?;
    let (_, time) = local.split_once(['T', 't', ' '])?;
    let has_offset = time.contains(['+', '-', 'Z', 'z']);
    (!has_offset).then_some(())?;
    Some((local.parse().ok()?, TimeZone::get(zone).ok()?))
}

pub(super) fn parse_day(text: &str, now: Timestamp, zone: &TimeZone) -> Option<Date> {
    match text.to_lowercase().as_str() {
        "today" => Some(today(now, zone)),
        "yesterday" => today(now, zone).yesterday().ok(),
        _ if text.len() == 10 => text.parse().ok(),
        _ => None,
    }
}

/// A time of day: `8:00`, `08:00` or `08:00:30`.
pub fn parse_time(text: &str) -> Option<Time> {
    let mut parts = text.split(':');
    let number = |part: Option<&str>| {
        let part = part?;
        (matches!(part.len(), 1 | 2) && part.bytes().all(|b| b.is_ascii_digit())).then(|| part.parse::<i8>().ok())?
    };
    let (hour, minute) = (number(parts.next())?, number(parts.next())?);
    let second = match parts.next() {
        Some(part) => number(Some(part))?,
        None => 0,
    };
    if parts.next().is_some() {
        return None;
    }
    Time::new(hour, minute, second, 0).ok()
}

/// The moment of a local time; with `elsewhere`, readings name their zone, which is not the caller's.
fn resolve(local: DateTime, zone: &TimeZone, elsewhere: bool) -> Result<Moment, MomentError> {
    let ambiguous = zone.to_ambiguous_zoned_datetime(local);
    let out_of_range = |_| MomentError::OutOfRange(local.to_string());
    let offset = ambiguous.offset();
    if let AmbiguousOffset::Unambiguous { .. } = offset {
        return Ok(Moment::of(ambiguous.unambiguous().map_err(out_of_range)?));
    }
    let (earlier, later) = (ambiguous.clone().earlier().map_err(out_of_range)?, ambiguous.later().map_err(out_of_range)?);
    let name = zone.iana_name().unwrap_or("this zone").to_owned();
    let reading = |zoned: &ZonedDateTime, about| {
        let place = if elsewhere { format!("[{name}]") } else { String::new() };
        Reading { text: format!("{}{place}", zoned.strftime("%Y-%m-%dT%H:%M:%S%:z")), about }
    };
    let told = local.strftime("%H:%M:%S on %-d %b %Y").to_string().replacen(":00 on", " on", 1);
    if let AmbiguousOffset::Fold { .. } = offset {
        let readings = [reading(&earlier, "the first time, before they went back"), reading(&later, "the second time, after it")];
        return Err(MomentError::Fold { local: told, zone: name, readings: Readings(readings.into()) });
    }
    let change = zone.following(earlier.timestamp()).next().map_or(later.timestamp(), |change| change.timestamp());
    let clock = |side: &ZonedDateTime| {
        let at = side.offset().to_datetime(change);
        at.strftime(if at.date() == local.date() { "%H:%M" } else { "%H:%M on %-d %b" }).to_string()
    };
    let (from, to) = (clock(&earlier), clock(&later));
    let readings = [reading(&earlier, "before they went forward"), reading(&later, "after it")];
    Err(MomentError::Gap { local: told, zone: name, from, to, readings: Readings(readings.into()) })
}
