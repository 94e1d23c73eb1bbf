//! Writing again what changes said that do not count any more, as changes of another log.
//!
//! ```text
//! before   o--o--o--x--x--x          x: of a branch that lost
//!                 \     \
//!                  o     y           y: by another device, builds on x
//!
//! after    o--o--o--x'-x'-x'-y'      x', y': the same words, by the new log
//!                 \
//!                  o
//! ```
//!
//! Each is written where it stood: beside what it did not know of, after what it knew. So an edit that another device made apart stands beside
//! a rewritten one just as it stood beside the first, and both are told.

use std::collections::{BTreeMap, BTreeSet};
use std::panic::{AssertUnwindSafe, catch_unwind};

use asif_proto::id::LogId;
use asif_proto::record::MAX_NOTE;
use automerge::legacy::{Key, ObjectId, OpType};
use automerge::transaction::{CommitOptions, Transactable};
use automerge::{ActorId, Automerge, AutomergeError, Change, ChangeHash, ROOT, ReadDoc, ScalarValue, Value};

use super::document::{Document, MergeError, keys_of};
use super::{narrow, prose, said, schema};

/// Changes of a document written again.
#[derive(Debug, Clone, Default)]
pub struct Rebased {
    /// The new changes, each after what it builds on.
    pub changes: Vec<Change>,
    /// The names of the changes they stand for.
    pub replaced: BTreeSet<ChangeHash>,
}

impl Document {
    /// Writes the `lost` changes of this document, and all that build on them, again as changes of `log`, which has written nothing in it yet.
    /// The document stays as it is.
    pub fn rebase(&self, log: LogId, lost: &BTreeSet<ChangeHash>) -> Result<Rebased, MergeError> {
        let lost = lost.iter().map(|name| self.names.inner(name)).collect();
        let rebased = catch_unwind(AssertUnwindSafe(|| rebase(&self.automerge, log, &lost))).map_err(|_| MergeError::Panic)?;
        let Rebased { changes, replaced } = rebased.map_err(|error| MergeError::Refused(error.to_string()))?;
        let mut names = self.names.clone();
        let named = changes.iter().map(|change| {
            let outer = names.outer_form(change);
            names.note(change.hash(), outer.hash());
            outer
        });
        Ok(Rebased { changes: named.collect(), replaced: replaced.iter().map(|hash| self.names.of(hash)).collect() })
    }
}

fn rebase(all: &Automerge, log: LogId, lost: &BTreeSet<ChangeHash>) -> Result<Rebased, AutomergeError> {
    let mut replaced = BTreeSet::new();
    let (mut stays, mut again) = (Vec::new(), Vec::new());
    for change in all.get_changes(&[]) {
        if lost.contains(&change.hash()) || change.deps().iter().any(|dep| replaced.contains(dep)) {
            replaced.insert(change.hash());
            again.push(change);
        } else {
            stays.push(change);
        }
    }
    let mut base = Automerge::new();
    base.apply_changes(stays)?;
    let actor = ActorId::from(log.as_bytes().as_slice());
    // What each replaced change is now: the heads after it.
    let mut now: BTreeMap<ChangeHash, Vec<ChangeHash>> = BTreeMap::new();
    let mut last: Option<ChangeHash> = None;
    let mut changes = Vec::new();
    let mut at: Option<Automerge> = None;
    for change in again {
        let known = change.deps().iter().flat_map(|dep| now.get(dep).cloned().unwrap_or_else(|| vec![*dep]));
        let heads: BTreeSet<ChangeHash> = known.chain(last).collect();
        let mut here = match at.take() {
            Some(here) if heads == here.get_heads().into_iter().collect() => here,
            _ => base.fork_at(&Vec::from_iter(heads.iter().copied()))?,
        };
        here.set_actor(actor.clone());
        if let Some(written) = write_again(&mut here, all, &change)? {
            base.apply_changes([written.clone()])?;
            last = Some(written.hash());
            changes.push(written);
        }
        now.insert(change.hash(), here.get_heads());
        at = Some(here);
    }
    changes.extend(keep_away(all, at, &changes)?);
    Ok(Rebased { changes, replaced })
}

