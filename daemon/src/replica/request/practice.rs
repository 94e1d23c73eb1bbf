//! Practices: add, list, show, archive.

use asif_proto::id::RecordId;
use asif_proto::local::{Adapt, Ask, ErrorKind, Failure, NewPractice, PracticeFields, Reply};
use asif_proto::record::{Adapted, Gentler, Kind, MAX_LINE, Practice as PracticeView, PracticeStatus, PracticeTag, Visibility};
use jiff::Timestamp;
use serde_json::{Value, json};

use super::super::{Cx, Replica};
use super::journal::whole_seconds;
use super::kept::{append, conflicts, one_line, prose};
use super::{Handled, Outcome};
use crate::journal::document::Put;
use crate::journal::record::{self, Practice, kind};
use crate::journal::schema;
use crate::journal::view::Row;
use crate::seal::body::DocId;

const MAX_SLUG: usize = 40;
/// The longest description, in bytes: packed, and with every letter escaped, it must fit into one change.
const MAX_DESCRIPTION: usize = 16 * 1024;

impl Replica {
    pub(super) fn practice_add(&mut self, cx: &mut Cx<'_>, ask: &Ask, new: &NewPractice) -> Handled {
        let id = RecordId(ask.id);
        if !self.has(cx, DocId::Plan) {
            return Ok(Outcome::Wanted);
        }
        let practice = self.new_practice(id, new, cx.now.wall, &[])?;
        let put = (id.key(), record::pack(kind::PRACTICE, &practice).as_str().into());
        if !self.is_said(DocId::Plan, id, std::slice::from_ref(&put))? {
            self.write(cx, DocId::Plan, &[put], "practice add")?;
        }
        Ok(Outcome::Reply(Reply::Practice(self.practice_view(id)?)))
    }

    /// A practice as it will be packed under an id. `taken`: short names that others of the same request have.
    pub(super) fn new_practice(&self, id: RecordId, new: &NewPractice, now: Timestamp, taken: &[String]) -> Result<Practice, Failure> {
        let usage = |message: String| Failure::new(ErrorKind::Usage, message);
        let title = new.title.trim();
        if title.is_empty() || title.contains('\n') || title.len() > MAX_LINE {
            return Err(usage(format!("a title is one line with something on it, of at most {MAX_LINE} bytes")));
        }
        if new.description.as_ref().is_some_and(|text| text.len() > MAX_DESCRIPTION) {
            return Err(usage(format!("the description may have {MAX_DESCRIPTION} bytes")));
        }
        let lines = [&new.cue, &new.frequency, &new.specificity.when, &new.specificity.place, &new.specificity.how_long];
        if lines.into_iter().flatten().any(|line| line.len() > MAX_LINE) {
            return Err(usage(format!("when, where, how long, cue and frequency may have {MAX_LINE} bytes each")));
        }
        let slug = match &new.slug {
            Some(slug) if is_slug(slug) => slug.clone(),
            Some(slug) => {
                return Err(usage(format!("{slug:?} cannot be a short name: use small letters, digits and hyphens, at most {MAX_SLUG}")));
            }
            // Asked again it has the one that was free then.
            None => self.view.practice(&id).map_or_else(|| self.free_slug(title, taken), |row| row.value.slug.clone()),
        };
        let mut others = self.view.practices().filter(|(one, row)| **one != id && row.value.deleted != Some(true));
        if let Some((_, row)) = others.find(|(_, row)| row.value.slug == slug) {
            return Err(Failure::new(ErrorKind::Precondition, format!("there is a practice called {slug:?} already: {}", row.value.title))
                .hint("choose another with --slug"));
        }
        let named = |typed: &[String], kind| typed.iter().map(|one| self.find_kept(one, kind)).collect::<Result<Vec<_>, _>>();
        Ok(Practice {
            title: title.to_owned(),
            slug,
            kind: new.kind,
            description: new.description.clone().filter(|text| !text.is_empty()),
            specificity: new.specificity.clone(),
            cue: new.cue.clone(),
            frequency: new.frequency.clone(),
            difficulty: new.difficulty,
            goals: named(&new.goals, Kind::Goal)?,
            beliefs: named(&new.beliefs, Kind::Belief)?,
            proposed_by: new.proposed_by.as_ref().map(|name| one_line("who proposed it", name, MAX_LINE)).transpose()?,
            agreed_by: new.agreed_by.iter().map(|name| one_line("who agreed", name, MAX_LINE)).collect::<Result<_, _>>()?,
            adapted: Vec::new(),
            status: PracticeStatus::Active,
            recorded_at: whole_seconds(now),
            visibility: Some(new.visibility).filter(|visibility| *visibility == Visibility::Private),
            deleted: None,
        })
    }

