//! Where a stretch of the journal begins or ends: `--since` and `--until`.

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Span, Timestamp};

use super::read::{parse_day, today};
use super::{Moment, MomentError};

/// A bound as it was typed: a day, or a time of day.
///
/// What happened has the day of the place where it happened, so a day is compared with that, wherever the person is now; a time of day is an
/// instant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Bound {
    /// A bare date, `today`, `yesterday`, or `7d` for seven days back.
    Day(Date),
    /// Anything with a time of day.
    Instant(Moment),
}

impl Bound {
    /// A bound from what a person typed.
    pub fn parse(text: &str, now: Timestamp, zone: &TimeZone) -> Result<Self, MomentError> {
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
            Some(day) if (1970..=2200).contains(&day.year()) => Ok(Self::Day(day)),
            Some(day) => Err(MomentError::OutOfRange(day.to_string())),
            None => Moment::parse(text, now, zone).map(Self::Instant).map_err(|error| match error {
                MomentError::Unreadable(text) => MomentError::NotADate(text),
                other => other,
            }),
        }
    }

    /// Whether a moment lies at it or after it.
    pub fn is_before(&self, moment: &Moment) -> bool {
        match self {
            Self::Day(day) => moment.local_date() >= *day,
            Self::Instant(at) => moment.timestamp() >= at.timestamp(),
        }
    }

    /// The instant that it is in `zone`: of a day the first, also where it has no midnight; of one that the zone passed over, that of the next.
    pub fn start(self, zone: &TimeZone) -> Result<Moment, MomentError> {
        match self {
            Self::Day(day) => {
                let first = day.to_zoned_datetime(zone.clone()).map_err(|_| MomentError::OutOfRange(day.to_string()))?;
                Moment::of(first).checked()
            }
            Self::Instant(moment) => Ok(moment),
        }
    }
}

impl Moment {
    /// A bound as an instant: as [`Moment::parse`], and also a bare date or `7d` (days back), which mean the start of that local day.
    pub fn parse_bound(text: &str, now: Timestamp, zone: &TimeZone) -> Result<Self, MomentError> {
        Bound::parse(text, now, zone)?.start(zone)
    }
}
