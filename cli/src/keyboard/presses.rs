//! Keys as they are pressed: for what is done with single letters and shows nothing by itself.

use std::io;
use std::os::fd::BorrowedFd;
use std::sync::atomic::Ordering;
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;

use super::Keyboard;
use super::by_letter::{ByLetter, letters};
use super::signals::Signals;

/// A terminal that gives each key at once and shows none. As it was before when this goes.
pub struct Presses<'t> {
    terminal: BorrowedFd<'t>,
    by_letter: ByLetter,
    signals: Signals,
}

/// What was waited for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Heard {
    /// Bytes of keys that were pressed.
    Pressed(Vec<u8>),
    /// The window has another size.
    Resized,
    /// The program had been stopped and goes on: what the terminal shows is not known.
    Continued,
    /// A signal ends it, or the terminal is gone.
    Ended,
    /// The time is over.
    Nothing,
}

impl<'t> Presses<'t> {
    pub(super) fn of(keyboard: Keyboard<'t>) -> io::Result<Self> {
        let by_letter = ByLetter::set_for_keys(keyboard.0)?;
        let signals = Signals::listen(by_letter.setting_back()?)?;
        Ok(Self { terminal: keyboard.0, by_letter, signals })
    }

    /// Waits for something, at most so long; without a limit where there is none.
    pub fn wait(&mut self, at_most: Option<Duration>) -> io::Result<Heard> {
        let limit = at_most.map(Timespec::try_from).transpose().map_err(|_| io::ErrorKind::InvalidInput)?;
        loop {
            if self.signals.ended.load(Ordering::Relaxed) {
                // What was pressed before the key that ends it counts; no shell shall read it.
                return Ok(letters(self.terminal, PollFlags::IN).ok().flatten().map_or(Heard::Ended, Heard::Pressed));
            }
            if self.signals.continued.swap(false, Ordering::Relaxed) {
                // The shell has had the terminal meanwhile.
                self.by_letter.set_again()?;
                return Ok(Heard::Continued);
            }
            if self.signals.resized.swap(false, Ordering::Relaxed) {
                return Ok(Heard::Resized);
            }
            let mut waiting = [PollFd::new(&self.terminal, PollFlags::IN), PollFd::new(&self.signals.wake, PollFlags::IN)];
            match poll(&mut waiting, limit.as_ref()) {
                Ok(0) => return Ok(Heard::Nothing),
                Ok(_) => {}
                Err(Errno::INTR) => continue,
                Err(error) => return Err(error.into()),
            }
            let [pressed, woken] = waiting.map(|one| one.revents());
            if !woken.is_empty() {
                self.signals.hear()?;
                continue;
            }
            match letters(self.terminal, pressed) {
                Ok(Some(keys)) => return Ok(Heard::Pressed(keys)),
                Ok(None) => {}
                Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(Heard::Ended),
                Err(error) => return Err(error),
            }
        }
    }

    /// Gives the terminal back to the shell and stops, as its own key for that would; returns once the shell lets it go on.
    ///
    /// Where no shell could do that nothing is stopped, and it returns as well.
    pub fn put_aside(&mut self) -> io::Result<()> {
        self.by_letter.put_aside(&self.signals)
    }
}
