//! `erase`: a record is gone for good, or the drafts of it.

use asif_proto::id::RecordId;
use asif_proto::local::{Erased, ErasedTag, ErrorKind, Failure, Reply};
use serde_json::Value;

use super::super::effect::ClientId;
use super::super::find::{Found, by_suffix};
use super::super::{Cx, Replica};
use super::{Handled, Outcome};
use crate::journal::document::Document;
use crate::journal::reading::Standing;
use crate::journal::schema;
use crate::seal::body::{DocId, Erase};

impl Replica {
    /// Erases a record on every device, or of its drafts all but what it says now. Answered once it is done on this one.
    pub(super) fn erase_record(&mut self, cx: &mut Cx<'_>, client: ClientId, typed: &str, history: bool) -> Handled {
        let (id, doc, what) = match self.erasable(typed) {
            Err(failure) if failure.kind == ErrorKind::NotFound && !history => return self.erased_before(client, typed).ok_or(failure),
            found => found?,
        };
        if history && !self.has(cx, doc) {
            return Ok(Outcome::Wanted);
        }
        let reply = Reply::Erased(Erased {
            kind: ErasedTag::Erased,
            record: what.to_owned(),
            id,
            history,
            was_shared_with: if history { Vec::new() } else { self.held_view(id, Vec::new()).was_shared_with },
            others: self.other_devices(),
        });
        if !history {
            self.erase(cx, client, &Erase { records: vec![id], drafts: Vec::new() }, reply)?;
            return Ok(Outcome::Later);
        }
        let Some((now, changes)) = self.documents.get(&doc).and_then(|document| as_one(document, id)) else {
            return Err(Failure::new(ErrorKind::Precondition, "this record cannot be read here; its drafts stay"));
        };
        let erase = Erase { records: Vec::new(), drafts: vec![(id, changes)] };
        self.erase(cx, client, &erase, reply)?;
        self.write(cx, doc, &[(id.key(), now.into())], ERASED)?;
        Ok(Outcome::Later)
    }

    /// It was erased before, as when the answer to that was lost: nothing says any more what it was.
    fn erased_before(&mut self, client: ClientId, typed: &str) -> Option<Outcome> {
        let id = by_suffix(typed, self.erased.gone().map(|id| (id.to_string(), *id)), "").ok()?;
        let reply = Reply::Erased(Erased {
            kind: ErasedTag::Erased,
            record: "record".to_owned(),
            id,
            history: false,
            was_shared_with: Vec::new(),
            others: self.other_devices(),
        });
        if !self.has_to_erase() {
            return Some(Outcome::Reply(reply));
        }
        self.erasing.wait(client, reply);
        Some(Outcome::Later)
    }

    fn erasable(&self, typed: &str) -> Result<(RecordId, DocId, &'static str), Failure> {
        let found = match self.find(typed)? {
            Found::Session(id) => self.view.session_doc(&id).map(|doc| (id, doc, "session")),
            Found::Practice(id) => self.view.practice(&id).map(|row| (id, row.doc, "practice")),
            Found::Kept(id) => self.view.kept(&id).map(|row| (id, row.doc, row.value.kind().word())),
            Found::Loan(_) | Found::Sent(_) => return Err(Failure::new(ErrorKind::NotPermitted, "this belongs to whoever sent it")),
        };
        found.ok_or_else(|| Failure::new(ErrorKind::NotFound, "no such record"))
    }
}

/// What is done when the drafts of a record are erased: what it says now is said anew.
const ERASED: &str = "erase its history";

/// A record as it stands now, packed, and the changes that made it so.
fn as_one(document: &Document, id: RecordId) -> Option<(String, Vec<[u8; 32]>)> {
    let Standing { mut fields, author, .. } = document.record(id)?;
    if let Some(author) = author {
        fields.insert(schema::WRITTEN_BY.to_owned(), Value::from(author.to_string()));
    }
    Some((schema::pack(fields), document.touching(id).iter().map(|hash| hash.0).collect()))
}
