//! How a letter that is typed is shown, and where it leaves the cursor.

use unicode_width::UnicodeWidthChar;

use crate::render::text::steers;

/// A letter as it is shown: nothing of it steers the terminal.
pub(super) fn show(letter: char, echo: &mut Vec<u8>) {
    match letter {
        '\n' | '\t' => echo.push(letter as u8),
        '\u{0}'..='\u{1f}' => echo.extend([b'^', letter as u8 + 0x40]),
        '\u{7f}' => echo.extend(b"^?"),
        letter if steers(letter) => echo.extend(format!("<U+{:04X}>", u32::from(letter)).bytes()),
        letter => echo.extend(letter.encode_utf8(&mut [0; 4]).bytes()),
    }
}

/// The columns that a letter takes as it is shown; a tab is one that ends somewhere.
pub(super) fn columns(letter: char) -> usize {
    match letter {
        '\t' => 1,
        '\u{0}'..='\u{1f}' | '\u{7f}' => 2,
        letter if steers(letter) => 8,
        letter => letter.width().unwrap_or(0),
    }
}

/// Where the cursor is, in rows from that of the question and columns from the left.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) row: usize,
    pub(super) column: usize,
}

impl Place {
    /// Where it is once `letter` is shown, in so many columns; 0: nobody knows how many.
    ///
    /// A row that is just full is left by the next letter only.
    pub(super) fn after(self, letter: char, width: usize) -> Self {
        match letter {
            '\t' => {
                let stop = (self.column / 8 + 1) * 8;
                let column = if width == 0 { stop } else { stop.min(width - 1).max(self.column) };
                Self { column, ..self }
            }
            // A stand-in is several letters, each of which can be the first of a row.
            '\u{0}'..='\u{1f}' | '\u{7f}' => (0..columns(letter)).fold(self, |place, _| place.advance(1, width)),
            letter if steers(letter) => (0..columns(letter)).fold(self, |place, _| place.advance(1, width)),
            letter => self.advance(columns(letter), width),
        }
    }

    fn advance(self, columns: usize, width: usize) -> Self {
        if width > 0 && columns > 0 && self.column + columns > width {
            return Self { row: self.row + 1, column: columns };
        }
        Self { column: self.column + columns, ..self }
    }

    /// The row is full, and the cursor waits behind its last letter.
    pub(super) fn is_full(self, width: usize) -> bool {
        width > 0 && self.column >= width
    }

    /// The same place where the next letter would be shown.
    pub(super) fn settled(self, width: usize) -> Self {
        if self.is_full(width) { Self { row: self.row + 1, column: 0 } } else { self }
    }

    /// Goes here from a place further on, and clears everything from here on.
    pub(super) fn go_back(self, from: Self, echo: &mut Vec<u8>) {
        echo.push(b'\r');
        let up = from.row.saturating_sub(self.row);
        if up > 0 {
            echo.extend(format!("\x1b[{up}A").bytes());
        }
        if self.column > 0 {
            echo.extend(format!("\x1b[{}C", self.column).bytes());
        }
        echo.extend(b"\x1b[J");
    }
}

#[cfg(test)]
mod tests {
    use super::super::Shape;
    use super::super::draft::{Draft, Keys};
    use super::*;

    const WIDTH: usize = 10;

    /// As much of a terminal as is needed here.
    #[derive(Default)]
    struct Terminal {
        cells: Vec<Vec<String>>,
        row: usize,
        column: usize,
    }

    impl Terminal {
        fn show(&mut self, bytes: &[u8]) {
            let text = std::str::from_utf8(bytes).unwrap();
            let mut letters = text.chars();
            while let Some(letter) = letters.next() {
                match letter {
                    '\r' => self.column = 0,
                    '\u{8}' => self.column = self.column.min(WIDTH - 1).saturating_sub(1),
                    '\u{1b}' => {
                        assert_eq!(letters.next(), Some('['));
                        let rest = letters.as_str();
                        let digits = rest.chars().take_while(char::is_ascii_digit).count();
                        let (number, rest) = rest.split_at(digits);
                        let number = number.parse().unwrap_or(0);
                        match rest.chars().next().unwrap() {
                            'A' => self.row -= number,
                            'C' => self.column = (self.column + number).min(WIDTH - 1),
                            'J' => {
                                self.cells.truncate(self.row + 1);
                                let column = self.column.min(WIDTH - 1);
                                self.line().iter_mut().skip(column).for_each(|cell| cell.clear());
                            }
                            other => panic!("{other:?}"),
                        }
                        letters = rest.get(1..).unwrap().chars();
                    }
                    letter => self.put(letter),
                }
            }
        }

