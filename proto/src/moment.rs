//! Times as a person means them: an instant, the zone it was lived in, the offset and the local date.

use std::fmt;

use jiff::civil::{Date, DateTime, Time};
use jiff::tz::{AmbiguousOffset, Offset, OffsetConflict, TimeZone};
use jiff::{Span, Timestamp, ZonedDateTime};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// When something happened: `2026-11-23T12:41:07+00:00[Europe/London]`, whole seconds.
///
/// The zone database is the bundled one. A text whose offset no longer fits its zone keeps its offset: the instant stays.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Moment(ZonedDateTime);

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
    #[error("{local} did not happen in {zone}: the clocks went forward over it, from {before} to {after}. Give one of those")]
    Gap {
        /// The local time that was asked for.
        local: String,
        /// The zone.
        zone: String,
        /// The reading with the offset before the change.
        before: String,
        /// The reading with the offset after the change.
        after: String,
    },
    /// The clocks went back and this time came twice.
    #[error("{local} came twice in {zone}, when the clocks went back. Give {earlier} or {later}")]
    Fold {
        /// The local time that was asked for.
        local: String,
        /// The zone.
        zone: String,
        /// The first reading.
        earlier: String,
        /// The second reading.
        later: String,
    },
    /// Before 1970 or after 2200, where no month document exists.
    #[error("{0} is outside the years 1970 to 2200")]
    OutOfRange(String),
}

impl Moment {
    /// `now` in `zone`, cut to whole seconds.
    pub fn at(now: Timestamp, zone: &TimeZone) -> Self {
        let seconds = Timestamp::from_second(now.as_second()).unwrap_or(now);
        Self::of(seconds.to_zoned_datetime(zone.clone()))
    }

