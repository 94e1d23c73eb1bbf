//! Markdown tables, ready to paste.

use crate::samples::{Samples, human};

/// Prints a heading and the head of a table.
pub(crate) fn head(title: &str, cells: &[&str]) {
    println!("\n### {title}\n\n| {} |\n|{}", cells.join(" | "), "---|".repeat(cells.len()));
}

/// Prints one row.
pub(crate) fn row<S: AsRef<str>>(cells: &[S]) {
    println!("| {} |", cells.iter().map(AsRef::as_ref).collect::<Vec<_>>().join(" | "));
}

/// Prints a table of durations beside the first of them.
pub(crate) fn durations(title: &str, beside: &str, rows: &[(&str, &Samples)]) {
    head(title, &["what", "median", "the middle half", "runs", beside]);
    let floor = rows.first().map_or(f64::NAN, |(_, samples)| samples.median());
    for (name, samples) in rows.iter().filter(|(_, samples)| samples.count() > 0) {
        row(&[(*name).to_owned(), human(samples.median()), samples.spread(), samples.count().to_string(), ratio(samples.median(), floor)]);
    }
}

/// One number in terms of another.
pub(crate) fn ratio(one: f64, other: f64) -> String {
    match one / other {
        it if it < 10.0 => format!("{it:.2}"),
        it if it < 100.0 => format!("{it:.1}"),
        it => format!("{it:.0}"),
    }
}

/// Bytes in the unit that reads best, of 1000.
pub(crate) fn bytes(count: f64) -> String {
    match count {
        it if it < 10_000.0 => format!("{it:.0} B"),
        it if it < 1e6 => format!("{:.1} kB", it / 1e3),
        it => format!("{:.2} MB", it / 1e6),
    }
}
