//! The asif daemon. Imports run one way, in the order written here.
//!
//! Pure: takes now, randomness and an input; returns effects.

pub mod seal;

// IO: each knows its own library, none knows the others.
pub mod net;
