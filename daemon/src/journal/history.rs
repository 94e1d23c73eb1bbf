//! What was ever put into a document, change by change: for people to read, and to find what two that wrote apart began with.
//!
//! ```text
//! note   o "one"  <--  o "one two"      over: what a put saw and replaced
//!            ^-------  o "one three"    two that nothing replaced: both stand, one of them shows
//! ```
//!
//! A document tells it by decoding all of its changes; so it is asked only where somebody looks, or where a text was changed apart.

use std::collections::{BTreeMap, BTreeSet};
use std::panic::{AssertUnwindSafe, catch_unwind};

use asif_proto::id::LogId;
use automerge::legacy::{Key, ObjectId, OpId, OpType};
use automerge::{Change, ChangeHash, ObjId, ROOT, ReadDoc, ScalarValue};
use jiff::Timestamp;
use serde_json::Value;

use super::document::{Document, made_at};
use super::{prose, schema};

/// What the name of a change begins with that takes another back.
pub const UNDO: &str = "undo ";
/// And of one that puts it again.
pub const REDO: &str = "redo ";

/// Which put: its counter and its log.
pub type PutId = (u64, LogId);

/// One change, as far as it concerns what was asked about.
#[derive(Debug, Clone, PartialEq)]
pub struct Step {
    /// The change.
    pub hash: ChangeHash,
    /// The log that wrote it.
    pub log: LogId,
    /// When, as its device's clock said; older programs did not say.
    pub at: Option<Timestamp>,
    /// What was done.
    pub message: String,
    /// What it put.
    pub puts: Vec<Laid>,
}

/// One value put under a key.
#[derive(Debug, Clone, PartialEq)]
pub struct Laid {
    /// Which put.
    pub id: PutId,
    /// Under which key of the root.
    pub key: String,
    /// What.
    pub value: ScalarValue,
    /// The puts that it saw and replaced.
    pub over: Vec<PutId>,
    /// It put nothing: of several values apart it chose the one that showed already, which is its value here, and took the others away.
    pub settles: bool,
}

impl Document {
    /// Every change that put something under a key that `wanted` takes: each after what it builds on, what was written apart in the order of its
    /// times. The same on every device that has the same changes.
    pub fn steps(&self, wanted: impl Fn(&str) -> bool) -> Vec<Step> {
        let mut changes = self.automerge.get_changes(&[]);
        // No earlier than anything it builds on; that comes first here.
        let mut times: BTreeMap<ChangeHash, Option<Timestamp>> = BTreeMap::new();
        for change in &changes {
            let before = change.deps().iter().filter_map(|hash| *times.get(hash)?).max();
            times.insert(change.hash(), made_at(change).max(before));
        }
        changes.sort_by_cached_key(|change| (times.get(&change.hash()).copied().flatten(), change.start_op(), change.actor_id().clone()));
        let mut steps: Vec<Step> = changes.iter().filter_map(|change| step(change, &wanted)).collect();
        for step in &mut steps {
            let hash = step.hash;
            for put in step.puts.iter_mut().filter(|put| put.settles) {
                put.value = self.scalar_at(&put.key, &[hash]).unwrap_or(ScalarValue::Null);
            }
        }
        steps
    }

    /// The puts that stand under a key, each with what it says; the one that shows is the last.
    pub fn standing(&self, key: &str) -> Vec<(PutId, ScalarValue)> {
        let all = self.automerge.get_all(ROOT, key).unwrap_or_default();
        let mut all: Vec<(PutId, ScalarValue)> = all
            .into_iter()
            .filter_map(|(value, id)| match id {
                ObjId::Id(counter, actor, _) => Some((put_id(&OpId(counter, actor))?, value.as_scalar()?.clone())),
                ObjId::Root => None,
            })
            .collect();
        let shown = self.scalar(key);
        all.sort_by_key(|(id, value)| (Some(value) == shown.as_ref(), *id));
        all
    }

