//! Leaving the terminal: `asifd run --detach`.
//!
//! The program that starts the daemon gives it a pipe as stdout and reads one line from it ([`super::ready`]); everything else that
//! ties the two together is let go here, before any thread is started.
//!
//! The starter's child starts itself once more, passes on the ready line and ends: so a shell that waits for it goes on, whether or not
//! it leads a process group.

use std::fs::File;
use std::io::{self, Write};
use std::process::{Child, Command, ExitCode, Stdio};

use rustix::fs::Mode;

/// Set for the process that goes on in the background.
const SECOND: &str = "ASIF_DETACHED";

/// Why the daemon could not leave its terminal.
#[derive(Debug, thiserror::Error)]
#[error("cannot run in the background: {doing} failed")]
pub struct DetachError {
    /// What was attempted.
    pub doing: &'static str,
    /// What the system said.
    pub source: io::Error,
}

/// How the start goes on.
#[derive(Debug, Clone, Copy)]
pub enum Detached {
    /// This process has left its terminal and is to serve.
    Serve,
    /// A child of it serves, or failed to; this process only ends, with this code.
    Exit(ExitCode),
}

/// Opens a session of its own, turns stdin and stderr to `/dev/null`, goes to `/` and makes new files for the owner alone.
///
/// stdout stays open for the ready line. stderr goes nowhere because a panic message may quote the journal; [`super::log`] notes where a panic was.
/// Make relative paths absolute before.
pub fn detach() -> Result<Detached, DetachError> {
    let failed = |doing| move |source: io::Error| DetachError { doing, source };
    if std::env::var_os(SECOND).is_none() {
        return through_child().map(Detached::Exit).map_err(failed("starting it as a child"));
    }
    rustix::process::setsid().map_err(|source| failed("opening a session")(source.into()))?;
    let null = File::options().read(true).write(true).open("/dev/null").map_err(failed("opening /dev/null"))?;
    rustix::stdio::dup2_stdin(&null).map_err(|source| failed("closing stdin")(source.into()))?;
    rustix::stdio::dup2_stderr(&null).map_err(|source| failed("closing stderr")(source.into()))?;
    rustix::process::umask(Mode::RWXG | Mode::RWXO);
    rustix::process::chdir("/").map_err(|source| failed("leaving the working folder")(source.into()))?;
    Ok(Detached::Serve)
}

/// Runs this very program with the same arguments as a child and copies its stdout until the child closes it; the exit code is the child's
/// where it does not serve.
fn through_child() -> io::Result<ExitCode> {
    let mut child = Command::new(std::env::current_exe()?);
    let mut child = child.args(std::env::args_os().skip(1)).env(SECOND, "1").stdout(Stdio::piped()).spawn()?;
    let line = first_line(&mut child)?;
    io::stdout().write_all(&line)?;
    if line.starts_with(br#"{"ready""#) {
        return Ok(ExitCode::SUCCESS);
    }
    let code = child.wait()?.code().and_then(|code| u8::try_from(code).ok()).filter(|code| *code != 0);
    Ok(code.map_or(ExitCode::FAILURE, ExitCode::from))
}

fn first_line(child: &mut Child) -> io::Result<Vec<u8>> {
    let mut line = Vec::new();
    if let Some(stdout) = child.stdout.take() {
        io::Read::read_to_end(&mut io::Read::take(stdout, 64 * 1024), &mut line)?;
    }
    Ok(line)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::process::ready::{Started, tell};
    use asif_proto::home::Lock;
    use std::os::unix::process::CommandExt;
    use std::path::PathBuf;

    const CHILD: &str = "ASIF_TEST_DETACHED_CHILD";

    /// Not a test of its own: what the test below runs in a process that it can do anything to.
    #[test]
    #[ignore = "the child of a_detached_daemon_has_left_its_terminal"]
    fn child() {
        if std::env::var_os(CHILD).is_none() {
            return;
        }
        if let Detached::Exit(_) = detach().unwrap() {
            return;
        }
        let own_session = rustix::process::getsid(None).unwrap() == rustix::process::getpid();
        let here = std::env::current_dir().unwrap();
        let mask = rustix::process::umask(Mode::empty()).bits();
        let terminals: Vec<PathBuf> = [0, 2].map(|fd| std::fs::read_link(format!("/proc/self/fd/{fd}")).unwrap()).into();
        // The facts travel in the place of the socket.
        let facts = format!("{own_session} {} {mask:o} {terminals:?}", here.display());
        tell(&Started::Ready(Lock { pid: std::process::id(), socket: facts.into() })).unwrap();
        // Whatever is printed now reaches nobody.
        println!("after the ready line");
    }

    fn run(leader: bool) -> (u32, String) {
        let mut command = Command::new(std::env::current_exe().unwrap());
        command.args(["--exact", "process::detach::tests::child", "--ignored", "--nocapture", "--test-threads=1", "-q"]).env(CHILD, "1");
        if leader {
            command.process_group(0);
        }
        let child = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn().unwrap();
        let pid = child.id();
        let output = String::from_utf8(child.wait_with_output().unwrap().stdout).unwrap();
        assert!(!output.contains("after the ready line"), "{output}");
        let line = output.lines().find(|line| line.starts_with('{')).unwrap_or_else(|| panic!("no ready line in {output:?}"));
        let Started::Ready(lock) = serde_json::from_str(line).unwrap() else { panic!("{line}") };
        (pid.abs_diff(lock.pid), lock.socket.display().to_string())
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn a_detached_daemon_has_left_its_terminal() {
        let facts = "true / 77 [\"/dev/null\", \"/dev/null\"]";
        for leader in [false, true] {
            let (distance, told) = run(leader);
            assert_ne!(distance, 0, "it goes on in a child, so that a script that started it goes on too");
            assert_eq!(told, facts);
        }
    }
}
