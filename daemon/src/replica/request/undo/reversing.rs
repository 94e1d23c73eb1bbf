//! What takes one change back, or puts it again: words that say what stood before, and nothing that somebody else said.

use std::collections::BTreeSet;

use asif_proto::local::{ErrorKind, Failure};
use asif_proto::record::MAX_NOTE;
use automerge::{Change, ScalarValue};

use crate::journal::document::{Document, Put, keys_of};
use crate::journal::history::{PutId, puts_of};
use crate::journal::{narrow, prose, schema};

/// A change to reverse, with what has to do with it.
pub(super) struct Reversing<'a> {
    pub(super) document: &'a Document,
    pub(super) change: &'a Change,
    /// The change that is put again, where one is.
    pub(super) again: Option<&'a Change>,
    /// Changes that put this one again: what they put is its own.
    pub(super) own: &'a [Change],
    /// Changes that took something back or put it again: what they set back is whoever's it was.
    pub(super) reversals: &'a [Change],
}

impl Reversing<'_> {
    /// Puts that set what the change touched back to what was before, or to what is put again; an error where it was changed since. What another
    /// device said apart stands, also where it said the same.
    pub(super) fn puts(&self) -> Result<Vec<Put>, Failure> {
        let keys = keys_of(self.change);
        let mut puts = Vec::new();
        for key in &keys {
            if schema::record_of(key).is_some_and(|record| record.key() == *key) {
                // What is deleted already is not deleted once more.
                let deleted = format!("{key}/deleted");
                let said = self.document.standing(&deleted);
                if said.is_empty() || said.iter().any(|(_, said)| *said != ScalarValue::Boolean(true)) {
                    puts.push((deleted, ScalarValue::Boolean(true)));
                }
                continue;
            }
            if schema::record_of(key).is_some_and(|record| keys.contains(&record.key())) {
                continue;
            }
            puts.extend(self.puts_of(key)?);
        }
        Ok(puts)
    }

    fn puts_of(&self, key: &str) -> Result<Vec<Put>, Failure> {
        let standing = self.document.standing(key);
        let mine = self.document.scalar_at(key, &[self.change.hash()]);
        let before = self.before(key, mine.as_ref());
        if matches!(&standing[..], [(_, only)] if *only == before) {
            return Ok(Vec::new());
        }
        let (is_mine, all) = (self.mine(key, &standing, mine.as_ref()), standing.len());
        let others: Vec<ScalarValue> = standing.into_iter().filter(|(id, _)| !is_mine.contains(id)).map(|(_, value)| value).collect();
        if others.len() == all {
            if others.iter().any(|other| narrow::keeps_away(key, other)) {
                // Whoever said once more that it is private or deleted meant it: that stays, and the rest is taken back.
                return Ok(Vec::new());
            }
            let since = || {
                let failure = Failure::new(ErrorKind::Precondition, "this was changed again since");
                failure.hint("see it with asif history, and set it with asif edit")
            };
            let without = without(self.document, key, mine.as_ref(), &before).ok_or_else(since)?;
            return Ok(vec![(key.to_owned(), without)]);
        }
        if (self.again.is_some() && !others.is_empty()) || others.len() > 1 {
            // What shows is of several: what this one brought goes out of it, or into it again.
            let of_several = without(self.document, key, mine.as_ref(), &before);
            if let Some(text) = of_several {
                return Ok(vec![(key.to_owned(), text)]);
            }
        }
        // What another device put there apart was not undone by anybody: it shows again. Where it says the same it has to be put anew, or the
        // one that was taken back would go on standing for it.
        Ok(match others.last() {
            Some(other) if Some(other) == mine.as_ref() => {
                vec![(key.to_owned(), ScalarValue::Null), (key.to_owned(), other.clone())]
            }
            other => vec![(key.to_owned(), other.cloned().unwrap_or(before))],
        })
    }

    /// What a key said before, or is to say again.
    fn before(&self, key: &str, mine: Option<&ScalarValue>) -> ScalarValue {
        let deps = self.change.deps();
        if let Some(merged) = self.document.merged_at(key, deps) {
            // What both had written showed before.
            return merged.into();
        }
        if let Some(again) = self.again.filter(|again| keys_of(again).contains(key)) {
            // Of several that stood then, the one that was taken back.
            let is_apart = self.document.other_at(key, deps).is_some();
            let said = is_apart.then(|| self.document.scalar_at(key, &[again.hash()]).unwrap_or(ScalarValue::Null));
            return said.unwrap_or_else(|| self.document.said_at(key, deps));
        }
        let before = self.document.said_at(key, deps);
        if self.again.is_none() && mine == Some(&before) {
            // It chose between what had been said apart: the other is what it did not choose.
            return self.document.other_at(key, deps).unwrap_or(before);
        }
        before
    }

    /// Which of the puts that stand under a key are those of the change.
    fn mine(&self, key: &str, standing: &[(PutId, ScalarValue)], mine: Option<&ScalarValue>) -> BTreeSet<PutId> {
        let own: BTreeSet<PutId> = self.own.iter().chain([self.change]).flat_map(|change| puts_of(change, key)).collect();
        let ids = |wanted: &dyn Fn(&PutId) -> bool| -> BTreeSet<PutId> {
            standing.iter().filter(|(id, value)| Some(value) == mine && wanted(id)).map(|(id, _)| *id).collect()
        };
        let stands = ids(&|id| own.contains(id));
        if !stands.is_empty() {
            return stands;
        }
        // It chose what stood already, or its words were set back where another's were taken back.
        let set_back: BTreeSet<PutId> = self.reversals.iter().flat_map(|change| puts_of(change, key)).collect();
        ids(&|id| own.is_empty() || set_back.contains(id))
    }
}

/// Prose that was changed again since, without what one change had brought: it is merged like what was written apart. None where that does not go.
fn without(document: &Document, key: &str, mine: Option<&ScalarValue>, before: &ScalarValue) -> Option<ScalarValue> {
    let text = |value: &ScalarValue| match value {
        ScalarValue::Str(text) => Some(text.to_string()),
        ScalarValue::Null => Some(String::new()),
        _ => None,
    };
    if !schema::is_prose(key) {
        return None;
    }
    let now = text(&document.shown(key)?)?;
    let without = prose::merge(&text(mine?)?, &text(before)?, &now)?;
    (without != now && without.len() <= MAX_NOTE).then(|| if without.is_empty() { ScalarValue::Null } else { without.into() })
}
