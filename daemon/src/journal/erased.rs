//! Erasing records from documents: what they said is taken out of every change that said it, and nothing else is touched.
//!
//! ```text
//! before   o--c1--c2--c3        c1 said something of the record
//! after    o--c1'-c2'-c3'       c1' says nothing any more; c2' and c3' say what c2 and c3 said, and build on what is there now
//! ```
//!
//! A change is named by the hash of the bytes in which it was first written, and others name it so for ever: also where what stands in the document in its
//! place has another hash. So devices that know of different erasures exchange the same changes, and whoever knows the same of both holds the same
//! document: there is nothing to agree on, and nothing of anybody's to trust.

use std::collections::{BTreeMap, BTreeSet};

use asif_proto::id::RecordId;
use automerge::legacy::{Key, ObjectId, Op, OpId, OpType};
use automerge::{ActorId, Automerge, Change, ChangeHash, ExpandedChange, ScalarValue};

use super::schema;
use crate::seal::body::Erase;

/// What was erased for good: it only grows.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Erased(BTreeMap<RecordId, What>);

#[derive(Debug, Clone, PartialEq, Eq)]
enum What {
    /// Whatever was said of it, or will be.
    All,
    /// What these changes said of it.
    Drafts(BTreeSet<[u8; 32]>),
}

impl Erased {
    /// What was told.
    pub fn of(erase: &Erase) -> Self {
        let mut erased = Self::default();
        erased.add(erase);
        erased
    }

    /// Takes in what somebody erased; says whether it is news.
    pub fn add(&mut self, erase: &Erase) -> bool {
        let before = self.clone();
        for record in &erase.records {
            self.0.insert(*record, What::All);
        }
        for (record, changes) in &erase.drafts {
            if let What::Drafts(drafts) = self.0.entry(*record).or_insert_with(|| What::Drafts(BTreeSet::new())) {
                drafts.extend(changes);
            }
        }
        *self != before
    }

    /// All of it, as it is told.
    pub fn told(&self) -> Erase {
        let mut told = Erase { records: Vec::new(), drafts: Vec::new() };
        for (record, what) in &self.0 {
            match what {
                What::All => told.records.push(*record),
                What::Drafts(changes) => told.drafts.push((*record, changes.iter().copied().collect())),
            }
        }
        told
    }

    /// Whether nothing was ever erased.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Records that are gone for good.
    pub fn gone(&self) -> impl Iterator<Item = &RecordId> {
        self.0.iter().filter(|(_, what)| **what == What::All).map(|(record, _)| record)
    }

    /// Whether a record is gone for good.
    pub fn is_gone(&self, record: &RecordId) -> bool {
        matches!(self.0.get(record), Some(What::All))
    }

    /// Whether what a change says under a key is erased.
    pub fn takes(&self, name: &ChangeHash, key: &str) -> bool {
        let what = schema::record_of(key).and_then(|record| self.0.get(&record));
        what.is_some_and(|what| match what {
            What::All => true,
            What::Drafts(changes) => changes.contains(&name.0),
        })
    }

    /// Of a document with these keys of the root, whether anything could be in it that was erased.
    pub(super) fn concerns(&self, keys: impl Iterator<Item = String>) -> bool {
        !self.0.is_empty() && keys.filter_map(|key| schema::record_of(&key)).any(|record| self.0.contains_key(&record))
    }
}

/// Changes that stand in a document under another hash than the one they are named by.
#[derive(Debug, Clone, Default)]
pub(super) struct Names {
    of: BTreeMap<ChangeHash, ChangeHash>,
    inner: BTreeMap<ChangeHash, ChangeHash>,
}

impl Names {
    /// The name of a change that stands in the document.
    pub(super) fn of(&self, inner: &ChangeHash) -> ChangeHash {
        self.of.get(inner).copied().unwrap_or(*inner)
    }

    /// The hash under which a change stands in the document, if it does.
    pub(super) fn inner(&self, name: &ChangeHash) -> ChangeHash {
        self.inner.get(name).copied().unwrap_or(*name)
    }

    /// Whether every change stands under its name.
    pub(super) fn is_plain(&self) -> bool {
        self.of.is_empty()
    }

    pub(super) fn note(&mut self, inner: ChangeHash, name: ChangeHash) {
        if inner != name {
            self.of.insert(inner, name);
            self.inner.insert(name, inner);
        }
    }

    /// A change of the document as it is written down for others: it builds on names.
    pub(super) fn outer_form(&self, change: &Change) -> Change {
        if change.deps().iter().all(|dep| self.of(dep) == *dep) {
            return change.clone();
        }
        let mut expanded = change.decode();
        expanded.deps = sorted(change.deps().iter().map(|dep| self.of(dep)));
        Change::from(expanded)
    }
}

