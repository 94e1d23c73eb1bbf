//! Prose that was changed apart, merged against what both began with.
//!
//! Words are compared, by the boundaries of Unicode (UAX #29). Both changes are taken where they are well apart: two unchanged words, the end
//! of a sentence or of a line lies between them. Nearer than that a sentence could come out that nobody wrote, so nothing is merged.
//!
//! ```text
//! base     I cried a bit. Then I ate.
//! mine     I cried a lot. Then I ate.            merged   I cried a lot. Then I ate soup.
//! theirs   I cried a bit. Then I ate soup.
//! ```

use std::ops::Range;

use imara_diff::{Algorithm, Diff, InternedInput};
use unicode_segmentation::UnicodeSegmentation as _;

/// Unchanged words that part two changes of which neither can mean the other.
const WORDS_BETWEEN: usize = 2;
/// What both changed, in one text; `None` where the changes meet.
pub fn merge(base: &str, mine: &str, theirs: &str) -> Option<String> {
    if mine == theirs || theirs == base {
        return Some(mine.to_owned());
    }
    if mine == base {
        return Some(theirs.to_owned());
    }
    let [base, mine, theirs] = [base, mine, theirs].map(|text| text.split_word_bounds().collect::<Vec<_>>());
    let [mine, theirs] = [edits(&base, &mine), edits(&base, &theirs)];
    // What both did alike is nothing they could disagree about.
    let (alike, mine): (Vec<_>, Vec<_>) = mine.into_iter().partition(|edit| holds(&theirs, edit));
    let theirs: Vec<_> = theirs.into_iter().filter(|edit| !holds(&alike, edit)).collect();
    // What stands between two that are not neighbours holds what stands between some that are.
    let mut order: Vec<(&Range<usize>, bool)> = mine.iter().map(|edit| (&edit.at, true)).collect();
    order.extend(theirs.iter().map(|edit| (&edit.at, false)));
    order.sort_by_key(|(at, is_mine)| (at.start, at.end, *is_mine));
    let mut neighbours = order.iter().zip(order.iter().skip(1)).filter(|((_, one), (_, other))| one != other);
    if !neighbours.all(|((one, _), (other, _))| are_apart(&base, one, other)) {
        return None;
    }
    let mut edits: Vec<Edit<'_>> = alike.into_iter().chain(mine).chain(theirs).collect();
    edits.sort_by_key(|edit| (edit.at.start, edit.at.end));
    let mut merged = String::new();
    let mut next = 0;
    for edit in edits {
        merged.extend(base.get(next..edit.at.start)?.iter().copied());
        merged.extend(edit.words);
        next = edit.at.end;
    }
    merged.extend(base.get(next..)?.iter().copied());
    Some(merged)
}

/// Pieces of the base that were replaced, and by what.
#[derive(PartialEq)]
struct Edit<'a> {
    at: Range<usize>,
    words: Vec<&'a str>,
}

fn edits<'a>(base: &[&str], changed: &[&'a str]) -> Vec<Edit<'a>> {
    let mut input = InternedInput::default();
    input.update_before(base.iter().copied());
    input.update_after(changed.iter().copied());
    // Its time does not grow with the square of what differs.
    let diff = Diff::compute(Algorithm::Histogram, &input);
    let range = |range: Range<u32>| usize::try_from(range.start).unwrap_or(usize::MAX)..usize::try_from(range.end).unwrap_or(usize::MAX);
    let words = |after| changed.get(range(after)).unwrap_or_default().to_vec();
    diff.hunks().map(|hunk| Edit { at: range(hunk.before), words: words(hunk.after) }).collect()
}

