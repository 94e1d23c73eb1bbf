//! What all records have in common on the screen, and any one of them.

use asif_proto::local::Reply;
use asif_proto::record::{Shown, Visibility};
use serde_json::Value;

use super::{
    Screen, anchor, belief, caseload, experiment, goal, history, inbox, loan, phrase, practice, rapport, reminder, session, sketch,
};

/// Any one record, whole. `None` where the reply is no record.
pub fn whole(screen: &mut Screen, reply: &Reply) -> Option<()> {
    match reply {
        Reply::Session(one) => session::whole(screen, one),
        Reply::Practice(one) => practice::whole(screen, one),
        Reply::Loan(one) => loan::whole(screen, one),
        Reply::Goal(one) => goal::whole(screen, one),
        Reply::Belief(one) => belief::whole(screen, one),
        Reply::Anchor(one) => anchor::whole(screen, one),
        Reply::Sketch(one) => sketch::whole(screen, one),
        Reply::Phrase(one) => phrase::whole(screen, one),
        Reply::Experiment(one) => experiment::whole(screen, one),
        Reply::Reminder(one) => reminder::whole(screen, one),
        Reply::Rapport(one) => rapport::whole(screen, one),
        Reply::HelperNote(one) => caseload::note_whole(screen, one),
        Reply::InboxItem(one) => {
            let id = inbox::id(one).to_string();
            inbox::told(screen, one, super::short_id(&id));
        }
        _ => return None,
    }
    Some(())
}

/// What was done to any one record. `None` where the reply is no record of one's own.
pub fn changed(screen: &mut Screen, done: &str, reply: &Reply) -> Option<()> {
    match reply {
        Reply::Session(one) => session::changed(screen, done, one),
        Reply::Practice(one) => practice::changed(screen, done, one),
        Reply::Goal(one) => goal::changed(screen, done, one),
        Reply::Belief(one) => belief::changed(screen, done, one),
        Reply::Anchor(one) => anchor::changed(screen, done, one),
        Reply::Sketch(one) => sketch::changed(screen, done, one),
        Reply::Phrase(one) => phrase::changed(screen, done, one),
        Reply::Experiment(one) => experiment::changed(screen, done, one),
        Reply::Reminder(one) => reminder::changed(screen, done, one),
        Reply::Rapport(one) => rapport::changed(screen, done, one),
        Reply::HelperNote(one) => caseload::note_changed(screen, done, one),
        _ => return None,
    }
    Some(())
}

/// What a record is called in a question: `the phrase 7f3a`.
pub fn title(reply: &Reply) -> Option<String> {
    Some(match reply {
        Reply::Practice(one) => format!("the practice {}", one.slug),
        Reply::Goal(one) => format!("the goal \"{}\"", one.value.text),
        Reply::Belief(one) => format!("the belief \"{}\"", one.value.statement),
        Reply::Anchor(one) => format!("the anchor {}", one.short),
        Reply::Sketch(one) => format!("the sketch {} (its practices stay)", one.sketch.short),
        Reply::Phrase(one) => format!("the phrase \"{}\"", one.value.new_line),
        Reply::Experiment(one) => format!("the experiment {} of {}", one.short, one.value.practice),
        Reply::Rapport(one) => format!("the rapport {} with {}", one.short, one.value.helper),
        Reply::HelperNote(one) => format!("the note {} about {}", one.short, one.value.client),
        Reply::Reminder(one) => format!("the reminder {} \"{}\"", one.short, one.value.reminder.text),
        _ => return None,
    })
}

/// The data of a reply as `--json` tells it: its content alone.
pub fn data(reply: &Reply) -> Value {
    match serde_json::to_value(reply) {
        Ok(Value::Object(mut fields)) => fields.remove("data").unwrap_or_default(),
        _ => Value::Null,
    }
}

/// Where a deleted record can be had back.
pub(super) fn hint(deleted: bool, short: &str) -> String {
    if deleted { format!("  (restore: asif restore {short})") } else { String::new() }
}

pub(super) fn heading(screen: &mut Screen, text: &str, deleted: bool) {
    screen.heading(&format!("{text}{}", if deleted { "  (deleted)" } else { "" }));
}

/// What was said apart, who may see it, the id.
pub(super) fn ending<T>(screen: &mut Screen, record: &Shown<T>, visibility: Visibility) {
    for conflict in &record.conflicts {
        history::apart(screen, conflict, &record.short);
    }
    if visibility == Visibility::Private {
        screen.line("  private: yes");
    }
    screen.faint(&format!("  id: {}", record.id));
}
