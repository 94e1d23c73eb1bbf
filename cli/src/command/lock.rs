//! `asif lock`

use asif_proto::local::{LockAsk, LockView, Reply, Request};
use asif_proto::secret::Secret;
use clap::Subcommand;

use super::words::from_fd;
use crate::context::Context;
use crate::error::{CommandError, Outcome};
use crate::render::lock;

/// What opens the journal: a passphrase, or the keychain of your system.
///
/// Without either the key lies beside the journal, and whoever can read your files can read it. With a passphrase the key opens with that alone: after each
/// start of this machine, and each time it was locked, asif unlock asks for it. While it is locked this device goes on receiving, sealed, for your other
/// devices, and nothing goes to a helper. asif log and asif note are taken all the same: sealed, and put in when it is opened. The crisis numbers are shown
/// as ever.
#[derive(Debug, Subcommand)]
pub enum Args {
    /// Set a passphrase, change it, or take it off.
    ///
    /// If it is forgotten, the recovery kit opens the journal, and nothing else does.
    Passphrase(Passphrase),
    /// Have the keychain of your system keep what opens the journal, or not any more.
    ///
    /// It opens with your login then, without a passphrase of its own, and the key lies beside the journal no more. Whoever is logged in as you can open it.
    /// If the keychain is lost, the recovery kit opens the journal, and nothing else does.
    Keychain(Keychain),
    /// Lock the journal now.
    Now,
}

/// Which.
#[derive(Debug, clap::Args)]
pub struct Keychain {
    /// Not any more: the key lies beside the journal again
    #[arg(long)]
    remove: bool,
}

/// How the passphrase is given.
#[derive(Debug, clap::Args)]
pub struct Passphrase {
    /// Take it off
    #[arg(long)]
    remove: bool,
    /// Read it from this file descriptor, to its end: the one that is set on a line of its own, if one is, then the new one. 0 is standard input
    #[arg(long, value_name = "N")]
    fd: Option<u32>,
}

impl Args {
    /// Does it.
    pub fn run(self, context: &mut Context<'_, '_>) -> Outcome {
        match self {
            Self::Now => {
                let view = ask(LockAsk::Now, context)?;
                context.tell(&view, lock::locked)
            }
            Self::Keychain(Keychain { remove }) => {
                let view = ask(LockAsk::Keychain { on: !remove }, context)?;
                context.tell(&view, |screen| lock::keychain(screen, &view))
            }
            Self::Passphrase(passphrase) => passphrase.run(context),
        }
    }
}

impl Passphrase {
    fn run(self, context: &mut Context<'_, '_>) -> Outcome {
        let view = ask(LockAsk::Look, context)?;
        if self.remove && !view.passphrase {
            return context.nothing("No passphrase is set.");
        }
        let (old, new) = match self.fd {
            Some(fd) => self.lines(&from_fd(fd)?, view.passphrase)?,
            None => self.typed(view.passphrase, context)?,
        };
        let view = ask(LockAsk::Passphrase { old, new }, context)?;
        context.tell(&view, |screen| lock::passphrase(screen, &view))
    }

    /// The one there is, and the one that is to be.
    fn lines(&self, read: &Secret, is_set: bool) -> Outcome<(Option<Secret>, Option<Secret>)> {
        let mut lines = read.danger_text().lines();
        let mut next = |what: &str| {
            let line = lines.next().map(|line| Secret::new(line.to_owned()));
            line.ok_or_else(|| {
                CommandError::usage(format!("{what} is missing in what was read"), "one passphrase a line: the one that is set first")
            })
        };
        let old = if is_set { Some(next("the passphrase that is set")?) } else { None };
        let new = if self.remove { None } else { Some(next("the new passphrase")?) };
        Ok((old, new))
    }

    fn typed(&self, is_set: bool, context: &mut Context<'_, '_>) -> Outcome<(Option<Secret>, Option<Secret>)> {
        let cannot =
            || CommandError::usage("a passphrase is asked for, and nobody can be asked here", "say where it can be read, as with --fd 0");
        let old = if is_set { Some(context.hidden("The passphrase that is set (it is not shown):")?.ok_or_else(cannot)?) } else { None };
        if self.remove {
            return Ok((old, None));
        }
        if !is_set && context.can_ask() {
            context.explain("If it is forgotten, only the recovery kit opens this journal. Four or five words that nobody else would put together are long, and can be kept in mind.");
        }
        loop {
            let new = context.hidden("A new passphrase:")?.ok_or_else(cannot)?;
            if context.hidden("Once more:")?.ok_or_else(cannot)? == new {
                return Ok((old, Some(new)));
            }
            context.say("  the two are not the same; again, please");
        }
    }
}

/// Asks the daemon about the lock.
pub fn ask(what: LockAsk, context: &mut Context<'_, '_>) -> Outcome<LockView> {
    context.ask_for(Request::Lock(what), |reply| if let Reply::Lock(view) = reply { Some(view) } else { None })
}
