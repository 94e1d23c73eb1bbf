//! Durations of one repeated step.

use std::time::{Duration, Instant};

/// Durations of one repeated step.
#[derive(Default)]
pub(crate) struct Samples(Vec<Duration>);

impl Samples {
    /// Runs `step` once and keeps how long it took.
    pub(crate) fn time<T>(&mut self, step: impl FnOnce() -> T) -> T {
        let start = Instant::now();
        let result = step();
        self.keep(start.elapsed());
        result
    }

    /// Keeps a duration.
    pub(crate) fn keep(&mut self, took: Duration) {
        self.0.push(took);
    }

    /// How many there are.
    pub(crate) fn count(&self) -> usize {
        self.0.len()
    }

    /// The duration that half of the samples do not exceed, in microseconds.
    pub(crate) fn median(&self) -> f64 {
        self.quantile(0.5)
    }

    /// The middle half: from the first quartile to the third.
    pub(crate) fn spread(&self) -> String {
        format!("{} to {}", human(self.quantile(0.25)), human(self.quantile(0.75)))
    }

    /// The longest, in the unit that reads best.
    pub(crate) fn longest(&self) -> String {
        human(self.quantile(1.0))
    }

    fn quantile(&self, share: f64) -> f64 {
        let mut sorted = self.0.clone();
        sorted.sort_unstable();
        let last = sorted.len().saturating_sub(1) as f64;
        sorted.get((last * share).round() as usize).map_or(f64::NAN, |it| it.as_secs_f64() * 1e6)
    }
}

/// A duration in microseconds, in the unit that reads best.
pub(crate) fn human(micros: f64) -> String {
    match micros {
        it if it < 1_000.0 => format!("{it:.0} us"),
        it if it < 100_000.0 => format!("{:.2} ms", it / 1e3),
        it if it < 1_000_000.0 => format!("{:.0} ms", it / 1e3),
        it => format!("{:.2} s", it / 1e6),
    }
}