    pub(super) fn practice_edit(&mut self, cx: &mut Cx<'_>, typed: &str, fields: &PracticeFields) -> Handled {
        let (id, row) = self.find_practice(typed).map(|(id, row)| (id, row.clone()))?;
        if !self.has(cx, DocId::Plan) {
            return Ok(Outcome::Wanted);
        }
        let mut changes: Vec<(&str, Value)> = Vec::new();
        if let Some(title) = &fields.title {
            changes.push(("title", one_line("a title", title, MAX_LINE)?.into()));
        }
        if let Some(text) = &fields.description {
            changes.push(("description", prose("the description", Some(text), MAX_DESCRIPTION)?.map_or(Value::Null, Value::from)));
        }
        for (field, text) in [("cue", &fields.cue), ("frequency", &fields.frequency)] {
            changes.extend(text.as_deref().map(|text| line_or_nothing(field, text)).transpose()?.map(|value| (field, value)));
        }
        // When, where and how long are laid over one by one: two devices may each say another.
        for (field, text) in [("when", &fields.when), ("where", &fields.place), ("how_long", &fields.how_long)] {
            // Empty takes away what is packed; nothing would show it again.
            let said = text.as_deref().map(|text| line_or_nothing(field, text)).transpose()?;
            changes.extend(said.map(|value| (field, if value.is_null() { "".into() } else { value })));
        }
        changes.extend(fields.kind.map(|kind| ("kind", json!(kind))));
        changes.extend(fields.difficulty.map(|difficulty| ("difficulty", json!(difficulty))));
        changes.extend(fields.status.map(|status| ("status", json!(status))));
        changes.extend(fields.visibility.map(|visibility| ("visibility", json!(visibility))));
        let mut puts = Self::field_puts(id, changes);
        for (list, typed, kind) in [("goals", &fields.goals, Kind::Goal), ("beliefs", &fields.beliefs, Kind::Belief)] {
            for one in typed {
                puts.push((schema::member(id, list, &self.find_kept(one, kind)?.to_string()), true.into()));
            }
        }
        if puts.is_empty() {
            return Err(Failure::new(ErrorKind::Usage, "nothing to change was named").hint("asif practice edit --help tells what can be"));
        }
        let puts = self.changing(row.doc, id, puts);
        self.write(cx, row.doc, &puts, "practice edit")?;
        Ok(Outcome::Reply(Reply::Practice(self.practice_view(id)?)))
    }

    /// A gentler way. Leaving it is one: the practice is then not for this person, which is an ordinary result.
    pub(super) fn practice_adapt(&mut self, cx: &mut Cx<'_>, ask: &Ask, adapt: &Adapt) -> Handled {
        let (id, doc, status) = self.find_practice(&adapt.practice).map(|(id, row)| (id, row.doc, row.value.status))?;
        if !self.has(cx, doc) {
            return Ok(Outcome::Wanted);
        }
        let put = append(id, "adapted", ask.id, &Adapted { way: adapt.way, at: whole_seconds(cx.now.wall) });
        if !self.is_said(doc, id, std::slice::from_ref(&put))? {
            let status = match (adapt.way, status) {
                (Gentler::Leave, _) => Some(PracticeStatus::NotForMe),
                (_, PracticeStatus::NotForMe) => Some(PracticeStatus::Active),
                _ => None,
            };
            let status = status.map(|status| Self::field_puts(id, vec![("status", json!(status))])).unwrap_or_default();
            let puts: Vec<Put> = std::iter::once(put).chain(status).collect();
            self.write(cx, doc, &puts, "practice adapt")?;
        }
        Ok(Outcome::Reply(Reply::Practice(self.practice_view(id)?)))
    }

