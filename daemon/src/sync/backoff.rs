//! When to dial a peer again: at once, then ever more rarely, never in step with others.

use std::time::Duration;

use rand_core::Rng as _;

use crate::Rng;

const FIRST: Duration = Duration::from_millis(250);
const LONGEST: Duration = Duration::from_secs(60);

/// The state of one peer.
#[derive(Debug, Clone, Default)]
pub struct Backoff {
    failures: u32,
    not_before: Duration,
}

impl Backoff {
    /// When the next try may be made, on the monotonic clock.
    pub fn not_before(&self) -> Duration {
        self.not_before
    }

    /// A try failed: waits twice as long as before, between 250 ms and 60 s, and up to a half of that more.
    pub fn failed(&mut self, now: Duration, rng: &mut Rng) {
        let wait = FIRST.saturating_mul(1u32.checked_shl(self.failures.min(16)).unwrap_or(u32::MAX)).min(LONGEST);
        self.failures = self.failures.saturating_add(1);
        let jitter = wait.mul_f64(f64::from(rng.next_u32()) / f64::from(u32::MAX) / 2.0);
        self.not_before = now + wait + jitter;
    }

    /// A try worked, or there is reason to try at once.
    pub fn reset(&mut self) {
        *self = Self::default();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand_core::SeedableRng;

    #[test]
    fn waits_grow_to_a_minute_and_a_half_at_most() {
        let mut rng = Rng::seed_from_u64(1);
        let mut backoff = Backoff::default();
        assert_eq!(backoff.not_before(), Duration::ZERO);
        let mut waits = Vec::new();
        for _ in 0..40 {
            backoff.failed(Duration::ZERO, &mut rng);
            waits.push(backoff.not_before());
        }
        assert!(waits[0] >= FIRST && waits[0] <= FIRST * 3 / 2);
        assert!(waits.iter().skip(10).all(|wait| *wait >= LONGEST && *wait <= LONGEST * 3 / 2), "{waits:?}");
        backoff.reset();
        assert_eq!(backoff.not_before(), Duration::ZERO);
    }
}
