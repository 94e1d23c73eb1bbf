//! Records that are shown as they are kept: goals, beliefs, anchors, sketches, phrases, reminders, rapport, a helper's notes; and experiments.

use asif_proto::id::{ItemId, RecordId};
use asif_proto::moment::Moment;
use asif_proto::rating::Rating;
use asif_proto::record::{
    Amendment, Anchor, Basis, Belief, ExperimentResult, ExperimentStatus, Goal, HelperNote, HoldUntil, Kind, Mode, Phrase, Prediction,
    Rapport, Reminder, Sketch, Supports, Visibility,
};
use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// An experiment as it is stored.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Experiment {
    /// What is tried.
    pub practice: RecordId,
    /// With or without a prediction.
    pub mode: Mode,
    /// The belief it tests.
    #[serde(default)]
    pub belief: Option<RecordId>,
    /// On whose belief; absent: one's own.
    #[serde(default)]
    pub basis: Option<Basis>,
    /// The loan it rests on.
    #[serde(default)]
    pub borrowed_belief: Option<ItemId>,
    /// How likely it seemed to help.
    #[serde(default)]
    pub expectancy: Option<Rating>,
    /// How willing I was.
    #[serde(default)]
    pub willingness: Option<Rating>,
    /// Said once; nothing laid over it counts.
    #[serde(default)]
    pub prediction: Option<Prediction>,
    /// Beside it, oldest first.
    #[serde(default)]
    pub amendments: Vec<Amendment>,
    /// What may get in the way.
    #[serde(default)]
    pub obstacles: Option<String>,
    /// If that happens, then.
    #[serde(default)]
    pub if_then: Option<String>,
    /// The day on which its outcome is due.
    #[serde(default)]
    pub review_by: Option<Date>,
    /// Where it stands.
    #[serde(default)]
    pub status: ExperimentStatus,
    /// What happened, in words.
    #[serde(default)]
    pub outcome_text: Option<String>,
    /// Feeling after.
    #[serde(default)]
    pub outcome_rating: Option<Rating>,
    /// When it happened.
    #[serde(default)]
    pub outcome_at: Option<Moment>,
    /// What I make of it.
    #[serde(default)]
    pub learning: Option<String>,
    /// Which belief it supports.
    #[serde(default)]
    pub supports: Option<Supports>,
    /// The session in which it was tried.
    #[serde(default)]
    pub session: Option<RecordId>,
    /// What helpers had predicted when the outcome was written down: the hashes of the predictions that were here, with spaces between.
    #[serde(default)]
    pub predicted: Option<String>,
    /// When it was planned.
    pub planned_at: Moment,
    /// When it was written down.
    pub recorded_at: Timestamp,
    /// Who may see it.
    #[serde(default)]
    pub visibility: Visibility,
    /// Kept back for now.
    #[serde(default)]
    pub hold_until: Option<HoldUntil>,
    /// Hidden.
    #[serde(default)]
    pub deleted: bool,
}

impl Experiment {
    /// What happened, once that was told.
    pub fn outcome(&self) -> Option<ExperimentResult> {
        (self.status == ExperimentStatus::Done).then(|| ExperimentResult {
            text: self.outcome_text.clone(),
            rating: self.outcome_rating,
            at: self.outcome_at.clone(),
        })
    }

    /// Outcome less prediction, where there are both.
    pub fn surprise(&self) -> Option<i16> {
        let predicted = self.prediction.as_ref().and_then(|prediction| prediction.rating);
        let both = self.outcome_rating.zip(predicted).filter(|_| self.status == ExperimentStatus::Done);
        both.map(|(is, was)| i16::from(is.value()) - i16::from(was.value()))
    }
}

/// One of these records.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Kept {
    /// A goal.
    Goal(Goal),
    /// A belief.
    Belief(Belief),
    /// An anchor.
    Anchor(Anchor),
    /// A sketch.
    Sketch(Sketch),
    /// A phrase.
    Phrase(Phrase),
    /// An experiment.
    Experiment(Box<Experiment>),
    /// A reminder.
    Reminder(Reminder),
    /// How it is with a helper.
    Rapport(Rapport),
    /// A helper's own note.
    HelperNote(HelperNote),
}

