//! The asif daemon. Imports run one way, in the order written here.
//!
//! Pure: takes now, randomness and an input; returns effects.
//!
//! - [`seal`]: entries, keys, padding, the vault
//! - [`people`]: persons, devices, rosters, epochs, pairing
//! - [`journal`]: the typed face of the Automerge documents
//! - [`share`]: scopes, projection, items, what a helper sees
//! - [`sync`]: have against have, links, backoff
//! - [`replica`]: joins the above
//!
//! IO: each knows its own library, none knows the others.
//!
//! - [`net`]: the QUIC endpoint, TLS keys, links

pub mod journal;
pub mod people;
pub mod replica;
pub mod seal;
pub mod share;
pub mod sync;

pub mod net;

/// The randomness that the pure part is given: seeded by the system at the edge, by a number in tests.
pub type Rng = rand_chacha::ChaCha20Rng;
