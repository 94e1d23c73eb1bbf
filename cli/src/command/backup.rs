//! `asif backup`

use std::path::PathBuf;

use asif_proto::local::{BackupAsk, BackupView, Reply, Request};
use asif_proto::secret::Secret;
use clap::Subcommand;

use super::words::from_fd;
use crate::context::Context;
use crate::error::{CommandError, Outcome};
use crate::render::backup;

/// Backups: this home in one sealed file.
///
/// A backup holds everything that this device holds: the journal, what is shared, its keys. The words of the recovery kit open it, and a passphrase
/// if you give it one. Keep it somewhere else than this machine.
#[derive(Debug, Subcommand)]
pub enum Args {
    /// Make a backup, and restore it in memory to see that it can be.
    ///
    /// Nothing is written over. Settings, and the readable copy of a safety plan, are not in it.
    Create(Creating),
    /// See whether a backup opens, is whole and can be restored. Nothing is written.
    Verify(Opening),
    /// Make this machine's home of a backup, or look at it in a folder.
    ///
    /// The home must hold nothing yet. It goes on as the device that the backup was made on: beside it, if that one still runs, without harm to either.
    /// What is shared waits until you have looked. Where the device was lost, recovery-kit restore makes a new one, and shuts the lost one out.
    Restore(Restoring),
}

/// How one is made.
#[derive(Debug, clap::Args)]
pub struct Creating {
    /// Where; else a file with the day in its name, in this folder
    #[arg(value_name = "FILE")]
    file: Option<PathBuf>,
    /// Ask for no passphrase: the recovery kit alone opens it
    #[arg(long, conflicts_with = "fd")]
    kit_only: bool,
    /// Read the passphrase from this file descriptor, to its end: 0 is standard input
    #[arg(long, value_name = "N")]
    fd: Option<u32>,
}

/// Which one is opened, and how.
#[derive(Debug, clap::Args)]
pub struct Opening {
    /// The backup
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// Read the passphrase, or the 24 words, from this file descriptor, to its end: 0 is standard input
    #[arg(long, value_name = "N")]
    fd: Option<u32>,
}

/// Where it goes.
#[derive(Debug, clap::Args)]
pub struct Restoring {
    #[command(flatten)]
    opening: Opening,
    /// Into this folder, only to look at it: it is a home of its own then, and opens no network
    #[arg(long, value_name = "FOLDER")]
    into: Option<PathBuf>,
}

impl Args {
    /// Does it.
    pub fn run(self, context: &mut Context<'_, '_>) -> Outcome {
        match self {
            Self::Create(creating) => {
                let file = creating.file.unwrap_or_else(|| format!("asif-{}.backup", context.today()).into());
                let file = absolute(file)?;
                let passphrase = match (creating.kit_only, creating.fd) {
                    (true, _) => None,
                    (false, Some(fd)) => Some(one_line(from_fd(fd)?)),
                    (false, None) => new_passphrase(context)?,
                };
                let made = ask(BackupAsk::Create { file, passphrase }, context)?;
                context.tell(&made, |screen| backup::made(screen, &made))
            }
            Self::Verify(opening) => {
                let (file, opener) = opening.read(context)?;
                let seen = ask(BackupAsk::Verify { file, opener }, context)?;
                context.tell(&seen, |screen| backup::whole(screen, &seen))
            }
            Self::Restore(Restoring { opening, into }) => {
                let into = into.map(absolute).transpose()?;
                let (file, opener) = opening.read(context)?;
                let back = ask(BackupAsk::Restore { file, opener, into }, context)?;
                context.tell(&back, |screen| backup::restored(screen, &back))
            }
        }
    }
}

impl Opening {
    fn read(self, context: &mut Context<'_, '_>) -> Outcome<(PathBuf, Secret)> {
        let file = absolute(self.file)?;
        if !file.is_file() {
            let hint = "name the file that asif backup create made";
            return Err(CommandError::usage(format!("there is no file {}", file.display()), hint));
        }
        let opener = match self.fd {
            Some(fd) => one_line(from_fd(fd)?),
            None => {
                let cannot = || {
                    CommandError::usage(
                        "what opens it is asked for, and nobody can be asked here",
                        "say where it can be read, as with --fd 0",
                    )
                };
                context.hidden("Its passphrase, or the 24 words (they are not shown):")?.ok_or_else(cannot)?
            }
        };
        Ok((file, opener))
    }
}

fn ask(what: BackupAsk, context: &mut Context<'_, '_>) -> Outcome<BackupView> {
    context.ask_for(Request::Backup(what), |reply| if let Reply::Backup(view) = reply { Some(view) } else { None })
}

/// Asked twice; none where the person only presses Enter.
fn new_passphrase(context: &mut Context<'_, '_>) -> Outcome<Option<Secret>> {
    let cannot = || {
        CommandError::usage(
            "a passphrase is asked for, and nobody can be asked here",
            "say --kit-only, or where it can be read, as with --fd 0",
        )
    };
    loop {
        let first = context.hidden("A passphrase for it (Enter: the recovery kit alone opens it):")?.ok_or_else(cannot)?;
        if first.danger_text().is_empty() {
            return Ok(None);
        }
        if context.hidden("Once more:")?.ok_or_else(cannot)? == first {
            return Ok(Some(first));
        }
        context.say("  the two are not the same; again, please");
    }
}

/// What ends the line is no part of a passphrase.
fn one_line(read: Secret) -> Secret {
    Secret::new(read.danger_text().trim_end_matches(['\r', '\n']).to_owned())
}

fn absolute(path: PathBuf) -> Outcome<PathBuf> {
    std::path::absolute(&path).map_err(|_| CommandError::usage(format!("{} is no path", path.display()), "name a file"))
}
