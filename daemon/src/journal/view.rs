//! What lists are read from: every record as it now stands, without Automerge. Can be made anew from the sealed log.

pub mod part;
mod read;
mod refresh;
mod sessions;

use std::collections::{BTreeMap, BTreeSet};

use asif_proto::id::{LogId, MIN_SUFFIX, RecordId};
use asif_proto::record::SafetyPlan;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::by_practice::ByPractice;
use super::kept::Kept;
use super::record::{Answer, Client, Grant, Invited, Practice, Session};
use super::schema;
use crate::Rng;
use crate::seal::body::DocId;
use crate::seal::keys::CacheKey;

pub use read::Read;
use sessions::Sessions;
pub use sessions::{Parts, SavedSessions, Unfit};

/// A record and what is known about it beside its fields.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Row<T> {
    /// The record.
    pub value: T,
    /// The document it lives in.
    pub doc: DocId,
    /// The log that first wrote it.
    pub author: Option<LogId>,
    /// Changes that ever touched it.
    pub touches: u64,
    /// Fields changed apart.
    pub contested: Vec<Contested>,
}

/// A field that was changed apart on several devices.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Contested {
    /// The field.
    pub field: String,
    /// The values that do not show, as JSON text.
    pub others: Vec<String>,
    /// What shows is one text that has all the changes.
    pub merged: bool,
}

/// Every record as it now stands.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct View {
    #[serde(skip)]
    sessions: Sessions,
    practices: BTreeMap<RecordId, Row<Practice>>,
    grants: BTreeMap<RecordId, Row<Grant>>,
    clients: BTreeMap<RecordId, Row<Client>>,
    kept: BTreeMap<RecordId, Row<Kept>>,
    safety_plan: Option<Row<SafetyPlan>>,
    answers: BTreeMap<RecordId, Row<Answer>>,
    names: BTreeMap<String, String>,
    /// Of a session that was touched once nothing is noted.
    touches: BTreeMap<RecordId, u64>,
    unreadable: BTreeSet<RecordId>,
    /// The heads of each document that it was read from.
    heads: BTreeMap<DocId, Vec<[u8; 32]>>,
    #[serde(skip)]
    backwards: BTreeSet<u128>,
}

impl View {
    /// Seals the sessions that were changed, each document's as a part.
    pub fn seal(&mut self, key: &CacheKey, rng: &mut Rng) {
        self.sessions.seal(key, rng);
    }

    /// The sealed parts.
    pub fn parts(&self) -> Parts {
        self.sessions.parts()
    }

    /// What is known of sealed sessions without opening a part: to be kept with the rest.
    pub fn saved_sessions(&self) -> SavedSessions {
        self.sessions.saved()
    }

    /// After loading the rest: takes the sealed sessions. No part is opened.
    pub fn find_sessions(&mut self, saved: SavedSessions, parts: &Parts, key: &CacheKey) -> Result<(), Unfit> {
        self.sessions = Sessions::found(saved, parts, key)?;
        self.index();
        Ok(())
    }

    /// A part did not open, against all that was checked: what the view has told since is not to be used.
    pub fn is_broken(&self) -> bool {
        self.sessions.is_broken()
    }

    /// Whether sessions are in memory that need not be.
    pub fn holds_open(&self) -> bool {
        self.sessions.holds_open()
    }

    /// Lets go of sessions that lie sealed, until they are asked for again.
    pub fn let_go(&mut self) {
        self.sessions.let_go();
    }

    /// Builds the order of ids read backwards.
    fn index(&mut self) {
        self.backwards = self.sessions.ids().chain(self.practices.keys()).chain(self.kept.keys()).map(backwards).collect();
    }

    /// The shortest suffix of a shown record's id that names no other, at least [`MIN_SUFFIX`] characters.
    pub fn short(&self, id: &RecordId) -> String {
        let own = backwards(id);
        let common = |other: &u128| (own ^ other).leading_zeros() as usize / 4;
        let before = self.backwards.range(..own).next_back().map_or(0, common);
        let after = self.backwards.range(own..).find(|other| **other != own).map_or(0, common);
        let key = id.key();
        let len = (before.max(after) + 1).clamp(MIN_SUFFIX, key.len());
        key.get(key.len() - len..).unwrap_or(&key).to_owned()
    }

    /// The document in which a record lies that shows.
    pub fn doc_of(&self, id: &RecordId) -> Option<DocId> {
        let rows = [self.sessions.doc_of(id), self.practice(id).map(|row| row.doc), self.kept(id).map(|row| row.doc)];
        rows.into_iter().flatten().next()
    }

    /// Whether any record is here, of a type that shows or not.
    pub fn is_empty(&self) -> bool {
        self.touches.is_empty() && self.sessions.is_empty()
    }

    /// Records of a known type whose fields do not fit.
    pub fn unreadable(&self) -> impl Iterator<Item = &RecordId> {
        self.unreadable.iter()
    }

    /// Whether a record is of a known type and its fields do not fit.
    pub fn is_unreadable(&self, id: &RecordId) -> bool {
        self.unreadable.contains(id)
    }

    /// Changes that ever touched a record, of a type that shows or not.
    pub fn touches(&self, id: &RecordId) -> u64 {
        self.touches.get(id).copied().unwrap_or(u64::from(self.sessions.contains(id)))
    }

