//! Experiments: try, outcome, list, edit.
//!
//! An experiment lies in the month in which it was planned. Its outcome makes a session, which lies in the month in which it happened.

use asif_proto::day;
use asif_proto::id::RecordId;
use asif_proto::local::{Ask, ErrorKind, ExperimentAsk, ExperimentFields, Failure, NewOutcome, Plan, Reply};
use asif_proto::moment::{self, Moment};
use asif_proto::record::{
    Amendment, Basis, BeliefRating, Experiment as ExperimentView, ExperimentStatus, Kind, MAX_NOTE, Mode, Prediction, SessionFields, Shown,
    Visibility,
};
use jiff::Timestamp;
use jiff::civil::Date;
use serde_json::{Value, json};

use super::super::{Cx, Replica};
use super::journal::whole_seconds;
use super::kept::{append, new_record, nth, prose};
use super::undo::together;
use super::{Handled, Outcome};
use crate::journal::document::Put;
use crate::journal::kept::{Experiment, Kept};
use crate::journal::record::{self, Session, kind};
use crate::journal::schema;
use crate::journal::view::Row;
use crate::seal::body::DocId;

/// The longest text of a plan, in bytes: packed, and with every letter escaped, it must fit into one change.
const MAX_PLAN: usize = 8 * 1024;
/// Longer texts go into a change of their own: two of them might not fit into one.
const LONG: usize = 64 * 1024;

impl Replica {
    pub(super) fn experiments(&mut self, cx: &mut Cx<'_>, ask: &Ask, what: &ExperimentAsk) -> Handled {
        match what {
            ExperimentAsk::Try { practice, plan } => self.try_out(cx, ask, practice, plan),
            ExperimentAsk::Outcome { experiment, outcome } => self.outcome(cx, ask, experiment.as_deref(), outcome),
            ExperimentAsk::Open { experiment } => {
                let id = self.open_experiment(experiment.as_deref(), true)?;
                Ok(Outcome::Reply(Reply::Experiment(self.experiment_view(id)?)))
            }
            ExperimentAsk::List { practice, all } => {
                let practice = practice.as_deref().map(|typed| self.find_practice(typed).map(|(id, _)| id)).transpose()?;
                let wanted = |one: &Experiment| {
                    (*all || one.status == ExperimentStatus::Planned) && practice.is_none_or(|practice| one.practice == practice)
                };
                let ids: Vec<_> = self.experiments_where(wanted);
                Ok(Outcome::Reply(Reply::Experiments(ids.into_iter().map(|id| self.experiment_view(id)).collect::<Result<_, _>>()?)))
            }
            ExperimentAsk::Edit { experiment, fields } => self.experiment_edit(cx, ask, experiment, fields),
        }
    }