/// What several had said of who may see a record, or of whether it is deleted, stood side by side, and the one that shows least won. One after
/// the other the last would win: what was private or deleted is said to be that once more.
fn keep_away(all: &Automerge, last: Option<Automerge>, changes: &[Change]) -> Result<Option<Change>, AutomergeError> {
    let Some(mut here) = last else { return Ok(None) };
    let mut lost = Vec::new();
    for key in changes.iter().flat_map(keys_of) {
        if !narrow::is_guarded(&key) {
            continue;
        }
        let (Some(stood), Some(stands)) = (said::laid(all, &key, None), said::laid(&here, &key, None)) else { continue };
        if stood != stands && narrow::narrowest(&key, [&stands, &stood]) == Some(&stood) {
            lost.push((key, stood));
        }
    }
    let mut transaction = here.transaction();
    for (key, stood) in lost {
        transaction.put(ROOT, key, stood)?;
    }
    let (hash, _) = transaction.commit_with(CommitOptions::default().with_message("kept private or deleted"));
    Ok(hash.and_then(|hash| here.get_change_by_hash(&hash)))
}

/// The puts of a change of `all` once more; `None` where they say nothing new.
///
/// Several that were written apart become one after the other: a log has one order. What one of them says of prose is laid over what another said
/// where both go together; where they do not, and of everything else, the other stands in `history`.
fn write_again(here: &mut Automerge, all: &Automerge, change: &Change) -> Result<Option<Change>, AutomergeError> {
    let mut options = CommitOptions::default();
    if let Some(message) = change.message() {
        options = options.with_message(message);
    }
    options.set_time(change.timestamp());
    let mut transaction = here.transaction();
    for op in change.decode().operations.into_iter().filter(|op| op.obj == ObjectId::Root) {
        let Key::Map(key) = op.key else { continue };
        match op.action {
            OpType::Put(value) => {
                let value = laid_over(&transaction, all, change, key.as_str(), value);
                transaction.put(ROOT, key.as_str(), value)?;
            }
            // It put nothing: of several values it chose the one that showed, and took the others away.
            OpType::Delete => {
                if let Some((Value::Scalar(chosen), _)) = all.get_at(ROOT, key.as_str(), &[change.hash()])? {
                    transaction.put(ROOT, key.as_str(), chosen.into_owned())?;
                }
            }
            // Nothing of asif writes these; sealed, they travel with their branch.
            OpType::Make(_) | OpType::Increment(_) | OpType::MarkBegin(..) | OpType::MarkEnd(_) => {}
        }
    }
    let (hash, _) = transaction.commit_with(options);
    Ok(hash.and_then(|hash| here.get_change_by_hash(&hash)))
}

