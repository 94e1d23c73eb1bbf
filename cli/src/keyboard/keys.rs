//! Keys that a line knows nothing to do with.

/// Whether what was read at once is nothing but presses of the keys that move about, or of function keys.
///
/// ```text
/// ESC [ 1;5 A   ESC [ 3 ~   ESC O H
/// ```
///
/// A paste is read in one piece with more around it, and such bytes in it are text.
pub(super) fn are_key_presses(bytes: &[u8]) -> bool {
    let mut rest = bytes;
    while let Some(after) = after_key_press(rest) {
        rest = after;
    }
    !bytes.is_empty() && rest.is_empty()
}

fn after_key_press(bytes: &[u8]) -> Option<&[u8]> {
    let moves = |byte: u8| matches!(byte, b'A'..=b'D' | b'F' | b'H');
    if let Some([last, rest @ ..]) = bytes.strip_prefix(b"\x1bO") {
        return (moves(*last) || matches!(last, b'P'..=b'S')).then_some(rest);
    }
    let parameters = bytes.strip_prefix(b"\x1b[")?;
    let at = parameters.iter().position(|byte| !matches!(byte, b'0'..=b'9' | b';'))?;
    let (last, rest) = parameters.get(at..)?.split_first()?;
    (moves(*last) || (*last == b'~' && at > 0)).then_some(rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_that_move_about_are_known_and_nothing_else_is_taken_for_one() {
        for keys in [&b"\x1b[A"[..], b"\x1b[1;5C", b"\x1b[3~", b"\x1bOH", b"\x1bOP", b"\x1b[D\x1b[D\x1b[D"] {
            assert!(are_key_presses(keys), "{keys:?}");
        }
        for text in [&b""[..], b"A", b"\x1b", b"\x1b[", b"\x1b[2J", b"\x1b[~", b"\x1b[Aa", b"a\x1b[A", b"\x1b[31m", b"\x1b]0;t\x07"] {
            assert!(!are_key_presses(text), "{text:?}");
        }
    }
}
