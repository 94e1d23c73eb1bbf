//! Taking back the last change made on this device. It reads the change itself, so nothing has to be kept for it.

use std::collections::BTreeSet;

use asif_proto::id::RecordId;
use asif_proto::local::{Ask, ErrorKind, Failure, Reply, Undone};
use automerge::{ChangeHash, ScalarValue};
use data_encoding::HEXLOWER;
use serde_json::Value;

use super::super::{Cx, Replica};
use super::{Handled, Outcome};
use crate::journal::document::{Document, Put, keys_of};
use crate::journal::schema;
use crate::seal::body::DocId;

/// What the message of an undo begins with; the hash of the change and the request follow.
const UNDO: &str = "undo ";
/// Changes that a person makes and can take back.
const UNDOABLE: [&str; 6] = ["log", "edit", "delete", "restore", "practice add", "practice archive"];

impl Replica {
    pub(super) fn undo(&mut self, cx: &mut Cx<'_>, ask: &Ask) -> Handled {
        let mut undone: BTreeSet<String> = BTreeSet::new();
        let own: Vec<(DocId, ChangeHash)> = self.own_changes.iter().rev().map(|(_, doc, hash)| (*doc, ChangeHash(*hash))).collect();
        for (doc, hash) in own {
            if !self.has(cx, doc) {
                return Ok(Outcome::Wanted);
            }
            let Some(document) = self.documents.get(&doc) else { continue };
            let Some(change) = document.change(&hash) else { continue };
            let message = change.message().unwrap_or_default().to_owned();
            if let Some(rest) = message.strip_prefix(UNDO) {
                let mut words = rest.split(' ');
                let target = words.next().unwrap_or_default().to_owned();
                if words.next() == Some(&ask.id.simple().to_string()) {
                    // The same request came before: it is done.
                    return Ok(Outcome::Reply(Reply::Undone(self.undone_view(&message, &keys_of(&change)))));
                }
                undone.insert(target);
                continue;
            }
            let name = HEXLOWER.encode(&hash.0);
            if undone.contains(&name) || !UNDOABLE.contains(&message.as_str()) {
                continue;
            }
            let keys = keys_of(&change);
            let puts = inverse(document, hash, change.deps(), &keys)?;
            let words = format!("{UNDO}{name} {} {message}", ask.id.simple());
            // What another device has taken back already needs no undoing; what was done before it may.
            if !self.write(cx, doc, &puts, &words)? {
                continue;
            }
            return Ok(Outcome::Reply(Reply::Undone(self.undone_view(&words, &keys))));
        }
        Err(Failure::new(ErrorKind::Precondition, "there is nothing to undo on this device"))
    }

    fn undone_view(&self, message: &str, keys: &BTreeSet<String>) -> Undone {
        let what = message.splitn(4, ' ').nth(3).unwrap_or_default().to_owned();
        let id = keys.iter().find_map(|key| schema::record_of(key)).unwrap_or(RecordId(uuid::Uuid::nil()));
        Undone { what, id, short: self.view.short(&id) }
    }
}

/// Puts that set what a change touched back to what was before; an error where somebody changed it since.
fn inverse(document: &Document, hash: ChangeHash, before: &[ChangeHash], keys: &BTreeSet<String>) -> Result<Vec<Put>, Failure> {
    let mut puts = Vec::new();
    for key in keys {
        if schema::record_of(key).is_some_and(|record| record.key() == *key) {
            puts.push((format!("{key}/deleted"), ScalarValue::Boolean(true)));
            continue;
        }
        if schema::record_of(key).is_some_and(|record| keys.contains(&record.key())) {
            continue;
        }
        if document.scalar(key) != document.scalar_at(key, &[hash]) {
            return Err(Failure::new(ErrorKind::Precondition, "this was changed again since, on another device")
                .hint("see it with asif show, and set it with asif edit"));
        }
        // What another device put there apart was not undone by anybody: it shows again.
        match &document.losers(key)[..] {
            [] => puts.push((key.clone(), earlier(document, key, before))),
            [other] => puts.push((key.clone(), schema::scalar(other))),
            _ => {
                return Err(Failure::new(ErrorKind::Precondition, "several devices said something else here")
                    .hint("see it with asif show, and set it with asif edit"));
            }
        }
    }
    Ok(puts)
}

/// What a key said at `heads`: what was laid over the record, else what is packed in it, else nothing.
fn earlier(document: &Document, key: &str, heads: &[ChangeHash]) -> ScalarValue {
    if let Some(value) = document.scalar_at(key, heads) {
        return value;
    }
    let packed = key.split_once('/').and_then(|(record, field)| {
        let ScalarValue::Str(text) = document.scalar_at(record, heads)? else { return None };
        let fields: Value = serde_json::from_str(text.as_str()).ok()?;
        match field.strip_prefix("tags/") {
            Some(tag) => Some(Value::Bool(fields.get("tags")?.as_array()?.iter().any(|one| one == tag))),
            None => fields.get(field).cloned(),
        }
    });
    match packed {
        Some(value) => schema::scalar(&value),
        None if key.contains("/tags/") || key.ends_with("/deleted") => ScalarValue::Boolean(false),
        None => ScalarValue::Null,
    }
}
