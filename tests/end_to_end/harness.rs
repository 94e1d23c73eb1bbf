//! A home with its programs, and what a command did.

use std::ffi::OsStr;
use std::fs::{DirBuilder, File};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::SocketAddr;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use asif_proto::home::Lock;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

/// The longest that any command may take.
pub(crate) const COMMAND: Duration = Duration::from_secs(60);
/// The longest wait for something that must happen by itself.
pub(crate) const SOON: Duration = Duration::from_secs(30);

/// Runs `look` again and again until it finds something; each look takes its own time.
pub(crate) fn eventually<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + SOON;
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(Instant::now() < deadline, "never within {SOON:?}: {what}");
    }
}

/// One home in a folder of its own. Its daemon ends with it.
pub(crate) struct Home {
    folder: tempfile::TempDir,
    /// Variables beside `ASIF_HOME`; or that one too, where the home lies somewhere else.
    pub(crate) env: Vec<(&'static str, String)>,
}

impl Home {
    /// A home where nothing has happened yet.
    pub(crate) fn new() -> Self {
        let folder = tempfile::Builder::new().prefix("asif-").rand_bytes(6).tempdir().unwrap();
        DirBuilder::new().mode(0o700).create(folder.path().join("h")).unwrap();
        let listen = ("ASIF_LISTEN", "127.0.0.1:0".to_owned());
        // No test reaches the desktop, the session manager or the network of whoever runs it.
        let discovery = ("ASIF_DISCOVERY", "off".to_owned());
        let [bus, system] = ["DBUS_SESSION_BUS_ADDRESS", "DBUS_SYSTEM_BUS_ADDRESS"].map(|name| (name, "unix:path=/nowhere/bus".to_owned()));
        Self { folder, env: vec![listen, discovery, bus, system, ("TZ", "Europe/London".to_owned())] }
    }

    /// Robin's laptop, with the practice `lunch`.
    pub(crate) fn robin() -> Self {
        let home = Self::new();
        home.ok(&["init", "--no-input", "--name", "Robin", "--device", "laptop"]);
        home.ok(&["practice", "add", "Lunch away from the desk", "--slug", "lunch", "--difficulty", "35"]);
        home
    }

    /// The folder that `ASIF_HOME` names.
    pub(crate) fn path(&self) -> PathBuf {
        let moved = self.env.iter().find(|(name, _)| *name == "ASIF_HOME");
        moved.map_or_else(|| self.folder.path().join("h"), |(_, path)| path.into())
    }

    /// The data folder.
    pub(crate) fn data(&self) -> PathBuf {
        self.path().join("data")
    }

    /// A folder of this test outside the home.
    pub(crate) fn beside(&self) -> &Path {
        self.folder.path()
    }

    /// The command line with `args` in this home: no other variable, no terminal, nothing on standard input.
    pub(crate) fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_asif"));
        command.args(args).env_clear().env("ASIF_HOME", self.path()).envs(self.env.iter().map(|(name, value)| (name, value)));
        command.current_dir(self.beside()).stdin(Stdio::null());
        command
    }

