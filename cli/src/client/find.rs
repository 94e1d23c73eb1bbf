//! Where the daemon listens: what the lock file says, else the home's own socket path.

use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use asif_proto::home::{Home, Lock};

use super::{ClientError, Connection};

/// The lock file, where it says anything.
pub fn lock(home: &Home) -> Option<Lock> {
    Lock::parse(&std::fs::read_to_string(home.lock()).ok()?)
}

/// The socket to try.
pub fn socket(home: &Home) -> PathBuf {
    lock(home).map_or_else(|| home.socket.clone(), |lock| lock.socket)
}

/// Connects to the running daemon; `None` where none runs.
pub fn connect(home: &Home, patience: Duration) -> Result<Option<Connection>, ClientError> {
    connect_to(&socket(home), patience)
}

/// Connects to the daemon at `socket`, once its folder is known to be ours alone.
pub(super) fn connect_to(socket: &Path, patience: Duration) -> Result<Option<Connection>, ClientError> {
    if !folder_is_ours(socket.parent().unwrap_or(socket))? {
        return Ok(None);
    }
    Connection::open(socket, patience)
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
        let socket = root.path().join("run/asifd.sock");
        assert!(connect_to(&socket, Duration::ZERO).unwrap().is_none(), "no folder: no daemon");

        std::fs::create_dir(root.path().join("run")).unwrap();
        set_permissions(root.path().join("run"), Permissions::from_mode(0o755)).unwrap();
        assert!(matches!(connect_to(&socket, Duration::ZERO), Err(ClientError::Folder { .. })));

        set_permissions(root.path().join("run"), Permissions::from_mode(0o700)).unwrap();
        assert!(connect_to(&socket, Duration::ZERO).unwrap().is_none(), "no socket: no daemon");

        std::os::unix::fs::symlink(root.path().join("run"), root.path().join("link")).unwrap();
        let error = connect_to(&root.path().join("link/asifd.sock"), Duration::ZERO).err().unwrap();
        assert_eq!(error.into_failure().kind.exit_code(), 6);
    }
}
