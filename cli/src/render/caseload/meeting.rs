//! One page before a meeting.

use asif_proto::id::unique_suffix;
use asif_proto::share::Prep;

use super::{experiments, happened, ids, notes, short, what_else};
use crate::render::session::feeling;
use crate::render::text::count;
use crate::render::{Screen, inbox, time};

/// What there is to talk about.
pub fn prep(screen: &mut Screen, page: &Prep) {
    let sessions = count(page.sessions, "session", "sessions");
    screen.heading(&format!("{}  since {}: {sessions}", page.client, time::instant(page.since, screen)));
    let hard: Vec<_> = page.hard.iter().map(|one| one.session.clone()).collect();
    let all = ids(&[&hard[..], &page.questions].concat(), &page.experiments);
    if page.experiments.is_empty() && hard.is_empty() && page.questions.is_empty() && page.answered.is_empty() && page.notes.is_empty() {
        screen.line("Nothing stands out. That is fine.");
    }
    if !page.experiments.is_empty() {
        screen.heading("Experiments, the largest surprise first");
        experiments(screen, &page.experiments, &page.predictions, &all);
    }
    if !hard.is_empty() {
        screen.heading("Worse, numb or stopped early");
        for one in &page.hard {
            let felt = feeling(one.session.before, one.session.after).unwrap_or_default();
            let practice = one.session.practice.as_deref().unwrap_or_default();
            let parts = [&short(&one.session.id, &all), &happened(screen, &one.session), practice, &felt, &one.why.join(", ")];
            screen.record(&parts.map(str::to_owned).into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>());
            screen.prose("  ", one.session.note.as_deref().unwrap_or_default());
        }
    }
    if !page.questions.is_empty() {
        screen.heading("Tagged as a question");
        for one in &page.questions {
            let practice = one.practice.as_deref().unwrap_or("note");
            let parts = [&short(&one.id, &all), &happened(screen, one), practice, &what_else(one)];
            screen.record(&parts.map(str::to_owned).into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>());
            screen.prose("  ", one.note.as_deref().unwrap_or_default());
        }
    }
    if !page.answered.is_empty() {
        screen.heading("What they answered");
        let sent: Vec<String> = page.answered.iter().map(|item| inbox::id(item).to_string()).collect();
        for (item, id) in page.answered.iter().zip(&sent) {
            inbox::sent(screen, item, unique_suffix(id, sent.iter().map(String::as_str)), false);
        }
    }
    if !page.notes.is_empty() {
        screen.heading("Your own notes");
        notes(screen, &page.notes);
    }
    screen.faint("Nothing is inferred here: only what they chose to share.");
}
