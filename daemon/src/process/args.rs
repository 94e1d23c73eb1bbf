//! The few arguments of `asifd`, parsed by hand.

mod mailbox;

use std::ffi::OsString;

pub use mailbox::{MailboxCommand, MailboxWhat, Place};

/// What `asifd --help` prints.
pub const USAGE: &str = "\
asifd, the daemon of asif: it owns the journal, the keys and the network. The `asif` command starts it when needed.

Usage: asifd run [--detach]
       asifd mailbox {run|invite|list|remove}
       asifd --version
       asifd --help

  run        serve this person's journal until it is told to stop; log to stderr
  --detach   run in the background: print one line of JSON when it serves, then log to asifd.log
  mailbox    an always-on node that keeps sealed entries for others and can read none of them: asifd mailbox --help

Environment: ASIF_HOME, ASIF_LOG (off, error, warn, info, debug, trace)
";

/// What `asifd mailbox --help` prints.
pub const MAILBOX_USAGE: &str = "\
asifd mailbox: an always-on node for devices that are never on together. It keeps what they sealed, and can read none of it.

Usage: asifd mailbox run [--listen ADDR] [--metrics ADDR]
       asifd mailbox invite NAME [--at HOST:PORT].. [--quota SIZE] [--days N]
       asifd mailbox list
       asifd mailbox remove NAME [--yes]

  run        serve until it is told to stop; log to stderr
  invite     print a ticket for one person: they use it with `asif mailbox use TICKET`, once
  list       who keeps something here, and how much
  remove     remove somebody, with all that they keep here; their own devices keep everything

  --store    a folder, or s3://bucket/prefix with AWS_ENDPOINT_URL, AWS_REGION, AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY
             in the environment; several mailboxes may serve from one bucket. Without it: a folder beside asif's own data
  --listen   an address and a UDP port; without it [::]:4433
  --metrics  an address of this machine where it tells how it is, as Prometheus reads it
  --at       where people reach it: a name or an address, and the port; it is remembered
  --quota    what they may keep: 500M, 2G; without it 1G
  --days     how long the ticket is good; without it 7
  --json     for programs

Environment: ASIF_HOME, ASIF_LOG (off, error, warn, info, debug, trace)
";

/// What `asifd` was asked to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Command {
    /// Serve.
    Run {
        /// In the background.
        detach: bool,
    },
    /// Load documents that came from elsewhere, and say what they are: asked by the daemon alone.
    Judge,
    /// About a mailbox.
    Mailbox(MailboxCommand),
    /// Print [`MAILBOX_USAGE`].
    MailboxHelp,
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
    /// What about a mailbox?
    #[error("asifd mailbox needs a command: run, invite, list or remove (see: asifd mailbox --help)")]
    MailboxMissing,
    /// An option stands alone.
    #[error("{0} needs a value")]
    NoValue(&'static str),
    /// A value makes no sense.
    #[error("{name} {text}: it takes {wanted}")]
    Value {
        /// Of which option.
        name: &'static str,
        /// As typed.
        text: String,
        /// What it takes.
        wanted: &'static str,
    },
    /// A word is missing.
    #[error("say {0}: a word of at most 128 letters")]
    Word(&'static str),
}

/// Reads the arguments, without the program's own name.
pub fn parse_args(args: impl IntoIterator<Item = OsString>) -> Result<Command, Usage> {
    let mut args = args.into_iter();
    let first = args.next().ok_or(Usage::Missing)?;
    if first == "mailbox" {
        return Ok(mailbox::parse(args)?.map_or(Command::MailboxHelp, Command::Mailbox));
    }
    let mut command = match first.to_str() {
        Some("run") => Command::Run { detach: false },
        Some("judge") => Command::Judge,
        Some("--version" | "-V") => Command::Version,
        Some("--help" | "-h" | "help") => Command::Help,
        _ => return Err(Usage::Unknown(first)),
    };
    for arg in args {
        command = match (&command, arg.to_str()) {
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
