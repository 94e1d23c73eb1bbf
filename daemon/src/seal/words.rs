//! The 24 words of the recovery kit: BIP39, English list, 256 bits and a checksum of 8.

use asif_proto::local::kit::WORDS;
use asif_proto::near::nearest;
use bip39::{Language, Mnemonic};
use zeroize::Zeroizing;

use super::keys::{KEY_LEN, KitEntropy};

/// So many letters tell a word of the list from every other.
const ENOUGH: usize = 4;

/// Why typed words are not those of a kit.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum WordsError {
    /// Too few or too many.
    #[error("a recovery kit has {WORDS} words, and these are {0}")]
    Count(usize),
    /// One is not of the list; counted from 1.
    #[error("word {0} is none that a recovery kit can have")]
    Unknown(usize),
    /// They do not belong together.
    #[error("these words do not belong together: one of them is another than was written down, or two have changed places")]
    Checksum,
}

impl KitEntropy {
    /// The words, in their order.
    pub fn words(&self) -> Vec<&'static str> {
        #[expect(clippy::expect_used, reason = "256 bits are a length that BIP39 knows")]
        let mnemonic = Mnemonic::from_entropy_in(Language::English, self.danger_bytes()).expect("32 bytes");
        mnemonic.words().collect()
    }

    /// The kit of these words, as somebody typed them: in capitals or not, numbered or not, or only the first four letters of each.
    ///
    /// # Errors
    ///
    /// If they are not those of a kit.
    pub fn from_words(typed: &str) -> Result<Self, WordsError> {
        let words: Vec<Option<&str>> = typed_words(typed).map(|word| of_list(&word)).collect();
        if words.len() != WORDS {
            return Err(WordsError::Count(words.len()));
        }
        let mut text = Zeroizing::new(String::with_capacity(WORDS * 9));
        for (at, word) in words.into_iter().enumerate() {
            text.push_str(word.ok_or(WordsError::Unknown(at + 1))?);
            text.push(' ');
        }
        let mnemonic = Mnemonic::parse_in_normalized(Language::English, &text).map_err(|_| WordsError::Checksum)?;
        let (bytes, _) = mnemonic.to_entropy_array();
        let bytes = Zeroizing::new(bytes);
        let entropy = bytes.first_chunk::<KEY_LEN>().ok_or(WordsError::Checksum)?;
        Ok(Self::from_bytes(*entropy))
    }
}

/// What was typed, word by word, without numbers and signs between them.
pub fn typed_words(typed: &str) -> impl Iterator<Item = Zeroizing<String>> {
    let words = typed.split(|one: char| !one.is_alphabetic()).filter(|word| !word.is_empty());
    words.map(|word| Zeroizing::new(word.to_lowercase()))
}

/// A word of the list, whole or told by its first letters.
pub fn of_list(word: &str) -> Option<&'static str> {
    let mut like = Language::English.words_by_prefix_iter(word);
    let first = like.next()?;
    (first == word || (word.len() >= ENOUGH && like.next().is_none())).then_some(first)
}

/// The word of the list that is nearest to one that is none.
pub fn near(word: &str) -> Option<&'static str> {
    let all = Language::English.word_list();
    let found = *nearest(word, all.iter().copied(), 1).first()?;
    all.iter().copied().find(|one| *one == found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_come_back_however_they_are_typed() {
        let kit = KitEntropy::from_bytes([10; KEY_LEN]);
        let words = kit.words();
        assert_eq!(words.len(), WORDS);
        let short: Vec<String> = words.iter().map(|word| word.chars().take(4).collect()).collect();
        let numbered: Vec<String> = words.iter().enumerate().map(|(at, word)| format!("{}. {}\n", at + 1, word.to_uppercase())).collect();
        for typed in [words.join(" "), short.join("  "), numbered.concat()] {
            assert!(KitEntropy::from_words(&typed).unwrap() == kit, "{typed}");
        }
    }

    #[test]
    fn what_was_miscopied_is_told() {
        let words = KitEntropy::from_bytes([10; KEY_LEN]).words();
        let with = |at: usize, word: &'static str| {
            let mut words = words.clone();
            words[at] = word;
            KitEntropy::from_words(&words.join(" ")).err()
        };
        assert_eq!(with(6, "abandn"), Some(WordsError::Unknown(7)));
        assert_eq!(with(0, "zoo"), Some(WordsError::Checksum));
        assert_eq!(KitEntropy::from_words("").err(), Some(WordsError::Count(0)));
        assert_eq!(KitEntropy::from_words(&words[1..].join(" ")).err(), Some(WordsError::Count(23)));
        assert_eq!(
            (near("abandn"), of_list("aband"), of_list("aba"), of_list("add"), of_list("zzzz")),
            (Some("abandon"), Some("abandon"), None, Some("add"), None)
        );
    }

    /// The vectors of the BIP39 reference implementation (python-mnemonic, vectors.json): all zeros, and all ones.
    #[test]
    fn they_are_the_words_of_bip39() {
        let zeros = KitEntropy::from_bytes([0; KEY_LEN]).words();
        assert!(zeros.iter().take(23).all(|word| *word == "abandon") && zeros[23] == "art", "{zeros:?}");
        let ones = KitEntropy::from_bytes([255; KEY_LEN]).words();
        assert!(ones.iter().take(23).all(|word| *word == "zoo") && ones[23] == "vote", "{ones:?}");
    }
}
