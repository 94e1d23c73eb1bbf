//! What is looked for, as a person types it.
//!
//! ```text
//! kind            a word that begins so: kind, kindness
//! "be kind"       these words as they stand, one after the other
//! #work tag:work  a tag
//! practice:lunch  a practice, by its short name or a word of its title
//! 2026-11-20      that day; 2026-11 that month, 2026 that year, today, yesterday
//! ```
//! All of them must hold.

use jiff::civil::Date;
use memchr::memmem::Finder;

use super::fold::fold;
use super::needle::Needle;
use super::synonyms;

/// The most things that are looked for at once.
pub const MAX_TERMS: usize = 32;
/// The longest query, in bytes.
pub const MAX_QUERY: usize = 4096;
/// The years that a bare number of four digits names; another number is a word.
const YEARS: std::ops::RangeInclusive<i16> = 1970..=2200;

/// Why a query is not one.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum QueryError {
    /// Nothing to look for.
    #[error("there is nothing to look for")]
    Empty,
    /// A quote that does not end.
    #[error("a quote begins and does not end")]
    Unclosed,
    /// A prefix, or quotes, with nothing behind.
    #[error("{0} has nothing behind it to look for")]
    Nothing(String),
    /// Quotes with nothing between them that could be found.
    #[error("there is nothing between the quotes to look for")]
    NothingQuoted,
    /// No such day or month.
    #[error("{0} is no date")]
    NoDate(String),
    /// Too many.
    #[error("this looks for {0} things at once; {MAX_TERMS} are the most")]
    TooMany(usize),
    /// Too long.
    #[error("this has {0} bytes; a search has {MAX_QUERY} at most")]
    TooLong(usize),
}

impl QueryError {
    /// What to do.
    pub fn hint(&self) -> &'static str {
        match self {
            Self::Empty => "name a word: asif search kind   (asif search --help tells what else)",
            Self::Unclosed => "close it, for the shell too: asif search '\"be kind\"'",
            Self::Nothing(_) => "like this: tag:work, practice:lunch",
            Self::NothingQuoted => "put words between them, or leave them out",
            Self::NoDate(_) => "a day is 2026-11-20, a month 2026-11, a year 2026; between quotes it is looked for as it stands",
            Self::TooMany(_) | Self::TooLong(_) => "a few words of what you remember find it",
        }
    }
}

/// One thing that must hold.
#[derive(Debug, Clone)]
pub enum Condition {
    /// One of these is found in the words of the record.
    Words(AnyOf),
    /// It has this tag, folded.
    Tag(String),
    /// It is, or belongs to, a practice in whose short name or title this is found.
    Practice(Box<Needle>),
    /// It is of one of these days, both counted.
    Days(Date, Date),
}

/// Ways to say one thing: each is some needles, all of which must be found.
#[derive(Debug, Clone)]
pub struct AnyOf {
    ways: Vec<Vec<Needle>>,
    /// What stands in a text in which any of the ways is found, where there are several: few, and quicker to look for.
    signs: Vec<Finder<'static>>,
}

impl AnyOf {
    fn one(way: Vec<Needle>) -> Self {
        Self { ways: vec![way], signs: Vec::new() }
    }

    fn new(ways: Vec<Vec<Needle>>) -> Self {
        let firsts = ways.iter().filter_map(|way| way.first()?.words().first().map(String::as_str));
        let mut firsts: Vec<&str> = firsts.collect();
        firsts.sort_by_key(|word| word.len());
        let mut signs: Vec<&str> = Vec::new();
        for word in firsts {
            if signs.iter().all(|sign| !word.contains(sign)) {
                signs.push(word);
            }
        }
        let signs = signs.into_iter().map(|sign| Finder::new(sign).into_owned()).collect();
        Self { ways, signs }
    }

    /// Whether any of them is found in a folded text.
    pub fn is_in(&self, text: &str) -> bool {
        let may_be = self.signs.is_empty() || self.signs.iter().any(|sign| sign.find(text.as_bytes()).is_some());
        may_be && self.ways.iter().any(|way| way.iter().all(|needle| needle.find(text).is_some()))
    }