/// Puts changes into the form in which they stand in a document.
pub(super) struct Rewriting<'a> {
    erased: &'a Erased,
    pub(super) names: Names,
    /// Of each log the changes so far: first and last operation, name.
    ops: BTreeMap<ActorId, Vec<(u64, u64, ChangeHash)>>,
}

impl<'a> Rewriting<'a> {
    /// Goes on behind what a document holds.
    pub(super) fn behind(automerge: &Automerge, names: Names, erased: &'a Erased) -> Self {
        let mut rewriting = Self { erased, names, ops: BTreeMap::new() };
        if !erased.is_empty() {
            for meta in automerge.get_changes_meta(&[]) {
                let name = rewriting.names.of(&meta.hash);
                rewriting.ops.entry(meta.actor.clone().into_owned()).or_default().push((meta.start_op, meta.max_op, name));
            }
        }
        rewriting
    }

    /// The next change, by its name, that builds on these: as it stands in the document.
    pub(super) fn take(&mut self, change: &Change, name: ChangeHash, deps: impl Iterator<Item = ChangeHash>) -> Change {
        let deps = sorted(deps.map(|name| self.names.inner(&name)));
        let is_same = deps.iter().collect::<BTreeSet<_>>() == change.deps().iter().collect();
        let keeps = || change.decode().operations.iter().all(|op| !self.takes(&name, op) && self.stray(op).is_empty());
        let inner = if is_same && (self.erased.is_empty() || keeps()) { change.clone() } else { self.rewritten(change, name, deps) };
        if !self.erased.is_empty() {
            self.ops.entry(change.actor_id().clone()).or_default().push((change.start_op().get(), change.max_op(), name));
        }
        self.names.note(inner.hash(), name);
        inner
    }

    fn rewritten(&self, change: &Change, name: ChangeHash, deps: Vec<ChangeHash>) -> Change {
        let mut expanded = ExpandedChange { deps, hash: None, ..change.decode() };
        let mut operations = std::mem::take(&mut expanded.operations);
        for op in &mut operations {
            if self.takes(&name, op) {
                // The name of a field or a tag tells something too, and so does what was laid over what.
                *op = Op { action: OpType::Put(ScalarValue::Null), key: gone_key(&op.key), pred: Vec::new().into(), ..op.clone() };
                // Words of what was done may tell of it.
                expanded.message = None;
                continue;
            }
            let stray = self.stray(op);
            if !stray.is_empty() {
                let kept: Vec<OpId> = op.pred.iter().filter(|pred| !stray.contains(pred)).cloned().collect();
                // It took away what is gone.
                if kept.is_empty() && op.action == OpType::Delete {
                    op.action = OpType::Put(ScalarValue::Null);
                }
                op.pred = kept.into();
            }
        }
        expanded.operations = operations;
        Change::from(expanded)
    }

    fn takes(&self, name: &ChangeHash, op: &Op) -> bool {
        match &op.key {
            Key::Map(key) => op.obj == ObjectId::Root && self.erased.takes(name, key),
            Key::Seq(_) => false,
        }
    }

    /// What an operation was laid over, and is not under its key any more.
    fn stray(&self, op: &Op) -> BTreeSet<OpId> {
        let Key::Map(key) = &op.key else { return BTreeSet::new() };
        if schema::record_of(key).is_none_or(|record| !self.erased.0.contains_key(&record)) {
            return BTreeSet::new();
        }
        op.pred.iter().filter(|pred| self.name_of(pred).is_some_and(|name| self.erased.takes(&name, key))).cloned().collect()
    }

    fn name_of(&self, OpId(counter, actor): &OpId) -> Option<ChangeHash> {
        self.ops.get(actor)?.iter().find(|(first, last, _)| (first..=last).contains(&counter)).map(|(_, _, name)| *name)
    }
}

/// The key under which lies what was erased of a record. Nobody ever writes to it, so nothing that anybody writes is laid over what lies there: not
/// even where others do not know yet that it was erased.
fn gone_key(key: &Key) -> Key {
    match key {
        Key::Map(key) => {
            Key::Map(schema::record_of(key).map_or_else(|| key.clone(), |record| schema::field(record, schema::GONE).as_str().into()))
        }
        Key::Seq(_) => key.clone(),
    }
}

fn sorted(hashes: impl Iterator<Item = ChangeHash>) -> Vec<ChangeHash> {
    hashes.collect::<BTreeSet<_>>().into_iter().collect()
}

#[cfg(test)]
mod tests;
