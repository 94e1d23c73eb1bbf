//! The layouts under comparison, each with its own way to write, edit and read.

use automerge::transaction::{CommitOptions, Transactable};
use automerge::{AutoCommit, AutomergeError, ObjType, ROOT, ReadDoc, ScalarValue, ScalarValueRef, ValueRef};

use crate::journal::Step;
use crate::session::Session;

/// Whatever goes wrong.
pub type Failure = Box<dyn std::error::Error>;

/// How a session lies in its month document.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Layout {
    /// `id -> map { field -> scalar }`; an edit puts the field in the map.
    Plain,
    /// `id -> JSON as str`; an edit puts `id/field -> scalar` in the root.
    PackedStr,
    /// `id -> JSON as bytes`; edits likewise.
    PackedBytes,
}

impl Layout {
    pub const ALL: [Self; 3] = [Self::Plain, Self::PackedStr, Self::PackedBytes];

    /// The name in tables.
    pub fn name(self) -> &'static str {
        match self {
            Self::Plain => "plain fields",
            Self::PackedStr => "packed, str",
            Self::PackedBytes => "packed, bytes",
        }
    }

    /// Writes one step as one change.
    pub fn write(self, document: &mut AutoCommit, step: &Step) -> Result<(), Failure> {
        match (self, step) {
            (Self::Plain, Step::Add(session)) => {
                let map = document.put_object(ROOT, &session.id, ObjType::Map)?;
                for (name, value) in session.fields() {
                    document.put(&map, name, value)?;
                }
            }
            (Self::PackedStr, Step::Add(session)) => {
                document.put(ROOT, &session.id, serde_json::to_string(session.as_ref())?)?;
            }
            (Self::PackedBytes, Step::Add(session)) => {
                document.put(ROOT, &session.id, ScalarValue::Bytes(serde_json::to_vec(session.as_ref())?))?;
            }
            (Self::Plain, Step::Edit { id, field, value }) => {
                let (_, map) = document.get(ROOT, id)?.ok_or("no such session")?;
                document.put(map, *field, value.clone())?;
            }
            (Self::PackedStr | Self::PackedBytes, Step::Edit { id, field, value }) => {
                document.put(ROOT, format!("{id}/{field}"), value.clone())?;
            }
        }
        document.commit_with(CommitOptions::default().with_time(1_577_836_800));
        Ok(())
    }

    /// Every session as it now stands, in the order of their ids.
    pub fn scan(self, document: &AutoCommit) -> Result<Vec<Session>, Failure> {
        let mut sessions: Vec<Session> = Vec::new();
        for item in document.map_range(ROOT, ..) {
            match (&item.value, item.key.split_once('/')) {
                (ValueRef::Object(_), _) => sessions.push(plain(document, &item.key, item.id())),
                // Keys come sorted, so an edit follows its record.
                (ValueRef::Scalar(value), Some((_, field))) => {
                    sessions.last_mut().ok_or("an edit without a record")?.set(field, value);
                }
                (ValueRef::Scalar(value), None) => sessions.push(packed(&item.key, value)?),
            }
        }
        Ok(sessions)
    }

    /// All changes of a month applied in one call.
    pub fn applied(changes: &[Vec<u8>]) -> Result<AutoCommit, AutomergeError> {
        let mut document = AutoCommit::new();
        document.apply_changes(parsed(changes)?)?;
        Ok(document)
    }

    /// The same through `apply_changes_batch`.
    pub fn applied_as_batch(changes: &[Vec<u8>]) -> Result<AutoCommit, AutomergeError> {
        let mut document = AutoCommit::new();
        document.apply_changes_batch(parsed(changes)?)?;
        Ok(document)
    }
}

fn plain(document: &AutoCommit, id: &str, map: automerge::ObjId) -> Session {
    let mut session = Session { id: id.to_owned(), ..Session::default() };
    for field in document.map_range(map, ..) {
        if let ValueRef::Scalar(value) = &field.value {
            session.set(&field.key, value);
        }
    }
    session
}

fn packed(id: &str, value: &ScalarValueRef<'_>) -> Result<Session, Failure> {
    let mut session: Session = match value {
        ScalarValueRef::Str(json) => serde_json::from_str(json)?,
        ScalarValueRef::Bytes(json) => serde_json::from_slice(json)?,
        _ => return Err("not a packed session".into()),
    };
    session.id = id.to_owned();
    Ok(session)
}

fn parsed(changes: &[Vec<u8>]) -> Result<Vec<automerge::Change>, AutomergeError> {
    changes.iter().map(|it| Ok(automerge::Change::from_bytes(it.clone())?)).collect()
}
