//! Beliefs: add, list, rate, pair, retire.

use asif_proto::id::RecordId;
use asif_proto::local::{Ask, BeliefAsk, ErrorKind, Failure, NewBelief, Reply};
use asif_proto::record::{Belief, BeliefRating, BeliefRole, Kind, MAX_LINE, MAX_SENTENCE};
use serde_json::Value;

use super::super::{Cx, Replica};
use super::journal::whole_seconds;
use super::kept::{append, new_record, nth, one_line};
use super::{Handled, Outcome};
use crate::journal::kept::Kept;
use crate::seal::body::DocId;

impl Replica {
    pub(super) fn beliefs(&mut self, cx: &mut Cx<'_>, ask: &Ask, what: &BeliefAsk) -> Handled {
        let reads = matches!(what, BeliefAsk::List { .. } | BeliefAsk::Show { .. });
        if !reads && !self.has(cx, DocId::Plan) {
            return Ok(Outcome::Wanted);
        }
        match what {
            BeliefAsk::Add(new) => self.belief_add(cx, ask, new),
            BeliefAsk::Show { belief } => {
                let id = self.find_kept(belief, Kind::Belief)?;
                self.kept_reply(id)
            }
            BeliefAsk::Rate { belief, head, heart, context } => {
                let id = self.find_kept(belief, Kind::Belief)?;
                let context = context.as_ref().map(|text| one_line("the context", text, MAX_LINE)).transpose()?;
                let rating = BeliefRating { head: *head, heart: *heart, at: whole_seconds(cx.now.wall), context, experiment: None };
                self.belief_rate(cx, id, ask.id, &rating)
            }
            BeliefAsk::Pair { belief, with } => self.belief_pair(cx, belief, with.as_deref()),
            BeliefAsk::Retire { belief, back } => {
                let id = self.find_kept(belief, Kind::Belief)?;
                let puts = Self::field_puts(id, vec![("retired", (!back).into())]);
                self.write_kept(cx, DocId::Plan, id, &puts, "belief retire")
            }
            BeliefAsk::List { all } => Ok(Outcome::Reply(self.belief_list(*all))),
        }
    }

    fn belief_list(&self, all: bool) -> Reply {
        let beliefs = self.all_standing(|kept| if let Kept::Belief(belief) = kept { Some(belief) } else { None });
        let beliefs = beliefs.filter(|(_, _, belief)| all || !belief.retired);
        Reply::Beliefs(beliefs.map(|(id, row, belief)| self.as_shown(id, row, belief.clone())).collect())
    }

    fn belief_add(&mut self, cx: &mut Cx<'_>, ask: &Ask, new: &NewBelief) -> Handled {
        let id = RecordId(ask.id);
        self.one_more(id, Kind::Belief)?;
        let at = whole_seconds(cx.now.wall);
        let belief = Belief {
            statement: one_line("a belief", &new.statement, MAX_SENTENCE)?,
            role: new.role,
            paired_with: None,
            block: new.block,
            goal: None,
            ratings: Vec::new(),
            retired: false,
            recorded_at: at,
            visibility: new.visibility,
            deleted: false,
        };
        let mut puts = new_record(id, Kind::Belief, &belief, &[]);
        if new.head.is_some() || new.heart.is_some() {
            puts.push(append(
                id,
                "ratings",
                nth(ask, 1),
                &BeliefRating { head: new.head, heart: new.heart, at, context: None, experiment: None },
            ));
        }
        self.write_once(cx, DocId::Plan, id, &puts, "belief add")
    }

    /// One more rating under an id; the same again is one.
    pub(super) fn belief_rate(&mut self, cx: &mut Cx<'_>, id: RecordId, as_id: uuid::Uuid, rating: &BeliefRating) -> Handled {
        if rating.head.is_none() && rating.heart.is_none() {
            return Err(Failure::new(ErrorKind::Usage, "nothing was rated").hint("--head: I know it; --heart: I feel it"));
        }
        if self.belief(&id).is_some_and(|belief| belief.retired) {
            return Err(Failure::new(ErrorKind::Precondition, "this belief was retired").hint("asif belief retire --back brings it back"));
        }
        let put = append(id, "ratings", as_id, rating);
        self.write_once(cx, DocId::Plan, id, &[put], "belief rate")
    }

    fn belief_pair(&mut self, cx: &mut Cx<'_>, typed: &str, with: Option<&str>) -> Handled {
        let id = self.find_kept(typed, Kind::Belief)?;
        let other = with.map(|with| self.find_kept(with, Kind::Belief)).transpose()?;
        let role = |id: &RecordId| self.belief(id).map(|belief| belief.role);
        if let Some(other) = &other {
            if *other == id {
                return Err(Failure::new(ErrorKind::Usage, "a belief cannot be paired with itself"));
            }
            if role(&id) == role(other) {
                let word = role(&id).unwrap_or(BeliefRole::New);
                return Err(Failure::new(
                    ErrorKind::Precondition,
                    format!("both beliefs are {word} ones; a pair is an old one and a new one"),
                ));
            }
        }
        let point = |to: Option<RecordId>| to.map_or(Value::Null, |id| id.to_string().into());
        let mut puts = Self::field_puts(id, vec![("paired_with", point(other))]);
        puts.extend(other.map(|other| Self::field_puts(other, vec![("paired_with", point(Some(id)))])).unwrap_or_default());
        // Whoever was paired with one of them is so no more.
        let left = self.view.all_kept().filter_map(|(one, row)| match &row.value {
            Kept::Belief(belief) if *one != id && Some(*one) != other => {
                belief.paired_with.filter(|with| *with == id || Some(*with) == other).map(|_| *one)
            }
            _ => None,
        });
        for one in left.collect::<Vec<_>>() {
            puts.extend(Self::field_puts(one, vec![("paired_with", Value::Null)]));
        }
        self.write_kept(cx, DocId::Plan, id, &puts, "belief pair")
    }
}
