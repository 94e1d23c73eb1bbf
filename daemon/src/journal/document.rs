//! One Automerge document: writing to it, merging into it on a copy, looking under its keys.

use std::collections::BTreeSet;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use asif_proto::id::{LogId, RecordId};
use automerge::transaction::{CommitOptions, Transactable};
use automerge::{ActorId, Automerge, Change, ChangeHash, ROOT, ReadDoc, ScalarValue};
use jiff::Timestamp;
use serde_json::Value;

use super::erased::{Erased, Names, Rewriting};
use super::guard::Checked;
use super::{narrow, said, schema};

/// A value to put under a key of the root.
pub type Put = (String, ScalarValue);

/// One document and what is known of it.
#[derive(Clone)]
pub struct Document {
    pub(super) automerge: Automerge,
    pub(super) names: Names,
    /// What was taken out of it.
    erased: Arc<Erased>,
    max_op: u64,
    unproven: bool,
}

/// Why changes could not be merged. The document is as it was.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MergeError {
    /// Automerge panicked on the copy.
    #[error("the change made the merge fail")]
    Panic,
    /// Automerge refused it.
    #[error("the change was refused: {0}")]
    Refused(String),
    /// The merged document does not come back after saving.
    #[error("the merged document cannot be loaded again")]
    NotLoadable,
}

impl Default for Document {
    fn default() -> Self {
        Self::new(Arc::default())
    }
}

impl Document {
    /// An empty one, that takes in nothing of what was erased.
    pub fn new(erased: Arc<Erased>) -> Self {
        Self { automerge: Automerge::new(), names: Names::default(), erased, max_op: 0, unproven: false }
    }

    /// Writes `puts` as one change of `log` that tells no time; see [`write_at`](Self::write_at).
    pub fn write(&mut self, log: LogId, puts: &[Put], message: Option<&str>) -> Result<Option<Change>, MergeError> {
        self.write_at(log, puts, message, None)
    }

    /// Writes `puts` as one change of `log`; returns the plain change as others take it in, or `None` where nothing would change: that something is private or deleted
    /// is written again also where it is so already. The time, in whole seconds, is
    /// for people and orders nothing.
    pub fn write_at(
        &mut self,
        log: LogId,
        puts: &[Put],
        message: Option<&str>,
        at: Option<Timestamp>,
    ) -> Result<Option<Change>, MergeError> {
        let changed: Vec<_> = puts.iter().filter(|(key, value)| self.would_change(key, value) || narrow::keeps_away(key, value)).collect();
        if changed.is_empty() {
            return Ok(None);
        }
        self.automerge.set_actor(ActorId::from(log.as_bytes().as_slice()));
        let mut options = CommitOptions::default();
        if let Some(message) = message {
            options = options.with_message(message);
        }
        if let Some(at) = at {
            options = options.with_time(at.as_second());
        }
        // Over what stands there already, once or several times, it would be no put at all, and lose against whoever takes that back apart.
        let stands = |key: &str| self.automerge.get(ROOT, key).is_ok_and(|found| found.is_some());
        let again: BTreeSet<&str> =
            changed.iter().filter(|(key, value)| narrow::keeps_away(key, value) && stands(key)).map(|(key, _)| key.as_str()).collect();
        let mut transaction = self.automerge.transaction();
        for (key, value) in changed {
            if again.contains(key.as_str()) {
                transaction.put(ROOT, key.as_str(), ScalarValue::Null).map_err(|error| MergeError::Refused(error.to_string()))?;
            }
            transaction.put(ROOT, key.as_str(), value.clone()).map_err(|error| MergeError::Refused(error.to_string()))?;
        }
        transaction.commit_with(options);
        let change = self.automerge.get_last_local_change().ok_or(MergeError::NotLoadable)?;
        self.max_op = self.max_op.max(change.max_op());
        let outer = self.names.outer_form(&change);
        self.names.note(change.hash(), outer.hash());
        Ok(Some(outer))
    }

