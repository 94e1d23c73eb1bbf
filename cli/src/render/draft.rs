//! Drafts.

use std::collections::BTreeMap;

use asif_proto::id::RecordId;
use asif_proto::local::Draft;
use asif_proto::moment::Moment;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde::Serialize;
use uuid::Uuid;

use super::table::Table;
use super::text::{shorten, visible};
use super::{Screen, time};
use crate::sit::sat::readable;

/// The most columns of a command in a list, and of the words of a draft.
const COMMAND: usize = 24;
const WORDS: usize = 32;

/// A draft as `--json` tells it: it says what it is, and what was being typed has the names of its parts.
#[derive(Debug, Serialize)]
pub struct Told<'d> {
    #[serde(rename = "type")]
    kind: &'static str,
    id: Uuid,
    short: &'d str,
    words: &'d [String],
    answers: &'d BTreeMap<String, String>,
    typing: Option<Typing<'d>>,
    begun_at: Timestamp,
    kept_at: Timestamp,
}

#[derive(Debug, Serialize)]
struct Typing<'d> {
    field: &'d str,
    text: &'d str,
}

impl<'d> Told<'d> {
    /// The draft with its name.
    pub fn of(draft: &'d Draft) -> Self {
        let Draft { id, short, words, answers, typing, begun_at, kept_at } = draft;
        let typing = typing.as_ref().map(|(field, text)| Typing { field, text });
        Self { kind: "draft", id: *id, short, words, answers, typing, begun_at: *begun_at, kept_at: *kept_at }
    }
}

/// The drafts in columns.
pub fn list(screen: &mut Screen, drafts: &[Draft]) {
    let mut table = Table::new(&["Id", "Kept", "Command", "Begins"]);
    for draft in drafts {
        table.row(vec![draft.short.clone(), time::instant(draft.kept_at, screen), shorten(&words(draft), COMMAND), begins(draft)]);
    }
    table.show(screen);
}

/// `7f3a  asif note  kept Mon 23 Nov 12:41  "it rained all day and"`, with every word that the command was given.
pub fn title(draft: &Draft, now: Timestamp, zone: &TimeZone) -> String {
    let kept = time::when(&Moment::at(draft.kept_at, zone), now);
    format!("{}  {}  kept {kept}  {}", draft.short, words(draft), begins(draft))
}

/// Everything that was typed, each answer beneath the name of its question where there is more than one.
pub fn whole(screen: &mut Screen, draft: &Draft) {
    let typed = typed(draft);
    for (name, text) in &typed {
        if typed.len() > 1 {
            screen.heading(&format!("{}:", name.replace('_', " ")));
        }
        screen.prose("", text);
    }
}

/// `dropped 7f3a  asif note`
pub fn dropped(screen: &mut Screen, draft: &Draft) {
    screen.line(&format!("dropped {}  {}", draft.short, words(draft)));
}

/// The command as it was given.
pub fn words(draft: &Draft) -> String {
    // An id is told by its end, as it is everywhere, and as commands take it.
    let short = |word: &String| word.parse::<RecordId>().map_or_else(|_| word.clone(), |id| id.key().chars().skip(24).collect());
    let words = draft.words.iter().map(short).map(|word| if word.contains(char::is_whitespace) { format!("{word:?}") } else { word });
    visible(&std::iter::once("asif".to_owned()).chain(words).collect::<Vec<_>>().join(" "))
}

/// What was typed, in the end what was being typed.
fn typed(draft: &Draft) -> Vec<(String, String)> {
    let answers = readable(&draft.answers).into_iter().chain(draft.typing.clone());
    answers.filter(|(_, text)| !text.is_empty()).collect()
}

/// The first words of the longest of it, in quotes.
fn begins(draft: &Draft) -> String {
    let longest = typed(draft).into_iter().max_by_key(|(_, text)| text.len()).map(|(_, text)| text).unwrap_or_default();
    let first = longest.lines().map(str::trim).find(|line| !line.is_empty()).unwrap_or_default();
    format!("\"{}\"", shorten(&visible(first), WORDS))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::screen_for_tests;

    fn draft(answers: &[(&str, &str)], typing: Option<(&str, &str)>) -> Draft {
        let owned = |(name, text): (&str, &str)| (name.to_owned(), text.to_owned());
        Draft {
            id: "019a0000-0000-7000-8000-000000007f3a".parse().unwrap(),
            short: "7f3a".into(),
            words: vec!["log".into(), "--where".into(), "the park\u{1b}".into()],
            answers: answers.iter().copied().map(owned).collect(),
            typing: typing.map(owned),
            begun_at: "2026-11-23T12:40:00Z".parse().unwrap(),
            kept_at: "2026-11-23T12:41:00Z".parse().unwrap(),
        }
    }

    fn shown(show: impl FnOnce(&mut Screen)) -> String {
        let mut screen = screen_for_tests(false, 80);
        show(&mut screen);
        screen.finish()
    }

    #[test]
    fn a_draft_in_a_list_is_known_by_its_command_and_first_words() {
        let one = draft(&[("before", "30"), ("after", "")], Some(("note", "\n  it rained\nall day")));
        let text = shown(|screen| list(screen, std::slice::from_ref(&one)));
        assert_eq!(text.lines().nth(1), Some("7f3a  Mon 23 Nov 12:41  asif log --where \"the...  \"it rained\""), "{text}");
    }

    #[test]
    fn its_title_has_every_word_that_the_command_was_given() {
        let one = draft(&[], Some(("before", "n")));
        let title = title(&one, one.kept_at, &TimeZone::UTC);
        assert!(title.starts_with("7f3a  asif log --where \"the park\\u{1b}\"  kept ") && title.ends_with("  \"n\""), "{title}");
    }

    #[test]
    fn what_was_typed_is_printed_whole_and_steers_nothing() {
        let note = draft(&[], Some(("text", "one\n\u{1b}[2Jtwo")));
        assert_eq!(shown(|screen| whole(screen, &note)), "one\n␛[2Jtwo\n");
        let log = draft(&[("felt_real", "30"), ("after", "")], Some(("note", "half a")));
        assert_eq!(shown(|screen| whole(screen, &log)), "felt real:\n30\nnote:\nhalf a\n");
    }
}
