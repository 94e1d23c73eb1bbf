//! The typed face of the Automerge documents.
//!
//! [`schema`] says how records lie in a document; [`document`] is one document; [`guard`] judges changes that come from
//! elsewhere before Automerge sees them; [`rebase`] writes again what a branch that lost said; [`history`] tells every change, [`prose`] merges what was written apart, [`narrow`] says what stands of it where it is about who may see something; [`record`] and [`kept`] give records their types;
//! `begun` tells what was begun twice; [`changes`] are known by names that stay, also where [`erased`] took what they said out of them; [`view`] is what lists are read from, [`by_practice`] what is asked about one practice, [`search`] what is found by its words; [`reminders`] says when one is due.

mod begun;
pub mod bundle;
pub mod by_practice;
pub mod changes;
pub mod columns;
pub mod document;
pub mod erased;
pub mod guard;
pub mod history;
pub mod kept;
pub mod narrow;
pub mod prose;
pub mod reading;
pub mod rebase;
pub mod record;
pub mod reminders;
mod said;
pub mod schema;
pub mod search;
pub mod view;
