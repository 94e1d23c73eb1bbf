//! A daemon that a test plays itself, and the command line run against it inside the test's own process.
#![allow(dead_code, unreachable_pub, reason = "each test file uses its own part")]
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test ends where something is not as it must be")]

use std::ffi::OsString;
use std::fs::File;
use std::io::{Read, Write};
use std::os::unix::fs::{DirBuilderExt, symlink};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, mpsc};
use std::time::Duration;

use asif_cli::world::{Patience, Terminals, World};
use asif_proto::frame::{Frame, HEADER_LEN, parse_header};
use asif_proto::home::{Home, Lock};
use asif_proto::local::{Answer, Ask, Decision, Event, Failure, Hello, Question, Reply, Request, answer_frames, kind};
use jiff::tz::TimeZone;

/// A home in a temporary folder.
pub struct TestHome {
    pub folder: tempfile::TempDir,
    pub home: Home,
    /// The lock file, while somebody holds it.
    held: Mutex<Option<File>>,
}

impl TestHome {
    pub fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let at = folder.path().to_owned();
        let home = Home::resolve(|name| (name == "ASIF_HOME").then(|| at.clone().into()), Path::new("/"), 0, |_| false).unwrap();
        std::fs::DirBuilder::new().mode(0o700).create(at.join("run")).unwrap();
        std::fs::create_dir(at.join("data")).unwrap();
        Self { folder, home, held: Mutex::new(None) }
    }

    /// A home with a daemon that answers every request with what `reply` makes of it.
    pub fn with_daemon(reply: impl Fn(Request) -> Answer + Send + 'static) -> Self {
        let home = Self::new();
        home.serve(move |mut talk| {
            talk.hello();
            while let Some(ask) = talk.ask() {
                talk.answer(&reply(ask.request));
            }
        });
        home
    }

    /// Listens at the home's socket.
    pub fn serve(&self, each: impl FnMut(Talk) + Send + 'static) {
        self.serve_at(&self.home.socket, each);
    }

    /// Listens at `socket`; `each` is called with every connection, one after the other.
    pub fn serve_at(&self, socket: &Path, mut each: impl FnMut(Talk) + Send + 'static) {
        let listener = UnixListener::bind(socket).unwrap();
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                each(Talk { stream: stream.unwrap() });
            }
        });
    }

    /// Writes a lock file that names this process and `socket`, and holds it.
    pub fn lock(&self, socket: &Path) {
        self.lock_as(std::process::id(), socket);
    }

    /// The same in the name of another process.
    pub fn lock_as(&self, pid: u32, socket: &Path) {
        self.stale_lock(pid, socket);
        let file = File::open(self.home.lock()).unwrap();
        file.lock().unwrap();
        *self.held.lock().unwrap() = Some(file);
    }

    /// Nobody holds the lock any more.
    pub fn unlock(&self) {
        *self.held.lock().unwrap() = None;
    }

    /// Writes a lock file as a daemon that was killed leaves it.
    pub fn stale_lock(&self, pid: u32, socket: &Path) {
        std::fs::write(self.home.lock(), Lock { pid, socket: socket.to_owned() }.to_text()).unwrap();
    }

    /// Puts a program into the home's folder that does what the shell lines say.
    pub fn program(&self, name: &str, lines: &str) {
        // A link to a file that is never written: a script written a moment ago cannot always be run.
        let stand_in = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/support").join(name);
        symlink(stand_in, self.folder.path().join(name)).unwrap();
        std::fs::write(self.folder.path().join(format!("{name}.does")), lines).unwrap();
    }

    /// Runs the command line in this home, without a terminal.
    pub fn run(&self, args: &[&str]) -> Ran {
        Cli::new(self).run(args)
    }
}

/// One connection, from the daemon's side.
pub struct Talk {
    stream: UnixStream,
}

impl Talk {
    pub fn hello(&mut self) {
        self.hello_as(1, 1, env!("CARGO_PKG_VERSION"));
    }

    pub fn hello_as(&mut self, min: u16, max: u16, version: &str) {
        let hello = Hello { min, max, version: version.to_owned(), pid: std::process::id(), data: None };
        self.send(kind::HELLO, &hello);
    }

    /// The greeting of a daemon that serves the journal in `data`.
    pub fn hello_for(&mut self, data: &Path) {
        let hello =
            Hello { min: 1, max: 1, version: env!("CARGO_PKG_VERSION").to_owned(), pid: std::process::id(), data: Some(data.to_owned()) };
        self.send(kind::HELLO, &hello);
    }

    /// The next request; none when the command line is done.
    pub fn ask(&mut self) -> Option<Ask> {
        let frame = self.receive()?;
        assert_eq!(frame.kind, kind::ASK);
        Some(serde_json::from_slice(&frame.bytes).unwrap())
    }

    pub fn event(&mut self, event: &Event) {
        self.send(kind::EVENT, event);
    }

    pub fn question(&mut self, question: &Question) -> Decision {
        self.send(kind::QUESTION, question);
        let frame = self.receive().unwrap();
        assert_eq!(frame.kind, kind::DECISION);
        serde_json::from_slice(&frame.bytes).unwrap()
    }

    pub fn answer(&mut self, answer: &Answer) {
        for frame in answer_frames(answer) {
            // A command line that has ended no longer listens.
            let _ = self.stream.write_all(&frame.to_bytes());
        }
    }

    /// Says nothing more, and waits until the command line goes.
    pub fn fall_silent(mut self) {
        while self.receive().is_some() {}
    }

    fn send<T: serde::Serialize>(&mut self, kind: u16, value: &T) {
        let _ = self.stream.write_all(&Frame::new(kind, serde_json::to_vec(value).unwrap()).to_bytes());
    }