    pub(super) fn practice_archive(&mut self, cx: &mut Cx<'_>, typed: &str) -> Handled {
        let (id, row) = self.find_practice(typed)?;
        if row.value.status != PracticeStatus::Archived {
            let puts = Self::field_puts(id, vec![("status", PracticeStatus::Archived.word().into())]);
            self.write(cx, DocId::Plan, &puts, "practice archive")?;
        }
        Ok(Outcome::Reply(Reply::Practice(self.practice_view(id)?)))
    }

    pub(super) fn practice_list(&self, all: bool) -> Vec<PracticeView> {
        let shown = |row: &Practice| row.deleted != Some(true) && (all || row.status != PracticeStatus::Archived);
        let mut list: Vec<_> = self.view.practices().filter(|(_, row)| shown(&row.value)).map(|(id, row)| self.view_of(*id, row)).collect();
        list.sort_by(|a, b| a.slug.cmp(&b.slug).then(a.id.cmp(&b.id)));
        list
    }

    pub(super) fn practice_view(&self, id: RecordId) -> Result<PracticeView, Failure> {
        let row = self.view.practice(&id).ok_or_else(|| Failure::new(ErrorKind::NotFound, "no such practice"))?;
        Ok(self.view_of(id, row))
    }

    fn view_of(&self, id: RecordId, row: &Row<Practice>) -> PracticeView {
        let practice = &row.value;
        PracticeView {
            tag: PracticeTag::Practice,
            id,
            short: self.view.short(&id),
            title: practice.title.clone(),
            slug: practice.slug.clone(),
            kind: practice.kind,
            description: practice.description.clone(),
            specificity: practice.specificity.clone(),
            cue: practice.cue.clone(),
            frequency: practice.frequency.clone(),
            difficulty: practice.difficulty,
            goals: practice.goals.clone(),
            beliefs: practice.beliefs.clone(),
            proposed_by: practice.proposed_by.clone(),
            agreed_by: practice.agreed_by.clone(),
            adapted: practice.adapted.clone(),
            status: practice.status,
            recorded_at: practice.recorded_at,
            visibility: practice.visibility.unwrap_or(Visibility::Inherit),
            deleted: practice.deleted.unwrap_or_default(),
            sessions: u64::try_from(self.view.by_practice().count(&id)).unwrap_or(u64::MAX),
            conflicts: conflicts(&row.contested),
        }
    }

    fn free_slug(&self, title: &str, others: &[String]) -> String {
        let base = slug_of(title);
        let taken = |slug: &str| others.iter().any(|other| other == slug) || self.view.practices().any(|(_, row)| row.value.slug == slug);
        let numbered = (2..1000).map(|n| format!("{base}-{n}"));
        std::iter::once(base.clone()).chain(numbered).find(|slug| !taken(slug)).unwrap_or(base)
    }
}

/// The order in which practices are offered: easiest first, those without a difficulty last.
pub(super) fn easiest_first(practice: &PracticeView) -> (u8, String) {
    (practice.difficulty.map_or(u8::MAX, |difficulty| difficulty.value()), practice.slug.clone())
}

fn line_or_nothing(what: &str, text: &str) -> Result<Value, Failure> {
    if text.is_empty() { Ok(Value::Null) } else { one_line(what, text, MAX_LINE).map(Value::from) }
}

fn is_slug(text: &str) -> bool {
    let good = |c: char| c.is_lowercase() || c.is_ascii_digit() || c == '-' || (c.is_alphabetic() && !c.is_uppercase());
    !text.is_empty() && text.len() <= MAX_SLUG && text.chars().all(good) && !text.starts_with('-') && !text.ends_with('-')
}

/// A short name from a title: its first three words, in small letters.
fn slug_of(title: &str) -> String {
    let lower = title.to_lowercase();
    let words = lower.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
    let mut slug = String::new();
    for word in words.take(3) {
        if slug.len() + word.len() >= MAX_SLUG - 4 {
            break;
        }
        if !slug.is_empty() {
            slug.push('-');
        }
        slug.push_str(word);
    }
    if is_slug(&slug) { slug } else { "practice".into() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_title_makes_a_slug() {
        assert_eq!(slug_of("Lunch away from the desk"), "lunch-away-from");
        assert_eq!(slug_of("Écrire à M."), "écrire-à-m");
        assert_eq!(slug_of("!!!"), "practice");
        assert!(is_slug("speak-as-m") && !is_slug("Speak") && !is_slug("a b") && !is_slug("-a") && !is_slug(""));
    }
}
