//! The keys of a sitting, out of what a terminal sends for them.

use std::time::Duration;

/// Within so long an escape and what follows it are one key.
const ONE_KEY: Duration = Duration::from_millis(100);

/// A key that does something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Key {
    /// The next phrase.
    Next,
    /// Numb.
    Numb,
    /// Something landed.
    Landed,
    /// Worse: a way out.
    Worse,
    /// A rest, or its end.
    Pause,
    /// Stop early; what was is kept.
    Stop,
    /// Give the terminal back to the shell for a while (Ctrl-Z).
    Aside,
}

impl Key {
    fn of(byte: u8) -> Option<Self> {
        match byte.to_ascii_lowercase() {
            b' ' => Some(Self::Next),
            b'n' => Some(Self::Numb),
            b'f' => Some(Self::Landed),
            b'w' => Some(Self::Worse),
            b'p' => Some(Self::Pause),
            b'q' => Some(Self::Stop),
            0x1a => Some(Self::Aside),
            _ => None,
        }
    }
}

/// Reads keys: those that send more than one byte, as arrows do, are none of ours, whatever letters are in them.
///
/// ```text
/// ESC [ 1;5 A   ESC O P   ESC x
/// ```
#[derive(Debug, Default)]
pub struct Keys {
    within: Within,
    since: Duration,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum Within {
    /// No longer key.
    #[default]
    Nothing,
    /// After an escape.
    Escape,
    /// After `ESC [`.
    Sequence,
    /// After `ESC O`: one more byte.
    Single,
}

impl Keys {
    /// The keys in `bytes`, which came at `now`.
    pub fn read(&mut self, now: Duration, bytes: &[u8]) -> Vec<Key> {
        if now.saturating_sub(self.since) > ONE_KEY {
            self.within = Within::Nothing;
        }
        self.since = now;
        bytes.iter().filter_map(|byte| self.take(*byte)).collect()
    }

    fn take(&mut self, byte: u8) -> Option<Key> {
        let (within, key) = match (self.within, byte) {
            (_, 0x1b) => (Within::Escape, None),
            (Within::Nothing, byte) => (Within::Nothing, Key::of(byte)),
            (Within::Escape, b'[') => (Within::Sequence, None),
            (Within::Escape, b'O') => (Within::Single, None),
            (Within::Sequence, 0x20..=0x3f) => (Within::Sequence, None),
            (Within::Escape | Within::Single | Within::Sequence, _) => (Within::Nothing, None),
        };
        self.within = within;
        key
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(bytes: &[u8]) -> Vec<Key> {
        Keys::default().read(Duration::from_secs(1), bytes)
    }

    #[test]
    fn small_and_capital_letters_are_the_same_keys_and_others_do_nothing() {
        use Key::{Landed, Next, Numb, Pause, Stop, Worse};
        let all = [Next, Numb, Landed, Worse, Pause, Stop];
        assert_eq!(read(b" nfwpq"), all);
        assert_eq!(read(b" NFWPQ"), all);
        assert_eq!(read("abcdeghxyz0123456789\r\n\t\u{4}\u{7f}.;äöüß日本".as_bytes()), []);
        assert_eq!(read(b"\x1a"), [Key::Aside]);
    }

    #[test]
    fn keys_that_move_about_do_nothing_whatever_letters_they_send() {
        for bytes in
            [&b"\x1b[A"[..], b"\x1b[B", b"\x1b[F", b"\x1bOF", b"\x1bOP", b"\x1bOQ", b"\x1b[1;5P", b"\x1b[15~", b"\x1bq", b"\x1b\x1b[F"]
        {
            assert_eq!(read(bytes), [], "{bytes:?}");
        }
        assert_eq!(read(b"\x1b[An\x1bOPf"), [Key::Numb, Key::Landed]);
    }

    #[test]
    fn a_key_that_comes_in_two_pieces_is_one_and_escape_alone_swallows_none() {
        let at = Duration::from_millis;
        let mut keys = Keys::default();
        assert_eq!(keys.read(at(1000), b"\x1b["), []);
        assert_eq!(keys.read(at(1020), b"F"), []);
        assert_eq!(keys.read(at(2000), b"\x1b"), []);
        assert_eq!(keys.read(at(3000), b"q"), [Key::Stop]);
    }
}
