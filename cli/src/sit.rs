//! Sitting: phrases one by one, a timer, and keys that mark what was felt.
//!
//! ```text
//! keys -> [`key`] -> [`sitting`] (takes the time, waits for nothing) -> [`face`] -> [`stage`], or line by line [`aloud`]
//!                        |
//!                        +-> [`sat`]: kept in the draft of the form that asks before and after, at every mark
//! ```
//!
//! [`at_terminal`] joins them: it alone reads the clock and the keyboard.

pub mod aloud;
pub mod at_terminal;
pub mod face;
pub mod key;
pub mod sat;
pub mod sitting;
pub mod stage;

pub use at_terminal::{Left, Manner, sit};
pub use sat::Sat;
pub use sitting::{Plan, Sitting};

/// What is said at every sitting.
pub const NUMB_COUNTS: &str = "The words don't have to feel true. Numb counts.";
