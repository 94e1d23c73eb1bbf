//! Backups: a home in one sealed file.

use std::path::PathBuf;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::secret::Secret;

/// What is asked about backups. Paths are absolute.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BackupAsk {
    /// Makes one, and restores it in memory to see that it can be. Answer: [`Reply::Backup`](super::Reply::Backup).
    Create {
        /// Where: a file that is not there.
        file: PathBuf,
        /// What opens it beside the recovery kit; none: the kit alone.
        passphrase: Option<Secret>,
    },
    /// Restores one in memory. Answer: [`Reply::Backup`](super::Reply::Backup).
    Verify {
        /// Which.
        file: PathBuf,
        /// Its passphrase, or the words of the recovery kit.
        opener: Secret,
    },
    /// Restores one into this home, which must hold nothing; or into a folder, to look at it. Answer: [`Reply::Backup`](super::Reply::Backup).
    Restore {
        /// Which.
        file: PathBuf,
        /// Its passphrase, or the words of the recovery kit.
        opener: Secret,
        /// The folder: one that is not there, or is empty.
        into: Option<PathBuf>,
    },
}

/// A backup.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BackupView {
    /// The file.
    pub file: PathBuf,
    /// Its length.
    pub bytes: u64,
    /// When it was made.
    pub made_at: Timestamp,
    /// The version of asif that made it.
    pub version: String,
    /// Whose journal: their own name.
    pub name: Option<String>,
    /// The device that it was made on.
    pub device: String,
    /// Sessions in it, as they were counted when it was restored to see.
    pub sessions: u64,
    /// A passphrase opens it.
    pub passphrase: bool,
    /// The words of the recovery kit open it.
    pub kit: bool,
    /// The folder that it was restored into; null: it was not, or into this home.
    pub into: Option<PathBuf>,
}
