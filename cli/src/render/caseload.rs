//! What a helper sees: copies of what somebody chose to show.

use asif_proto::share::{CaseloadOpen, CaseloadRow, SharedPractice, SharedSession};

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
    if client.sessions.is_empty() && client.practices.is_empty() {
        screen.line("Nothing is here.");
    }
    practices(screen, &client.practices);
    sessions(screen, &client.sessions);
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
