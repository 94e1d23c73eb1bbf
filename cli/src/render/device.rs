//! Devices, and joining.

use asif_proto::local::{DeviceView, Joined};

use super::Screen;
use super::table::Table;
use super::text::count;
use super::time;

/// The devices in columns.
pub fn list(screen: &mut Screen, devices: &[DeviceView]) {
    let mut table = Table::new(&["Device", "Last sync", "Now"]);
    for device in devices {
        let now = if device.this {
            "this one"
        } else if device.connected {
            "connected"
        } else {
            "away"
        };
        let synced = device.last_sync.map(|at| time::ago(at, screen.now));
        let synced = synced.unwrap_or_else(|| if device.this { String::new() } else { "never".to_owned() });
        table.row(vec![device.name.clone(), synced, now.to_owned()]);
    }
    table.show(screen);
}

/// A device is called something else.
pub fn renamed(screen: &mut Screen, renamed: &DeviceView) {
    let which = if renamed.this { "This device" } else { "That device" };
    screen.line(&format!("{which} is \"{}\" from now on, on all your devices.", renamed.name));
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
