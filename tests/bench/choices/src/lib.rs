//! What both measurements share: timing samples, and a line to print them on.
//!
//! The machine is noisy and shared, so whatever is compared is measured interleaved in one run, and ratios
//! are printed beside the absolutes.

use std::time::{Duration, Instant};

/// Durations of one repeated step.
#[derive(Default)]
pub struct Samples(Vec<Duration>);

impl Samples {
    /// Runs `step` once and keeps how long it took.
    pub fn time<T>(&mut self, step: impl FnOnce() -> T) -> T {
        let start = Instant::now();
        let result = step();
        self.0.push(start.elapsed());
        result
    }

    /// How many durations there are.
    pub fn count(&self) -> usize {
        self.0.len()
    }

    /// The duration that half of the samples do not exceed, in microseconds.
    pub fn median(&self) -> f64 {
        self.quantile(0.5)
    }

    /// The duration that 95 of 100 samples do not exceed, in microseconds.
    pub fn p95(&self) -> f64 {
        self.quantile(0.95)
    }

    /// The longest duration, in microseconds.
    pub fn max(&self) -> f64 {
        self.quantile(1.0)
    }

    /// All durations together, in microseconds.
    pub fn total(&self) -> f64 {
        self.0.iter().sum::<Duration>().as_secs_f64() * 1e6
    }

    fn quantile(&self, share: f64) -> f64 {
        let mut sorted = self.0.clone();
        sorted.sort_unstable();
        let last = sorted.len().saturating_sub(1) as f64;
        sorted.get((last * share).round() as usize).map_or(f64::NAN, |it| it.as_secs_f64() * 1e6)
    }
}

/// A duration in microseconds, in the unit that reads best.
pub fn human(micros: f64) -> String {
    match micros {
        it if it < 1_000.0 => format!("{it:.0} us"),
        it if it < 1_000_000.0 => format!("{:.2} ms", it / 1e3),
        it => format!("{:.2} s", it / 1e6),
    }
}

/// Bytes as megabytes of 10^6.
pub fn megabytes(bytes: u64) -> String {
    format!("{:.2} MB", bytes as f64 / 1e6)
}

/// Prints one row of a Markdown table.
pub fn row(cells: &[String]) {
    println!("| {} |", cells.join(" | "));
}

/// Prints the head of a Markdown table.
pub fn head(cells: &[&str]) {
    println!("\n| {} |\n|{}", cells.join(" | "), "---|".repeat(cells.len()));
}
