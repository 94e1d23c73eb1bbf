//! What a sitting looks like in a window of any size.
//!
//! ```text
//! loving-kindness                 04:12 left      what must go in a small window goes in this order:
//! [##############------------------------]        empty lines, the sentence, the bar, the line above,
//!                                                 the last mark, the title; the phrase and the keys stay
//! Think of someone you love first ...
//! May I be kind to myself.
//!
//! numb, 2 min 4 s
//! The words don't have to feel true. Numb counts.
//! keys: space next phrase · n numb · ...
//! ```

use std::time::Duration;

use unicode_width::UnicodeWidthChar;

use super::NUMB_COUNTS;
use super::sitting::Sitting;
use crate::render::session::said;
use crate::render::text::{pad, shorten, visible, width};

/// The most columns that are used: longer lines are hard to read.
const MAX_COLUMNS: usize = 78;

/// How a row is shown, where colour may be used. Nothing is said by it alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Style {
    /// As it is.
    Usual,
    /// What it is about.
    Bold,
    /// By the way.
    Faint,
}

/// One row of the window.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// Its text.
    pub text: String,
    /// How it is shown.
    pub style: Style,
}

/// What is shown beside the sitting itself.
#[derive(Debug, Clone, Default)]
pub struct Frame {
    /// What is practised.
    pub title: String,
    /// A line above the phrases, for a gentler way.
    pub above: Option<String>,
    /// The phrases are only background.
    pub background: bool,
}

/// The parts that a window has room for.
#[derive(Debug, Clone)]
struct Parts {
    head: Vec<Row>,
    bar: Vec<Row>,
    above: Vec<Row>,
    phrase: Vec<Row>,
    mark: Vec<Row>,
    sentence: Vec<Row>,
    keys: Vec<Row>,
    gaps: bool,
}

/// The rows of a window of `columns` and `lines`: exactly so many, each at most so wide.
pub fn rows(sitting: &Sitting, frame: &Frame, now: Duration, columns: usize, lines: usize) -> Vec<Row> {
    // The first column is a margin, and some terminals wrap at the last.
    let room = columns.saturating_sub(2).clamp(1, MAX_COLUMNS);
    let mut parts = Parts::of(sitting, frame, now, room);
    parts.fit(lines);
    let mut rows = parts.laid_out(lines, room);
    for row in &mut rows {
        if width(&row.text) > room {
            row.text = clip(&row.text, room);
        }
        if !row.text.is_empty() {
            row.text.insert(0, ' ');
        }
    }
    if columns < 3 { vec![Row::usual(String::new()); lines] } else { rows }
}

impl Row {
    fn usual(text: String) -> Self {
        Self { text, style: Style::Usual }
    }

    fn faint(text: String) -> Self {
        Self { text, style: Style::Faint }
    }
}

impl Parts {
    fn of(sitting: &Sitting, frame: &Frame, now: Duration, room: usize) -> Self {
        let style = if frame.background { Style::Faint } else { Style::Bold };
        Self {
            head: vec![Row::usual(head(sitting, frame, now, room))],
            bar: vec![Row::usual(bar(sitting, now, room))],
            above: frame.above.iter().flat_map(|above| fold(above, room)).map(Row::usual).collect(),
            phrase: fold(sitting.line(), room).into_iter().map(|text| Row { text, style }).collect(),
            mark: vec![Row::usual(state(sitting, room))],
            sentence: fold(NUMB_COUNTS, room).into_iter().map(Row::faint).collect(),
            keys: keys(sitting, room).into_iter().map(Row::faint).collect(),
            gaps: true,
        }
    }

    /// Lines that are taken by all but the phrase.
    fn taken(&self) -> usize {
        let fixed = [&self.head, &self.bar, &self.above, &self.mark, &self.sentence, &self.keys].map(Vec::len).iter().sum::<usize>();
        fixed + if self.gaps { 3 } else { 0 }
    }