    fn receive(&mut self) -> Option<Frame> {
        let mut header = [0; HEADER_LEN];
        self.stream.read_exact(&mut header).ok()?;
        let (kind, len) = parse_header(header).unwrap();
        let mut bytes = vec![0; len];
        self.stream.read_exact(&mut bytes).ok()?;
        Some(Frame { kind, bytes })
    }
}

/// The command line with its surroundings.
pub struct Cli<'h> {
    home: &'h TestHome,
    pub stdin: Vec<u8>,
    pub terminals: Terminals,
    pub width: usize,
    pub patience: Patience,
    pub zone: TimeZone,
    /// Nobody reads standard output, standard error.
    pub gone: (bool, bool),
    /// Hears what stands on standard output each time it is flushed.
    pub flushed: Option<mpsc::Sender<String>>,
}

/// A stream whose reader may have gone.
struct Stream<'b> {
    bytes: &'b mut Vec<u8>,
    gone: bool,
    flushed: Option<mpsc::Sender<String>>,
}

impl Write for Stream<'_> {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        if self.gone { Err(std::io::ErrorKind::BrokenPipe.into()) } else { self.bytes.write(bytes) }
    }

    fn flush(&mut self) -> std::io::Result<()> {
        if let Some(flushed) = &self.flushed {
            // A test that has seen enough no longer listens.
            let _ = flushed.send(String::from_utf8_lossy(self.bytes).into_owned());
        }
        Ok(())
    }
}

/// What a run of it did.
#[derive(Debug)]
pub struct Ran {
    pub code: u8,
    pub stdout: String,
    pub stderr: String,
}

impl Ran {
    /// The one envelope on standard output.
    pub fn json(&self) -> serde_json::Value {
        let value: serde_json::Value = serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("{error}: {self:?}"));
        assert_eq!(value["schema"], "asif/1");
        value
    }

    /// Every envelope on standard output, one a line.
    pub fn json_lines(&self) -> Vec<serde_json::Value> {
        self.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }
}

impl<'h> Cli<'h> {
    pub fn new(home: &'h TestHome) -> Self {
        let patience = Patience { start: Duration::from_secs(5), stop: Duration::from_secs(5), ..Patience::default() };
        let zone = asif_proto::moment::zone("Europe/London");
        Self { home, stdin: Vec::new(), terminals: Terminals::default(), width: 80, patience, zone, gone: (false, false), flushed: None }
    }

    /// With a person at a terminal who types `answers`.
    pub fn with_person(home: &'h TestHome, answers: &str) -> Self {
        let terminals = Terminals { stdin: true, stdout: true, stderr: true };
        Self { stdin: answers.into(), terminals, ..Self::new(home) }
    }

    pub fn stdin(mut self, bytes: impl Into<Vec<u8>>) -> Self {
        self.stdin = bytes.into();
        self
    }

    pub fn run(self, args: &[&str]) -> Ran {
        let (mut stdout, mut stderr) = (Vec::new(), Vec::new());
        let words: Vec<OsString> = std::iter::once("asif").chain(args.iter().copied()).map(OsString::from).collect();
        let code = {
            let mut world = World {
                home: Ok(self.home.home.clone()),
                program: Some(self.home.folder.path().join("asif")),
                path: None,
                variable: |_| None,
                colour: false,
                width: self.width,
                zone: self.zone,
                now: "2026-11-23T12:41:07Z".parse().unwrap(),
                clock: || "2026-11-23T13:05:00Z".parse().unwrap(),
                keyboard: None,
                patience: self.patience,
                stdin: &mut self.stdin.as_slice(),
                stdout: &mut Stream { bytes: &mut stdout, gone: self.gone.0, flushed: self.flushed },
                stderr: &mut Stream { bytes: &mut stderr, gone: self.gone.1, flushed: None },
                terminals: self.terminals,
            };
            asif_cli::run(&words, &mut world)
        };
        Ran { code, stdout: String::from_utf8(stdout).unwrap(), stderr: String::from_utf8(stderr).unwrap() }
    }
}

/// A daemon that notes every request and answers as `reply` says; the requests come out of the channel.
pub fn listening(reply: impl Fn(&Request) -> Answer + Send + 'static) -> (TestHome, mpsc::Receiver<Request>) {
    let (tx, rx) = mpsc::channel();
    let home = TestHome::with_daemon(move |request| {
        let answer = reply(&request);
        // A test that does not look at the requests has dropped the other end.
        let _ = tx.send(request);
        answer
    });
    (home, rx)
}

pub fn reply(reply: Reply) -> Answer {
    Answer::Reply(Box::new(reply))
}

pub fn refuse(failure: Failure) -> Answer {
    Answer::Error(failure)
}

/// A session as JSON makes it: `lunch`, 30 -> 45, and what `more` says.
pub fn session(more: serde_json::Value) -> asif_proto::record::Session {
    let mut all = serde_json::json!({
        "type": "session", "id": "019a0000-0000-7000-8000-000000007f3a", "short": "7f3a", "practice": "lunch",
        "occurred_at": "2026-11-23T12:41:07+00:00[Europe/London]", "recorded_at": "2026-11-23T12:41:07Z", "backfilled": false,
        "before": 30, "after": 45, "acted_as_if": null, "felt_real": null, "felt_state": null, "basis": "own",
        "borrowed_belief": null, "expectancy": null, "willingness": null, "repetitions": null, "duration_s": null,
        "where_felt": null, "felt_worse": false, "stopped_early": false, "note": null, "tags": [], "visibility": "inherit",
        "deleted": false, "device": "laptop"
    });
    all.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    serde_json::from_value(all).unwrap()
}

/// Where a second, hidden daemon of the home listens until a program moves it into place.
pub fn hidden(home: &TestHome) -> PathBuf {
    home.folder.path().join("run/hidden.sock")
}
