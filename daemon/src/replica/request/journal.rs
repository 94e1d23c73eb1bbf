//! Sessions and notes: log, list, show, edit, delete, restore.

use std::collections::BTreeMap;

use asif_proto::id::{ItemId, RecordId};
use asif_proto::local::{Ask, ErrorKind, Failure, ListFilter, Reply};
use asif_proto::moment::{self, Bound, Moment, MomentError};
use asif_proto::record::{
    Basis, ClearField, MAX_LINE, MAX_NOTE, Mark, SAFETY_PLAN_NAME, Session as SessionView, SessionFields, SessionTag, Visibility, WISH_NAME,
};
use asif_proto::share::Loan;
use jiff::Timestamp;
use serde_json::{Value, json};

use super::super::find::{Found, by_suffix};
use super::super::{Cx, Replica};
use super::kept::conflicts;
use super::{Handled, Outcome, built_on, tag};
use crate::journal::document::Put;
use crate::journal::record::{self, Practice, Session, kind};
use crate::journal::view::Row;
use crate::journal::{narrow, schema};
use crate::seal::body::DocId;
use crate::share::projection::is_backfilled;

impl Replica {
    pub(in crate::replica) fn log(&mut self, cx: &mut Cx<'_>, ask: &Ask, practice: Option<&str>, fields: &SessionFields) -> Handled {
        let id = RecordId(ask.id);
        check_texts(fields)?;
        let practice = practice.map(|typed| self.find_practice(typed).map(|(id, row)| (id, row.value.slug.clone()))).transpose()?;
        let occurred_at = occurred_at(cx, ask, fields.at.as_deref())?;
        let doc = self.view.session_doc(&id).unwrap_or_else(|| schema::month_of(id, occurred_at.local_date(), fields.at.is_some()));
        if !self.has(cx, doc) {
            return Ok(Outcome::Wanted);
        }
        let at = if fields.at.is_some() { occurred_at.timestamp() } else { cx.now.wall };
        let borrowed = self.borrowed(fields, practice.as_ref().map(|(_, slug)| slug.as_str()), at)?;
        let note = fields.note.clone().filter(|note| !note.is_empty());
        let beside = note.as_ref().is_some_and(|note| note.len() > schema::PACKED_NOTE);
        let tags = tag::named(&fields.tags)?;
        let session = Session {
            practice: practice.map(|(id, _)| id),
            occurred_at,
            recorded_at: whole_seconds(cx.now.wall),
            before: fields.before,
            after: fields.after,
            acted_as_if: fields.acted_as_if,
            felt_real: fields.felt_real,
            felt_state: fields.felt_state,
            marks: marks(fields)?,
            experiment: None,
            basis: basis(fields).filter(|basis| *basis != Basis::Own),
            borrowed_belief: borrowed,
            expectancy: fields.expectancy,
            willingness: fields.willingness,
            repetitions: fields.repetitions,
            duration_s: fields.duration_s,
            where_felt: fields.where_felt.clone(),
            felt_worse: fields.felt_worse.filter(|worse| *worse),
            stopped_early: fields.stopped_early.filter(|early| *early),
            note: note.clone().filter(|_| !beside),
            tags,
            visibility: fields.visibility.filter(|visibility| *visibility == Visibility::Private),
            hold_until: None,
            deleted: None,
        };
        let mut puts: Vec<Put> = vec![(id.key(), record::pack(kind::SESSION, &session).as_str().into())];
        puts.extend(note.filter(|_| beside).map(|note| (schema::field(id, "note"), note.as_str().into())));
        if !self.is_said(doc, id, &puts)? {
            self.write(cx, doc, &puts, "log")?;
        }
        self.session_reply(id)
    }

    /// When something happened that is to be logged, if nothing speaks against it that can be seen without the journal.
    pub(in crate::replica) fn would_log(&self, cx: &Cx<'_>, ask: &Ask, fields: &SessionFields) -> Result<Moment, Failure> {
        check_texts(fields)?;
        marks(fields)?;
        occurred_at(cx, ask, fields.at.as_deref())
    }

