//! Reminders: a moment of the day that one set aside. Somebody else may see the screen, so the words are neutral unless the person chose
//! their own.

use std::fmt;
use std::str::FromStr;

use jiff::Timestamp;
use jiff::civil::{Date, Time, Weekday};
use jiff::tz::TimeZone;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use super::Visibility;
use crate::moment::Moment;

mod clock;

pub use clock::{ClockChange, Falls, falls};

/// What a screen says where the person said nothing else.
pub const NEUTRAL: &str = "A moment you set aside.";
/// The most bytes of the words of a reminder.
pub const MAX_REMINDER_TEXT: usize = 200;
/// The most reminders that stand at once.
pub const MAX_REMINDERS: usize = 50;
/// The longest that a reminder can be put off, in hours.
pub const MAX_SNOOZE_HOURS: i64 = 7 * 24;

/// A reminder. It is in no scope of any grant.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reminder {
    /// What the screen says.
    pub text: String,
    /// The time of day.
    pub at: Time,
    /// On which days.
    pub days: Days,
    /// Where that time of day is meant.
    pub zone: ReminderZone,
    /// Put off until then, and shown once more.
    #[serde(default)]
    pub snoozed_until: Option<Moment>,
    /// When it was written down.
    pub recorded_at: Timestamp,
    /// Who may see it: nobody does, whatever it says.
    #[serde(default)]
    pub visibility: Visibility,
    /// Deleted: hidden, can be restored.
    #[serde(default)]
    pub deleted: bool,
}

/// A reminder as it is shown: with what comes next.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReminderView {
    /// What it says.
    #[serde(flatten)]
    pub reminder: Reminder,
    /// When it is shown next; none: never again.
    pub next: Option<Moment>,
    /// What the clocks do to that time.
    pub clock_change: Option<ClockChange>,
}

/// On which days: `daily`, `weekdays`, `weekends`, some of `mon,tue,wed,thu,fri,sat,sun`, or one date.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Days {
    /// Each week on these.
    Weekly(Weekdays),
    /// Once.
    Once(Date),
}

/// Some days of the week, at least one.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Weekdays(u8);

/// Where a time of day is meant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ReminderZone {
    /// Wherever the machine is: `floating`.
    Floating,
    /// In this zone of the bundled database.
    Fixed(String),
}

const WEEK: [(&str, Weekday); 7] = [
    ("mon", Weekday::Monday),
    ("tue", Weekday::Tuesday),
    ("wed", Weekday::Wednesday),
    ("thu", Weekday::Thursday),
    ("fri", Weekday::Friday),
    ("sat", Weekday::Saturday),
    ("sun", Weekday::Sunday),
];
const DAILY: Weekdays = Weekdays(0b111_1111);
const WORKING: Weekdays = Weekdays(0b001_1111);
const WEEKEND: Weekdays = Weekdays(0b110_0000);

impl Days {
    /// Every day.
    pub const DAILY: Self = Self::Weekly(DAILY);

    /// Whether this date is one of them.
    pub fn has(self, date: Date) -> bool {
        match self {
            Self::Weekly(Weekdays(week)) => week & bit(date.weekday()) != 0,
            Self::Once(only) => only == date,
        }
    }
}

fn bit(weekday: Weekday) -> u8 {
    1 << weekday.to_monday_zero_offset()
}

/// The text names no days.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} names no days: use daily, weekdays, weekends, or some of mon,tue,wed,thu,fri,sat,sun")]
pub struct DaysError(String);

impl FromStr for Weekdays {
    type Err = DaysError;

    fn from_str(text: &str) -> Result<Self, DaysError> {
        let word = text.trim().to_lowercase();
        match word.as_str() {
            "daily" => return Ok(DAILY),
            "weekdays" => return Ok(WORKING),
            "weekends" => return Ok(WEEKEND),
            _ => {}
        }
        let mut week = 0;
        for name in word.split(',').map(str::trim) {
            let day = WEEK.iter().find(|(short, day)| name == *short || name == format!("{day:?}").to_lowercase());
            week |= day.map(|(_, day)| bit(*day)).ok_or_else(|| DaysError(text.to_owned()))?;
        }
        Ok(Self(week))
    }
}

impl fmt::Display for Weekdays {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            DAILY => f.write_str("daily"),
            WORKING => f.write_str("weekdays"),
            WEEKEND => f.write_str("weekends"),
            Self(week) => {
                let named: Vec<_> = WEEK.iter().filter(|(_, day)| week & bit(*day) != 0).map(|(name, _)| *name).collect();
                f.write_str(&named.join(","))
            }
        }
    }
}

impl fmt::Display for Days {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Weekly(week) => week.fmt(f),
            Self::Once(date) => date.fmt(f),
        }
    }
}

impl fmt::Debug for Days {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Days({self})")
    }
}

impl fmt::Debug for Weekdays {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Weekdays({self})")
    }
}

