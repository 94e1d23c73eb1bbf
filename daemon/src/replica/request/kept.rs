//! Records that are shown as they are kept: finding, showing, and what all of their writes have in common.

use asif_proto::id::RecordId;
use asif_proto::local::{Ask, ErrorKind, Failure, Reply, SketchView, plan};
use asif_proto::record::{
    Belief, Conflict, Goal, Kind, MAX_LINE, MAX_NOTE, MAX_SENTENCE, Phrase, SAFETY_PLAN, SAFETY_PLAN_NAME, Shown, Visibility, WISH,
    WISH_NAME,
};
use serde::Serialize;
use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::super::find::{Found, by_suffix};
use super::super::{Cx, Replica};
use super::{Handled, Outcome, built_on};
use crate::journal::document::Put;
use crate::journal::kept::Kept;
use crate::journal::schema;
use crate::journal::view::{Contested, Row};
use crate::seal::body::DocId;

/// The most of these records that a journal may hold of one kind, deleted ones included.
const MAX_OF_A_KIND: usize = 10_000;

impl Replica {
    /// The standing record of a kind that an id, a unique suffix of one, or words that only it has, name.
    pub(super) fn find_kept(&self, typed: &str, kind: Kind) -> Result<RecordId, Failure> {
        let standing: Vec<(&RecordId, &Row<Kept>)> =
            self.view.all_kept().filter(|(_, row)| row.value.kind() == kind && !row.value.deleted()).collect();
        if let Ok(id) = by_suffix(typed, standing.iter().map(|(id, _)| (id.to_string(), **id)), "") {
            return Ok(id);
        }
        let wanted = typed.trim().to_lowercase();
        let matching: Vec<_> = standing.iter().filter(|(_, row)| says(&row.value).is_some_and(|text| has_words(text, &wanted))).collect();
        let exact = matching.iter().find(|(_, row)| says(&row.value).is_some_and(|text| text.to_lowercase() == wanted));
        let (noun, list) = (kind.word(), list_command(kind));
        match (exact, &matching[..]) {
            (Some((id, _)), _) | (None, [(id, _)]) => Ok(**id),
            (None, []) => Err(Failure::new(ErrorKind::NotFound, format!("there is no {noun} with the id or the words {typed:?}"))
                .hint(format!("see them with: {list}"))),
            (None, several) => {
                let named: Vec<_> = several
                    .iter()
                    .take(8)
                    .map(|(id, row)| format!("{} \"{}\"", self.view.short(id), says(&row.value).unwrap_or_default()))
                    .collect();
                Err(Failure::new(ErrorKind::Usage, format!("{typed:?} could be any of: {}", named.join(", ")))
                    .hint("use the id of the one you mean"))
            }
        }
    }

    /// Whether one more record of a kind may be written; one that is there already is no more.
    pub(super) fn one_more(&self, id: RecordId, kind: Kind) -> Result<(), Failure> {
        let held = self.view.all_kept().filter(|(_, row)| row.value.kind() == kind).count();
        if held < MAX_OF_A_KIND || self.view.kept(&id).is_some() {
            return Ok(());
        }
        Err(Failure::new(ErrorKind::Precondition, format!("there are {held} of these already; no more are taken")))
    }

    /// What names a record on the command line: the shortest suffix of its id that names nothing else; of what there is one of, its name.
    pub(super) fn short(&self, id: &RecordId) -> String {
        match *id {
            SAFETY_PLAN => SAFETY_PLAN_NAME.to_owned(),
            WISH => WISH_NAME.to_owned(),
            _ => self.view.short(id),
        }
    }