impl Kept {
    /// Gives fields their type; nothing where the kind is another, an error where they do not fit.
    pub fn from_fields(kind: &str, fields: &Map<String, Value>) -> Option<Result<Self, serde_json::Error>> {
        let kind: Kind = Kind::ALL.iter().copied().find(|one| one.word() == kind)?;
        let value = Value::Object(fields.clone());
        Some(match kind {
            Kind::Goal => serde_json::from_value(value).map(Self::Goal),
            Kind::Belief => serde_json::from_value(value).map(Self::Belief),
            Kind::Anchor => serde_json::from_value(value).map(Self::Anchor),
            Kind::Sketch => serde_json::from_value(value).map(Self::Sketch),
            Kind::Phrase => serde_json::from_value(value).map(Self::Phrase),
            Kind::Experiment => serde_json::from_value(value).map(|one| Self::Experiment(Box::new(one))),
            Kind::Reminder => serde_json::from_value(value).map(Self::Reminder),
            Kind::Rapport => serde_json::from_value(value).map(Self::Rapport),
            Kind::HelperNote => serde_json::from_value(value).map(Self::HelperNote),
        })
    }

    /// What kind it is.
    pub fn kind(&self) -> Kind {
        match self {
            Self::Goal(_) => Kind::Goal,
            Self::Belief(_) => Kind::Belief,
            Self::Anchor(_) => Kind::Anchor,
            Self::Sketch(_) => Kind::Sketch,
            Self::Phrase(_) => Kind::Phrase,
            Self::Experiment(_) => Kind::Experiment,
            Self::Reminder(_) => Kind::Reminder,
            Self::Rapport(_) => Kind::Rapport,
            Self::HelperNote(_) => Kind::HelperNote,
        }
    }

    /// Hidden.
    pub fn deleted(&self) -> bool {
        match self {
            Self::Goal(one) => one.deleted,
            Self::Belief(one) => one.deleted,
            Self::Anchor(one) => one.deleted,
            Self::Sketch(one) => one.deleted,
            Self::Phrase(one) => one.deleted,
            Self::Experiment(one) => one.deleted,
            Self::Reminder(one) => one.deleted,
            Self::Rapport(one) => one.deleted,
            Self::HelperNote(one) => one.deleted,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::journal::document::{Document, keys_of};
    use crate::journal::schema;
    use crate::journal::view::View;
    use crate::seal::body::DocId;
    use asif_proto::id::LogId;
    use automerge::ScalarValue;
    use serde_json::json;

    const ID: RecordId = RecordId(uuid::Uuid::from_bytes([7; 16]));

    fn put(document: &mut Document, view: &mut View, puts: &[(String, ScalarValue)]) {
        let change = document.write(LogId([1; 16]), puts, None).unwrap().unwrap();
        view.touch(&keys_of(&change));
        view.refresh(DocId::Plan, document, keys_of(&change).iter());
    }

    fn begun(packed: Value) -> (Document, View) {
        let (mut document, mut view) = (Document::default(), View::default());
        put(&mut document, &mut view, &[(ID.key(), packed.to_string().as_str().into())]);
        (document, view)
    }

    #[test]
    fn what_is_laid_over_a_locked_prediction_counts_for_nothing() {
        let at = "2026-11-24T12:50:00Z";
        let (mut document, mut view) = begun(json!({
            "type": "experiment", "practice": ID, "mode": "hypothesis", "planned_at": "2026-11-24T12:50:00+00:00[Europe/London]",
            "recorded_at": at, "prediction": { "rating": 20, "locked_at": at, "by": "me" },
        }));
        let other = json!({ "rating": 90, "locked_at": at, "by": "me" });
        for laid in [schema::scalar(&other), ScalarValue::Null] {
            put(&mut document, &mut view, &[(schema::field(ID, "prediction"), laid), (schema::field(ID, "learning"), "kept".into())]);
            let Kept::Experiment(one) = &view.kept(&ID).unwrap().value else { panic!() };
            assert_eq!(one.prediction.as_ref().unwrap().rating.unwrap().value(), 20);
            assert_eq!(one.learning.as_deref(), Some("kept"));
            document.write(LogId([1; 16]), &[(schema::field(ID, "learning"), ScalarValue::Null)], None).unwrap();
        }
    }

    #[test]
    fn a_list_is_in_the_order_of_its_making_and_what_was_taken_back_is_not_in_it() {
        let at = "2026-11-24T12:50:00Z";
        let (mut document, mut view) = begun(json!({ "type": "belief", "statement": "I deserve kindness", "recorded_at": at }));
        let rating = |heart: u8| schema::scalar(&json!({ "heart": heart, "at": at }));
        put(&mut document, &mut view, &[(schema::member(ID, "ratings", "02"), rating(10))]);
        put(&mut document, &mut view, &[(schema::member(ID, "ratings", "01"), rating(5))]);
        put(&mut document, &mut view, &[(schema::member(ID, "ratings", "03"), rating(90))]);
        put(&mut document, &mut view, &[(schema::member(ID, "ratings", "03"), ScalarValue::Null)]);
        let Kept::Belief(belief) = &view.kept(&ID).unwrap().value else { panic!() };
        assert_eq!(belief.ratings.iter().map(|one| one.heart.unwrap().value()).collect::<Vec<_>>(), [5, 10]);
    }
}
