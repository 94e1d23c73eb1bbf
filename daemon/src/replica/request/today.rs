//! What there is today.

use asif_proto::local::{Ask, Reply, Today, TodayPractice};
use asif_proto::moment::{self, Moment};
use asif_proto::record::{ExperimentStatus, Practice as PracticeView, PracticeStatus};

use super::super::{Cx, Replica};
use super::experiment::due_on;
use super::{Handled, Outcome};
use crate::journal::kept::Kept;

/// Longer ago, no clock on earth shows the same day: a day, and the 26 hours by which clocks differ.
const NEAR_HOURS: i64 = 50;

impl Replica {
    pub(super) fn today(&self, cx: &Cx<'_>, ask: &Ask) -> Handled {
        let zone = moment::zone(&ask.zone);
        let date = Moment::at(cx.now.wall, &zone).local_date();
        let mut practices: Vec<_> =
            self.practice_list(false).into_iter().filter(|practice| practice.status == PracticeStatus::Active).collect();
        practices.sort_by_key(super::practice::easiest_first);
        let of = |practice: PracticeView| {
            let newest = || self.view.by_practice().newest(&practice.id);
            let day = |id| self.view.session(id).map(|row| row.value.occurred_at.local_date());
            // Local dates need not be in the order of the instants: a day's length on either side is looked at.
            let near = newest().take_while(|(at, _)| cx.now.wall.duration_since(*at).as_hours() < NEAR_HOURS);
            let today = near.filter(|(_, id)| day(id) == Some(date)).count();
            let last = newest().next().map(|(at, _)| *at);
            TodayPractice { today: u64::try_from(today).unwrap_or(u64::MAX), last, practice }
        };
        let practices: Vec<_> = practices.into_iter().map(of).collect();
        let mut planned = self.experiments_where(|one| one.status == ExperimentStatus::Planned);
        planned.sort_by_key(|id| (self.experiment(*id).ok().map(|(one, _)| due_on(one)), *id));
        let (due, open): (Vec<_>, Vec<_>) =
            planned.into_iter().partition(|id| self.experiment(*id).is_ok_and(|(one, _)| due_on(one) <= date));
        let shown = |ids: Vec<_>| ids.into_iter().map(|id| self.experiment_view(id)).collect::<Result<Vec<_>, _>>();
        let (due, open) = (shown(due)?, shown(open)?);
        let (line, reminders) = (self.gentle_line(&practices), self.due_today(cx.now.wall, &zone));
        let drafts = u64::try_from(self.drafts.len()).unwrap_or(u64::MAX);
        let inbox = self.unseen_count(cx.now.wall);
        Ok(Outcome::Reply(Reply::Today(Today { date, practices, due, open, reminders, drafts, inbox, line })))
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
