//! Grants: who may see what, and what ending one does.

use asif_proto::local::Held;
use asif_proto::record::HoldUntil;
use asif_proto::share::{GrantView, Role, Scope};

use super::practice::hyphens;
use super::table::Table;
use super::{Screen, receipt, time};

/// The grants in columns.
pub fn list(screen: &mut Screen, grants: &[GrantView]) {
    let mut table = Table::new(&["Receipt", "Helper", "Role", "Sees", "From", "Until", "Now"]);
    for grant in grants {
        table.row(vec![
            grant.receipt.clone(),
            match grant.devices {
                0 | 1 => grant.name.clone(),
                devices => format!("{} ({devices} devices)", grant.name),
            },
            grant.role.to_string(),
            scopes(&grant.scopes),
            time::bound(&grant.since, screen.now),
            grant.until.as_ref().map(|until| time::bound(until, screen.now)).unwrap_or_else(|| "no end".to_owned()),
            now(screen, grant),
        ]);
    }
    table.show(screen);
    for grant in grants {
        if let Some(why) = &grant.waiting {
            screen.sentence(&format!("What is new for {} waits {why}.", grant.name));
        }
    }
}

/// A grant that was changed: what they may see now.
pub fn changed(screen: &mut Screen, grant: &GrantView) {
    let name = &grant.name;
    screen.line(&format!("{name} may see: {}.", scopes(&grant.scopes)));
    let until = grant.until.as_ref().map(|until| format!(", until {}", time::bound(until, screen.now))).unwrap_or_default();
    let delay = if grant.delay_s > 0 { format!("; what is new reaches them after {}", time::length(grant.delay_s)) } else { String::new() };
    screen.line(&format!("From {}{until}{delay}.", time::bound(&grant.since, screen.now)));
    if grant.paused {
        screen.line(&format!("It is paused: nothing new goes out before asif share resume \"{name}\"."));
    }
    unheard(screen, &grant.unheard, "goes on by what it knows");
}

/// A grant that was paused, or goes on.
pub fn paused(screen: &mut Screen, grant: &GrantView) {
    let name = &grant.name;
    if grant.paused {
        screen.line(&format!("Paused. Nothing new goes to {name}; what they have stays there, and they are not told."));
        screen.faint(&format!("To go on: asif share resume \"{name}\". What you wrote meanwhile goes out then."));
        unheard(screen, &grant.unheard, "may still send what is new");
    } else {
        screen.line(&format!("Sharing with {name} goes on. What is new goes out now."));
        unheard(screen, &grant.unheard, "goes on by what it knows");
    }
}

/// A record that is kept back, or was let go.
pub fn held(screen: &mut Screen, held: &Held) {
    let id = &held.short;
    match &held.hold_until {
        None if held.private => screen.sentence(&format!("Let go; nobody sees {id} all the same: it, or its practice, is private.")),
        None => screen.line(&format!("Let go: {id} is shared as the rest is.")),
        Some(HoldUntil::Open) => screen.line(&format!("Kept back: {id} goes to nobody until you let it go (asif share hold {id} --off).")),
        Some(HoldUntil::At(at)) => screen.line(&format!("Kept back: {id} goes to nobody before {}.", time::bound(at, screen.now))),
    }
    if held.hold_until.is_some() {
        hidden(screen, held);
    }
}

/// Who had what nobody is to see any more, and who may still send it.
pub fn hidden(screen: &mut Screen, held: &Held) {
    for name in &held.was_shared_with {
        screen.sentence(&format!("{name} had it already: it is asked back. That cannot take back what {name} has read."));
    }
    unheard(screen, &held.unheard, "may still send it");
}

/// Own devices that have not heard.
fn unheard(screen: &mut Screen, devices: &[String], meanwhile: &str) {
    for device in devices {
        screen.line(&format!("{device} has not heard yet, and {meanwhile} until it does."));
    }
}

/// A grant that has just ended: what that does, and what it cannot do.
pub fn revoked(screen: &mut Screen, grant: &GrantView) {
    let at = grant.ended.map(|at| format!(" {}", time::clock(at, &screen.zone))).unwrap_or_default();
    screen.line(&format!("Stopped{at}. 0 new entries will be sent; the share is closed."));
    let name = &grant.name;
    if !grant.joined {
        screen.line(&format!("{name} had not joined: the ticket is of no use any more."));
        return;
    }
    screen.sentence(&format!("It cannot take back what {name} has read{}.", clinical_notes(name, grant.role)));
    screen.line("Delete requested.");
    let answered = grant.deletions.iter().any(|one| one.items.is_some());
    if answered {
        receipt::deletions(screen, &format!("{name}'s "), &grant.deletions);
    } else {
        let heard = if grant.end_reached == Some(true) { "has heard of it" } else { "not reached yet; it will hear when it is there" };
        screen.line(&format!("{name}'s device: {heard}  (asif share receipts {})", grant.receipt));
    }
    unheard(screen, &grant.unheard, "may still send what is new");
}

/// `, and Dana may have to keep clinical notes`, for those whose profession it is.
pub(super) fn clinical_notes(name: &str, role: Role) -> String {
    match role {
        Role::Therapist | Role::Counsellor => format!(", and {name} may have to keep clinical notes"),
        Role::Coach | Role::Sponsor | Role::Friend | Role::Family | Role::Helper => String::new(),
    }
}

/// `ratings, practices`
pub fn scopes(scopes: &[Scope]) -> String {
    scopes.iter().map(hyphens).collect::<Vec<_>>().join(", ")
}

fn now(screen: &Screen, grant: &GrantView) -> String {
    if let Some(ended) = grant.ended {
        let answered = grant.deletions.iter().filter(|one| one.items.is_some()).count();
        let heard = match (grant.end_reached, answered) {
            (Some(false), 0) => ", not heard there yet".to_owned(),
            (_, 0) => String::new(),
            (_, some) if some == grant.deletions.len() => ", deleted there".to_owned(),
            (_, some) => format!(", deleted on {some} of {} devices there", grant.deletions.len()),
        };
        let left = if grant.left.is_some() { "left by them" } else { "ended" };
        return format!("{left} {}{heard}", time::instant(ended, screen));
    }
    if !grant.joined {
        return "not joined yet".to_owned();
    }
    match &grant.waiting {
        Some(_) if grant.paused => "paused, and waiting".to_owned(),
        Some(_) => "waiting".to_owned(),
        None if grant.paused => "paused".to_owned(),
        None => {
            let delay = if grant.delay_s > 0 { format!(", each after {}", time::length(grant.delay_s)) } else { String::new() };
            format!("sharing {}{delay}", super::text::count(grant.items, "item", "items"))
        }
    }
}
