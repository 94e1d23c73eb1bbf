//! The signals that matter while a terminal is set to give letters.

use std::io::{self, PipeReader};
use std::os::fd::AsFd;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use signal_hook::SigId;
use signal_hook::consts::{SIGCONT, SIGHUP, SIGINT, SIGQUIT, SIGTERM};

/// The signals that would end the program with the terminal set as it is, and the one after a stop. Later ones do what they always did.
pub(super) struct Signals {
    pub(super) ended: Arc<AtomicBool>,
    pub(super) continued: Arc<AtomicBool>,
    over: Arc<AtomicBool>,
    pub(super) wake: PipeReader,
    registered: Vec<SigId>,
}

impl Signals {
    pub(super) fn listen() -> io::Result<Self> {
        let (wake, waker) = io::pipe()?;
        let (ended, continued, over) = <(Arc<AtomicBool>, Arc<AtomicBool>, Arc<AtomicBool>)>::default();
        let mut signals = Self { ended, continued, over, wake, registered: Vec::new() };
        for signal in [SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGCONT] {
            let flag = if signal == SIGCONT { &signals.continued } else { &signals.ended };
            if signal != SIGCONT {
                // Stays: nothing can give a signal back its first meaning, once it was listened to.
                signal_hook::flag::register_conditional_default(signal, Arc::clone(&signals.over))?;
            }
            signals.registered.push(signal_hook::flag::register(signal, Arc::clone(flag))?);
            signals.registered.push(signal_hook::low_level::pipe::register(signal, waker.try_clone()?)?);
        }
        Ok(signals)
    }

    /// Takes in what the pipe holds: one byte for each signal.
    pub(super) fn hear(&mut self) -> io::Result<()> {
        rustix::io::read(self.wake.as_fd(), &mut [0; 64])?;
        Ok(())
    }
}

impl Drop for Signals {
    fn drop(&mut self) {
        self.over.store(true, Ordering::Relaxed);
        self.registered.drain(..).for_each(|signal| {
            signal_hook::low_level::unregister(signal);
        });
    }
}
