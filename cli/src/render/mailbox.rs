//! Mailboxes, as a person is told of them.

use asif_proto::local::{MailboxView, StationView};

use super::Screen;
use super::text::size;
use super::time;

/// One is used from now on.
pub fn used(screen: &mut Screen, view: &MailboxView) {
    let Some(own) = &view.own else { return };
    screen.line(&format!(
        "You use the mailbox at {}. What your devices write goes there, sealed, and to each of them from there.",
        own.places.join(", ")
    ));
    if let Some(quota) = own.quota {
        screen.line(&format!("You may keep {} there.", size(quota)));
    }
    screen.line("It cannot read any of it. It sees when your devices come, from which address, and how much lies there.");
}

/// How it is.
pub fn status(screen: &mut Screen, view: &MailboxView) {
    match &view.own {
        Some(own) => station(screen, own),
        None => screen.line("You use no mailbox. With a ticket from whoever runs one: asif mailbox use TICKET"),
    }
    view.others.iter().for_each(|other| station(screen, other));
}

fn station(screen: &mut Screen, one: &StationView) {
    let whose = one.of.as_ref().map_or_else(|| "mailbox".to_owned(), |name| format!("mailbox of {name}"));
    let state = match (one.connected, one.settled) {
        (true, true) => "connected, and it holds all that this device has".to_owned(),
        (true, false) => "connected, and not everything has arrived yet".to_owned(),
        (false, _) => "not connected".to_owned(),
    };
    screen.line(&format!("{whose} at {}  {state}", one.places.join(", ")));
    if let Some(at) = one.last_sync {
        screen.line(&format!("  both last had the same {}", time::instant(at, screen)));
    }
    if let (Some(used), Some(quota)) = (one.used, one.quota) {
        screen.line(&format!("  {} of {} used when this device came", size(used), size(quota)));
    }
    if let Some(trouble) = &one.trouble {
        screen.line(&format!("  {trouble}"));
    }
}

/// None is used any more.
pub fn left(screen: &mut Screen, unheard: bool) {
    if unheard {
        screen.line(
            "You use no mailbox any more. If it could not be reached, what it keeps stays there, sealed, until whoever runs it removes it.",
        );
    } else {
        screen.line(
            "You use no mailbox any more. It says that it has removed all that it kept for you; whether it did, no software can show.",
        );
    }
}