    pub(super) fn list(&self, cx: &Cx<'_>, ask: &Ask, filter: &ListFilter) -> Result<Vec<SessionView>, Failure> {
        let zone = moment::zone(&ask.zone);
        let bound = |typed: &Option<String>| typed.as_deref().map(|text| Bound::parse(text, cx.now.wall, &zone)).transpose().map_err(usage);
        let (since, until) = (bound(&filter.since)?, bound(&filter.until)?);
        let practice = filter.practice.as_deref().map(|typed| self.find_any_practice(typed)).transpose()?;
        let wanted = |row: &Row<Session>| {
            let at = &row.value.occurred_at;
            row.value.deleted.unwrap_or_default() == filter.deleted
                && since.as_ref().is_none_or(|since| since.is_before(at))
                && until.as_ref().is_none_or(|until| !until.is_before(at))
                && practice.is_none_or(|practice| row.value.practice == Some(practice))
                && filter.tags.iter().all(|tag| row.value.tags.iter().any(|one| one == tag::bare(tag) || one == tag))
        };
        let rows = self.view.newest().filter(|(_, row)| wanted(row));
        Ok(rows.take(filter.limit.unwrap_or(usize::MAX)).map(|(id, row)| self.session_view(*id, row)).collect())
    }

    pub(super) fn show(&self, cx: &Cx<'_>, typed: &str) -> Handled {
        match self.find(typed) {
            Ok(Found::Session(id)) => self.session_reply(id),
            Ok(Found::Practice(id)) => Ok(Outcome::Reply(Reply::Practice(self.practice_view(id)?))),
            Ok(Found::Kept(id)) => self.kept_reply(id),
            Ok(Found::Loan(id)) => match self.loans_lent(cx.now.wall).into_iter().find(|loan| loan.id == id) {
                Some(loan) => Ok(Outcome::Reply(Reply::Loan(loan))),
                None => Err(Failure::new(ErrorKind::NotFound, "this loan is no longer here")),
            },
            Ok(Found::Sent(id)) => match self.sent_item(cx, id) {
                Some(one) => Ok(Outcome::Reply(Reply::InboxItem(one))),
                None => Err(Failure::new(ErrorKind::NotFound, "this is no longer here")),
            },
            Err(failure) => match self.find_practice(typed) {
                Ok((id, _)) => Ok(Outcome::Reply(Reply::Practice(self.practice_view(id)?))),
                Err(_) => Err(failure.hint(match typed {
                    SAFETY_PLAN_NAME => "your safety plan: asif crisis",
                    WISH_NAME => "what you would like to be different: asif goal wish",
                    _ => "see ids with: asif list",
                })),
            },
        }
    }

