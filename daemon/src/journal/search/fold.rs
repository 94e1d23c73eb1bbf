//! Text as it is compared: without case, without accents, without what only its spelling in Unicode tells apart.
//!
//! Each letter is folded for itself, whatever stands beside it: decomposed (NFKD), accents and what cannot be seen taken away, and in one
//! case (upper, then lower, so that ß is ss and the dotless ı is i), again and again until nothing changes any more.
//!
//! An accent is a mark that people leave out and still read: on Latin, Greek and Cyrillic letters, the points of Hebrew and Arabic. A mark that
//! makes another letter (が, कि) stays.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use unicode_normalization::char::{decompose_canonical, decompose_compatible};

/// The letters that are looked up: from behind ASCII up to where the ideographs begin.
const LOOKED_UP: std::ops::Range<u32> = 0x80..0x3400;
/// Rounds until nothing changes: three are needed, by the test over all letters.
const ROUNDS: usize = 8;
/// In the table: the letter is left out.
const NOTHING: char = '\0';
/// In the table: the letter becomes several, which lie in [`SEVERAL`].
const MORE: char = char::MAX;

/// What each letter of [`LOOKED_UP`] becomes.
static TABLE: LazyLock<Vec<char>> = LazyLock::new(|| {
    let folded = |code| {
        let text = char::from_u32(code).map(settled).unwrap_or_default();
        let mut letters = text.chars();
        match (letters.next(), letters.next()) {
            (None, _) => NOTHING,
            (Some(one), None) => one,
            _ => MORE,
        }
    };
    LOOKED_UP.map(folded).collect()
});

/// The few that become several letters.
static SEVERAL: LazyLock<BTreeMap<char, String>> = LazyLock::new(|| {
    let several = TABLE.iter().zip(LOOKED_UP).filter(|(one, _)| **one == MORE);
    several.filter_map(|(_, code)| char::from_u32(code)).map(|letter| (letter, settled(letter))).collect()
});

/// `text`, folded.
pub fn fold(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    fold_onto(text, &mut out);
    out
}

/// Puts `text`, folded, behind what is in `out`.
pub fn fold_onto(text: &str, out: &mut String) {
    if text.is_ascii() {
        let from = out.len();
        out.push_str(text);
        if let Some(new) = out.get_mut(from..) {
            new.make_ascii_lowercase();
        }
        return;
    }
    out.reserve(text.len());
    let table = &**TABLE;
    for letter in text.chars() {
        if letter.is_ascii() {
            out.push(letter.to_ascii_lowercase());
        } else {
            fold_other(letter, table, out);
        }
    }
}

/// The same for one letter.
pub fn fold_letter(letter: char, out: &mut String) {
    if letter.is_ascii() {
        out.push(letter.to_ascii_lowercase());
    } else {
        fold_other(letter, &TABLE, out);
    }
}

/// One that is not ASCII.
fn fold_other(letter: char, table: &[char], out: &mut String) {
    let code = u32::from(letter);
    if LOOKED_UP.contains(&code) {
        match usize::try_from(code - LOOKED_UP.start).ok().and_then(|at| table.get(at)) {
            Some(&NOTHING) => {}
            Some(&MORE) | None => out.push_str(SEVERAL.get(&letter).map_or("", String::as_str)),
            Some(&one) => out.push(one),
        }
    } else if matches!(code, 0x3400..=0x9fff | 0x1f300..=0x1faff | 0x20000..=0x2f7ff) {
        // Ideographs and pictures are what they are.
        out.push(letter);
    } else if matches!(code, 0xac00..=0xd7a3) {
        decompose_canonical(letter, |part| out.push(part));
    } else {
        out.push_str(&settled(letter));
    }
}

/// Whether a letter, folded, belongs to a word: letters, digits, and the marks that some scripts write them with.
pub fn is_word(letter: char) -> bool {
    let is_indic_mark = || matches!(letter, '\u{900}'..='\u{dff}') && !matches!(letter, '\u{964}' | '\u{965}');
    letter.is_alphanumeric() || stands_alone(letter) || is_indic_mark()
}

/// A letter of a script that is written without spaces, or a picture: a word may begin and end anywhere between such letters.
pub fn stands_alone(letter: char) -> bool {
    matches!(letter,
        '\u{e00}'..='\u{109f}' | '\u{1780}'..='\u{17ff}' | '\u{2600}'..='\u{27bf}' | '\u{3005}'..='\u{3007}' | '\u{3040}'..='\u{30ff}'
        | '\u{31f0}'..='\u{31ff}' | '\u{3400}'..='\u{9fff}' | '\u{1f000}'..='\u{1faff}' | '\u{20000}'..='\u{3ffff}')
}

/// A part of the letter before it, which is another letter without it: the voicing marks of Japanese, vowels and endings of Korean.
pub fn goes_with_the_one_before(letter: char) -> bool {
    matches!(letter, '\u{3099}' | '\u{309a}' | '\u{1160}'..='\u{11ff}')
}

