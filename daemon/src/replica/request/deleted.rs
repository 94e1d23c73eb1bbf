//! Everything that was deleted and can be restored, whatever it is.

use asif_proto::id::RecordId;
use asif_proto::local::{Deleted, DeletedTag};
use asif_proto::moment::Moment;
use jiff::Timestamp;

use super::super::Replica;
use super::kept::says;
use crate::journal::kept::Kept;
use crate::journal::search::words;

/// The letters of a text that are told.
const TEXT: usize = 80;

impl Replica {
    /// Every deleted record, the one that is of the latest time first.
    pub(super) fn deleted(&self, zone: &jiff::tz::TimeZone) -> Vec<Deleted> {
        let mut all: Vec<(Timestamp, Deleted)> = Vec::new();
        for (id, row) in self.view.sessions().filter(|(_, row)| row.value.deleted == Some(true)) {
            let practice = row.value.practice.and_then(|id| self.view.practice(&id)).map(|row| row.value.slug.clone());
            let what = if row.value.practice.is_some() { "session" } else { "note" };
            let words = [practice.as_deref(), row.value.note.as_deref()].into_iter().flatten().collect::<Vec<_>>().join("  ");
            all.push((row.value.occurred_at.timestamp(), self.deleted_view(*id, what, Some(row.value.occurred_at.clone()), &words)));
        }
        for (id, row) in self.view.practices().filter(|(_, row)| row.value.deleted == Some(true)) {
            let at = row.value.recorded_at;
            let words = format!("{}  {}", row.value.slug, row.value.title);
            all.push((at, self.deleted_view(*id, "practice", Some(Moment::at(at, zone)), &words)));
        }
        for (id, row) in self.view.all_kept().filter(|(_, row)| row.value.deleted()) {
            let at = words::recorded_at(&row.value);
            let words = match &row.value {
                Kept::Experiment(one) => self.view.practice(&one.practice).map_or_else(String::new, |row| row.value.slug.clone()),
                other => says(other).unwrap_or_default().to_owned(),
            };
            all.push((at, self.deleted_view(*id, row.value.kind().word(), Some(Moment::at(at, zone)), &words)));
        }
        all.sort_by_key(|(at, one)| std::cmp::Reverse((*at, one.id)));
        all.into_iter().map(|(_, one)| one).collect()
    }

    fn deleted_view(&self, id: RecordId, what: &str, at: Option<Moment>, words: &str) -> Deleted {
        let text = words.lines().next().unwrap_or_default().chars().take(TEXT).collect();
        Deleted { kind: DeletedTag::Deleted, record: what.to_owned(), id, short: self.view.short(&id), at, text }
    }
}
