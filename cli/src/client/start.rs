//! Starting the daemon: found beside this program or on `PATH`, detached, awaited until it says that it is ready.

use std::ffi::{OsStr, OsString};
use std::io::{BufRead, BufReader, Read};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{ChildStdout, Command, Stdio};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use asif_proto::home::Home;
use asif_proto::local::{ErrorKind, Failure};
use serde::Deserialize;

use super::connection::PAUSE;
use super::find::Holder;
use super::{ClientError, Connection, find};
use crate::world::Patience;

/// The daemon's program.
const DAEMON: &str = "asifd";
/// The most bytes of its first line that are read.
const MAX_LINE: u64 = 64 * 1024;
/// How long to look for a daemon that another process started, before trying to start one again.
const OTHER: Duration = Duration::from_millis(500);

/// How the daemon of one home is started.
#[derive(Debug, Clone)]
pub struct Starter {
    /// The home.
    pub home: Home,
    /// This program's own file.
    pub program: Option<PathBuf>,
    /// Where programs are looked for: `PATH`.
    pub path: Option<OsString>,
    /// How long to wait.
    pub patience: Patience,
}

/// What the daemon prints once, on standard output, before it detaches.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
enum FirstLine {
    Ready(Ready),
    Error(Failure),
}

#[derive(Debug, Deserialize)]
struct Ready {
    socket: PathBuf,
}

impl Starter {
    /// The daemon's program: beside this one (also behind a link), else on `PATH`.
    pub fn daemon(&self) -> Result<PathBuf, ClientError> {
        let behind = self.program.as_deref().and_then(|program| program.canonicalize().ok());
        let beside = [self.program.as_deref(), behind.as_deref()].into_iter().flatten().filter_map(Path::parent).map(Path::to_owned);
        let beside = beside.map(|folder| folder.join(DAEMON)).find(|file| runs(file));
        beside.or_else(|| on_path(self.path.as_deref(), DAEMON)).ok_or(ClientError::NoProgram)
    }

    /// Starts the daemon, detached, and connects to it.
    ///
    /// When another process started it at the same moment, connects to that one.
    pub fn start(&self) -> Result<Connection, ClientError> {
        let deadline = Instant::now() + self.patience.start;
        let mut refused = None;
        loop {
            let line = self.first_line(deadline).map_err(|error| match refused.take() {
                // The last try ran out of time; what the ones before it were told says more.
                Some(failure) if Instant::now() >= deadline => self.not_reached(failure),
                _ => error,
            })?;
            match line {
                FirstLine::Ready(Ready { socket }) => {
                    let connection = find::connect_to(&self.home, &socket, self.patience)?;
                    return connection.ok_or_else(|| ClientError::NotReady(Some(format!("nobody listens at {}", socket.display()))));
                }
                FirstLine::Error(failure) if failure.kind == ErrorKind::Precondition => {
                    if let Some(connection) = self.await_other(deadline)? {
                        return Ok(connection);
                    }
                    if Instant::now() >= deadline {
                        return Err(self.not_reached(failure));
                    }
                    refused = Some(failure);
                }
                FirstLine::Error(failure) => return Err(ClientError::Refused(failure)),
            }
        }
    }

    /// Another daemon was said to run, and was not reached in time.
    fn not_reached(&self, failure: Failure) -> ClientError {
        match find::holder(&self.home) {
            Holder::Daemon(pid) => ClientError::Unreachable { socket: find::socket(&self.home), pid },
            Holder::Nobody => ClientError::NotReady(Some(failure.message)),
        }
    }

    fn first_line(&self, deadline: Instant) -> Result<FirstLine, ClientError> {
        let program = self.daemon()?;
        // The daemon outlives this program: it must not keep open what this program's caller left open for it.
        close_fds::set_fds_cloexec_threadsafe(3, &[]);
        let mut child = Command::new(&program)
            .args(["run", "--detach"])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .map_err(|source| ClientError::Spawn { program, source })?;
        let stdout = child.stdout.take().ok_or(ClientError::NotReady(None))?;
        let (tx, rx) = mpsc::channel();
        std::thread::spawn(move || tx.send(read_line(stdout)));
        let line = rx.recv_timeout(deadline.saturating_duration_since(Instant::now()));
        let line = line.map_err(|_| ClientError::NotReady(Some(format!("no word after {:?}", self.patience.start))))?;
        serde_json::from_str(&line).map_err(|_| match child.try_wait() {
            Ok(Some(status)) => ClientError::NotReady(Some(format!("it ended with {status}"))),
            _ => ClientError::NotReady(None),
        })
    }

    /// Another daemon is there already: one that is just starting, or one that is on its way out (then `None`, to try again).
    fn await_other(&self, deadline: Instant) -> Result<Option<Connection>, ClientError> {
        let until = deadline.min(Instant::now() + OTHER);
        loop {
            if let Some(connection) = find::connect(&self.home, self.patience)? {
                return Ok(Some(connection));
            }
            if Instant::now() >= until {
                return Ok(None);
            }
            std::thread::sleep(PAUSE);
        }
    }
}

/// The program `name` in one of the folders of `path` that begin at the root.
pub fn on_path(path: Option<&OsStr>, name: &str) -> Option<PathBuf> {
    let folders = path.iter().flat_map(std::env::split_paths).filter(|folder| folder.is_absolute());
    folders.map(|folder| folder.join(name)).find(|file| runs(file))
}

fn read_line(stdout: ChildStdout) -> String {
    let mut line = String::new();
    // What cannot be read is no first line, and said to be none by whoever parses it.
    let _ = BufReader::new(stdout.take(MAX_LINE)).read_line(&mut line);
    line
}

fn runs(file: &Path) -> bool {
    file.metadata().is_ok_and(|meta| meta.is_file() && meta.permissions().mode() & 0o111 != 0)
}