    /// All that is looked for.
    pub fn needles(&self) -> impl Iterator<Item = &Needle> {
        self.ways.iter().flatten()
    }
}

/// What is looked for.
#[derive(Debug, Clone)]
pub struct Query {
    /// All of these must hold.
    pub conditions: Vec<Condition>,
    /// Other names that are looked for too.
    pub also: Vec<&'static str>,
}

/// A piece of a query.
#[derive(Debug, PartialEq)]
enum Token {
    Bare(String),
    Quoted(String),
    Tag(String),
    Practice { text: String, whole: bool },
}

impl Query {
    /// Reads what was typed on a day. With `exact` no other names are looked for.
    pub fn parse(typed: &str, today: Date, exact: bool) -> Result<Self, QueryError> {
        let tokens = tokens(typed)?;
        if tokens.len() > MAX_TERMS {
            return Err(QueryError::TooMany(tokens.len()));
        }
        if typed.len() > MAX_QUERY {
            return Err(QueryError::TooLong(typed.len()));
        }
        let mut query = Self { conditions: Vec::new(), also: Vec::new() };
        let mut rest = &tokens[..];
        while let Some((token, others)) = rest.split_first() {
            rest = others;
            let condition = match token {
                Token::Tag(tag) => Condition::Tag(fold(tag)),
                Token::Practice { text, whole } => Condition::Practice(Box::new(needle(text, *whole, "practice:")?)),
                Token::Quoted(text) => Condition::Words(AnyOf::one(vec![Needle::new(text, true).ok_or(QueryError::NothingQuoted)?])),
                Token::Bare(text) => match days(text, today)? {
                    Some((first, last)) => Condition::Days(first, last),
                    None => {
                        let one = needle(text, false, text)?;
                        if exact {
                            Condition::Words(AnyOf::one(vec![one]))
                        } else {
                            let next = match others.first() {
                                Some(Token::Bare(next)) => Needle::new(next, false),
                                _ => None,
                            };
                            let (condition, took_next) = query.with_synonyms(one, next);
                            if took_next {
                                rest = others.get(1..).unwrap_or_default();
                            }
                            condition
                        }
                    }
                },
            };
            query.conditions.push(condition);
        }
        if query.conditions.is_empty() { Err(QueryError::Empty) } else { Ok(query) }
    }

    /// A bare word; where it, or it and the next, is a name that has others, any of them.
    fn with_synonyms(&mut self, one: Needle, next: Option<Needle>) -> (Condition, bool) {
        let words = |needle: &Needle| needle.words().to_vec();
        let (mut both, mut took_next) = (words(&one), false);
        let mut name = name_of(&both);
        if let (None, Some(next)) = (name, &next) {
            both.extend(words(next));
            name = name_of(&both);
            took_next = name.is_some();
        }
        let own: Vec<Needle> = [one].into_iter().chain(next.filter(|_| took_next)).collect();
        let Some(name) = name else { return (Condition::Words(AnyOf::one(own)), false) };
        for other in synonyms::others(name) {
            if !self.also.contains(&other) {
                self.also.push(other);
            }
        }
        let alternatives = [own].into_iter().chain(synonyms::needles().map(|needle| vec![needle]));
        (Condition::Words(AnyOf::new(alternatives.collect())), took_next)
    }

    /// Everything that is found in words.
    pub fn needles(&self) -> impl Iterator<Item = &Needle> {
        self.conditions.iter().flat_map(|condition| match condition {
            Condition::Words(any) => any.needles().collect::<Vec<_>>(),
            _ => Vec::new(),
        })
    }
}

fn name_of(words: &[String]) -> Option<&'static str> {
    synonyms::name_of(&words.iter().map(String::as_str).collect::<Vec<_>>())
}

