//! Backups, as a person is told of them.

use asif_proto::local::BackupView;

use super::Screen;
use super::text::{count, size};
use super::time;

/// One was made.
pub fn made(screen: &mut Screen, backup: &BackupView) {
    screen.line(&format!("Saved {} in {} ({}).", count(backup.sessions, "session", "sessions"), backup.file.display(), size(backup.bytes)));
    screen.line("It was read back and restored in memory: it is whole.");
    screen.line(match (backup.passphrase, backup.kit) {
        (true, true) => "Its passphrase opens it, and so do the 24 words of the recovery kit. Keep it somewhere else than this machine.",
        (true, false) => "Its passphrase opens it, and nothing else does. Keep it somewhere else than this machine.",
        (false, _) => "The 24 words of the recovery kit open it, and nothing else does. Keep it somewhere else than this machine.",
    });
}

/// One was looked at.
pub fn whole(screen: &mut Screen, backup: &BackupView) {
    screen.line(&format!(
        "Whole: {} of {}\"{}\", as it was {}.",
        count(backup.sessions, "session", "sessions"),
        whose(backup),
        backup.device,
        time::instant(backup.made_at, screen)
    ));
}

/// One was restored.
pub fn restored(screen: &mut Screen, backup: &BackupView) {
    let at = time::instant(backup.made_at, screen);
    let what = count(backup.sessions, "session", "sessions");
    if let Some(folder) = &backup.into {
        screen.line(&format!("{what} of {}\"{}\", as it was {at}: in {}.", whose(backup), backup.device, folder.display()));
        screen.line(&format!(
            "To look: ASIF_HOME={} asif list. It opens no network. To be done with it: ASIF_HOME={} asif wipe",
            folder.display(),
            folder.display()
        ));
        return;
    }
    screen.line(&format!("This is {}\"{}\" again, as it was {at}: {what}.", whose(backup), backup.device));
    screen.line("What your other devices have since comes when they are met. If the device it was made on is still in use, nothing of either is lost;");
    screen.line("make this one a device of its own then: asif device pair there, and asif device join here.");
    screen.line(&format!(
        "If that device was lost or stolen: asif recovery-kit restore --remove \"{}\" makes this another one, and shuts that one out.",
        backup.device
    ));
    screen.line("No passphrase is set on it: asif lock passphrase sets one.");
    screen.line("Whom you share with sees nothing new before you have looked: asif share list");
}

fn whose(backup: &BackupView) -> String {
    backup.name.as_ref().map(|name| format!("{name}'s ")).unwrap_or_default()
}
