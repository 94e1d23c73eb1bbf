//! What a helper sees: copies of what somebody chose to show.

mod meeting;
mod notes;

use asif_proto::id::unique_suffix;
use asif_proto::local::Purged;
use asif_proto::rating::Rating;
use asif_proto::record::PlanPart;
use asif_proto::share::{CaseloadOpen, CaseloadRow, Discuss, HelperPrediction, SharedExperiment, SharedPractice, SharedSession};

pub use meeting::prep;
pub use notes::{note_changed, note_whole, notes};

use super::practice::hyphens;
use super::session::feeling;
use super::share::scopes;
use super::table::Table;
use super::text::count;
use super::{Screen, experiment, inbox, loan, time};

/// Everyone who shares, by name.
pub fn rows(screen: &mut Screen, rows: &[CaseloadRow]) {
    if rows.is_empty() {
        return;
    }
    let mut table = Table::new(&["Client", "Last synced", "New", "To discuss", "Until"]);
    for row in rows {
        let until = match (row.ended, &row.until) {
            (Some(ended), _) if row.left.is_some() => format!("you left {}", time::instant(ended, screen)),
            (Some(ended), _) => format!("ended {}", time::instant(ended, screen)),
            (None, Some(until)) => time::bound(until, screen.now),
            (None, None) => "no end".to_owned(),
        };
        let synced = row.last_synced.map(|at| time::ago(at, screen.now)).unwrap_or_else(|| "never".to_owned());
        table.row(vec![row.client.clone(), synced, row.new.to_string(), discuss(&row.discuss), until]);
    }
    table.show(screen);
    screen.faint("Not a monitoring service. Sorted by name; no scores by design.");
}

/// `1 felt worse, 1 surprise +25`
fn discuss(discuss: &Discuss) -> String {
    let surprises = match &discuss.surprises[..] {
        [] => None,
        [one] => Some(format!("1 surprise {}", experiment::signed(*one))),
        [first, rest @ ..] => Some(format!("{} surprises {} ...", rest.len() + 1, experiment::signed(*first))),
    };
    let counted = |number: u64, what: &str| (number > 0).then(|| format!("{number} {what}"));
    let parts = [counted(discuss.felt_worse, "felt worse"), counted(discuss.stopped_early, "stopped early"), surprises];
    parts.into_iter().flatten().collect::<Vec<_>>().join(", ")
}

/// One person's shared records.
pub fn client(screen: &mut Screen, client: &CaseloadOpen) {
    let shares = if client.ended.is_some() { "shared" } else { "shares" };
    screen.heading(&format!("{}  {shares}: {}", client.client, scopes(&client.scopes)));
    if let Some(ended) = client.ended {
        let at = time::instant(ended, screen);
        let how = match (client.left, client.by_time) {
            (Some(_), _) => format!("You ended the sharing {at}."),
            (None, true) => format!("The time that you agreed on was over {at}."),
            (None, false) => format!("{} ended the sharing {at}.", client.client),
        };
        let what = match client.deleted {
            true => "What was shared is deleted here".to_owned(),
            false => format!(
                "What was shared is not shown any more, and is deleted here once {}'s device says so too, or after a day",
                client.client
            ),
        };
        screen.sentence(&format!("{how} {what}; your own notes and words stay."));
    } else if client.is_empty() {
        screen.line("Nothing is here.");
    }
    let ids = ids(&client.sessions, &client.experiments);
    practices(screen, &client.practices);
    experiments(screen, &client.experiments, &client.predictions, &ids);
    sessions(screen, &client.sessions, &ids);
    plan(screen, client);
    loan::lent_before(screen, &client.loans);
    if !client.sent.is_empty() {
        screen.heading("What you sent");
        let sent: Vec<String> = client.sent.iter().map(|item| inbox::id(item).to_string()).collect();
        for (item, id) in client.sent.iter().zip(&sent) {
            inbox::sent(screen, item, unique_suffix(id, sent.iter().map(String::as_str)), client.ended.is_some());
        }
    }
}

/// The whole ids of what can be replied to.
fn ids(sessions: &[SharedSession], experiments: &[SharedExperiment]) -> Vec<String> {
    sessions.iter().map(|one| one.id).chain(experiments.iter().map(|one| one.id)).map(|id| id.to_string()).collect()
}

