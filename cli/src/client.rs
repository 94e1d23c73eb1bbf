//! The daemon, seen from the command line: found, started where it does not run, asked over a Unix socket.
//!
//! ```text
//! find      lock file -> socket path; the folder must be ours alone
//! connect   peer must be us; Hello within 300 ms, else it hangs, or a service manager is only starting it; it must serve this home
//! judge     older: stopped and replaced; newer: fine while the version ranges overlap
//! ask       sent again once, with the same id, when the connection breaks
//! ```

use std::io;
use std::path::PathBuf;

use asif_proto::frame::MAX_LEN;
use asif_proto::home::HomeError;
use asif_proto::local::{self, Answer, Ask, Decision, ErrorKind, Event, Failure, Hello, Question, Reply, Request, kind};
use uuid::Uuid;

use crate::error::Outcome;

pub mod connection;
pub mod find;
pub mod glance;
pub mod start;
pub mod stop;
pub mod version;

pub use connection::Connection;
pub use start::Starter;
use version::Fit;

/// What comes before the answer.
#[derive(Debug)]
pub enum News {
    /// A line for the person about the daemon itself.
    Notice(String),
    /// Something happened while another person or device is awaited.
    Event(Event),
    /// The person must decide.
    Question(Question),
}

/// Who hears the news; for a question the result is the decision.
pub type Listener<'l> = &'l mut dyn FnMut(News) -> Outcome<bool>;

