//! What a person types, line by line, with the keys of a terminal that erase and end.

use super::End;
use super::letter::{Place, columns, show};

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

/// What is typed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// One line: a line break ends it.
    Line,
    /// As many lines as they like: the end key ends it.
    Prose,
}

/// The text so far.
#[derive(Debug)]
pub(super) struct Draft {
    text: Vec<u8>,
    /// Where its last line begins.
    line: usize,
    /// Up to where it is shown: before a letter that has not all come.
    shown: usize,
    /// The key before this one was the end, with something on the line: pressed again, it ends the text there.
    ending: bool,
    keys: Keys,
    shape: Shape,
    /// The column in which the first line begins, and how many there are; 0: nobody knows.
    begins: usize,
    width: usize,
}

impl Draft {
    /// An empty text; its first line begins in the column `begins`.
    pub(super) fn new(keys: Keys, shape: Shape, begins: usize) -> Self {
        Self { text: Vec::new(), line: 0, shown: 0, ending: false, keys, shape, begins, width: 0 }
    }

    /// The terminal has so many columns; 0: nobody knows.
    pub(super) fn set_width(&mut self, width: usize) {
        self.width = width;
    }

    /// Puts `text` there to begin with, whatever is in it.
    pub(super) fn begin_with(&mut self, text: &str, echo: &mut Vec<u8>) {
        text.bytes().for_each(|byte| self.put(byte, echo));
    }

    /// Takes one byte from the terminal; what is to be shown for it goes to `echo`. The end of the text, where this is it.
    pub(super) fn take(&mut self, byte: u8, echo: &mut Vec<u8>) -> Option<End> {
        let is = |key: u8| key != 0 && byte == key;
        // A terminal that still handed over lines when it was pressed keeps the end as 0.
        if is(self.keys.end) || byte == 0 {
            let ends = self.ending || self.line == self.text.len();
            self.ending = true;
            return ends.then_some(if self.shape == Shape::Line { End::Left } else { End::Done });
        }
        self.ending = false;
        if is(self.keys.erase) || matches!(byte, 0x08 | 0x7f) {
            self.erase(echo);
        } else if is(self.keys.kill) {
            self.cut(self.line, echo);
        } else if is(self.keys.word) {
            self.cut(self.word(), echo);
        } else if byte == b'\n' && self.shape == Shape::Line {
            echo.push(byte);
            return Some(End::Done);
        } else {
            self.put(byte, echo);
        }
        None
    }

    fn put(&mut self, byte: u8, echo: &mut Vec<u8>) {
        self.text.push(byte);
        while let Some(unshown) = self.text.get(self.shown..).filter(|unshown| !unshown.is_empty()) {
            let (letters, strange) = match std::str::from_utf8(unshown) {
                Ok(letters) => (letters, 0),
                Err(error) => {
                    let letters = unshown.get(..error.valid_up_to()).unwrap_or_default();
                    let Some(strange) = error.error_len() else { break };
                    (std::str::from_utf8(letters).unwrap_or_default(), strange)
                }
            };
            letters.chars().for_each(|letter| show(letter, echo));
            if strange > 0 {
                show(char::REPLACEMENT_CHARACTER, echo);
            }
            self.shown += letters.len() + strange;
        }
        if byte == b'\n' {
            self.line = self.text.len();
        }
    }

    /// The whole text so far.
    pub(super) fn text(&self) -> &[u8] {
        &self.text
    }

    /// The last line as it is shown.
    pub(super) fn shown_line(&self) -> Vec<u8> {
        let mut shown = Vec::new();
        let line = self.text.get(self.line..self.shown).unwrap_or_default();
        String::from_utf8_lossy(line).chars().for_each(|letter| show(letter, &mut shown));
        shown
    }

    /// The whole text.
    pub(super) fn into_text(self) -> Vec<u8> {
        self.text
    }

    fn last_line(&self) -> &[u8] {
        self.text.get(self.line..).unwrap_or_default()
    }

    fn erase(&mut self, echo: &mut Vec<u8>) {
        let bytes = last_letter(self.last_line());
        if bytes > 0 {
            self.cut(self.text.len() - bytes, echo);
        }
    }

    /// Where the last word of the line begins.
    fn word(&self) -> usize {
        let mut to = self.text.len();
        let mut in_word = false;
        loop {
            let before = self.text.get(self.line..to).unwrap_or_default();
            let bytes = last_letter(before);
            let letter = before.get(before.len() - bytes..).and_then(|letter| std::str::from_utf8(letter).ok());
            let space = letter.is_some_and(|letter| letter.chars().all(char::is_whitespace));
            if bytes == 0 || (in_word && space) {
                return to;
            }
            in_word |= !space;
            to -= bytes;
        }
    }

    /// Takes back everything from `to` on.
    fn cut(&mut self, to: usize, echo: &mut Vec<u8>) {
        let before = self.place(self.shown);
        let gone = self.text.get(to..self.shown).map(|gone| String::from_utf8_lossy(gone).into_owned());
        self.text.truncate(to);
        self.shown = self.shown.min(to);
        let Some(first) = gone.and_then(|gone| gone.chars().next()) else { return };
        let after = self.place(self.shown);
        let same_row = |place: Place| place.row == before.row && !before.is_full(self.width);
        if same_row(after) {
            (after.column..before.column).for_each(|_| echo.extend(b"\x08 \x08"));
            if columns(first) > 0 {
                return;
            }
        }
        // What is left lost a mark that stood on it, or ends on another row: its last letter is shown anew.
        let left = String::from_utf8_lossy(self.text.get(self.line..self.shown).unwrap_or_default()).into_owned();
        let at = left.char_indices().rev().find(|(_, letter)| columns(*letter) > 0).map_or(0, |(at, _)| at);
        let (kept, anew) = left.split_at_checked(at).unwrap_or_default();
        let place = self.place_after(kept).settled(self.width);
        if same_row(place) {
            (place.column..after.column).for_each(|_| echo.push(0x08));
        } else {
            place.go_back(before, echo);
        }
        anew.chars().for_each(|letter| show(letter, echo));
    }

