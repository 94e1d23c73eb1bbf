//! Words from behind a damaged piece of a log of this device's own: they are read from what was set aside, and written again.
//!
//! ```text
//! set aside -> intact entries -> opened, well signed -> puts that no change here has -> written, as changes of a log that goes on
//! ```
//!
//! What the document says by now is not written over by what is older: that goes into `history`, and what stood stands. What is there already,
//! since it was salvaged before or another device gave it back, is not written once more.

use std::collections::{BTreeMap, BTreeSet};

use asif_proto::id::{Link, LogId, QueueId, RecordId};
use asif_proto::local::{Check, Failure};
use asif_proto::moment::Moment;
use asif_proto::record::{SAFETY_PLAN, WISH};
use automerge::legacy::{Key, ObjectId, OpType};
use automerge::{Change, ScalarValue};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde_json::{Value, json};

use super::effect::{Salvaged, Stored};
use super::fork::HASHES;
use super::merge::Pending;
use super::request::many;
use super::{Cx, Replica};
use crate::journal::document::{Document, Put, made_at};
use crate::journal::{guard, record, schema};
use crate::people::epoch::EpochKeys;
use crate::people::space::Space;
use crate::seal::body::{Body, Branch, DocId};
use crate::seal::entry::{self, Place};

/// What came of it, for whoever asked.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Report {
    /// Entries that were read.
    read: u64,
    /// Entries that another own device has.
    given_back: u64,
    /// Entries that could not be, of each log, and its number behind them: once somebody gave back so many, none is lost.
    lost: Vec<(LogId, u64, u64)>,
    /// Records that are kept private, since an entry that said so may be among the lost.
    kept_private: u64,
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
        let told = |log: &LogId| pieces.iter().filter(|piece| piece.log == *log).map(|piece| piece.lost + count(&piece.entries)).sum();
        let gone = self.shortened.iter().map(|(log, was, is)| (*log, *was, (was - is).saturating_sub(told(log))));
        let lost: Vec<_> = gone.filter(|(_, _, lost)| *lost > 0).collect();
        self.salvaging = true;
        self.salvage_report = (!lost.is_empty()).then_some(Report { lost, ..Report::default() });
        self.salvaged = pieces;
    }

    /// Writes again what was salvaged.
    pub(super) fn write_salvaged(&mut self, cx: &mut Cx<'_>) {
        if !self.salvaging || !self.is_ready() || !self.damage.is_empty() || self.is_unplaced() || self.person().is_none() {
            return;
        }
        let opened: Vec<(Vec<Body>, u64)> = self.salvaged.iter().map(|piece| self.bodies_of(piece)).collect();
        let mut waits = self.own_waiting().map(|(doc, _)| doc).collect::<BTreeSet<DocId>>();
        if !self.salvaged.is_empty() || self.salvage_report.is_some() {
            waits.extend(self.kept_from_helpers().iter().filter_map(|record| self.doc_of(record)));
        }
        let docs: BTreeSet<DocId> = opened
            .iter()
            .flat_map(|(bodies, _)| bodies)
            .filter_map(|body| if let Body::Changes(one) = body { Some(one.doc) } else { None })
            .collect();
        // Not `all`: every one that is missing is asked for at once.
        if docs.iter().chain(&waits).filter(|doc| !self.want(cx, **doc)).count() > 0 {
            return;
        }
        self.salvaging = false;
        let pieces = std::mem::take(&mut self.salvaged);
        let mut report = self.salvage_report.take().unwrap_or_default();
        for (piece, (bodies, given_back)) in pieces.iter().zip(opened) {
            let read = count(&bodies);
            let mut lost = piece.lost + count(&piece.entries).saturating_sub(read + given_back);
            if let Err(failure) = self.write_piece(cx, piece, bodies) {
                tracing::error!(reason = %failure, file = %piece.file, "what was read of a damaged piece could not be written again");
                lost += read;
            }
            report.read += read;
            report.given_back += given_back;
            let behind = piece.entries.iter().map(|stored| stored.wire.seq()).max();
            report.lost.push((piece.log, behind.unwrap_or(u64::MAX), lost));
        }
        match self.write_waiting(cx) {
            Ok(written) => report.read += written,
            Err(failure) => tracing::error!(reason = %failure, "what waits here could not be written again"),
        }
        let has_lost = report.lost.iter().any(|(_, _, lost)| *lost > 0);
        if has_lost {
            self.old_copy.was_put_back();
            report.kept_private = self.keep_private(cx);
        }
        if has_lost && self.has_no_other_device() {
            for doc in docs.into_iter().chain(waits) {
                if let Err(failure) = self.write_beginnings(cx, doc) {
                    tracing::error!(reason = %failure, "what was said of a record whose beginning is gone does not show");
                }
            }
        }
        if report != Report::default() {
            self.salvage_report = Some(report);
        }
    }

    fn doc_of(&self, record: &RecordId) -> Option<DocId> {
        let session = self.view.session_doc(record);
        session.or_else(|| self.view.practice(record).map(|row| row.doc))
    }

    /// What was taken back from a helper and would be shown there again: perhaps the entry that made it private is lost. How many records.
    fn keep_private(&mut self, cx: &mut Cx<'_>) -> u64 {
        let mut kept = 0;
        for record in self.kept_from_helpers() {
            let Some(doc) = self.doc_of(&record) else { continue };
            let puts = Self::field_puts(record, vec![("visibility", schema::PRIVATE.into())]);
            match self.write(cx, doc, &puts, "edit") {
                Ok(_) => kept += 1,
                Err(failure) => tracing::error!(reason = %failure, "a record that may be private could not be kept so"),
            }
        }
        kept
    }

    /// Of a record whose beginning is gone, and that nobody can give back, what was said of it later shows as a note.
    fn write_beginnings(&mut self, cx: &mut Cx<'_>, doc: DocId) -> Result<(), Failure> {
        let Some(document) = self.documents.get(&doc) else { return Ok(()) };
        let all: BTreeSet<String> = document.keys().collect();
        let records: BTreeSet<RecordId> = all.iter().filter_map(|key| schema::record_of(key)).collect();
        let headless = records.into_iter().filter(|record| !all.contains(&record.key()) && *record != SAFETY_PLAN && *record != WISH);
        let mut puts = Vec::new();
        for record in headless {
            let inside = format!("{}/", record.key());
            let steps = document.steps(|key| key.starts_with(&inside));
            let at = steps.iter().filter_map(|step| step.at).min().unwrap_or(cx.now.wall);
            let said = |field: &str| document.scalar(&schema::field(record, field)).and_then(|value| schema::json(&value));
            // A session has these itself; of another record they are its words.
            let others =
                ["text", "statement", "act", "new_line", "title", "description", "outcome_text", "learning", "obstacles", "if_then"];
            let words: Vec<String> = others.into_iter().filter_map(|field| said(field)?.as_str().map(str::to_owned)).collect();
            let begun = json!({
                "type": record::kind::SESSION,
                "occurred_at": Moment::at(at, &TimeZone::UTC),
                "recorded_at": at,
                "note": (!words.is_empty()).then(|| words.join("\n\n")),
            });
            let Value::Object(begun) = begun else { continue };
            puts.push((at, (record.key(), schema::pack(begun).as_str().into())));
        }
        puts.into_iter().try_for_each(|(at, put)| self.write_at(cx, doc, &[put], "log", Some(at)).map(drop))
    }

    /// Entries of this device's own that wait for what is not here, by document.
    fn own_waiting(&self) -> impl Iterator<Item = (DocId, &Pending)> {
        let me = self.vault.as_ref().map(|vault| vault.device());
        let is_own = move |one: &Pending| me.is_some() && self.logs.get(&one.log).and_then(|log| log.device) == me;
        let is_awaited = |one: &Pending| one.checked.iter().any(|checked| !self.replaced.contains(&checked.hash().0));
        let all = self.pending.iter().flat_map(|(doc, all)| all.iter().map(move |one| (*doc, one)));
        all.filter(move |(_, one)| is_own(one) && is_awaited(one))
    }

    /// Whether this device wrote what waits here, and nobody else can bring what it waits for.
    pub(super) fn waits_for_nobody(&self) -> u64 {
        if self.has_no_other_device() { u64::try_from(self.own_waiting().count()).unwrap_or(u64::MAX) } else { 0 }
    }

    /// What this device wrote on top of an entry that is gone is written again, and nothing waits for it any more.
    fn write_waiting(&mut self, cx: &mut Cx<'_>) -> Result<u64, Failure> {
        let mut changes: BTreeMap<DocId, Vec<(u64, Again)>> = BTreeMap::new();
        let (mut written, mut replaced) = (0, Vec::new());
        for (doc, one) in self.own_waiting() {
            written += 1;
            replaced.extend(one.checked.iter().map(|checked| checked.hash().0));
            changes.entry(doc).or_default().extend(one.checked.iter().map(|checked| (checked.change().max_op(), again(checked.change()))));
        }
        for (doc, mut changes) in changes {
            // Each after what it builds on.
            changes.sort_by_key(|(op, _)| *op);
            self.write_changes(cx, doc, changes.into_iter().map(|(_, one)| one).collect())?;
        }
        let Some(space) = self.journal() else { return Ok(written) };
        for hashes in replaced.chunks(HASHES) {
            let (queue, log) = (QueueId([0; 32]), LogId([0; 16]));
            let body = Body::Branch(Branch { queue, log, before: Link::ZERO, entries: Vec::new(), replaced: hashes.to_vec() });
            let at = self.write_body(cx, space, &body)?;
            self.take(cx, at, Ok(body));
        }
        Ok(written)
    }

    /// The bodies of a piece, where this device wrote them: whoever else wrote one has it still. What another own device has is not written again,
    /// for it comes back as it was.
    fn bodies_of(&self, piece: &Salvaged) -> (Vec<Body>, u64) {
        let Some(me) = self.vault.as_ref().map(|vault| vault.device()) else { return (Vec::new(), 0) };
        let Some((space, keys)) = self.epoch_of(piece) else { return (Vec::new(), 0) };
        let elsewhere = self.peers.notes.values().filter_map(|note| note.acked.get(&piece.log)).max().copied().unwrap_or_default();
        let (given_back, own): (Vec<&Stored>, Vec<&Stored>) = piece.entries.iter().partition(|stored| stored.wire.seq() <= elsewhere);
        let open = |stored: &&Stored| {
            let opened = entry::open(&keys.read, &place(space, stored), &stored.wire).ok()?;
            opened.verify(&me).ok()?;
            Body::from_bytes(opened.bodies()).ok()
        };
        (own.iter().filter_map(open).collect(), count(&given_back))
    }

    /// The epoch that a piece was written under: the one that its head names, or that opens it where that is gone.
    fn epoch_of(&self, piece: &Salvaged) -> Option<(Space, &EpochKeys)> {
        let opens = |(space, keys): &(Space, &EpochKeys)| {
            piece.entries.first().is_some_and(|stored| entry::open(&keys.read, &place(*space, stored), &stored.wire).is_ok())
        };
        let all = self.registry.all_epochs().filter(|epoch| piece.queue.is_none_or(|queue| epoch.queue() == queue));
        all.filter_map(|epoch| Some((epoch.space, self.keys.get(&epoch.queue())?))).find(opens)
    }

    fn write_piece(&mut self, cx: &mut Cx<'_>, piece: &Salvaged, bodies: Vec<Body>) -> Result<(), Failure> {
        let Some((space, _)) = self.epoch_of(piece) else { return Ok(()) };
        let mut changes: BTreeMap<DocId, Vec<Again>> = BTreeMap::new();
        for body in bodies {
            match body {
                Body::Changes(one) => {
                    let checked = guard::check(piece.log, &one).unwrap_or_default();
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
        if let Some(Report { read, given_back, lost, kept_private }) = &self.salvage_report {
            let entries = many(*read, "entry", "entries");
            let elsewhere = match given_back {
                0 => String::new(),
                more => format!("; {} with another device of yours, and back once it is reached", many(*more, "more is", "more are")),
            };
            let is_lacking = |(log, behind, _): &&(LogId, u64, u64)| self.logs.get(log).is_none_or(|log| log.seq < *behind);
            let (ok, text, hint) = match lost.iter().filter(is_lacking).map(|(_, _, lost)| lost).sum::<u64>() {
                0 => (true, format!("{entries} behind what is damaged or gone could be read, and what they said stands in the journal again{elsewhere}"), None),
                lost => (
                    false,
                    format!(
                        "{entries} behind what is damaged or gone could be read and stand in the journal again; {} could not{elsewhere}",
                        many(lost, "entry", "entries")
                    ),
                    Some("it comes back from another device of yours, or from a copy of this machine, where one has it; else what it said is lost".to_owned()),
                ),
            };
            checks.push(Check { ok, kind: "salvaged".into(), text, hint });
            if *kept_private > 0 {
                let text = format!(
                    "{} kept private: a helper had been shown it no more, and what said why may be lost",
                    many(*kept_private, "record is", "records are")
                );
                let hint = Some("asif edit ID --clear private shows one again".to_owned());
                checks.push(Check { ok: false, kind: "salvaged".into(), text, hint });
            }
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

fn place(space: Space, stored: &Stored) -> Place {
    Place { space: space.id(), log: stored.wire.log(), seq: stored.wire.seq(), previous: stored.previous }
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
