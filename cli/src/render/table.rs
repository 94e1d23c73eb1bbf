//! Rows in columns; with `--plain` one record a line, each value with its name.

use super::Screen;
use super::text::{pad, visible, width, wrap};

/// The columns that the last one needs at least, where it has so much to tell.
const ROOM: usize = 20;

/// Rows under a heading.
pub struct Table {
    headings: Vec<&'static str>,
    rows: Vec<Vec<String>>,
}

impl Table {
    /// An empty table with these columns.
    pub fn new(headings: &[&'static str]) -> Self {
        Self { headings: headings.to_vec(), rows: Vec::new() }
    }

    /// Adds a row; an empty value is nothing to tell.
    pub fn row(&mut self, cells: Vec<String>) {
        self.rows.push(cells.into_iter().map(|cell| visible(&cell)).collect());
    }

    /// Puts the table on the screen; an empty one says nothing.
    pub fn show(self, screen: &mut Screen) {
        if self.rows.is_empty() {
            return;
        }
        if screen.plain {
            return self.one_record_a_line(screen);
        }
        let columns: Vec<usize> = (0..self.headings.len()).map(|at| self.column(at)).collect();
        let before_last: usize = columns.iter().rev().skip(1).map(|columns| columns + 2).sum();
        let room = screen.width.saturating_sub(before_last);
        if room < columns.last().copied().unwrap_or(0).min(ROOM) {
            return self.under_each_other(screen);
        }
        let line = |cells: &[&str]| {
            let padded: Vec<String> = cells.iter().zip(&columns).map(|(cell, &columns)| pad(cell, columns)).collect();
            padded.join("  ").trim_end().to_owned()
        };
        screen.heading(&line(&self.headings));
        for row in &self.rows {
            let cells: Vec<&str> = row.iter().map(String::as_str).collect();
            let Some((last, others)) = cells.split_last().filter(|(last, _)| width(last) > room) else {
                screen.line(&line(&cells));
                continue;
            };
            // What is too long for the last column goes on under it.
            let mut broken = wrap(last, room).into_iter();
            let first = broken.next().unwrap_or_default();
            screen.line(&line(&others.iter().copied().chain([first.as_str()]).collect::<Vec<_>>()));
            broken.for_each(|rest| screen.line(&format!("{}{rest}", " ".repeat(before_last))));
        }
    }

    /// Where the columns do not fit beside each other: each record on lines of its own.
    fn under_each_other(self, screen: &mut Screen) {
        for row in &self.rows {
            let named = self.headings.iter().zip(row).enumerate().filter(|(_, (_, cell))| !cell.is_empty());
            let parts: Vec<String> = named
                .map(|(at, (heading, cell))| if at < 2 { cell.clone() } else { format!("{}: {cell}", heading.to_lowercase()) })
                .collect();
            screen.record(&parts);
        }
    }

    fn column(&self, at: usize) -> usize {
        let cells = self.rows.iter().filter_map(|row| row.get(at)).map(|cell| width(cell));
        cells.chain(self.headings.get(at).map(|heading| width(heading))).max().unwrap_or(0)
    }

    /// The first value names the record; the others follow with their names.
    fn one_record_a_line(self, screen: &mut Screen) {
        for row in &self.rows {
            let named = self.headings.iter().zip(row).enumerate().filter(|(_, (_, cell))| !cell.is_empty());
            let parts: Vec<String> = named
                .map(|(at, (heading, cell))| if at == 0 { cell.clone() } else { format!("{}: {cell}", heading.to_lowercase()) })
                .collect();
            screen.line(&parts.join("; "));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::screen_for_tests;

    fn table() -> Table {
        let mut table = Table::new(&["Client", "Last synced", "New"]);
        table.row(vec!["Робин".into(), "2 h ago".into(), "6".into()]);
        table.row(vec!["日本\u{1b}".into(), String::new(), "10".into()]);
        table
    }

    #[test]
    fn columns_line_up_by_the_width_they_take() {
        let mut screen = screen_for_tests(false, 80);
        table().show(&mut screen);
        assert_eq!(screen.finish(), "Client  Last synced  New\nРобин   2 h ago      6\n日本␛                10\n");
    }

    #[test]
    fn what_does_not_fit_beside_goes_under() {
        let mut screen = screen_for_tests(false, 24);
        table().show(&mut screen);
        assert_eq!(screen.finish(), "Client  Last synced  New\nРобин   2 h ago      6\n日本␛                10\n");
        let mut screen = screen_for_tests(false, 20);
        table().show(&mut screen);
        assert_eq!(screen.finish(), "Робин  2 h ago\n    new: 6\n日本␛  new: 10\n");
        let mut long = Table::new(&["Id", "What else"]);
        long.row(vec!["7f3a".into(), "one two three four five six seven".into()]);
        let mut screen = screen_for_tests(false, 30);
        long.show(&mut screen);
        assert_eq!(screen.finish(), "Id    What else\n7f3a  one two three four five\n      six seven\n");
    }

    #[test]
    fn plain_tells_one_record_a_line() {
        let mut screen = screen_for_tests(true, 80);
        table().show(&mut screen);
        assert_eq!(screen.finish(), "Робин; last synced: 2 h ago; new: 6\n日本␛; new: 10\n");
    }
}
