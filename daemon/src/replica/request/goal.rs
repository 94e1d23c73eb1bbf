//! Goals: add, list, rate, close.

use asif_proto::id::RecordId;
use asif_proto::local::{Ask, ErrorKind, Failure, GoalAsk, NewGoal, Reply};
use asif_proto::rating::Rating;
use asif_proto::record::{Agree, Belief, BeliefRating, BeliefRole, Goal, GoalStatus, GoalTemplate, Kind, MAX_SENTENCE};
use jiff::Timestamp;
use uuid::Uuid;

use super::super::{Cx, Replica};
use super::journal::whole_seconds;
use super::kept::{append, new_record, nth, one_line, prose};
use super::{Handled, Outcome};
use crate::journal::document::Put;
use crate::journal::kept::Kept;
use crate::seal::body::DocId;

impl Replica {
    pub(super) fn goals(&mut self, cx: &mut Cx<'_>, ask: &Ask, what: &GoalAsk) -> Handled {
        let reads = matches!(what, GoalAsk::List { .. });
        if !reads && !self.has(cx, DocId::Plan) {
            return Ok(Outcome::Wanted);
        }
        match what {
            GoalAsk::Add(new) => self.goal_add(cx, ask, new),
            GoalAsk::Rate { goal, agree } => self.goal_rate(cx, ask, goal, *agree),
            GoalAsk::Close { goal, reason } => self.goal_close(cx, goal, reason.as_ref()),
            GoalAsk::List { all } => Ok(Outcome::Reply(self.goal_list(*all))),
        }
    }

    fn goal_list(&self, all: bool) -> Reply {
        let goals = self.all_standing(|kept| if let Kept::Goal(goal) = kept { Some(goal) } else { None });
        let mut goals: Vec<_> = goals
            .filter(|(_, _, goal)| all || goal.status == GoalStatus::Open)
            .map(|(id, row, goal)| self.as_shown(id, row, goal.clone()))
            .collect();
        goals.sort_by_key(|goal| goal.value.status == GoalStatus::Closed);
        Reply::Goals(goals)
    }

    fn goal_add(&mut self, cx: &mut Cx<'_>, ask: &Ask, new: &NewGoal) -> Handled {
        let id = RecordId(ask.id);
        self.one_more(id, Kind::Goal)?;
        let new = NewGoal { text: one_line("a goal", &new.text, MAX_SENTENCE)?, ..new.clone() };
        let puts = goal_puts(&new, whole_seconds(cx.now.wall), &mut (0..).map(|n| nth(ask, n)));
        self.write_once(cx, DocId::Plan, id, &puts, "goal add")
    }

    fn goal_rate(&mut self, cx: &mut Cx<'_>, ask: &Ask, typed: &str, value: Rating) -> Handled {
        let id = self.find_kept(typed, Kind::Goal)?;
        let put = append(id, "agree", ask.id, &Agree { value, at: whole_seconds(cx.now.wall) });
        self.write_once(cx, DocId::Plan, id, &[put], "goal rate")
    }

    fn goal_close(&mut self, cx: &mut Cx<'_>, typed: &str, reason: Option<&String>) -> Handled {
        let id = self.find_kept(typed, Kind::Goal)?;
        let reason = prose("the reason", reason, MAX_SENTENCE)?;
        let closed = self.goal(&id).is_some_and(|goal| goal.status == GoalStatus::Closed);
        if closed && reason.is_none() {
            return Err(Failure::new(ErrorKind::Precondition, "this goal is closed already").hint("see it with: asif goal list --all"));
        }
        let mut fields = vec![("status", GoalStatus::Closed.word().into())];
        fields.extend(reason.map(|reason| ("reason_closed", reason.into())));
        self.write_kept(cx, DocId::Plan, id, &Self::field_puts(id, fields), "goal close")
    }
}

/// A goal under the first of the ids, and, where the person said how much they believe that they deserve it, a belief with its first rating.
pub(in crate::replica) fn goal_puts(new: &NewGoal, at: Timestamp, ids: &mut impl Iterator<Item = Uuid>) -> Vec<Put> {
    let mut id = || ids.next().unwrap_or_default();
    let goal = RecordId(id());
    let record = Goal {
        text: new.text.clone(),
        template: GoalTemplate::of(&new.text),
        agree: Vec::new(),
        status: GoalStatus::Open,
        reason_closed: None,
        recorded_at: at,
        visibility: new.visibility,
        deleted: false,
    };
    let mut puts = new_record(goal, Kind::Goal, &record, &[]);
    if let Some(value) = new.agree {
        puts.push(append(goal, "agree", id(), &Agree { value, at }));
    }
    if let Some(heart) = new.belief {
        let belief = RecordId(id());
        let record = Belief {
            statement: format!("I deserve this: {}", new.text),
            role: BeliefRole::New,
            paired_with: None,
            block: None,
            goal: Some(goal),
            ratings: Vec::new(),
            retired: false,
            recorded_at: at,
            visibility: new.visibility,
            deleted: false,
        };
        puts.extend(new_record(belief, Kind::Belief, &record, &[]));
        puts.push(append(
            belief,
            "ratings",
            id(),
            &BeliefRating { head: None, heart: Some(heart), at, context: Some("init".into()), experiment: None },
        ));
    }
    puts
}
