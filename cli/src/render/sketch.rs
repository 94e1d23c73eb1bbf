//! Sketches, with the steps that came of them.

use asif_proto::local::SketchView;
use asif_proto::record::PracticeKind;

use super::{Screen, record};

/// `kept sketch  7f3a`, and the steps it made, easiest first.
pub fn changed(screen: &mut Screen, done: &str, view: &SketchView) {
    screen.line(&format!("{done} sketch  {}{}", view.sketch.short, record::hint(view.sketch.value.deleted, &view.sketch.short)));
    steps(screen, view);
}

/// Sketches, newest first.
pub fn list(screen: &mut Screen, views: &[SketchView]) {
    for (at, view) in views.iter().enumerate() {
        if at > 0 {
            screen.gap();
        }
        whole(screen, view);
    }
}

/// One sketch.
pub fn whole(screen: &mut Screen, view: &SketchView) {
    let value = &view.sketch.value;
    record::heading(screen, &format!("sketch  {}", view.sketch.short), value.deleted);
    screen.prose("  ", &value.text);
    if let Some(plausible) = value.plausible {
        screen.line(&format!("  how plausible: {plausible}"));
    }
    let days = match (value.starts, value.ends) {
        (Some(starts), Some(ends)) => Some(format!("from {starts} to {ends}")),
        (Some(starts), None) => Some(format!("from {starts}")),
        (None, Some(ends)) => Some(format!("until {ends}")),
        (None, None) => None,
    };
    if let Some(days) = days {
        screen.line(&format!("  {days}"));
    }
    steps(screen, view);
    record::ending(screen, &view.sketch, value.visibility);
}

fn steps(screen: &mut Screen, view: &SketchView) {
    if view.steps.is_empty() {
        return;
    }
    screen.line("Easiest first:");
    for step in &view.steps {
        let difficulty = step.difficulty.map(|difficulty| difficulty.to_string()).unwrap_or_else(|| "-".to_owned());
        let what = if step.kind == PracticeKind::SelfTalk { format!("\"{}\"", step.title) } else { step.title.clone() };
        screen.record(&[format!("{difficulty:>3}"), step.slug.clone(), what]);
    }
}
