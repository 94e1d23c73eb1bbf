//! Gentler ways to practise something that felt worse: what they are called, what the program then does, what it shows.

use asif_proto::record::{Gentler, Practice};

use super::Screen;
use super::text::width;

/// What is said first where a practice that was left is sat with all the same.
pub const LEFT: &str = "You set this down as not for you. It begins because you asked for it; q stops any time.";

/// What was chosen for a practice, and what comes of it.
pub fn adapted(screen: &mut Screen, practice: &Practice) {
    let Some(way) = practice.adapted.last().map(|adapted| adapted.way) else { return };
    let slug = &practice.slug;
    screen.sentence(&format!("{slug}: {}. {}  (undo: asif undo)", words(way), does(way)));
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

/// What the program does from then on, told once it is chosen.
fn does(way: Gentler) -> &'static str {
    match way {
        Gentler::Background => "From now on the phrases stand faintly in the background; nothing needs to be said along.",
        Gentler::NameIt => "From now on it begins with what is there, and the phrases stand beneath.",
        Gentler::SomeoneLoved => "From now on it begins with someone you love; yourself later, or not yet.",
        Gentler::Breathe => "From now on there are no phrases and no counting, only one line: Breathe.",
        Gentler::Leave => "It is put down as not for you. That is an ordinary result.",
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

/// `Ways to change it: 1 let it be background  2 name it, hand on body ...`; each on a line of its own where that is wider than `columns`.
pub fn offer(columns: usize) -> Vec<String> {
    let numbered: Vec<String> = (1..).zip(Gentler::ALL).map(|(number, way)| format!("{number} {}", words(*way))).collect();
    let one = format!("Ways to change it: {}", numbered.join("  "));
    if width(&one) <= columns {
        return vec![one];
    }
    let lines = numbered.iter().map(|line| format!("  {line}"));
    std::iter::once("Ways to change it:".to_owned()).chain(lines).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ways_are_offered_in_their_order_and_fit_the_window() {
        let one = "Ways to change it: 1 let it be background  2 name it, hand on body  3 wish it for someone you love first  4 just breathe  5 leave it";
        assert_eq!(offer(140), [one]);
        let lines = offer(40);
        assert_eq!((lines.len(), lines[1].as_str(), lines[5].as_str()), (6, "  1 let it be background", "  5 leave it"));
        assert!(lines.iter().all(|line| width(line) <= 40), "{lines:?}");
    }
}
