//! Gentler ways to practise something that felt worse.

use asif_proto::record::{Gentler, Practice};

use super::Screen;

/// What was chosen for a practice, and what comes of it.
pub fn adapted(screen: &mut Screen, practice: &Practice) {
    let Some(way) = practice.adapted.last().map(|adapted| adapted.way) else { return };
    let slug = &practice.slug;
    match line(way) {
        Some(line) => screen.sentence(&format!("{slug}: {}. From now on it says: {line}  (undo: asif undo)", words(way))),
        None => screen.sentence(&format!(
            "{slug} is put down as not for you. That is an ordinary result.  (back: asif practice edit {slug} --status active)"
        )),
    }
}

/// The way in words, as it is offered.
pub fn words(way: Gentler) -> &'static str {
    match way {
        Gentler::Background => "let it be background",
        Gentler::NameIt => "name it, hand on body",
        Gentler::SomeoneLoved => "wish it for someone you love first",
        Gentler::Breathe => "just breathe",
        Gentler::Leave => "leave it",
    }
}

/// The line that is shown with the practice from then on.
pub fn line(way: Gentler) -> Option<&'static str> {
    match way {
        Gentler::Background => Some("Let it be background."),
        Gentler::NameIt => Some("Name what is there, hand on body."),
        Gentler::SomeoneLoved => Some("Think of someone you love first: wish it for them."),
        Gentler::Breathe => Some("Breathe."),
        Gentler::Leave => None,
    }
}
