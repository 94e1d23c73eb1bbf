//! Tags.

use asif_proto::local::{TagRenamed, TagView};

use super::Screen;
use super::table::Table;

/// The tags in columns, by name.
pub fn list(screen: &mut Screen, tags: &[TagView]) {
    let mut table = Table::new(&["Tag", "Sessions"]);
    for one in tags {
        table.row(vec![one.tag.clone(), one.sessions.to_string()]);
    }
    table.show(screen);
}

/// `renamed #wrok to #work  in 12 sessions  (undo: asif undo)`
pub fn renamed(screen: &mut Screen, renamed: &TagRenamed) {
    let TagRenamed { from, to, sessions, .. } = renamed;
    let many = if *sessions == 1 { "1 session".to_owned() } else { format!("{sessions} sessions") };
    screen.line(&format!("renamed #{from} to #{to}  in {many}  (undo: asif undo)"));
}
