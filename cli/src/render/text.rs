//! Text that came from elsewhere, made safe for a terminal, and cut or padded by the width it takes there.

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// `text` on one line with a visible stand-in for every control character, so that nothing in it can steer a terminal.
///
/// C0 controls become their pictures (`␛`), others and the marks that reorder text become `<U+202E>`.
pub fn visible(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '\u{0}'..='\u{1f}' => out.push(char::from_u32(0x2400 + u32::from(letter)).unwrap_or('?')),
            '\u{7f}' => out.push('\u{2421}'),
            _ if steers(letter) => out.push_str(&format!("<U+{:04X}>", u32::from(letter))),
            _ => out.push(letter),
        }
    }
    out
}

/// The lines of `text`, each [`visible`]; a tab becomes four spaces.
pub fn visible_lines(text: &str) -> Vec<String> {
    text.lines().map(|line| visible(&line.replace('\t', "    "))).collect()
}

/// C1 controls, line separators, and the marks that reorder what follows them.
pub(crate) fn steers(letter: char) -> bool {
    matches!(letter,
        '\u{80}'..='\u{9f}' | '\u{2028}' | '\u{2029}'
        | '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// So many bytes, as a person reads them.
pub fn size(bytes: u64) -> String {
    match bytes {
        ..1_000_000 => format!("{} KB", bytes.div_ceil(1000)),
        1_000_000..1_000_000_000 => format!("{}.{} MB", bytes / 1_000_000, bytes % 1_000_000 / 100_000),
        _ => format!("{}.{} GB", bytes / 1_000_000_000, bytes % 1_000_000_000 / 100_000_000),
    }
}

/// The columns that `text` takes on a terminal.
pub fn width(text: &str) -> usize {
    UnicodeWidthStr::width(text)
}

/// `text` with spaces after it, up to `columns`.
pub fn pad(text: &str, columns: usize) -> String {
    format!("{text}{}", " ".repeat(columns.saturating_sub(width(text))))
}

/// `text`, cut with `...` where it would take more than `columns`.
pub fn shorten(text: &str, columns: usize) -> String {
    if width(text) <= columns {
        return text.to_owned();
    }
    let room = columns.saturating_sub(3);
    let mut used = 0;
    let mut out = String::new();
    for letter in text.chars() {
        used += letter.width().unwrap_or(0);
        if used > room {
            break;
        }
        out.push(letter);
    }
    format!("{}...", out.trim_end())
}

/// `text` broken between words into lines of at most `columns`; a longer word stands alone, and a command of ours keeps its first word.
pub fn wrap(text: &str, columns: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    let mut words = text.split_whitespace().peekable();
    while let Some(word) = words.next() {
        let next = words.next_if(|_| word.trim_start_matches('(') == "asif");
        let word = next.map_or_else(|| word.to_owned(), |next| format!("{word} {next}"));
        match lines.last_mut() {
            Some(line) if width(line) + 1 + width(&word) <= columns => {
                line.push(' ');
                line.push_str(&word);
            }
            _ => lines.push(word),
        }
    }
    lines
}

/// `1 session`, `2 sessions`.
pub fn count(number: u64, one: &str, many: &str) -> String {
    format!("{number} {}", if number == 1 { one } else { many })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn control_characters_are_shown_not_obeyed() {
        assert_eq!(visible("a\u{1b}[31mb\r\u{7f}\u{9b}1m\u{202e}c"), "a␛[31mb␍␡<U+009B>1m<U+202E>c");
        assert_eq!(visible("zwj \u{1f469}\u{200d}\u{1f52c} stays"), "zwj \u{1f469}\u{200d}\u{1f52c} stays");
        assert_eq!(visible_lines("one\r\ntwo\tx\n\u{7}"), ["one", "two    x", "␇"]);
    }

    #[test]
    fn text_is_measured_by_the_columns_it_takes() {
        assert_eq!(width("日本"), 4);
        assert_eq!(pad("日本", 6), "日本  ");
        assert_eq!(shorten("日本語テキスト", 9), "日本語...");
        assert_eq!(shorten("short", 9), "short");
        assert_eq!(wrap("one two three", 7), ["one two", "three"]);
        assert_eq!(wrap("for hard days: asif anchor", 20), ["for hard days:", "asif anchor"]);
    }
}