    /// Changes a session. A note that was written on another one, the base, is merged with what stands by now.
    pub(super) fn edit(
        &mut self,
        cx: &mut Cx<'_>,
        ask: &Ask,
        typed: &str,
        (fields, base): (&SessionFields, Option<&str>),
        clear: &[ClearField],
    ) -> Handled {
        let id = match self.find(typed)? {
            Found::Session(id) => id,
            Found::Practice(_) | Found::Kept(_) | Found::Loan(_) | Found::Sent(_) => {
                return Err(Failure::new(ErrorKind::Usage, "only sessions and notes can be edited with these words")
                    .hint("see what it is with asif show; practices and phrases: asif practice edit, asif phrase edit"));
            }
        };
        check_texts(fields)?;
        let Some(row) = self.view.session(&id).cloned() else { return Err(Failure::new(ErrorKind::NotFound, "no such session")) };
        if row.value.deleted == Some(true) {
            return Err(
                Failure::new(ErrorKind::Precondition, "this session is deleted").hint(format!("bring it back first: asif restore {typed}"))
            );
        }
        if !self.has(cx, row.doc) {
            return Ok(Outcome::Wanted);
        }
        let present = row.value.note.as_deref().unwrap_or_default();
        let note = fields.note.as_deref().map(|note| built_on(base, note, present, MAX_NOTE)).transpose()?;
        let mut puts: BTreeMap<&str, Value> = BTreeMap::new();
        let mut tags: BTreeMap<String, bool> = BTreeMap::new();
        for field in clear {
            match field {
                ClearField::Borrowed if row.value.basis == Some(Basis::Borrowed) => {
                    puts.extend([("borrowed_belief", Value::Null), ("basis", Value::Null)]);
                }
                ClearField::Tags => tags.extend(row.value.tags.iter().map(|tag| (tag.clone(), false))),
                field => drop(puts.insert(stored_name(*field), Value::Null)),
            }
        }
        let mut at = row.value.occurred_at.timestamp();
        if fields.at.is_some() {
            let occurred_at = occurred_at(cx, ask, fields.at.as_deref())?;
            at = occurred_at.timestamp();
            puts.insert("occurred_at", json!(occurred_at));
        }
        let slug = row.value.practice.and_then(|id| self.view.practice(&id)).map(|row| row.value.slug.clone());
        let borrowed = self.borrowed(fields, slug.as_deref(), at)?;
        let said: [(&str, Option<Value>); 17] = [
            ("before", fields.before.map(|value| json!(value))),
            ("after", fields.after.map(|value| json!(value))),
            ("acted_as_if", fields.acted_as_if.map(|value| json!(value))),
            ("felt_real", fields.felt_real.map(|value| json!(value))),
            ("felt_state", fields.felt_state.map(|value| json!(value))),
            ("basis", basis(fields).map(|value| json!(value))),
            ("borrowed_belief", borrowed.map(|value| json!(value))),
            ("expectancy", fields.expectancy.map(|value| json!(value))),
            ("willingness", fields.willingness.map(|value| json!(value))),
            ("where_felt", fields.where_felt.as_ref().map(|value| json!(value))),
            ("felt_worse", fields.felt_worse.map(|value| json!(value))),
            ("stopped_early", fields.stopped_early.map(|value| json!(value))),
            ("repetitions", fields.repetitions.map(|value| json!(value))),
            ("duration_s", fields.duration_s.map(|value| json!(value))),
            ("visibility", fields.visibility.map(|value| json!(value))),
            ("note", note.map(|value| if value.is_empty() { Value::Null } else { json!(value) })),
            // Another basis than a borrowed one rests on no loan.
            ("borrowed_belief", fields.basis.filter(|basis| *basis != Basis::Borrowed).map(|_| Value::Null)),
        ];
        puts.extend(said.into_iter().filter_map(|(name, value)| Some((name, value?))));
        tags.extend(tag::named(&fields.tags)?.into_iter().map(|tag| (tag, true)));
        let mut all = Self::field_puts(id, puts.into_iter().collect());
        all.extend(tags.into_iter().map(|(tag, on)| (schema::field(id, &format!("tags/{tag}")), on.into())));
        if all.is_empty() {
            return Err(Failure::new(ErrorKind::Usage, "nothing to change was named").hint("see the fields with: asif edit --help"));
        }
        let changes = self.changing(row.doc, id, all);
        let changed = self.write(cx, row.doc, &changes, "edit")?;
        self.session_changed(id, changed)
    }

    /// Of these puts, those that change what the record says now, that settle what was said apart, or that put it away once more.
    pub(super) fn changing(&self, doc: DocId, id: RecordId, puts: Vec<Put>) -> Vec<Put> {
        let document = self.documents.get(&doc);
        let fields = document.and_then(|document| document.record(id)).map(|record| record.fields).unwrap_or_default();
        let is_new = |(key, value): &Put| {
            if document.is_some_and(|document| document.is_contested(key)) || narrow::keeps_away(key, value) {
                return true;
            }
            let field = key.split_once('/').map_or("", |(_, field)| field);
            match field.strip_prefix("tags/") {
                Some(tag) => {
                    let has = fields.get("tags").and_then(Value::as_array).is_some_and(|tags| tags.iter().any(|one| one == tag));
                    *value != automerge::ScalarValue::Boolean(has)
                }
                None => fields.get(field).map_or(automerge::ScalarValue::Null, schema::scalar) != *value,
            }
        };
        puts.into_iter().filter(is_new).collect()
    }