    fn try_out(&mut self, cx: &mut Cx<'_>, ask: &Ask, practice: &str, plan: &Plan) -> Handled {
        let id = RecordId(ask.id);
        let zone = moment::zone(&ask.zone);
        let planned_at = Moment::at(cx.now.wall, &zone);
        let doc = self.view.kept(&id).map_or_else(|| schema::month_of(id, planned_at.local_date(), false), |row| row.doc);
        if !self.has(cx, doc) {
            return Ok(Outcome::Wanted);
        }
        let (practice, slug) = self.find_practice(practice).map(|(id, row)| (id, row.value.slug.clone()))?;
        let loan = SessionFields { basis: plan.basis, borrowed: plan.borrowed.clone(), ..SessionFields::default() };
        let borrowed = self.borrowed(&loan, Some(&slug), cx.now.wall)?;
        let belief = plan.belief.as_deref().map(|typed| self.find_kept(typed, Kind::Belief)).transpose()?;
        let text = prose("the prediction", plan.prediction_text.as_ref(), MAX_PLAN)?;
        let now = whole_seconds(cx.now.wall);
        let prediction = (text.is_some() || plan.prediction.is_some()).then(|| Prediction {
            text,
            rating: plan.prediction,
            locked_at: now,
            by: "me".into(),
        });
        let experiment = Experiment {
            practice,
            mode: if prediction.is_some() { Mode::Hypothesis } else { Mode::Discovery },
            belief,
            basis: super::journal::basis(&loan).filter(|basis| *basis != Basis::Own),
            borrowed_belief: borrowed,
            expectancy: plan.expectancy,
            willingness: plan.willingness,
            prediction,
            amendments: Vec::new(),
            obstacles: prose("what may get in the way", plan.obstacles.as_ref(), MAX_PLAN)?,
            if_then: prose("if then", plan.if_then.as_ref(), MAX_PLAN)?,
            review_by: plan.review_by.as_deref().map(|text| due(text, planned_at.local_date())).transpose()?,
            status: ExperimentStatus::Planned,
            outcome_text: None,
            outcome_rating: None,
            outcome_at: None,
            learning: None,
            supports: None,
            session: None,
            predicted: None,
            planned_at,
            recorded_at: now,
            visibility: plan.visibility,
            hold_until: None,
            deleted: false,
        };
        self.write_once(cx, doc, id, &new_record(id, Kind::Experiment, &experiment, &[]), "try")
    }

    fn outcome(&mut self, cx: &mut Cx<'_>, ask: &Ask, typed: Option<&str>, new: &NewOutcome) -> Handled {
        let session = RecordId(nth(ask, 1));
        let told = |one: &Experiment| one.session == Some(session);
        let again = self.experiments_where(told).first().copied();
        let id = again.map_or_else(|| self.open_experiment(typed, false), Ok)?;
        let (experiment, doc) = self.experiment(id).map(|(one, row)| (one.clone(), row.doc))?;
        let text = prose("what happened", new.text.as_ref(), MAX_NOTE)?;
        let learning = prose("what you make of it", new.learning.as_ref(), MAX_NOTE)?;
        let at = super::journal::occurred_at(cx, ask, new.at.as_deref())?;
        let month = self.view.session_doc(&session).unwrap_or_else(|| schema::month_of(session, at.local_date(), new.at.is_some()));
        // All that is written to must be here before anything is.
        let here = [doc, month, DocId::Plan].map(|doc| self.has(cx, doc));
        if here.contains(&false) {
            return Ok(Outcome::Wanted);
        }
        // Also one that was put away meanwhile: what was rated is not lost.
        let rated = match experiment.belief.filter(|belief| self.belief(belief).is_some()) {
            _ if new.head.is_none() && new.heart.is_none() => None,
            None => {
                let message = "this experiment tests no belief: there is nothing to rate with it; nothing was stored";
                return Err(Failure::new(ErrorKind::Usage, message).hint("asif belief rate rates one by itself"));
            }
            belief => belief,
        };
        let what = together("outcome", ask);
        if new.left {
            let puts = Self::field_puts(id, vec![("status", ExperimentStatus::Left.word().into())]);
            return self.write_kept(cx, doc, id, &puts, &what);
        }
        let record = tried(&experiment, id, new, &at, whole_seconds(cx.now.wall));
        let put = (session.key(), record::pack(kind::SESSION, &record).as_str().into());
        if !self.is_said(month, id, std::slice::from_ref(&put))? {
            self.write(cx, month, &[put], &what)?;
        }
        if let Some(belief) = rated {
            let rating = BeliefRating {
                head: new.head,
                heart: new.heart,
                at: whole_seconds(cx.now.wall),
                context: Some("outcome".into()),
                experiment: Some(id),
            };
            let put = append(belief, "ratings", nth(ask, 2), &rating);
            if !self.is_said(DocId::Plan, id, std::slice::from_ref(&put))? {
                self.write(cx, DocId::Plan, &[put], &what)?;
            }
        }
        let fields = vec![
            ("outcome_text", json!(text)),
            ("outcome_rating", json!(new.after)),
            ("outcome_at", json!(at)),
            ("learning", json!(learning)),
            ("supports", json!(new.supports)),
            ("session", json!(session)),
            ("status", ExperimentStatus::Done.word().into()),
        ];
        let predicted = ("predicted", json!(self.predictions_here(id).filter(|_| again.is_none())));
        let said = fields.into_iter().chain([predicted]).filter(|(_, value)| !value.is_null()).collect();
        let puts = Self::field_puts(id, said);
        if again.is_some() {
            let others = self.changing(doc, id, puts);
            let is_other = others.iter().any(|(key, _)| !key.ends_with("/outcome_at"));
            return if is_other { Err(self.said_otherwise(id)) } else { self.kept_reply(id) };
        }
        self.write_fields(cx, doc, id, puts, &what)?;
        self.kept_reply(id)
    }

