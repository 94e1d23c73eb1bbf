//! What could be named on a command line: short, and of what a person wrote only titles, tags and first words.

use asif_proto::local::{Ask, Draft, Failure, Known, KnownName, ListFilter};
use asif_proto::moment;
use asif_proto::record::GoalStatus;

use super::kept::says;
use super::{Cx, Replica};
use crate::journal::kept::Kept;

/// The most records that are offered.
const MAX_RECORDS: usize = 50;
/// The letters of a text that are offered with it.
const ABOUT: usize = 60;
/// The letters of a loan's id that are offered.
const LOAN: usize = 8;

impl Replica {
    pub(super) fn known(&self, cx: &Cx<'_>, ask: &Ask, what: Known) -> Result<Vec<KnownName>, Failure> {
        Ok(match what {
            Known::Practices => {
                self.practice_list(false).into_iter().map(|practice| KnownName { name: practice.slug, about: practice.title }).collect()
            }
            Known::Tags => self.tag_list().into_iter().map(|one| KnownName { name: one.tag, about: String::new() }).collect(),
            Known::Deleted => {
                let all = self.deleted(&moment::zone(&ask.zone)).into_iter().take(MAX_RECORDS);
                all.map(|one| KnownName { name: one.short, about: format!("{}  {}", one.record, one.text) }).collect()
            }
            Known::Sessions => {
                let filter = ListFilter { limit: Some(MAX_RECORDS), ..ListFilter::default() };
                let sessions = self.list(cx, ask, &filter)?.into_iter();
                let when = |moment: String| moment.chars().take("2026-11-23T12:41".len()).collect::<String>().replace('T', " ");
                let about = |practice: Option<String>, at| format!("{}  {}", when(at), practice.as_deref().unwrap_or("note"));
                sessions.map(|one| KnownName { name: one.short, about: about(one.practice, one.occurred_at.to_string()) }).collect()
            }
            Known::Goals => self.kept_names(|kept| matches!(kept, Kept::Goal(goal) if goal.status == GoalStatus::Open)),
            Known::Beliefs => self.kept_names(|kept| matches!(kept, Kept::Belief(belief) if !belief.retired)),
            Known::Phrases => self.kept_names(|kept| matches!(kept, Kept::Phrase(_))),
            Known::Reminders => self.kept_names(|kept| matches!(kept, Kept::Reminder(_))),
            Known::Experiments => {
                let ids = self.experiments_where(|_| true).into_iter().take(MAX_RECORDS);
                let views = ids.map(|id| self.experiment_view(id)).collect::<Result<Vec<_>, _>>()?;
                views
                    .into_iter()
                    .map(|one| KnownName { name: one.short, about: format!("{}  {}", one.value.practice, one.value.status) })
                    .collect()
            }
            Known::Drafts => {
                let about = |draft: &Draft| draft.words.first().cloned().unwrap_or_default();
                self.draft_list().into_iter().map(|draft| KnownName { about: about(&draft), name: draft.short }).collect()
            }
            Known::Loans => {
                let end = |id: String| id.get(id.len().saturating_sub(LOAN)..).unwrap_or(&id).to_owned();
                let about = |lender: &str, practice: &str| format!("{lender}  {practice}");
                let loans = self.loans_lent(cx.now.wall).into_iter();
                loans.map(|loan| KnownName { name: end(loan.id.to_string()), about: about(&loan.lender, &loan.practice) }).collect()
            }
        })
    }

    /// Standing records by their short ids, with what they say.
    fn kept_names(&self, wanted: impl Fn(&Kept) -> bool) -> Vec<KnownName> {
        let rows = self.all_standing(|kept| wanted(kept).then(|| says(kept).unwrap_or_default())).take(MAX_RECORDS);
        let shorten = |text: &str| text.chars().take(ABOUT).collect();
        rows.map(|(id, _, text)| KnownName { name: self.view.short(&id), about: shorten(text) }).collect()
    }
}
