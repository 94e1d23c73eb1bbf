//! What a helper would see, and what not, side by side.

use asif_proto::share::{Preview, Scope, SharedExperiment, SharedSession};

use super::Screen;
use super::practice::hyphens;
use super::session::feeling;
use super::share::clinical_notes;
use super::text::{count, pad, visible, width, wrap};
use super::time;

/// The narrowest output that holds two columns.
const TWO_COLUMNS: usize = 80;
/// The columns of the left one.
const LEFT: usize = 46;

/// Two columns where there is room, else one after the other.
pub fn preview(screen: &mut Screen, preview: &Preview) {
    let name = visible(&preview.name);
    let heads = (format!("WHAT {} WOULD SEE", name.to_uppercase()), "WOULD NOT SEE".to_owned());
    let (seen, unseen) = (seen(screen, preview), unseen(screen, preview));
    if screen.plain || screen.width < TWO_COLUMNS {
        for (head, lines) in [(heads.0, seen), (heads.1, unseen)] {
            screen.heading(&head);
            lines.iter().for_each(|line| screen.line(&format!("  {line}")));
        }
    } else {
        let right = screen.width - LEFT - 3;
        screen.heading(&format!("{}   {}", pad(&heads.0, LEFT), heads.1));
        let fit = |lines: Vec<String>, columns: usize| lines.iter().flat_map(|line| hanging(line, columns)).collect::<Vec<_>>();
        let (seen, unseen) = (fit(seen, LEFT - 2), fit(unseen, right - 2));
        for at in 0..seen.len().max(unseen.len()) {
            let cell = |lines: &[String]| lines.get(at).map(|line| format!("  {line}")).unwrap_or_default();
            screen.line(format!("{}   {}", pad(&cell(&seen), LEFT), cell(&unseen)).trim_end());
        }
    }
    screen.sentence(&format!("{name} ({}) would know you as \"{}\".{}", preview.role, preview.client, bounds(screen, preview)));
    if let Some(purpose) = &preview.purpose {
        screen.sentence(&format!("What for: {}", visible(purpose)));
    }
}

/// From when to when.
fn bounds(screen: &Screen, preview: &Preview) -> String {
    let since = time::bound(&preview.since, screen.now);
    match &preview.until {
        Some(until) if until.timestamp() > screen.now => {
            format!(" From {since} until {}; then it ends by itself.", time::bound(until, screen.now))
        }
        Some(until) => format!(" From {since} until {}.", time::bound(until, screen.now)),
        None => format!(" From {since}, with no end."),
    }
}

/// What an invitation does and cannot do, in these words.
pub fn honest_words(screen: &mut Screen, preview: &Preview) {
    let (name, notes) = (&preview.name, clinical_notes(&preview.name, preview.role));
    screen.sentence(&format!(
        "You can stop this any time. That stops new entries at once and asks {name}'s device to delete. It cannot take back what {name} has read{notes}. Nobody monitors this: in danger, use asif crisis."
    ));
    screen.sentence("Two helpers who compare the keys they know you by can tell that they share a client.");
}

fn seen(screen: &Screen, preview: &Preview) -> Vec<String> {
    let mut lines = Vec::new();
    let has = |scope| preview.scopes.contains(&scope);
    let sessions = count(preview.sessions, "session", "sessions");
    lines.push(match has(Scope::Ratings) {
        true => format!("{sessions}: time, practice, 0-100 ratings"),
        false => format!("{sessions}, without time, practice or ratings"),
    });
    lines.extend(preview.scopes.iter().filter(|scope| **scope != Scope::Ratings).map(|scope| seen_by(preview, *scope)));
    let examples = preview.examples.iter().map(|session| example(screen, session)).filter(|example| !example.is_empty());
    lines.extend(examples.map(|example| format!("e.g. {example}")));
    lines.extend(preview.experiment_example.iter().map(|one| format!("e.g. {}", experiment_example(one))));
    let waiting = if preview.waiting > 0 { format!(" ({} wait now)", preview.waiting) } else { String::new() };
    if preview.delay_s > 0 {
        let waiting = if preview.paused { "" } else { &waiting };
        lines.push(format!("what is new reaches them after {}{waiting}", time::length(preview.delay_s)));
    }
    if preview.paused {
        lines.push(format!("paused: nothing new goes out now{waiting}"));
    }
    if preview.unknown > 0 {
        let items = count(preview.unknown, "thing", "things");
        lines.push(format!("{items} more that this journal does not know any more, until you go on"));
    }
    if preview.waits_for_you {
        lines.push(format!("all that is new waits for you{waiting}: asif share resume \"{}\"", visible(&preview.name)));
    } else if preview.waits_for_device {
        lines.push("what is new waits here until this device has met another one of yours".to_owned());
    }
    lines
}

