//! What was ever written in a record, told from the changes of its document.

use std::collections::BTreeMap;

use asif_proto::id::RecordId;
use asif_proto::local::{ErrorKind, Failure, FieldChange, History, HistoryStep, Now, Reply};
use asif_proto::record::{SAFETY_PLAN, SAFETY_PLAN_NAME, WISH, WISH_NAME};
use automerge::ScalarValue;
use jiff::Timestamp;
use serde_json::{Map, Value};

use super::super::find::Found;
use super::super::{Cx, Replica};
use super::kept::says;
use super::{Handled, Outcome};
use crate::journal::document::Document;
use crate::journal::history::{Laid, PutId, Step, standing};
use crate::journal::record::{answer_record, record_grant};
use crate::journal::schema::{self, SELF, SELF_WISH};
use crate::journal::view::Contested;
use crate::seal::body::DocId;

/// What the packed record says about itself.
const OF_ITSELF: [&str; 3] = ["type", "recorded_at", schema::WRITTEN_BY];

/// What is known of a record without its changes.
struct About<'a> {
    id: RecordId,
    doc: DocId,
    kind: &'static str,
    title: Option<String>,
    occurred_at: Option<asif_proto::moment::Moment>,
    contested: &'a [Contested],
}

impl About<'_> {
    /// Under which key of its document it lies.
    fn key(&self) -> String {
        if self.id == WISH { SELF.to_owned() } else { self.id.key() }
    }
}

impl Replica {
    pub(super) fn history(&mut self, cx: &mut Cx<'_>, typed: &str) -> Handled {
        let doc = self.about(typed)?.doc;
        if !self.has(cx, doc) {
            return Ok(Outcome::Wanted);
        }
        let about = self.about(typed)?;
        let Some(document) = self.documents.get(&doc) else { return Ok(Outcome::Wanted) };
        let key = about.key();
        let below = format!("{key}/");
        // What was erased says nothing any more.
        let gone = schema::field(about.id, schema::GONE);
        let is_below = |one: &str| one == key || (one.starts_with(&below) && one != gone);
        let is_of = |one: &str| if about.id == WISH { one == SELF_WISH } else { is_below(one) };
        let steps = document.steps(is_of);
        if steps.is_empty() {
            return Err(Failure::new(ErrorKind::NotFound, "nothing was written here yet"));
        }
        let told = Told::of(&about, document, &steps);
        let steps = once_each(steps.iter().filter_map(|step| self.history_step(&about, &told, step)));
        let short = self.short(&about.id);
        let About { id, kind, title, occurred_at, .. } = about;
        Ok(Outcome::Reply(Reply::History(History { id, short, kind: kind.into(), title, occurred_at, steps })))
    }

