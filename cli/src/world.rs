//! What a command touches outside itself: streams, the home, the clock, the machine. A test brings its own.

use std::ffi::OsString;
use std::io::{self, BufRead, IsTerminal, Write};
use std::os::fd::AsFd;
use std::path::PathBuf;
use std::time::Duration;

use asif_proto::home::{Home, HomeError};
use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::keyboard::Keyboard;
use crate::patient::Patient;

/// Columns where the width of the output is not known.
const DEFAULT_WIDTH: usize = 80;

/// Everything outside the command.
pub struct World<'w> {
    /// Where the journal lives, or why that cannot be told.
    pub home: Result<Home, HomeError>,
    /// This program's own file.
    pub program: Option<PathBuf>,
    /// Where programs are looked for: `PATH`.
    pub path: Option<OsString>,
    /// The other variables, for what must be told to a service that has none of them.
    pub variable: fn(&str) -> Option<OsString>,
    /// The environment does not ask for output without colour (`NO_COLOR`, a dumb terminal).
    pub colour: bool,
    /// Columns of the output.
    pub width: usize,
    /// The caller's zone.
    pub zone: TimeZone,
    /// The time at which the command began.
    pub now: Timestamp,
    /// The time at which something happens while it runs.
    pub clock: fn() -> Timestamp,
    /// How long the daemon is waited for.
    pub patience: Patience,
    /// Standard input.
    pub stdin: &'w mut dyn BufRead,
    /// Standard output.
    pub stdout: &'w mut dyn Write,
    /// Standard error.
    pub stderr: &'w mut dyn Write,
    /// The terminal on standard input, where there is one and nobody plays it.
    pub keyboard: Option<Keyboard<'w>>,
    /// Which of the three streams are terminals.
    pub terminals: Terminals,
}

/// Which streams are terminals.
#[derive(Debug, Clone, Copy, Default)]
pub struct Terminals {
    /// Standard input.
    pub stdin: bool,
    /// Standard output.
    pub stdout: bool,
    /// Standard error.
    pub stderr: bool,
}

/// How long the daemon is waited for.
#[derive(Debug, Clone, Copy)]
pub struct Patience {
    /// From connecting to its first frame.
    pub hello: Duration,
    /// From starting it to its ready line.
    pub start: Duration,
    /// From asking it to stop until it is gone.
    pub stop: Duration,
    /// From telling a hanging one to end (SIGTERM) until it is ended (SIGKILL).
    pub term: Duration,
    /// In a crisis: for everything that is not the numbers, whatever disk and daemon do.
    pub crisis: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Self {
            hello: Duration::from_millis(300),
            start: Duration::from_secs(5),
            stop: Duration::from_secs(10),
            term: Duration::from_secs(2),
            crisis: Duration::from_millis(100),
        }
    }
}

impl World<'_> {
    /// Calls `with` with this process's own world.
    pub fn with_real<T>(with: impl FnOnce(&mut World<'_>) -> T) -> T {
        let set = |name: &str| std::env::var_os(name).is_some_and(|value| !value.is_empty());
        let terminals =
            Terminals { stdin: io::stdin().is_terminal(), stdout: io::stdout().is_terminal(), stderr: io::stderr().is_terminal() };
        let input = io::stdin();
        let mut world = World {
            home: Home::from_env(),
            program: std::env::current_exe().ok(),
            path: std::env::var_os("PATH"),
            variable: |name| std::env::var_os(name),
            colour: !set("NO_COLOR") && std::env::var_os("TERM").is_none_or(|term| term != "dumb"),
            width: columns(),
            zone: TimeZone::system(),
            now: Timestamp::now(),
            clock: Timestamp::now,
            patience: Patience::default(),
            stdin: &mut io::stdin().lock(),
            stdout: &mut Patient::new(io::stdout().lock()),
            stderr: &mut Patient::new(io::stderr().lock()),
            keyboard: terminals.stdin.then(|| Keyboard::new(input.as_fd())),
            terminals,
        };
        with(&mut world)
    }

    /// The caller's zone as the daemon understands it: its IANA name; where it has none the present offset, `+01:00`; `UTC` where the
    /// machine does not say.
    pub fn zone_name(&self) -> String {
        match self.zone.iana_name() {
            Some("Etc/Unknown") => "UTC".to_owned(),
            Some(name) => name.to_owned(),
            None if self.zone.is_unknown() => "UTC".to_owned(),
            None => offset(self.zone.to_offset(self.now).seconds()),
        }
    }

    /// What the person should know where their zone has no name: the clocks will change, and the offset will not; or where it is none.
    pub fn about_zone(&self) -> Option<String> {
        let unknown = self.zone.is_unknown() || self.zone.iana_name() == Some("Etc/Unknown");
        if unknown {
            let named = (self.variable)("TZ").filter(|named| !named.is_empty())?;
            return Some(format!("TZ={} names no time zone: UTC is used (for example: TZ=Europe/London)", named.display()));
        }
        let nameless = self.zone.iana_name().is_none() && !self.zone.is_unknown();
        let zone = self.zone_name();
        nameless.then(|| format!("this machine's time zone has no name: its present offset {zone} is used (or name it: TZ=Europe/London)"))
    }
}

/// `+01:00`
fn offset(seconds: i32) -> String {
    let minutes = seconds.abs() / 60;
    format!("{}{:02}:{:02}", if seconds < 0 { '-' } else { '+' }, minutes / 60, minutes % 60)
}

fn columns() -> usize {
    let terminal = || rustix::termios::tcgetwinsize(io::stdout()).ok().map(|size| usize::from(size.ws_col));
    let named = || std::env::var("COLUMNS").ok()?.parse().ok();
    terminal().filter(|&columns| columns > 0).or_else(named).filter(|&columns| columns >= 20).unwrap_or(DEFAULT_WIDTH)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_offset_is_told_in_hours_and_minutes() {
        assert_eq!((offset(3600), offset(-12_600), offset(0)), ("+01:00".into(), "-03:30".into(), "+00:00".into()));
    }
}
