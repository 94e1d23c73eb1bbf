//! Grants: who may see what, and what ending one does.

use asif_proto::share::{GrantView, Role, Scope};

use super::practice::hyphens;
use super::table::Table;
use super::{Screen, time};

/// The grants in columns.
pub fn list(screen: &mut Screen, grants: &[GrantView]) {
    let mut table = Table::new(&["Receipt", "Helper", "Role", "Sees", "From", "Until", "Now"]);
    for grant in grants {
        table.row(vec![
            grant.receipt.clone(),
            grant.name.clone(),
            grant.role.to_string(),
            scopes(&grant.scopes),
            time::bound(&grant.since, screen.now),
            grant.until.as_ref().map(|until| time::bound(until, screen.now)).unwrap_or_else(|| "no end".to_owned()),
            now(screen, grant),
        ]);
    }
    table.show(screen);
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
    let heard = if grant.end_reached == Some(true) { "has heard of it" } else { "not reached yet; it will hear when it is there" };
    screen.line(&format!("{name}'s device: {heard}"));
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
        let heard = if grant.end_reached == Some(false) { ", not heard there yet" } else { "" };
        return format!("ended {}{heard}", time::instant(ended, screen));
    }
    if !grant.joined {
        return "not joined yet".to_owned();
    }
    match &grant.waiting {
        Some(why) => format!("waiting: {why}"),
        None => format!("sharing {}", super::text::count(grant.items, "item", "items")),
    }
}
