//! A home in a folder of its own, its daemon, and commands in it.

use std::fs::{DirBuilder, File};
use std::net::SocketAddr;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use asif_proto::home::Lock;
use asif_proto::local::{ListFilter, Reply, Request};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

use crate::programs::Programs;
use crate::socket::Socket;
use crate::{Refusal, disk};

/// The longest wait for anything: a checkpoint of hundreds of thousands of sessions takes minutes.
const LONG: Duration = Duration::from_secs(900);

/// Makes the folder of a home.
pub(crate) fn make(folder: &Path) -> Result<(), Refusal> {
    for folder in [folder.to_owned(), folder.join("data"), folder.join("state")] {
        DirBuilder::new().mode(0o700).create(folder)?;
    }
    Ok(())
}

/// A home. Its daemon and its folder go with it.
pub(crate) struct Home<'p> {
    programs: &'p Programs,
    /// The folder that `ASIF_HOME` names.
    pub(crate) folder: PathBuf,
    daemon: Option<Pid>,
}

impl<'p> Home<'p> {
    /// A home where nothing has happened yet.
    pub(crate) fn new(programs: &'p Programs, folder: PathBuf) -> Result<Self, Refusal> {
        make(&folder)?;
        Ok(Self { programs, folder, daemon: None })
    }

    /// A home that lies in its folder already.
    pub(crate) fn lies(programs: &'p Programs, folder: PathBuf) -> Self {
        Self { programs, folder, daemon: None }
    }

    /// A copy of a home that does not run.
    pub(crate) fn copy(programs: &'p Programs, from: &Path, folder: PathBuf) -> Result<Self, Refusal> {
        disk::copy(from, &folder)?;
        Ok(Self { programs, folder, daemon: None })
    }

    fn program(&self, program: &Path, args: &[&str]) -> Command {
        let mut command = Command::new(program);
        command.args(args).env_clear().env("ASIF_HOME", &self.folder).env("ASIF_LISTEN", "127.0.0.1:0").env("ASIF_DISCOVERY", "off").env("TZ", "Europe/London");
        command.current_dir("/").stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        command
    }

    /// The command line with `args`; its output goes nowhere.
    pub(crate) fn command(&self, args: &[&str]) -> Command {
        self.program(&self.programs.asif, args)
    }

    /// Runs a command that must succeed.
    pub(crate) fn ok(&self, args: &[&str]) -> Result<(), Refusal> {
        succeed(&mut self.command(args))
    }

    /// The `data` of the first envelope of a command.
    pub(crate) fn json(&self, args: &[&str]) -> Result<Value, Refusal> {
        let output = self.command(args).arg("--json").stdout(Stdio::piped()).output()?;
        let text = String::from_utf8(output.stdout)?;
        let mut envelope: Value = serde_json::from_str(text.lines().next().unwrap_or_default())?;
        match output.status.success() {
            true => Ok(envelope["data"].take()),
            false => Err(format!("asif {args:?}: {envelope}").into()),
        }
    }

    /// Starts the daemon as `asif` does, and returns a connection once it has answered.
    pub(crate) fn start(&mut self) -> Result<Socket, Refusal> {
        let said = self.program(&self.programs.asifd, &["run", "--detach"]).stdout(Stdio::piped()).output()?;
        let said: Value = serde_json::from_slice(&said.stdout)?;
        let pid = said["ready"]["pid"].as_i64().ok_or_else(|| format!("the daemon does not start: {said}"))?;
        self.daemon = Pid::from_raw(i32::try_from(pid)?);
        let mut socket = Socket::open(&self.socket())?;
        socket.answer(Request::List(ListFilter { limit: Some(1), ..ListFilter::default() }))?;
        Ok(socket)
    }

    /// Takes over the daemon that a command started here.
    pub(crate) fn adopt(&mut self) -> Result<(), Refusal> {
        let lock = Lock::parse(&std::fs::read_to_string(self.folder.join("data/lock"))?).ok_or("no daemon runs")?;
        self.daemon = Pid::from_raw(i32::try_from(lock.pid)?);
        Ok(())
    }

    /// Stops the daemon in the ordinary way and waits for its end.
    pub(crate) fn stop(&mut self) -> Result<(), Refusal> {
        if let Some(daemon) = self.daemon.take() {
            kill_process(daemon, Signal::TERM)?;
            self.await_end()?;
        }
        Ok(())
    }

    /// Waits until no daemon runs here: it holds the lock for its whole life.
    fn await_end(&self) -> std::io::Result<()> {
        File::options().read(true).write(true).open(self.folder.join("data/lock"))?.lock()
    }

    /// The daemon's process.
    pub(crate) fn pid(&self) -> Result<i32, Refusal> {
        Ok(self.daemon.ok_or("no daemon runs")?.as_raw_nonzero().get())
    }

    /// Where it listens.
    pub(crate) fn socket(&self) -> PathBuf {
        self.folder.join("run/asifd.sock")
    }

    /// A ticket for one more own device, and where its giver is reached.
    pub(crate) fn ticket(&self) -> Result<(String, SocketAddr), Refusal> {
        self.offer(&["device", "pair"])
    }

    /// A ticket by a command that makes one, and where its giver is reached.
    pub(crate) fn offer(&self, command: &[&str]) -> Result<(String, SocketAddr), Refusal> {
        let said = self.json(&[command, &["--yes", "--no-wait"]].concat())?;
        let status = self.json(&["status"])?;
        let address = status["listen"][0].as_str().ok_or("it does not listen")?.parse()?;
        Ok((said["ticket"].as_str().ok_or("no ticket")?.to_owned(), address))
    }

    /// How many sessions can be listed.
    pub(crate) fn count(socket: &mut Socket) -> Result<u64, Refusal> {
        match socket.ask(Request::Status)? {
            Reply::Status(status) => Ok(status.journal.sessions),
            _ => Err("another reply than was asked for".into()),
        }
    }
}

impl Drop for Home<'_> {
    fn drop(&mut self) {
        if let Some(daemon) = self.daemon.take() {
            let _ = kill_process(daemon, Signal::KILL);
            let _ = self.await_end();
        }
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

/// Runs a program that must succeed.
pub(crate) fn succeed(command: &mut Command) -> Result<(), Refusal> {
    match command.status()?.success() {
        true => Ok(()),
        false => Err(format!("it failed: {command:?}").into()),
    }
}

/// Looks again and again until something is found.
pub(crate) fn eventually<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> Result<T, Refusal> {
    let deadline = Instant::now() + LONG;
    loop {
        if let Some(found) = look() {
            return Ok(found);
        }
        if Instant::now() > deadline {
            return Err(format!("never: {what}").into());
        }
        std::thread::yield_now();
    }
}
