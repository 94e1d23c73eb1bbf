//! Short codes: what one person reads aloud so that two devices meet, like `7-harbour-violin-kettle`.
//!
//! The number tells which invitation is meant and is no secret: it is told on the local network. The three words are: each is one of [`WORDS`], so that
//! whoever guesses is right once in 2^33 times; and of one code there is one guess. Any two words of the list differ by more than one slip of the finger, so that a
//! slip is noticed before a code is used up by it.

use std::fmt;
use std::str::FromStr;

use zeroize::{Zeroize, ZeroizeOnDrop};

use crate::near::nearest;

/// How many words a code has.
const LENGTH: usize = 3;
/// How many words there are to choose from: 11 bits each.
pub const WORDS: usize = 2048;
/// The highest number of an invitation.
pub const MAX_NUMBER: u16 = 999;

/// One word a line, sorted. Chosen by hand for asif, from no other list: plain words that are easy to say and to spell, and nothing that hurts.
const LIST: &str = include_str!("code/words.txt");

/// A code. `Debug` shows its number alone.
#[derive(Clone, PartialEq, Eq, Zeroize, ZeroizeOnDrop)]
pub struct Code {
    number: u16,
    words: [u16; LENGTH],
}

/// Why a text is no code.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CodeError {
    /// Not a number and three words.
    #[error("this is not a code: a code is a number and three words, like 7-harbour-violin-kettle")]
    Malformed,
    /// A word that no code has.
    #[error("{typed:?} is in no code{}", near.map(|near| format!("; did you mean: {near}?")).unwrap_or_default())]
    Word {
        /// As it was typed.
        typed: String,
        /// The nearest that there is.
        near: Option<&'static str>,
    },
}

impl Code {
    /// The code of the invitation `number`, with the words at these places of the list; of each place the lowest 11 bits count.
    pub fn new(number: u16, places: [u16; LENGTH]) -> Self {
        Self { number, words: places.map(|place| place % WORDS as u16) }
    }

    /// Which invitation is meant.
    pub fn number(&self) -> u16 {
        self.number
    }

    /// Whether a text is meant for a code, whatever is wrong with it: it begins with a number.
    pub fn is_meant_by(text: &str) -> bool {
        text.trim_start().starts_with(|letter: char| letter.is_ascii_digit())
    }
}

/// The words of all codes, sorted.
pub fn words() -> impl Iterator<Item = &'static str> {
    LIST.lines()
}

impl fmt::Debug for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Code({})", self.number)
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.number)?;
        self.words.iter().try_for_each(|place| write!(f, "-{}", words().nth(usize::from(*place)).unwrap_or_default()))
    }
}

impl FromStr for Code {
    type Err = CodeError;
    /// Reads what somebody typed who was told a code: in capitals or not, with spaces or hyphens.
    fn from_str(text: &str) -> Result<Self, CodeError> {
        let mut parts = text.split(|letter: char| letter == '-' || letter == '_' || letter.is_whitespace()).filter(|part| !part.is_empty());
        let number = parts.next().filter(|part| part.bytes().all(|byte| byte.is_ascii_digit()));
        let number =
            number.and_then(|part| part.parse().ok()).filter(|number| (1..=MAX_NUMBER).contains(number)).ok_or(CodeError::Malformed)?;
        let typed: Vec<String> = parts.map(str::to_lowercase).collect();
        let typed: [String; LENGTH] = typed.try_into().map_err(|_| CodeError::Malformed)?;
        let mut places = [0; LENGTH];
        for (place, typed) in places.iter_mut().zip(typed) {
            let found = words().position(|word| word == typed).and_then(|found| u16::try_from(found).ok());
            let near = || nearest(&typed, words(), 1).first().copied();
            *place = found.ok_or_else(|| CodeError::Word { near: near(), typed: typed.clone() })?;
        }
        Ok(Self { number, words: places })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::{BTreeMap, BTreeSet};

    #[test]
    fn a_code_comes_back_however_it_is_typed() {
        let code: Code = "7-harbour-violin-kettle".parse().unwrap();
        assert_eq!(code.number(), 7);
        assert_eq!(code.to_string(), "7-harbour-violin-kettle");
        for typed in [" 7 Harbour violin KETTLE\n", "07_harbour_violin_kettle", "7 - harbour - violin - kettle"] {
            assert_eq!(typed.parse::<Code>().as_ref(), Ok(&code), "{typed}");
        }
        assert_eq!("3-lantern-orbit-maple".parse::<Code>().unwrap().to_string(), "3-lantern-orbit-maple");
        assert_eq!(Code::new(1, [0, 2047, 4095]).to_string(), Code::new(1, [0, 2047, 2047]).to_string());
    }

    #[test]
    fn what_is_no_code_is_told_in_words() {
        for typed in [
            "",
            "7",
            "harbour-violin-kettle",
            "7-harbour-violin",
            "7-harbour-violin-kettle-maple",
            "0-harbour-violin-kettle",
            "1000-a-b-c",
            "asif1q",
        ] {
            assert_eq!(typed.parse::<Code>(), Err(CodeError::Malformed), "{typed}");
        }
        let wrong = "7-harbour-violin-ketle".parse::<Code>().unwrap_err();
        assert_eq!(wrong.to_string(), "\"ketle\" is in no code; did you mean: kettle?");
        assert!("7-harbour-violin-xxxxxxxxxxxx".parse::<Code>().is_err());
    }

    #[test]
    fn a_code_does_not_show_its_words() {
        assert_eq!(format!("{:?}", "7-harbour-violin-kettle".parse::<Code>().unwrap()), "Code(7)");
    }

    #[test]
    fn there_are_2048_words_and_no_slip_of_the_finger_makes_one_another() {
        let all: Vec<&str> = words().collect();
        assert_eq!(all.len(), WORDS);
        assert!(all.windows(2).all(|two| two[0] < two[1]), "sorted, and each once");
        assert!(all.iter().all(|word| (4..=8).contains(&word.len()) && word.bytes().all(|byte| byte.is_ascii_lowercase())));
        assert!(all.windows(2).all(|two| !two[1].starts_with(two[0])), "none begins another");
        // Two words that one slip makes of each other (a letter more, less or another, or two swapped) have something in common that is left when of each
        // at most one letter is taken away; or they are the same two letters the other way round.
        let mut alike: BTreeMap<String, Vec<&str>> = BTreeMap::new();
        for word in &all {
            let shorter = (0..word.len()).map(|cut| format!("{}{}", &word[..cut], &word[cut + 1..]));
            shorter
                .chain([(*word).to_owned()])
                .collect::<BTreeSet<_>>()
                .into_iter()
                .for_each(|form| alike.entry(form).or_default().push(word));
        }
        for group in alike.values() {
            for (at, one) in group.iter().enumerate() {
                assert!(group[at + 1..].iter().all(|other| strsim::osa_distance(one, other) > 1), "{group:?}");
            }
        }
    }
}