    fn fit(&mut self, lines: usize) {
        let wanted = self.phrase.len().max(1);
        self.gaps = self.taken() + wanted <= lines;
        let least = wanted.min(2);
        let full = |parts: &Self| parts.taken() + least > lines;
        if full(self) {
            self.sentence.clear();
        }
        if full(self) {
            self.bar.clear();
        }
        if full(self) {
            self.above.clear();
        }
        if full(self) {
            self.mark.clear();
        }
        if self.taken() + 1 > lines {
            self.head.clear();
        }
        if self.taken() + 1 > lines {
            self.keys.clear();
        }
    }

    fn laid_out(self, lines: usize, room: usize) -> Vec<Row> {
        let space = lines.saturating_sub(self.taken());
        let phrase = cut(self.phrase, space, room);
        let (over, under) = {
            let free = space.saturating_sub(phrase.len());
            (free / 2, free - free / 2)
        };
        let empty = |count: usize| vec![Row::usual(String::new()); count];
        let gap = usize::from(self.gaps);
        let order = [self.head, self.bar, empty(gap + over), self.above, phrase, empty(gap + under), self.mark, empty(gap)];
        let mut rows: Vec<Row> = order.into_iter().chain([self.sentence, self.keys]).flatten().collect();
        rows.truncate(lines);
        rows
    }
}

/// The title, and at the right the time that is left.
fn head(sitting: &Sitting, frame: &Frame, now: Duration, room: usize) -> String {
    let left = left(sitting.left_s(now));
    let left = if sitting.is_paused() { format!("paused, {left}") } else { left };
    match room.checked_sub(width(&left) + 2) {
        Some(columns) if columns >= 6 => format!("{}  {left}", pad(&shorten(&visible(&frame.title), columns), columns)),
        _ => clip(&left, room),
    }
}

/// `04:12 left`
pub fn left(seconds: u64) -> String {
    format!("{:02}:{:02} left", seconds / 60, seconds % 60)
}

fn bar(sitting: &Sitting, now: Duration, room: usize) -> String {
    let cells = room.saturating_sub(2);
    let (sat, length) = (sitting.sat(now).as_millis(), sitting.plan().length.as_millis().max(1));
    let done = usize::try_from(sat.saturating_mul(cells as u128) / length).unwrap_or(cells).min(cells);
    format!("[{}{}]", "#".repeat(done), "-".repeat(cells - done))
}

/// The last mark in words, and at the right how many phrases there were.
fn state(sitting: &Sitting, room: usize) -> String {
    let last = sitting.marks().last().map(|mark| said(*mark)).unwrap_or_default();
    let times = sitting.repetitions().map(|times| format!("repetitions {times}")).unwrap_or_default();
    match room.checked_sub(width(&times) + 2) {
        Some(columns) if width(&last) <= columns => format!("{}  {times}", pad(&last, columns)).trim_end().to_owned(),
        _ => clip(&last, room),
    }
}

/// Every key, in as few words as there is room for.
fn keys(sitting: &Sitting, room: usize) -> Vec<String> {
    let pause = if sitting.is_paused() { "p go on" } else { "p pause" };
    let long = ["keys: space next phrase", "n numb", "f something landed", "w worse", pause, "q stop early (kept)"];
    let short = ["space next", "n numb", "f landed", "w worse", pause, "q stop (kept)"];
    let skip = usize::from(!sitting.plan().counted);
    let joined = |words: &[&str], between: &str| {
        let mut lines: Vec<String> = Vec::new();
        for word in words {
            match lines.last_mut() {
                Some(line) if width(line) + width(between) + width(word) <= room => {
                    line.push_str(between);
                    line.push_str(word);
                }
                _ => lines.push((*word).to_owned()),
            }
        }
        lines
    };
    let without_next = long.map(|word| if word == "n numb" { "keys: n numb" } else { word });
    let long = if skip == 1 { &without_next } else { &long };
    let fits = |lines: &Vec<String>| lines.len() <= 2 && lines.iter().all(|line| width(line) <= room);
    let worded = [long, &short].into_iter().map(|words| joined(words.get(skip..).unwrap_or_default(), " · ")).find(fits);
    let letters = ["space", "n", "f", "w", "p", "q"];
    worded.unwrap_or_else(|| joined(letters.get(skip..).unwrap_or_default(), " "))
}

