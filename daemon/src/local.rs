//! The Unix socket on which the command line asks ([`asif_proto::local`]).
//!
//! One task takes connections, one serves each client; none of them waits for another. What clients ask goes to the core through one bounded
//! channel ([`Incoming`]), what the core answers comes back through [`Local::send`], which never waits.
//!
//! Who may connect: only this user. The folder is 0700, the socket 0600, and the system tells the other end's user id.

mod client;
mod reading;
#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::io;
use std::os::unix::fs::{FileTypeExt, MetadataExt, PermissionsExt};
use std::os::unix::net::UnixListener as StdListener;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use asif_proto::local::{Answer, Ask, ErrorKind, Event, Failure, Hello, MAX_CLIENTS, Question};
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::{mpsc, watch};
use tokio::task::{JoinHandle, JoinSet};

use crate::process::lock::Held;
use crate::process::private::{NotPrivate, check_private, create_private_dir};

/// Which connection; never used twice while the daemon runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ClientId(pub u64);

/// What clients want of the core. For each client: asks, each after the answer to the one before, then `Gone`.
#[derive(Debug, Clone, PartialEq)]
pub enum Incoming {
    /// A request. Answer it once.
    Ask {
        /// Who asks.
        client: ClientId,
        /// What.
        ask: Box<Ask>,
    },
    /// The person's decision on the last question.
    Decision {
        /// Who decided.
        client: ClientId,
        /// Yes or no.
        yes: bool,
    },
    /// The client has left, asked or answered or not. Nothing sent to it arrives any more.
    Gone {
        /// Who.
        client: ClientId,
    },
}

/// What the core tells a client.
#[derive(Debug, Clone, PartialEq)]
pub enum Outgoing {
    /// Something happened while the client waits.
    Event(Event),
    /// The person must decide.
    Question(Question),
    /// The end of what it asked; it may then ask again.
    Answer(Answer),
}

