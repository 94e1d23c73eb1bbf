//! `asif wipe`

use std::fs::File;
use std::io;
use std::path::PathBuf;
use std::time::Instant;

use asif_proto::home::Home;
use asif_proto::local::{ErrorKind, Failure, Reply, Request, Status};
use serde::Serialize;

use crate::client::find::{self, Holder};
use crate::client::glance::glance;
use crate::client::stop;
use crate::command::daemon::service;
use crate::context::Context;
use crate::editor::left;
use crate::error::{CommandError, Outcome};
use crate::render::text::count;

mod copy;
mod own;
mod remove;
mod words;

use own::Own;

/// What is typed the second time.
const SECOND: &str = "wipe everything";
/// How often a daemon that took the lock meanwhile is ended.
const TRIES: u32 = 5;

/// Remove your journal and everything with it from this machine, for good.
///
/// The journal, its keys, the settings, the log, and the service if there is one; of the home that this command would use, and of no other.
/// The keys go first, so that what is left by an interruption opens to nobody; a second time finishes it. It works where the daemon does
/// not start, too. It asks twice.
///
/// Other devices and helpers are not told and keep what they hold; copies and backups stay. Freed sectors of the disk may hold what was
/// removed until they are used again.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Leave a copy first, in a new folder: the sealed files together with their key. Whoever has it can read the journal
    #[arg(long, value_name = "DIR")]
    copy_to: Option<PathBuf>,
    /// Only tell what would be removed
    #[arg(long, conflicts_with_all = ["yes", "copy_to"])]
    dry_run: bool,
    /// Do not ask
    #[arg(long, short)]
    yes: bool,
}

/// What was done, or with `--dry-run` would be.
#[derive(Debug, Serialize)]
struct Done<'d> {
    done: &'static str,
    sessions: Option<u64>,
    practices: Option<u64>,
    files: usize,
    bytes: u64,
    paths: &'d Home,
    service: Vec<PathBuf>,
    /// What is there and not asif's.
    kept: &'d [PathBuf],
    /// Own devices that keep what they hold.
    devices: Vec<&'d str>,
    /// Helpers who keep what they hold.
    helpers: Vec<&'d str>,
    copy: Option<PathBuf>,
}

impl Args {
    /// Tells what it will remove, asks twice, and removes it.
    pub fn run(self, context: &mut Context<'_, '_>) -> Outcome {
        if !self.yes && !self.dry_run && !context.can_ask() {
            return Err(CommandError::usage("wiping asks first, and nobody can be asked here", "say it with --yes"));
        }
        let home = context.home()?;
        let own = look(&home)?;
        let service = service::installed(context)?.map(|(_, files)| files).unwrap_or_default();
        if own.is_empty() && service.is_empty() {
            return context.nothing("There is nothing of asif here.");
        }
        let mut place = self.copy_to.as_deref().map(|wanted| copy::place(wanted, &home)).transpose()?;
        if place.is_some() && own.keys.is_empty() {
            return Err(Failure::new(ErrorKind::Precondition, "there is no journal here that a copy could be left of").into());
        }
        let status = status(context, &home, &own);
        words::plan(context, &home, &own, &service, status.as_ref());
        if !self.dry_run {
            if !self.yes && !confirmed(context, &home, &own, &mut place)? {
                return context.nothing("Nothing was removed.");
            }
            let mark = left::mark(&home);
            carry_out(context, &home, place.as_deref())?;
            left::forget(context, &mark);
        }
        let named = status.as_ref().map(|status| (&status.devices, &status.helpers));
        let done = Done {
            done: if self.dry_run { "nothing" } else { "wiped" },
            sessions: status.as_ref().map(|status| status.journal.sessions),
            practices: status.as_ref().map(|status| status.journal.practices),
            files: own.count(),
            bytes: own.bytes,
            paths: &home,
            service,
            kept: &own.strange,
            devices: named.iter().flat_map(|(all, _)| all.iter()).filter(|one| !one.this).map(|one| one.name.as_str()).collect(),
            helpers: named.iter().flat_map(|(_, all)| all.iter()).map(|one| one.name.as_str()).collect(),
            copy: place,
        };
        let text = if self.dry_run { "Nothing was removed." } else { "Everything of asif is removed from this machine." };
        context.tell(&done, |screen| screen.line(text))
    }
}