/// What a change says of a key where something else stands than it was written over: both in one, where it is prose and they go together and are
/// not longer than a note may be, which no device would take.
fn laid_over(here: &impl ReadDoc, all: &Automerge, change: &Change, key: &str, value: ScalarValue) -> ScalarValue {
    if !schema::is_prose(key) {
        return value;
    }
    let text = |value: &ScalarValue| if let ScalarValue::Str(text) = value { Some(text.to_string()) } else { None };
    let before = text(&said::at(all, key, change.deps()));
    let now = said::laid(here, key, None).as_ref().and_then(text).or_else(|| before.clone());
    let both = match (&value, &before, &now) {
        (ScalarValue::Str(mine), Some(before), Some(now)) if before != now => prose::merge(before, mine, now),
        _ => None,
    };
    both.filter(|both| both.len() <= MAX_NOTE).map_or(value, ScalarValue::from)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::journal::guard::{self, Checked};
    use crate::seal::body::{Changes, DocId};

    const LAPTOP: LogId = LogId([1; 16]);
    const COPY: LogId = LogId([2; 16]);
    const DESKTOP: LogId = LogId([3; 16]);

    fn put(document: &mut Document, log: LogId, key: &str, value: &str) -> Change {
        document.write(log, &[(key.into(), value.into())], Some("log")).unwrap().unwrap()
    }

    fn checked(change: &Change) -> Vec<Checked> {
        let log = LogId(change.actor_id().to_bytes().try_into().unwrap());
        let changes = Changes { doc: DocId::Plan, generation: [0; 32], codec: 0, bytes: change.raw_bytes().to_vec() };
        guard::check(log, &changes).unwrap()
    }

    fn merged(base: &Document, changes: &[Change]) -> Document {
        let mut document = base.clone();
        for change in changes {
            document.merge(checked(change)).unwrap();
        }
        document.prove().unwrap();
        document
    }

    fn text(document: &Document, key: &str) -> Option<String> {
        match document.scalar(key)? {
            ScalarValue::Str(text) => Some(text.to_string()),
            _ => None,
        }
    }

    /// A base, and a document in which the laptop's log went on with two changes on which the desktop built a third.
    fn went_on() -> (Document, Document, BTreeSet<ChangeHash>) {
        let mut base = Document::default();
        put(&mut base, LAPTOP, "before", "both have it");
        let mut lost = base.clone();
        let first = put(&mut lost, LAPTOP, "one", "written on the laptop");
        let second = put(&mut lost, LAPTOP, "one/note", "edited on the laptop");
        put(&mut lost, DESKTOP, "one/note", "edited on the desktop");
        (base, lost, BTreeSet::from([first.hash(), second.hash()]))
    }

    #[test]
    fn what_was_lost_and_what_builds_on_it_is_said_again_in_its_order() {
        let (base, document, lost) = went_on();
        let rebased = document.rebase(COPY, &lost).unwrap();
        assert_eq!((rebased.changes.len(), rebased.replaced.len()), (3, 3));
        let after = merged(&base, &rebased.changes);
        assert_eq!(text(&after, "one").as_deref(), Some("written on the laptop"));
        assert_eq!(text(&after, "one/note").as_deref(), Some("edited on the desktop"), "the later edit still wins");
        assert!(!after.is_contested("one/note"));
        assert!(rebased.changes.iter().all(|change| change.message().is_some_and(|message| message == "log")));
    }

    #[test]
    fn two_long_texts_are_not_written_again_as_one_that_no_device_takes() {
        const NOTE: &str = "00000000000000000000000000007f3a/note";
        let mut document = Document::default();
        let first = put(&mut document, LAPTOP, NOTE, "So. End.");
        let long = |letter: &str| (0..14_000).map(|n| format!("{letter}{n} ")).collect::<String>();
        let (mine, theirs) = (format!("So. {}End.", long("m")), format!("So. End. {}", long("t")));
        assert!(prose::merge("So. End.", &mine, &theirs).is_some_and(|both| both.len() > MAX_NOTE), "the two go together");
        let mut desktop = document.clone();
        put(&mut document, LAPTOP, NOTE, &mine);
        let beside = put(&mut desktop, DESKTOP, NOTE, &theirs);
        let document = merged(&document, &[beside]);
        let rebased = document.rebase(COPY, &BTreeSet::from([first.hash()])).unwrap();
        let said: Vec<usize> = rebased.changes.iter().map(|change| change.raw_bytes().len()).collect();
        let after = merged(&Document::default(), &rebased.changes);
        let shows = text(&after, NOTE).unwrap();
        assert!(shows == mine || shows == theirs, "one of them shows, the other is in history: {said:?}");
    }

    #[test]
    fn an_edit_of_the_other_branch_stands_beside_a_rewritten_one() {
        let (base, document, lost) = went_on();
        let mut winner = base.clone();
        put(&mut winner, LAPTOP, "before", "the other branch says this");
        let mut document = document;
        let third = put(&mut document, LAPTOP, "before", "the lost branch says that");
        let lost = lost.into_iter().chain([third.hash()]).collect();
        let rebased = document.rebase(COPY, &lost).unwrap();
        let after = merged(&winner, &rebased.changes);
        let mut said: Vec<_> = after.losers("before").iter().filter_map(|value| value.as_str().map(str::to_owned)).collect();
        said.extend(text(&after, "before"));
        said.sort();
        assert_eq!(said, ["the lost branch says that", "the other branch says this"]);
    }

    #[test]
    fn prose_that_was_written_apart_on_a_lost_branch_is_both_in_it_and_a_choice_stays_chosen() {
        const NOTE: &str = "00000000000000000000000000007f3a/note";
        let mut lost = Document::default();
        let first = put(&mut lost, LAPTOP, NOTE, "I cried a bit. Then I ate.");
        let mut desktop = lost.clone();
        put(&mut lost, LAPTOP, NOTE, "I cried a lot. Then I ate.");
        let theirs = put(&mut desktop, DESKTOP, NOTE, "I cried a bit. Then I ate soup.");
        let mut lost = merged(&lost, &[theirs]);
        let rebased = lost.rebase(COPY, &BTreeSet::from([first.hash()])).unwrap();
        let after = merged(&Document::default(), &rebased.changes);
        assert_eq!(text(&after, NOTE).as_deref(), Some("I cried a lot. Then I ate soup."));

        // Whoever says what shows already chooses it.
        let chosen = text(&lost, NOTE).unwrap();
        let choice = put(&mut lost, LAPTOP, NOTE, &chosen);
        let rebased = lost.rebase(COPY, &BTreeSet::from([choice.hash()])).unwrap();
        let mut stays = Document::default();
        for change in lost.automerge.get_changes(&[]).into_iter().filter(|change| !rebased.replaced.contains(&change.hash())) {
            stays = merged(&stays, &[change]);
        }
        let after = merged(&stays, &rebased.changes);
        assert_eq!((text(&after, NOTE), after.is_contested(NOTE)), (Some(chosen.clone()), false));
        let rebased = lost.rebase(COPY, &BTreeSet::from([first.hash()])).unwrap();
        let after = merged(&Document::default(), &rebased.changes);
        assert_eq!(text(&after, NOTE), Some(chosen), "also where all of it is written again");
    }

    #[test]
    fn what_was_private_because_one_of_two_said_so_stays_private() {
        const KEY: &str = "00000000000000000000000000007f3a/visibility";
        let mut lost = Document::default();
        let first = put(&mut lost, LAPTOP, "before", "both have it");
        let mut desktop = lost.clone();
        put(&mut lost, LAPTOP, KEY, "private");
        let theirs = [put(&mut desktop, DESKTOP, KEY, "private"), put(&mut desktop, DESKTOP, KEY, "inherit")];
        let lost = merged(&lost, &theirs);
        let rebased = lost.rebase(COPY, &BTreeSet::from([first.hash()])).unwrap();
        let after = merged(&Document::default(), &rebased.changes);
        assert_eq!(text(&after, KEY).as_deref(), Some("private"));
    }

    #[test]
    fn two_devices_that_write_the_same_again_say_it_once() {
        let (base, document, lost) = went_on();
        let one = document.rebase(COPY, &lost).unwrap().changes;
        let two = document.rebase(LogId([4; 16]), &lost).unwrap().changes;
        let after = merged(&base, &[one, two].concat());
        assert_eq!(text(&after, "one/note").as_deref(), Some("edited on the desktop"));
        assert_eq!(after.losers("one/note"), Vec::<serde_json::Value>::new(), "nothing is told as said apart");
        assert_eq!(after.losers("one"), Vec::<serde_json::Value>::new());
    }

    #[test]
    fn a_document_that_is_all_of_the_lost_branch_is_written_again_whole() {
        let mut document = Document::default();
        let only = put(&mut document, LAPTOP, "one", "of a month that only this branch had");
        let rebased = document.rebase(COPY, &BTreeSet::from([only.hash()])).unwrap();
        let after = merged(&Document::default(), &rebased.changes);
        assert_eq!(text(&after, "one").as_deref(), Some("of a month that only this branch had"));
    }

    #[test]
    fn nothing_lost_writes_nothing() {
        let (_, document, _) = went_on();
        assert!(document.rebase(COPY, &BTreeSet::new()).unwrap().changes.is_empty());
    }
}
