//! What a helper sees: copies of what somebody chose to show.

use asif_proto::record::PlanPart;
use asif_proto::share::{CaseloadOpen, CaseloadRow, SharedExperiment, SharedPractice, SharedSession};

use super::practice::hyphens;
use super::session::feeling;
use super::share::scopes;
use super::table::Table;
use super::{Screen, loan, time};

/// Everyone who shares, by name.
pub fn rows(screen: &mut Screen, rows: &[CaseloadRow]) {
    if rows.is_empty() {
        return;
    }
    let mut table = Table::new(&["Client", "Last synced", "New", "To discuss", "Until"]);
    for row in rows {
        let until = match (row.ended, &row.until) {
            (Some(ended), _) => format!("ended {}", time::instant(ended, screen)),
            (None, Some(until)) => time::bound(until, screen.now),
            (None, None) => "no end".to_owned(),
        };
        let synced = row.last_synced.map(|at| time::ago(at, screen.now)).unwrap_or_else(|| "never".to_owned());
        table.row(vec![row.client.clone(), synced, row.new.to_string(), row.to_discuss.to_string(), until]);
    }
    table.show(screen);
    screen.faint("Not a monitoring service. Sorted by name; no scores by design.");
}

/// One person's shared records.
pub fn client(screen: &mut Screen, client: &CaseloadOpen) {
    screen.heading(&format!("{}  shares: {}", client.client, scopes(&client.scopes)));
    if let Some(ended) = client.ended {
        let line = format!("{} ended the sharing {}. Nothing new comes.", client.client, time::instant(ended, screen));
        screen.line(&line);
    }
    if client.is_empty() {
        screen.line("Nothing is here.");
    }
    practices(screen, &client.practices);
    experiments(screen, &client.experiments);
    sessions(screen, &client.sessions);
    plan(screen, client);
    loan::lent_before(screen, &client.loans);
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

fn sessions(screen: &mut Screen, sessions: &[SharedSession]) {
    let mut table = Table::new(&["When", "Practice", "Feeling", "What else"]);
    for session in sessions {
        table.row(vec![
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

fn experiments(screen: &mut Screen, experiments: &[SharedExperiment]) {
    let mut table = Table::new(&["Experiment", "Predicted", "Was", "Surprise", "Supports"]);
    for one in experiments {
        let text = |rating: Option<asif_proto::rating::Rating>| rating.map(|rating| rating.to_string()).unwrap_or_default();
        table.row(vec![
            one.practice.clone().unwrap_or_default(),
            one.prediction.as_ref().map(|prediction| text(prediction.rating)).unwrap_or_else(|| "-".to_owned()),
            one.outcome.as_ref().map(|outcome| text(outcome.rating)).unwrap_or_else(|| "not yet".to_owned()),
            one.surprise.map(|surprise| format!("{surprise:+}")).unwrap_or_default(),
            one.supports.map(|supports| supports.to_string()).unwrap_or_default(),
        ]);
    }
    table.show(screen);
    for one in experiments {
        let said = [
            ("predicted", one.prediction.as_ref().and_then(|prediction| prediction.text.as_deref())),
            ("in the way", one.obstacles.as_deref()),
            ("if, then", one.if_then.as_deref()),
            ("what happened", one.outcome.as_ref().and_then(|outcome| outcome.text.as_deref())),
            ("what they make of it", one.learning.as_deref()),
        ];
        for (what, text) in said.into_iter().filter_map(|(what, text)| Some((what, text?))) {
            screen.line(&format!("{}, {what}:", one.practice.as_deref().unwrap_or("an experiment")));
            screen.prose("  ", text);
        }
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
            let one = |name: &str, rating: Option<asif_proto::rating::Rating>| rating.map(|rating| format!("  {name} {rating}"));
            [one("head", last.head), one("heart", last.heart)].into_iter().flatten().collect::<String>()
        });
        screen.line(&format!("Belief ({}): {}{}", belief.role, belief.statement, rated.unwrap_or_default()));
    }
    for phrase in &client.phrases {
        screen.line(&format!("Phrase of {}: {}", phrase.practice, phrase.new_line));
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
    let named = |name: &str, rating: Option<asif_proto::rating::Rating>| rating.map(|rating| format!("{name} {rating}"));
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
