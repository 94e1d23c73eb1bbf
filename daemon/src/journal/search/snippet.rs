//! A piece of a text around what was found in it, on one line.

use std::ops::Range;

use super::fold::{fold, fold_letter};
use super::needle::Needle;

/// The most letters that are shown before what was found.
const BEFORE: usize = 60;
/// The most letters of what was found.
const MATCH: usize = 200;
/// The most letters after it.
const AFTER: usize = 120;
/// Where more of the text is left out.
const CUT: &str = "...";

/// What stands before what was found, what was found, and what stands after it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Snippet {
    /// Before.
    pub before: String,
    /// Found; empty where nothing was looked for in words.
    pub found: String,
    /// After.
    pub after: String,
}

/// The piece around the first place where any of these is found.
pub fn around(text: &str, needles: &[&Needle]) -> Option<Snippet> {
    let folded = fold(text);
    let first = needles.iter().filter_map(|needle| needle.find(&folded)).min_by_key(|range| (range.start, std::cmp::Reverse(range.end)))?;
    let range = unfolded(text, &first);
    let (before, found, after) = (text.get(..range.start)?, text.get(range.clone())?, text.get(range.end..)?);
    Some(Snippet { before: last(before, BEFORE), found: start(found, MATCH), after: start(after, AFTER) })
}

/// The first words of a text.
pub fn beginning(text: &str) -> Snippet {
    Snippet { before: String::new(), found: String::new(), after: start(text.trim_start(), AFTER) }
}

/// Where in a text the letters stand that became this part of its folded form, with the marks that go with the last.
fn unfolded(text: &str, folded: &Range<usize>) -> Range<usize> {
    let (mut at, mut one) = (0, String::new());
    let (mut start, mut end) = (None, text.len());
    for (from, letter) in text.char_indices() {
        one.clear();
        fold_letter(letter, &mut one);
        if at >= folded.end && !one.is_empty() {
            end = from;
            break;
        }
        at += one.len();
        if start.is_none() && at > folded.start {
            start = Some(from);
        }
    }
    start.unwrap_or(end)..end
}

/// The first letters, with one space for every run of space.
fn start(text: &str, most: usize) -> String {
    let mut letters = text.chars();
    let taken: String = letters.by_ref().take(most).collect();
    let cut = if letters.as_str().trim().is_empty() { "" } else { CUT };
    format!("{}{cut}", on_one_line(&taken))
}

/// The last letters, likewise.
fn last(text: &str, most: usize) -> String {
    let mut letters = text.chars();
    let mut taken: Vec<char> = letters.by_ref().rev().take(most).collect();
    taken.reverse();
    let cut = if letters.as_str().trim().is_empty() { "" } else { CUT };
    format!("{cut}{}", on_one_line(&taken.into_iter().collect::<String>()))
}

fn on_one_line(text: &str) -> String {
    let mut line = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            space if space.is_whitespace() => {
                if !line.ends_with(' ') {
                    line.push(' ');
                }
            }
            letter => line.push(letter),
        }
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    fn around_one(needle: &str, text: &str) -> [String; 3] {
        let needle = Needle::new(needle, false).unwrap();
        let Snippet { before, found, after } = around(text, &[&needle]).unwrap();
        [before, found, after]
    }

    #[test]
    fn what_was_found_is_shown_as_it_was_written() {
        assert_eq!(around_one("metta", "I sat.\n\n Mettā, again"), ["I sat. ", "Mettā", ", again"]);
        assert_eq!(around_one("metta", "Metta\u{304}, again"), ["", "Metta\u{304}", ", again"]);
        assert_eq!(around_one("strasse", "die Straße"), ["die ", "Straße", ""]);
        assert_eq!(around_one("stras", "die Straße"), ["die ", "Straß", "e"], "no letter is cut in two");
        assert_eq!(around_one("kind", "kindness"), ["", "kind", "ness"]);
        assert_eq!(around_one("한", "오늘 한 번"), ["오늘 ", "한", " 번"]);
    }

    #[test]
    fn a_long_text_is_cut_on_both_sides() {
        let [before, found, after] = around_one("here", &format!("{}here{}", "a ".repeat(500), " b".repeat(500)));
        assert!(before.starts_with(CUT) && before.ends_with("a ") && before.chars().count() == BEFORE + 3, "{before}");
        assert!(found == "here" && after.starts_with(" b") && after.ends_with(CUT) && after.chars().count() == AFTER + 3, "{after}");
    }

    #[test]
    fn the_first_of_several_is_shown_and_the_longer_of_two() {
        let needles = ["self", "self-kindness", "now"].map(|text| Needle::new(text, false).unwrap());
        let all: Vec<&Needle> = needles.iter().collect();
        assert_eq!(around("so self-kindness now", &all).unwrap().found, "self-kindness");
        assert_eq!(beginning("\n one\ntwo").after, "one two");
    }
}
