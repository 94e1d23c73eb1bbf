//! The signals that ask the daemon to stop.

use std::io;

use tokio::signal::unix::{Signal, SignalKind, signal};

/// The signals, caught from the moment this is made.
#[derive(Debug)]
pub struct Signals {
    terminate: Signal,
    interrupt: Signal,
    hangup: Signal,
    detached: bool,
}

impl Signals {
    /// Catches SIGTERM, SIGINT and SIGHUP. Inside a tokio runtime.
    ///
    /// A detached daemon ignores SIGHUP: it has no terminal to lose.
    pub fn catch(detached: bool) -> io::Result<Self> {
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
            hangup: signal(SignalKind::hangup())?,
            detached,
        })
    }

    /// Waits until one of them asks to stop; returns its name.
    pub async fn shutdown(&mut self) -> &'static str {
        loop {
            tokio::select! {
                _ = self.terminate.recv() => return "SIGTERM",
                _ = self.interrupt.recv() => return "SIGINT",
                _ = self.hangup.recv() => if !self.detached { return "SIGHUP" },
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rustix::process::{Signal as Kill, getpid, kill_process};

    // One test: signals reach every listener of the process, so that two tests would hear each other's.
    #[tokio::test]
    async fn a_termination_stops_and_a_hangup_of_a_detached_daemon_does_not() {
        let mut detached = Signals::catch(true).unwrap();
        let mut foreground = Signals::catch(false).unwrap();
        kill_process(getpid(), Kill::HUP).unwrap();
        assert_eq!(foreground.shutdown().await, "SIGHUP");
        kill_process(getpid(), Kill::TERM).unwrap();
        assert_eq!(detached.shutdown().await, "SIGTERM");
        assert_eq!(foreground.shutdown().await, "SIGTERM");
        kill_process(getpid(), Kill::INT).unwrap();
        assert_eq!(detached.shutdown().await, "SIGINT");
    }
}
