//! The daemon as a process: its arguments, its one lock, how it starts, what it writes about itself, how it stops.
//!
//! In the order in which a start uses them: [`parse_args`], [`harden()`], [`detach()`], [`lock`], [`log`], [`activation`], [`signals`], [`ready`], [`notify`].

pub mod activation;
pub mod args;
pub mod detach;
pub mod harden;
pub mod lock;
pub mod log;
pub mod notify;
pub mod place;
pub mod private;
pub mod ready;
pub mod signals;

pub use args::{Command, MAILBOX_USAGE, MailboxCommand, MailboxWhat, Place, USAGE, Usage, parse_args};
pub use detach::detach;
pub use harden::{confine, harden};
