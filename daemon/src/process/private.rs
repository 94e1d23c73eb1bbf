//! Who may read a path: folders and files that only their owner can open.
//!
//! Judged from owner and mode bits, never by trying, since root can open anything. Symlinks are refused: what a link points
//! to may change between the look and the use.

use std::fs::{File, Metadata};
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use rustix::fs::{Mode, OFlags};

/// Why a path is not private, and what to do.
#[derive(Debug, thiserror::Error)]
pub enum NotPrivate {
    /// Others may enter the folder or read the file.
    #[error("others may open {} (mode {mode:03o}); run: chmod {fix:o} {}", .path.display(), .path.display())]
    Mode {
        /// The folder or file.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
        /// What they should be.
        fix: u32,
    },
    /// It belongs to somebody else.
    #[error("{} belongs to user {owner}, not to you (user {us}); run: chown {us} {}", .path.display(), .path.display())]
    Owner {
        /// The folder or file.
        path: PathBuf,
        /// Whose it is.
        owner: u32,
        /// Who this process is.
        us: u32,
    },
    /// A symlink, a device, a pipe: not a plain folder or file.
    #[error("{} is neither a plain folder nor a plain file; symlinks are not followed here", .0.display())]
    Kind(PathBuf),
    /// It cannot be looked at or made.
    #[error("cannot use {}", .path.display())]
    Io {
        /// The folder or file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

impl NotPrivate {
    fn io(path: &Path, source: impl Into<io::Error>) -> Self {
        Self::Io { path: path.into(), source: source.into() }
    }

    /// The same as an [`io::Error`]: its kind is that of the system, or `PermissionDenied`.
    pub fn into_io(self) -> io::Error {
        match self {
            Self::Io { source, .. } => source,
            refused => io::Error::new(io::ErrorKind::PermissionDenied, refused),
        }
    }
}

/// Checks that `path` is a folder or file of ours that nobody else may open.
pub fn check_private(path: &Path) -> Result<(), NotPrivate> {
    let meta = path.symlink_metadata().map_err(|source| NotPrivate::io(path, source))?;
    check_metadata(path, &meta)
}

/// Makes the folder `path` for us alone, and those above it, under any umask; when it is there already, checks it.
///
/// The folders that were made are durable in the one above them. Tells whether `path` itself was made.
pub fn create_private_dir(path: &Path) -> Result<bool, NotPrivate> {
    let mut made = rustix::fs::mkdir(path, Mode::RWXU);
    if made == Err(rustix::io::Errno::NOENT) {
        let above = path.parent().ok_or_else(|| NotPrivate::io(path, io::ErrorKind::NotFound))?;
        create_above(above)?;
        made = rustix::fs::mkdir(path, Mode::RWXU);
    }
    match made {
        Ok(()) => {}
        // It was there, or another process made it this moment.
        Err(rustix::io::Errno::EXIST) => {
            check_private(path)?;
            return if path.symlink_metadata().is_ok_and(|meta| meta.is_dir()) { Ok(false) } else { Err(NotPrivate::Kind(path.into())) };
        }
        Err(source) => return Err(NotPrivate::io(path, source)),
    }
    rustix::fs::chmod(path, Mode::RWXU).map_err(|source| NotPrivate::io(path, source))?;
    if let Some(above) = path.parent() {
        sync_dir(above).map_err(|source| NotPrivate::io(above, source))?;
    }
    Ok(true)
}

/// Makes the folder above a private one, unless it is there: whose it is and who may enter it is not ours to judge.
fn create_above(path: &Path) -> Result<(), NotPrivate> {
    if path.is_dir() {
        return Ok(());
    }
    let made = create_private_dir(path).map(drop);
    if path.is_dir() { Ok(()) } else { made }
}

/// Makes what happened to the names in a folder durable.
pub fn sync_dir(path: &Path) -> io::Result<()> {
    // A relative path of one part has the empty path above it.
    let path = if path.as_os_str().is_empty() { Path::new(".") } else { path };
    File::open(path)?.sync_all()
}

/// Opens a file of ours with `flags`, never through a symlink, and checks what was opened.
///
/// With `CREATE` in `flags` a new file gets mode 0600 under any umask.
pub fn open_private(path: &Path, flags: OFlags) -> Result<File, NotPrivate> {
    let io = |source: rustix::io::Errno| match source {
        rustix::io::Errno::LOOP => NotPrivate::Kind(path.into()),
        other => NotPrivate::io(path, other),
    };
    let common = OFlags::NOFOLLOW | OFlags::CLOEXEC | OFlags::NONBLOCK;
    let open = |flags| rustix::fs::open(path, flags | common, Mode::RUSR | Mode::WUSR).map(File::from);
    let created = flags.contains(OFlags::CREATE).then(|| open(flags | OFlags::EXCL));
    let file = match created {
        Some(Ok(file)) => {
            rustix::fs::fchmod(&file, Mode::RUSR | Mode::WUSR).map_err(io)?;
            file
        }
        Some(Err(rustix::io::Errno::EXIST)) if !flags.contains(OFlags::EXCL) => open(flags - OFlags::CREATE).map_err(io)?,
        Some(Err(source)) => return Err(io(source)),
        None => open(flags).map_err(io)?,
    };
    let meta = file.metadata().map_err(|source| NotPrivate::io(path, source))?;
    if !meta.is_file() {
        return Err(NotPrivate::Kind(path.into()));
    }
    check_metadata(path, &meta)?;
    Ok(file)
}

fn check_metadata(path: &Path, meta: &Metadata) -> Result<(), NotPrivate> {
    if !meta.is_dir() && !meta.is_file() {
        return Err(NotPrivate::Kind(path.into()));
    }
    let us = rustix::process::geteuid().as_raw();
    if meta.uid() != us {
        return Err(NotPrivate::Owner { path: path.into(), owner: meta.uid(), us });
    }
    let mode = meta.mode() & 0o777;
    if mode & 0o077 != 0 {
        return Err(NotPrivate::Mode { path: path.into(), mode, fix: if meta.is_dir() { 0o700 } else { 0o600 } });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs::{self, Permissions};
    use std::os::unix::fs::PermissionsExt;

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).unwrap().mode() & 0o777
    }

    #[test]
    fn a_new_folder_and_those_above_it_are_ours_alone() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("a/b/c");
        assert!(create_private_dir(&path).unwrap());
        assert!(!create_private_dir(&path).unwrap(), "the second time it is only checked");
        assert_eq!((mode(&path), mode(&home.path().join("a"))), (0o700, 0o700));
    }

