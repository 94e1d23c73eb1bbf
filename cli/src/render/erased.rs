//! What was erased for good.

use asif_proto::local::Erased;

use super::{Screen, short_id};

/// That it is gone here, and what is still to come, or cannot be done.
pub fn told(screen: &mut Screen, erased: &Erased) {
    let (what, id) = (&erased.record, erased.id.to_string());
    let id = short_id(&id);
    if erased.history {
        screen.line(&format!("erased what {what} {id} said before; what it says now stays"));
    } else {
        screen.line(&format!("erased {what} {id}"));
    }
    for name in &erased.was_shared_with {
        screen.sentence(&format!("{name} had it: {name}'s devices are asked to forget it. That cannot take back what {name} has read."));
    }
    for device in &erased.others {
        screen.line(&format!("{device} erases it as it hears of it."));
    }
}