/// Text broken into lines of at most `columns`, between words where that can be.
pub fn fold(text: &str, columns: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in visible(text).split_whitespace() {
        match lines.last_mut() {
            Some(line) if width(line) + 1 + width(word) <= columns => {
                line.push(' ');
                line.push_str(word);
            }
            _ if width(word) <= columns => lines.push(word.to_owned()),
            _ => lines.extend(broken(word, columns)),
        }
    }
    lines
}

/// A word that is wider than a line, in pieces. What has no width of its own stays with the letter before it.
fn broken(word: &str, columns: usize) -> Vec<String> {
    let mut pieces = vec![String::new()];
    let mut used = 0;
    for letter in word.chars() {
        let wide = letter.width().unwrap_or(0);
        if used > 0 && used + wide > columns {
            pieces.push(String::new());
            used = 0;
        }
        used += wide;
        if let Some(piece) = pieces.last_mut() {
            piece.push(letter);
        }
    }
    pieces
}

/// At most `space` rows; where more were there, the last says so.
fn cut(mut rows: Vec<Row>, space: usize, room: usize) -> Vec<Row> {
    if rows.len() > space {
        rows.truncate(space);
        if let Some(last) = rows.last_mut() {
            let kept = clip(&last.text, room.saturating_sub(4));
            last.text = if kept.is_empty() { ".".repeat(room.min(3)) } else { format!("{} ...", kept.trim_end()) };
        }
    }
    rows
}

/// As much of the beginning as `columns` hold.
fn clip(text: &str, columns: usize) -> String {
    let mut used = 0;
    let fits = |letter: &char| {
        used += letter.width().unwrap_or(0);
        used <= columns
    };
    text.chars().take_while(fits).collect()
}

#[cfg(test)]
mod tests {
    use super::super::key::Key;
    use super::super::sitting::Plan;
    use super::*;

    fn sitting(line: &str) -> Sitting {
        let plan = Plan { lines: vec![line.to_owned()], counted: true, length: Duration::from_secs(480) };
        let mut sitting = Sitting::begin(plan, Duration::ZERO);
        sitting.press(Duration::from_secs(124), Key::Numb);
        sitting
    }

    fn frame(above: Option<&str>) -> Frame {
        Frame { title: "loving-kindness".into(), above: above.map(str::to_owned), background: false }
    }

    fn shown(sitting: &Sitting, frame: &Frame, columns: usize, lines: usize) -> Vec<String> {
        let rows = rows(sitting, frame, Duration::from_secs(228), columns, lines);
        assert_eq!(rows.len(), lines);
        rows.into_iter().map(|row| row.text).collect()
    }

    #[test]
    fn everything_is_in_an_ordinary_window() {
        let shown = shown(&sitting("May I be kind to myself."), &frame(None), 80, 24);
        assert_eq!(shown[0], format!(" loving-kindness{}04:12 left", " ".repeat(53)));
        assert_eq!(shown[1], format!(" [{}{}]", "#".repeat(36), "-".repeat(40)));
        assert_eq!(shown[10], " May I be kind to myself.");
        assert_eq!(shown[19], format!(" numb, 2 min 4 s{}repetitions 1", " ".repeat(50)));
        let last = [
            " The words don't have to feel true. Numb counts.",
            " keys: space next phrase · n numb · f something landed · w worse · p pause",
            " q stop early (kept)",
        ];
        assert_eq!(shown[21..], last);
    }

