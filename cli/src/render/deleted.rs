//! What was deleted.

use asif_proto::local::Deleted;

use super::table::Table;
use super::{Screen, time};

/// Everything that can be restored, in columns.
pub fn list(screen: &mut Screen, all: &[Deleted]) {
    let mut table = Table::new(&["Id", "What", "Of", "Words"]);
    for one in all {
        let of = one.at.as_ref().map(|at| time::when(at, screen.now)).unwrap_or_default();
        table.row(vec![one.short.clone(), one.record.replace('_', " "), of, one.text.clone()]);
    }
    table.show(screen);
}
