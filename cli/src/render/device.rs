//! Devices, and joining.

use asif_proto::local::{DeviceView, Joined, RemovedDevice};
use jiff::Timestamp;

use super::Screen;
use super::reach;
use super::table::Table;
use super::text::count;
use super::time;

/// The devices in columns.
pub fn list(screen: &mut Screen, devices: &[DeviceView]) {
    let mut table = Table::new(&["Device", "Last sync", "Now"]);
    for device in devices {
        let now = if device.this { "this one".to_owned() } else { reach::now(device, screen.now) };
        let synced = device.last_sync.map(|at| time::ago(at, screen.now));
        let synced = synced.unwrap_or_else(|| if device.this { String::new() } else { "never".to_owned() });
        table.row(vec![device.name.clone(), synced, now]);
    }
    table.show(screen);
}

/// A device is called something else.
pub fn renamed(screen: &mut Screen, renamed: &DeviceView) {
    let which = if renamed.this { "This device" } else { "That device" };
    screen.line(&format!("{which} is \"{}\" from now on, on all your devices.", renamed.name));
}

/// What is to be known before a device is removed.
pub fn before_removal(screen: &mut Screen, device: &DeviceView, now: Timestamp) {
    let last = match device.last_sync {
        _ if device.connected => "is connected now".to_owned(),
        Some(at) => format!("last had the same as this one {}", time::ago(at, now)),
        None => "was never met from here".to_owned(),
    };
    screen.line(&format!("\"{}\" {last}.", device.name));
    screen
        .line("It would get nothing new, and what it writes from now on would count nowhere. What it had given to another device is kept.");
    screen.line("It keeps what it holds: whoever has it and can use it can go on reading that. Nothing takes it back.");
}

/// A device was removed.
pub fn removed(screen: &mut Screen, removed: &RemovedDevice) {
    let at = time::instant(removed.removed_at, screen);
    let by = removed.removed_by.as_ref().map(|by| format!(" by \"{by}\"")).unwrap_or_default();
    screen.line(&format!("\"{}\" was removed {at}{by}. It gets nothing new, and what it writes from now on counts nowhere.", removed.name));
    screen.line("What it holds it keeps: that cannot be taken back.");
    if !removed.told.is_empty() {
        screen.line(&format!("Shut out by: this device, {}.", removed.told.join(", ")));
    }
    if !removed.untold.is_empty() {
        screen.line(&format!(
            "Not reached yet: {}. They hear of it when they are, and let it in until then. To look for them now: asif sync --wait",
            removed.untold.join(", ")
        ));
    }
}

/// This machine became a device.
pub fn joined(screen: &mut Screen, joined: &Joined) {
    let sessions = count(joined.sessions, "session", "sessions");
    screen.line(&format!("This is now one of {}'s devices, \"{}\". {sessions} here{}.", joined.name, joined.device, so_far(joined)));
}

fn so_far(joined: &Joined) -> &'static str {
    if joined.complete { "" } else { " so far; the rest follows" }
}

/// This home became a helper's.
pub fn helping(screen: &mut Screen, joined: &Joined) {
    screen.line(&format!("You now see what {} chooses to share. {} so far.", joined.name, count(joined.sessions, "session", "sessions")));
    screen.line("Next: asif caseload");
}
