//! When to dial a peer again: at once, then ever more rarely, never in step with others.

use std::time::Duration;

use rand_core::Rng as _;

use crate::Rng;

const FIRST: Duration = Duration::from_millis(250);
const LONGEST: Duration = Duration::from_secs(60);
/// After so many tries in vain, an hour or so, whoever is away is expected to come by themselves, and is tried as rarely as this.
const MANY: u32 = 64;
const RARELY: Duration = Duration::from_secs(600);

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

    /// A try failed: waits twice as long as before, between 250 ms and 60 s, in the end ten minutes, and up to a half of that more.
    pub fn failed(&mut self, now: Duration, rng: &mut Rng) {
        let doubled = FIRST.saturating_mul(1u32.checked_shl(self.failures.min(16)).unwrap_or(u32::MAX));
        let wait = if self.failures < MANY { doubled.min(LONGEST) } else { RARELY };
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
    fn waits_grow_to_a_minute_and_a_half_and_after_an_hour_to_a_quarter_of_one() {
        let mut rng = Rng::seed_from_u64(1);
        let mut backoff = Backoff::default();
        assert_eq!(backoff.not_before(), Duration::ZERO);
        let mut waits = Vec::new();
        for _ in 0..80 {
            backoff.failed(Duration::ZERO, &mut rng);
            waits.push(backoff.not_before());
        }
        assert!(waits[0] >= FIRST && waits[0] <= FIRST * 3 / 2);
        let (soon, rarely) = waits.split_at(MANY as usize);
        assert!(soon.iter().skip(10).all(|wait| *wait >= LONGEST && *wait <= LONGEST * 3 / 2), "{waits:?}");
        assert!(soon.iter().sum::<Duration>() > Duration::from_secs(3000));
        assert!(rarely.iter().all(|wait| *wait >= RARELY && *wait <= RARELY * 3 / 2), "{waits:?}");
        backoff.reset();
        assert_eq!(backoff.not_before(), Duration::ZERO);
    }
}
