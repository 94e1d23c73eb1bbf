//! Goals and beliefs.

use asif_proto::rating::Rating;
use asif_proto::record::{Belief, BeliefRating, BeliefRole, Goal, GoalStatus, Shown, Visibility};

use super::text::{shorten, visible};
use super::{Screen, record, time};

/// The columns of a sentence where it is told beside others.
const SENTENCE: usize = 60;

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

/// `rated belief  7f3a  "I deserve kindness"  head 20  heart 5`
pub fn belief_changed(screen: &mut Screen, done: &str, belief: &Shown<Belief>) {
    let rated = latest(&belief.value).map(|rated| format!("  {rated}")).unwrap_or_default();
    let hint = record::hint(belief.value.deleted, &belief.short);
    screen.line(&format!("{done} belief  {}  \"{}\"{rated}{hint}", belief.short, belief.value.statement));
}

/// Beliefs, each on a line; a pair together, the old one first.
pub fn beliefs(screen: &mut Screen, beliefs: &[Shown<Belief>]) {
    let mut told: Vec<&Shown<Belief>> = Vec::new();
    for belief in beliefs {
        if told.iter().any(|one| one.id == belief.id) {
            continue;
        }
        let mut pair = vec![belief];
        pair.extend(beliefs.iter().filter(|other| belief.value.paired_with == Some(other.id)));
        pair.sort_by_key(|one| one.value.role);
        for (at, one) in pair.iter().enumerate() {
            let mut parts = vec![one.short.clone(), format!("\"{}\"", one.value.statement)];
            parts.extend(latest(&one.value));
            parts.extend((one.value.role == BeliefRole::Old).then(|| "old".to_owned()));
            parts.extend((at > 0).then(|| "against the one above".to_owned()));
            parts.extend(one.value.retired.then(|| "retired".to_owned()));
            parts.extend((one.value.visibility == Visibility::Private).then(|| "private".to_owned()));
            screen.record(&parts);
        }
        told.extend(pair);
    }
}

/// Everything about one belief.
pub fn whole_belief(screen: &mut Screen, belief: &Shown<Belief>) {
    record::heading(screen, &format!("belief ({})  {}", belief.value.role, belief.short), belief.value.deleted);
    screen.prose("  ", &belief.value.statement);
    if let Some(block) = belief.value.block {
        screen.line(&format!("  in the way: {block}"));
    }
    if belief.value.retired {
        screen.line("  retired: no longer rated");
    }
    for rating in &belief.value.ratings {
        let after = rating.context.as_deref().map(|context| format!("  ({context})")).unwrap_or_default();
        screen.line(&format!("  {}  {}{after}", rated(rating.head, rating.heart).unwrap_or_default(), time::instant(rating.at, screen)));
    }
    record::ending(screen, belief, belief.value.visibility);
}

/// `"I deserve kindness"   head 20  heart 5`, as it is shown before something is tried.
pub fn in_short(belief: &Shown<Belief>) -> String {
    let statement = shorten(&visible(&belief.value.statement), SENTENCE);
    let rated = latest(&belief.value).map(|rated| format!("   {rated}")).unwrap_or_default();
    format!("\"{statement}\"{rated}")
}

/// The last of each: one that was rated alone leaves the other as it was.
fn latest(belief: &Belief) -> Option<String> {
    let last = |of: fn(&BeliefRating) -> Option<Rating>| belief.ratings.iter().rev().find_map(of);
    rated(last(|rating| rating.head), last(|rating| rating.heart))
}

/// `head 20  heart 5`
fn rated(head: Option<Rating>, heart: Option<Rating>) -> Option<String> {
    let part = |name: &str, rating: Option<Rating>| rating.map(|rating| format!("{name} {rating}"));
    let parts: Vec<String> = [part("head", head), part("heart", heart)].into_iter().flatten().collect();
    (!parts.is_empty()).then(|| parts.join("  "))
}