impl Serialize for Days {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Days {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        if let Ok(date) = text.parse() {
            return Ok(Self::Once(date));
        }
        text.parse().map(Self::Weekly).map_err(de::Error::custom)
    }
}

/// The text names no zone.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ZoneError {
    /// The database has no such zone.
    #[error("there is no time zone called {0:?}")]
    Unknown(String),
}

impl ReminderZone {
    /// The zone it is in for a machine that is in `here`. One that a newer database named is taken as `here`.
    pub fn on(&self, here: &TimeZone) -> TimeZone {
        match self {
            Self::Floating => here.clone(),
            Self::Fixed(name) => TimeZone::get(name).unwrap_or_else(|_| here.clone()),
        }
    }

    /// The names that look most like `text`, the nearest first: at most three.
    pub fn nearest(text: &str) -> Vec<String> {
        let wanted = text.to_lowercase().replace(' ', "_");
        let near = |name: &str| {
            let name = name.to_lowercase();
            // Of Area/City people say the city.
            let city = name.rsplit('/').next().unwrap_or(&name).to_owned();
            strsim::jaro_winkler(&wanted, &name).max(strsim::jaro_winkler(&wanted, &city))
        };
        let mut names: Vec<(f64, String)> =
            jiff::tz::db().available().map(|name| (near(name.as_str()), name.as_str().to_owned())).collect();
        names.sort_by(|(a, one), (b, other)| b.total_cmp(a).then(one.cmp(other)));
        names.into_iter().filter(|(near, _)| *near > 0.75).take(3).map(|(_, name)| name).collect()
    }
}

impl FromStr for ReminderZone {
    type Err = ZoneError;

    /// `floating`, or a name of the bundled database, as that writes it.
    fn from_str(text: &str) -> Result<Self, ZoneError> {
        let name = text.trim();
        if name.eq_ignore_ascii_case("floating") {
            return Ok(Self::Floating);
        }
        let zone = TimeZone::get(name).map_err(|_| ZoneError::Unknown(name.to_owned()))?;
        Ok(Self::Fixed(zone.iana_name().unwrap_or(name).to_owned()))
    }
}

impl fmt::Display for ReminderZone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Floating => f.write_str("floating"),
            Self::Fixed(name) => f.write_str(name),
        }
    }
}

impl Serialize for ReminderZone {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for ReminderZone {
    /// A name that this database does not have stays what it is: another device may know it.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        if text == "floating" {
            return Ok(Self::Floating);
        }
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"/_+-".contains(&byte);
        if text.is_empty() || text.len() > 64 || !text.bytes().all(plain) {
            return Err(de::Error::custom("no name of a time zone"));
        }
        Ok(Self::Fixed(text))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_read_as_they_are_written() {
        for (text, told) in [
            ("daily", "daily"),
            ("Weekdays", "weekdays"),
            ("mon,tue,wed,thu,fri", "weekdays"),
            ("sat, sun", "weekends"),
            ("wed,mon", "mon,wed"),
            ("thursday", "thu"),
        ] {
            let days = Days::Weekly(text.parse().unwrap());
            let json = serde_json::to_string(&days).unwrap();
            assert_eq!(json, format!("{told:?}"));
            assert_eq!(serde_json::from_str::<Days>(&json).unwrap(), days);
        }
        let once: Days = serde_json::from_str("\"2026-12-24\"").unwrap();
        assert!(once.has("2026-12-24".parse().unwrap()) && !once.has("2026-12-25".parse().unwrap()));
        for bad in ["", "never", "mon,", "m", "mon;wed", "2026-02-30"] {
            assert!(bad.parse::<Weekdays>().is_err() && serde_json::from_value::<Days>(bad.into()).is_err(), "{bad}");
        }
        let weekends = Days::Weekly(WEEKEND);
        assert!(weekends.has("2026-11-28".parse().unwrap()) && !weekends.has("2026-11-27".parse().unwrap()), "a Saturday, a Friday");
    }

    #[test]
    fn a_zone_is_floating_or_one_of_the_database_and_the_nearest_are_named() {
        assert_eq!("floating".parse(), Ok(ReminderZone::Floating));
        assert_eq!("europe/london".parse(), Ok(ReminderZone::Fixed("Europe/London".into())));
        assert!("Europe/Londn".parse::<ReminderZone>().is_err());
        for (typed, meant) in [("Europe/Londn", "Europe/London"), ("new york", "America/New_York"), ("Tokio", "Asia/Tokyo")] {
            let near = ReminderZone::nearest(typed);
            assert!(near.iter().any(|name| name == meant), "{typed}: {near:?}");
        }
        assert!(ReminderZone::nearest("zzzzzzzzzz").is_empty());
        let strange: ReminderZone = serde_json::from_str("\"Mars/Olympus\"").unwrap();
        assert_eq!(strange.on(&TimeZone::UTC), TimeZone::UTC);
        assert!(serde_json::from_str::<ReminderZone>("\"a\\nb\"").is_err());
    }
}