/// What one scope shows.
fn seen_by(preview: &Preview, scope: Scope) -> String {
    match scope {
        Scope::Ratings => String::new(),
        Scope::Practices => {
            let practices = count(preview.practices, "practice", "practices");
            format!("{practices}: what, when and where; of sessions willingness, how often, how long")
        }
        Scope::Experiments => format!("{}: prediction, outcome, learning", count(preview.experiments, "experiment", "experiments")),
        Scope::Phrases => format!("{}; of sessions how it felt, in a word, and marks", count(preview.phrases, "phrase", "phrases")),
        Scope::Notes => format!("{}; where it was felt; tags", count(preview.notes, "note", "notes")),
        Scope::Beliefs => format!("{}, with their ratings", count(preview.beliefs, "belief", "beliefs")),
        Scope::Goals => format!("{}, with what they are worth to you", count(preview.goals, "goal", "goals")),
        Scope::Anchor => format!("{}: what you did, not who it was about", count(preview.anchors, "anchor", "anchors")),
        Scope::SafetyPlan if preview.safety_plan => "your safety plan".to_owned(),
        Scope::Rapport => count(preview.rapport, "rating of how it is with them", "ratings of how it is with them"),
        Scope::SafetyPlan | Scope::Measures => format!("{}, once there is any", hyphens(scope)),
    }
}

fn unseen(screen: &Screen, preview: &Preview) -> Vec<String> {
    let withheld = &preview.withheld;
    let mut lines = Vec::new();
    let mut told = vec![Scope::Ratings];
    let mut counted = |what: String, number: u64, scope: Option<Scope>| {
        if number > 0 {
            lines.push(format!("{what} ({number})"));
            told.extend(scope);
        }
    };
    counted("notes".to_owned(), withheld.notes, Some(Scope::Notes));
    for (scope, number) in [
        (Scope::Practices, withheld.practices),
        (Scope::Experiments, withheld.experiments),
        (Scope::Phrases, withheld.phrases),
        (Scope::Beliefs, withheld.beliefs),
        (Scope::Goals, withheld.goals),
    ] {
        counted(hyphens(scope), number, Some(scope));
    }
    counted("anchors".to_owned(), withheld.anchors, Some(Scope::Anchor));
    counted("rapport ratings".to_owned(), withheld.rapport, Some(Scope::Rapport));
    counted("notes without a practice".to_owned(), withheld.bare_notes, None);
    counted("anything marked private".to_owned(), withheld.private, None);
    counted("what you keep back for now".to_owned(), withheld.held, None);
    counted(format!("anything before {}", time::bound(&preview.since, screen.now)), withheld.before_since, None);
    if let Some(until) = &preview.until {
        counted(format!("anything from {} on", time::bound(until, screen.now)), withheld.after_until, None);
    }
    if withheld.safety_plan {
        lines.push("your safety plan".to_owned());
        told.push(Scope::SafetyPlan);
    }
    if !preview.scopes.contains(&Scope::Notes) {
        lines.push("tags, and where it was felt".to_owned());
    }
    let others = Scope::ALL.iter().filter(|scope| !preview.scopes.contains(scope) && !told.contains(scope));
    let others: Vec<String> = others.map(hyphens).collect();
    if !others.is_empty() {
        lines.push(format!("now or later: {}", others.join(", ")));
    }
    if withheld.private == 0 {
        lines.push("anything you mark --private".to_owned());
    }
    lines
}