/// Whether an edit is among these, which stand in their order.
fn holds(edits: &[Edit<'_>], edit: &Edit<'_>) -> bool {
    let found = edits.binary_search_by_key(&(edit.at.start, edit.at.end), |one| (one.at.start, one.at.end));
    found.is_ok_and(|at| edits.get(at) == Some(edit))
}

/// Whether enough that nobody changed lies between two places, of which the first begins no later.
fn are_apart(base: &[&str], first: &Range<usize>, second: &Range<usize>) -> bool {
    let Some(between) = base.get(first.end..second.start) else { return false };
    let ends = |piece: &&str| piece.contains(['\n', '.', '!', '?', '…', '。', '！', '？']);
    let mut words = between.iter().filter(|piece| piece.contains(char::is_alphanumeric));
    words.nth(WORDS_BETWEEN - 1).is_some() || between.iter().any(ends)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const BASE: &str = "I cried a bit. Then I ate.";

    #[test]
    fn changes_in_two_sentences_are_both_taken() {
        assert_eq!(
            merge(BASE, "I cried a lot. Then I ate.", "I cried a bit. Then I ate soup.").unwrap(),
            "I cried a lot. Then I ate soup."
        );
        assert_eq!(
            merge(BASE, "Today I cried a bit. Then I ate.", "I cried a bit. Then I ate. It was good.").unwrap(),
            "Today I cried a bit. Then I ate. It was good."
        );
        assert_eq!(merge("one two three", "zero one two three", "one two three four").unwrap(), "zero one two three four");
        assert_eq!(merge("one\ntwo\n", "one more\ntwo\n", "one\ntwo more\n").unwrap(), "one more\ntwo more\n");
    }

    #[test]
    fn changes_that_meet_are_not_merged() {
        assert_eq!(merge("I was glad", "I felt glad", "I was happy"), None, "nobody wrote that they felt happy");
        assert_eq!(merge(BASE, "I cried a lot. Then I ate.", "I cried a little. Then I ate."), None);
        assert_eq!(merge(BASE, "Then I ate.", "I cried a lot. Then I ate."), None, "taken away here, changed there");
        assert_eq!(merge(BASE, "I cried a bit. Then I ate. One.", "I cried a bit. Then I ate. Two."), None, "both at the same place");
        assert_eq!(merge("", "one", "another"), None, "nothing in common");
    }

    #[test]
    fn what_both_changed_alike_is_taken_once() {
        assert_eq!(
            merge(BASE, "I cried a lot. Then I ate.", "I cried a lot. Then I ate soup.").unwrap(),
            "I cried a lot. Then I ate soup."
        );
    }

    #[test]
    fn what_both_took_away_alike_parts_nothing_whoever_is_asked_first() {
        assert_eq!(merge(" .  a", " ", "a "), merge(" .  a", "a ", " "));
        let base = "One. Two. Three. Four.";
        assert_eq!(merge(base, "One. Three. Four.", "One. Three. Four more.").as_deref(), Some("One. Three. Four more."));
        assert_eq!(merge(base, "One. Three. Four more.", "One. Three. Four.").as_deref(), Some("One. Three. Four more."));
    }

    #[test]
    fn the_longest_notes_that_have_nothing_in_common_are_compared_at_once() {
        let note = |seed: u32| -> String {
            let words = (0..24_000u32).map(|n| format!("w{} ", n.wrapping_mul(2_654_435_761).wrapping_add(seed) % 9_000));
            words.collect::<String>().replace("7 ", "7.\n")
        };
        // Nothing is told of time here; with what grows by the square it would not end.
        assert_eq!(merge(&note(1), &note(2), &note(3)), None);
        let base = note(1);
        let lines = |at: usize, word: &str| -> String {
            let changed =
                base.split_inclusive('\n').enumerate().map(|(n, line)| if n % 400 == at { format!("{word} {line}") } else { line.into() });
            changed.collect()
        };
        let merged = merge(&base, &lines(100, "mine"), &lines(300, "theirs")).unwrap();
        assert_eq!((merged.matches("mine ").count(), merged.matches("theirs ").count()), (6, 6));
    }

    fn text() -> impl Strategy<Value = String> {
        proptest::collection::vec(prop_oneof!["[a-c]{1,3}", Just(" ".to_owned()), Just(". ".to_owned()), "[äß語\n]"], 0..30)
            .prop_map(|pieces| pieces.concat())
    }

    proptest! {
        #[test]
        fn one_change_alone_is_that_change(base in text(), changed in text()) {
            prop_assert_eq!(merge(&base, &changed, &base), Some(changed.clone()));
            prop_assert_eq!(merge(&base, &base, &changed), Some(changed.clone()));
            prop_assert_eq!(merge(&base, &changed, &changed), Some(changed));
        }

        #[test]
        fn both_devices_come_to_the_same(base in text(), mine in text(), theirs in text()) {
            prop_assert_eq!(merge(&base, &mine, &theirs), merge(&base, &theirs, &mine));
        }

        #[test]
        fn no_word_that_one_added_is_left_out(base in text(), mine in text(), theirs in text()) {
            if let Some(merged) = merge(&base, &mine, &theirs) {
                for (added, other) in [(&mine, &theirs), (&theirs, &mine)] {
                    for word in added.unicode_words().filter(|word| !base.contains(word) && !other.contains(word)) {
                        prop_assert!(merged.contains(word), "{word:?} is not in {merged:?}");
                    }
                }
            }
        }
    }
}
