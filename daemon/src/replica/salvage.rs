//! Words from behind a damaged piece of a log of this device's own: they are read from what was set aside, and written again.
//!
//! ```text
//! set aside -> intact entries -> opened, well signed -> puts that no change here has -> written, as changes of a log that goes on
//! ```
//!
//! What the document says by now is not written over by what is older: that goes into `history`, and what stood stands. What is there already,
//! since it was salvaged before or another device gave it back, is not written once more.

use std::collections::{BTreeMap, BTreeSet};

use asif_proto::id::{DeviceId, LogId};
use asif_proto::local::{Check, Failure};
use automerge::legacy::{Key, ObjectId, OpType};
use automerge::{Change, ScalarValue};
use jiff::Timestamp;

use super::effect::{Salvaged, Stored};
use super::request::many;
use super::{Cx, Replica};
use crate::journal::document::{Document, Put, made_at};
use crate::journal::guard;
use crate::people::space::Space;
use crate::seal::body::{Body, DocId};
use crate::seal::entry::{self, Place};

/// What came of it, for whoever asked.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Report {
    /// Entries that were read.
    read: u64,
    /// Entries that could not be, of each log, and its number behind them: once somebody gave back so many, none is lost.
    lost: Vec<(LogId, u64, u64)>,
}

/// One change as it was, with the puts it made.
struct Again {
    message: String,
    at: Option<Timestamp>,
    puts: Vec<Put>,
}

impl Replica {
    /// Takes over what was read of damaged pieces; it is written once everything it touches is here.
    pub(super) fn take_salvaged(&mut self, pieces: Vec<Salvaged>) {
        // Of what is simply gone nothing can be read.
        let told = |log: &LogId| pieces.iter().filter(|piece| piece.head.log == *log).map(|piece| piece.lost + count(&piece.entries)).sum();
        let gone = self.shortened.iter().map(|(log, was, is)| (*log, *was, (was - is).saturating_sub(told(log))));
        let lost: Vec<_> = gone.filter(|(_, _, lost)| *lost > 0).collect();
        self.salvage_report = (!lost.is_empty()).then_some(Report { read: 0, lost });
        self.salvaged = pieces;
    }

    /// Writes again what was salvaged.
    pub(super) fn write_salvaged(&mut self, cx: &mut Cx<'_>) {
        if self.salvaged.is_empty() || !self.is_ready() || !self.damage.is_empty() || self.is_unplaced() {
            return;
        }
        let opened: Vec<Vec<Body>> = self.salvaged.iter().map(|piece| self.bodies_of(piece)).collect();
        let docs: BTreeSet<DocId> =
            opened.iter().flatten().filter_map(|body| if let Body::Changes(one) = body { Some(one.doc) } else { None }).collect();
        // Not `all`: every one that is missing is asked for at once.
        if docs.iter().filter(|doc| !self.want(cx, **doc)).count() > 0 {
            return;
        }
        let pieces = std::mem::take(&mut self.salvaged);
        let mut report = self.salvage_report.take().unwrap_or_default();
        for (piece, bodies) in pieces.iter().zip(opened) {
            let read = count(&bodies);
            let mut lost = piece.lost + count(&piece.entries).saturating_sub(read);
            if let Err(failure) = self.write_piece(cx, piece, bodies) {
                tracing::error!(reason = %failure, file = %piece.file, "what was read of a damaged piece could not be written again");
                lost += read;
            }
            report.read += read;
            let behind = piece.entries.iter().map(|stored| stored.wire.seq()).max();
            report.lost.push((piece.head.log, behind.unwrap_or(u64::MAX), lost));
        }
        self.salvage_report = Some(report);
    }

    /// The bodies of a piece, where this device wrote them: whoever else wrote one has it still.
    fn bodies_of(&self, piece: &Salvaged) -> Vec<Body> {
        let (Some(epoch), Some(keys)) = (self.registry.epoch(&piece.head.queue), self.keys.get(&piece.head.queue)) else {
            return Vec::new();
        };
        let Some(me) = self.vault.as_ref().map(|vault| vault.device()) else { return Vec::new() };
        let space = epoch.space;
        let open = |stored: &Stored, device: &DeviceId| {
            let place = Place { space: space.id(), log: piece.head.log, seq: stored.wire.seq(), previous: stored.previous };
            let opened = entry::open(&keys.read, &place, &stored.wire).ok()?;
            opened.verify(device).ok()?;
            Body::from_bytes(opened.bodies()).ok()
        };
        piece.entries.iter().filter_map(|stored| open(stored, &me)).collect()
    }

