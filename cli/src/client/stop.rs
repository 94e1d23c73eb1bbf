//! Stopping the daemon, asked kindly first, and knowing when it is gone.

use std::time::Instant;

use asif_proto::home::Home;
use asif_proto::local::{Answer, Ask, Request, VERSIONS, kind};
use rustix::process::{Pid, Signal, kill_process, test_kill_process};

use super::connection::PAUSE;
use super::find::Holder;
use super::{ClientError, Connection, Starter, find};

/// Asks the daemon to stop, tells its process to end where it does not understand, and waits until it is gone.
pub fn stop(mut connection: Connection, starter: &Starter) -> Result<u32, ClientError> {
    // What the system says of the socket's other end may be the service manager that opened it.
    let pid = connection.hello.pid;
    let mut deadline = Instant::now() + starter.patience.stop;
    let version = connection.hello.max.min(*VERSIONS.end());
    let ask = Ask { version, id: crate::fresh::id(), zone: "UTC".to_owned(), request: Request::Stop };
    let asked = connection.send(kind::ASK, &ask)?.is_ok() && understood(&mut connection, deadline);
    drop(connection);
    if !asked && !gone(&starter.home, pid) {
        signal(pid, Signal::TERM);
        // Listening for an answer may have used up the time.
        deadline = deadline.max(Instant::now() + starter.patience.term);
    }
    await_end(pid, deadline, || gone(&starter.home, pid))
}

/// How a daemon came to its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    /// None ran.
    NotRunning,
    /// It ended when asked to.
    Asked(u32),
    /// It did not answer, and ended when told to (SIGTERM).
    Told(u32),
    /// It had to be ended (SIGKILL).
    Killed(u32),
}

/// Ends the daemon of a home, reachable or not: asks it, tells it to end where it does not answer, and with `force` ends it where it goes on.
///
/// Its process is the one that the held lock names; whoever else listens at the socket is left alone. Where nobody holds the lock nothing is
/// connected to, since that could start one.
pub fn end(starter: &Starter, force: bool) -> Result<Ended, ClientError> {
    let home = &starter.home;
    if find::holder(home) == Holder::Nobody {
        return Ok(Ended::NotRunning);
    }
    match find::connect(home, starter.patience) {
        Ok(Some(connection)) => match stop(connection, starter) {
            Ok(pid) => Ok(Ended::Asked(pid)),
            // It said hello, and then nothing more.
            Err(ClientError::StillRunning(pid)) if force => tell_to_end(starter, pid, force),
            Err(error) => Err(error),
        },
        Ok(None) => match find::holder(home) {
            Holder::Nobody => Ok(Ended::NotRunning),
            Holder::Daemon(Some(pid)) => tell_to_end(starter, pid, force),
            Holder::Daemon(None) => Err(ClientError::Unreachable { socket: find::socket(home), pid: None }),
        },
        Err(error @ ClientError::Hanging { .. }) => match find::holder(home) {
            Holder::Daemon(Some(pid)) => tell_to_end(starter, pid, force),
            Holder::Daemon(None) | Holder::Nobody => Err(error),
        },
        Err(error) => Err(error),
    }
}

fn tell_to_end(starter: &Starter, pid: u32, force: bool) -> Result<Ended, ClientError> {
    signal(pid, Signal::TERM);
    let wait = if force { starter.patience.term } else { starter.patience.stop };
    match await_end(pid, Instant::now() + wait, || !alive(pid)) {
        Ok(pid) => Ok(Ended::Told(pid)),
        Err(_) if force => {
            signal(pid, Signal::KILL);
            await_end(pid, Instant::now() + starter.patience.stop, || !alive(pid)).map(Ended::Killed)
        }
        Err(error) => Err(error),
    }
}

/// The daemon answered, or closed the connection, as one that stops does.
fn understood(connection: &mut Connection, deadline: Instant) -> bool {
    match connection.receive_until(deadline) {
        Ok(frame) => matches!(serde_json::from_slice(&frame.bytes), Ok(Answer::Reply(_))),
        Err(error) => error.kind() == std::io::ErrorKind::UnexpectedEof,
    }
}

fn await_end(pid: u32, deadline: Instant, ended: impl Fn() -> bool) -> Result<u32, ClientError> {
    while !ended() {
        if Instant::now() >= deadline {
            return Err(ClientError::StillRunning(pid));
        }
        std::thread::sleep(PAUSE);
    }
    Ok(pid)
}

/// The lock file no longer names the process, or the process is no more.
fn gone(home: &Home, pid: u32) -> bool {
    find::lock(home).is_none_or(|lock| lock.pid != pid) || !alive(pid)
}

/// The process is there and does not run: something stopped it (SIGSTOP, Ctrl-Z, a debugger).
pub(super) fn is_paused(pid: u32) -> bool {
    state(pid).is_some_and(|state| ['T', 't'].contains(&state))
}

/// The state letter of a process, where the system tells.
fn state(pid: u32) -> Option<char> {
    std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?.rsplit_once(") ")?.1.chars().next()
}

/// The process runs; one that ended and was not yet collected by its parent does not.
fn alive(pid: u32) -> bool {
    let there = process(pid).is_some_and(|pid| test_kill_process(pid).is_ok());
    there && !state(pid).is_some_and(|state| ['Z', 'X'].contains(&state))
}

fn signal(pid: u32, signal: Signal) {
    if let Some(pid) = process(pid) {
        // A process that is gone already is what was wanted; one that stays is noticed by waiting for it.
        let _ = kill_process(pid, signal);
    }
}

fn process(pid: u32) -> Option<Pid> {
    Pid::from_raw(i32::try_from(pid).ok()?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn a_process_that_ended_is_not_alive_before_it_is_collected() {
        assert!(alive(std::process::id()));
        let mut child = std::process::Command::new("true").stdout(std::process::Stdio::piped()).spawn().unwrap();
        // Its standard output closes when it ends: no need to sleep.
        let mut rest = String::new();
        std::io::Read::read_to_string(&mut child.stdout.take().unwrap(), &mut rest).unwrap();
        let deadline = Instant::now() + Duration::from_secs(5);
        while alive(child.id()) {
            assert!(Instant::now() < deadline, "an ended process counts as alive");
            std::thread::yield_now();
        }
        child.wait().unwrap();
    }
}
