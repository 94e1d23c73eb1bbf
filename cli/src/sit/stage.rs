//! A terminal's second screen, drawn row by row; however the program leaves it, the first is there again.

use std::io::Write;

use super::face::{Row, Style};
use crate::render::text::visible;

/// The second screen, no cursor, no wrapping: whatever a terminal takes a letter's width for, a row stays a row.
const ENTER: &str = "\x1b[?1049h\x1b[?25l\x1b[?7l";
const LEAVE: &str = "\x1b[0m\x1b[?7h\x1b[?25h\x1b[?1049l";
const BOLD: &str = "\x1b[1m";
const FAINT: &str = "\x1b[2m";
const USUAL: &str = "\x1b[0m";

/// The screen. Left when it goes.
pub struct Stage<'o> {
    output: &'o mut dyn Write,
    colour: bool,
    entered: bool,
    /// What the terminal shows; none: that is not known.
    shown: Option<Vec<Row>>,
}

impl<'o> Stage<'o> {
    /// Nothing is drawn before the first [`Stage::show`].
    pub fn new(output: &'o mut dyn Write, colour: bool) -> Self {
        Self { output, colour, entered: false, shown: None }
    }

    /// Shows `rows`; only those that differ are drawn.
    pub fn show(&mut self, rows: Vec<Row>) {
        let mut text = String::new();
        if !self.entered {
            self.entered = true;
            text.push_str(ENTER);
        }
        if self.shown.as_ref().is_none_or(|shown| shown.len() != rows.len()) {
            self.shown = None;
            text.push_str("\x1b[0m\x1b[2J");
        }
        for (at, row) in rows.iter().enumerate() {
            let before = self.shown.as_ref().map(|shown| shown.get(at));
            if before == Some(Some(row)) || (before.is_none() && row.text.is_empty()) {
                continue;
            }
            text.push_str(&format!("\x1b[{};1H", at + 1));
            let style = match row.style {
                Style::Usual => "",
                Style::Bold => BOLD,
                Style::Faint => FAINT,
            };
            let safe = visible(&row.text);
            if self.colour && !style.is_empty() {
                text.push_str(&format!("{style}{safe}{USUAL}\x1b[K"));
            } else {
                text.push_str(&format!("{safe}\x1b[K"));
            }
        }
        self.shown = Some(rows);
        self.write(&text);
    }

    /// The next rows are drawn whole: what the terminal shows is not known any more.
    pub fn forget(&mut self) {
        self.shown = None;
    }

    /// Back to the first screen, until something is shown again.
    pub fn leave(&mut self) {
        if std::mem::take(&mut self.entered) {
            self.shown = None;
            self.write(LEAVE);
        }
    }

    fn write(&mut self, text: &str) {
        // A terminal that is gone shows nothing, and the sitting ends by that.
        if !text.is_empty() {
            let _ = self.output.write_all(text.as_bytes()).and_then(|()| self.output.flush());
        }
    }
}

impl Drop for Stage<'_> {
    fn drop(&mut self) {
        self.leave();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(text: &str, style: Style) -> Row {
        Row { text: text.to_owned(), style }
    }

    fn drawn(colour: bool, draw: impl FnOnce(&mut Stage<'_>)) -> String {
        let mut output = Vec::new();
        draw(&mut Stage::new(&mut output, colour));
        String::from_utf8(output).unwrap()
    }

    #[test]
    fn it_is_entered_once_and_always_left() {
        let text = drawn(false, |stage| {
            stage.show(vec![row("a", Style::Bold)]);
            stage.show(vec![row("b", Style::Usual)]);
        });
        assert_eq!((text.matches(ENTER).count(), text.matches(LEAVE).count()), (1, 1));
        assert!(text.ends_with(LEAVE) && !text.contains(BOLD), "{text:?}");
        assert_eq!(drawn(false, |_| {}), "", "what was never entered is not left");
    }

    #[test]
    fn a_panic_leaves_it_too() {
        let mut output = Vec::new();
        let panicked = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            let mut stage = Stage::new(&mut output, false);
            stage.show(vec![row("a", Style::Usual)]);
            std::panic::resume_unwind(Box::new(()));
        }));
        assert!(panicked.is_err() && output.ends_with(LEAVE.as_bytes()));
    }

    #[test]
    fn only_rows_that_changed_are_drawn_again_and_all_of_them_after_it_was_forgotten() {
        let rows = |first: &str| vec![row(first, Style::Usual), row("", Style::Usual), row("same", Style::Bold)];
        let text = drawn(true, |stage| {
            stage.show(rows("one"));
            stage.show(rows("two"));
            stage.show(rows("two"));
        });
        assert_eq!((text.matches("same").count(), text.matches("two").count(), text.matches("\x1b[2J").count()), (1, 1, 1), "{text:?}");
        let text = drawn(true, |stage| {
            stage.show(rows("one"));
            stage.forget();
            stage.show(rows("one"));
        });
        assert_eq!((text.matches("\x1b[1msame\x1b[0m").count(), text.matches("\x1b[2J").count()), (2, 2), "{text:?}");
    }

    #[test]
    fn no_row_steers_the_terminal() {
        let text = drawn(false, |stage| stage.show(vec![row("a\u{1b}[31mb\u{9b}c\n", Style::Usual)]));
        assert!(text.contains("a␛[31mb<U+009B>c␊"), "{text:?}");
    }
}