    /// Deletes, which only hides, or restores.
    pub(super) fn hide(&mut self, cx: &mut Cx<'_>, typed: &str, deleted: bool) -> Handled {
        let (id, doc, was) = match self.find(typed) {
            Ok(Found::Session(id)) => self.view.session(&id).map(|row| (id, row.doc, row.value.deleted.unwrap_or_default())),
            Ok(Found::Practice(id)) => self.view.practice(&id).map(|row| (id, row.doc, row.value.deleted.unwrap_or_default())),
            Ok(Found::Kept(id)) => self.view.kept(&id).map(|row| (id, row.doc, row.value.deleted())),
            Ok(Found::Loan(_) | Found::Sent(_)) => return Err(Failure::new(ErrorKind::NotPermitted, "this belongs to whoever sent it")),
            Err(failure) => {
                // Back comes what is hidden under that name; else what stands there already is.
                let hidden = |row: &Row<Practice>| !deleted && row.value.slug == typed && row.value.deleted == Some(true);
                let last = self.view.practices().filter(|(_, row)| hidden(row)).max_by_key(|(_, row)| row.value.recorded_at);
                let (id, row) = match last {
                    Some((id, row)) => (*id, row),
                    None => self.find_practice(typed).map_err(|_| failure)?,
                };
                Some((id, row.doc, row.value.deleted.unwrap_or_default()))
            }
        }
        .ok_or_else(|| Failure::new(ErrorKind::NotFound, "no such record"))?;
        if !self.has(cx, doc) {
            return Ok(Outcome::Wanted);
        }
        // Deleted is said once more also where it is so.
        if was || deleted {
            let puts = Self::field_puts(id, vec![("deleted", deleted.into())]);
            self.write(cx, doc, &puts, if deleted { "delete" } else { "restore" })?;
        }
        match self.view.session(&id) {
            Some(_) => self.session_changed(id, was || deleted),
            None if self.view.kept(&id).is_some() => self.kept_reply(id),
            None => Ok(Outcome::Reply(Reply::Practice(self.practice_view(id)?))),
        }
    }

    /// The loan that a session at a time rests on: the one named, or with `--basis borrowed` the only one there is for the practice.
    pub(super) fn borrowed(&self, fields: &SessionFields, practice: Option<&str>, at: Timestamp) -> Result<Option<ItemId>, Failure> {
        let loans = self.loans_lent(at);
        let fits = |loan: &Loan| !loan.ended && Some(loan.practice.as_str()) == practice;
        if let Some(typed) = &fields.borrowed {
            if fields.basis.is_some_and(|basis| basis != Basis::Borrowed) {
                return Err(Failure::new(ErrorKind::Usage, "--borrowed goes with --basis borrowed"));
            }
            let named = by_suffix(typed, loans.iter().map(|loan| (loan.id.to_string(), loan)), "no loan has the id")
                .map_err(|failure| failure.hint("see them with: asif borrow list"))?;
            if fits(named) {
                return Ok(Some(named.id));
            }
            let why = if named.ended { "had ended by then" } else { "is for another practice" };
            return Err(Failure::new(ErrorKind::Precondition, format!("the belief that {} lent you {why}", named.lender))
                .hint("see them with: asif borrow list   (--basis leap needs none)"));
        }
        if fields.basis != Some(Basis::Borrowed) {
            return Ok(None);
        }
        match &loans.iter().filter(|loan| fits(loan)).collect::<Vec<_>>()[..] {
            [one] => Ok(Some(one.id)),
            [] => Err(Failure::new(ErrorKind::Precondition, "no belief is lent to you for this practice at the moment")
                .hint("see them with: asif borrow list   (--basis leap needs none)")),
            _ => Err(Failure::new(ErrorKind::Usage, "more than one belief is lent to you for this practice")
                .hint("name one with --borrowed ID: asif borrow list")),
        }
    }

    pub(super) fn session_reply(&self, id: RecordId) -> Handled {
        self.session_changed(id, true)
    }

    /// The session, and whether anything of it was changed.
    pub(super) fn session_changed(&self, id: RecordId, changed: bool) -> Handled {
        let row = self.view.session(&id).ok_or_else(|| Failure::new(ErrorKind::NotFound, "no such session"))?;
        Ok(Outcome::Reply(Reply::Session(SessionView { unchanged: !changed, ..self.session_view(id, row) })))
    }