    /// Where the last line is, shown up to `to`.
    fn place(&self, to: usize) -> Place {
        self.place_after(&String::from_utf8_lossy(self.text.get(self.line..to).unwrap_or_default()))
    }

    fn place_after(&self, shown: &str) -> Place {
        let begins = if self.line == 0 { self.begins } else { 0 };
        shown.chars().fold(Place { row: 0, column: begins }, |place, letter| place.after(letter, self.width))
    }
}

/// The bytes of the last letter; a byte that is part of none counts as one.
fn last_letter(line: &[u8]) -> usize {
    let whole = |back: &usize| {
        let tail = line.get(line.len() - back..).unwrap_or_default();
        std::str::from_utf8(tail).is_ok_and(|tail| tail.chars().count() == 1)
    };
    (1..=line.len().min(4)).find(whole).unwrap_or(line.len().min(1))
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEYS: Keys = Keys { erase: 0x7f, word: 0x17, kill: 0x15, end: 0x04 };

    /// The text after `typed`, what was shown, and whether it ended.
    fn typed(typed: &[u8]) -> (String, String, bool) {
        let (text, echo, end) = typed_as(Shape::Prose, "", typed);
        assert_ne!(end, Some(End::Left));
        (text, echo, end.is_some())
    }

    fn typed_as(shape: Shape, before: &str, typed: &[u8]) -> (String, String, Option<End>) {
        let (mut draft, mut echo, mut end) = (Draft::new(KEYS, shape, 0), Vec::new(), None);
        draft.begin_with(before, &mut echo);
        for byte in typed {
            assert_eq!(end, None, "something came after the end");
            end = draft.take(*byte, &mut echo);
        }
        (String::from_utf8(draft.into_text()).unwrap(), String::from_utf8(echo).unwrap(), end)
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
        let mut draft = Draft::new(KEYS, Shape::Prose, 0);
        let mut echo = Vec::new();
        for byte in [b'a', 0xff, 0xc3, 0x7f, 0x7f] {
            draft.take(byte, &mut echo);
        }
        assert_eq!((draft.into_text(), String::from_utf8(echo).unwrap().as_str()), (b"a".to_vec(), "a\u{fffd}\u{8} \u{8}"));
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

    #[test]
    fn nothing_that_is_shown_steers_the_terminal() {
        let (text, echo, _) = typed("a\u{9b}2J\u{202e}b\u{2066}\u{7f}".as_bytes());
        assert_eq!(text, "a\u{9b}2J\u{202e}b");
        assert_eq!(echo, format!("a<U+009B>2J<U+202E>b<U+2066>{}", "\u{8} \u{8}".repeat(8)));
    }

    #[test]
    fn letters_are_shown_whole() {
        let mut draft = Draft::new(KEYS, Shape::Prose, 0);
        let shown: Vec<usize> = "e\u{301}\u{1f469}"
            .bytes()
            .map(|byte| {
                let mut echo = Vec::new();
                draft.take(byte, &mut echo);
                echo.len()
            })
            .collect();
        assert_eq!(shown, [1, 0, 2, 0, 0, 0, 4]);
    }

    #[test]
    fn a_mark_that_is_taken_back_leaves_its_letter_as_it_was() {
        assert_eq!(typed("ae\u{301}\u{7f}".as_bytes()), ("ae".into(), "ae\u{301}\u{8}e".into(), false));
        assert_eq!(typed("日\u{3099}\u{302}\u{7f}".as_bytes()).1, "日\u{3099}\u{302}\u{8}\u{8}日\u{3099}");
        assert_eq!(typed("\u{301}\u{7f}".as_bytes()), (String::new(), "\u{301}".into(), false));
    }

    #[test]
    fn a_line_ends_with_its_break_and_is_left_with_the_end_key() {
        assert_eq!(typed_as(Shape::Line, "", b"a b\n"), ("a b".into(), "a b\n".into(), Some(End::Done)));
        assert_eq!(typed_as(Shape::Line, "", b"\x04").2, Some(End::Left));
        assert_eq!(typed_as(Shape::Line, "", b"half\x04"), ("half".into(), "half".into(), None));
        assert_eq!(typed_as(Shape::Line, "", b"half\x04\x04"), ("half".into(), "half".into(), Some(End::Left)));
    }

    #[test]
    fn what_was_there_before_can_be_mended_and_holds_no_keys() {
        assert_eq!(typed_as(Shape::Line, "tem", b"\x7fn\n"), ("ten".into(), "tem\u{8} \u{8}n\n".into(), Some(End::Done)));
        assert_eq!(typed_as(Shape::Line, "a\u{7f}\u{4}", b"\n").0, "a\u{7f}\u{4}");
        assert_eq!(typed_as(Shape::Prose, "one\ntwo", b"\x15\x7f").0, "one\n");
    }

    #[test]
    fn a_very_long_line_is_taken_back_at_once() {
        let long = [&b"x".repeat(1 << 20)[..], b"\x15", &b"y".repeat(1 << 20), b"\x17"].concat();
        assert_eq!(typed(&long).0, "");
    }
}