fn short(id: &asif_proto::id::ItemId, all: &[String]) -> String {
    unique_suffix(&id.to_string(), all.iter().map(String::as_str)).to_owned()
}

/// What the helper reads after predicting.
pub fn predicted(screen: &mut Screen, one: &HelperPrediction) {
    let rating = one.rating.map(|rating| format!(" {rating}")).unwrap_or_default();
    let at = time::clock(one.locked_at, &screen.zone);
    screen.sentence(&format!("Locked{rating} at {at}. They see it beside the outcome, and not before."));
    screen.prose("  ", one.text.as_deref().unwrap_or_default());
}

/// What was put away.
pub fn purged(screen: &mut Screen, purged: &Purged) {
    screen.line(&format!("What was left of {} is put away.", purged.client));
    if purged.notes_deleted > 0 {
        screen.line(&format!("{} of yours deleted (asif restore brings them back).", count(purged.notes_deleted, "note", "notes")));
    }
    if purged.notes_left > 0 {
        let notes = count(purged.notes_left, "note of yours stays", "notes of yours stay");
        screen.line(&format!("{notes} in your journal (asif search finds them)."));
    }
}

fn practices(screen: &mut Screen, practices: &[SharedPractice]) {
    let mut table = Table::new(&["Practice", "Title", "Kind", "Difficulty", "Status"]);
    for practice in practices.iter().filter(|practice| practice.title.is_some()) {
        table.row(vec![
            practice.slug.clone(),
            practice.title.clone().unwrap_or_default(),
            practice.kind.map(hyphens).unwrap_or_default(),
            practice.difficulty.map(|difficulty| difficulty.to_string()).unwrap_or_default(),
            practice.status.map(|status| status.to_string().replace('_', " ")).unwrap_or_default(),
        ]);
    }
    table.show(screen);
}

fn sessions(screen: &mut Screen, sessions: &[SharedSession], ids: &[String]) {
    let mut table = Table::new(&["Id", "When", "Practice", "Feeling", "What else"]);
    for session in sessions {
        table.row(vec![
            short(&session.id, ids),
            happened(screen, session),
            session.practice.clone().unwrap_or_default(),
            feeling(session.before, session.after).unwrap_or_default(),
            what_else(session),
        ]);
    }
    table.show(screen);
    for session in sessions {
        let Some(note) = &session.note else { continue };
        let practice = session.practice.as_deref().unwrap_or("note");
        screen.line(format!("{}  {practice}:", happened(screen, session)).trim_start());
        screen.prose("  ", note);
    }
}

fn experiments(screen: &mut Screen, experiments: &[SharedExperiment], own: &[HelperPrediction], ids: &[String]) {
    let mut table = Table::new(&["Id", "Experiment", "They predicted", "You", "Was", "Surprise", "Supports"]);
    let by_me = |one: &SharedExperiment| own.iter().filter(|prediction| prediction.experiment == one.id).rev().collect::<Vec<_>>();
    for one in experiments {
        let text = |rating: Option<Rating>| rating.map(|rating| rating.to_string()).unwrap_or_default();
        table.row(vec![
            short(&one.id, ids),
            one.practice.clone().unwrap_or_default(),
            one.prediction.as_ref().map(|prediction| text(prediction.rating)).unwrap_or_else(|| "-".to_owned()),
            match by_me(one).as_slice() {
                [] => "-".to_owned(),
                // Locked on two devices apart, both stand.
                all => {
                    all.iter().map(|prediction| text(prediction.rating)).filter(|rating| !rating.is_empty()).collect::<Vec<_>>().join(", ")
                }
            },
            one.outcome.as_ref().map(|outcome| text(outcome.rating)).unwrap_or_else(|| "not yet".to_owned()),
            one.surprise.map(|surprise| format!("{surprise:+}")).unwrap_or_default(),
            one.supports.map(|supports| supports.to_string()).unwrap_or_default(),
        ]);
    }
    table.show(screen);
    for one in experiments {
        let by_me = by_me(one);
        let mine = by_me.iter().map(|prediction| ("you predicted", prediction.text.as_deref()));
        let said = [
            ("predicted", one.prediction.as_ref().and_then(|prediction| prediction.text.as_deref())),
            ("in the way", one.obstacles.as_deref()),
            ("if, then", one.if_then.as_deref()),
            ("what happened", one.outcome.as_ref().and_then(|outcome| outcome.text.as_deref())),
            ("what they make of it", one.learning.as_deref()),
        ];
        let said = said.iter().take(1).copied().chain(mine).chain(said.iter().skip(1).copied());
        for (what, text) in said.filter_map(|(what, text)| Some((what, text?))) {
            screen.line(&format!("{}, {what}:", one.practice.as_deref().unwrap_or("an experiment")));
            screen.prose("  ", text);
        }
    }
    for one in own.iter().filter(|one| !experiments.iter().any(|shown| shown.id == one.experiment)) {
        let rating = one.rating.map(|rating| format!(": {rating}")).unwrap_or_default();
        screen.line(&format!("You predicted of an experiment that is not shown any more{rating}"));
        screen.prose("  ", one.text.as_deref().unwrap_or_default());
    }
}

