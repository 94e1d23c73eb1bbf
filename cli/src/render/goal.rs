//! Goals.

use asif_proto::record::{Goal, GoalStatus, Shown, Visibility};

use super::{Screen, record, time};

/// `added goal  7f3a  "treating myself kindly"  worth having 70`
pub fn changed(screen: &mut Screen, done: &str, goal: &Shown<Goal>) {
    let worth = goal.value.agree.last().map(|agree| format!("  worth having {}", agree.value)).unwrap_or_default();
    let hint = record::hint(goal.value.deleted, &goal.short);
    screen.line(&format!("{done} goal  {}  \"{}\"{worth}{hint}", goal.short, goal.value.text));
}

/// Goals, each on a line.
pub fn list(screen: &mut Screen, goals: &[Shown<Goal>]) {
    for goal in goals {
        let mut parts = vec![goal.short.clone(), format!("\"{}\"", goal.value.text)];
        parts.extend(goal.value.agree.last().map(|agree| format!("worth having {}", agree.value)));
        parts.extend((goal.value.status == GoalStatus::Closed).then(|| "closed".to_owned()));
        parts.extend((goal.value.visibility == Visibility::Private).then(|| "private".to_owned()));
        screen.record(&parts);
    }
}

/// Everything about one goal.
pub fn whole(screen: &mut Screen, goal: &Shown<Goal>) {
    record::heading(screen, &format!("goal  {}", goal.short), goal.value.deleted);
    screen.prose("  ", &goal.value.text);
    for agree in &goal.value.agree {
        screen.line(&format!("  worth having {}  {}", agree.value, time::instant(agree.at, screen)));
    }
    if goal.value.status == GoalStatus::Closed {
        screen.line("  closed");
        screen.prose("    ", goal.value.reason_closed.as_deref().unwrap_or_default());
    }
    record::ending(screen, goal, goal.value.visibility);
}
