//! A helper's own notes.

use asif_proto::record::{HelperNote, Shown};

use crate::render::{Screen, record, time};

/// Notes about one client, newest first.
pub fn notes(screen: &mut Screen, notes: &[Shown<HelperNote>]) {
    for note in notes {
        screen.heading(&format!("{}  {}", note.short, time::instant(note.value.recorded_at, screen)));
        screen.prose("  ", &note.value.text);
    }
}

/// `noted about Robin  7f3a  (undo: asif undo)`
pub fn note_changed(screen: &mut Screen, done: &str, note: &Shown<HelperNote>) {
    let hint = record::hint(note.value.deleted, &note.short);
    let undo = if note.value.deleted { hint } else { "  (undo: asif undo)".to_owned() };
    screen.line(&format!("{done} about {}  {}{undo}", note.value.client, note.short));
}

/// One note, whole.
pub fn note_whole(screen: &mut Screen, note: &Shown<HelperNote>) {
    let title = format!("your note about {}  {}  {}", note.value.client, note.short, time::instant(note.value.recorded_at, screen));
    record::heading(screen, &title, note.value.deleted);
    screen.prose("  ", &note.value.text);
    record::ending(screen, note, note.value.visibility);
}