    /// The reply that shows a record.
    pub(super) fn kept_reply(&self, id: RecordId) -> Handled {
        let row = self.view.kept(&id).ok_or_else(|| Failure::new(ErrorKind::NotFound, "no such record"))?;
        Ok(Outcome::Reply(match &row.value {
            Kept::Goal(goal) => Reply::Goal(self.as_shown(id, row, goal.clone())),
            Kept::Belief(belief) => Reply::Belief(self.as_shown(id, row, belief.clone())),
            Kept::Anchor(anchor) => Reply::Anchor(self.as_shown(id, row, anchor.clone())),
            Kept::Sketch(_) => Reply::Sketch(self.sketch_view(id)?),
            Kept::Phrase(phrase) => Reply::Phrase(self.as_shown(id, row, self.phrase_view(phrase))),
            Kept::Experiment(_) => Reply::Experiment(self.experiment_view(id)?),
            Kept::Rapport(one) => Reply::Rapport(self.as_shown(id, row, one.clone())),
            Kept::HelperNote(note) => Reply::HelperNote(self.as_shown(id, row, note.clone())),
            Kept::Reminder(one) => Reply::Reminder(self.as_shown(id, row, self.reminder_view(&id, one))),
        }))
    }

    /// A record with its id and what was said apart.
    pub(in crate::replica) fn as_shown<T>(&self, id: RecordId, row: &Row<Kept>, value: T) -> Shown<T> {
        Shown { kind: row.value.kind(), id, short: self.view.short(&id), value, conflicts: conflicts(&row.contested) }
    }

    /// Every standing record that `pick` takes, newest first.
    pub(super) fn all_standing<'a, T>(
        &'a self,
        pick: impl Fn(&'a Kept) -> Option<T> + 'a,
    ) -> impl Iterator<Item = (RecordId, &'a Row<Kept>, T)> {
        let rows: Vec<_> = self.view.all_kept().filter(|(_, row)| !row.value.deleted()).collect();
        rows.into_iter().rev().filter_map(move |(id, row)| Some((*id, row, pick(&row.value)?)))
    }

    /// A goal.
    pub(super) fn goal(&self, id: &RecordId) -> Option<&Goal> {
        match &self.view.kept(id)?.value {
            Kept::Goal(goal) => Some(goal),
            _ => None,
        }
    }

    /// A belief.
    pub(super) fn belief(&self, id: &RecordId) -> Option<&Belief> {
        match &self.view.kept(id)?.value {
            Kept::Belief(belief) => Some(belief),
            _ => None,
        }
    }

    fn phrase_view(&self, phrase: &Phrase) -> Phrase<String> {
        let practice = self.view.practice(&phrase.practice).map_or_else(|| phrase.practice.to_string(), |row| row.value.slug.clone());
        let Phrase { old_line, new_line, form, voice, order, recorded_at, visibility, deleted, .. } = phrase.clone();
        Phrase { practice, old_line, new_line, form, voice, order, recorded_at, visibility, deleted }
    }

    pub(super) fn sketch_view(&self, id: RecordId) -> Result<SketchView, Failure> {
        let row = self.view.kept(&id).ok_or_else(|| Failure::new(ErrorKind::NotFound, "no such sketch"))?;
        let Kept::Sketch(sketch) = &row.value else { return Err(Failure::new(ErrorKind::NotFound, "no such sketch")) };
        let mut steps: Vec<_> =
            sketch.practices.iter().filter_map(|id| self.practice_view(*id).ok()).filter(|practice| !practice.deleted).collect();
        steps.sort_by_key(super::practice::easiest_first);
        Ok(SketchView { sketch: self.as_shown(id, row, sketch.clone()), steps })
    }

