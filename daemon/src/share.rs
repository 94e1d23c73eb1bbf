//! What a helper sees: a projection, never the journal.
//!
//! [`item`] names and packs items; [`projection`] decides what of a record a grant shows; [`board`] is a share or
//! feedback space as it now stands; [`terms`] is the grant as both sign it, [`deletion`] what a helper's device
//! answers to its end, [`feedback`] what a helper gives back.

pub mod board;
pub mod deletion;
pub mod feedback;
pub mod item;
pub mod projection;
pub mod terms;
