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

use similar::{Algorithm, DiffTag, capture_diff_slices};
use unicode_segmentation::UnicodeSegmentation as _;

/// Unchanged words that part two changes of which neither can mean the other.
const WORDS_BETWEEN: usize = 2;
/// More pieces than this are not compared: the time grows with their square where everything differs.
const MAX_PIECES: usize = 60_000;

/// What both changed, in one text; `None` where the changes meet.
pub fn merge(base: &str, mine: &str, theirs: &str) -> Option<String> {
    if mine == theirs || theirs == base {
        return Some(mine.to_owned());
    }
    if mine == base {
        return Some(theirs.to_owned());
    }
    let [base, mine, theirs] = [base, mine, theirs].map(|text| text.split_word_bounds().collect::<Vec<_>>());
    if [&base, &mine, &theirs].iter().any(|pieces| pieces.len() > MAX_PIECES) {
        return None;
    }
    let [mine, theirs] = [edits(&base, &mine), edits(&base, &theirs)];
    // What both did alike is nothing they could disagree about.
    let (alike, mine): (Vec<_>, Vec<_>) = mine.into_iter().partition(|edit| theirs.contains(edit));
    let theirs: Vec<_> = theirs.into_iter().filter(|edit| !alike.contains(edit)).collect();
    if mine.iter().any(|mine| theirs.iter().any(|theirs| !are_apart(&base, &mine.at, &theirs.at))) {
        return None;
    }
    let mut edits: Vec<Edit<'_>> = alike.into_iter().chain(mine).chain(theirs).collect();
    edits.sort_by_key(|edit| edit.at.start);
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
    let ops = capture_diff_slices(Algorithm::Patience, base, changed);
    let edits = ops.into_iter().filter(|op| op.tag() != DiffTag::Equal);
    edits.map(|op| Edit { at: op.old_range(), words: changed.get(op.new_range()).unwrap_or_default().to_vec() }).collect()
}

/// Whether enough that nobody changed lies between two places.
fn are_apart(base: &[&str], one: &Range<usize>, other: &Range<usize>) -> bool {
    let (first, second) = if (one.start, one.end) <= (other.start, other.end) { (one, other) } else { (other, one) };
    let Some(between) = base.get(first.end..second.start) else { return false };
    let ends = |piece: &&str| piece.contains(['\n', '.', '!', '?', '…', '。', '！', '？']);
    let words = between.iter().filter(|piece| piece.contains(char::is_alphanumeric)).count();
    words >= WORDS_BETWEEN || between.iter().any(ends)
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
        assert_eq!(merge(" .  a", " ", "a ").as_deref(), Some("a "));
        assert_eq!(merge(" .  a", "a ", " ").as_deref(), Some("a "));
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