    /// Of these keys, the prose that was changed apart and can be told in one text. The same on every device that has the same changes.
    pub fn merged(&self, keys: &BTreeSet<String>) -> BTreeMap<String, String> {
        let apart: BTreeSet<&String> = keys.iter().filter(|key| schema::is_prose(key) && self.is_contested(key)).collect();
        if apart.is_empty() {
            return BTreeMap::new();
        }
        let merged = catch_unwind(AssertUnwindSafe(|| {
            let mut laid: BTreeMap<String, BTreeMap<PutId, Laid>> = BTreeMap::new();
            let mut set_back: BTreeSet<PutId> = BTreeSet::new();
            for step in self.steps(|key| apart.contains(&key.to_owned())) {
                if step.message.starts_with(UNDO) {
                    set_back.extend(step.puts.iter().map(|put| put.id));
                }
                for put in step.puts {
                    laid.entry(put.key.clone()).or_default().insert(put.id, put);
                }
            }
            laid.into_iter().filter_map(|(key, puts)| Some((key.clone(), self.in_one(&key, &puts, &set_back)?))).collect()
        }));
        merged.unwrap_or_default()
    }

    /// What a key shows: the text in one where it was changed apart and goes together, else what wins.
    pub fn shown(&self, key: &str) -> Option<ScalarValue> {
        let in_one = self.merged(&BTreeSet::from([key.to_owned()])).remove(key);
        in_one.map(ScalarValue::from).or_else(|| self.scalar(key))
    }

    /// What prose under a key was shown as at `heads`, where several devices had written it apart and it was told in one text.
    pub fn merged_at(&self, key: &str, heads: &[ChangeHash]) -> Option<String> {
        let is_apart = schema::is_prose(key) && self.automerge.get_all_at(ROOT, key, heads).is_ok_and(|all| all.len() > 1);
        if !is_apart {
            return None;
        }
        self.as_it_stood(heads)?.merged(&BTreeSet::from([key.to_owned()])).remove(key)
    }

    /// What stands under a key, merged against the last that all of it builds on. Words that were said once more are not taken for unchanged,
    /// unless they were only set back.
    fn in_one(&self, key: &str, puts: &BTreeMap<PutId, Laid>, set_back: &BTreeSet<PutId>) -> Option<String> {
        let standing = standing(puts);
        let texts: Vec<&str> = standing.iter().map(|id| text(puts.get(id)?)).collect::<Option<_>>()?;
        let mut shared: Option<BTreeSet<PutId>> = None;
        for id in &standing {
            let of = lineage(*id, puts);
            shared = Some(shared.map_or_else(|| of.clone(), |all| &all & &of));
        }
        let base = match shared?.last() {
            Some(id) => text(puts.get(id)?)?.to_owned(),
            None => self.packed_text(key),
        };
        let is_said_again = |(id, text): (&PutId, &&str)| **text == base && !set_back.contains(id);
        if standing.iter().zip(&texts).any(is_said_again) && texts.iter().any(|text| *text != base) {
            return None;
        }
        let mut merged: Option<String> = None;
        for text in texts {
            merged = Some(match merged {
                None => text.to_owned(),
                Some(so_far) => prose::merge(&base, &so_far, text)?,
            });
        }
        merged
    }

    /// What a record said under this field when it was first written.
    fn packed_text(&self, key: &str) -> String {
        self.packed(key).and_then(|value| value.as_str().map(str::to_owned)).unwrap_or_default()
    }

    /// The value packed in the record that a field of it was first laid over.
    pub fn packed(&self, key: &str) -> Option<Value> {
        let (record, field) = key.split_once('/')?;
        let ScalarValue::Str(packed) = self.scalar(record)? else { return None };
        let mut fields: Value = serde_json::from_str(packed.as_str()).ok()?;
        fields.get_mut(field).map(Value::take)
    }
}

/// The puts that nothing replaced, in the order of their ids: the last of them shows.
pub fn standing(puts: &BTreeMap<PutId, Laid>) -> BTreeSet<PutId> {
    let replaced: BTreeSet<PutId> = puts.values().flat_map(|put| put.over.iter().copied()).collect();
    puts.values().filter(|put| !put.settles).map(|put| put.id).filter(|id| !replaced.contains(id)).collect()
}

/// A put and all that it builds on.
fn lineage(id: PutId, puts: &BTreeMap<PutId, Laid>) -> BTreeSet<PutId> {
    let (mut all, mut next) = (BTreeSet::new(), vec![id]);
    while let Some(id) = next.pop() {
        if all.insert(id) {
            next.extend(puts.get(&id).into_iter().flat_map(|put| put.over.iter().copied()));
        }
    }
    all
}

