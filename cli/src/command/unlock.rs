//! `asif unlock`

use asif_proto::local::LockAsk;
use asif_proto::secret::Secret;

use super::lock::ask;
use super::words::from_fd;
use crate::context::Context;
use crate::error::{CommandError, Outcome};
use crate::pinentry;
use crate::render::lock;

/// Open a journal that is locked.
///
/// The passphrase is asked for on the terminal; by the program that PINENTRY_PROGRAM names, where it names one; or read from a file descriptor.
/// Where the keychain of your system keeps what opens it, that is asked, and may ask you.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Read the passphrase from this file descriptor, to its end: 0 is standard input
    #[arg(long, value_name = "N")]
    fd: Option<u32>,
}

impl Args {
    /// Opens it. What is open stays so.
    pub fn run(self, context: &mut Context<'_, '_>) -> Outcome {
        let view = ask(LockAsk::Look, context)?;
        if !view.locked {
            return context.tell(&view, |screen| lock::open(screen, &view));
        }
        let passphrase = if view.keychain { None } else { Some(self.passphrase(context)?) };
        let view = ask(LockAsk::Unlock { passphrase }, context)?;
        context.tell(&view, |screen| lock::open(screen, &view))
    }

    fn passphrase(&self, context: &mut Context<'_, '_>) -> Outcome<Secret> {
        if let Some(fd) = self.fd {
            return Ok(Secret::new(from_fd(fd)?.danger_text().trim_end_matches(['\r', '\n']).to_owned()));
        }
        if let Some(program) = context.pinentry() {
            return pinentry::ask(&program, "asif: the passphrase of your journal");
        }
        let cannot = || {
            CommandError::usage(
                "the passphrase is asked for, and nobody can be asked here",
                "say where it can be read, as with --fd 0, or name a PINENTRY_PROGRAM",
            )
        };
        context.hidden("Passphrase (it is not shown):")?.ok_or_else(cannot)
    }
}
