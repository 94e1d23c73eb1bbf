//! How it is with helpers.

use asif_proto::rating::Rating;
use asif_proto::record::{Rapport, Shown, Visibility};

use super::table::Table;
use super::{Screen, record, time};

/// `rated rapport  7f3a  Dana: understood 70, trust 60, agreement 50`
pub fn changed(screen: &mut Screen, done: &str, one: &Shown<Rapport>) {
    let hint = record::hint(one.value.deleted, &one.short);
    screen.line(&format!("{done} rapport  {}  {}: {}{hint}", one.short, one.value.helper, ratings(&one.value)));
}

/// One of them, whole.
pub fn whole(screen: &mut Screen, one: &Shown<Rapport>) {
    record::heading(screen, &format!("rapport  {}  {}", one.short, time::instant(one.value.recorded_at, screen)), one.value.deleted);
    screen.line(&format!("  with {}: {}", one.value.helper, ratings(&one.value)));
    record::ending(screen, one, one.value.visibility);
}

/// All of them, oldest first, with a bar for each.
pub fn chart(screen: &mut Screen, all: &[Shown<Rapport>]) {
    let mut table = Table::new(&["When", "Helper", "Understood", "Trust", "Agreement", "Id"]);
    for one in all {
        let private = if one.value.visibility == Visibility::Private { " (private)" } else { "" };
        table.row(vec![
            time::instant(one.value.recorded_at, screen),
            format!("{}{private}", one.value.helper),
            bar(screen, one.value.understood),
            bar(screen, one.value.trust),
            bar(screen, one.value.agreement),
            one.short.clone(),
        ]);
    }
    table.show(screen);
}

/// `70 #######---`; with plain output the number alone.
fn bar(screen: &Screen, rating: Option<Rating>) -> String {
    let Some(rating) = rating else { return String::new() };
    if screen.plain {
        return rating.to_string();
    }
    let full = usize::from(rating.value()).div_ceil(10).min(10);
    format!("{rating:>3} {}{}", "#".repeat(full), "-".repeat(10 - full))
}

fn ratings(one: &Rapport) -> String {
    let named = |name: &str, rating: Option<Rating>| rating.map(|rating| format!("{name} {rating}"));
    let all = [named("understood", one.understood), named("trust", one.trust), named("agreement", one.agreement)];
    all.into_iter().flatten().collect::<Vec<_>>().join(", ")
}
