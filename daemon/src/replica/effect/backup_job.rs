//! A backup, as the core wants it made.

use std::path::PathBuf;

use asif_proto::secret::Secret;

use super::Opaque;
use crate::seal::backup::Manifest;

/// A backup that is to be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BackupJob {
    /// Where.
    pub file: PathBuf,
    /// What opens it beside the recovery kit.
    pub passphrase: Option<Secret>,
    /// The public sealing key of the recovery kit.
    pub kit: Option<Vec<u8>>,
    /// What it says of itself.
    pub manifest: Manifest,
    /// The file with the vault's key, as it is in the backup: without a passphrase of its own.
    pub key_file: Opaque,
    /// Randomness for its keys.
    pub seed: [u8; 32],
}
