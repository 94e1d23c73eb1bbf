//! The few arguments of `asifd`, parsed by hand.

use std::ffi::OsString;

/// What `asifd --help` prints.
pub const USAGE: &str = "\
asifd, the daemon of asif: it owns the journal, the keys and the network. The `asif` command starts it when needed.

Usage: asifd run [--detach]
       asifd --version
       asifd --help

  run        serve this person's journal until it is told to stop; log to stderr
  --detach   run in the background: print one line of JSON when it serves, then log to asifd.log

Environment: ASIF_HOME, ASIF_LOG (off, error, warn, info, debug, trace)
";

/// What `asifd` was asked to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Command {
    /// Serve.
    Run {
        /// In the background.
        detach: bool,
    },
    /// Load documents that came from elsewhere, and say what they are: asked by the daemon alone.
    Judge,
    /// Print the version.
    Version,
    /// Print [`USAGE`].
    Help,
}

/// The arguments are off. Exit code 2, with [`USAGE`] on stderr.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Usage {
    /// There are none.
    #[error("asifd needs a command")]
    Missing,
    /// One is not known here.
    #[error("asifd does not know the argument {0:?}")]
    Unknown(OsString),
}

/// Reads the arguments, without the program's own name.
pub fn parse_args(args: impl IntoIterator<Item = OsString>) -> Result<Command, Usage> {
    let mut args = args.into_iter();
    let first = args.next().ok_or(Usage::Missing)?;
    let mut command = match first.to_str() {
        Some("run") => Command::Run { detach: false },
        Some("judge") => Command::Judge,
        Some("--version" | "-V") => Command::Version,
        Some("--help" | "-h" | "help") => Command::Help,
        _ => return Err(Usage::Unknown(first)),
    };
    for arg in args {
        command = match (command, arg.to_str()) {
            (Command::Run { detach: false }, Some("--detach")) => Command::Run { detach: true },
            (Command::Run { .. }, Some("--help" | "-h")) => return Ok(Command::Help),
            _ => return Err(Usage::Unknown(arg)),
        };
    }
    Ok(command)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(line: &str) -> Result<Command, Usage> {
        parse_args(line.split_whitespace().map(OsString::from))
    }

    #[test]
    fn what_is_known_is_understood() {
        assert_eq!(parse("run"), Ok(Command::Run { detach: false }));
        assert_eq!(parse("run --detach"), Ok(Command::Run { detach: true }));
        assert_eq!(parse("judge"), Ok(Command::Judge));
        assert_eq!(parse("--version"), Ok(Command::Version));
        assert_eq!(parse("--help"), Ok(Command::Help));
        assert_eq!(parse("run --help"), Ok(Command::Help));
    }

    #[test]
    fn the_rest_is_named() {
        assert_eq!(parse(""), Err(Usage::Missing));
        assert_eq!(parse("serve"), Err(Usage::Unknown("serve".into())));
        assert_eq!(parse("run now"), Err(Usage::Unknown("now".into())));
        assert_eq!(parse("run --detach --detach"), Err(Usage::Unknown("--detach".into())));
        assert_eq!(parse("--version run"), Err(Usage::Unknown("run".into())));
    }
}
