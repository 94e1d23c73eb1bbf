//! The sessions of the view: of all of them it is known which there are and when they were; what they say lies sealed, document by document, until it
//! is asked for, and is let go again when nobody asked for long.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};

use asif_proto::id::{PartId, RecordId};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::Row;
use super::part::{self, Part, Rows};
use crate::Rng;
use crate::journal::by_practice::ByPractice;
use crate::journal::record::Session;
use crate::seal::body::DocId;
use crate::seal::keys::CacheKey;

/// Sealed parts, by name.
pub type Parts = BTreeMap<PartId, std::sync::Arc<[u8]>>;

/// The rows of documents, packed and not yet sealed.
pub(super) type Packed = Vec<serde_bytes::ByteBuf>;

/// Every session, also deleted ones.
#[derive(Debug, Clone, Default)]
pub(super) struct Sessions {
    months: BTreeMap<DocId, Month>,
    docs: BTreeMap<RecordId, DocId>,
    by_time: BTreeMap<(Timestamp, RecordId), DocId>,
    by_practice: ByPractice,
    deleted: BTreeSet<RecordId>,
    /// Those that were ever to be kept back until a time.
    held: BTreeSet<RecordId>,
}

/// The sessions of one document: sealed, or open, or both.
#[derive(Debug, Default)]
struct Month {
    sealed: Option<Part>,
    open: OnceLock<Rows>,
    broken: AtomicBool,
}

/// What is known of all sessions without opening a part.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct SavedSessions {
    practices: Vec<RecordId>,
    months: Vec<SavedMonth>,
}

/// The same of one document, column by column.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct SavedMonth {
    doc: DocId,
    part: PartId,
    ids: Vec<RecordId>,
    /// Seconds since the one before, the first since 1970.
    seconds: Vec<i64>,
    nanoseconds: Vec<i32>,
    /// Of a session that stands: 1 + the place of its practice among all practices; else 0.
    practices: Vec<usize>,
    /// The places of those that are deleted.
    deleted: Vec<usize>,
    /// The places of those that were ever to be kept back until a time.
    held: Vec<usize>,
}

/// A saved view names a part that is not there, or says what cannot be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the saved view does not go with its parts")]
pub struct Unfit;

impl Month {
    fn rows(&self) -> &Rows {
        self.open.get_or_init(|| match &self.sealed {
            None => Rows::new(),
            Some(part) => part.open().unwrap_or_else(|| {
                self.broken.store(true, Ordering::Relaxed);
                Rows::new()
            }),
        })
    }

    /// To be changed: what is sealed of it no longer holds.
    fn rows_mut(&mut self) -> &mut Rows {
        self.rows();
        self.sealed = None;
        #[expect(clippy::expect_used, reason = "they were opened in the line before the last")]
        self.open.get_mut().expect("open rows")
    }
}

impl Clone for Month {
    fn clone(&self) -> Self {
        let broken = AtomicBool::new(self.broken.load(Ordering::Relaxed));
        Self { sealed: self.sealed.clone(), open: self.open.clone(), broken }
    }
}

impl PartialEq for Sessions {
    fn eq(&self, other: &Self) -> bool {
        let known = |one: &Self| (one.docs.clone(), one.by_time.clone(), one.by_practice.clone(), one.deleted.clone(), one.held.clone());
        self.iter().eq(other.iter()) && known(self) == known(other)
    }
}

impl Sessions {
    pub(super) fn get(&self, id: &RecordId) -> Option<&Row<Session>> {
        self.months.get(self.docs.get(id)?)?.rows().get(id).map(Box::as_ref)
    }

    pub(super) fn doc_of(&self, id: &RecordId) -> Option<DocId> {
        self.docs.get(id).copied()
    }

    pub(super) fn contains(&self, id: &RecordId) -> bool {
        self.docs.contains_key(id)
    }

    pub(super) fn ids(&self) -> impl Iterator<Item = &RecordId> {
        self.docs.keys()
    }

    /// Those that were ever to be kept back until a time.
    pub(super) fn held(&self) -> impl Iterator<Item = &RecordId> {
        self.held.iter()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.docs.is_empty()
    }

    pub(super) fn count_standing(&self) -> usize {
        self.docs.len() - self.deleted.len()
    }

