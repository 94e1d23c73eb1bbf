//! The changes of a document, by the names that everybody knows them by; and what of another copy of it is not in this one.

use std::collections::BTreeSet;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use asif_proto::id::{LogId, RecordId};
use automerge::{Automerge, Change, ChangeHash, ReadDoc};

use super::document::{Document, MergeError, keys_of};
use super::erased::{Erased, Rewriting};
use super::schema;

impl Document {
    /// Takes out of it whatever was erased.
    pub fn without(self, erased: &Arc<Erased>) -> Result<Self, MergeError> {
        if self.erased() == erased {
            return Ok(self);
        }
        if !erased.concerns(self.keys()) {
            return Ok(self.told_of(erased.clone()));
        }
        let rewritten = catch_unwind(AssertUnwindSafe(|| {
            let mut fresh = Self::new(erased.clone());
            fresh.take_in(&self, self.automerge.get_changes(&[]).iter())?;
            Ok(fresh)
        }));
        rewritten.unwrap_or(Err(MergeError::Panic))
    }

    /// Changes of another copy of this document, each after what it builds on.
    fn take_in<'a>(&mut self, other: &Self, changes: impl Iterator<Item = &'a Change>) -> Result<(), MergeError> {
        let erased = self.erased().clone();
        let mut rewriting = Rewriting::behind(&self.automerge, std::mem::take(&mut self.names), &erased);
        let inner: Vec<Change> = changes
            .map(|change| rewriting.take(change, other.names.of(&change.hash()), change.deps().iter().map(|dep| other.names.of(dep))))
            .collect();
        self.names = rewriting.names;
        let refused = |error: automerge::AutomergeError| MergeError::Refused(error.to_string());
        let count = self.automerge.get_changes_meta(&[]).len() + inner.len();
        self.automerge.apply_changes(inner).map_err(refused)?;
        if self.automerge.get_changes_meta(&[]).len() != count {
            return Err(MergeError::Refused("not every change was applied".into()));
        }
        self.merged_up_to(other.max_op());
        Ok(())
    }

    /// Takes in whatever another has of the same document; returns the keys of each change that was not here.
    pub fn absorb(&mut self, other: Self) -> Result<Vec<BTreeSet<String>>, MergeError> {
        let mut copy = self.clone();
        let absorbed = catch_unwind(AssertUnwindSafe(move || {
            let new: Vec<Change> = copy.lacking(&other);
            let added: Vec<BTreeSet<String>> = new.iter().map(keys_of).collect();
            copy.take_in(&other, new.iter())?;
            Ok((copy, added))
        }));
        let (copy, added) = absorbed.unwrap_or(Err(MergeError::Panic))?;
        *self = copy;
        Ok(added)
    }

    /// What another has of the same document, and this one has not: as it stands there, each after what it builds on.
    fn lacking(&self, other: &Self) -> Vec<Change> {
        if self.names.is_plain() && other.names.is_plain() {
            return self.automerge.get_changes_added(&other.automerge);
        }
        let mut changes = other.automerge.get_changes(&[]);
        changes.retain(|change| !self.contains(&other.names.of(&change.hash())));
        changes
    }

    /// The logs whose changes another has of the same document, and this one has not.
    pub fn lacks_from(&self, other: &Self) -> BTreeSet<LogId> {
        self.lacking(other).iter().filter_map(|change| change.actor_id().to_bytes().try_into().ok().map(LogId)).collect()
    }

    /// The changes that another has of the same document, and this one has not.
    pub fn lacks(&self, other: &Self) -> BTreeSet<ChangeHash> {
        self.lacking(other).iter().map(|change| other.names.of(&change.hash())).collect()
    }

    /// The changes of these logs.
    pub fn by(&self, logs: &BTreeSet<LogId>) -> impl Iterator<Item = ChangeHash> {
        let all = if logs.is_empty() { Vec::new() } else { self.automerge.get_changes(&[]) };
        let is_by = |change: &Change| change.actor_id().to_bytes().try_into().is_ok_and(|log| logs.contains(&LogId(log)));
        all.into_iter().filter(is_by).map(|change| self.names.of(&change.hash()))
    }

    /// Whether a change is here.
    pub fn contains(&self, name: &ChangeHash) -> bool {
        self.automerge.get_change_meta_by_hash(&self.names.inner(name)).is_some()
    }

    /// A change as it stands here: what it builds on, and itself, are hashes of this document.
    pub fn change(&self, name: &ChangeHash) -> Option<Change> {
        self.automerge.get_change_by_hash(&self.names.inner(name))
    }

    /// Whether a change knew of another when it was made.
    pub fn builds_on(&self, change: ChangeHash, on: ChangeHash) -> bool {
        let (change, on) = (self.names.inner(&change), self.names.inner(&on));
        let meta = |hash: &ChangeHash| self.automerge.get_change_meta_by_hash(hash);
        let Some(least) = meta(&on).map(|meta| meta.max_op) else { return false };
        let (mut seen, mut next) = (BTreeSet::from([change]), vec![change]);
        while let Some(hash) = next.pop() {
            for dep in meta(&hash).map(|meta| meta.deps.to_vec()).unwrap_or_default() {
                if dep == on {
                    return true;
                }
                // What builds on it counts on from its operations.
                if meta(&dep).is_some_and(|meta| meta.max_op > least) && seen.insert(dep) {
                    next.push(dep);
                }
            }
        }
        false
    }

    /// The changes that nothing here builds on, sorted.
    pub fn heads(&self) -> Vec<ChangeHash> {
        let heads: BTreeSet<ChangeHash> = self.automerge.get_heads().iter().map(|hash| self.names.of(hash)).collect();
        heads.into_iter().collect()
    }

    /// Every change that says something of a record.
    pub fn touching(&self, record: RecordId) -> BTreeSet<ChangeHash> {
        let touches = |change: &Change| keys_of(change).iter().any(|key| schema::record_of(key) == Some(record));
        self.automerge.get_changes(&[]).iter().filter(|change| touches(change)).map(|change| self.names.of(&change.hash())).collect()
    }

    /// The names of all its changes in the order of their logs, where any stands under another hash; else none.
    pub fn names(&self) -> Vec<[u8; 32]> {
        if self.names.is_plain() {
            return Vec::new();
        }
        in_order(&self.automerge).iter().map(|hash| self.names.of(hash).0).collect()
    }

    /// The same document, whose changes are named so, as [`names`](Self::names) told.
    pub fn named(mut self, names: &[[u8; 32]]) -> Result<Self, MergeError> {
        let order = in_order(&self.automerge);
        if !names.is_empty() && names.len() != order.len() {
            return Err(MergeError::Refused("it has other changes than are named".into()));
        }
        order.iter().zip(names).for_each(|(inner, name)| self.names.note(*inner, ChangeHash(*name)));
        Ok(self)
    }
}

fn in_order(automerge: &Automerge) -> Vec<ChangeHash> {
    let mut metas = automerge.get_changes_meta(&[]);
    metas.sort_by(|one, other| (&one.actor, one.seq).cmp(&(&other.actor, other.seq)));
    metas.iter().map(|meta| meta.hash).collect()
}
