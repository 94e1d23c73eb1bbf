//! What is asked about reminders, and what is told of them.

use jiff::civil::{Date, Time};
use serde::{Deserialize, Serialize};

use crate::id::RecordId;
use crate::moment::Moment;
use crate::record::{Days, ReminderView, ReminderZone, Shown};

/// About reminders. Answer: [`Reply::Reminder`](super::Reply::Reminder), for a list [`Reply::Reminders`](super::Reply::Reminders).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RemindAsk {
    /// One more reminder.
    Add(NewReminder),
    /// Every reminder, the next first.
    List,
    /// Hides one.
    Remove {
        /// An id, a unique suffix of one, or words that only this one has.
        reminder: String,
    },
    /// Puts one off, once.
    Snooze {
        /// As above; none: the one that was shown last, or is due.
        reminder: Option<String>,
        /// For how long.
        until: Snooze,
    },
}

/// For how long a reminder is put off.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Snooze {
    /// So many seconds.
    For(u32),
    /// Until then, as typed: `15:00`, `tomorrow`, `fri 9:00`.
    Until(String),
}

/// A reminder to add.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewReminder {
    /// The time of day.
    pub at: Time,
    /// On which days.
    pub days: Days,
    /// Where that time of day is meant.
    pub zone: ReminderZone,
    /// The person's own words; none: neutral ones.
    pub text: Option<String>,
}

/// Every reminder, and what becomes of them on this machine.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Reminders {
    /// Them, the next first.
    pub reminders: Vec<Shown<ReminderView>>,
    /// Who shows them here.
    pub desktop: Desktop,
}

/// Whether a desktop shows reminders on this machine.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Desktop {
    /// One does; none: nobody has looked yet.
    pub shows: Option<bool>,
    /// Why not, in words.
    pub why: Option<String>,
}

/// A reminder that is due today and was shown on no desktop here.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TodayReminder {
    /// Its id.
    pub id: RecordId,
    /// The shortest suffix of its id that names nothing else here.
    pub short: String,
    /// What it says.
    pub text: String,
    /// When it was due.
    pub due_at: Moment,
}

/// The hours in which nothing is shown: from one time of day to another, past midnight where the second is the earlier.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct QuietHours {
    from: Time,
    to: Time,
}

/// The text names no hours.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} are no hours: use two different times of day, like 22:00-07:00")]
pub struct QuietHoursError(String);

impl std::str::FromStr for QuietHours {
    type Err = QuietHoursError;

    fn from_str(text: &str) -> Result<Self, QuietHoursError> {
        let times = text.split_once('-').map(|(from, to)| (crate::moment::parse_time(from.trim()), crate::moment::parse_time(to.trim())));
        match times {
            Some((Some(from), Some(to))) if from != to => Ok(Self { from, to }),
            _ => Err(QuietHoursError(text.to_owned())),
        }
    }
}

impl std::fmt::Display for QuietHours {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}-{}", clock(self.from), clock(self.to))
    }
}

impl QuietHours {
    /// Whether a time of day lies in them: the first does, the last does not.
    pub fn hold(&self, time: Time) -> bool {
        if self.from < self.to { (self.from..self.to).contains(&time) } else { time >= self.from || time < self.to }
    }

    /// The time of day at which they end.
    pub fn end(&self) -> Time {
        self.to
    }

    /// The date on which those end that hold `time` on `date`.
    pub fn end_date(&self, date: Date, time: Time) -> Option<Date> {
        if time < self.to { Some(date) } else { date.tomorrow().ok() }
    }
}

/// `08:30`, and the seconds where there are any.
pub fn clock(time: Time) -> String {
    time.strftime(if time.second() == 0 { "%H:%M" } else { "%H:%M:%S" }).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quiet_hours_may_cross_midnight() {
        let quiet = |text: &str| text.parse::<QuietHours>();
        let holds = |text: &str, time: &str| quiet(text).unwrap().hold(time.parse().unwrap());
        for (time, held) in [("21:59:59", false), ("22:00", true), ("00:00", true), ("06:59:59", true), ("07:00", false), ("12:00", false)]
        {
            assert_eq!(holds("22:00-07:00", time), held, "{time}");
            assert_eq!(holds("07:00 - 22:00", time), !held, "{time}");
        }
        assert_eq!(quiet("9:00-17:30").unwrap().to_string(), "09:00-17:30");
        for bad in ["", "22:00", "22:00-", "22:00-22:00", "22:00-25:00", "evening", "1:00-2:00-3:00"] {
            assert!(quiet(bad).is_err(), "{bad}");
        }
    }
}
