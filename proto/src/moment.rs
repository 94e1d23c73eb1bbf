//! Times as a person means them: an instant, the zone it was lived in, the offset and the local date.

use std::fmt;

use jiff::civil::Date;
use jiff::fmt::temporal::{Pieces, TimeZoneAnnotationKind};
use jiff::tz::{Offset, OffsetConflict, TimeZone};
use jiff::{Timestamp, ZonedDateTime};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

mod bound;
mod read;

pub use bound::Bound;
pub use read::{MomentError, Reading, Readings, parse_time};

/// When something happened: `2026-11-23T12:41:07+00:00[Europe/London]`, whole seconds.
///
/// The zone database is the bundled one. Where it does not know the zone, or says another offset than the text, the moment keeps the
/// text's: instant, offset, local date and the name of the zone stay what they were when it was written.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Moment {
    zoned: ZonedDateTime,
    /// The zone's name, where `zoned` has only the offset that was written.
    zone: Option<String>,
}

impl Moment {
    /// `now` in `zone`, cut to whole seconds.
    pub fn at(now: Timestamp, zone: &TimeZone) -> Self {
        let seconds = Timestamp::from_second(now.as_second()).unwrap_or(now);
        Self::of(seconds.to_zoned_datetime(zone.clone()))
    }

    /// An offset is written in whole minutes; one with seconds, as before there were standard times, is kept as what can be written, and the
    /// instant stays.
    fn of(zoned: ZonedDateTime) -> Self {
        let seconds = zoned.offset().seconds();
        match Offset::from_seconds(seconds - seconds % 60) {
            Ok(whole) if whole != zoned.offset() => {
                let zone = zoned.time_zone().iana_name().map(str::to_owned);
                Self { zoned: zoned.timestamp().to_zoned_datetime(TimeZone::fixed(whole)), zone }
            }
            _ => Self { zoned, zone: None },
        }
    }

    /// An instant whose offset and zone were written beside it.
    fn written(timestamp: Timestamp, offset: Offset, zone: Option<&str>) -> Self {
        let known = zone.and_then(|name| TimeZone::get(name).ok()).filter(|known| known.to_offset(timestamp) == offset);
        match known {
            Some(known) => Self::of(timestamp.to_zoned_datetime(known)),
            None => Self { zone: zone.map(str::to_owned), ..Self::of(timestamp.to_zoned_datetime(TimeZone::fixed(offset))) },
        }
    }

    /// The instant.
    pub fn timestamp(&self) -> Timestamp {
        self.zoned.timestamp()
    }

    /// The date on the wall calendar where it happened.
    pub fn local_date(&self) -> Date {
        self.zoned.date()
    }

    /// The time with its offset; with its zone, where the database says the same of it.
    pub fn zoned(&self) -> &ZonedDateTime {
        &self.zoned
    }

    /// The name of the zone it was lived in; none where that was only an offset.
    pub fn zone_name(&self) -> Option<&str> {
        self.zone.as_deref().or_else(|| self.zoned.time_zone().iana_name())
    }

    /// For people: `Mon 23 Nov 12:41`.
    pub fn short(&self) -> String {
        self.zoned.strftime("%a %-d %b %H:%M").to_string()
    }
}

static PARSER: jiff::fmt::temporal::DateTimeParser =
    jiff::fmt::temporal::DateTimeParser::new().offset_conflict(OffsetConflict::AlwaysOffset);

/// A text with an offset and a zone, as [`Moment`] displays it.
fn from_written(text: &str) -> Option<Moment> {
    let (plain, _) = text.split_once('[')?;
    let pieces = Pieces::parse(text).ok()?;
    let timestamp = PARSER.parse_timestamp(plain).ok()?;
    let zone = match pieces.time_zone_annotation()?.kind() {
        TimeZoneAnnotationKind::Named(name) => Some(name.as_str()),
        _ => None,
    };
    match pieces.to_numeric_offset() {
        Some(offset) => Some(Moment::written(timestamp, offset, zone)),
        // `Z`: the instant alone is said.
        None => PARSER.parse_zoned_datetime(text).ok().map(Moment::of),
    }
}

impl fmt::Display for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.zone {
            Some(name) => write!(f, "{}[{name}]", self.zoned.strftime("%Y-%m-%dT%H:%M:%S%.f%:z")),
            None => fmt::Display::fmt(&self.zoned, f),
        }
    }
}

impl fmt::Debug for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Moment({self})")
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
        let read = if text.ends_with(']') {
            from_written(&text)
        } else {
            PARSER.parse_timestamp(&text).ok().map(|timestamp| Self::of(timestamp.to_zoned_datetime(TimeZone::UTC)))
        };
        read.ok_or_else(|| serde::de::Error::custom("not a time with a zone"))
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
        assert_eq!(
            gap.to_string(),
            "01:30 on 29 Mar 2026 did not happen in Europe/London: the clocks went forward from 01:00 to 02:00. Say \
             2026-03-29T00:30:00+00:00 (before they went forward) or 2026-03-29T02:30:00+01:00 (after it)"
        );
        let fold = parse("2026-10-25T01:30").unwrap_err();
        assert_eq!(
            fold.to_string(),
            "01:30 on 25 Oct 2026 came twice in Europe/London, when the clocks went back. Say \
             2026-10-25T01:30:00+01:00 (the first time, before they went back) or 2026-10-25T01:30:00+00:00 (the second time, after it)"
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
    fn what_the_database_does_not_know_or_says_otherwise_stays_as_it_was_written() {
        for text in ["2026-06-30T23:58:00+09:00[Mars/Olympus]", "2026-06-30T23:58:00+09:00[Europe/London]"] {
            let back: Moment = serde_json::from_str(&format!("{text:?}")).unwrap();
            assert_eq!((back.local_date().to_string(), back.to_string()), ("2026-06-30".to_owned(), text.to_owned()));
            assert_eq!(back.timestamp().to_string(), "2026-06-30T14:58:00Z");
            assert_eq!(back, serde_json::from_value(serde_json::to_value(&back).unwrap()).unwrap());
        }
        assert!(matches!(parse("2026-06-30T23:58:00+09:00[Mars/Olympus]"), Err(MomentError::Unreadable(_))), "typed, it is a slip");
    }

    #[test]
    fn a_reading_of_another_zone_names_it() {
        for text in ["2026-03-08T02:30[America/New_York]", "2026-11-01T01:30[America/New_York]"] {
            let error = Moment::parse(text, now(), &london()).unwrap_err();
            for reading in error.readings().unwrap() {
                assert_eq!(parse(&reading.text).as_ref(), Ok(&reading.text), "{text}");
                assert!(reading.text.ends_with("[America/New_York]"));
            }
        }
    }
}
