//! Experiments: the prediction beside the outcome.

use asif_proto::rating::Rating;
use asif_proto::record::{Amendment, Basis, Experiment, ExperimentStatus, Mode, Prediction, Shown, Supports, Visibility};

use super::{Screen, record, session, time};

/// `Locked 12:50. The prediction opens again with the outcome.  (asif outcome 7f3a)`
pub fn planned(screen: &mut Screen, experiment: &Shown<Experiment>) {
    let short = &experiment.short;
    match &experiment.value.prediction {
        Some(prediction) => {
            let at = time::clock(prediction.locked_at, &screen.zone);
            screen.sentence(&format!("Locked {at}. The prediction opens again with the outcome.  (asif outcome {short})"));
        }
        None => screen.sentence(&format!("Planned. No prediction: just see what happens.  (asif outcome {short})")),
    }
}

/// `speak-as-M  7f3a  predicted 20  felt 30  surprise +10`
pub fn told(screen: &mut Screen, experiment: &Shown<Experiment>) {
    let mut parts = vec![experiment.value.practice.clone(), experiment.short.clone()];
    parts.extend(sides(&experiment.value));
    match experiment.value.status {
        ExperimentStatus::Left => parts.push("left: it did not happen".to_owned()),
        ExperimentStatus::Planned | ExperimentStatus::Done => {}
    }
    parts.push("(undo: asif undo)".to_owned());
    screen.record(&parts);
    helpers(screen, &experiment.value);
}

/// What helpers had predicted, beside the outcome.
fn helpers(screen: &mut Screen, experiment: &Experiment) {
    for one in &experiment.helper_predictions {
        let rating = one.rating.map(|rating| format!(" {rating}")).unwrap_or_default();
        let late = if one.before_outcome == Some(false) { " (it came or was changed after the outcome)" } else { "" };
        screen.line(&format!("  {} predicted{rating}{late}", one.from));
        screen.prose("    ", one.text.as_deref().unwrap_or_default());
    }
}

/// For what was done to an experiment.
pub fn changed(screen: &mut Screen, done: &str, experiment: &Shown<Experiment>) {
    let mut parts = vec![format!("{done} experiment"), experiment.short.clone(), experiment.value.practice.clone()];
    parts.extend(sides(&experiment.value));
    let hint = record::hint(experiment.value.deleted, &experiment.short);
    parts.extend((!hint.is_empty()).then(|| hint.trim().to_owned()));
    screen.record(&parts);
}

/// Experiments, each on a line.
pub fn list(screen: &mut Screen, experiments: &[Shown<Experiment>]) {
    for experiment in experiments {
        let mut parts = vec![experiment.short.clone(), experiment.value.practice.clone()];
        parts.push(format!("planned {}", time::when(&experiment.value.planned_at, screen.now)));
        parts.extend(sides(&experiment.value));
        parts.extend((experiment.value.status == ExperimentStatus::Left).then(|| "left".to_owned()));
        parts.extend((experiment.value.visibility == Visibility::Private).then(|| "private".to_owned()));
        parts.extend(experiment.value.hold_until.as_ref().filter(|hold| hold.holds(screen.now)).map(|_| "kept back".to_owned()));
        screen.record(&parts);
    }
}

