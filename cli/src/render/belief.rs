//! Beliefs, as known (head) and as felt (heart).

use asif_proto::rating::Rating;
use asif_proto::record::{Belief, BeliefRating, BeliefRole, Shown, Visibility};

use super::text::{shorten, visible};
use super::{Screen, record, time};

/// The columns of a sentence where it is told beside others.
const SENTENCE: usize = 60;

/// `rated belief  7f3a  "I deserve kindness"  head 20  heart 5`
pub fn changed(screen: &mut Screen, done: &str, belief: &Shown<Belief>) {
    let rated = now(&belief.value).map(|rated| format!("  {rated}")).unwrap_or_default();
    let hint = record::hint(belief.value.deleted, &belief.short);
    screen.line(&format!("{done} belief  {}  \"{}\"{rated}{hint}", belief.short, belief.value.statement));
}

/// Beliefs, each on a line; a pair together, the old one first.
pub fn list(screen: &mut Screen, beliefs: &[Shown<Belief>]) {
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
            parts.extend(now(&one.value));
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
pub fn whole(screen: &mut Screen, belief: &Shown<Belief>) {
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
        screen.line(&format!("  {}  {}{after}", sides(rating.head, rating.heart).unwrap_or_default(), time::instant(rating.at, screen)));
    }
    record::ending(screen, belief, belief.value.visibility);
}

/// `"I deserve kindness"   head 20  heart 5`, as it is shown before something is tried.
pub fn in_short(belief: &Shown<Belief>) -> String {
    let statement = shorten(&visible(&belief.value.statement), SENTENCE);
    let rated = now(&belief.value).map(|rated| format!("   {rated}")).unwrap_or_default();
    format!("\"{statement}\"{rated}")
}

/// Head and heart as each was last rated: one of them may have been skipped since.
fn now(belief: &Belief) -> Option<String> {
    let last = |side: fn(&BeliefRating) -> Option<Rating>| belief.ratings.iter().rev().find_map(side);
    sides(last(|rating| rating.head), last(|rating| rating.heart))
}

/// `head 20  heart 5`
fn sides(head: Option<Rating>, heart: Option<Rating>) -> Option<String> {
    let part = |name: &str, rating: Option<Rating>| rating.map(|rating| format!("{name} {rating}"));
    let parts: Vec<String> = [part("head", head), part("heart", heart)].into_iter().flatten().collect();
    (!parts.is_empty()).then(|| parts.join("  "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::screen_for_tests;

    fn belief(role: &str, id: &str, more: serde_json::Value) -> Shown<Belief> {
        let mut all = serde_json::json!({
            "type": "belief", "id": format!("019a0000-0000-7000-8000-00000000{id}"), "short": id, "statement": format!("I am {role}"),
            "role": role, "recorded_at": "2026-11-23T12:41:07Z"
        });
        all.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        serde_json::from_value(all).unwrap()
    }

    #[test]
    fn a_side_that_was_skipped_last_shows_as_it_was_before() {
        let at = "2026-11-23T12:41:07Z";
        let rated = serde_json::json!({ "ratings": [{ "head": 20, "heart": 5, "at": at }, { "heart": 15, "at": at }] });
        assert_eq!(in_short(&belief("new", "7f3a", rated)), "\"I am new\"   head 20  heart 15");
        assert_eq!(in_short(&belief("new", "7f3a", serde_json::json!({}))), "\"I am new\"");
    }

    #[test]
    fn a_pair_stands_together_the_old_one_first() {
        let new = belief("new", "7f3a", serde_json::json!({ "paired_with": "019a0000-0000-7000-8000-000000000001" }));
        let other = belief("new", "0002", serde_json::json!({}));
        let old = belief("old", "0001", serde_json::json!({ "paired_with": "019a0000-0000-7000-8000-000000007f3a" }));
        let mut screen = screen_for_tests(false, 80);
        list(&mut screen, &[new, other, old]);
        assert_eq!(screen.finish(), "0001  \"I am old\"  old\n7f3a  \"I am new\"  against the one above\n0002  \"I am new\"\n");
    }
}
