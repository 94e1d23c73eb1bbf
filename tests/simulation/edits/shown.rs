//! What a device shows of every record, field by field, and what its disk holds of everything that was ever written.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use asif_daemon::journal::document::Document;
use asif_daemon::journal::guard::{self, Checked};
use asif_daemon::people::epoch;
use asif_daemon::people::space::Space;
use asif_daemon::replica::effect::{Effect, Input, Purpose, Run};
use asif_daemon::run::shelf::{Done, Shelf};
use asif_daemon::seal::body::{Body, DocId};
use asif_daemon::seal::entry::{self, Place};
use asif_proto::frame::Frame;
use asif_proto::id::RecordId;
use asif_proto::local::{HistoryStep, Now, Reply, Request};
use serde_json::Value;

use super::register::Shown;
use crate::hostile::{logs_of, steal};
use crate::world::World;

/// Fields of a session, a goal and a belief that the story changes.
const FIELDS: [&str; 15] = [
    "before",
    "after",
    "felt_real",
    "felt_state",
    "where_felt",
    "felt_worse",
    "repetitions",
    "duration_s",
    "willingness",
    "note",
    "visibility",
    "occurred_at",
    "deleted",
    "text",
    "statement",
];

/// A field of a record; a tag is a field that is true or false.
pub(crate) type Key = (RecordId, String);

/// What stands before somebody at a device.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Screen {
    /// The records that the device knows.
    pub(crate) records: BTreeSet<RecordId>,
    fields: BTreeMap<Key, (String, Shown)>,
}

impl Screen {
    /// Asks a device for these records.
    pub(crate) fn of(world: &mut World, device: usize, ids: &[RecordId]) -> Self {
        // A machine that goes down meanwhile is asked again.
        'again: loop {
            let mut screen = Self::default();
            for id in ids {
                match world.ask(device, Request::Show { id: id.to_string() }) {
                    Some(Ok(reply)) => {
                        let record = serde_json::to_value(&reply).unwrap()["data"].take();
                        screen.take(*id, &record);
                        let merged = record["conflicts"].as_array().into_iter().flatten().filter(|conflict| conflict["merged"] == true);
                        for conflict in merged {
                            let field = conflict["field"].as_str().unwrap();
                            let Some(parts) = parts(world, device, *id, field) else { continue 'again };
                            screen.fields.get_mut(&(*id, field.to_owned())).unwrap().1 = parts;
                        }
                    }
                    Some(Err(_)) => {}
                    None => continue 'again,
                }
            }
            return screen;
        }
    }

    fn take(&mut self, id: RecordId, record: &Value) {
        self.records.insert(id);
        for field in FIELDS.into_iter().filter(|field| record.get(field).is_some()) {
            let winner = said(field, &record[field]);
            self.fields.insert((id, field.to_owned()), (winner.clone(), [winner].into()));
        }
        for tag in record["tags"].as_array().into_iter().flatten() {
            self.fields.insert((id, format!("tags/{}", tag.as_str().unwrap())), ("true".into(), ["true".to_owned()].into()));
        }
        for conflict in record["conflicts"].as_array().into_iter().flatten() {
            let field = conflict["field"].as_str().unwrap();
            let (_, all) = self.fields.get_mut(&(id, field.to_owned())).unwrap_or_else(|| panic!("{field} is contested and not shown"));
            all.extend(conflict["others"].as_array().unwrap().iter().map(|other| said(field, other)));
        }
    }

    /// Everything that a field says; a tag that is not there is false.
    pub(crate) fn all(&self, key: &Key) -> Shown {
        self.fields.get(key).map_or_else(|| ["false".to_owned()].into(), |(_, all)| all.clone())
    }

    /// What it says first.
    pub(crate) fn first(&self, key: &Key) -> String {
        self.fields.get(key).map_or_else(|| "false".to_owned(), |(winner, _)| winner.clone())
    }

    /// The fields that differ.
    pub(crate) fn changed(&self, later: &Self) -> BTreeSet<Key> {
        let keys: BTreeSet<&Key> = self.fields.keys().chain(later.fields.keys()).collect();
        keys.into_iter().filter(|key| (self.first(key), self.all(key)) != (later.first(key), later.all(key))).cloned().collect()
    }

