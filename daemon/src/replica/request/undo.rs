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
const UNDOABLE: [&str; 23] = [
    "log",
    "edit",
    "delete",
    "restore",
    "practice add",
    "practice archive",
    "practice edit",
    "practice adapt",
    "phrase add",
    "phrase edit",
    "goal add",
    "goal rate",
    "goal close",
    "belief add",
    "belief rate",
    "belief pair",
    "belief retire",
    "anchor",
    "sketch",
    "try",
    "crisis edit",
    "remind add",
    "remind snooze",
];

/// Changes that are made in several documents at once, and taken back together: their request follows.
const TOGETHER: [&str; 2] = ["outcome", "experiment edit"];

/// The message of a change that is one of several which one request makes.
pub(super) fn together(what: &str, ask: &Ask) -> String {
    format!("{what} {}", ask.id.simple())
}

/// A change made here that can be taken back.
struct Target {
    doc: DocId,
    hash: ChangeHash,
    message: String,
}

impl Replica {
    pub(super) fn undo(&mut self, cx: &mut Cx<'_>, ask: &Ask) -> Handled {
        let own: Vec<(DocId, ChangeHash)> = self.own_changes.iter().rev().map(|(_, doc, hash)| (*doc, ChangeHash(*hash))).collect();
        let mut undone: BTreeSet<String> = BTreeSet::new();
        // What this request has taken back already, when it comes again.
        let mut before: Option<(String, Undone)> = None;
        let mut targets: Vec<Target> = Vec::new();
        for (doc, hash) in own {
            if !self.has(cx, doc) {
                return Ok(Outcome::Wanted);
            }
            let Some(document) = self.documents.get(&doc) else { continue };
            let Some(change) = document.change(&hash) else { continue };
            let message = change.message().unwrap_or_default().to_owned();
            if let Some(rest) = message.strip_prefix(UNDO) {
                let mut words = rest.splitn(3, ' ');
                let target = words.next().unwrap_or_default().to_owned();
                if words.next() == Some(&ask.id.simple().to_string()) {
                    before = Some((words.next().unwrap_or_default().to_owned(), self.undone_view(&message, &keys_of(&change))));
                }
                undone.insert(target);
                continue;
            }
            if !undone.contains(&HEXLOWER.encode(&hash.0)) && is_undoable(&message) {
                targets.push(Target { doc, hash, message });
            }
        }
        if let Some((message, view)) = before {
            // The same request came before; of several changes some may be left.
            targets.retain(|target| is_together(&message) && target.message == message);
            self.take_back(cx, ask, targets)?;
            return Ok(Outcome::Reply(Reply::Undone(view)));
        }
        let mut targets = targets.into_iter().peekable();
        while let Some(target) = targets.next() {
            let mut group = vec![target];
            while let Some(more) = targets.next_if(|next| group.iter().any(|one| is_together(&one.message) && one.message == next.message))
            {
                group.push(more);
            }
            // What another device has taken back already needs no undoing; what was done before it may.
            if let Some(view) = self.take_back(cx, ask, group)? {
                return Ok(Outcome::Reply(Reply::Undone(view)));
            }
        }
        Err(Failure::new(ErrorKind::Precondition, "there is nothing to undo on this device"))
    }

    /// Takes changes back; what the first of them touched, where anything was changed by that.
    fn take_back(&mut self, cx: &mut Cx<'_>, ask: &Ask, targets: Vec<Target>) -> Result<Option<Undone>, Failure> {
        let mut inverses = Vec::new();
        // All of them can be taken back, or none is.
        for Target { doc, hash, message } in targets {
            let Some(document) = self.documents.get(&doc) else { continue };
            let Some(change) = document.change(&hash) else { continue };
            let keys = keys_of(&change);
            let puts = inverse(document, hash, change.deps(), &keys)?;
            inverses.push((doc, puts, keys, format!("{UNDO}{} {} {message}", HEXLOWER.encode(&hash.0), ask.id.simple())));
        }
        let mut view = None;
        for (doc, puts, keys, words) in inverses {
            if self.write(cx, doc, &puts, &words)? && view.is_none() {
                view = Some(self.undone_view(&words, &keys));
            }
        }
        Ok(view)
    }

    fn undone_view(&self, message: &str, keys: &BTreeSet<String>) -> Undone {
        let what = message.splitn(4, ' ').nth(3).unwrap_or_default();
        let what = TOGETHER.into_iter().find(|kind| is_of(what, kind)).unwrap_or(what).to_owned();
        let id = keys.iter().find_map(|key| schema::record_of(key)).unwrap_or(RecordId(uuid::Uuid::nil()));
        Undone { what, id, short: self.view.short(&id) }
    }
}

fn is_undoable(message: &str) -> bool {
    UNDOABLE.contains(&message) || is_together(message)
}

fn is_together(message: &str) -> bool {
    TOGETHER.iter().any(|kind| is_of(message, kind))
}

fn is_of(message: &str, kind: &str) -> bool {
    message.strip_prefix(kind).is_some_and(|rest| rest.starts_with(' '))
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
