//! What people ask for at random: edits of every kind of field, and tags.

use std::collections::BTreeMap;

use asif_proto::id::RecordId;
use asif_proto::local::{Request, TagAsk};
use asif_proto::rating::Rating;
use asif_proto::record::{ClearField, FeltState, SessionFields, Visibility};
use serde_json::{Value, json};

use super::Story;
use super::shown::{Key, Screen, said};
use crate::world::World;

impl Story {
    /// A random edit of a session: every kind of field there is.
    pub(super) fn edit(&mut self, world: &mut World, device: usize, id: RecordId) {
        let mut fields = SessionFields::default();
        let mut clear = Vec::new();
        let mut said_now: Vec<(&str, Value)> = Vec::new();
        let number = self.number();
        let rating = Rating::try_from(u8::try_from(number % 101).unwrap()).unwrap();
        for _ in 0..1 + world.below(3) {
            match world.below(14) {
                0 => (fields.before, said_now) = (Some(rating), [said_now, vec![("before", json!(rating))]].concat()),
                1 => (fields.after, said_now) = (Some(rating), [said_now, vec![("after", json!(rating))]].concat()),
                2 => (fields.repetitions, said_now) = (Some(number), [said_now, vec![("repetitions", json!(number))]].concat()),
                3 => (fields.duration_s, said_now) = (Some(number), [said_now, vec![("duration_s", json!(number))]].concat()),
                4 | 5 if fields.note.is_none() && !clear.contains(&ClearField::Note) => {
                    let text = self.text();
                    said_now.push(("note", json!(text)));
                    fields.note = Some(text);
                }
                6 if fields.where_felt.is_none() => {
                    let text = self.text();
                    said_now.push(("where_felt", json!(text)));
                    fields.where_felt = Some(text);
                }
                7 if fields.at.is_none() => {
                    let moment = self.moment();
                    said_now.push(("occurred_at", json!(moment)));
                    fields.at = Some(moment);
                }
                8 => {
                    let state = FeltState::ALL[world.below(6) as usize];
                    said_now.push(("felt_state", json!(state)));
                    fields.felt_state = Some(state);
                }
                9 => {
                    said_now.push(("felt_worse", json!(true)));
                    fields.felt_worse = Some(true);
                }
                10 => {
                    let visibility = if world.below(2) == 0 { Visibility::Private } else { Visibility::Inherit };
                    said_now.push(("visibility", json!(visibility)));
                    fields.visibility = Some(visibility);
                }
                11 if fields.note.is_none() => {
                    said_now.push(("note", Value::Null));
                    clear.push(ClearField::Note);
                }
                12 => {
                    said_now.push(("willingness", Value::Null));
                    clear.push(ClearField::Willingness);
                }
                _ => (fields.willingness, said_now) = (Some(rating), [said_now, vec![("willingness", json!(rating))]].concat()),
            }
        }
        if clear.contains(&ClearField::Willingness) && fields.willingness.is_some() {
            return;
        }
        if clear.contains(&ClearField::Note) && fields.note.is_some() {
            return;
        }
        // The last of two words for one field counts.
        let puts: BTreeMap<Key, String> =
            said_now.into_iter().map(|(field, value)| ((id, field.to_owned()), said(field, &value))).collect();
        let request = Request::Edit { id: id.to_string(), fields: Box::new(fields), clear, base: None };
        self.write(world, device, "edit", request, puts.into_iter().collect());
    }

    /// A note is changed at its beginning or at its end: what two change so apart may show in one.
    pub(super) fn edit_in_part(&mut self, world: &mut World, device: usize, id: RecordId) {
        let key = (id, "note".to_owned());
        let before = Screen::of(world, device, &[id]);
        let Ok(Some(text)) = serde_json::from_str::<Option<String>>(&before.first(&key)) else { return };
        let number = self.number();
        let text = if world.below(2) == 0 { format!("begin{number}. {text}") } else { format!("{text}. more{number}") };
        self.texts.insert(text.clone());
        let fields = SessionFields { note: Some(text.clone()), ..Default::default() };
        let request = Request::Edit { id: id.to_string(), fields: Box::new(fields), clear: vec![], base: None };
        self.write(world, device, "edit", request, vec![(key, json!(text).to_string())]);
    }

    pub(super) fn retag(&mut self, world: &mut World, device: usize, id: RecordId) {
        let tag = |world: &mut World| ["work", "rain", "sun", "begun"][world.below(4) as usize].to_owned();
        let (one, other) = (tag(world), tag(world));
        let key = |id: RecordId, tag: &str| (id, format!("tags/{tag}"));
        match world.below(4) {
            0 => {
                let ask = TagAsk::Change { id: id.to_string(), add: vec![], remove: vec![one.clone()] };
                self.write(world, device, "tag", Request::Tag(ask), vec![(key(id, &one), "false".into())]);
            }
            1 if one != other => {
                let screen = self.screen(world, device);
                let tagged = self.sessions.iter().filter(|id| screen.tags(**id).contains(&one));
                let puts = tagged.flat_map(|id| [(key(*id, &one), "false".to_owned()), (key(*id, &other), "true".to_owned())]).collect();
                self.write(world, device, "tag rename", Request::Tag(TagAsk::Rename { from: one, to: other }), puts);
            }
            _ => {
                let ask = TagAsk::Change { id: id.to_string(), add: vec![one.clone()], remove: vec![] };
                self.write(world, device, "tag", Request::Tag(ask), vec![(key(id, &one), "true".into())]);
            }
        }
    }
}
