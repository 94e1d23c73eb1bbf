//! Phrases: add, list, edit.

use asif_proto::id::RecordId;
use asif_proto::local::{Ask, ErrorKind, Failure, PhraseAsk, PhraseFields, Reply};
use asif_proto::record::{Kind, MAX_LINE, Phrase};
use serde_json::{Value, json};

use super::super::{Cx, Replica};
use super::journal::whole_seconds;
use super::kept::{new_record, one_line};
use super::{Handled, Outcome};
use crate::journal::document::Put;
use crate::journal::kept::Kept;
use crate::journal::schema;
use crate::seal::body::DocId;

impl Replica {
    pub(super) fn phrases(&mut self, cx: &mut Cx<'_>, ask: &Ask, what: &PhraseAsk) -> Handled {
        let reads = matches!(what, PhraseAsk::List { .. });
        if !reads && !self.has(cx, DocId::Plan) {
            return Ok(Outcome::Wanted);
        }
        match what {
            PhraseAsk::Add { practice, fields } => self.phrase_add(cx, ask, practice, fields),
            PhraseAsk::Edit { phrase, fields } => self.phrase_edit(cx, phrase, fields),
            PhraseAsk::List { practice } => self.phrase_list(practice.as_deref()),
        }
    }

    fn phrase_list(&self, practice: Option<&str>) -> Handled {
        let practice = practice.map(|typed| self.find_practice(typed).map(|(id, _)| id)).transpose()?;
        let mut phrases: Vec<_> = self.all_standing(|kept| if let Kept::Phrase(phrase) = kept { Some(phrase) } else { None }).collect();
        phrases.retain(|(_, _, phrase)| practice.is_none_or(|practice| phrase.practice == practice));
        let slug = |id: &RecordId| self.view.practice(id).map_or_else(|| id.to_string(), |row| row.value.slug.clone());
        phrases.sort_by_key(|(id, _, phrase)| (slug(&phrase.practice), phrase.order, *id));
        let shown = phrases.into_iter().map(|(id, _, _)| match self.kept_reply(id) {
            Ok(Outcome::Reply(Reply::Phrase(phrase))) => Some(phrase),
            _ => None,
        });
        Ok(Outcome::Reply(Reply::Phrases(shown.flatten().collect())))
    }

    fn phrase_add(&mut self, cx: &mut Cx<'_>, ask: &Ask, practice: &str, fields: &PhraseFields) -> Handled {
        let id = RecordId(ask.id);
        let (practice, _) = self.find_practice(practice)?;
        self.one_more(id, Kind::Phrase)?;
        let line = fields.new_line.as_deref().unwrap_or_default();
        let new_line = one_line("a phrase", line, MAX_LINE)?;
        let others = self.in_order(practice);
        let place = fields.order.unwrap_or(u32::MAX);
        let said = |what, text: &Option<String>| {
            text.as_ref().filter(|text| !text.is_empty()).map(|text| one_line(what, text, MAX_LINE)).transpose()
        };
        let phrase = Phrase {
            practice,
            old_line: said("the old line", &fields.old_line)?,
            new_line,
            form: fields.form,
            voice: said("the voice", &fields.voice)?,
            order: position(place, others.len()),
            recorded_at: whole_seconds(cx.now.wall),
            visibility: fields.visibility.unwrap_or_default(),
            deleted: false,
        };
        let mut puts = new_record(id, Kind::Phrase, &phrase, &[]);
        if self.is_said(DocId::Plan, id, &puts)? {
            return self.kept_reply(id);
        }
        puts.extend(placed(&others, id, place).into_iter().filter(|(one, _)| *one != id).map(order_put));
        self.write_kept(cx, DocId::Plan, id, &puts, "phrase add")
    }

    /// The standing phrases of a practice in their order, with their places as they are stored.
    fn in_order(&self, practice: RecordId) -> Vec<(RecordId, u32)> {
        let phrases = self.all_standing(|kept| if let Kept::Phrase(phrase) = kept { Some(phrase) } else { None });
        let mut phrases: Vec<_> =
            phrases.filter(|(_, _, phrase)| phrase.practice == practice).map(|(id, _, phrase)| (id, phrase.order)).collect();
        phrases.sort_by_key(|(id, order)| (*order, *id));
        phrases
    }

    fn phrase_edit(&mut self, cx: &mut Cx<'_>, typed: &str, fields: &PhraseFields) -> Handled {
        let id = self.find_kept(typed, Kind::Phrase)?;
        let mut puts: Vec<(&str, Value)> = Vec::new();
        if let Some(line) = &fields.new_line {
            puts.push(("new_line", one_line("a phrase", line, MAX_LINE)?.into()));
        }
        for (field, what, text) in [("old_line", "the old line", &fields.old_line), ("voice", "the voice", &fields.voice)] {
            match text.as_deref() {
                None => {}
                Some("") => puts.push((field, Value::Null)),
                Some(text) => puts.push((field, one_line(what, text, MAX_LINE)?.into())),
            }
        }
        puts.extend(fields.form.map(|form| ("form", json!(form))));
        puts.extend(fields.visibility.map(|visibility| ("visibility", json!(visibility))));
        let mut puts = Self::field_puts(id, puts);
        if let (Some(place), Some(Kept::Phrase(phrase))) = (fields.order, self.view.kept(&id).map(|row| &row.value)) {
            let others = self.in_order(phrase.practice).into_iter().filter(|(one, _)| *one != id).collect::<Vec<_>>();
            puts.extend(placed(&others, id, place).into_iter().map(order_put));
        } else if puts.is_empty() {
            return Err(Failure::new(ErrorKind::Usage, "nothing to change was named").hint("asif phrase edit --help tells what can be"));
        }
        self.write_kept(cx, DocId::Plan, id, &puts, "phrase edit")
    }
}

/// The place that is meant among so many others, from 1.
fn position(place: u32, others: usize) -> u32 {
    place.clamp(1, u32::try_from(others).unwrap_or(u32::MAX).saturating_add(1))
}

/// The places that change when a phrase comes to stand at `place` among the others.
fn placed(others: &[(RecordId, u32)], id: RecordId, place: u32) -> Vec<(RecordId, u32)> {
    let mut all: Vec<(RecordId, u32)> = others.to_vec();
    let at = usize::try_from(position(place, others.len()).saturating_sub(1)).unwrap_or(others.len());
    all.insert(at.min(others.len()), (id, 0));
    (1..).zip(all).filter(|(place, (_, was))| place != was).map(|(place, (one, _))| (one, place)).collect()
}

fn order_put((id, place): (RecordId, u32)) -> Put {
    (schema::field(id, "order"), i64::from(place).into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_is_put_at_a_place_stands_there_and_only_what_moves_is_written() {
        let id = |n: u8| RecordId(uuid::Uuid::from_bytes([n; 16]));
        let others = [(id(1), 1), (id(2), 2), (id(3), 3)];
        assert_eq!(placed(&others, id(9), 1), [(id(9), 1), (id(1), 2), (id(2), 3), (id(3), 4)]);
        assert_eq!(placed(&others, id(9), 3), [(id(9), 3), (id(3), 4)]);
        assert_eq!(placed(&others, id(9), 0), placed(&others, id(9), 1));
        assert_eq!(placed(&others, id(9), 99), [(id(9), 4)]);
        // Two devices added one each: both stand at one place until somebody moves one.
        assert_eq!(placed(&[(id(1), 1), (id(2), 1)], id(9), 2), [(id(9), 2), (id(2), 3)]);
    }
}