    /// A session, also a deleted one.
    pub fn session(&self, id: &RecordId) -> Option<&Row<Session>> {
        self.sessions.get(id)
    }

    /// The document in which a session lies.
    pub fn session_doc(&self, id: &RecordId) -> Option<DocId> {
        self.sessions.doc_of(id)
    }

    /// Whether a record is a session, also a deleted one.
    pub fn is_session(&self, id: &RecordId) -> bool {
        self.sessions.contains(id)
    }

    /// The ids of all sessions, also deleted ones.
    pub fn session_ids(&self) -> impl Iterator<Item = &RecordId> {
        self.sessions.ids()
    }

    /// Sessions that are not deleted.
    pub fn session_count(&self) -> usize {
        self.sessions.count_standing()
    }

    /// The ids of sessions that were ever to be kept back until a time.
    pub fn held_sessions(&self) -> impl Iterator<Item = &RecordId> {
        self.sessions.held()
    }

    /// Every session, document by document, also deleted ones.
    pub fn sessions(&self) -> impl Iterator<Item = (&RecordId, &Row<Session>)> {
        self.sessions.iter()
    }

    /// Every session, newest first, also deleted ones.
    pub fn newest(&self) -> impl Iterator<Item = (&RecordId, &Row<Session>)> {
        self.newest_of(|_| true)
    }

    /// The same of those whose time is one of these; others are not looked at.
    pub fn newest_of(&self, is_one: impl Fn(Timestamp) -> bool) -> impl Iterator<Item = (&RecordId, &Row<Session>)> {
        let of_time = self.sessions.newest().filter(move |(at, _, _)| is_one(*at));
        of_time.filter_map(|(_, id, doc)| Some((id, self.sessions.in_doc(doc, id)?)))
    }

    /// The ids of all sessions, newest first, also deleted ones.
    pub fn newest_ids(&self) -> impl Iterator<Item = &RecordId> {
        self.sessions.newest().map(|(_, id, _)| id)
    }

    /// The standing sessions of each practice.
    pub fn by_practice(&self) -> &ByPractice {
        self.sessions.by_practice()
    }

    /// A practice, also a deleted one.
    pub fn practice(&self, id: &RecordId) -> Option<&Row<Practice>> {
        self.practices.get(id)
    }

    /// Every practice by id, also deleted ones.
    pub fn practices(&self) -> impl Iterator<Item = (&RecordId, &Row<Practice>)> {
        self.practices.iter()
    }

    /// Every grant by id.
    pub fn grants(&self) -> impl Iterator<Item = (&RecordId, &Row<Grant>)> {
        self.grants.iter()
    }

    /// A grant.
    pub fn grant(&self, id: &RecordId) -> Option<&Row<Grant>> {
        self.grants.get(id)
    }

    /// Every invitation that is written down, used or not.
    pub fn invited(&self) -> impl Iterator<Item = (RecordId, Invited)> {
        let packed = self.names.range(schema::INVITED.to_owned()..).take_while(|(key, _)| key.starts_with(schema::INVITED));
        packed
            .filter_map(|(key, packed)| Some((RecordId::from_key(key.strip_prefix(schema::INVITED)?)?, serde_json::from_str(packed).ok()?)))
    }

    /// The words by which own devices said that they may be old copies of themselves.
    pub fn put_back(&self) -> impl Iterator<Item = &str> {
        let all = self.names.range(schema::PUT_BACK.to_owned()..).take_while(|(key, _)| key.starts_with(schema::PUT_BACK));
        all.filter_map(|(key, _)| key.strip_prefix(schema::PUT_BACK))
    }

    /// Every client by id.
    pub fn clients(&self) -> impl Iterator<Item = (&RecordId, &Row<Client>)> {
        self.clients.iter()
    }

    /// A client.
    pub fn client(&self, id: &RecordId) -> Option<&Row<Client>> {
        self.clients.get(id)
    }

    /// A record that is shown as it is kept, also a deleted one.
    pub fn kept(&self, id: &RecordId) -> Option<&Row<Kept>> {
        self.kept.get(id)
    }

    /// All of them by id, also deleted ones.
    pub fn all_kept(&self) -> impl Iterator<Item = (&RecordId, &Row<Kept>)> {
        self.kept.iter()
    }

    /// The safety plan, once anything was written into it.
    pub fn safety_plan(&self) -> Option<&Row<SafetyPlan>> {
        self.safety_plan.as_ref()
    }

    /// An answer to a helper.
    pub fn answer(&self, id: &RecordId) -> Option<&Row<Answer>> {
        self.answers.get(id)
    }

    /// Every answer to a helper.
    pub fn answers(&self) -> impl Iterator<Item = (&RecordId, &Row<Answer>)> {
        self.answers.iter()
    }

    /// The heads of each document that it was read from: names of changes, sorted.
    pub fn heads(&self) -> &BTreeMap<DocId, Vec<[u8; 32]>> {
        &self.heads
    }

    /// The name under a key of [`schema`].
    pub fn name(&self, key: &str) -> Option<&str> {
        self.names.get(key).map(String::as_str)
    }
}

/// The hexadecimal digits of an id, last first.
fn backwards(id: &RecordId) -> u128 {
    const LOW: u128 = u128::MAX / 17;
    let bytes = id.0.as_u128().swap_bytes();
    (bytes & LOW) << 4 | (bytes >> 4) & LOW
}

#[cfg(test)]
mod tests;