fn text(put: &Laid) -> Option<&str> {
    match &put.value {
        ScalarValue::Str(text) => Some(text.as_str()),
        _ => None,
    }
}

fn step(change: &Change, wanted: &impl Fn(&str) -> bool) -> Option<Step> {
    let decoded = change.decode();
    let log = LogId(decoded.actor_id.to_bytes().try_into().ok()?);
    let ops = (decoded.start_op.get()..).zip(decoded.operations);
    let puts = ops.filter(|(_, op)| op.obj == ObjectId::Root).filter_map(|(counter, op)| {
        let Key::Map(key) = op.key else { return None };
        let (value, settles) = match op.action {
            OpType::Put(value) => (value, false),
            OpType::Delete => (ScalarValue::Null, true),
            OpType::Make(_) | OpType::Increment(_) | OpType::MarkBegin(..) | OpType::MarkEnd(_) => return None,
        };
        let over = op.pred.iter().filter_map(put_id).collect();
        wanted(&key).then(|| Laid { id: (counter, log), key: key.to_string(), value, over, settles })
    });
    // What is put twice in one change was put last.
    let mut puts: Vec<Laid> = puts.collect();
    let last: BTreeMap<String, PutId> = puts.iter().map(|put| (put.key.clone(), put.id)).collect();
    let first: BTreeMap<String, Vec<PutId>> = puts.iter().rev().map(|put| (put.key.clone(), put.over.clone())).collect();
    puts.retain(|put| last.get(&put.key) == Some(&put.id));
    puts.iter_mut().for_each(|put| put.over = first.get(&put.key).cloned().unwrap_or_default());
    let (hash, at) = (change.hash(), made_at(change));
    (!puts.is_empty()).then(|| Step { hash, log, at, message: decoded.message.unwrap_or_default(), puts })
}

/// The puts of a change under a key.
pub fn puts_of(change: &Change, key: &str) -> BTreeSet<PutId> {
    let step = step(change, &|one: &str| one == key);
    step.into_iter().flat_map(|step| step.puts).filter(|put| !put.settles).map(|put| put.id).collect()
}

