//! Borrowed beliefs: the lender's words first.

use asif_proto::id::unique_suffix;
use asif_proto::share::Loan;

use super::{Screen, short_id, time};

/// Everything lent to this person.
pub fn list(screen: &mut Screen, loans: &[Loan]) {
    let ids: Vec<String> = loans.iter().map(|loan| loan.id.to_string()).collect();
    for (loan, id) in loans.iter().zip(&ids) {
        let id = unique_suffix(id, ids.iter().map(String::as_str));
        told(screen, loan, id);
        if !loan.ended {
            screen.faint(&format!("  to practise on it: asif try {}", loan.practice));
        }
    }
}

/// One loan.
pub fn whole(screen: &mut Screen, loan: &Loan) {
    let id = loan.id.to_string();
    told(screen, loan, short_id(&id));
    if let Some(reasons) = &loan.reasons {
        screen.line("  why:");
        screen.prose("    ", reasons);
    }
    screen.line(&format!("  lent: {}", time::instant(loan.lent_at, screen)));
    screen.faint(&format!("  id: {id}"));
}

/// A loan at the moment of practice: `Dana lends you (strength 85, until 21 Feb 2027):` and their words.
pub fn at_practice(screen: &mut Screen, loan: &Loan) {
    let terms = terms(screen, loan);
    screen.line(&format!("{} lends you {terms}:", loan.lender));
    screen.prose("  ", &quoted(&loan.statement));
}

/// What the lender reads after lending.
pub fn lent(screen: &mut Screen, loan: &Loan) {
    let id = loan.id.to_string();
    screen.line(&format!("lent for {}  {}  {}", loan.practice, short_id(&id), terms(screen, loan)));
    screen.prose("  ", &quoted(&loan.statement));
}

/// What was given back.
pub fn returned(screen: &mut Screen, loan: &Loan) {
    screen.line(&format!("Given back to {}: what was lent for {}.  (undo: asif undo)", loan.lender, loan.practice));
}

/// What one helper lent for a client's practices.
pub fn lent_before(screen: &mut Screen, loans: &[Loan]) {
    for loan in loans {
        let (terms, id) = (terms(screen, loan), loan.id.to_string());
        screen.line(&format!("You lend for {} {terms}:  {}", loan.practice, short_id(&id)));
        screen.prose("  ", &quoted(&loan.statement));
    }
}

fn told(screen: &mut Screen, loan: &Loan, id: &str) {
    let terms = terms(screen, loan);
    screen.line(&format!("{} lends you for {} {terms}:  {id}", loan.lender, loan.practice));
    screen.prose("  ", &quoted(&loan.statement));
}

/// `(strength 85, until 21 Feb 2027)`
fn terms(screen: &Screen, loan: &Loan) -> String {
    let until = loan.until.as_ref().map(|until| format!(", until {}", time::bound(until, screen.now))).unwrap_or_default();
    let ended = match (loan.returned_at, loan.withdrawn_at) {
        (Some(_), _) => ", given back",
        (None, Some(_)) => ", taken back",
        (None, None) if loan.ended => ", ended",
        (None, None) => "",
    };
    format!("(strength {}{until}{ended})", loan.strength)
}

fn quoted(words: &str) -> String {
    format!("\"{}\"", words.trim())
}
