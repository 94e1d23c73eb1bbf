//! Sessions and notes.

use asif_proto::rating::Rating;
use asif_proto::record::{Basis, HoldUntil, Mark, MarkKind, Session, Visibility};
use jiff::Timestamp;

use super::table::Table;
use super::text::{shorten, visible};
use super::{Screen, history, short_id, time};

/// The most columns of a note in a list.
const NOTE: usize = 40;

/// `logged lunch  7f3a  Mon 23 Nov 12:41  feeling 30 -> 45  (undo: asif undo)`
pub fn logged(screen: &mut Screen, session: &Session) {
    let what = session.practice.as_ref().map_or_else(|| "noted".to_owned(), |practice| format!("logged {practice}"));
    line(screen, &what, session, "(undo: asif undo)");
}

/// `edited lunch  7f3a  Mon 23 Nov 12:41  feeling 30 -> 45  (undo: asif undo)`, for what was done to a session.
pub fn changed(screen: &mut Screen, done: &str, session: &Session) {
    let what = format!("{done} {}", session.practice.as_deref().unwrap_or("note"));
    let hint = if session.deleted { format!("(restore: asif restore {})", session.short) } else { taken_back(session).to_owned() };
    line(screen, &what, session, &hint);
}

/// `tagged lunch  7f3a  Mon 23 Nov 12:41  #rain #work  (undo: asif undo)`
pub fn tagged(screen: &mut Screen, session: &Session) {
    let what = format!("tagged {}", session.practice.as_deref().unwrap_or("note"));
    let tags = tags(session).unwrap_or_else(|| "no tags".to_owned());
    let when = time::when_and_where(&session.occurred_at, screen);
    screen.line(&[what, session.short.clone(), when, tags, taken_back(session).to_owned()].join("  "));
}

/// What takes it back; where nothing was changed, an undo would take back something else.
fn taken_back(session: &Session) -> &'static str {
    if session.unchanged { "(it stood so already)" } else { "(undo: asif undo)" }
}

fn tags(session: &Session) -> Option<String> {
    (!session.tags.is_empty()).then(|| session.tags.iter().map(|tag| format!("#{tag}")).collect::<Vec<_>>().join(" "))
}

/// `lunch 7f3a of Mon 23 Nov 12:41`, inside a sentence.
pub fn title(session: &Session, now: Timestamp) -> String {
    let what = session.practice.as_deref().unwrap_or("the note");
    format!("{what} {} of {}", session.short, time::when(&session.occurred_at, now))
}

/// The sessions in columns, newest first as they come.
pub fn list(screen: &mut Screen, sessions: &[Session]) {
    let mut table = Table::new(&["Id", "When", "Practice", "Feeling", "What else"]);
    for session in sessions {
        table.row(vec![
            session.short.clone(),
            time::when_and_where(&session.occurred_at, screen),
            session.practice.clone().unwrap_or_else(|| "(note)".to_owned()),
            feeling(session.before, session.after).unwrap_or_default(),
            what_else(session, screen.now),
        ]);
    }
    table.show(screen);
}

/// Everything about one session, a line for each thing that was said.
pub fn whole(screen: &mut Screen, session: &Session) {
    let id = session.id.to_string();
    let what = session.practice.as_deref().unwrap_or("note");
    let deleted = if session.deleted { "  (deleted)" } else { "" };
    screen.heading(&format!("{what}  {}  {}{deleted}", session.short, time::when(&session.occurred_at, screen.now)));
    let (zone, screen_now) = (time::other_zone(&session.occurred_at, screen), screen.now);
    let mut say = |name: &str, value: Option<String>| {
        if let Some(value) = value {
            screen.line(&format!("  {name}: {value}"));
        }
    };
    let rating = |rating: Option<Rating>| rating.map(|rating| rating.to_string());
    let yes = |yes: bool| yes.then(|| "yes".to_owned());
    say("time zone", zone);
    say("feeling before", rating(session.before));
    say("feeling after", rating(session.after));
    say("acted as if", rating(session.acted_as_if));
    say("felt real", rating(session.felt_real));
    say("how it felt", session.felt_state.map(|state| state.to_string()));
    say("on whose belief", (session.practice.is_some()).then(|| session.basis.to_string()));
    say("borrowed belief", session.borrowed_belief.map(|loan| short_id(&loan.to_string()).to_owned()));
    say("seemed likely to help", rating(session.expectancy));
    say("willing", rating(session.willingness));
    say("repetitions", session.repetitions.map(|times| times.to_string()));
    say("how long", session.duration_s.map(time::length));
    say("landed", session.landed_s.map(time::length));
    say("marked", marked(&session.marks));
    say("where it was felt", session.where_felt.clone());
    say("felt worse", yes(session.felt_worse));
    say("stopped early", yes(session.stopped_early));
    say("tags", (!session.tags.is_empty()).then(|| session.tags.join(", ")));
    say("private", yes(session.visibility == Visibility::Private));
    say(
        "kept back",
        session.hold_until.as_ref().filter(|hold| hold.holds(screen_now)).map(|hold| kept_back(hold, &session.short, screen_now)),
    );
    say("written down later", yes(session.backfilled));
    say("device", session.device.clone());
    if let Some(note) = &session.note {
        screen.prose("  ", note);
    }
    for conflict in &session.conflicts {
        history::apart(screen, conflict, &session.short);
    }
    screen.faint(&format!("  id: {id}"));
}