    #[test]
    fn a_small_window_has_it_all_in_fewer_words() {
        let shown = shown(&sitting("May I be kind to myself."), &frame(None), 40, 12);
        let all = shown.join("\n");
        for part in ["loving-kindness", "04:12 left", "[####", "May I be kind to myself.", "numb, 2 min 4 s", "Numb counts."] {
            assert!(all.contains(part), "{part}: {all}");
        }
        assert_eq!(shown[10..], [" space next · n numb · f landed", " w worse · p pause · q stop (kept)"]);
    }

    #[test]
    fn no_window_is_too_small_and_no_line_too_long() {
        let long = "Möge ich 日本語日本語日本語 ".repeat(20) + &"x".repeat(150) + "e\u{301}\u{200d}\u{1f469}";
        for above in [None, Some("Think of someone you love first: wish it for them.")] {
            for line in ["May I be safe.", "", &long] {
                let sitting = sitting(line);
                for columns in (0..12).chain((12..100).step_by(7)) {
                    for lines in 0..30 {
                        for row in shown(&sitting, &frame(above), columns, lines) {
                            assert!(width(&row) <= columns.saturating_sub(1), "{columns}x{lines}: {row:?}");
                        }
                    }
                }
                for columns in (40..100).step_by(5) {
                    for lines in 6..30 {
                        let all = shown(&sitting, &frame(above), columns, lines).join("\n");
                        for key in ["space", "n numb", "f ", "w worse", "p pause", "q stop", "left"] {
                            assert!(all.contains(key), "{columns}x{lines}: {key}: {all}");
                        }
                    }
                }
            }
        }
    }

    #[test]
    fn a_very_long_phrase_is_cut_with_a_mark_and_pushes_nothing_out() {
        let shown = shown(&sitting(&"May I be kind to myself and ".repeat(40)), &frame(None), 40, 12);
        assert!(shown[6].ends_with(" ..."), "{shown:?}");
        assert!(shown[0].contains("left") && shown[11].contains("q stop"), "{shown:?}");
    }

    #[test]
    fn a_pause_is_said_and_the_key_says_how_to_go_on() {
        let mut sitting = sitting("a");
        sitting.press(Duration::from_secs(130), Key::Pause);
        let all = shown(&sitting, &frame(None), 40, 12).join("\n");
        assert!(all.contains("paused, 05:50 left") && all.contains("p go on") && !all.contains("p pause"), "{all}");
    }

    #[test]
    fn where_there_are_no_phrases_there_is_no_key_for_the_next() {
        let plan = Plan { lines: vec!["Breathe.".into()], counted: false, length: Duration::from_secs(480) };
        let breath = Sitting::begin(plan, Duration::ZERO);
        for columns in [40, 80] {
            let all = shown(&breath, &frame(None), columns, 12).join("\n");
            assert!(all.contains("n numb") && !all.contains("space") && !all.contains("repetitions"), "{all}");
        }
    }

    #[test]
    fn nothing_in_a_phrase_or_a_title_steers_the_terminal() {
        let frame = Frame { title: "a\u{1b}[2J".into(), above: Some("\u{9b}31m".into()), background: true };
        let all = shown(&sitting("May\u{1b}[2J\u{7}\nI \u{202e}be"), &frame, 80, 24).join("");
        assert!(!all.contains(|letter: char| letter.is_control() || letter == '\u{202e}'), "{all:?}");
        assert!(all.contains("May␛[2J␇␊I <U+202E>be"), "{all}");
    }

    #[test]
    fn a_word_wider_than_a_line_is_broken_by_the_columns_it_takes() {
        assert_eq!(fold("日本語日本語 ab", 5), ["日本", "語日", "本語", "ab"]);
        assert_eq!(fold("e\u{301}e\u{301}e\u{301}", 2), ["e\u{301}e\u{301}", "e\u{301}"]);
    }
}
