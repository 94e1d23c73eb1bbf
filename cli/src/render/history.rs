//! What was ever written in a record, and what was taken back.

use asif_proto::local::{FieldChange, History, HistoryStep, Now, Undone};
use asif_proto::moment::Moment;
use asif_proto::record::Mark;
use jiff::Timestamp;
use serde_json::Value;

use super::Screen;
use super::session::marked;
use super::text::{visible, width};
use super::time;

/// A text that is longer, or has several lines, stands on lines of its own.
const SHORT: usize = 50;

/// `took back: edit  7f3a  (made on desktop)  (put back: asif redo)`
pub fn undone(screen: &mut Screen, undone: &Undone) {
    told(screen, "took back", undone, "(put back: asif redo)");
    if undone.stays {
        screen.line("It stands as it was: another device of yours had said the same.");
    }
}

/// `put back: edit  7f3a  (undo: asif undo)`
pub fn put_back(screen: &mut Screen, undone: &Undone) {
    told(screen, "put back", undone, "(undo: asif undo)");
}

fn told(screen: &mut Screen, what: &str, undone: &Undone, hint: &str) {
    let mut parts = vec![format!("{what}: {}", undone.what), undone.short.clone()];
    parts.extend(undone.device.as_ref().map(|device| format!("(made on {device})")));
    parts.push(hint.to_owned());
    screen.record(&parts);
    for one in &undone.passed_over {
        screen.line(&format!("passed over: {}  {}  (nothing that shows is its alone: asif history {})", one.what, one.short, one.short));
    }
}

/// Every change, oldest first.
pub fn whole(screen: &mut Screen, history: &History) {
    let mut parts = vec![title(history), history.short.clone()];
    parts.extend(history.occurred_at.as_ref().map(|at| time::when(at, screen.now)));
    screen.heading(&parts.join("  "));
    for step in &history.steps {
        let at = step.at.map_or_else(|| "(time unknown)".to_owned(), |at| time::instant(at, screen));
        let device = step.device.as_deref().unwrap_or("(device unknown)");
        screen.line(&format!("  {at}  on {device}  {}", done(step)));
        let mut changes: Vec<&FieldChange> = step.changes.iter().collect();
        changes.sort_by_key(|one| place(&one.field));
        changes.into_iter().for_each(|one| change(screen, one));
    }
}

fn title(history: &History) -> String {
    let kind = history.kind.replace('_', " ");
    match (&history.title, history.kind.as_str()) {
        (Some(title), "session") => title.clone(),
        (None, "session") => "note".to_owned(),
        (Some(title), _) => format!("{kind} \"{title}\""),
        (None, _) => kind,
    }
}

/// What was done, in the past.
fn done(step: &HistoryStep) -> String {
    if let Some(what) = step.what.strip_prefix("undo ") {
        return format!("took back: {what}");
    }
    if let Some(what) = step.what.strip_prefix("redo ") {
        return format!("put back: {what}");
    }
    step.what.clone()
}

fn change(screen: &mut Screen, change: &FieldChange) {
    let name = name(&change.field);
    let (from, to) = (said(screen, &change.field, &change.from), said(screen, &change.field, &change.to));
    let became = match change.now {
        Now::Kept => "   (does not show: another device wrote something else at the same time; kept here)",
        Now::Merged => "   (in what shows, with what another device wrote at the same time)",
        Now::Shown | Now::Replaced => "",
    };
    let is_long = |text: &str| text.contains('\n') || width(text) > SHORT;
    match (from, to) {
        (_, None) => screen.line(&format!("      {name}: emptied{became}")),
        (_, Some(to)) if is_long(&to) => {
            screen.line(&format!("      {name}:{became}"));
            screen.prose("        ", &to);
        }
        (Some(from), Some(to)) if !is_long(&from) => screen.line(&format!("      {name}: {from} -> {to}{became}")),
        (_, Some(to)) => screen.line(&format!("      {name}: {to}{became}")),
    }
}

