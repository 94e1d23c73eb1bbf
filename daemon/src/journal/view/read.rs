//! What a document says, as it was read somewhere else: the rows of its sessions packed and not yet sealed, and all the rest.

use std::collections::BTreeMap;
use std::fmt;

use asif_proto::id::RecordId;
use serde::{Deserialize, Serialize};

use super::sessions::{Packed, SavedSessions, Unfit};
use super::{View, backwards};
use crate::Rng;
use crate::journal::document::Document;
use crate::seal::body::DocId;
use crate::seal::keys::CacheKey;

/// The rows of one document.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub struct Read {
    doc: DocId,
    rest: Box<View>,
    sessions: SavedSessions,
    packed: Packed,
}

impl Read {
    /// Reads a document of whose records it is known how many changes ever touched them.
    pub fn of(doc: DocId, document: &Document, touches: &BTreeMap<RecordId, u64>) -> Self {
        let mut view = View::default();
        view.take_over(doc, document, touches);
        let (sessions, packed) = view.sessions.pack();
        Self { doc, rest: Box::new(view), sessions, packed }
    }
}

impl fmt::Debug for Read {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Read({:?})", self.doc)
    }
}

impl View {
    /// Takes over what was read of a document of which nothing is in the view. No session is opened.
    pub fn take_read(&mut self, read: Read, key: &CacheKey, rng: &mut Rng) -> Result<(), Unfit> {
        let Read { doc, rest, sessions, packed } = read;
        let taken = self.sessions.take(doc, sessions, packed, key, rng)?;
        let rest = *rest;
        self.unreadable.retain(|id| !rest.touches.contains_key(id) && !taken.contains(id));
        for id in &rest.unreadable {
            self.forget_record(id);
        }
        self.backwards.extend(taken.iter().chain(rest.practices.keys()).chain(rest.kept.keys()).map(backwards));
        self.practices.extend(rest.practices);
        self.grants.extend(rest.grants);
        self.clients.extend(rest.clients);
        self.kept.extend(rest.kept);
        self.answers.extend(rest.answers);
        self.names.extend(rest.names);
        self.touches.extend(rest.touches);
        self.unreadable.extend(rest.unreadable);
        self.heads.extend(rest.heads);
        self.safety_plan = rest.safety_plan.or(self.safety_plan.take());
        Ok(())
    }
}
