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
//! - [`mailbox`]: keeps what others sealed, and can read none of it
//!
//! IO: each knows its own library, none knows the others.
//!
//! - [`process`]: arguments, lock, detaching, log, signals
//! - [`store`]: durable entries, statements, small files
//! - [`objects`]: what a mailbox keeps: a directory or a bucket
//! - [`net`]: the QUIC endpoint, TLS keys, links
//! - [`local`]: the Unix socket
//! - [`dbus`]: notices on the desktop, and word that the machine goes to sleep
//!
//! The meeting place: [`run`].

pub mod journal;
pub mod mailbox;
pub mod people;
pub mod replica;
pub mod seal;
pub mod share;
pub mod sync;

pub mod dbus;
pub mod local;
pub mod net;
pub mod objects;
pub mod process;
pub mod store;

pub mod run;

use std::process::ExitCode;

/// The randomness that the pure part is given: seeded by the system at the edge, by a number in tests.
pub type Rng = rand_chacha::ChaCha20Rng;

/// The program `asifd`.
pub fn main() -> ExitCode {
    run::main()
}
