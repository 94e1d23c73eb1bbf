//! The recovery kit on a page, and what became of it.

use asif_proto::local::{KitView, KitWords};

use super::Screen;
use super::text::width;
use super::time;

/// Columns of words on the page.
const COLUMNS: usize = 3;

/// The page: to be read from a screen, or printed as it is.
pub fn page(screen: &mut Screen, kit: &KitWords) {
    let whose = kit.name.as_deref().map(|name| format!(" for {name}'s journal")).unwrap_or_default();
    screen.line(&format!("asif recovery kit{whose}"));
    screen.line("");
    screen.line("With these 24 words, in this order, whoever has them can do all that you can:");
    screen.line("read the journal, bring it back on a new machine, shut devices out.");
    screen.line("Keep this paper where you keep what you cannot replace, away from your devices.");
    screen.line("No photograph, no file, no message.");
    screen.line("");
    let words: Vec<String> = kit.words.iter().enumerate().map(|(at, word)| format!("{:>2} {}", at + 1, word.danger_text())).collect();
    let rows = words.len().div_ceil(COLUMNS);
    let widest = words.iter().map(|word| width(word)).max().unwrap_or(0);
    if screen.plain || screen.width < COLUMNS * (widest + 4) {
        words.iter().for_each(|word| screen.line(word));
    } else {
        for row in 0..rows {
            let cells = words.iter().skip(row).step_by(rows).map(|word| format!("  {word:<widest$}  "));
            screen.line(cells.collect::<String>().trim_end());
        }
    }
    screen.line("");
    let id = kit.person.to_string();
    screen.line(&format!("Journal {}, written down on ____________", id.get(..8).unwrap_or(&id)));
}

/// The words are written down.
pub fn confirmed(screen: &mut Screen, kit: &KitView) {
    screen.line("These are the words of your journal. They are not on this device: keep the paper.");
    if let Some(at) = kit.confirmed_at {
        screen.line(&format!("First shown to be written down {}.", time::instant(at, screen)));
    }
    screen.line("Copies of this machine that were made before, and backups of it, still have them.");
}

/// Somebody came back.
pub fn restored(screen: &mut Screen) {
    screen.line("The words are not on this device. Keep the paper: it is good for another time.");
    screen.line("No passphrase is set on it: asif lock passphrase sets one.");
}

/// What is to be said of it beside how things are; nothing where all is done.
pub fn open(kit: &KitView) -> Option<String> {
    match (kit.here, kit.confirmed_at, &kit.on) {
        (true, None, _) => Some("The recovery kit is not written down yet: asif recovery-kit show".to_owned()),
        (true, Some(_), _) => {
            Some("The words of the recovery kit are still on this device: asif recovery-kit confirm takes them off.".to_owned())
        }
        (false, None, Some(on)) => Some(format!("The recovery kit is not written down yet: asif recovery-kit show, on {on}")),
        (false, None, None) | (false, Some(_), _) => None,
    }
}
