//! A helper's own notes and names, leaving, and what is put away.

use std::collections::BTreeSet;

use asif_proto::id::{GrantId, RecordId};
use asif_proto::local::{Ask, ErrorKind, Failure, Purged, Reply};
use asif_proto::record::{HelperNote, Kind, MAX_LINE, Shown};
use serde_json::json;

use super::super::super::{Cx, Replica};
use super::super::journal::whole_seconds;
use super::super::kept::{new_record, one_line};
use super::super::{Handled, Outcome};
use super::Of;
use super::giving::words;
use crate::journal::kept::Kept;
use crate::journal::record::record_grant;
use crate::seal::body::{DocId, Revision};
use crate::share::feedback::{self, LeftItem};
use crate::share::item;

impl Replica {
    /// The helper's own notes about a client, of all that they ever shared and that was not put away, newest first.
    pub(super) fn notes_about(&self, of: &Of) -> Vec<Shown<HelperNote>> {
        let same = self.view.clients().filter(|(_, row)| row.value.person == of.client.person && row.value.purged != Some(true));
        self.notes_of(&same.map(|(id, _)| record_grant(*id)).collect())
    }

    /// The helper's own notes under these grants, newest first.
    fn notes_of(&self, grants: &BTreeSet<GrantId>) -> Vec<Shown<HelperNote>> {
        let notes = self.all_standing(move |kept| match kept {
            Kept::HelperNote(note) if grants.contains(&note.grant) => Some(note),
            _ => None,
        });
        let mut notes: Vec<_> = notes.map(|(id, row, note)| self.as_shown(id, row, note.clone())).collect();
        notes.sort_by_key(|note| std::cmp::Reverse((note.value.recorded_at, note.id)));
        notes
    }

    pub(super) fn note_down(&mut self, cx: &mut Cx<'_>, ask: &Ask, of: &Of, text: &str) -> Handled {
        let id = RecordId(ask.id);
        self.one_more(id, Kind::HelperNote)?;
        let note = HelperNote {
            grant: of.grant,
            client: of.client.name.clone(),
            text: words("a note", text)?,
            recorded_at: whole_seconds(cx.now.wall),
            visibility: Default::default(),
            deleted: false,
        };
        self.write_once(cx, DocId::Plan, id, &new_record(id, Kind::HelperNote, &note, &["text"]), "caseload notes")
    }

    pub(super) fn rename(&mut self, cx: &mut Cx<'_>, of: &Of, name: &str) -> Handled {
        let name = one_line("a name", name, MAX_LINE)?;
        let clients = self.view.clients().filter(|(id, row)| **id != of.id && row.value.purged != Some(true));
        if clients.into_iter().any(|(_, row)| row.value.name.eq_ignore_ascii_case(&name)) {
            return Err(Failure::new(ErrorKind::Precondition, format!("somebody else is called {name} here")).hint("choose another name"));
        }
        let puts = self.changing(DocId::Plan, of.id, Self::field_puts(of.id, vec![("name", json!(name))]));
        if !puts.is_empty() {
            self.write(cx, DocId::Plan, &puts, "client rename")?;
        }
        self.row_reply(of.id)
    }

    fn row_reply(&self, id: RecordId) -> Handled {
        let row = self.view.client(&id).ok_or_else(|| Failure::new(ErrorKind::NotFound, "no such client"))?;
        Ok(Outcome::Reply(Reply::Caseload(vec![self.caseload_row(id, &row.value)])))
    }

    /// The helper leaves: the client hears of it, and what was shared is deleted here.
    pub(super) fn leave(&mut self, cx: &mut Cx<'_>, of: &Of) -> Handled {
        if of.client.left.is_none() {
            if self.has_ended(of.grant) {
                return Err(Failure::new(ErrorKind::Precondition, format!("{} has ended the sharing already", of.client.name))
                    .hint(format!("what is left can be put away: asif client purge \"{}\"", of.client.name)));
            }
            let at = whole_seconds(cx.now.wall);
            self.put(cx, of.feedback, feedback::left(of.grant), Revision { grant: 1, touches: 1 }, item::LEFT, &LeftItem { at })?;
            self.write(cx, DocId::Plan, &Self::field_puts(of.id, vec![("left", json!(at))]), "client leave")?;
        }
        self.row_reply(of.id)
    }

    /// Takes a client whose sharing has ended from the caseload, and the helper's own notes about them where that is asked for.
    pub(super) fn purge(&mut self, cx: &mut Cx<'_>, of: &Of, notes: bool) -> Handled {
        if !self.has_ended(of.grant) {
            return Err(Failure::new(ErrorKind::Precondition, format!("{} still shares with you", of.client.name))
                .hint(format!("leave first: asif client leave \"{}\"", of.client.name)));
        }
        let own: Vec<RecordId> = self.notes_of(&BTreeSet::from([of.grant])).into_iter().map(|note| note.id).collect();
        let mut puts = Self::field_puts(of.id, vec![("purged", json!(true))]);
        if notes {
            puts.extend(own.iter().flat_map(|id| Self::field_puts(*id, vec![("deleted", json!(true))])));
        }
        self.write(cx, DocId::Plan, &puts, "client purge")?;
        let own = u64::try_from(own.len()).unwrap_or(u64::MAX);
        let (notes_deleted, notes_left) = if notes { (own, 0) } else { (0, own) };
        Ok(Outcome::Reply(Reply::Purged(Purged { client: of.client.name.clone(), notes_deleted, notes_left })))
    }
}
