//! Reading an answer: letter by letter from the keyboard, or line by line where a test plays the person.

use std::io::BufRead;

use asif_proto::local::{ErrorKind, Failure};
use asif_proto::record::MAX_NOTE;

use super::Form;
use crate::context::Context;
use crate::error::{CommandError, Outcome};
use crate::keyboard::{End, Shape, Typed, Typing, Waits};
use crate::render::text::{visible, visible_lines, width, wrap};

/// The columns that stay free behind a question.
const ROOM: usize = 8;
/// More than the longest text, so that it is known to be too long.
const MAX_READ: u64 = 2 * MAX_NOTE as u64;
/// What is said of bytes that are no letters.
const NO_TEXT: &str = "some of it could not be read as text (UTF-8) and stands as \u{fffd}";
/// What is said of a line that was typed or pasted before the question stood there.
const CUT: &str = "it came before the question, and a terminal keeps only 4095 bytes of a line until then: more of it may be lost";
/// What stands behind such a line where it was left.
const CUT_HERE: &str = " [asif: more of this line may be lost]";
/// What ends prose where a test plays the person: the end key, alone on a line.
const END_KEY: &[u8] = b"\x04";

impl Form {
    /// The answer as it was typed, and why it is not to be taken as it is. An error is an interruption, with what was typed in `typing`.
    pub(super) fn read(
        &mut self,
        context: &mut Context<'_, '_>,
        key: &str,
        question: &str,
        shape: Shape,
        text: &str,
    ) -> Outcome<(String, Option<&'static str>)> {
        self.typing = Some((key.to_owned(), text.to_owned()));
        let mut doubt = None;
        let Typed { text, end } = match context.world.keyboard {
            Some(keyboard) => {
                let mut typing = match self.keyboard.take() {
                    Some(typing) => typing,
                    // A terminal that is gone is asked nothing.
                    None => Typing::begin(keyboard).map_err(|error| {
                        Failure::new(ErrorKind::Failure, format!("nothing can be asked at this terminal: {error}; nothing was stored"))
                    })?,
                };
                let columns = context.world.width;
                let invite = || match shape {
                    Shape::Line => {
                        let posed = posed(question, columns);
                        context.talk(&posed);
                        width(posed.lines().next_back().unwrap_or_default())
                    }
                    Shape::Prose => {
                        context.explain(question);
                        0
                    }
                };
                let keep = |so_far: &[u8], waits| {
                    self.typing = Some((key.to_owned(), whole_letters(so_far)));
                    match waits {
                        Waits::No => self.keep(),
                        // Where it cannot be kept the text is still here when the program goes on.
                        Waits::Yes => drop(self.keep_now()),
                    }
                };
                let typed = keyboard.read(&mut typing, shape, text, invite, keep);
                doubt = typing.was_cut().then_some(CUT);
                self.keyboard = Some(typing);
                typed
            }
            None => played(context, question, shape)?,
        };
        if std::str::from_utf8(&text).is_err() {
            doubt = Some(NO_TEXT);
        }
        let mut text = String::from_utf8_lossy(&text).into_owned();
        if end != End::Done && doubt == Some(CUT) {
            // Whoever goes on with it is told, too.
            let at = text.find('\n').unwrap_or(text.len());
            text.insert_str(at, CUT_HERE);
        }
        self.typing = Some((key.to_owned(), text.clone()));
        if end == End::Done { Ok((text, doubt)) } else { Err(stopped()) }
    }
}

/// The person ended the asking.
pub fn stopped() -> CommandError {
    Failure::new(ErrorKind::Interrupted, "stopped here").into()
}

/// Without a letter at the end that has not all come.
fn whole_letters(bytes: &[u8]) -> String {
    let whole = match std::str::from_utf8(bytes) {
        Err(error) if error.error_len().is_none() => bytes.get(..error.valid_up_to()).unwrap_or_default(),
        _ => bytes,
    };
    String::from_utf8_lossy(whole).into_owned()
}

/// The answer of a person whom a test plays.
fn played(context: &mut Context<'_, '_>, question: &str, shape: Shape) -> Outcome<Typed> {
    let unreadable = |_| stopped();
    if shape == Shape::Line {
        context.talk(&posed(question, context.world.width));
        let text = line(context.world.stdin).map_err(unreadable)?;
        let ended = text.ends_with(b"\n");
        let text = text.strip_suffix(b"\n").unwrap_or(&text).to_vec();
        let end = if ended {
            End::Done
        } else if text.is_empty() {
            End::Left
        } else {
            End::Stopped
        };
        return Ok(Typed { text, end });
    }
    context.talk(&(visible(question) + "\n"));
    let mut text = Vec::new();
    loop {
        let line = line(context.world.stdin).map_err(unreadable)?;
        if line.is_empty() || line.strip_suffix(b"\n").unwrap_or(&line) == END_KEY {
            return Ok(Typed { text, end: End::Done });
        }
        text.extend(line);
    }
}

fn line(stdin: &mut dyn BufRead) -> std::io::Result<Vec<u8>> {
    let mut line = Vec::new();
    std::io::Read::take(stdin, MAX_READ).read_until(b'\n', &mut line)?;
    Ok(line)
}

/// The question, ready for the answer: broken to the width, with room for a short one behind it.
fn posed(question: &str, columns: usize) -> String {
    if width(question) + ROOM <= columns {
        return format!("{} ", visible(question));
    }
    let lines: Vec<String> = wrap(question, columns.saturating_sub(ROOM)).iter().map(|line| visible(line)).collect();
    format!("{} ", lines.join("\n"))
}

pub(super) fn show_answer(context: &mut Context<'_, '_>, question: &str, answer: &str, shape: Shape) {
    if shape == Shape::Line {
        let question = posed(question, context.world.width);
        return context.talk(&format!("{question}{}\n", visible(answer)));
    }
    context.say(question);
    for line in visible_lines(answer) {
        context.say(&line);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_question_leaves_room_for_its_answer() {
        assert_eq!(posed("How much, 0-100?", 40), "How much, 0-100? ");
        assert_eq!(posed("What would you like to be different?  >", 40), "What would you like to be\ndifferent? > ");
    }
}
