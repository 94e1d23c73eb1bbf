//! The editor at the terminal, until it ends or this program is told to end.

use std::io;
use std::os::fd::AsFd;
use std::os::unix::process::ExitStatusExt;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::{Errno, FdFlags, fcntl_setfd};
use rustix::process::{Pid, Signal, kill_process};
use rustix::termios::{OptionalActions, Termios, tcgetattr, tcsetattr};

use super::place::Place;

/// So often it is looked whether something was saved.
const LOOK: Timespec = Timespec { tv_sec: 0, tv_nsec: 250_000_000 };
/// So long an editor has to end by what ended this program, where that may have been for this program alone.
const BY_ITSELF: Duration = Duration::from_millis(500);
/// So long an editor may take to save what it can, when it is told that the terminal is gone.
const PATIENCE: Duration = Duration::from_secs(5);
/// And then to end in any way.
const LAST: Duration = Duration::from_secs(1);

/// How it ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum How {
    /// As whoever wrote meant it to.
    Done,
    /// With an exit code of its own.
    Failed(i32),
    /// By a signal that was not ours.
    Killed(i32),
    /// This program was told to end, and told the editor.
    Stopped,
    /// The same, and the editor is still there.
    StillRunning,
}

/// Runs an editor on the text in `place`; `look` is called every now and then.
///
/// It shares the terminal and its keys with this program, like any editor that another program calls: Ctrl-C is its affair. It holds the lock of
/// the place for as long as it lives.
pub fn run(command: &mut Command, place: &mut Place, to_stderr: bool, mut look: impl FnMut(&Place)) -> io::Result<How> {
    let terminal = tcgetattr(io::stdin()).ok();
    if to_stderr {
        // What asif prints goes somewhere else; the editor draws where the person sits.
        command.stdout(Stdio::from(io::stderr().as_fd().try_clone_to_owned()?));
    }
    let mut child = spawn(command, place)?;
    let how = wait(&mut child, place, &mut look);
    if let Some(terminal) = terminal {
        set_back(&terminal);
    }
    how
}

/// Starts it with the lock of the place in its hands.
fn spawn(command: &mut Command, place: &Place) -> io::Result<Child> {
    fcntl_setfd(place.lock(), FdFlags::empty())?;
    let child = command.spawn();
    fcntl_setfd(place.lock(), FdFlags::CLOEXEC)?;
    child
}

fn wait(child: &mut Child, place: &mut Place, look: &mut dyn FnMut(&Place)) -> io::Result<How> {
    let gone = || io::Error::other("no signals are heard");
    let (mut ended, mut told): (Option<Instant>, Option<Instant>) = (None, None);
    loop {
        let signals = place.signals().ok_or_else(gone)?;
        if let Some(status) = child.try_wait()? {
            return Ok(if told.is_some() || signals.ended.load(Ordering::Relaxed) { How::Stopped } else { of(status) });
        }
        match told {
            // Whatever ends this program may end the editor as well, and a closed terminal does: one that is just saving is not disturbed. Told
            // a second time, vim ends without its swap file.
            None if signals.ended.load(Ordering::Relaxed)
                && ended.get_or_insert_with(Instant::now).elapsed() >= by_itself(signals.hung_up.load(Ordering::Relaxed)) =>
            {
                // What every editor takes for the end of its terminal: those that keep what was not saved do so then.
                tell(child, Signal::HUP);
                told = Some(Instant::now());
            }
            Some(since) if since.elapsed() > PATIENCE + LAST => return Ok(How::StillRunning),
            Some(since) if since.elapsed() > PATIENCE => tell(child, Signal::TERM),
            _ => {}
        }
        match poll(&mut [PollFd::new(&signals.wake, PollFlags::IN)], Some(&LOOK)) {
            Ok(0) if told.is_none() => look(place),
            Ok(0) | Err(Errno::INTR) => {}
            Ok(_) => signals.hear()?,
            Err(error) => return Err(error.into()),
        }
    }
}

fn by_itself(hung_up: bool) -> Duration {
    if hung_up { PATIENCE } else { BY_ITSELF }
}

/// It is ours and has not been waited for: its id is nobody else's.
fn tell(child: &Child, signal: Signal) {
    let id = i32::try_from(child.id()).ok().and_then(Pid::from_raw);
    if let Some(id) = id {
        // One that has just ended needs no telling.
        let _ = kill_process(id, signal);
    }
}

fn of(status: ExitStatus) -> How {
    match (status.code(), status.signal()) {
        (Some(0), _) => How::Done,
        (Some(code), _) => How::Failed(code),
        (None, signal) => How::Killed(signal.unwrap_or_default()),
    }
}

/// An editor that was killed leaves the terminal as it needed it.
fn set_back(before: &Termios) {
    let stdin = io::stdin();
    let differs = tcgetattr(&stdin).is_ok_and(|now| now.local_modes != before.local_modes || now.input_modes != before.input_modes);
    if differs {
        // A terminal that is gone needs no setting back.
        let _ = tcsetattr(&stdin, OptionalActions::Now, before);
    }
}
