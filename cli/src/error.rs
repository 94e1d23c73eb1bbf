//! What a command can end with when it did not do what was asked: a kind (the exit code), a message, one hint.

use std::io;

use asif_proto::home::HomeError;
use asif_proto::local::{ErrorKind, Failure};

use crate::client::ClientError;
use crate::render::text::visible;

/// Why a command ended.
#[derive(Debug, thiserror::Error)]
pub enum CommandError {
    /// It was not done; the person is told why and what to do.
    #[error("{0}")]
    Failed(Failure),
    /// Standard output would not take what was written.
    #[error("cannot write the output: {0}")]
    Output(#[source] io::Error),
    /// It was done and told, and the exit code says more.
    #[error("ended with {0:?}")]
    Told(ErrorKind),
}

/// What every command returns.
pub type Outcome<T = ()> = Result<T, CommandError>;

impl CommandError {
    /// The words of the command are off (exit 2), with what to do.
    pub fn usage(message: impl Into<String>, hint: impl Into<String>) -> Self {
        Failure::new(ErrorKind::Usage, message).hint(hint).into()
    }

    /// The same where what was asked for was still to be done: that the output could not be written then is a failure, whoever went away.
    pub fn before_the_deed(self) -> Self {
        match self {
            Self::Output(error) => Failure::new(ErrorKind::Failure, format!("cannot write the output: {error}; nothing was done")).into(),
            other => other,
        }
    }

    /// The failure to tell, if there is anything to tell.
    ///
    /// A reader that went away (`asif list | head`) is told nothing.
    pub fn failure(&self) -> Option<Failure> {
        match self {
            Self::Failed(failure) => Some(failure.clone()),
            Self::Output(error) if error.kind() == io::ErrorKind::BrokenPipe => None,
            Self::Output(_) => Some(Failure::new(ErrorKind::Failure, self.to_string())),
            Self::Told(_) => None,
        }
    }

    /// The exit code.
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::Told(kind) => kind.exit_code(),
            Self::Failed(_) | Self::Output(_) => self.failure().map_or(0, |failure| failure.kind.exit_code()),
        }
    }
}

impl From<Failure> for CommandError {
    fn from(failure: Failure) -> Self {
        Self::Failed(failure)
    }
}

impl From<ClientError> for CommandError {
    fn from(error: ClientError) -> Self {
        Self::Failed(error.into_failure())
    }
}

impl From<HomeError> for CommandError {
    fn from(error: HomeError) -> Self {
        Self::Failed(Failure::new(ErrorKind::Failure, error.to_string()))
    }
}

/// A failure in words for people: the message, and beneath it the hint.
pub fn in_words(failure: &Failure) -> String {
    let hint = failure.hint.as_deref().map(|hint| format!("\n  {}", visible(hint))).unwrap_or_default();
    format!("asif: {}{hint}\n", visible(&failure.message))
}

/// A failure of the command line's own words, as the argument parser tells it.
pub fn from_clap(error: &clap::Error) -> Failure {
    let text = error.render().to_string();
    let mut parts = text.split("\n\n").map(str::trim).filter(|part| !part.is_empty());
    let message = parts.next().unwrap_or_default().trim_start_matches("error: ");
    let message = message.lines().map(str::trim).collect::<Vec<_>>().join(" ");
    let tip = parts.find_map(|part| part.strip_prefix("tip: "));
    let hint = tip.map_or_else(|| "asif --help tells what there is".to_owned(), str::to_owned);
    Failure::new(ErrorKind::Usage, message).hint(hint)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reader_that_went_away_is_no_error() {
        let gone = CommandError::Output(io::Error::from(io::ErrorKind::BrokenPipe));
        assert_eq!((gone.exit_code(), gone.failure()), (0, None));
        let full = CommandError::Output(io::Error::from(io::ErrorKind::StorageFull));
        assert_eq!(full.exit_code(), 1);
        let early = CommandError::Output(io::Error::from(io::ErrorKind::BrokenPipe)).before_the_deed();
        assert_eq!(early.exit_code(), 1, "unless something was still to be done");
    }

    #[test]
    fn words_for_people_hold_no_escape_sequence() {
        let failure = Failure::new(ErrorKind::NotFound, "no practice \"\u{1b}[2J\"").hint("nearest: lunch");
        assert_eq!(in_words(&failure), "asif: no practice \"␛[2J\"\n  nearest: lunch\n");
    }
}