    /// Merges checked changes whose dependencies are all here: tried on a copy, then kept.
    pub fn merge(&mut self, changes: Vec<Checked>) -> Result<(), MergeError> {
        let mut copy = self.clone();
        copy.max_op = changes.iter().map(|checked| checked.change.max_op()).fold(self.max_op, u64::max);
        copy.unproven = true;
        let keys: BTreeSet<String> = changes.iter().flat_map(|checked| checked.keys().iter().cloned()).collect();
        let changes: Vec<Change> = changes.into_iter().map(|checked| checked.change).collect();
        let expected = changes.len();
        let before = copy.automerge.get_changes_meta(&[]).len();
        let merged = catch_unwind(AssertUnwindSafe(move || {
            let erased = copy.erased.clone();
            let mut rewriting = Rewriting::behind(&copy.automerge, copy.names, &erased);
            let inner: Vec<Change> =
                changes.iter().map(|change| rewriting.take(change, change.hash(), change.deps().iter().copied())).collect();
            copy.names = rewriting.names;
            copy.automerge.apply_changes(inner)?;
            copy.touch(&keys);
            Ok::<_, automerge::AutomergeError>(copy)
        }));
        match merged {
            Err(_) => Err(MergeError::Panic),
            Ok(Err(error)) => Err(MergeError::Refused(error.to_string())),
            Ok(Ok(copy)) => {
                if copy.automerge.get_changes_meta(&[]).len() != before + expected {
                    return Err(MergeError::Refused("not every change was applied".into()));
                }
                *self = copy;
                Ok(())
            }
        }
    }

    /// What was taken out of it.
    pub(super) fn erased(&self) -> &Arc<Erased> {
        &self.erased
    }

    /// This one, where nothing of what was erased is in it.
    pub(super) fn told_of(self, erased: Arc<Erased>) -> Self {
        Self { erased, ..self }
    }

    /// Something came that counts its operations up to here.
    pub(super) fn merged_up_to(&mut self, max_op: u64) {
        self.max_op = self.max_op.max(max_op);
        self.unproven = true;
    }

    /// Reads what the view will read of these keys: a document that cannot be read is not taken over.
    fn touch(&self, keys: &BTreeSet<String>) {
        for key in keys {
            self.losers(key);
            if let Some(record) = schema::record_of(key) {
                self.record(record);
            }
        }
    }

    /// The whole document with all that was ever put into it, uncompressed.
    pub fn save(&self) -> Vec<u8> {
        self.automerge.save_nocompress()
    }

    /// A document that [`save`](Self::save) gave. It is loaded in this process: bytes from elsewhere are judged in another one first.
    pub fn load(bytes: &[u8]) -> Result<Self, MergeError> {
        let loaded = catch_unwind(AssertUnwindSafe(|| {
            let automerge = Automerge::load(bytes).map_err(|error| MergeError::Refused(error.to_string()))?;
            let max_op = automerge.get_changes_meta(&[]).iter().map(|meta| meta.max_op).max().unwrap_or(0);
            Ok(Self { automerge, max_op, ..Self::default() })
        }));
        loaded.unwrap_or(Err(MergeError::Panic))
    }

    /// Every record that it holds something of.
    pub fn records(&self) -> impl Iterator<Item = RecordId> {
        let records: BTreeSet<RecordId> = self.keys().filter_map(|key| schema::record_of(&key)).collect();
        records.into_iter()
    }

    /// Whether changes from elsewhere were merged since it was last proven.
    pub fn is_unproven(&self) -> bool {
        self.unproven
    }

    /// Saves, loads and compares heads.
    pub fn prove(&mut self) -> Result<(), MergeError> {
        if !self.unproven {
            return Ok(());
        }
        let proof = catch_unwind(AssertUnwindSafe(|| {
            let loaded = Automerge::load(&self.automerge.save_nocompress()).ok()?;
            (loaded.get_heads() == self.automerge.get_heads()).then_some(())
        }));
        match proof {
            Ok(Some(())) => {
                self.unproven = false;
                Ok(())
            }
            _ => Err(MergeError::NotLoadable),
        }
    }