    /// Changes the words of a record, or who may see it.
    ///
    /// Words that were written on other ones, the base, are merged with what stands by now.
    pub(super) fn edit_text(
        &mut self,
        cx: &mut Cx<'_>,
        typed: &str,
        (text, base): (Option<&str>, Option<&str>),
        visibility: Option<Visibility>,
    ) -> Handled {
        let Found::Kept(id) = self.find(typed)? else {
            return Err(Failure::new(
                ErrorKind::Usage,
                "only a goal, a belief, an anchor, a sketch, a phrase or a reminder has words to change with this",
            ));
        };
        let row = self.view.kept(&id).ok_or_else(|| Failure::new(ErrorKind::NotFound, "no such record"))?;
        let (kind, doc) = (row.value.kind(), row.doc);
        if row.value.deleted() {
            let short = self.view.short(&id);
            return Err(Failure::new(ErrorKind::Precondition, "it is deleted").hint(format!("bring it back first: asif restore {short}")));
        }
        let present = says(&row.value).unwrap_or_default();
        let text = text.map(|text| built_on(base, text, present, MAX_NOTE)).transpose()?;
        let text = text.as_deref();
        let line = |what, max| text.map(|text| one_line(what, text, max)).transpose();
        let lines = |what: &str| {
            let text = text.map(str::to_owned);
            let empty = || Failure::new(ErrorKind::Usage, format!("{what} was empty: it stays as it is"));
            text.map(|text| prose(what, Some(&text), MAX_NOTE)?.ok_or_else(empty)).transpose()
        };
        let (field, text) = match kind {
            Kind::Goal => ("text", line("a goal", MAX_SENTENCE)?),
            Kind::Belief => ("statement", line("a belief", MAX_SENTENCE)?),
            Kind::Phrase => ("new_line", line("a phrase", MAX_LINE)?),
            Kind::Anchor => ("act", lines("what you did")?),
            Kind::Sketch => ("text", lines("the sketch")?),
            Kind::Reminder => ("text", text.map(|text| super::reminder::words(Some(text))).transpose()?),
            Kind::HelperNote => ("text", lines("the note")?),
            Kind::Rapport if text.is_some() => {
                return Err(Failure::new(ErrorKind::Usage, "this has no words to change").hint("rate once more: asif rapport rate"));
            }
            Kind::Rapport => ("text", None),
            Kind::Experiment => {
                return Err(Failure::new(ErrorKind::Usage, "an experiment has several texts").hint("asif edit --help tells which"));
            }
        };
        if !self.has(cx, doc) {
            return Ok(Outcome::Wanted);
        }
        let said = text.map(|text| (field, text.into())).into_iter().chain(visibility.map(|visibility| ("visibility", json!(visibility))));
        let puts = Self::field_puts(id, said.collect());
        if puts.is_empty() {
            return Err(Failure::new(ErrorKind::Usage, "nothing to change was named").hint("asif edit --help tells what can be"));
        }
        let puts = self.changing(doc, id, puts);
        self.write_kept(cx, doc, id, &puts, "edit")
    }

    /// Writes a new record, or something appended to one, and shows the record; asked again, it only shows it.
    pub(super) fn write_once(&mut self, cx: &mut Cx<'_>, doc: DocId, id: RecordId, puts: &[Put], what: &str) -> Handled {
        if self.is_said(doc, id, puts)? {
            return self.kept_reply(id);
        }
        self.write_kept(cx, doc, id, puts, what)
    }

    /// Writes puts to the plan and shows the record they belong to.
    pub(super) fn write_kept(&mut self, cx: &mut Cx<'_>, doc: DocId, id: RecordId, puts: &[Put], what: &str) -> Handled {
        self.write(cx, doc, puts, what)?;
        self.kept_reply(id)
    }
}

/// What was said apart, as a person sees it.
pub(super) fn conflicts(contested: &[Contested]) -> Vec<Conflict> {
    let conflict = |one: &Contested| Conflict {
        field: one.field.clone(),
        others: one.others.iter().filter_map(|text| serde_json::from_str(text).ok()).collect(),
        merged: one.merged,
    };
    // Which session an outcome made, and which predictions it met, is nothing that a person reads.
    contested.iter().filter(|one| !["session", "predicted"].contains(&one.field.as_str())).map(conflict).collect()
}

/// A put of something appended to a list of a record.
pub(super) fn append<T: Serialize>(record: RecordId, list: &str, id: Uuid, value: &T) -> Put {
    let mut fields = match serde_json::to_value(value) {
        Ok(Value::Object(fields)) => fields,
        _ => Map::new(),
    };
    fields.retain(|_, value| !value.is_null());
    (schema::member(record, list, &id.simple().to_string()), Value::Object(fields).to_string().as_str().into())
}

