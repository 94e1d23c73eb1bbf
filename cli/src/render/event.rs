//! What comes while another person or device is awaited, and how a sync went.

use asif_proto::local::{Event, Synced};
use jiff::Timestamp;

use super::{Screen, time};

/// One event, which is told `now`.
pub fn event(screen: &mut Screen, event: &Event, now: Timestamp) {
    match event {
        Event::Invited { code, ticket, expires_at } => {
            if let Some(code) = code {
                screen.line(&format!("Code    {code}"));
            }
            screen.line(&format!("Ticket  {ticket}"));
            screen.line(&format!("        works once, until {}", time::instant(*expires_at, screen)));
        }
        Event::Joined { name, device } => {
            screen.line(&format!("{name} joined at {} (device {device}).", time::clock(now, &screen.zone)));
        }
    }
}

/// How a sync went.
pub fn synced(screen: &mut Screen, synced: &Synced, waited: bool) {
    if synced.peers.is_empty() && synced.unreached.is_empty() {
        screen.line(if waited { "Nobody else holds any of this yet: nothing to bring up to date." } else { "Started." });
        return;
    }
    for peer in &synced.peers {
        screen.line(&format!("{peer} is up to date"));
    }
    for (peer, reason) in &synced.unreached {
        screen.line(&match waited {
            true => format!("{peer}: {reason}"),
            false => format!("{peer} is being tried (asif sync --wait tells how it went)"),
        });
    }
}
