//! Anchors.

use asif_proto::record::{Anchor, Shown};

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
