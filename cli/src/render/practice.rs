//! Practices.

use asif_proto::id::RecordId;
use asif_proto::record::{Practice, PracticeStatus, Visibility};

use super::gentler;
use super::table::Table;
use super::text::count;
use super::{Screen, history, short_id};

/// `added lunch  7f3a  "Lunch away from the desk"  (as-if-action, difficulty 35)`, for what was done to a practice.
pub fn changed(screen: &mut Screen, done: &str, practice: &Practice) {
    let difficulty = practice.difficulty.map(|difficulty| format!(", difficulty {difficulty}")).unwrap_or_default();
    let title = &practice.title;
    let hint = if practice.deleted {
        format!("  (restore: asif restore {})", practice.short)
    } else if practice.status == PracticeStatus::Archived {
        format!("  (its sessions stay: {})", practice.sessions)
    } else {
        String::new()
    };
    screen.line(&format!("{done} {}  {}  \"{title}\"  ({}{difficulty}){hint}", practice.slug, practice.short, hyphens(practice.kind)));
}

/// The practices in columns.
pub fn list(screen: &mut Screen, practices: &[Practice]) {
    let mut table = Table::new(&["Practice", "Title", "Kind", "Difficulty", "Sessions", "Status"]);
    for practice in practices {
        let private = if practice.visibility == Visibility::Private { ", private" } else { "" };
        table.row(vec![
            practice.slug.clone(),
            practice.title.clone(),
            hyphens(practice.kind),
            practice.difficulty.map(|difficulty| difficulty.to_string()).unwrap_or_default(),
            practice.sessions.to_string(),
            format!("{}{private}", practice.status.to_string().replace('_', " ")),
        ]);
    }
    table.show(screen);
}

/// Everything about one practice.
pub fn whole(screen: &mut Screen, practice: &Practice) {
    let deleted = if practice.deleted { "  (deleted)" } else { "" };
    screen.heading(&format!("{}  \"{}\"{deleted}", practice.slug, practice.title));
    let mut say = |name: &str, value: Option<String>| {
        if let Some(value) = value {
            screen.line(&format!("  {name}: {value}"));
        }
    };
    say("kind", Some(hyphens(practice.kind)));
    say("when", practice.specificity.when.clone());
    say("where", practice.specificity.place.clone());
    say("how long", practice.specificity.how_long.clone());
    say("cue", practice.cue.clone());
    say("how often", practice.frequency.clone());
    say("difficulty", practice.difficulty.map(|difficulty| difficulty.to_string()));
    let ids = |ids: &[RecordId]| {
        (!ids.is_empty()).then(|| ids.iter().map(|id| short_id(&id.to_string()).to_owned()).collect::<Vec<_>>().join(", "))
    };
    say("goals", ids(&practice.goals));
    say("beliefs", ids(&practice.beliefs));
    say("proposed by", practice.proposed_by.clone());
    say("agreed by", (!practice.agreed_by.is_empty()).then(|| practice.agreed_by.join(", ")));
    say("gentler", practice.adapted.last().map(|adapted| gentler::words(adapted.way).to_owned()));
    say("status", Some(practice.status.to_string().replace('_', " ")));
    say("private", (practice.visibility == Visibility::Private).then(|| "yes".to_owned()));
    say("so far", Some(count(practice.sessions, "session", "sessions")));
    if let Some(description) = &practice.description {
        screen.prose("  ", description);
    }
    for conflict in &practice.conflicts {
        history::apart(screen, conflict, &practice.short);
    }
    screen.faint(&format!("  id: {}", practice.id));
}

/// A word as it is typed on the command line.
pub fn hyphens(word: impl std::fmt::Display) -> String {
    word.to_string().replace('_', "-")
}
