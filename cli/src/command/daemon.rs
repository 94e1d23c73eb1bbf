//! `asif daemon`

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::time::Duration;

use asif_proto::local::DaemonView;
use clap::Subcommand;
use serde::Serialize;

use crate::client::find::{self, Holder};
use crate::client::stop::{self, Ended};
use crate::client::{Client, ClientError};
use crate::context::Context;
use crate::error::{CommandError, Outcome};

pub mod service;

/// How often `logs --follow` looks for more.
const FOLLOW: Duration = Duration::from_millis(200);

/// The program that keeps the journal, in the background.
///
/// It starts by itself when a command needs it.
#[derive(Debug, Subcommand)]
pub enum Args {
    /// Run it here, in the foreground.
    Run,
    /// Start it.
    Start,
    /// Stop it.
    Stop,
    /// Stop it and start it again; ends one that no longer answers.
    Restart,
    /// Make it a service of your session: it starts when you log in, and when a command asks.
    ///
    /// On Linux this writes two units for systemd, on macOS an agent for launchd, and tells the service manager about them. The service
    /// is for the journal that this command would use.
    Install,
    /// It is no service any more. Your journal stays, and the daemon starts by itself when a command needs it.
    Uninstall,
    /// What it wrote down about itself; nothing of your journal is in it.
    Logs {
        /// Go on as it writes more
        #[arg(long, short)]
        follow: bool,
    },
}

/// What was done to the daemon.
#[derive(Debug, Serialize)]
struct Done {
    #[serde(flatten)]
    daemon: Option<DaemonView>,
    done: &'static str,
}

#[derive(Debug, Serialize)]
struct LogLine<'l> {
    line: &'l str,
}

impl Args {
    /// Does it.
    pub fn run(self, context: &mut Context<'_, '_>) -> Outcome {
        match self {
            Self::Run => {
                let program = context.starter()?.daemon()?;
                let source = std::process::Command::new(&program).arg("run").exec();
                Err(ClientError::Spawn { program, source }.into())
            }
            Self::Start => start(context),
            Self::Stop => {
                let done = match stop::end(&context.starter()?, false)? {
                    Ended::NotRunning => "not running",
                    Ended::Asked(_) | Ended::Told(_) | Ended::Killed(_) => "stopped",
                };
                tell(context, None, done)
            }
            Self::Restart => restart(context),
            Self::Install => service::install(context),
            Self::Uninstall => service::uninstall(context),
            Self::Logs { follow } => logs(&context.home()?.log(), follow, context),
        }
    }
}

fn start(context: &mut Context<'_, '_>) -> Outcome {
    let home = context.home()?;
    let running = find::holder(&home);
    let client = context.client()?;
    let done = if running == Holder::Daemon(Some(client.hello().pid)) { "running already" } else { "started" };
    tell(context, Some(&client), done)
}

fn restart(context: &mut Context<'_, '_>) -> Outcome {
    match stop::end(&context.starter()?, true)? {
        Ended::NotRunning | Ended::Asked(_) => {}
        Ended::Told(pid) => context.say(&format!("the daemon (process {pid}) did not answer and was told to end")),
        Ended::Killed(pid) => {
            context.say(&format!("the daemon (process {pid}) did not answer, nor end when told to: it was ended by force"));
        }
    }
    let client = context.client()?;
    tell(context, Some(&client), "started")
}

fn tell(context: &mut Context<'_, '_>, client: Option<&Client>, done: &'static str) -> Outcome {
    let daemon = client.map(|client| DaemonView { pid: client.hello().pid, version: client.hello().version.clone() });
    let process = daemon.as_ref().map(|daemon| format!("  (process {}, version {})", daemon.pid, daemon.version));
    let line = format!("daemon {done}{}", process.unwrap_or_default());
    context.tell(&Done { daemon, done }, |screen| screen.line(&line))
}

fn logs(path: &Path, follow: bool, context: &mut Context<'_, '_>) -> Outcome {
    if let Some(elsewhere) = service::log(context)? {
        context.say(&elsewhere);
    }
    let unreadable = |error: std::io::Error| {
        let failure =
            asif_proto::local::Failure::new(asif_proto::local::ErrorKind::Failure, format!("cannot read {}: {error}", path.display()));
        CommandError::from(failure)
    };
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            return context.nothing(&format!("none yet ({} does not exist)", path.display()));
        }
        Err(error) => return Err(unreadable(error)),
    };
    let mut reader = BufReader::new(file);
    let mut line = Vec::new();
    loop {
        let read = reader.read_until(b'\n', &mut line).map_err(unreadable)?;
        let whole = line.ends_with(b"\n");
        if whole || (read == 0 && !follow && !line.is_empty()) {
            let text = String::from_utf8_lossy(&line).trim_end().to_owned();
            context.tell(&LogLine { line: &text }, |screen| screen.line(&text))?;
            line.clear();
        } else if read == 0 {
            if !follow {
                return Ok(());
            }
            context.world.stdout.flush().map_err(CommandError::Output)?;
            std::thread::sleep(FOLLOW);
        }
    }
}