    fn about(&self, typed: &str) -> Result<About<'_>, Failure> {
        let none = || Failure::new(ErrorKind::NotFound, "no such record");
        if typed == WISH_NAME {
            return Ok(About { id: WISH, doc: DocId::Plan, kind: WISH_NAME, title: None, occurred_at: None, contested: &[] });
        }
        if typed == SAFETY_PLAN_NAME {
            let nothing = || Failure::new(ErrorKind::NotFound, "there is no safety plan yet").hint("write one with: asif crisis edit");
            let row = self.view.safety_plan().ok_or_else(nothing)?;
            let contested = &row.contested[..];
            return Ok(About { id: SAFETY_PLAN, doc: row.doc, kind: "safety_plan", title: None, occurred_at: None, contested });
        }
        let found = match self.find(typed) {
            Ok(found) => found,
            Err(failure) => {
                let practice = self.find_practice(typed).map(|(id, _)| Found::Practice(id));
                practice.map_err(|_| failure.hint("see ids with: asif list"))?
            }
        };
        match found {
            Found::Session(id) => {
                let row = self.view.session(&id).ok_or_else(none)?;
                Ok(About {
                    id,
                    doc: row.doc,
                    kind: "session",
                    title: row.value.practice.map(|id| self.slug(&id)),
                    occurred_at: Some(row.value.occurred_at.clone()),
                    contested: &row.contested,
                })
            }
            Found::Practice(id) => {
                let row = self.view.practice(&id).ok_or_else(none)?;
                let title = Some(row.value.title.clone());
                Ok(About { id, doc: row.doc, kind: "practice", title, occurred_at: None, contested: &row.contested })
            }
            Found::Kept(id) => {
                let row = self.view.kept(&id).ok_or_else(none)?;
                let title = says(&row.value).map(str::to_owned);
                let kind = row.value.kind().word();
                Ok(About { id, doc: row.doc, kind, title, occurred_at: None, contested: &row.contested })
            }
            Found::Sent(item) => {
                let grants = self.view.grants().map(|(id, _)| answer_record(record_grant(*id), &item));
                let nothing = || {
                    Failure::new(ErrorKind::NotFound, "you have not said anything to it yet").hint("what was sent: asif inbox list --all")
                };
                let (id, row) = grants.into_iter().find_map(|id| Some((id, self.view.answer(&id)?))).ok_or_else(nothing)?;
                Ok(About { id, doc: row.doc, kind: "answer", title: None, occurred_at: None, contested: &row.contested })
            }
            Found::Loan(_) => {
                Err(Failure::new(ErrorKind::NotPermitted, "a loan belongs to whoever lent it; it is not changed, only lent anew")
                    .hint("see them with: asif borrow list"))
            }
        }
    }

    fn slug(&self, practice: &RecordId) -> String {
        self.view.practice(practice).map_or_else(|| practice.to_string(), |row| row.value.slug.clone())
    }

    fn history_step(&self, about: &About<'_>, told: &Told<'_>, step: &Step) -> Option<HistoryStep> {
        let changes: Vec<_> = step.puts.iter().flat_map(|put| told.changes(put)).map(|change| self.named(change)).collect();
        let first = step.puts.iter().any(|put| put.key == about.id.key());
        let device = self.logs.get(&step.log).and_then(|log| log.device).map(|device| self.device_name(&device));
        let at = step.at.or_else(|| first.then(|| told.recorded_at())?);
        (!changes.is_empty()).then(|| HistoryStep { at, device, what: super::undo::in_words(&step.message), changes })
    }

    /// Names instead of ids, where a person knows the names.
    fn named(&self, mut change: FieldChange) -> FieldChange {
        if change.field == "practice" {
            for value in [&mut change.from, &mut change.to] {
                let id = value.as_str().and_then(|text| text.parse::<uuid::Uuid>().ok());
                if let Some(id) = id {
                    *value = self.slug(&RecordId(id)).into();
                }
            }
        }
        change
    }
}

/// Steps, less what stands there already: two devices that give way to another branch may both write what was lost again.
fn once_each(steps: impl Iterator<Item = HistoryStep>) -> Vec<HistoryStep> {
    let mut all: Vec<HistoryStep> = Vec::new();
    for step in steps {
        let said = |step: &HistoryStep| step.changes.iter().map(|one| (one.field.clone(), one.to.clone())).collect::<Vec<_>>();
        let again = |one: &HistoryStep| one.device != step.device && one.at.is_some() && one.at == step.at;
        let same = |one: &&mut HistoryStep| again(one) && one.what == step.what && said(one) == said(&step);
        match all.iter_mut().find(same) {
            Some(there) if there.changes.iter().all(|one| one.now == Now::Replaced) => *there = step,
            Some(_) => {}
            None => all.push(step),
        }
    }
    all
}

/// What became of every put of a record.
struct Told<'a> {
    record: String,
    document: &'a Document,
    contested: &'a [Contested],
    /// The puts of each key.
    puts: BTreeMap<&'a str, BTreeMap<PutId, Laid>>,
    /// The record as it stands.
    fields: Map<String, Value>,
}