/// The folded form of a letter: folding it again changes nothing.
fn settled(letter: char) -> String {
    let mut now = String::from(letter);
    for _ in 0..ROUNDS {
        let next = once(&now);
        if next == now {
            break;
        }
        now = next;
    }
    now
}

fn once(text: &str) -> String {
    let mut out = String::new();
    let mut one = |letter: char| match replaced(letter) {
        Some(other) => out.push_str(other),
        None if is_left_out(letter) => {}
        None => out.extend(letter.to_uppercase().flat_map(char::to_lowercase)),
    };
    for letter in text.chars() {
        match replaced(letter) {
            Some(_) => one(letter),
            None => decompose_compatible(letter, &mut one),
        }
    }
    out
}

/// Letters that Unicode does not take apart and people write without their stroke, and the typographic forms of what a keyboard has.
fn replaced(letter: char) -> Option<&'static str> {
    Some(match letter {
        'ø' | 'Ø' => "o",
        'ł' | 'Ł' => "l",
        'đ' | 'Đ' => "d",
        'ħ' | 'Ħ' => "h",
        'ŧ' | 'Ŧ' => "t",
        'æ' | 'Æ' => "ae",
        'œ' | 'Œ' => "oe",
        '\u{b4}' | '\u{2bc}' | '\u{2018}' | '\u{2019}' => "'",
        '\u{2010}'..='\u{2015}' | '\u{2212}' => "-",
        _ => return None,
    })
}

/// Accents and points, and what is never seen.
fn is_left_out(letter: char) -> bool {
    matches!(letter,
        '\u{300}'..='\u{36f}' | '\u{483}'..='\u{487}' | '\u{1ab0}'..='\u{1aff}' | '\u{1dc0}'..='\u{1dff}' | '\u{20d0}'..='\u{20ff}'
        | '\u{fe20}'..='\u{fe2f}'
        | '\u{591}'..='\u{5bd}' | '\u{5bf}' | '\u{5c1}' | '\u{5c2}' | '\u{5c4}' | '\u{5c5}' | '\u{5c7}'
        | '\u{610}'..='\u{61a}' | '\u{640}' | '\u{64b}'..='\u{65f}' | '\u{670}' | '\u{6d6}'..='\u{6dc}' | '\u{6df}'..='\u{6e8}' | '\u{6ea}'..='\u{6ed}'
        | '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}'
        | '\u{e0100}'..='\u{e01ef}')
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn accents_case_and_spelling_do_not_tell_words_apart() {
        for (one, other) in [
            ("Mettā", "metta"),
            ("Metta\u{304}", "metta"),
            ("café", "CAFE\u{301}"),
            ("straße", "STRASSE"),
            ("STRAẞE", "strasse"),
            ("Iğdır", "igdir"),
            ("İyi ışık", "iyi isik"),
            ("cœur", "COEUR"),
            ("Łódź", "lodz"),
            ("Ὀδυσσεύς", "ΟΔΥΣΣΕΥΣ"),
            ("Ещё", "еще"),
            ("ﬁne", "FINE"),
            ("ｍｅｔｔａ", "metta"),
            ("don’t", "don't"),
            ("self\u{2011}kind", "self-kind"),
            ("hard\u{ad}ly", "hardly"),
            ("שָׁלוֹם", "שלום"),
            ("한글", "\u{1112}\u{1161}\u{11ab}\u{1100}\u{1173}\u{11af}"),
        ] {
            assert_eq!(fold(one), fold(other), "{one} {other}");
        }
    }

    #[test]
    fn a_mark_that_makes_another_letter_stays() {
        for (one, other) in [("が", "か"), ("कि", "क"), ("ab", "a"), ("慈", "悲"), ("한", "하")] {
            assert_ne!(fold(one), fold(other), "{one} {other}");
        }
    }

    #[test]
    fn every_letter_there_is_folds_once_and_for_all() {
        // Behind these nothing is assigned, or it is for private use.
        for letter in ('\0'..'\u{32000}').chain('\u{e0000}'..'\u{e0200}') {
            let mut folded = String::new();
            fold_letter(letter, &mut folded);
            assert_eq!(fold(&folded), folded, "U+{:04X}", u32::from(letter));
            assert_eq!(settled(letter), folded, "U+{:04X}: the short ways lead to the same", u32::from(letter));
        }
    }

    proptest! {
        #[test]
        fn folding_twice_is_folding_once(text in ".*") {
            let once = fold(&text);
            prop_assert_eq!(fold(&once), once);
        }

        #[test]
        fn a_text_folds_letter_by_letter(text in "[a-zA-ZÀ-ÿœŒ -]{0,40}") {
            let mut by_letter = String::new();
            text.chars().for_each(|letter| fold_letter(letter, &mut by_letter));
            prop_assert_eq!(fold(&text), by_letter);
        }
    }
}
