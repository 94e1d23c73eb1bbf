//! What a search found: each hit on one line, with a piece of its text around what was found.

use asif_proto::local::search::{FoundType, Hit, Snippet};

use super::text::{pad, shorten, visible, width};
use super::{Screen, time};

/// The columns that a piece of text needs at least beside the others.
const ROOM: usize = 24;
/// What stands around what was found, so that it can be told without bold letters.
const MARKS: [&str; 2] = ["[", "]"];

/// The hits as they come.
pub fn hits(screen: &mut Screen, hits: &[Hit]) {
    let at = |hit: &Hit| hit.at.as_ref().map(|at| time::when(at, screen.now)).unwrap_or_default();
    let cells = |hit: &Hit| [hit.short.clone(), at(hit), what(hit)].map(|cell| visible(&cell));
    let rows: Vec<[String; 3]> = hits.iter().map(cells).collect();
    let columns: Vec<usize> =
        (0..3).map(|at| rows.iter().filter_map(|row| row.get(at)).map(|cell| width(cell)).max().unwrap_or(0)).collect();
    let beside = screen.plain || screen.width >= columns.iter().map(|columns| columns + 2).sum::<usize>() + ROOM;
    for (hit, row) in hits.iter().zip(&rows) {
        let head = match screen.plain {
            true => row.iter().filter(|cell| !cell.is_empty()).cloned().collect::<Vec<_>>().join("; "),
            false => row.iter().zip(&columns).map(|(cell, columns)| pad(cell, *columns)).collect::<Vec<_>>().join("  "),
        };
        let Some(snippet) = &hit.snippet else {
            screen.line(head.trim_end());
            continue;
        };
        let name = field(hit);
        match (screen.plain, beside) {
            (true, _) => screen.marked(&format!("{head}; {name}{}", snippet.before), &marked(snippet), &snippet.after),
            (false, true) => piece(screen, &format!("{head}  {name}"), snippet),
            (false, false) => {
                screen.line(head.trim_end());
                piece(screen, &format!("    {name}"), snippet);
            }
        }
    }
}

/// What it is: `lunch`, `(note)`, `goal`, `phrase of speak`.
fn what(hit: &Hit) -> String {
    let practice = hit.practice.as_deref().unwrap_or_default();
    match hit.kind {
        FoundType::Session if hit.practice.is_none() => "(note)".to_owned(),
        FoundType::Session => practice.to_owned(),
        FoundType::Practice => format!("practice {practice}"),
        FoundType::Phrase | FoundType::Experiment => format!("{} of {practice}", hit.kind),
        FoundType::SafetyPlan => "safety plan (asif crisis)".to_owned(),
        FoundType::Wish => "wish (asif goal wish)".to_owned(),
        other => other.to_string(),
    }
}

/// The field's name before the piece, where it is not the one that goes without saying.
fn field(hit: &Hit) -> String {
    match hit.field.as_deref() {
        None | Some("note" | "text" | "statement" | "act" | "new_line" | "wish") => String::new(),
        Some("practice") if hit.kind == FoundType::Practice => String::new(),
        Some(name) => format!("{}: ", name.replace('_', " ")),
    }
}

fn marked(snippet: &Snippet) -> String {
    let [open, close] = MARKS;
    if snippet.found.is_empty() { String::new() } else { format!("{open}{}{close}", snippet.found) }
}

/// What was found with as much around it as one line holds: of the room that is left a third before it, or more where less stands after it.
fn piece(screen: &mut Screen, head: &str, snippet: &Snippet) {
    let Snippet { before, after, .. } = snippet;
    let room = screen.width.saturating_sub(width(head));
    let found = shorten(&visible(&marked(snippet)), room);
    let left = room.saturating_sub(width(&found));
    let (before, after) = (visible(before), visible(after));
    let share = (left / 3).max(left.saturating_sub(width(&after)));
    let before = shorten_before(before.trim_start(), share);
    let room_after = left.saturating_sub(width(&before));
    let after = if width(&after) > room_after && room_after < 3 { String::new() } else { shorten(&after, room_after) };
    screen.marked(&format!("{head}{before}"), &found, after.trim_end());
}