/// Why the daemon could not be asked.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// There is no home.
    #[error(transparent)]
    Home(#[from] HomeError),
    /// The folder of the socket could let others listen in.
    #[error("{} {why}", .folder.display())]
    Folder {
        /// The folder.
        folder: PathBuf,
        /// What is wrong with it.
        why: &'static str,
    },
    /// Somebody else answers at our socket.
    #[error("the process at {} belongs to another user (uid {uid})", .socket.display())]
    Stranger {
        /// The socket.
        socket: PathBuf,
        /// Whose process it is.
        uid: u32,
    },
    /// It listens and says nothing.
    #[error("the daemon does not answer: it listens at {}, and says nothing; nothing that was logged is lost", .socket.display())]
    Hanging {
        /// The socket.
        socket: PathBuf,
        /// The process that holds the lock of the home.
        pid: Option<u32>,
    },
    /// Somebody listens for it, and it does not come up.
    #[error("the service manager listens at {} and has not brought the daemon up", .socket.display())]
    Unstarted {
        /// The socket.
        socket: PathBuf,
    },
    /// It holds the lock of the home, and nothing answers where it should listen.
    #[error("the daemon{} runs and cannot be reached: nothing answers at {}", .pid.map(|pid| format!(" (process {pid})")).unwrap_or_default(), .socket.display())]
    Unreachable {
        /// Where it should listen.
        socket: PathBuf,
        /// Its process, where the lock file tells.
        pid: Option<u32>,
    },
    /// The program `asifd` is nowhere to be found.
    #[error("cannot find the daemon's program, asifd: it is neither beside asif nor on PATH")]
    NoProgram,
    /// The program `asifd` could not be run.
    #[error("cannot start {}: {source}", .program.display())]
    Spawn {
        /// The program.
        program: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The daemon refused to start and said why.
    #[error("{0}")]
    Refused(Failure),
    /// The daemon did not become ready.
    #[error("the daemon was started and did not become ready{}", .0.as_deref().map(|why| format!(": {why}")).unwrap_or_default())]
    NotReady(Option<String>),
    /// The daemon is of a later protocol.
    #[error("the daemon (version {0}) is newer than this asif and no longer speaks its language")]
    Newer(String),
    /// Even the daemon we started is older than this program.
    #[error("the daemon that starts here (version {0}) is older than this asif")]
    Older(String),
    /// The connection broke.
    #[error("the connection to the daemon broke: {0}")]
    Broken(#[from] io::Error),
    /// The daemon said something that does not read.
    #[error("the daemon's answer does not read")]
    Garbled,
    /// The request is too long for one frame.
    #[error("this is too long to be asked at once ({0} bytes; at most {MAX_LEN})")]
    TooLong(usize),
    /// The daemon was asked to stop and is still there.
    #[error("the daemon (process {0}) was asked to stop and is still running")]
    StillRunning(u32),
}

impl ClientError {
    /// The failure to tell: the exit code, and what to do.
    pub fn into_failure(self) -> Failure {
        let message = self.to_string();
        let (kind, hint) = match self {
            Self::Refused(failure) => return failure,
            Self::Home(_) => return Failure::new(ErrorKind::Failure, message),
            Self::Folder { folder, .. } => (ErrorKind::NotPermitted, format!("it must be yours alone: chmod 700 {}", folder.display())),
            Self::Stranger { .. } => (ErrorKind::NotPermitted, "set ASIF_HOME to a folder of your own".to_owned()),
            Self::Hanging { pid: Some(pid), .. } if stop::is_paused(pid) => {
                (ErrorKind::DaemonUnreachable, format!("it is paused: kill -CONT {pid} lets it go on, asif daemon restart starts it anew"))
            }
            Self::Hanging { .. } | Self::Unreachable { .. } => (ErrorKind::DaemonUnreachable, "asif daemon restart".to_owned()),
            Self::Unstarted { .. } => {
                (ErrorKind::DaemonUnreachable, "asif daemon run shows why; asif daemon install sets it up anew".to_owned())
            }
            Self::NoProgram | Self::Spawn { .. } => {
                (ErrorKind::DaemonUnreachable, "install both programs into one folder: cargo install --locked --path .".to_owned())
            }
            Self::NotReady(_) | Self::Broken(_) => (ErrorKind::DaemonUnreachable, "asif daemon logs tells more".to_owned()),
            Self::Newer(_) => (ErrorKind::DaemonUnreachable, "update asif".to_owned()),
            Self::Older(_) => (ErrorKind::DaemonUnreachable, "install asif and asifd of the same version".to_owned()),
            Self::Garbled => (ErrorKind::Failure, "asif daemon restart".to_owned()),
            Self::TooLong(_) => (ErrorKind::Usage, "shorten it".to_owned()),
            Self::StillRunning(_) => (ErrorKind::Failure, "asif daemon restart ends it if it has to".to_owned()),
        };
        Failure::new(kind, message).hint(hint)
    }
}

/// A daemon that can be asked.
pub struct Client {
    starter: Starter,
    zone: String,
    connection: Connection,
}

impl Client {
    /// Connects; starts the daemon where it does not run, and replaces one that is older than this program.
    ///
    /// `say` hears what was done about it.
    pub fn open(starter: Starter, zone: String, say: &mut dyn FnMut(&str)) -> Outcome<Self> {
        let connection = reach(&starter, say)?;
        Ok(Self { starter, zone, connection })
    }

    /// The daemon's first frame.
    pub fn hello(&self) -> &Hello {
        &self.connection.hello
    }

    /// Asks one thing and waits for the answer without a limit.
    ///
    /// When the connection breaks before anything was heard, the same request, with the same id, is sent once more.
    pub fn ask(&mut self, request: Request, listener: Listener<'_>) -> Outcome<Reply> {
        self.ask_as(crate::fresh::id(), request, listener)
    }

    /// The same under an id of the caller's: asked again under it, also by another process, it is done once.
    pub fn ask_as(&mut self, id: Uuid, request: Request, listener: Listener<'_>) -> Outcome<Reply> {
        let version = self.connection.hello.max.min(*local::VERSIONS.end());
        let ask = Ask { version, id, zone: self.zone.clone(), request };
        let mut heard = false;
        let lost = match self.exchange(&ask, listener, &mut heard)? {
            Ok(reply) => return Ok(reply),
            Err(lost) => lost,
        };
        if heard {
            return Err(ClientError::Broken(lost).into());
        }
        self.connection = reach(&self.starter, &mut |notice| drop(listener(News::Notice(notice.to_owned()))))?;
        Ok(self.exchange(&ask, listener, &mut heard)?.map_err(ClientError::Broken)?)
    }

    /// Sends `ask` and listens until its answer. The inner error is a connection that broke.
    fn exchange(&mut self, ask: &Ask, listener: Listener<'_>, heard: &mut bool) -> Outcome<io::Result<Reply>> {
        if let Err(error) = self.connection.send(kind::ASK, ask)? {
            // A daemon that serves nobody more says so and does not listen.
            return match self.connection.receive()? {
                Ok(frame) if frame.kind == kind::ANSWER => match serde_json::from_slice(&frame.bytes) {
                    Ok(Answer::Error(failure)) => Err(failure.into()),
                    _ => Ok(Err(error)),
                },
                _ => Ok(Err(error)),
            };
        }
        let mut answer = Vec::new();
        loop {
            let frame = match self.connection.receive()? {
                Ok(frame) => frame,
                Err(error) => return Ok(Err(error)),
            };
            match frame.kind {
                kind::MORE | kind::ANSWER => {
                    let last = frame.kind == kind::ANSWER;
                    answer.extend_from_slice(&frame.bytes);
                    if answer.len() > local::MAX_ANSWER {
                        return Err(ClientError::Garbled.into());
                    }
                    if last {
                        return match serde_json::from_slice(&answer).map_err(|_| ClientError::Garbled)? {
                            Answer::Reply(reply) => Ok(Ok(*reply)),
                            Answer::Error(failure) => Err(failure.into()),
                        };
                    }
                }
                kind::EVENT => {
                    *heard = true;
                    // An event that only a newer daemon knows is none that this program could tell.
                    if let Ok(event) = serde_json::from_slice(&frame.bytes) {
                        listener(News::Event(event))?;
                    }
                }
                kind::QUESTION => {
                    *heard = true;
                    let question = serde_json::from_slice(&frame.bytes).map_err(|_| ClientError::Garbled)?;
                    let yes = listener(News::Question(question))?;
                    if let Err(error) = self.connection.send(kind::DECISION, &Decision { yes })? {
                        return Ok(Err(error));
                    }
                }
                _ => {}
            }
        }
    }
}

/// A connection to a daemon that fits this program.
fn reach(starter: &Starter, say: &mut dyn FnMut(&str)) -> Outcome<Connection> {
    let found = find::connect(&starter.home, starter.patience)?;
    let Some(connection) = found else {
        return Ok(fitting(starter.start()?)?);
    };
    let version = connection.hello.version.clone();
    match version::judge(&connection.hello) {
        Fit::Good => Ok(connection),
        Fit::Newer => Err(ClientError::Newer(version).into()),
        Fit::Older => {
            say(&format!("restarting the daemon: it is version {version}, this is {}", version::OURS));
            stop::stop(connection, starter)?;
            // Where a service manager goes on listening, it brings the next one up.
            let next = find::connect(&starter.home, starter.patience)?;
            Ok(fitting(next.map_or_else(|| starter.start(), Ok)?)?)
        }
    }
}

/// The daemon that was just started, if it fits.
fn fitting(connection: Connection) -> Result<Connection, ClientError> {
    match version::judge(&connection.hello) {
        Fit::Good => Ok(connection),
        Fit::Newer => Err(ClientError::Newer(connection.hello.version)),
        Fit::Older => Err(ClientError::Older(connection.hello.version)),
    }
}