/// Goals, beliefs, phrases, anchors and the safety plan, as far as they are shared.
fn plan(screen: &mut Screen, client: &CaseloadOpen) {
    for goal in &client.goals {
        let worth = goal.agree.last().map(|last| format!("  (worth having {})", last.value)).unwrap_or_default();
        screen.line(&format!("Goal: {}{worth}", goal.text));
    }
    for belief in &client.beliefs {
        let rated = belief.ratings.last().map(|last| {
            let one = |name: &str, rating: Option<Rating>| rating.map(|rating| format!("  {name} {rating}"));
            [one("head", last.head), one("heart", last.heart)].into_iter().flatten().collect::<String>()
        });
        screen.line(&format!("Belief ({}): {}{}", belief.role, belief.statement, rated.unwrap_or_default()));
    }
    for phrase in &client.phrases {
        screen.line(&format!("Phrase of {}: {}", phrase.practice, phrase.new_line));
    }
    for one in &client.rapport {
        let named = |name: &str, rating: Option<Rating>| rating.map(|rating| format!("{name} {rating}"));
        let all = [named("understood", one.understood), named("trust", one.trust), named("agreement", one.agreement)];
        let ratings = all.into_iter().flatten().collect::<Vec<_>>().join(", ");
        screen.line(&format!("How it is with you, {}: {ratings}", time::instant(one.at, screen)));
    }
    for anchor in &client.anchors {
        screen.line("They acted as if:");
        screen.prose("  ", &anchor.act);
    }
    if let Some(shared) = &client.safety_plan {
        screen.line("Safety plan:");
        for part in PlanPart::ALL {
            if let Some(text) = shared.plan.part(*part) {
                screen.line(&format!("  {}:", hyphens(part).replace('-', " ")));
                screen.prose("    ", text);
            }
        }
    }
}

fn happened(screen: &Screen, session: &SharedSession) -> String {
    session.occurred_at.as_ref().map(|at| time::when(at, screen.now)).unwrap_or_default()
}

fn what_else(session: &SharedSession) -> String {
    let named = |name: &str, rating: Option<Rating>| rating.map(|rating| format!("{name} {rating}"));
    let word = |word: &str, there: Option<bool>| (there == Some(true)).then(|| word.to_owned());
    let parts = [
        named("acted", session.acted_as_if),
        named("real", session.felt_real),
        named("willing", session.willingness),
        session.felt_state.map(|state| state.to_string()),
        session.basis.filter(|basis| *basis != asif_proto::record::Basis::Own).map(|basis| basis.to_string()),
        word("felt worse", session.felt_worse),
        word("stopped early", session.stopped_early),
        word("written down later", session.backfilled),
        session.duration_s.map(time::length),
        session.where_felt.clone().map(|place| format!("felt in: {place}")),
        session.tags.iter().flatten().map(|tag| format!("#{tag}")).reduce(|all, tag| format!("{all} {tag}")),
    ];
    parts.into_iter().flatten().collect::<Vec<_>>().join(", ")
}