/// `sat 8 min, repetitions 31, landed: 4 min 12 s, marked: numb 1 min 4 s`, for a sitting that was just logged.
pub fn sat(screen: &mut Screen, session: &Session) {
    let told = sitting(session.duration_s, session.repetitions, session.landed_s, &session.marks);
    if !told.is_empty() {
        screen.sentence(&told);
    }
}

/// `sat 8 min, repetitions 31, landed: 4 min 12 s, marked: numb 1 min 4 s`
pub fn sitting(duration_s: Option<u32>, repetitions: Option<u32>, landed_s: Option<u32>, marks: &[Mark]) -> String {
    let parts = [
        duration_s.map(|seconds| format!("sat {}", time::length(seconds))),
        repetitions.map(|times| format!("repetitions {times}")),
        landed_s.map(|seconds| format!("landed: {}", time::length(seconds))),
        marked(marks).map(|marked| format!("marked: {marked}")),
    ];
    parts.into_iter().flatten().collect::<Vec<_>>().join(", ")
}

/// `numb, 2 min 4 s`
pub fn said(mark: Mark) -> String {
    format!("{}, {}", mark_word(mark.kind), time::length(mark.t_s))
}

fn mark_word(kind: MarkKind) -> &'static str {
    match kind {
        MarkKind::Numb => "numb",
        MarkKind::Landed => "landed",
        MarkKind::Worse => "worse",
        MarkKind::Pause => "paused",
    }
}

/// `numb 1 min 4 s, landed 4 min 12 s`
pub fn marked(marks: &[Mark]) -> Option<String> {
    let told: Vec<String> = marks.iter().map(|mark| format!("{} {}", mark_word(mark.kind), time::length(mark.t_s))).collect();
    (!told.is_empty()).then(|| told.join(", "))
}

/// `30 -> 45`, `30 -> ?`; nothing where neither was said.
pub fn feeling(before: Option<Rating>, after: Option<Rating>) -> Option<String> {
    let told = |rating: Option<Rating>| rating.map_or_else(|| "?".to_owned(), |rating| rating.to_string());
    (before.is_some() || after.is_some()).then(|| format!("{} -> {}", told(before), told(after)))
}

fn line(screen: &mut Screen, what: &str, session: &Session, hint: &str) {
    let mut parts = vec![what.to_owned(), session.short.clone(), time::when_and_where(&session.occurred_at, screen)];
    parts.extend(feeling(session.before, session.after).map(|feeling| format!("feeling {feeling}")));
    if session.visibility == Visibility::Private {
        parts.push("private".to_owned());
    }
    if session.backfilled && !session.deleted {
        parts.push("written down later".to_owned());
    }
    parts.push(hint.to_owned());
    screen.line(&parts.join("  "));
}

pub(super) fn kept_back(hold: &HoldUntil, short: &str, now: Timestamp) -> String {
    let until = match hold {
        HoldUntil::Open => "until you let it go".to_owned(),
        HoldUntil::At(at) => format!("until {}", time::bound(at, now)),
    };
    format!("{until} (asif share hold {short} --off)")
}

fn what_else(session: &Session, now: Timestamp) -> String {
    let named = |name: &str, rating: Option<Rating>| rating.map(|rating| format!("{name} {rating}"));
    let word = |word: &str, there: bool| there.then(|| word.to_owned());
    let parts = [
        named("acted", session.acted_as_if),
        named("real", session.felt_real),
        session.felt_state.map(|state| state.to_string()),
        (session.basis != Basis::Own).then(|| session.basis.to_string()),
        session.where_felt.as_deref().map(|place| format!("felt in: {}", shorten(&visible(place), NOTE))),
        word("felt worse", session.felt_worse),
        word("stopped early", session.stopped_early),
        word("private", session.visibility == Visibility::Private),
        word("kept back", session.hold_until.as_ref().is_some_and(|hold| hold.holds(now))),
        word("written down later", session.backfilled),
        word("changed apart", !session.conflicts.is_empty()),
        tags(session),
        session.note.as_deref().map(first_line),
    ];
    parts.into_iter().flatten().collect::<Vec<_>>().join(", ")
}

