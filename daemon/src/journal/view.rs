//! What lists are read from: every record as it now stands, without Automerge. Can be made anew from the sealed log.

mod refresh;

use std::collections::{BTreeMap, BTreeSet};

use asif_proto::id::{LogId, MIN_SUFFIX, RecordId};
use asif_proto::record::SafetyPlan;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::by_practice::ByPractice;
use super::kept::Kept;
use super::record::{Answer, Client, Grant, Invited, Practice, Session};
use super::schema;
use crate::seal::body::DocId;

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
    // A row is large, and a tree that grows at its end is half empty: so the rows lie beside the tree.
    sessions: BTreeMap<RecordId, Box<Row<Session>>>,
    practices: BTreeMap<RecordId, Row<Practice>>,
    grants: BTreeMap<RecordId, Row<Grant>>,
    clients: BTreeMap<RecordId, Row<Client>>,
    kept: BTreeMap<RecordId, Row<Kept>>,
    safety_plan: Option<Row<SafetyPlan>>,
    answers: BTreeMap<RecordId, Row<Answer>>,
    names: BTreeMap<String, String>,
    touches: BTreeMap<RecordId, u64>,
    unreadable: BTreeSet<RecordId>,
    #[serde(skip)]
    by_time: BTreeSet<(Timestamp, RecordId)>,
    #[serde(skip)]
    by_practice: ByPractice,
    #[serde(skip)]
    backwards: BTreeSet<[u8; 32]>,
}

impl View {
    /// After loading: builds the order by time, also of each practice, and of ids read backwards.
    pub fn index(&mut self) {
        self.backwards = self.sessions.keys().chain(self.practices.keys()).chain(self.kept.keys()).map(backwards).collect();
        self.by_time = self.sessions.iter().map(|(id, row)| (row.value.occurred_at.timestamp(), *id)).collect();
        self.by_practice = ByPractice::default();
        self.sessions.iter().for_each(|(id, row)| self.by_practice.add(*id, &row.value));
    }

    /// The shortest suffix of a shown record's id that names no other, at least [`MIN_SUFFIX`] characters.
    pub fn short(&self, id: &RecordId) -> String {
        let own = backwards(id);
        let common = |other: &[u8; 32]| own.iter().zip(other).take_while(|(a, b)| a == b).count();
        let before = self.backwards.range(..own).next_back().map_or(0, common);
        let after = self.backwards.range(own..).find(|other| **other != own).map_or(0, common);
        let len = (before.max(after) + 1).clamp(MIN_SUFFIX, own.len());
        own.iter().take(len).rev().map(|byte| char::from(*byte)).collect()
    }

    /// The document in which a record lies that shows.
    pub fn doc_of(&self, id: &RecordId) -> Option<DocId> {
        let rows = [self.session(id).map(|row| row.doc), self.practice(id).map(|row| row.doc), self.kept(id).map(|row| row.doc)];
        rows.into_iter().flatten().next()
    }

    /// Whether any record is here, of a type that shows or not.
    pub fn is_empty(&self) -> bool {
        self.touches.is_empty()
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
        self.touches.get(id).copied().unwrap_or_default()
    }

    /// A session, also a deleted one.
    pub fn session(&self, id: &RecordId) -> Option<&Row<Session>> {
        self.sessions.get(id).map(Box::as_ref)
    }

    /// Every session by id, also deleted ones.
    pub fn sessions(&self) -> impl Iterator<Item = (&RecordId, &Row<Session>)> {
        self.sessions.iter().map(|(id, row)| (id, row.as_ref()))
    }

    /// Every session, newest first, also deleted ones.
    pub fn newest(&self) -> impl Iterator<Item = (&RecordId, &Row<Session>)> {
        self.by_time.iter().rev().filter_map(|(_, id)| self.sessions.get_key_value(id)).map(|(id, row)| (id, row.as_ref()))
    }

    /// The standing sessions of each practice.
    pub fn by_practice(&self) -> &ByPractice {
        &self.by_practice
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

    /// The name under a key of [`schema`].
    pub fn name(&self, key: &str) -> Option<&str> {
        self.names.get(key).map(String::as_str)
    }
}

/// The hexadecimal digits of an id, last first.
fn backwards(id: &RecordId) -> [u8; 32] {
    let mut digits = [0; 32];
    for (to, digit) in digits.iter_mut().zip(id.key().bytes().rev()) {
        *to = digit;
    }
    digits
}

#[cfg(test)]
mod tests;
