//! Rows in columns; with `--plain` one record a line, each value with its name.

use super::Screen;
use super::text::{pad, visible, width};

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
        let join = |cells: &mut dyn Iterator<Item = &str>| {
            let padded: Vec<String> = cells.zip(&columns).map(|(cell, &columns)| pad(cell, columns)).collect();
            padded.join("  ").trim_end().to_owned()
        };
        screen.heading(&join(&mut self.headings.iter().copied()));
        for row in &self.rows {
            let line = join(&mut row.iter().map(String::as_str));
            screen.line(&line);
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
    fn plain_tells_one_record_a_line() {
        let mut screen = screen_for_tests(true, 80);
        table().show(&mut screen);
        assert_eq!(screen.finish(), "Робин; last synced: 2 h ago; new: 6\n日本␛; new: 10\n");
    }
}