/// Why there is no socket.
#[derive(Debug, thiserror::Error)]
pub enum BindError {
    /// Its folder is not ours alone.
    #[error(transparent)]
    NotPrivate(#[from] NotPrivate),
    /// Something that is no socket has its name.
    #[error("{} is in the way: it is not a socket", .0.display())]
    InTheWay(PathBuf),
    /// Somebody else listens there: the daemon of another home, or a service manager, as this home's lock is ours.
    #[error("another daemon, or the service manager, answers at {}; the socket is left to it", .0.display())]
    Answered(PathBuf),
    /// The system refused.
    #[error("cannot {doing} the socket {}", .path.display())]
    Io {
        /// What was attempted.
        doing: &'static str,
        /// The socket.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

/// Messages that may wait for one client; one that lets more pile up is closed.
const MAX_WAITING: usize = 32;

/// Device, inode and time of making.
type FileId = (u64, u64, (i64, i64));

/// How long somebody may answer at a socket before it is another daemon's: one that was just ended is still being closed by the system.
const CLOSING: Duration = Duration::from_millis(500);

/// The open socket.
#[derive(Debug)]
pub struct Local {
    path: PathBuf,
    /// The socket file that was made here, if any was: a file of another daemon may take its name.
    file: Option<FileId>,
    clients: Clients,
    stop: watch::Sender<bool>,
    accepting: JoinHandle<()>,
}

/// The clients that are served now, each with the queue of what it is sent.
#[derive(Debug, Clone, Default)]
struct Clients(Arc<Mutex<HashMap<ClientId, mpsc::Sender<Outgoing>>>>);

impl Local {
    /// Opens the socket at `path`. The lock of the home is held, so that a socket found there at which nobody answers is stale: it is
    /// replaced.
    pub async fn bind(path: &Path, hello: Hello, incoming: mpsc::Sender<Incoming>, lock: &Held) -> Result<Self, BindError> {
        let us = rustix::process::geteuid().as_raw();
        Self::bind_for(us, path, hello, incoming, lock).await
    }

    /// The same, serving the user `us`.
    async fn bind_for(us: u32, path: &Path, hello: Hello, incoming: mpsc::Sender<Incoming>, _lock: &Held) -> Result<Self, BindError> {
        let failed = |doing| move |source| BindError::Io { doing, path: path.into(), source };
        if let Some(folder) = path.parent() {
            create_private_dir(folder)?;
        }
        match path.symlink_metadata() {
            Ok(meta) if meta.file_type().is_socket() => {
                let deadline = Instant::now() + CLOSING;
                while somebody_answers(path) {
                    if Instant::now() >= deadline {
                        return Err(BindError::Answered(path.into()));
                    }
                    tokio::time::sleep(CLOSING / 50).await;
                }
                remove(path).map_err(failed("remove the stale"))?;
            }
            Ok(_) => return Err(BindError::InTheWay(path.into())),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(source) => return Err(failed("look at")(source)),
        }
        let listener = UnixListener::bind(path).map_err(failed("open"))?;
        std::fs::set_permissions(path, PermissionsExt::from_mode(0o600)).map_err(failed("protect"))?;
        let file = file_at(path);
        Ok(Self::listen(us, path, file, listener, hello, incoming))
    }

    /// Takes over the socket at `path` that a service manager opened, under the same conditions. The file stays the manager's: it is not
    /// removed at the end.
    pub fn inherit(
        path: &Path,
        listener: StdListener,
        hello: Hello,
        incoming: mpsc::Sender<Incoming>,
        _lock: &Held,
    ) -> Result<Self, BindError> {
        let failed = |source| BindError::Io { doing: "take over", path: path.into(), source };
        if let Some(folder) = path.parent() {
            check_private(folder)?;
        }
        listener.set_nonblocking(true).map_err(failed)?;
        let listener = UnixListener::from_std(listener).map_err(failed)?;
        Ok(Self::listen(rustix::process::geteuid().as_raw(), path, None, listener, hello, incoming))
    }

    fn listen(us: u32, path: &Path, file: Option<FileId>, listener: UnixListener, hello: Hello, incoming: mpsc::Sender<Incoming>) -> Self {
        let (stop, stopped) = watch::channel(false);
        let clients = Clients::default();
        let accept = Accept { listener, us, hello, incoming, clients: clients.clone(), stopped };
        Self { path: path.into(), file, clients, stop, accepting: tokio::spawn(accept.run()) }
    }

    /// Tells a client something, without waiting. One that has gone hears nothing; one that does not listen is closed.
    pub fn send(&self, client: ClientId, what: Outgoing) {
        let mut clients = self.clients.all();
        let Some(queue) = clients.get(&client) else { return };
        if let Err(mpsc::error::TrySendError::Full(_)) = queue.try_send(what) {
            tracing::warn!(client = client.0, "a client does not read what it is sent");
            // Without its queue its task ends.
            clients.remove(&client);
        }
    }

    /// Takes no more clients, gives the served ones what was sent to them, closes them and removes the socket, if it is still ours.
    ///
    /// A client that does not read is given two seconds.
    pub async fn shutdown(self) {
        self.stop.send_replace(true);
        if let Err(error) = self.accepting.await {
            tracing::error!(%error, "the socket's task failed");
        }
        if self.file.is_some()
            && file_at(&self.path) == self.file
            && let Err(error) = remove(&self.path)
        {
            tracing::warn!(%error, "the socket could not be removed");
        }
    }
}

/// Whether a process listens at `path`. One whose queue of callers is full does.
fn somebody_answers(path: &Path) -> bool {
    use rustix::net::{AddressFamily, SocketAddrUnix, SocketFlags, SocketType};
    let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
    let connected = SocketAddrUnix::new(path).and_then(|address| {
        let caller = rustix::net::socket_with(AddressFamily::UNIX, SocketType::STREAM, flags, None)?;
        rustix::net::connect(&caller, &address)
    });
    matches!(connected, Ok(()) | Err(rustix::io::Errno::AGAIN))
}

/// Which file has the name `path`.
fn file_at(path: &Path) -> Option<FileId> {
    path.symlink_metadata().ok().map(|meta| (meta.dev(), meta.ino(), (meta.mtime(), meta.mtime_nsec())))
}

/// Removes a file; one that is gone already is no error.
fn remove(path: &Path) -> io::Result<()> {
    std::fs::remove_file(path).or_else(|error| if error.kind() == io::ErrorKind::NotFound { Ok(()) } else { Err(error) })
}

impl Clients {
    fn all(&self) -> MutexGuard<'_, HashMap<ClientId, mpsc::Sender<Outgoing>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The task that takes connections.
struct Accept {
    listener: UnixListener,
    us: u32,
    hello: Hello,
    incoming: mpsc::Sender<Incoming>,
    clients: Clients,
    stopped: watch::Receiver<bool>,
}

impl Accept {
    async fn run(self) {
        let mut tasks = JoinSet::new();
        let mut stopped = self.stopped.clone();
        let mut next = 1;
        loop {
            tokio::select! {
                biased;
                () = stop_of(&mut stopped) => break,
                Some(_) = tasks.join_next() => {}
                accepted = self.listener.accept() => match accepted {
                    Ok((stream, _)) if self.is_us(&stream) => {
                        self.serve(&mut tasks, stream, ClientId(next));
                        next += 1;
                    }
                    Ok(_) => tracing::warn!("another user's connection was closed"),
                    Err(error) => {
                        // Out of files, most likely: others must go first.
                        tracing::warn!(%error, "a connection could not be taken");
                        tokio::time::sleep(Duration::from_millis(100)).await;
                    }
                }
            }
        }
        drop(self.listener);
        while tasks.join_next().await.is_some() {}
    }

    fn is_us(&self, stream: &UnixStream) -> bool {
        stream.peer_cred().is_ok_and(|peer| peer.uid() == self.us)
    }

    fn serve(&self, tasks: &mut JoinSet<()>, stream: UnixStream, id: ClientId) {
        let mut clients = self.clients.all();
        if clients.len() >= MAX_CLIENTS || tasks.len() >= 2 * MAX_CLIENTS {
            drop(clients);
            client::refuse(stream, &self.hello, too_many());
            return;
        }
        let (queue, outgoing) = mpsc::channel(MAX_WAITING);
        clients.insert(id, queue);
        drop(clients);
        let client = client::Client::new(id, stream, outgoing, self.incoming.clone(), self.stopped.clone());
        let (hello, all) = (self.hello.clone(), self.clients.clone());
        tasks.spawn(async move {
            let leaving = client.serve(&hello).await;
            all.all().remove(&id);
            leaving.say().await;
        });
    }
}

/// Waits until the daemon stops.
async fn stop_of(stopped: &mut watch::Receiver<bool>) {
    // An error means that nobody can say so any more, which is as good.
    let _ = stopped.wait_for(|stopped| *stopped).await;
}

fn too_many() -> Failure {
    Failure::new(ErrorKind::Failure, format!("asifd serves {MAX_CLIENTS} commands at once, and so many are waiting for it"))
        .hint("end one of them, for example an invitation that is waiting, and try again")
}