    fn session_view(&self, id: RecordId, row: &Row<Session>) -> SessionView {
        let session = &row.value;
        let device = row.author.and_then(|log| self.logs.get(&log)).and_then(|log| log.device);
        SessionView {
            kind: SessionTag::Session,
            id,
            short: self.view.short(&id),
            practice: session.practice.map(|id| self.view.practice(&id).map_or_else(|| id.to_string(), |row| row.value.slug.clone())),
            occurred_at: session.occurred_at.clone(),
            recorded_at: session.recorded_at,
            backfilled: is_backfilled(session),
            before: session.before,
            after: session.after,
            acted_as_if: session.acted_as_if,
            felt_real: session.felt_real,
            felt_state: session.felt_state,
            landed_s: session.landed_s(),
            marks: session.marks.clone(),
            experiment: session.experiment,
            basis: session.basis.unwrap_or(Basis::Own),
            borrowed_belief: session.borrowed_belief,
            expectancy: session.expectancy,
            willingness: session.willingness,
            repetitions: session.repetitions,
            duration_s: session.duration_s,
            where_felt: session.where_felt.clone(),
            felt_worse: session.felt_worse.unwrap_or_default(),
            stopped_early: session.stopped_early.unwrap_or_default(),
            note: session.note.clone(),
            tags: session.tags.clone(),
            visibility: session.visibility.unwrap_or(Visibility::Inherit),
            hold_until: session.hold_until.clone(),
            deleted: session.deleted.unwrap_or_default(),
            device: device.map(|device| self.device_name(&device)),
            unchanged: false,
            conflicts: conflicts(&row.contested),
        }
    }
}

/// On whose belief: naming a loan says that it was borrowed.
pub(super) fn basis(fields: &SessionFields) -> Option<Basis> {
    fields.basis.or_else(|| fields.borrowed.as_ref().map(|_| Basis::Borrowed))
}

/// The field of a stored session that a person clears.
fn stored_name(field: ClearField) -> &'static str {
    match field {
        ClearField::Before => "before",
        ClearField::After => "after",
        ClearField::Acted => "acted_as_if",
        ClearField::FeltReal => "felt_real",
        ClearField::FeltState => "felt_state",
        ClearField::Borrowed => "borrowed_belief",
        ClearField::Expectancy => "expectancy",
        ClearField::Willingness => "willingness",
        ClearField::Where => "where_felt",
        ClearField::Worse => "felt_worse",
        ClearField::StoppedEarly => "stopped_early",
        ClearField::Repetitions => "repetitions",
        ClearField::Duration => "duration_s",
        ClearField::Tags => "tags",
        ClearField::Note => "note",
        ClearField::Private => "visibility",
    }
}

/// The most marks of one sitting.
const MAX_MARKS: usize = 1_000;

/// Marks in the order of their seconds.
fn marks(fields: &SessionFields) -> Result<Vec<Mark>, Failure> {
    if fields.marks.len() > MAX_MARKS {
        return Err(Failure::new(ErrorKind::Usage, format!("a session has at most {MAX_MARKS} marks")).hint("nothing was stored"));
    }
    let mut marks = fields.marks.clone();
    marks.sort_by_key(|mark| mark.t_s);
    Ok(marks)
}

fn check_texts(fields: &SessionFields) -> Result<(), Failure> {
    let too_long = |what: &str, len: usize, max: usize| {
        Failure::new(ErrorKind::Usage, format!("{what} has {len} bytes; it may have {max}")).hint("nothing was stored")
    };
    if let Some(note) = fields.note.as_ref().filter(|note| note.len() > MAX_NOTE) {
        return Err(too_long("the note", note.len(), MAX_NOTE));
    }
    tag::named(&fields.tags)?;
    if let Some(place) = &fields.where_felt {
        if place.len() > MAX_LINE {
            return Err(too_long("--where", place.len(), MAX_LINE));
        }
        if place.trim().is_empty() || place.contains('\n') {
            return Err(Failure::new(ErrorKind::Usage, "--where must be one line with something on it"));
        }
    }
    Ok(())
}

pub(in crate::replica) fn whole_seconds(now: Timestamp) -> Timestamp {
    Timestamp::from_second(now.as_second()).unwrap_or(now)
}

pub(super) fn usage(error: MomentError) -> Failure {
    Failure::new(ErrorKind::Usage, error.to_string())
}

pub(super) fn occurred_at(cx: &Cx<'_>, ask: &Ask, typed: Option<&str>) -> Result<Moment, Failure> {
    let zone = moment::zone(&ask.zone);
    match typed {
        None => Ok(Moment::at(cx.now.wall, &zone)),
        Some(text) => Moment::parse(text, cx.now.wall, &zone).map_err(usage),
    }
}

pub(super) fn bound(cx: &Cx<'_>, ask: &Ask, typed: Option<&str>) -> Result<Option<Moment>, Failure> {
    typed.map(|text| Moment::parse_bound(text, cx.now.wall, &moment::zone(&ask.zone)).map_err(usage)).transpose()
}
