//! Entries, keys and epochs: everything that is sealed before it leaves memory.
//!
//! [`wire`] is the outside of an entry, [`entry`] seals and opens it, [`body`] is what lies inside. [`checkpoint`] says what sealed
//! snapshots stand for which entries, and [`piece`] is a part of them. [`keys`] holds one
//! type per purpose of a key; [`hpke`] seals small secrets for one device; [`vault`] keeps the keys of this device, [`guard`] keeps them from whoever has the
//! files, [`outside`] is what a locked one goes on by, and [`dropped`] is what is written into it meanwhile; [`backup`] is a home in
//! one file, [`passphrase`] one of the things that open it; [`words`] are the recovery kit as a person keeps it.
//! Of what a mailbox is given, [`slip`] is a statement and [`proof`] shows who may.

pub mod backup;
pub mod body;
pub mod checkpoint;
pub mod dropped;
pub mod entry;
pub mod guard;
pub mod hpke;
pub mod keys;
pub mod outside;
pub mod padding;
pub mod passphrase;
pub mod piece;
pub mod proof;
pub mod slip;
pub mod vault;
pub mod wire;
pub mod words;
