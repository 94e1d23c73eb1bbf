//! Where the daemon listens, what the lock file says, else the home's own socket path; and whether one runs at all.

use std::fs::TryLockError;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use asif_proto::home::{Home, Lock};
use asif_proto::local::Hello;

use super::{ClientError, Connection};
use crate::world::Patience;

/// The lock file, where it says anything.
pub fn lock(home: &Home) -> Option<Lock> {
    Lock::parse(&std::fs::read_to_string(home.lock()).ok()?)
}

/// The socket to try.
pub fn socket(home: &Home) -> PathBuf {
    lock(home).map_or_else(|| home.socket.clone(), |lock| lock.socket)
}

/// Who holds the lock of a home.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Holder {
    /// No daemon runs.
    Nobody,
    /// A daemon runs, with this process id where the lock file tells it.
    Daemon(Option<u32>),
}

/// Who holds the lock of `home`, whether or not anything listens. A lock file that nobody holds tells of a daemon that is no more.
pub fn holder(home: &Home) -> Holder {
    let held = std::fs::File::open(home.lock()).is_ok_and(|file| matches!(file.try_lock_shared(), Err(TryLockError::WouldBlock)));
    if held { Holder::Daemon(lock(home).map(|lock| lock.pid)) } else { Holder::Nobody }
}

/// Connects to the daemon; `None` where none runs, or only that of another home.
///
/// Where a service manager listens, this starts it: ask [`holder`] first where that is not wanted.
pub fn connect(home: &Home, patience: Patience) -> Result<Option<Connection>, ClientError> {
    Ok(connect_to(home, &socket(home), patience)?.filter(|connection| serves(&connection.hello, home)))
}

/// Whether the daemon is that of `home`. An older one does not say.
fn serves(hello: &Hello, home: &Home) -> bool {
    hello.data.as_ref().is_none_or(|data| home.data.canonicalize().is_ok_and(|ours| ours == *data))
}

/// Connects to the daemon of `home` at `socket`, once its folder is known to be ours alone.
///
/// A daemon that was started by this connection names itself in the lock file when it serves, and any other one before it listens: so
/// one that is named and silent hangs.
pub(super) fn connect_to(home: &Home, socket: &Path, patience: Patience) -> Result<Option<Connection>, ClientError> {
    if !folder_is_ours(socket.parent().unwrap_or(socket))? {
        return Ok(None);
    }
    let opened = Connection::open(socket, patience, || !matches!(holder(home), Holder::Daemon(Some(_))));
    opened.map_err(|error| match (error, holder(home)) {
        (ClientError::Hanging { socket, .. }, Holder::Daemon(pid)) => ClientError::Hanging { socket, pid },
        (error, _) => error,
    })
}

/// Whether the folder is there. One that is not a folder of ours, closed to others, is an error.
fn folder_is_ours(folder: &Path) -> Result<bool, ClientError> {
    let wrong = |why| Err(ClientError::Folder { folder: folder.to_owned(), why });
    let Ok(meta) = folder.symlink_metadata() else {
        return Ok(false);
    };
    if !meta.is_dir() {
        return wrong("is not a folder");
    }
    if meta.uid() != rustix::process::geteuid().as_raw() {
        return wrong("belongs to another user");
    }
    if meta.mode() & 0o777 != 0o700 {
        return wrong("is open to other users");
    }
    Ok(true)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs::{Permissions, set_permissions};
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn only_a_folder_of_our_own_closed_to_others_will_do() {
        let root = tempfile::tempdir().unwrap();
        let at = |name: &str| (name == "ASIF_HOME").then(|| root.path().into());
        let home = Home::resolve(at, Path::new("/"), 0, |_| false).unwrap();
        let connect = |socket: &Path| connect_to(&home, socket, Patience::default());
        let socket = root.path().join("run/asifd.sock");
        assert!(connect(&socket).unwrap().is_none(), "no folder: no daemon");

        std::fs::create_dir(root.path().join("run")).unwrap();
        set_permissions(root.path().join("run"), Permissions::from_mode(0o755)).unwrap();
        assert!(matches!(connect(&socket), Err(ClientError::Folder { .. })));

        set_permissions(root.path().join("run"), Permissions::from_mode(0o700)).unwrap();
        assert!(connect(&socket).unwrap().is_none(), "no socket: no daemon");

        std::os::unix::fs::symlink(root.path().join("run"), root.path().join("link")).unwrap();
        let error = connect(&root.path().join("link/asifd.sock")).err().unwrap();
        assert_eq!(error.into_failure().kind.exit_code(), 6);
    }
}
