//! Replies as people read them: plain words, columns by display width, nothing that only a colour tells.

use jiff::Timestamp;
use jiff::tz::TimeZone;

use asif_proto::id::MIN_SUFFIX;

pub mod anchor;
pub mod backup;
pub mod belief;
pub mod caseload;
pub mod config;
pub mod crisis;
pub mod deleted;
pub mod device;
pub mod doctor;
pub mod draft;
pub mod envelope;
pub mod erased;
pub mod event;
pub mod experiment;
pub mod gentler;
pub mod goal;
pub mod history;
pub mod inbox;
pub mod kit;
pub mod loan;
pub mod lock;
pub mod mailbox;
pub mod phrase;
pub mod practice;
pub mod preview;
pub mod rapport;
pub mod reach;
pub mod receipt;
pub mod record;
pub mod reminder;
pub mod search;
pub mod session;
pub mod share;
pub mod sketch;
pub mod status;
pub mod table;
pub mod tag;
pub mod text;
pub mod time;
pub mod today;

use text::{visible, visible_lines};

const HEADING: anstyle::Style = anstyle::Style::new().bold();
const FAINT: anstyle::Style = anstyle::Style::new().dimmed();

/// What is about to be printed. Every line passes through [`visible`]: only styles of our own reach the terminal.
pub struct Screen {
    /// Plain lines: no columns, no colour.
    pub plain: bool,
    /// Columns there are.
    pub width: usize,
    /// The time at which the command began.
    pub now: Timestamp,
    /// The reader's zone.
    pub zone: TimeZone,
    colour: bool,
    text: String,
}

impl Screen {
    /// An empty screen.
    pub fn new(plain: bool, colour: bool, width: usize, now: Timestamp, zone: TimeZone) -> Self {
        Self { plain, width, now, zone, colour, text: String::new() }
    }

    /// One line.
    pub fn line(&mut self, text: &str) {
        self.text.push_str(&visible(text));
        self.text.push('\n');
    }

    /// One line that heads what follows.
    pub fn heading(&mut self, text: &str) {
        self.styled(HEADING, text);
    }

    /// One line that is said by the way.
    pub fn faint(&mut self, text: &str) {
        self.styled(FAINT, text);
    }

    /// One line with something in it that stands out, also where bold letters are not used.
    pub fn marked(&mut self, before: &str, found: &str, after: &str) {
        if !self.colour || found.is_empty() {
            return self.line(&format!("{before}{found}{after}"));
        }
        let (on, off) = (HEADING.render(), HEADING.render_reset());
        self.text.push_str(&format!("{}{on}{}{off}{}\n", visible(before), visible(found), visible(after)));
    }

    /// Somebody's own words, on as many lines as they wrote, each indented.
    pub fn prose(&mut self, indent: &str, words: &str) {
        for line in visible_lines(words) {
            self.line(format!("{indent}{line}").trim_end());
        }
    }

    /// A sentence of ours, broken to the width.
    pub fn sentence(&mut self, words: &str) {
        for line in text::wrap(words, self.width) {
            self.line(&line);
        }
    }

    /// One record: its parts side by side; where they take more than the width, on lines of their own under the first.
    pub fn record(&mut self, parts: &[String]) {
        let parts: Vec<&str> = parts.iter().map(String::as_str).filter(|part| !part.is_empty()).collect();
        if self.plain {
            let trimmed: Vec<&str> = parts.iter().map(|part| part.trim()).collect();
            return self.line(&trimmed.join("; "));
        }
        let indent = parts.first().map_or(0, |first| first.len() - first.trim_start().len()) + 4;
        let mut line = String::new();
        for part in parts {
            let part = visible(part);
            let fits = line.is_empty() || text::width(&line) + 2 + text::width(&part) <= self.width;
            match (line.is_empty(), fits) {
                (true, _) => line = part,
                (false, true) => line = format!("{line}  {part}"),
                (false, false) => {
                    self.line(&line);
                    let mut broken: Vec<String> =
                        text::wrap(&part, self.width.saturating_sub(indent)).iter().map(|one| " ".repeat(indent) + one).collect();
                    line = broken.pop().unwrap_or_default();
                    broken.iter().for_each(|one| self.line(one));
                }
            }
        }
        self.line(&line);
    }

    /// An empty line.
    pub fn gap(&mut self) {
        self.text.push('\n');
    }

    /// Everything, ready to be written.
    pub fn finish(self) -> String {
        self.text
    }

    fn styled(&mut self, style: anstyle::Style, text: &str) {
        if self.colour {
            let (on, off) = (style.render(), style.render_reset());
            self.text.push_str(&format!("{on}{}{off}\n", visible(text)));
        } else {
            self.line(text);
        }
    }
}

/// The end of an id, where it is shown alone.
pub fn short_id(id: &str) -> &str {
    id.len().checked_sub(MIN_SUFFIX).and_then(|from| id.get(from..)).unwrap_or(id)
}

#[cfg(test)]
pub(crate) fn screen_for_tests(plain: bool, width: usize) -> Screen {
    let now = "2026-11-23T12:41:07Z".parse().unwrap();
    Screen::new(plain, false, width, now, asif_proto::moment::zone("Europe/London"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_our_own_styles_reach_the_terminal() {
        let mut screen = Screen::new(false, true, 80, Timestamp::UNIX_EPOCH, TimeZone::UTC);
        screen.heading("a\u{1b}[2Jb");
        screen.prose("  ", "one\u{7}\ntwo\u{9b}31m");
        let text = screen.finish();
        assert_eq!(text.matches('\u{1b}').count(), 2, "{text:?}");
        assert!(text.contains("a␛[2Jb") && text.contains("  one␇\n  two<U+009B>31m\n"), "{text:?}");
    }

    #[test]
    fn an_id_alone_shows_its_end() {
        assert_eq!(short_id("019a0000-0000-7000-8000-000000007f3a"), "7f3a");
        assert_eq!(short_id("7f"), "7f");
    }
}
