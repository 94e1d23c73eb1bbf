//! What a wipe says before it asks.

use std::path::{Path, PathBuf};

use asif_proto::home::Home;
use asif_proto::local::Status;

use super::own::Own;
use crate::context::Context;
use crate::render::text::count;
use crate::render::time;

/// What would be removed, what would not, and what cannot be promised.
pub(super) fn plan(context: &mut Context<'_, '_>, home: &Home, own: &Own, service: &[PathBuf], status: Option<&Status>) {
    context.say("This removes from this machine, for good:");
    if let Some(status) = status {
        let (sessions, practices) = (status.journal.sessions, status.journal.practices);
        context.say(&format!("  {} and {}", count(sessions, "session", "sessions"), count(practices, "practice", "practices")));
    }
    if home.data.join("drafts").exists() {
        context.say("  what you have begun to type and not said, if anything (asif draft list): that is on this machine alone");
    }
    let files = u64::try_from(own.count()).unwrap_or(u64::MAX);
    context.say(&format!("  {}, {} bytes", count(files, "file", "files"), own.bytes));
    let mut folders: Vec<&Path> = vec![&home.data, &home.state, &home.config];
    folders.extend(service.iter().map(PathBuf::as_path));
    for path in folders.into_iter().filter(|path| path.symlink_metadata().is_ok()) {
        context.say(&format!("  {}", path.display()));
    }
    if own.keys.is_empty() && !own.is_empty() {
        context.explain("The keys are not here, as after a wipe that was interrupted: what is left opens to nobody, and goes now.");
    }
    context.say("It does not touch:");
    if let Some(status) = status {
        others(context, status);
    }
    context.say("  backups, and other copies of these folders");
    for path in &own.strange {
        context.say(&format!("  {} (not asif's)", path.display()));
    }
    if let Some(status) = status.filter(|status| status.safely_stored_on <= 1) {
        let alone = status.devices.iter().all(|device| device.this);
        let held = if alone { "No other device has this journal." } else { "No other device is known to hold all of it." };
        context.explain(&format!("{held} Without a copy it is lost."));
    }
    context.explain(
        "What it cannot promise: a removed file frees its sectors, and the disk may hold what was in them until they are used again. \
         If your disk is encrypted, that is what helps.",
    );
}

/// What other devices and persons keep.
fn others(context: &mut Context<'_, '_>, status: &Status) {
    let now = context.now();
    for device in status.devices.iter().filter(|device| !device.this) {
        let last = device.last_sync.map_or_else(|| "never up to date".to_owned(), |last| format!("up to date {}", time::ago(last, now)));
        context.say(&format!("  your device {} ({last}): it keeps what it holds, and is not told", device.name));
    }
    for helper in &status.helpers {
        context.say(&format!("  {}: what they hold they keep; asif share revoke, before this, ends it in order", helper.name));
    }
    if status.clients > 0 {
        context.say(&format!("  what {} with you stays with them; your copies go", count(status.clients, "person shares", "people share")));
    }
}

/// What the copy is.
pub(super) fn copied(context: &mut Context<'_, '_>, place: &Path) {
    context.say(&format!("A copy is in {}", place.display()));
    context.explain(
        "It is the sealed files together with their key: whoever has it can read the journal, so keep it where nobody else comes. \
         With ASIF_HOME set to that folder, asif opens it. It is this device: never use it on two machines.",
    );
}
