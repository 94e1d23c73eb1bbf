//! A line of shell as far as it was typed, taken apart into words. Nothing in it is filled in or carried out.

/// One word.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Word {
    /// As it was typed.
    pub raw: String,
    /// What the shell makes of it.
    pub value: String,
    /// The quote that was opened and not closed.
    pub open: Option<char>,
    /// Where in `raw` each letter of `value` begins, and whether it stood bare: neither quoted nor behind a backslash.
    letters: Vec<(usize, char, bool)>,
}

/// The words of `line`, the last as far as it was typed; it is empty where the line ends with a space.
pub fn words(line: &str) -> Vec<Word> {
    let mut words = Vec::new();
    let mut word: Option<Word> = None;
    let mut letters = line.chars().peekable();
    while let Some(letter) = letters.next() {
        let inside = word.as_ref().and_then(|word| word.open);
        if inside.is_none() && letter.is_whitespace() {
            words.extend(word.take());
            continue;
        }
        let now = word.get_or_insert_default();
        let at = now.raw.len();
        now.raw.push(letter);
        match (inside, letter) {
            (None, '\'' | '"') => now.open = Some(letter),
            (Some(open), _) if open == letter => now.open = None,
            (None, '\\') => {
                if let Some(next) = letters.next() {
                    now.take(next, at, false);
                    now.raw.push(next);
                }
            }
            // Inside double quotes a backslash counts before these alone.
            (Some('"'), '\\') if letters.peek().is_some_and(|next| "$`\"\\".contains(*next)) => {
                if let Some(next) = letters.next() {
                    now.take(next, at, false);
                    now.raw.push(next);
                }
            }
            _ => now.take(letter, at, inside.is_none()),
        }
    }
    words.push(word.unwrap_or_default());
    words
}

/// The one word that is being typed.
pub fn last_word(typed: &str) -> Word {
    words(typed).pop().unwrap_or_default()
}

impl Word {
    fn take(&mut self, letter: char, at: usize, bare: bool) {
        self.value.push(letter);
        self.letters.push((at, letter, bare));
    }

    /// How many bytes of `value` lie before the piece that a shell replaces: it begins after the last bare letter of `breaks`, or inside an
    /// open quote after that quote.
    pub fn before_the_piece(&self, breaks: &str) -> usize {
        let opened = self.open.and_then(|open| self.raw.rfind(open));
        let mut before = 0;
        let mut len = 0;
        for (at, letter, bare) in &self.letters {
            let is_break = *bare && breaks.contains(*letter);
            len += letter.len_utf8();
            if is_break || opened.is_some_and(|opened| *at < opened) {
                before = len;
            }
        }
        before
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn values(line: &str) -> Vec<String> {
        words(line).into_iter().map(|word| word.value).collect()
    }

    #[test]
    fn a_line_is_taken_apart_as_a_shell_does() {
        assert_eq!(values("asif log lu"), ["asif", "log", "lu"]);
        assert_eq!(values("asif log "), ["asif", "log", ""]);
        assert_eq!(values(r#"asif --tag "a b" 'c d' e\ f "g\"h" i"j'k"l"#), ["asif", "--tag", "a b", "c d", "e f", "g\"h", "ij'kl"]);
        assert_eq!(values("asif '$(x)' \"\\$(y)\" \"z"), ["asif", "$(x)", "$(y)", "z"]);
        assert_eq!(values(""), [""]);
        assert_eq!(last_word("\"a b").open, Some('"'));
        assert_eq!(last_word("a\\").value, "a");
    }

    #[test]
    fn the_piece_that_is_replaced_begins_after_a_bare_break_or_an_open_quote() {
        for (typed, before) in [("work", ""), ("a:b", "a:"), ("--tag=a:b", "--tag=a:"), (r"a\:b", ""), ("'a:b", ""), ("--tag='a", "--tag=")]
        {
            let word = last_word(typed);
            assert_eq!(&word.value[..word.before_the_piece("=:")], before, "{typed}");
        }
    }
}
