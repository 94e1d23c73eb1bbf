//! Where things live on a machine: one resolver for both programs, so that they never compute different paths.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

/// The longest path a Unix socket may have on Linux, in bytes, without its closing zero.
pub const MAX_SOCKET_PATH: usize = 107;

/// The name of what was begun to be written and does not open, in the data folder.
pub const DAMAGED_DRAFTS: &str = "drafts.damaged";

/// The folders and files of one home.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Home {
    /// Store, vault, lock.
    pub data: PathBuf,
    /// Logs of the program, the chosen port.
    pub state: PathBuf,
    /// The configuration file.
    pub config: PathBuf,
    /// The daemon's socket.
    pub socket: PathBuf,
}

/// Why there is no home.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum HomeError {
    /// Neither `ASIF_HOME` nor `HOME` is set.
    #[error("cannot tell where your journal lives: neither ASIF_HOME nor HOME is set")]
    NoHome,
    /// The socket path is too long for the system.
    #[error("the socket path {} has {} bytes; the system allows {MAX_SOCKET_PATH}. Set ASIF_HOME or XDG_RUNTIME_DIR to a shorter path", .0.display(), .0.as_os_str().len())]
    SocketTooLong(PathBuf),
    /// A path that could not be told in a message or in the lock file.
    #[error("the path {} is not text (not UTF-8); set ASIF_HOME to one that is", .0.display())]
    NotText(PathBuf),
}

impl Home {
    /// The home that this process's environment names.
    pub fn from_env() -> Result<Self, HomeError> {
        let uid = rustix::process::geteuid().as_raw();
        let is_ours = |path: &Path| {
            use std::os::unix::fs::MetadataExt;
            path.symlink_metadata().is_ok_and(|meta| meta.is_dir() && meta.uid() == uid)
        };
        let here = std::env::current_dir().unwrap_or_default();
        Self::resolve(|name| std::env::var_os(name), &here, uid, is_ours)
    }

    /// The home for an environment: `ASIF_HOME` puts everything under one folder, else the XDG base directories.
    ///
    /// Without `ASIF_HOME` several homes may share one folder for their sockets, so each socket has a name of its own.
    ///
    /// `is_ours` tells whether a folder exists and belongs to `uid`.
    pub fn resolve(
        var: impl Fn(&str) -> Option<OsString>,
        here: &Path,
        uid: u32,
        is_ours: impl Fn(&Path) -> bool,
    ) -> Result<Self, HomeError> {
        let set = |name: &str| var(name).filter(|value| !value.is_empty()).map(PathBuf::from);
        let home = match set("ASIF_HOME") {
            Some(root) => {
                let root = here.join(root);
                Self {
                    data: root.join("data"),
                    state: root.join("state"),
                    config: root.join("config.toml"),
                    socket: root.join("run/asifd.sock"),
                }
            }
            None => {
                let xdg = |name: &str, below_home: &str| {
                    let absolute = set(name).filter(|path| path.is_absolute());
                    absolute.or_else(|| Some(set("HOME")?.join(below_home))).ok_or(HomeError::NoHome)
                };
                let state = xdg("XDG_STATE_HOME", ".local/state")?.join("asif");
                let user_run = PathBuf::from(format!("/run/user/{uid}"));
                let run = set("XDG_RUNTIME_DIR")
                    .filter(|path| path.is_absolute())
                    .or_else(|| is_ours(&user_run).then_some(user_run))
                    .map_or_else(|| state.join("run"), |dir| dir.join("asif"));
                let data = xdg("XDG_DATA_HOME", ".local/share")?.join("asif");
                Self {
                    config: xdg("XDG_CONFIG_HOME", ".config")?.join("asif/config.toml"),
                    socket: run.join(format!("asifd-{}.sock", mark(&data))),
                    data,
                    state,
                }
            }
        };
        if let Some(path) = [&home.data, &home.state, &home.config, &home.socket].into_iter().find(|path| path.to_str().is_none()) {
            return Err(HomeError::NotText(path.clone()));
        }
        if home.socket.as_os_str().len() > MAX_SOCKET_PATH {
            return Err(HomeError::SocketTooLong(home.socket));
        }
        Ok(home)
    }

    /// The lock file: held by the daemon while it runs, and telling where it listens.
    pub fn lock(&self) -> PathBuf {
        self.data.join("lock")
    }