fn needle(text: &str, whole: bool, what: &str) -> Result<Needle, QueryError> {
    Needle::new(text, whole).ok_or_else(|| QueryError::Nothing(what.to_owned()))
}

fn tokens(typed: &str) -> Result<Vec<Token>, QueryError> {
    // Some keyboards and editors turn quotes into these.
    let typed = typed.replace(['\u{201c}', '\u{201d}', '\u{201e}', '\u{201f}'], "\"");
    let mut tokens = Vec::new();
    let mut rest = typed.trim_start();
    while !rest.is_empty() {
        let named = |prefix: &str| {
            let start = rest.get(..prefix.len())?;
            start.eq_ignore_ascii_case(prefix).then(|| rest.get(prefix.len()..))?
        };
        let is_hash = |behind: &&str| behind.starts_with(|letter: char| letter == '"' || letter.is_alphanumeric());
        let (prefix, behind) = if let Some(behind) = named("tag:") {
            ("tag:", behind)
        } else if let Some(behind) = named("practice:") {
            ("practice:", behind)
        } else if let Some(behind) = named("#").filter(|behind| is_hash(behind) || behind.trim_start().is_empty()) {
            ("#", behind)
        } else {
            ("", rest)
        };
        let (text, quoted, left) = match behind.strip_prefix('"') {
            Some(inside) => {
                let (text, left) = inside.split_once('"').ok_or(QueryError::Unclosed)?;
                (text, true, left)
            }
            None => {
                let end = behind.find(|letter: char| letter.is_whitespace() || letter == '"').unwrap_or(behind.len());
                let (text, left) = behind.split_at(end);
                (text, false, left)
            }
        };
        if !prefix.is_empty() && fold(text).trim().is_empty() {
            return Err(QueryError::Nothing(prefix.to_owned()));
        }
        let text = text.to_owned();
        tokens.push(match (prefix, quoted) {
            ("tag:" | "#", _) => Token::Tag(text),
            ("practice:", whole) => Token::Practice { text, whole },
            (_, true) => Token::Quoted(text),
            (_, false) => Token::Bare(text),
        });
        rest = left.trim_start();
    }
    Ok(tokens)
}

