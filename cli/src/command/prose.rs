//! Prose from the person: typed at a terminal, from standard input, or from the words of the command.
//!
//! Whoever types is not made to type in vain: what can be checked is checked before, and what stops it all the same keeps the words as a draft.

use std::io::Read;

use asif_proto::local::{ErrorKind, Failure};
use asif_proto::record::MAX_NOTE;
use uuid::Uuid;

use crate::context::Context;
use crate::editor::left;
use crate::error::{CommandError, Outcome};
use crate::form::{Edited, Form, missing};

/// The most bytes that are read of what is not stored.
const MAX_READ: u64 = 64 << 10;

/// Why a text is not taken. Nothing was stored.
#[derive(Debug, thiserror::Error)]
pub enum ProseError {
    /// More than [`MAX_NOTE`] bytes.
    #[error("this text is longer than {} KiB; nothing was stored", MAX_NOTE / 1024)]
    TooLong,
    /// Bytes that are no UTF-8 text.
    #[error("this is not text (not UTF-8); nothing was stored")]
    NotText,
    /// Standard input could not be read.
    #[error("cannot read standard input: {0}; nothing was stored")]
    Unreadable(#[source] std::io::Error),
}

impl From<ProseError> for CommandError {
    fn from(error: ProseError) -> Self {
        let message = error.to_string();
        let (kind, hint) = match error {
            ProseError::TooLong => (ErrorKind::Usage, "write it as two notes"),
            ProseError::NotText => (ErrorKind::Usage, "save it as UTF-8 first: iconv -t UTF-8"),
            ProseError::Unreadable(_) => (ErrorKind::Failure, "try again with a file: asif note - < FILE"),
        };
        Failure::new(kind, message).hint(hint).into()
    }
}

/// A text, or none where it was empty; and the form that it was just typed on, if it was.
#[derive(Default)]
pub struct Prose {
    /// The text.
    pub text: Option<String>,
    form: Option<Form>,
    /// It came in on standard input.
    came_in: bool,
}

impl Prose {
    /// There is nothing to say: no draft is left of it.
    pub fn done(self, context: &mut Context<'_, '_>) {
        if let Some(form) = self.form {
            form.done(context);
        }
    }

