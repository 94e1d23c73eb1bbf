//! What the edge gives with everything: the time, and who is meant.

use std::time::Duration;

use jiff::Timestamp;

/// The time as the edge gives it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Now {
    /// The wall clock: written into records, orders nothing.
    pub wall: Timestamp,
    /// A clock that never goes back: for waiting.
    pub mono: Duration,
    /// One that goes on while the machine sleeps, whatever is set on the wall.
    pub steady: Duration,
}

/// Binds what is proven on a link to this very connection (RFC 8446, section 7.5).
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Exporter(pub [u8; 32]);

impl std::fmt::Debug for Exporter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Exporter(..)")
    }
}

/// A client of the local socket.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ClientId(pub u64);

/// A link to a peer: even numbers are dialled by this core, odd ones were accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LinkId(pub u64);

impl LinkId {
    /// Of what an own device brought while the journal was locked. No link has it.
    pub const HELD: Self = Self(0);
}

/// What this device says of itself on the local network. It names nobody.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Beacon {
    /// Random, and new whenever the tags are.
    pub instance: [u8; 10],
    /// What those who know it recognise.
    pub tags: Vec<[u8; 8]>,
    /// Numbers of invitations that stand.
    pub invitations: Vec<u16>,
}
