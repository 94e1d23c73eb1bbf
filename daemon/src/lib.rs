//! The asif daemon. Imports run one way, in the order written here.
//!
//! Pure: takes now, randomness and an input; returns effects.

pub mod journal;
pub mod people;
pub mod seal;
pub mod share;

/// The randomness that the pure part is given: seeded by the system at the edge, by a number in tests.
pub type Rng = rand_chacha::ChaCha20Rng;
