//! What `doctor` found.

use asif_proto::local::Doctor;

use super::Screen;
use super::text::count;

/// Each check on a line, with what to do beneath it.
pub fn checks(screen: &mut Screen, found: &Doctor) {
    if found.rebuilt {
        screen.line("every list and view was made anew from the sealed log");
    }
    for check in &found.checks {
        screen.line(&format!("{}  {}", if check.ok { "ok       " } else { "look here" }, check.text));
        if let Some(hint) = check.hint.as_deref().filter(|_| !check.ok) {
            screen.line(&format!("             {hint}"));
        }
    }
    let wrong = found.checks.iter().filter(|check| !check.ok).count();
    match u64::try_from(wrong).unwrap_or(u64::MAX) {
        0 => screen.line("All is well."),
        wrong => screen.line(&format!("{} a look.", count(wrong, "thing needs", "things need"))),
    }
}