    /// The tags that a record has.
    pub(crate) fn tags(&self, id: RecordId) -> Vec<String> {
        let named = self.fields.keys().filter(|(record, _)| *record == id);
        named.filter_map(|(_, field)| field.strip_prefix("tags/").map(str::to_owned)).collect()
    }
}

/// What was written of a text that shows as one of several.
fn parts(world: &mut World, device: usize, id: RecordId, field: &str) -> Option<Shown> {
    let steps = steps(world, device, id)?;
    let changes = steps.iter().flat_map(|step| &step.changes).filter(|change| change.field == field);
    Some(changes.filter(|change| change.now != Now::Replaced).map(|change| said(field, &change.to)).collect())
}

/// All that was ever done to a record, as a device tells it; nothing where it went down.
pub(crate) fn steps(world: &mut World, device: usize, id: RecordId) -> Option<Vec<HistoryStep>> {
    match world.ask(device, Request::History { id: id.to_string() })? {
        Ok(Reply::History(history)) => Some(history.steps),
        other => panic!("no history: {other:?}"),
    }
}

/// A value, the same for what is shown the same.
pub(crate) fn said(field: &str, value: &Value) -> String {
    match (field, value) {
        ("deleted", Value::Null) => "false".to_owned(),
        ("felt_worse", Value::Bool(false)) => "null".to_owned(),
        ("visibility", Value::Null) => "\"inherit\"".to_owned(),
        (_, value) => value.to_string(),
    }
}

/// Whether only the value that wins is shown of a field.
pub(crate) fn is_single(field: &str) -> bool {
    // Where it was said apart who may see something, private is shown.
    field.starts_with("tags/") || field == "visibility"
}

/// Every change of the journal on a device's disk, as it lies there in the plain, one after another.
pub(crate) fn history(world: &World, device: usize) -> String {
    let stolen = steal(world, device);
    let (mut shelf, _) = Shelf::open(world.nodes[device].disk.clone(), Path::new("/data")).unwrap();
    let mut waiting: BTreeMap<DocId, Vec<Checked>> = BTreeMap::new();
    for epoch in stolen.registry.all_epochs().filter(|epoch| matches!(epoch.space, Space::Journal { .. })) {
        let Some(key) = epoch::read_box(epoch, stolen.device(), &stolen.vault.sealing) else { continue };
        let runs = logs_of(world, device, epoch).into_iter().map(|log| Run { log, from: 1, to: 10_000 }).collect();
        let Ok(Done::Input(Input::Read { entries, .. })) = shelf.perform(Effect::Read { purpose: Purpose::Merge, runs }) else { panic!() };
        for stored in entries.iter().filter(|stored| stored.wire.sealed().is_some()) {
            let place = Place { space: epoch.space.id(), log: stored.wire.log(), seq: stored.wire.seq(), previous: stored.previous };
            let opened = entry::open(&key.read, &place, &stored.wire).unwrap();
            let frames = Frame::all(opened.bodies()).unwrap();
            for changes in frames.iter().filter_map(|frame| match Body::from_bytes(&frame.to_bytes()) {
                Ok(Body::Changes(changes)) => Some(changes),
                _ => None,
            }) {
                waiting.entry(changes.doc).or_default().extend(guard::check(stored.wire.log(), &changes).unwrap());
            }
        }
    }
    let mut plain = Vec::new();
    for (_, mut waiting) in waiting {
        let mut document = Document::default();
        let hashes: Vec<_> = waiting.iter().map(Checked::hash).collect();
        while !waiting.is_empty() {
            let (ready, rest): (Vec<_>, Vec<_>) = waiting.into_iter().partition(|one| one.deps().iter().all(|dep| document.contains(dep)));
            assert!(!ready.is_empty(), "changes build on what is not there");
            document.merge(ready).unwrap();
            waiting = rest;
        }
        plain.extend(hashes.iter().flat_map(|hash| document.change(hash).unwrap().raw_bytes().to_vec()));
    }
    String::from_utf8_lossy(&plain).into_owned()
}