    /// Does `deed` under the id it is given. Where it fails, what was typed is kept as a draft.
    pub fn kept_by<T>(
        self,
        context: &mut Context<'_, '_>,
        deed: impl FnOnce(&mut Context<'_, '_>, Uuid, Option<String>) -> Outcome<T>,
    ) -> Outcome<T> {
        match self.form {
            Some(form) => form.carry_out(context, |context, id| deed(context, id, self.text)),
            None if self.came_in && self.text.is_some() => deed(context, crate::fresh::id(), self.text).map_err(not_stored),
            None => deed(context, crate::fresh::id(), self.text),
        }
    }
}

/// The text that `value` names: `-` is standard input, anything else is the text itself.
///
/// `before` runs where a person is about to type it at a terminal: what would be refused afterwards is refused there.
pub fn given(value: &str, context: &mut Context<'_, '_>, before: impl FnOnce(&mut Context<'_, '_>) -> Outcome) -> Outcome<Prose> {
    if value != "-" {
        return Ok(Prose { text: text(value.as_bytes().to_vec())?, ..Prose::default() });
    }
    if !context.world.terminals.stdin {
        return Ok(Prose { text: text(from_stdin(context.world.stdin)?)?, form: None, came_in: true });
    }
    before(context)?;
    typed("Type it here", context)
}

/// The text typed at the terminal, once `before` has nothing against it; exit 2 with `otherwise` where nobody can be asked.
pub fn asked(
    invitation: &str,
    otherwise: &str,
    context: &mut Context<'_, '_>,
    before: impl FnOnce(&mut Context<'_, '_>) -> Outcome,
) -> Outcome<Prose> {
    if !context.can_ask() {
        return Err(missing("the text", otherwise));
    }
    before(context)?;
    typed(invitation, context)
}

/// Whoever piped a text hears what became of it.
fn not_stored(error: CommandError) -> CommandError {
    let CommandError::Failed(_) = &error else { return error };
    let Some(failure) = error.failure().filter(|failure| !failure.message.contains("stored")) else { return error };
    let became = match failure.kind {
        // The request may have come through.
        ErrorKind::DaemonUnreachable => "may not be stored: look before you throw it away",
        _ => "is not stored",
    };
    Failure { message: format!("{}; what came in on standard input {became}", failure.message), ..failure }.into()
}

/// Words given with a command, where nothing reads standard input: `-` would be stored as it stands, and what comes in would be lost.
pub fn words(text: &str) -> Result<String, String> {
    if text == "-" { Err("- reads nothing here; the words themselves, please".to_owned()) } else { Ok(text.to_owned()) }
}

/// A new text from the person's editor, once `before` has nothing against it.
pub fn edited(context: &mut Context<'_, '_>, before: impl FnOnce(&mut Context<'_, '_>) -> Outcome) -> Outcome<Prose> {
    for_the_editor(context)?;
    before(context)?;
    let mut form = Form::open(context);
    match form.edited(context, "text", None) {
        Ok(Edited::Text(text)) => Ok(Prose { text: Some(text), form: Some(form), came_in: false }),
        Ok(Edited::Same | Edited::Empty) => Ok(Prose { text: None, form: Some(form), came_in: false }),
        Err(error) => Err(form.stop(context, error)),
    }
}

/// An editor needs a terminal, and somebody before it (exit 2). What a killed asif has left of another text is taken up first.
pub fn for_the_editor(context: &mut Context<'_, '_>) -> Outcome {
    if !context.can_ask() {
        let hint = "without one a text comes from standard input: --note - or --text -, for a note asif note -";
        return Err(CommandError::usage("an editor needs a terminal, and there is none here", hint));
    }
    left::take_up(context);
    Ok(())
}

fn typed(invitation: &str, context: &mut Context<'_, '_>) -> Outcome<Prose> {
    let mut form = Form::at_terminal(context);
    match form.prose(context, "text", invitation) {
        Ok(text) => Ok(Prose { text, form: Some(form), came_in: false }),
        Err(error) => Err(form.stop(context, error)),
    }
}

/// One line from standard input, bounded: what to look for, and not to be stored.
pub fn line_from_stdin(stdin: &mut dyn std::io::BufRead) -> Outcome<String> {
    let mut bytes = Vec::new();
    let read = stdin.take(MAX_READ).read_to_end(&mut bytes);
    read.map_err(|error| Failure::new(ErrorKind::Failure, format!("cannot read standard input: {error}")))?;
    String::from_utf8(bytes).map_err(|_| CommandError::usage("this is not text (not UTF-8)", "save it as UTF-8 first: iconv -t UTF-8"))
}

/// At most so much that it is known to be too long: the longest text, a line break at its end, and one byte more.
fn from_stdin(stdin: &mut dyn std::io::BufRead) -> Result<Vec<u8>, ProseError> {
    let mut bytes = Vec::new();
    let bound = u64::try_from(MAX_NOTE).unwrap_or(u64::MAX).saturating_add(2);
    stdin.take(bound).read_to_end(&mut bytes).map_err(ProseError::Unreadable)?;
    Ok(bytes)
}

/// Bounded first, then read as UTF-8. One line break at the end is the terminal's or the pipe's, not the person's.
fn text(mut bytes: Vec<u8>) -> Result<Option<String>, ProseError> {
    if bytes.ends_with(b"\n") {
        bytes.pop();
    }
    if bytes.len() > MAX_NOTE {
        return Err(ProseError::TooLong);
    }
    let text = String::from_utf8(bytes).map_err(|_| ProseError::NotText)?;
    Ok((!text.trim().is_empty()).then_some(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_at_the_limit_is_taken_and_one_byte_more_is_not() {
        let longest = vec![b'x'; MAX_NOTE];
        assert!(text(longest.clone()).unwrap().is_some());
        assert!(text([&longest[..], b"\n"].concat()).unwrap().is_some(), "the line break at its end does not count");
        for more in ["x", "\n\n", "x\n"] {
            assert!(matches!(text([&longest[..], more.as_bytes()].concat()), Err(ProseError::TooLong)), "{more:?}");
        }
        let mut endless = std::io::BufReader::new(std::io::repeat(b'x'));
        assert!(matches!(text(from_stdin(&mut endless).unwrap()), Err(ProseError::TooLong)));
    }

    #[test]
    fn only_text_is_text() {
        assert!(matches!(text(vec![0xff, 0xfe]), Err(ProseError::NotText)));
        assert_eq!(text(b" \n\n".to_vec()).unwrap(), None);
        assert_eq!(text("ß\n\n".into()).unwrap().as_deref(), Some("ß\n"));
    }
}
