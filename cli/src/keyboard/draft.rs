//! What a person types, line by line, with the keys of a terminal that erase and end.

use unicode_width::UnicodeWidthChar;

/// The keys that do something, as the terminal is set; 0 is none.
#[derive(Debug, Clone, Copy)]
pub(super) struct Keys {
    /// Takes back one letter. Both codes that keyboards send for backspace do so too.
    pub(super) erase: u8,
    /// Takes back the word.
    pub(super) word: u8,
    /// Takes back the line.
    pub(super) kill: u8,
    /// Ends the text.
    pub(super) end: u8,
}

/// The text so far.
#[derive(Debug)]
pub(super) struct Draft {
    text: Vec<u8>,
    /// Where its last line begins.
    line: usize,
    /// The key before this one was the end, with something on the line: pressed again, it ends the text there.
    ending: bool,
    keys: Keys,
}

impl Draft {
    pub(super) fn new(keys: Keys) -> Self {
        Self { text: Vec::new(), line: 0, ending: false, keys }
    }

    /// Takes one byte from the terminal; what is to be shown for it goes to `echo`. True: the text has ended.
    pub(super) fn take(&mut self, byte: u8, echo: &mut Vec<u8>) -> bool {
        let is = |key: u8| key != 0 && byte == key;
        // A terminal that still handed over lines when it was pressed keeps the end as 0.
        if is(self.keys.end) || byte == 0 {
            let ends = self.ending || self.line == self.text.len();
            self.ending = true;
            return ends;
        }
        self.ending = false;
        if is(self.keys.erase) || matches!(byte, 0x08 | 0x7f) {
            self.erase(echo);
        } else if is(self.keys.kill) {
            while self.erase(echo).is_some() {}
        } else if is(self.keys.word) {
            while self.last().is_some_and(char::is_whitespace) {
                self.erase(echo);
            }
            while self.last().is_some_and(|letter| !letter.is_whitespace()) {
                self.erase(echo);
            }
        } else {
            self.text.push(byte);
            match byte {
                b'\n' => {
                    self.line = self.text.len();
                    echo.push(byte);
                }
                b'\t' => echo.push(byte),
                0..=0x1f => echo.extend([b'^', byte + 0x40]),
                _ => echo.push(byte),
            }
        }
        false
    }

    /// What is on the last line.
    pub(super) fn last_line(&self) -> &[u8] {
        self.text.get(self.line..).unwrap_or_default()
    }

    /// The whole text.
    pub(super) fn into_text(self) -> Vec<u8> {
        self.text
    }

    /// The last letter of the line; a byte that is part of none counts as one.
    fn last(&self) -> Option<char> {
        let line = self.last_line();
        let from = (1..=line.len().min(4)).find_map(|back| Some((back, std::str::from_utf8(line.get(line.len() - back..)?).ok()?)));
        match from {
            Some((_, letter)) => letter.chars().next(),
            None => (!line.is_empty()).then_some(char::REPLACEMENT_CHARACTER),
        }
    }

    fn erase(&mut self, echo: &mut Vec<u8>) -> Option<char> {
        let letter = self.last()?;
        let bytes =
            if letter == char::REPLACEMENT_CHARACTER && !self.last_line().ends_with("\u{fffd}".as_bytes()) { 1 } else { letter.len_utf8() };
        let before = columns(self.last_line());
        self.text.truncate(self.text.len().saturating_sub(bytes));
        let after = columns(self.last_line());
        for _ in after..before {
            echo.extend(b"\x08 \x08");
        }
        Some(letter)
    }
}

/// The columns that a line takes as it is shown here.
fn columns(line: &[u8]) -> usize {
    String::from_utf8_lossy(line).chars().fold(0, |at, letter| match letter {
        '\t' => (at / 8 + 1) * 8,
        '\u{0}'..='\u{1f}' => at + 2,
        letter => at + letter.width().unwrap_or(0),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEYS: Keys = Keys { erase: 0x7f, word: 0x17, kill: 0x15, end: 0x04 };

    /// The text after `typed`, what was shown, and whether it ended.
    fn typed(typed: &[u8]) -> (String, String, bool) {
        let (mut draft, mut echo, mut ended) = (Draft::new(KEYS), Vec::new(), false);
        for byte in typed {
            assert!(!ended, "something came after the end");
            ended = draft.take(*byte, &mut echo);
        }
        (String::from_utf8(draft.into_text()).unwrap(), String::from_utf8_lossy(&echo).into_owned(), ended)
    }

    #[test]
    fn keys_that_erase_take_back_letters_words_and_lines_and_never_the_line_before() {
        assert_eq!(typed("lunhc\x7f\x7fch".as_bytes()).0, "lunch");
        assert_eq!(typed("gr\u{fc}\u{df}\x7f\u{08}\u{fc}n".as_bytes()).0, "gr\u{fc}n");
        assert_eq!(typed("one two  \x17three".as_bytes()).0, "one three");
        assert_eq!(typed("kept\nwrong\x15right\x15\x7f\x7f".as_bytes()).0, "kept\n");
        assert_eq!(typed("日本\x7f".as_bytes()).1, "日本\u{8} \u{8}\u{8} \u{8}");
        assert_eq!(typed(b"a\tb\x7f\x7f").1.matches('\u{8}').count(), 2 * (1 + 7));
    }

    #[test]
    fn bytes_that_are_no_letters_are_erased_one_by_one() {
        let mut draft = Draft::new(KEYS);
        for byte in [b'a', 0xff, 0xc3, 0x7f, 0x7f] {
            draft.take(byte, &mut Vec::new());
        }
        assert_eq!(draft.into_text(), b"a");
        assert_eq!(typed("a\u{fffd}\x7f".as_bytes()).0, "a");
    }

    #[test]
    fn the_end_key_ends_an_empty_line_at_once_and_another_when_pressed_twice() {
        assert_eq!(typed(b"one\n\x04"), ("one\n".into(), "one\n".into(), true));
        assert_eq!(typed(b"one\x04"), ("one".into(), "one".into(), false));
        assert_eq!(typed(b"one\x04\x04"), ("one".into(), "one".into(), true));
        assert_eq!(typed(b"one\x04 two\x04"), ("one two".into(), "one two".into(), false));
        assert!(typed(b"\x04").2 && typed(b"typed ahead\n\0").2);
    }

    #[test]
    fn control_characters_are_shown_not_obeyed() {
        assert_eq!(typed(b"\x1b[2J"), ("\u{1b}[2J".into(), "^[[2J".into(), false));
    }
}
