//! What there is today.

use std::collections::BTreeMap;

use asif_proto::id::RecordId;
use asif_proto::local::{Ask, Reply, Today, TodayPractice};
use asif_proto::moment::{self, Moment};
use asif_proto::record::{ExperimentStatus, Practice as PracticeView, PracticeStatus};
use jiff::Timestamp;

use super::super::{Cx, Replica};
use super::experiment::due_on;
use super::{Handled, Outcome};
use crate::journal::kept::Kept;

impl Replica {
    pub(super) fn today(&self, cx: &Cx<'_>, ask: &Ask) -> Handled {
        let date = Moment::at(cx.now.wall, &moment::zone(&ask.zone)).local_date();
        let mut practices: Vec<_> =
            self.practice_list(false).into_iter().filter(|practice| practice.status == PracticeStatus::Active).collect();
        practices.sort_by_key(super::practice::easiest_first);
        // From the newest on: the first of each practice is its last.
        let mut done: BTreeMap<RecordId, (Timestamp, u64)> = BTreeMap::new();
        for (_, row) in self.view.newest().filter(|(_, row)| row.value.deleted != Some(true)) {
            let Some(practice) = row.value.practice else { continue };
            let (_, today) = done.entry(practice).or_insert_with(|| (row.value.occurred_at.timestamp(), 0));
            *today += u64::from(row.value.occurred_at.local_date() == date);
        }
        let of = |practice: PracticeView| {
            let (last, today) = done.get(&practice.id).copied().unzip();
            TodayPractice { today: today.unwrap_or(0), last, practice }
        };
        let practices: Vec<_> = practices.into_iter().map(of).collect();
        let mut planned = self.experiments_where(|one| one.status == ExperimentStatus::Planned);
        planned.sort_by_key(|id| (self.experiment(*id).ok().map(|(one, _)| due_on(one)), *id));
        let (due, open): (Vec<_>, Vec<_>) =
            planned.into_iter().partition(|id| self.experiment(*id).is_ok_and(|(one, _)| due_on(one) <= date));
        let shown = |ids: Vec<_>| ids.into_iter().map(|id| self.experiment_view(id)).collect::<Result<Vec<_>, _>>();
        let (due, open) = (shown(due)?, shown(open)?);
        let line = self.gentle_line(&practices);
        let drafts = u64::try_from(self.drafts.len()).unwrap_or(u64::MAX);
        Ok(Outcome::Reply(Reply::Today(Today { date, practices, due, open, drafts, line })))
    }

    /// At most one, and never about what was not done.
    fn gentle_line(&self, practices: &[TodayPractice]) -> Option<String> {
        let newest = self.view.newest().find(|(_, row)| row.value.practice.is_some() && row.value.deleted != Some(true));
        if let Some((_, row)) = newest
            && row.value.felt_worse == Some(true)
            && let Some(of) = practices.iter().find(|of| Some(of.practice.id) == row.value.practice && of.practice.adapted.is_empty())
        {
            return Some(format!("The last time felt worse. That happens. Gentler ways: asif practice adapt {}", of.practice.slug));
        }
        if practices.is_empty() {
            return Some("Nothing is planned, and that is fine. Small steps to begin with: asif sketch".into());
        }
        let has_anchor = self.all_standing(|kept| matches!(kept, Kept::Anchor(_)).then_some(())).next().is_some();
        has_anchor.then(|| "For a hard day you kept an anchor: asif anchor".into())
    }
}
