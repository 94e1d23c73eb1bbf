//! What no log line and no panic shows.

use zeroize::Zeroizing;

/// Bytes that no log line or panic may show, wiped when they are let go.
#[derive(Clone, PartialEq, Eq)]
pub struct Opaque(Zeroizing<Vec<u8>>);

impl Opaque {
    /// These bytes.
    pub fn new(bytes: Vec<u8>) -> Self {
        Self(Zeroizing::new(bytes))
    }

    /// The bytes.
    pub fn as_slice(&self) -> &[u8] {
        &self.0
    }
}

impl std::fmt::Debug for Opaque {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} bytes", self.0.len())
    }
}

/// What a desktop shows. No log line shows it.
#[derive(Clone, PartialEq, Eq)]
pub struct Notice(String);

impl Notice {
    /// These lines.
    pub fn new(text: String) -> Self {
        Self(text)
    }

    /// The lines.
    pub fn text(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Debug for Notice {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} lines", self.0.lines().count())
    }
}
