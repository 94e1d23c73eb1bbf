//! Phrases: add, list, edit.

use asif_proto::id::RecordId;
use asif_proto::local::{Ask, ErrorKind, Failure, PhraseAsk, PhraseFields, Reply};
use asif_proto::record::{Kind, MAX_LINE, Phrase};
use serde_json::{Value, json};

use super::super::{Cx, Replica};
use super::journal::whole_seconds;
use super::kept::{new_record, one_line};
use super::{Handled, Outcome};
use crate::journal::kept::Kept;
use crate::seal::body::DocId;

impl Replica {
    pub(super) fn phrases(&mut self, cx: &mut Cx<'_>, ask: &Ask, what: &PhraseAsk) -> Handled {
        if let PhraseAsk::List { practice } = what {
            return self.phrase_list(practice.as_deref());
        }
        if !self.has(cx, DocId::Plan) {
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
        if self.view.kept(&id).is_some() {
            return self.kept_reply(id);
        }
        let (practice, _) = self.find_practice(practice)?;
        self.one_more(Kind::Phrase)?;
        let line = fields.new_line.as_deref().unwrap_or_default();
        let new_line = one_line("a phrase", line, MAX_LINE)?;
        let others = self.all_standing(|kept| if let Kept::Phrase(phrase) = kept { Some(phrase) } else { None });
        let last = others.filter(|(_, _, phrase)| phrase.practice == practice).map(|(_, _, phrase)| phrase.order).max();
        let said = |what, text: &Option<String>| {
            text.as_ref().filter(|text| !text.is_empty()).map(|text| one_line(what, text, MAX_LINE)).transpose()
        };
        let phrase = Phrase {
            practice,
            old_line: said("the old line", &fields.old_line)?,
            new_line,
            form: fields.form,
            voice: said("the voice", &fields.voice)?,
            order: fields.order.unwrap_or_else(|| last.unwrap_or(0).saturating_add(1)),
            recorded_at: whole_seconds(cx.now.wall),
            visibility: fields.visibility.unwrap_or_default(),
            deleted: false,
        };
        self.write_kept(cx, DocId::Plan, id, &new_record(id, Kind::Phrase, &phrase, &[]), "phrase add")
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
        puts.extend(fields.order.map(|order| ("order", json!(order))));
        puts.extend(fields.visibility.map(|visibility| ("visibility", json!(visibility))));
        if puts.is_empty() {
            return Err(Failure::new(ErrorKind::Usage, "nothing to change was named").hint("asif phrase edit --help tells what can be"));
        }
        self.write_kept(cx, DocId::Plan, id, &Self::field_puts(id, puts), "phrase edit")
    }
}
