//! What another device wrote may say that less is to be shown, and what it showed may be more than this one knows to be shown: that is looked at
//! at once, and taken back. What is to be shown is left to whoever wrote it.

use std::collections::BTreeSet;

use asif_proto::id::RecordId;

use super::super::{Cx, Replica};
use super::{By, Standing};
use crate::share::projection;

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
        if self.shows_too_much(standing, record, cx.now.wall)
            && let Err(failure) = self.publish_record(cx, standing, record, By::Others)
        {
            tracing::warn!(reason = %failure, "what is no longer to be shown could not be taken back yet");
        }
    }
}
