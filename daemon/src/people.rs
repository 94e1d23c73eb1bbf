//! Persons, devices, rosters, epochs, pairing.
//!
//! Everything known about them is a set of signed [`statement`]s. [`roster`] and [`epoch`] are pure functions of that
//! set, so that the order in which statements arrive never matters. [`registry`] keeps the set and answers from it.

pub mod epoch;
pub mod pairing;
pub mod registry;
mod removal;
pub mod roster;
pub mod space;
pub mod statement;
