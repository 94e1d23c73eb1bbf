//! What both signed, what was answered to an end, and what is reported as opened.

use asif_proto::share::{DeletionAnswer, OpenedRecord, Opening, Receipt};

use super::share::scopes;
use super::text::count;
use super::{Screen, time};

/// How many opened records are named on a screen.
const NAMED: usize = 12;

/// Receipts, each in a few lines.
pub fn list(screen: &mut Screen, receipts: &[Receipt]) {
    for receipt in receipts {
        one(screen, receipt);
    }
}

fn one(screen: &mut Screen, receipt: &Receipt) {
    let direction = if receipt.given { "given to" } else { "given by" };
    screen.heading(&format!("{}  {direction} {}", receipt.receipt, receipt.name));
    match &receipt.terms {
        Some(terms) => {
            let until = terms.until.as_ref().map(|until| format!(", until {}", time::bound(until, screen.now))).unwrap_or_default();
            let delay = if terms.delay_s > 0 { format!("; new entries after {}", time::length(terms.delay_s)) } else { String::new() };
            screen.line(&format!("  {} may see: {}", terms.role, scopes(&terms.scopes)));
            screen.line(&format!("  from {}{until}{delay}", time::bound(&terms.since, screen.now)));
            screen.line(&format!(
                "  the client is known as \"{}\"; version {}, first given {}",
                terms.client_name,
                terms.version,
                time::instant(terms.at, screen)
            ));
            if let Some(purpose) = &terms.purpose {
                screen.line(&format!("  what for: {purpose}"));
            }
        }
        None => screen.line("  nothing is here that was signed"),
    }
    let signed = |there: bool| if there { "signed" } else { "not signed yet" };
    let (client, helper) = (receipt.client_signature.is_some(), receipt.helper_signature.is_some());
    screen.line(&format!("  by the client: {}   by the helper: {}", signed(client), signed(helper)));
    if let Some(ended) = receipt.ended {
        screen.line(&format!("  ended {}", time::instant(ended, screen)));
        deletions(screen, "  ", &receipt.deletions);
    }
}

/// `device 7b2b1afe: deleted 214 items, 16:40, signed`
pub fn deletions(screen: &mut Screen, indent: &str, deletions: &[DeletionAnswer]) {
    for one in deletions {
        let device = &one.device;
        match (one.items, one.at) {
            (Some(items), Some(at)) => {
                let at = time::instant(at, screen);
                screen.line(&format!("{indent}device {device}: deleted {}, {at}, signed", count(items, "item", "items")));
            }
            _ => screen.line(&format!("{indent}device {device}: asked to delete; not answered yet")),
        }
    }
}

fn named(record: &OpenedRecord) -> String {
    let changed = if record.changed { " (sent anew since it was opened first)" } else { "" };
    format!("{} {}{changed}", record.what, record.short)
}

/// What helpers' devices report as opened, newest first.
pub fn openings(screen: &mut Screen, openings: &[Opening]) {
    for one in openings {
        let at = time::instant(one.at, screen);
        screen.line(&format!("{at}  {}'s device {} opened {}", one.helper, one.device, count(one.items, "entry", "entries")));
        let named: Vec<String> = one.records.iter().take(NAMED).map(named).collect();
        let more = one.records.len().saturating_sub(NAMED);
        let more = if more > 0 { format!(", and {more} more") } else { String::new() };
        if !named.is_empty() {
            screen.sentence(&format!("  {}{more}", named.join(", ")));
        }
    }
    if !openings.is_empty() {
        screen.faint("Reported by the helper's device. Whether somebody read it, and who, nobody here can know.");
    }
}