    #[test]
    fn processes_that_make_a_folder_at_the_same_moment_share_it() {
        const AT_ONCE: usize = 4;
        let home = tempfile::tempdir().unwrap();
        let together = std::sync::Barrier::new(AT_ONCE);
        // One that is refused goes on to the end: the others wait for it.
        let make = || -> Vec<NotPrivate> {
            let paths = (0..100).map(|round| home.path().join(format!("{round}/a/b")));
            let made = |path: PathBuf| {
                together.wait();
                create_private_dir(&path).err()
            };
            paths.filter_map(made).collect()
        };
        std::thread::scope(|scope| {
            let all: Vec<_> = (0..AT_ONCE).map(|_| scope.spawn(make)).collect();
            for refused in all.into_iter().map(|one| one.join().unwrap()) {
                assert!(refused.is_empty(), "{refused:?}");
            }
        });
    }

    #[test]
    fn a_loose_folder_is_refused_with_the_command_that_mends_it() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("data");
        create_private_dir(&path).unwrap();
        fs::set_permissions(&path, Permissions::from_mode(0o750)).unwrap();
        let error = create_private_dir(&path).unwrap_err().to_string();
        assert!(error.contains("mode 750") && error.ends_with(&format!("chmod 700 {}", path.display())), "{error}");
    }

    #[test]
    fn a_loose_file_is_refused_even_where_root_could_read_it() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("vault.key");
        fs::write(&path, b"x").unwrap();
        fs::set_permissions(&path, Permissions::from_mode(0o604)).unwrap();
        assert!(matches!(open_private(&path, OFlags::RDONLY), Err(NotPrivate::Mode { fix: 0o600, .. })));
        assert!(matches!(check_private(&path), Err(NotPrivate::Mode { mode: 0o604, .. })));
    }

    #[test]
    fn a_path_of_somebody_else_is_refused() {
        let home = tempfile::tempdir().unwrap();
        if std::os::unix::fs::chown(home.path(), Some(12345), None).is_ok() {
            assert!(matches!(check_private(home.path()), Err(NotPrivate::Owner { owner: 12345, .. })));
        }
    }

    #[test]
    fn symlinks_are_refused() {
        let home = tempfile::tempdir().unwrap();
        let (real, link) = (home.path().join("real"), home.path().join("link"));
        create_private_dir(&real).unwrap();
        std::os::unix::fs::symlink(&real, &link).unwrap();
        assert!(matches!(create_private_dir(&link), Err(NotPrivate::Kind(_))));
        assert!(matches!(check_private(&link), Err(NotPrivate::Kind(_))));
        let (file, link) = (home.path().join("file"), home.path().join("file-link"));
        drop(open_private(&file, OFlags::CREATE | OFlags::RDWR).unwrap());
        std::os::unix::fs::symlink(&file, &link).unwrap();
        assert!(matches!(open_private(&link, OFlags::RDONLY), Err(NotPrivate::Kind(_))));
        assert!(matches!(open_private(&link, OFlags::CREATE | OFlags::RDWR), Err(NotPrivate::Kind(_))));
    }

    #[test]
    fn a_new_file_is_ours_alone_and_an_old_one_is_kept() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("file");
        drop(open_private(&path, OFlags::CREATE | OFlags::RDWR).unwrap());
        assert_eq!(mode(&path), 0o600);
        fs::write(&path, b"kept").unwrap();
        drop(open_private(&path, OFlags::CREATE | OFlags::RDWR).unwrap());
        assert_eq!(fs::read(&path).unwrap(), b"kept");
        let again = open_private(&path, OFlags::CREATE | OFlags::EXCL | OFlags::RDWR).unwrap_err();
        assert_eq!(again.into_io().kind(), io::ErrorKind::AlreadyExists);
    }
}
