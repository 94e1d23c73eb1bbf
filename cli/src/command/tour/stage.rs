//! Where the tour plays: three throwaway homes, the commands run in them, and their removal.

use std::io::{Read, Write};
use std::os::unix::fs::DirBuilderExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use asif_proto::home::{Home, HomeError};
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};

use crate::client::{ClientError, Starter, stop};
use crate::context::Context;
use crate::world::Patience;

/// The longest that one command may take.
const STEP: Duration = Duration::from_secs(15);
/// The longest that one command may go on once the tour is to end: a daemon may just be starting.
const LAST_STEP: Duration = Duration::from_secs(6);
/// The longest wait for something that another home is to hear.
const POLL: Duration = Duration::from_secs(5);
/// How often to look.
const PAUSE: Duration = Duration::from_millis(5);

/// Why the tour could not be played, or not to its end.
#[derive(Debug, thiserror::Error)]
pub(super) enum StageError {
    /// A program of ours is missing.
    #[error("the tour needs both programs, asif and asifd, in one folder; {0} is not there")]
    NoProgram(String),
    /// There is no room for the homes.
    #[error("cannot make a folder for the tour: {0}")]
    NoRoom(#[source] std::io::Error),
    /// The temporary folder's path is too long for a socket.
    #[error(transparent)]
    Home(#[from] HomeError),
    /// Signals cannot be listened to.
    #[error("cannot listen to signals: {0}")]
    Signals(#[source] std::io::Error),
    /// A command could not be run.
    #[error("cannot run asif: {0}")]
    Run(#[source] std::io::Error),
    /// A command went on and on.
    #[error("the tour ended early: a command took longer than {} s", STEP.as_secs())]
    TooLong,
    /// Ctrl-C, or another signal to end.
    #[error("stopped before its end")]
    Interrupted,
    /// Something of it is still there.
    #[error("the tour could not clean up after itself: {0}")]
    Left(String),
}

/// One of the three machines that are played.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Machine {
    /// Robin's laptop.
    Laptop,
    /// Robin's desktop.
    Desktop,
    /// Dana's computer.
    Dana,
}

impl Machine {
    const ALL: [Self; 3] = [Self::Laptop, Self::Desktop, Self::Dana];

    /// Whose it is, on screen.
    pub(super) fn whose(self) -> &'static str {
        match self {
            Self::Laptop => "Robin's laptop",
            Self::Desktop => "Robin's desktop",
            Self::Dana => "Dana's computer",
        }
    }

    fn folder(self) -> &'static str {
        match self {
            Self::Laptop => "laptop",
            Self::Desktop => "desktop",
            Self::Dana => "dana",
        }
    }
}

/// What a command did.
pub(super) struct Ran {
    /// What it printed, talk included, in order.
    pub(super) output: String,
    /// Its exit code; none when a signal ended it.
    pub(super) exit: Option<i32>,
}

/// Three homes below one folder. They are removed, and their daemons stopped, when it goes.
pub(super) struct Stage {
    root: PathBuf,
    asif: PathBuf,
    columns: usize,
    patience: Patience,
    interrupted: Arc<AtomicBool>,
    signals: Vec<signal_hook::SigId>,
}

impl Stage {
    /// Makes the homes, and begins to listen to signals that would end the tour.
    pub(super) fn set(context: &Context<'_, '_>) -> Result<Self, StageError> {
        let asif = beside(context.world.program.as_deref())?;
        let interrupted = Arc::new(AtomicBool::new(false));
        let mut signals = Vec::new();
        for signal in [SIGINT, SIGTERM, SIGHUP] {
            signals.push(signal_hook::flag::register(signal, Arc::clone(&interrupted)).map_err(StageError::Signals)?);
        }
        let root = make_root()?;
        Ok(Self { root, asif, columns: context.world.width, patience: context.world.patience, interrupted, signals })
    }

    /// Runs `asif` with `words` in the home of `on`.
    pub(super) fn run(&self, on: Machine, words: &[&str], input: Option<&str>) -> Result<Ran, StageError> {
        if self.interrupted() {
            return Err(StageError::Interrupted);
        }
        let (mut reader, writer) = std::io::pipe().map_err(StageError::Run)?;
        let mut command = self.command(on, words);
        command.stdin(if input.is_some() { Stdio::piped() } else { Stdio::null() });
        command.stdout(writer.try_clone().map_err(StageError::Run)?).stderr(writer);
        let mut child = command.spawn().map_err(StageError::Run)?;
        // It holds the writing end of the pipe, whose closing tells that everything was read.
        drop(command);
        if let (Some(mut stdin), Some(text)) = (child.stdin.take(), input) {
            // A command that does not read to the end says itself what was wrong.
            let _ = stdin.write_all(text.as_bytes());
        }
        let (tx, rx) = mpsc::channel();
        std::thread::spawn(move || {
            let mut bytes = Vec::new();
            let _ = reader.read_to_end(&mut bytes);
            tx.send(String::from_utf8_lossy(&bytes).into_owned())
        });
        let exit = self.await_end(&mut child)?;
        let output = rx.recv_timeout(LAST_STEP).map_err(|_| StageError::TooLong)?;
        Ok(Ran { output, exit })
    }

