//! Experiments, phrases, beliefs, goals, anchors and the safety plan.

use asif_proto::id::{ItemId, RecordId};
use asif_proto::record::{Anchor, Belief, BeliefRating, ExperimentResult, Goal, Phrase, Rapport, SafetyPlan, Visibility};
use asif_proto::share::{
    Scope, SharedAnchor, SharedAnswer, SharedBelief, SharedExperiment, SharedGoal, SharedPhrase, SharedPrediction, SharedRapport,
    SharedSafetyPlan,
};

use super::{Hidden, Terms, practice_of, stands};
use crate::journal::kept::{Experiment, Kept};
use crate::journal::record::Answer;
use crate::journal::view::View;
use crate::share::item;

const NO_ID: ItemId = ItemId([0; 32]);

impl Terms<'_> {
    /// What of an experiment is shown. It is of the time at which it was planned; what happened is of its own, and is kept back with the session
    /// in which it happened.
    pub fn experiment(&self, one: &Experiment, view: &View) -> Result<SharedExperiment, Hidden> {
        stands(one.deleted, one.visibility)?;
        let practice = practice_of(view, one.practice)?;
        self.not_held(one.hold_until.as_ref())?;
        self.within(one.planned_at.timestamp())?;
        self.needs(Scope::Experiments)?;
        let happened = one.outcome().filter(|outcome| outcome.at.as_ref().is_none_or(|at| self.is_within(at.timestamp())));
        let outcome = happened.filter(|_| one.session.is_none_or(|session| self.may_be_told(view, session)));
        let told = outcome.is_some();
        let mut shared = SharedExperiment {
            id: NO_ID,
            practice: Some(practice.slug.clone()),
            mode: one.mode,
            prediction: one.prediction.as_ref().map(|prediction| SharedPrediction {
                text: prediction.text.clone(),
                rating: prediction.rating,
                locked_at: prediction.locked_at,
            }),
            obstacles: one.obstacles.clone(),
            if_then: one.if_then.clone(),
            outcome,
            learning: one.learning.clone().filter(|_| told),
            supports: one.supports.filter(|_| told),
            surprise: one.surprise().filter(|_| told),
        };
        if item::pack(&shared).len() > item::MAX_PAYLOAD {
            // Two full notes of nothing but control characters do not fit.
            shared.learning = None;
            shared.outcome =
                shared.outcome.map(|outcome| ExperimentResult { text: outcome.text.filter(|text| item::fits(text)), ..outcome });
        }
        Ok(shared)
    }

    /// Whether what happened in a session may be told elsewhere: neither put away nor kept back.
    fn may_be_told(&self, view: &View, session: RecordId) -> bool {
        view.session(&session).is_some_and(|row| {
            let session = &row.value;
            let stands = stands(session.deleted == Some(true), session.visibility.unwrap_or_default());
            stands.and_then(|()| self.not_held(session.hold_until.as_ref())).is_ok()
        })
    }

    /// What of a line of self-talk is shown.
    pub fn phrase(&self, one: &Phrase, view: &View) -> Result<SharedPhrase, Hidden> {
        stands(one.deleted, one.visibility)?;
        let practice = practice_of(view, one.practice)?;
        stands(practice.deleted == Some(true), Visibility::Inherit)?;
        self.needs(Scope::Phrases)?;
        Ok(SharedPhrase {
            id: NO_ID,
            practice: practice.slug.clone(),
            old_line: one.old_line.clone(),
            new_line: one.new_line.clone(),
            form: one.form,
            voice: one.voice.clone(),
            order: one.order,
        })
    }

    /// What of a belief is shown, with the ratings that are within the bounds.
    pub fn belief(&self, one: &Belief, view: &View) -> Result<SharedBelief, Hidden> {
        stands(one.deleted, one.visibility)?;
        self.needs(Scope::Beliefs)?;
        let pair = one.paired_with.and_then(|id| view.kept(&id)).and_then(|row| match &row.value {
            Kept::Belief(pair) => stands(pair.deleted, pair.visibility).ok().map(|()| pair.statement.clone()),
            _ => None,
        });
        Ok(SharedBelief {
            id: NO_ID,
            statement: one.statement.clone(),
            role: one.role,
            paired_with: pair,
            block: one.block,
            ratings: self.ratings(&one.ratings, view),
            retired: one.retired,
        })
    }

    /// What of the ratings of a belief is shown: not what was felt in an experiment that is not to be told of. Which one that was is told to nobody.
    fn ratings(&self, ratings: &[BeliefRating], view: &View) -> Vec<BeliefRating> {
        let may_be_told = |experiment: &RecordId| match view.kept(experiment).map(|row| &row.value) {
            Some(Kept::Experiment(one)) => {
                let stands = stands(one.deleted, one.visibility).and_then(|()| practice_of(view, one.practice));
                stands.and_then(|_| self.not_held(one.hold_until.as_ref())).is_ok()
                    && one.session.is_none_or(|session| self.may_be_told(view, session))
            }
            _ => false,
        };
        let shown = ratings.iter().filter(|rating| self.is_within(rating.at) && rating.experiment.as_ref().is_none_or(may_be_told));
        shown.map(|rating| BeliefRating { experiment: None, ..rating.clone() }).collect()
    }

    /// What of a goal is shown, with the ratings that are within the bounds.
    pub fn goal(&self, one: &Goal) -> Result<SharedGoal, Hidden> {
        stands(one.deleted, one.visibility)?;
        self.needs(Scope::Goals)?;
        Ok(SharedGoal {
            id: NO_ID,
            text: one.text.clone(),
            template: one.template,
            agree: one.agree.iter().filter(|rating| self.is_within(rating.at)).cloned().collect(),
            status: one.status,
            reason_closed: one.reason_closed.clone(),
        })
    }

    /// What of an anchor is shown: not whom it was about.
    pub fn anchor(&self, one: &Anchor) -> Result<SharedAnchor, Hidden> {
        stands(one.deleted, one.visibility)?;
        self.needs(Scope::Anchor)?;
        let act = if item::fits(&one.act) { one.act.clone() } else { return Err(Hidden::Scope) };
        Ok(SharedAnchor { id: NO_ID, act, deserved: one.deserved, polite: one.polite })
    }

    /// What of a rating of how it is with a helper is shown: to that helper alone.
    pub fn rapport(&self, one: &Rapport) -> Result<SharedRapport, Hidden> {
        stands(one.deleted, one.visibility)?;
        self.needs(Scope::Rapport)?;
        if one.grant != Some(self.id) {
            return Err(Hidden::Scope);
        }
        self.within(one.recorded_at)?;
        Ok(SharedRapport { id: NO_ID, understood: one.understood, trust: one.trust, agreement: one.agreement, at: one.recorded_at })
    }

    /// The answer to something that this helper sent, once there is one; nothing of what another sent.
    pub fn answer(&self, one: &Answer) -> Result<SharedAnswer, Hidden> {
        if one.grant != self.id {
            return Err(Hidden::Scope);
        }
        let (Some(answer), Some(at)) = (&one.answer, one.answered_at) else { return Err(Hidden::Deleted) };
        Ok(SharedAnswer { id: NO_ID, to: one.item, answer: answer.clone(), words: one.words.clone(), at })
    }

    /// The safety plan, once anything is written in it.
    pub fn safety_plan(&self, plan: &SafetyPlan) -> Result<SharedSafetyPlan, Hidden> {
        self.needs(Scope::SafetyPlan)?;
        if plan.is_empty() { Err(Hidden::Deleted) } else { Ok(SharedSafetyPlan { id: NO_ID, plan: plan.clone() }) }
    }
}
