//! What of a home is asif's own: found by name and kind, no link followed. What is not known here stays.

use std::io;
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::path::{Path, PathBuf};

use asif_proto::home::Home;

/// What the daemon's keys lie in, and the plan's readable copy. They go first: without them the rest opens to nobody.
const KEYS: [&str; 12] = [
    "outside",
    "outside.new",
    "vault.key",
    "vault.key.new",
    "vault.key.before",
    "vault.key.before.new",
    "vault",
    "vault.new",
    "vault.before",
    "vault.before.new",
    "crisis-plan",
    "crisis-plan.new",
];
/// The other files beside them.
const BESIDE: [&str; 22] = [
    "restored",
    "restored.new",
    "erased",
    "erased.new",
    "delays",
    "delays.new",
    "view",
    "view.new",
    "peers",
    "peers.new",
    "mark.a",
    "mark.b",
    "place",
    "place.new",
    "drafts",
    "drafts.new",
    "drafts.damaged",
    "drafts.damaged.new",
    "reminded",
    "reminded.new",
    "withheld",
    "withheld.new",
];
/// Files in the state folder.
const STATE: [&str; 4] = ["asifd.log", "asifd.log.1", "launchd.log", "port"];
/// The settings, and what a write of them that was interrupted leaves.
const CONFIG: [&str; 2] = ["config.toml", "config.toml.new"];

/// Everything that a wipe removes, in the order in which it does.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Own {
    /// Files with keys.
    pub(super) keys: Vec<PathBuf>,
    /// All others but the lock.
    pub(super) files: Vec<PathBuf>,
    /// The lock file: the last, since it keeps a daemon from starting.
    pub(super) lock: Option<PathBuf>,
    /// The folders, each after what is in it. One that is not empty stays.
    pub(super) folders: Vec<PathBuf>,
    /// What is there and not asif's.
    pub(super) strange: Vec<PathBuf>,
    /// Bytes of the files.
    pub(super) bytes: u64,
}

impl Own {
    /// Looks through the folders of `home`.
    ///
    /// Its socket is the one of its own path: what a lock file names may be that of the home which this one is a copy of.
    pub(super) fn of(home: &Home) -> io::Result<Self> {
        let mut own = Self::default();
        let store = home.data.join("store");
        let (logs, damaged) = (store.join("logs"), store.join("damaged"));
        own.look(&logs, &[], |name| is_log(name.strip_suffix(".new").unwrap_or(name)))?;
        let is_list = |name: &str| ["statements-", "held-", "dropped-"].iter().any(|list| name.starts_with(list));
        own.look(&damaged, &[], |name| is_list(name) || name.get(..32).is_some_and(is_log))?;
        own.look(&store.join("replaced"), &[], |name| name.get(..32).is_some_and(is_log))?;
        for sealed in ["checkpoints", "pieces", "parts"] {
            own.look(&store.join(sealed), &[], |name| is_hash(name.strip_suffix(".new").unwrap_or(name)))?;
        }
        let of_the_store = ["statements", "statements.new", "held", "held.new", "dropped", "dropped.new", "takeover", "takeover.new"];
        own.look(&store, &["logs", "damaged", "replaced", "checkpoints", "pieces", "parts"], |name| of_the_store.contains(&name))?;
        let known = |name: &str| KEYS.contains(&name) || BESIDE.contains(&name) || name == "lock";
        own.look(&home.data, &["store"], known)?;
        if home.socket.symlink_metadata().is_ok_and(|meta| meta.file_type().is_socket()) {
            own.files.push(home.socket.clone());
        }
        let run = home.socket.parent().filter(|folder| folder.symlink_metadata().is_ok_and(|meta| meta.is_dir()));
        own.folders.extend(run.map(Path::to_owned));
        own.look(&home.state, &["run"], |name| STATE.contains(&name))?;
        if let Some(folder) = home.config.parent() {
            // With ASIF_HOME it is the folder that holds all the others.
            let others = if home.data.parent() == Some(folder) { &["data", "state", "run"][..] } else { &[] };
            own.look(folder, others, |name| CONFIG.contains(&name))?;
        }
        let is_key = |path: &PathBuf| path.parent() == Some(&home.data) && KEYS.iter().any(|name| path.ends_with(name));
        own.keys = KEYS.iter().map(|name| home.data.join(name)).filter(|path| own.files.contains(path)).collect();
        own.lock = own.files.iter().find(|path| **path == home.lock()).cloned();
        own.files.retain(|path| !is_key(path) && *path != home.lock());
        Ok(own)
    }

    /// There is nothing of asif.
    pub(super) fn is_empty(&self) -> bool {
        self.keys.is_empty() && self.files.is_empty() && self.lock.is_none()
    }

    /// The files, counted.
    pub(super) fn count(&self) -> usize {
        self.keys.len() + self.files.len() + usize::from(self.lock.is_some())
    }

    /// Takes in what lies in `folder`: files that `is_ours` knows; `folders` are looked through by others.
    fn look(&mut self, folder: &Path, folders: &[&str], is_ours: impl Fn(&str) -> bool) -> io::Result<()> {
        match folder.symlink_metadata() {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            Err(error) => return Err(error),
            Ok(meta) if !meta.is_dir() => {
                self.strange.push(folder.to_owned());
                return Ok(());
            }
            Ok(_) => {}
        }
        let mut found = Vec::new();
        for entry in std::fs::read_dir(folder)? {
            let entry = entry?;
            found.push((entry.path(), entry.file_name(), entry.metadata()?));
        }
        found.sort_by(|(one, ..), (other, ..)| one.cmp(other));
        for (path, name, meta) in found {
            match name.to_str() {
                Some(name) if meta.is_file() && is_ours(name) => {
                    self.bytes += meta.size();
                    self.files.push(path);
                }
                Some(name) if folders.contains(&name) => {}
                // A socket of this home is found by its path, and one of another home is not this one's.
                _ if meta.file_type().is_socket() => {}
                _ => self.strange.push(path),
            }
        }
        self.folders.push(folder.to_owned());
        Ok(())
    }
}

/// Thirty-two hexadecimal digits.
fn is_log(name: &str) -> bool {
    is_hex(name, 32)
}

/// Sixty-four hexadecimal digits.
fn is_hash(name: &str) -> bool {
    is_hex(name, 64)
}

fn is_hex(name: &str, digits: usize) -> bool {
    name.len() == digits && name.bytes().all(|byte| byte.is_ascii_hexdigit())
}