    fn experiment_edit(&mut self, cx: &mut Cx<'_>, ask: &Ask, typed: &str, fields: &ExperimentFields) -> Handled {
        let id = self.find_kept(typed, Kind::Experiment)?;
        let (experiment, doc) = self.experiment(id).map(|(one, row)| (one.clone(), row.doc))?;
        let short = self.view.short(&id);
        if fields.prediction.is_some() {
            let message = match &experiment.prediction {
                Some(prediction) => format!("the prediction was locked at {}; it does not change", when(prediction.locked_at, ask)),
                None => "this is a discovery: it was begun without a prediction, and none is added afterwards".to_owned(),
            };
            return Err(
                Failure::new(ErrorKind::Precondition, message).hint(format!("an amendment stands beside it: asif edit {short} --amend 50"))
            );
        }
        if !self.has(cx, doc) {
            return Ok(Outcome::Wanted);
        }
        let done = experiment.status == ExperimentStatus::Done;
        if !done && (fields.after.is_some() || fields.text.is_some() || fields.learning.is_some() || fields.supports.is_some()) {
            return Err(Failure::new(ErrorKind::Precondition, "this experiment has no outcome yet").hint(format!("asif outcome {short}")));
        }
        let mut changes: Vec<(&str, Value)> = Vec::new();
        let texts = [
            ("obstacles", "what may get in the way", &fields.obstacles, MAX_PLAN),
            ("if_then", "if then", &fields.if_then, MAX_PLAN),
            ("learning", "what you make of it", &fields.learning, MAX_NOTE),
            ("outcome_text", "what happened", &fields.text, MAX_NOTE),
        ];
        for (field, what, text, max) in texts {
            if text.is_some() {
                changes.push((field, json!(prose(what, text.as_ref(), max)?)));
            }
        }
        if let Some(text) = &fields.review_by {
            changes.push(("review_by", json!(due(text, Moment::at(cx.now.wall, &moment::zone(&ask.zone)).local_date())?)));
        }
        changes.extend(fields.after.map(|after| ("outcome_rating", json!(after))));
        changes.extend(fields.supports.map(|supports| ("supports", json!(supports))));
        changes.extend(fields.visibility.map(|visibility| ("visibility", json!(visibility))));
        let mut puts = self.changing(doc, id, Self::field_puts(id, changes));
        let text = prose("the amendment", fields.amend_text.as_ref(), MAX_PLAN)?;
        if fields.amend.is_some() || text.is_some() {
            if experiment.prediction.is_none() {
                return Err(Failure::new(ErrorKind::Precondition, "this is a discovery: there is no prediction to amend"));
            }
            let amendment = Amendment { text, rating: fields.amend, at: whole_seconds(cx.now.wall) };
            let put = append(id, "amendments", ask.id, &amendment);
            if !self.is_said(doc, id, std::slice::from_ref(&put))? {
                puts.push(put);
            }
        } else if *fields == ExperimentFields::default() {
            return Err(Failure::new(ErrorKind::Usage, "nothing to change was named").hint("asif edit --help tells what can be"));
        }
        let what = together("experiment edit", ask);
        // The session that it made says the same; all that is written to must be here before anything is.
        if let (Some(after), Some(session)) = (fields.after, experiment.session)
            && let Some(month) = self.view.session_doc(&session)
        {
            if !self.has(cx, month) {
                return Ok(Outcome::Wanted);
            }
            self.write(cx, month, &Self::field_puts(session, vec![("after", json!(after))]), &what)?;
        }
        self.write_fields(cx, doc, id, puts, &what)?;
        self.kept_reply(id)
    }