/// The first line of a note, in quotes, shortened.
fn first_line(note: &str) -> String {
    let mut lines = note.lines().map(str::trim).filter(|line| !line.is_empty());
    let first = visible(lines.next().unwrap_or_default());
    let more = lines.next().is_some() && !first.ends_with("...");
    let short = shorten(&first, NOTE);
    let dots = if more && !short.ends_with("...") { " ..." } else { "" };
    format!("\"{short}{dots}\"")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::screen_for_tests;

    fn session(json: serde_json::Value) -> Session {
        let mut all = serde_json::json!({
            "type": "session", "id": "019a0000-0000-7000-8000-000000007f3a", "short": "7f3a", "practice": "lunch",
            "occurred_at": "2026-11-23T12:41:07+00:00[Europe/London]", "recorded_at": "2026-11-23T12:41:07Z", "backfilled": false,
            "before": 30, "after": 45, "acted_as_if": null, "felt_real": null, "felt_state": null, "basis": "own",
            "borrowed_belief": null, "expectancy": null, "willingness": null, "repetitions": null, "duration_s": null,
            "where_felt": null, "felt_worse": false, "stopped_early": false, "note": null, "tags": [], "visibility": "inherit",
            "deleted": false, "device": "laptop"
        });
        all.as_object_mut().unwrap().extend(json.as_object().unwrap().clone());
        serde_json::from_value(all).unwrap()
    }

    fn shown(show: impl FnOnce(&mut Screen)) -> String {
        let mut screen = screen_for_tests(false, 80);
        show(&mut screen);
        screen.finish()
    }

    #[test]
    fn a_logged_session_is_one_line() {
        let lunch = session(serde_json::json!({}));
        let line = shown(|screen| logged(screen, &lunch));
        assert_eq!(line, "logged lunch  7f3a  Mon 23 Nov 12:41  feeling 30 -> 45  (undo: asif undo)\n");
        let note = session(serde_json::json!({ "practice": null, "before": null, "after": null, "visibility": "private" }));
        let line = shown(|screen| logged(screen, &note));
        assert_eq!(line, "noted  7f3a  Mon 23 Nov 12:41  private  (undo: asif undo)\n");
        let gone = session(serde_json::json!({ "deleted": true, "after": null }));
        let line = shown(|screen| changed(screen, "deleted", &gone));
        assert_eq!(line, "deleted lunch  7f3a  Mon 23 Nov 12:41  feeling 30 -> ?  (restore: asif restore 7f3a)\n");
    }

    #[test]
    fn a_list_tells_no_absent_value() {
        let long = "a note that goes on and on and does not end before the column does\nand more";
        let one = session(serde_json::json!({ "note": long, "acted_as_if": 80, "tags": ["work"], "short": "07f3a" }));
        let two =
            session(serde_json::json!({ "id": "019a0000-0000-7000-8000-000000017f3a", "short": "17f3a", "before": null, "after": null }));
        let text = shown(|screen| list(screen, &[one, two]));
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines.len(), 4, "{text}");
        assert!(lines[1].starts_with("07f3a  Mon 23 Nov 12:41  lunch     30 -> 45  acted 80, #work, \"a note that"), "{text}");
        assert!(lines[2].starts_with("                                             ") && lines[2].ends_with("...\""), "{text}");
        assert_eq!(lines[3], "17f3a  Mon 23 Nov 12:41  lunch", "{text}");
    }

    #[test]
    fn a_sitting_tells_what_was_marked_and_when_something_landed() {
        let sitting = session(serde_json::json!({
            "duration_s": 480, "repetitions": 31, "landed_s": 252,
            "marks": [{ "t_s": 64, "kind": "numb" }, { "t_s": 100, "kind": "pause" }, { "t_s": 252, "kind": "landed" }]
        }));
        let text = shown(|screen| whole(screen, &sitting));
        assert!(text.contains("  landed: 4 min 12 s\n  marked: numb 1 min 4 s, paused 1 min 40 s, landed 4 min 12 s\n"), "{text}");
        let line = shown(|screen| sat(screen, &sitting)).replace('\n', " ");
        let told = "sat 8 min, repetitions 31, landed: 4 min 12 s, marked: numb 1 min 4 s, paused 1 min 40 s, landed 4 min 12 s ";
        assert_eq!(line, told);
        let silent = session(serde_json::json!({ "duration_s": 480 }));
        assert!(!shown(|screen| whole(screen, &silent)).contains("marked"), "none is told where nothing was");
        assert_eq!(shown(|screen| sat(screen, &session(serde_json::json!({})))), "");
    }

    #[test]
    fn what_two_devices_wrote_apart_is_said_in_a_line() {
        let apart = session(serde_json::json!({
            "note": "one\n\u{1b}[31mtwo", "conflicts": [{ "field": "note", "others": ["the other"] }, { "field": "before", "others": [10] }]
        }));
        let text = shown(|screen| whole(screen, &apart));
        assert!(text.contains("  one\n  ␛[31mtwo\n"), "{text}");
        let note = "  two devices changed \"note\" apart; also written, and kept: \"the other\" (asif history 7f3a)\n";
        let before = "  two devices changed \"feeling before\" apart; also written, and kept: 10 (asif history 7f3a)\n";
        assert!(text.contains(note) && text.contains(before), "{text}");
        assert!(!text.contains("felt worse") && !text.contains("null"), "{text}");
    }
}
