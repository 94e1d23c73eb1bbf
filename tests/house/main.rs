//! The house rules: what the compiler does not check and a reader relies on.
//!
//! 1. `asif-cli` is small: no CRDT, no network, no TLS, no async runtime comes with it ([`dependencies`]).
//! 2. The pure modules of the daemon stay pure, and imports run one way, in the order written in `daemon/src/lib.rs` ([`modules`]).
//! 3. Every package inherits the lints of the workspace, `unsafe_code = "forbid"` among them; files stay short ([`packages`]).
//! 4. What README.md tells people to run is what `.ci/run` and the documents say, and links lead somewhere ([`papers`]).
//! 5. Words that hurt do not reach the screen ([`words`]).
//!
//! [`source`] reads Rust files for all of them: simply, not as a compiler would.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test ends where something is not as it must be")]

mod dependencies;
mod modules;
mod packages;
mod papers;
mod source;
mod words;
