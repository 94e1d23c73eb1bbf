//! The socket that a service manager opened before it started this daemon: socket activation, as `sd_listen_fds(3)` describes it.
//!
//! ```text
//! LISTEN_PID=4711   the process that is meant; a child that inherited the variables is not
//! LISTEN_FDS=1      how many sockets are passed, from descriptor 3 on
//! ```

use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};

use listenfd::ListenFd;

/// Why the socket that was passed is not served.
#[derive(Debug, thiserror::Error)]
pub enum ActivationError {
    /// There are several, or a number that is none.
    #[error("the service manager passed {0:?} sockets; asifd serves one")]
    Count(String),
    /// What was passed is no Unix socket.
    #[error("what the service manager passed is not a Unix socket")]
    NotASocket(#[source] std::io::Error),
    /// It lies where nobody of this home looks for it.
    #[error("the service manager listens at {}, and the socket of this home is {}", .0.as_deref().unwrap_or(Path::new("no path")).display(), .1.display())]
    Elsewhere(Option<PathBuf>, PathBuf),
}

/// The listening socket that was passed to this very process, if any was. It must be the one at `socket`.
///
/// Call it before any thread is started: the variables are taken out of the environment.
pub fn inherited(socket: &Path) -> Result<Option<UnixListener>, ActivationError> {
    let set = |name: &str| std::env::var(name).ok();
    // Without a process id nobody can tell for whom the variables were.
    if set("LISTEN_PID").and_then(|pid| pid.parse().ok()) != Some(std::process::id()) {
        return Ok(None);
    }
    match set("LISTEN_FDS") {
        None => return Ok(None),
        Some(count) if count != "1" => return Err(ActivationError::Count(count)),
        Some(_) => {}
    }
    let Some(listener) = ListenFd::from_env().take_unix_listener(0).map_err(ActivationError::NotASocket)? else { return Ok(None) };
    let at = listener.local_addr().ok().and_then(|address| address.as_pathname().map(Path::to_owned));
    if at.as_deref().is_some_and(|at| same(at, socket)) { Ok(Some(listener)) } else { Err(ActivationError::Elsewhere(at, socket.into())) }
}

/// The two name one file, also where a folder above it is reached by a link.
fn same(one: &Path, other: &Path) -> bool {
    let without_links = |path: &Path| Some(path.parent()?.canonicalize().ok()?.join(path.file_name()?));
    one == other || without_links(one).is_some_and(|one| without_links(other) == Some(one))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_socket_may_be_reached_by_two_paths() {
        let folder = tempfile::tempdir().unwrap();
        let (real, link) = (folder.path().join("real"), folder.path().join("link"));
        std::fs::create_dir(&real).unwrap();
        std::os::unix::fs::symlink(&real, &link).unwrap();
        assert!(same(&real.join("asifd.sock"), &link.join("asifd.sock")));
        assert!(!same(&real.join("asifd.sock"), &real.join("other.sock")));
        assert!(!same(&real.join("asifd.sock"), &folder.path().join("gone/asifd.sock")));
    }
}
