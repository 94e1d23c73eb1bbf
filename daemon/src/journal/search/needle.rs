//! One thing that is looked for in folded text: a word, or several one after the other.

use std::ops::Range;

use memchr::memmem::Finder;

use super::fold::{fold, goes_with_the_one_before, is_word, stands_alone};

/// What stands between two fields in the text of a record: no needle reaches over it.
pub const BETWEEN: char = '\0';

/// Words that must stand one after the other.
///
/// Between them stands at least one letter that belongs to no word; which, does not matter. The first begins where a word begins. Unless
/// the needle is whole, the last may go on. What has no word in it is found as it stands, wherever that is.
#[derive(Debug, Clone)]
pub struct Needle {
    words: Vec<String>,
    finder: Finder<'static>,
    whole: bool,
    bare: bool,
}

impl Needle {
    /// The needle of a typed text; nothing where nothing of it is left to look for.
    pub fn new(typed: &str, whole: bool) -> Option<Self> {
        let folded = fold(typed.trim());
        let words: Vec<String> = folded.split(|letter| !is_word(letter)).filter(|word| !word.is_empty()).map(str::to_owned).collect();
        if words.is_empty() {
            let sign = folded.replace(BETWEEN, "");
            return (!sign.trim().is_empty()).then(|| Self::of(vec![sign], whole, true));
        }
        Some(Self::of(words, whole, false))
    }

    /// The needle of these folded words.
    pub fn of_words(words: &[&str]) -> Self {
        Self::of(words.iter().map(|word| (*word).to_owned()).collect(), false, false)
    }

    fn of(words: Vec<String>, whole: bool, bare: bool) -> Self {
        let finder = Finder::new(words.first().map_or("", String::as_str)).into_owned();
        Self { words, finder, whole, bare }
    }

    /// Its words, folded.
    pub fn words(&self) -> &[String] {
        &self.words
    }

    /// Where it is first found in a folded text.
    pub fn find(&self, text: &str) -> Option<Range<usize>> {
        let first = self.words.first()?;
        let mut from = 0;
        loop {
            let rest = text.get(from..)?;
            let start = from + self.finder.find(rest.as_bytes())?;
            if let Some(end) = self.end_of_match(text, start, start + first.len()) {
                return Some(start..end);
            }
            from = start + text.get(start..)?.chars().next().map_or(1, char::len_utf8);
        }
    }

    /// Where the match ends whose first word lies there, if it is one.
    fn end_of_match(&self, text: &str, start: usize, first_end: usize) -> Option<usize> {
        if self.bare {
            return Some(first_end);
        }
        let before = text.get(..start)?.chars().next_back();
        if goes_on(before, text.get(start..)?.chars().next()) {
            return None;
        }
        let mut end = first_end;
        for word in self.words.iter().skip(1) {
            let rest = text.get(end..)?;
            let gap = rest.find(|letter| is_word(letter) || letter == BETWEEN)?;
            let last = text.get(..end)?.chars().next_back();
            if gap == 0 && goes_on(last, rest.chars().next()) {
                return None;
            }
            if !rest.get(gap..)?.starts_with(word.as_str()) {
                return None;
            }
            end += gap + word.len();
        }
        let (last, after) = (text.get(..end)?.chars().next_back(), text.get(end..)?.chars().next());
        let cut = after.is_some_and(goes_with_the_one_before) || (self.whole && goes_on(last, after));
        (!cut).then_some(end)
    }
}

/// Whether two letters beside each other are of one word.
fn goes_on(one: Option<char>, other: Option<char>) -> bool {
    let (Some(one), Some(other)) = (one, other) else { return false };
    is_word(one) && is_word(other) && !stands_alone(one) && !stands_alone(other)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn finds(needle: &str, text: &str) -> bool {
        Needle::new(needle, false).unwrap().find(&fold(text)).is_some()
    }

    fn finds_whole(needle: &str, text: &str) -> bool {
        Needle::new(needle, true).unwrap().find(&fold(text)).is_some()
    }

    #[test]
    fn a_word_is_found_where_a_word_begins() {
        assert!(finds("kind", "Kindness, after all") && finds("kind", "be kind") && finds("KIND", "(kindly)"));
        assert!(!finds("kind", "mankind") && !finds("kind", "man_Kin d") && !finds("ness", "kindness"));
        assert!(finds("kind", "mankind was kind"), "a later one counts");
        assert!(finds("2", "2 of 12") && !finds("2", "of 12"));
        assert!(finds("anan", "bananan anan"), "also one that begins inside another that does not count");
    }

    #[test]
    fn words_of_one_needle_stand_one_after_the_other() {
        for text in ["self-kindness", "Self kindness", "self\nkindnesses", "self, kindness"] {
            assert!(finds("self-kindness", text), "{text}");
        }
        assert!(!finds("self-kindness", "selfkindness") && !finds("self-kindness", "self and kindness"));
        assert!(!finds("self-kindness", "self\0kindness"), "no needle reaches over two fields");
        assert!(finds("don't", "I don’t") && !finds("a b c", "a b"));
    }

    #[test]
    fn a_whole_needle_does_not_go_on() {
        assert!(finds_whole("kind", "be kind.") && !finds_whole("kind", "kindness"));
        assert!(finds_whole("be kind", "Be kind, be kinder") && !finds_whole("be kind", "be kinder"));
    }

    #[test]
    fn scripts_without_spaces_have_words_anywhere() {
        assert!(finds("慈悲", "自分への慈悲を") && finds("metta", "慈悲metta") && finds("慈", "a慈"));
        assert!(finds("เมตตา", "ความเมตตากรุณา"));
        assert!(finds_whole("慈悲", "自分への慈悲を") && !finds("か", "が") && finds("か", "かが"));
        assert!(finds("하늘", "파란 하늘은") && !finds("하", "한글") && !finds("늘", "하늘"));
        assert!(finds("慈 悲", "慈悲"), "a space between them says nothing");
    }

    #[test]
    fn signs_are_found_as_they_stand() {
        assert!(finds(":)", "well :) then") && finds("🙂", "ok🙂") && finds("->", "30->45") && !finds("->", "30-45"));
        assert!(finds("I feel 🙂", "I feel 🙂🙂"));
        assert!(Needle::new("", false).is_none() && Needle::new(" \u{301}\u{200b} ", false).is_none() && Needle::new("\0", true).is_none());
    }
}