    /// A moment from what a person typed: `2026-11-20T21:30`, `2026-11-20 21:30:05`, `yesterday 21:30`, `today 8:00`,
    /// `21:30`, or a full RFC 9557 or RFC 3339 time.
    ///
    /// A local time that did not happen, or came twice, is an error that names both readings.
    pub fn parse(text: &str, now: Timestamp, zone: &TimeZone) -> Result<Self, MomentError> {
        let text = text.trim();
        if let Some((local, zone)) = parse_local_in_zone(text) {
            return resolve(local, &zone)?.checked();
        }
        if let Some(zoned) = parse_full(text, zone) {
            return Self::at(zoned.timestamp(), zoned.time_zone()).checked();
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
        resolve(local, zone)?.checked()
    }

    /// A bound for `--since` and `--until`: as [`Moment::parse`], and also a bare date or `7d` (days back), which mean
    /// the start of that local day.
    pub fn parse_bound(text: &str, now: Timestamp, zone: &TimeZone) -> Result<Self, MomentError> {
        let text = text.trim();
        let days_back = text.strip_suffix('d').filter(|days| !days.is_empty() && days.bytes().all(|byte| byte.is_ascii_digit()));
        let day = match days_back {
            Some(days) => {
                let span = days.parse::<i64>().ok().and_then(|days| Span::new().try_days(days).ok());
                span.and_then(|span| today(now, zone).checked_sub(span).ok())
            }
            None => parse_day(text, now, zone),
        };
        match day {
            Some(day) => {
                let start = day.to_zoned_datetime(zone.clone()).map_err(|_| MomentError::NotADate(text.to_owned()))?;
                Self::of(start).checked()
            }
            None => Self::parse(text, now, zone).map_err(|error| match error {
                MomentError::Unreadable(text) => MomentError::NotADate(text),
                other => other,
            }),
        }
    }

    /// An offset is written in whole minutes; one with seconds, as before there were standard times, is kept as what can be written, and the
    /// instant stays.
    fn of(zoned: ZonedDateTime) -> Self {
        let seconds = zoned.offset().seconds();
        match Offset::from_seconds(seconds - seconds % 60) {
            Ok(whole) if whole != zoned.offset() => Self(zoned.timestamp().to_zoned_datetime(TimeZone::fixed(whole))),
            _ => Self(zoned),
        }
    }

    fn checked(self) -> Result<Self, MomentError> {
        if (1970..=2200).contains(&self.0.year()) { Ok(self) } else { Err(MomentError::OutOfRange(self.to_string())) }
    }

    /// The instant.
    pub fn timestamp(&self) -> Timestamp {
        self.0.timestamp()
    }

    /// The date on the wall calendar where it happened.
    pub fn local_date(&self) -> Date {
        self.0.date()
    }

    /// The time with its zone.
    pub fn zoned(&self) -> &ZonedDateTime {
        &self.0
    }

    /// For people: `Mon 23 Nov 12:41`.
    pub fn short(&self) -> String {
        self.0.strftime("%a %-d %b %H:%M").to_string()
    }
}

fn today(now: Timestamp, zone: &TimeZone) -> Date {
    now.to_zoned_datetime(zone.clone()).date()
}

fn parse_full(text: &str, zone: &TimeZone) -> Option<ZonedDateTime> {
    static PARSER: jiff::fmt::temporal::DateTimeParser =
        jiff::fmt::temporal::DateTimeParser::new().offset_conflict(OffsetConflict::AlwaysOffset);
    if text.ends_with(']') {
        return PARSER.parse_zoned_datetime(text).ok();
    }
    PARSER.parse_timestamp(text).ok().map(|timestamp| timestamp.to_zoned_datetime(zone.clone()))
}

/// `2026-11-20T21:30[Europe/London]`: a local time in a zone, with no offset to say which of two readings is meant.
fn parse_local_in_zone(text: &str) -> Option<(DateTime, TimeZone)> {
    let (local, zone) = text.strip_suffix(']')?.split_once('[')?;
    let (_, time) = local.split_once(['T', 't', ' '])?;
    let has_offset = time.contains(['+', '-', 'Z', 'z']);
    (!has_offset).then_some(())?;
    Some((local.parse().ok()?, TimeZone::get(zone).ok()?))
}

fn parse_day(text: &str, now: Timestamp, zone: &TimeZone) -> Option<Date> {
    match text {
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

fn resolve(local: DateTime, zone: &TimeZone) -> Result<Moment, MomentError> {
    let ambiguous = zone.to_ambiguous_zoned_datetime(local);
    let name = || zone.iana_name().unwrap_or("this zone").to_owned();
    let out_of_range = |_| MomentError::OutOfRange(local.to_string());
    let readings = || -> Result<(ZonedDateTime, ZonedDateTime), MomentError> {
        let earlier = ambiguous.clone().earlier().map_err(out_of_range)?;
        let later = ambiguous.clone().later().map_err(out_of_range)?;
        Ok((earlier, later))
    };
    match ambiguous.offset() {
        AmbiguousOffset::Unambiguous { .. } => Ok(Moment::of(ambiguous.clone().unambiguous().map_err(out_of_range)?)),
        AmbiguousOffset::Gap { .. } => {
            let (earlier, later) = readings()?;
            Err(MomentError::Gap {
                local: local.to_string(),
                zone: name(),
                before: earlier.datetime().to_string(),
                after: later.datetime().to_string(),
            })
        }
        AmbiguousOffset::Fold { .. } => {
            let (earlier, later) = readings()?;
            let full = |zoned: ZonedDateTime| zoned.strftime("%Y-%m-%dT%H:%M:%S%:z").to_string();
            Err(MomentError::Fold { local: local.to_string(), zone: name(), earlier: full(earlier), later: full(later) })
        }
    }
}

impl fmt::Display for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

impl fmt::Debug for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Moment({})", self.0)
    }
}

impl Serialize for Moment {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Moment {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let zoned = parse_full(&text, &TimeZone::UTC).or_else(|| {
            // A zone that this database does not know: keep the instant and the offset.
            let (plain, _) = text.split_once('[')?;
            let pieces = jiff::fmt::temporal::Pieces::parse(plain).ok()?;
            let offset = pieces.to_numeric_offset()?;
            let timestamp: Timestamp = plain.parse().ok()?;
            Some(timestamp.to_zoned_datetime(TimeZone::fixed(offset)))
        });
        zoned.map(Self::of).ok_or_else(|| serde::de::Error::custom("not a time with a zone"))
    }
}

/// The zone of this name in the bundled database, or the fixed offset that `name` is (`+01:00`), else UTC.
pub fn zone(name: &str) -> TimeZone {
    static PARSER: jiff::fmt::temporal::DateTimeParser = jiff::fmt::temporal::DateTimeParser::new();
    let found = if name.starts_with(['+', '-']) { PARSER.parse_time_zone(name) } else { TimeZone::get(name) };
    found.unwrap_or(TimeZone::UTC)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn london() -> TimeZone {
        zone("Europe/London")
    }

    fn now() -> Timestamp {
        "2026-11-23T12:41:07.5Z".parse().unwrap()
    }

    fn parse(text: &str) -> Result<String, MomentError> {
        Moment::parse(text, now(), &london()).map(|moment| moment.to_string())
    }

    #[test]
    fn what_people_type_becomes_a_moment() {
        for text in ["2026-11-20T21:30", "2026-11-20 21:30:00", "2026-11-20T21:30:00Z", "2026-11-20T21:30:00+00:00[Europe/London]"] {
            assert_eq!(parse(text).unwrap(), "2026-11-20T21:30:00+00:00[Europe/London]", "{text}");
        }
        assert_eq!(parse("yesterday 9:05").unwrap(), "2026-11-22T09:05:00+00:00[Europe/London]");
        assert_eq!(parse("21:30").unwrap(), "2026-11-23T21:30:00+00:00[Europe/London]");
    }

    #[test]
    fn impossible_times_are_refused_with_the_reason() {
        assert!(matches!(parse("2026-02-30T10:00"), Err(MomentError::Unreadable(_))));
        assert!(matches!(parse("2026-11-20"), Err(MomentError::NoTimeOfDay(_))));
        assert!(matches!(parse("25:00"), Err(MomentError::Unreadable(_))));
        assert!(matches!(parse("1969-11-20T21:30"), Err(MomentError::OutOfRange(_))));
        let gap = parse("2026-03-29T01:30").unwrap_err();
        assert!(matches!(&gap, MomentError::Gap { before, after, .. } if before.contains("00:30") && after.contains("02:30")), "{gap:?}");
        let fold = parse("2026-10-25T01:30").unwrap_err();
        assert!(
            matches!(&fold, MomentError::Fold { earlier, later, .. } if earlier.contains("+01:00") && later.contains("+00:00")),
            "{fold:?}"
        );
    }

    #[test]
    fn a_zone_without_an_offset_leaves_the_same_questions_as_no_zone() {
        assert_eq!(parse("2026-11-20T21:30[Asia/Tokyo]").unwrap(), "2026-11-20T21:30:00+09:00[Asia/Tokyo]");
        assert!(matches!(parse("2026-03-29T01:30[Europe/London]"), Err(MomentError::Gap { .. })));
        assert!(matches!(parse("2026-10-25T01:30[Europe/London]"), Err(MomentError::Fold { .. })));
        let later = parse("2026-10-25T01:30:00.9+00:00[Europe/London]").unwrap();
        assert_eq!(later, "2026-10-25T01:30:00+00:00[Europe/London]", "whole seconds");
    }

    #[test]
    fn a_bare_date_is_the_start_of_that_local_day() {
        let bound = |text| Moment::parse_bound(text, now(), &zone("America/New_York")).map(|m| m.to_string());
        assert_eq!(bound("2026-11-20").unwrap(), "2026-11-20T00:00:00-05:00[America/New_York]");
        assert_eq!(bound("7d").unwrap(), "2026-11-16T00:00:00-05:00[America/New_York]");
        for bad in ["2026-13-01", "9999999d", "99999999999999999999d", "-7d", "+7d", "d"] {
            assert!(matches!(bound(bad), Err(MomentError::NotADate(_))), "{bad}");
        }
    }

    #[test]
    fn a_moment_keeps_its_local_day_in_json() {
        let late = Moment::parse("2026-06-30T23:58", now(), &zone("Asia/Tokyo")).unwrap();
        let json = serde_json::to_string(&late).unwrap();
        let back: Moment = serde_json::from_str(&json).unwrap();
        assert_eq!(back, late);
        assert_eq!(back.local_date().to_string(), "2026-06-30");
    }

    #[test]
    fn a_fixed_offset_is_a_zone_and_comes_back_in_json() {
        let late = Moment::parse("2026-06-30T23:58", now(), &zone("-03:30")).unwrap();
        assert_eq!(late.to_string(), "2026-06-30T23:58:00-03:30[-03:30]");
        let back: Moment = serde_json::from_str(&serde_json::to_string(&late).unwrap()).unwrap();
        assert_eq!((back.to_string(), back.local_date()), (late.to_string(), late.local_date()));
        assert_eq!(zone("+99:00"), TimeZone::UTC);
    }

    #[test]
    fn an_offset_with_seconds_keeps_its_instant() {
        for text in ["1971-06-01T12:00:00Z[Africa/Monrovia]", "1013-11-23T12:41:07+00:00[Europe/London]"] {
            let first: Moment = serde_json::from_str(&format!("{text:?}")).unwrap();
            let again: Moment = serde_json::from_str(&serde_json::to_string(&first).unwrap()).unwrap();
            assert_eq!((again.timestamp(), again.to_string()), (first.timestamp(), first.to_string()));
        }
        let typed = Moment::parse("1971-06-01T12:00", now(), &zone("Africa/Monrovia")).unwrap();
        let back: Moment = serde_json::from_str(&serde_json::to_string(&typed).unwrap()).unwrap();
        assert_eq!(back, typed);
    }

    #[test]
    fn a_zone_that_is_not_known_keeps_the_instant_and_the_offset() {
        let back: Moment = serde_json::from_str("\"2026-06-30T23:58:00+09:00[Mars/Olympus]\"").unwrap();
        assert_eq!(back.local_date().to_string(), "2026-06-30");
        assert_eq!(back.timestamp().to_string(), "2026-06-30T14:58:00Z");
    }
}