    /// The daemon itself with `args` in this home.
    pub(crate) fn daemon_command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_asifd"));
        command.args(args).env_clear().env("ASIF_HOME", self.path()).envs(self.env.iter().map(|(name, value)| (name, value)));
        command.current_dir(self.beside()).stdin(Stdio::null());
        command
    }

    /// Runs a command to its end.
    pub(crate) fn run(&self, args: &[&str]) -> Ran {
        finish(self.command(args), None)
    }

    /// Runs a command with `input` on its standard input.
    pub(crate) fn run_with(&self, args: &[&str], input: &[u8]) -> Ran {
        finish(self.command(args), Some(input))
    }

    /// Runs a command that must exit 0.
    #[track_caller]
    pub(crate) fn ok(&self, args: &[&str]) -> Ran {
        self.run(args).exits(0)
    }

    /// Runs a command that must exit with `code` and say why, plainly and in JSON; returns the plain run. It must be one that
    /// fails in the same way each time.
    #[track_caller]
    pub(crate) fn refuses(&self, code: i32, args: &[&str]) -> Ran {
        let json = self.run(&[args, &["--json"]].concat()).exits(code);
        let error = &json.envelope()["error"];
        assert!(error["message"].as_str().is_some_and(|message| !message.is_empty()), "{json:?}");
        let plain = self.run(args).exits(code);
        assert!(plain.stderr.lines().any(|line| line.starts_with("asif: ") || line.starts_with("error: ")), "{plain:?}");
        plain
    }

    /// The `data` of a command with `--json` that must exit 0.
    #[track_caller]
    pub(crate) fn json(&self, args: &[&str]) -> Value {
        self.run(&[args, &["--json"]].concat()).exits(0).data()
    }

    /// Every session of `asif list`, newest first.
    #[track_caller]
    pub(crate) fn list(&self) -> Vec<Value> {
        self.json(&["list"]).as_array().unwrap().clone()
    }

    /// The notes of all sessions, sorted.
    pub(crate) fn notes(&self) -> Vec<String> {
        let mut notes: Vec<String> = self.list().iter().filter_map(|one| one["note"].as_str().map(str::to_owned)).collect();
        notes.sort();
        notes
    }

    /// Logs a session of `lunch`; returns its id.
    #[track_caller]
    pub(crate) fn log(&self, more: &[&str]) -> String {
        self.json(&[&["log", "lunch"], more].concat())["id"].as_str().unwrap().to_owned()
    }

    /// Brings everybody up to date who can be reached.
    #[track_caller]
    pub(crate) fn sync(&self) {
        self.ok(&["sync", "--wait", "--timeout", "20s"]);
    }

    /// A ticket for one more own device.
    #[track_caller]
    pub(crate) fn device_ticket(&self) -> String {
        ticket(&self.json(&["device", "pair", "--yes", "--no-wait"]))
    }

    /// A ticket for a helper called Dana.
    #[track_caller]
    pub(crate) fn helper_ticket(&self, more: &[&str]) -> String {
        ticket(&self.json(&[&["share", "invite", "--name", "Dana", "--role", "therapist", "--yes", "--no-wait"], more].concat()))
    }

    /// A desktop of the same person, up to date.
    #[track_caller]
    pub(crate) fn pair(&self) -> Self {
        let desktop = Self::new();
        desktop.ok(&["device", "join", &self.device_ticket(), "--name", "desktop"]);
        self.sync();
        desktop
    }

    /// Dana's home, having joined under an invitation with `more`, up to date.
    #[track_caller]
    pub(crate) fn share_with_dana(&self, more: &[&str]) -> Self {
        let dana = Self::new();
        dana.ok(&["helper", "join", &self.helper_ticket(more), "--name", "Dana"]);
        self.sync();
        dana
    }

    /// The daemon's process, as its lock file tells.
    pub(crate) fn pid(&self) -> u32 {
        self.running().expect("no daemon runs here")
    }

    /// The daemon's process, where one runs: the lock is held for its whole life.
    pub(crate) fn running(&self) -> Option<u32> {
        let lock = File::options().read(true).write(true).open(self.data().join("lock")).ok()?;
        match lock.try_lock() {
            Ok(()) => None,
            Err(_) => Lock::parse(&std::fs::read_to_string(self.data().join("lock")).ok()?).map(|lock| lock.pid),
        }
    }

    /// Waits until no daemon runs here.
    pub(crate) fn await_end(&self) {
        if let Ok(lock) = File::options().read(true).write(true).open(self.data().join("lock")) {
            lock.lock().unwrap();
        }
    }

    /// Stops the daemon in the ordinary way.
    #[track_caller]
    pub(crate) fn stop(&self) {
        self.ok(&["daemon", "stop"]);
        self.await_end();
    }

    /// Starts the daemon.
    #[track_caller]
    pub(crate) fn start(&self) {
        self.ok(&["daemon", "start"]);
    }

    /// Ends the daemon as a power cut would.
    pub(crate) fn kill(&self) {
        signal(self.pid(), Signal::KILL);
        self.await_end();
    }

    /// Where the daemon listens.
    #[track_caller]
    pub(crate) fn address(&self) -> SocketAddr {
        self.json(&["status"])["listen"][0].as_str().expect("it does not listen").parse().unwrap()
    }

    /// The sockets path.
    pub(crate) fn socket(&self) -> PathBuf {
        self.path().join("run/asifd.sock")
    }

    /// Every file of the store's logs, longest first.
    pub(crate) fn log_files(&self) -> Vec<PathBuf> {
        let mut files: Vec<PathBuf> =
            std::fs::read_dir(self.data().join("store/logs")).unwrap().map(|entry| entry.unwrap().path()).collect();
        files.sort_by_key(|file| std::cmp::Reverse(file.metadata().unwrap().len()));
        files
    }
}

impl Drop for Home {
    fn drop(&mut self) {
        if let Some(pid) = self.running() {
            signal(pid, Signal::KILL);
            self.await_end();
        }
    }
}

/// Sends a signal to a process of ours.
pub(crate) fn signal(pid: u32, signal: Signal) {
    let pid = Pid::from_raw(i32::try_from(pid).unwrap()).unwrap();
    kill_process(pid, signal).unwrap();
}

/// Stops a process where it is; returns once none of its threads runs any more.
pub(crate) fn freeze(pid: u32) {
    signal(pid, Signal::STOP);
    let is_stopped = |task: std::io::Result<std::fs::DirEntry>| {
        let stat = std::fs::read_to_string(task.unwrap().path().join("stat")).unwrap();
        stat.rsplit_once(") ").is_some_and(|(_, rest)| rest.starts_with('T'))
    };
    let tasks = || std::fs::read_dir(format!("/proc/{pid}/task")).unwrap();
    eventually("every thread is stopped", || tasks().all(is_stopped).then_some(()));
}

/// What a command did.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
    pub(crate) took: Duration,
}