fn look(home: &Home) -> Outcome<Own> {
    use std::os::unix::fs::MetadataExt;
    if let Ok(meta) = home.data.symlink_metadata()
        && meta.uid() != rustix::process::geteuid().as_raw()
    {
        let message = format!("{} belongs to another user (uid {})", home.data.display(), meta.uid());
        return Err(Failure::new(ErrorKind::NotPermitted, message).hint("only its owner wipes it").into());
    }
    Own::of(home).map_err(|error| {
        let failure = Failure::new(ErrorKind::Failure, format!("cannot look through the folders of asif: {error}; nothing was removed"));
        failure.hint("asif status --paths tells where they are").into()
    })
}

/// What the daemon tells of the journal, where one can be asked. Without keys there is nothing that it could tell.
fn status(context: &mut Context<'_, '_>, home: &Home, own: &Own) -> Option<Status> {
    if own.keys.is_empty() {
        return None;
    }
    let until = Instant::now() + context.world.patience.start;
    // One that runs and is not reached is not tried to be started again: what was begun here could come up after everything is removed.
    let asked = match find::holder(home) {
        Holder::Daemon(_) => Ok(glance(home, Request::Status, until)),
        Holder::Nobody => context.client().map(|client| client.ask_until(Request::Status, until)),
    };
    let why = match asked {
        Ok(Some(Reply::Status(status))) => {
            if status.locked && status.waiting > 0 {
                let what = count(status.waiting, "entry", "entries");
                let told =
                    format!("What you logged while it was locked ({what}) waits here to be put into the journal, and lies nowhere else.");
                context.explain(&told);
            }
            return Some(status).filter(|status| status.initialised && !status.locked);
        }
        Ok(_) => "the daemon does not answer".to_owned(),
        Err(error) => error.failure().map(|failure| failure.message).unwrap_or_default(),
    };
    context.explain(&format!("What the journal holds could not be counted: {why}."));
    None
}

/// Offers a copy, and asks twice.
fn confirmed(context: &mut Context<'_, '_>, home: &Home, own: &Own, place: &mut Option<PathBuf>) -> Outcome<bool> {
    let Some(mut prompt) = context.prompt() else { return Ok(false) };
    while place.is_none() && !own.keys.is_empty() {
        let answer = prompt.line("Leave a copy first? A new folder for it (Enter: no copy):")?;
        if answer.is_empty() {
            break;
        }
        match copy::place(answer.as_ref(), home) {
            Ok(found) => *place = Some(found),
            Err(failure) => prompt.say(&format!("  {}", failure.message))?,
        }
    }
    if !prompt.yes_or_no("Remove all of this?")? {
        return Ok(false);
    }
    Ok(prompt.line(&format!("There is no way back. To go on, type \"{SECOND}\":"))? == SECOND)
}

/// Ends the daemon and holds its lock. One that was just being started may take the lock first: it is ended as well.
fn hold(context: &Context<'_, '_>, home: &Home) -> Outcome<Option<File>> {
    let starter = context.starter()?;
    let mut tries = TRIES;
    loop {
        stop::end(&starter, true)?;
        match remove::hold(home) {
            Ok(held) => return Ok(held),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock && tries > 0 => tries -= 1,
            Err(error) => {
                let message = format!("the daemon cannot be kept from running: {error}; nothing was removed");
                return Err(Failure::new(ErrorKind::DaemonUnreachable, message)
                    .hint("asif daemon stop ends it; then asif wipe again")
                    .into());
            }
        }
    }
}

/// Ends the service and the daemon, keeps another from starting, leaves the copy, removes.
fn carry_out(context: &mut Context<'_, '_>, home: &Home, place: Option<&std::path::Path>) -> Outcome {
    service::take_back(context)?;
    let held = hold(context, home)?;
    // What it wrote until its end is there now.
    let own = look(home)?;
    if let Some(place) = place {
        copy::make(&own, home, place).map_err(|error| {
            Failure::new(ErrorKind::Failure, format!("the copy could not be made: {error}; nothing was removed")).hint("is there room?")
        })?;
        words::copied(context, place);
    }
    let left = remove::remove(&own, home, &mut |_| Ok(()));
    drop(held);
    let Some((path, error)) = left.paths.first() else { return Ok(()) };
    let without =
        if own.keys.iter().any(|key| key.exists()) { "the keys among them" } else { "the keys are gone, so that it opens to nobody" };
    let message = format!("{} could not be removed ({error}), {} in all; {without}", path.display(), left.paths.len());
    Err(Failure::new(ErrorKind::Failure, message).hint("mend that, then asif wipe goes on where it stopped").into())
}
