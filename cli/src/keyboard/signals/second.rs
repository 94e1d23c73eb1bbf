//! The second signal, which ends the program at once: with the terminal as it was before, and not by a key that was pressed twice in a hurry.

use std::io::{self, PipeReader, Read};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use signal_hook::SigId;
use signal_hook::low_level::{emulate_default_handler, pipe};

/// After so long whoever waits is told what for. What follows sooner is the same impatience.
const TOLD_AFTER: Duration = Duration::from_secs(1);
const LOOK: Timespec = Timespec { tv_sec: 0, tv_nsec: 100_000_000 };
const TOLD: &[u8] =
    b"\nStill keeping what you typed: the daemon or the disk is slow. Ctrl-C again ends asif at once; what is not kept yet is lost then.\n";

/// Signals that are counted on a thread of their own.
pub(super) struct Second {
    heard: PipeReader,
    seen: Vec<(i32, Arc<AtomicBool>)>,
}

impl Second {
    /// Counts these as long as what is added to `registered` is.
    pub(super) fn of(signals: &[i32], registered: &mut Vec<SigId>) -> io::Result<Self> {
        let (heard, teller) = io::pipe()?;
        let mut seen = Vec::new();
        for signal in signals {
            let flag = Arc::new(AtomicBool::new(false));
            registered.push(signal_hook::flag::register(*signal, Arc::clone(&flag))?);
            registered.push(pipe::register(*signal, teller.try_clone()?)?);
            seen.push((*signal, flag));
        }
        Ok(Self { heard, seen })
    }

    /// Waits for them on a thread, until nobody counts any more.
    pub(super) fn watch(self, set_back: impl Fn() + Send + 'static) -> io::Result<()> {
        std::thread::Builder::new().name("signals".to_owned()).spawn(move || self.wait(set_back)).map(drop)
    }

    fn wait(mut self, set_back: impl Fn()) {
        let (mut first, mut told): (Option<Instant>, bool) = (None, false);
        loop {
            let limit = first.filter(|_| !told).map(|_| &LOOK);
            if !told && first.is_some_and(|first| first.elapsed() >= TOLD_AFTER) {
                told = true;
                // Not through what the program writes with: somebody holds that as long as it runs. Who does not hear it can still end it.
                let _ = rustix::io::write(rustix::stdio::stderr(), TOLD);
                continue;
            }
            match poll(&mut [PollFd::new(&self.heard, PollFlags::IN)], limit) {
                Ok(0) | Err(Errno::INTR) => continue,
                Ok(_) => {}
                Err(_) => return,
            }
            // Nobody holds the other end once nobody counts.
            if !matches!(self.heard.read(&mut [0; 64]), Ok(1..)) {
                return;
            }
            match first {
                None => first = Some(Instant::now()),
                Some(_) if !told => {}
                Some(_) => {
                    set_back();
                    let signal = self.seen.iter().find(|(_, seen)| seen.load(Ordering::Relaxed)).map(|(signal, _)| *signal);
                    // It does not come back from that.
                    let _ = emulate_default_handler(signal.unwrap_or(signal_hook::consts::SIGTERM));
                }
            }
        }
    }
}