/// The id of the `n`th record or member that a request makes.
pub(super) fn nth(ask: &Ask, n: u16) -> Uuid {
    plan::nth(ask.id, n)
}

/// A new record: packed, with what is long laid beside it.
pub(super) fn new_record<T: Serialize>(id: RecordId, kind: Kind, value: &T, beside: &[&str]) -> Vec<Put> {
    let mut fields = match serde_json::to_value(value) {
        Ok(Value::Object(fields)) => fields,
        _ => Map::new(),
    };
    let mut puts = Vec::new();
    for field in beside {
        let is_long = fields.get(*field).and_then(Value::as_str).is_some_and(|text| text.len() > schema::PACKED_NOTE);
        if is_long && let Some(text) = fields.remove(*field) {
            // A record without a field that it must have does not read: an empty one stands there, with the text laid over it.
            fields.insert((*field).to_owned(), "".into());
            puts.push((schema::field(id, field), schema::scalar(&text)));
        }
    }
    // What goes without saying.
    let plain = |name: &str, value: &Value| (name == "deleted" && *value == false) || (name == "visibility" && value == "inherit");
    fields.retain(|name, value| !plain(name, value));
    fields.insert("type".into(), kind.word().into());
    puts.insert(0, (id.key(), schema::pack(fields).as_str().into()));
    puts
}

/// A text of one line, trimmed, with something on it.
pub(super) fn one_line(what: &str, text: &str, max: usize) -> Result<String, Failure> {
    let line = text.trim();
    if line.is_empty() || line.contains(['\n', '\r']) {
        return Err(Failure::new(ErrorKind::Usage, format!("{what} must be one line with something on it")));
    }
    if line.len() > max {
        return Err(
            Failure::new(ErrorKind::Usage, format!("{what} has {} bytes; it may have {max}", line.len())).hint("nothing was stored")
        );
    }
    Ok(line.to_owned())
}

/// Prose of at most `max` bytes, as it is; nothing where there is nothing on it.
pub(super) fn prose(what: &str, text: Option<&String>, max: usize) -> Result<Option<String>, Failure> {
    let text = text.filter(|text| !text.trim().is_empty());
    match text {
        Some(text) if text.len() > max => {
            Err(Failure::new(ErrorKind::Usage, format!("{what} has {} bytes; it may have {max}", text.len())).hint("nothing was stored"))
        }
        text => Ok(text.cloned()),
    }
}

/// The words by which a record is known.
pub(super) fn says(kept: &Kept) -> Option<&str> {
    match kept {
        Kept::Goal(goal) => Some(&goal.text),
        Kept::Belief(belief) => Some(&belief.statement),
        Kept::Anchor(anchor) => Some(&anchor.act),
        Kept::Sketch(sketch) => Some(&sketch.text),
        Kept::Phrase(phrase) => Some(&phrase.new_line),
        Kept::Reminder(reminder) => Some(&reminder.text),
        Kept::HelperNote(note) => Some(&note.text),
        Kept::Rapport(rapport) => Some(&rapport.helper),
        Kept::Experiment(_) => None,
    }
}

fn has_words(text: &str, wanted: &str) -> bool {
    !wanted.is_empty() && text.to_lowercase().contains(wanted)
}

/// The command that lists records of a kind.
pub(super) fn list_command(kind: Kind) -> &'static str {
    match kind {
        Kind::Goal => "asif goal list",
        Kind::Belief => "asif belief list",
        Kind::Anchor => "asif anchor",
        Kind::Sketch => "asif sketch list",
        Kind::Phrase => "asif phrase list",
        Kind::Experiment => "asif experiment list",
        Kind::Reminder => "asif remind list",
        Kind::Rapport => "asif rapport chart",
        Kind::HelperNote => "asif caseload notes",
    }
}