/// `lunch: predicted 20, was 30`
fn experiment_example(one: &SharedExperiment) -> String {
    let mut parts: Vec<String> = Vec::new();
    let predicted = one.prediction.as_ref().map(|prediction| prediction.rating.map_or_else(|| "in words".to_owned(), |it| it.to_string()));
    parts.extend(predicted.map(|it| format!("predicted {it}")));
    parts.extend(one.outcome.as_ref().and_then(|outcome| outcome.rating).map(|it| format!("was {it}")));
    let what = if parts.is_empty() { "no outcome yet".to_owned() } else { parts.join(", ") };
    visible(&format!("{}: {what}", one.practice.as_deref().unwrap_or("an experiment")))
}

/// `Thu 19 Nov 12:30 speak-as-M 25 -> 40 acted 70`
fn example(screen: &Screen, session: &SharedSession) -> String {
    let mut parts: Vec<String> = session.occurred_at.iter().map(|at| time::when(at, screen.now)).collect();
    parts.extend(session.practice.clone());
    parts.extend(feeling(session.before, session.after));
    parts.extend(session.acted_as_if.map(|acted| format!("acted {acted}")));
    visible(&parts.join(" "))
}

/// One entry over several lines, the later ones indented.
fn hanging(text: &str, columns: usize) -> Vec<String> {
    if width(text) <= columns {
        return vec![text.to_owned()];
    }
    let lines = wrap(text, columns.saturating_sub(2));
    lines.into_iter().enumerate().map(|(at, line)| if at == 0 { line } else { format!("  {line}") }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::screen_for_tests;
    use asif_proto::moment::{Moment, zone};
    use asif_proto::share::{Role, Withheld};

    fn dana() -> Preview {
        let day = |text: &str| Moment::parse_bound(text, "2026-11-23T12:00:00Z".parse().unwrap(), &zone("Europe/London")).unwrap();
        Preview {
            name: "Dana".into(),
            role: Role::Therapist,
            scopes: vec![Scope::Ratings, Scope::Practices],
            since: day("2026-10-01"),
            until: Some(day("2027-02-21")),
            delay_s: 86_400,
            purpose: None,
            paused: false,
            waits_for_device: false,
            waits_for_you: false,
            unknown: 0,
            client: "Robin".into(),
            sessions: 41,
            notes: 0,
            practices: 1,
            experiments: 0,
            phrases: 0,
            beliefs: 0,
            goals: 0,
            anchors: 0,
            rapport: 0,
            safety_plan: false,
            waiting: 2,
            examples: Vec::new(),
            experiment_example: None,
            withheld: Withheld { notes: 38, private: 3, before_since: 12, phrases: 6, ..Withheld::default() },
        }
    }

    fn shown(plain: bool, width: usize) -> String {
        let mut screen = screen_for_tests(plain, width);
        preview(&mut screen, &dana());
        screen.finish()
    }

    #[test]
    fn a_wide_terminal_shows_two_columns_that_fit() {
        let text = shown(false, 80);
        assert!(text.starts_with("WHAT DANA WOULD SEE                              WOULD NOT SEE\n"), "{text}");
        assert!(text.contains("  41 sessions: time, practice, 0-100 ratings       notes (38)\n"), "{text}");
        assert!(text.contains("anything before 1 Oct (12)"), "{text}");
        assert!(text.contains("  what is new reaches them after 1 day (2"), "{text}");
        assert!(text.lines().all(|line| width(line) <= 80), "{text}");
    }

    #[test]
    fn plain_and_narrow_output_is_stacked() {
        for text in [shown(true, 80), shown(false, 60)] {
            assert!(text.starts_with("WHAT DANA WOULD SEE\n  41 sessions"), "{text}");
            assert!(text.contains("\nWOULD NOT SEE\n  notes (38)\n  phrases (6)\n  anything marked private (3)\n"), "{text}");
        }
    }

    #[test]
    fn the_words_promise_only_what_can_be_done() {
        let said = |role| {
            let mut screen = screen_for_tests(false, 80);
            honest_words(&mut screen, &Preview { role, ..dana() });
            screen.finish().replace('\n', " ")
        };
        let words = said(Role::Therapist);
        assert!(words.contains("Dana may have to keep clinical notes") && !said(Role::Friend).contains("clinical"), "{words}");
        for told in ["cannot take back what Dana has read", "Nobody monitors this: in danger, use asif crisis.", "share a client"] {
            assert!(words.contains(told), "{words}");
        }
    }
}
