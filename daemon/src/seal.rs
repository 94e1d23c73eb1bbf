//! Entries, keys and epochs: everything that is sealed before it leaves memory.

pub mod wire;