        fn line(&mut self) -> &mut Vec<String> {
            let needed = self.row + 1;
            if self.cells.len() < needed {
                self.cells.resize(needed, vec![String::new(); WIDTH]);
            }
            &mut self.cells[self.row]
        }

        fn put(&mut self, letter: char) {
            let columns = letter.width().unwrap_or(0);
            if columns == 0 {
                let mut at = self.column.saturating_sub(1);
                while at > 0 && self.line()[at].is_empty() {
                    at -= 1;
                }
                self.line()[at].push(letter);
                return;
            }
            if self.column + columns > WIDTH {
                (self.row, self.column) = (self.row + 1, 0);
            }
            let at = self.column;
            for cell in at..at + columns {
                self.line()[cell].clear();
            }
            self.line()[at].push(letter);
            self.column += columns;
        }

        fn screen(&self) -> String {
            let rows = self.cells.iter().map(|row| row.iter().map(|cell| if cell.is_empty() { " " } else { cell }).collect::<String>());
            rows.map(|row| row.trim_end().to_owned()).collect::<Vec<_>>().join("\n").trim_end().to_owned()
        }
    }

    /// What a terminal shows once `typed` was typed behind a question.
    fn shown(typed: &str, begins: usize) -> (String, (usize, usize), String) {
        let keys = Keys { erase: 0x7f, word: 0x17, kill: 0x15, end: 0x04 };
        let (mut draft, mut terminal) = (Draft::new(keys, Shape::Line, begins), Terminal::default());
        draft.set_width(WIDTH);
        terminal.show("?".repeat(begins).as_bytes());
        for byte in typed.bytes() {
            let mut echo = Vec::new();
            assert!(draft.take(byte, &mut echo).is_none());
            terminal.show(&echo);
        }
        (terminal.screen(), (terminal.row, terminal.column), String::from_utf8(draft.into_text()).unwrap())
    }

    #[test]
    fn whatever_is_taken_back_the_screen_is_as_if_only_the_rest_had_been_typed() {
        let alphabet = [
            "a",
            "b",
            "\u{7f}",
            "\u{7f}",
            "\u{7f}",
            "日",
            "e\u{301}",
            "\u{302}",
            " ",
            "\u{17}",
            "\u{202e}",
            "\u{1}",
            "\u{200d}",
            "\u{1f469}",
        ];
        let mut seed: u64 = 7;
        for round in 0..4000 {
            let mut typed = String::from("x");
            for _ in 0..(round % 60) {
                seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                let at = usize::try_from(seed >> 33).unwrap() % alphabet.len();
                typed.push_str(alphabet[at]);
            }
            let begins = round % WIDTH;
            let (screen, cursor, rest) = shown(&typed, begins);
            let (wanted, at, same) = shown(&rest, begins);
            // A mark that combines with the question's own letters is nobody's to take back.
            if typed.starts_with("x\u{7f}") || !rest.starts_with('x') {
                continue;
            }
            assert_eq!((screen, cursor, &rest), (wanted, at, &same), "{typed:?} behind {begins}");
        }
    }

    #[test]
    fn a_line_over_several_rows_is_taken_back_to_its_beginning() {
        let (screen, cursor, rest) = shown(&format!("{}\u{15}ok", "x".repeat(35)), 3);
        assert_eq!((screen.as_str(), cursor, rest.as_str()), ("???ok", (0, 5), "ok"));
        let (screen, cursor, _) = shown(&format!("{}\u{7f}\u{7f}yz", "x".repeat(8)), 3);
        assert_eq!((screen.as_str(), cursor), ("???xxxxxxy\nz", (1, 1)));
    }
}
