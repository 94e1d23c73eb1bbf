//! One short question that is no form's, such as whether to go on: it goes to standard error, the answer comes from the terminal.

use std::io::{BufRead, Write};

use asif_proto::local::{ErrorKind, Failure};

use crate::error::{CommandError, Outcome};
use crate::keyboard::MAX_LINE;
use crate::render::text::visible;

/// The most bytes of one answer that are read.
const MAX_ANSWER: u64 = 64 << 10;

/// A terminal with a person before it.
pub struct Prompt<'p> {
    input: &'p mut dyn BufRead,
    output: &'p mut dyn Write,
}

impl<'p> Prompt<'p> {
    /// Asks on `output`, reads answers from `input`.
    pub fn new(input: &'p mut dyn BufRead, output: &'p mut dyn Write) -> Self {
        Self { input, output }
    }

    /// One line of talk between questions.
    pub fn say(&mut self, text: &str) -> Outcome {
        writeln!(self.output, "{}", visible(text)).map_err(|_| stopped())
    }

    /// One line of text; empty when the person only pressed Enter.
    pub fn line(&mut self, question: &str) -> Outcome<String> {
        loop {
            write!(self.output, "{} ", visible(question)).and_then(|()| self.output.flush()).map_err(|_| stopped())?;
            let mut answer = Vec::new();
            let read = std::io::Read::take(&mut *self.input, MAX_ANSWER).read_until(b'\n', &mut answer).map_err(|_| stopped())?;
            if read == 0 {
                return Err(stopped());
            }
            if answer.trim_ascii_end().len() < MAX_LINE {
                return Ok(String::from_utf8_lossy(&answer).trim().to_owned());
            }
            self.say("  that is more than a terminal takes in one line; what came after is lost. Shorter, please")?;
        }
    }

    /// Yes or no; only a clear yes is yes.
    pub fn yes_or_no(&mut self, question: &str) -> Outcome<bool> {
        let answer = self.line(&format!("{question} [y/N]"))?;
        Ok(matches!(answer.to_lowercase().as_str(), "y" | "yes"))
    }
}

/// The person ended the asking.
fn stopped() -> CommandError {
    Failure::new(ErrorKind::Interrupted, "stopped here; nothing was changed").into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked<T>(input: &str, ask: impl FnOnce(&mut Prompt<'_>) -> Outcome<T>) -> (Outcome<T>, String) {
        let mut output = Vec::new();
        let answer = ask(&mut Prompt::new(&mut input.as_bytes(), &mut output));
        (answer, String::from_utf8(output).unwrap())
    }

    #[test]
    fn only_a_clear_yes_is_yes() {
        for (input, yes) in [("y\n", true), ("Yes\n", true), ("\n", false), ("n\n", false), ("maybe\n", false)] {
            assert_eq!(asked(input, |prompt| prompt.yes_or_no("Delete?")).0.unwrap(), yes, "{input:?}");
        }
    }

    #[test]
    fn an_ended_input_stops_the_asking() {
        let error = asked("", |prompt| prompt.line("What?")).0.unwrap_err();
        assert_eq!(error.exit_code(), 130);
    }

    #[test]
    fn a_line_that_the_terminal_cut_is_asked_for_again() {
        let (text, output) = asked(&format!("{}\nshort\n", "x".repeat(MAX_LINE)), |prompt| prompt.line("What?"));
        assert_eq!(text.unwrap(), "short");
        assert!(output.contains("more than a terminal takes"), "{output}");
    }
}
