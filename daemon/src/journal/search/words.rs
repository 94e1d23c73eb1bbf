//! The words that a person wrote into a record, by the field in which they stand.

use asif_proto::id::RecordId;
use asif_proto::record::{PlanPart, SafetyPlan};
use jiff::Timestamp;

use crate::journal::kept::{Experiment, Kept};
use crate::journal::record::{Practice, Session};
use crate::journal::view::Row;

/// Contexts of a rating that the program wrote.
const OURS: [&str; 2] = ["init", "outcome"];

/// Takes a field's name and its text.
type Take<'t, 'a> = &'t mut dyn FnMut(&'static str, &'a str);

fn optional<'a>(name: &'static str, text: Option<&'a String>, take: Take<'_, 'a>) {
    if let Some(text) = text {
        take(name, text);
    }
}

/// A session, less its practice.
pub fn of_session<'a>(session: &'a Session, take: Take<'_, 'a>) {
    optional("note", session.note.as_ref(), take);
    optional("where_felt", session.where_felt.as_ref(), take);
    session.tags.iter().for_each(|tag| take("tags", tag));
}

/// What names a practice, also in what belongs to it.
pub fn of_practice_name<'a>(practice: &'a Practice, take: Take<'_, 'a>) {
    take("practice", &practice.title);
    take("practice", &practice.slug);
}

/// A practice, less its name.
pub fn of_practice<'a>(practice: &'a Practice, take: Take<'_, 'a>) {
    optional("description", practice.description.as_ref(), take);
    optional("when", practice.specificity.when.as_ref(), take);
    optional("where", practice.specificity.place.as_ref(), take);
    optional("how_long", practice.specificity.how_long.as_ref(), take);
    optional("cue", practice.cue.as_ref(), take);
    optional("frequency", practice.frequency.as_ref(), take);
    optional("proposed_by", practice.proposed_by.as_ref(), take);
    practice.agreed_by.iter().for_each(|name| take("agreed_by", name));
}

/// A record that is shown as it is kept, less its practice.
pub fn of_kept<'a>(kept: &'a Kept, take: Take<'_, 'a>) {
    match kept {
        Kept::Goal(goal) => {
            take("text", &goal.text);
            optional("reason_closed", goal.reason_closed.as_ref(), take);
        }
        Kept::Belief(belief) => {
            take("statement", &belief.statement);
            let contexts = belief.ratings.iter().filter_map(|rating| rating.context.as_ref());
            contexts.filter(|context| !OURS.contains(&context.as_str())).for_each(|context| take("context", context));
        }
        Kept::Anchor(anchor) => {
            take("act", &anchor.act);
            optional("who_label", anchor.who_label.as_ref(), take);
        }
        Kept::Sketch(sketch) => take("text", &sketch.text),
        Kept::Phrase(phrase) => {
            take("new_line", &phrase.new_line);
            optional("old_line", phrase.old_line.as_ref(), take);
            optional("voice", phrase.voice.as_ref(), take);
        }
        Kept::Experiment(experiment) => of_experiment(experiment, take),
        Kept::Reminder(reminder) => take("text", &reminder.text),
        Kept::Rapport(rapport) => take("helper", &rapport.helper),
        Kept::HelperNote(note) => {
            take("text", &note.text);
            take("client", &note.client);
        }
    }
}

fn of_experiment<'a>(experiment: &'a Experiment, take: Take<'_, 'a>) {
    optional("outcome", experiment.outcome_text.as_ref(), take);
    optional("learning", experiment.learning.as_ref(), take);
    optional("prediction", experiment.prediction.as_ref().and_then(|prediction| prediction.text.as_ref()), take);
    experiment.amendments.iter().for_each(|one| optional("amendment", one.text.as_ref(), take));
    optional("obstacles", experiment.obstacles.as_ref(), take);
    optional("if_then", experiment.if_then.as_ref(), take);
}

/// The safety plan, part by part.
pub fn of_safety_plan<'a>(plan: &'a SafetyPlan, take: Take<'_, 'a>) {
    for part in PlanPart::ALL {
        if let Some(text) = plan.part(*part) {
            take(part.word(), text);
        }
    }
}

/// What the person would like to be different.
pub fn of_wish<'a>(wish: &'a str, take: Take<'_, 'a>) {
    take("wish", wish);
}

/// The practice that a record belongs to.
pub fn practice_of(kept: &Kept) -> Option<RecordId> {
    match kept {
        Kept::Phrase(phrase) => Some(phrase.practice),
        Kept::Experiment(experiment) => Some(experiment.practice),
        Kept::Goal(_)
        | Kept::Belief(_)
        | Kept::Anchor(_)
        | Kept::Sketch(_)
        | Kept::Reminder(_)
        | Kept::Rapport(_)
        | Kept::HelperNote(_) => None,
    }
}

/// When a record that is not a session was written down; of an experiment nobody asks, since it has a time of its own.
pub fn recorded_at(kept: &Kept) -> Timestamp {
    match kept {
        Kept::Goal(one) => one.recorded_at,
        Kept::Belief(one) => one.recorded_at,
        Kept::Anchor(one) => one.recorded_at,
        Kept::Sketch(one) => one.recorded_at,
        Kept::Phrase(one) => one.recorded_at,
        Kept::Experiment(one) => one.recorded_at,
        Kept::Reminder(one) => one.recorded_at,
        Kept::Rapport(one) => one.recorded_at,
        Kept::HelperNote(one) => one.recorded_at,
    }
}

/// What two devices wrote apart and does not show. What was merged shows already.
pub fn written_apart<T>(row: &Row<T>) -> Vec<String> {
    let others = row.contested.iter().filter(|one| !one.merged).flat_map(|one| &one.others);
    others.filter_map(|json| serde_json::from_str(json).ok()).collect()
}
