//! Pure data shared by the asif programs.
//!
//! Nothing here waits, opens a file or knows a cipher. Read in this order:
//!
//! - [`id`], [`rating`], [`moment`], [`day`]: the small words everything is made of; [`near`] suggests names near to a mistyped one; [`secret`] is text that opens something;
//! - [`record`], [`share`]: sessions, practices, grants and loans as a person sees them;
//! - [`home`]: where things live on a machine, one resolver for both programs;
//! - [`frame`]: the one envelope of every body, statement and message;
//! - [`local`]: what the command line asks and the daemon answers;
//! - [`peer`]: what two daemons say to each other; [`ticket`] and [`code`]: how they first meet.

pub mod code;
pub mod day;
pub mod frame;
pub mod home;
pub mod id;
pub mod local;
pub mod moment;
pub mod near;
pub mod peer;
pub mod rating;
pub mod record;
pub mod secret;
pub mod share;
pub mod ticket;
