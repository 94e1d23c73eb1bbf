//! When the router is asked again.

use std::time::Duration;

use crab_nat::TimeoutConfig;

/// For so long it is asked to pass packets on.
pub(super) const ASKED_FOR: Duration = Duration::from_secs(ASKED_FOR_S as u64);
/// The same in seconds, as it is asked (RFC 6886, section 3.3, recommends two hours).
pub(super) const ASKED_FOR_S: u32 = 7200;

/// How long what is waited for.
#[derive(Debug, Clone, Copy)]
pub(super) struct Pace {
    /// From the first failure to the next try; doubled with each further one.
    pub(super) first: Duration,
    /// The longest that it waits for the next try.
    pub(super) most: Duration,
    /// It asks no more often than this, however soon what was given ends.
    pub(super) soonest: Duration,
    /// For an answer.
    pub(super) patience: TimeoutConfig,
    /// For the answer that something is taken back.
    pub(super) patience_at_the_end: TimeoutConfig,
}

impl Pace {
    /// As it is outside tests: an answer is waited for seven and a half seconds in all, and at the end for less than two.
    pub(super) const REAL: Self = Self {
        first: Duration::from_secs(60),
        most: Duration::from_secs(3600),
        soonest: Duration::from_secs(15),
        patience: TimeoutConfig { initial_timeout: Duration::from_millis(500), max_retries: 3, max_retry_timeout: None },
        patience_at_the_end: TimeoutConfig { initial_timeout: Duration::from_millis(250), max_retries: 2, max_retry_timeout: None },
    };

    /// How long after it was given something is asked for again. Nothing counts for longer than was asked for: routers forget when they start anew.
    pub(super) fn renews_after(&self, lifetime: Duration) -> Duration {
        (lifetime.min(ASKED_FOR) / 2).max(self.soonest)
    }

    /// How long after the last of so many failures it is tried again.
    pub(super) fn tries_after(&self, failures: u32) -> Duration {
        self.first.saturating_mul(2u32.saturating_pow(failures.saturating_sub(1))).min(self.most)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn after_failures_it_is_tried_ever_more_rarely_from_a_minute_to_an_hour() {
        let minutes = |failures| Pace::REAL.tries_after(failures).as_secs_f64() / 60.0;
        assert_eq!([1, 2, 3, 6, 7, 8, u32::MAX].map(minutes), [1.0, 2.0, 4.0, 32.0, 60.0, 60.0, 60.0]);
    }

    #[test]
    fn what_was_given_is_asked_for_again_at_half_of_its_time_and_neither_at_once_nor_never() {
        let seconds = |lifetime| Pace::REAL.renews_after(Duration::from_secs(lifetime)).as_secs();
        assert_eq!([7200, 600, 30].map(seconds), [3600, 300, 15]);
        assert_eq!([0, 1, u64::from(u32::MAX)].map(seconds), [15, 15, 3600]);
    }
}
