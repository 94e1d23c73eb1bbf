//! The clock of one machine, which stands still while the machine sleeps, and quinn's timers on it.

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use quinn::{AsyncTimer, AsyncUdpSocket, Runtime};
use tokio::time::{Instant, Sleep, sleep_until};

/// Counts while the machine is awake, on tokio's clock.
#[derive(Debug)]
pub(crate) struct Clock {
    began: Instant,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    slept: Duration,
    asleep: Option<Instant>,
    /// Whoever waits for a time that does not come before the machine wakes.
    wakers: Vec<Waker>,
}

impl Clock {
    pub(crate) fn start() -> Arc<Self> {
        Arc::new(Self { began: Instant::now(), state: Mutex::default() })
    }

    /// How long it was awake.
    pub(crate) fn elapsed(&self) -> Duration {
        let state = self.lock();
        state.asleep.unwrap_or_else(Instant::now) - self.began - state.slept
    }

    pub(crate) fn is_asleep(&self) -> bool {
        self.lock().asleep.is_some()
    }

    /// When it will have been awake for so long, if it does not sleep before.
    pub(crate) fn when(&self, elapsed: Duration) -> Instant {
        self.began + self.lock().slept + elapsed
    }

    pub(crate) fn sleep(&self) {
        self.lock().asleep.get_or_insert_with(Instant::now);
    }

    /// Returns how long it slept.
    pub(crate) fn wake(&self) -> Duration {
        let mut state = self.lock();
        let slept = state.asleep.take().map(|since| since.elapsed()).unwrap_or_default();
        state.slept += slept;
        state.wakers.drain(..).for_each(Waker::wake);
        slept
    }

    fn now(&self) -> Instant {
        self.began + self.elapsed()
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }
}

/// tokio with this machine's clock.
#[derive(Debug)]
pub(crate) struct OnClock(pub(crate) Arc<Clock>);

impl Runtime for OnClock {
    fn new_timer(&self, at: std::time::Instant) -> Pin<Box<dyn AsyncTimer>> {
        Box::pin(Timer { clock: Arc::clone(&self.0), at: at.into(), sleep: Box::pin(sleep_until(Instant::now())) })
    }

    fn spawn(&self, future: Pin<Box<dyn Future<Output = ()> + Send>>) {
        tokio::spawn(future);
    }

    fn wrap_udp_socket(&self, _: std::net::UdpSocket) -> io::Result<Arc<dyn AsyncUdpSocket>> {
        Err(io::ErrorKind::Unsupported.into())
    }

    fn now(&self) -> std::time::Instant {
        self.0.now().into_std()
    }
}

#[derive(Debug)]
struct Timer {
    clock: Arc<Clock>,
    at: Instant,
    sleep: Pin<Box<Sleep>>,
}

impl AsyncTimer for Timer {
    fn reset(mut self: Pin<&mut Self>, at: std::time::Instant) {
        self.at = at.into();
    }

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let this = &mut *self;
        loop {
            {
                let mut state = this.clock.lock();
                if state.asleep.is_some() {
                    state.wakers.push(cx.waker().clone());
                    return Poll::Pending;
                }
            }
            if this.clock.now() >= this.at {
                return Poll::Ready(());
            }
            let at = this.clock.when(this.at - this.clock.began);
            if this.sleep.deadline() != at {
                this.sleep.as_mut().reset(at);
            }
            if Future::poll(this.sleep.as_mut(), cx).is_pending() {
                return Poll::Pending;
            }
        }
    }
}