    /// Where the daemon puts drafts that do not open.
    pub fn damaged_drafts(&self) -> PathBuf {
        self.data.join(DAMAGED_DRAFTS)
    }

    /// Eight letters that tell this home from others.
    pub fn mark(&self) -> String {
        mark(&self.data)
    }

    /// The daemon's own log (of the program, not of sessions).
    pub fn log(&self) -> PathBuf {
        self.state.join("asifd.log")
    }
}

/// Eight letters that tell one data folder from another.
fn mark(data: &Path) -> String {
    blake3::hash(data.as_os_str().as_encoded_bytes()).to_hex().as_str().chars().take(8).collect()
}

/// What the lock file says. The client follows it, so that two socket paths never mean two daemons.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lock {
    /// The daemon's process id.
    pub pid: u32,
    /// Where it listens, or will once it is ready.
    pub socket: PathBuf,
}

impl Lock {
    /// The lock file's text.
    pub fn to_text(&self) -> String {
        format!("{}\n", serde_json::json!({ "pid": self.pid, "socket": self.socket }))
    }

    /// Reads the lock file's text; `None` when it is empty or torn.
    pub fn parse(text: &str) -> Option<Self> {
        serde_json::from_str(text).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn resolve(vars: &[(&str, &str)], ours: &str) -> Result<Home, HomeError> {
        let find = |name: &str| vars.iter().find(|(key, _)| *key == name).map(|(_, value)| OsString::from(value));
        Home::resolve(find, Path::new("/here"), 7, |path| path == Path::new(ours))
    }

    #[test]
    fn asif_home_holds_everything() {
        let home = resolve(&[("ASIF_HOME", "/a"), ("HOME", "/h")], "").unwrap();
        assert_eq!(home.data, Path::new("/a/data"));
        assert_eq!(home.socket, Path::new("/a/run/asifd.sock"));
        assert_eq!(resolve(&[("ASIF_HOME", "a")], "").unwrap().config, Path::new("/here/a/config.toml"));
    }

    #[test]
    fn without_it_the_xdg_folders_are_used() {
        let home = resolve(&[("HOME", "/h"), ("XDG_DATA_HOME", "relative"), ("ASIF_HOME", "")], "").unwrap();
        assert_eq!(home.data, Path::new("/h/.local/share/asif"));
        let name = format!("asifd-{}.sock", mark(Path::new("/h/.local/share/asif")));
        assert_eq!(home.socket, Path::new("/h/.local/state/asif/run").join(&name));
        let home = resolve(&[("HOME", "/h")], "/run/user/7").unwrap();
        assert_eq!(home.socket, Path::new("/run/user/7/asif").join(&name));
        let home = resolve(&[("HOME", "/h"), ("XDG_RUNTIME_DIR", "/r")], "/run/user/7").unwrap();
        assert_eq!(home.socket, Path::new("/r/asif").join(&name));
    }

    #[test]
    fn two_homes_that_share_a_runtime_folder_have_two_sockets() {
        let at = |home| resolve(&[("HOME", home), ("XDG_RUNTIME_DIR", "/r")], "").unwrap().socket;
        assert_ne!(at("/a"), at("/b"));
        assert_eq!(at("/a").parent(), at("/b").parent());
        assert_eq!(at("/a").file_name().unwrap().len(), "asifd-01234567.sock".len());
    }

    #[test]
    fn a_path_that_is_no_text_is_an_error_in_words() {
        use std::os::unix::ffi::OsStringExt;
        let odd = OsString::from_vec(b"/h\xff".to_vec());
        let home = Home::resolve(|name| (name == "ASIF_HOME").then(|| odd.clone()), Path::new("/"), 7, |_| false);
        assert!(matches!(home, Err(HomeError::NotText(_))), "{home:?}");
    }

    #[test]
    fn what_cannot_work_is_an_error_in_words() {
        assert_eq!(resolve(&[], ""), Err(HomeError::NoHome));
        let long = format!("/{}", "x".repeat(100));
        let error = resolve(&[("ASIF_HOME", &long)], "").unwrap_err();
        assert!(error.to_string().contains("the system allows 107"), "{error}");
    }

    #[test]
    fn a_lock_file_comes_back() {
        let lock = Lock { pid: 7, socket: "/r/asif.sock".into() };
        assert_eq!(Lock::parse(&lock.to_text()), Some(lock));
        assert_eq!(Lock::parse("{\"pid\":"), None);
    }
}
