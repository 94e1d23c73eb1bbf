//! Why something was not done: a kind (the exit code), a message, one hint.

use serde::{Deserialize, Serialize};

/// Why something was not done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[error("{message}")]
pub struct Failure {
    /// What kind of failure; it sets the exit code.
    pub kind: ErrorKind,
    /// What was wrong.
    pub message: String,
    /// What to do, in one line.
    pub hint: Option<String>,
}

impl Failure {
    /// A failure without a hint.
    pub fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into(), hint: None }
    }

    /// The same with what to do.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }
}

/// The kinds of failure, each with its exit code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ErrorKind {
    /// Something else.
    Failure,
    /// The words of the command are off.
    Usage,
    /// The daemon cannot be reached.
    DaemonUnreachable,
    /// No such record, practice or person.
    NotFound,
    /// The vault is locked.
    Locked,
    /// Not allowed.
    NotPermitted,
    /// Something must come first, or has already happened.
    Precondition,
    /// The other device or person cannot be reached.
    PeerUnreachable,
    /// Bytes on disk are not what was written.
    Integrity,
    /// Interrupted by the person.
    Interrupted,
}

impl ErrorKind {
    /// The exit code of the command line.
    pub fn exit_code(self) -> u8 {
        match self {
            Self::Failure => 1,
            Self::Usage => 2,
            Self::DaemonUnreachable => 3,
            Self::NotFound => 4,
            Self::Locked => 5,
            Self::NotPermitted => 6,
            Self::Precondition => 7,
            Self::PeerUnreachable => 8,
            Self::Integrity => 9,
            Self::Interrupted => 130,
        }
    }
}