/// The first fields are those by which a record is known, the last its prose; in between they are as `asif show` has them.
fn place(field: &str) -> usize {
    const FIRST: [&str; 9] = ["practice", "title", "text", "statement", "occurred_at", "before", "after", "acted_as_if", "felt_real"];
    let found = FIRST.iter().position(|one| *one == field);
    found.unwrap_or(if field == "note" { FIRST.len() + 1 } else { FIRST.len() })
}

/// What a field is called where people read; as in `asif show`.
pub fn name(field: &str) -> String {
    let named = match field {
        "before" => "feeling before",
        "after" => "feeling after",
        "acted_as_if" => "acted as if",
        "basis" => "on whose belief",
        "expectancy" => "seemed likely to help",
        "willingness" => "willing",
        "duration_s" => "how long",
        "felt_state" => "how it felt",
        "where_felt" => "where it was felt",
        "visibility" => "who may see it",
        "occurred_at" => "when it was",
        "planned_at" => "planned",
        "outcome_text" => "what happened",
        "outcome_rating" => "feeling after",
        "outcome_at" => "when it happened",
        "if_then" => "if that happens",
        "marks" => "marked",
        "new_line" => "the line",
        "old_line" => "the old line",
        "agree" => "worth having",
        other => return other.replace('_', " "),
    };
    named.to_owned()
}

/// A value as people read it; none where there is nothing.
fn said(screen: &Screen, field: &str, value: &Value) -> Option<String> {
    if let Some(marks) = (field == "marks").then(|| serde_json::from_value::<Vec<Mark>>(value.clone()).ok()).flatten() {
        return marked(&marks);
    }
    match value {
        Value::Null => None,
        Value::Bool(yes) => Some(if *yes { "yes" } else { "no" }.to_owned()),
        Value::Number(number) if field == "duration_s" => {
            Some(number.as_u64().and_then(|seconds| u32::try_from(seconds).ok()).map_or_else(|| number.to_string(), time::length))
        }
        Value::Number(number) => Some(number.to_string()),
        Value::String(text) if field == "visibility" => {
            Some(if text == "private" { "nobody else (private)".to_owned() } else { "as your grants say".to_owned() })
        }
        Value::String(text) => Some(instant(screen, text).unwrap_or_else(|| text.clone())),
        Value::Array(several) => Some(several.iter().filter_map(|one| said(screen, field, one)).collect::<Vec<_>>().join(", ")),
        Value::Object(parts) => {
            let part = |(name, value): (&String, &Value)| Some(format!("{} {}", self::name(name), said(screen, name, value)?));
            Some(parts.iter().filter_map(part).collect::<Vec<_>>().join(", "))
        }
    }
}

/// A text that is a time, as people read it.
fn instant(screen: &Screen, text: &str) -> Option<String> {
    let looks = text.len() >= 20 && text.as_bytes().get(10) == Some(&b'T');
    if !looks {
        return None;
    }
    if text.ends_with(']') {
        let moment: Moment = serde_json::from_value(Value::from(text)).ok()?;
        return Some(time::when(&moment, screen.now));
    }
    text.parse::<Timestamp>().ok().map(|at| time::instant(at, screen))
}

/// One plain line for a field that devices of one's own changed apart.
pub fn apart(screen: &mut Screen, conflict: &asif_proto::record::Conflict, short: &str) {
    let name = name(&conflict.field);
    if conflict.merged {
        return screen.line(&format!("  two devices changed \"{name}\" apart; what both wrote is in it (asif history {short})"));
    }
    let others = conflict.others.iter().map(|other| said(screen, &conflict.field, other));
    let others: Vec<String> = others.map(|other| other.map_or_else(|| "nothing".to_owned(), |text| quoted(&text))).collect();
    screen.line(&format!("  two devices changed \"{name}\" apart; also written, and kept: {} (asif history {short})", others.join(", ")));
}

/// The beginning of a text, on one line.
fn quoted(text: &str) -> String {
    if text.bytes().all(|byte| byte.is_ascii_digit()) {
        return text.to_owned();
    }
    format!("\"{}\"", super::text::shorten(&visible(text.lines().next().unwrap_or_default()), SHORT))
}