impl Ran {
    /// The same, if it exited with `code`.
    #[track_caller]
    pub(crate) fn exits(self, code: i32) -> Self {
        assert_eq!(self.code, Some(code), "{self:?}");
        self
    }

    /// The one envelope on standard output.
    #[track_caller]
    pub(crate) fn envelope(&self) -> Value {
        let [one] = &self.envelopes()[..] else { panic!("not one envelope: {self:?}") };
        one.clone()
    }

    /// Every envelope on standard output, one a line.
    #[track_caller]
    pub(crate) fn envelopes(&self) -> Vec<Value> {
        let read = |line: &str| -> Value {
            let value: Value = serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {self:?}"));
            assert_eq!(value["schema"], "asif/1", "{self:?}");
            value
        };
        self.stdout.lines().map(read).collect()
    }

    /// The `data` of the one envelope.
    #[track_caller]
    pub(crate) fn data(&self) -> Value {
        let envelope = self.envelope();
        assert!(envelope.get("error").is_none(), "{self:?}");
        envelope["data"].clone()
    }

    /// The same, if standard error says all of `words`.
    #[track_caller]
    pub(crate) fn says(self, words: &[&str]) -> Self {
        for word in words {
            assert!(self.stderr.contains(word), "not said: {word:?}: {self:?}");
        }
        self
    }
}

/// Runs a command to its end, or ends it when it goes on for too long.
pub(crate) fn finish(mut command: Command, input: Option<&[u8]>) -> Ran {
    let began = Instant::now();
    if input.is_some() {
        command.stdin(Stdio::piped());
    }
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let pid = child.id();
    if let (Some(mut stdin), Some(input)) = (child.stdin.take(), input.map(<[u8]>::to_vec)) {
        // One that does not read to the end says itself what was wrong.
        std::thread::spawn(move || stdin.write_all(&input));
    }
    let (tx, rx) = mpsc::channel();
    std::thread::spawn(move || tx.send(child.wait_with_output()));
    let Ok(output) = rx.recv_timeout(COMMAND) else {
        signal(pid, Signal::KILL);
        panic!("took longer than {COMMAND:?}: {command:?}");
    };
    let output = output.unwrap();
    Ran {
        code: output.status.code(),
        stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
        stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        took: began.elapsed(),
    }
}

/// A command under way, whose lines are read as they come. It is ended when it goes.
pub(crate) struct Running {
    pub(crate) child: Child,
    lines: mpsc::Receiver<String>,
}

impl Running {
    /// Starts a command.
    pub(crate) fn start(mut command: Command) -> Self {
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let stdout = child.stdout.take().unwrap();
        let (tx, lines) = mpsc::channel();
        std::thread::spawn(move || BufReader::new(stdout).lines().map_while(Result::ok).try_for_each(|line| tx.send(line)));
        Self { child, lines }
    }

    /// The next line of its standard output; none at its end.
    pub(crate) fn line(&self) -> Option<String> {
        match self.lines.recv_timeout(COMMAND) {
            Ok(line) => Some(line),
            Err(mpsc::RecvTimeoutError::Disconnected) => None,
            Err(mpsc::RecvTimeoutError::Timeout) => panic!("no line within {COMMAND:?}"),
        }
    }

    /// Reads until a line that contains `text`.
    pub(crate) fn await_line(&self, text: &str) -> String {
        std::iter::from_fn(|| self.line()).find(|line| line.contains(text)).unwrap_or_else(|| panic!("it ended without {text:?}"))
    }

    /// Waits for its end.
    pub(crate) fn end(mut self) -> (Option<i32>, String) {
        while self.line().is_some() {}
        let mut stderr = String::new();
        self.child.stderr.take().unwrap().read_to_string(&mut stderr).unwrap();
        (self.child.wait().unwrap().code(), stderr)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // One that has ended needs no ending.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The ticket in an `invited` event.
#[track_caller]
pub(crate) fn ticket(event: &Value) -> String {
    assert_eq!(event["event"], "invited", "{event}");
    assert!(event["expires_at"].is_string(), "{event}");
    event["ticket"].as_str().unwrap().to_owned()
}

/// Every file below `folder`, with its bytes. Sockets are no files.
pub(crate) fn files_below(folder: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap().map(Result::unwrap) {
        let (path, kind) = (entry.path(), entry.file_type().unwrap());
        if kind.is_dir() {
            files.extend(files_below(&path));
        } else if kind.is_file() {
            files.push((path.clone(), std::fs::read(&path).unwrap()));
        }
    }
    files
}

/// `needle` is somewhere in `bytes`.
pub(crate) fn holds(bytes: &[u8], needle: &[u8]) -> bool {
    bytes.windows(needle.len()).any(|window| window == needle)
}

/// The command of another program of the system, by its full path.
pub(crate) fn shell(script: &str, args: &[&OsStr]) -> Command {
    let mut command = Command::new("/bin/sh");
    command.arg("-c").arg(script).arg("sh").args(args).env_clear().stdin(Stdio::null());
    command
}