    /// Whether putting `value` says anything new: it is another, or others were put apart beside it.
    pub fn would_change(&self, key: &str, value: &ScalarValue) -> bool {
        self.scalar(key).as_ref() != Some(value) || self.is_contested(key)
    }

    /// Whether putting `value` changes what is said: not where it only says once more that something is private or deleted.
    pub fn is_news(&self, key: &str, value: &ScalarValue) -> bool {
        self.scalar(key).as_ref() != Some(value) || (self.is_contested(key) && !narrow::keeps_away(key, value))
    }

    /// Whether several values were put under a key apart.
    pub fn is_contested(&self, key: &str) -> bool {
        self.automerge.get_all(ROOT, key).is_ok_and(|all| all.len() > 1)
    }

    /// The highest operation counter so far.
    pub fn max_op(&self) -> u64 {
        self.max_op
    }

    /// The winning scalar under a key.
    pub fn scalar(&self, key: &str) -> Option<ScalarValue> {
        said::laid(&self.automerge, key, None)
    }

    /// The winning scalar under a key as it stood at `heads`.
    pub fn scalar_at(&self, key: &str, heads: &[ChangeHash]) -> Option<ScalarValue> {
        said::laid(&self.automerge, key, Some(heads))
    }

    /// What a key said at `heads`, also where that is packed in its record.
    pub fn said_at(&self, key: &str, heads: &[ChangeHash]) -> ScalarValue {
        said::at(&self.automerge, key, heads)
    }

    /// The document as it stood at `heads`, to look at.
    pub(super) fn as_it_stood(&self, heads: &[ChangeHash]) -> Option<Self> {
        let then = catch_unwind(AssertUnwindSafe(|| self.automerge.fork_at(heads)));
        Some(Self { automerge: then.ok()?.ok()?, unproven: true, ..self.clone() })
    }

    /// What stood under a key at `heads` beside what won.
    pub fn other_at(&self, key: &str, heads: &[ChangeHash]) -> Option<ScalarValue> {
        let is_apart = self.automerge.get_all_at(ROOT, key, heads).is_ok_and(|all| all.len() > 1);
        let then = is_apart.then(|| self.as_it_stood(heads)).flatten()?;
        then.losers(key).last().map(schema::scalar).or_else(|| then.scalar(key))
    }

    /// The values under a key that two devices put apart and that do not win.
    pub fn losers(&self, key: &str) -> Vec<Value> {
        let Ok(all) = self.automerge.get_all(ROOT, key) else { return Vec::new() };
        if all.len() < 2 {
            return Vec::new();
        }
        let winner = self.scalar(key);
        let values = all.into_iter().filter_map(|(value, _)| value.as_scalar().cloned());
        let mut losers: Vec<Value> =
            values.filter(|value| Some(value) != winner.as_ref()).filter_map(|value| schema::json(&value)).collect();
        losers.dedup();
        losers
    }

    /// Every key of the root.
    pub fn keys(&self) -> impl Iterator<Item = String> {
        self.automerge.keys(ROOT)
    }
}

/// When a change says that it was made; older programs did not say.
pub fn made_at(change: &Change) -> Option<Timestamp> {
    (change.timestamp() != 0).then(|| Timestamp::from_second(change.timestamp()).ok())?
}

/// The keys of the root that a change puts or deletes, once each.
pub fn keys_of(change: &Change) -> BTreeSet<String> {
    let root = automerge::legacy::ObjectId::Root;
    change
        .decode()
        .operations
        .into_iter()
        .filter(|op| op.obj == root)
        .filter_map(|op| match op.key {
            automerge::legacy::Key::Map(key) => Some(key.to_string()),
            automerge::legacy::Key::Seq(_) => None,
        })
        .collect()
}