    /// Writes puts in one change, or each long one in a change of its own.
    fn write_fields(&mut self, cx: &mut Cx<'_>, doc: DocId, id: RecordId, puts: Vec<Put>, what: &str) -> Result<(), Failure> {
        let is_long = |put: &Put| put.1.as_str().is_some_and(|text| text.len() > LONG);
        let (long, short): (Vec<Put>, Vec<Put>) = puts.into_iter().partition(is_long);
        for put in long {
            self.write(cx, doc, &[put], what)?;
        }
        debug_assert!(short.iter().all(|(key, _)| schema::record_of(key) == Some(id)));
        self.write(cx, doc, &short, what).map(drop)
    }

    /// The experiment that was named; with no name the one that is open, if it is the only one. With `first` the one due first will do.
    fn open_experiment(&self, typed: Option<&str>, first: bool) -> Result<RecordId, Failure> {
        if let Some(typed) = typed {
            let id = match self.find_kept(typed, Kind::Experiment) {
                Ok(id) => id,
                // A practice that is being tried names its experiment.
                Err(failure) => self.open_of_practice(typed)?.ok_or(failure)?,
            };
            return match self.experiment(id)?.0.status {
                ExperimentStatus::Done if !first => Err(Failure::new(ErrorKind::Precondition, "this experiment has its outcome already")
                    .hint(format!("change it with: asif edit {} --after 50   (or --learning -)", self.view.short(&id)))),
                _ => Ok(id),
            };
        }
        let open = self.experiments_where(|one| one.status == ExperimentStatus::Planned);
        match &open[..] {
            [] => Err(Failure::new(ErrorKind::NotFound, "no experiment is open").hint("plan one with: asif try P")),
            [one] => Ok(*one),
            several if first => several
                .iter()
                .copied()
                .min_by_key(|id| self.experiment(*id).ok().map(|(one, _)| (due_on(one), *id)))
                .ok_or_else(|| Failure::new(ErrorKind::NotFound, "no experiment is open")),
            several => {
                let named: Vec<_> = several.iter().take(8).map(|id| self.experiment_words(*id)).collect();
                Err(Failure::new(ErrorKind::Usage, format!("{} experiments are open: {}", several.len(), named.join(", ")))
                    .hint("name the one you mean: asif outcome E"))
            }
        }
    }

    /// The newest open experiment of a practice.
    fn open_of_practice(&self, typed: &str) -> Result<Option<RecordId>, Failure> {
        let Ok((practice, _)) = self.find_practice(typed) else { return Ok(None) };
        let open = self.experiments_where(|one| one.status == ExperimentStatus::Planned && one.practice == practice);
        match &open[..] {
            [] | [_] => Ok(open.first().copied()),
            several => {
                let named: Vec<_> = several.iter().take(8).map(|id| self.experiment_words(*id)).collect();
                Err(Failure::new(ErrorKind::Usage, format!("several experiments of it are open: {}", named.join(", ")))
                    .hint("use the id of the one you mean"))
            }
        }
    }

    fn experiment_words(&self, id: RecordId) -> String {
        let slug = self.experiment(id).ok().and_then(|(one, _)| self.view.practice(&one.practice)).map(|row| row.value.slug.clone());
        format!("{} {}", self.view.short(&id), slug.unwrap_or_default())
    }

