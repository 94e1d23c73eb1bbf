//! Anchors, sketches and phrases.

use asif_proto::local::SketchView;
use asif_proto::record::{Anchor, Phrase, PracticeKind, Shown, Visibility};

use super::{Screen, record, time};

/// `kept anchor  7f3a`
pub fn changed(screen: &mut Screen, done: &str, anchor: &Shown<Anchor>) {
    screen.line(&format!("{done} anchor  {}{}", anchor.short, record::hint(anchor.value.deleted, &anchor.short)));
}

/// Anchors, newest first, each whole: this is what a hard day looks at.
pub fn list(screen: &mut Screen, anchors: &[Shown<Anchor>]) {
    for (at, anchor) in anchors.iter().enumerate() {
        if at > 0 {
            screen.gap();
        }
        whole(screen, anchor);
    }
}

/// One anchor.
pub fn whole(screen: &mut Screen, anchor: &Shown<Anchor>) {
    let value = &anchor.value;
    record::heading(screen, &format!("anchor  {}  {}", anchor.short, time::instant(value.recorded_at, screen)), value.deleted);
    if let Some(who) = &value.who_label {
        screen.line(&format!("  with: {who}"));
    }
    screen.prose("  ", &value.act);
    let rated = [
        value.polite.map(|polite| format!("how polite you were: {polite}")),
        value.deserved.map(|it| format!("how much they deserved it: {it}")),
    ];
    let rated: Vec<String> = rated.into_iter().flatten().collect();
    if !rated.is_empty() {
        screen.line(&format!("  {}", rated.join("   ")));
    }
    record::ending(screen, anchor, value.visibility);
}

/// `kept sketch  7f3a`, and the steps it made, easiest first.
pub fn sketch_changed(screen: &mut Screen, done: &str, view: &SketchView) {
    screen.line(&format!("{done} sketch  {}{}", view.sketch.short, record::hint(view.sketch.value.deleted, &view.sketch.short)));
    steps(screen, view);
}

/// Sketches, newest first.
pub fn sketches(screen: &mut Screen, views: &[SketchView]) {
    for (at, view) in views.iter().enumerate() {
        if at > 0 {
            screen.gap();
        }
        whole_sketch(screen, view);
    }
}

/// One sketch.
pub fn whole_sketch(screen: &mut Screen, view: &SketchView) {
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

/// `added phrase  7f3a  1  "May I be safe."  (loving-kindness)`
pub fn phrase_changed(screen: &mut Screen, done: &str, phrase: &Shown<Phrase<String>>) {
    let hint = record::hint(phrase.value.deleted, &phrase.short);
    screen.line(&format!(
        "{done} phrase  {}  \"{}\"  ({} {}){hint}",
        phrase.short, phrase.value.new_line, phrase.value.practice, phrase.value.order
    ));
}

/// Phrases, by practice, in their order.
pub fn phrases(screen: &mut Screen, phrases: &[Shown<Phrase<String>>]) {
    let mut practice = None;
    for phrase in phrases {
        let value = &phrase.value;
        if practice != Some(&value.practice) {
            screen.heading(&value.practice);
            practice = Some(&value.practice);
        }
        let mut parts = vec![phrase.short.clone(), format!("\"{}\"", value.new_line)];
        parts.extend(value.old_line.as_ref().map(|old| format!("instead of \"{old}\"")));
        parts.extend(value.form.map(super::practice::hyphens));
        parts.extend(value.voice.as_ref().map(|voice| format!("voice: {voice}")));
        parts.extend((value.visibility == Visibility::Private).then(|| "private".to_owned()));
        screen.record(&parts);
    }
}

/// One phrase.
pub fn whole_phrase(screen: &mut Screen, phrase: &Shown<Phrase<String>>) {
    record::heading(screen, &format!("phrase  {}  {} {}", phrase.short, phrase.value.practice, phrase.value.order), phrase.value.deleted);
    screen.line(&format!("  \"{}\"", phrase.value.new_line));
    if let Some(old) = &phrase.value.old_line {
        screen.line(&format!("  instead of: \"{old}\""));
    }
    if let Some(form) = phrase.value.form {
        screen.line(&format!("  form: {}", super::practice::hyphens(form)));
    }
    if let Some(voice) = &phrase.value.voice {
        screen.line(&format!("  voice: {voice}"));
    }
    record::ending(screen, phrase, phrase.value.visibility);
}