    fn write_piece(&mut self, cx: &mut Cx<'_>, piece: &Salvaged, bodies: Vec<Body>) -> Result<(), Failure> {
        let Some(space) = self.registry.epoch(&piece.head.queue).map(|epoch| epoch.space) else { return Ok(()) };
        let mut changes: BTreeMap<DocId, Vec<Again>> = BTreeMap::new();
        for body in bodies {
            match body {
                Body::Changes(one) => {
                    let checked = guard::check(piece.head.log, &one).unwrap_or_default();
                    changes.entry(one.doc).or_default().extend(checked.iter().map(|checked| again(checked.change())));
                }
                // Keys of others are in no document; what is theirs already is harmless.
                Body::Keys(keys) if self.journal() == Some(space) => {
                    self.write_body(cx, space, &Body::Keys(keys))?;
                }
                Body::Put(mut put) if matches!(space, Space::Feedback { .. }) => {
                    put.replaces.clear();
                    let known = self.boards.get(&space.id()).and_then(|board| board.get(&put.item));
                    if known.is_none_or(|held| held.revision < put.revision) {
                        let body = Body::Put(put);
                        let at = self.write_body(cx, space, &body)?;
                        self.take(cx, at, Ok(body));
                    }
                }
                // What is shared is looked over anew; an end is in the journal.
                _ => {}
            }
        }
        for (doc, changes) in changes {
            self.write_changes(cx, doc, changes)?;
        }
        Ok(())
    }

    fn write_changes(&mut self, cx: &mut Cx<'_>, doc: DocId, changes: Vec<Again>) -> Result<(), Failure> {
        let keys: BTreeSet<String> = changes.iter().flat_map(|one| &one.puts).map(|(key, _)| key.clone()).collect();
        let known = self.documents.get(&doc).map(|document| said(document, &keys)).unwrap_or_default();
        for Again { message, at, puts } in changes {
            // Written again it has the time that it had.
            let is_here = |said: &Vec<(ScalarValue, Option<Timestamp>)>, value: &ScalarValue| {
                said.iter().any(|(one, when)| one == value && *when >= at)
            };
            let is_new = |(key, value): &&Put| !known.get(key).is_some_and(|said| is_here(said, value));
            let new: Vec<Put> = puts.iter().filter(is_new).cloned().collect();
            // What somebody said since stands: both are put, that last.
            let later = |key: &String| known.get(key).and_then(|said| said.last()).filter(|(_, other)| other.is_some() && *other > at);
            let stands: Vec<Put> = new.iter().filter_map(|(key, _)| Some((key.clone(), later(key)?.0.clone()))).collect();
            self.write_at(cx, doc, &new, &message, at)?;
            if !stands.is_empty() {
                self.write_at(cx, doc, &stands, "as it stood", at)?;
            }
        }
        Ok(())
    }

    /// What was set aside, and what came of it.
    pub(super) fn salvage_checks(&self) -> Vec<Check> {
        let mut checks = Vec::new();
        if let Some(Report { read, lost }) = &self.salvage_report {
            let entries = many(*read, "entry", "entries");
            let is_lacking = |(log, behind, _): &&(LogId, u64, u64)| self.logs.get(log).is_none_or(|log| log.seq < *behind);
            let (ok, text, hint) = match lost.iter().filter(is_lacking).map(|(_, _, lost)| lost).sum::<u64>() {
                0 => (true, format!("{entries} behind the damage could be read, and what they said stands in the journal again"), None),
                lost => (
                    false,
                    format!(
                        "{entries} behind the damage could be read and stand in the journal again; {} could not",
                        many(lost, "entry", "entries")
                    ),
                    Some("it comes back from another device of yours, or from a copy of this machine, where one has it; else what it said is lost".to_owned()),
                ),
            };
            checks.push(Check { ok, kind: "salvaged".into(), text, hint });
        }
        if !self.set_aside.is_empty() {
            let names = self.set_aside.join(", ");
            let text = format!("damaged pieces were set aside, and lie in data/store/damaged until you remove them: {names}");
            checks.push(Check { ok: true, kind: "set_aside".into(), text, hint: None });
        }
        checks
    }
}

fn count<T>(all: &[T]) -> u64 {
    u64::try_from(all.len()).unwrap_or(u64::MAX)
}

/// A change as it was.
fn again(change: &Change) -> Again {
    let operations = change.decode().operations.into_iter().filter(|op| op.obj == ObjectId::Root);
    let puts = operations.filter_map(|op| match (op.key, op.action) {
        (Key::Map(key), OpType::Put(value)) => Some((key.to_string(), value)),
        _ => None,
    });
    Again { message: change.message().map_or_else(String::new, |message| message.to_string()), at: made_at(change), puts: puts.collect() }
}

/// All that was ever put under these keys, with when.
fn said(document: &Document, keys: &BTreeSet<String>) -> BTreeMap<String, Vec<(ScalarValue, Option<Timestamp>)>> {
    let mut said: BTreeMap<String, Vec<(ScalarValue, Option<Timestamp>)>> = BTreeMap::new();
    for step in document.steps(|key| keys.contains(key)) {
        for put in step.puts {
            said.entry(put.key).or_default().push((put.value, step.at));
        }
    }
    said
}
