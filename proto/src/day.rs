//! Days to come, as a person types them.

use jiff::civil::{Date, Weekday};
use jiff::{Span, ToSpan};

/// The text names no day.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no day: use 2026-11-28, today, tomorrow, friday, or 3d for in three days")]
pub struct DayError(String);

/// The day that `text` names, seen from `today`: a date, `today`, `tomorrow`, the next such weekday, or `3d`. Years 1970 to 2200.
pub fn parse(text: &str, today: Date) -> Result<Date, DayError> {
    let unreadable = || DayError(text.to_owned());
    let word = text.trim().to_lowercase();
    let after = |span: Span| today.checked_add(span).ok();
    let day = match word.as_str() {
        "today" => Some(today),
        "tomorrow" => after(1.day()),
        _ => match word.strip_suffix('d').and_then(|days| days.parse::<u16>().ok()) {
            Some(days) => after(i64::from(days).days()),
            None => weekday(&word).map_or_else(|| iso(&word), |weekday| today.nth_weekday(1, weekday).ok()),
        },
    };
    day.filter(|day| (1970..=2200).contains(&day.year())).ok_or_else(unreadable)
}

fn iso(word: &str) -> Option<Date> {
    (word.len() == 10).then(|| word.parse().ok())?
}

fn weekday(word: &str) -> Option<Weekday> {
    let all = [
        ("monday", Weekday::Monday),
        ("tuesday", Weekday::Tuesday),
        ("wednesday", Weekday::Wednesday),
        ("thursday", Weekday::Thursday),
        ("friday", Weekday::Friday),
        ("saturday", Weekday::Saturday),
        ("sunday", Weekday::Sunday),
    ];
    (word.len() >= 3).then(|| all.into_iter().find(|(name, _)| name.starts_with(word)).map(|(_, day)| day))?
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;

    #[test]
    fn days_are_read_as_people_say_them() {
        let tuesday = date(2026, 11, 24);
        for (text, day) in [
            ("today", tuesday),
            ("tomorrow", date(2026, 11, 25)),
            ("3d", date(2026, 11, 27)),
            ("fri", date(2026, 11, 27)),
            ("Tuesday", date(2026, 12, 1)),
            ("2026-12-24", date(2026, 12, 24)),
        ] {
            assert_eq!(parse(text, tuesday), Ok(day), "{text}");
        }
        for bad in ["", "soon", "d", "-3d", "99999d", "24.12.", "2026-13-01", "1969-01-01", "fr", "2026-12-24T10:00"] {
            assert!(parse(bad, tuesday).is_err(), "{bad}");
        }
    }
}