    /// Document by document.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&RecordId, &Row<Session>)> {
        self.months.values().flat_map(Month::rows).map(|(id, row)| (id, row.as_ref()))
    }

    /// The latest first.
    pub(super) fn newest(&self) -> impl Iterator<Item = (Timestamp, &RecordId, DocId)> {
        self.by_time.iter().rev().map(|((at, id), doc)| (*at, id, *doc))
    }

    pub(super) fn in_doc(&self, doc: DocId, id: &RecordId) -> Option<&Row<Session>> {
        self.months.get(&doc)?.rows().get(id).map(Box::as_ref)
    }

    pub(super) fn by_practice(&self) -> &ByPractice {
        &self.by_practice
    }

    pub(super) fn insert(&mut self, id: RecordId, row: Row<Session>) {
        self.remove(&id);
        self.docs.insert(id, row.doc);
        self.by_time.insert((row.value.occurred_at.timestamp(), id), row.doc);
        self.by_practice.add(id, &row.value);
        if row.value.deleted == Some(true) {
            self.deleted.insert(id);
        }
        if row.value.hold_until.is_some() {
            self.held.insert(id);
        }
        self.months.entry(row.doc).or_default().rows_mut().insert(id, Box::new(row));
    }

    pub(super) fn remove(&mut self, id: &RecordId) -> Option<Box<Row<Session>>> {
        let doc = self.docs.remove(id)?;
        self.deleted.remove(id);
        self.held.remove(id);
        let row = self.months.get_mut(&doc)?.rows_mut().remove(id)?;
        self.by_practice.remove(*id, &row.value);
        self.by_time.remove(&(row.value.occurred_at.timestamp(), *id));
        Some(row)
    }

    /// Forgets those of a document; tells which they were.
    pub(super) fn forget(&mut self, doc: DocId) -> Vec<RecordId> {
        let Some(month) = self.months.remove(&doc) else { return Vec::new() };
        for (id, row) in month.rows() {
            self.docs.remove(id);
            self.deleted.remove(id);
            self.held.remove(id);
            self.by_practice.remove(*id, &row.value);
            self.by_time.remove(&(row.value.occurred_at.timestamp(), *id));
        }
        let ids = month.rows().keys().copied().collect();
        if month.broken.load(Ordering::Relaxed) {
            // It stays told.
            self.months.insert(doc, month);
        }
        ids
    }

    /// A part did not open: what was told since is not to be used.
    pub(super) fn is_broken(&self) -> bool {
        self.months.values().any(|month| month.broken.load(Ordering::Relaxed))
    }

    /// Whether rows are open that need not be.
    pub(super) fn holds_open(&self) -> bool {
        self.months.values().any(|month| month.sealed.is_some() && month.open.get().is_some())
    }

    /// Lets go of rows that are sealed too.
    pub(super) fn let_go(&mut self) {
        self.months.values_mut().filter(|month| month.sealed.is_some()).for_each(|month| drop(month.open.take()));
    }

    /// Seals what was changed.
    pub(super) fn seal(&mut self, key: &CacheKey, rng: &mut Rng) {
        self.months.retain(|_, month| month.sealed.is_some() || !month.rows().is_empty() || month.broken.load(Ordering::Relaxed));
        for month in self.months.values_mut().filter(|month| month.sealed.is_none()) {
            month.sealed = Some(Part::seal(month.rows(), key, rng));
        }
    }

    /// The sealed parts.
    pub(super) fn parts(&self) -> Parts {
        self.months.values().filter_map(|month| month.sealed.as_ref()).map(|part| (part.id, part.bytes.clone())).collect()
    }

    /// What is kept beside the parts, once all is sealed.
    pub(super) fn saved(&self) -> SavedSessions {
        let sealed = self.months.iter().filter_map(|(doc, month)| month.sealed.as_ref().map(|part| (*doc, part.id, part.ids.to_vec())));
        self.columns(sealed)
    }

    /// The same, with the rows packed instead of sealed.
    pub(super) fn pack(&self) -> (SavedSessions, Packed) {
        let unsealed = PartId([0; 32]);
        let open = || self.months.iter().map(|(doc, month)| (*doc, month.rows())).filter(|(_, rows)| !rows.is_empty());
        let packed = open().map(|(_, rows)| serde_bytes::ByteBuf::from(part::pack_rows(rows).to_vec()));
        (self.columns(open().map(|(doc, rows)| (doc, unsealed, rows.keys().copied().collect()))), packed.collect())
    }

    fn columns(&self, months: impl Iterator<Item = (DocId, PartId, Vec<RecordId>)>) -> SavedSessions {
        let practices: Vec<RecordId> = self.by_practice.practices().copied().collect();
        let mut practice_of: BTreeMap<RecordId, usize> = BTreeMap::new();
        for (place, practice) in practices.iter().enumerate() {
            practice_of.extend(self.by_practice.newest(practice).map(|(_, id)| (*id, place + 1)));
        }
        let times: BTreeMap<RecordId, Timestamp> = self.by_time.keys().map(|(at, id)| (*id, *at)).collect();
        let months = months.map(|(doc, part, ids)| {
            let mut saved = SavedMonth {
                doc,
                part,
                ids: Vec::new(),
                seconds: Vec::new(),
                nanoseconds: Vec::new(),
                practices: Vec::new(),
                deleted: Vec::new(),
                held: Vec::new(),
            };
            let mut before = 0;
            for (place, id) in ids.iter().enumerate() {
                let at = times.get(id).copied().unwrap_or_default();
                saved.seconds.push(at.as_second() - std::mem::replace(&mut before, at.as_second()));
                saved.nanoseconds.push(at.subsec_nanosecond());
                saved.practices.push(practice_of.get(id).copied().unwrap_or_default());
                if self.deleted.contains(id) {
                    saved.deleted.push(place);
                }
                if self.held.contains(id) {
                    saved.held.push(place);
                }
            }
            saved.ids = ids;
            saved
        });
        SavedSessions { months: months.collect(), practices }
    }

    /// Takes those of a document that were packed somewhere else, in the place of what is here of it; tells which they are.
    pub(super) fn take(
        &mut self,
        doc: DocId,
        mut saved: SavedSessions,
        packed: Packed,
        key: &CacheKey,
        rng: &mut Rng,
    ) -> Result<BTreeSet<RecordId>, Unfit> {
        if packed.len() != saved.months.len() || saved.months.iter().any(|month| month.doc != doc) {
            return Err(Unfit);
        }
        let mut parts = Parts::new();
        for (month, packed) in saved.months.iter_mut().zip(packed) {
            let sealed = part::seal(&packed, key, rng);
            month.part = PartId::of(&sealed);
            parts.insert(month.part, sealed.into());
        }
        let taken = Self::found(saved, &parts, key)?;
        self.forget(doc);
        for id in taken.docs.keys() {
            self.remove(id);
        }
        let ids = taken.docs.keys().copied().collect();
        self.months.extend(taken.months);
        self.docs.extend(taken.docs);
        self.by_time.extend(taken.by_time);
        self.by_practice.extend(taken.by_practice);
        self.deleted.extend(taken.deleted);
        self.held.extend(taken.held);
        Ok(ids)
    }

    /// As they were saved, with the parts that were found; none is opened.
    pub(super) fn found(saved: SavedSessions, parts: &Parts, key: &CacheKey) -> Result<Self, Unfit> {
        let mut found = Self::default();
        let (mut times, mut docs, mut of_practice) = (Vec::new(), Vec::new(), Vec::new());
        for month in saved.months {
            let count = month.ids.len();
            if [month.seconds.len(), month.nanoseconds.len(), month.practices.len()] != [count; 3] || !month.ids.is_sorted_by(|a, b| a < b)
            {
                return Err(Unfit);
            }
            let bytes = parts.get(&month.part).ok_or(Unfit)?.clone();
            let mut second: i64 = 0;
            for (place, id) in month.ids.iter().enumerate() {
                let at = |columns: &SavedMonth| {
                    Some((*columns.seconds.get(place)?, *columns.nanoseconds.get(place)?, *columns.practices.get(place)?))
                };
                let (since, nanosecond, practice) = at(&month).ok_or(Unfit)?;
                second = second.checked_add(since).ok_or(Unfit)?;
                let at = Timestamp::new(second, nanosecond).map_err(|_| Unfit)?;
                times.push(((at, *id), month.doc));
                docs.push((*id, month.doc));
                if let Some(practice) = practice.checked_sub(1) {
                    of_practice.push((*saved.practices.get(practice).ok_or(Unfit)?, (at, *id)));
                }
            }
            let at =
                |places: &[usize]| places.iter().map(|place| month.ids.get(*place).copied().ok_or(Unfit)).collect::<Result<Vec<_>, _>>();
            found.deleted.extend(at(&month.deleted)?);
            found.held.extend(at(&month.held)?);
            let sealed = Some(Part::found(month.part, bytes, month.ids, key));
            if found.months.insert(month.doc, Month { sealed, ..Month::default() }).is_some() {
                return Err(Unfit);
            }
        }
        // From a list in order a tree is built at once, and full.
        let count = docs.len();
        found.docs = docs.into_iter().collect();
        found.by_time = times.into_iter().collect();
        found.by_practice = ByPractice::of(of_practice);
        if found.docs.len() == count { Ok(found) } else { Err(Unfit) }
    }
}

#[cfg(test)]
mod tests;