    /// Runs `words` again and again, unseen, until `enough` of their output, or no longer than [`POLL`].
    pub(super) fn poll(&self, on: Machine, words: &[&str], enough: impl Fn(&str) -> bool) -> Result<bool, StageError> {
        let deadline = Instant::now() + POLL;
        loop {
            if enough(&self.run(on, words, None)?.output) {
                return Ok(true);
            }
            if Instant::now() >= deadline {
                return Ok(false);
            }
            std::thread::sleep(PAUSE * 10);
        }
    }

    /// Stops the daemons and removes the homes; says what is left, if anything is.
    pub(super) fn clear(mut self) -> Result<(), StageError> {
        self.strike()
    }

    /// The command with nothing of this process's environment but its zone, and in a process group of its own, so that a
    /// Ctrl-C reaches the tour alone and no daemon is left half started.
    fn command(&self, on: Machine, words: &[&str]) -> Command {
        let mut command = Command::new(&self.asif);
        command.args(words).env_clear().current_dir(&self.root).process_group(0);
        command.env("ASIF_HOME", self.root.join(on.folder())).env("ASIF_LISTEN", "127.0.0.1:0").env("ASIF_DISCOVERY", "off");
        command.env("COLUMNS", self.columns.to_string());
        if let Some(zone) = std::env::var_os("TZ") {
            command.env("TZ", zone);
        }
        command
    }

    fn await_end(&self, child: &mut Child) -> Result<Option<i32>, StageError> {
        let mut deadline = Instant::now() + STEP;
        let mut ending = false;
        loop {
            if let Some(status) = child.try_wait().map_err(StageError::Run)? {
                return if self.interrupted() { Err(StageError::Interrupted) } else { Ok(status.code()) };
            }
            if self.interrupted() && !ending {
                ending = true;
                deadline = deadline.min(Instant::now() + LAST_STEP);
            }
            if Instant::now() >= deadline {
                // It is collected below; one that has just ended needs no killing.
                let _ = child.kill();
                child.wait().map_err(StageError::Run)?;
                return Err(if ending { StageError::Interrupted } else { StageError::TooLong });
            }
            std::thread::sleep(PAUSE);
        }
    }

    fn interrupted(&self) -> bool {
        self.interrupted.load(Ordering::Relaxed)
    }

    fn strike(&mut self) -> Result<(), StageError> {
        let mut left: Vec<String> = Vec::new();
        for machine in Machine::ALL {
            if let Err(error) = self.stop_daemon(machine) {
                left.push(error.to_string());
            }
        }
        if let Err(error) = std::fs::remove_dir_all(&self.root)
            && error.kind() != std::io::ErrorKind::NotFound
        {
            left.push(format!("{}: {error}", self.root.display()));
        }
        self.signals.drain(..).for_each(|signal| {
            signal_hook::low_level::unregister(signal);
        });
        if left.is_empty() { Ok(()) } else { Err(StageError::Left(left.join("; "))) }
    }

    fn stop_daemon(&self, machine: Machine) -> Result<(), ClientError> {
        let home = home_at(&self.root.join(machine.folder()))?;
        let starter = Starter { home, program: None, path: None, patience: self.patience };
        stop::end(&starter, true).map(drop)
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        // `clear` tells what is left; here, after a panic, nobody could be told.
        let _ = self.strike();
    }
}

/// The program `asif` beside this one (also behind a link), where `asifd` is too.
fn beside(program: Option<&Path>) -> Result<PathBuf, StageError> {
    let behind = program.and_then(|program| program.canonicalize().ok());
    let folders: Vec<&Path> = [program, behind.as_deref()].into_iter().flatten().filter_map(Path::parent).collect();
    let whole = folders.iter().find(|folder| folder.join("asif").is_file() && folder.join("asifd").is_file());
    match (whole, folders.last()) {
        (Some(folder), _) => Ok(folder.join("asif")),
        (None, Some(folder)) => {
            let missing = if folder.join("asif").is_file() { "asifd" } else { "asif" };
            Err(StageError::NoProgram(folder.join(missing).display().to_string()))
        }
        (None, None) => Err(StageError::NoProgram("asif".to_owned())),
    }
}

/// A fresh folder, ours alone, whose path leaves room for a socket's name.
fn make_root() -> Result<PathBuf, StageError> {
    let name = format!("asif-tour-{}", crate::fresh::id().simple().to_string().get(24..).unwrap_or_default());
    let mut refused = None;
    // The commands run elsewhere: a relative folder would be another one for them.
    let temporary = std::path::absolute(std::env::temp_dir()).map_err(StageError::NoRoom)?;
    for folder in [temporary, PathBuf::from("/tmp")] {
        let root = folder.join(&name);
        if let Err(error) = home_at(&root.join(Machine::Desktop.folder())) {
            refused = refused.or(Some(error.into()));
            continue;
        }
        match std::fs::DirBuilder::new().mode(0o700).create(&root) {
            Ok(()) => return Ok(root),
            Err(error) => refused = Some(StageError::NoRoom(error)),
        }
    }
    Err(refused.unwrap_or_else(|| StageError::NoRoom(std::io::ErrorKind::NotFound.into())))
}

/// The home below `folder`.
fn home_at(folder: &Path) -> Result<Home, HomeError> {
    let only = |name: &str| (name == "ASIF_HOME").then(|| folder.as_os_str().to_owned());
    Home::resolve(only, Path::new("/"), 0, |_| false)
}
