//! Prose from the person: from standard input, from a prompt, or from the words of the command.

use std::io::Read;

use asif_proto::local::{ErrorKind, Failure};
use asif_proto::record::MAX_NOTE;

use crate::context::Context;
use crate::error::{CommandError, Outcome};

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
        let (kind, hint) = match error {
            ProseError::TooLong => (ErrorKind::Usage, "write it as two notes"),
            ProseError::NotText => (ErrorKind::Usage, "save it as UTF-8 first: iconv -t UTF-8"),
            ProseError::Unreadable(_) => (ErrorKind::Failure, "try again with a file: asif note - < FILE"),
        };
        Failure::new(kind, error.to_string()).hint(hint).into()
    }
}

/// The text that `value` names: `-` is standard input, anything else is the text itself. `None`: it was empty.
pub fn given(value: &str, context: &mut Context<'_, '_>) -> Outcome<Option<String>> {
    let bytes = if value == "-" { from_stdin(context.world.stdin)? } else { value.as_bytes().to_vec() };
    Ok(text(bytes)?)
}

/// The text typed at the terminal, or `None` where it was empty; exit 2 with `otherwise` where nobody can be asked.
pub fn asked(invitation: &str, otherwise: &str, context: &mut Context<'_, '_>) -> Outcome<Option<String>> {
    match context.prompt() {
        Some(mut prompt) => Ok(text(prompt.lines(invitation, MAX_NOTE)?)?),
        None => Err(CommandError::usage("there is no terminal to write at", otherwise)),
    }
}

fn from_stdin(stdin: &mut dyn std::io::BufRead) -> Result<Vec<u8>, ProseError> {
    let mut bytes = Vec::new();
    let bound = u64::try_from(MAX_NOTE).unwrap_or(u64::MAX).saturating_add(1);
    stdin.take(bound).read_to_end(&mut bytes).map_err(ProseError::Unreadable)?;
    Ok(bytes)
}

/// Bounded first, then read as UTF-8. One line break at the end is the terminal's or the pipe's, not the person's.
fn text(bytes: Vec<u8>) -> Result<Option<String>, ProseError> {
    if bytes.len() > MAX_NOTE {
        return Err(ProseError::TooLong);
    }
    let mut text = String::from_utf8(bytes).map_err(|_| ProseError::NotText)?;
    if text.ends_with('\n') {
        text.pop();
    }
    Ok((!text.trim().is_empty()).then_some(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_at_the_limit_is_taken_and_one_byte_more_is_not() {
        assert!(text(vec![b'x'; MAX_NOTE]).unwrap().is_some());
        assert!(matches!(text(vec![b'x'; MAX_NOTE + 1]), Err(ProseError::TooLong)));
        let mut endless = std::io::BufReader::new(std::io::repeat(b'x'));
        assert_eq!(from_stdin(&mut endless).unwrap().len(), MAX_NOTE + 1);
    }

    #[test]
    fn only_text_is_text() {
        assert!(matches!(text(vec![0xff, 0xfe]), Err(ProseError::NotText)));
        assert_eq!(text(b" \n\n".to_vec()).unwrap(), None);
        assert_eq!(text("ß\n\n".into()).unwrap().as_deref(), Some("ß\n"));
    }
}