/// The first and the last day that a word names, if it names any.
fn days(word: &str, today: Date) -> Result<Option<(Date, Date)>, QueryError> {
    let folded = fold(word);
    match folded.as_str() {
        "today" => return Ok(Some((today, today))),
        "yesterday" => return Ok(today.yesterday().ok().map(|day| (day, day))),
        _ => {}
    }
    let parts: Vec<&str> = folded.split('-').collect();
    let is_number = |part: &&str, longest: usize| (1..=longest).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_digit());
    let Some((year, rest)) = parts.split_first().filter(|(year, _)| year.len() == 4 && is_number(year, 4)) else { return Ok(None) };
    if rest.len() > 2 || !rest.iter().all(|part| is_number(part, 2)) {
        return Ok(None);
    }
    let no_date = || QueryError::NoDate(word.to_owned());
    let year: i16 = year.parse().map_err(|_| no_date())?;
    let number = |at: usize| rest.get(at).map(|part| part.parse::<i8>().map_err(|_| no_date())).transpose();
    if !YEARS.contains(&year) {
        // A number that is no year is a word.
        return if rest.is_empty() { Ok(None) } else { Err(no_date()) };
    }
    let date = |month: i8, day: i8| Date::new(year, month, day).map_err(|_| no_date());
    let (first, last) = match (number(0)?, number(1)?) {
        (None, _) => (date(1, 1)?, date(12, 31)?),
        (Some(month), None) => {
            let first = date(month, 1)?;
            (first, first.last_of_month())
        }
        (Some(month), Some(day)) => {
            let day = date(month, day)?;
            (day, day)
        }
    };
    Ok(Some((first, last)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;

    const TODAY: Date = date(2026, 11, 24);

    fn parse(typed: &str) -> Result<Query, QueryError> {
        Query::parse(typed, TODAY, false)
    }

    #[test]
    fn a_query_is_taken_apart_as_people_mean_it() {
        let bare = |text: &str| Token::Bare(text.into());
        assert_eq!(tokens(" be  kind ").unwrap(), [bare("be"), bare("kind")]);
        assert_eq!(tokens("\"be kind\"\u{201c}now\u{201d}").unwrap(), [Token::Quoted("be kind".into()), Token::Quoted("now".into())]);
        assert_eq!(tokens("#work TAG:\"in the bus\"").unwrap(), [Token::Tag("work".into()), Token::Tag("in the bus".into())]);
        let practice = Token::Practice { text: "lunch".into(), whole: false };
        assert_eq!(tokens("practice:lunch # 1 taggy:x").unwrap(), [practice, bare("#"), bare("1"), bare("taggy:x")]);
        assert_eq!(tokens("é#x").unwrap(), [bare("é#x")], "no letter is cut in two");
    }

    #[test]
    fn what_cannot_be_read_is_said_with_what_to_do() {
        let many = "word ".repeat(5_000);
        let long = "x".repeat(MAX_QUERY + 1);
        for (typed, error) in [
            ("", QueryError::Empty),
            (" \t\n", QueryError::Empty),
            ("\"be kind", QueryError::Unclosed),
            ("tag:\"x", QueryError::Unclosed),
            ("tag:", QueryError::Nothing("tag:".into())),
            ("kind #", QueryError::Nothing("#".into())),
            ("practice: lunch", QueryError::Nothing("practice:".into())),
            ("\"\"", QueryError::NothingQuoted),
            ("\" \"", QueryError::NothingQuoted),
            ("2026-13", QueryError::NoDate("2026-13".into())),
            ("2026-02-30", QueryError::NoDate("2026-02-30".into())),
            ("1812-02-03", QueryError::NoDate("1812-02-03".into())),
            (&many, QueryError::TooMany(5_000)),
            (&long, QueryError::TooLong(MAX_QUERY + 1)),
        ] {
            let failed = parse(typed).unwrap_err();
            assert_eq!(failed, error, "{typed:.40}");
            assert!(!failed.hint().is_empty());
        }
    }

    #[test]
    fn a_date_is_a_day_a_month_or_a_year() {
        let days = |typed: &str| match &parse(typed).unwrap().conditions[..] {
            [Condition::Days(first, last)] => Some((*first, *last)),
            _ => None,
        };
        assert_eq!(days("2026-11-20"), Some((date(2026, 11, 20), date(2026, 11, 20))));
        assert_eq!(days("2026-2"), Some((date(2026, 2, 1), date(2026, 2, 28))));
        assert_eq!(days("2026"), Some((date(2026, 1, 1), date(2026, 12, 31))));
        assert_eq!((days("Today"), days("yesterday")), (Some((TODAY, TODAY)), Some((date(2026, 11, 23), date(2026, 11, 23)))));
        for word in ["\"today\"", "1200", "20", "2026-", "2026-11-20x", "12-11-20", "2026-11-20-1"] {
            assert_eq!(days(word), None, "{word}");
        }
    }

    #[test]
    fn a_name_for_it_is_looked_for_by_its_others_too() {
        for typed in ["metta", "METTĀ", "loving kindness", "lovingkindness", "Loving-Kindness", "self compassion"] {
            let query = parse(typed).unwrap();
            assert_eq!((query.conditions.len(), query.also.len()), (1, 4), "{typed}");
            assert!(Query::parse(typed, TODAY, true).unwrap().also.is_empty(), "{typed}");
        }
        for typed in ["\"loving kindness\"", "kindness", "self", "loving \"kindness\"", "tag:metta", "self care"] {
            assert!(parse(typed).unwrap().also.is_empty(), "{typed}");
        }
        assert_eq!(parse("be self kindness now").unwrap().conditions.len(), 3);
        assert_eq!(parse("metta self-empathy").unwrap().also.len(), 5);
    }
}