/// Everything about one experiment.
pub fn whole(screen: &mut Screen, experiment: &Shown<Experiment>) {
    let value = &experiment.value;
    record::heading(
        screen,
        &format!("experiment  {}  {}  ({}, {})", experiment.short, value.practice, value.mode, value.status),
        value.deleted,
    );
    screen.line(&format!("  planned: {}", time::when(&value.planned_at, screen.now)));
    let mut say = |name: &str, said: Option<String>| {
        if let Some(said) = said {
            screen.line(&format!("  {name}: {said}"));
        }
    };
    say("belief", value.belief_statement.as_ref().map(|statement| format!("\"{statement}\"")));
    say("on whose belief", (value.basis != Basis::Own).then(|| value.basis.to_string()));
    say("willing", value.willingness.map(|rating| rating.to_string()));
    say("seemed likely to help", value.expectancy.map(|rating| rating.to_string()));
    say("outcome due", value.review_by.map(|day| day.to_string()));
    words(screen, "may get in the way", value.obstacles.as_deref());
    words(screen, "if that happens", value.if_then.as_deref());
    if let Some(prediction) = &value.prediction {
        told_before(screen, prediction);
    }
    for amendment in &value.amendments {
        amended(screen, amendment);
    }
    if let Some(outcome) = &value.outcome {
        let felt = outcome.rating.map(|rating| format!("felt {rating}")).unwrap_or_default();
        let at = outcome.at.as_ref().map(|at| time::when(at, screen.now)).unwrap_or_default();
        screen.line(format!("  outcome: {felt}  {at}").trim_end());
        screen.prose("    ", outcome.text.as_deref().unwrap_or_default());
    }
    helpers(screen, value);
    if let Some(surprise) = value.surprise {
        screen.line(&format!("  surprise: {}", signed(surprise)));
    }
    words(screen, "what you make of it", value.learning.as_deref());
    if let Some(supports) = value.supports {
        screen.line(&format!("  {}", supported(supports)));
    }
    if let Some(hold) = value.hold_until.as_ref().filter(|hold| hold.holds(screen.now)) {
        screen.line(&format!("  kept back, and its session with it: {}", session::kept_back(hold, &experiment.short, screen.now)));
    }
    record::ending(screen, experiment, value.visibility);
}

/// The prediction as it stands before its outcome is told: ` (predicted 20)`.
pub fn predicted(experiment: &Experiment) -> String {
    match (&experiment.prediction, experiment.amendments.last()) {
        (None, _) if experiment.mode == Mode::Discovery => " (no prediction)".to_owned(),
        (Some(Prediction { rating: Some(rating), .. }), Some(Amendment { rating: Some(later), .. })) => {
            format!(" (predicted {rating}, later {later})")
        }
        (Some(Prediction { rating: Some(rating), .. }), _) => format!(" (predicted {rating})"),
        _ => String::new(),
    }
}

/// `+10`, `-5`, `0`
pub fn signed(surprise: i16) -> String {
    if surprise > 0 { format!("+{surprise}") } else { surprise.to_string() }
}

fn sides(experiment: &Experiment) -> Vec<String> {
    let named = |name: &str, rating: Option<Rating>| rating.map(|rating| format!("{name} {rating}"));
    let parts = [
        named("predicted", experiment.prediction.as_ref().and_then(|prediction| prediction.rating)),
        named("felt", experiment.outcome.as_ref().and_then(|outcome| outcome.rating)),
        experiment.surprise.map(|surprise| format!("surprise {}", signed(surprise))),
    ];
    parts.into_iter().flatten().collect()
}

fn told_before(screen: &mut Screen, prediction: &Prediction) {
    let rating = prediction.rating.map(|rating| format!("{rating}, ")).unwrap_or_default();
    let by = if prediction.by == "me" { String::new() } else { format!(" by {}", prediction.by) };
    screen.line(&format!("  prediction: {rating}locked {}{by}", time::instant(prediction.locked_at, screen)));
    screen.prose("    ", prediction.text.as_deref().unwrap_or_default());
}

fn amended(screen: &mut Screen, amendment: &Amendment) {
    let rating = amendment.rating.map(|rating| format!("{rating}, ")).unwrap_or_default();
    screen.line(&format!("  amended: {rating}{}", time::instant(amendment.at, screen)));
    screen.prose("    ", amendment.text.as_deref().unwrap_or_default());
}

fn words(screen: &mut Screen, name: &str, text: Option<&str>) {
    match text.map(|text| text.lines().collect::<Vec<_>>()).as_deref() {
        None | Some([]) => {}
        Some([line]) => screen.line(&format!("  {name}: {line}")),
        Some(_) => {
            screen.line(&format!("  {name}:"));
            screen.prose("    ", text.unwrap_or_default());
        }
    }
}

fn supported(supports: Supports) -> &'static str {
    match supports {
        Supports::Old => "supports the old belief",
        Supports::New => "supports the new belief",
        Supports::Unsure => "unsure which belief it supports",
    }
}
