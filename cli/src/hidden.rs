//! A line that nobody sees: a passphrase. Nothing of it is shown, not even how long it is.

use std::io::{self, Write};

use asif_proto::local::{ErrorKind, Failure};
use asif_proto::secret::Secret;
use zeroize::Zeroizing;

use crate::error::{CommandError, Outcome};
use crate::keyboard::{Heard, Keyboard};
use crate::render::text::visible;

/// The most bytes of one.
const MAX: usize = 4096;

/// Asks on `output`, and reads what is typed at the terminal.
pub fn line(keyboard: Keyboard<'_>, output: &mut dyn Write, question: &str) -> Outcome<Secret> {
    let stopped = || CommandError::from(Failure::new(ErrorKind::Interrupted, "stopped here; nothing was changed"));
    let mut presses = keyboard.presses().map_err(|_| stopped())?;
    let mut say = |text: &str| output.write_all(text.as_bytes()).and_then(|()| output.flush());
    say(&format!("{} ", visible(question))).map_err(|_| stopped())?;
    let mut typed = Typed::default();
    loop {
        match presses.wait(None) {
            Ok(Heard::Pressed(keys)) => {
                for key in Zeroizing::new(keys).iter() {
                    match typed.press(*key) {
                        Some(true) => {
                            let _ = say("\n");
                            return typed.text().ok_or_else(|| CommandError::usage("that is no text", "type it again"));
                        }
                        Some(false) => {
                            let _ = say("\n");
                            return Err(stopped());
                        }
                        None => {}
                    }
                }
            }
            Ok(Heard::Continued) => drop(say(&format!("{} ", visible(question)))),
            Ok(Heard::Resized | Heard::Nothing) => {}
            Ok(Heard::Ended) | Err(_) => {
                let _: io::Result<()> = say("\n");
                return Err(stopped());
            }
        }
    }
}

/// What was typed so far.
#[derive(Default)]
struct Typed(Zeroizing<Vec<u8>>);

impl Typed {
    /// A key; true: it is all there, false: it is given up.
    fn press(&mut self, key: u8) -> Option<bool> {
        match key {
            b'\n' | b'\r' => return Some(true),
            0x04 if self.0.is_empty() => return Some(false),
            // Back over one letter, whatever its bytes.
            0x7f | 0x08 => while self.0.pop().is_some_and(|byte| byte & 0xc0 == 0x80) {},
            0x15 => self.0.clear(),
            0x00..=0x1f => {}
            byte if self.0.len() < MAX => self.0.push(byte),
            _ => {}
        }
        None
    }

    fn text(&self) -> Option<Secret> {
        std::str::from_utf8(&self.0).ok().map(|text| Secret::new(text.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn typed(keys: &str) -> Option<String> {
        let mut typed = Typed::default();
        let done = keys.bytes().find_map(|key| typed.press(key));
        done.filter(|done| *done).and_then(|_| typed.text()).map(|text| text.danger_text().to_owned())
    }

    #[test]
    fn keys_make_a_line_and_it_can_be_mended() {
        assert_eq!(typed("secret\r").as_deref(), Some("secret"));
        assert_eq!(typed("caf\u{e9}\u{7f}e\n").as_deref(), Some("cafe"));
        assert_eq!(typed("wrong\u{15}right\r").as_deref(), Some("right"));
        assert_eq!(typed("a\u{4}b\r").as_deref(), Some("ab"));
        assert_eq!(typed("\u{4}"), None);
    }
}