    /// Standing experiments, newest first.
    pub(super) fn experiments_where(&self, wanted: impl Fn(&Experiment) -> bool) -> Vec<RecordId> {
        let all = self.all_standing(|kept| if let Kept::Experiment(one) = kept { Some(one) } else { None });
        all.filter(|(_, _, one)| wanted(one)).map(|(id, _, _)| id).collect()
    }

    pub(super) fn experiment(&self, id: RecordId) -> Result<(&Experiment, &Row<Kept>), Failure> {
        match self.view.kept(&id) {
            Some(row) => match &row.value {
                Kept::Experiment(one) => Ok((one, row)),
                _ => Err(Failure::new(ErrorKind::NotFound, "no such experiment")),
            },
            None => Err(Failure::new(ErrorKind::NotFound, "no such experiment")),
        }
    }

    pub(super) fn experiment_view(&self, id: RecordId) -> Result<Shown<ExperimentView>, Failure> {
        let (one, row) = self.experiment(id)?;
        let view = ExperimentView {
            practice: self.view.practice(&one.practice).map_or_else(|| one.practice.to_string(), |row| row.value.slug.clone()),
            mode: one.mode,
            belief: one.belief,
            belief_statement: one.belief.and_then(|id| self.belief(&id)).map(|belief| belief.statement.clone()),
            basis: one.basis.unwrap_or_default(),
            borrowed_belief: one.borrowed_belief,
            expectancy: one.expectancy,
            willingness: one.willingness,
            prediction: one.prediction.clone(),
            amendments: one.amendments.clone(),
            obstacles: one.obstacles.clone(),
            if_then: one.if_then.clone(),
            review_by: one.review_by,
            status: one.status,
            outcome: one.outcome(),
            learning: one.learning.clone(),
            supports: one.supports,
            surprise: one.surprise(),
            session: one.session,
            planned_at: one.planned_at.clone(),
            recorded_at: one.recorded_at,
            visibility: one.visibility,
            hold_until: one.hold_until.clone(),
            helper_predictions: self.helper_predictions(id, one),
            deleted: one.deleted,
        };
        Ok(self.as_shown(id, row, view))
    }
}

/// The session in which an experiment was tried.
fn tried(experiment: &Experiment, id: RecordId, new: &NewOutcome, at: &Moment, now: Timestamp) -> Session {
    Session {
        practice: Some(experiment.practice),
        occurred_at: at.clone(),
        recorded_at: now,
        before: new.before,
        after: new.after,
        acted_as_if: new.acted_as_if,
        felt_real: new.felt_real,
        felt_state: None,
        marks: Vec::new(),
        experiment: Some(id),
        basis: experiment.basis,
        borrowed_belief: experiment.borrowed_belief,
        expectancy: experiment.expectancy,
        willingness: experiment.willingness,
        repetitions: None,
        duration_s: None,
        where_felt: None,
        felt_worse: new.felt_worse.then_some(true),
        stopped_early: None,
        note: None,
        tags: Vec::new(),
        visibility: (experiment.visibility == Visibility::Private).then_some(Visibility::Private),
        hold_until: None,
        deleted: None,
    }
}

/// The day on which an outcome is due: the one that was set, else the one on which it was planned.
pub(super) fn due_on(experiment: &Experiment) -> Date {
    experiment.review_by.unwrap_or_else(|| experiment.planned_at.local_date())
}

fn due(text: &str, today: Date) -> Result<Date, Failure> {
    let day = day::parse(text, today).map_err(|error| Failure::new(ErrorKind::Usage, error.to_string()))?;
    if day < today {
        return Err(Failure::new(ErrorKind::Usage, format!("{day} is over: the outcome is due today or later")));
    }
    Ok(day)
}

fn when(at: Timestamp, ask: &Ask) -> String {
    at.to_zoned_datetime(moment::zone(&ask.zone)).strftime("%H:%M on %-d %b %Y").to_string()
}
