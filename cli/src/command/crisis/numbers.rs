//! The numbers that come with the program: each with where it was read and when. None is made up, none is asked for on a network.

use jiff::civil::Date;
use serde::Serialize;
use toml_edit::{DocumentMut, Table};

use super::country::Country;

/// The numbers, as they are kept in the repository.
const FILE: &str = include_str!("../../../data/crisis-numbers.toml");
/// A number that nobody has looked up for so many months is to be looked up again before a release.
const MAX_AGE_MONTHS: i32 = 12;

/// Everything that comes with the program.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Numbers {
    /// Lines to call for somebody to talk to.
    pub lines: Vec<Line>,
    /// The numbers of the emergency services.
    pub emergency: Vec<Emergency>,
    /// Where every other country can be looked up.
    pub fallback: Fallback,
}

/// A line to call.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Line {
    /// The number.
    pub number: String,
    /// Whose it is.
    pub name: String,
    /// How it is reached, and what it costs.
    pub how: String,
    /// Where it serves.
    pub countries: Vec<Country>,
    /// Where that was read.
    pub source: String,
    /// The day on which it was.
    pub seen: Date,
}

/// A number of the emergency services.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Emergency {
    /// The number.
    pub number: String,
    /// Where it serves, in words.
    pub place: String,
    /// Where it is told first.
    #[serde(skip)]
    pub countries: Vec<Country>,
    /// Where that was read.
    pub source: String,
    /// The day on which it was.
    pub seen: Date,
}

/// A place to look where no number is known.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Fallback {
    /// The address.
    pub name: String,
    /// What is there.
    pub how: String,
    /// Where that was read.
    pub source: String,
    /// The day on which it was.
    pub seen: Date,
}

impl Numbers {
    /// Those that come with the program.
    pub fn ours() -> Self {
        #[expect(clippy::expect_used, reason = "the file is built in, and a test reads it")]
        let numbers = Self::parse(FILE).expect("the numbers read");
        numbers
    }

    /// The same for somebody in `country`: its lines alone, and its emergency numbers first. Without a country, all.
    #[must_use]
    pub fn of(mut self, country: Option<&Country>) -> Self {
        if let Some(country) = country {
            self.lines.retain(|line| line.countries.contains(country));
            self.emergency.sort_by_key(|one| !one.countries.contains(country));
        }
        self
    }

    /// What was last looked up more than twelve months before `today`, each in words.
    pub fn stale(&self, today: Date) -> Vec<String> {
        let lines = self.lines.iter().map(|one| (format!("{} ({})", one.number, one.name), one.seen));
        let emergency = self.emergency.iter().map(|one| (format!("{} ({})", one.number, one.place), one.seen));
        let all = lines.chain(emergency).chain([(self.fallback.name.clone(), self.fallback.seen)]);
        let is_old = |seen: Date| seen.checked_add(jiff::Span::new().months(MAX_AGE_MONTHS)).is_ok_and(|until| until < today);
        all.filter(|(_, seen)| is_old(*seen)).map(|(what, seen)| format!("{what}: last seen {seen}")).collect()
    }

    /// Reads the file; none where anything is missing.
    fn parse(text: &str) -> Option<Self> {
        let file: DocumentMut = text.parse().ok()?;
        let all = |name: &str| Some(file.get(name)?.as_array_of_tables()?.iter());
        let fallback = file.get("fallback")?.as_table()?;
        Some(Self {
            lines: all("line")?.map(line).collect::<Option<_>>()?,
            emergency: all("emergency")?.map(emergency).collect::<Option<_>>()?,
            fallback: Fallback {
                name: word(fallback, "name")?,
                how: word(fallback, "how")?,
                source: word(fallback, "source")?,
                seen: seen(fallback)?,
            },
        })
    }
}

fn line(table: &Table) -> Option<Line> {
    Some(Line {
        number: word(table, "number")?,
        name: word(table, "name")?,
        how: word(table, "how")?,
        countries: countries(table)?,
        source: word(table, "source")?,
        seen: seen(table)?,
    })
}

fn emergency(table: &Table) -> Option<Emergency> {
    Some(Emergency {
        number: word(table, "number")?,
        place: word(table, "place")?,
        countries: countries(table)?,
        source: word(table, "source")?,
        seen: seen(table)?,
    })
}

fn word(table: &Table, name: &str) -> Option<String> {
    Some(table.get(name)?.as_str()?.to_owned()).filter(|word| !word.is_empty())
}

fn countries(table: &Table) -> Option<Vec<Country>> {
    table.get("countries")?.as_array()?.iter().map(|one| Country::parse(one.as_str()?)).collect()
}

fn seen(table: &Table) -> Option<Date> {
    table.get("seen")?.as_str()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn in_country(code: &str) -> Numbers {
        Numbers::ours().of(Country::parse(code).as_ref())
    }

    #[test]
    fn every_number_has_a_source_and_a_day() {
        let numbers = Numbers::ours();
        let [lines, tables] = ["number = ", "seen = "].map(|word| FILE.lines().filter(|line| line.starts_with(word)).count());
        assert_eq!(numbers.lines.len() + numbers.emergency.len(), lines, "every number of the file is read");
        assert_eq!(lines + 1, tables, "every number and the fallback has a day");
        for part in ["source", "seen", "countries", "how"] {
            let without: String = FILE.lines().filter(|line| !line.starts_with(part)).map(|line| format!("{line}\n")).collect();
            assert_eq!(Numbers::parse(&without), None, "a file without {part} is refused");
        }
    }

    #[test]
    fn a_country_has_its_own_lines_and_its_emergency_numbers_first() {
        let gb = in_country("GB");
        assert_eq!(gb.lines.iter().map(|line| line.number.as_str()).collect::<Vec<_>>(), ["116 123"]);
        assert_eq!(gb.emergency.iter().map(|one| one.number.as_str()).collect::<Vec<_>>(), ["999", "112", "911", "000", "111"]);
        assert_eq!(in_country("NZ").emergency[0].number, "111");
        assert_eq!(in_country("US").lines[0].name, "988 Suicide & Crisis Lifeline");
    }

    #[test]
    fn a_country_without_a_line_keeps_every_emergency_number_and_the_fallback() {
        let nowhere = in_country("FR");
        assert!(nowhere.lines.is_empty());
        assert_eq!((nowhere.emergency.len(), nowhere.fallback.name.as_str()), (5, "findahelpline.com"));
        assert_eq!(Numbers::ours().of(None).lines.len(), 5);
    }

    #[test]
    fn a_number_is_stale_a_year_after_it_was_seen() {
        let numbers = Numbers::ours().of(Country::parse("GB").as_ref());
        let stale = |today: &str| numbers.stale(today.parse().unwrap());
        assert_eq!(stale("2027-11-23"), Vec::<String>::new());
        assert_eq!(stale("2027-11-24"), ["116 123 (Samaritans): last seen 2026-11-23"]);
        assert_eq!(stale("2027-11-25").len(), 7);
    }
}