impl<'a> Told<'a> {
    fn of(about: &About<'a>, document: &'a Document, steps: &'a [Step]) -> Self {
        let mut puts: BTreeMap<&str, BTreeMap<PutId, Laid>> = BTreeMap::new();
        for put in steps.iter().flat_map(|step| &step.puts) {
            puts.entry(&put.key).or_default().insert(put.id, put.clone());
        }
        let fields = document.record(about.id).map(|record| record.fields).unwrap_or_default();
        Self { record: about.key(), document, contested: about.contested, puts, fields }
    }

    /// When the record was written down, as it says itself.
    fn recorded_at(&self) -> Option<Timestamp> {
        self.fields.get("recorded_at")?.as_str()?.parse().ok()
    }

    /// What one put changed: every field of a packed record, or the one that was laid over it.
    fn changes(&self, put: &Laid) -> Vec<FieldChange> {
        let Some(key) = put.key.strip_prefix(&self.record) else { return Vec::new() };
        match key.strip_prefix('/') {
            None => self.packed(put),
            Some(field) if schema::LOCKED.contains(&field) => Vec::new(),
            Some(field) => match field.split_once('/') {
                Some((list, name)) => vec![self.member(put, list, name)],
                None => vec![self.field(put, field)],
            },
        }
    }

    fn packed(&self, put: &Laid) -> Vec<FieldChange> {
        let ScalarValue::Str(text) = &put.value else { return Vec::new() };
        let Ok(Value::Object(fields)) = serde_json::from_str(text) else { return Vec::new() };
        let said = fields.into_iter().filter(|(field, _)| !OF_ITSELF.contains(&field.as_str()));
        let change = |(field, to): (String, Value)| {
            let shows = self.fields.get(&field) == Some(&to) && !self.puts.contains_key(format!("{}/{field}", self.record).as_str());
            FieldChange { now: if shows { Now::Shown } else { Now::Replaced }, field, from: Value::Null, to }
        };
        said.map(change).collect()
    }

    fn field(&self, put: &Laid, field: &str) -> FieldChange {
        let json = |value: &ScalarValue| schema::json(value).unwrap_or_default();
        if put.settles {
            // It said once more what showed then: the others are told as what it was chosen over.
            let over = put.over.iter().max().and_then(|id| self.puts.get(put.key.as_str())?.get(id));
            let now = if self.document.scalar(&put.key).as_ref() == Some(&put.value) { Now::Shown } else { Now::Replaced };
            return FieldChange {
                field: field.into(),
                from: over.map(|one| json(&one.value)).unwrap_or_default(),
                to: json(&put.value),
                now,
            };
        }
        let before = put.over.iter().max().and_then(|id| self.puts.get(put.key.as_str())?.get(id));
        let from = match before {
            Some(before) => json(&before.value),
            None => self.document.packed(&put.key).unwrap_or_default(),
        };
        FieldChange { field: field.into(), from, to: json(&put.value), now: self.now(put, Some(field)) }
    }

    /// Something that was put into a set or a list, or taken out.
    fn member(&self, put: &Laid, list: &str, name: &str) -> FieldChange {
        let now = self.now(put, None);
        let said = |value: &ScalarValue| match value {
            ScalarValue::Str(packed) => serde_json::from_str(packed).unwrap_or_default(),
            ScalarValue::Boolean(true) => Value::from(name),
            _ => Value::Null,
        };
        let before = || put.over.iter().max().and_then(|id| self.puts.get(put.key.as_str())?.get(id)).map(|before| said(&before.value));
        let (from, to) = match said(&put.value) {
            Value::Null => (before().filter(|value| !value.is_null()).unwrap_or_else(|| name.into()), Value::Null),
            to => (Value::Null, to),
        };
        FieldChange { field: list.into(), from, to, now }
    }

    fn now(&self, put: &Laid, field: Option<&str>) -> Now {
        let Some(puts) = self.puts.get(put.key.as_str()) else { return Now::Replaced };
        if !standing(puts).contains(&put.id) {
            return Now::Replaced;
        }
        if field.is_some_and(|field| self.contested.iter().any(|one| one.merged && one.field == field)) {
            return Now::Merged;
        }
        if self.document.scalar(&put.key).as_ref() == Some(&put.value) { Now::Shown } else { Now::Kept }
    }
}
