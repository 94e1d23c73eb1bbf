//! The asif daemon. Imports run one way, in the order written here.
//!
//! Pure: takes now, randomness and an input; returns effects.
//!
//! Reads and writes: `process`, then `store`, `net`, `local`, of which none knows another.

pub mod local;
pub mod process;
pub mod seal;
pub mod store;
