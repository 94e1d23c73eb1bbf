//! The standing sessions of each practice by time, so that what is asked about a practice does not look through all sessions.

use std::collections::{BTreeMap, BTreeSet};

use asif_proto::id::RecordId;
use jiff::Timestamp;

use super::record::Session;

/// Sessions that are not deleted, by practice and time.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ByPractice(BTreeMap<RecordId, BTreeSet<(Timestamp, RecordId)>>);

impl ByPractice {
    /// Of a list of practices, each with one of its sessions.
    pub fn of(mut list: Vec<(RecordId, (Timestamp, RecordId))>) -> Self {
        list.sort_unstable();
        let runs = list.chunk_by(|(one, _), (other, _)| one == other);
        Self(runs.filter_map(|run| Some((run.first()?.0, run.iter().map(|(_, session)| *session).collect()))).collect())
    }

    /// The practices that have any.
    pub fn practices(&self) -> impl Iterator<Item = &RecordId> {
        self.0.keys()
    }

    /// Takes in those of other practices, or more of the same.
    pub fn extend(&mut self, more: Self) {
        for (practice, sessions) in more.0 {
            self.0.entry(practice).or_default().extend(sessions);
        }
    }

    /// Takes a session in, where it has a practice and stands.
    pub fn add(&mut self, id: RecordId, session: &Session) {
        if let Some(practice) = session.practice.filter(|_| session.deleted != Some(true)) {
            self.0.entry(practice).or_default().insert((session.occurred_at.timestamp(), id));
        }
    }

    /// Takes a session as it was out again.
    pub fn remove(&mut self, id: RecordId, session: &Session) {
        let Some(practice) = session.practice else { return };
        if let Some(sessions) = self.0.get_mut(&practice) {
            sessions.remove(&(session.occurred_at.timestamp(), id));
            if sessions.is_empty() {
                self.0.remove(&practice);
            }
        }
    }

    /// How many there are of a practice.
    pub fn count(&self, practice: &RecordId) -> usize {
        self.0.get(practice).map_or(0, BTreeSet::len)
    }

    /// Those of a practice, newest first.
    pub fn newest(&self, practice: &RecordId) -> impl Iterator<Item = &(Timestamp, RecordId)> {
        self.0.get(practice).into_iter().flat_map(|sessions| sessions.iter().rev())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::journal::document::{Document, Put, keys_of};
    use crate::journal::schema;
    use crate::journal::view::View;
    use crate::seal::body::DocId;
    use asif_proto::id::LogId;
    use serde_json::json;

    const PRACTICE: RecordId = RecordId(uuid::Uuid::from_bytes([9; 16]));

    fn put(document: &mut Document, view: &mut View, put: Put) {
        let change = document.write(LogId([1; 16]), &[put], None).unwrap().unwrap();
        view.touch(&keys_of(&change));
        view.refresh(DocId::Plan, document, keys_of(&change).iter());
    }

    #[test]
    fn those_that_stand_are_told_however_they_came_to() {
        let (mut document, mut view) = (Document::default(), View::default());
        let [one, two] = [1, 2].map(|n| RecordId(uuid::Uuid::from_bytes([n; 16])));
        let at = "2026-11-23T12:41:07+00:00[Europe/London]";
        let packed =
            json!({ "type": "session", "practice": PRACTICE, "occurred_at": at, "recorded_at": "2026-11-23T12:41:07Z" }).to_string();
        for id in [one, two] {
            put(&mut document, &mut view, (id.key(), packed.as_str().into()));
        }
        put(&mut document, &mut view, (schema::field(one, "deleted"), true.into()));
        put(&mut document, &mut view, (schema::field(two, "occurred_at"), "2026-11-24T12:00:00+00:00[Europe/London]".into()));
        let told = |view: &View| view.by_practice().newest(&PRACTICE).copied().collect::<Vec<_>>();
        assert_eq!(told(&view), [("2026-11-24T12:00:00Z".parse().unwrap(), two)]);
        let listed = view.by_practice().newest(&PRACTICE).map(|session| (PRACTICE, *session)).collect();
        assert_eq!(ByPractice::of(listed), *view.by_practice(), "made anew it is the same");
        put(&mut document, &mut view, (schema::field(two, "deleted"), true.into()));
        assert_eq!((told(&view).len(), view.by_practice().count(&PRACTICE)), (0, 0));
        put(&mut document, &mut view, (schema::field(one, "deleted"), false.into()));
        assert_eq!(view.by_practice().count(&PRACTICE), 1, "restored");
    }
}
