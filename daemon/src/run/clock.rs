//! The clocks of this machine.

use std::time::{Duration, Instant};

use jiff::Timestamp;

use crate::replica::effect::Now;

/// Counts from its making.
#[derive(Debug, Clone, Copy)]
pub(super) struct Clock(Instant);

impl Clock {
    /// Begins to count.
    pub(super) fn start() -> Self {
        Self(Instant::now())
    }

    /// What all clocks say.
    pub(super) fn now(self) -> Now {
        Now { wall: Timestamp::now(), mono: self.elapsed(), steady: steady().unwrap_or_else(|| self.elapsed()) }
    }

    /// Since its making, less the sleep of the machine.
    pub(super) fn elapsed(self) -> Duration {
        self.0.elapsed()
    }
}

/// Since the machine was started, its sleep included; none where that cannot be asked.
#[cfg(target_os = "linux")]
fn steady() -> Option<Duration> {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::Boottime);
    Some(Duration::new(u64::try_from(time.tv_sec).ok()?, u32::try_from(time.tv_nsec).ok()?))
}

#[cfg(not(target_os = "linux"))]
fn steady() -> Option<Duration> {
    None
}