fn put_id(OpId(counter, actor): &OpId) -> Option<PutId> {
    Some((*counter, LogId(actor.to_bytes().try_into().ok()?)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::journal::guard;
    use crate::seal::body::{Changes, DocId};

    const LAPTOP: LogId = LogId([1; 16]);
    const PHONE: LogId = LogId([2; 16]);
    const TABLET: LogId = LogId([3; 16]);
    const RECORD: &str = "00000000000000000000000000007f3a";

    fn note() -> String {
        format!("{RECORD}/note")
    }

    fn put(document: &mut Document, log: LogId, key: &str, value: &str) -> Change {
        document.write(log, &[(key.into(), value.into())], Some("edit")).unwrap().unwrap()
    }

    fn take(document: &mut Document, log: LogId, changes: &[Change]) {
        for change in changes {
            let changes = Changes { doc: DocId::Plan, generation: [0; 32], codec: 0, bytes: change.raw_bytes().to_vec() };
            document.merge(guard::check(log, &changes).unwrap()).unwrap();
        }
    }

    fn begun() -> Document {
        let mut document = Document::default();
        put(&mut document, LAPTOP, RECORD, r#"{"type":"session","note":"I cried a bit. Then I ate."}"#);
        document
    }

    fn merged(document: &Document) -> Option<String> {
        document.merged(&BTreeSet::from([note()])).remove(&note())
    }

    #[test]
    fn a_note_that_was_first_packed_is_merged_against_that() {
        let mut laptop = begun();
        let mut phone = laptop.clone();
        put(&mut laptop, LAPTOP, &note(), "I cried a lot. Then I ate.");
        let theirs = put(&mut phone, PHONE, &note(), "I cried a bit. Then I ate soup.");
        take(&mut laptop, PHONE, &[theirs]);
        assert_eq!(merged(&laptop).as_deref(), Some("I cried a lot. Then I ate soup."));
    }

    #[test]
    fn what_was_written_apart_is_told_in_the_order_of_its_times_whichever_came_first() {
        let at = |second| Some(Timestamp::from_second(second).unwrap());
        let mut begun = Document::default();
        let write = |document: &mut Document, log, value: &str, second| {
            document.write_at(log, &[(note(), value.into())], Some("edit"), at(second)).unwrap().unwrap()
        };
        write(&mut begun, LAPTOP, "one", 10);
        let (mut laptop, mut phone) = (begun.clone(), begun);
        let mine = [write(&mut laptop, LAPTOP, "at 20", 20), write(&mut laptop, LAPTOP, "at 15, by a clock that was set back", 15)];
        let theirs = [write(&mut phone, PHONE, "at 18", 18), write(&mut phone, PHONE, "at 30", 30)];
        take(&mut laptop, PHONE, &theirs);
        take(&mut phone, LAPTOP, &mine);
        let told = |document: &Document| -> Vec<String> {
            let steps = document.steps(|_| true).into_iter().flat_map(|step| step.puts);
            steps.map(|put| text(&put).unwrap().to_owned()).collect()
        };
        assert_eq!(told(&laptop), ["one", "at 18", "at 20", "at 15, by a clock that was set back", "at 30"]);
        assert_eq!(told(&phone), told(&laptop));
    }

    #[test]
    fn several_edits_on_each_side_are_merged_against_what_both_began_with() {
        let mut laptop = begun();
        let mut phone = laptop.clone();
        put(&mut laptop, LAPTOP, &note(), "I cried a lot. Then I ate.");
        put(&mut laptop, LAPTOP, &note(), "I cried so much. Then I ate.");
        let theirs = [
            put(&mut phone, PHONE, &note(), "I cried a bit. Then I slept."),
            put(&mut phone, PHONE, &note(), "I cried a bit. Then I slept well."),
        ];
        take(&mut laptop, PHONE, &theirs);
        assert_eq!(merged(&laptop).as_deref(), Some("I cried so much. Then I slept well."));
        put(&mut laptop, LAPTOP, &note(), "settled");
        assert_eq!(merged(&laptop), None, "an edit that saw both settles it");
    }

    #[test]
    fn three_devices_are_told_in_one_text_and_in_the_same_everywhere() {
        let laptop = begun();
        let edits = [
            (LAPTOP, "Today I cried a bit. Then I ate."),
            (PHONE, "I cried a bit. Then I ate soup."),
            (TABLET, "I cried a bit. Then I ate. It was good."),
        ];
        let written: Vec<_> = edits.map(|(log, text)| (log, put(&mut laptop.clone(), log, &note(), text))).into();
        let mut told = BTreeSet::new();
        for order in [[0, 1, 2], [2, 1, 0], [1, 0, 2]] {
            let mut document = laptop.clone();
            order.iter().for_each(|at| take(&mut document, written[*at].0, &[written[*at].1.clone()]));
            told.insert(merged(&document));
        }
        assert_eq!(told, BTreeSet::from([Some("Today I cried a bit. Then I ate soup. It was good.".to_owned())]));
    }

    #[test]
    fn what_is_no_prose_or_was_emptied_is_not_merged() {
        let mut laptop = begun();
        let mut phone = laptop.clone();
        put(&mut laptop, LAPTOP, &note(), "I cried a lot. Then I ate.");
        let emptied = phone.write(PHONE, &[(note(), ScalarValue::Null)], Some("edit")).unwrap().unwrap();
        take(&mut laptop, PHONE, &[emptied]);
        assert_eq!(merged(&laptop), None);
    }

    #[test]
    fn steps_tell_who_put_what_over_what_and_when() {
        let mut document = begun();
        let at: Timestamp = "2026-11-24T09:10:00Z".parse().unwrap();
        document.write_at(LAPTOP, &[(note(), "more".into())], Some("edit"), Some(at)).unwrap();
        put(&mut document, LAPTOP, "another", "record");
        let steps = document.steps(|key| key.starts_with(RECORD));
        assert_eq!(steps.iter().map(|step| step.at).collect::<Vec<_>>(), [None, Some(at)]);
        let [first] = &steps[1].puts[..] else { panic!("{steps:?}") };
        assert!(first.over.is_empty() && first.value == ScalarValue::from("more"));
        assert_eq!(document.packed(&note()).unwrap(), "I cried a bit. Then I ate.");
    }
}
