//! What another device wrote may say that less is to be shown, and what it showed may be more than this one knows to be shown: that is looked at
//! at once, and put right. What is to be shown is left to whoever wrote it, unless that was overruled by this device, which knew less of the record and
//! more of the terms.

use std::collections::BTreeSet;

use asif_proto::id::RecordId;

use super::super::{Cx, Replica};
use super::{By, Standing, held_item};
use crate::share::{item, projection};

/// The most records that are looked at in a step.
const SLICE: usize = 500;

impl Replica {
    /// Takes back what is shown and no longer may be, of what other devices wrote.
    pub(super) fn narrow(&mut self, cx: &mut Cx<'_>) {
        let put = std::mem::take(&mut self.put_there);
        if put.is_empty() && self.narrowing.is_empty() {
            return;
        }
        let all = self.standing(cx.now.wall);
        if all.is_empty() {
            return self.narrowing.clear();
        }
        if self.narrowing.iter().any(|record| self.view.grant(record).is_some()) {
            // Other terms: everything that is shown is looked at.
            self.narrowing = projection::shareable(&self.view).collect();
        }
        let rest = self.narrowing.iter().nth(SLICE).copied();
        let rest = rest.map_or_else(BTreeSet::new, |first| self.narrowing.split_off(&first));
        let some = std::mem::replace(&mut self.narrowing, rest);
        let some = self.with_dependents(some);
        for standing in &all {
            let records: BTreeSet<RecordId> = some.iter().copied().chain(self.records_of(standing.id(), &put)).collect();
            for record in records {
                self.narrow_record(cx, standing, record);
            }
        }
    }

    fn narrow_record(&mut self, cx: &mut Cx<'_>, standing: &Standing, record: RecordId) {
        if self.is_to_be_put_right(standing, record, cx.now.wall) {
            // What another device put gives way: it may have known more of the record, and that is looked at again once it is here.
            let id = item::item_id(&standing.key, record);
            let is_ours = held_item(&self.boards, standing, &id).is_some_and(|held| self.writes(held.entry.0));
            match is_ours {
                true => self.overruled.remove(&(standing.id(), id)),
                false => self.overruled.insert((standing.id(), id)),
            };
            if let Err(failure) = self.publish_record(cx, standing, record, By::Others) {
                tracing::warn!(reason = %failure, "what is shown could not be put right yet");
            }
        }
    }
}
