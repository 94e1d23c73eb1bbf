//! Reading records: one of them, or all of a document in one pass.

use std::collections::BTreeMap;

use asif_proto::id::{LogId, RecordId};
use automerge::iter::MapRangeItem;
use automerge::{ObjId, ROOT, ReadDoc, ScalarValue};
use serde_json::{Map, Value};

use super::document::Document;
use super::{narrow, schema};

/// A record as it stands in a document.
#[derive(Debug, Clone, PartialEq)]
pub struct Standing {
    /// Which.
    pub id: RecordId,
    /// The packed record with everything laid over it, its sets and lists gathered.
    pub fields: Map<String, Value>,
    /// Fields with values that do not show.
    pub apart: Vec<String>,
    /// Several began it apart.
    pub is_begun_apart: bool,
    /// The log whose device first wrote it.
    pub author: Option<LogId>,
}

impl Document {
    /// A record; none: nothing of it is packed here.
    pub fn record(&self, record: RecordId) -> Option<Standing> {
        let key = record.key();
        let mut items = self.automerge.map_range(ROOT, key.clone()..format!("{key}0"));
        let packed = items.next().filter(|item| item.key == key)?;
        let mut begun = Begun::of(record, &packed)?;
        items.for_each(|item| begun.lay(self, &item));
        Some(begun.standing())
    }

    /// Every record, in the order of the ids, and the keys that belong to none.
    pub fn read_all(&self) -> (Vec<Standing>, Vec<String>) {
        let (mut records, mut others) = (Vec::new(), Vec::new());
        let mut begun: Option<Begun> = None;
        for item in self.automerge.map_range(ROOT, ..) {
            let Some(record) = schema::record_of(&item.key) else {
                others.push(item.key.into_owned());
                continue;
            };
            match &mut begun {
                Some(begun) if begun.standing.id == record => begun.lay(self, &item),
                _ => {
                    let next = if item.key.contains('/') { None } else { Begun::of(record, &item) };
                    records.extend(std::mem::replace(&mut begun, next).map(Begun::standing));
                }
            }
        }
        records.extend(begun.map(Begun::standing));
        (records, others)
    }
}

/// A record of which the packed part was read.
struct Begun {
    standing: Standing,
    inside: String,
    lists: BTreeMap<String, BTreeMap<String, Value>>,
}

impl Begun {
    fn of(id: RecordId, packed: &MapRangeItem<'_>) -> Option<Self> {
        let value = packed.value.clone().into_value();
        let Some(ScalarValue::Str(text)) = value.as_scalar() else { return None };
        let Ok(Value::Object(mut fields)) = serde_json::from_str(text.as_str()) else { return None };
        let said = fields.remove(schema::WRITTEN_BY).and_then(|said| said.as_str()?.parse().ok());
        let author = said.or_else(|| match packed.id() {
            ObjId::Id(_, actor, _) => actor.to_bytes().try_into().ok().map(LogId),
            ObjId::Root => None,
        });
        let standing = Standing { id, fields, apart: Vec::new(), is_begun_apart: packed.conflict, author };
        Some(Self { standing, inside: format!("{}/", id.key()), lists: BTreeMap::new() })
    }

    /// Lays over it what stands under one of its keys.
    fn lay(&mut self, document: &Document, item: &MapRangeItem<'_>) {
        let Some(field) = item.key.strip_prefix(&self.inside) else { return };
        let Some(value) = item.value.clone().into_value().as_scalar().and_then(schema::json) else { return };
        let fields = &mut self.standing.fields;
        match field.split_once('/') {
            Some((list, name)) => {
                // Taken back on one device and put back on another, it is there.
                let apart = if item.conflict && value.is_null() { document.losers(&item.key) } else { Vec::new() };
                let value = apart.into_iter().find(|other| !other.is_null()).unwrap_or(value);
                let narrower = (item.conflict && narrow::is_guarded(&item.key)).then(|| document.scalar(&item.key)).flatten();
                let value = narrower.as_ref().and_then(schema::json).unwrap_or(value);
                let members = self.lists.entry(list.to_owned()).or_insert_with(|| packed_members(fields.remove(list)));
                lay_member(members, name, value);
            }
            None if schema::LOCKED.contains(&field) || field == schema::GONE => {}
            None => {
                let value = if item.conflict { document.scalar(&item.key).as_ref().and_then(schema::json).unwrap_or(value) } else { value };
                // What is emptied is absent, as if it had never been said.
                match value {
                    Value::Null => fields.remove(field),
                    value => fields.insert(field.to_owned(), value),
                };
                if item.conflict {
                    self.standing.apart.push(field.to_owned());
                }
            }
        }
    }

    fn standing(mut self) -> Standing {
        for (list, members) in self.lists.into_iter().filter(|(_, members)| !members.is_empty()) {
            self.standing.fields.insert(list, members.into_values().collect());
        }
        self.standing
    }
}

/// The members of a set that is packed in its record, by name.
fn packed_members(packed: Option<Value>) -> BTreeMap<String, Value> {
    let Some(Value::Array(members)) = packed else { return BTreeMap::new() };
    let name = |member: &Value| member.as_str().map_or_else(|| member.to_string(), str::to_owned);
    members.into_iter().map(|member| (name(&member), member)).collect()
}

/// A name that is in a set or not, or something appended to a list. An id tells its time, so that a list is in the order of its making.
fn lay_member(members: &mut BTreeMap<String, Value>, name: &str, value: Value) {
    match value {
        Value::Bool(true) => drop(members.insert(name.to_owned(), name.into())),
        Value::Bool(false) => drop(members.remove(name)),
        Value::String(packed) => {
            if let Ok(value @ Value::Object(_)) = serde_json::from_str(&packed) {
                members.insert(name.to_owned(), value);
            }
        }
        _ => {}
    }
}
