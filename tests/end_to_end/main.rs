//! The two real programs, each test in homes of its own: a cleared environment, loopback, port 0, no terminal.
//!
//! What is shown here is wiring: that what the parts promise reaches a person's keyboard, disk and network.
//!
//! - What was acknowledged is there after any end of the daemon.
//! - What is refused is refused in words, with its exit code, and changes nothing.
//! - Two devices hold the same journal once they have met, in whichever order they start.
//! - A helper sees what was granted and nothing else, and nothing new once it ended.
//! - Nothing that a person wrote is readable on disk or on the wire.
//!
//! Nothing sleeps: a test runs commands that wait, reads lines as they come, or runs a command again until it tells what is awaited
//! ([`harness::eventually`]).

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test ends where something is not as it must be"
)]

mod apart;
mod attacks;
mod backups;
mod bad_input;
mod bus;
mod canary;
mod codes;
mod completions;
mod consent;
mod copies;
mod crash;
mod crisis;
mod daemon;
mod damage;
mod devices;
mod drafts;
mod editor;
mod erasing;
mod faults;
mod first_use;
mod flood;
mod hardened;
mod harness;
mod helper;
mod homes;
mod hostile_helper;
mod invitations;
mod keychain;
mod killed;
mod kit;
mod lan;
mod liar;
mod lock;
#[path = "../simulation/lies/made.rs"]
mod made;
mod mailbox;
mod manuals;
mod missing;
mod namespaces;
mod newer;
mod practice;
mod prompts;
mod pty;
mod relay;
mod reminders;
mod removed;
mod routers;
mod scenes;
mod schema;
mod search;
mod service;
mod settings;
mod sharing;
mod sitting;
mod socket;
mod strangers;
mod tags;
mod terminal;
mod texts;
mod times;
mod tour;
mod units;
mod weather;
mod week;
mod window;
mod wipe;
