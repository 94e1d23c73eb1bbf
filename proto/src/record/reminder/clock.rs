//! When a time of day falls on a date, also where the clocks change.

use jiff::civil::{Date, Time};
use jiff::tz::{AmbiguousOffset, TimeZone};
use jiff::{SignedDuration, Timestamp};

use crate::record::words;

words!(
    /// What the clocks do to a time of day on a date.
    ClockChange {
        /// They go forward over it: it comes at the moment after the gap.
        Missing = "missing",
        /// They go back, and it comes twice: only the first counts.
        Twice = "twice",
    }
);

/// When a time of day falls on a date.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Falls {
    /// The instant.
    pub at: Timestamp,
    /// What the clocks did to it.
    pub change: Option<ClockChange>,
}

/// When `time` falls on `date` in `zone`; nothing outside the years that can be told.
///
/// A time that the clocks go forward over falls at the moment after the gap; one that comes twice falls where it comes first. So a later date
/// never falls earlier.
pub fn falls(date: Date, time: Time, zone: &TimeZone) -> Option<Falls> {
    let readings = zone.to_ambiguous_zoned_datetime(date.to_datetime(time));
    let plain = |at| Some(Falls { at, change: None });
    match readings.offset() {
        AmbiguousOffset::Unambiguous { .. } => plain(readings.unambiguous().ok()?.timestamp()),
        AmbiguousOffset::Fold { .. } => Some(Falls { at: readings.earlier().ok()?.timestamp(), change: Some(ClockChange::Twice) }),
        AmbiguousOffset::Gap { .. } => {
            // Read with the offset that was before the gap, it lies behind the change, by less than the gap is long.
            let behind = readings.later().ok()?.timestamp();
            let change = zone.preceding(behind.checked_add(SignedDuration::from_secs(1)).ok()?).next();
            let at = change.map_or(behind, |change| change.timestamp());
            Some(Falls { at, change: Some(ClockChange::Missing) })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::moment::zone;

    fn at(date: &str, time: &str, name: &str) -> (String, Option<ClockChange>) {
        let falls = falls(date.parse().unwrap(), time.parse().unwrap(), &zone(name)).unwrap();
        (falls.at.to_zoned_datetime(zone(name)).strftime("%F %H:%M %z").to_string(), falls.change)
    }

    #[test]
    fn a_missing_time_falls_after_the_gap_and_a_double_one_where_it_comes_first() {
        let (missing, twice) = (Some(ClockChange::Missing), Some(ClockChange::Twice));
        assert_eq!(at("2026-03-29", "01:30", "Europe/London"), ("2026-03-29 02:00 +0100".into(), missing));
        assert_eq!(at("2026-10-25", "01:30", "Europe/London"), ("2026-10-25 01:30 +0100".into(), twice));
        assert_eq!(at("2026-10-25", "08:00", "Europe/London"), ("2026-10-25 08:00 +0000".into(), None));
        // Half an hour, and a whole day that never was.
        assert_eq!(at("2026-10-04", "02:15", "Australia/Lord_Howe"), ("2026-10-04 02:30 +1100".into(), missing));
        assert_eq!(at("2011-12-30", "08:00", "Pacific/Apia"), ("2011-12-31 00:00 +1400".into(), missing));
    }
}