/// The end of `text`, cut with `...` where it would take more than `columns`.
fn shorten_before(text: &str, columns: usize) -> String {
    if width(text) <= columns {
        return text.to_owned();
    }
    let backwards: String = text.trim_start_matches("...").chars().rev().collect();
    let mut kept: Vec<char> = Vec::new();
    let mut used = 3;
    for letter in backwards.chars() {
        used += width(letter.encode_utf8(&mut [0; 4]));
        if used > columns {
            break;
        }
        kept.push(letter);
    }
    kept.reverse();
    if columns < 3 { String::new() } else { format!("...{}", kept.into_iter().collect::<String>().trim_start()) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::screen_for_tests;

    fn hit(json: serde_json::Value) -> Hit {
        let mut all = serde_json::json!({
            "type": "session", "id": "019a0000-0000-7000-8000-000000007f3a", "short": "7f3a", "practice": "lunch",
            "at": "2026-11-23T12:41:07+00:00[Europe/London]", "field": "note",
            "snippet": { "before": "I tried to be ", "match": "kind", "after": "er, and it was odd" }
        });
        all.as_object_mut().unwrap().extend(json.as_object().unwrap().clone());
        serde_json::from_value(all).unwrap()
    }

    fn shown(plain: bool, width: usize, all: &[Hit]) -> String {
        let mut screen = screen_for_tests(plain, width);
        hits(&mut screen, all);
        screen.finish()
    }

    #[test]
    fn a_hit_is_one_line_with_what_was_found_between_brackets() {
        let note = hit(serde_json::json!({ "practice": null, "field": "where_felt", "short": "07f3a" }));
        let text = shown(false, 80, &[hit(serde_json::json!({})), note]);
        assert_eq!(
            text,
            "7f3a   Mon 23 Nov 12:41  lunch   I tried to be [kind]er, and it was odd\n\
             07f3a  Mon 23 Nov 12:41  (note)  where felt: ...d to be [kind]er, and it was odd\n"
        );
        let goal = hit(serde_json::json!({ "type": "goal", "practice": null, "field": null, "snippet": null }));
        assert_eq!(shown(false, 80, &[goal]), "7f3a  Mon 23 Nov 12:41  goal\n");
        let plan =
            hit(serde_json::json!({ "type": "safety_plan", "practice": null, "field": "helps_alone", "at": null, "short": "crisis" }));
        assert_eq!(shown(true, 80, &[plan]), "crisis; safety plan (asif crisis); helps alone: I tried to be [kind]er, and it was odd\n");
    }

    #[test]
    fn a_line_is_never_wider_than_the_screen() {
        let long = serde_json::json!({ "before": "...日本 ".repeat(20), "match": "慈悲".repeat(40), "after": " and so on".repeat(20) });
        let wide = serde_json::json!({ "before": "b".repeat(60), "match": "kind", "after": "a".repeat(120) });
        for snippet in [long, wide] {
            for columns in 20..120 {
                for line in shown(false, columns, &[hit(serde_json::json!({ "snippet": snippet }))]).lines() {
                    assert!(width(line) <= columns.max(31), "{columns}: {line}");
                }
            }
        }
    }

    #[test]
    fn what_would_steer_a_terminal_is_shown_and_plain_is_one_line() {
        let nasty = hit(serde_json::json!({ "snippet": { "before": "a\u{1b}[2J", "match": "k\u{7}ind", "after": "\u{202e}b\nc" } }));
        let text = shown(true, 80, std::slice::from_ref(&nasty));
        assert_eq!(text, "7f3a; Mon 23 Nov 12:41; lunch; a␛[2J[k␇ind]<U+202E>b␊c\n");
        assert!(!shown(false, 80, &[nasty]).contains('\u{1b}'));
    }

    #[test]
    fn a_search_without_words_shows_how_each_begins() {
        let day = hit(serde_json::json!({ "snippet": { "before": "", "match": "", "after": "I sat." } }));
        assert_eq!(shown(false, 80, &[day]), "7f3a  Mon 23 Nov 12:41  lunch  I sat.\n");
    }
}
