//! How things are.

use asif_proto::local::{HelperView, Status};

use super::Screen;
use super::kit;
use super::reach;
use super::text::{count, width};
use super::time;
use crate::command::status::Paths;

/// `daemon ok · unlocked (key file; a passphrase is not set) · 2 devices, last sync 3 min ago · ...`
pub fn status(screen: &mut Screen, status: &Status) {
    if !status.initialised {
        screen.line("daemon ok");
        if status.problems == 0 {
            screen.line("There is no journal on this machine yet. asif init begins one.");
        } else {
            screen.line("The journal on this machine cannot be opened. asif doctor tells why.");
        }
        return;
    }
    if status.locked {
        let waiting = match status.waiting {
            0 => String::new(),
            waiting => format!(" · {} to be put in", count(waiting, "entry waits", "entries wait")),
        };
        screen.line(&format!("daemon ok · locked{waiting}"));
        screen.line("asif unlock opens the journal. asif log and asif note are taken all the same, sealed until then.");
        if !status.listen.is_empty() {
            screen.line("It goes on receiving for your other devices, sealed as it is. Nothing goes to a helper from here.");
        }
        return;
    }
    let mut parts = vec!["daemon ok".to_owned(), vault(status)];
    parts.push(count(status.journal.sessions, "session", "sessions"));
    parts.push(devices(screen, status));
    parts.push(helpers(screen, status));
    if let Some(mailbox) = &status.mailbox {
        parts.push(match (mailbox.connected, mailbox.settled) {
            (true, true) => "the mailbox holds all of it, sealed".to_owned(),
            (true, false) => "on its way to the mailbox".to_owned(),
            (false, _) => "the mailbox is not reached (asif mailbox status)".to_owned(),
        });
    }
    if status.clients > 0 {
        parts.push(format!("{} with you (asif caseload)", count(status.clients, "person shares", "people share")));
    }
    parts.push(format!("safely stored on {}", count(status.safely_stored_on, "device", "devices")));
    if screen.plain {
        parts.iter().for_each(|part| screen.line(part));
    } else {
        joined(screen, &parts);
    }
    for device in status.devices.iter().filter(|device| !device.this) {
        screen.line(&format!("{}: {}", device.name, reach::now(device, screen.now)));
    }
    if status.vault == "key file" {
        screen.faint("Whoever can read your files on this machine can read the journal; the key lies beside it.");
    }
    if let Some(open) = status.kit.as_ref().and_then(kit::open) {
        screen.faint(&open);
    }
    if status.problems > 0 {
        screen.line(&format!("{} a look: asif doctor", count(status.problems, "thing needs", "things need")));
    }
}

/// What follows the making of a journal.
pub fn begun(screen: &mut Screen, status: &Status) {
    let device = status.devices.iter().find(|device| device.this).map(|device| format!(" on {}", device.name));
    let whose = status.name.as_deref().map(|name| format!("{name}'s journal")).unwrap_or_else(|| "Your journal".to_owned());
    screen.line(&format!("{whose} begins here{}.", device.unwrap_or_default()));
    let (next, danger) = ("Next: asif demo politeness   or   asif sketch", "If you're in danger now: asif crisis");
    let both = format!("{next}            {danger}");
    if screen.plain || width(&both) > screen.width {
        screen.line(next);
        screen.line(danger);
    } else {
        screen.line(&both);
    }
}

/// Where things live.
pub fn paths(screen: &mut Screen, paths: &Paths) {
    for (name, path) in paths.named() {
        screen.line(&format!("{name:<8}{}", path.display()));
    }
}

fn vault(status: &Status) -> String {
    match (status.locked, status.vault.as_str()) {
        (true, _) => "locked".to_owned(),
        (false, "key file") => "unlocked (key file; a passphrase is not set)".to_owned(),
        (false, vault) => format!("unlocked ({vault})"),
    }
}

fn devices(screen: &Screen, status: &Status) -> String {
    let number = count(u64::try_from(status.devices.len()).unwrap_or(u64::MAX), "device", "devices");
    let last = status.devices.iter().filter_map(|device| device.last_sync).max();
    match last {
        Some(last) => format!("{number}, last sync {}", time::ago(last, screen.now)),
        None => number,
    }
}

fn helpers(screen: &Screen, status: &Status) -> String {
    if status.helpers.is_empty() {
        return "no helper".to_owned();
    }
    let one = |helper: &HelperView| {
        let until = helper.until.as_ref().map(|until| format!(", until {}", time::bound(until, screen.now))).unwrap_or_default();
        let joined = if helper.joined { "" } else { ", not joined yet" };
        let paused = if helper.paused { ", paused" } else { "" };
        let waiting = if helper.waiting.is_some() { ", waits for you" } else { "" };
        format!("{}{until}{joined}{paused}{waiting}", helper.name)
    };
    let names: Vec<String> = status.helpers.iter().map(one).collect();
    let number = u64::try_from(status.helpers.len()).unwrap_or(u64::MAX);
    format!("{} ({})", count(number, "helper", "helpers"), names.join("; "))
}

/// The parts with dots between, broken between parts where a line is full.
fn joined(screen: &mut Screen, parts: &[String]) {
    let mut line = String::new();
    for part in parts {
        if !line.is_empty() && width(&line) + width(part) + 3 > screen.width {
            screen.line(&line);
            line.clear();
        }
        if !line.is_empty() {
            line.push_str(" · ");
        }
        line.push_str(part);
    }
    screen.line(&line);
}
