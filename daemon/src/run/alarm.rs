//! An alarm by the clock on the wall. It rings after a sleep during which it was due, and whenever the clock is set.
//!
//! On Linux it is a timer of the kernel on that clock; elsewhere, and where there is none to be had, the clock is looked at each minute.

use std::time::Duration;

use jiff::Timestamp;
use tokio::time::{Instant, sleep, sleep_until};

use crate::replica;

/// A change of zone is noticed within this, while something depends on it.
const ZONE: Duration = Duration::from_secs(15 * 60);
/// Without a timer of the kernel the clock is looked at this often, while there is an alarm.
const LOOK: Duration = Duration::from_secs(60);

/// The alarm.
#[derive(Debug)]
pub(super) struct Alarm {
    timer: Option<timer::Timer>,
    wanted: Option<replica::Alarm>,
    armed: Option<Timestamp>,
    /// When it is time to look for another zone.
    look_at: Instant,
}

impl Alarm {
    /// An alarm that does not ring.
    pub(super) fn new() -> Self {
        let timer = timer::Timer::new();
        if let Err(error) = &timer {
            tracing::info!(%error, "no timer of the system; the clock is looked at each minute");
        }
        Self { timer: timer.ok(), wanted: None, armed: None, look_at: Instant::now() + ZONE }
    }

    /// Rings then, or not at all.
    pub(super) fn set(&mut self, wanted: Option<replica::Alarm>) {
        self.wanted = wanted;
        let at = wanted.map(|alarm| alarm.at);
        if at != self.armed {
            self.armed = at;
            let set = self.timer.as_ref().map(|timer| timer.set(at));
            if let Some(Err(error)) = set {
                tracing::warn!(%error, "the timer of the system cannot be set; the clock is looked at each minute");
                self.timer = None;
            }
        }
    }

    /// Waits until it rings: because of the time, because the clock was set, or because it is time to look for another zone.
    pub(super) async fn rang(&mut self) {
        let Some(wanted) = self.wanted else { return std::future::pending().await };
        let left = wanted.at.duration_since(Timestamp::now());
        let left = Duration::try_from(left).unwrap_or_default();
        match &self.timer {
            Some(timer) => tokio::select! {
                () = timer.rang() => {}
                () = sleep_until(self.look_at), if wanted.follows_zone => {}
            },
            None => sleep(left.min(LOOK)).await,
        }
        (self.armed, self.look_at) = (None, Instant::now() + ZONE);
    }
}

#[cfg(target_os = "linux")]
mod timer {
    use std::io;
    use std::os::fd::OwnedFd;

    use jiff::Timestamp;
    use rustix::io::Errno;
    use rustix::time::{Itimerspec, TimerfdClockId, TimerfdFlags, TimerfdTimerFlags, Timespec, timerfd_create, timerfd_settime};
    use tokio::io::Interest;
    use tokio::io::unix::AsyncFd;

    #[derive(Debug)]
    pub(super) struct Timer(AsyncFd<OwnedFd>);

    impl Timer {
        pub(super) fn new() -> io::Result<Self> {
            let fd = timerfd_create(TimerfdClockId::Realtime, TimerfdFlags::CLOEXEC | TimerfdFlags::NONBLOCK)?;
            #[expect(
                deprecated,
                reason = "sound for a descriptor that is owned; what takes its place is unsafe, and this program has no unsafe"
            )]
            let fd = AsyncFd::with_interest(fd, Interest::READABLE)?;
            Ok(Self(fd))
        }

        pub(super) fn set(&self, at: Option<Timestamp>) -> io::Result<()> {
            let none = Timespec { tv_sec: 0, tv_nsec: 0 };
            // All zero is no alarm; what is due already rings at once.
            let value = at.map_or(none, |at| Timespec { tv_sec: at.as_second().max(1), tv_nsec: at.subsec_nanosecond().max(0).into() });
            let flags = TimerfdTimerFlags::ABSTIME | TimerfdTimerFlags::CANCEL_ON_SET;
            timerfd_settime(self.0.get_ref(), flags, &Itimerspec { it_interval: none, it_value: value })?;
            Ok(())
        }

        pub(super) async fn rang(&self) {
            while let Ok(mut ready) = self.0.readable().await {
                match rustix::io::read(self.0.get_ref(), &mut [0; 8]) {
                    Err(Errno::AGAIN) => ready.clear_ready(),
                    // It rang, or the clock was set (ECANCELED).
                    _ => return,
                }
            }
        }
    }
}

#[cfg(not(target_os = "linux"))]
mod timer {
    use std::io;

    use jiff::Timestamp;

    #[derive(Debug)]
    pub(super) enum Timer {}

    impl Timer {
        pub(super) fn new() -> io::Result<Self> {
            Err(io::ErrorKind::Unsupported.into())
        }

        pub(super) fn set(&self, _: Option<Timestamp>) -> io::Result<()> {
            match *self {}
        }

        pub(super) async fn rang(&self) {
            match *self {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(milliseconds: i64) -> Option<replica::Alarm> {
        let at = Timestamp::now().checked_add(jiff::SignedDuration::from_millis(milliseconds)).unwrap();
        Some(replica::Alarm { at, follows_zone: true })
    }

    #[tokio::test]
    async fn it_rings_when_it_is_time_and_again_when_it_is_set_again() {
        let mut alarm = Alarm::new();
        for milliseconds in [20, -60_000, 0] {
            let wanted = at(milliseconds);
            alarm.set(wanted);
            alarm.rang().await;
            assert!(Timestamp::now() >= wanted.unwrap().at, "it rang too early");
        }
    }

    #[tokio::test]
    async fn one_that_is_not_set_does_not_ring() {
        let mut alarm = Alarm::new();
        alarm.set(at(-1));
        alarm.set(None);
        let mut other = Alarm::new();
        other.set(at(50));
        tokio::select! {
            biased;
            () = alarm.rang() => panic!("it was not set"),
            () = other.rang() => {}
        }
    }
}
